"""What somebody does to our channels past the call center: over AMI, with our account or another program's.

The cases are those of Asterisk's own test suite (`tests/rest_api/external_interaction`); docs/call-control.md has the
table, and what of them cannot happen here.
"""

import asyncio
import re
from typing import Final

import pytest

from callcenter.asterisk.ari.resources import Channel
from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactConnected, ContactOpened
from callcenter.sim.peers.baresip import CallState
from callcenter.sim.peers.places import LOOPBACK
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller
from tests.live.test_calls_phone_transfers import ari_of

pytestmark = pytest.mark.live

ANSWER_LIMIT_S: Final = 5.0
AGAIN: Final = {"Context": "from-carrier", "Exten": "2001", "Priority": "1"}  # in at the door once more
ELSEWHERE: Final = {"Context": "callcenter-return", "Exten": "s", "Priority": "1"}  # it ends the call there


async def meddles(center: Center, action: str, **fields: str) -> str:
    """An action of AMI's; gives what Asterisk says to it."""
    etc = center.premises.etc / "callcenter"
    port = re.search(r"port = (\d+)", (etc / "manager-general.conf").read_text())
    secret = re.search(r"secret = (\S+)", (etc / "manager.conf").read_text())
    assert port is not None
    assert secret is not None
    async with asyncio.timeout(ANSWER_LIMIT_S):
        reader, writer = await asyncio.open_connection(LOOPBACK, int(port[1]))
        try:
            answer = b""
            login = {"Username": "callcenter", "Secret": secret[1], "Events": "off"}
            for name, said in (("Login", login), (action, fields)):
                lines = (f"Action: {name}", *(f"{key}: {value}" for key, value in said.items()), "", "")
                writer.write("\r\n".join(lines).encode())
                answer = await reader.readuntil(b"\r\n\r\n")
            return answer.decode()
        finally:
            writer.close()
            await writer.wait_closed()


async def talking(center: Center) -> tuple[AgentAtWork, Caller, Channel, Channel]:
    """Two who talk, and their channels."""
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    async with ari_of(center) as ari:
        channels = await ari.channels.list()
    theirs = next(one for one in channels if one.name.startswith("PJSIP/carrier"))
    hers = next(one for one in channels if one.name.startswith(f"PJSIP/{alice.number}"))
    return alice, caller, theirs, hers


async def test_a_caller_who_is_redirected_into_the_dialplan_has_left(center: Center) -> None:
    alice, caller, theirs, _ = await talking(center)
    assert "Success" in await meddles(center, "Redirect", Channel=theirs.name, **ELSEWHERE)
    cdr = await center.cdr(await caller.contact())
    assert (cdr["end_reason"], cdr["agent"]) == (EndReason.CALLER_HUNG_UP, "alice")
    await asyncio.gather(alice.is_(AgentState.READY), caller.is_hung_up())


async def test_an_agent_who_is_redirected_into_the_dialplan_has_hung_up(center: Center) -> None:
    alice, caller, _, hers = await talking(center)
    assert "Success" in await meddles(center, "Redirect", Channel=hers.name, **ELSEWHERE)
    cdr = await center.cdr(await caller.contact())
    assert cdr["end_reason"] == EndReason.AGENT_HUNG_UP
    await asyncio.gather(alice.is_(AgentState.READY), caller.is_hung_up())


async def test_two_channels_of_ours_that_somebody_bridges_have_left(center: Center) -> None:
    """Asterisk takes both out of the application: what is said from then on is nobody's business but theirs."""
    alice, caller, theirs, hers = await talking(center)
    assert "Success" in await meddles(center, "Bridge", Channel1=theirs.name, Channel2=hers.name)
    cdr = await center.cdr(await caller.contact())
    assert (cdr["end_reason"] in (EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP), cdr["agent"]) == (True, "alice")
    await caller.hangs_up()
    await alice.is_(AgentState.READY)


async def test_a_channel_that_somebody_hangs_up_has_hung_up(center: Center) -> None:
    alice, caller, _, hers = await talking(center)
    assert "Success" in await meddles(center, "Hangup", Channel=hers.name)
    cdr = await center.cdr(await caller.contact())
    assert cdr["end_reason"] == EndReason.AGENT_HUNG_UP
    await asyncio.gather(alice.is_(AgentState.READY), caller.is_hung_up())


async def test_one_who_waits_joined_to_a_call_of_elsewhere_has_left_and_one_sent_in_again_is_served(
    center: Center,
) -> None:
    bob = await center.works("bob", logged_in=False)
    elsewhere = await bob.dials("7777")  # a dialplan of the house's owner: no contact of ours
    joined, again = await asyncio.gather(center.calls("2001"), center.calls("2001"))
    await asyncio.gather(elsewhere.reaches(CallState.UP, ANSWER_LIMIT_S), joined.waits(), again.waits())
    async with ari_of(center) as ari:
        names = {one.caller.number: one.name for one in await ari.channels.list()}
    done = await meddles(center, "Bridge", Channel1=names[joined.number], Channel2=names[bob.number])
    assert "Success" in done
    assert (await center.cdr(await joined.contact()))["end_reason"] == EndReason.ABANDONED
    assert "Success" in await meddles(center, "Redirect", Channel=names[again.number], **AGAIN)
    assert (await center.cdr(await again.contact()))["end_reason"] == EndReason.ABANDONED
    again.ear.forget()
    await again.hears_music()
    alice = await center.works("alice")
    second = (await center.facts(ContactOpened, 2, caller=again.number))[1].contact
    await center.fact(ContactConnected, contact=second, agent="alice")
    await again.hears_agent(alice)
    assert "Success" in await meddles(center, "Redirect", Channel=names[again.number], **AGAIN)
    assert (await center.cdr(second))["end_reason"] == EndReason.CALLER_HUNG_UP
    third = (await center.facts(ContactOpened, 3, caller=again.number))[2].contact
    await center.fact(ContactConnected, contact=third, agent="alice")
    again.ear.forget()
    await again.hears_agent(alice)
    await asyncio.gather(joined.hangs_up(), again.hangs_up())
    await alice.is_(AgentState.READY)


async def test_what_no_agent_may_do_from_outside_is_not_loaded(center: Center) -> None:
    for command in ("channel redirect a b,c,1", "channel originate Local/1 application Bridge x"):
        assert "No such command" in await center.premises.console(command), command
