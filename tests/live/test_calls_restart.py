"""What callers and agents notice when the program is killed in the middle of it all: next to nothing."""

import asyncio
from collections.abc import Mapping
from typing import Final

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactConnected, ContactOffered, ContactOpened, ContactQueued, Fact
from callcenter.model.recording_facts import RecordingStarted
from callcenter.sim.peers.baresip import CallState, Habit
from tests.live.center import Center
from tests.live.office import AGENT_TONES
from tests.live.waiting import passes

pytestmark = pytest.mark.live

MOMENTS: Final[Mapping[str, type[Fact]]] = {
    "at the door": ContactOpened,
    "in line": ContactQueued,
    "being offered": ContactOffered,
    "being connected": ContactConnected,
}


async def test_a_kill_costs_no_call_no_place_and_no_record(center: Center) -> None:
    alice = await center.works("alice")
    talking = await center.calls("2001")
    await talking.talks_to(alice)
    bob = await center.works("bob", habit=Habit.IGNORE)
    ringing = await center.calls("2001")
    await bob.rings()
    chooses = await center.calls("1900")
    await chooses.hears("welcome")
    patient = []
    for dialled in ("2001", "2003", "2001"):
        patient.append(await center.calls(dialled))
        await patient[-1].waits()
    first, vip, last = patient
    hasty = await center.calls("2005")
    await hasty.waits()

    await center.is_killed()
    await alice.hears_caller(talking)
    await talking.hears_agent(alice)
    await bob.answers()
    await hasty.hangs_up()
    newcomer = await center.calls("2001")
    await chooses.presses("2")
    await center.comes_back()

    talking.ear.forget()
    await talking.hears_agent(alice)
    ringing.ear.forget()
    await asyncio.gather(ringing.hears_agent(bob), bob.hears_caller(ringing))
    await chooses.hears("main_menu", "vi")
    await chooses.hangs_up()
    await newcomer.hears_music()
    places = {one.id: one.position for one in (await center.view()).contacts if one.state == "waiting"}
    assert places == {
        await vip.contact(): 1,
        await first.contact(): 1,
        await last.contact(): 2,
        await center.contact_of(newcomer.number): 3,
    }

    await talking.hangs_up()
    for caller in (vip, first, last, newcomer):
        await caller.talks_to(alice)
        await caller.hangs_up()
    await bob.hangs_up()

    async def reason(number: str) -> tuple[str, str | None]:
        row = await center.cdr(await center.contact_of(number))
        return row["end_reason"], row["agent"]

    served = [talking, vip, first, last, newcomer]
    assert [await reason(one.number) for one in served] == [(EndReason.CALLER_HUNG_UP, "alice")] * 5
    assert await reason(ringing.number) == (EndReason.AGENT_HUNG_UP, "bob")
    assert await reason(hasty.number) == (EndReason.ABANDONED, None)
    assert await reason(chooses.number) == (EndReason.LEFT_IN_FLOW, None)
    numbers = [one.number for one in (*served, ringing, hasty, chooses)]
    rows = await center.rows("SELECT caller FROM contact WHERE caller = ANY($1)", numbers)
    assert sorted(row["caller"] for row in rows) == sorted(numbers)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_kill_at_any_moment_costs_nothing(center: Center, moment: str) -> None:
    alice = await center.works("alice", answer_after_s=0.3)
    caller = await center.calls("2001")
    await center.fact(MOMENTS[moment])
    center.expects(r"s long, the talk was")  # killed before the recording was begun, it is begun after
    await center.is_killed()
    await center.comes_back()
    await caller.is_up()
    await asyncio.gather(caller.hears_agent(alice), alice.hears_caller(caller))
    await passes(0.6)  # long enough for a recording
    await caller.hangs_up()
    contact = await center.contact_of(caller.number)
    row = await center.cdr(contact)
    assert (row["end_reason"], row["agent"]) == (EndReason.CALLER_HUNG_UP, "alice")
    await alice.is_(AgentState.READY)


async def test_a_kill_in_the_middle_of_a_secret_has_it_typed_anew_and_one_in_a_message_keeps_it(center: Center) -> None:
    secretive, speaker = await asyncio.gather(center.calls("1910"), center.calls("1920"))
    await asyncio.gather(secretive.hears("enter_pin"), speaker.hears("leave_message"))
    await secretive.presses("735")
    await center.fact(RecordingStarted, contact=await speaker.contact())
    center.expects(r"s long, the talk was")
    await center.is_killed()
    await center.comes_back()
    secretive.ear.forget()
    await secretive.hears("enter_pin")
    await secretive.presses("896496#")
    await secretive.hears("thanks")
    await secretive.is_hung_up()
    await speaker.presses("#")
    await speaker.hears("message_taken")
    await speaker.is_hung_up()
    assert (await center.cdr(await speaker.contact()))["end_reason"] == EndReason.VOICEMAIL
    assert (await center.recording(await speaker.contact()))["seconds"] > 1.0


async def test_a_kill_while_an_outside_number_rings_and_while_it_talks_loses_neither(center: Center) -> None:
    outside = await center.outside_world(Habit.IGNORE)
    caller = await center.calls("1930")
    ringing = await outside.next_call(8, after=0)
    await center.is_killed()
    await outside.answer()
    await center.comes_back()
    await caller.ear.hears(AGENT_TONES[-1], 8)
    await center.is_killed()
    await center.comes_back()
    caller.ear.forget()
    await caller.ear.hears(AGENT_TONES[-1], 8)
    await caller.hangs_up()
    await ringing.reaches(CallState.ENDED, 5)
    assert (await center.cdr(await caller.contact()))["end_reason"] == EndReason.FORWARDED
