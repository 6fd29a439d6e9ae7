"""The journal's local file: what makes an entry survive our death and Postgres's absence. Knows files; no database.

Theory: an entry is one line of JSON, handed to the kernel with one write before anything is done about it. From then
on a SIGKILL cannot take it; a power cut can, until `sync`. Lines go into segments, files named after their first entry,
and every run begins a new one, so that a line torn by a crash is always the last of its segment. Segments are read from
front to back, in step with writing, and removed when all they hold is in Postgres. One process owns a spool.

A full disk does not stop the call center: lines then wait in memory, in order, up to a limit, and are read from there.
"""

import fcntl
import mmap
import os
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec
import structlog

from callcenter.errors import Bug, ConfigurationError, Problem
from callcenter.model.entry import Entry, decode_entry

log = structlog.get_logger(__name__)

SEGMENT_MAX_BYTES: Final = 8 * 1024 * 1024
UNWRITTEN_MAX_ENTRIES: Final = 100_000
SPOOL_MODE: Final = 0o600  # entries hold personal data

_NAME: Final = "journal-{:019}.jsonl"
_PATTERN: Final = "journal-*.jsonl"
_LOCK: Final = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """An entry and the line it was read from (without the line end)."""

    entry: Entry
    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an earlier run left behind."""

    last_seq: int  # 0 if nothing
    segments: int
    torn_bytes: int  # of lines that a crash cut short; they were never acted on


class Spool:
    """The segments of one journal. Not thread-safe; only `sync_files` may run in another thread."""

    def __init__(self, folder: Path, *, segment_max_bytes: int = SEGMENT_MAX_BYTES) -> None:
        self._folder = folder
        self._segment_max_bytes = segment_max_bytes
        self._lock: int | None = None
        self._segments: deque[int] = deque()  # their first entries, ascending; the last may be the active one
        self._active: int | None = None  # file descriptor
        self._active_bytes = 0
        self._reader: BufferedReader | None = None
        self._reading = 0  # first entry of the segment being read; 0: none
        self._read_seq = 0
        self._unwritten: deque[tuple[int, bytes]] = deque()
        self._unsynced: list[int] = []  # descriptors of finished segments and folders, ours to close
        self._dirty = False
        self.problem = ""  # why the disk takes nothing; "" if it does
        self.damaged = 0  # lines that could not be read
        self.last_seq = 0

    # -- opening and closing ------------------------------------------------------------------------------------------

    def open(self) -> Found:
        """Take the spool and mend the ends of its segments. Raises ConfigurationError if another process has it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = self._take_lock()
        torn = 0
        for path in sorted(self._folder.glob(_PATTERN)):
            torn += _mend(path)
            if path.stat().st_size == 0:
                path.unlink()
            else:
                self._segments.append(int(path.stem.removeprefix("journal-")))
        self.last_seq = self._find_last_seq()
        return Found(last_seq=self.last_seq, segments=len(self._segments), torn_bytes=torn)

    def close(self) -> None:
        """Let go of the spool. What was not forgotten stays for the next run."""
        if self._active is not None:
            os.close(self._active)
            self._active = None
        for descriptor in self._unsynced:
            os.close(descriptor)
        self._unsynced.clear()
        self._stop_reading()
        if self._lock is not None:
            os.close(self._lock)  # which also unlocks
            self._lock = None

    def _take_lock(self) -> int:
        path = self._folder / _LOCK
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, SPOOL_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise ConfigurationError(
                [
                    Problem(
                        where=str(self._folder),
                        what=f"another call center (pid {owner or 'unknown'}) writes its journal here",
                        remedy="stop it first, or give this one a folder and a database of its own",
                    )
                ]
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def _find_last_seq(self) -> int:
        for first in reversed(self._segments):
            seq = _last_seq_in(self._path(first))
            if seq:
                return seq
        return 0

    # -- writing ------------------------------------------------------------------------------------------------------

    def write(self, seq: int, line: bytes) -> None:
        """Put one line into the spool. Raises Bug when the disk has refused so much that memory would not hold it."""
        self._unwritten.append((seq, line + b"\n"))
        self.last_seq = seq
        self._write_what_waits()
        if len(self._unwritten) > UNWRITTEN_MAX_ENTRIES:
            raise Bug(f"the journal cannot be written anywhere: {self.problem}, and Postgres does not take it either")

    def _write_what_waits(self) -> None:
        while self._unwritten:
            seq, line = self._unwritten[0]
            try:
                self._put(seq, line)
            except OSError as error:
                if not self.problem:
                    log.error("the journal's disk refuses", folder=str(self._folder), error=str(error))
                self.problem = f"{self._folder}: {error}"
                return
            self._unwritten.popleft()
        if self.problem:
            log.info("the journal's disk accepts again", folder=str(self._folder))
            self.problem = ""

    def _put(self, seq: int, line: bytes) -> None:
        """Write one line as a whole, or leave the segment as it was and raise OSError."""
        if self._active is None or self._active_bytes >= self._segment_max_bytes:
            self._begin_segment(seq)
        descriptor = self._active
        assert descriptor is not None
        try:
            written = os.write(descriptor, line)
            while written < len(line):
                written += os.write(descriptor, line[written:])
        except OSError:
            try:
                os.ftruncate(descriptor, self._active_bytes)
            except OSError:  # then its end is torn, which any reader tolerates; go on in another segment
                self._end_segment()
            raise
        self._active_bytes += len(line)
        self._dirty = True

    def _begin_segment(self, seq: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            descriptor = os.open(self._path(seq), flags, SPOOL_MODE)
        except FileExistsError:  # begun before, and nothing could be written into it
            descriptor = os.open(self._path(seq), os.O_WRONLY | os.O_TRUNC | os.O_APPEND)
        self._end_segment()
        self._active, self._active_bytes = descriptor, 0
        if not self._segments or self._segments[-1] != seq:
            self._segments.append(seq)
        with suppress(OSError):  # a missing name after a power cut: `sync` says so if it matters
            self._unsynced.append(os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY))

    def _end_segment(self) -> None:
        if self._active is not None:
            self._unsynced.append(self._active)
            self._active = None

    # -- to the disk itself --------------------------------------------------------------------------------------------

    def unsynced(self) -> list[int]:
        """Descriptors that `sync_files` must sync and close, to make all that was written survive a power cut."""
        taken, self._unsynced = self._unsynced, []
        if self._dirty and self._active is not None:
            taken.append(os.dup(self._active))
        self._dirty = False
        return taken

    # -- reading ------------------------------------------------------------------------------------------------------

    def read(self, entries_max: int, bytes_max: int) -> list[Spooled]:
        """The next entries, in order, each once; fewer when there are no more. Damaged lines are set aside, loudly."""
        found: list[Spooled] = []
        size = 0
        while len(found) < entries_max and size < bytes_max:
            line = self._next_line()
            if line is None:
                break
            spooled = self._decoded(line)
            if spooled is not None and spooled.entry.seq > self._read_seq:
                self._read_seq = spooled.entry.seq
                found.append(spooled)
                size += len(line)
        return found

    def _next_line(self) -> bytes | None:
        while self._reader is not None or self._open_next():
            assert self._reader is not None
            line = self._reader.readline()
            if line.endswith(b"\n"):
                return line
            if self._reading == self._segments[-1] and self._active is not None:
                self._reader.seek(-len(line), os.SEEK_CUR)
                break  # more may come here
            if not self._open_next():
                break
        return next((line for seq, line in self._unwritten if seq > self._read_seq), None)

    def _open_next(self) -> bool:
        """Go on to the segment after the one being read; False (and nothing changes) if there is none."""
        following = next((first for first in self._segments if first > self._reading), None)
        if following is None:
            return False
        self._stop_reading()
        self._reader = self._path(following).open("rb")
        self._reading = following
        return True

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _decoded(self, line: bytes) -> Spooled | None:
        try:
            return Spooled(entry=decode_entry(line), line=line[:-1])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.damaged += 1
            aside = self._folder / f"damaged-after-{self._read_seq:019}.jsonl"
            with aside.open("ab") as file:
                file.write(line)
            log.error(
                "a line of the journal cannot be read", after_seq=self._read_seq, kept=str(aside), error=str(error)
            )
            return None

    # -- forgetting ----------------------------------------------------------------------------------------------------

    def forget(self, up_to_seq: int, *, also_active: bool = False) -> None:
        """Remove the segments whose entries are all in Postgres."""
        while self._unwritten and self._unwritten[0][0] <= up_to_seq:
            self._unwritten.popleft()
        while self._segments and self._last_of_first() <= up_to_seq:
            if len(self._segments) == 1 and self._active is not None:
                if not also_active:
                    return
                self._end_segment()
            first = self._segments.popleft()
            if self._reading == first:
                self._stop_reading()
            self._path(first).unlink(missing_ok=True)

    def size_bytes(self) -> int:
        """What the segments take on disk."""
        total = 0
        for first in self._segments:
            with suppress(FileNotFoundError):
                total += self._path(first).stat().st_size
        return total

    def _last_of_first(self) -> int:
        return self._segments[1] - 1 if len(self._segments) > 1 else self.last_seq

    def _path(self, first: int) -> Path:
        return self._folder / _NAME.format(first)


def close_files(descriptors: Iterable[int]) -> None:
    """Close what `Spool.unsynced` gave when there is no need to sync it."""
    for descriptor in descriptors:
        os.close(descriptor)


def sync_files(descriptors: Iterable[int]) -> str:
    """Bring files to the disk and close them. For a thread. Gives what went wrong, or ""."""
    problem = ""
    for descriptor in descriptors:
        try:
            os.fsync(descriptor)
        except OSError as error:
            problem = str(error)
        finally:
            os.close(descriptor)
    return problem


def _mend(path: Path) -> int:
    """Cut off a last line without its end; gives how many bytes it had."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        if size == 0:
            return 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            whole = content.rfind(b"\n") + 1
        if whole < size:
            file.truncate(whole)
            log.warning("a torn entry was cut off the journal", segment=path.name, torn_bytes=size - whole)
        return size - whole


def _last_seq_in(path: Path) -> int:
    """The number of the last readable entry of a segment; 0 if there is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = len(content)
        while end > 0:
            begin = content.rfind(b"\n", 0, end - 1) + 1
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                return decode_entry(content[begin:end]).seq
            end = begin
    return 0
