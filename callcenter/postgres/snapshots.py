"""Snapshots of the engine, kept beside the journal. Knows bytes and numbers; knows no state."""

from dataclasses import dataclass
from typing import Final

import asyncpg

from callcenter.postgres.pool import Pool, asking, changing
from callcenter.postgres.queries import sql
from callcenter.postgres.reader import SEQ_MAX

SNAPSHOTS_KEPT: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The engine's state after entry `seq`, in its own encoding."""

    seq: int
    at: float  # UTC seconds
    build: str
    state: bytes


class Snapshots:
    """The newest snapshots; of older ones a few stay, for `explain`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, seq: int, at: float, build: str, state: bytes) -> None:
        """Keep the state after entry `seq`. It may be ahead of what is in Postgres; `latest` is told what to trust."""
        async with changing(self._pool) as connection:
            await connection.execute(sql("journal.save_snapshot"), seq, at, build, state)
            await connection.execute(sql("journal.forget_snapshots"), SNAPSHOTS_KEPT)

    async def latest(self, before_seq: int | None = None) -> Snapshot | None:
        """The newest snapshot, or the newest with a number below `before_seq`; None if there is none."""
        before = SEQ_MAX if before_seq is None else before_seq
        with asking():
            record = await self._pool.fetchrow(sql("journal.latest_snapshot"), before)
        if record is None:
            return None
        return _snapshot(record)

    async def next(self, after_seq: int) -> Snapshot | None:
        """The first that was taken after entry `after_seq` or a later one; None if there is none."""
        with asking():
            record = await self._pool.fetchrow(sql("journal.next_snapshot"), after_seq)
        return None if record is None else _snapshot(record)


def _snapshot(record: asyncpg.Record) -> Snapshot:
    return Snapshot(seq=record["seq"], at=record["at_s"], build=record["build"], state=record["state"])
