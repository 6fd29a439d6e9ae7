"""What came of callbacks: promised, dialled, kept. Part of `facts`, which says what facts are."""

from callcenter.model.callback import CallbackEnd, CalledFirst
from callcenter.model.contact import LegEnd
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName
from callcenter.model.message import Message


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
    """An attempt is over; `end` is None when the customer answered, `why` says more where it leaves that open."""

    contact: ContactId
    queue: QueueName
    leg: LegId
    attempt: int
    rang_s: float
    end: LegEnd | None = None
    why: str = ""


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


CallbackFact = (
    CallbackPromised
    | CallbackWaits
    | CallbackDialled
    | CallbackAttempted
    | CallerRangBack
    | CallbackSettled
    | PlaceRestored
)
