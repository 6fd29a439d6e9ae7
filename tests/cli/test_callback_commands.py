"""`callcenter callbacks` against a running center."""

import asyncio
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.config import load_configuration
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.commands import DialNumber
from callcenter.model.events import CallbackRequested, LegAnswered
from callcenter.model.facts import ContactConnected, ContactOffered
from callcenter.postgres.journal import PostgresJournal
from tests.cli.live import LiveCenter, StoryCenter
from tests.cli.terminal import Terminal
from tests.core.center import Call

NUMBER = "0901234567"
QUEUES = """
sales:
  needs: sales
  callback: {at_one_key: true, window_s: 7200, retry_after_s: 10}
"""
NUMBERS = "callback_to: [09XXXXXXXX]\n"


@pytest.fixture
def story(terminal: Terminal) -> StoryCenter:
    """A center whose one queue calls back."""
    for flow in (terminal.config / "flows").iterdir():
        flow.unlink()
    terminal.write(QUEUES, "config/queues.yaml")
    terminal.write(NUMBERS, "config/numbers.yaml")
    return StoryCenter(load_configuration(terminal.config))


def test_a_callback_is_scheduled_listed_brought_forward_and_taken_back(terminal: Terminal, live: LiveCenter) -> None:
    terminal.json(
        "callbacks", "schedule", NUMBER, "--queue", "sales", "--in", "30m", "--name", "Lan", "--note", "red one"
    )
    listed = terminal.json("callbacks", "list")
    [one] = listed["callbacks"]
    assert (one["number"], one["queue"], one["step"], one["note"]) == (NUMBER, "sales", "resting", "red one")
    assert one["by"].startswith("cli")
    shown = terminal("callbacks", "list").out
    assert NUMBER in shown
    terminal.json("callbacks", "now", NUMBER)
    assert terminal.json("callbacks", "list")["callbacks"][0]["step"] == "due"
    [queue] = [one for one in terminal.json("queues", "list")["queues"] if one["queue"] == "sales"]
    assert (queue["promised"], queue["waiting"]) == (1, 0)
    terminal.json("callbacks", "cancel", one["call"])
    assert terminal.json("callbacks", "list")["callbacks"] == []
    assert "nobody is to be called back" in terminal("callbacks", "list").out
    assert not live.story.all(DialNumber)


def test_a_callback_scheduled_for_one_agent_is_offered_to_her_and_nobody_else(
    terminal: Terminal, live: LiveCenter
) -> None:
    anna, binh = live.story.agent("anna", sales=3), live.story.agent("binh", sales=5)
    live.story.passes(60.0)
    terminal.json("callbacks", "schedule", NUMBER, "--queue", "sales", "--agent", "anna", "--note", "asked for her")
    [asked] = [entry.event for entry in live.story.entries if isinstance(entry.event, CallbackRequested)]
    assert (asked.number, asked.queue, asked.only, asked.by.startswith("cli")) == (NUMBER, "sales", "anna", True)
    [promised] = live.story.all(CallbackPromised)
    assert (promised.only, promised.note) == ("anna", "asked for her")
    [offered] = live.story.all(ContactOffered)
    assert (offered.agent, offered.contact) == ("anna", promised.contact)
    assert anna.is_rung
    anna.declines()
    live.story.passes(30.0)
    assert not binh.is_rung
    assert {one.agent for one in live.story.all(ContactOffered)} == {"anna"}
    if not anna.is_rung:
        anna.is_ready()
    anna.answers()
    [dialled] = live.story.all(DialNumber)
    assert dialled.number == NUMBER
    live.story.tell(LegAnswered(leg=dialled.leg))
    [connected] = live.story.all(ContactConnected)
    assert (connected.agent, connected.contact) == ("anna", promised.contact)
    assert terminal.json("callbacks", "list")["callbacks"] == []
    said = terminal("callbacks", "schedule", NUMBER, "--queue", "sales", "--agent", "nobody", expect=Exit.PROBLEMS)
    assert "there is no agent nobody" in said.err


def test_what_cannot_be_promised_is_said(terminal: Terminal, live: LiveCenter) -> None:
    said = terminal("callbacks", "schedule", "0066", "--queue", "sales", expect=Exit.PROBLEMS)
    assert "callback_to" in said.err
    terminal("callbacks", "schedule", NUMBER, "--queue", "nowhere", expect=Exit.PROBLEMS)
    terminal("callbacks", "schedule", NUMBER, "--queue", "sales", "--in", "1h", "--at", "14:00", expect=Exit.USAGE)
    terminal("callbacks", "cancel", "c-nobody", expect=Exit.NOT_FOUND)
    terminal("callbacks", "now", NUMBER, expect=Exit.NOT_FOUND)


async def recorded(story: StoryCenter, terminal: Terminal, dsn: str, spool: Path) -> Call:
    """A caller is called back twice and answers the second time; somebody else waits and is served."""
    other = story.call("sales", caller="0902000000")
    story.passes(5.0)
    call = story.call("sales", caller=NUMBER)
    story.passes(5.0)
    call.presses("1")
    anna = story.agent("anna", sales=3)
    anna.answers()
    other.hangs_up()
    anna.answers()
    call.customer_declines()
    story.passes(10.0)
    anna.answers()
    call.customer_answers()
    story.passes(30.0)
    call.hangs_up()
    async with PostgresJournal(dsn, spool) as journal:
        for entry in story.entries:
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=10.0)
    terminal.uses_database(dsn)
    return call


async def test_what_became_of_a_callback_is_on_record(
    terminal: Terminal, story: StoryCenter, dsn: str, tmp_path: Path
) -> None:
    call = await recorded(story, terminal, dsn, tmp_path / "spool")
    on_record = ("--since", "2026-11-23T00:00+00:00", "--until", "2026-11-24T00:00+00:00")

    def looked() -> None:
        [one] = terminal.json("callbacks", "list", *on_record)["callbacks"]
        assert (one["call"], one["end"], one["in_time"], one["attempts"]) == (call.id, "kept", True, 2)
        assert "kept" in terminal("callbacks", "list", *on_record).out
        shown = terminal.json("callbacks", "show", call.id)
        assert [attempt["end"] for attempt in shown["attempts"]] == ["no_answer", "answered"]
        assert "no answer" in terminal("callbacks", "show", call.id).out
        [line] = terminal.json("report", "callbacks", *on_record)["callbacks"]
        assert (line["promised"], line["kept"], line["in_time"], line["kept_in_time"]) == (1, 1, 1, 1.0)
        assert "kept" in terminal("report", "callbacks", *on_record).out
        [queue] = terminal.json("report", "queues", *on_record, "--every", "1d")["queues"]
        assert (queue["offered"], queue["answered"], queue["service_level"]) == (2, 1, 1.0)
        assert terminal.json("calls", "show", call.id)["callbacks"][0]["end"] == "kept"

    await asyncio.to_thread(looked)  # a command has a loop of its own
