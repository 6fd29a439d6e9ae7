"""Events, commands and facts of campaigns. Knows their shape; decides nothing.

An attempt is known by its leg's id from the moment at which it is judged: it is the attempt's id in Postgres and the
channel's id in Asterisk.
"""

from collections.abc import Mapping

from callcenter.model.callback_messages import JudgeCallback, SettleCallback
from callcenter.model.campaign import CampaignState
from callcenter.model.detection import AmdRules, Answerer
from callcenter.model.ids import AgentId, ContactId, LegId, RequestId
from callcenter.model.law import DropCount
from callcenter.model.lead import CampaignName, Dial, Lead, LeadId, LeadNumber, Outcome
from callcenter.model.message import Message

# -- what happened -----------------------------------------------------------------------------------------------------


class HourCount(Message, frozen=True, kw_only=True):
    """What a campaign's calls came to in one hour: people who answered, and how many of them were dropped."""

    hour: int  # hours since 1970
    answered: int
    dropped: int


class DiallerReady(Message, frozen=True, kw_only=True):
    """Leads can be claimed and dials written from now on; what an earlier dialler held has been cleared up.

    `counts` are of the attempts on record in the last 30 days, for campaigns of which the engine has no memory.
    """

    dialler: str
    counts: Mapping[str, tuple[HourCount, ...]] = {}


class DiallerLost(Message, frozen=True, kw_only=True):
    """Postgres does not hold our leads for us any more: nothing may be dialled until there is a dialler again."""

    why: str = ""


class LeadsClaimed(Message, frozen=True, kw_only=True):
    """The answer to `ClaimLeads`. `leads` are personal. `why` says what hindered it, if something did."""

    campaign: CampaignName
    leads: tuple[Lead, ...] = ()
    why: str = ""


class DialJudged(Message, frozen=True, kw_only=True):
    """The answer to `JudgeDial`. Authorised: the attempt is written, with its receipt; else it must not be dialled."""

    attempt: LegId
    authorised: bool
    why: str = ""  # what was against it
    kept: bool = False  # refused for how the campaign calls: the lead is still ours
    left: tuple[LeadNumber, ...] = ()  # refused for this number alone: the lead is still ours, with these. Personal
    at: float = 0.0  # when the law judged it; 0: not told
    needs_agent: bool = False  # the number was dropped, and is called again only for an agent who is kept for it


class AttemptSettled(Message, frozen=True, kw_only=True):
    """What came of an attempt is in Postgres, and its lead has gone on."""

    attempt: LegId


class MachineJudged(Message, frozen=True, kw_only=True):
    """The answer to `DetectMachine`."""

    leg: LegId
    answerer: Answerer
    why: str = ""


class BeepHeard(Message, frozen=True, kw_only=True):
    """The answer to `AwaitBeep`; not `heard`: it did not come in time."""

    leg: LegId
    heard: bool = True


class CampaignStartRequested(Message, frozen=True, kw_only=True):
    """Begin to dial."""

    request: RequestId
    campaign: CampaignName
    by: str = ""


class CampaignStopRequested(Message, frozen=True, kw_only=True):
    """Dial no more; `drain`: dial what has been claimed first."""

    request: RequestId
    campaign: CampaignName
    drain: bool = False
    by: str = ""


class LeadRequested(Message, frozen=True, kw_only=True):
    """An agent wants to see her next lead of a campaign that is dialled by hand."""

    request: RequestId
    campaign: CampaignName
    agent: AgentId
    by: str = ""


class LeadDecided(Message, frozen=True, kw_only=True):
    """An agent has read who it is, and wants the number dialled, or (not `dial`) to pass her over."""

    request: RequestId
    agent: AgentId
    dial: bool = True
    by: str = ""


CampaignRequest = CampaignStartRequested | CampaignStopRequested | LeadRequested | LeadDecided
CampaignEvent = DiallerReady | DiallerLost | LeadsClaimed | DialJudged | AttemptSettled | MachineJudged | BeepHeard

# -- what to do --------------------------------------------------------------------------------------------------------


class ClaimLeads(Message, frozen=True, kw_only=True):
    """Claim up to so many leads of the campaign's lists; `LeadsClaimed` follows."""

    contact: ContactId
    campaign: CampaignName
    count: int


class ReleaseLeads(Message, frozen=True, kw_only=True):
    """Give leads back with which nothing was done; they rest for so long."""

    contact: ContactId
    campaign: CampaignName
    leads: tuple[LeadId, ...]
    rest_s: float = 0.0


