"""Phones that stay connected: calls are joined to them at once, and what it costs when one of them drops."""

import asyncio
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from callcenter.core.nails import HUNG_UP
from callcenter.model.agent import AgentState, AgentStatus, NailState, PhoneRules
from callcenter.model.contact import EndReason
from callcenter.model.facts import (
    ContactConnected,
    ContactEnded,
    ContactQueued,
    OfferEnded,
    PhoneNailed,
    TalkEnded,
)
from callcenter.model.ids import AgentId
from callcenter.postgres.directory import Directory
from callcenter.sim.peers.baresip import CallState
from callcenter.sim.peers.tones import HEARD_DBFS, RATE
from callcenter.speech.wav import tone_dbfs
from tests.live import office
from tests.live.center import Center
from tests.live.people import HEADER_BYTES
from tests.live.test_calls_callbacks import CUSTOMER_FIRST, promised

pytestmark = pytest.mark.live

ALERT_HZ: Final = 1000
JOINED_MAX_MS: Final = 1000  # on a machine that others use as well; docs/phones.md says what it takes on a calm one
NAILED: Final = PhoneRules(nailed=True)


@asynccontextmanager
async def phone_of(center: Center, id: str, rules: PhoneRules) -> AsyncIterator[None]:
    """An agent's phone is treated by these rules, for the length of a story."""
    directory = Directory(center.pool)
    known = await directory.agent(AgentId(id))
    assert known is not None
    await directory.change(replace(known, phone=rules))
    await center.asks("/v1/agents/reload")
    try:
        yield
    finally:
        await directory.change(known)
        await center.asks("/v1/agents/reload")


async def is_nailed(center: Center, id: str, times: int = 1) -> PhoneNailed:
    return (await center.facts(PhoneNailed, times, agent=id, state=NailState.UP))[-1]


async def test_calls_are_joined_at_once_and_the_phone_stays(center: Center) -> None:
    async with phone_of(center, "alice", NAILED):
        alice = await center.works("alice", logged_in=False)
        await alice.logs_in()
        up = await is_nailed(center, "alice")
        await alice.is_(AgentState.READY)
        [line] = alice.phone.incoming
        for ends in (EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP):
            alice.ear.forget()
            caller = await center.calls("2001")
            await alice.ear.hears(ALERT_HZ, 6.0)
            connected = await caller.talks_to(alice)
            assert connected.leg == up.leg
            [offer] = center.so_far(OfferEnded, contact=await caller.contact())
            assert offer.rang_s < 0.05
            if ends is EndReason.CALLER_HUNG_UP:
                await caller.hangs_up()
            else:
                await alice.phone.press("*0")
                await caller.is_hung_up()
            talk = await center.fact(TalkEnded, contact=await caller.contact())
            assert (talk.leg, (await caller.ended()).reason) == (up.leg, ends)
            await alice.is_(AgentState.READY)
            await alice.ear.falls_silent(caller.tone_hz)
        assert (line.state, len(alice.phone.incoming)) == (CallState.UP, 1)
        await alice.logs_out()
        await line.reaches(CallState.ENDED, 5.0)


async def test_a_phone_that_drops_costs_its_agent_her_turn_and_the_caller_nothing(center: Center) -> None:
    async with phone_of(center, "alice", NAILED):
        alice = await center.works("alice")
        caller = await center.calls("2001")
        await caller.talks_to(alice)
        later = await center.calls("2001")
        await later.waits()
        await alice.hangs_up()
        contact = await caller.contact()
        await center.facts(ContactQueued, 2, contact=contact)
        lost = await center.fact(PhoneNailed, agent="alice", state=NailState.ENDED)
        assert lost.why == HUNG_UP
        await caller.hears_music()
        seen = await alice.seen()
        assert (seen.status, seen.state, seen.reason) == (AgentStatus.PAUSED, AgentState.NOT_READY, HUNG_UP)
        places = {one.id: one.position for one in (await center.view()).contacts if one.state == "waiting"}
        assert places == {contact: 1, await later.contact(): 2}, "she is where she was: first"
        bob = await center.works("bob")
        await caller.talks_to(bob)
        await bob.hangs_up()
        await later.talks_to(bob)
        await later.hangs_up()
        await alice.logs_in()  # she says that she is there again, and her phone is called again
        await is_nailed(center, "alice", 2)
        await alice.is_(AgentState.READY)


async def test_a_kill_in_the_middle_of_a_talk_leaves_the_phone_connected(center: Center) -> None:
    async with phone_of(center, "alice", NAILED):
        alice = await center.works("alice")
        caller = await center.calls("2001")
        connected = await caller.talks_to(alice)
        await center.is_killed()
        await caller.hears_agent(alice)
        await center.comes_back()
        caller.ear.forget()
        await asyncio.gather(caller.hears_agent(alice), alice.hears_caller(caller))
        await caller.hangs_up()
        await caller.ended()
        await alice.is_(AgentState.READY)
        await center.is_killed()  # and while she waits
        second = await center.calls("2001")
        await center.comes_back()
        second.ear.forget()
        await asyncio.gather(second.hears_agent(alice), alice.hears_caller(second))
        [row] = await center.rows("SELECT leg FROM offer WHERE contact = $1", await second.contact())
        assert row["leg"] == connected.leg
        assert [call.state for call in alice.phone.incoming] == [CallState.UP], "the phone never rang again"
        await second.hangs_up()
        await second.ended()
        await alice.is_(AgentState.READY)


async def test_a_customer_who_was_called_hears_her_at_once(center: Center) -> None:
    """The far end answers, and both hear each other: what a dialer counts on."""
    async with phone_of(center, "alice", NAILED):
        outside = await center.outside_world()
        caller = await promised(center, CUSTOMER_FIRST)
        alice = await center.works("alice")
        connected = await center.fact(ContactConnected, contact=await caller.contact(), agent="alice", within_s=20)
        [call] = outside.incoming
        await call.reaches(CallState.UP, 5.0)
        assert call.answered_at is not None
        heard = await asyncio.gather(
            first_heard(outside.folder, alice.tone_hz), first_heard(alice.phone.folder, office.AGENT_TONES[-1])
        )
        took_ms = [round((at - call.answered_at) * 1000) for at in heard]
        print(f"from the answer to both hearing each other: customer {took_ms[0]} ms, agent {took_ms[1]} ms")  # noqa: T201
        assert max(took_ms) < JOINED_MAX_MS
        assert connected.waited_s < JOINED_MAX_MS / 1000
        await outside.hang_up()
        ended = await center.fact(ContactEnded, contact=await caller.contact())
        assert ended.reason is EndReason.CALLER_HUNG_UP


async def first_heard(folder: Path, hz: float) -> float:
    """When a phone first played this tone, in UTC seconds, to the length of a packet or two."""
    file, at, block = folder / "heard.wav", HEADER_BYTES, round(0.02 * RATE) * 2
    deadline = time.monotonic() + 6.0
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError), file.open("rb") as sound:
            sound.seek(at)
            while len(read := sound.read(block)) == block:
                at += block
                if tone_dbfs(array("h", read), RATE, hz) >= HEARD_DBFS:
                    return time.time()
        await asyncio.sleep(0.004)
    raise AssertionError(f"nothing was heard of {hz:g} Hz")
