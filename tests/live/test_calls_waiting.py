"""How long it will be: said to somebody who waits, once enough has been seen to say it, and true."""

import asyncio
from typing import Final

import pytest

from callcenter.model.facts import ContactConnected, ContactEnded, WaitPredicted
from callcenter.sim.peers.scenarios import Wait
from callcenter.sim.peers.sipp import Caller as CrowdCaller
from tests.live import office
from tests.live.center import Center

pytestmark = pytest.mark.live

FORETOLD: Final = "2027"
AGENTS: Final = office.BANK[:2]
TALK_S: Final = 1.5
CALLERS: Final = 90
PER_S: Final = 5.0
SEEN: Final = 45  # calls that have ended before somebody calls who listens: more than must have been learnt from


async def test_who_waits_is_told_how_long_in_words_and_is_served_in_that_time(center: Center) -> None:
    await center.bank(AGENTS, talk_s=TALK_S, ring_s=0.1)
    crowd_of = [CrowdCaller(number=f"09560000{at:02}", dialled=FORETOLD, name="") for at in range(CALLERS)]
    async with center.crowd(crowd_of, steps=(Wait(seconds=150.0),), rate=PER_S, tone_hz=700) as crowd:
        await center.facts(ContactEnded, SEEN, within_s=120.0)
        listens = await center.calls(FORETOLD)
        await listens.hears_music()
        told = await center.fact(WaitPredicted, contact=await listens.contact(), announced=True, within_s=30.0)
        assert told.confident
        assert 0.0 < told.p50_s <= told.p90_s
        await asyncio.gather(
            listens.ear.falls_silent(office.MUSIC_TONE, 10.0),
            center.fact(ContactConnected, contact=await listens.contact(), within_s=60.0),
        )
        [said, *_] = await center.rows(
            "SELECT o->'variables'->>'wait_low_min' AS low, o->'variables'->>'wait_high_min' AS high "
            "FROM journal, jsonb_array_elements(outputs) AS o WHERE at >= to_timestamp($1) "
            "AND o->>'type' = 'PlayPrompts' AND o->>'contact' = $2 AND o->>'prompts' LIKE '%how_long%'",
            center.began,
            await listens.contact(),
        )
        assert (said["low"], said["high"]) == ("0", "1")
        await listens.is_hung_up(10.0)
        result = await crowd.finished(120)
    assert (result.successful, result.failed) == (CALLERS, 0)
