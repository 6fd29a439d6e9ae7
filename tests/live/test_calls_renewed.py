"""A talk in which the caller hears one phone after another: the recording has all of them, in their order and in full.

Each change of whom she hears is one at which the recorder is begun anew (docs/recordings.md): a guest alone with her,
the agent again, a supervisor alone with her, the agent again when the supervisor has left the two.
"""

import asyncio
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.control_facts import ConsultAnswered, PartyLeft
from callcenter.model.monitor import MonitorState
from callcenter.model.monitor_messages import MonitorChanged, MonitorEnded
from callcenter.sim.peers.tones import spans
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller
from tests.live.test_calls_control import LEFT, RIGHT, does, hear_each_other
from tests.live.test_calls_supervision import becomes, on_the_line
from tests.live.waiting import passes

pytestmark = pytest.mark.live

ALONE_S = 1.5
OFF_MAX_S = 0.6
GAP_MAX_S = 1.0  # of a voice that goes on: the 0.1 s of a new recorder, and what a bridge needs


async def holds(agent: AgentAtWork, others: tuple[AgentAtWork | Caller, ...]) -> None:
    """Her phone holds; the others are alone for a while, hear each other, and nobody hears her."""
    await agent.phone.hold()
    await hear_each_other(*others)
    await asyncio.gather(*(one.ear.falls_silent(agent.tone_hz) for one in others))
    await passes(ALONE_S)


async def test_whoever_the_caller_hears_is_in_the_recording(center: Center) -> None:
    alice, bob, boss = await asyncio.gather(
        center.works("alice", soft=True), center.works("bob", logged_in=False), center.works("dave")
    )
    caller = await center.calls("2001", soft=True)
    await caller.talks_to(alice)
    contact = await caller.contact()
    await passes(ALONE_S)

    await bob.logs_in()
    await bob.is_(AgentState.READY)
    await does(center, caller, "consult", to="agent", name="bob")
    await center.fact(ConsultAnswered, contact=contact, consulted="bob")
    await does(center, caller, "conference")
    await hear_each_other(alice, bob, caller)
    await holds(alice, (bob, caller))
    await alice.phone.resume()
    await hear_each_other(alice, bob, caller)
    await bob.hangs_up()
    await center.fact(PartyLeft, contact=contact)
    await hear_each_other(alice, caller)
    await passes(ALONE_S)

    await on_the_line(center, boss, alice)
    await center.fact(MonitorChanged, supervisor=boss.id, state=MonitorState.LISTENING)
    await becomes(center, boss, "barge", MonitorState.BARGED)
    await hear_each_other(alice, boss, caller)
    await holds(alice, (boss, caller))
    await alice.phone.resume()
    await hear_each_other(alice, boss, caller)
    await boss.phone.hang_up()
    await center.fact(MonitorEnded, supervisor=boss.id)
    await hear_each_other(alice, caller)
    await passes(ALONE_S)
    await caller.hangs_up()

    cdr, recording = await center.cdr(contact), await center.recording(contact)
    assert (recording["problem"], abs(recording["seconds"] - cdr["talk_s"]) < OFF_MAX_S) == ("", True)
    path = Path(recording["path"])
    heard = [
        (span.begin_s, span.end_s, voice.id)
        for voice in (alice, bob, boss)
        for span in await asyncio.to_thread(spans, path, voice.tone_hz, channel=RIGHT)
    ]
    assert [who for who, _ in groupby(who for _, _, who in sorted(heard) if who != "alice")] == ["bob", "dave"]
    hers = sorted(span for span in heard if span[2] == "alice")
    for voice in (bob, boss):
        begin, end = (f(at for *ats, who in heard if who == voice.id for at in ats) for f in (min, max))
        assert end - begin > ALONE_S, f"{voice.id} alone with the caller is heard"
        assert hers[0][0] < begin, f"alice is heard before {voice.id}"
        assert hers[-1][1] > end, f"and after {voice.id} has gone"
    assert hers[-1][1] > cdr["talk_s"] - ALONE_S, "to the end"
    left = await asyncio.to_thread(spans, path, caller.tone_hz, channel=LEFT)
    gaps = [later.begin_s - span.end_s for span, later in pairwise(left)]
    assert max(gaps, default=0.0) < GAP_MAX_S, "the caller is heard all the time"
