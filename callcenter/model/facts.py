"""What the engine concluded, in the words of a call center. Nobody performs a fact; journal, records, feed fold them.

Facts travel beside the commands. They say everything that a report needs, so that no reader has to know how a call is
made of legs and bridges. Durations in seconds; the time of a fact is the time of its journal entry.
"""

from collections.abc import Mapping

from callcenter.model.agent import AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.callback import CallbackEnd, CalledFirst
from callcenter.model.campaign_messages import CampaignFact
from callcenter.model.colleagues import ColleagueFact
from callcenter.model.contact import Direction, EndReason, LegEnd, LookupOutcome, Medium, OfferEnd, QueueExit
from callcenter.model.control import HeldBy, PartyEnd, TransferTo
from callcenter.model.ids import AgentId, ContactId, FlowName, LegId, OfferId, QueueName, RecordingId, TreeName, Version
from callcenter.model.mail import MailEnd
from callcenter.model.message import Message
from callcenter.model.monitor_messages import MonitorFact
from callcenter.model.parking import ParkFact
from callcenter.model.payment_messages import PaymentFact


class ContactOpened(Message, frozen=True, kw_only=True):
    """A contact exists."""

    contact: ContactId
    leg: LegId | None = None  # None: nobody is on the line, a callback was asked for
    medium: Medium
    direction: Direction
    caller: str
    caller_name: str
    dialled: str
    dialler: AgentId | None = None  # the agent from whose phone it came


class NodeEntered(Message, frozen=True, kw_only=True):
    """The IVR path, node by node. `exit` is how the node before was left ("" for the first)."""

    contact: ContactId
    flow: FlowName
    node: str
    exit: str = ""


class ContactQueued(Message, frozen=True, kw_only=True):
    """In line. `since` is what counts for the place: it survives RONA, overflow to another queue, and restarts.

    Relaxation, the reserve and the sticky agent count from `counts_from`: earlier than now if the visit goes on after a
    callback was chosen, later if the callback is promised for later.
    """

    contact: ContactId
    queue: QueueName
    priority: int
    needs: str
    since: float
    counts_from: float = 0.0  # 0: from now on


class NeedsRelaxed(Message, frozen=True, kw_only=True):
    """More agents may serve the contact: a step of relaxation, a sticky agent let go, the reserve. `why` in words."""

    contact: ContactId
    queue: QueueName
    needs: str
    waited_s: float
    why: str = ""


class RulesChanged(Message, frozen=True, kw_only=True):
    """The queue in which the contact waits has other rules from now on; these are the contact's."""

    contact: ContactId
    queue: QueueName
    version: Version
    priority: int
    needs: str


class WaitPredicted(Message, frozen=True, kw_only=True):
    """How much longer a contact will wait: half of all in its place at most `p50_s`, nine of ten at most `p90_s`.

    Told on coming in (`entry`, what the error is measured by), and when an announcement is due.
    """

    contact: ContactId
    queue: QueueName
    p50_s: float
    p90_s: float
    position: int
    confident: bool  # it might be spoken
    announced: bool = False  # it was spoken
    simulated: bool = True  # False: a fluid took the place of a simulation
    entry: bool = False


class Considered(Message, frozen=True, kw_only=True):
    """An agent whom the strategy compared, and the rank it gave (lower is better)."""

    agent: AgentId
    rank: tuple[float, ...]


class ContactOffered(Message, frozen=True, kw_only=True):
    """An agent's phone is about to ring. `why` says it in words; `considered` holds the best few, the chosen first."""

    contact: ContactId
    offer: OfferId
    agent: AgentId
    leg: LegId
    queue: QueueName
    strategy: str
    why: str
    considered: tuple[Considered, ...]
    free: int  # how many agents were free then, suited or not


class OfferEnded(Message, frozen=True, kw_only=True):
    """The phone stopped ringing, one way or another."""

    contact: ContactId
    offer: OfferId
    agent: AgentId
    leg: LegId
    queue: QueueName
    end: OfferEnd
    rang_s: float


class QueueLeft(Message, frozen=True, kw_only=True):
    """A visit to a queue ended."""

    contact: ContactId
    queue: QueueName
    exit: QueueExit
    entered: float  # when this visit began
    waited_s: float  # of this visit
    priority: int = 0
    service_level_s: float = 0.0  # the threshold in force, so that a report needs no configuration
    medium: Medium = Medium.VOICE
    callback: bool = False  # promised a callback, or a message: nobody is on the line, and no service level counts it


