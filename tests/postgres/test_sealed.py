"""Recordings are put away, in a real Postgres and real folders: killed at any moment, held, removed in their time."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from callcenter.errors import PeerFault
from callcenter.jobs.sealing import DAY_S, Sealer, SealingJob
from callcenter.model.ids import RecordingId
from callcenter.model.sealed import Codec, SealedFile, Step
from callcenter.postgres.pool import Pool
from callcenter.postgres.sealed import SealedFiles
from callcenter.sealing.keys import key_ring
from callcenter.sealing.store import FolderStore
from callcenter.sealing.workshop import Rules, Workshop
from tests.postgres.story import T0, recorded

ROOT = Path(__file__).resolve().parents[2]
MOMENTS_MIN = {"keep": 15, "rewrap": 9, "remove": 4}
LIMIT_S = 120.0


def name(number: int) -> RecordingId:
    return RecordingId(f"00000000-0000-0000-cc00-{number:012x}")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["keep", "rewrap", "remove"])
async def test_a_kill_at_any_moment_loses_nothing_and_leaves_nothing(dsn: str, tmp_path: Path, scenario: str) -> None:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.postgres.sealing_program", dsn, str(tmp_path), scenario),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        out, _ = await program.communicate()
    assert program.returncode == 0
    runs = [json.loads(line) for line in out.splitlines() if line.startswith(b'{"nth"')]
    assert [run["ended"] for run in runs] == [-signal.SIGKILL] * (len(runs) - 1) + [0]
    assert len(runs) > MOMENTS_MIN[scenario]
    for run in runs:
        assert (run["whole"], run["went_on"], run["whole_after"]) == (0, 0, 0), run
        assert len(run["left"]) == (0 if scenario == "remove" else 1), run


class Kept:
    """The job, on rows and folders of its own."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.files = SealedFiles(pool)
        self.store = FolderStore(folder / "store")
        rules = Rules(codec=Codec.FLAC, encrypt=True)
        self.shop = Workshop(folder / "work", self.store, rules, lambda: key_ring(folder / "keys"))
        self.sealer = Sealer(self.files, self.shop)
        self.days: dict[str | None, float] = {None: 0.0}
        self.now = T0 + DAY_S
        self.job = SealingJob(self.files, self.sealer, lambda: self.days, lambda: self.now)

    async def record(self, number: int, *, queue: str = "sales", ended: bool = True) -> Path:
        path = self.folder / "recordings" / f"{name(number)}.wav"
        await recorded(self.pool, name(number), path, queue=queue, ended=ended)
        return path

    async def file(self, number: int) -> SealedFile | None:
        async with self.files.claimed(name(number)) as claim:
            return claim.file if claim is not None else None

    async def step(self, number: int) -> Step | None:
        found = await self.file(number)
        return found.step if found is not None else None

    async def path(self, number: int) -> str:
        return str(await self.pool.fetchval("SELECT path FROM recording WHERE id = $1", name(number)))

    async def deeds(self) -> list[Mapping[str, object]]:
        return [dict(one) for one in await self.pool.fetch("SELECT deed, recording, done_by, note FROM recording_deed")]


@pytest.fixture
async def kept(pool: Pool, tmp_path: Path) -> AsyncIterator[Kept]:
    made = Kept(pool, tmp_path)
    yield made
    made.sealer.close()


async def test_a_recording_is_put_away_and_its_row_says_where(kept: Kept) -> None:
    source = await kept.record(1)
    await kept.job.round()
    file = await kept.file(1)
    assert file is not None
    assert (file.step, file.codec, file.stale) == (Step.KEPT, "flac", "")
    assert await kept.path(1) == kept.store.place(file.name)
    assert list(kept.store.names()) == [file.name]
    assert not source.exists()
    assert dict(kept.job.health()) == {"underway": 0, "stuck": 0, "problem": ""}


async def test_one_whose_call_goes_on_is_left_alone(kept: Kept) -> None:
    await kept.record(1, ended=False)
    await kept.job.round()
    assert await kept.step(1) is None


async def test_a_message_is_left_alone_until_it_is_settled(kept: Kept) -> None:
    source = await kept.record(1)
    await kept.pool.execute("INSERT INTO voicemail (contact, queue, recording) VALUES ('c-mail', 'sales', $1)", name(1))
    await kept.job.round()
    assert source.exists()
    await kept.pool.execute("UPDATE voicemail SET settled = now()")
    await kept.job.round()
    assert await kept.step(1) is Step.KEPT


