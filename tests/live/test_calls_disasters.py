"""What callers and agents notice when a part of the house falls down, or when the whole house is closed."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactConnected, ContactEnded
from tests.live.center import Center
from tests.live.waiting import passes

pytestmark = pytest.mark.live

ASTERISK_IS_GONE: Final = (
    r'"program": "asterisk".* "event": "ended"',
    r"ari_link_down|asterisk link down|ari_link_unproven|asterisk cannot be listed",
    r'"event": "ami\.',
    r"the AMI link is down",
    r"s long, the talk was",  # our end of it is when we hear of it
)
POSTGRES_IS_GONE: Final = (
    r'"program": "postgres"',
    r"stale lock removed",
    r"the journal goes to the local file",
    r"Failed to restore the pool connection floor",
    r"webhooks wait for Postgres",
    r"recordings are not put away",
    r"no leads can be claimed",
)
STOPPED: Final = ("stopped by us", '"reason": "STOPPED"')


async def test_when_asterisk_is_killed_its_calls_are_on_record_and_the_next_ones_are_served(center: Center) -> None:
    center.expects(*ASTERISK_IS_GONE)
    alice = await center.works("alice")
    talking = await center.calls("2001")
    await talking.talks_to(alice)
    waiting, choosing = await asyncio.gather(center.calls("2001"), center.calls("1900"))
    await asyncio.gather(waiting.waits(), choosing.hears("welcome"))
    await passes(0.6)  # long enough for a recording

    os.kill(center.premises.pid_of("asterisk"), signal.SIGKILL)
    ended = await center.facts(ContactEnded, 3, within_s=30)
    reasons = {fact.contact: fact.reason for fact in ended}
    assert reasons == {
        await talking.contact(): EndReason.CALLER_HUNG_UP,
        await waiting.contact(): EndReason.ABANDONED,
        await choosing.contact(): EndReason.LEFT_IN_FLOW,
    }
    await asyncio.gather(*(caller.hangs_up() for caller in (talking, waiting, choosing)), alice.hangs_up())
    recording = await center.recording(await talking.contact(), within_s=20)
    assert recording["seconds"] > 0.4

    await alice.is_(AgentState.READY)
    again = await center.calls("2001")
    await again.talks_to(alice)
    await again.hangs_up()
    assert (await again.ended()).reason is EndReason.CALLER_HUNG_UP


async def test_when_postgres_is_killed_nobody_notices_and_nothing_is_lost(center: Center) -> None:
    center.expects(*POSTGRES_IS_GONE)
    alice = await center.works("alice")
    talking = await center.calls("2001")
    await talking.talks_to(alice)
    os.kill(center.premises.pid_of("postgres"), signal.SIGKILL)
    waiting = await center.calls("2001")
    await waiting.hears_music()
    talking.ear.forget()
    await talking.hears_agent(alice)
    await talking.hangs_up()
    await center.facts(ContactConnected, 2)
    await waiting.hears_agent(alice)
    await waiting.hangs_up()
    for caller in (talking, waiting):
        row = await center.cdr(await center.contact_of(caller.number), within_s=30)
        assert (row["end_reason"], row["agent"]) == (EndReason.CALLER_HUNG_UP, "alice")


async def test_closing_the_house_ends_calls_writes_them_down_and_leaves_no_program(center: Center) -> None:
    alice = await center.works("alice")
    talking = await center.calls("2001")
    await talking.talks_to(alice)
    waiting, choosing = await asyncio.gather(center.calls("2001"), center.calls("1900"))
    await asyncio.gather(waiting.waits(), choosing.hears("welcome"))
    await passes(0.6)  # long enough for a recording

    center.expects(*STOPPED)
    code = await asyncio.to_thread(center.premises.stop)
    assert code == 0
    assert await asyncio.to_thread(programs_below, center.premises.var) == []
    await asyncio.gather(*(caller.is_hung_up() for caller in (talking, waiting, choosing)))

    await center.comes_back()
    for caller in (talking, waiting, choosing):
        row = await center.cdr(await center.contact_of(caller.number))
        assert row["end_reason"] == EndReason.SHUTDOWN
    recording = await center.recording(await talking.contact())
    assert (recording["problem"], recording["channels"]) == ("", 2)
    assert {agent.status for agent in (await center.view()).agents} == {"logged_out"}


def programs_below(folder: Path) -> list[str]:
    """Every program that was started with something below the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if str(folder) in line:
            found.append(line)
    return found
