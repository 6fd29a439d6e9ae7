"""Webhooks and what is on its way to them, in Postgres. Knows two tables; knows no HTTP and no fact's meaning."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from callcenter.errors import ConfigurationError, Problem
from callcenter.postgres.pool import Pool, asking, changing
from callcenter.postgres.queries import sql

SECRET_BYTES: Final = 32
WHY_MAX: Final = 300
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One of them. Times in UTC seconds."""

    name: str
    url: str
    events: tuple[str, ...]
    queues: tuple[str, ...]
    made: float
    made_by: str
    after_seq: int
    failing_since: float | None
    disabled: float | None
    disabled_why: str
    waiting: int  # deliveries on their way
    why: str  # why the oldest of them has failed
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One fact for one hook. What is in one lane arrives in order."""

    seq: int
    n: int
    lane: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A packet whose time has come."""

    hook: str
    url: str
    packet: Packet
    tries: int  # that have failed
    secret: str = field(repr=False)

    @property
    def id(self) -> str:
        """The same at every try, and at a replay."""
        return f"{self.hook}-{self.packet.seq}-{self.packet.n}"


class Webhooks:
    """All of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, name: str, url: str, events: Sequence[str], queues: Sequence[str], *, by: str) -> str:
        """Make one, for what happens from now on; gives its secret. Raises ConfigurationError."""
        if not _NAME.fullmatch(name):
            remedy = "1 to 40 of a-z 0-9 . _ -, a letter or digit first"
            raise ConfigurationError(
                [Problem(where=f"webhook {name[:60]!r}", what="cannot be called so", remedy=remedy)]
            )
        secret = "whsec_" + secrets.token_urlsafe(SECRET_BYTES)
        with asking():
            made = await self._pool.fetchval(sql("webhooks.add"), name, url, list(events), list(queues), secret, by)
        if made is None:
            raise ConfigurationError([Problem(where=f"webhook {name}", what="is there already")])
        return secret

    async def listed(self) -> tuple[Webhook, ...]:
        """By name."""
        with asking():
            records = await self._pool.fetch(sql("webhooks.listed"))
        return tuple(_webhook(record) for record in records)

    async def remove(self, name: str) -> bool:
        """It is told nothing more; False if there is none."""
        with asking():
            return await self._pool.fetchval(sql("webhooks.remove"), name) is not None

    async def enable(self, name: str) -> bool:
        """What waits is sent now; False if there is none."""
        with asking():
            return await self._pool.fetchval(sql("webhooks.enable"), name) is not None

    async def replay(self, name: str, first_seq: int) -> bool:
        """It is told again what was told from an entry on; False if there is none."""
        with asking():
            return await self._pool.fetchval(sql("webhooks.replay"), name, first_seq) is not None

    # -- for the job ---------------------------------------------------------------------------------------------------

    async def put(self, hook: Webhook, upto_seq: int, packets: Sequence[Packet]) -> None:
        """Put packets on their way and move the hook on, together; nothing if a replay has moved it meanwhile."""
        async with changing(self._pool) as connection:
            if await connection.fetchval(sql("webhooks.move"), hook.name, hook.after_seq, upto_seq) is None:
                return
            rows = [(hook.name, one.seq, one.n, one.lane, one.body) for one in packets]
            await connection.executemany(sql("webhooks.put"), rows)

    async def due(self, now: float, limit: int) -> tuple[Delivery, ...]:
        """The first of each lane, if its time has come, the oldest first."""
        with asking():
            records = await self._pool.fetch(sql("webhooks.due"), now, limit)
        return tuple(
            Delivery(
                hook=one["hook"],
                url=one["url"],
                packet=Packet(seq=one["seq"], n=one["n"], lane=one["lane"], body=one["body"]),
                tries=one["tries"],
                secret=one["secret"],
            )
            for one in records
        )

    async def arrived(self, done: Delivery) -> None:
        """It has arrived."""
        with asking():
            await self._pool.execute(sql("webhooks.arrived"), done.hook, done.packet.seq, done.packet.n)
            await self._pool.execute(sql("webhooks.well"), done.hook)

    async def failed(self, late: Delivery, now: float, next_at: float, why: str) -> float:
        """It has not; gives since when the hook has failed."""
        packet = late.packet
        with asking():
            await self._pool.execute(sql("webhooks.failed"), late.hook, packet.seq, packet.n, next_at, why[:WHY_MAX])
            since = await self._pool.fetchval(sql("webhooks.failing"), late.hook, now)
        return now if since is None else float(since)

    async def disable(self, name: str, why: str) -> bool:
        """Nothing is sent any more; False if that was so already."""
        with asking():
            return await self._pool.fetchval(sql("webhooks.disable"), name, why[:WHY_MAX]) is not None


def _webhook(record: asyncpg.Record) -> Webhook:
    return Webhook(
        name=record["name"],
        url=record["url"],
        events=tuple(record["events"]),
        queues=tuple(record["queues"]),
        made=record["made_s"],
        made_by=record["made_by"],
        after_seq=record["after_seq"],
        failing_since=record["failing_s"],
        disabled=record["disabled_s"],
        disabled_why=record["disabled_why"],
        waiting=record["waiting"],
        why=record["why"],
        secret=record["secret"],
    )
