"""The doctor: what is wrong is found, named and has a remedy; what is right is left alone."""

import socket
from pathlib import Path
from typing import Any

import pytest

from callcenter.cli.exits import Exit
from callcenter.cli.site import Site
from callcenter.config.places import control_socket
from tests.cli.live import WELL, LiveCenter
from tests.cli.terminal import TOML, Terminal


@pytest.fixture
def home(terminal: Terminal, dsn: str) -> Terminal:
    """The installation with a migrated database: nothing is wrong with it."""
    terminal.uses_database(dsn)
    return terminal


def findings(terminal: Terminal, about: str, expect: Exit = Exit.PROBLEMS) -> list[dict[str, Any]]:
    document = terminal.json("doctor", expect=expect)
    assert document["well"] is (expect is Exit.OK)
    return [one for one in document["findings"] if one["about"] == about]


def verdicts(found: list[dict[str, Any]]) -> list[str]:
    return [one["verdict"] for one in found]


def test_nothing_is_wrong(home: Terminal) -> None:
    document = home.json("doctor")
    assert document["well"]
    good = {one["about"] for one in document["findings"] if one["verdict"] == "good"}
    assert {"Python", "settings", "configuration", "var folder", "ports", "Postgres", "database"} <= good
    said = home("doctor").out
    assert "0 wrong" in said or "all is well" in said
    assert not (home.folder / "var").exists(), "the doctor changes nothing"


def test_a_center_that_runs(home: Terminal, live: LiveCenter) -> None:
    assert verdicts(findings(home, "call center", Exit.OK)) == ["good"]
    live.health_now = {**WELL, "journal": {**WELL["journal"], "connected": False}}
    assert "Postgres is not connected" in findings(home, "call center")[0]["what"]
    home.socket.chmod(0o666)
    assert "chmod 600" in findings(home, "control socket")[0]["remedy"]


def test_postgres_away_or_not_migrated(terminal: Terminal, empty_dsn: str) -> None:
    assert verdicts(findings(terminal, "Postgres")) == ["wrong"]
    terminal.uses_database(empty_dsn)
    [found] = findings(terminal, "database")
    assert found["remedy"] == "callcenter db migrate"


def test_settings_and_configuration(home: Terminal) -> None:
    home.write("sales:\n  nedes: x\n", "config/queues.yaml")
    assert "did you mean" in findings(home, "configuration")[0]["what"]
    home.write("nonsense = 1\n", "callcenter.toml")
    assert verdicts(findings(home, "settings")) == ["wrong"]


def test_folders(home: Terminal) -> None:
    var = home.folder / "var"
    (var / "state" / "secrets").mkdir(parents=True)
    (var / "state" / "secrets").chmod(0o755)
    assert "can be read by others" in findings(home, "var folder")[0]["what"]
    (var / "state" / "secrets").chmod(0o700)
    var.chmod(0o777)
    assert "by everybody" in findings(home, "var folder")[0]["what"]
    var.chmod(0o755)
    assert verdicts(findings(home, "var folder", Exit.OK)) == ["good"]


def test_voices_for_what_callers_hear(home: Terminal) -> None:
    hotline = (home.config / "flows" / "hotline.yaml").read_text()
    home.write(hotline.replace("language: en", "language: fr"), "config/flows/hotline.yaml")
    home.write('welcome: {en: "Hi.", fr: "Salut."}\ngoodbye: {en: "Bye.", fr: "Au revoir."}\n', "config/prompts.yaml")
    wrong = [one for one in findings(home, "voices") if one["verdict"] == "wrong"]
    assert [one["what"] for one in wrong] == ["no voice speaks fr, which callers may hear"]


def test_a_port_that_somebody_has(home: Terminal, dsn: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        toml = TOML.format(database=dsn, socket=home.socket) + f"[asterisk]\nfastagi_port = {port}\n"
        home.write(toml, "callcenter.toml")
        [found] = findings(home, "ports")
    assert f"asterisk.fastagi_port {port} is in use" in found["what"]


def test_an_asterisk_that_should_run_and_does_not(home: Terminal, dsn: str) -> None:
    asterisk = '[asterisk]\nsource = "system"\nhttp_port = 9\nami_port = 10\n'
    home.write(TOML.format(database=dsn, socket=home.socket) + asterisk, "callcenter.toml")
    assert verdicts(findings(home, "Asterisk")) == ["wrong"]
    said = home("conf", "check", expect=Exit.PEER).err
    assert "Asterisk does not answer" in said


def test_no_asterisk_has_been_started_yet(home: Terminal) -> None:
    assert "callcenter run" in home("conf", "check", expect=Exit.PEER).err


def test_rendering_for_an_asterisk_of_ones_own(home: Terminal, tmp_path: Path) -> None:
    account = home.json("agents", "add", "anna", "--number", "1001")
    etc = tmp_path / "etc"
    changed = home.json("conf", "render", "--into", str(etc))["changed"]
    assert "callcenter/phones.conf" in changed
    assert account["secret"] in (etc / "callcenter" / "phones.conf").read_text()
    said = home("conf", "render", "--into", str(etc))
    assert "0 files changed" in said.out
    assert account["secret"] not in said.out + said.err
    other = home.json("conf", "render", "--into", str(tmp_path / "other"), "--generated-only")
    assert {name.split("/")[0] for name in other["changed"]} == {"callcenter"}
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "pjsip.conf").write_text("[somebody]\n")
    assert (
        "not from the call center"
        in home("conf", "render", "--into", str(tmp_path / "foreign"), expect=Exit.CONFIGURATION).err
    )


def test_commands_and_center_meet_at_the_same_socket(terminal: Terminal) -> None:
    for text in ("", f'[web]\ncontrol_socket = "{terminal.socket}"\n'):
        terminal.write(text, "callcenter.toml")
        site = Site(terminal.settings)
        assert site.control_socket == control_socket(site.settings)
