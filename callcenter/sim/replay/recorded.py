"""Calls as they were: who came when for what, waited, spoke with whom. Knows no engine and no file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from callcenter.model.agent import Agent
from callcenter.model.events import Event
from callcenter.model.need import Need


class Fate(StrEnum):
    """What became of a call."""

    SERVED = "served"  # an agent spoke with the caller
    ABANDONED = "abandoned"  # the caller gave up waiting
    OTHER = "other"  # refused, forwarded, a message left, ended by request


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call that came into a queue. Times are UTC seconds, lengths seconds."""

    id: str
    at: float  # when it came into its first queue
    queue: str  # its first
    fate: Fate
    wait_s: float  # in queues, to whatever ended it
    talk_s: float = 0.0
    wrap_up_s: float | None = None  # None: not known
    ring_s: float | None = None  # how long the phone rang that was answered
    caller: str = ""
    agent: str = ""
    priority: int | None = None  # its own, where it is not the queue's
    needs: Need | None = None  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Calls in order of `at`, and who was at work: `agents` from the beginning, `events` what changed with them."""

    calls: tuple[RecordedCall, ...]
    agents: tuple[Agent, ...]
    events: tuple[tuple[float, Event], ...]
    start: float
    end: float
    wrap_up_rules: Mapping[str, float] = field(default_factory=dict)  # per queue, in force then: seconds
    unqueued: int = 0  # calls that never came into a queue
