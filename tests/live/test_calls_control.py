"""Who hears whom on hold, in a consult and in a conference, and what the records say of it: told by tones."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.control import HeldBy, PartyEnd
from callcenter.model.control_facts import (
    ConsultAnswered,
    ContactHeld,
    ContactResumed,
    ContactTransferred,
    PartyLeft,
    TransferFailed,
)
from callcenter.model.facts import TalkEnded
from callcenter.sim.peers.baresip import CallState, Habit
from callcenter.sim.peers.tones import seconds_of, tones_in
from tests.live import office
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller
from tests.live.waiting import eventually, passes

pytestmark = pytest.mark.live

LEFT, RIGHT = 0, 1
HOLD_S: Final = 1.5
TOLERANCE_S: Final = 0.6
TALK_S: Final = 1.0


async def does(center: Center, caller: Caller, deed: str, **wish: object) -> None:
    await center.asks(f"/v1/calls/{await caller.contact()}/{deed}", wish)


async def hear_each_other(*voices: AgentAtWork | Caller) -> None:
    """Everybody hears everybody else, from now on."""
    for one in voices:
        one.ear.forget()
    await asyncio.gather(*(one.ear.hears(two.tone_hz, 6.0) for one in voices for two in voices if one is not two))


async def hears_only(one: AgentAtWork | Caller, hz: float, among: tuple[float, ...]) -> None:
    """Nothing else of these for a while."""
    await one.ear.hears(hz, 6.0)
    await one.ear.hears_none_of(tuple(other for other in among if other != hz), TALK_S)


async def rung_twice(agent: AgentAtWork) -> bool | None:
    return True if len(agent.phone.incoming) > 1 else None


async def test_on_hold_the_caller_hears_music_and_the_agent_nothing_of_it(center: Center) -> None:
    alice = await center.works("alice", soft=True)
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    for how in (HeldBy.REQUEST, HeldBy.PHONE):
        caller.ear.forget()
        if how is HeldBy.REQUEST:
            await does(center, caller, "hold")
        else:
            await alice.phone.hold()
        await center.fact(ContactHeld, contact=contact, by=how)
        await caller.hears_music()
        silent = [] if how is HeldBy.PHONE else [alice.ear.hears_none_of((office.MUSIC_TONE, caller.tone_hz), TALK_S)]
        await asyncio.gather(hears_only(caller, office.MUSIC_TONE, (office.MUSIC_TONE, alice.tone_hz)), *silent)
        await passes(HOLD_S)
        if how is HeldBy.REQUEST:
            await does(center, caller, "resume")
            await hear_each_other(caller, alice)
    await caller.hangs_up()  # while the phone holds
    resumed = await center.facts(ContactResumed, 2, contact=contact)
    talk = await center.fact(TalkEnded, contact=contact)
    held_s = sum(one.held_s for one in resumed)
    assert abs(talk.hold_s - held_s) < 0.001
    cdr = await center.cdr(contact)
    assert (cdr["end_reason"], abs(cdr["hold_s"] - held_s) < 0.001) == (EndReason.CALLER_HUNG_UP, True)
    tones = (office.MUSIC_TONE, caller.tone_hz, alice.tone_hz)
    recording = await center.recording(contact)
    assert (recording["problem"], abs(recording["seconds"] - talk.talk_s) < TOLERANCE_S) == ("", True)
    path = Path(recording["path"])
    assert await asyncio.to_thread(tones_in, path, tones, channel=LEFT) == {caller.tone_hz}
    assert await asyncio.to_thread(tones_in, path, tones, channel=RIGHT) == {alice.tone_hz, office.MUSIC_TONE}
    music_s = await asyncio.to_thread(seconds_of, path, office.MUSIC_TONE, channel=RIGHT)
    assert abs(music_s - held_s) < 2 * TOLERANCE_S


async def test_muted_she_hears_and_is_not_heard(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    await does(center, caller, "mute")
    await passes(TALK_S)
    await caller.ear.hears_none_of((alice.tone_hz,), TALK_S)
    alice.ear.forget()
    await alice.hears_caller(caller)
    await does(center, caller, "unmute")
    await hear_each_other(caller, alice)
    await caller.hangs_up()


async def test_a_word_aside_swap_conference_and_the_call_is_hers(center: Center) -> None:
    alice, bob = await asyncio.gather(center.works("alice", soft=True), center.works("bob", logged_in=False, soft=True))
    caller = await center.calls("2001", soft=True)
    await caller.talks_to(alice)
    contact = await caller.contact()
    await bob.logs_in()
    await bob.is_(AgentState.READY)
    tones = (office.MUSIC_TONE, caller.tone_hz, alice.tone_hz, bob.tone_hz)
    await does(center, caller, "consult", to="agent", name="bob")
    await center.fact(ConsultAnswered, contact=contact, consulted="bob")
    await hear_each_other(alice, bob)
    caller.ear.forget()
    await hears_only(caller, office.MUSIC_TONE, tones)
    await does(center, caller, "swap")
    await hear_each_other(alice, caller)
    await does(center, caller, "swap")
    await hear_each_other(alice, bob)
    await does(center, caller, "conference")
    await hear_each_other(alice, bob, caller)
    await passes(TALK_S)
    await alice.hangs_up()
    await center.fact(ContactTransferred, contact=contact, agent="alice", name="bob")
    await hear_each_other(bob, caller)
    await passes(TALK_S)
    await bob.hangs_up()
    await caller.is_hung_up()
    talks = await center.facts(TalkEnded, 2, contact=contact)
    assert [talk.agent for talk in talks] == ["alice", "bob"]
    cdr = await center.cdr(contact)
    assert abs(cdr["talk_s"] - sum(talk.talk_s for talk in talks)) < 0.01, "each second is somebody's, once"
    parts = await center.rows("SELECT * FROM party WHERE contact = $1 ORDER BY seq, n", contact)
    assert [(part["agent"], part["aside"], part["end_reason"]) for part in parts] == [
        ("bob", True, PartyEnd.JOINED),
        ("bob", False, PartyEnd.TOOK_OVER),
    ]
    recording = await center.recording(contact)
    assert (recording["problem"], abs(recording["seconds"] - cdr["talk_s"]) < TOLERANCE_S) == ("", True)
    right = await asyncio.to_thread(tones_in, Path(recording["path"]), tones, channel=RIGHT)
    assert right == {office.MUSIC_TONE, alice.tone_hz, bob.tone_hz}, "one recording with all that the caller heard"


async def test_an_outside_number_consulted_and_given_the_call(center: Center) -> None:
    outside = await center.outside_world()
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    await does(center, caller, "consult", to="number", name=office.CARRIER_NUMBER)
    await center.fact(ConsultAnswered, contact=await caller.contact(), number=office.CARRIER_NUMBER)
    await alice.ear.hears(office.AGENT_TONES[-1], 6.0)
    await does(center, caller, "transfer")
    caller.ear.forget()
    await caller.ear.hears(office.AGENT_TONES[-1], 6.0)
    await alice.is_(AgentState.READY)
    await passes(TALK_S)
    await outside.hang_up()
    await caller.is_hung_up()
    cdr = await center.cdr(await caller.contact())
    assert (cdr["end_reason"], cdr["forward_s"] > TALK_S) == (EndReason.FORWARDED, True)


async def test_a_number_that_says_no_gives_the_call_back(center: Center) -> None:
    await center.outside_world(Habit.REJECT)
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    await does(center, caller, "transfer", to="number", name=office.CARRIER_NUMBER)
    await center.fact(TransferFailed, contact=await caller.contact())
    await hear_each_other(caller, alice)
    await caller.hangs_up()


async def test_an_agent_who_hangs_up_at_the_worst_moment_loses_nobody(center: Center) -> None:
    center.expects("Playback failed for tone:ring")  # she went while she heard it
    alice, bob = await asyncio.gather(center.works("alice"), center.works("bob", habit=Habit.IGNORE, logged_in=False))
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    await bob.logs_in()
    await bob.is_(AgentState.READY)
    await does(center, caller, "consult", to="agent", name="bob")
    await bob.rings()
    await alice.hangs_up()
    await center.fact(PartyLeft, contact=contact, end=PartyEnd.DROPPED)
    await eventually(lambda: rung_twice(bob), "bob is rung for the caller herself")
    assert caller.call.state is CallState.UP
    await caller.hangs_up()


async def test_to_a_queue_it_stays_the_same_contact(center: Center) -> None:
    alice, carol = await asyncio.gather(center.works("alice"), center.works("carol"))
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    await does(center, caller, "transfer", to="queue", name="support", priority=90)
    await caller.talks_to(carol)
    await carol.hangs_up()
    await caller.is_hung_up()
    contact = await caller.contact()
    cdr = await center.cdr(contact)
    assert (cdr["agent"], cdr["queue"]) == ("carol", "support")
    talks = await center.rows("SELECT agent FROM talk WHERE contact = $1 ORDER BY seq, n", contact)
    assert [talk["agent"] for talk in talks] == ["alice", "carol"]


async def test_a_kill_in_the_middle_of_a_consult_loses_nobody(center: Center) -> None:
    alice, bob = await asyncio.gather(center.works("alice"), center.works("bob", logged_in=False))
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    await bob.logs_in()
    await bob.is_(AgentState.READY)
    await does(center, caller, "consult", to="agent", name="bob")
    await center.fact(ConsultAnswered, contact=contact)
    await center.is_killed()
    await center.comes_back()
    await hear_each_other(alice, bob)
    caller.ear.forget()
    await caller.hears_music()
    await does(center, caller, "conference")
    await hear_each_other(alice, bob, caller)
    await caller.hangs_up()
    await asyncio.gather(alice.is_(AgentState.READY), bob.is_(AgentState.READY))
