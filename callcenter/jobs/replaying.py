"""The recorded journal told again, entry by entry, under the configuration that was in force. Knows no screen.

Theory: the engine is deterministic, so the same events at the same times, under the same versions of the configuration
and the same build, give the same words. A snapshot is a place to begin. The first entry that comes out otherwise ends
the telling: what follows stands on another past.

Where a person was erased, what was erased of an entry is not compared; and since what she was may have decided
something (a list that she was in, a number that may be called), an entry that comes out otherwise after one of which
somebody was erased is none that differs: it goes on from the next snapshot, and how many entries lie between is told.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore
from callcenter.errors import CallCenterError
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry, Output
from callcenter.model.events import EngineStarted
from callcenter.model.facts import ContactOpened
from callcenter.ports import Shelf
from callcenter.postgres.snapshots import Snapshot
from callcenter.postgres.unnamed import alike_but_for_erased, is_erased

BEFORE_MAX: Final = 5  # entries that are shown before one that differs
TELL_EVERY: Final = 2_000  # entries between two words about how far it is

Progress = Callable[[int, int], None]
"""Told up to which of which entry the journal has been told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first entry that came out otherwise, and those before it. `problem`: it could not be told at all."""

    entry: Entry
    answered: tuple[Output, ...]
    before: tuple[Entry, ...]
    build: str  # that recorded it
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What telling entries `first` to `last` again came to. Times are UTC seconds, lengths seconds."""

    first: int  # 0: there were none
    last: int
    entries: int
    contacts: int  # that came in these entries
    began: float
    ended: float
    took_s: float  # of this machine's time
    versions: tuple[int, ...]  # of the configuration, as they came into force
    snapshot: int | None  # after which entry it began, if not with the first
    difference: Difference | None = None
    passed_over: int = 0  # entries that could not be told, because somebody was erased of what led to them


class Entries(Protocol):
    """The journal, to be read."""

    async def last_seq(self) -> int:
        """The last entry; 0 if there is none."""
        ...

    def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """Entries after one, up to and with another, in order."""
        ...

    async def any_erased(self, after_seq: int, until_seq: int) -> bool:
        """Whether somebody was erased of an entry after one, up to and with another."""
        ...


class Taken(Protocol):
    """The snapshots."""

    async def latest(self, before_seq: int | None = None) -> Snapshot | None:
        """The newest, or the newest before an entry."""
        ...

    async def next(self, after_seq: int) -> Snapshot | None:
        """The first of an entry or a later one."""
        ...


async def replay(
    configuration: Configuration,
    reader: Entries,
    snapshots: Taken,
    shelf: Shelf,
    *,
    first: int = 1,
    last: int | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Tell entries `first` (or the snapshot before it) to `last` again. Raises what the readers raise.

    `configuration` is for a journal that begins without a version.
    """
    until = await reader.last_seq() if last is None else last
    telling = _Telling(configuration, shelf)
    snapshot = await snapshots.latest(before_seq=first) if first > 1 else None
    start = after = await telling.begin(snapshot)
    began = time.perf_counter()
    while (stuck := await _told(telling, reader, after, until, progress)) is not None:
        snapshot = await snapshots.next(stuck)
        after = until if snapshot is None else min(snapshot.seq, until)
        telling.pass_over(after - stuck + 1)
        if snapshot is None or after == until:
            break
        await telling.begin(snapshot)
    return telling.result(start, time.perf_counter() - began)


async def _told(telling: "_Telling", reader: Entries, after: int, until: int, progress: Progress | None) -> int | None:
    """Tell the entries to the last, or to one that differs (then None); or to one that comes out otherwise, as it may
    where somebody was erased (then that)."""
    erased = telling.unsure
    async for entry in reader.entries(after, until):
        await telling.tell(entry)
        if progress is not None and entry.seq % TELL_EVERY == 0:
            progress(entry.seq, until)
        if telling.difference is None:
            continue
        erased = erased or await reader.any_erased(after, entry.seq)
        if not erased:
            return None
        if not telling.forgiven():
            return entry.seq
    return None


class _Telling:
    """An engine that is told a journal, and what has been seen so far."""

    def __init__(self, configuration: Configuration, shelf: Shelf) -> None:
        self.difference: Difference | None = None
        self._configuration = configuration
        self._shelf = shelf
        self._engine = Engine(configuration, library=shelf.configurations)
        self._build = ""
        self._versions: list[int] = []
        self._lately: deque[Entry] = deque(maxlen=BEFORE_MAX)
        self._first: Entry | None = None
        self._last: Entry | None = None
        self._entries = self._contacts = self._passed_over = 0
        self.unsure = False  # somebody was erased of what the engine was given to remember

    async def begin(self, snapshot: Snapshot | None) -> int:
        """After which entry it begins: 0, or that of a snapshot."""
        if snapshot is None:
            return 0
        self.unsure = is_erased(snapshot.state)
        await self._shelf.need_for_snapshot(snapshot.state)
        self._engine = restore(self._configuration, snapshot.state, self._shelf.configurations)
        self._build = snapshot.build
        self._versions.append(self._engine.world.version)
        return snapshot.seq

    def forgiven(self) -> bool:
        """Whether the last entry came out alike but for what was erased of it: then it does not differ."""
        found = self.difference
        if found is None or found.problem or not alike_but_for_erased(found.entry.outputs, found.answered):
            return False
        self.difference = None
        self._alike(found.entry, found.answered)
        return True

    def pass_over(self, entries: int) -> None:
        """So many cannot be told; what came of the first of them is no difference."""
        self.difference = None
        self._passed_over += entries
        self._lately.clear()

    async def tell(self, entry: Entry) -> None:
        """One entry."""
        event = entry.event
        await self._shelf.need_for(event)
        if isinstance(event, EngineStarted):
            self._build = event.build
            if event.fresh:
                self._engine = Engine(self._configuration, library=self._shelf.configurations)
        self._first = self._first or entry
        try:
            answered = tuple(self._engine.handle(event, entry.at))
        except (CallCenterError, LookupError, ValueError, TypeError, AttributeError) as error:
            self._differs(entry, (), f"{type(error).__name__}: {error}")
            return
        if answered != entry.outputs:
            self._differs(entry, answered, "")
        else:
            self._alike(entry, answered)

    def _alike(self, entry: Entry, answered: tuple[Output, ...]) -> None:
        version = self._engine.world.version
        if not self._versions or self._versions[-1] != version:
            self._versions.append(version)
        self._last = entry
        self._entries += 1
        self._contacts += sum(type(output) is ContactOpened for output in answered)
        self._lately.append(entry)

    def result(self, after: int, took_s: float) -> Replay:
        """What it came to."""
        first, last = self._first, self._last
        return Replay(
            first=first.seq if first is not None else 0,
            last=last.seq if last is not None else 0,
            entries=self._entries,
            contacts=self._contacts,
            began=first.at if first is not None else 0.0,
            ended=last.at if last is not None else 0.0,
            took_s=took_s,
            versions=tuple(self._versions),
            snapshot=after or None,
            difference=self.difference,
            passed_over=self._passed_over,
        )

    def _differs(self, entry: Entry, answered: tuple[Output, ...], problem: str) -> None:
        self.difference = Difference(
            entry=entry, answered=answered, before=tuple(self._lately), build=self._build, problem=problem
        )
