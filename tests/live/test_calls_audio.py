"""What is heard at both ends and what is in the recording: told by tones."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactConnected, TalkEnded
from callcenter.model.recording_facts import RecordingStarted
from callcenter.sim.peers.tones import seconds_of, tones_in
from tests.live import office
from tests.live.center import Center
from tests.live.waiting import passes

pytestmark = pytest.mark.live

LEFT, RIGHT = 0, 1
LENGTH_TOLERANCE_S: Final = 0.5
TALK_S: Final = 1.5


async def test_both_hear_each_other_and_the_recording_has_each_on_a_side_of_its_own(center: Center) -> None:
    alice, carol = await asyncio.gather(center.works("alice"), center.works("carol"))
    caller, other = await asyncio.gather(center.calls("2001", codecs="pcmu"), center.calls("2005", codecs="pcma"))
    await asyncio.gather(caller.talks_to(alice), other.talks_to(carol))
    await passes(TALK_S)
    await asyncio.gather(caller.hangs_up(), carol.hangs_up())
    tones = (caller.tone_hz, other.tone_hz, alice.tone_hz, carol.tone_hz, office.MUSIC_TONE)
    for one, agent, why in ((caller, alice, EndReason.CALLER_HUNG_UP), (other, carol, EndReason.AGENT_HUNG_UP)):
        assert (await one.ended()).reason is why
        recording = await center.recording(await one.contact())
        talk = await center.fact(TalkEnded, contact=await one.contact())
        assert (recording["agent"], recording["kind"], recording["channels"], recording["problem"]) == (
            agent.id,
            "call",
            2,
            "",
        )
        assert abs(recording["seconds"] - talk.talk_s) < LENGTH_TOLERANCE_S
        path = Path(recording["path"])
        assert path.is_relative_to(center.premises.var / "recordings")
        assert await asyncio.to_thread(tones_in, path, tones, channel=LEFT) == {one.tone_hz}
        assert await asyncio.to_thread(tones_in, path, tones, channel=RIGHT) == {agent.tone_hz}
        for side, hz in ((LEFT, one.tone_hz), (RIGHT, agent.tone_hz)):
            heard_s = await asyncio.to_thread(seconds_of, path, hz, channel=side)
            assert abs(heard_s - talk.talk_s) < LENGTH_TOLERANCE_S
        assert one.call.heard is not None
        assert agent.phone.calls[-1].heard is not None
        assert one.tone_hz not in await asyncio.to_thread(tones_in, one.call.heard, tones), "no echo of herself"
        assert await asyncio.to_thread(tones_in, agent.phone.calls[-1].heard, tones) == {one.tone_hz}


async def test_a_recording_begins_after_the_announcement_and_holds_none_of_it(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2004")
    await caller.hears("announcement")
    assert not center.so_far(ContactConnected)
    connected = await caller.talks_to(alice)
    await passes(TALK_S)
    await caller.hangs_up()
    talk = await center.fact(TalkEnded, contact=connected.contact)
    recording = await center.recording(connected.contact)
    assert (recording["problem"], recording["channels"]) == ("", 2)
    assert abs(recording["seconds"] - talk.talk_s) < LENGTH_TOLERANCE_S
    announcement = office.PROMPT_TONES["announcement", "en"]
    tones = (announcement, caller.tone_hz, alice.tone_hz)
    path = Path(recording["path"])
    assert await asyncio.to_thread(tones_in, path, tones, channel=LEFT) == {caller.tone_hz}
    assert await asyncio.to_thread(tones_in, path, tones, channel=RIGHT) == {alice.tone_hz}
    heard = alice.phone.calls[-1].heard
    assert heard is not None
    assert announcement not in await asyncio.to_thread(tones_in, heard, tones), "it is for the caller alone"


async def test_a_message_is_recorded_after_the_beep_and_linked_to_its_mailbox(center: Center) -> None:
    caller = await center.calls("1920")
    await caller.hears("leave_message")
    started = await center.fact(RecordingStarted, contact=await caller.contact())
    assert (started.kind, started.mailbox) == ("message", "hotline")
    await passes(TALK_S)
    await caller.presses("#")
    await caller.hears("message_taken")
    await caller.is_hung_up()
    assert (await caller.ended()).reason is EndReason.VOICEMAIL
    recording = await center.recording(await caller.contact())
    assert (recording["mailbox"], recording["channels"], recording["problem"]) == ("hotline", 1, "")
    path = Path(recording["path"])
    tones = (caller.tone_hz, office.PROMPT_TONES["leave_message", "en"])
    assert await asyncio.to_thread(tones_in, path, tones) == {caller.tone_hz}
