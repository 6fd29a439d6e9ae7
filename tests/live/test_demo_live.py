"""`callcenter demo` as a new user runs it: real SIP calls on a real Asterisk, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import wave
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from callcenter.cli.demo.stage import processes_in
from callcenter.cli.exits import Exit

pytestmark = pytest.mark.live

DEMO_LIMIT_S: Final = 180.0
CALLS_ARE_UP: Final = " talks with "
CONTACT_KEYS: Final = {"id", "caller", "queue", "end_reason", "wait_s", "agent", "why", "talk_s", "recording"}
RECORDING_KEYS: Final = {"path", "seconds", "channels"}


@pytest.fixture
def demo(tmp_path: Path) -> list[str]:
    """The command line of a demo that plays in `tmp_path`."""
    (tmp_path / "callcenter.toml").write_text('var_folder = "var"\n')
    return [sys.executable, "-m", "callcenter.cli", "--settings", str(tmp_path / "callcenter.toml"), "demo"]


def environment() -> dict[str, str]:
    """Ours, without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}


def test_thirteen_people_call_and_everything_is_on_record(demo: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        demo, capture_output=True, text=True, timeout=DEMO_LIMIT_S, env=environment(), cwd=tmp_path, check=False
    )
    assert done.returncode == Exit.OK, done.stdout + done.stderr
    assert "expectations checked, all met" in done.stdout
    assert processes_in(tmp_path) == []

    report = json.loads((tmp_path / "var/demo/report.json").read_text())
    assert set(report) == {"contacts", "service_level", "asa_s", "aht_s"}
    contacts: list[dict[str, Any]] = report["contacts"]
    assert len({one["id"] for one in contacts}) == len({one["caller"] for one in contacts}) == len(contacts) == 13
    assert all(set(one) == CONTACT_KEYS for one in contacts)
    ends = Counter(one["end_reason"] for one in contacts)
    assert ends == {"caller_hung_up": 7, "agent_hung_up": 4, "abandoned": 1, "closed": 1}
    for one in contacts:
        talked = one["end_reason"].endswith("_hung_up")
        assert (one["agent"] is not None) == (one["why"] is not None) == (one["recording"] is not None) == talked
        if talked:
            same_as_the_file(one["recording"], one["talk_s"])
    assert len({one["agent"] for one in contacts if one["agent"]}) >= 2
    answered = [one for one in contacts if one["agent"]]
    assert report["asa_s"] == pytest.approx(sum(one["wait_s"] for one in answered) / len(answered), abs=0.01)
    assert 0.0 <= report["service_level"] <= 1.0
    assert report["aht_s"] >= sum(one["talk_s"] for one in answered) / len(answered)


def same_as_the_file(recording: dict[str, Any], talk_s: float) -> None:
    """What the report says of a recording is what the file is, and what the talk was."""
    assert set(recording) == RECORDING_KEYS
    with wave.open(recording["path"]) as file:
        assert file.getnchannels() == recording["channels"] == 2
        assert file.getnframes() / file.getframerate() == pytest.approx(recording["seconds"], abs=0.01)
    assert recording["seconds"] == pytest.approx(talk_s, abs=0.5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_in_the_middle_finds_nothing_running(
    number: signal.Signals, demo: list[str], tmp_path: Path
) -> None:
    with subprocess.Popen(
        demo, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert any(CALLS_ARE_UP in line for line in process.stdout), "nobody ever talked"
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(DEMO_LIMIT_S) == Exit.INTERRUPTED, rest
    assert "Traceback" not in rest
    assert processes_in(tmp_path) == []


def test_a_demo_that_was_killed_does_not_disturb_the_next_which_seals_its_recordings(
    demo: list[str], tmp_path: Path
) -> None:
    with (tmp_path / "callcenter.toml").open("a") as settings:
        settings.write('[recording]\nformat = "flac"\nencrypt = true\n')
    with subprocess.Popen(
        demo, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert any(CALLS_ARE_UP in line for line in process.stdout), "nobody ever talked"
        process.kill()
    assert processes_in(tmp_path) != []
    done = subprocess.run(
        demo, capture_output=True, text=True, timeout=DEMO_LIMIT_S, env=environment(), cwd=tmp_path, check=False
    )
    assert done.returncode == Exit.OK, done.stdout + done.stderr
    assert processes_in(tmp_path) == []
    contacts = json.loads((tmp_path / "var/demo/report.json").read_text())["contacts"]
    places = [Path(one["recording"]["path"]) for one in contacts if one["recording"]]
    assert len(places) == 11
    assert all(place.suffix == ".sealed" and place.is_file() for place in places)
    assert not list((tmp_path / "var/demo/recordings").rglob("*.wav")), "nothing of them is left open"
