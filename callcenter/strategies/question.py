"""What a strategy is asked and answers. Knows the shape of the question; knows no answer."""

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from callcenter.model.ids import AgentId, QueueName

Rank = tuple[float, ...]
JUST_S: Final = 0.05


class LooksAt(StrEnum):
    """What a rank depends on, which decides how the best is found."""

    IDLE_TIME = "idle_time"  # exactly (ready_since,): the longest idle first
    AGENT = "agent"  # the candidate's own figures only
    PAIR = "pair"  # candidate and question


class Breadth(StrEnum):
    """How many are offered the contact at once."""

    ONE = "one"
    ALL = "all"


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An agent who is free and suited."""

    agent: AgentId
    ready_since: float  # UTC seconds
    level: int  # sum of her levels in the skills asked for
    contacts: int  # how many she has had since she logged in
    last_offered: float  # when any queue last offered her a contact; 0: never


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who should get this contact?"""

    queue: QueueName
    last_agent: AgentId | None  # who last served this caller, within the queue's memory


def freedom(chosen: Candidate, now: float) -> str:
    """How long she has been free, in words."""
    free_s = now - chosen.ready_since
    return f"free for {format(free_s, '.1f')} s" if free_s >= JUST_S else "has just become free"


class Strategy(Protocol):
    """A rule of choice."""

    @property
    def looks_at(self) -> LooksAt:
        """What `rank` depends on; the law tests hold it to that."""
        ...

    @property
    def breadth(self) -> Breadth:
        """Whether one phone rings or all."""
        ...

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """Lower is better."""
        ...

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """The reason, in words a team leader understands."""
        ...
