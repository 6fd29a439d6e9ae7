"""What agents do from their own phones, and what becomes of their calls."""

import asyncio
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.colleagues import ColleagueAnswered, ColleagueHeld, ColleagueRang, ColleagueTransferred
from callcenter.model.contact import Direction, EndReason
from callcenter.model.facts import AgentChanged, ContactEnded, ContactOffered
from callcenter.model.parking import PhoneTurnedAway
from callcenter.sim.peers.baresip import CallState, Habit
from callcenter.sim.peers.tones import spans
from tests.live import office
from tests.live.center import Center
from tests.live.test_calls_control import LEFT, RIGHT, hear_each_other
from tests.live.waiting import eventually, passes

pytestmark = pytest.mark.live

CHECKED: Final = "SELECT * FROM recording WHERE contact = $1 AND checked IS NOT NULL ORDER BY started"


async def test_feature_codes_change_her_status_and_she_hears_so(center: Center) -> None:
    alice = await center.works("alice", logged_in=False)
    for code, status, reason in (
        ("*33", AgentStatus.LOGGED_OUT, ""),  # refused: who is not logged in cannot pause
        ("*31", AgentStatus.AVAILABLE, ""),
        ("*33", AgentStatus.PAUSED, ""),
        ("*34", AgentStatus.AVAILABLE, ""),
        ("*32", AgentStatus.LOGGED_OUT, ""),
    ):
        was = (await alice.seen()).status
        call = await alice.dials(code)
        granted = was is not status
        await alice.ear.hears(office.PROMPT_TONES["feature_done" if granted else "feature_refused", "en"], 5)
        await call.reaches(CallState.ENDED, 5)
        seen = await alice.seen()
        assert (seen.status, seen.reason) == (status, reason)
    ended = await center.facts(ContactEnded, 5)
    assert {fact.direction for fact in ended} == {Direction.INTERNAL}
    assert not center.so_far(ContactOffered)


async def test_a_colleague_is_called_by_her_number_and_nobody_gets_a_call_meanwhile(center: Center) -> None:
    alice, bob = await asyncio.gather(center.works("alice"), center.works("bob"))
    call = await alice.dials(bob.number)
    rang = await center.fact(ColleagueAnswered, agent="alice", colleague="bob")
    await asyncio.gather(alice.ear.hears(bob.tone_hz, 6), bob.ear.hears(alice.tone_hz, 6))
    caller = await center.calls("2001")
    await caller.waits()
    busy = await (await center.second_line(bob)).dial(alice.number)
    await busy.reaches(CallState.ENDED, 6)
    assert (await center.fact(PhoneTurnedAway, agent="bob")).why == "bob has a call already"
    assert [(await one.seen()).state for one in (alice, bob)] == 2 * [AgentState.NOT_READY]
    await bob.hangs_up()
    await call.reaches(CallState.ENDED, 6)
    taken = await center.fact(ContactOffered, contact=await caller.contact())
    await caller.talks_to(alice if taken.agent == "alice" else bob)
    await caller.hangs_up()
    cdr = await center.cdr(rang.contact)
    assert (cdr["direction"], cdr["caller"], cdr["dialled"], cdr["agent"]) == ("internal", "1001", "1002", None)
    assert (cdr["end_reason"], cdr["forward_s"] > 0.5, cdr["queue"]) == (EndReason.FORWARDED, True, None)

    center.expects("Playback failed for tone:ring")  # she gives up while she hears it
    dave = await center.works("dave", habit=Habit.IGNORE, logged_in=False)
    again = await alice.dials(dave.number)
    await asyncio.gather(dave.rings(), again.reaches(CallState.UP, 6))
    await alice.hangs_up()
    await again.reaches(CallState.ENDED, 6)
    unanswered = (await center.facts(ColleagueRang, 2))[-1]
    assert (await center.cdr(unanswered.contact))["end_reason"] == EndReason.LEFT_IN_FLOW
    await dave.phone.incoming[-1].reaches(CallState.ENDED, 6)
    await alice.is_(AgentState.READY)


