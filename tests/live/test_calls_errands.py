"""What flows ask of programs outside, real ones on the other end of real sockets: lookups over HTTP, and scripts."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from callcenter.model.contact import EndReason, LookupOutcome
from callcenter.model.facts import LookupEnded, NodeEntered, ScriptRun
from tests.live.center import Center
from tests.live.outside import Customers, Scripts, customers, scripts
from tests.live.premises import Premises
from tests.live.waiting import LIMIT_S

pytestmark = pytest.mark.live


@pytest.fixture
async def crm(premises: Premises) -> AsyncIterator[Customers]:
    premises.let_go(premises.outside_port)
    async with customers(premises.outside_port) as made:
        yield made
    premises.hold(premises.outside_port)


@pytest.fixture
async def payment(premises: Premises) -> AsyncIterator[Scripts]:
    premises.let_go(premises.outside_port + 1)
    async with scripts(premises.outside_port + 1) as made:
        yield made
    premises.hold(premises.outside_port + 1)


async def test_a_caller_is_known_by_what_a_program_outside_says(center: Center, crm: Customers) -> None:
    crm.takes_s = 0.5
    number = "0905550001"
    crm.known[number] = {"customer": {"name": "Hà"}, "level": "gold"}
    known, stranger = await asyncio.gather(center.calls("1950", number=number), center.calls("1950"))
    await asyncio.gather(known.hears("position"), stranger.hears("position"))
    await asyncio.gather(known.hears("thanks"), stranger.hears("no_choice"))
    await asyncio.gather(known.is_hung_up(), stranger.is_hung_up())
    assert sorted(crm.asked) == sorted([(number, "Bearer s3cret"), (stranger.number, "Bearer s3cret")])
    told = await center.fact(LookupEnded, contact=await known.contact())
    assert (told.name, told.outcome) == ("who.ask", LookupOutcome.FOUND)
    assert 0.5 <= told.took_s < 1.5
    rows = await center.rows("SELECT 1 FROM journal WHERE event::text || outputs::text LIKE '%s3cret%'")
    assert rows == [], "the secret is in the journal"


async def test_a_program_that_is_too_slow_or_broken_does_not_keep_a_caller(center: Center, crm: Customers) -> None:
    center.expects("lookup failed", "a host that lookups ask is left alone")
    crm.takes_s = 30.0
    slow = await center.calls("1950")
    await slow.hears("no_answer", within_s=6.0)
    await slow.is_hung_up()
    told = await center.fact(LookupEnded, contact=await slow.contact())
    assert (told.outcome, told.detail) == (LookupOutcome.FAILED, "no answer in time")
    crm.takes_s, crm.status = 0.0, 503
    broken = await center.calls("1950")
    await broken.hears("no_answer", within_s=6.0)
    await broken.is_hung_up()
    crm.status = 200
    crm.known[broken.number] = {"level": "gold"}
    # four tries have failed in a row: one more, and the host is left alone; answers in between forgive them
    again = await center.calls("1950", number=broken.number + "1")
    await again.hears("no_choice", within_s=6.0)
    await again.is_hung_up()


async def test_a_caller_who_does_not_wait_for_the_answer_leaves_nothing_behind(center: Center, crm: Customers) -> None:
    center.expects("lookup failed")  # the program has gone home as well
    crm.takes_s = 1.5
    caller = await center.calls("1950")
    await caller.hears("position")
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.LEFT_IN_FLOW


async def test_a_lookup_that_a_kill_interrupts_is_asked_again(center: Center, crm: Customers) -> None:
    crm.takes_s = 1.0
    caller = await center.calls("1950", number="0905550002")
    crm.known[caller.number] = {"level": "gold"}
    await asyncio.wait_for(crm.news.wait(), LIMIT_S)
    await center.is_killed()
    await center.comes_back()
    await caller.hears("thanks")
    await caller.is_hung_up()
    assert [number for number, _ in crm.asked] == [caller.number] * 2
    assert (await center.cdr(await caller.contact()))["end_reason"] == EndReason.FLOW_ENDED


# -- scripts -----------------------------------------------------------------------------------------------------------


async def test_a_script_has_the_call_and_the_flow_goes_on_with_what_it_left(center: Center, payment: Scripts) -> None:
    caller = await center.calls("1960")
    await caller.hears("main_menu")
    assert await asyncio.wait_for(payment.begun.get(), LIMIT_S) == (caller.number, "hot line   EXTEN ")
    await caller.presses("4")
    assert await asyncio.wait_for(payment.ended.get(), LIMIT_S) == "keyed"
    await caller.hears("thanks")
    await caller.hears("goodbye")
    await caller.is_hung_up()
    contact = await caller.contact()
    told = await center.fact(ScriptRun, contact=contact)
    assert told.status == "SUCCESS"
    path = [(fact.flow, fact.node) for fact in center.so_far(NodeEntered, contact=contact)]
    assert path == [
        ("pay", "hello"),
        ("pay", "pay"),
        ("payment", "run"),
        ("payment", "right"),
        ("payment", "paid"),
        ("pay", "thanks"),
        ("pay", "bye"),
    ]
    pressed = await center.rows(
        "SELECT event::text AS event FROM journal WHERE event->>'type' = 'DigitPressed' AND at >= to_timestamp($1)",
        center.began,
    )
    assert not [row["event"] for row in pressed if '"4"' in row["event"]], "what was pressed in the script was written"


async def test_a_caller_who_hangs_up_in_a_script_has_left_in_the_flow(center: Center, payment: Scripts) -> None:
    center.expects("agi.script_failed")
    caller = await center.calls("1960")
    await asyncio.wait_for(payment.begun.get(), LIMIT_S)
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.LEFT_IN_FLOW
    assert await asyncio.wait_for(payment.ended.get(), LIMIT_S) == "hung up"


async def test_a_script_that_never_ends_is_ended_and_the_caller_goes_on(center: Center, payment: Scripts) -> None:
    caller = await center.calls("1961")
    await asyncio.wait_for(payment.begun.get(), LIMIT_S)
    await caller.hears("no_answer")
    await caller.is_hung_up()
    assert (await center.fact(ScriptRun, contact=await caller.contact())).status == "TIMEOUT"
    assert await asyncio.wait_for(payment.ended.get(), LIMIT_S) == "hung up"


async def test_a_script_that_is_not_there_has_failed(center: Center) -> None:
    center.expects(r"res_agi\.c: ")
    caller = await center.calls("1962")
    await caller.hears("no_answer")
    await caller.is_hung_up()
    assert (await center.fact(ScriptRun, contact=await caller.contact())).status != "SUCCESS"


async def test_a_script_goes_on_while_the_program_is_killed_and_comes_back_after(
    center: Center, payment: Scripts
) -> None:
    caller = await center.calls("1960")
    await asyncio.wait_for(payment.begun.get(), LIMIT_S)
    await center.is_killed()
    await center.comes_back()
    await caller.presses("4")
    assert await asyncio.wait_for(payment.ended.get(), LIMIT_S) == "keyed"
    await caller.hears("thanks")
    await caller.is_hung_up()


async def test_a_script_that_ends_while_the_program_is_away_is_heard_of(center: Center, payment: Scripts) -> None:
    caller = await center.calls("1960")
    await asyncio.wait_for(payment.begun.get(), LIMIT_S)
    await center.is_killed()
    await caller.presses("4")
    assert await asyncio.wait_for(payment.ended.get(), LIMIT_S) == "keyed"
    await center.comes_back()
    await caller.hears("thanks")
    await caller.is_hung_up()
    assert (await center.cdr(await caller.contact()))["end_reason"] == EndReason.FLOW_ENDED


async def test_a_caller_who_hangs_up_in_a_script_while_the_program_is_away_is_gone(
    center: Center, payment: Scripts
) -> None:
    center.expects("agi.script_failed")
    caller = await center.calls("1960")
    await asyncio.wait_for(payment.begun.get(), LIMIT_S)
    await center.is_killed()
    await caller.hangs_up()
    await asyncio.wait_for(payment.ended.get(), LIMIT_S)
    await center.comes_back()
    assert (await center.cdr(await caller.contact()))["end_reason"] == EndReason.LEFT_IN_FLOW
