"""What the engine concluded, in the words of a call center. Nobody performs a fact; journal, records, feed fold them.

Facts travel beside the commands. They say everything that a report needs, so that no reader has to know how a call is
made of legs and bridges. Durations in seconds; the time of a fact is the time of its journal entry. Those of one trade
(callbacks, call control, recording, campaigns, ...) stand in modules of their own; `Fact`, at the end, is all of them.
"""

from collections.abc import Mapping

from callcenter.model.agent import AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.callback_facts import CallbackFact
from callcenter.model.campaign_messages import CampaignFact
from callcenter.model.colleagues import ColleagueFact
from callcenter.model.contact import Direction, EndReason, LookupOutcome, Medium, OfferEnd, QueueExit
from callcenter.model.control_facts import ControlFact
from callcenter.model.ids import AgentId, ContactId, FlowName, LegId, OfferId, QueueName, RecordingId, TreeName, Version
from callcenter.model.mail import MailEnd
from callcenter.model.message import Message
from callcenter.model.monitor_messages import MonitorFact
from callcenter.model.parking import ParkFact
from callcenter.model.payment_messages import PaymentFact
from callcenter.model.phone_use import PhoneUsedOutside
from callcenter.model.recording_facts import RecordingFact


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
    """The IVR path, node by node. `exit` is how the node before was left ("" for the first), `why` says it in words."""

    contact: ContactId
    flow: FlowName
    node: str
    exit: str = ""
    why: str = ""  # personal, if it is about a number


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
    why: str = ""  # in words, where `end` leaves it open


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


class OutsideCalled(Message, frozen=True, kw_only=True):
    """An outside number to which a caller is sent has answered, or `why` not; what a flow does then it says itself."""

    contact: ContactId
    answered: bool
    why: str = ""


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
    | CallbackFact
    | ContactConnected
    | TalkEnded
    | ControlFact
    | ColleagueFact
    | PhoneUsedOutside
    | RecordingFact
    | MessageRouted
    | MessageReturned
    | MessageSettled
    | DispositionDue
    | DispositionRecorded
    | CustomerMarksTaken
    | LookupEnded
    | ScriptRun
    | OutsideCalled
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
