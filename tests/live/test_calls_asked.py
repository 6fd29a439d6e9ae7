"""What agents hear alone before callers: who it is, whether they are there; phones that answer by themselves."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.agent import AgentState, AgentStatus, PhoneRules
from callcenter.model.contact import EndReason, OfferEnd
from callcenter.model.facts import AgentAsked, AgentTold, ContactConnected, ContactQueued, OfferEnded, TalkEnded
from callcenter.sim.peers.baresip import CallState, Habit
from callcenter.sim.peers.tones import tones_in
from tests.live import office
from tests.live.center import Center
from tests.live.test_calls_nailed import is_nailed, phone_of

pytestmark = pytest.mark.live

KEYED, INTRODUCED, SALES = "2030", "2031", "2001"
ASKED_HZ: Final = office.PROMPT_TONES["no_choice", "en"]  # as `letters` lets the question sound
WHO_HZ: Final = office.PROMPT_TONES["thanks", "en"]
SINCE_HZ: Final = office.PROMPT_TONES["goodbye", "en"]
RIGHT: Final = 1
LISTEN_S: Final = 0.6


async def test_a_call_is_hers_when_she_presses_the_key(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls(KEYED)
    contact = await caller.contact()
    await center.fact(AgentAsked, contact=contact, agent="alice")
    await alice.ear.hears(ASKED_HZ, 6.0)
    await caller.hears_music()
    await caller.ear.hears_none_of((ASKED_HZ, alice.tone_hz), LISTEN_S)
    assert center.so_far(ContactConnected, contact=contact) == []
    await alice.phone.press("1")
    await caller.talks_to(alice)
    await caller.hangs_up()
    await caller.ended()


async def test_a_voicemail_that_answers_does_not_get_the_call(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls(KEYED)
    contact = await caller.contact()
    ended = await center.fact(OfferEnded, contact=contact, agent="alice")
    assert ended.end is OfferEnd.NOT_CONFIRMED
    await alice.phone.incoming[-1].reaches(CallState.ENDED, 5.0)
    seen = await alice.seen()
    assert (seen.status, seen.reason) == (AgentStatus.PAUSED, "not_confirmed")
    await caller.hears_music()
    later = await center.calls(KEYED)
    await later.waits()
    places = {one.id: one.position for one in (await center.view()).contacts if one.state == "waiting"}
    assert places == {contact: 1, await later.contact(): 2}
    bob = await center.works("bob")
    await bob.ear.hears(ASKED_HZ, 6.0)
    await bob.phone.press("1")
    await caller.talks_to(bob)
    await later.hangs_up()
    await caller.hangs_up()


async def test_the_agent_alone_hears_who_it_is_and_the_caller_music(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls(INTRODUCED)
    contact = await caller.contact()
    await alice.ear.hears(WHO_HZ, 6.0)
    await alice.ear.hears(SINCE_HZ, 6.0)
    connected = await caller.talks_to(alice)
    told = await center.fact(AgentTold, contact=contact, agent="alice")
    assert told.told_s >= 2 * office.PROMPT_S - 0.1
    assert connected.waited_s >= told.told_s
    await caller.hangs_up()
    talk = await center.fact(TalkEnded, contact=contact)
    cdr = await center.cdr(contact)
    assert abs(cdr["talk_s"] - talk.talk_s) < 0.01, "what she was told is waited, and no talk"
    recording = await center.recording(contact)
    tones = (WHO_HZ, SINCE_HZ, alice.tone_hz, caller.tone_hz)
    right = await asyncio.to_thread(tones_in, Path(recording["path"]), tones, channel=RIGHT)
    assert right == {alice.tone_hz}
    assert caller.call.heard is None or caller.call.state is CallState.ENDED
    heard = caller.call.heard
    assert heard is not None
    assert await asyncio.to_thread(tones_in, heard, tones) == {alice.tone_hz}


async def test_either_may_go_while_she_is_told(center: Center) -> None:
    alice, bob = await asyncio.gather(center.works("alice"), center.works("bob", logged_in=False))
    caller = await center.calls(INTRODUCED)
    await alice.ear.hears(WHO_HZ, 6.0)
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.ABANDONED
    await alice.phone.incoming[-1].reaches(CallState.ENDED, 5.0)
    await alice.is_(AgentState.READY)
    second = await center.calls(INTRODUCED)
    alice.ear.start_over()
    await alice.ear.hears(WHO_HZ, 6.0)
    await alice.hangs_up()  # before it is told to its end
    await bob.logs_in()
    contact = await second.contact()
    assert len(center.so_far(ContactQueued, contact=contact)) >= 1
    await second.talks_to(bob)
    await second.hangs_up()


async def test_a_kill_while_she_is_told_puts_them_together_afterwards(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls(INTRODUCED)
    await alice.ear.hears(WHO_HZ, 6.0)
    await center.is_killed()
    await caller.hears_music()
    await center.comes_back()
    caller.ear.forget()
    await asyncio.gather(caller.hears_agent(alice), alice.hears_caller(caller))
    await caller.hangs_up()
    await caller.ended()


async def test_a_phone_answers_by_itself_where_its_agent_wants_that(center: Center) -> None:
    async with phone_of(center, "alice", PhoneRules(auto_answer=True)):
        alice = await center.works("alice", habit=Habit.IGNORE)
        caller = await center.calls(SALES)
        await caller.talks_to(alice)
        await caller.hangs_up()
        await caller.ended()


async def test_on_a_line_that_is_nailed_up_she_is_asked_as_well(center: Center) -> None:
    async with phone_of(center, "alice", PhoneRules(nailed=True, confirm=True, auto_answer=True)):
        alice = await center.works("alice", habit=Habit.IGNORE)
        await is_nailed(center, "alice")
        caller = await center.calls(SALES)
        await alice.ear.hears(ASKED_HZ, 6.0)
        await alice.phone.press("1")
        await caller.talks_to(alice)
        await caller.hangs_up()
        await caller.ended()
        await alice.is_(AgentState.READY)
        await alice.logs_out()


async def test_an_agent_at_home_is_called_over_the_trunk_and_has_the_call_by_the_key_alone(center: Center) -> None:
    async with phone_of(center, "alice", PhoneRules(outside=office.CARRIER_NUMBER)):
        at_home, alice = await asyncio.gather(center.outside_world(), center.works("alice", habit=Habit.IGNORE))
        caller = await center.calls(SALES)
        contact = await caller.contact()
        await center.fact(AgentAsked, contact=contact, agent="alice")
        await caller.hears_music()
        assert center.so_far(ContactConnected, contact=contact) == []
        await at_home.press("1")
        await center.fact(ContactConnected, contact=contact, agent="alice")
        await caller.ear.hears(office.AGENT_TONES[-1], 6.0)
        assert alice.phone.calls == [], "the phone on her desk does not ring"
        await caller.hangs_up()
        assert (await caller.ended()).reason is EndReason.CALLER_HUNG_UP
        await at_home.calls[-1].reaches(CallState.ENDED, 6.0)
        await alice.logs_out()
