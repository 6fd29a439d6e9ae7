"""The journal told again on a real Postgres, through restarts, snapshots, secrets and changes of the configuration."""

import dataclasses
from pathlib import Path
from random import Random

import pytest

from callcenter.core.engine import Engine
from callcenter.errors import ConfigurationError
from callcenter.jobs.replaying import BEFORE_MAX, Replay, replay
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry
from callcenter.model.events import ConfigurationApplied, DigitPressed, EngineStarted, TimePassed
from callcenter.model.facts import Surprise
from callcenter.model.ids import UNVERSIONED, RequestId, Version
from callcenter.postgres.configurations import Configurations
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots
from callcenter.versions.library import VersionLibrary
from tests.runtime.chance import SALES, Chance, a_bank

SETTLE_S = 20.0
STEPS = 150
SECOND = Version(2)


def changed() -> Configuration:
    """The bank with another rule."""
    bank = a_bank()
    sales = dataclasses.replace(bank.queues[SALES], max_wait_s=12.0, wrap_up_s=2.0, priority=70)
    return dataclasses.replace(bank, queues={**bank.queues, SALES: sales})


class Past:
    """A history in Postgres: two runs, the second under a version that was applied in the middle of the first."""

    def __init__(self, dsn: str, folder: Path, pool: Pool) -> None:
        self._dsn, self._folder = dsn, folder
        self.pool = pool
        self.chance = Chance(Random(11))
        self.chance.engine.world.library[SECOND] = changed()
        self.chance.runs(STEPS)
        self.chance.tell(ConfigurationApplied(request=RequestId("apply"), version=SECOND, by="lan"))
        self.chance.runs(STEPS)
        self.chance.tell(EngineStarted(namespace="bbbbbbbb", build="test", version=SECOND))
        self.chance.runs(STEPS)
        self.entries = self.chance.journal.entries

    async def write(self, entries: list[Entry]) -> None:
        async with PostgresJournal(self._dsn, self._folder) as journal:
            for entry in entries:
                journal.append(entry.at, entry.event, entry.outputs)
            assert await journal.settled(within_s=SETTLE_S)

    def shelf(self, *versions: Version) -> VersionLibrary:
        known = {UNVERSIONED: a_bank(), SECOND: changed()}
        return VersionLibrary(Configurations(self.pool), {version: known[version] for version in versions})

    async def replayed(self, first: int = 1, last: int | None = None) -> Replay:
        return await replay(
            a_bank(),
            JournalReader(self.pool),
            Snapshots(self.pool),
            self.shelf(UNVERSIONED, SECOND),
            first=first,
            last=last,
        )


@pytest.fixture
async def past(dsn: str, pool: Pool, tmp_path: Path) -> Past:
    return Past(dsn, tmp_path / "spool", pool)


async def test_every_entry_comes_out_as_it_was_written_down(past: Past) -> None:
    await past.write(past.entries)
    found = await past.replayed()
    assert found.difference is None
    assert (found.first, found.last, found.entries) == (1, len(past.entries), len(past.entries))
    assert found.versions == (0, 2)
    assert found.snapshot is None
    assert found.contacts > 20
    assert found.ended > found.began
    assert any(isinstance(entry.event, DigitPressed) and entry.event.digit == "x" for entry in past.entries)


async def test_it_may_begin_with_a_snapshot_on_either_side_of_the_change(past: Past) -> None:
    await past.write(past.entries)
    taken = sorted(past.chance.snapshots)
    for seq in (taken[3], taken[-3]):
        await Snapshots(past.pool).save(seq, past.entries[seq - 1].at, "test", past.chance.snapshots[seq])
        found = await past.replayed(first=seq + 5, last=seq + 40)
        assert found.difference is None
        assert (found.snapshot, found.first) == (seq, seq + 1)


async def test_the_first_difference_is_shown_with_what_was_before_it(past: Past) -> None:
    at = 200
    odd = Surprise(what="was never said")
    entries = list(past.entries)
    entries[at] = Entry(
        seq=entries[at].seq, at=entries[at].at, event=entries[at].event, outputs=(*entries[at].outputs, odd)
    )
    await past.write(entries)
    found = await past.replayed()
    assert found.difference is not None
    assert found.difference.entry.seq == at + 1
    assert odd in found.difference.entry.outputs
    assert odd not in found.difference.answered
    assert [entry.seq for entry in found.difference.before] == list(range(at - BEFORE_MAX + 1, at + 1))
    assert (found.difference.build, found.entries) == ("test", at)


async def test_what_cannot_be_told_is_a_difference_too(past: Past) -> None:
    entries = list(past.entries)
    entries[30] = Entry(
        seq=31, at=entries[30].at, event=EngineStarted(namespace="no", build="test"), outputs=entries[30].outputs
    )
    await past.write(entries)
    found = await past.replayed()
    assert found.difference is not None
    assert "namespace" in found.difference.problem


async def test_a_run_that_remembered_nothing_is_told_by_an_engine_that_remembers_nothing(past: Past) -> None:
    lived = Chance(Random(1)).runs(STEPS)
    at = lived.clock.time + 5.0
    fresh = EngineStarted(namespace="bbbbbbbb", build="test", fresh=True)
    engine = Engine(a_bank())
    started = Entry(seq=0, at=at, event=fresh, outputs=tuple(engine.handle(fresh, at)))
    assert lived.engine.world.contacts, "there is something to forget"
    later = Entry(seq=0, at=at + 900.0, event=TimePassed(), outputs=tuple(engine.handle(TimePassed(), at + 900.0)))
    await past.write([*lived.journal.entries, started, later])
    assert (await past.replayed()).difference is None


async def test_a_version_that_nobody_kept_is_named(past: Past) -> None:
    await past.write(past.entries)
    shelf = past.shelf(UNVERSIONED)
    with pytest.raises(ConfigurationError, match="version 2"):
        await replay(a_bank(), JournalReader(past.pool), Snapshots(past.pool), shelf)
