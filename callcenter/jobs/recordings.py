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

from callcenter.errors import PeerFault
from callcenter.model.events import Event, RecordingChecked
from callcenter.model.facts import Fact
from callcenter.model.ids import RECORDING_PATTERN, ContactId, RecordingId
from callcenter.model.recording_facts import RecordingDropped, RecordingStopped
from callcenter.speech.wav import BadWav, WavHeader, read_header

RATE_HZ: Final = 8_000
SAMPLE_BYTES: Final = 2
TOLERANCE_S: Final = 0.5  # between the length of the file and of the talk
WATCHED_AT_ONCE: Final = 64  # files that Asterisk may be writing still
KEPT_AT_ONCE: Final = 2  # files copied side by side
CHUNK_BYTES: Final = 1 << 20
WAV_HEADER_BYTES: Final = 44  # of the files that Asterisk writes (formats/format_wav.c)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a file, in seconds: Asterisk writes from its own thread and tells nobody when it is done.

    It writes 32 KiB at a time (main/file.c), which is 1 s of a conversation and 2 s of a message.
    """

    poll_s: float = 0.1
    settled_s: float = 0.2  # a file that is long enough and has not grown for so long is finished
    still_s: float = 2.5  # and so is one that is too short
    missing_s: float = 10.0  # after so long there will be none
    growing_s: float = 60.0  # nobody stops it


class RecordingsJob:
    """Checks recordings, many waited for and a few copied at once. A FactSink; `run` is its task."""

    def __init__(self, folders: Folders, post: Callable[[Event], None], patience: Patience = Patience()) -> None:
        self._folders = folders
        self._post = post
        self._patience = patience
        self._backlog: asyncio.Queue[Finished] = asyncio.Queue(BACKLOG_MAX)
        self._unwanted: asyncio.Queue[RecordingId] = asyncio.Queue()  # few: customers who did not want it
        self._in_hand: set[RecordingId] = set()  # in line or being checked
        self._places = asyncio.Semaphore(KEPT_AT_ONCE)

    def publish(self, at: float, facts: Sequence[Fact]) -> None:
        """Told by the loop: recordings that are over."""
        for fact in facts:
            if isinstance(fact, RecordingDropped):
                self.discard(fact.recording)
            elif isinstance(fact, RecordingStopped):
                self.take(Finished(recording=fact.recording, contact=fact.contact, expected_s=fact.expected_s, at=at))

    def take(self, finished: Finished) -> None:
        """Put one in line; also for those left over from before a restart. A full line leaves it for the next start."""
        if finished.recording in self._in_hand:
            return
        try:
            self._backlog.put_nowait(finished)
        except asyncio.QueueFull:
            log.error("recordings wait unchecked", backlog=BACKLOG_MAX, recording=finished.recording)
        else:
            self._in_hand.add(finished.recording)

    def discard(self, recording: RecordingId) -> None:
        """Keep nothing of a conversation, once Asterisk has let go of its file; also for those left from before."""
        if RECORDING_PATTERN.fullmatch(recording):  # it becomes a path
            self._unwanted.put_nowait(recording)

    def spooled(self) -> tuple[RecordingId, ...]:
        """Conversations whose raw files lie in Asterisk's spool, in order."""
        names = (path.stem for path in self._folders.conversations.glob("*.raw"))
        return tuple(RecordingId(name) for name in sorted(names) if RECORDING_PATTERN.fullmatch(name))

    async def _throw_away(self) -> None:
        """A file that still grows is written by Asterisk, and would come back."""
        while True:
            recording = await self._unwanted.get()
            path, last = self._folders.conversations / f"{recording}.raw", -1
            for _ in range(round(self._patience.growing_s / self._patience.still_s)):
                await asyncio.sleep(self._patience.still_s)
                found = _size(path)
                if found is None or found[1] == last:
                    break
                last = found[1]
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            self._unwanted.task_done()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._throw_away())
            for _ in range(WATCHED_AT_ONCE):
                group.create_task(self._work())

    async def settled(self) -> None:
        """Wait until everything in line has been checked, or thrown away."""
        await self._backlog.join()
        await self._unwanted.join()

    async def _work(self) -> None:
        while True:
            finished = await self._backlog.get()
            try:
                self._post(await self._check(finished))
            finally:
                self._in_hand.discard(finished.recording)
                self._backlog.task_done()

    async def _check(self, finished: Finished) -> RecordingChecked:
        if not RECORDING_PATTERN.fullmatch(finished.recording):  # it becomes a path
            return _verdict(finished, None, problem="not a recording of ours by its name")
        kept = _place(self._folders.kept, finished)
        source = None
        try:
            source = await self._finished_file(finished, kept)
            async with self._places:
                return await asyncio.to_thread(_proven, source, kept, finished)
        except (OSError, PeerFault, wave.Error) as fault:
            return _verdict(finished, source, problem=f"cannot be read or kept: {fault}")
        except Exception as bug:  # whatever it is, one odd file must not end the center, which would meet it again
            log.error("a recording could not be checked", recording=finished.recording, exc_info=bug)
            return _verdict(finished, source, problem=f"cannot be checked: {bug!r}")

    async def _finished_file(self, finished: Finished, kept: Path) -> Path | None:
        """The spooled file once Asterisk has finished it; None if there is none. Raises PeerFault if it only grows."""
        name, patience = str(finished.recording), self._patience
        spooled = (self._folders.conversations / f"{name}.raw", self._folders.messages / f"{name}.wav")
        missing_s = patience.missing_s if _must_be(finished) else patience.still_s
        clock = asyncio.get_running_loop().time
        began = changed = clock()
        last: tuple[Path, int] | None = None
        while True:
            seen = next(filter(None, map(_size, spooled)), None)
            if seen != last:
                last, changed = seen, clock()
            unchanged_s = clock() - changed
            if last is None:
                if unchanged_s >= missing_s or _size(kept) is not None:
                    return None
            elif unchanged_s >= (patience.settled_s if _long_enough(last, finished) else patience.still_s):
                return last[0]
            elif clock() - began >= patience.growing_s:
                raise PeerFault(f"Asterisk still writes {last[0]}")
            await asyncio.sleep(patience.poll_s)


