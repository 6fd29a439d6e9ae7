"""Messages: a caller leaves one, an agent's phone rings, she hears it, and says that it is done, or does not."""

import pytest

from callcenter.model.callback import CallbackEnd
from callcenter.model.callback_facts import CallbackPromised, CallbackSettled
from callcenter.model.contact import Direction, EndReason
from callcenter.model.facts import (
    ContactConnected,
    ContactOffered,
    ContactOpened,
    MessageReturned,
    MessageRouted,
    MessageSettled,
)
from callcenter.model.mail import MailEnd
from callcenter.sim.peers.baresip import CallState
from tests.live.center import Center
from tests.live.letters import NUMBER, TO_AGENTS
from tests.live.office import AGENT_TONES, CARRIER_NUMBER, PROMPT_TONES
from tests.live.people import AgentAtWork, Caller, Ear
from tests.live.waiting import passes

pytestmark = pytest.mark.live

SPEAKS_S = 2.5
CUSTOMER_HZ = AGENT_TONES[-1]
WHO, KEYS = (PROMPT_TONES[TO_AGENTS[f"voicemail_{what}"], "en"] for what in ("from", "keys"))


async def leaves_a_message(center: Center, number: str | None = None) -> tuple[Caller, MessageRouted]:
    """Somebody speaks (a tone) after the beep and says with # that this was all."""
    caller = await center.calls(NUMBER, number=number)
    await caller.hears("leave_message")
    if number is not None:  # others had the number before
        caller._contact = (await center.fact(ContactOpened, caller=number)).contact
    call = await caller.contact()  # before the message has the number too
    await passes(SPEAKS_S)
    await caller.presses("#")
    await caller.is_hung_up()
    routed = await center.fact(MessageRouted, left_in=call)
    return caller, routed


async def hears_it(center: Center, agent: AgentAtWork, caller: Caller, routed: MessageRouted, times: int = 1) -> None:
    """She hears who it is, the caller's voice, and the keys."""
    await center.facts(ContactConnected, times, contact=routed.contact, agent=agent.id, within_s=20.0)
    await agent.ear.hears(WHO, 10.0)
    await agent.hears_caller(caller)
    await agent.ear.hears(KEYS, 15.0)


async def test_a_message_is_heard_again_and_done(center: Center) -> None:
    caller, routed = await leaves_a_message(center)
    alice = await center.works("alice")
    await hears_it(center, alice, caller, routed)
    await alice.phone.press("1")
    await alice.hears_caller(caller)
    await alice.phone.press("#")
    settled = await center.fact(MessageSettled, contact=routed.contact)
    assert (settled.end, settled.agent, settled.hearings) == (MailEnd.DONE, "alice", 1)
    await alice.phone.incoming[-1].reaches(CallState.ENDED, 10.0)
    message, call = await center.cdr(routed.contact), await center.cdr(await caller.contact())
    assert (message["direction"], message["end_reason"]) == (Direction.VOICEMAIL, EndReason.MESSAGE_DONE)
    assert (call["direction"], call["end_reason"]) == (Direction.INBOUND, EndReason.VOICEMAIL)
    [row] = await center.rows("SELECT * FROM voicemail WHERE left_in = $1", await caller.contact())
    assert (row["contact"], row["recording"], row["end_reason"]) == (routed.contact, routed.recording, "done")


async def test_who_hangs_up_without_the_key_gets_it_again_also_after_a_kill(center: Center) -> None:
    caller, routed = await leaves_a_message(center)
    alice = await center.works("alice")
    await hears_it(center, alice, caller, routed)
    await alice.hangs_up()
    returned = await center.fact(MessageReturned, contact=routed.contact)
    assert returned.agent == "alice"
    await center.is_killed()
    await center.comes_back()
    alice.ear.start_over()
    await hears_it(center, alice, caller, routed, 2)
    await alice.phone.press("#")
    settled = await center.fact(MessageSettled, contact=routed.contact)
    assert (settled.end, settled.hearings) == (MailEnd.DONE, 2)
    assert len(center.so_far(MessageRouted, left_in=await caller.contact())) == 1


async def test_key_2_is_a_callback_by_the_agent_who_heard_it(center: Center) -> None:
    outside = await center.outside_world()
    caller, routed = await leaves_a_message(center, CARRIER_NUMBER)
    alice = await center.works("alice")
    bob = await center.works("bob")  # who could call as well, and is not asked
    await center.fact(ContactOffered, contact=routed.contact, within_s=20.0)
    heard_by = (await center.fact(ContactConnected, contact=routed.contact, within_s=20.0)).agent
    agent = alice if heard_by == "alice" else bob
    await agent.ear.hears(WHO, 10.0)
    await agent.hears_caller(caller, 10.0)
    await agent.ear.hears(KEYS, 15.0)
    await agent.phone.press("2")
    settled = await center.fact(MessageSettled, contact=routed.contact)
    assert (settled.end, settled.agent) == (MailEnd.CALLED_BACK, agent.id)
    promised = await center.fact(CallbackPromised, number=CARRIER_NUMBER)
    assert (promised.only, promised.queue) == (agent.id, "letters")
    agent.ear.start_over()
    connected = await center.fact(ContactConnected, contact=promised.contact, within_s=25.0)
    assert connected.agent == agent.id
    await agent.ear.hears(CUSTOMER_HZ, 5)
    await Ear(outside.folder).hears(agent.tone_hz, 5)
    await outside.hang_up()
    kept = await center.fact(CallbackSettled, contact=promised.contact)
    assert (kept.end, kept.agent) == (CallbackEnd.KEPT, agent.id)
    [row] = await center.rows("SELECT * FROM voicemail WHERE recording = $1", routed.recording)
    assert row["end_reason"] == "called_back"
