"""A dialler to be killed: recovers, claims, authorises, dials, settles, until its list is done. Says each step.

Usage: python -m tests.postgres.dialler_program DSN SOCKET NAME
"""

import asyncio
import sys
import time
from pathlib import Path

from callcenter.model.lead import AttemptId, DiallerName, Fate, ListOfLeads
from callcenter.postgres.attempts import Attempts, Authorised
from callcenter.postgres.leads import Leads, progress
from callcenter.postgres.pool import open_pool
from tests.postgres.carrier import Line
from tests.postgres.lead_story import OPEN, ZONES, dial, law, no_days_off

FIRST = ListOfLeads("first")
AT_ONCE = 4
IN_FLIGHT_S = 0.2
LAW = [law(OPEN)]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def settle(attempts: Attempts, line: Line, id_: AttemptId) -> None:
    while (found := await line.fate(id_)).fate is Fate.LIVE:  # noqa: ASYNC110 (the carrier only answers)
        await asyncio.sleep(0.005)
    assert found.fate is Fate.ENDED
    await attempts.ended(id_, found.outcome, found.at, answered_at=found.answered_at, rules={})
    say(f"ended {id_}")


async def run(dsn: str, socket: Path, name: str) -> None:
    pool = await open_pool(dsn)
    line = await Line.open(socket)
    count = 0
    async with await Attempts.open(pool, dsn, DiallerName(name), no_days_off, in_flight_s=IN_FLIGHT_S) as attempts:
        leads = Leads(pool, attempts.name)
        say("ready")
        while True:
            found = await attempts.recover(line, time.time(), lambda campaign: {})
            await asyncio.gather(*(settle(attempts, line, one.id) for one in found.adopted))
            calls = []
            for lead in await leads.claim(FIRST, AT_ONCE, zones=((ZONES,),)):
                say(f"claimed {lead.id}")
                count += 1
                decision = await attempts.authorise(dial(lead, f"l-{name}-{count}"), LAW, time.time())
                assert isinstance(decision, Authorised), decision
                say(f"written {decision.id}")
                assert await line.ask("dial", decision.id, lead.numbers[0].number) == ["dialled"]
                say(f"dialled {decision.id}")
                calls.append(settle(attempts, line, decision.id))
            await asyncio.gather(*calls)
            states = (await progress(pool, FIRST)).states
            if not calls and all(state in ("done", "refused") for state in states):
                break
            if not calls:
                await asyncio.sleep(0.02)  # the other one has the rest
    await line.close()
    await pool.close()
    say("over")


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
