"""Recordings that customers refuse and agents pause, on a real Asterisk: told by tones, and by what is on the disk."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from callcenter.model.contact import ContactState
from callcenter.model.facts import TalkEnded
from callcenter.model.recording_facts import RecordingDropped, RecordingPaused, RecordingResumed, RecordingStarted
from callcenter.sim.peers.tones import Span, spans
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller
from tests.live.waiting import eventually, passes

pytestmark = pytest.mark.live

LEFT, RIGHT = 0, 1
OFF_MAX_S: Final = 0.35  # blocks of 100 ms at both ends, and a request's way
SPOKEN_S: Final = 2.0
PAUSED_S: Final = 3.0
CAP_S: Final = 5.0
PAUSE_MAX_S: Final = 300.0
KEPT_WITHIN_S: Final = 20.0


async def heard(recording: asyncpg.Record, caller: Caller, agent: AgentAtWork) -> tuple[list[Span], list[Span]]:
    """When each is heard on her side."""
    path = Path(recording["path"])
    left = await asyncio.to_thread(spans, path, caller.tone_hz, channel=LEFT)
    right = await asyncio.to_thread(spans, path, agent.tone_hz, channel=RIGHT)
    return list(left), list(right)


def check_silence(found: list[Span], began_s: float, length_s: float, talk_s: float) -> None:
    """Two spans of sound, and silence where and as long as the pause was."""
    first, second = found
    assert abs(first.end_s - began_s) < OFF_MAX_S
    assert abs(second.begin_s - first.end_s - length_s) < OFF_MAX_S
    assert abs(second.end_s - talk_s) < OFF_MAX_S


@pytest.mark.parametrize("killed", [False, True], ids=["", "with a kill in the middle"])
async def test_a_pause_is_silence_of_its_length_on_both_sides(center: Center, killed: bool) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2001")
    contact = (await caller.talks_to(alice)).contact
    await passes(SPOKEN_S)
    await center.asks(f"/v1/calls/{contact}/recording", {"paused": True, "by": "test"})
    paused_at = (await center.fact(RecordingPaused, contact=contact)).until - PAUSE_MAX_S
    if killed:
        await center.is_killed()
        await center.comes_back()
    await passes(PAUSED_S)
    await center.asks(f"/v1/calls/{contact}/recording", {"paused": False, "by": "test"})
    resumed = await center.fact(RecordingResumed, contact=contact)
    await passes(SPOKEN_S)
    await caller.hangs_up()
    talk = await center.fact(TalkEnded, contact=contact)
    recording = await center.recording(contact)
    assert recording["problem"] == ""
    for side in await heard(recording, caller, alice):
        check_silence(side, paused_at - talk.began, resumed.paused_s, talk.talk_s)


async def test_an_agent_pauses_with_a_key_and_it_goes_on_by_itself(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2004")
    await caller.hears("announcement")
    contact = (await caller.talks_to(alice)).contact
    await passes(SPOKEN_S)
    await alice.phone.press("*")
    paused = await center.fact(RecordingPaused, contact=contact)
    assert paused.by == "agent:alice"
    resumed = await center.fact(RecordingResumed, contact=contact)
    assert resumed.by == "cap"
    assert abs(resumed.paused_s - CAP_S) < OFF_MAX_S
    await passes(SPOKEN_S)
    await caller.hangs_up()
    recording = await center.recording(contact)
    assert recording["problem"] == ""
    left, _ = await heard(recording, caller, alice)
    gaps = [second.begin_s - first.end_s for first, second in pairwise(left)]
    assert abs(max(gaps) - CAP_S) < OFF_MAX_S


async def test_who_says_no_in_the_announcement_is_not_recorded(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2004")
    await caller.hears("announcement")
    await caller.presses("2")
    contact = (await caller.talks_to(alice)).contact
    center.expects(contact)  # a talk without a recording
    await passes(SPOKEN_S)
    await caller.hangs_up()
    await caller.ended()
    assert not center.so_far(RecordingStarted, contact=contact)
    assert not list(center.premises.var.rglob("*.raw"))


async def test_who_says_no_in_the_talk_leaves_no_file_anywhere(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2004")
    await caller.hears("announcement")
    contact = (await caller.talks_to(alice)).contact
    started = await center.fact(RecordingStarted, contact=contact)
    await passes(SPOKEN_S)
    await caller.presses("2")
    await center.fact(RecordingDropped, contact=contact)
    assert (await center.view()).contacts[0].state is ContactState.CONNECTED

    async def gone() -> bool | None:
        left = [path for path in center.premises.var.rglob(f"*{started.recording}*") if path.is_file()]
        return None if left else True

    assert await eventually(gone, "nothing is left of the recording", KEPT_WITHIN_S)
    await caller.hangs_up()
    await caller.ended()
