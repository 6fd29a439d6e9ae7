"""The dialler between engine and Postgres: claims, judges, settles, and clears up after one that died."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from callcenter.jobs.dialler import Dialler
from callcenter.model.campaign import Campaign, Recycle
from callcenter.model.campaign_messages import (
    AttemptSettled,
    ClaimLeads,
    DialJudged,
    DiallerReady,
    JudgeDial,
    LeadsClaimed,
    OptOut,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.configuration import Configuration
from callcenter.model.events import Event
from callcenter.model.ids import ContactId, LegId
from callcenter.model.lead import AttemptId, CampaignName, Dial, Lead, LeadState, ListOfLeads, Outcome
from callcenter.model.numbers import Numbering
from callcenter.postgres.leads import progress
from callcenter.postgres.pool import Pool
from callcenter.runtime.clock import SystemClock
from tests.postgres.lead_story import OPEN, add_lead, law, number

SPRING, LIST, NOBODY = CampaignName("spring"), ListOfLeads("first"), ContactId("-")
LIMIT_S = 20.0
CAMPAIGN = Campaign(name=SPRING, lists={LIST: 1}, law=("test",), recycle={"busy": Recycle(after_s=900.0, at_most=2)})


class Desk:
    """A dialler and what it posts."""

    def __init__(self, pool: Pool, dsn: str, run: str, knows: Callable[[LegId], bool]) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        configuration = Configuration(
            campaigns={SPRING: CAMPAIGN}, law={"test": law(OPEN)}, numbering=Numbering(country_code="84")
        )
        post = self.events.put_nowait
        self.dialler = Dialler(pool, dsn, run, post, SystemClock(), lambda: configuration, knows)

    async def next(self, kind: type[Event]) -> Event:
        async with asyncio.timeout(LIMIT_S):
            while True:
                event = await self.events.get()
                if isinstance(event, kind):
                    return event

    async def claims(self, count: int = 10) -> tuple[Lead, ...]:
        self.dialler.begin(ClaimLeads(contact=NOBODY, campaign=SPRING, count=count))
        claimed = await self.next(LeadsClaimed)
        assert isinstance(claimed, LeadsClaimed)
        return claimed.leads

    async def judged(self, lead: Lead, leg: str, **more: object) -> DialJudged:
        one = Dial(id=AttemptId(leg), lead=lead, number=lead.numbers[0], campaign=SPRING, ring_s=20.0)
        self.dialler.begin(JudgeDial(contact=NOBODY, dial=one, drops=(), pacing={}, **more))  # type: ignore[arg-type]
        judged = await self.next(DialJudged)
        assert isinstance(judged, DialJudged)
        return judged


@asynccontextmanager
async def desk(
    pool: Pool, dsn: str, run: str, knows: Callable[[LegId], bool] = lambda leg: False
) -> AsyncIterator[Desk]:
    made = Desk(pool, dsn, run, knows)
    task = asyncio.create_task(made.dialler.run())
    try:
        ready = await made.next(DiallerReady)
        assert isinstance(ready, DiallerReady)
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_lead_from_its_claim_to_its_outcome(pool: Pool, dsn: str) -> None:
    for n in range(3):
        await add_lead(pool, [number(n)])
    async with desk(pool, dsn, "run") as one:
        leads = await one.claims()
        assert len(leads) == 3
        assert (await one.judged(leads[0], "l-a")).authorised
        refused = await one.judged(leads[1], "l-b", against=("VN is not allowed",))
        assert (refused.authorised, refused.kept) == (False, False)
        assert "VN is not allowed" in refused.why
        settle = SettleAttempt(
            contact=NOBODY, campaign=SPRING, attempt=LegId("l-a"), outcome=Outcome.BUSY, at=SystemClock().now()
        )
        one.dialler.begin(settle)
        one.dialler.begin(settle)  # twice is once
        await one.next(AttemptSettled)
        await one.next(AttemptSettled)
        one.dialler.begin(ReleaseLeads(contact=NOBODY, campaign=SPRING, leads=(leads[2].id,), rest_s=60.0))
        assert await one.dialler.emptied(LIMIT_S)
        assert await one.claims() == ()
    states = (await progress(pool, LIST)).states
    assert states == {LeadState.WAITING: 3}
    kinds = [row["kind"] for row in await pool.fetch("SELECT kind FROM receipt ORDER BY seq")]
    assert sorted(kinds) == ["dial", "outcome", "refusal"]


async def test_of_two_numbers_the_second_is_named_when_the_first_is_refused_and_who_is_on_the_line_rests(
    pool: Pool, dsn: str
) -> None:
    await add_lead(pool, [number(1)])
    await add_lead(pool, [number(2), number(1)])
    async with desk(pool, dsn, "run") as one:
        called, other = await one.claims()
        assert (await one.judged(called, "l-a")).authorised
        refused = await one.judged(other, "l-b", against=("+8490 is not allowed",))
        assert [left.number for left in refused.left] == [number(1)]
        assert (await progress(pool, LIST)).states == {LeadState.CLAIMED: 2}, "her turn goes on"
        busy = await one.judged(replace(other, numbers=refused.left), "l-c")
        assert (busy.authorised, busy.left) == (False, ())
        assert "is being called" in busy.why
        assert (await progress(pool, LIST)).states == {LeadState.CLAIMED: 1, LeadState.WAITING: 1}
        assert await one.claims() == (), "and is not asked about again and again"


async def test_what_a_dead_one_had_dialled_lives_on_and_what_it_had_not_is_void(pool: Pool, dsn: str) -> None:
    for n in range(3):
        await add_lead(pool, [number(n)])
    async with desk(pool, dsn, "first") as first:
        leads = await first.claims()
        for lead, leg in zip(leads, ("l-a", "l-b"), strict=False):
            assert (await first.judged(lead, leg)).authorised
        await pool.execute("UPDATE attempt SET began = began - interval '1 minute'")
        lease = first.dialler._attempts
        assert lease is not None
        await lease._lease.close()  # as when it is killed: its lock is free
    async with desk(pool, dsn, "second", lambda leg: leg == "l-a") as second:
        outcomes = {row["id"]: row["outcome"] for row in await pool.fetch("SELECT id, outcome FROM attempt")}
        assert outcomes == {"l-a": None, "l-b": "void"}
        assert len(await second.claims()) == 2
        second.dialler.begin(
            SettleAttempt(
                contact=NOBODY, campaign=SPRING, attempt=LegId("l-a"), outcome=Outcome.ANSWERED, at=SystemClock().now()
            )
        )
        await second.next(AttemptSettled)


async def test_who_opts_out_is_refused_from_then_on(pool: Pool, dsn: str) -> None:
    await add_lead(pool, [number(1)])
    async with desk(pool, dsn, "run") as one:
        [lead] = await one.claims()
        one.dialler.begin(OptOut(contact=NOBODY, campaign=SPRING, number=number(1)))
        assert await one.dialler.emptied(LIMIT_S)
        judged = await one.judged(lead, "l-a")
        assert not judged.authorised


@pytest.mark.slow
async def test_a_chain_that_somebody_changed_stops_its_own_campaign_and_nothing_else(pool: Pool, dsn: str) -> None:
    for n in range(2):
        await add_lead(pool, [number(n)])
    async with desk(pool, dsn, "run") as one:
        first, second = await one.claims()
        assert (await one.judged(first, "l-a")).authorised
        await pool.execute("UPDATE receipt_chain SET seq = 0")
        refused = await one.judged(second, "l-b")
        assert (refused.authorised, refused.kept) == (False, True)
        assert "the chain of receipts spring was changed" in refused.why
        one.dialler.begin(
            SettleAttempt(
                contact=NOBODY, campaign=SPRING, attempt=LegId("l-a"), outcome=Outcome.BUSY, at=SystemClock().now()
            )
        )
        one.dialler.begin(OptOut(contact=NOBODY, campaign=SPRING, number=number(1)))  # waits for nobody's receipt
        async with asyncio.timeout(LIMIT_S):
            while not await pool.fetchval("SELECT EXISTS (SELECT FROM do_not_call_entry)"):
                pass
        await pool.execute("UPDATE receipt_chain SET seq = 1")
        await one.next(AttemptSettled)
