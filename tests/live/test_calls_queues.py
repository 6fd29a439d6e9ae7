"""Waiting in line: who is first, what is heard, and where those go whom nobody serves."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason, QueueExit
from callcenter.model.facts import ContactConnected, ContactOffered, ContactQueued, QueueLeft
from callcenter.model.recording_facts import RecordingStarted
from callcenter.sim.peers.baresip import CallState, Habit
from tests.live import office
from tests.live.center import Center
from tests.live.people import Caller
from tests.live.waiting import passes

pytestmark = pytest.mark.live

SOONEST_CLOSING_S: Final = 6.0  # until those who wait stand in line
LATE_MAX_S: Final = 2.0
SPEAKS_S: Final = 2.0  # after a beep; less than a second is no message


async def test_across_queues_the_higher_priority_is_first_and_then_the_longer_wait(center: Center) -> None:
    callers: list[Caller] = []
    for dialled in ("2001", "2003", "2001", "2003"):
        callers.append(await center.calls(dialled))
        await callers[-1].waits()
    early, vip, late, second_vip = callers
    await center.works("alice", talk_s=0.3)
    wanted = [vip, second_vip, early, late]
    connected = await center.facts(ContactConnected, 4, within_s=25)
    assert [fact.contact for fact in connected] == [await caller.contact() for caller in wanted]
    for caller in wanted:
        assert (await caller.ended()).reason is EndReason.AGENT_HUNG_UP


async def test_those_who_wait_are_told_their_place_between_the_music(center: Center) -> None:
    first, second = await center.calls("2017"), await center.calls("2017")
    await asyncio.gather(first.hears_music(), second.hears_music())
    await asyncio.gather(first.hears("position"), second.hears("position"))
    second.ear.forget()
    await second.hears_music()
    await first.hangs_up()
    await second.hears("position")  # and again, now that it is better
    said = await center.rows(
        "SELECT o->'variables'->>'position' AS place FROM journal, jsonb_array_elements(outputs) AS o "
        "WHERE at >= to_timestamp($1) AND o->>'type' = 'PlayPrompts' AND o->>'contact' = $2",
        center.began,
        await second.contact(),
    )
    assert [row["place"] for row in said] == ["2", "1"]
    await second.hangs_up()


async def test_whoever_waits_too_long_goes_to_another_queue_a_flow_a_number_or_a_mailbox(center: Center) -> None:
    await center.outside_world(talk_s=0.6)
    alice = await center.works("alice")
    to_queue, to_flow, to_number, to_message = await asyncio.gather(
        *(center.calls(dialled) for dialled in ("2011", "2012", "2013", "2014"))
    )
    await to_queue.talks_to(alice)
    queued = await center.facts(ContactQueued, 2, contact=await to_queue.contact())
    assert [fact.queue for fact in queued] == ["short_to_queue", "sales"]
    assert queued[0].since == queued[1].since, "the place in line is kept"
    await to_queue.hangs_up()

    await to_flow.hears("goodbye")
    assert (await to_flow.ended()).reason is EndReason.FLOW_ENDED
    assert (await to_number.ended()).reason is EndReason.FORWARDED
    await to_message.hears("leave_message")
    await center.fact(RecordingStarted, contact=await to_message.contact())
    await passes(SPEAKS_S)
    await to_message.hangs_up()
    assert (await to_message.ended()).reason is EndReason.VOICEMAIL
    recording = await center.recording(await to_message.contact())
    assert recording["mailbox"] == "sales"
    exits = {fact.queue: fact.exit for fact in center.so_far(QueueLeft) if fact.queue.startswith("short")}
    assert set(exits.values()) == {QueueExit.TIMED_OUT}
    assert len(exits) == 4


async def test_where_nobody_works_or_the_queue_is_closed_or_drained_callers_do_not_wait(center: Center) -> None:
    nobody, closed = await asyncio.gather(center.calls("2015"), center.calls("2016"))
    await asyncio.gather(nobody.hears("goodbye"), nobody.is_hung_up(), closed.is_hung_up())
    assert (await nobody.ended()).reason is EndReason.FLOW_ENDED
    assert (await closed.ended()).reason in (EndReason.CLOSED, EndReason.FLOW_ENDED)
    exits = {fact.queue: fact.exit for fact in center.so_far(QueueLeft)}
    assert exits == {"nobody": QueueExit.NO_AGENTS, "closed_queue": QueueExit.CLOSED}

    waiting = await center.calls("2012")
    await waiting.waits()
    await center.asks("/v1/queues/short_to_flow/drain", {"draining": True})
    late = await center.calls("2012")
    await late.hears("goodbye")
    await waiting.hears("goodbye")  # she was kept until her time was up
    await center.asks("/v1/queues/short_to_flow/drain", {"draining": False})
    left = {fact.contact: fact.exit for fact in center.so_far(QueueLeft, queue="short_to_flow")}
    assert left == {await waiting.contact(): QueueExit.TIMED_OUT, await late.contact(): QueueExit.DRAINED}


async def test_at_closing_time_those_who_wait_are_sent_on_and_those_who_talk_go_on(center: Center) -> None:
    closes = datetime.now(ZoneInfo(office.TIMEZONE)) + timedelta(seconds=SOONEST_CLOSING_S + 60)
    closes = closes.replace(second=0, microsecond=0)
    if closes.hour == closes.minute == 0:
        pytest.skip("at midnight nothing closes: the next day opens")
    office.write_calendars(center.premises.folder / "config", f"{closes:%H:%M}")
    await center.is_killed()
    await center.comes_back()  # with the new hours

    carol = await center.works("carol")
    talking = await center.calls("2019")
    await talking.talks_to(carol)
    waiting = await center.calls("2019")
    await waiting.waits()
    left = await center.fact(QueueLeft, contact=await waiting.contact(), within_s=60 + 2 * SOONEST_CLOSING_S)
    assert left.exit is QueueExit.CLOSED
    assert 0.0 <= time.time() - closes.timestamp() < LATE_MAX_S
    await waiting.hears("goodbye")
    await waiting.is_hung_up()
    late = await center.calls("2019")
    await late.hears("goodbye")
    assert [fact.exit for fact in center.so_far(QueueLeft, contact=await late.contact())] == [QueueExit.CLOSED]
    talking.ear.forget()
    await talking.hears_agent(carol)
    await talking.hangs_up()
    assert (await talking.ended()).reason is EndReason.CALLER_HUNG_UP


async def test_a_transfer_reaches_the_outside_world_or_comes_back(center: Center) -> None:
    center.expects("Endpoint 'carrier': Could not create dialog", "Failed to create outgoing session", "DialNumber")
    alone = await center.calls("1930")
    await alone.hears("no_answer")
    outside = await center.outside_world(Habit.REJECT)
    refused = await center.calls("1930")
    await refused.hears("no_answer")
    for caller in (alone, refused):
        assert (await caller.ended()).reason is EndReason.FLOW_ENDED

    outside.habit = Habit.ANSWER
    connected = await center.calls("1930")
    await connected.ear.hears(office.AGENT_TONES[-1], 5)
    [_, taken] = outside.incoming
    assert taken.state is CallState.UP
    await connected.hangs_up()
    await taken.reaches(CallState.ENDED, 3)
    ended = await connected.ended()
    assert ended.reason is EndReason.FORWARDED
    assert ended.forward_s > 0.0


async def test_the_best_skilled_is_offered_first_and_the_reason_is_told(center: Center) -> None:
    dave = await center.works("dave")
    carol = await center.works("carol")
    caller = await center.calls("2005")
    await caller.talks_to(carol)
    offered = await center.fact(ContactOffered, agent="carol")
    assert [one.agent for one in offered.considered] == ["carol", "dave"]
    other = await center.calls("2005")
    await other.talks_to(dave)
    await asyncio.gather(caller.hangs_up(), other.hangs_up())
    await dave.is_(AgentState.WRAP_UP)
