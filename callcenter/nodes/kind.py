"""What the registry knows of a kind of node beyond what a flow needs of a node. Knows no kind by name."""

from typing import ClassVar, Protocol

from callcenter.model.flow import Node


class Kind(Node, Protocol):
    """A node's dataclass, as a plug-in.

    `when_silent` are the exits that a call may take whose caller does nothing; None: any exit. A flow in which these
    lead round in a circle would keep a dead line for ever, or spin, and is refused when it is read.
    """

    when_silent: ClassVar[tuple[str, ...] | None]
