"""`callcenter callbacks` against a running center."""

import pytest

from callcenter.cli.exits import Exit
from callcenter.config import load_configuration
from callcenter.model.commands import DialNumber
from tests.cli.live import LiveCenter, StoryCenter
from tests.cli.terminal import Terminal

NUMBER = "0901234567"
QUEUES = """
sales:
  needs: sales
  callback: {window_s: 7200}
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


def test_what_cannot_be_promised_is_said(terminal: Terminal, live: LiveCenter) -> None:
    said = terminal("callbacks", "schedule", "0066", "--queue", "sales", expect=Exit.PROBLEMS)
    assert "callback_to" in said.err
    terminal("callbacks", "schedule", NUMBER, "--queue", "nowhere", expect=Exit.PROBLEMS)
    terminal("callbacks", "schedule", NUMBER, "--queue", "sales", "--in", "1h", "--at", "14:00", expect=Exit.USAGE)
    terminal("callbacks", "cancel", "c-nobody", expect=Exit.NOT_FOUND)
    terminal("callbacks", "now", NUMBER, expect=Exit.NOT_FOUND)
