"""Who was heard where: the tones in the recording of a call and in both earpieces. Knows sound files only.

Blocks: not for the event loop.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.sim.peers.tones import seconds_of
from callcenter.speech.wav import BadWav, dbfs, read_wav, rms

HEARD_SHARE: Final = 0.8  # of the talk, that a tone must be heard at least
HEARD_LESS_S: Final = 0.6  # ... but for the time that sound needs to find its way at the beginning
STRAY_S: Final = 0.5  # music and voices have every tone in them now and then
QUIET_DBFS: Final = -45.0
BLOCK_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The sound of one talk, from all sides. `recording` is stereo: left the caller, right what she heard."""

    talk_s: float
    caller_hz: int
    agent_hz: int
    recording: Path
    caller_heard: Path
    agent_heard: Path


def faults(ends: Ends) -> list[str]:
    """What is not to be heard where it should be, or is where it should not; empty if all is well."""
    return list(_faults(ends))


def _faults(ends: Ends) -> Iterator[str]:
    least_s = HEARD_SHARE * ends.talk_s - HEARD_LESS_S
    places = (
        ("the caller's earpiece", ends.caller_heard, 0, ends.agent_hz, "the agent"),
        ("the agent's earpiece", ends.agent_heard, 0, ends.caller_hz, "the caller"),
        ("the left channel of the recording", ends.recording, 0, ends.caller_hz, "the caller"),
        ("the right channel of the recording", ends.recording, 1, ends.agent_hz, "the agent"),
    )
    for place, path, channel, hz, who in places:
        heard_s = _seconds(path, hz, channel)
        if heard_s < least_s:
            yield f"{place}: {who} ({hz} Hz) for {heard_s:.1f} s of {ends.talk_s:.1f} s"
    for place, channel, hz, who in (
        ("left", 0, ends.agent_hz, "the agent"),
        ("right", 1, ends.caller_hz, "the caller"),
    ):
        if (stray_s := _seconds(ends.recording, hz, channel)) > STRAY_S:
            yield f"the {place} channel of the recording has {who} ({hz} Hz) in it for {stray_s:.1f} s"


def sound_s(path: Path, begin_s: float, end_s: float) -> float:
    """For how long between two times there was any sound at all; 0.0 if there is no such file."""
    try:
        sound = read_wav(path)
    except (OSError, BadWav):
        return 0.0
    samples = sound.channels[0][max(0, round(begin_s * sound.rate)) : max(0, round(end_s * sound.rate))]
    size = round(BLOCK_S * sound.rate)
    loud = sum(dbfs(rms(samples[at : at + size])) > QUIET_DBFS for at in range(0, len(samples) - size + 1, size))
    return loud * BLOCK_S


def _seconds(path: Path, hz: float, channel: int) -> float:
    try:
        return seconds_of(path, hz, channel=channel)
    except (OSError, BadWav, IndexError):
        return 0.0
