"""Tokens and the audit, at the terminal."""

from callcenter.cli.exits import Exit
from tests.cli.terminal import Terminal


def test_a_token_is_printed_once_listed_and_revoked(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    made = terminal.json("tokens", "add", "crm", "--scope", "calls:write", "--queue", "sales", "--expires", "30d")
    listed = terminal.json("tokens", "list")["tokens"]
    assert [(one["name"], one["state"], one["scopes"], one["queues"]) for one in listed] == [
        ("crm", "good", ["calls:write"], ["sales"])
    ]
    assert made["token"] not in terminal("tokens", "list").out
    terminal.json("tokens", "revoke", "crm")
    assert terminal.json("tokens", "list")["tokens"][0]["state"] == "revoked"
    terminal("tokens", "revoke", "crm", expect=Exit.NOT_FOUND)
    terminal("tokens", "add", "crm", "--scope", "calls:read", expect=Exit.CONFIGURATION)  # a name is used once


def test_who_did_it_is_written_down(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    terminal("tokens", "add", "crm", "--scope", "*:read")
    terminal("tokens", "revoke", "nobody", expect=Exit.NOT_FOUND)
    acts = terminal.json("audit", "--since", "1h")["acts"]
    assert [(one["act"], one["subject"], one["outcome"]) for one in acts] == [
        ("tokens revoke", "nobody", "refused"),
        ("tokens add", "crm", "done"),
    ]
    assert "tokens add" in terminal("audit").out
    assert terminal.json("audit", "--who", "token:crm")["acts"] == []


def test_scopes_that_are_none_are_all_told(terminal: Terminal) -> None:
    said = terminal("tokens", "add", "crm", "--scope", "cals:read", "--scope", "calls:burn", expect=Exit.CONFIGURATION)
    assert "cals:read" in said.err
    assert "calls:burn" in said.err


def test_a_token_may_be_an_agents_or_a_persons(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    terminal("tokens", "add", "desk", "--scope", "*", "--agent", "ann", expect=Exit.CONFIGURATION)
    terminal("agents", "add", "ann", "--number", "31")
    terminal("tokens", "add", "desk", "--scope", "*", "--agent", "ann")
    terminal("tokens", "add", "eve", "--scope", "*", "--person", "Eve Nguyen")
    listed = terminal.json("tokens", "list")["tokens"]
    assert [(one["name"], one["agent"], one["person"]) for one in listed] == [
        ("desk", "ann", None),
        ("eve", None, "Eve Nguyen"),
    ]
    terminal("tokens", "add", "both", "--scope", "*", "--agent", "ann", "--person", "Eve", expect=Exit.USAGE)
