"""Messages: a caller leaves one, an agent's phone rings, she hears it, and says that it is done, or does not."""

import asyncio

import pytest

from callcenter.model.contact import Direction, EndReason
from callcenter.model.facts import ContactConnected, MessageReturned, MessageRouted, MessageSettled
from callcenter.model.mail import MailEnd
from callcenter.sim.peers.baresip import CallState
from tests.live.center import Center
from tests.live.letters import NUMBER, TO_AGENTS
from tests.live.office import PROMPT_TONES
from tests.live.people import AgentAtWork, Caller

pytestmark = pytest.mark.live

SPEAKS_S = 2.5
WHO, KEYS = (PROMPT_TONES[TO_AGENTS[f"voicemail_{what}"], "en"] for what in ("from", "keys"))


async def leaves_a_message(center: Center) -> tuple[Caller, MessageRouted]:
    """Somebody speaks (a tone) after the beep and says with # that this was all."""
    caller = await center.calls(NUMBER)
    await caller.hears("leave_message")
    call = await caller.contact()  # before the message has the number too
    await asyncio.sleep(SPEAKS_S)
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
