"""Leads and attempts: what becomes of a dial, where a lead stands, what a dialler holds. Frozen values; no rule."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from callcenter.model.law import Approach

LeadId = NewType("LeadId", int)
AttemptId = NewType("AttemptId", str)
ListOfLeads = NewType("ListOfLeads", str)
CampaignName = NewType("CampaignName", str)
DiallerName = NewType("DiallerName", str)

NUMBERS_MAX: Final = 10  # of one lead


class LeadState(StrEnum):
    """Where a lead stands."""

    READY = "ready"
    WAITING = "waiting"  # until a time
    CLAIMED = "claimed"  # by a dialler
    DONE = "done"
    REFUSED = "refused"  # for good: she will not be called, or no number of hers is left


class Outcome(StrEnum):
    """What became of an attempt."""

    ANSWERED = "answered"  # a person, and an agent spoke with her
    DROPPED = "dropped"  # a person, and no agent in time
    HUNG_UP = "hung_up"  # a person, who hung up before an agent was there
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"  # the trunk or the network
    INVALID = "invalid"  # there is no such number
    LOST = "lost"  # it was dialled, and nobody knows what came of it
    VOID = "void"  # it was written and never dialled: as if it had not been


BY_A_PERSON: Final = frozenset({Outcome.ANSWERED, Outcome.DROPPED, Outcome.HUNG_UP})
"""Outcomes of calls that a person answered: what drops are a share of."""


class Fate(StrEnum):
    """What the telephone side knows of an attempt whose dialler died."""

    NEVER = "never"  # it was never asked to dial it
    LIVE = "live"  # the call is still there
    ENDED = "ended"  # it is over
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadNumber:
    """One number of a lead."""

    n: int
    number: str  # E.164
    label: str = ""
    region: str = ""
    line: str = ""  # kind of line
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One person to call, as a dialler has claimed her. `numbers` are those that may be tried, in order."""

    id: LeadId
    list: ListOfLeads
    name: str = ""
    reference: str = ""
    priority: int = 0
    zones: tuple[str, ...] = ()
    part: str = ""
    attempts: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    answers: tuple[int, ...] = ()  # local hours in which a person answered
    custom: dict[str, str] = field(default_factory=dict)
    numbers: tuple[LeadNumber, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A call that a dialler wants to make: what only it knows. The rest is looked up when it is authorised."""

    id: AttemptId  # the channel's id as well
    lead: Lead
    number: LeadNumber
    campaign: CampaignName
    trunk: str = ""
    caller_id: str = ""
    ring_s: float = 0.0
    approach: Approach = Approach.LIVE
    message_within_s: float | None = None
    agent_ready: bool = False
    picks_up: bool = False  # no agent's phone is nailed up: whoever is ready has to pick hers up, and may be too late


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt without an outcome: it lasts, or its dialler died."""

    id: AttemptId
    lead: LeadId
    number: str
    campaign: CampaignName
    dialler: DiallerName
    began: float