class CallbackPromised(Message, frozen=True, kw_only=True):
    """A customer will be called back. From here on the contact keeps her place without her. Times in UTC seconds."""

    contact: ContactId
    queue: QueueName
    number: str  # as it will be dialled; personal
    first: CalledFirst
    not_before: float
    until: float
    by: str
    note: str = ""  # personal
    only: AgentId | None = None


class CallbackWaits(Message, frozen=True, kw_only=True):
    """Nothing is done about a callback before `next_at`, and why."""

    contact: ContactId
    queue: QueueName
    next_at: float
    why: str


class CallbackDialled(Message, frozen=True, kw_only=True):
    """The customer's phone is about to ring: the first attempt, the second ... `agent` waits for her, if any does."""

    contact: ContactId
    queue: QueueName
    leg: LegId
    attempt: int
    number: str  # personal
    why: str
    agent: AgentId | None = None


class CallbackAttempted(Message, frozen=True, kw_only=True):
    """An attempt is over; `end` is None when the customer answered."""

    contact: ContactId
    queue: QueueName
    leg: LegId
    attempt: int
    rang_s: float
    end: LegEnd | None = None


class CallerRangBack(Message, frozen=True, kw_only=True):
    """A customer who is promised a callback has called by herself: it is the same contact, and keeps its place."""

    contact: ContactId
    leg: LegId
    caller: str
    dialled: str


class CallbackSettled(Message, frozen=True, kw_only=True):
    """A promise is kept, or will not be. `in_time`: kept within what was promised."""

    contact: ContactId
    queue: QueueName
    end: CallbackEnd
    in_time: bool
    attempts: int
    promised: float
    why: str = ""
    agent: AgentId | None = None


class PlaceRestored(Message, frozen=True, kw_only=True):
    """A caller who gave up waiting has called again in time, and has the place that she had."""

    contact: ContactId
    queue: QueueName
    since: float
    left_at: float


class ContactConnected(Message, frozen=True, kw_only=True):
    """Caller and agent are being put together."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    queue: QueueName
    waited_s: float  # since the contact first came into a queue


class TalkEnded(Message, frozen=True, kw_only=True):
    """An agent's part of a contact is over."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    queue: QueueName
    began: float
    talk_s: float
    hold_s: float = 0.0  # of it, with the customer on hold


class ContactHeld(Message, frozen=True, kw_only=True):
    """The agent has left the conversation for a while: the customer hears music, or goes on with the others."""

    contact: ContactId
    agent: AgentId
    by: HeldBy


class ContactResumed(Message, frozen=True, kw_only=True):
    """The agent is back with the customer, or one of them has gone for good."""

    contact: ContactId
    agent: AgentId
    began: float
    held_s: float


class AgentMuted(Message, frozen=True, kw_only=True):
    """Nobody hears the agent any more, or she is heard again."""

    contact: ContactId
    agent: AgentId
    muted: bool


class KeysSent(Message, frozen=True, kw_only=True):
    """So many keys were sent to whom the agent speaks with."""

    contact: ContactId
    agent: AgentId
    count: int


class ContactTransferred(Message, frozen=True, kw_only=True):
    """A call was handed on. `consulted`: to somebody who had been spoken with, and has it at once."""

    contact: ContactId
    agent: AgentId  # who had it
    to: TransferTo
    name: str  # personal, if it is a number
    consulted: bool = False
    by: str = ""


class ContactTaken(Message, frozen=True, kw_only=True):
    """Another agent has the call from now on, who took it by herself; the one who had it is free."""

    contact: ContactId
    agent: AgentId  # who had it
    taker: AgentId
    leg: LegId  # the taker's


class TransferFailed(Message, frozen=True, kw_only=True):
    """A call could not be handed on and waits in its queue again, first for the agent who had it."""

    contact: ContactId
    agent: AgentId
    why: str


class PhoneRefused(Message, frozen=True, kw_only=True):
    """What an agent's phone asked for by itself (a transfer, a second call) was not done; the call is as it was."""

    contact: ContactId
    agent: AgentId
    name: str  # where it wanted to go; personal, if it is a number
    why: str


class ConsultBegan(Message, frozen=True, kw_only=True):
    """The agent calls somebody aside: `consulted`, or an outside `number` (personal)."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    consulted: AgentId | None = None
    number: str = ""
    by: str = ""


class ConsultAnswered(Message, frozen=True, kw_only=True):
    """The consulted has answered, and speaks with the agent alone."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    consulted: AgentId | None = None
    number: str = ""
    rang_s: float


