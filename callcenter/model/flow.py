"""IVR flows as values: prompts, nodes and what a node may ask for or be told. Knows no node kind (see `nodes/`).

Theory: a flow is a graph of nodes. A node is entered, asks for actions (play this, wait so long), is resumed with
inputs (the prompt ended, a digit came, time is up) and at last leaves through one of its declared exits. Between two
turns all that it knows is its `Memory`, a plain value, so that a call in the middle of a menu survives a restart.

What is made anew at every step of every call (`Visit`, `Turn`, `Queueing`) is a Struct: a tenth of a dataclass's time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from callcenter.model.card import CardSlice, PaymentOutcome
from callcenter.model.contact import EndReason, LookupOutcome
from callcenter.model.ids import FlowName, ListName, QueueName, RecordingId
from callcenter.model.need import Need
from callcenter.model.numbers import NumberList
from callcenter.model.relaxation import RelaxStep

RETURNS: Final = "returns"
"""The key of a node under which it says where to go on when another flow returns, and the beginning of those exits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Something to say: `name` (a recorded file of that name wins) and the text to speak per language (jinja2)."""

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)  # language ("en", "vi") -> template


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a node remembers between two turns. While `secret`, digits that come are masked in journal and snapshot."""

    phase: str = ""
    digits: str = ""
    tries: int = 0
    secret: bool = False
    step: int = 0  # of a node that asks several things
    note: RecordingId | None = None  # what was recorded and is not kept yet
    first: int = 0  # of a card: which of all its digits is the first of `digits`, which holds none of them
    slices: tuple[CardSlice, ...] = ()  # of a card: what was taken
    why: str = ""  # what will be said of the exit that it takes next


# -- what a node asks for ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Play these prompts one after the other; resumes with `Said`. Only one Say at a time; a new one stops the old."""

    prompts: tuple[Prompt, ...]
    interruptible: bool = True  # a digit stops it (and is passed on); otherwise digits meanwhile are dropped
    note: RecordingId | None = None  # played before the prompts: what the caller has just recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSaying:
    """Stop what is being played; no `Said` follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Resume with `Elapsed` after so many seconds, unless another WaitFor or the node's end comes first."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Leave through this exit. Nothing may follow it. `why` in words, where the exit's name leaves that open."""

    exit: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Set variables of the contact; `secret` values are kept out of journal, log and screens."""

    values: Mapping[str, str]
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakLanguage:
    """From here on the caller hears this language."""

    language: str


class Queueing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Put the contact into a queue; the flow is over unless the queue sends it back to one."""

    queue: QueueName
    priority: int | None = None  # None: the queue's
    needs: Need | None = None  # None: the queue's
    relax: tuple[RelaxStep, ...] = ()  # in place of the queue's
    again: bool = False  # back to where it was a moment ago, with the priority and needs it had there


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseCallback:
    """Promise to call `number` back for a queue, keeping the place in it; then `CallbackAnswer`.

    The call goes on in the flow; when it ends, the contact waits without it.
    """

    queue: QueueName
    number: str
    not_before: float = 0.0  # UTC seconds; both 0: as the queue's rules say
    until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawCallback:
    """The caller does not want to be called back any more; then `CallbackAnswer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Call an outside number or an extension and connect the caller; resumes with `ForwardFailed` if nobody answers."""

    number: str
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeMessage:
    """Record the caller's voice; resumes with `MessageTaken`. Without a mailbox it is a note, to be kept or dropped."""

    mailbox: str
    max_s: float
    silence_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepNote:
    """The note that was taken last is good: it stays with the contact. (One that is never dropped is kept, too.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNote:
    """The note that was taken last is not wanted: its file goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDip:
    """Ask a program outside over HTTP; resumes with `DipDone`, within `timeout_s` and a moment."""

    method: str  # GET, POST or PUT
    url: str  # whole, with every value percent-encoded
    timeout_s: float
    take: Mapping[str, str]  # variable -> place in the JSON of the answer ("customer.name", "orders.0.state")
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict)  # header -> name of the secret that it holds
    body: Mapping[str, str] = field(default_factory=dict)  # sent as a JSON object


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeCard:
    """A card is typed from here on: its digits are kept aside, and told by their places (`Pressed.at`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPart:
    """Look at a part of what was typed; resumes with `PartChecked`."""

    slice: CardSlice
    luhn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PayByCard:
    """Ask an endpoint outside for a payment; resumes with `PaymentDone`, within `timeout_s` and a moment."""

    url: str  # whole, with every value percent-encoded
    timeout_s: float
    slices: tuple[CardSlice, ...]
    take: Mapping[str, str]  # variable -> place in the JSON of the answer
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict)  # header -> name of the secret that it holds
    body: Mapping[str, str] = field(default_factory=dict)  # sent beside the card, as a JSON object


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScript:
    """Give the call to a FastAGI script, which has it alone; resumes with `ScriptDone`."""

    url: str
    arguments: tuple[str, ...]
    timeout_s: float
    take: tuple[str, ...]  # variables that the script may leave on the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterFlow:
    """Go through another flow; the contact comes back through an exit of this node, named by that flow's return."""

    flow: FlowName


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToFlow:
    """Back to the flow that led here, saying `exit`; nothing may follow it."""

    exit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAnswer:
    """The caller has answered a question of a survey, by a number or with a recorded comment."""

    question: str
    answer: int | None = None
    comment: RecordingId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWish:
    """The caller is an agent on her own phone who wishes to log in or out, pause, be ready or record an outcome.

    Then `WishDone`. `reason` is that of a pause, or the key of the outcome.
    """

    wish: str  # login, logout, pause, ready, outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpCall:
    """End the contact."""

    reason: EndReason = EndReason.FLOW_ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToDialplan:
    """Give the call back to the dialplan that sent it here, with a word it can test."""

    exit: str


