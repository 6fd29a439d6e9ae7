"""Callers who would rather be called back: the key, the goodbye, the call, the talk, and one record of it all."""

import asyncio
from pathlib import Path

import pytest

from callcenter.core.receipts import read_body
from callcenter.model.agent import AgentState
from callcenter.model.callback import CallbackEnd
from callcenter.model.callback_facts import CallbackDialled, CallbackSettled, CallerRangBack
from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactConnected, ContactEnded, ContactOpened
from callcenter.model.ids import LegId
from callcenter.model.lead import Outcome
from callcenter.model.parking import PhoneTurnedAway
from callcenter.model.receipt import ReceiptKind
from callcenter.postgres.receipts import verify
from callcenter.sim.peers.baresip import CallState, Habit, SoftPhone
from callcenter.sim.peers.tones import tones_in
from tests.live import office
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller, Ear
from tests.live.waiting import passes

pytestmark = pytest.mark.live

CUSTOMER = office.CARRIER_NUMBER
CUSTOMER_HZ = office.AGENT_TONES[-1]
AGENT_FIRST, CUSTOMER_FIRST = "2021", "2022"


async def promised(center: Center, dialled: str) -> Caller:
    """Somebody waits, presses the key, and is hung up on."""
    caller = await center.calls(dialled, number=CUSTOMER)
    caller._contact = (await center.fact(ContactOpened, caller=CUSTOMER)).contact  # others had the number before
    await caller.hears_music()
    await caller.presses("1")
    await caller.is_hung_up()
    await center.until(lambda view: any(one.number == CUSTOMER for one in view.callbacks), "the callback is promised")
    return caller


async def talks(center: Center, caller: Caller, outside: SoftPhone, agent: AgentAtWork) -> None:
    """The two are connected, hear each other, and are recorded; then the customer hangs up."""
    contact = await caller.contact()
    await center.fact(ContactConnected, contact=contact, agent=agent.id, within_s=20)
    agent.ear.forget()
    await agent.ear.hears(CUSTOMER_HZ, 5)
    await Ear(outside.folder).hears(agent.tone_hz, 5)
    assert outside.incoming[-1].state is CallState.UP
    await outside.hang_up()
    ended = await center.fact(ContactEnded, contact=contact, within_s=10)
    assert ended.reason is EndReason.CALLER_HUNG_UP
    assert ended.callback_s > 0.0
    recording = await center.recording(contact)
    assert (recording["problem"], recording["channels"]) == ("", 2)
    [record] = await center.rows(
        "SELECT * FROM contact WHERE caller = $1 AND began >= to_timestamp($2)", CUSTOMER, center.began
    )
    assert (record["id"], record["end_reason"]) == (contact, "caller_hung_up")


@pytest.mark.parametrize("dialled", [AGENT_FIRST, CUSTOMER_FIRST])
async def test_who_presses_the_key_is_called_back_and_talks(center: Center, dialled: str) -> None:
    outside = await center.outside_world()
    caller = await promised(center, dialled)
    alice = await center.works("alice")
    await talks(center, caller, outside, alice)
    settled = await center.fact(CallbackSettled, contact=await caller.contact())
    assert (settled.end, settled.in_time, settled.attempts) == (CallbackEnd.KEPT, True, 1)
    dialled_to = await center.fact(CallbackDialled, contact=await caller.contact())
    assert dialled_to.agent == ("alice" if dialled == AGENT_FIRST else None)
    if dialled == AGENT_FIRST:
        await has_its_receipts(center, dialled_to.leg)


async def has_its_receipts(center: Center, leg: LegId) -> None:
    """Of the dial and of what came of it, in a chain that is whole: she had asked for it, from this number."""
    [written] = await center.rows("SELECT number, outcome FROM callback_dial WHERE id = $1", leg)
    assert (written["number"], written["outcome"]) == (f"+84{CUSTOMER[1:]}", Outcome.ANSWERED)
    rows = await center.rows("SELECT body FROM receipt WHERE attempt = $1 ORDER BY seq", leg)
    dial, outcome = (read_body(row["body"]) for row in rows)
    assert (dial.kind, dial.packs[0].pack, dial.agent_ready) == (ReceiptKind.DIAL, "callers", True)
    assert dial.invited is not None
    assert dial.invited.own_number
    assert dial.at - 60.0 < dial.invited.at < dial.at
    assert (outcome.kind, outcome.by_a_person) == (ReceiptKind.OUTCOME, True)
    [proof] = await verify(center.pool, "callbacks.agent_first")
    assert not proof.flaws


async def test_the_agent_hears_who_it_is_and_is_free_again_when_nobody_answers(center: Center) -> None:
    outside = await center.outside_world(Habit.REJECT)
    caller = await promised(center, AGENT_FIRST)
    alice = await center.works("alice")
    await alice.ear.hears(office.PROMPT_TONES["thanks", "en"], 10)
    await alice.is_(AgentState.READY)
    outside.habit = Habit.ANSWER
    await talks(center, caller, outside, alice)
    settled = await center.fact(CallbackSettled, contact=await caller.contact())
    assert settled.attempts == 2


