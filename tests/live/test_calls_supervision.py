"""A supervisor listens, whispers and barges on a real Asterisk: who hears whom, told by the tones of four parties."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.control_facts import ConsultAnswered, ContactTaken
from callcenter.model.monitor import MonitorState
from callcenter.model.monitor_messages import MonitorChanged, MonitorEnded, MonitorHeard
from callcenter.sim.peers.tones import seconds_of, tones_in
from tests.live.center import Center
from tests.live.people import AgentAtWork
from tests.live.waiting import passes

pytestmark = pytest.mark.live

LEFT, RIGHT = 0, 1
SPARED_S: Final = 1.0  # so long nothing is heard of who must not be heard
BARGED_MIN_S: Final = 0.5


async def on_the_line(center: Center, boss: AgentAtWork, agent: AgentAtWork, mode: str = "listen") -> None:
    """The supervisor's phone rings, she answers, and her ear is where it belongs."""
    await center.asks("/v1/supervision/monitor", {"supervisor": boss.id, "agent": agent.id, "mode": mode})
    await boss.rings()
    boss.ear.start_over()
    await boss.answers()


async def becomes(center: Center, boss: AgentAtWork, mode: str, state: MonitorState) -> None:
    """She changes her mode, and it is so."""
    await center.asks("/v1/supervision/mode", {"supervisor": boss.id, "mode": mode})
    await center.fact(MonitorChanged, supervisor=boss.id, state=state)


async def test_listen_whisper_barge_and_nobody_hears_more_than_she_should(center: Center) -> None:
    alice, boss = await asyncio.gather(center.works("alice"), center.works("dave"))
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    await on_the_line(center, boss, alice)
    await asyncio.gather(boss.ear.hears(caller.tone_hz, 5), center.fact(MonitorChanged, state=MonitorState.LISTENING))
    boss.ear.forget()
    await boss.ear.hears(alice.tone_hz, 5)
    await asyncio.gather(alice.ear.is_spared(boss.tone_hz, SPARED_S), caller.ear.is_spared(boss.tone_hz, SPARED_S))

    await boss.phone.press("5")
    await center.fact(MonitorChanged, supervisor=boss.id, state=MonitorState.WHISPERING)
    alice.ear.forget()
    await alice.ear.hears(boss.tone_hz, 5)
    boss.ear.forget()
    await asyncio.gather(
        caller.ear.is_spared(boss.tone_hz, SPARED_S), boss.ear.hears(caller.tone_hz, 5), alice.hears_caller(caller)
    )

    await becomes(center, boss, "barge", MonitorState.BARGED)
    for one in (alice, caller):
        one.ear.forget()
        await one.ear.hears(boss.tone_hz, 5)
    boss.ear.forget()
    await boss.ear.hears(caller.tone_hz, 5)
    await passes(BARGED_MIN_S)

    await center.asks("/v1/supervision/mode", {"supervisor": boss.id, "mode": "listen"})
    boss.ear.forget()
    await boss.ear.hears(alice.tone_hz, 5)
    await asyncio.gather(alice.ear.falls_silent(boss.tone_hz), caller.ear.falls_silent(boss.tone_hz))
    await asyncio.gather(alice.ear.is_spared(boss.tone_hz, SPARED_S), caller.ear.is_spared(boss.tone_hz, SPARED_S))

    await caller.hangs_up()
    await boss.phone.hang_up()
    await center.fact(MonitorEnded, supervisor=boss.id)
    recording = await center.recording(await caller.contact())
    assert recording["problem"] == ""
    path = Path(recording["path"])
    barged = sum(fact.seconds for fact in center.so_far(MonitorHeard) if fact.state is MonitorState.BARGED)
    assert barged >= BARGED_MIN_S
    in_right = await asyncio.to_thread(seconds_of, path, boss.tone_hz, channel=RIGHT)
    assert abs(in_right - barged) < 0.5, "of her there is what the caller heard, and no whisper"
    assert await asyncio.to_thread(seconds_of, path, boss.tone_hz, channel=LEFT) == 0.0


