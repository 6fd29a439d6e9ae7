"""Payments by keys, beside a talk and in a flow: who hears what, what is recorded, and that no byte holds the card."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.card import PaymentStep
from callcenter.model.facts import TalkEnded
from callcenter.model.payment_messages import PaymentAside, PaymentMoved
from callcenter.model.recording_facts import RecordingPaused, RecordingResumed
from callcenter.sim.peers.tones import spans
from tests.live import office
from tests.live.center import Center
from tests.live.outside import Bank, bank
from tests.live.people import AgentAtWork, Caller
from tests.live.premises import Premises
from tests.live.test_calls_recording import LEFT, OFF_MAX_S, PAUSE_MAX_S, RIGHT, SPOKEN_S, check_silence
from tests.live.waiting import eventually, passes

pytestmark = pytest.mark.live

NUMBER: Final = "4539578763621486"  # passes the check, and is no text that anything else would write
EXPIRY: Final = "1139"
CODE: Final = "862"
RUN_MIN: Final = 9  # digits of the number in a row that are no accident
DTMF_HZ: Final = (697, 770, 852, 941, 1209, 1336, 1477)  # ITU-T Q.23
LISTENS_S: Final = 60.0  # longer than it takes to pay
BLOCK: Final = 1 << 20
UNPACKED: Final = ("asterisk-root", "peers-root")  # programs, which only are read
RUNS: Final = tuple(NUMBER[at : at + RUN_MIN].encode() for at in range(len(NUMBER) - RUN_MIN + 1))


@pytest.fixture
async def till(premises: Premises) -> AsyncIterator[Bank]:
    premises.let_go(premises.outside_port)
    async with bank(premises.outside_port) as made:
        yield made
    premises.hold(premises.outside_port)


async def types(caller: Caller) -> None:
    """The whole card, each part after it was asked for."""
    await caller.hears("enter_pin")
    await caller.presses(f"{NUMBER}#")
    await caller.hears("leave_message")
    await caller.presses(EXPIRY)
    await caller.hears("position")
    await caller.presses(f"{CODE}#")


def files(premises: Premises) -> Iterator[Path]:
    for path in premises.var.rglob("*"):
        if path.is_file() and not path.is_symlink() and not set(UNPACKED) & set(path.parts):
            yield path


def found_in(path: Path) -> bool:
    """Whether a file holds the card, in any of the ways in which it could."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if any(run in before + block for run in RUNS):
                return True
            before = block[-RUN_MIN:]
    return False


def processes(premises: Premises) -> Iterator[Path]:
    """Of the center, its Asterisk and its Postgres: what they were started with, and whether they leave a core."""
    assert premises.process is not None
    for pid in (premises.process.pid, premises.pid_of("asterisk"), premises.pid_of("postgres")):
        yield from (Path("/proc", str(pid), name) for name in ("environ", "cmdline", "limits"))


def leaves_no_core(premises: Premises) -> bool:
    """A program that crashes writes its memory down, and the card may be in it: Asterisk does only if it is told to."""
    return "dumpcore = no" in (premises.etc / "asterisk.conf").read_text()


def logged_keys(text: str) -> list[str]:
    """Lines of Asterisk's that name a key."""
    return [line for line in text.splitlines() if re.search(r"DTMF\b.*[\"' ][0-9][\"' ]", line)]


async def is_nowhere(center: Center, contact: str, spoken: str = "") -> None:
    """No file below var holds the card, nor what the program says and tells whoever listens, nor the processes' lists;
    the database does not when it is written out, no journal names a key of it."""
    premises = center.premises
    everything = [*files(premises), premises.log, *processes(premises)]
    searched = await asyncio.to_thread(lambda: [(path, found_in(path)) for path in everything])
    assert [path for path, found in searched if found] == []
    assert premises.log.stat().st_size
    assert await asyncio.to_thread(leaves_no_core, premises)
    told = "".join(str(told.fact) for told in center.told).encode()
    assert (contact.encode() in told, any(run in told for run in RUNS)) == (True, False), "the feed"
    parts = {part for path, _ in searched for part in path.parts}
    assert {"postgres", "recordings"} & parts, "what is searched is not what is written"
    tables = await center.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 20
    dumped = 0
    for table in tables:
        for row in await center.pool.fetch(f"SELECT t::text AS line FROM {table['name']} AS t"):
            dumped += len(row["line"])
            assert not any(run in row["line"].encode() for run in RUNS), table["name"]
    assert dumped > 10_000
    [opened] = await center.rows(
        "SELECT event ->> 'leg' AS leg FROM journal WHERE outputs::text LIKE $1", f'%ContactOpened%{contact}"%'
    )
    pressed = await center.rows(
        "SELECT DISTINCT event ->> 'digit' AS digit FROM journal WHERE event ->> 'type' = 'DigitPressed'"
        " AND event ->> 'leg' = $1",
        opened["leg"],
    )
    assert {row["digit"] for row in pressed} == {"x", "#", *spoken}
    assert logged_keys("DTMF end '5' received on PJSIP/carrier-00000001"), "what is looked for would be found"
    for log in (*premises.var.rglob("*log*"), premises.log):
        if log.is_file() and not set(UNPACKED) & set(log.parts):
            assert logged_keys(log.read_text(errors="replace")) == [], log


