"""Commands that read the records: past calls, recordings, reports, and why a call got its agent."""

import asyncio
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.model.ids import QueueName
from callcenter.model.records import WaitForecastRow
from callcenter.postgres.pool import connect
from callcenter.postgres.records import write_rows
from tests.cli.past import Past
from tests.cli.terminal import Terminal

HOUR = ("--since", "1h")


def test_past_calls(terminal: Terminal, past: Past) -> None:
    calls = terminal.json("calls", "list", *HOUR)["calls"]
    assert [one["call"] for one in calls] == [past.missed.id, past.waited.id, past.gave_up.id]
    first = calls[0]
    assert (first["agent"], first["end_reason"], first["wait_s"], first["talk_s"]) == (
        "binh",
        "caller_hung_up",
        16.0,
        62.0,
    )
    assert (first["offers"], first["missed"], len(first["recordings"])) == (2, 1, 1)
    shown = terminal("calls", "list", *HOUR).out
    assert past.missed.id in shown
    assert "1:02" in shown


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("--agent anna", ["waited"]),
        ("--queue support", ["gave_up"]),
        ("--caller 0901111111", ["missed"]),
        ("--ended abandoned", ["gave_up"]),
        ("--sort -began --limit 1", ["gave_up"]),
        ("--sort -talk", ["missed", "waited", "gave_up"]),
        ("--until 31m", []),
    ],
)
def test_past_calls_narrowed(terminal: Terminal, past: Past, words: str, found: list[str]) -> None:
    calls = terminal.json("calls", "list", *HOUR, *words.split())["calls"]
    assert [one["call"] for one in calls] == [getattr(past, name).id for name in found]


@pytest.mark.parametrize("words", ["--sort nonsense", "--ended nonsense", "--until 2h", "--since someday", "--limit 0"])
def test_what_cannot_be_asked(terminal: Terminal, words: str) -> None:
    assert terminal("calls", "list", *HOUR, *words.split(), expect=Exit.USAGE).out == ""
    assert terminal.json("calls", "list", *HOUR, *words.split(), expect=Exit.USAGE)["error"]["kind"] == "usage"


def test_one_call_with_all_that_is_on_record(terminal: Terminal, past: Past) -> None:
    record = terminal.json("calls", "show", past.missed.id)
    assert [ring["agent"] for ring in record["rings"]] == ["anna", "binh"]
    assert [ring["end"] for ring in record["rings"]] == ["no_answer", "accepted"]
    assert record["began"].endswith("Z")
    assert [one["channels"] for one in record["recordings"]] == [2]
    said = terminal("calls", "show", past.gave_up.id.removeprefix("c-")).out
    assert "timed out" in said
    assert "abandoned" in said
    terminal.json("calls", "show", "last")


def test_a_name_out_of_the_records_cannot_break_the_screen(terminal: Terminal, past: Past) -> None:
    for words in (("calls", "list", *HOUR), ("calls", "show", past.waited.id), ("explain", past.waited.id)):
        said = terminal(*words).out
        assert "[red]Đỗ[/red]" in said
        assert not {"\x1b", "\u202e"} & set(said)


def test_which_call_is_meant(terminal: Terminal, past: Past) -> None:
    assert terminal.json("calls", "show", past.gave_up.id[2:])["call"] == past.gave_up.id
    assert "part of several calls" in terminal("calls", "show", "storyone", expect=Exit.NOT_FOUND).err
    assert "there is no call nonsense" in terminal("calls", "show", "nonsense", expect=Exit.NOT_FOUND).err
    terminal("calls", "show", "\x1b[2J", expect=Exit.USAGE)


def test_recordings(terminal: Terminal, past: Past, tmp_path: Path) -> None:
    recordings = terminal.json("recordings", "list", *HOUR)["recordings"]
    assert {one["call"] for one in recordings} == {past.missed.id, past.waited.id}
    assert sorted(one["problem"] for one in recordings) == ["", "too short"]
    assert len(terminal.json("recordings", "list", *HOUR, "--agent", "anna")["recordings"]) == 1
    assert "sound" in terminal("recordings", "list", *HOUR, "--call", past.waited.id).out

    missing = terminal.json("recordings", "path", past.waited.id, expect=Exit.NOT_FOUND)
    assert missing["recordings"][0]["exists"] is False
    path = Path(missing["recordings"][0]["path"])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF")
    assert terminal("recordings", "path", past.waited.id).out == f"{path}\n"
    assert terminal("recordings", "path", missing["recordings"][0]["recording"]).out == f"{path}\n"
    terminal("recordings", "path", past.gave_up.id, expect=Exit.NOT_FOUND)


def test_the_summary(terminal: Terminal, past: Past) -> None:
    found = terminal.json("report", "summary", *HOUR)
    assert (found["calls"], found["offered"], found["answered"], found["abandoned"]) == (3, 4, 2, 1)
    assert found["end_reasons"] == {"caller_hung_up": 2, "abandoned": 1}
    assert found["asa_s"] == 14.0
    assert found["service_level"] == pytest.approx(2 / 3)
    said = terminal("report", "summary", *HOUR, "--queue", "sales").out
    assert "100.0 %" in said
    assert "service level = " in said


