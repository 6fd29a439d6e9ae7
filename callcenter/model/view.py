"""What a screen shows of the running center: frozen pictures taken between two events. Knows no screen."""

from dataclasses import dataclass

from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.callback import CallbackStep, CalledFirst
from callcenter.model.campaign import CampaignState
from callcenter.model.contact import ContactState, Direction
from callcenter.model.ids import AgentId, ContactId, MonitorId, QueueName, RecordingId, Team
from callcenter.model.mail import MailStep
from callcenter.model.monitor import MonitorMode, MonitorState


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """A live contact. `state_s` is how long it has been in its state, `total_s` how long it has lasted."""

    id: ContactId
    caller: str
    caller_name: str
    dialled: str
    direction: Direction
    state: ContactState
    state_s: float
    total_s: float
    flow: str = ""
    node: str = ""
    queue: QueueName | None = None
    position: int = 0  # in its queue, from 1; 0 when not waiting
    agent: AgentId | None = None  # talking to, or being rung
    recording: bool = False
    language: str = ""
    on_hold: bool = False
    consults: str = ""  # whom its agent has called aside: an agent, or a number (personal)
    guests: tuple[str, ...] = ()  # who has joined the conversation
    slot: str = ""  # where it is parked


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """An agent now."""

    id: AgentId
    name: str
    number: str
    skills: tuple[tuple[str, int], ...]
    status: AgentStatus
    state: AgentState
    reason: str
    state_s: float
    phone: PhoneState
    contacts: int  # since login
    contact: ContactId | None = None
    team: Team | None = None
    used_outside: bool = False  # her phone is in use by a call that is none of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A queue now. `longest_s` is the wait of the one who has waited longest."""

    name: QueueName
    waiting: int
    ringing: int
    talking: int
    longest_s: float
    agents: int  # logged in and able to serve it
    free: int
    draining: bool
    open: bool
    strategy: str
    priority: int
    needs: str
    estimated_wait_s: float | None  # the p50 for somebody who would come now
    promised: int = 0  # customers who are to be called back
    wait_p90_s: float | None = None
    wait_doubt: str = ""  # why the two would not be told a caller; "" if they would, or there are none
    p50_held: float | None = None  # the share of callers whose wait was no longer than their p50, lately; 0.5 is right
    p90_held: float | None = None  # 0.9 is right
    wait_error_s: float | None = None  # mean |waited - p50|, lately
    rules: tuple[tuple[str, str], ...] = ()  # what of it is more than usual, in words: (key of queues.yaml, words)
    messages: int = 0  # left by callers and to be heard by an agent


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackView:
    """A callback that is promised and not settled. Times in UTC seconds."""

    id: ContactId
    number: str
    name: str
    queue: QueueName
    state: ContactState
    step: CallbackStep
    first: CalledFirst
    promised: float
    not_before: float
    until: float
    next_at: float
    attempts: int
    attempts_max: int
    position: int = 0  # in its queue, from 1; 0 while the customer is in the IVR
    by: str = ""
    note: str = ""
    only: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message that is not done with. Times in UTC seconds."""

    id: ContactId
    caller: str
    name: str
    mailbox: str
    queue: QueueName
    state: ContactState
    step: MailStep
    left_in: ContactId
    left_at: float
    recording: RecordingId
    seconds: float
    path: str
    next_at: float
    hearings: int
    position: int = 0  # in its queue, from 1; 0 while an agent hears it
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadView:
    """A lead that an agent reads. Personal."""

    agent: AgentId
    lead: int
    name: str
    number: str
    for_s: float
    list: str = ""
    attempts: int = 0
    custom: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerView:
    """A number that a campaign shows: its calls of 24 hours, of how many, and of the time watched, with answers."""

    number: str
    calls_24h: int = 0
    per_day_max: int = 0
    calls: int = 0
    answered: int = 0
    rests: bool = False  # for few answer it


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign now. Counts are since it was started; live answers and drops are those of rolling windows."""

    name: str
    mode: str
    state: CampaignState = CampaignState.STOPPED
    state_s: float = 0.0
    queue: QueueName | None = None
    hopper: int = 0  # leads that are claimed and not dialled yet
    ringing: int = 0  # lines that ring, or are about to
    judging: int = 0  # answered, and nobody knows yet by whom
    waiting: int = 0  # people who answered, and for whom no phone rings
    talking: int = 0
    agents: int = 0  # who are there for it
    ready: int = 0
    wrap_up: int = 0
    dials: int = 0
    refused: int = 0
    talks: int = 0
    goal: int = 0  # 0: none
    outcomes: tuple[tuple[str, int], ...] = ()
    shown: tuple[LeadView, ...] = ()  # leads that agents read before they are dialled
    unsettled: int = 0  # attempts that are over and not yet in Postgres
    talk_s: float = 0.0
    agent_s: float = 0.0  # that agents were there for it
    day_live: int = 0
    day_drops: int = 0
    month_live: int = 0
    month_drops: int = 0
    target: float = 0.0
    hard_stop: float = 0.0
    rule: str = ""  # which pacer spoke last
    why: str = ""  # and what it said, or what hinders it
    callers: tuple[CallerView, ...] = ()
    machines: str = ""  # whether its detector of machines is believed, in words; "": it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorView:
    """A supervisor on the line, or whose phone rings for that. `contact`: that she hears now."""

    id: MonitorId
    supervisor: AgentId
    agent: AgentId
    only: ContactId | None
    mode: MonitorMode
    state: MonitorState
    state_s: float
    contact: ContactId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterView:
    """The whole center at `at`."""

    at: float
    contacts: tuple[ContactView, ...]
    agents: tuple[AgentView, ...]
    queues: tuple[QueueView, ...]
    callbacks: tuple[CallbackView, ...] = ()
    messages: tuple[MessageView, ...] = ()
    monitors: tuple[MonitorView, ...] = ()
    campaigns: tuple[CampaignView, ...] = ()
