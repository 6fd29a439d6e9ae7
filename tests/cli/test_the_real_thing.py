"""The commands against a center that `callcenter run` has started: a real Postgres, a real Asterisk."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest

from callcenter.cli.exits import Exit
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.live

READY_LIMIT_S = 120.0
STOP_LIMIT_S = 60.0


@pytest.fixture
def running(terminal: Terminal) -> Iterator["subprocess.Popen[str]"]:
    """`callcenter run --json`, until the test has ended it."""
    terminal.uses_database("")  # one of its own
    command = [sys.executable, "-m", "callcenter.cli", "--settings", str(terminal.settings), "run", "--json"]
    with (terminal.folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=terminal.folder)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=STOP_LIMIT_S)


def first_document(out: IO[str]) -> dict[str, object]:
    """What is printed first, as soon as it is whole."""
    said = ""
    os.set_blocking(out.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        while not said.endswith("}\n"):
            assert selector.select(READY_LIMIT_S), f"nothing more was said than {said!r}"
            said += (more := out.read())
            assert more, f"it ended; it had said {said!r}"
    found = json.loads(said)
    assert isinstance(found, dict)
    return found


def test_a_working_day_at_the_command_line(terminal: Terminal, running: "subprocess.Popen[str]") -> None:
    assert running.stdout is not None
    told = first_document(running.stdout)
    assert told["numbers"] == {"1900": "hotline"}

    assert terminal.json("status")["well"]
    assert [one["verdict"] for one in terminal.json("conf", "check")["findings"]].count("wrong") == 0
    assert terminal.json("doctor")["well"]
    hired = terminal.json("agents", "add", "hoa", "--number", "1010", "--skill", "sales=4")
    assert (hired["server"], hired["told"]) == (told["server"], True)
    assert hired["secret"] in (terminal.folder / "var/asterisk/etc/callcenter/phones.conf").read_text()
    assert terminal.json("agents", "login", "hoa")["agents"][0]["problem"] == ""
    agents = {one["agent"]: one for one in terminal.json("agents", "list")["agents"]}
    assert (agents["hoa"]["status"], agents["hoa"]["phone"]) == ("available", "unreachable")
    assert terminal.json("conf", "render")["changed"] == []
    assert terminal.json("report", "summary")["calls"] == 0
    terminal("run", expect=Exit.PROBLEMS)

    terminal.json("stop")
    assert running.wait(STOP_LIMIT_S) == Exit.OK
    terminal("status", expect=Exit.NOT_RUNNING)
