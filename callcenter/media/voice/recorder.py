"""Asterisk's MixMonitor, as recordings of one file each. Knows channels, files and how a recorder goes wrong; no talk.

What it remembers is the id of a running MixMonitor, so as to stop that one; after a restart it is not known, and then
Asterisk is asked to stop whatever records the channel. A recorder can be begun, renewed and stopped more than once.

Renewing: Debian's Asterisk (`opus_plc.patch` in its `main/translate.c`) drops packets whose RTP sequence number is less
than half the range behind the last one's, in every translator, and a recorder has one for each direction. Numbers of
another phone begin anywhere, so every second one of them would be silent for up to eleven minutes, although the
customer hears her. The translators are forgotten with the channel's last recorder, at the next packet.
"""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from callcenter.asterisk.ami_actions import MIXMONITOR_FILE, AmiActions, AsksAmi, MixMonitorId
from callcenter.errors import Bug, PeerRefused
from callcenter.model.commands import RenewRecording, StartRecording
from callcenter.model.ids import RECORDING_PATTERN, LegId, RecordingId

OPTIONS: Final = "aD"  # appended; stereo, interleaved: what the channel says left, what it hears right; .raw only
SAMPLES_PER_S: Final = 8000
FRAME_BYTES: Final = 4  # a sample of each side
FORGETS_S: Final = 0.1  # after its last recorder: a packet comes every 20 ms

log = structlog.get_logger(__name__)


class Recorder:
    """Records channels. Whatever Asterisk refuses is raised as PeerRefused."""

    def __init__(self, ami: AsksAmi, folder: Path) -> None:
        """`folder`: where Asterisk writes recordings (`monitor` in its spool)."""
        self._ami = ami
        self._mixing = AmiActions(ami)
        self._folder = folder
        self._monitors: dict[RecordingId, MixMonitorId] = {}

    async def start(self, command: StartRecording) -> None:
        """Once for each recording: a second recorder would write into the same file, between what the first writes."""
        file = file_of(command.recording)
        if (await self._mixing.mixmonitor_file(command.leg)).endswith(f"/{file}"):
            return
        if command.seconds > 0.0:  # it was being renewed, and may run or not
            await self._stop_any(command.leg, None)
        await self._begin(command.leg, command.recording, command.seconds)

    async def renew(self, command: RenewRecording) -> None:
        """Stop the recorder, let Asterisk forget what it heard, begin another one in the same file.

        The name of the recorder's file goes first: if we die here, `start` begins it anew at our restart. What is not
        recorded meanwhile becomes silence.
        """
        began = time.monotonic()
        await self._mixing.set_variable(command.leg, MIXMONITOR_FILE, "")
        await self._stop_any(command.leg, self._monitors.pop(command.recording, None))
        await asyncio.sleep(FORGETS_S)
        await self._begin(command.leg, command.recording, command.seconds + time.monotonic() - began)

    async def stop(self, recording: RecordingId, leg: LegId) -> None:
        """Refused: the channel is gone, and its recording has ended with it."""
        try:
            await self._ami.action("StopMixMonitor", _which(leg, self._monitors.get(recording)))
        except PeerRefused:
            self._monitors.pop(recording, None)
            raise
        self._monitors.pop(recording, None)  # only now: what could not be asked for is asked for again

    async def mute(self, recording: RecordingId, leg: LegId, *, muted: bool) -> None:
        """After a restart the channel is asked for its recording's id; without one whatever records it is muted."""
        monitor = self._monitors.get(recording) or await self._mixing.mixmonitor_id(leg)
        await self._mixing.mute_mixmonitor(leg, monitor, muted=muted)

    async def _begin(self, leg: LegId, recording: RecordingId, seconds: float) -> None:
        file = file_of(recording)
        if seconds > 0.0:
            try:
                await asyncio.to_thread(_lengthen, self._folder / file, seconds)
            except OSError as problem:  # what is said is recorded all the same
                log.warning("a gap in a recording could not be filled", recording=recording, problem=str(problem))
        self._monitors[recording] = await self._mixing.start_mixmonitor(leg, file, OPTIONS)

    async def _stop_any(self, leg: LegId, monitor: MixMonitorId | None) -> None:
        with suppress(PeerRefused):  # none runs
            await self._ami.action("StopMixMonitor", _which(leg, monitor))


def checked(recording: RecordingId) -> str:
    """A recording's name goes into a path and a command line: nothing but our own UUIDs. Raises Bug."""
    if not RECORDING_PATTERN.fullmatch(recording):
        raise Bug(f"{recording!r} is no name of a recording")
    return recording


def file_of(recording: RecordingId) -> str:
    """The file that Asterisk writes. Raises Bug for a name that is not ours."""
    return f"{checked(recording)}.raw"


def _which(leg: LegId, monitor: MixMonitorId | None) -> tuple[tuple[str, str], ...]:
    """That recorder of a channel, or whatever records it."""
    return (("Channel", str(leg)),) + ((("MixMonitorID", monitor),) if monitor else ())


def _lengthen(path: Path, seconds: float) -> None:
    """Make a recording as long as it should be by now, with silence; one that is longer stays. Raises OSError.

    One that is not there yet is not made: it has to be Asterisk's own.
    """
    size = int(seconds * SAMPLES_PER_S) * FRAME_BYTES
    if path.exists() and path.stat().st_size < size:
        os.truncate(path, size)
