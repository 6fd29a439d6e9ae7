"""What must hold after every story: nothing is left, everything is written, nobody complained. Knows no story."""

import re
from collections import Counter
from typing import Final

from callcenter.asterisk.ari import Access, Ari
from callcenter.model.agent import AgentStatus
from callcenter.sim.peers.places import LOOPBACK
from tests.live.center import Center
from tests.live.premises import Premises
from tests.live.waiting import eventually

QUIET_LIMIT_S: Final = 10.0
WRITTEN_LIMIT_S: Final = 20.0
PARTS_TOLERANCE_S: Final = 0.002  # timestamps in Postgres are rounded to the microsecond, and parts add up

UNFINISHED: Final = "SELECT id, caller, dialled FROM contact WHERE began >= to_timestamp($1) AND ended IS NULL"
ODD_SUMS: Final = """
SELECT id, flow_s, wait_s, talk_s, forward_s, began, ended FROM contact
WHERE began >= to_timestamp($1)
  AND abs(flow_s + wait_s + callback_s + talk_s + forward_s + parked_s - extract(epoch FROM ended - began)) > $2
"""
UNENDED_OFFERS: Final = "SELECT id, contact, agent FROM offer WHERE offered >= to_timestamp($1) AND ended IS NULL"
UNCHECKED: Final = "SELECT id, contact FROM recording WHERE started >= to_timestamp($1) AND checked IS NULL"
UNSOUND: Final = """
SELECT id, contact, problem FROM recording WHERE started >= to_timestamp($1) AND checked IS NOT NULL AND problem <> ''
"""
TALKS_UNRECORDED: Final = """
SELECT talk.contact FROM talk LEFT JOIN recording USING (contact)
WHERE talk.began >= to_timestamp($1) AND recording.id IS NULL
  AND talk.contact NOT IN (SELECT contact FROM voicemail) -- what an agent hears there is a recording itself
"""


async def all_is_quiet(center: Center) -> None:
    """No contact, no channel, no bridge, no task; agents go home."""
    await center.until(lambda view: not view.contacts, "no call is left", QUIET_LIMIT_S)
    for agent in (await center.view()).agents:
        if agent.status is not AgentStatus.LOGGED_OUT:
            await center.asks(f"/v1/agents/{agent.id}/status", {"status": "logged_out"})
    await nothing_in_asterisk(center.premises)


async def nothing_in_asterisk(premises: Premises) -> None:
    """ARI lists no channel and no bridge."""
    access = Access(host=LOOPBACK, port=premises.http_port, username="callcenter", password=premises.ari_password)
    async with Ari(access) as ari:

        async def gone() -> bool | None:
            left = [*await ari.channels.list(), *await ari.bridges.list()]
            return None if left else True

        await eventually(gone, "no channel or bridge is left in Asterisk", QUIET_LIMIT_S)


async def no_task_is_left(premises: Premises) -> None:
    """The program does what it did before the first call, and nothing else."""

    async def rested() -> bool | None:
        extra = Counter(await premises.tasks()) - Counter(premises.at_rest)
        return None if extra else True

    try:
        await eventually(rested, "no task is left", QUIET_LIMIT_S)
    except AssertionError:
        extra = Counter(await premises.tasks()) - Counter(premises.at_rest)
        assert not extra, dict(extra)


async def books_are_closed(center: Center) -> None:
    """Every contact has its record, whose parts add up, and every recording was found sound."""
    for query in (UNFINISHED, UNENDED_OFFERS, UNCHECKED):

        async def none(query: str = query) -> bool | None:
            return None if await center.rows(query, center.began) else True

        await eventually(none, query, WRITTEN_LIMIT_S)
    for query, values in ((ODD_SUMS, (PARTS_TOLERANCE_S,)), (UNSOUND, ()), (TALKS_UNRECORDED, ())):
        wrong = [str(tuple(row)) for row in await center.rows(query, center.began, *values)]
        wrong = [row for row in wrong if not any(re.search(pattern, row) for pattern in center.premises.allowed)]
        assert not wrong, wrong
