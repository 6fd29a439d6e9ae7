"""The rows of recordings' files: who works on which, how far it is. Knows SQL; knows no file.

Whoever changes a file holds its claim: a lock of the session, so that it falls when the process is killed, and a
command and the running center never work on the same file.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import asyncpg

from callcenter.errors import Bug
from callcenter.model.ids import ContactId, RecordingId
from callcenter.model.sealed import Deed, SealedFile, Step, after
from callcenter.postgres.pool import AWAY, Borrowed, Pool, asking
from callcenter.postgres.queries import sql

PAGE: Final = 500
CLAIM_MAX_S: Final = 600.0  # for an hour of talk to be encoded by somebody else


class Claimed:
    """One file that nobody else works on meanwhile."""

    def __init__(self, connection: Borrowed, file: SealedFile) -> None:
        self._connection = connection
        self.file = file

    async def move(self, deed: Deed, changed: SealedFile, *, place: str | None = None) -> SealedFile:
        """Put on record what was done; `place` is where the recording is found from now on. Gives the file as it is."""
        step = after(self.file.step, deed)
        with asking():
            await self._move(step, changed, place)
            return await self._read()

    async def _move(self, step: Step, f: SealedFile, place: str | None) -> None:
        values = (f.name, f.codec, f.key, f.sha256, f.size, f.pcm_sha256, f.stale)
        async with self._connection.transaction():
            moved = await self._connection.fetchval(
                sql("sealing.move"), f.recording, self.file.step.value, step.value, *values
            )
            if moved is None:
                raise Bug(f"{f.recording} is no longer {self.file.step}, though it is claimed")
            if place is not None:
                await self._connection.execute(sql("sealing.place"), f.recording, place)

    async def condemn(self, by: str, why: str) -> bool:
        """Nobody may keep it any longer. False if somebody holds it, or it has gone."""
        with asking():
            async with self._connection.transaction():
                recording = self.file.recording
                condemned = await self._connection.fetchval(sql("sealing.condemn"), recording, by, why)
                if condemned is not None:
                    await self._connection.execute(sql("sealing.deed"), "remove", recording, by, why)
            await self._read()
        return condemned is not None

    async def stuck(self, problem: str, again_s: float) -> None:
        """It did not work; somebody tries again after so many seconds."""
        with asking():
            await self._connection.execute(sql("sealing.stuck"), self.file.recording, problem, again_s)

    async def _read(self) -> SealedFile:
        record = await self._connection.fetchrow(sql("sealing.file"), self.file.recording)
        if record is None:
            raise Bug(f"the row of {self.file.recording} has gone")
        self.file = _file(record)
        return self.file


class SealedFiles:
    """All recordings' files. Every method raises PeerUnavailable when Postgres is away."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def take(self) -> None:
        """Begin with recordings that have been proven meanwhile."""
        with asking():
            await self.pool.execute(sql("sealing.take"), PAGE)

    async def due(self) -> tuple[RecordingId, ...]:
        """Those for which there is something to be done now."""
        with asking():
            return tuple(RecordingId(one["recording"]) for one in await self.pool.fetch(sql("sealing.due"), PAGE))

    @asynccontextmanager
    async def claimed(self, recording: RecordingId) -> AsyncIterator[Claimed | None]:
        """The file of a recording, for ourselves alone; None if it has none. Waits for whoever works on it."""
        with asking():
            connection = await self.pool.acquire()
        try:
            with asking():
                await connection.execute("SET statement_timeout = 0")
                await connection.execute(sql("sealing.claim"), recording, timeout=CLAIM_MAX_S)
                await connection.execute("RESET statement_timeout")
                record = await connection.fetchrow(sql("sealing.file"), recording)
            try:
                yield Claimed(connection, _file(record)) if record is not None else None
            finally:
                if not connection.is_closed():
                    with suppress(*AWAY):  # then the session has ended, and its lock with it
                        await connection.execute(sql("sealing.unclaim"), recording)
        finally:
            await self.pool.release(connection)

    async def everything(self) -> AsyncIterator[SealedFile]:
        """Every file, by the recording's id."""
        last = ""
        while True:
            with asking():
                page = await self.pool.fetch(sql("sealing.files"), last, PAGE)
            for record in page:
                yield _file(record)
            if len(page) < PAGE:
                return
            last = page[-1]["recording"]

    async def proven(self, recording: RecordingId) -> str | None:
        """Where a recording lies as far as the records know; None if there is none of that id."""
        with asking():
            path: str | None = await self.pool.fetchval(sql("sealing.proven"), recording)
        return path

    async def is_there(self, recording: RecordingId) -> bool:
        """Whether it has a file that nobody has removed, or is removing."""
        with asking():
            found: bool | None = await self.pool.fetchval(sql("sealing.is_there"), recording)
        return bool(found)

    async def expired(
        self, queue: str | None, others: Sequence[str], before: float, *, at_most: int = PAGE
    ) -> tuple[RecordingId, ...]:
        """Kept recordings of a queue (None: of none among `others`) that ended before a time, UTC seconds."""
        moment = datetime.fromtimestamp(before, UTC)
        with asking():
            found = await self.pool.fetch(sql("sealing.expired"), queue, list(others), moment, at_most)
        return tuple(RecordingId(one["recording"]) for one in found)

    async def under_other_keys(self, key: str) -> tuple[RecordingId, ...]:
        """Kept recordings that are sealed with another key."""
        found: list[RecordingId] = []
        while True:
            last = found[-1] if found else ""
            with asking():
                page = await self.pool.fetch(sql("sealing.under_other_keys"), key, last, PAGE)
            found += (RecordingId(one["recording"]) for one in page)
            if len(page) < PAGE:
                return tuple(found)

    async def keys_used(self) -> dict[str, int]:
        """Keys without which something could not be read, and how many files that is."""
        with asking():
            return {one["key"]: one["files"] for one in await self.pool.fetch(sql("sealing.keys_used"))}

    async def hold(self, recording: RecordingId, by: str, reason: str) -> bool:
        """From now on nothing removes it. False if it is held already, is unknown, or is on its way out."""
        with asking():
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("SET LOCAL statement_timeout = 0")
                await connection.execute(sql("sealing.claim_briefly"), recording, timeout=CLAIM_MAX_S)
                held = await connection.fetchval(sql("sealing.hold"), recording, by, reason)
                if held is not None:
                    await connection.execute(sql("sealing.deed"), "hold", recording, by, reason)
        return held is not None

    async def release(self, recording: RecordingId, by: str, why: str) -> bool:
        """The hold is over. False if there is none."""
        with asking():
            async with self.pool.acquire() as connection, connection.transaction():
                released = await connection.fetchval(sql("sealing.release"), recording, by, why)
                if released is not None:
                    await connection.execute(sql("sealing.deed"), "release", recording, by, why)
        return released is not None

    async def deed(self, deed: str, recording: RecordingId | None, by: str, note: str) -> None:
        """Put on record what somebody did."""
        with asking():
            await self.pool.execute(sql("sealing.deed"), deed, recording, by, note)

    async def behind(self) -> tuple[int, int]:
        """How many files are on their way, and how many of them meet a problem."""
        with asking():
            record = await self.pool.fetchrow(sql("sealing.behind"))
        return (record["underway"], record["stuck"]) if record is not None else (0, 0)


def _file(record: asyncpg.Record) -> SealedFile:
    return SealedFile(
        recording=RecordingId(record["recording"]),
        contact=ContactId(record["contact"]),
        step=Step(record["step"]),
        source=record["source"],
        stopped=record["stopped"],
        name=record["name"],
        codec=record["codec"],
        key=record["key"],
        sha256=record["sha256"],
        size=record["size"],
        pcm_sha256=record["pcm_sha256"],
        stale=record["stale"],
        tries=record["tries"],
        held=record["held"],
    )
