"""The ledger's reader, for explain, replay and restart. Knows pages; changes nothing and needs no writer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import asyncpg

from callcenter.model.entry import Entry, decode_entry
from callcenter.model.ids import ContactId
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.unnamed import ERASED_PATTERN

PAGE_ENTRIES: Final = 1000
SEQ_MAX: Final = 2**63 - 1


class JournalReader:
    """Entries as they were decided, in order."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last_seq(self) -> int:
        """The last entry in Postgres; 0 if there is none."""
        with asking():
            seq: int = await self._pool.fetchval(sql("journal.last_seq"))
        return seq

    async def between(self, since: float | None, until: float | None) -> tuple[int, int]:
        """The first entry at or after one time and the last before another (UTC seconds); (0, 0) if there is none."""
        with asking():
            first = 1 if since is None else await self._pool.fetchval(sql("journal.first_since"), _moment(since))
            last = (
                await self._pool.fetchval(sql("journal.last_seq"))
                if until is None
                else await self._pool.fetchval(sql("journal.last_before"), _moment(until))
            )
        return (first, last) if first is not None and last is not None and first <= last else (0, 0)

    async def refused(self) -> int:
        """How many entries Postgres could not hold as they are; their rows are missing from the reports."""
        with asking():
            count: int = await self._pool.fetchval(sql("journal.refused_count"))
        return count

    async def any_erased(self, after_seq: int, until_seq: int) -> bool:
        """Whether somebody was erased of an entry after one, up to and with another."""
        with asking():
            found: bool = await self._pool.fetchval(sql("journal.any_erased"), after_seq, until_seq, ERASED_PATTERN)
        return found

    async def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """Entries after one, up to and with another (default: to the end), page by page."""
        last = SEQ_MAX if until_seq is None else until_seq
        while True:
            with asking():
                page = await self._pool.fetch(sql("journal.page"), after_seq, last, PAGE_ENTRIES)
            for record in page:
                yield _entry(record)
            if len(page) < PAGE_ENTRIES:
                return
            after_seq = page[-1]["seq"]

    async def entries_of(self, contact: ContactId) -> AsyncIterator[Entry]:
        """The entries that speak of one contact, in order."""
        after = 0
        while True:
            with asking():
                page = await self._pool.fetch(sql("journal.page_of_contact"), contact, after, PAGE_ENTRIES)
            for record in page:
                yield _entry(record)
            if len(page) < PAGE_ENTRIES:
                return
            after = page[-1]["seq"]


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _entry(record: asyncpg.Record) -> Entry:
    if record["line"] is not None:
        return decode_entry(record["line"])
    # `repr` of a double is exact, and the two columns are JSON already
    head = f'{{"seq":{record["seq"]},"at":{record["at_s"]!r},'
    return decode_entry(f'{head}"event":{record["event"]},"outputs":{record["outputs"]}}}'.encode())
