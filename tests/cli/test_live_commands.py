"""Commands that speak with a running center: what is up, who works, and what one may ask for."""

import pytest

from callcenter.cli.exits import Exit
from callcenter.model.agent import AgentStatus
from callcenter.model.contact import EndReason
from tests.cli.live import WELL, LiveCenter
from tests.cli.terminal import Terminal

HOSTILE = "[bold]x[/bold]\x1b[31m\r\nid\u202eevil\x00\x9b2J"


def busy(live: LiveCenter) -> None:
    """One talks, one waits, one agent is paused."""
    anna = live.story.agent("anna", sales=3)
    binh = live.story.agent("binh", support=2)
    live.story.save("chi", {"sales": 1})
    live.story.call("sales", caller="0901", name="Lan")
    anna.answers()
    binh.pauses("lunch")
    live.story.call("sales", caller="0902", name=HOSTILE)
    live.story.passes(75)


def test_calls_that_are_up(terminal: Terminal, live: LiveCenter) -> None:
    busy(live)
    document = terminal.json("calls", "list")
    first, second = document["calls"]
    assert (first["state"], first["agent"], first["state_s"]) == ("connected", "anna", 75.0)
    assert (second["state"], second["queue"], second["position"], second["caller_name"]) == (
        "waiting",
        "sales",
        1,
        HOSTILE,
    )
    shown = terminal("calls", "list").out
    assert first["call"] in shown
    assert "1:15" in shown
    assert [one["call"] for one in terminal.json("calls", "list", "--agent", "anna")["calls"]] == [first["call"]]


def test_no_call_is_up(terminal: Terminal, live: LiveCenter) -> None:
    assert terminal("calls", "list").out.strip() == "no call is up"
    assert terminal.json("calls", "list")["calls"] == []


def test_a_hostile_name_stays_in_its_row(terminal: Terminal, live: LiveCenter) -> None:
    busy(live)
    for command in (("calls", "list"), ("queues", "show", "sales")):
        said = terminal(*command).out
        assert not set("\x1b\r\x00\x9b\u202e") & set(said)
        assert "[bold]x[/bold]" in said
        assert sum("0902" in line for line in said.splitlines()) == 1
    raw = terminal("calls", "list", "--json").out
    assert not set("\x1b\r\x00\x9b\u202e") & set(raw)


def test_hanging_up_by_a_part_of_the_id(terminal: Terminal, live: LiveCenter) -> None:
    call = live.story.call("sales")
    live.story.call("sales")
    assert terminal.json("calls", "hangup", call.id)["call"] == call.id
    assert call.end_reason is EndReason.HUNG_UP_BY_REQUEST
    other = live.story.call("sales")
    assert "several calls" in terminal("calls", "hangup", "c-", expect=Exit.NOT_FOUND).err
    assert terminal("calls", "hangup", "last").out.strip() == f"{other.id} is hung up"
    assert "no live call" in terminal("calls", "hangup", "zzz", expect=Exit.NOT_FOUND).err


def test_agents_as_they_are_now(terminal: Terminal, live: LiveCenter) -> None:
    busy(live)
    anna, binh, chi = terminal.json("agents", "list")["agents"]
    assert (anna["state"], anna["skills"], anna["calls"]) == ("on_contact", {"sales": 3}, 1)
    assert (binh["status"], binh["reason"], binh["state"]) == ("paused", "lunch", "not_ready")
    assert (chi["status"], chi["phone"]) == ("logged_out", "unknown")
    assert "paused (lunch)" in terminal("agents", "list").out


def test_logging_in_and_out_pausing_and_coming_back(terminal: Terminal, live: LiveCenter) -> None:
    live.story.agent("anna", at_work=False)
    live.story.agent("binh", at_work=False)
    records = live.story.engine.world.agents.records

    def statuses() -> list[AgentStatus]:
        return [records[agent].status for agent in sorted(records)]

    assert terminal("agents", "login", "anna", "binh").out.splitlines() == ["anna is logged in", "binh is logged in"]
    assert statuses() == [AgentStatus.AVAILABLE] * 2
    terminal.json("agents", "pause", "anna", "--reason", "lunch")
    assert statuses() == [AgentStatus.PAUSED, AgentStatus.AVAILABLE]
    assert records[sorted(records)[0]].reason == "lunch"
    terminal.json("agents", "ready", "anna")
    terminal.json("agents", "logout", "binh")
    assert statuses() == [AgentStatus.AVAILABLE, AgentStatus.LOGGED_OUT]


def test_one_who_is_refused_does_not_keep_the_others_from_it(terminal: Terminal, live: LiveCenter) -> None:
    live.story.agent("anna", at_work=False)
    said = terminal("agents", "login", "nobody", "../x", "anna", expect=Exit.PROBLEMS)
    assert said.out.splitlines() == ["anna is logged in"]
    assert said.err.splitlines() == ["nobody: there is no agent nobody", "../x: there is no agent ../x"]
    document = terminal.json("agents", "pause", "nobody", expect=Exit.PROBLEMS)
    assert document["agents"] == [{"agent": "nobody", "done": "", "problem": "there is no agent nobody"}]


