"""Calls that are parked, picked up by another phone, kept over a kill, and brought back: told by tones."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactOffered, TalkEnded
from callcenter.model.parking import ContactParked, ParkEnd, ParkOver, PhoneTurnedAway
from callcenter.sim.peers.baresip import CallState
from callcenter.sim.peers.tones import tones_in
from tests.live import office
from tests.live.center import Center
from tests.live.letters import TO_AGENTS
from tests.live.test_calls_control import RIGHT, TALK_S, TOLERANCE_S, does, hear_each_other, hears_only
from tests.live.waiting import passes

pytestmark = pytest.mark.live

BACK_AFTER_S: Final = 20.0  # as the office has it
SLOT_HZ: Final = office.PROMPT_TONES[TO_AGENTS["parked_in"], "en"]


async def test_parked_and_picked_up_by_dialling_by_a_transfer_after_a_kill_and_by_request(
    center: Center,
) -> None:
    alice, bob = await asyncio.gather(center.works("alice", soft=True), center.works("bob", soft=True, logged_in=False))
    caller = await center.calls("2001", soft=True)
    await caller.talks_to(alice)
    contact = await caller.contact()
    tones = (office.MUSIC_TONE, alice.tone_hz, bob.tone_hz)  # hers is next to the music: a jump in it sounds like both
    await bob.logs_in()
    await bob.is_(AgentState.READY)
    first = alice.phone.incoming[-1]
    aside = await (await center.second_line(alice)).dial("800")
    assert (await center.fact(ContactParked, contact=contact)).slot == "801"
    await asyncio.gather(first.reaches(CallState.ENDED, 6.0), aside.reaches(CallState.ENDED, 8.0))
    assert aside.heard is not None
    assert await asyncio.to_thread(tones_in, aside.heard, (SLOT_HZ, *tones)) == {SLOT_HZ}
    await alice.is_(AgentState.READY)
    caller.ear.forget()
    await hears_only(caller, office.MUSIC_TONE, tones)
    assert [one.slot for one in (await center.view()).contacts] == ["801"]

    empty = await alice.dials("802")
    await empty.reaches(CallState.ENDED, 6.0)
    assert (await center.fact(PhoneTurnedAway, agent="alice")).why == "nobody is parked in 802"

    await bob.dials("801")
    await center.fact(ParkOver, contact=contact, end=ParkEnd.PICKED_UP, agent="bob")
    await hear_each_other(caller, bob)
    await passes(TALK_S)
    await bob.phone.transfer("800")
    await center.facts(ContactParked, 2, contact=contact)
    await bob.is_(AgentState.READY)
    caller.ear.forget()
    await hears_only(caller, office.MUSIC_TONE, tones)

    await center.is_killed()
    caller.ear.forget()
    await caller.hears_music()
    await center.comes_back()
    assert [(one.slot, one.state.value) for one in (await center.view()).contacts] == [("801", "parked")]
    caller.ear.forget()
    await hears_only(caller, office.MUSIC_TONE, tones)
    await center.asks("/v1/slots/801/pick-up", {"agent": "alice"})
    await center.fact(ParkOver, contact=contact, end=ParkEnd.PICKED_UP, agent="alice")
    await hear_each_other(caller, alice)
    await passes(TALK_S)
    await alice.hangs_up()
    await caller.is_hung_up()

    cdr = await center.cdr(contact)
    assert (cdr["agent"], cdr["end_reason"]) == ("alice", EndReason.AGENT_HUNG_UP)
    parks = await center.rows("SELECT * FROM park WHERE contact = $1 ORDER BY seq, n", contact)
    assert [(park["slot"], park["agent"], park["taker"], park["end_reason"]) for park in parks] == [
        ("801", "alice", "bob", "picked_up"),
        ("801", "bob", "alice", "picked_up"),
    ]
    talks = await center.rows("SELECT agent, talk_s FROM talk WHERE contact = $1 ORDER BY seq, n", contact)
    assert [talk["agent"] for talk in talks] == ["alice", "bob", "alice"]
    assert abs(cdr["talk_s"] - sum(talk["talk_s"] for talk in talks)) < 0.01, "each second is somebody's, once"
    assert abs(cdr["parked_s"] - sum(park["parked_s"] for park in parks)) < 0.01
    recording = await center.recording(contact)
    whole_s = cdr["talk_s"] + cdr["parked_s"]
    assert (recording["problem"], abs(recording["seconds"] - whole_s) < TOLERANCE_S) == ("", True)
    heard = await asyncio.to_thread(tones_in, Path(recording["path"]), tones, channel=RIGHT)
    assert heard == {office.MUSIC_TONE, alice.tone_hz, bob.tone_hz}, "one recording over both agents and the music"


async def test_nobody_is_lost_in_a_slot(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    await does(center, caller, "park", slot="803")
    await alice.is_(AgentState.READY)
    await center.facts(ContactOffered, 2, contact=contact, within_s=BACK_AFTER_S + 6.0)
    assert center.so_far(ParkOver, contact=contact)[-1].end is ParkEnd.TIMED_OUT
    await center.facts(TalkEnded, 1, contact=contact)
    await hear_each_other(caller, alice)
    alice.ear.forget()
    await alice.phone.press("9")
    parked = (await center.facts(ContactParked, 2, contact=contact))[-1]
    assert (parked.slot, parked.by) == ("801", "key")
    await asyncio.gather(alice.ear.hears(SLOT_HZ, 8.0), caller.hears_music())
    await alice.phone.incoming[-1].reaches(CallState.ENDED, 6.0)
    await alice.is_(AgentState.READY)
    await caller.hangs_up()
    cdr = await center.cdr(contact)
    assert (cdr["end_reason"], cdr["parked_s"] > BACK_AFTER_S) == (EndReason.LEFT_PARKED, True)
    assert (await center.view()).contacts == ()
