"""Two diallers at once on one list, killed at any moment: each lead is dialled once and ends as her call ended."""

import asyncio
import itertools
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.core.receipts import read_body
from callcenter.model.lead import Outcome
from callcenter.postgres.pool import Pool
from callcenter.postgres.receipts import verify
from tests.postgres.carrier import Carrier, outcome_of
from tests.postgres.lead_story import add_lead, number

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LEADS = 120
KILLS = 12
STEPS_MAX = 30  # lines that a dialler says between two kills
TALK_S = 0.02
LIMIT_S = 120.0
_names = itertools.count(1)


class Dialler:
    """A run of the program."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self._program = program

    @classmethod
    async def start(cls, dsn: str, socket: Path) -> "Dialler":
        words = ("-m", "tests.postgres.dialler_program", dsn, str(socket), f"d{next(_names)}")
        return cls(
            await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        )

    async def step(self) -> bytes:
        """The next thing that it says; b"" when it has ended."""
        assert self._program.stdout is not None
        return await self._program.stdout.readline()

    async def kill(self) -> None:
        if self._program.returncode is None:
            self._program.send_signal(signal.SIGKILL)
        await self._program.wait()

    async def finish(self) -> None:
        while await self.step():
            pass
        assert await self._program.wait() == 0


@pytest.fixture
async def carrier() -> AsyncIterator[tuple[Carrier, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    socket = folder / "carrier.sock"
    async with Carrier(socket, TALK_S) as running:
        yield running, socket
    shutil.rmtree(folder)


async def until_killed(dsn: str, socket: Path, chance: random.Random) -> None:
    """Run a dialler again and again, each killed a random number of steps and a moment later; then one to its end."""
    for _ in range(KILLS // 2):
        dialler = await Dialler.start(dsn, socket)
        try:
            for _ in range(chance.randint(1, STEPS_MAX)):
                if not await dialler.step():
                    break
            await asyncio.sleep(chance.random() * 0.01)  # anywhere in a step: this is the chance, not a wait
        finally:
            await dialler.kill()
    last = await Dialler.start(dsn, socket)
    try:
        await last.finish()
    finally:
        await last.kill()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_each_lead_is_dialled_once_and_ends_right(
    dsn: str, pool: Pool, carrier: tuple[Carrier, Path], seed: int
) -> None:
    running, socket = carrier
    for n in range(LEADS):
        await add_lead(pool, [number(n)])
    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(*(until_killed(dsn, socket, random.Random(10 * seed + who)) for who in range(2)))
    dialled = [of for _, of in running.log]
    assert sorted(dialled) == [number(n) for n in range(LEADS)]  # every number, and each once
    rows = await pool.fetch("SELECT id, number, outcome, dialler FROM attempt")
    real = {(row["id"], row["number"]) for row in rows if row["outcome"] != Outcome.VOID}
    assert real == set(running.log)  # every call of the carrier has its attempt, and the other way round
    assert all(row["outcome"] in (Outcome.VOID, outcome_of(row["number"])) for row in rows)
    leads = await pool.fetch(
        "SELECT lead.state, lead.outcome, lead.attempts, number FROM lead JOIN lead_number ON lead = lead.id"
    )
    ends = {"invalid": "refused"}
    for lead in leads:
        outcome = str(outcome_of(lead["number"]))
        assert (lead["state"], lead["outcome"], lead["attempts"]) == (ends.get(outcome, "done"), outcome, 1)
    (proof,) = await verify(pool)
    assert proof.flaws == ()
    bodies = [read_body(row["body"]) for row in await pool.fetch("SELECT body FROM receipt")]
    assert sorted(one.attempt for one in bodies if one.kind == "dial") == sorted(row["id"] for row in rows)
    assert sorted(one.attempt for one in bodies if one.kind == "outcome") == sorted(row["id"] for row in rows)
    assert await pool.fetchval("SELECT count(*) FROM dialler") == 0
    assert len({row["dialler"] for row in rows}) > 2  # kills there were
