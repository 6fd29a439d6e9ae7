"""What a caller speaks after the beep, for a mailbox or as a note: begun, over. Knows one at a time, and no node."""

from typing import Final

from callcenter.core import voice
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.commands import RecordMessage, StopMessage
from callcenter.model.flow import TakeMessage
from callcenter.model.ids import RecordingId
from callcenter.model.recording_facts import RecordingStarted

MESSAGE_GRACE_S: Final = 10.0  # the end of a message is not waited for longer than this beyond its greatest length


def begin(world: World, contact: ContactRecord, action: TakeMessage) -> None:
    """From now on what she says is recorded."""
    voice.take_call(world, contact)
    voice.hush(world, contact)
    voice.stop_music(world, contact)  # a queue that sent the caller here leaves its music on
    recording = world.mints().recording()
    contact.message, contact.message_began = recording, world.now
    contact.message_is_note, contact.mailbox = not action.mailbox, action.mailbox
    world.recordings[recording] = contact.id
    world.timers.set(TimerKind.MESSAGE, contact.id, world.now + action.max_s + MESSAGE_GRACE_S)
    world.out += (
        RecordMessage(
            contact=contact.id,
            recording=recording,
            bridge=voice.bridge_of(contact),
            max_s=action.max_s,
            silence_s=action.silence_s,
        ),
        RecordingStarted(
            contact=contact.id,
            recording=recording,
            kind="note" if contact.message_is_note else "message",
            mailbox=action.mailbox,
        ),
    )


def stop(world: World, contact: ContactRecord) -> float:
    """Nobody has said that it is over, so it is stopped; gives its length, in seconds, as far as one can tell."""
    if contact.message is not None:
        world.out.append(StopMessage(contact=contact.id, recording=contact.message))
    return world.now - contact.message_began - MESSAGE_GRACE_S


def over(world: World, contact: ContactRecord) -> RecordingId | None:
    """Nothing is recorded any more; gives what was."""
    recording, contact.message = contact.message, None
    if recording is not None:
        world.recordings.pop(recording, None)
        world.timers.cancel(TimerKind.MESSAGE, contact.id)
    return recording
