"""A journal in memory, for those who read one: what `postgres/reader` and `postgres/snapshots` give, of a list."""

from collections.abc import AsyncIterator, Sequence

from callcenter.core.world import Library
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry
from callcenter.model.events import Event
from callcenter.model.ids import ContactId, Version
from callcenter.postgres.snapshots import Snapshot


class MemoryJournal:
    """Entries in order."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    async def last_seq(self) -> int:
        """The last one's."""
        return self._entries[-1].seq if self._entries else 0

    async def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """Those between."""
        for entry in self._entries:
            if entry.seq > after_seq and (until_seq is None or entry.seq <= until_seq):
                yield entry

    async def entries_of(self, contact: ContactId) -> AsyncIterator[Entry]:
        """Those that speak of a contact."""
        for entry in self._entries:
            if any(getattr(part, "contact", None) == contact for part in (entry.event, *entry.outputs)):
                yield entry


class NoSnapshots:
    """None was ever taken."""

    async def latest(self, before_seq: int) -> Snapshot | None:
        """None."""
        return None


class MemoryShelf:
    """Every version of the configuration is at hand."""

    def __init__(self, configurations: Library) -> None:
        self.configurations = configurations

    async def need(self, version: Version) -> Configuration:
        """It is there."""
        return self.configurations[version]

    async def need_for(self, event: Event) -> None:
        """It is there."""

    async def need_for_snapshot(self, taken: bytes) -> None:
        """They are there."""