class PartyLeft(Message, frozen=True, kw_only=True):
    """Somebody's part beside the agent's is over: `aside` with her alone, else in a conference with the customer.

    `began` is when she answered, or came into the conference; of one who never answered, when she was called, and
    `spoke_s` is 0.
    """

    contact: ContactId
    agent: AgentId | None  # whose call it was
    leg: LegId
    guest: AgentId | None = None
    number: str = ""
    aside: bool
    end: PartyEnd
    began: float
    spoke_s: float


class RecordingStarted(Message, frozen=True, kw_only=True):
    """A recording runs."""

    contact: ContactId
    recording: RecordingId
    kind: str  # "call", "message" or "note"
    agent: AgentId | None = None
    mailbox: str = ""


class RecordingStopped(Message, frozen=True, kw_only=True):
    """A recording is over and is `expected_s` long if all went well."""

    contact: ContactId
    recording: RecordingId
    expected_s: float


class RecordingPaused(Message, frozen=True, kw_only=True):
    """Silence is written from now on, until `until` (UTC seconds) at the latest. `by`: who, an agent's key, a node."""

    contact: ContactId
    recording: RecordingId
    by: str
    until: float


class RecordingResumed(Message, frozen=True, kw_only=True):
    """What is said is written again, after `paused_s` of silence. `by` is `cap` when nobody said so."""

    contact: ContactId
    recording: RecordingId
    by: str
    paused_s: float


class RecordingSwitched(Message, frozen=True, kw_only=True):
    """Nothing is recorded any more, though calls go on, or is again."""

    allowed: bool
    why: str


class RecordingDropped(Message, frozen=True, kw_only=True):
    """The caller did not want what she had recorded, or that she is: nothing of it is kept."""

    contact: ContactId
    recording: RecordingId


class MessageRouted(Message, frozen=True, kw_only=True):
    """A message that a caller left is a contact of its own now, to be heard by an agent."""

    contact: ContactId
    mailbox: str
    queue: QueueName
    recording: RecordingId
    left_in: ContactId  # the call in which it was left
    seconds: float


class MessageReturned(Message, frozen=True, kw_only=True):
    """An agent heard a message, or began to, and is not done with it: nobody is rung for it before `next_at` (UTC)."""

    contact: ContactId
    queue: QueueName
    agent: AgentId | None
    next_at: float
    why: str


class MessageSettled(Message, frozen=True, kw_only=True):
    """Nothing is left to be done about a message. `agent` heard it last, `by` is who said so from elsewhere."""

    contact: ContactId
    queue: QueueName
    mailbox: str
    recording: RecordingId
    end: MailEnd
    agent: AgentId | None = None
    by: str = ""
    hearings: int = 0


class DispositionDue(Message, frozen=True, kw_only=True):
    """A talk is over of which the agent must record what came of it, and has not."""

    contact: ContactId
    agent: AgentId
    queue: QueueName
    tree: TreeName


class DispositionRecorded(Message, frozen=True, kw_only=True):
    """What came of a talk, as the agent says. `number` is 1, or more where what was recorded before is changed."""

    contact: ContactId
    agent: AgentId  # whose talk it was
    queue: QueueName
    tree: TreeName
    code: str
    label: str
    number: int
    by: str  # who said so, if it was not the agent
    note: str = ""  # personal
    fields: Mapping[str, str] = {}  # personal
    callback: ContactId | None = None  # that was promised with it
    talk_ended: float = 0.0  # UTC seconds; 0: they still talk


class CustomerMarksTaken(Message, frozen=True, kw_only=True):
    """So many numbers are marked now, after a change of `changed` of them."""

    changed: int
    important: int
    not_to_be_called: int


class LookupEnded(Message, frozen=True, kw_only=True):
    """A program outside was asked. `took_s` is what the caller waited for it."""

    contact: ContactId
    name: str
    outcome: LookupOutcome
    took_s: float
    detail: str = ""


class ScriptRun(Message, frozen=True, kw_only=True):
    """A script had the call for so long."""

    contact: ContactId
    url: str
    status: str
    took_s: float


class SurveyOffered(Message, frozen=True, kw_only=True):
    """The agent has gone, and the caller is led into the queue's survey, which is about the two."""

    contact: ContactId
    survey: FlowName
    queue: QueueName
    agent: AgentId


class SurveyAnswered(Message, frozen=True, kw_only=True):
    """One question was answered: by a number, or by a spoken comment."""

    contact: ContactId
    survey: FlowName
    question: str
    queue: QueueName | None = None
    agent: AgentId | None = None
    answer: int | None = None
    comment: RecordingId | None = None