async def test_a_disk_that_takes_nothing_costs_nothing_and_is_told(kept: Kept) -> None:
    source = await kept.record(1)
    kept.store.folder.write_text("a file where the folder should be")
    await kept.job.round()
    assert source.exists()
    assert dict(kept.job.health())["stuck"] == 1
    kept.store.folder.unlink()
    await kept.pool.execute("UPDATE recording_file SET due = now()")
    await kept.job.round()
    assert await kept.step(1) is Step.KEPT
    assert dict(kept.job.health())["stuck"] == 0


async def test_two_never_work_on_the_same_file(kept: Kept) -> None:
    await kept.record(1)
    await kept.files.take()
    other = Sealer(kept.files, kept.shop)
    await asyncio.gather(*(sealer.bring_on(name(1)) for sealer in (kept.sealer, other) * 2))
    assert await kept.step(1) is Step.KEPT
    assert len(list(kept.store.names())) == 1
    other.close()


# -- how long ----------------------------------------------------------------------------------------------------------


async def test_each_queue_has_its_time(kept: Kept) -> None:
    await kept.record(1, queue="sales")
    await kept.record(2, queue="support")
    await kept.record(3, queue="other")
    kept.days = {None: 30.0, "sales": 10.0, "support": 90.0}
    gone = []
    for days in (9, 11, 29, 31, 89, 91):
        kept.now = T0 + days * DAY_S
        await kept.job.round()
        await kept.job.expire()
        gone.append([number for number in (1, 2, 3) if await kept.step(number) is Step.REMOVED])
    assert gone == [[], [1], [1], [1, 3], [1, 3], [1, 2, 3]]
    assert list(kept.store.names()) == []
    assert [await kept.path(number) for number in (1, 2, 3)] == ["", "", ""]
    assert {(one["deed"], one["done_by"], one["note"]) for one in await kept.deeds()} == {
        ("remove", "retention", f"older than {days} days") for days in (10, 30, 90)
    }


async def test_without_a_rule_nothing_goes(kept: Kept) -> None:
    await kept.record(1)
    kept.now = T0 + 10_000 * DAY_S
    await kept.job.round()
    assert await kept.job.expire() == 0
    assert await kept.step(1) is Step.KEPT


# -- legal hold --------------------------------------------------------------------------------------------------------


async def test_what_is_held_outlives_its_time_until_it_is_released(kept: Kept) -> None:
    await kept.record(1)
    await kept.job.round()
    kept.days, kept.now = {None: 1.0}, T0 + 100 * DAY_S
    assert await kept.files.hold(name(1), "mai", "a case")
    assert not await kept.files.hold(name(1), "mai", "again")
    assert await kept.job.expire() == 0
    assert not await kept.sealer.remove(name(1), "mai", "because")
    file = await kept.file(1)
    assert file is not None
    assert (file.step, file.held) == (Step.KEPT, True)
    assert await kept.files.release(name(1), "mai", "it is over")
    assert not await kept.files.release(name(1), "mai", "again")
    assert await kept.job.expire() == 1
    assert not await kept.files.hold(name(1), "mai", "too late")
    assert [(one["deed"], one["note"]) for one in await kept.deeds()] == [
        ("hold", "a case"),
        ("release", "it is over"),
        ("remove", "older than 1 days"),
    ]


async def test_one_can_be_held_before_it_is_put_away(kept: Kept) -> None:
    await kept.record(1)
    assert await kept.files.hold(name(1), "mai", "a case")
    assert not await kept.files.hold(name(2), "mai", "there is none")
    await kept.job.round()
    assert not await kept.sealer.remove(name(1), "mai", "because")


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_a_key_that_is_lost_is_said_and_nothing_is_removed(kept: Kept) -> None:
    await kept.record(1)
    await kept.job.round()
    keys = kept.folder / "keys"
    content = keys.read_bytes()
    keys.unlink()
    file = await kept.file(1)
    assert file is not None
    with pytest.raises(PeerFault, match=r"the key .* is not in"):
        kept.shop.export(file, kept.folder / "out.wav")
    keys.write_bytes(content)
    keys.chmod(0o600)
    kept.shop.export(file, kept.folder / "out.wav")
    assert await kept.files.keys_used() == {file.key: 1}
