"""The recorded journal told again, entry by entry, under the configuration that was in force. Knows no screen.

Theory: the engine is deterministic, so the same events at the same times, under the same versions of the configuration
and the same build, give the same words. A snapshot is a place to begin. The first entry that comes out otherwise ends
the telling: what follows stands on another past.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore
from callcenter.errors import CallCenterError
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry, Output
from callcenter.model.events import EngineStarted
from callcenter.model.facts import ContactOpened
from callcenter.ports import Shelf
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots

BEFORE_MAX: Final = 5  # entries that are shown before one that differs
TELL_EVERY: Final = 2_000  # entries between two words about how far it is

Progress = Callable[[int, int], None]
"""Told how many of how many entries have been told again."""


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


async def replay(
    configuration: Configuration,
    reader: JournalReader,
    snapshots: Snapshots,
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
    after = await telling.begin(snapshots, first)
    began = time.perf_counter()
    async for entry in reader.entries(after, until):
        await telling.tell(entry)
        if progress is not None and entry.seq % TELL_EVERY == 0:
            progress(entry.seq - after, until - after)
        if telling.difference is not None:
            break
    return telling.result(after, time.perf_counter() - began)


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
        self._entries = self._contacts = 0

    async def begin(self, snapshots: Snapshots, first: int) -> int:
        """After which entry it begins: 0, or the newest snapshot before `first`."""
        snapshot = await snapshots.latest(before_seq=first) if first > 1 else None
        if snapshot is None:
            return 0
        await self._shelf.need_for_snapshot(snapshot.state)
        self._engine = restore(self._configuration, snapshot.state, self._shelf.configurations)
        self._build = snapshot.build
        self._versions.append(self._engine.world.version)
        return snapshot.seq

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
            return
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
        )

    def _differs(self, entry: Entry, answered: tuple[Output, ...], problem: str) -> None:
        self.difference = Difference(
            entry=entry, answered=answered, before=tuple(self._lately), build=self._build, problem=problem
        )