def _size(path: Path) -> tuple[Path, int] | None:
    try:
        return path, path.stat().st_size
    except FileNotFoundError:
        return None


def _must_be(finished: Finished) -> bool:
    """Else it was over before anything could be recorded."""
    return finished.expected_s > TOLERANCE_S


def _long_enough(seen: tuple[Path, int], finished: Finished) -> bool:
    path, size = seen
    frame = SAMPLE_BYTES * (2 if path.suffix == ".raw" else 1)
    return size / (frame * RATE_HZ) >= finished.expected_s - TOLERANCE_S / 2


def _place(kept: Path, finished: Finished) -> Path:
    day = dt.datetime.fromtimestamp(finished.at, dt.UTC)
    return kept / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}" / f"{finished.recording}.wav"


def _proven(source: Path | None, kept: Path, finished: Finished) -> RecordingChecked:
    """Keep the file, if it is not kept already, and look at what is there then. Runs in a thread."""
    mended = source is not None and _is_unfinished(source)
    if source is not None:
        _keep(source, kept, mend=mended)
    elif not kept.exists():  # if it is there, an earlier run kept it and ended before it could say so
        return _verdict(finished, None, problem="Asterisk left no file" if _must_be(finished) else "")
    try:
        header = read_header(kept)
    except BadWav as bad:
        return _verdict(finished, kept, problem=f"cannot be read: {bad}")
    message = source.suffix == ".wav" if source is not None else header.channels == 1
    problem = "Asterisk did not finish the file" if mended else _problem(header, finished, message=message)
    return _verdict(finished, kept, header, problem)


def _is_unfinished(source: Path) -> bool:
    """Whether it is a WAV whose length was never written, which is done when it is closed."""
    with source.open("rb") as file:
        head = file.read(WAV_HEADER_BYTES)
        sound = file.read(1)
    named = (head[:4], head[8:16], head[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")
    return source.suffix == ".wav" and named and head[40:] == bytes(4) and sound != b""


def _keep(source: Path, kept: Path, *, mend: bool) -> None:
    """Make a WAV of the file where it belongs; the source goes when that is safe on disk."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(".partial")
    try:
        if source.suffix == ".raw":
            _wrap(source, partial, channels=2)
        elif mend:
            _wrap(source, partial, channels=1, skip_bytes=WAV_HEADER_BYTES)
        else:
            shutil.copyfile(source, partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(kept)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(kept.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    with contextlib.suppress(FileNotFoundError):
        source.unlink()


def _wrap(raw: Path, into: Path, *, channels: int, skip_bytes: int = 0) -> None:
    """Samples of 16 bits as a WAV; a frame that was cut in two at the end is left out."""
    frame = channels * SAMPLE_BYTES
    with raw.open("rb") as samples, wave.open(str(into), "wb") as writer:
        samples.seek(skip_bytes)
        writer.setnchannels(channels)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(RATE_HZ)
        while chunk := samples.read(CHUNK_BYTES):
            writer.writeframesraw(chunk[: len(chunk) - len(chunk) % frame])


def _problem(header: WavHeader, finished: Finished, *, message: bool) -> str:
    expected_channels = 1 if message else 2
    if not header.complete:
        return f"the file breaks off after {header.frames} frames"
    if header.channels != expected_channels:
        return f"{header.channels} channels instead of {expected_channels}"
    if header.frames == 0 and _must_be(finished):
        return "there is nothing in it"
    if not message and abs(header.duration_s - finished.expected_s) > TOLERANCE_S:
        return f"{header.duration_s:.2f} s long, the talk was {finished.expected_s:.2f} s"
    return ""


def _verdict(
    finished: Finished, path: Path | None, header: WavHeader | None = None, problem: str = ""
) -> RecordingChecked:
    if problem:
        log.warning("recording is not as it should be", recording=finished.recording, problem=problem)
    return RecordingChecked(
        recording=finished.recording,
        contact=finished.contact,
        path=str(path) if path is not None else "",
        seconds=header.duration_s if header is not None else 0.0,
        channels=header.channels if header is not None else 0,
        problem=problem,
    )
