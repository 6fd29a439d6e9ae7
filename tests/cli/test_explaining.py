"""Decisions told again out of a real journal: whoever looks sees what the engine saw."""

import time
from pathlib import Path

import pytest

from callcenter.cli.explain import _paragraph
from callcenter.config import load_configuration, read_configuration
from callcenter.core.explain import Before, Cause, Reason
from callcenter.jobs.explaining import CHANGED, Explanation, explain
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


FILES = {
    "queues.yaml": """
sales: {needs: sales, priority: 60, wrap_up_s: 20}
support:
  needs: support >= 2 and vietnamese
  wrap_up_s: 20
  max_wait_s: 300
  overflow: {queue: sales}
  missed: {rejected: {then: rest, rest_s: 30}}
  relax: [{after_s: 40, needs: support and vietnamese}, {after_s: 90, needs: support}]
""",
    "flows/to_sales.yaml": "nodes: {go: {kind: enqueue, queue: sales}}",
    "flows/to_support.yaml": "nodes: {go: {kind: enqueue, queue: support}}",
}


def _center() -> StoryCenter:
    configuration, problems = read_configuration(FILES)
    assert problems == []
    return StoryCenter(configuration, start=half_an_hour_ago())


async def _explained(center: StoryCenter, call: ContactId, dsn: str, pool: Pool, tmp_path: Path) -> Explanation:
    await _only_journal(center, dsn, tmp_path)
    reader, snapshots = JournalReader(pool), Snapshots(pool)
    found = await explain(center.configuration, reader, snapshots, call, now=center.now)
    assert found is not None
    assert [decision.caveat for decision in found.decisions if decision.caveat] == []
    return found


async def test_what_followed_a_missed_call_and_whom_a_relaxation_added(dsn: str, pool: Pool, tmp_path: Path) -> None:
    center = _center()
    anna, em = center.agent("anna", support=3, vietnamese=2), center.agent("em", support=2, vietnamese=2)
    binh = center.agent("binh", support=1, vietnamese=4)
    center.agent("chi", support=3).pauses("lunch")
    call = center.call("support")
    anna.rings()
    center.passes(21)
    em.declines()
    center.passes(20)
    binh.rings()
    center.passes(3)
    found = await _explained(center, call.id, dsn, pool, tmp_path)
    steps = {(step.kind, step.agent): step for step in found.steps}
    anna_missed, em_missed = steps["missed", "anna"], steps["missed", "em"]
    assert anna_missed.words == (
        "anna did not answer within 20.0 s and is paused until she says that she is back; "
        "the call keeps its place, number 1 in line"
    )
    assert (anna_missed.details["paused"], anna_missed.details["rung_next"]) == (True, ["em"])
    assert em_missed.words.startswith("em declined after 1.0 s; she is offered no call for 30.0 s")
    assert (em_missed.details["rests_s"], em_missed.details["position"]) == (30.0, 1)
    relaxed = steps["relaxed", ""]
    assert relaxed.words.endswith(
        "an agent with support and vietnamese (it was: support (level 2 or better) and vietnamese); "
        "that adds binh, who is free"
    )
    assert (relaxed.details["added"], relaxed.details["free"]) == (["binh"], ["binh"])
    assert found.outlook is not None
    assert (found.outlook.rung, found.outlook.position) == (("binh",), 1)
    assert [coming.kind.value for coming in found.outlook.upcoming] == ["rest", "offer", "relax", "max_wait"]


async def test_who_came_first_and_what_comes_next(dsn: str, pool: Pool, tmp_path: Path) -> None:
    center = _center()
    anna = center.agent("anna", sales=3, support=3, vietnamese=2)
    center.agent("binh", support=1)
    talking = center.call("sales", caller="0800")
    anna.answers()
    me = center.call("support", caller="0901")
    center.passes(5)
    center.call("sales", caller="0902")
    center.call("sales", caller="0903")
    talking.hangs_up()
    center.passes(21)
    anna.answers()
    center.passes(30)
    anna.hangs_up()
    center.passes(2)
    found = await _explained(center, me.id, dsn, pool, tmp_path)
    assert [(one.agent, one.cause, one.other_priority, one.priority) for one in found.passed_over] == [
        ("anna", Before.PRIORITY, 60, 50)
    ]
    outlook = found.outlook
    assert outlook is not None
    assert (outlook.position, outlook.waiting, outlook.elsewhere) == (1, 1, 1)
    assert [(one.agent, one.reason) for one in outlook.agents] == [("anna", Reason(cause=Cause.WRAP_UP))]
    wrap_up, relax, max_wait = outlook.upcoming
    assert (wrap_up.agent, round(wrap_up.at - outlook.at, 3)) == ("anna", 18.0)
    assert (relax.needs, relax.added) == ("support", ("binh",))
    assert max_wait.target is not None
    assert max_wait.target.name == "sales"


@pytest.fixture
async def waiting(terminal: Terminal, dsn: str, tmp_path: Path) -> Terminal:
    """An installation with a call that waits."""
    for name, text in FILES.items():
        terminal.write(text, f"config/{name}")
    (terminal.config / "flows" / "hotline.yaml").unlink()
    terminal.write("default: to_support", "config/numbers.yaml")  # what the story dials is no number
    center = StoryCenter(load_configuration(terminal.config), start=time.time() - 60)
    anna = center.agent("anna", sales=3, support=3, vietnamese=2)
    for at in range(20):
        center.agent(f"x{at:02}", sales=1)
    anna.pauses("lunch")
    center.call("support", caller="0901", name="Lan")
    center.passes(50)
    await _only_journal(center, dsn, tmp_path)
    terminal.uses_database(dsn)
    return terminal


def test_what_is_shown_of_a_live_call(waiting: Terminal) -> None:
    terminal = waiting
    said = terminal("explain", "last").out
    assert "20 agents have neither support (level 2 or better) nor vietnamese" in said
    assert "anna is paused (lunch)" in said
    assert "What comes next (as of " in said
    assert "less is asked for, an agent with support, but nobody more is at work" in said
    assert "it goes on to queue sales, with its place" in said
    assert "x07" not in said
    assert "x07" in terminal("explain", "last", "--all").out
    found = terminal.json("explain", "last")
    assert found["decisions"][0]["excluded"][0]["count"] == 20
    assert found["next"]["upcoming"][0]["kind"] == "relax"
    assert found["in_short"].startswith('0901 ("Lan") called and dialled support. Now it waits in queue support')


def test_a_long_sentence_is_wrapped_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"word{number}" for number in range(200)]
    _paragraph(" ".join(words), "  1. ")
    assert capsys.readouterr().out.split() == ["1.", *words]