Action = (
    Say
    | StopSaying
    | WaitFor
    | Leave
    | Assign
    | SpeakLanguage
    | Queueing
    | PromiseCallback
    | WithdrawCallback
    | Forward
    | TakeMessage
    | KeepNote
    | DropNote
    | DataDip
    | TakeCard
    | CheckPart
    | PayByCard
    | CallScript
    | EnterFlow
    | ReturnToFlow
    | TakeAnswer
    | AgentWish
    | HangUpCall
    | ReturnToDialplan
)


# -- what a node is told -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The prompts were played to their end (or could not be played: the call must go on)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """One key: 0-9, *, #, A-D."""

    digit: str
    at: int = 0  # of a card: the how manieth of its digits (from 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """The time of the last WaitFor is up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardFailed:
    """The number was busy, did not answer or may not be called."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTaken:
    """A message of this length was recorded (0: nothing was said)."""

    seconds: float
    note: RecordingId | None = None  # of a note: which recording it is


@dataclass(frozen=True, slots=True, kw_only=True)
class DipDone:
    """A lookup is over; `values` are those of its variables for which there was something."""

    outcome: LookupOutcome
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChecked:
    """Whether what was typed can be that part of a card."""

    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDone:
    """A payment was asked for; `values` as of a lookup, `last` the card's last four digits."""

    outcome: PaymentOutcome
    values: Mapping[str, str] = field(default_factory=dict)
    last: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptDone:
    """A script is over, well (`ok`) or not; `values` are the variables that it left."""

    ok: bool
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WishDone:
    """The agent's wish was granted, or why not."""

    problem: str = ""


class CallbackAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The callback is promised (or taken back), or why it cannot be. `stands` says that it was promised before."""

    problem: str = ""
    stands: str = ""


Input = (
    Said
    | Pressed
    | Elapsed
    | ForwardFailed
    | MessageTaken
    | WishDone
    | DipDone
    | PartChecked
    | PaymentDone
    | ScriptDone
    | CallbackAnswer
)


class Visit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a node may look at."""

    memory: Memory
    variables: Mapping[str, str]
    language: str
    caller: str
    dialled: str
    now: float
    open_calendars: frozenset[str]  # names of the calendars that are open now
    holidays: frozenset[str]  # names of the calendars for which today is a holiday
    lists: Mapping[ListName, NumberList] = {}
    promised: QueueName | None = None  # the queue for which she is promised a callback already


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A node's answer: what to do, and what it will remember."""

    actions: tuple[Action, ...]
    memory: Memory = Memory()


class Node(Protocol):
    """One node of a flow as configured: a frozen dataclass in `nodes/`, whose fields are the keys of the YAML.

    A field typed `NextNode` names another node of the flow.
    """

    def exits(self) -> Mapping[str, str]:
        """Exit -> name of the node it leads to. Every exit that `Leave` may name is here."""
        ...

    def enter(self, visit: Visit) -> Turn:
        """The call has come to this node."""
        ...

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Something happened while the call is here. What does not concern the node gives `Turn((), memory)`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A graph of nodes. `nodes` maps a node's name to its kind's dataclass."""

    name: FlowName
    start: str
    nodes: Mapping[str, Node]
    language: str = "en"
    not_aside: str = ""  # the first node that cannot run while an agent has the call; "": none


NodeFields = Mapping[str, Any]  # the wire side of a node, before it is read
