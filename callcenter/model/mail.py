"""Messages that callers leave and agents hear: where a mailbox leads, and how far one message has come.

Knows units; decides nothing. `Mail` is mutable and lives in the engine's memory (core/state); all else are values.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.model.ids import ContactId, QueueName, RecordingId
from callcenter.model.need import Need

FROM_PROMPT: Final = "voicemail_from"
"""To the agent: who called, and when: {{ caller }}, {{ minutes_ago }}."""
KEYS_PROMPT: Final = "voicemail_keys"
"""To the agent after the message: which keys there are."""
REFUSED_PROMPT: Final = "voicemail_refused"
"""To the agent: the caller may not be called back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRoute:
    """Who hears what is left in a mailbox. `needs` and `priority` take the place of the queue's."""

    queue: QueueName
    needs: Need | None = None
    priority: int | None = None
    retry_after_s: float = 300.0  # a message that was heard and not done with comes back after so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox. Without a route its messages are recordings, and nobody's phone rings for them."""

    name: str
    route: MailRoute | None = None


class MailStep(StrEnum):
    """How far a message has come."""

    RESTING = "resting"  # not before `next_at`
    DUE = "due"  # in line, or an agent's phone rings
    BRIEFING = "briefing"  # the agent hears who called, and when
    PLAYING = "playing"  # she hears the message
    ASKED = "asked"  # she has heard it, and has to press a key


class MailEnd(StrEnum):
    """What became of a message."""

    DONE = "done"  # an agent has heard it and said so
    CALLED_BACK = "called_back"  # an agent has heard it and calls the customer back: that is a callback of its own
    SETTLED = "settled"  # somebody said that nothing is left to be done about it
    EMPTY = "empty"  # nothing was said


class Mail(msgspec.Struct, kw_only=True):
    """One message that is not done with. Times in UTC seconds."""

    mailbox: str
    queue: QueueName
    message: RecordingId
    left_in: ContactId  # the call in which it was left
    left_at: float
    seconds: float
    retry_after_s: float
    path: str = ""  # where the recording is kept; "": it has not been looked at yet
    checked: bool = False
    step: MailStep = MailStep.RESTING
    next_at: float = 0.0
    hearings: int = 0
    asked: int = 0  # so often she was told the keys, since she last pressed one
