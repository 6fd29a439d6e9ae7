"""Takes finished recordings from Asterisk's spool, makes them playable, proves them, and says what was found.

Knows files and lengths; knows no call. A finished recording is not trusted because Asterisk says so: the file must
exist, decode, and be as long as the talk was. A conversation is spooled as raw stereo (16 bit, 8 kHz; left the caller,
right what she heard), a message as mono WAV. What has been proven is moved into `<recordings>/YYYY/MM/DD/<id>.wav`; a
file that is not as it should be is kept too, and its problem is on record.
"""

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from callcenter.model.events import Event, RecordingChecked
from callcenter.model.facts import Fact, RecordingStopped
from callcenter.model.ids import RECORDING_PATTERN, ContactId, RecordingId

RATE_HZ: Final = 8_000
SAMPLE_BYTES: Final = 2
TOLERANCE_S: Final = 0.5  # between the length of the file and of the talk
POLL_S: Final = 0.1  # Asterisk writes from its own thread and tells nobody when the file is closed
STILL_S: Final = 1.0  # a file that has not grown for so long is finished, whatever its length
GIVE_UP_S: Final = 10.0
AT_ONCE: Final = 2  # files worked on side by side
CHUNK_BYTES: Final = 1 << 20
BACKLOG_MAX: Final = 100_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A recording that is over. `at` is when it ended, UTC seconds."""

    recording: RecordingId
    contact: ContactId
    expected_s: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where Asterisk leaves recordings and where they are kept."""

    conversations: Path  # <id>.raw
    messages: Path  # <id>.wav
    kept: Path


class RecordingsJob:
    """Checks recordings one after the other, a few side by side. A FactSink; `run` is its task."""

    def __init__(self, folders: Folders, post: Callable[[Event], None]) -> None:
        self._folders = folders
        self._post = post
        self._backlog: asyncio.Queue[Finished] = asyncio.Queue(BACKLOG_MAX)

    def publish(self, at: float, facts: Sequence[Fact]) -> None:
        """Told by the loop: recordings that are over."""
        for fact in facts:
            if isinstance(fact, RecordingStopped):
                self.take(Finished(recording=fact.recording, contact=fact.contact, expected_s=fact.expected_s, at=at))

    def take(self, finished: Finished) -> None:
        """Put one in line; also for those left over from before a restart. A full line leaves it for the next start."""
        try:
            self._backlog.put_nowait(finished)
        except asyncio.QueueFull:
            log.error("recordings wait unchecked", backlog=BACKLOG_MAX, recording=finished.recording)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def settled(self) -> None:
        """Wait until everything in line has been checked."""
        await self._backlog.join()

    async def _work(self) -> None:
        while True:
            finished = await self._backlog.get()
            try:
                self._post(await self._check(finished))
            finally:
                self._backlog.task_done()

    async def _check(self, finished: Finished) -> RecordingChecked:
        source = await self._complete(finished)
        if source is None:
            missed = finished.expected_s > TOLERANCE_S  # else it was over before anything could be recorded
            return _verdict(finished, Path(""), 0.0, 0, "Asterisk left no file" if missed else "")
        try:
            return await asyncio.to_thread(_keep, source, self._folders.kept, finished)
        except (OSError, EOFError, wave.Error) as error:
            return _verdict(finished, source, 0.0, 0, f"cannot be read or kept: {error}")

    async def _complete(self, finished: Finished) -> Path | None:
        """The spooled file once Asterisk has finished it, or None if there is none."""
        name = str(finished.recording)
        if not RECORDING_PATTERN.fullmatch(name):
            return None
        candidates = (self._folders.conversations / f"{name}.raw", self._folders.messages / f"{name}.wav")
        clock = asyncio.get_running_loop().time
        started = changed = clock()
        last: tuple[Path, int] | None = None
        limit_s = GIVE_UP_S if finished.expected_s > TOLERANCE_S else STILL_S  # there may be none, and rightly so
        while clock() - started < limit_s:
            now = next(((path, path.stat().st_size) for path in candidates if path.exists()), None)
            if now != last:
                last, changed = now, clock()
            elif now is not None and clock() - changed >= (2 * POLL_S if _long_enough(now, finished) else STILL_S):
                return now[0]
            await asyncio.sleep(POLL_S)
        return last[0] if last is not None else None


def _long_enough(seen: tuple[Path, int], finished: Finished) -> bool:
    path, size = seen
    frame = SAMPLE_BYTES * (2 if path.suffix == ".raw" else 1)
    return size / (frame * RATE_HZ) >= finished.expected_s - TOLERANCE_S / 2


def _keep(source: Path, kept: Path, finished: Finished) -> RecordingChecked:
    """Make a WAV of the file, look at it, and put it where it belongs. Runs in a thread."""
    day = dt.datetime.fromtimestamp(finished.at, dt.UTC)
    folder = kept / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{finished.recording}.wav"
    partial = target.with_suffix(".partial")
    if source.suffix == ".raw":
        _wrap(source, partial)
    else:
        shutil.copyfile(source, partial)
    with wave.open(str(partial), "rb") as reader:
        channels, rate, frames = reader.getnchannels(), reader.getframerate(), reader.getnframes()
        held = _decodable_frames(reader)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(target)
    with contextlib.suppress(FileNotFoundError):
        source.unlink()
    seconds = held / rate
    return _verdict(finished, target, seconds, channels, _problem(held, frames, seconds, channels, source, finished))


def _wrap(raw: Path, into: Path) -> None:
    with raw.open("rb") as samples, wave.open(str(into), "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(RATE_HZ)
        while chunk := samples.read(CHUNK_BYTES):
            writer.writeframesraw(chunk[: len(chunk) - len(chunk) % (2 * SAMPLE_BYTES)])


def _decodable_frames(reader: wave.Wave_read) -> int:
    frame = reader.getnchannels() * reader.getsampwidth()
    held = 0
    while chunk := reader.readframes(CHUNK_BYTES // frame):
        held += len(chunk) // frame
    return held


def _problem(held: int, frames: int, seconds: float, channels: int, source: Path, finished: Finished) -> str:
    expected_channels = 2 if source.suffix == ".raw" else 1
    if held != frames:
        return f"the file breaks off after {held} of {frames} frames"
    if channels != expected_channels:
        return f"{channels} channels instead of {expected_channels}"
    if source.suffix == ".raw" and abs(seconds - finished.expected_s) > TOLERANCE_S:
        return f"{seconds:.2f} s long, the talk was {finished.expected_s:.2f} s"
    return ""


def _verdict(finished: Finished, path: Path, seconds: float, channels: int, problem: str) -> RecordingChecked:
    if problem:
        log.warning("recording is not as it should be", recording=finished.recording, problem=problem)
    return RecordingChecked(
        recording=finished.recording,
        contact=finished.contact,
        path=str(path) if path.name else "",
        seconds=seconds,
        channels=channels,
        problem=problem,
    )