def test_queues_and_agents_by_interval(terminal: Terminal, past: Past) -> None:
    queues = terminal.json("report", "queues", *HOUR, "--every", "1h")
    assert [(one["queue"], one["offered"], one["answered"]) for one in queues["queues"]] == [
        ("sales", 3, 2),
        ("support", 1, 0),
    ]
    agents = terminal.json("report", "agents", *HOUR, "--sort", "agent")
    anna = agents["agents"][0]
    assert (anna["agent"], anna["offers"], anna["accepted"], anna["missed"], anna["talk_s"]) == ("anna", 2, 1, 1, 20.0)
    assert "occupancy = " in terminal("report", "agents", *HOUR).out
    assert "sales" in terminal("report", "queues", *HOUR).out
    assert terminal.json("report", "calls", *HOUR)["calls"] == terminal.json("calls", "list", *HOUR)["calls"]
    said = terminal("report", "queues", *HOUR, "--sort", "nonsense", expect=Exit.USAGE)
    assert "service_level" in said.err
    terminal("report", "queues", *HOUR, "--every", "1s", expect=Exit.USAGE)


async def test_predicted_waits_beside_true_ones(terminal: Terminal, past: Past, dsn: str) -> None:
    said = await asyncio.to_thread(terminal, "report", "waits", *HOUR)
    assert "no wait was predicted" in said.out
    connection = await connect(dsn)
    try:
        entered = await connection.fetchval("SELECT entered FROM queue_visit WHERE contact = $1", past.waited.id)
        told = WaitForecastRow(
            seq=1,
            n=99,
            contact=past.waited.id,
            queue=QueueName("sales"),
            predicted=entered.timestamp(),
            p50_s=10.0,
            p90_s=15.0,
            position=1,
            entry=True,
            confident=False,
            announced=False,
            simulated=True,
        )
        await write_rows(connection, [told])
    finally:
        await connection.close()
    [line] = (await asyncio.to_thread(terminal.json, "report", "waits", *HOUR))["waits"]
    assert (line["queue"], line["predicted"], line["served"], line["p50_held"], line["p90_held"]) == (
        "sales",
        1,
        1,
        0.0,
        1.0,
    )
    assert (line["waited_s"], line["error_s"], line["bias_s"]) == (12.0, 2.0, 2.0)
    said = await asyncio.to_thread(terminal, "report", "waits", *HOUR)
    assert "held = " in said.out
    assert "+2 s" in said.out


def test_why_this_agent_and_why_not_the_others(terminal: Terminal, past: Past) -> None:
    found = terminal.json("explain", past.missed.id)
    first, second = found["decisions"]
    assert [one["agent"] for one in first["offers"]] == ["anna"]
    assert [(one["agent"], one["chosen"]) for one in first["candidates"]] == [("anna", True), ("binh", False)]
    assert {one["agent"]: one["words"] for one in first["others"]} == {
        "chi": "needs sales (has 0); paused (training)",
        "dao": "paused (lunch)",
        "em": "logged out",
        "giang": "phone unreachable",
    }
    assert [one["agent"] for one in second["offers"]] == ["binh"]
    assert {one["agent"]: one["words"] for one in second["others"]}["anna"] == "paused (no_answer)"
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds[:5] == ["opened", "flow", "queued", "offered", "missed"]
    assert kinds[-2:] == ["ended", "recording_checked"]


def test_why_it_waited(terminal: Terminal, past: Past) -> None:
    waits, served = terminal.json("explain", past.waited.id)["decisions"]
    assert (waits["offers"], waits["candidates"]) == ([], [])
    assert {one["agent"]: one["words"] for one in waits["others"]}["binh"] == "has 1 of 1 voice contacts"
    # anna's coming back is the event that decides, and she is seen as she was when it was decided
    assert [(one["agent"], one["chosen"]) for one in served["candidates"]] == [("anna", True)]
    assert len(served["others"]) == 5


def test_explained_in_words(terminal: Terminal, past: Past) -> None:
    said = terminal("explain", past.missed.id).out
    assert "anna did not answer within 15.0 s and is paused" in said
    assert "queue sales: binh is rung" in said
    assert "as good, the lower id goes first" in said
    gave_up = terminal("explain", "last").out
    assert "left queue sales after 2:00 min: it had waited as long as the queue allows" in gave_up
    assert "keeps its place" in gave_up
    assert "less is asked for: an agent with support" in gave_up
    assert "nobody can take it, it waits" in gave_up


def test_another_configuration_since_is_said_and_the_record_is_shown(terminal: Terminal, past: Past) -> None:
    queues = (terminal.config / "queues.yaml").read_text()
    terminal.write(queues.replace("needs: sales", "needs: sales >= 3"), "config/queues.yaml")
    found = terminal.json("explain", past.missed.id)
    second = found["decisions"][-1]
    assert [one["agent"] for one in second["offers"]] == ["binh"]
    assert "has changed since" in second["caveat"]
    assert second["others"] == []
    assert "has changed since" in terminal("explain", past.missed.id).out


def test_a_call_nobody_knows(terminal: Terminal, past: Past) -> None:
    assert terminal.json("explain", "nonsense", expect=Exit.NOT_FOUND)["error"]["kind"] == "not_found"


def test_before_the_first_call(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    assert "no call yet" in terminal("explain", "last", expect=Exit.NOT_FOUND).err
    assert terminal.json("report", "summary")["calls"] == 0
    assert "no call between" in terminal("calls", "list", *HOUR).out
