"""What happened outside: the only thing the engine is told. Past tense, no meaning added, no channel objects.

An event may be late, doubled or out of order; that is normal and the engine answers with nothing.
"""

from collections.abc import Mapping

from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.callback_messages import CallbackJudged
from callcenter.model.campaign_messages import CampaignEvent, CampaignRequest
from callcenter.model.contact import Direction, LegEnd, LookupOutcome, Medium, TransportFault
from callcenter.model.control import ConsultAct, TransferTo
from callcenter.model.customer import CustomerMark
from callcenter.model.disposition import TalkOnRecord, WantedCallback
from callcenter.model.ids import (
    UNVERSIONED,
    AgentId,
    BridgeId,
    ContactId,
    FlowName,
    LegId,
    LookupId,
    PlaybackId,
    QueueName,
    RecordingId,
    RequestId,
    ScriptId,
    Version,
)
from callcenter.model.message import Message
from callcenter.model.monitor_messages import MonitorRequest
from callcenter.model.parking import ParkRequest
from callcenter.model.payment_messages import PaymentEvent
from callcenter.model.phone_use import PhoneUse

# -- the center itself -------------------------------------------------------------------------------------------------


class EngineStarted(Message, frozen=True, kw_only=True):
    """A run of the engine begins; ids are minted in this namespace from here on. Always the first event of a run."""

    namespace: str
    build: str
    version: Version = UNVERSIONED  # of the configuration in force from here on; 0: nobody counts them
    fresh: bool = False  # the engine remembers nothing of earlier runs: their journal could not be told again


class TimePassed(Message, frozen=True, kw_only=True):
    """Nothing happened, but a deadline came."""


class Stopping(Message, frozen=True, kw_only=True):
    """The call center is being stopped for good (not killed): every contact ends now."""


class LegSeen(Message, frozen=True, kw_only=True):
    """One leg that the medium says is alive. `caller`, `dialled` and `flow` tell who a leg is that we do not know."""

    leg: LegId
    up: bool
    ours: bool  # we dialled it (an agent's or outside leg), as opposed to a customer who came in
    caller: str = ""
    caller_name: str = ""
    dialled: str = ""
    flow: FlowName | None = None
    returns: bool = False
    agent_number: str = ""
    since: float = 0.0  # when it came, by the medium's own clock
    script: ScriptId | None = None  # that it runs now (`away`), or came back from last
    away: bool = False  # it is in the dialplan and not in our hands


class BridgeSeen(Message, frozen=True, kw_only=True):
    """One bridge of ours that the medium says exists."""

    bridge: BridgeId
    legs: tuple[LegId, ...]


class Resynced(Message, frozen=True, kw_only=True):
    """After a (re)start or a lost link: everything that lives outside now. What is not listed is gone."""

    legs: tuple[LegSeen, ...]
    bridges: tuple[BridgeSeen, ...]


class CommandFailed(Message, frozen=True, kw_only=True):
    """A command could not be carried out. `subject` is the leg, bridge, playback or recording it was about."""

    contact: ContactId
    command: str  # the class name of the command
    subject: str
    fault: TransportFault
    detail: str = ""


# -- customers and legs ------------------------------------------------------------------------------------------------


class ContactArrived(Message, frozen=True, kw_only=True):
    """A customer (or an agent dialling a feature code) is at the door. The leg is not answered yet."""

    leg: LegId
    medium: Medium
    caller: str  # number, as received; personal
    caller_name: str = ""  # as received: anything at all; personal
    dialled: str = ""
    direction: Direction = Direction.INBOUND
    flow: FlowName | None = None  # asked for by the dialplan; None: by the dialled number
    returns: bool = False  # the dialplan wants the call back after the flow
    agent_number: str = ""  # the account it came from, if it is an agent's phone
    variables: Mapping[str, str] = {}


class LegRinging(Message, frozen=True, kw_only=True):
    """A leg that we dialled rings."""

    leg: LegId


class LegAnswered(Message, frozen=True, kw_only=True):
    """A leg that we dialled was answered."""

    leg: LegId


class LegEnded(Message, frozen=True, kw_only=True):
    """A leg is gone, whoever ended it."""

    leg: LegId
    end: LegEnd
    cause: int = 0  # Q.850 as received; 0: none
    left: bool = False  # it is out of our hands, which it also is when a script has it: then it lives


class DigitPressed(Message, frozen=True, kw_only=True):
    """One key on a leg: 0-9, *, #, A-D. In the journal "x" is one that was masked, "erased" one of an erased person."""

    leg: LegId
    digit: str


