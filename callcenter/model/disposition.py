"""What an agent records of a talk: the tree of outcomes as configured, and what of a talk must be known for it.

Knows outcomes, fields and limits; decides nothing. A disposition is what the agent says of a talk; an end reason is
what the system saw of the call.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.model.form_field import FormField
from callcenter.model.ids import UNVERSIONED, AgentId, QueueName, TreeName, Version

NOTE_CHARS_MAX: Final = 2_000
OUTCOMES_MAX: Final = 500  # of one tree
DEPTH_MAX: Final = 4
HOLD_MAX_S: Final = 3_600.0
CODE_SEPARATOR: Final = "."


class Asked(StrEnum):
    """Whether something goes with an outcome."""

    NO = "no"
    ALLOWED = "allowed"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A leaf of the tree: what can be recorded. `label` leads there: "Complaint / Billing"."""

    label: str = ""
    key: str = ""  # what an agent presses for it on her phone; "": nothing
    callback: Asked = Asked.NO  # a callback may, or must, be asked for
    note: Asked = Asked.ALLOWED
    fields: Mapping[str, FormField] = field(default_factory=dict)  # besides the tree's


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionTree:
    """All that can be recorded of a talk: code ("complaint.billing") -> outcome, in the order in which it is shown."""

    name: TreeName
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    fields: Mapping[str, FormField] = field(default_factory=dict)  # of every outcome

    def fields_of(self, outcome: Outcome) -> Mapping[str, FormField]:
        """What is filled in with an outcome."""
        return {**self.fields, **outcome.fields}

    def by_key(self, key: str) -> str:
        """The code of the outcome that a key of the phone means; "" if none does."""
        return next((code for code, outcome in self.outcomes.items() if outcome.key == key), "")

    def depth_first(self) -> Iterator[tuple[str, Outcome]]:
        """As it is written."""
        return iter(self.outcomes.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionRules:
    """What a queue wants recorded of each talk."""

    tree: TreeName
    required: bool = False  # one that is missing is listed
    hold_s: float = 0.0  # a wrap-up lasts until one is recorded, at most so long; 0: it ends on its time all the same


class Talked(msgspec.Struct, kw_only=True, gc=False):
    """One agent's talk of which something may be recorded, during it and for a while after it."""

    agent: AgentId
    queue: QueueName
    version: Version = UNVERSIONED  # of the configuration by which it is judged
    caller: str = ""  # personal
    caller_name: str = ""  # personal
    ended: float = 0.0  # UTC seconds; 0: they still talk
    recorded: int = 0  # how often something was
    due: bool = False  # it was told that one is missing


class TalkOnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the records say of a talk that the engine has forgotten."""

    agent: AgentId
    queue: QueueName
    caller: str = ""  # personal
    caller_name: str = ""  # personal
    recorded: int = 0


class WantedCallback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A callback that goes with a disposition. Times in UTC seconds, 0: as the queue's rules say."""

    number: str = ""  # "": the one that she called from; personal
    queue: QueueName | None = None  # None: that of the talk
    not_before: float = 0.0
    until: float = 0.0
    only_me: bool = False  # the agent who asks for it, and nobody else
