"""Webhooks, at the terminal."""

from callcenter.cli.exits import Exit
from tests.cli.terminal import Terminal

URL = "http://127.0.0.1:9/hook"


def test_a_webhook_from_its_making_to_its_end(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    refused = terminal("webhooks", "add", "crm", URL, "--event", "ContactEnded", expect=Exit.PROBLEMS)
    assert "lookups.yaml" in refused.err
    terminal.write('hosts: ["127.0.0.1:9"]\n', "config/lookups.yaml")
    terminal("webhooks", "add", "crm", URL, "--event", "ContactEndet", expect=Exit.PROBLEMS)
    made = terminal.json("webhooks", "add", "crm", URL, "--event", "ContactEnded", "--queue", "sales")
    [listed] = terminal.json("webhooks", "list")["webhooks"]
    assert (listed["name"], listed["state"], listed["events"], listed["queues"]) == (
        "crm",
        "well",
        ["ContactEnded"],
        ["sales"],
    )
    assert made["secret"] not in terminal("webhooks", "list").out
    tried = terminal.json("webhooks", "test", "crm", expect=Exit.PROBLEMS)
    assert not tried["taken"]
    terminal("webhooks", "replay", "crm", "--from", "1h", expect=Exit.PROBLEMS)  # nothing has happened
    terminal.json("webhooks", "enable", "crm")
    terminal.json("webhooks", "remove", "crm")
    terminal("webhooks", "remove", "crm", expect=Exit.NOT_FOUND)
    acts = [one["act"] for one in terminal.json("audit", "--since", "1h")["acts"]]
    assert acts == ["webhooks remove", "webhooks remove", "webhooks enable", "webhooks replay", *["webhooks add"] * 3]