async def test_a_call_of_two_agents_is_held_handed_on_and_recorded_each_talk_by_itself(center: Center) -> None:
    alice, bob, carol = await asyncio.gather(
        center.works("alice"), center.works("bob", soft=True), center.works("carol", logged_in=False)
    )
    began = await alice.dials(bob.number)
    contact = (await center.fact(ColleagueAnswered, agent="alice", colleague="bob")).contact
    await hear_each_other(alice, bob)

    assert "a call between alice and bob" in await center.refuses(f"/v1/calls/{contact}/hold")
    assert "no queue" in await center.refuses(f"/v1/calls/{contact}/transfer", {"to": "queue", "name": "told"})
    await passes(1.0)
    await alice.phone.transfer(carol.number)
    await center.fact(ColleagueTransferred, contact=contact, agent="alice", stays="bob", to="carol", by="phone")
    await began.reaches(CallState.ENDED, 6)
    await hear_each_other(bob, carol)
    await alice.is_(AgentState.READY)
    await passes(1.0)
    place = {"to": "agent", "name": "alice", "by": "agent:carol"}
    await center.asks(f"/v1/calls/{contact}/transfer", place)
    await hear_each_other(bob, alice)
    assert (await bob.seen()).state is AgentState.NOT_READY
    await passes(1.0)
    await bob.phone.hold()
    await center.fact(ColleagueHeld, contact=contact, agent="bob", held=True)
    await asyncio.gather(alice.ear.falls_silent(bob.tone_hz), bob.ear.falls_silent(alice.tone_hz))
    await passes(1.0)
    await bob.phone.resume()
    await center.fact(ColleagueHeld, contact=contact, agent="bob", held=False)
    await hear_each_other(bob, alice)
    await passes(1.0)
    await alice.hangs_up()
    cdr = await center.cdr(contact)
    assert (cdr["direction"], cdr["caller"], cdr["end_reason"]) == ("internal", "1001", EndReason.FORWARDED)
    await asyncio.gather(*(one.is_(AgentState.READY) for one in (alice, bob)))

    async def three_checked() -> list[asyncpg.Record] | None:
        rows = await center.rows(CHECKED, contact)
        return rows if len(rows) == 3 else None

    recordings = await eventually(three_checked, "three recordings", 15.0)
    assert [(row["agent"], row["problem"]) for row in recordings] == [("alice", ""), ("bob", ""), ("bob", "")]
    left, right = [], []
    for row, (one, other) in zip(recordings, ((alice, bob), (bob, carol), (bob, alice)), strict=True):
        left = await asyncio.to_thread(spans, Path(row["path"]), one.tone_hz, channel=LEFT)
        right = await asyncio.to_thread(spans, Path(row["path"]), other.tone_hz, channel=RIGHT)
        assert left, f"nothing of {one.id} in {row}"
        assert right, f"nothing of {other.id} in {row}"
    for voice, spoken in ((bob, left), (alice, right)):  # of the last one
        assert spoken[-1].end_s > recordings[-1]["seconds"] - 0.6, f"{voice.id} is not heard after the hold: {spoken}"


async def test_a_stranger_who_dials_a_feature_code_changes_nothing(center: Center) -> None:
    caller = await center.calls("*31", number="1001")  # claims to be alice: is asked for her password
    await caller.is_hung_up()
    assert caller.call.answered_at is None
    stranger = await center.calls("*31")
    await stranger.hears("feature_refused")
    await stranger.is_hung_up()
    assert {agent.status for agent in (await center.view()).agents} == {AgentStatus.LOGGED_OUT}


async def test_who_logs_out_in_a_call_finishes_it_and_gets_no_other(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    behind = await center.calls("2001")
    await behind.waits()
    await alice.logs_out()
    await caller.talks_to(alice)
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.CALLER_HUNG_UP
    await alice.is_(AgentState.NOT_READY)
    await behind.waits()
    assert len(center.so_far(ContactOffered)) == 1
    await behind.hangs_up()


async def test_pausing_while_it_rings_gives_the_call_to_somebody_else(center: Center) -> None:
    alice = await center.works("alice", habit=Habit.IGNORE)
    caller = await center.calls("2001")
    ringing = await alice.rings()
    bob = await center.works("bob")
    await alice.pauses("lunch")
    await ringing.reaches(CallState.ENDED, 3)
    await caller.talks_to(bob)
    await caller.hangs_up()
    assert (await alice.seen()).reason == "lunch"


async def test_notes_after_a_call_keep_the_next_one_away_until_she_is_done(center: Center) -> None:
    carol = await center.works("carol")
    first = await center.calls("2005")
    await first.talks_to(carol)
    await first.hangs_up()
    await carol.is_(AgentState.WRAP_UP)
    await center.asks("/v1/agents/carol/wrap-up", {"extend_s": 30})
    second = await center.calls("2005")
    await second.waits()
    await center.asks("/v1/agents/carol/wrap-up")
    await second.talks_to(carol)
    await second.hangs_up()

    async def wrapped_up() -> bool | None:
        states = [fact.state for fact in center.so_far(AgentChanged, agent="carol")]
        return True if states.count(AgentState.WRAP_UP) == 2 and states[-1] is AgentState.READY else None

    await eventually(wrapped_up, "the second wrap-up ends by itself")


async def test_a_caller_who_is_hung_up_on_request(center: Center) -> None:
    alice = await center.works("alice")
    talking, waiting = await asyncio.gather(center.calls("2001"), center.calls("2005"))
    await talking.talks_to(alice)
    for caller in (talking, waiting):
        await center.asks(f"/v1/calls/{await caller.contact()}/hangup")
        await caller.is_hung_up()
        assert (await caller.ended()).reason is EndReason.HUNG_UP_BY_REQUEST
    await alice.is_(AgentState.READY)
