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
from callcenter.sim.peers.places import LOOPBACK
from tests.live.center import Center
from tests.live.people import AgentAtWork, Caller
from tests.live.test_calls_phone_transfers import ari_of

pytestmark = pytest.mark.live

ANSWER_LIMIT_S: Final = 5.0
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


async def test_what_no_agent_may_do_from_outside_is_not_loaded(center: Center) -> None:
    for command in ("channel redirect a b,c,1", "channel originate Local/1 application Bridge x"):
        assert "No such command" in await center.premises.console(command), command