def nothing_of_it() -> tuple[float, ...]:
    """Tones that the agent must not hear meanwhile: keys, prompts, the caller."""
    return (*DTMF_HZ, *(hz for (name, _), hz in office.PROMPT_TONES.items() if name in ("enter_pin", "position")))


async def test_a_caller_pays_while_her_agent_waits(center: Center, till: Bank) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2001")
    contact = (await caller.talks_to(alice)).contact
    await passes(SPOKEN_S)
    await caller.presses("5")
    [hers] = alice.phone.incoming

    async def told_her() -> bool | None:
        return "5" in hers.keys or None

    await eventually(told_her, "a key of the talk comes to the agent's phone: it can be seen")
    await center.asks(f"/v1/calls/{contact}/pay", {"flow": "card", "by": "alice"})
    paused_at = (await center.fact(RecordingPaused, contact=contact)).until - PAUSE_MAX_S
    await caller.hears("enter_pin")
    await alice.ear.falls_silent(caller.tone_hz)
    spared = asyncio.create_task(alice.ear.hears_none_of((*nothing_of_it(), caller.tone_hz), LISTENS_S))
    await caller.presses(f"{NUMBER}#")
    await caller.hears("leave_message")
    await caller.presses(EXPIRY)
    await caller.hears("position")
    await caller.presses(CODE[:2])  # too few to go on by itself
    if spared.done():
        spared.result()
    spared.cancel()
    await caller.presses(f"{CODE[2:]}#")
    await caller.hears("thanks")
    await center.facts(PaymentAside, 2, contact=contact)
    resumed = await center.fact(RecordingResumed, contact=contact)
    await asyncio.gather(caller.hears_agent(alice), alice.hears_caller(caller))
    await passes(SPOKEN_S)
    await caller.hangs_up()
    talk = await center.fact(TalkEnded, contact=contact)
    assert till.taken == [{"number": NUMBER, "expiry": EXPIRY, "code": CODE}]
    assert set(hers.keys) == {"5"}, "no key of the card"
    assert [told.step for told in center.so_far(PaymentMoved, contact=contact)][-1] is PaymentStep.PAID
    await the_pause_is_silence(center, contact, caller, alice, paused_at - talk.began, resumed.paused_s, talk.talk_s)
    await is_nowhere(center, contact, spoken="5")


async def the_pause_is_silence(
    center: Center, contact: str, caller: Caller, alice: AgentAtWork, began_s: float, length_s: float, talk_s: float
) -> None:
    recording = await center.recording(contact)  # type: ignore[arg-type]
    assert recording["problem"] == ""
    path = Path(recording["path"])
    for hz, channel in ((caller.tone_hz, LEFT), (alice.tone_hz, RIGHT)):
        check_silence(list(await asyncio.to_thread(spans, path, hz, channel=channel)), began_s, length_s, talk_s)
    assert abs(recording["seconds"] - talk_s) < OFF_MAX_S
    for other in nothing_of_it():
        for channel in (LEFT, RIGHT):
            found = list(await asyncio.to_thread(spans, path, other, channel=channel))
            assert not found, f"{other} Hz is in the recording"


async def test_after_a_kill_it_is_still_paused_and_the_card_is_asked_for_anew(center: Center, till: Bank) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2001")
    contact = (await caller.talks_to(alice)).contact
    await passes(SPOKEN_S)
    await center.asks(f"/v1/calls/{contact}/pay", {"flow": "card", "by": "alice"})
    paused_at = (await center.fact(RecordingPaused, contact=contact)).until - PAUSE_MAX_S
    await caller.hears("enter_pin")
    await caller.presses(NUMBER[:10])
    await center.is_killed()
    await caller.presses(NUMBER[10:])  # nobody takes these
    caller.ear.forget()
    await center.comes_back()
    await types(caller)
    await caller.hears("thanks")
    resumed = await center.fact(RecordingResumed, contact=contact)
    await asyncio.gather(caller.hears_agent(alice), alice.hears_caller(caller))
    await passes(SPOKEN_S)
    await caller.hangs_up()
    talk = await center.fact(TalkEnded, contact=contact)
    assert till.taken == [{"number": NUMBER, "expiry": EXPIRY, "code": CODE}]
    await the_pause_is_silence(center, contact, caller, alice, paused_at - talk.began, resumed.paused_s, talk.talk_s)
    await is_nowhere(center, contact)


async def test_a_caller_pays_in_a_flow(center: Center, till: Bank) -> None:
    caller = await center.calls("1980")
    await types(caller)
    await caller.hears("thanks")
    await caller.is_hung_up()
    contact = await caller.contact()
    moved = center.so_far(PaymentMoved, contact=contact)
    assert (moved[-1].step, moved[-1].last) == (PaymentStep.PAID, NUMBER[-4:])
    assert till.taken == [{"number": NUMBER, "expiry": EXPIRY, "code": CODE}]
    await is_nowhere(center, contact)
