"""A new run finds its place, on a real Postgres, with a history made by chance and all that may be wrong with it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog

from callcenter.boot import recovery
from callcenter.boot.recovery import InForce, SnapshotKeeper, recovered_engine
from callcenter.core.engine import Engine
from callcenter.core.snapshot import take_snapshot
from callcenter.errors import PeerFault
from callcenter.model.agent import AgentStatus
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Medium
from callcenter.model.entry import decode_entry
from callcenter.model.events import (
    AgentStatusRequested,
    ContactArrived,
    DigitPressed,
    DrainRequested,
    EngineStarted,
    Event,
    Resynced,
    Stopping,
    TimePassed,
)
from callcenter.model.ids import AgentId, LegId, RequestId
from callcenter.nodes.enqueue import Enqueue
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots
from callcenter.runtime.clock import SystemClock
from callcenter.runtime.loop import Loop
from tests.core.center import flow
from tests.runtime.chance import HELP, SALES, Chance, a_bank
from tests.runtime.rig import HandClock, ListPerformer

LIMIT_S = 10.0
STEPS = 60


@dataclass
class Past:
    """What earlier runs left in Postgres."""

    dsn: str
    folder: Path
    pool: Pool

    @asynccontextmanager
    async def journal(self) -> AsyncIterator[PostgresJournal]:
        async with PostgresJournal(self.dsn, self.folder) as journal:
            yield journal
            assert await journal.settled(within_s=LIMIT_S)

    async def lived(self, steps: int = STEPS, *, seed: int = 7, snapshots_after: tuple[int, ...] = ()) -> Chance:
        """A run that was killed; snapshots were taken after so many steps."""
        chance = Chance(Random(seed))
        taken: list[tuple[int, float, bytes]] = []
        for step in range(steps):
            chance.runs(1)
            if step + 1 in snapshots_after:
                taken.append((len(chance.journal.lines), chance.clock.time, take_snapshot(chance.engine)))
        await self.holds(chance)
        for seq, at, state in taken:
            await Snapshots(self.pool).save(seq, at, "test", state)
        return chance

    async def holds(self, chance: Chance) -> None:
        async with self.journal() as journal:
            for entry in chance.journal.entries[journal.health().last_seq :]:
                journal.append(entry.at, entry.event, entry.outputs)

    async def recovered(self, configuration: Configuration | None = None) -> tuple[Engine, float]:
        async with self.journal() as journal:
            last_seq = journal.health().last_seq
        begin = InForce(configuration=configuration or a_bank())
        found = await recovered_engine(begin, JournalReader(self.pool), Snapshots(self.pool), last_seq)
        return found.engine, found.at

    async def snapshots(self) -> list[int]:
        return [row["seq"] for row in await self.pool.fetch("SELECT seq FROM snapshot ORDER BY seq")]

    async def spoils(self, statement: str, *values: Any) -> None:
        await self.pool.execute(statement, *values)


@pytest.fixture
def past(dsn: str, pool: Pool, tmp_path: Path) -> Past:
    return Past(dsn, tmp_path / "spool", pool)


def said(logs: list[Any], level: str) -> list[str]:
    return [line["event"] for line in logs if line["log_level"] == level]


# -- a journal that can be told again ----------------------------------------------------------------------------------


async def test_a_new_journal_begins_with_a_new_engine(past: Past) -> None:
    engine, at = await past.recovered()
    assert (engine.world.contacts, at) == ({}, 0.0)


@pytest.mark.parametrize("snapshots_after", [(), (20,), (20, 45), (STEPS,)])
async def test_the_engine_is_as_it_was(past: Past, snapshots_after: tuple[int, ...]) -> None:
    chance = await past.lived(snapshots_after=snapshots_after)
    with structlog.testing.capture_logs() as logs:
        engine, at = await past.recovered()
    assert take_snapshot(engine) == take_snapshot(chance.engine)
    assert at == chance.journal.entries[-1].at
    assert (said(logs, "warning"), said(logs, "error")) == ([], [])


async def test_recovery_changes_nothing_so_that_it_may_be_tried_again(past: Past) -> None:
    await past.lived(snapshots_after=(30,))
    first, at = await past.recovered()
    second, at_again = await past.recovered()
    assert (take_snapshot(first), at) == (take_snapshot(second), at_again)


async def test_a_run_after_a_run_after_a_run(past: Past) -> None:
    chance = await past.lived(snapshots_after=(30,))
    for seed in range(3):
        chance.engine, _ = await past.recovered()
        chance.loop, chance.random = Loop(chance.engine, chance.clock, chance.journal, ListPerformer()), Random(seed)
        chance.tell(EngineStarted(namespace=f"aaaaaaa{seed}", build="test"))
        chance.tell(Resynced(legs=(), bridges=()))  # everybody has hung up meanwhile
        chance.runs(20)
        await past.holds(chance)
    engine, _ = await past.recovered()
    assert take_snapshot(engine) == take_snapshot(chance.engine)


async def test_time_does_not_go_back(past: Past) -> None:
    chance = Chance(Random(1), clock=HandClock(SystemClock().now() + 5000.0))  # the machine's clock was wrong
    chance.runs(10)
    await past.holds(chance)
    _, at = await past.recovered()
    assert SystemClock(not_before=at).now() >= chance.journal.entries[-1].at


# -- snapshots that cannot be used -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [b"", b"{}", b"\xff", b'{"now":1.0}'])
async def test_a_snapshot_that_cannot_be_read_leaves_the_one_before(past: Past, state: bytes) -> None:
    chance = await past.lived(snapshots_after=(20, 45))
    await past.spoils("UPDATE snapshot SET state = $1 WHERE seq = (SELECT max(seq) FROM snapshot)", state)
    with structlog.testing.capture_logs() as logs:
        engine, _ = await past.recovered()
    assert take_snapshot(engine) == take_snapshot(chance.engine)
    assert said(logs, "error") == ["a snapshot cannot be used; trying the one before"]


async def test_without_any_usable_snapshot_everything_is_told_again(past: Past) -> None:
    chance = await past.lived(snapshots_after=(20, 45))
    await past.spoils("UPDATE snapshot SET state = 'none'")
    engine, _ = await past.recovered()
    assert take_snapshot(engine) == take_snapshot(chance.engine)


async def test_a_snapshot_of_entries_that_were_lost_is_not_believed(past: Past) -> None:
    chance = await past.lived()
    await Snapshots(past.pool).save(10_000, chance.clock.time + 60.0, "test", take_snapshot(another_history()))
    engine, at = await past.recovered()
    assert take_snapshot(engine) == take_snapshot(chance.engine)
    assert at == chance.journal.entries[-1].at


def another_history() -> Engine:
    """The engine of a history that went on."""
    other = Chance(Random(99))
    other.runs(10)
    return other.engine


# -- journals that cannot be told again --------------------------------------------------------------------------------


async def in_line(past: Past, dial: str = "2") -> Chance:
    """Somebody waits in `help`; nobody is at work."""
    chance = Chance(Random(3))
    for name in ("ann", "bob", "cat"):
        chance.wants(name, AgentStatus.LOGGED_OUT)
    chance.tell(ContactArrived(leg=LegId("in"), medium=Medium.VOICE, caller="1"))
    for digit in f"7355{dial}":
        chance.tell(DigitPressed(leg=LegId("in"), digit=digit))
    [contact] = chance.engine.world.contacts.values()
    assert contact.state is ContactState.WAITING
    await past.holds(chance)
    return chance


def without_help() -> Configuration:
    """Somebody has taken the queue `help` out of the configuration."""
    bank = a_bank()
    [old] = bank.flows.values()
    nodes = {**old.nodes, "help": Enqueue(queue=SALES)}
    sales = dataclasses.replace(bank.queues[SALES], overflow=dataclasses.replace(bank.queues[SALES].overflow, name=""))
    return dataclasses.replace(
        bank, queues={SALES: sales}, flows={old.name: flow(old.name, **{old.start: nodes[old.start], **nodes})}
    )


@pytest.mark.parametrize("with_snapshot", [True, False])
async def test_a_caller_in_a_queue_that_is_gone_means_a_fresh_start_and_an_error(
    past: Past, with_snapshot: bool
) -> None:
    chance = await in_line(past)
    if with_snapshot:
        await Snapshots(past.pool).save(
            len(chance.journal.lines), chance.clock.time, "test", take_snapshot(chance.engine)
        )
    chance.clock.time += 5.0
    chance.tell(TimePassed())
    await past.holds(chance)
    with structlog.testing.capture_logs() as logs:
        engine, at = await past.recovered(without_help())
    if with_snapshot:
        assert engine.world.contacts == {}
        assert said(logs, "error") == ["the journal cannot be told again; starting afresh"]
    else:  # told from its beginning, the caller was led elsewhere
        assert [contact.queue for contact in engine.world.contacts.values()] == [SALES]
        assert "told again, an entry is decided otherwise" in said(logs, "warning")
    assert at == chance.clock.time
    goes_on(engine, at)


def goes_on(engine: Engine, at: float) -> None:
    """A run with this engine takes calls, lets agents in and out, and sees deadlines come, for an hour."""
    told: list[Event] = [
        EngineStarted(namespace="bbbbbbbb", build="test"),
        Resynced(legs=(), bridges=()),
        AgentStatusRequested(request=RequestId("r"), agent=AgentId("ann"), status=AgentStatus.AVAILABLE),
        ContactArrived(leg=LegId("new"), medium=Medium.VOICE, caller="2"),
        AgentStatusRequested(request=RequestId("r"), agent=AgentId("ann"), status=AgentStatus.LOGGED_OUT),
    ]
    for event in told:
        engine.handle(event, at)
    until = at + 3600.0
    while (due := engine.next_deadline()) is not None and due <= until:
        engine.handle(TimePassed(), due)


async def test_a_queue_that_is_gone_and_was_empty_is_forgotten(past: Past) -> None:
    chance = await in_line(past)
    chance.tell(DrainRequested(request=RequestId("r"), queue=HELP, draining=True))
    chance.tell(Stopping())
    await past.holds(chance)
    await Snapshots(past.pool).save(len(chance.journal.lines), chance.clock.time, "test", take_snapshot(chance.engine))
    with structlog.testing.capture_logs() as logs:
        engine, at = await past.recovered(without_help())
    assert said(logs, "error") == []
    assert set(engine.world.agents.records) == {"ann", "bob", "cat"}
    goes_on(engine, at)


async def test_a_caller_in_a_step_of_a_flow_that_is_gone_means_a_fresh_start(past: Past) -> None:
    chance = Chance(Random(3))
    chance.tell(ContactArrived(leg=LegId("in"), medium=Medium.VOICE, caller="1"))
    await past.holds(chance)
    await Snapshots(past.pool).save(len(chance.journal.lines), chance.clock.time, "test", take_snapshot(chance.engine))
    bank = a_bank()
    [old] = bank.flows.values()
    shorter = flow(old.name, **{name: node for name, node in old.nodes.items() if name != "pin"})
    engine, at = await past.recovered(dataclasses.replace(bank, flows={old.name: shorter}))
    assert engine.world.contacts == {}
    goes_on(engine, at)


@pytest.mark.parametrize("event", ['{"type": "SomethingNew"}', '{"type": "LegEnded"}', "[]"])
async def test_an_entry_that_nobody_understands_means_a_fresh_start(past: Past, event: str) -> None:
    chance = await past.lived(snapshots_after=(20,))
    last = len(chance.journal.lines)
    await past.spoils("UPDATE journal SET event = $1 WHERE seq = $2", event, last - 1)
    with structlog.testing.capture_logs() as logs:
        engine, at = await past.recovered()
    assert engine.world.contacts == {}
    assert at == chance.journal.entries[-1].at
    assert said(logs, "error") == ["the journal cannot be told again; starting afresh"]


async def test_a_last_entry_that_nobody_understands_costs_no_more_than_its_time(past: Past) -> None:
    chance = await past.lived(snapshots_after=(20,))
    last = len(chance.journal.lines)
    await past.spoils("UPDATE journal SET event = $1 WHERE seq = $2", '{"type": "SomethingNew"}', last)
    _, at = await past.recovered()
    assert 0.0 < at <= chance.journal.entries[-1].at


async def test_what_is_decided_otherwise_is_said(past: Past) -> None:
    chance = await past.lived()
    seq = next(entry.seq for entry in chance.journal.entries if entry.outputs)
    await past.spoils("UPDATE journal SET outputs = '[]' WHERE seq = $1", seq)
    with structlog.testing.capture_logs() as logs:
        engine, _ = await past.recovered()
    assert [line["seq"] for line in logs if line["log_level"] == "warning"] == [seq]
    assert take_snapshot(engine) == take_snapshot(chance.engine)


async def test_a_postgres_that_is_away_is_no_reason_to_forget_everything(past: Past) -> None:
    await past.lived(snapshots_after=(20,))
    await past.pool.close()
    with pytest.raises(PeerFault):
        await recovered_engine(InForce(configuration=a_bank()), JournalReader(past.pool), Snapshots(past.pool), 5)


# -- the keeper of snapshots -------------------------------------------------------------------------------------------


class HeardSnapshots(Snapshots):
    """Says when it has saved one, and does not take one that is ahead of the journal."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.saved = asyncio.Event()
        self._reader = JournalReader(pool)

    async def save(self, seq: int, at: float, build: str, state: bytes) -> None:
        assert await self._reader.last_seq() >= seq
        await super().save(seq, at, build, state)
        self.saved.set()


