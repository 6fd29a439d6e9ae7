"""A writer that is killed at any moment loses nothing that it had appended, and writes nothing twice."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from callcenter.core.records import rows
from callcenter.model.records import ContactRow, TalkRow, merged_all
from callcenter.postgres.pool import Pool, open_pool
from callcenter.postgres.reader import JournalReader
from tests.postgres.cluster import Cluster
from tests.postgres.story import endless_story, entries

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = 1500
KILLS = 5
STEP_MAX = 250  # entries between two kills
LIMIT_S = 60.0


class Writer:
    """A run of the program. `appended` is the last number it said."""

    def __init__(self, program: asyncio.subprocess.Process, found: int) -> None:
        self._program = program
        self.found = self.appended = found

    @classmethod
    async def start(cls, dsn: str, spool_folder: Path) -> "Writer":
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.postgres.writer_program", dsn, str(spool_folder), str(ENTRIES)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert program.stdout is not None
        async for line in program.stdout:  # its log goes there too
            if line.startswith(b"ready "):
                return cls(program, int(line.split()[1]))
        raise AssertionError("the writer did not get ready")

    async def reach(self, seq: int) -> None:
        """Until it has said `seq`, or ended."""
        assert self._program.stdout is not None
        async for line in self._program.stdout:
            if line.strip().isdigit():
                self.appended = int(line)
                if self.appended >= seq:
                    return

    async def kill(self) -> int:
        """Kill it; gives the last number it said before it died."""
        self._program.send_signal(signal.SIGKILL)
        assert await self._program.wait() == -signal.SIGKILL
        await self.reach(ENTRIES + 1)
        return self.appended

    async def end(self) -> None:
        """Whatever became of it, it does not live on."""
        if self._program.returncode is None:
            self._program.kill()
            await self._program.wait()

    async def finish(self) -> None:
        await self.reach(ENTRIES + 1)
        assert await self._program.wait() == 0
        assert self.appended == ENTRIES


Start = Callable[[str, Path], Awaitable[Writer]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a writer; none outlives the test."""
    started: list[Writer] = []

    async def begin(dsn: str, spool_folder: Path) -> Writer:
        started.append(await Writer.start(dsn, spool_folder))
        return started[-1]

    yield begin
    for writer in started:
        await writer.end()


async def test_killed_at_any_moment(dsn: str, pool: Pool, start: Start, spool_folder: Path) -> None:
    seed = 20260101
    chance = random.Random(seed)
    appended = 0
    async with asyncio.timeout(LIMIT_S):
        for _ in range(KILLS):
            writer = await start(dsn, spool_folder)
            assert writer.found >= appended
            await writer.reach(writer.found + chance.randint(1, STEP_MAX))
            await asyncio.sleep(chance.random() * 0.06)  # anywhere in a batch: this is the chance, not a wait
            appended = await writer.kill()
            mark = await pool.fetchval("SELECT seq FROM journal_mark")
            assert await pool.fetchval("SELECT coalesce(max(seq), 0) FROM journal") == mark
        writer = await start(dsn, spool_folder)
        assert writer.found >= appended
        await writer.finish()
    await _same_as_the_story(pool)


async def test_killed_while_postgres_is_away(own_cluster: Cluster, start: Start, spool_folder: Path) -> None:
    dsn = own_cluster.dsn("migrated")
    async with asyncio.timeout(LIMIT_S):
        writer = await start(dsn, spool_folder)
        await writer.reach(100)
        await asyncio.to_thread(own_cluster.stop, signal.SIGQUIT)
        await writer.reach(writer.appended + 300)
        appended = await writer.kill()
        await asyncio.to_thread(own_cluster.start)
        pool = await open_pool(dsn)
        try:
            assert await pool.fetchval("SELECT seq FROM journal_mark") < appended
            writer = await start(dsn, spool_folder)
            assert writer.found >= appended
            await writer.finish()
            await _same_as_the_story(pool)
        finally:
            await pool.close()


async def _same_as_the_story(pool: Pool) -> None:
    expected = entries(endless_story(ENTRIES))
    assert [entry async for entry in JournalReader(pool).entries()] == expected
    folded = merged_all(row for entry in expected for row in rows(entry))
    talks = [row.contact for row in folded if isinstance(row, TalkRow)]
    contacts = sorted(row.contact for row in folded if isinstance(row, ContactRow))
    found = await pool.fetch("SELECT contact FROM talk ORDER BY seq, n")
    assert [record["contact"] for record in found] == talks
    found = await pool.fetch('SELECT id FROM contact ORDER BY id COLLATE "C"')
    assert [record["id"] for record in found] == contacts
