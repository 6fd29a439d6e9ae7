"""The caller hangs up at every stage: nothing rings on, nobody is kept, and the records say what happened."""

import asyncio
from contextlib import suppress

import pytest

from callcenter.errors import PeerFault
from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason, OfferEnd
from callcenter.model.facts import AgentChanged, ContactConnected, ContactOffered, OfferEnded
from callcenter.model.recording_facts import RecordingStarted, RecordingVerified
from callcenter.sim.peers.baresip import CallState, Habit
from tests.live.center import Center
from tests.live.waiting import passes

pytestmark = pytest.mark.live


async def test_hanging_up_in_the_greeting_in_the_menu_and_in_line(center: Center) -> None:
    at_once, greeted, choosing, waiting = await asyncio.gather(
        center.calls("1900"), center.calls("1900"), center.calls("1900"), center.calls("2001")
    )
    await asyncio.gather(at_once.is_up(), greeted.hears("welcome"), choosing.hears("welcome"), waiting.hears_music())
    await choosing.presses("1")
    await choosing.hears("main_menu")
    for caller in (at_once, greeted, choosing, waiting):
        await caller.hangs_up()
    reasons = [(await caller.ended()).reason for caller in (at_once, greeted, choosing, waiting)]
    assert reasons == [EndReason.LEFT_IN_FLOW] * 3 + [EndReason.ABANDONED]


async def test_hanging_up_before_anybody_answers(center: Center) -> None:
    center.expects(r"res_stasis_answer\.c: .*Failed to answer channel")
    for _ in range(5):
        caller = await center.calls("1900")
        await caller.hangs_up()
        await caller.is_hung_up()
        for row in await center.rows("SELECT id FROM contact WHERE caller = $1", caller.number):  # if she ever came in
            assert (await center.cdr(row["id"]))["end_reason"] == EndReason.LEFT_IN_FLOW


async def test_hanging_up_while_the_agents_phone_rings_costs_her_nothing(center: Center) -> None:
    alice = await center.works("alice", habit=Habit.IGNORE)
    caller = await center.calls("2001")
    ringing = await alice.rings()
    await caller.hangs_up()
    await ringing.reaches(CallState.ENDED, 3)
    ended = await caller.ended()
    assert (ended.reason, ended.offers, ended.missed) == (EndReason.ABANDONED, 1, 0)
    offer = await center.fact(OfferEnded, agent="alice")
    assert offer.end is OfferEnd.RESCINDED
    await alice.is_(AgentState.READY)
    assert not [change for change in center.so_far(AgentChanged, agent="alice") if change.status == "paused"]


async def test_hanging_up_as_the_agent_answers_leaves_both_free(center: Center) -> None:
    alice = await center.works("alice", habit=Habit.IGNORE)
    for answered_first in (True, False, True, False):
        caller = await center.calls("2001")
        await asyncio.gather(caller.is_up(), alice.rings())
        if answered_first:
            await asyncio.gather(alice.answers(), caller.hangs_up())
        else:
            with suppress(PeerFault):  # her phone has stopped ringing already
                await asyncio.gather(caller.hangs_up(), alice.answers())
        ended = await caller.ended()
        assert ended.reason in (EndReason.ABANDONED, EndReason.CALLER_HUNG_UP)
        await alice.is_(AgentState.READY)
        await center.until(lambda view: not view.contacts, "nobody is left")


async def test_hanging_up_while_talking_and_the_agent_hanging_up(center: Center) -> None:
    alice, bob = await asyncio.gather(center.works("alice"), center.works("bob"))
    first = await center.calls("2001")
    agent = alice if (await center.fact(ContactConnected)).agent == "alice" else bob
    other = bob if agent is alice else alice
    second = await center.calls("2001")
    await asyncio.gather(first.talks_to(agent), second.talks_to(other))
    await first.hangs_up()
    await other.hangs_up()
    assert (await first.ended()).reason is EndReason.CALLER_HUNG_UP
    assert (await second.ended()).reason is EndReason.AGENT_HUNG_UP
    await second.is_hung_up()
    for call in (*alice.phone.calls, *bob.phone.calls):
        await call.reaches(CallState.ENDED, 3)
    await asyncio.gather(alice.is_(AgentState.READY), bob.is_(AgentState.READY))


async def test_hanging_up_during_the_announcement_is_an_abandoned_call_and_no_recording(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2004")
    await caller.hears("announcement")
    await alice.is_(AgentState.ON_CONTACT)
    await caller.hangs_up()
    ended = await caller.ended()
    assert (ended.reason, ended.agent, ended.talk_s) == (EndReason.ABANDONED, "alice", 0.0)
    await alice.is_(AgentState.READY)
    assert not center.so_far(RecordingStarted)
    assert not center.so_far(ContactConnected)

    again = await center.calls("2004")
    await again.hears("announcement")
    await alice.hangs_up()  # she has second thoughts; the caller keeps her place and is offered again
    offers = await center.facts(ContactOffered, 2, contact=await again.contact())
    assert [offer.agent for offer in offers] == ["alice", "alice"]
    await again.talks_to(alice)
    recording = await center.fact(RecordingStarted, contact=await again.contact())
    await again.hangs_up()
    assert (await again.ended()).reason is EndReason.CALLER_HUNG_UP
    verified = await center.fact(RecordingVerified, recording=recording.recording)
    assert verified.problem == ""


async def test_hanging_up_in_the_middle_of_a_message_keeps_what_was_said(center: Center) -> None:
    early, speaker = await asyncio.gather(center.calls("1920"), center.calls("1920"))
    await asyncio.gather(early.hears("leave_message"), speaker.hears("leave_message"))
    await early.hangs_up()
    await center.fact(RecordingStarted, contact=await speaker.contact(), kind="message", mailbox="hotline")
    await passes(2.0)  # she speaks, after the beep; less than a second is no message
    await speaker.hangs_up()
    assert (await early.ended()).reason is EndReason.LEFT_IN_FLOW
    assert (await speaker.ended()).reason is EndReason.VOICEMAIL
    recording = await center.recording(await speaker.contact())
    assert (recording["channels"], recording["problem"]) == (1, "")
    assert 1.0 < recording["seconds"] < 2.5
