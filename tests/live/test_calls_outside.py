"""Agents' phones that are in use by calls which do not pass the call center: a dialplan of somebody else's."""

from typing import Final

import pytest

from callcenter.asterisk.ari.channels import Call, ToDialplan
from callcenter.model.agent import AgentState
from callcenter.model.phone_use import PhoneUsedOutside
from tests.live.center import Center
from tests.live.people import AgentAtWork
from tests.live.test_calls_phone_transfers import ari_of
from tests.live.waiting import eventually

pytestmark = pytest.mark.live

PAST_US: Final = "7777"  # office.DIALPLAN: the far end says again what it hears
FROM_OUTSIDE: Final = "other-pbx-1"  # a channel of somebody else's


async def use_told(center: Center, agent: AgentAtWork, *, used: bool, count: int) -> None:
    """So many times it was said that her phone is in use from outside, or is not any more."""
    await center.facts(PhoneUsedOutside, count, agent=agent.id, used=used)
    assert (await agent.seen()).used_outside is used


async def test_who_has_a_call_past_us_gets_none_until_it_is_over_whoever_began_it(center: Center) -> None:
    alice = await center.works("alice")
    await alice.dials(PAST_US)
    await alice.ear.hears(alice.tone_hz, 6)
    await use_told(center, alice, used=True, count=1)
    await alice.is_(AgentState.NOT_READY)
    caller = await center.calls("2001")
    await caller.waits()
    await alice.hangs_up()
    await use_told(center, alice, used=False, count=1)
    await caller.talks_to(alice)
    await caller.hangs_up()
    await alice.is_(AgentState.READY)

    async with ari_of(center) as ari:
        place = ToDialplan(context="other-pbx")
        await ari.channels.originate(FROM_OUTSIDE, Call(endpoint=f"PJSIP/{alice.number}"), place)
        await use_told(center, alice, used=True, count=2)
        await center.is_killed()
        await ari.channels.hangup(FROM_OUTSIDE)

        async def gone() -> bool | None:
            return True if await ari.channels.find(FROM_OUTSIDE) is None else None

        await eventually(gone, "the call from outside is over")
    await center.comes_back()
    await alice.is_(AgentState.READY)
    again = await center.calls("2001")
    await again.talks_to(alice)
    await again.hangs_up()
    await alice.is_(AgentState.READY)
    assert len(center.so_far(PhoneUsedOutside, used=True)) == 2, "her calls of ours are none of these"
