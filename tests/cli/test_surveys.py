"""What callers said of talks, from the engine's facts through the records to the command line."""

import time
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.model.entry import decode_entry
from callcenter.model.events import MessageRecorded
from callcenter.model.flow import Prompt
from callcenter.model.ids import ContactId, FlowName
from callcenter.model.queue import Survey
from callcenter.nodes.fields import NextNode, Word
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.survey import AskSurvey, Question
from callcenter.postgres.journal import PostgresJournal
from tests.cli.terminal import Terminal
from tests.core.center import Center, flow, queue

HOUR = ("--since", "1h")
SETTLE_S = 20.0


def asked() -> tuple[Center, ContactId]:
    """Two callers of anna and one of binh: one says 5 and speaks, one hangs up at once, one says 2."""
    ask = AskSurvey(
        questions=(
            Question(name=Word("friendly"), prompt=Prompt(name="friendly")),
            Question(name=Word("solved"), prompt=Prompt(name="solved"), min=0, max=1),
        ),
        comment=Prompt(name="comment"),
        done=NextNode("bye"),
        gave_up=NextNode("bye"),
    )
    survey = Survey(flow=FlowName("how"))
    center = Center(
        queue("sales", survey=survey),
        queue("support", survey=survey),
        flows=[flow("how", ask=ask, bye=Hangup())],
        start=time.time() - 1800.0,
    )
    anna = center.agent("anna")
    first = center.call("sales")
    anna.answers()
    center.passes(20.0)
    anna.hangs_up()
    first.presses("51")
    first.hears_it_out()
    [recording] = center.engine.world.recordings
    center.passes(5.0)
    center.tell(MessageRecorded(recording=recording, seconds=5.0))
    second = center.call("sales")
    anna.answers()
    anna.hangs_up()
    second.hangs_up()
    anna.logs_out()
    binh = center.agent("binh")
    third = center.call("support")
    binh.answers()
    binh.hangs_up()
    third.presses("2")
    third.hangs_up()
    center.told_again()
    return center, first.id


@pytest.fixture
async def first(terminal: Terminal, dsn: str, tmp_path: Path) -> ContactId:
    """They are in the records; gives the first call."""
    center, call = asked()
    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for entry in map(decode_entry, center.journal):
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=SETTLE_S)
    terminal.uses_database(dsn)
    return call


def test_surveys_are_summed_up(terminal: Terminal, first: ContactId) -> None:
    [found] = terminal.json("report", "surveys", *HOUR)["surveys"]
    assert (found["survey"], found["of"], found["offered"], found["answered"]) == ("how", "", 3, 2)
    assert found["share"] == pytest.approx(2 / 3)
    friendly, solved, comment = found["questions"]
    assert (friendly["question"], friendly["answers"], friendly["mean"]) == ("friendly", 2, 3.5)
    assert friendly["times"] == {"2": 1, "5": 1}
    assert (solved["mean"], solved["times"]) == (1.0, {"1": 1})
    assert (comment["question"], comment["answers"], comment["mean"], comment["comments"]) == ("comment", 0, None, 1)
    said = terminal("report", "surveys", *HOUR).out
    assert "3.50" in said
    assert "66.7 %" in said
    assert "mean = sum of answers / number of answers" in said


def test_surveys_by_agent_and_queue_and_of_one_of_them(terminal: Terminal, first: ContactId) -> None:
    by_agent = terminal.json("report", "surveys", *HOUR, "--by", "agent")["surveys"]
    assert [(one["of"], one["offered"], one["answered"]) for one in by_agent] == [("anna", 2, 1), ("binh", 1, 1)]
    [sales] = terminal.json("report", "surveys", *HOUR, "--by", "queue", "--queue", "sales")["surveys"]
    assert (sales["of"], sales["questions"][0]["mean"]) == ("sales", 5.0)
    [binh] = terminal.json("report", "surveys", *HOUR, "--agent", "binh")["surveys"]
    assert [one["question"] for one in binh["questions"]] == ["friendly"]
    assert terminal.json("report", "surveys", "--since", "2h", "--until", "1h")["surveys"] == []
    said = terminal("report", "surveys", *HOUR, "--by", "mood", expect=Exit.USAGE)
    assert "survey, queue, agent" in said.err


def test_a_call_is_shown_with_what_its_caller_said(terminal: Terminal, first: ContactId) -> None:
    answers = terminal.json("calls", "show", first)["answers"]
    assert [(one["question"], one["answer"]) for one in answers] == [("friendly", 5), ("solved", 1), ("comment", None)]
    recordings = terminal.json("calls", "show", first)["recordings"]
    assert answers[2]["comment"] in [one["recording"] for one in recordings if one["kind"] == "note"]
    assert "Said in the survey" in terminal("calls", "show", first).out
