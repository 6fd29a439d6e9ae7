"""Lists of leads written to Postgres in batches, without a number that is there already. Knows no file.

Each batch is a transaction of its own with the list's counts, so that an import that was killed is gone on with by
doing it again: what is there is a duplicate then.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.errors import Bug
from callcenter.model.lead import LeadNumber, ListOfLeads
from callcenter.postgres.pool import Borrowed, Pool, asking, changing
from callcenter.postgres.queries import sql

REMOVED_AT_ONCE: Final = 5_000  # leads of one transaction


class Duplicates(StrEnum):
    """Where a number must not be yet, for a row to be taken."""

    EVERYWHERE = "everywhere"  # in no list
    LIST = "list"  # not in this one
    KEEP = "keep"  # whatever there is


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A row as it is to be written."""

    line: int
    numbers: tuple[LeadNumber, ...]
    name: str = ""
    reference: str = ""
    priority: int = 0
    zone: str = ""
    zones: tuple[str, ...] = ()
    part: str = ""
    custom: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What became of a list: leads who went, and those who were called and stay on record, as done."""

    removed: int
    kept: int


async def remove_list(pool: Pool, name: str) -> Removed | None:
    """Take a list out, in pieces; None if a dialler has leads of it. Of no list nothing is removed.

    Killed in the middle of it, it is gone on with by doing it again.
    """
    with asking():
        if await pool.fetchval(sql("lists.claimed"), name):
            return None
    removed = 0
    while True:
        async with changing(pool) as connection:
            gone = int((await connection.execute(sql("lists.remove_undialled"), name, REMOVED_AT_ONCE)).split()[-1])
        removed += gone
        if gone < REMOVED_AT_ONCE:
            break
    async with changing(pool) as connection:
        await connection.execute(sql("lists.finish_dialled"), name)
        await connection.execute(sql("lists.remove_empty"), name)
        kept = await connection.fetchval(sql("lists.recount"), name)
    return Removed(removed=removed, kept=kept or 0)


class ListWriter:
    """Writes one list."""

    def __init__(self, pool: Pool, list_: ListOfLeads, duplicates: Duplicates) -> None:
        self._pool = pool
        self._list = list_
        self._duplicates = duplicates
        self._created: dt.datetime | None = None

    async def begin(self, region: str) -> None:
        """Make the list, or add to it. Leads of one import are equally new, however many batches it takes."""
        async with changing(self._pool) as connection:
            self._created = await connection.fetchval(sql("lists.begin"), self._list, region)

    async def write(self, leads: Sequence[NewLead], refused: int = 0) -> list[tuple[NewLead, str]]:
        """Write a batch; gives those left out, each with the number that was there already."""
        async with changing(self._pool) as connection:
            await connection.fetch(sql("lists.hold"))
            taken, left = self._new(leads, await self._known(connection, leads))
            if taken:
                await self._copy(connection, taken)
            await connection.execute(sql("lists.count"), self._list, len(taken), refused, len(left))
        return left

    async def _known(self, connection: Borrowed, leads: Sequence[NewLead]) -> set[str]:
        if self._duplicates is Duplicates.KEEP:
            return set()
        numbers = [number.number for lead in leads for number in lead.numbers]
        within = self._list if self._duplicates is Duplicates.LIST else None
        return {row["number"] for row in await connection.fetch(sql("lists.known"), numbers, within)}

    def _new(self, leads: Sequence[NewLead], known: set[str]) -> tuple[list[NewLead], list[tuple[NewLead, str]]]:
        """The leads of which no number is known, and the others; what is taken is known from then on."""
        taken: list[NewLead] = []
        left: list[tuple[NewLead, str]] = []
        for lead in leads:
            double = next((number.number for number in lead.numbers if number.number in known), "")
            if double:
                left.append((lead, double))
                continue
            taken.append(lead)
            if self._duplicates is not Duplicates.KEEP:
                known.update(number.number for number in lead.numbers)
        return taken, left

    async def _copy(self, connection: Borrowed, leads: Sequence[NewLead]) -> None:
        ids = [row["id"] for row in await connection.fetch(sql("lists.ids"), len(leads))]
        if self._created is None:
            raise Bug("leads are written before their list is begun")
        encode, created = msgspec.json.encode, self._created
        await connection.copy_records_to_table(
            "lead",
            columns=("id", "list", "reference", "name", "priority", "zone", "zones", "part", "custom", "created"),
            records=[
                (
                    id_,
                    self._list,
                    lead.reference,
                    lead.name,
                    lead.priority,
                    lead.zone,
                    " ".join(lead.zones),
                    lead.part,
                    encode(lead.custom).decode(),
                    created,
                )
                for id_, lead in zip(ids, leads, strict=True)
            ],
        )
        await connection.copy_records_to_table(
            "lead_number",
            columns=("lead", "n", "number", "label", "region", "line"),
            records=[
                (id_, one.n, one.number, one.label, one.region, one.line)
                for id_, lead in zip(ids, leads, strict=True)
                for one in lead.numbers
            ],
        )
