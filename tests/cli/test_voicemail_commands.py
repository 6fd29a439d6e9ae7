"""What became of messages: `callcenter report voicemails` and `voicemail list` on records that an engine has made."""

import asyncio
from pathlib import Path

from callcenter.cli.exits import Exit
from callcenter.model.entry import decode_entry
from callcenter.model.events import DigitPressed
from callcenter.model.facts import MessageSettled
from callcenter.postgres.journal import PostgresJournal
from tests.cli.terminal import Terminal
from tests.core.test_mailroom import center, heard, spoken

DAY = ("--since", "2026-11-23T00:00+00:00", "--until", "2026-11-24T00:00+00:00")


async def test_messages_are_counted_by_what_became_of_them(terminal: Terminal, dsn: str, tmp_path: Path) -> None:
    house = center()
    spoken(house)
    house.passes(120.0)
    ann = house.agent("ann")
    ann.answers()
    for _ in range(3):
        heard(house)
    house.passes(20.0)
    house.tell(DigitPressed(leg=ann.leg, digit="#"))
    assert len(house.all(MessageSettled)) == 1
    ann.pauses()
    spoken(house, caller="0902")
    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for entry in map(decode_entry, house.journal):
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=10.0)
    terminal.uses_database(dsn)

    def looked() -> None:
        [line] = terminal.json("report", "voicemails", *DAY)["voicemails"]
        counts = {name: line[name] for name in ("queue", "left", "done", "called_back", "standing", "hearings")}
        assert counts == {"queue": "sales", "left": 2, "done": 1, "called_back": 0, "standing": 1, "hearings": 1}
        assert line["heard_s"] == 20.0
        assert line["until_done_s"] > 120.0
        said = terminal("report", "voicemails", *DAY).out
        assert "sales" in said
        assert "after = mean time" in said
        assert terminal.json("report", "voicemails", *DAY, "--queue", "other")["voicemails"] == []
        assert "no message was left" in terminal("report", "voicemails", *DAY, "--queue", "other").out
        terminal("report", "voicemails", *DAY, "--every", "1s", expect=Exit.USAGE)
        past = terminal.json("voicemail", "list", *DAY)["messages"]
        assert [one["end"] for one in past] == ["done", None]

    await asyncio.to_thread(looked)  # a command has a loop of its own
