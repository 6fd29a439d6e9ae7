"""What the registry knows of a kind of node beyond what a flow needs of a node. Knows no kind by name."""

from typing import ClassVar, Protocol

from callcenter.model.flow import Node


class Kind(Node, Protocol):
    """A node's dataclass, as a plug-in.

    `pauses` says that no call passes through without a key being pressed or a time-out: only such a node may close a
    circle in a flow, for a circle of the others could spin without end while nobody does anything.
    """

    pauses: ClassVar[bool]
