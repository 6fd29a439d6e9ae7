"""People: in and out of the directory, their skills, their SIP accounts, and the running center being told."""

import json
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from tests.cli.live import LiveCenter
from tests.cli.terminal import Terminal

SECRET = "a-secret-of-my-own-0123"


@pytest.fixture
def home(terminal: Terminal, dsn: str) -> Terminal:
    """The installation with an empty, migrated database."""
    terminal.uses_database(dsn)
    return terminal


def test_taking_somebody_in_prints_the_account_once(home: Terminal) -> None:
    home.write('{"sip": [24680, 1]}', "var/state/ports.json")
    added = home.json("agents", "add", "anna", "--number", "1001", "--name", "Anna Lê", "--skill", "sales=3")
    assert (added["number"], added["server"], added["told"]) == ("1001", "127.0.0.1:24680", False)
    assert len(added["secret"]) >= 16
    listed = home("agents", "list")
    assert added["secret"] not in listed.out + listed.err
    assert "Anna Lê" in listed.out
    assert home.json("agents", "list")["agents"][0]["skills"] == {"sales": 3}
    assert added["secret"] in home("agents", "account", "anna").out
    changed = home.json("agents", "account", "anna", "--new-secret")
    assert changed["secret"] != added["secret"]
    assert home.json("agents", "account", "anna")["secret"] == changed["secret"]


def test_a_password_of_ones_own_comes_by_standard_input(home: Terminal) -> None:
    added = home.json("agents", "add", "anna", "--number", "1001", "--secret-stdin", typed=f"{SECRET}\n")
    assert added["secret"] == SECRET
    said = home("agents", "add", "binh", "--number", "1002", "--secret-stdin", typed="short\n", expect=Exit.PROBLEMS)
    assert "password cannot be used" in said.err
    assert "short" not in said.err


def test_a_number_that_leads_to_a_flow_is_nobodys(home: Terminal) -> None:
    said = home("agents", "add", "anna", "--number", "1900", expect=Exit.PROBLEMS)
    assert "1900 leads to a flow" in said.err


def test_what_the_directory_will_not_take_is_told_whole(home: Terminal) -> None:
    said = home("agents", "add", "Anna!", "--number", "x", "--skill", "sales=9", expect=Exit.PROBLEMS)
    assert len(said.err.splitlines()) == 3
    home("agents", "add", "anna", "--number", "1001")
    twice = home.json("agents", "add", "anna", "--number", "1002", expect=Exit.PROBLEMS)
    assert twice["error"]["problems"][0]["what"] == "is there already"
    assert "belongs to another" in home("agents", "add", "binh", "--number", "1001", expect=Exit.PROBLEMS).err
    home("agents", "add", "binh", "--number", "1002", "--skill", "sales", expect=Exit.USAGE)


def test_skills_are_added_changed_and_taken_away(home: Terminal) -> None:
    home("agents", "add", "anna", "--number", "1001", "--skill", "sales=3", "--skill", "english=4")
    assert home.json("agents", "skills", "anna")["skills"] == {"sales": 3, "english": 4}
    assert home.json("agents", "skills", "anna", "sales=5", "english=0", "vi=2")["skills"] == {"sales": 5, "vi": 2}
    assert home.json("agents", "skills", "anna", "--only", "support=1")["skills"] == {"support": 1}
    assert "support 1" in home("agents", "skills", "anna").out
    home("agents", "skills", "anna", "sales=7", expect=Exit.PROBLEMS)
    home("agents", "skills", "nobody", "sales=1", expect=Exit.NOT_FOUND)


def test_somebody_leaves(home: Terminal) -> None:
    home("agents", "add", "anna", "--number", "1001")
    assert home.json("agents", "remove", "anna")["done"] == "removed"
    for words in ("agents remove anna", "agents account anna", "agents account anna --new-secret"):
        assert "there is no agent anna" in home(*words.split(), expect=Exit.NOT_FOUND).err
    assert home.json("agents", "list")["agents"] == []


def test_the_running_center_is_told(home: Terminal, live: LiveCenter) -> None:
    assert home.json("agents", "add", "anna", "--number", "1001")["told"] is True
    home("agents", "skills", "anna", "sales=2")
    home("agents", "skills", "anna")  # only looked at
    assert live.reloads == 2
    live.reload_problem = "Asterisk does not answer"
    said = home("agents", "skills", "anna", "sales=3", expect=Exit.PROBLEMS)
    assert "is written" in said.err
    assert "Asterisk does not answer" in said.err


def test_who_is_at_work_is_not_removed(home: Terminal, live: LiveCenter) -> None:
    home("agents", "add", "anna", "--number", "1001")
    anna = live.story.agent("anna")
    assert "logout anna" in home("agents", "remove", "anna", expect=Exit.PROBLEMS).err
    anna.logs_out()
    home("agents", "remove", "anna")


def test_without_a_running_center_the_directory_is_listed(home: Terminal) -> None:
    home("agents", "add", "anna", "--number", "1001")
    said = home("agents", "list")
    assert "anna" in said.out
    assert "nobody is at work" in said.err
    document = home.json("agents", "list")
    assert (document["running"], document["agents"][0]["status"]) == (False, None)


def test_postgres_is_away(terminal: Terminal) -> None:
    said = terminal("agents", "list", expect=Exit.DATABASE)
    assert "Postgres does not answer" in said.err
    assert terminal.json("agents", "skills", "anna", expect=Exit.DATABASE)["error"]["kind"] == "database"


def test_no_password_of_the_database_is_shown(terminal: Terminal) -> None:
    terminal.uses_database("postgresql://me:hunter2hunter2@127.0.0.1:9/none")
    for words in ("agents list", "db migrate", "doctor"):
        ends = Exit.PROBLEMS if words == "doctor" else Exit.DATABASE
        said = terminal(*words.split(), expect=ends)
        assert "hunter2" not in said.out + said.err


def test_a_database_without_our_tables(terminal: Terminal, empty_dsn: str) -> None:
    terminal.uses_database(empty_dsn)
    assert "callcenter db migrate" in terminal("agents", "list", expect=Exit.DATABASE).err
    assert "callcenter db migrate" in terminal("report", "summary", expect=Exit.DATABASE).err
    pending = terminal.json("db", "migrate", "--check", expect=Exit.PROBLEMS)["pending"]
    assert pending[0] == "0001_journal.sql"
    assert terminal.json("db", "migrate")["applied"] == pending
    assert terminal("db", "migrate").out.strip() == "the database is as it should be"
    assert terminal.json("db", "migrate", "--check") == {"pending": []}
    assert terminal.json("agents", "list")["agents"] == []


def test_no_database_has_been_made_yet(terminal: Terminal, tmp_path: Path) -> None:
    terminal.uses_database("")
    said = terminal("agents", "list", expect=Exit.CONFIGURATION)
    assert "callcenter run" in said.err
    terminal.write(json.dumps({}), "var/state/ports.json")


def test_how_calls_come_to_a_phone_is_shown_and_changed(home: Terminal) -> None:
    terminal = home
    terminal.json("agents", "add", "anna", "--number", "1001")
    assert terminal.json("agents", "phone", "anna")["nailed"] is False
    assert terminal.json("agents", "phone", "anna", "--nailed", "--confirm")["confirm"] is True
    assert "nailed up" in terminal("agents", "phone", "anna").out
    changed = terminal.json("agents", "phone", "anna", "--rings", "--auto-answer")
    assert (changed["nailed"], changed["confirm"], changed["auto_answer"]) == (False, True, True)
    assert changed["outside"] is None
    terminal("agents", "phone", "nobody", expect=Exit.NOT_FOUND)
