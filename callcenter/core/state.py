"""What the engine remembers of each contact, agent and offer. Mutable, plain, serialisable; holds no rule.

Everything here is written into a snapshot as it stands; indexes (`lines`, `free`, the map of legs) are derived and are
rebuilt from it. None of it leads back to itself, so the cyclic collector need not look (`gc=False`).
"""

import msgspec

from callcenter.model.agent import Agent, AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.callback import Callback
from callcenter.model.card import Paying
from callcenter.model.commands import LookUp, RunScript
from callcenter.model.contact import ContactState, Direction, EndReason, Medium, QueueExit
from callcenter.model.control import Consult, Guest
from callcenter.model.flow import Memory
from callcenter.model.ids import (
    UNVERSIONED,
    AgentId,
    BridgeId,
    CardId,
    ContactId,
    FlowName,
    LegId,
    OfferId,
    PlaybackId,
    QueueName,
    RecordingId,
    Version,
)
from callcenter.model.lead import CampaignName
from callcenter.model.mail import Mail
from callcenter.model.need import ANYBODY, Need
from callcenter.model.parking import Parked
from callcenter.model.relaxation import RelaxStep


class Aside(msgspec.Struct, kw_only=True, gc=False):
    """Where an agent hears something alone before a caller: the bridge, and what plays there."""

    bridge: BridgeId
    own: bool  # made for this, and closed afterwards; else it is the home of a phone that is nailed up
    playback: PlaybackId | None = None
    since: float = 0.0


class OfferRecord(msgspec.Struct, kw_only=True, gc=False):
    """One agent's phone ringing for one contact."""

    id: OfferId
    contact: ContactId
    agent: AgentId
    leg: LegId
    queue: QueueName
    began: float
    why: str
    is_own: bool = False  # she called by herself, on this leg
    rang: bool = False  # the phone has said that it rings
    aside: Aside | None = None  # it was answered, and a key is waited for


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Where a contact comes back to from another flow: the node that led it there."""

    flow: FlowName
    node: str


class Predicted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was predicted when a contact came into its queue, to be compared with what came true."""

    at: float
    p50_s: float
    p90_s: float


class ContactRecord(msgspec.Struct, kw_only=True, gc=False):
    """One live contact."""

    id: ContactId
    serial: int  # order of arrival; breaks ties
    leg: LegId | None  # the customer's; None while she is promised a callback, or has left a message
    medium: Medium
    direction: Direction
    caller: str
    caller_name: str
    dialled: str
    began: float
    language: str = "en"
    agent_number: str = ""
    dialler: AgentId | None = None  # the agent whose own call this is: a feature code, or the hotline
    colleague: AgentId | None = None  # the agent whom she calls on it
    holding: dict[LegId, float] = {}  # of two agents who speak: whose phone holds, and since when
    sent_by: AgentId | None = None  # who has handed the call of two agents on to one who has not answered yet
    returns: bool = False

    state: ContactState = ContactState.IN_FLOW
    phase_since: float = 0.0  # since when the running sum below grows
    flow_s: float = 0.0
    wait_s: float = 0.0
    talk_s: float = 0.0
    forward_s: float = 0.0
    parked_s: float = 0.0
    callback_s: float = 0.0  # in line, or being called, without the customer on the line

    answered: bool = False
    bridge: BridgeId | None = None
    playback: PlaybackId | None = None
    interruptible: bool = True
    music: str = ""  # what plays on hold; "": nothing
    variables: dict[str, str] = {}
    secrets: dict[str, str] = {}  # never in the journal, a snapshot or a prompt's variables

    version: Version = UNVERSIONED  # of the configuration that its flow, or its queue, is read in
    flow: FlowName | None = None
    node: str = ""
    memory: Memory = Memory()
    stack: list[Frame] = []  # of the flows it is in the middle of, the outermost first
    message: RecordingId | None = None
    message_began: float = 0.0
    message_is_note: bool = False
    mailbox: str = ""  # the message is for
    note: RecordingId | None = None  # recorded, and neither kept nor dropped yet
    note_s: float = 0.0
    lookup: LookUp | None = None  # what is being asked
    lookup_began: float = 0.0
    card: CardId | None = None  # what is typed now is kept aside under it
    card_digits: int = 0  # that were kept so
    card_sent: bool = False  # a payment was asked for, and is not answered
    paying: Paying | None = None  # the customer is alone with a flow of her agent's choosing
    run: RunScript | None = None  # the script that has the leg
    run_began: float = 0.0
    fetched: bool = False  # from its script, but not back yet
    left_message: bool = False
    other_leg: LegId | None = None  # the outside number
    other_up: bool = False

    queue: QueueName | None = None
    priority: int = 0
    needs: Need = ANYBODY
    since: float = 0.0  # the place in line; 0: never queued
    entered: float = 0.0  # this visit to this queue
    counts_from: float = (
        0.0  # since when less is asked for: of several visits that a callback's choosing parted, the first
    )
    holds_from: float = 0.0  # since when the longest wait counts: likewise, but from anew when she rings back
    left: QueueExit | None = None  # how it left its last queue
    relaxed: int = 0  # steps of the relaxation taken
    own_priority: int | None = None  # given by its flow in place of the queue's
    own_needs: Need | None = None  # likewise
    steps: tuple[RelaxStep, ...] = ()  # its own relaxation in place of the queue's
    asks: Need | None = None  # its own needs while `needs` are narrower; None: they are the same
    kept_for: AgentId | None = None  # nobody else may serve it yet
    spares: bool = False  # the queue's reserve may not serve it yet
    age_rate: int = 0  # thousandths of a point of priority per minute
    age_max: int = 0  # thousandths of a point
    overflow_due: bool = False  # waited too long, but a phone rings: decide when it stops
    hops: int = 0  # queues and flows it was sent to by queues
    offers: dict[LegId, OfferRecord] = {}
    first_offered: float = 0.0  # when the first phone rang for it on this visit; 0: none has
    predicted: Predicted | None = None
    position_said: int = 0  # the best place in line that was spoken on this visit; 0: none
    wait_said_by: float = 0.0  # the time by which it was told to be served; 0: it was not told
    waits_taken_back: int = 0  # how often it then had to be told a later time

    campaign: CampaignName | None = None  # that it was dialled for
    callback: Callback | None = None  # promised, and not settled
    mail: Mail | None = None  # the message that it is, if it is one

    agent: AgentId | None = None
    agent_leg: LegId | None = None
    aside: Aside | None = None  # the agent hears something alone
    talk_began: float = 0.0
    talked_until: EndReason | None = None  # how the talk ended that a survey follows
    recording: RecordingId | None = None
    recording_began: float = 0.0
    recording_tries: int = 0  # that failed
    unstopped: RecordingId | None = None  # was to be stopped, and could not be
    recording_paused: bool = False  # silence is written
    recording_paused_at: float = 0.0
    recording_stale: bool = False  # another phone is heard since it was paused
    recording_deaf: bool = False  # it could not be told that it is paused no more
    unrecorded: bool = False  # the customer did not want it

    parked: Parked | None = None  # in a slot
    held_since: float | None = None  # the agent is out of the bridge; None: she is in it
    hold_s: float = 0.0  # altogether
    part_hold_s: float = 0.0  # of this agent's part
    muted: bool = False  # the agent
    phone_holds: bool = False  # her phone says that it holds, whatever we do with its leg
    keys: str = ""  # that the agent has pressed last, as many as are told apart
    keys_at: float = 0.0  # when the last of them was
    refused_at: float | None = None  # her phone wanted to hand it on, and was told no
    consult: Consult | None = None
    guests: dict[LegId, Guest] = {}  # who has joined the conversation, in order
    transferred_by: AgentId | None = None  # who handed it to an outside number that has not answered yet

    offers_made: int = 0
    missed: int = 0
    why: str = ""
    last_queue: QueueName | None = None
    last_agent: AgentId | None = None