class RecordingVerified(Message, frozen=True, kw_only=True):
    """The file was looked at."""

    contact: ContactId
    recording: RecordingId
    path: str
    seconds: float
    channels: int
    problem: str


class ContactEnded(Message, frozen=True, kw_only=True):
    """The whole contact, summed up: flow_s + wait_s + callback_s + talk_s + forward_s + parked_s is its length."""

    contact: ContactId
    reason: EndReason
    medium: Medium
    direction: Direction
    caller: str
    caller_name: str
    dialled: str
    began: float
    flow_s: float  # in IVR flows
    wait_s: float  # in queues, until an agent took the call
    talk_s: float
    forward_s: float
    callback_s: float = 0.0  # in line without the customer on the line
    hold_s: float = 0.0  # of talk_s, with the customer on hold
    parked_s: float = 0.0  # in a slot, with nobody
    queue: QueueName | None = None  # the last one
    agent: AgentId | None = None  # the last one
    why: str = ""  # why that agent
    offers: int = 0
    missed: int = 0  # offers that ended without an answer while the caller was there
    language: str = ""


class AgentChanged(Message, frozen=True, kw_only=True):
    """An agent's status or state changed; what it was lasted from `since`. `reason` belongs to the new one."""

    agent: AgentId
    was_status: AgentStatus
    was_state: AgentState
    was_reason: str
    since: float
    status: AgentStatus
    state: AgentState
    reason: str = ""
    contact: ContactId | None = None


class PhoneSeen(Message, frozen=True, kw_only=True):
    """An agent's phone came or went."""

    agent: AgentId
    state: PhoneState


class AgentAsked(Message, frozen=True, kw_only=True):
    """An offer was answered; it is the agent's when a key is pressed."""

    contact: ContactId
    offer: OfferId
    agent: AgentId
    leg: LegId
    until: float


class AgentTold(Message, frozen=True, kw_only=True):
    """The agent has been told who it is, for so long; the caller waited meanwhile."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    told_s: float


class AgentLost(Message, frozen=True, kw_only=True):
    """An agent's phone has died in the middle of a talk; its caller is kept and goes `to` (queue, flow, ...) `name`."""

    contact: ContactId
    agent: AgentId
    queue: QueueName
    to: str
    name: str


class PhoneNailed(Message, frozen=True, kw_only=True):
    """An agent's phone is called to be nailed up, is, or is not any more; `why` it has ended, or was not answered."""

    agent: AgentId
    leg: LegId
    state: NailState
    why: str = ""


class QueueDraining(Message, frozen=True, kw_only=True):
    """A queue takes no new contacts (or takes them again)."""

    queue: QueueName
    draining: bool
    by: str


class ConfigurationChanged(Message, frozen=True, kw_only=True):
    """Another version of the configuration is in force; calls in the middle of a flow finish it as they began it."""

    version: Version
    was: Version
    by: str = ""


class Surprise(Message, frozen=True, kw_only=True):
    """Something that should not have happened and was survived. Somebody should look."""

    what: str
    contact: ContactId | None = None


Fact = (
    ContactOpened
    | NodeEntered
    | ContactQueued
    | NeedsRelaxed
    | RulesChanged
    | WaitPredicted
    | ContactOffered
    | OfferEnded
    | AgentAsked
    | AgentTold
    | AgentLost
    | QueueLeft
    | CallbackPromised
    | CallbackWaits
    | CallbackDialled
    | CallbackAttempted
    | CallerRangBack
    | CallbackSettled
    | PlaceRestored
    | ContactConnected
    | TalkEnded
    | ContactHeld
    | ContactResumed
    | AgentMuted
    | KeysSent
    | ContactTransferred
    | ContactTaken
    | TransferFailed
    | PhoneRefused
    | ColleagueFact
    | ConsultBegan
    | ConsultAnswered
    | PartyLeft
    | RecordingStarted
    | RecordingStopped
    | RecordingPaused
    | RecordingResumed
    | RecordingSwitched
    | RecordingDropped
    | RecordingVerified
    | MessageRouted
    | MessageReturned
    | MessageSettled
    | DispositionDue
    | DispositionRecorded
    | CustomerMarksTaken
    | LookupEnded
    | ScriptRun
    | SurveyOffered
    | SurveyAnswered
    | ContactEnded
    | AgentChanged
    | PhoneSeen
    | PhoneNailed
    | QueueDraining
    | ConfigurationChanged
    | MonitorFact
    | CampaignFact
    | PaymentFact
    | ParkFact
    | Surprise
)
