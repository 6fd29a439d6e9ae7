"""The hopper: bounded, by shares, only who may be called, and given back."""

from callcenter.jobs.hopper import Hopper
from callcenter.model.campaign import Campaign, LeadOrder
from callcenter.model.lead import CampaignName, DiallerName, LeadNumber, LeadState, ListOfLeads
from callcenter.postgres.lead_lists import Duplicates, ListWriter, NewLead
from callcenter.postgres.leads import Leads, progress
from callcenter.postgres.pool import Pool
from tests.postgres.lead_story import OPEN, add_lead, law, number

NOW = 1_796_000_000.0
A, B = ListOfLeads("a"), ListOfLeads("b")


def hopper(pool: Pool, size: int = 8, **other: object) -> Hopper:
    campaign = Campaign(name=CampaignName("spring"), lists={A: 3, B: 1}, **other)  # type: ignore[arg-type]
    return Hopper(Leads(pool, DiallerName("d")), campaign, [law(OPEN)], size_max=size)


async def test_it_holds_shares_and_never_more_than_its_size(pool: Pool) -> None:
    for n in range(12):
        await add_lead(pool, [number(n)], list_="a", priority=n)
        await add_lead(pool, [number(100 + n)], list_="b")
    heap = hopper(pool)
    assert heap.low
    assert await heap.fill(NOW) == 8
    assert await heap.fill(NOW) == 0
    assert not heap.low
    taken = []
    while (lead := heap.take()) is not None:
        taken.append(lead)
    assert "".join(lead.list for lead in taken) == "aabaaaba", "three to one from the first lead on, not in blocks"
    assert [lead.priority for lead in taken if lead.list == A] == [11, 10, 9, 8, 7, 6]
    assert await heap.fill(NOW) == 8
    assert await heap.empty() == 8
    assert (await progress(pool, "a")).states == {LeadState.CLAIMED: 6, LeadState.READY: 6}


async def test_what_one_list_lacks_another_gives(pool: Pool) -> None:
    await add_lead(pool, [number(1)], list_="a")
    for n in range(9):
        await add_lead(pool, [number(100 + n)], list_="b")
    assert await hopper(pool).fill(NOW) == 8
    assert await hopper(pool, size=50).fill(NOW) == 2


async def test_only_who_is_wanted_may_be_called_and_whose_time_has_come(pool: Pool) -> None:
    await add_lead(pool, [number(1)], list_="a", custom='{"city": "Hue"}')
    await add_lead(pool, [number(2)], list_="a", zones="")  # nobody knows where
    waits = await add_lead(pool, [number(3)], list_="a", custom='{"city": "Hue"}')
    await pool.execute("UPDATE lead SET state = 'waiting', next_at = to_timestamp($2) WHERE id = $1", waits, NOW + 60)
    heap = hopper(pool, only='custom.city = "Hue"')
    assert await heap.fill(NOW) == 1
    assert await heap.fill(NOW + 59) == 0
    assert await heap.fill(NOW + 60) == 1


async def test_the_newest_are_those_of_the_last_import_in_the_order_of_its_file(pool: Pool) -> None:
    """Whichever batch of it they came in."""

    def new(n: int) -> NewLead:
        hers = LeadNumber(n=1, number=number(n), region="VN", line="mobile")
        return NewLead(line=n, numbers=(hers,), zones=("UTC",), custom={})

    for batches in ([(1, 2), (3,)], [(4, 5), (6, 7)]):
        writer = ListWriter(pool, A, Duplicates.LIST)
        await writer.begin("VN")
        for batch in batches:
            assert await writer.write([new(n) for n in batch]) == []
    leads = Leads(pool, DiallerName("d"))
    found = await leads.claim(A, 9, zones=(("UTC",),), order=LeadOrder.NEWEST)
    assert [one.numbers[0].number for one in found] == [number(n) for n in (4, 5, 6, 7, 1, 2, 3)]