def test_wrapping_up(terminal: Terminal, live: LiveCenter) -> None:
    anna = live.story.agent("anna", sales=1)
    call = live.story.call("sales")
    anna.answers()
    assert "not in wrap-up" in terminal("agents", "wrap-up", "anna", expect=Exit.PROBLEMS).err
    call.hangs_up()
    terminal.json("agents", "wrap-up", "anna", "--extend", "2m")
    live.story.passes(60)
    assert anna.state == "wrap_up"
    assert terminal("agents", "wrap-up", "anna").out.strip() == "anna has finished"
    assert anna.state == "ready"


def test_queues(terminal: Terminal, live: LiveCenter) -> None:
    busy(live)
    sales, support = terminal.json("queues", "list")["queues"]
    assert (sales["waiting"], sales["talking"], sales["longest_s"]) == (1, 1, 75.0)
    assert (support["strategy"], support["needs"], support["open"]) == ("best_skill", "support >= 2", True)
    shown = terminal.json("queues", "show", "sales")
    assert [one["caller"] for one in shown["calls"]] == ["0902", "0901"]
    assert [one["agent"] for one in shown["able"]] == ["anna", "chi"]
    assert "there are: sales, support" in terminal("queues", "show", "sails", expect=Exit.NOT_FOUND).err


def test_draining_a_queue_and_ending_it(terminal: Terminal, live: LiveCenter) -> None:
    terminal.json("queues", "drain", "sales")
    assert "sales" in live.story.engine.world.draining
    assert "draining" in terminal("queues", "list").out
    assert terminal("queues", "drain", "sales", "--off").out.strip() == "sales takes calls again"
    assert not live.story.engine.world.draining
    terminal("queues", "drain", "sails", expect=Exit.NOT_FOUND)


def test_status_when_all_is_well(terminal: Terminal, live: LiveCenter) -> None:
    busy(live)
    document = terminal.json("status")
    assert document["well"]
    assert document["calls"] == {"up": 2, "in_flow": 0, "waiting": 1, "talking": 1, "longest_wait_s": 75.0}
    assert (document["agents"]["at_work"], document["agents"]["on_call"], document["agents"]["paused"]) == (2, 1, 1)
    assert "1:02:03" in terminal("status").out


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("asterisk", {"ari": False}, "Asterisk is not connected (ARI)"),
        ("asterisk", {"ami": "refused"}, "AMI is refused"),
        ("journal", {"connected": False}, "Postgres is not connected"),
        ("journal", {"problem": "disk full"}, "the journal: disk full"),
        ("journal", {"behind_s": 90.0}, "1:30 behind"),
    ],
)
def test_status_names_what_is_wrong(
    terminal: Terminal, live: LiveCenter, part: str, change: dict[str, object], said: str
) -> None:
    live.health_now = {**WELL, part: {**WELL[part], **change}}
    document = terminal.json("status", expect=Exit.PROBLEMS)
    assert [said in problem for problem in document["problems"]] == [True]
    assert said in terminal("status", expect=Exit.PROBLEMS).out


def test_one_picture_for_programs(terminal: Terminal, live: LiveCenter) -> None:
    busy(live)
    document = terminal.json("top")
    assert [len(document[name]) for name in ("queues", "agents", "calls")] == [2, 3, 2]


def test_stopping(terminal: Terminal, live: LiveCenter) -> None:
    assert terminal("stop").out.strip() == "the call center has stopped"
    assert terminal.json("status", expect=Exit.NOT_RUNNING)["error"]["kind"] == "not_running"
    terminal("stop", expect=Exit.NOT_RUNNING)


def test_a_second_center_is_not_started_beside_the_first(terminal: Terminal, live: LiveCenter) -> None:
    assert "running here already" in terminal("run", expect=Exit.PROBLEMS).err


def test_an_answer_that_does_not_come(terminal: Terminal, live: LiveCenter) -> None:
    live.story.agent("anna")
    live.silent = True
    assert "did not answer in time" in terminal("agents", "pause", "anna", expect=Exit.NO_ANSWER).err


@pytest.mark.parametrize(
    "words",
    ["status", "stop", "calls list", "calls hangup last", "queues list", "queues drain sales", "top", "agents login a"],
)
def test_nothing_runs_here(terminal: Terminal, words: str) -> None:
    said = terminal(*words.split(), expect=Exit.NOT_RUNNING)
    assert said.out == ""
    assert "no call center is running here" in said.err
    assert "callcenter run" in said.err
    assert terminal.json(*words.split(), expect=Exit.NOT_RUNNING)["error"]["exit"] == 3
