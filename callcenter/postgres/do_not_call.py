"""Who will not be called, and what people agreed to. Knows lists, versions and their dates; knows no rule of law.

Own lists (internal, and one for each campaign) grow by single entries. Registers come whole, as versions: one is loaded
beside the one that is looked at, and takes its place in one transaction when it is whole, so that half a register never
counts. What is written here counts from the next call on: it is looked up when a call is authorised, and nowhere kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

import asyncpg

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.law import ConsentKind
from callcenter.postgres.pool import Borrowed, Pool, asking, changing
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

INTERNAL: Final = "internal"
CAMPAIGN: Final = "campaign:"
COPIED_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A number, or the beginning of numbers."""

    entry: str
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLine:
    """A version of a list."""

    register: str
    version: str
    as_of: float
    imported: float
    entries: int
    live: bool


class DoNotCall:
    """The lists and the consents."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, entry: Entry, *, campaign: str = "", reason: str = "") -> None:
        """Somebody will not be called, by nobody here or not for one campaign, from this moment on."""
        async with changing(self._pool) as connection:
            await self._add(connection, entry, own_register(campaign), reason)
            if not entry.prefix and not campaign:
                await connection.execute(sql("do_not_call.refuse_leads"), entry.entry)

    async def _add(self, connection: Borrowed, entry: Entry, register: str, reason: str) -> None:
        list_ = await connection.fetchval(sql("do_not_call.own"), register)
        await connection.execute(sql("do_not_call.add"), entry.entry, list_, entry.prefix, reason)
        await connection.execute(sql("do_not_call.count"), list_)

    async def remove(self, entry: str, *, campaign: str = "") -> bool:
        """She may be called again, as far as this list goes; False if it did not have her."""
        async with changing(self._pool) as connection:
            return bool(await connection.fetch(sql("do_not_call.remove"), entry, own_register(campaign)))

    async def load(self, register: str, version: str, as_of: float, entries: Iterable[Entry]) -> int:
        """Load a version of a register whole, and look at it from then on; gives how many entries it has.

        Raises ConfigurationError if this version is there, or the name is that of an own list.
        """
        if register == INTERNAL or register.startswith(CAMPAIGN):
            raise ConfigurationError([Problem(where=register, what="is an own list", remedy="add to it one by one")])
        try:
            async with changing(self._pool) as connection:
                list_ = await connection.fetchval(sql("do_not_call.begin"), register, version, time_of(as_of))
                count = await _copied(connection, list_, entries)
                await connection.execute(sql("do_not_call.replace"), register)
                await connection.execute(sql("do_not_call.put_live"), list_, count)
                await connection.execute(sql("do_not_call.forget_old"), register)
        except asyncpg.UniqueViolationError as error:
            what = "this version is there already" if "register" in str(error.detail) else f"twice: {error.detail}"
            raise ConfigurationError([Problem(where=f"{register} {version}", what=what)]) from error
        return count

    async def registers(self) -> tuple[RegisterLine, ...]:
        """Every list with its versions, the newest first."""
        with asking():
            rows = await self._pool.fetch(sql("do_not_call.registers"))
        return tuple(RegisterLine(**dict(row)) for row in rows)

    async def agree(self, number: str, kind: ConsentKind, at: float, proof: str = "") -> None:
        """Somebody agreed to be called."""
        async with changing(self._pool) as connection:
            await connection.execute(sql("do_not_call.agree"), number, kind, time_of(at), proof)

    async def revoke(self, number: str, at: float, reason: str = "") -> int:
        """She takes back all that she agreed to and will not be called by anybody here, in one transaction; gives how
        many consents there were."""
        async with changing(self._pool) as connection:
            revoked = await connection.fetch(sql("do_not_call.revoke"), number, time_of(at))
            await self._add(connection, Entry(entry=number), INTERNAL, reason)
            await connection.execute(sql("do_not_call.refuse_leads"), number)
        return len(revoked)


def own_register(campaign: str) -> str:
    """The name of a campaign's own list; of everybody's without one."""
    return f"{CAMPAIGN}{campaign}" if campaign else INTERNAL


async def _copied(connection: Borrowed, list_: int, entries: Iterable[Entry]) -> int:
    """Each entry once, in batches; whatever is there twice in a file is there once."""
    source = iter(entries)
    await connection.execute("CREATE TEMPORARY TABLE loading (entry text, prefix boolean) ON COMMIT DROP")
    while batch := list(islice(source, COPIED_AT_ONCE)):
        await connection.copy_records_to_table(
            "loading", columns=("entry", "prefix"), records=[(one.entry, one.prefix) for one in batch]
        )
    done = await connection.execute(
        "INSERT INTO do_not_call_entry (entry, list, prefix) "
        "SELECT entry, $1, bool_or(prefix) FROM loading GROUP BY entry",
        list_,
    )
    return int(done.split()[-1])