async def test_a_snapshot_is_saved_after_enough_entries_and_is_that_of_its_entry(past: Past) -> None:
    chance = Chance(Random(5))
    async with past.journal() as journal:
        for entry in chance.journal.entries:
            journal.append(entry.at, entry.event, entry.outputs)
        chance.loop = Loop(chance.engine, chance.clock, journal, ListPerformer())
        snapshots = HeardSnapshots(past.pool)
        keeper = SnapshotKeeper(chance.engine, chance.clock, journal, snapshots, every_s=0.005, after_entries=30)
        keeping = asyncio.create_task(keeper.run())
        chance.runs(10)
        assert await past.snapshots() == []
        for _ in range(40):  # it saves while events are decided
            chance.runs(10)
            await asyncio.sleep(0.001)
        async with asyncio.timeout(LIMIT_S):
            await snapshots.saved.wait()
        keeping.cancel()
        await asyncio.wait({keeping})
        await keeper.save()
        last = journal.health().last_seq
    saved = await past.snapshots()
    assert saved[-1] == last
    teller, told = Engine(a_bank()), 0
    reader = JournalReader(past.pool)
    for seq in saved:
        async for entry in reader.entries(told, seq):
            teller.handle(entry.event, entry.at)
        told = seq
        state = await past.pool.fetchval("SELECT state FROM snapshot WHERE seq = $1", seq)
        assert state == take_snapshot(teller)


async def test_a_database_that_takes_no_snapshot_is_no_reason_to_stop(past: Past) -> None:
    chance = Chance(Random(5))
    async with past.journal() as journal:
        keeper = SnapshotKeeper(chance.engine, chance.clock, journal, Snapshots(past.pool))
        await past.spoils("ALTER TABLE snapshot RENAME TO elsewhere")
        with structlog.testing.capture_logs() as logs:
            await keeper.save()
    assert said(logs, "warning") == ["no snapshot was saved"]


# -- builds ------------------------------------------------------------------------------------------------------------


def test_a_build_is_known_by_what_decides() -> None:
    assert recovery.build_id() == recovery.build_id()
    assert len(recovery.build_id()) == 16
    assert set(recovery.DECIDING) >= {"core", "model", "nodes", "strategies"}


def test_the_history_of_these_tests_can_be_written_and_read() -> None:
    chance = Chance(Random(7)).runs(STEPS)
    assert [decode_entry(line) for line in chance.journal.lines] == chance.journal.entries
    assert chance.engine.world.contacts
