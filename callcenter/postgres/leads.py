"""Leads in Postgres: claimed in order so that no two diallers have one, woken when their time comes, given back.

Knows orders and filters as SQL, from allow-lists only; knows no pacing and no law but which groups of zones are open,
which it is told.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import asyncpg
import msgspec

from callcenter.core.best_hour import HOURS
from callcenter.errors import Bug
from callcenter.model.calendar import local_hour
from callcenter.model.campaign import LeadOrder
from callcenter.model.lead import DiallerName, Lead, LeadId, LeadNumber, LeadState, ListOfLeads, Outcome
from callcenter.model.lead_filter import EVERYBODY, Filter
from callcenter.postgres.lead_filter import NUMBER, as_number, compiled
from callcenter.postgres.pool import Borrowed, Pool, asking, changing
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

WOKEN_MAX: Final = 5_000
"""So many waiting leads become ready in one go."""
_FIXED: Final = 4
"""The parameters of `leads.claim` itself; those of its filter come after."""
ORDERS: Final = {
    LeadOrder.PRIORITY: "priority DESC, id",
    LeadOrder.NEWEST: "created DESC, id",
    LeadOrder.FEWEST_ATTEMPTS: "attempts, id",
    LeadOrder.RANDOM: "shuffle, id",
}
NEVER_CALLED: Final = 1.5
"""Hours away from her best one that a lead counts as who was never called: after those of this hour and the next."""
_NO_HOUR: Final = -1  # of who was never called, in the index
_TIERS: Final[tuple[int | None, ...]] = (0, 1, None, *range(2, HOURS // 2 + 1))
"""Hours away from a lead's best one, nearest first; None: never called. Each is claimed by itself, out of an index."""
_NUMBER: Final = re.compile(NUMBER)
_OUTCOMES: Final = msgspec.json.Decoder(dict[Outcome, int])
_CUSTOM: Final = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a list is: leads by state, those that were dialled at least once, and those of whom one was reached."""

    states: dict[LeadState, int]
    tried: int
    reached: int

    @property
    def leads(self) -> int:
        """All."""
        return sum(self.states.values())

    @property
    def penetration(self) -> float | None:
        """The share that was dialled at least once; None of an empty list."""
        return self.tried / self.leads if self.leads else None


class Leads:
    """The lists, for one dialler."""

    def __init__(self, pool: Pool, dialler: DiallerName) -> None:
        self._pool = pool
        self._dialler = dialler

    async def zones(self, list_: ListOfLeads) -> tuple[tuple[str, ...], ...]:
        """The groups of zones that the ready leads of a list are in."""
        with asking():
            rows = await self._pool.fetch(sql("leads.zones"), list_)
        return tuple(tuple(row["zones"].split()) for row in rows)

    async def wake(self, list_: ListOfLeads, at: float) -> int:
        """Make leads ready whose time has come; gives how many."""
        async with changing(self._pool) as connection:
            done = await connection.execute(sql("leads.wake"), list_, time_of(at), WOKEN_MAX)
        return int(done.split()[-1])

    async def claim(
        self,
        list_: ListOfLeads,
        count: int,
        *,
        zones: Sequence[tuple[str, ...]],
        order: LeadOrder = LeadOrder.PRIORITY,
        order_field: str = "",
        only: Filter = EVERYBODY,
        at: float = 0.0,
    ) -> tuple[Lead, ...]:
        """Take up to `count` ready leads of these groups of zones, in order, with the numbers that may be tried.

        `at` is now: it matters where the order goes by the hour, and for numbers that rest.
        """
        hours = {" ".join(group): local_hour(at, group[0]) if group else 0 for group in zones}
        async with changing(self._pool) as connection:
            if order is LeadOrder.BEST_HOUR:
                rows = await self._of_hours(connection, list_, count, hours, only)
            else:
                where, given = compiled(only, _FIXED + 1)
                by = ORDERS.get(order)
                if by is None:
                    given = (*given, order_field)
                    field = f"custom ->> ${_FIXED + len(given)}::text"
                    by = f'{as_number(field)}, ({field}) COLLATE "C", id'
                text = _filled(sql("leads.claim"), filter=where, order=by)
                rows = await connection.fetch(text, self._dialler, list_, list(hours), count, *given)
            numbers = await connection.fetch(sql("leads.numbers"), [row["id"] for row in rows], time_of(at))
        of = _by_lead(numbers)
        ordered = sorted(rows, key=lambda row: _place(row, order, order_field, hours))
        return tuple(_lead(row, of.get(row["id"], ())) for row in ordered)

    async def _of_hours(
        self, connection: Borrowed, list_: ListOfLeads, count: int, hours: Mapping[str, int], only: Filter
    ) -> list[asyncpg.Record]:
        """Those whose best hour is now first, then those of the hours beside it, and so on."""
        where, given = compiled(only, _FIXED + 2)
        text = _filled(sql("leads.claim_of_hours"), filter=where)
        rows: list[asyncpg.Record] = []
        for away in _TIERS:
            wanted = [
                (group, best)
                for group, now in hours.items()
                for best in ([_NO_HOUR] if away is None else sorted({(now - away) % HOURS, (now + away) % HOURS}))
            ]
            groups, bests = [group for group, _ in wanted], [best for _, best in wanted]
            rows += await connection.fetch(text, self._dialler, list_, groups, count - len(rows), bests, *given)
            if len(rows) >= count:
                break
        return rows

    async def release(self, leads: Sequence[LeadId] | None = None) -> int:
        """Give claimed leads back that nothing was done with, these or all; gives how many."""
        async with changing(self._pool) as connection:
            chosen = None if leads is None else list(leads)
            done = await connection.execute(sql("leads.release"), self._dialler, chosen)
        return int(done.split()[-1])

    async def rest(self, leads: Sequence[LeadId], until: float) -> int:
        """Give claimed leads back that are to rest until a time (an agent passed them over); gives how many."""
        async with changing(self._pool) as connection:
            done = await connection.execute(sql("leads.rest"), self._dialler, list(leads), time_of(until))
        return int(done.split()[-1])


async def whose(pool: Pool, number: str) -> Lead:
    """What the lists say of whoever has this number, of all that is needed to ask about a call: a lead that has it (0:
    none), every zone that she may be in by any list, and her part of the country if they agree on one."""
    with asking():
        row = await pool.fetchrow(sql("callback_dials.place"), number)
    assert row is not None  # one row, whatever there is
    zones = tuple(sorted(set(row["zones"].split())))
    return Lead(id=LeadId(row["lead"]), list=ListOfLeads(""), zones=zones, part=row["part"])


async def progress(pool: Pool, list_: str) -> Progress:
    """How far a list is."""
    with asking():
        rows = await pool.fetch(sql("leads.states"), list_)
    return Progress(
        states={LeadState(row["state"]): row["leads"] for row in rows},
        tried=sum(row["tried"] for row in rows),
        reached=sum(row["reached"] for row in rows),
    )


async def progress_of(pool: Pool, names: Iterable[str]) -> list[tuple[str, Progress]]:
    """The same of several lists, by name."""
    return [(str(name), await progress(pool, name)) for name in sorted(names)]


def _filled(text: str, **parts: str) -> str:
    """A query with its places filled; the parts are made of allow-lists and numbered parameters only."""
    for name, part in parts.items():
        if text.count(f"{{{name}}}") != 1:
            raise Bug(f"the query has no one place for {name}")
        text = text.replace(f"{{{name}}}", part)
    return text


def _place(row: asyncpg.Record, order: LeadOrder, order_field: str, hours: Mapping[str, int]) -> tuple[object, ...]:
    """Where a claimed lead stands among those claimed with it: RETURNING keeps no order."""
    match order:
        case LeadOrder.PRIORITY:
            return -row["priority"], row["id"]
        case LeadOrder.NEWEST:
            return -row["created"].timestamp(), row["id"]
        case LeadOrder.FEWEST_ATTEMPTS:
            return row["attempts"], row["id"]
        case LeadOrder.RANDOM:
            return row["shuffle"], row["id"]
        case LeadOrder.FIELD:
            value = _CUSTOM.decode(row["custom"]).get(order_field)
            number = Decimal(value) if value is not None and _NUMBER.fullmatch(value) else None
            return number is None, number or 0, value is None, value or "", row["id"]
        case LeadOrder.BEST_HOUR:
            best = row["best_hour"]
            apart = abs(best - hours[row["zones"]]) if best is not None else None
            return NEVER_CALLED if apart is None else min(apart, HOURS - apart), -row["priority"], row["id"]


def _by_lead(rows: Iterable[asyncpg.Record]) -> dict[int, list[LeadNumber]]:
    """The numbers of each lead that do not rest; all where all rest: whoever judges them says until when she waits."""
    free: dict[int, list[LeadNumber]] = {}
    resting: dict[int, list[LeadNumber]] = {}
    for row in rows:
        values = dict(row)
        kind = resting if values.pop("rests") else free
        kind.setdefault(values.pop("lead"), []).append(LeadNumber(**values))
    return resting | free


def _lead(row: asyncpg.Record, numbers: Sequence[LeadNumber]) -> Lead:
    return Lead(
        id=LeadId(row["id"]),
        list=ListOfLeads(row["list"]),
        name=row["name"],
        reference=row["reference"],
        priority=row["priority"],
        zones=tuple(row["zones"].split()),
        part=row["part"],
        attempts=row["attempts"],
        outcomes=_OUTCOMES.decode(row["outcomes"]),
        answers=tuple(row["answers"]),
        custom=_CUSTOM.decode(row["custom"]),
        numbers=tuple(numbers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """A list as it was imported."""

    name: str
    imported: float
    region: str
    leads: int
    refused: int
    duplicates: int


async def lists(pool: Pool) -> tuple[ListLine, ...]:
    """Every list, by name."""
    with asking():
        rows = await pool.fetch(sql("leads.lists"))
    return tuple(ListLine(**dict(row)) for row in rows)
