"""Decisions told again out of a real journal: whoever looks sees what the engine saw."""

import time
from pathlib import Path

from callcenter.config import load_configuration
from callcenter.jobs.explaining import CHANGED, explain
from callcenter.model.configuration import Configuration
from callcenter.model.ids import ContactId
from callcenter.postgres.pool import Pool
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots
from tests.cli.live import StoryCenter
from tests.cli.past import half_an_hour_ago, save_snapshot, three_calls, write
from tests.cli.terminal import Terminal


async def test_a_snapshot_changes_nothing_but_the_work(
    terminal: Terminal, dsn: str, pool: Pool, tmp_path: Path
) -> None:
    center = StoryCenter(load_configuration(terminal.config), start=half_an_hour_ago())
    past = three_calls(center, tmp_path)
    await write(center, past, dsn, tmp_path / "spool", snapshot=False)
    reader, snapshots = JournalReader(pool), Snapshots(pool)
    calls = (past.missed.id, past.waited.id, past.gave_up.id)
    from_the_start = [await explain(center.configuration, reader, snapshots, call) for call in calls]
    await save_snapshot(center, past, pool)
    assert [await explain(center.configuration, reader, snapshots, call) for call in calls] == from_the_start
    for explanation in from_the_start:
        assert explanation is not None
        assert [decision.caveat for decision in explanation.decisions if decision.caveat] == []


async def test_an_agent_who_is_several_times_asked_in_one_event(
    terminal: Terminal, dsn: str, pool: Pool, tmp_path: Path
) -> None:
    center = StoryCenter(load_configuration(terminal.config), start=half_an_hour_ago())
    anna, binh = center.agent("anna", sales=1), center.agent("binh", sales=1)
    call = center.call("sales")
    anna.logs_out()  # withdraws her offer: in the same event binh is rung
    assert call.rung == ["binh"]
    binh.answers()
    call.hangs_up()
    await _only_journal(center, dsn, tmp_path)
    found = await explain(center.configuration, JournalReader(pool), Snapshots(pool), call.id)
    assert found is not None
    assert [decision.chosen for decision in found.decisions] == [("anna",), ("binh",)]
    words = {verdict.agent: verdict.words for verdict in found.decisions[1].verdicts}
    assert words[anna.id] == "logged out"


async def test_a_call_that_lived_through_a_restart(terminal: Terminal, dsn: str, pool: Pool, tmp_path: Path) -> None:
    center = StoryCenter(load_configuration(terminal.config), start=half_an_hour_ago())
    anna = center.agent("anna", sales=1)
    anna.pauses("lunch")
    call = center.call("sales")
    center.passes(5)
    center.restarts()
    anna.is_ready()
    assert call.rung == ["anna"]
    await _only_journal(center, dsn, tmp_path)
    found = await explain(center.configuration, JournalReader(pool), Snapshots(pool), call.id)
    assert found is not None
    assert [(decision.chosen, decision.caveat) for decision in found.decisions] == [((), ""), (("anna",), "")]


async def test_ring_all_is_one_decision_with_many_offers(
    terminal: Terminal, dsn: str, pool: Pool, tmp_path: Path
) -> None:
    queues = (terminal.config / "queues.yaml").read_text()
    terminal.write(queues.replace("needs: sales", "needs: sales\n  strategy: ring_all"), "config/queues.yaml")
    center = StoryCenter(load_configuration(terminal.config), start=half_an_hour_ago())
    center.agent("anna", sales=1)
    center.agent("binh", sales=1)
    call = center.call("sales")
    await _only_journal(center, dsn, tmp_path)
    found = await explain(center.configuration, JournalReader(pool), Snapshots(pool), call.id)
    assert found is not None
    assert [decision.chosen for decision in found.decisions] == [("anna", "binh")]


async def test_a_configuration_without_the_queue_shows_what_was_written(
    terminal: Terminal, dsn: str, pool: Pool, tmp_path: Path
) -> None:
    center = StoryCenter(load_configuration(terminal.config), start=half_an_hour_ago())
    past = three_calls(center, tmp_path)
    await write(center, past, dsn, tmp_path / "spool", snapshot=True)
    found = await explain(Configuration(), JournalReader(pool), Snapshots(pool), past.missed.id)
    assert found is not None
    assert [(decision.chosen, decision.caveat) for decision in found.decisions] == [
        (("anna",), CHANGED),
        (("binh",), CHANGED),
    ]
    assert [verdict.agent for verdict in found.decisions[0].verdicts] == ["anna"]
    assert len(found.steps) > 10


async def test_a_contact_the_journal_does_not_know(terminal: Terminal, pool: Pool) -> None:
    configuration = load_configuration(terminal.config)
    assert await explain(configuration, JournalReader(pool), Snapshots(pool), ContactId("c-none")) is None


async def test_of_old_snapshots_enough_are_kept_to_begin_with(pool: Pool) -> None:
    hour, day = 3600.0, 86_400.0
    now = time.time() // day * day + 0.5 * day
    snapshots, seq = Snapshots(pool), 0
    for begins, every in ((now - 20 * day, 4 * hour), (now - 2 * day, 0.25 * hour), (now - hour, 60.0)):
        for at in range(12):
            seq += 1
            await snapshots.save(seq, begins + at * every, "test", b"")
    kept = [record["seq"] for record in await pool.fetch("SELECT seq FROM snapshot ORDER BY seq")]
    first_of_days, first_of_hours, newest = [1, 4, 10], [13, 17, 21, 25], [*range(27, 37)]
    assert kept == first_of_days + first_of_hours + newest
    found = await snapshots.latest(before_seq=20)
    assert found is not None
    assert found.seq == 17


async def _only_journal(center: StoryCenter, dsn: str, tmp_path: Path) -> None:
    from callcenter.postgres.journal import PostgresJournal

    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for entry in center.entries:
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=20.0)
