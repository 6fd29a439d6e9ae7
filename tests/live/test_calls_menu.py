"""What callers hear and press: menus in both languages, barge-in, secrets, opening hours."""

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactOpened, ContactQueued, NodeEntered
from callcenter.sim.peers.scenarios import Press, Wait
from callcenter.sim.peers.sipp import Caller as CrowdCaller
from tests.live.center import Center

pytestmark = pytest.mark.live

SECRET: Final = "73589649"  # keys that no other story presses
TABLES: Final = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"


async def test_a_caller_chooses_a_language_and_a_queue_by_keys(center: Center) -> None:
    english, vietnamese = await asyncio.gather(
        center.calls("1900", name="Ann Brown"), center.calls("1900", name="Trần Văn Ba")
    )
    await asyncio.gather(english.hears("welcome", "en"), vietnamese.hears("welcome", "en"))
    await english.presses("1")
    await vietnamese.presses("2")
    await asyncio.gather(english.hears("main_menu", "en"), vietnamese.hears("main_menu", "vi"))
    await english.presses("2")
    await vietnamese.presses("1")
    queued = await center.facts(ContactQueued, 2)
    assert {fact.contact: fact.queue for fact in queued} == {
        await english.contact(): "support",
        await vietnamese.contact(): "sales",
    }
    await asyncio.gather(english.hears_music(), vietnamese.hears_music())
    await asyncio.gather(english.hangs_up(), vietnamese.hangs_up())
    ended = await vietnamese.ended()
    assert (ended.reason, ended.language, ended.caller_name) == (EndReason.ABANDONED, "vi", "Trần Văn Ba")
    assert (await english.ended()).language == "en"


async def test_a_key_cuts_a_prompt_short_and_a_wrong_one_is_told_so(center: Center) -> None:
    caller = await center.calls("1900")
    await caller.hears("welcome")
    await caller.presses("7")
    await caller.hears("no_choice", within_s=1.5)  # the greeting would last longer
    await caller.hears("welcome")
    await caller.presses("1")
    await caller.hears("main_menu", within_s=1.5)
    await caller.presses("*")
    await caller.hears("main_menu")
    await caller.presses("#")
    await caller.hears("goodbye")
    await caller.is_hung_up()
    assert (await caller.ended()).reason is EndReason.FLOW_ENDED
    path = [(fact.node, fact.exit) for fact in center.so_far(NodeEntered)]
    assert path == [("language", ""), ("main", "choices.1"), ("main", "choices.*"), ("bye", "choices.#")]


async def test_who_presses_nothing_is_asked_again_and_then_let_go(center: Center) -> None:
    silent, late = await asyncio.gather(center.calls("1900"), center.calls("1940"))
    await late.hears("closed")
    await late.is_hung_up()
    assert (await late.ended()).reason is EndReason.CLOSED
    await silent.hears("welcome")
    await silent.hears("nothing_heard")
    await silent.hears("welcome")
    await silent.hears("goodbye")
    await silent.is_hung_up()
    assert (await silent.ended()).reason is EndReason.FLOW_ENDED


async def test_phones_of_another_make_press_keys_too(center: Center) -> None:
    callers = [CrowdCaller(number=f"09220000{at:02}", dialled="1900", name=f"Người {at}") for at in range(5)]
    steps = (Wait(seconds=0.4), Press(digits="2"), Wait(seconds=0.4), Press(digits="1"), Wait(seconds=0.4))
    async with center.crowd(callers, steps=steps, rate=10) as crowd:
        result = await crowd.finished(15)
    assert (result.created, result.successful, result.failed) == (5, 5, 0)
    opened = {fact.contact: fact.caller for fact in await center.facts(ContactOpened, 5)}
    queued = await center.facts(ContactQueued, 5)
    assert {opened[fact.contact] for fact in queued if fact.queue == "sales"} == {each.number for each in callers}


async def test_secret_digits_are_used_and_written_nowhere(center: Center) -> None:
    caller = await center.calls("1910")
    await caller.hears("enter_pin")
    await caller.presses(f"{SECRET}#")
    await caller.hears("thanks")
    await caller.is_hung_up()
    contact = await caller.contact()
    await center.cdr(contact)

    pressed = await center.rows(
        "SELECT event::text AS event FROM journal WHERE event->>'type' = 'DigitPressed' AND at >= to_timestamp($1)",
        center.began,
    )
    assert len(pressed) == len(SECRET) + 1
    assert not [row["event"] for row in pressed if re.search(r'"digit": ?"[3-9]"', row["event"])]
    for row in await center.rows(TABLES):
        found = await center.rows(f"SELECT * FROM {row[0]} AS t WHERE t::text LIKE '%{SECRET}%'")
        assert found == []
    assert await asyncio.to_thread(files_with, center.premises.folder, SECRET.encode()) == []
    assert await asyncio.to_thread(files_with, center.premises.folder, b'"digit":"8"') == []
    assert await asyncio.to_thread(files_with, center.premises.folder, b'"digits":"735') == []


def files_with(folder: Path, text: bytes) -> list[Path]:
    """Every file below a folder that holds these bytes: logs, the journal's segments, Postgres' own files."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and "asterisk-root" not in path.parts and text in path.read_bytes()
    ]