class Nail(msgspec.Struct, kw_only=True, gc=False):
    """The one long call of an agent's phone that is nailed up."""

    leg: LegId
    bridge: BridgeId  # hers, in which she is while she has no contact
    number: str  # that was called
    state: NailState = NailState.CALLING
    unhoused: bool = False  # that bridge could not be made
    inside: BridgeId | None = None  # the bridge that its leg was last sent to
    muted: bool = False  # as it was last told
    ear: LegId | None = None  # by which she alone hears the tone when she is in a conversation already
    tone: PlaybackId | None = None


class AgentRecord(msgspec.Struct, kw_only=True, gc=False):
    """One agent of the directory."""

    agent: Agent
    status: AgentStatus = AgentStatus.LOGGED_OUT
    reason: str = ""
    state: AgentState = AgentState.NOT_READY
    since: float = 0.0  # of status and state together
    about: ContactId | None = None  # the contact that the state is about: offered, talked to, wrapped up
    phone: PhoneState = PhoneState.UNKNOWN
    load: dict[Medium, int] = {}
    offer: LegId | None = None
    contacts: list[ContactId] = []
    own_calls: int = 0  # that she makes from her phone now: it cannot be rung
    phone_used: bool = False  # Asterisk says that it has a call, or rings
    used_outside: bool = False  # by a call that is none of ours, which counts among her own
    contacts_taken: int = 0  # since login
    ready_since: float = 0.0
    last_offered: float = 0.0
    resting_until: float = 0.0
    served: QueueName | None = None  # whose contact she took last: that of her wrap-up
    nail: Nail | None = None  # None: her phone is called for each contact, or has yet to be called
    nail_after: float = 0.0  # it is not called before


class Outlook(msgspec.Struct, kw_only=True, gc=False):
    """One forecast of all who compete for the same agents: p50 and p90 in seconds from `at`."""

    at: float
    medium: Medium
    simulated: bool  # False: of a fluid
    waits: dict[ContactId, tuple[float, float]]
    nexts: dict[QueueName, tuple[float, float]]  # of somebody who would come into the queue
    late: int = 0  # how often it was asked about somebody who came after it


class LastServed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who last spoke with a caller, and when."""

    agent: AgentId
    at: float


class Abandoned(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who gave up waiting: the place she had, and when she left it."""

    since: float
    at: float