async def test_who_listens_hears_whomever_the_agent_speaks_with(center: Center) -> None:
    """Aside with another agent, and with the caller again: all of them, though an ear is deaf to all but the first."""
    alice, bob, boss = await asyncio.gather(
        center.works("alice"), center.works("bob", logged_in=False), center.works("dave")
    )
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    await bob.logs_in()
    await on_the_line(center, boss, alice)
    await boss.ear.hears(caller.tone_hz, 5)
    await center.asks(f"/v1/calls/{contact}/consult", {"to": "agent", "name": "bob"})
    await center.fact(ConsultAnswered, contact=contact, consulted="bob")
    for other in (bob, caller):
        boss.ear.forget()
        await boss.ear.hears(other.tone_hz, 5)
        boss.ear.forget()
        await boss.ear.hears(alice.tone_hz, 5)
        if other is bob:
            await center.asks(f"/v1/calls/{contact}/drop", {})
    await caller.hangs_up()
    await boss.phone.hang_up()


async def test_a_supervisor_takes_the_talk_over_and_the_agent_is_free(center: Center) -> None:
    alice, boss = await asyncio.gather(center.works("alice"), center.works("dave"))
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    await on_the_line(center, boss, alice)
    await center.fact(MonitorChanged, state=MonitorState.LISTENING)
    await boss.ear.hears(alice.tone_hz, 5)
    await caller.ear.is_spared(boss.tone_hz, SPARED_S)
    await boss.phone.press("7")
    taken = await center.fact(ContactTaken, contact=contact)
    assert (taken.agent, taken.taker) == ("alice", "dave")
    for one in (caller, boss):
        one.ear.forget()
    await asyncio.gather(caller.hears_agent(boss), boss.hears_caller(caller))
    await caller.ear.is_spared(alice.tone_hz, SPARED_S)
    await alice.is_(AgentState.READY)
    await boss.is_(AgentState.ON_CONTACT)
    await center.is_killed()
    await center.comes_back()
    caller.ear.forget()
    await caller.hears_agent(boss)
    await boss.hangs_up()
    await caller.is_hung_up()
    cdr = await center.cdr(contact)
    assert cdr["agent"] == "dave"
    talks = await center.rows("SELECT agent, talk_s FROM talk WHERE contact = $1 ORDER BY seq, n", contact)
    assert [talk["agent"] for talk in talks] == ["alice", "dave"]
    assert abs(sum(talk["talk_s"] for talk in talks) - cdr["talk_s"]) < 0.01
    recording = await center.recording(contact)
    assert (recording["problem"], abs(recording["seconds"] - cdr["talk_s"]) < 0.6) == ("", True)
    right = await asyncio.to_thread(
        tones_in, Path(recording["path"]), (alice.tone_hz, boss.tone_hz, caller.tone_hz), channel=RIGHT
    )
    assert right == {alice.tone_hz, boss.tone_hz}, "one recording with both"


async def test_a_supervisor_follows_from_call_to_call_and_a_kill_does_not_part_them(center: Center) -> None:
    alice, boss = await asyncio.gather(center.works("alice"), center.works("dave"))
    await on_the_line(center, boss, alice, "whisper")
    await center.until(lambda view: any(one.state == "idle" for one in view.monitors), "she waits for a talk")
    first = await center.calls("2001")
    await first.talks_to(alice)
    await center.fact(MonitorChanged, supervisor=boss.id, state=MonitorState.WHISPERING)
    await alice.ear.hears(boss.tone_hz, 5)
    await first.hangs_up()
    await first.ended()
    second = await center.calls("2001")
    await second.talks_to(alice)
    boss.ear.forget()
    await boss.ear.hears(second.tone_hz, 5)
    await center.is_killed()
    await center.comes_back()
    for one in (boss, alice):
        one.ear.forget()
    await asyncio.gather(boss.ear.hears(second.tone_hz, 8), alice.ear.hears(boss.tone_hz, 8))
    await second.ear.is_spared(boss.tone_hz, SPARED_S)
    await boss.phone.hang_up()
    await second.hangs_up()
    await alice.is_(AgentState.READY)