async def test_who_rings_back_is_the_same_call_and_keeps_her_place(center: Center) -> None:
    caller = await promised(center, AGENT_FIRST)
    other = await center.calls(AGENT_FIRST)
    await other.waits()
    again = await center.calls(AGENT_FIRST, number=CUSTOMER)
    back = await center.fact(CallerRangBack, within_s=10)
    assert back.contact == await caller.contact()
    await again.hears_music()
    alice = await center.works("alice")
    again._contact = back.contact
    await again.talks_to(alice)
    await again.hangs_up()
    assert (await center.fact(CallbackSettled, contact=back.contact)).end is CallbackEnd.RANG_BACK
    await other.talks_to(alice)
    await other.hangs_up()
    assert len([one for one in center.so_far(ContactOpened) if one.caller == CUSTOMER]) == 1


@pytest.mark.parametrize("dialled", [AGENT_FIRST, CUSTOMER_FIRST])
async def test_a_promise_outlives_a_kill(center: Center, dialled: str) -> None:
    outside = await center.outside_world()
    caller = await promised(center, dialled)
    await center.is_killed()
    await center.comes_back()
    alice = await center.works("alice")
    await talks(center, caller, outside, alice)
    assert len(center.so_far(CallbackDialled, contact=await caller.contact())) == 1


async def test_an_agent_calls_a_customer_by_herself(center: Center) -> None:
    outside, alice = await asyncio.gather(center.outside_world(), center.works("alice"))
    await center.asks(
        "/v1/dial", {"agent": "alice", "number": office.CARRIER_NUMBER, "queue": "agent_first", "name": "An"}
    )
    connected = await center.fact(ContactConnected, agent="alice")
    contact = connected.contact
    await alice.is_(AgentState.ON_CONTACT)
    alice.ear.forget()
    await alice.ear.hears(office.AGENT_TONES[-1], 6.0)
    await passes(1.0)
    await outside.hang_up()
    cdr = await center.cdr(contact)
    assert (cdr["direction"], cdr["agent"], cdr["queue"]) == ("outbound", "alice", "agent_first")
    assert cdr["end_reason"] == EndReason.CALLER_HUNG_UP
    recording = await center.recording(contact)
    assert recording["problem"] == ""
    tones = (alice.tone_hz, office.AGENT_TONES[-1])
    right = await asyncio.to_thread(tones_in, Path(recording["path"]), tones, channel=1)
    assert right == {alice.tone_hz}


NOBODYS = "0099123"  # no pattern of callback_to allows it


async def test_an_agent_dials_a_customer_on_her_own_phone(center: Center) -> None:
    """Nothing rings at hers; what may not be called is refused; a kill in the talk changes nothing."""
    outside, alice = await asyncio.gather(center.outside_world(), center.works("alice"))
    refused = await alice.dials(NOBODYS)
    turned = await center.fact(PhoneTurnedAway, agent="alice")
    assert (turned.number, "callback_to" in turned.why) == (NOBODYS, True)
    await refused.reaches(CallState.ENDED, 6.0)
    call = await alice.dials(office.CARRIER_NUMBER)
    contact = (await center.fact(ContactConnected, agent="alice")).contact
    await alice.is_(AgentState.ON_CONTACT)
    await alice.ear.hears(office.AGENT_TONES[-1], 6.0)
    await center.is_killed()
    await center.comes_back()
    alice.ear.forget()
    await alice.ear.hears(office.AGENT_TONES[-1], 6.0)
    assert (call.state, len(outside.incoming), len(alice.phone.incoming)) == (CallState.UP, 1, 0)
    await alice.hangs_up()
    cdr = await center.cdr(contact)
    assert (cdr["direction"], cdr["agent"], cdr["queue"]) == ("outbound", "alice", "agent_first")
    assert cdr["end_reason"] == EndReason.AGENT_HUNG_UP
    recording = await center.recording(contact)
    right = await asyncio.to_thread(tones_in, Path(recording["path"]), (alice.tone_hz,), channel=1)
    assert (recording["problem"], right) == ("", {alice.tone_hz})


async def test_a_customer_who_does_not_answer_an_agents_call_is_called_once(center: Center) -> None:
    outside, alice = await asyncio.gather(center.outside_world(Habit.REJECT), center.works("alice"))
    await center.asks("/v1/dial", {"agent": "alice", "number": office.CARRIER_NUMBER, "queue": "agent_first"})
    ended = await center.fact(ContactEnded)
    assert ended.reason is EndReason.CALLBACK_FAILED
    await alice.is_(AgentState.READY)
    assert len(outside.incoming) == 1