class JudgeDial(Message, frozen=True, kw_only=True):
    """Have the law judge a call at this moment, and write it down; `DialJudged` follows. Personal."""

    contact: ContactId
    dial: Dial
    drops: tuple[DropCount, ...]
    pacing: Mapping[str, str]
    against: tuple[str, ...] = ()  # what the guard against fraud, or the trunks, have against it


class SettleAttempt(Message, frozen=True, kw_only=True):
    """Write what came of an attempt, as often as it takes; `AttemptSettled` follows."""

    contact: ContactId
    campaign: CampaignName
    attempt: LegId
    outcome: Outcome
    at: float
    answered_at: float | None = None
    disposition: str = ""
    misjudged: int = 0  # people hung up on as machines for whom this one stands


class OptOut(Message, frozen=True, kw_only=True):
    """She wants never to be called again: into the internal list, and whatever she agreed to is revoked. Personal."""

    contact: ContactId
    campaign: CampaignName
    number: str


class DetectMachine(Message, frozen=True, kw_only=True):
    """Have a detector listen to a leg that has just answered; `MachineJudged` follows."""

    contact: ContactId
    leg: LegId
    detector: str
    within_s: float
    amd: AmdRules | None = None  # of Asterisk's own


class AwaitBeep(Message, frozen=True, kw_only=True):
    """Wait for a machine's beep; `BeepHeard` follows."""

    contact: ContactId
    leg: LegId
    detector: str
    within_s: float


CampaignCommand = (
    ClaimLeads
    | ReleaseLeads
    | JudgeDial
    | SettleAttempt
    | OptOut
    | DetectMachine
    | AwaitBeep
    | JudgeCallback
    | SettleCallback
)

# -- what was concluded ------------------------------------------------------------------------------------------------


class CampaignChanged(Message, frozen=True, kw_only=True):
    """A campaign began, ends, has ended."""

    campaign: CampaignName
    was: CampaignState
    state: CampaignState
    why: str = ""
    by: str = ""


class DialRefused(Message, frozen=True, kw_only=True):
    """A lead was not dialled, and why."""

    campaign: CampaignName
    lead: LeadId
    attempt: LegId
    why: str


class LeadDialled(Message, frozen=True, kw_only=True):
    """A number is about to ring. `why` is what the pacer said."""

    contact: ContactId
    campaign: CampaignName
    lead: LeadId
    attempt: LegId
    number: str  # personal
    trunk: str
    caller_id: str
    why: str


class LeadAnswered(Message, frozen=True, kw_only=True):
    """Somebody, or something, has answered."""

    contact: ContactId
    campaign: CampaignName
    attempt: LegId
    rang_s: float


class AnswererJudged(Message, frozen=True, kw_only=True):
    """A detector has said who answered, or was not waited for."""

    contact: ContactId
    campaign: CampaignName
    attempt: LegId
    detector: str
    answerer: Answerer
    took_s: float
    why: str = ""


class AnswererScored(Message, frozen=True, kw_only=True):
    """What came of a detector's decision. `stands_for`: a machine's given to an agent, as one of so many."""

    contact: ContactId
    campaign: CampaignName
    attempt: LegId
    trunk: str
    detector: str
    answerer: Answerer
    took_s: float
    stands_for: int = 0
    labelled: Answerer | None = None  # what the agent says it was; None: nothing


class MachinesTrusted(Message, frozen=True, kw_only=True):
    """Those that a detector takes for machines are treated as such again, or as people, for so many of them were."""

    campaign: CampaignName
    detector: str
    trusted: bool
    labelled: int
    people: int


class LeadShown(Message, frozen=True, kw_only=True):
    """An agent sees who would be called; `lead` is None when she sees her no more."""

    campaign: CampaignName
    agent: AgentId
    lead: LeadId | None = None
    why: str = ""


class ContactDropped(Message, frozen=True, kw_only=True):
    """A person answered and no agent was there in time: she is told who called."""

    contact: ContactId
    campaign: CampaignName
    attempt: LegId
    waited_s: float


class OptedOut(Message, frozen=True, kw_only=True):
    """She pressed the key: she will not be called again."""

    contact: ContactId
    campaign: CampaignName
    attempt: LegId


class AttemptEnded(Message, frozen=True, kw_only=True):
    """What came of an attempt. The lead goes on when it is settled, perhaps after what its agent records."""

    contact: ContactId
    campaign: CampaignName
    lead: LeadId
    attempt: LegId
    outcome: Outcome
    lasted_s: float
    answered_at: float | None = None


CampaignFact = (
    CampaignChanged
    | DialRefused
    | LeadDialled
    | LeadAnswered
    | AnswererJudged
    | AnswererScored
    | MachinesTrusted
    | ContactDropped
    | OptedOut
    | AttemptEnded
    | LeadShown
)
