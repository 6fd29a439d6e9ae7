"""Calls that the phones hand on by themselves: REFER, blind and after a word, refused, and in the middle of a kill."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from callcenter.asterisk.ari import Access, Ari
from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.control import HeldBy, PartyEnd, TransferTo
from callcenter.model.control_facts import (
    ConsultAnswered,
    ContactHeld,
    ContactTaken,
    ContactTransferred,
    PartyLeft,
    PhoneRefused,
)
from callcenter.model.facts import ContactConnected, TalkEnded
from callcenter.sim.peers.baresip import CallState, PhoneCall
from callcenter.sim.peers.places import LOOPBACK
from callcenter.sim.peers.tones import tones_in
from tests.live import office
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller
from tests.live.test_calls_control import LEFT, RIGHT, TOLERANCE_S, hear_each_other
from tests.live.waiting import passes

pytestmark = pytest.mark.live

TALK_S: Final = 1.0
SEMICOLON: Final = "%3B"  # as a URI wants them
EQUALS: Final = "%3D"
FORBIDDEN: Final = "0909000999"


def ari_of(center: Center) -> Ari:
    """Asterisk, asked past the call center."""
    premises = center.premises
    return Ari(Access(host=LOOPBACK, port=premises.http_port, username="callcenter", password=premises.ari_password))


async def replaces(center: Center, call: PhoneCall) -> str:
    """What a phone writes into Refer-To for one of its calls: it knows the tags, and its ears do not tell us."""
    async with ari_of(center) as ari:
        channel = next(one for one in await ari.channels.list() if one.protocol_id == call.id)
        local, remote = [
            await ari.channels.get_channel_var(channel.id, f"CHANNEL(pjsip,{side}_tag)") for side in ("local", "remote")
        ]
    return f"{call.id}{SEMICOLON}to-tag{EQUALS}{local}{SEMICOLON}from-tag{EQUALS}{remote}"


async def two_at_work(center: Center) -> tuple[AgentAtWork, AgentAtWork, Caller]:
    """Alice talks with a caller, Bob is free."""
    alice, bob = await asyncio.gather(center.works("alice", soft=True), center.works("bob", logged_in=False))
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    await bob.logs_in()
    await bob.is_(AgentState.READY)
    return alice, bob, caller


async def a_word_with(center: Center, alice: AgentAtWork, bob: AgentAtWork, caller: Caller) -> PhoneCall:
    """Alice's phone holds the caller and calls Bob's; gives her second call."""
    line = await center.second_line(alice)
    await alice.phone.hold()
    await center.fact(ContactHeld, contact=await caller.contact(), by=HeldBy.PHONE)
    await caller.hears_music()
    second = await line.dial(bob.number)
    await center.fact(ConsultAnswered, contact=await caller.contact(), consulted="bob")
    await second.reaches(CallState.UP, 6.0)
    await bob.ear.hears(alice.tone_hz, 6.0)
    caller.ear.forget()
    await caller.hears_music()
    return second


async def test_handed_on_without_a_word(center: Center) -> None:
    alice, bob, caller = await two_at_work(center)
    contact = await caller.contact()
    first = alice.phone.incoming[-1]
    await alice.phone.transfer(bob.number)
    handed = await center.fact(ContactTransferred, contact=contact, agent="alice")
    assert (handed.to, handed.name, handed.by) == (TransferTo.AGENT, "bob", "phone")
    await first.reaches(CallState.ENDED, 6.0)
    await hear_each_other(caller, bob)
    await alice.is_(AgentState.READY)
    await passes(TALK_S)
    await bob.hangs_up()
    await caller.is_hung_up()
    cdr = await center.cdr(contact)
    assert (cdr["agent"], cdr["end_reason"]) == ("bob", EndReason.AGENT_HUNG_UP)
    talks = await center.rows("SELECT agent, talk_s FROM talk WHERE contact = $1 ORDER BY seq, n", contact)
    assert [talk["agent"] for talk in talks] == ["alice", "bob"]
    assert abs(sum(talk["talk_s"] for talk in talks) - cdr["talk_s"]) < 0.01


async def test_to_an_outside_number_that_may_be_called(center: Center) -> None:
    outside = await center.outside_world()
    alice, _, caller = await two_at_work(center)
    await alice.phone.transfer(office.CARRIER_NUMBER)
    caller.ear.forget()
    await caller.ear.hears(office.AGENT_TONES[-1], 6.0)
    await alice.is_(AgentState.READY)
    await outside.hang_up()
    await caller.is_hung_up()
    cdr = await center.cdr(await caller.contact())
    assert (cdr["end_reason"], cdr["agent"]) == (EndReason.FORWARDED, "alice")


async def test_after_a_word_the_call_is_hers_and_the_recording_goes_on(center: Center) -> None:
    alice, bob, caller = await two_at_work(center)
    contact = await caller.contact()
    second = await a_word_with(center, alice, bob, caller)
    await passes(TALK_S)
    await alice.phone.transfer(bob.number, await replaces(center, second))
    await center.fact(PartyLeft, contact=contact, end=PartyEnd.TOOK_OVER)
    await hear_each_other(caller, bob)
    await alice.is_(AgentState.READY)
    assert all(call.state is CallState.ENDED for call in (*alice.phone.calls, second))
    await passes(TALK_S)
    await bob.hangs_up()
    await caller.is_hung_up()
    talks = await center.facts(TalkEnded, 2, contact=contact)
    assert [talk.agent for talk in talks] == ["alice", "bob"]
    assert talks[0].hold_s > TALK_S
    cdr = await center.cdr(contact)
    assert abs(cdr["talk_s"] - sum(talk.talk_s for talk in talks)) < 0.01, "each second is somebody's, once"
    parts = await center.rows("SELECT * FROM party WHERE contact = $1", contact)
    assert [(part["called_by"], part["agent"], part["end_reason"]) for part in parts] == [
        ("alice", "bob", PartyEnd.TOOK_OVER)
    ]
    recording = await center.recording(contact)
    assert (recording["problem"], abs(recording["seconds"] - cdr["talk_s"]) < TOLERANCE_S) == ("", True)
    tones = (office.MUSIC_TONE, caller.tone_hz, alice.tone_hz, bob.tone_hz)
    path = Path(recording["path"])
    assert await asyncio.to_thread(tones_in, path, tones, channel=LEFT) == {caller.tone_hz}
    heard = await asyncio.to_thread(tones_in, path, tones, channel=RIGHT)
    assert heard == {office.MUSIC_TONE, alice.tone_hz, bob.tone_hz}, "all that the caller heard, and nothing said aside"


async def test_refused_it_is_told_to_the_phone_and_the_caller_is_lost_by_nobody(center: Center) -> None:
    """This phone hangs up when it is told no; the caller waits again, and gets whoever is free."""
    alice, bob, caller = await two_at_work(center)
    contact = await caller.contact()
    await alice.phone.transfer(FORBIDDEN)
    refused = await center.fact(PhoneRefused, contact=contact, agent="alice")
    assert (refused.name, "forward_to" in refused.why) == (FORBIDDEN, True)
    first = alice.phone.incoming[0]
    await first.reaches(CallState.ENDED, 6.0)
    assert "603" in first.reason
    again = (await center.facts(ContactConnected, 2, contact=contact))[1]
    await caller.hears_agent(alice if again.agent == "alice" else bob)
    await caller.hangs_up()


async def test_the_consulted_hangs_up_in_the_moment_of_the_transfer(center: Center) -> None:
    alice, bob, caller = await two_at_work(center)
    contact = await caller.contact()
    second = await a_word_with(center, alice, bob, caller)
    where = await replaces(center, second)
    await asyncio.gather(alice.phone.transfer(bob.number, where), bob.phone.hang_up())
    cdr = await center.cdr(contact) if not await _goes_on(center, caller) else None
    if cdr is None:  # the hang-up came first, so the transfer was refused: she is in line again, or with somebody
        await caller.hangs_up()
    else:  # the call was Bob's for a moment, and he ended it
        assert (cdr["agent"], cdr["end_reason"]) == ("bob", EndReason.AGENT_HUNG_UP)


async def _goes_on(center: Center, caller: Caller) -> bool:
    """Whether the caller is still on the line once it has been decided what came first."""
    await center.fact(PartyLeft, contact=await caller.contact())
    try:
        await caller.is_hung_up(2.0)
    except AssertionError:
        return True
    except Exception as fault:
        if "is up after" not in str(fault):
            raise
        return True
    return False


async def test_handed_on_while_the_center_is_dead_it_is_done_when_it_is_back(center: Center) -> None:
    alice, bob, caller = await two_at_work(center)
    contact = await caller.contact()
    second = await a_word_with(center, alice, bob, caller)
    where = await replaces(center, second)
    await center.is_killed()
    await alice.phone.transfer(bob.number, where)
    await center.comes_back()
    await hear_each_other(caller, bob)
    await alice.is_(AgentState.READY)
    await bob.hangs_up()
    await caller.is_hung_up()
    await center.cdr(contact)
    talks = await center.rows("SELECT agent FROM talk WHERE contact = $1 ORDER BY seq, n", contact)
    assert [talk["agent"] for talk in talks] == ["alice", "bob"]


async def test_killed_between_the_second_call_and_the_transfer(center: Center) -> None:
    alice, bob, caller = await two_at_work(center)
    second = await a_word_with(center, alice, bob, caller)
    await center.is_killed()
    await center.comes_back()
    caller.ear.forget()
    await caller.hears_music()
    await bob.ear.hears(alice.tone_hz, 6.0)
    await alice.phone.transfer(bob.number, await replaces(center, second))
    await hear_each_other(caller, bob)
    await caller.hangs_up()
    await asyncio.gather(alice.is_(AgentState.READY), bob.is_(AgentState.READY))


async def test_a_call_that_another_phone_takes(center: Center) -> None:
    alice, bob, caller = await two_at_work(center)
    contact = await caller.contact()
    where = await replaces(center, alice.phone.incoming[-1])
    async with center.taker("bob", where.replace(SEMICOLON, ";").replace(EQUALS, "=")) as phone:
        taken = await center.fact(ContactTaken, contact=contact)
        assert (taken.agent, taken.taker) == ("alice", "bob")
        await alice.is_(AgentState.READY)
        await bob.is_(AgentState.ON_CONTACT)
        assert await phone.done(10.0), phone.says()
    await caller.is_hung_up()
    cdr = await center.cdr(contact)
    assert (cdr["agent"], cdr["end_reason"]) == ("bob", EndReason.AGENT_HUNG_UP)
    recording = await center.recording(contact)
    assert (recording["problem"], abs(recording["seconds"] - cdr["talk_s"]) < TOLERANCE_S) == ("", True)
