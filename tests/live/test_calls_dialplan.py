"""Dialplans of others: a flow on a call that stays theirs; and what the dialplan does while the program is away."""

import asyncio

import pytest

from callcenter.asterisk.conf import SEEN_VARIABLE
from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactEnded, ContactOpened, NodeEntered
from callcenter.sim.peers.baresip import CallState
from tests.live.center import Center
from tests.live.waiting import eventually

pytestmark = pytest.mark.live


async def left_behind(center: Center, number: str) -> str:
    """What a dialplan of office.DIALPLAN noted about this caller: CALLCENTER_STATUS/CALLCENTER_EXIT."""

    async def look() -> str | None:
        said = await center.premises.console("dialplan show globals")
        lines = [line.strip() for line in said.splitlines() if line.strip().startswith(f"quiz-{number}=")]
        return lines[0].partition("=")[2] if lines else None

    return await eventually(look, f"the dialplan has noted something about {number}")


async def test_a_flow_runs_on_a_dialplans_call_and_gives_it_back_with_an_answer(center: Center) -> None:
    center.expects("agi asked for something that is no flow")
    right, silent, twice, lost = await asyncio.gather(*(center.calls(n) for n in ("7001", "7001", "7004", "7003")))
    await asyncio.gather(*(caller.hears("main_menu") for caller in (right, silent, twice)))
    await right.presses("1")
    await twice.presses("2")
    await twice.hears("main_menu")
    await twice.presses("1")
    await asyncio.gather(right.is_hung_up(), silent.is_hung_up(), twice.is_hung_up(), lost.is_hung_up())
    assert await left_behind(center, right.number) == "RETURNED/right"
    assert await left_behind(center, silent.number) == "RETURNED/wrong"
    assert await left_behind(center, twice.number) == "RETURNED/right"
    assert await left_behind(center, lost.number) == "NOFLOW/"
    ended = await center.facts(ContactEnded, 4)
    assert sorted(fact.caller for fact in ended) == sorted([right.number, silent.number, twice.number, twice.number])
    assert {fact.reason for fact in ended} == {EndReason.RETURNED}
    assert {fact.flow for fact in center.so_far(NodeEntered)} == {"quiz"}


async def test_a_dialplans_call_waits_and_talks_like_any_other(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("7002")
    await caller.talks_to(alice)
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.CALLER_HUNG_UP
    assert (await center.recording(await caller.contact()))["problem"] == ""


async def test_a_caller_who_hangs_up_in_a_dialplans_flow_leaves_nothing_behind(center: Center) -> None:
    caller = await center.calls("7001")
    await caller.hears("main_menu")
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.LEFT_IN_FLOW
    opened = await center.fact(ContactOpened)
    assert opened.dialled == "7001"


async def test_after_a_while_without_the_program_callers_get_the_plain_queue_over_all_phones(center: Center) -> None:
    alice = await center.works("alice")
    await center.is_killed()
    await center.premises.console(f"dialplan set global {SEEN_VARIABLE} 1")  # as if it were long ago
    center.expects(r"agi://.* failed|res_agi\.c")
    unlucky = await center.calls("7001")  # the dialplan's own call goes on, without an answer
    assert await left_behind(center, unlucky.number) == "/"
    caller = await center.calls("2001")
    await caller.is_up()
    ringing = await alice.rings(within_s=15)
    await ringing.reaches(CallState.UP, 5)
    await asyncio.gather(caller.hears_agent(alice), alice.hears_caller(caller))
    await caller.hangs_up()
    await ringing.reaches(CallState.ENDED, 5)

    await center.comes_back()
    served = await center.calls("2001")
    await served.talks_to(alice)
    await served.hangs_up()
    rows = await center.rows("SELECT id FROM contact WHERE caller = $1", caller.number)
    assert rows == []
