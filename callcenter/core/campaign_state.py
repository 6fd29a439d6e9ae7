"""A campaign's states, and what is remembered of it. Knows what may follow what; dials nothing and learns nothing.

Theory: a campaign is told to run, to drain (dial what was claimed) or to stop (dial nothing more). Phones that ring
are never cut short, because the law wants them to ring for so long; so both lead to STOPPED only after the last line.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.core.machine_score import MachineScore
from callcenter.errors import IllegalTransition
from callcenter.model.campaign import CampaignState
from callcenter.model.detection import Answerer
from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.lead import CampaignName, Dial, Lead, LeadId, Outcome
from callcenter.model.pacing import PacerName, PacingAnswer
from callcenter.pacers.pace import Pace


class CampaignInput(StrEnum):
    """What moves a campaign."""

    STARTED = "started"
    DRAINED = "drained"
    STOPPED = "stopped"
    OVER = "over"  # nothing rings any more, and nothing is left that would


S, In = CampaignState, CampaignInput
TRANSITIONS: Final[Mapping[tuple[CampaignState, CampaignInput], CampaignState]] = {
    (S.STOPPED, In.STARTED): S.RUNNING,
    (S.RUNNING, In.DRAINED): S.DRAINING,
    (S.RUNNING, In.STOPPED): S.STOPPING,
    (S.DRAINING, In.STARTED): S.RUNNING,
    (S.DRAINING, In.STOPPED): S.STOPPING,
    (S.DRAINING, In.OVER): S.STOPPED,
    (S.STOPPING, In.STARTED): S.RUNNING,
    (S.STOPPING, In.OVER): S.STOPPED,
}


class DialStep(StrEnum):
    """How far an attempt is."""

    RINGING = "ringing"
    JUDGING = "judging"  # somebody answered, a detector listens
    PERSON = "person"  # who waits for an agent, or talks
    IN_FLOW = "in_flow"  # a person whom the campaign lets hear a flow, wherever that leads
    DROPPED = "dropped"  # and is told who called
    OPTED_OUT = "opted_out"  # she has heard a flow, and wants to be called no more
    MACHINE = "machine"  # that is left a message, or was hung up on


class Judged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a detector has said of an answer. Taken for a machine and given to an agent, it `stands_for` so many."""

    detector: str
    answerer: Answerer
    took_s: float
    trunk: str
    stands_for: int = 0


class Attempt(msgspec.Struct, kw_only=True, gc=False):
    """A call of a campaign, from its dialling to its end."""

    contact: ContactId
    leg: LegId
    lead: LeadId
    number: str
    trunk: str
    caller_id: str
    began: float
    step: DialStep = DialStep.RINGING
    answered_at: float | None = None
    person_at: float | None = None
    talked: bool = False  # with an agent
    told: bool = False  # a message was said to its end
    outcome: Outcome | None = None  # of one that nobody answered
    agent: AgentId | None = None  # who talked last, or before whom it was dialled
    trunk_failed: bool = False  # for reasons of its own
    strayed: bool = False  # a list of what lives did not have it; what Asterisk kept for us is waited for
    judged: Judged | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call that the law is asked about."""

    dial: Dial
    digits: str
    via: str
    why: str
    at: float
    agent: AgentId | None = None  # before whom it will be dialled
    counted: bool = False  # by the guard against toll fraud, as one that will be made

    def kept_for(self, agent: AgentId | None) -> "Asked":
        """Likewise, for an agent who gets no other call from then on."""
        return Asked(
            dial=self.dial,
            digits=self.digits,
            via=self.via,
            why=self.why,
            at=self.at,
            agent=agent,
            counted=self.counted,
        )


class Settling(msgspec.Struct, kw_only=True, gc=False):
    """An attempt that is over and not yet settled in Postgres."""

    contact: ContactId
    outcome: Outcome
    at: float
    answered_at: float | None = None
    agent: AgentId | None = None  # whose record is waited for; None: it was told
    disposition: str = ""
    judged: Judged | None = None  # until it is scored
    misjudged: int = 0  # people hung up on as machines for whom she stands


class Settled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An attempt that is over and settled, of whose talk something may still be recorded."""

    attempt: LegId
    outcome: Outcome
    at: float
    answered_at: float | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A lead that an agent reads before she is dialled."""

    lead: Lead
    since: float


class CallerHours(msgspec.Struct, kw_only=True, gc=False):
    """How often a caller id was shown and answered by people, by hours since 1970."""

    calls: dict[int, int] = {}
    answered: dict[int, int] = {}


class CampaignRecord(msgspec.Struct, kw_only=True, gc=False):
    """What the engine remembers of a campaign."""

    name: CampaignName
    pace: Pace
    state: CampaignState = CampaignState.STOPPED
    since: float = 0.0
    hopper: list[Lead] = []  # claimed, and not dialled yet
    claiming: bool = False
    dry_until: float = 0.0  # the lists had fewer leads than were wanted
    rests_until: float = 0.0  # the law refused how it calls, or there is no trunk
    asked: dict[LegId, Asked] = {}
    shown: dict[AgentId, Shown] = {}  # who would be called next, by hand
    attempts: dict[ContactId, Attempt] = {}
    settling: dict[LegId, Settling] = {}
    recorded: dict[ContactId, str] = {}  # by an agent, while the call lasts
    talked: dict[ContactId, Settled] = {}  # the last ones of which an agent may still record something
    paced_at: float = 0.0
    left: PacingAnswer | None = None  # what the pacer wanted then, and is not begun yet
    rule: PacerName = PacerName("")
    why: str = ""  # what the pacer, or whatever hinders it, said last
    talks: int = 0  # since it was started
    dials: int = 0
    refused: int = 0
    outcomes: dict[Outcome, int] = {}
    talk_s: float = 0.0
    agent_s: float = 0.0  # that agents were there for it
    manned: int = 0  # by so many agents when that was counted last
    manned_at: float = 0.0
    seeded: bool = False
    callers: dict[str, CallerHours] = {}
    scores: dict[str, MachineScore] = {}  # of detectors


def next_state(campaign: CampaignName, state: CampaignState, told: CampaignInput) -> CampaignState:
    """What follows. Raises IllegalTransition (our bug) for a pair that is not listed."""
    after = TRANSITIONS.get((state, told))
    if after is None:
        raise IllegalTransition(f"campaign {campaign}: {told} while {state}")
    return after
