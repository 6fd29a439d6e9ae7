"""The recording of a conversation: when one begins and ends. Knows contacts; knows no file.

A message that a caller leaves is recorded by its node (`core/flows.py`), not here.
"""

from callcenter.core import voice
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.commands import StartRecording, StopRecording
from callcenter.model.facts import RecordingStarted, RecordingStopped


def begin(world: World, contact: ContactRecord) -> None:
    """Record what the customer says and hears from now on."""
    contact.recording, contact.recording_began = world.mints().recording(), world.now
    world.out += (
        StartRecording(contact=contact.id, recording=contact.recording, leg=voice.leg_of(contact)),
        RecordingStarted(contact=contact.id, recording=contact.recording, kind="call", agent=contact.agent),
    )


def stop(world: World, contact: ContactRecord) -> None:
    """End the recording, if one runs."""
    if contact.recording is None:
        return
    world.out += (
        StopRecording(contact=contact.id, recording=contact.recording, leg=voice.leg_of(contact)),
        RecordingStopped(
            contact=contact.id, recording=contact.recording, expected_s=world.now - contact.recording_began
        ),
    )
    contact.recording = None
