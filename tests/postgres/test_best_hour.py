"""The best hour of each lead in the database: learnt when an attempt is settled, and used in the order of claims."""

import pytest

from callcenter.jobs.hopper import Hopper
from callcenter.model.calendar import local_hour
from callcenter.model.campaign import Campaign, LeadOrder, Recycle
from callcenter.model.lead import AttemptId, DiallerName, ListOfLeads, Outcome
from callcenter.postgres.attempts import Attempts, Authorised
from callcenter.postgres.leads import Leads
from callcenter.postgres.pool import Pool
from tests.postgres.lead_story import CAMPAIGN, OPEN, ZONES, add_lead, dial, law, no_days_off, number

NOW = 1_796_000_000.0
HOUR_S = 3600.0
FIRST = ListOfLeads("first")
LONDON = "Europe/London"


@pytest.fixture
async def hours(pool: Pool) -> dict[str, int]:
    """Leads by what is known of them: their best hour from the hour of NOW."""
    here = local_hour(NOW, ZONES)
    leads = {}
    for n, (name, away, priority) in enumerate(
        (("far", 6, 9), ("never", None, 0), ("next", 1, 0), ("now", 0, 0), ("now_urgent", 0, 5), ("before", -1, 0)), 1
    ):
        leads[name] = await add_lead(pool, [number(n)], priority=priority)
        best = None if away is None else (here + away) % 24
        await pool.execute("UPDATE lead SET best_hour = $2 WHERE id = $1", leads[name], best)
    return leads


async def test_who_answers_about_now_comes_first_and_who_was_never_called_before_the_others(
    pool: Pool, hours: dict[str, int]
) -> None:
    campaign = Campaign(name=CAMPAIGN, lists={FIRST: 1}, order=LeadOrder.BEST_HOUR)
    hopper = Hopper(Leads(pool, DiallerName("d")), campaign, [law(OPEN)], size_max=6)
    assert await hopper.fill(NOW) == 6
    names = {lead: name for name, lead in hours.items()}
    taken = []
    while (lead := hopper.take()) is not None:
        taken.append(names[lead.id])
    assert taken == ["now_urgent", "now", "next", "before", "never", "far"]


async def test_a_few_are_claimed_in_the_same_order_with_a_filter(pool: Pool, hours: dict[str, int]) -> None:
    campaign = Campaign(name=CAMPAIGN, lists={FIRST: 1}, order=LeadOrder.BEST_HOUR, only="priority < 5")
    hopper = Hopper(Leads(pool, DiallerName("d")), campaign, [law(OPEN)], size_max=2)
    assert await hopper.fill(NOW) == 2
    assert {lead.id for lead in (hopper.take(), hopper.take()) if lead is not None} == {hours["now"], hours["next"]}


async def test_the_hour_is_that_of_the_leads_own_clock(pool: Pool) -> None:
    """The same hour of the clock is another time in London."""
    best = local_hour(NOW, LONDON)
    assert best != local_hour(NOW, ZONES)
    for n, zones in enumerate((ZONES, LONDON), 1):
        lead = await add_lead(pool, [number(n)], zones=zones, priority=9 if zones == ZONES else 0)
        await pool.execute("UPDATE lead SET best_hour = $2 WHERE id = $1", lead, best)
    [first] = await Leads(pool, DiallerName("d")).claim(
        FIRST, 1, zones=((ZONES,), (LONDON,)), order=LeadOrder.BEST_HOUR, at=NOW
    )
    assert first.zones == (LONDON,)


async def test_an_answer_makes_an_hour_the_best_and_calls_in_vain_make_it_worse(dsn: str, pool: Pool) -> None:
    ids = [await add_lead(pool, [number(n)]) for n in range(2)]
    again = {str(outcome): Recycle(after_s=0.0, at_most=50) for outcome in Outcome}
    async with await Attempts.open(pool, dsn, DiallerName("d"), no_days_off) as attempts:

        async def called(hour: float, answers: int | None) -> None:
            """Both are called at this hour from NOW; one of them may answer."""
            at = NOW + hour * HOUR_S
            leads = Leads(pool, DiallerName("d"))
            await leads.wake(FIRST, at)
            for lead in await leads.claim(FIRST, 2, zones=((ZONES,),)):
                id_ = f"l-{hour}-{lead.id}"
                assert isinstance(await attempts.authorise(dial(lead, id_), [law(OPEN)], at), Authorised)
                person = answers is not None and lead.id == ids[answers]
                await attempts.ended(
                    AttemptId(id_),
                    Outcome.ANSWERED if person else Outcome.NO_ANSWER,
                    at + 30.0,
                    answered_at=at + 10.0 if person else None,
                    rules=again,
                )

        async def best(lead: int) -> int:
            found = await pool.fetchval("SELECT best_hour FROM lead WHERE id = $1", lead)
            assert isinstance(found, int)
            return found

        here = local_hour(NOW, ZONES)
        await called(0, None)
        assert await best(ids[0]) == here, "no other hour was tried"
        await called(5, 0)
        await called(10, 1)
        await called(24 + 5, 0)
        assert await best(ids[0]) == (here + 5) % 24
        assert await best(ids[1]) == (here + 10) % 24
