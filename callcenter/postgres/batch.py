"""One batch of entries into Postgres, with all rows folded from them, exactly once. Knows the mark; knows no spool.

Theory: the mark says how far the journal is written, and moves in the transaction that writes. Whoever does not know
whether a batch was committed simply sends it again: what lies at or below the mark is skipped, with its rows. An entry
that Postgres cannot hold is kept as bytes in its place, so that it neither blocks those behind it nor is lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
import msgspec
import structlog

from callcenter.core.records import rows
from callcenter.errors import Bug
from callcenter.model.entry import Entry
from callcenter.postgres.pool import Connection, say
from callcenter.postgres.queries import sql
from callcenter.postgres.records import write_rows
from callcenter.postgres.spool import Spooled

log = structlog.get_logger(__name__)

CONTACT_ID_MAX: Final = 100  # what asks about a contact may name anything; ours are shorter

# What is wrong with the values and not with Postgres. ValueError: a value that cannot be sent (asyncpg's own too).
_UNFIT: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
    OverflowError,
)


class _Parts(msgspec.Struct):
    """A line, cut where the journal's columns are; the pieces stay the bytes they were."""

    event: msgspec.Raw
    outputs: msgspec.Raw


_PARTS = msgspec.json.Decoder(_Parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a batch did."""

    mark_before: int
    mark: int
    refused: int  # entries that are kept as bytes only


async def write_batch(connection: Connection, batch: Sequence[Spooled]) -> Written:
    """Write what is not yet written of a batch, which is in order. Raises what asyncpg raises when Postgres is away."""
    try:
        return await _write(connection, batch)
    except _UNFIT as error:
        if len(batch) == 1:
            return await _refuse(connection, batch[0], error)
    middle = len(batch) // 2
    first = await write_batch(connection, batch[:middle])
    second = await write_batch(connection, batch[middle:])
    return Written(mark_before=first.mark_before, mark=second.mark, refused=first.refused + second.refused)


async def _write(connection: Connection, batch: Sequence[Spooled]) -> Written:
    async with connection.transaction():
        mark: int = await connection.fetchval(sql("journal.mark"))
        fresh = [spooled for spooled in batch if spooled.entry.seq > mark]
        if not fresh:
            return Written(mark_before=mark, mark=mark, refused=0)
        await _copy_entries(connection, fresh)
        await write_rows(connection, (row for spooled in fresh for row in rows(spooled.entry)))
        last = fresh[-1].entry.seq
        await _move_mark(connection, mark, last)
    return Written(mark_before=mark, mark=last, refused=0)


async def _copy_entries(connection: Connection, fresh: Sequence[Spooled]) -> None:
    records = []
    contacts: list[tuple[str, int]] = []
    for spooled in fresh:
        entry = spooled.entry
        parts = _PARTS.decode(spooled.line)
        records.append((entry.seq, entry.at, bytes(parts.event).decode(), bytes(parts.outputs).decode()))
        contacts.extend((contact, entry.seq) for contact in contacts_of(entry))
    await connection.copy_records_to_table("journal", records=records, columns=["seq", "at_s", "event", "outputs"])
    if contacts:
        await connection.copy_records_to_table("journal_contact", records=contacts, columns=["contact", "seq"])


async def _refuse(connection: Connection, spooled: Spooled, error: BaseException) -> Written:
    seq = spooled.entry.seq
    async with connection.transaction():
        mark: int = await connection.fetchval(sql("journal.mark"))
        if seq <= mark:
            return Written(mark_before=mark, mark=mark, refused=0)
        await connection.execute(sql("journal.refuse"), seq, spooled.line, say(error).replace("\0", "\\0"))
        await _move_mark(connection, mark, seq)
    log.error("Postgres cannot hold an entry of the journal; it is kept as bytes", seq=seq, error=type(error).__name__)
    return Written(mark_before=mark, mark=seq, refused=1)


async def _move_mark(connection: Connection, mark: int, to: int) -> None:
    if await connection.fetchval(sql("journal.move_mark"), mark, to) != to:
        raise Bug(f"the journal's mark is no longer at {mark}: two writers")


def contacts_of(entry: Entry) -> Iterable[str]:
    """The contacts an entry speaks of, each once, in order."""
    named = {getattr(message, "contact", None): None for message in (entry.event, *entry.outputs)}
    return [contact for contact in named if contact is not None and len(contact) <= CONTACT_ID_MAX]