class LegHeld(Message, frozen=True, kw_only=True):
    """A phone has put its call on hold, or (not `held`) taken it back. What we do to a leg is not told."""

    leg: LegId
    held: bool


class LegReferred(Message, frozen=True, kw_only=True):
    """A phone wants its call handed on (SIP's REFER): to a number, or to whom it speaks with on its `other` leg."""

    leg: LegId
    number: str
    other: LegId | None = None
    elsewhere: bool = False  # the other call is none of ours


class LegReplaced(Message, frozen=True, kw_only=True):
    """A phone has taken another's call (an INVITE with Replaces): Asterisk put `leg` in the place of `old`."""

    leg: LegId
    old: LegId
    agent_number: str = ""  # the phone, if it is one of ours


class PlaybackEnded(Message, frozen=True, kw_only=True):
    """A playback is over: to its end, stopped, or (not `ok`) never played."""

    playback: PlaybackId
    ok: bool = True


class MessageRecorded(Message, frozen=True, kw_only=True):
    """The recording of a caller's message is over; 0 seconds means that nothing came."""

    recording: RecordingId
    seconds: float


class LookedUp(Message, frozen=True, kw_only=True):
    """A lookup is over. `values` are few and short, and only of variables that were asked for."""

    lookup: LookupId
    outcome: LookupOutcome
    values: Mapping[str, str] = {}
    detail: str = ""  # why it failed


class ScriptEnded(Message, frozen=True, kw_only=True):
    """A leg is back from its script. `status` is Asterisk's AGISTATUS, or TIMEOUT when it was fetched back."""

    leg: LegId
    script: ScriptId
    status: str
    values: Mapping[str, str] = {}  # the variables that were wanted, as the script left them


class RecordingChecked(Message, frozen=True, kw_only=True):
    """A recording was looked at after the call: it decodes and has this length, or `problem` says what is wrong."""

    recording: RecordingId
    contact: ContactId
    path: str
    seconds: float
    channels: int
    problem: str = ""


class RecordingAllowed(Message, frozen=True, kw_only=True):
    """Whether there is room for recordings: the disk has run full, or has room again. `why` in words."""

    allowed: bool
    why: str = ""


class LegSilent(Message, frozen=True, kw_only=True):
    """A phone that does not answer has sent no sound on this leg for so long, though nobody has hung up."""

    leg: LegId
    silent_s: float


class PhoneChanged(Message, frozen=True, kw_only=True):
    """An agent's phone registered, vanished, or was seen for the first time."""

    number: str
    state: PhoneState


# -- requests from people: each is answered by one `Reply` -------------------------------------------------------------


class AgentSaved(Message, frozen=True, kw_only=True):
    """An agent was added or changed in the directory. Also told at start for everybody in it."""

    request: RequestId
    agent: Agent


class AgentRemoved(Message, frozen=True, kw_only=True):
    """An agent was taken out of the directory."""

    request: RequestId
    agent: AgentId


class AgentStatusRequested(Message, frozen=True, kw_only=True):
    """Log in (available), log out, pause or be ready again."""

    request: RequestId
    agent: AgentId
    status: AgentStatus
    reason: str = ""  # of a pause
    by: str = ""  # who asked, if not the agent


class WrapUpRequested(Message, frozen=True, kw_only=True):
    """End the wrap-up now (0) or give it so many more seconds."""

    request: RequestId
    agent: AgentId
    extend_s: float = 0.0


class HangUpRequested(Message, frozen=True, kw_only=True):
    """End a contact."""

    request: RequestId
    contact: ContactId
    by: str = ""


class ConfigurationApplied(Message, frozen=True, kw_only=True):
    """Another version of the configuration is to be in force from now on. The engine's library holds it."""

    request: RequestId
    version: Version
    by: str = ""


class DrainRequested(Message, frozen=True, kw_only=True):
    """Take no new contacts into a queue (they overflow), or take them again."""

    request: RequestId
    queue: QueueName
    draining: bool
    by: str = ""


class CallbackRequested(Message, frozen=True, kw_only=True):
    """Call a number back for a queue, in a window of time (UTC seconds; 0: as the queue's rules say)."""

    request: RequestId
    queue: QueueName
    number: str  # personal
    not_before: float = 0.0
    until: float = 0.0
    only: AgentId | None = None
    note: str = ""  # personal
    name: str = ""  # of the customer; personal
    by: str = ""


