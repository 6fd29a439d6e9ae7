"""What was recorded of calls, and what was left out. Part of `facts`, which says what facts are."""

from callcenter.model.ids import AgentId, ContactId, RecordingId
from callcenter.model.message import Message


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


class RecordingVerified(Message, frozen=True, kw_only=True):
    """The file was looked at."""

    contact: ContactId
    recording: RecordingId
    path: str
    seconds: float
    channels: int
    problem: str


RecordingFact = (
    RecordingStarted
    | RecordingStopped
    | RecordingPaused
    | RecordingResumed
    | RecordingSwitched
    | RecordingDropped
    | RecordingVerified
)
