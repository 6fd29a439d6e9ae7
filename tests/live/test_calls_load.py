"""Many calls at once, told twice: by SIPp and by our records. The two must agree call by call."""

import itertools
from collections import defaultdict
from typing import Final

import pytest

from callcenter.model.contact import EndReason
from callcenter.sim.peers.scenarios import Wait
from callcenter.sim.peers.sipp import Caller as CrowdCaller
from callcenter.sim.peers.sipp import LogLine
from tests.live import office
from tests.live.aftermath import books_are_closed
from tests.live.center import Center

pytestmark = pytest.mark.live

CALLS: Final = 60
CALLS_PER_S: Final = 6.0
TALK_S: Final = 1.0
PATIENCE_S: Final = 40.0
CLOCK_TOLERANCE_S: Final = 1.0  # SIPp and we look at the same clock, but not at the same end of the wire


async def test_sixty_callers_and_ten_agents_agree_with_sipp_call_by_call(center: Center) -> None:
    bank = await center.bank(talk_s=TALK_S, ring_s=0.1)
    callers = [CrowdCaller(number=f"09550000{at:02}", dialled="2006", name=f"Caller {at}") for at in range(CALLS)]
    async with center.crowd(callers, steps=(Wait(seconds=PATIENCE_S),), rate=CALLS_PER_S, tone_hz=700) as crowd:
        result = await crowd.finished(60)
    assert (result.created, result.successful, result.failed) == (CALLS, CALLS, 0)
    await center.until(lambda view: not view.contacts, "everybody has been served")
    await books_are_closed(center)

    seen: dict[str, dict[str, LogLine]] = defaultdict(dict)
    for line in result.lines:
        seen[line.party][line.what] = line
    rows = await center.rows(
        "SELECT contact.*, extract(epoch FROM began)::float8 AS from_s, extract(epoch FROM ended)::float8 AS to_s "
        "FROM contact WHERE began >= to_timestamp($1) ORDER BY began",
        center.began,
    )
    assert sorted(row["caller"] for row in rows) == sorted(caller.number for caller in callers)
    for row in rows:
        lines = seen[row["caller"]]
        assert row["end_reason"] == EndReason.AGENT_HUNG_UP
        assert row["caller_name"] == f"Caller {int(row['caller'][-2:])}"
        assert abs(row["from_s"] - lines["began"].at) < CLOCK_TOLERANCE_S
        assert abs(row["to_s"] - lines["was hung up"].at) < CLOCK_TOLERANCE_S
        assert abs(row["talk_s"] - TALK_S) < CLOCK_TOLERANCE_S
        assert row["offers"] == 1 + row["missed"]

    answers = [line.party for line in bank.lines() if line.what == "answers"]
    numbers = {agent.id: agent.number for agent in office.BANK}
    assert sorted(answers) == sorted(numbers[row["agent"]] for row in rows)
    assert len(set(answers)) == len(office.BANK), "everybody has worked"
    talks = await center.rows(
        "SELECT agent, count(*) AS n FROM talk WHERE began >= to_timestamp($1) GROUP BY agent", center.began
    )
    assert sum(row["n"] for row in talks) == CALLS
    first_come = [row["to_s"] - row["talk_s"] for row in rows]
    assert all(later >= earlier - CLOCK_TOLERANCE_S for earlier, later in itertools.pairwise(first_come))