class DialRequested(Message, frozen=True, kw_only=True):
    """An agent calls a customer now: her phone rings, then the customer's. The queue's rules hold for the talk."""

    request: RequestId
    agent: AgentId
    number: str  # personal
    queue: QueueName
    name: str = ""  # of the customer; personal
    by: str = ""


class CallbackCancelRequested(Message, frozen=True, kw_only=True):
    """Take a promised callback back."""

    request: RequestId
    contact: ContactId
    by: str = ""


class CallbackNowRequested(Message, frozen=True, kw_only=True):
    """Do not wait for a promised callback's time, or for its next attempt; hours and lists hold all the same."""

    request: RequestId
    contact: ContactId
    by: str = ""


class MessageDoneRequested(Message, frozen=True, kw_only=True):
    """Nothing is left to be done about a message that waits to be heard, or is being heard."""

    request: RequestId
    contact: ContactId
    by: str = ""


class DispositionRequested(Message, frozen=True, kw_only=True):
    """Record what came of a talk: during it, in the wrap-up, or later. Once more changes what was recorded."""

    request: RequestId
    contact: ContactId
    code: str  # of an outcome of the queue's tree
    agent: AgentId | None = None  # whose talk; None: the latest
    note: str = ""  # personal
    fields: Mapping[str, str] = {}  # personal
    callback: WantedCallback | None = None
    by: str = ""
    on_record: TalkOnRecord | None = None  # for a talk that the engine does not remember any more


class CustomersMarked(Message, frozen=True, kw_only=True):
    """Customers became important, or must not be called any more, or neither; each mark replaces the one before."""

    request: RequestId
    marks: tuple[CustomerMark, ...]


class RecordingPauseRequested(Message, frozen=True, kw_only=True):
    """Write silence instead of what is said in a call (card numbers), or go on writing it."""

    request: RequestId
    contact: ContactId
    paused: bool
    by: str = ""


class HoldRequested(Message, frozen=True, kw_only=True):
    """Put the customer on hold, or (not `held`) take her back."""

    request: RequestId
    contact: ContactId
    held: bool
    by: str = ""


class MuteRequested(Message, frozen=True, kw_only=True):
    """Let nobody hear the agent, or let her be heard again."""

    request: RequestId
    contact: ContactId
    muted: bool
    by: str = ""


class KeysRequested(Message, frozen=True, kw_only=True):
    """Send keys to whom the agent speaks with: 0-9, *, #, A-D."""

    request: RequestId
    contact: ContactId
    digits: str
    by: str = ""


class TransferRequested(Message, frozen=True, kw_only=True):
    """Hand a call on without a word. `needs` and `priority` are for a queue; left out, the queue's own hold."""

    request: RequestId
    contact: ContactId
    to: TransferTo
    name: str  # of the agent, queue or flow; the extension, the number (personal)
    priority: int | None = None
    needs: str | None = None
    by: str = ""


class ConsultRequested(Message, frozen=True, kw_only=True):
    """Call somebody aside while the customer is on hold: an agent, an extension, or an outside number."""

    request: RequestId
    contact: ContactId
    to: TransferTo
    name: str
    by: str = ""


class ConsultActRequested(Message, frozen=True, kw_only=True):
    """Do something with the consulted."""

    request: RequestId
    contact: ContactId
    act: ConsultAct
    by: str = ""


Event = (
    EngineStarted
    | TimePassed
    | Stopping
    | Resynced
    | CommandFailed
    | ContactArrived
    | LegRinging
    | LegAnswered
    | LegEnded
    | DigitPressed
    | LegHeld
    | LegReferred
    | LegReplaced
    | PlaybackEnded
    | MessageRecorded
    | LookedUp
    | ScriptEnded
    | RecordingChecked
    | RecordingAllowed
    | PhoneChanged
    | PhoneUse
    | LegSilent
    | AgentSaved
    | AgentRemoved
    | AgentStatusRequested
    | WrapUpRequested
    | HangUpRequested
    | DrainRequested
    | ConfigurationApplied
    | CallbackRequested
    | DialRequested
    | CallbackCancelRequested
    | CallbackNowRequested
    | MessageDoneRequested
    | MonitorRequest
    | CampaignRequest
    | CampaignEvent
    | CallbackJudged
    | PaymentEvent
    | DispositionRequested
    | CustomersMarked
    | RecordingPauseRequested
    | ParkRequest
    | HoldRequested
    | MuteRequested
    | KeysRequested
    | TransferRequested
    | ConsultRequested
    | ConsultActRequested
)
