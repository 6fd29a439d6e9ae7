"""`callcenter supervise` against a running center, and its report from the records."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.config import load_configuration
from callcenter.config.folder import read_configuration
from callcenter.model.agent import Supervision
from callcenter.model.commands import RingPhone, Snoop
from callcenter.model.entry import decode_entry
from callcenter.model.events import AgentSaved, LegAnswered
from callcenter.model.ids import ContactId, QueueName, Team
from callcenter.model.monitor import MonitorMode
from callcenter.model.monitor_messages import BroadcastSent, MoveRequested
from callcenter.postgres.journal import PostgresJournal
from tests.cli.live import LiveCenter, StoryCenter
from tests.cli.past import Past
from tests.cli.terminal import Terminal
from tests.core.center import Center, queue
from tests.core.test_monitoring import Boss

SETTLE_S = 20.0
QUEUES = "sales: {needs: sales}\nsupport: {needs: support}\n"


@pytest.fixture
def story(terminal: Terminal) -> StoryCenter:
    """A center with two queues, a supervisor, an agent who talks, and a caller who waits."""
    for flow in (terminal.config / "flows").iterdir():
        flow.unlink()
    terminal.write(QUEUES, "config/queues.yaml")
    terminal.write("{}\n", "config/numbers.yaml")
    center = StoryCenter(load_configuration(terminal.config))
    boss = center.agent("dung", support=1)
    rights = replace(boss.record.agent, supervises=Supervision(everything=True), team=Team("day"))
    assert center.ask(AgentSaved(request=center.request(), agent=rights)) == ""
    anna = center.agent("anna", sales=1)
    center.call("sales", caller="0901111111")
    anna.answers()
    center.call("sales", caller="0902222222")
    return center


def test_a_supervisor_is_rung_hears_changes_her_mode_and_goes(terminal: Terminal, live: LiveCenter) -> None:
    live.story.tell(live.story.listing())  # a new run has begun: nothing is settled before that
    terminal.json("supervise", "start", "dung", "--agent", "anna")
    [ring] = live.story.all(RingPhone)
    live.story.tell(LegAnswered(leg=ring.leg))
    [one] = terminal.json("supervise", "list")["monitors"]
    assert (one["supervisor"], one["agent"], one["state"]) == ("dung", "anna", "listening")
    terminal.json("supervise", "mode", "dung", "whisper")
    assert [snoop.whispers for snoop in live.story.all(Snoop)] == [False, True]
    assert "whispering" in terminal("supervise", "list").out
    terminal.json("supervise", "leave", "dung")
    assert "no supervisor" in terminal("supervise", "list").out


def test_one_call_is_named_by_a_part_of_its_id(terminal: Terminal, live: LiveCenter) -> None:
    [talk, _] = live.story.engine.world.contacts
    terminal.json("supervise", "start", "dung", "--call", talk, "--mode", "barge")
    [one] = terminal.json("supervise", "list")["monitors"]
    assert (one["mode"], one["state"]) == ("barge", "ringing")


def test_waiting_calls_are_moved_ranked_and_picked(terminal: Terminal, live: LiveCenter) -> None:
    waits = live.story.engine.world.contacts[list(live.story.engine.world.contacts)[1]]
    terminal.json("supervise", "priority", "last", "90")
    assert waits.priority == 90
    terminal.json("supervise", "pick", "last", "dung", "--as", "dung")
    assert [offer.agent for offer in waits.offers.values()] == ["dung"]
    refused = terminal("supervise", "move", "last", "support", expect=Exit.PROBLEMS)
    assert "does not wait" in refused.err


def test_words_are_sent_to_screens(terminal: Terminal, live: LiveCenter) -> None:
    terminal.json("supervise", "broadcast", "Meeting at nine", "--team", "day")
    assert [sent.agents for sent in live.story.all(BroadcastSent)] == [("dung",)]
    terminal("supervise", "broadcast", " ", expect=Exit.PROBLEMS)


def test_what_is_not_clear_is_refused(terminal: Terminal, live: LiveCenter) -> None:
    assert live.story.all(RingPhone) == []
    terminal("supervise", "start", "dung", expect=Exit.USAGE)
    terminal("supervise", "start", "dung", "--agent", "anna", "--call", "last", expect=Exit.USAGE)
    terminal("supervise", "start", "dung", "--call", "c-nobody", expect=Exit.NOT_FOUND)
    said = terminal("supervise", "start", "anna", "--agent", "dung", expect=Exit.PROBLEMS)
    assert "the phone of anna is in use" in said.err


def test_the_prompt_is_there_where_agents_are_told() -> None:
    told, problems = read_configuration({"queues.yaml": "sales: {tell_monitored: true}\n"})
    assert not problems
    assert set(told.prompts["monitored"].texts) == {"en", "vi"}
    plain, _ = read_configuration({"queues.yaml": "sales: {}\n"})
    assert "monitored" not in plain.prompts


@pytest.fixture
async def waits(terminal: Terminal, dsn: str, tmp_path: Path) -> ContactId:
    """A talk that was heard, in the records, and a call that was moved, which this gives."""
    center = Center(queue("sales", "sales"), queue("support", "support"), start=time.time() - 600.0)
    boss = Boss(center, "dung")
    anna = center.agent("anna", sales=1)
    talk = center.call("sales")
    anna.answers()
    waits = center.call("sales")
    boss.hears(anna)
    center.passes(30.0)
    assert boss.wants(MonitorMode.WHISPER) == ""
    center.passes(10.0)
    moved = MoveRequested(request=center.request(), contact=waits.id, queue=QueueName("support"), by="chief")
    assert center.ask(moved) == ""
    talk.hangs_up()
    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for entry in map(decode_entry, center.journal):
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=SETTLE_S)
    terminal.uses_database(dsn)
    return waits.id


def test_the_report_says_who_heard_whom_and_who_meddled(terminal: Terminal, waits: ContactId) -> None:
    report = terminal.json("supervise", "report", "--since", "1h")
    heard = [(one["supervisor"], one["agent"], one["as"], one["seconds"]) for one in report["heard"]]
    assert heard == [("dung", "anna", "listening", 30.0), ("dung", "anna", "whispering", 10.0)]
    steered = [(one["call"], one["what"], one["by"]) for one in report["steered"]]
    assert steered == [(waits, "moved to support", "chief")]
    assert "whispering" in terminal("supervise", "report", "--since", "1h", "--supervisor", "dung").out
    assert terminal.json("supervise", "report", "--since", "1h", "--agent", "binh")["heard"] == []


def test_rights_are_given_shown_and_taken(terminal: Terminal, past: Past) -> None:
    given = terminal.json("agents", "rights", "anna", "--team", "day", "--queue", "sales", "--over-team", "day")
    assert given["supervises"] == {"queues": ["sales"], "teams": ["day"], "everything": False}
    assert terminal.json("agents", "rights", "anna")["team"] == "day"
    assert "supervises queue sales, team day" in terminal("agents", "rights", "anna").out
    assert terminal.json("agents", "rights", "anna", "--nothing")["supervises"] is None
    terminal("agents", "rights", "anna", "--nothing", "--everything", expect=Exit.USAGE)
    terminal("agents", "rights", "anna", "--team", "not a team", expect=Exit.PROBLEMS)
    terminal("agents", "rights", "nobody", expect=Exit.NOT_FOUND)
