"""What a caller records in a flow, and may hear, throw away and say again. Knows one note of a contact at a time.

A note is looked at like any other recording once it is kept: until then its file stays where Asterisk has written it,
so that it can be played. A contact that leaves the flow without having said either keeps it: what was said is not lost.
"""

from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.commands import DropMessage
from callcenter.model.ids import RecordingId
from callcenter.model.recording_facts import RecordingDropped, RecordingStopped


def taken(world: World, contact: ContactRecord, note: RecordingId, seconds: float) -> None:
    """A note of this length is there; one in which nothing was said goes at once."""
    contact.note, contact.note_s = note, seconds
    if seconds <= 0:
        drop(world, contact)


def keep(world: World, contact: ContactRecord) -> None:
    """It stays with the contact, if there is one."""
    if contact.note is not None:
        world.out.append(RecordingStopped(contact=contact.id, recording=contact.note, expected_s=contact.note_s))
        contact.note = None


def drop(world: World, contact: ContactRecord) -> None:
    """It goes, if there is one."""
    if contact.note is not None:
        world.out += (
            DropMessage(contact=contact.id, recording=contact.note),
            RecordingDropped(contact=contact.id, recording=contact.note),
        )
        contact.note = None
