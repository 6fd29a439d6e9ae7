"""From a lead to its outcome: claimed once, judged and written before the dial, settled once, recovered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from callcenter.core.law import check
from callcenter.core.receipts import read_body
from callcenter.jobs.permission import permission
from callcenter.jobs.proof import proven
from callcenter.model.campaign import CallerNumber, CallLimit, Campaign, LeadOrder, Recycle
from callcenter.model.configuration import Configuration
from callcenter.model.law import (
    DAY_S,
    AfterDrop,
    Approach,
    AttemptLimit,
    ConsentKind,
    ConsentRule,
    Counted,
    DropCount,
    DropLimit,
    RuleKind,
)
from callcenter.model.lead import AttemptId, DiallerName, Fate, Lead, LeadState, ListOfLeads, OpenAttempt, Outcome
from callcenter.model.lead_filter import parse_filter
from callcenter.model.trunk import Guard
from callcenter.postgres.attempts import Attempts, Authorised, Found, NotOurs, Refused
from callcenter.postgres.law_texts import keep
from callcenter.postgres.leads import Leads, progress
from callcenter.postgres.pool import Pool
from callcenter.postgres.receipts import verify
from callcenter.postgres.records import time_of
from tests.postgres.lead_story import CAMPAIGN, DIGEST, OPEN, ZONES, add_lead, dial, law, no_days_off, number

NOW = 1_796_000_000.0
FIRST = ListOfLeads("first")
GROUP = ((ZONES,),)
LAW = [law(OPEN)]
Opener = Callable[[str], Awaitable[Attempts]]


@pytest.fixture
async def opened(dsn: str, pool: Pool) -> AsyncIterator[Opener]:
    """Opens diallers by name; none outlives the test."""
    async with AsyncExitStack() as stack:

        async def make(name: str) -> Attempts:
            return await stack.enter_async_context(await Attempts.open(pool, dsn, DiallerName(name), no_days_off))

        yield make


async def claimed(pool: Pool, dialler: str, count: int = 1) -> tuple[Lead, ...]:
    return await Leads(pool, DiallerName(dialler)).claim(FIRST, count, zones=GROUP)


async def state_of(pool: Pool, lead: int) -> str:
    state = await pool.fetchval("SELECT state FROM lead WHERE id = $1", lead)
    assert isinstance(state, str)
    return state


async def die(pool: Pool, dialler: Attempts) -> None:
    """Its process is gone, and with it its connection; until Postgres has noticed."""
    key = await pool.fetchval("SELECT key FROM dialler WHERE name = $1", dialler.name)
    dialler._lease.terminate()
    async with asyncio.timeout(10), pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", key)
        await connection.execute("SELECT pg_advisory_unlock($1)", key)


class Switch:
    """A telephone side that knows what it was told."""

    def __init__(self, known: Mapping[str, Found]) -> None:
        self._known = known

    async def fates(self, attempts: Sequence[OpenAttempt]) -> Mapping[AttemptId, Found]:
        return {one.id: self._known[one.id] for one in attempts if one.id in self._known}


# -- claims ------------------------------------------------------------------------------------------------------------


async def test_many_diallers_at_once_claim_each_lead_once(pool: Pool, opened: Opener) -> None:
    for n in range(60):
        await add_lead(pool, [number(n)])
    names = [f"d{n}" for n in range(4)]
    for name in names:
        await opened(name)

    async def take(name: str) -> list[int]:
        found: list[int] = []
        while leads := await claimed(pool, name, 3):
            found += [lead.id for lead in leads]
        return found

    taken = [lead for some in await asyncio.gather(*map(take, names)) for lead in some]
    assert len(taken) == len(set(taken)) == 60


async def test_orders_filters_and_zones(pool: Pool) -> None:
    low = await add_lead(pool, [number(1)], priority=1, custom='{"city": "Hue"}')
    high = await add_lead(pool, [number(2)], priority=9, custom='{"city": "Hanoi"}')
    closed = await add_lead(pool, [number(3)], priority=99, zones="Europe/London")
    bare = await add_lead(pool, [number(4)], priority=5)
    leads = Leads(pool, DiallerName("d"))
    assert await leads.zones(FIRST) == ((ZONES,), ("Europe/London",))

    async def order(**how: object) -> list[int]:
        found = await leads.claim(FIRST, 10, zones=GROUP, **how)  # type: ignore[arg-type]
        await leads.release([one.id for one in found])
        return [one.id for one in found]

    assert await order() == [high, bare, low]
    assert await order(order=LeadOrder.NEWEST) == [bare, high, low]
    assert await order(order=LeadOrder.FEWEST_ATTEMPTS) == [low, high, bare]
    assert await order(order=LeadOrder.FIELD, order_field="city") == [high, low, bare]
    shuffled = await order(order=LeadOrder.RANDOM)
    assert sorted(shuffled) == [low, high, bare]
    assert await order(order=LeadOrder.RANDOM) == shuffled
    assert await order(only=parse_filter('custom.city = "Hanoi" or priority < 2')) == [high, low]
    assert await order(only=parse_filter('not custom.city = "Hanoi"')) == [bare, low]
    for balance in ("9", "1000.5", "-2", "many", "10"):
        custom = f'{{"balance": "{balance}"}}'
        await add_lead(pool, [number(len(balance) + 20)], list_="rich", priority=len(balance), custom=custom)
    await add_lead(pool, [number(30)], list_="rich")

    async def rich(**how: object) -> list[str]:
        found = await leads.claim(ListOfLeads("rich"), 10, zones=GROUP, **how)  # type: ignore[arg-type]
        await leads.release([one.id for one in found])
        return [one.custom.get("balance", "") for one in found]

    by_balance = {"order": LeadOrder.FIELD, "order_field": "balance"}
    assert await rich(**by_balance) == ["-2", "9", "10", "1000.5", "many", ""]
    assert await rich(**by_balance, only=parse_filter("custom.balance >= 10")) == ["10", "1000.5"]
    assert await rich(**by_balance, only=parse_filter("not custom.balance > 9")) == ["-2", "9", "many", ""]
    assert await rich(**by_balance, only=parse_filter("custom.balance != 9")) == ["-2", "10", "1000.5", "many", ""]
    assert await rich(**by_balance, only=parse_filter('custom.balance >= "10"')) == ["9", "10", "1000.5", "many"]
    hostile = parse_filter("""custom.city = "x' OR true; DROP TABLE lead --" """)
    assert await order(only=hostile) == []
    assert await order(only=hostile, order=LeadOrder.FIELD, order_field="a' DESC; --") == []
    assert await state_of(pool, closed) == "ready"


# -- before the dial ---------------------------------------------------------------------------------------------------


async def test_an_attempt_is_written_with_its_receipt_before_anything_is_dialled(pool: Pool, opened: Opener) -> None:
    lead_id = await add_lead(pool, [number(1), number(2)])
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    assert [one.number for one in lead.numbers] == [number(1), number(2)]
    decision = await dialler.authorise(dial(lead, "l-1"), LAW, NOW, pacing={"lines": "1"})
    assert isinstance(decision, Authorised)
    assert await pool.fetchval("SELECT number FROM attempt WHERE id = 'l-1' AND outcome IS NULL") == number(1)
    body = read_body(await pool.fetchval("SELECT body FROM receipt WHERE attempt = 'l-1'"))
    assert (body.kind, body.lead, body.pacing, body.packs[0].digest) == ("dial", lead_id, {"lines": "1"}, DIGEST)
    assert {finding.kind for finding in body.findings} >= {RuleKind.HOURS, RuleKind.DO_NOT_CALL, RuleKind.NUMBER}
    assert isinstance(await dialler.authorise(dial(lead, "l-2", of=1), LAW, NOW), NotOurs)


async def test_of_two_lists_with_one_number_one_is_dialled_and_the_law_counts_both(pool: Pool, opened: Opener) -> None:
    await add_lead(pool, [number(1)])
    await add_lead(pool, [number(1)])
    once = [law(OPEN, AttemptLimit(source="s", at_most=1, within_s=DAY_S))]
    diallers = [await opened("a"), await opened("b")]
    leads = [(await claimed(pool, one.name))[0] for one in diallers]
    decisions = await asyncio.gather(
        *(one.authorise(dial(lead, f"l-{one.name}"), once, NOW) for one, lead in zip(diallers, leads, strict=True))
    )
    assert sorted(type(one).__name__ for one in decisions) == ["Authorised", "NotOurs"]
    winner = next(one for one in decisions if isinstance(one, Authorised))
    at = next(n for n, one in enumerate(decisions) if one is winner)
    assert await diallers[at].ended(winner.id, Outcome.BUSY, NOW + 30)
    loser = diallers[1 - at]
    again = await loser.authorise(dial(leads[1 - at], "l-again"), once, NOW + 60)
    assert isinstance(again, Refused)
    assert [one.kind for one in again.verdict.against] == [RuleKind.ATTEMPTS]
    assert again.verdict.next_at == NOW + DAY_S
    row = await pool.fetchrow(
        "SELECT state, extract(epoch FROM next_at)::float AS at FROM lead WHERE id = $1", leads[1 - at].id
    )
    assert row is not None
    assert (row["state"], row["at"]) == ("waiting", NOW + DAY_S)
    assert await pool.fetchval("SELECT count(*) FROM receipt WHERE kind = 'refusal'") == 1


async def test_who_is_on_a_list_is_not_dialled_and_her_next_number_may_be(pool: Pool, opened: Opener) -> None:
    lead_id = await add_lead(pool, [number(1), "+84987654321"])
    await pool.execute(
        "INSERT INTO do_not_call_list (register, version, as_of, live) VALUES ('internal', '1', now(), true)"
    )
    await pool.execute(
        "INSERT INTO do_not_call_entry (entry, list, prefix) SELECT '+8490', id, true FROM do_not_call_list"
    )
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    refused = await dialler.authorise(dial(lead, "l-1"), LAW, NOW)
    assert isinstance(refused, Refused)
    assert [one.kind for one in refused.verdict.against] == [RuleKind.DO_NOT_CALL]
    assert [one.number for one in refused.left] == ["+84987654321"]
    assert await state_of(pool, lead_id) == "claimed", "it is still her turn"
    lead = replace(lead, numbers=refused.left)
    await pool.execute("INSERT INTO do_not_call_entry (entry, list) SELECT '+84987654321', id FROM do_not_call_list")
    assert isinstance(await dialler.authorise(dial(lead, "l-2"), LAW, NOW), Refused)
    assert await state_of(pool, lead_id) == "refused"


async def test_a_person_is_called_so_often_at_most_on_all_her_numbers_and_from_every_list(
    pool: Pool, opened: Opener
) -> None:
    """Her other number is no way round a limit that is hers; one that is the number's leaves it open."""
    await add_lead(pool, [number(1), number(2)])
    await add_lead(pool, [number(2)], list_="second")
    of_hers = [law(OPEN, AttemptLimit(source="s", at_most=2, within_s=DAY_S, of=Counted.LEAD))]
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    assert isinstance(await dialler.authorise(dial(lead, "l-1"), of_hers, NOW), Authorised)
    again = {"busy": Recycle(after_s=0.0, at_most=9)}
    await dialler.ended(AttemptId("l-1"), Outcome.BUSY, NOW + 10.0, rules=again)
    [other] = await Leads(pool, dialler.name).claim(ListOfLeads("second"), 1, zones=GROUP)
    assert isinstance(await dialler.authorise(dial(other, "l-2"), of_hers, NOW + 20.0), Authorised)
    await dialler.ended(AttemptId("l-2"), Outcome.BUSY, NOW + 30.0)
    await Leads(pool, dialler.name).wake(FIRST, NOW + 40.0)
    (lead,) = await claimed(pool, "d")
    refused = await dialler.authorise(dial(lead, "l-3", of=1), of_hers, NOW + 40.0)
    assert isinstance(refused, Refused)
    [against] = refused.verdict.against
    assert (against.kind, against.value) == (RuleKind.ATTEMPTS, "2")
    assert "on all her numbers" in against.limit
    assert refused.verdict.next_at == NOW + DAY_S, "when the first of them is a day ago"
    of_its = [law(OPEN, AttemptLimit(source="s", at_most=2, within_s=DAY_S))]
    question = await dialler.question(dial(lead, "l-4", of=1), NOW + 41.0)
    assert check(question, of_its).allowed


async def test_who_asks_about_a_number_is_told_of_the_calls_to_her_others(pool: Pool, opened: Opener) -> None:
    limits = (CallLimit(of=Counted.LEAD, at_most=1, within_s=DAY_S),)
    spring = Campaign(name=CAMPAIGN, law=("test",), limits=limits, caller_ids=(CallerNumber(number="+842400000000"),))
    configuration = Configuration(campaigns={CAMPAIGN: spring}, law={"test": law(OPEN)}, guard=Guard(regions=("VN",)))

    async def against() -> list[RuleKind]:
        _, verdict = await permission(pool, configuration, number(2), CAMPAIGN, "VN", NOW + 50.0)
        return [one.kind for one in verdict.against]

    await add_lead(pool, [number(1), number(2)])
    assert await against() == []
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    await dialler.authorise(dial(lead, "l-1"), LAW, NOW)
    await dialler.ended(AttemptId("l-1"), Outcome.BUSY, NOW + 10.0)
    assert await against() == [RuleKind.ATTEMPTS]


async def test_consent_is_looked_up_at_that_moment(pool: Pool, opened: Opener) -> None:
    await add_lead(pool, [number(1)])
    asks = [law(OPEN, ConsentRule(source="s", approach=Approach.LIVE, kind=ConsentKind.EXPRESS))]
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    await pool.execute("INSERT INTO consent (number, kind, given) VALUES ($1, 'written', 'epoch')", number(1))
    assert (await dialler.question(dial(lead, "x"), NOW)).consent is not None
    await pool.execute("UPDATE consent SET revoked = now()")
    refused = await dialler.authorise(dial(lead, "l-1"), asks, NOW)
    assert isinstance(refused, Refused)
    assert [one.kind for one in refused.verdict.against] == [RuleKind.CONSENT]
    assert not refused.kept


async def test_a_spent_budget_keeps_the_lead_for_a_call_with_an_agent(pool: Pool, opened: Opener) -> None:
    await add_lead(pool, [number(1)])
    budget = [law(OPEN, DropLimit(source="s", share_max=0.03, within_s=DAY_S))]
    spent = (DropCount(within_s=DAY_S, answered=10, dropped=1),)
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    refused = await dialler.authorise(dial(lead, "l-1"), budget, NOW, drops=spent)
    assert isinstance(refused, Refused)
    assert refused.kept
    assert isinstance(
        await dialler.authorise(dial(lead, "l-1", agent_ready=True), budget, NOW, drops=spent), Authorised
    )


async def test_a_number_that_was_dropped_waits_for_72_hours_or_wants_an_agent_kept_for_it(
    pool: Pool, opened: Opener
) -> None:
    await add_lead(pool, [number(1)])
    uk = [law(OPEN, AfterDrop(source="s", rest_s=259_200.0))]
    rules = {"dropped": Recycle(after_s=60.0, at_most=9)}
    dialler = await opened("d")
    (lead,) = await claimed(pool, "d")
    first = await dialler.authorise(dial(lead, "l-1", agent_ready=True), uk, NOW)
    assert isinstance(first, Authorised)
    assert not first.needs_agent, "nobody has dropped her yet"
    await dialler.ended(AttemptId("l-1"), Outcome.DROPPED, NOW + 20.0, answered_at=NOW + 10.0, rules=rules)
    await Leads(pool, dialler.name).wake(FIRST, NOW + 90.0)
    (lead,) = await claimed(pool, "d")
    kept = await dialler.authorise(dial(lead, "l-2", agent_ready=True), uk, NOW + 90.0)
    assert isinstance(kept, Authorised)
    assert kept.needs_agent
    await dialler.ended(AttemptId("l-2"), Outcome.VOID, NOW + 91.0, rules=rules)
    (lead,) = await claimed(pool, "d")
    refused = await dialler.authorise(dial(lead, "l-3"), uk, NOW + 92.0)
    assert isinstance(refused, Refused)
    assert refused.verdict.next_at == NOW + 20.0 + 259_200.0
    await Leads(pool, dialler.name).wake(FIRST, NOW + 259_220.0)
    (lead,) = await claimed(pool, "d")
    later = await dialler.authorise(dial(lead, "l-4"), uk, NOW + 259_220.0)
    assert isinstance(later, Authorised)
    assert not later.needs_agent


# -- after it ----------------------------------------------------------------------------------------------------------


async def test_an_outcome_counts_once_and_sends_the_lead_on_by_its_rule(pool: Pool, opened: Opener) -> None:
    lead_id = await add_lead(pool, [number(1)])
    dialler = await opened("d")
    rules: dict[str, Recycle] = {Outcome.BUSY: Recycle(after_s=600.0, at_most=1)}
    leads = Leads(pool, DiallerName("d"))
    for n, expected in ((1, "waiting"), (2, "done")):
        (lead,) = await claimed(pool, "d")
        assert isinstance(await dialler.authorise(dial(lead, f"l-{n}"), LAW, NOW + 1000 * n), Authorised)
        assert await dialler.ended(AttemptId(f"l-{n}"), Outcome.BUSY, NOW + 1000 * n + 5, rules=rules)
        assert not await dialler.ended(AttemptId(f"l-{n}"), Outcome.ANSWERED, NOW + 1000 * n + 6, rules=rules)
        assert await state_of(pool, lead_id) == expected
        assert await leads.wake(FIRST, NOW + 1000 * n + 604) == 0
        assert await leads.wake(FIRST, NOW + 1000 * n + 605) == (n == 1)
    assert (await progress(pool, "first")).penetration == 1.0
    assert [row["outcome"] for row in await pool.fetch("SELECT outcome FROM attempt")] == ["busy", "busy"]


async def test_what_is_recorded_late_sends_the_lead_elsewhere_unless_she_was_called_since(
    pool: Pool, opened: Opener
) -> None:
    lead_id = await add_lead(pool, [number(1)])
    dialler = await opened("d")
    rules: dict[str, Recycle] = {"later": Recycle(after_s=600.0), Outcome.BUSY: Recycle(after_s=60.0, at_most=5)}

    async def ends(n: int, outcome: Outcome, disposition: str = "") -> str:
        await dialler.ended(
            AttemptId(f"l-{n}"), outcome, NOW + 1000 * n + 5, disposition=disposition, rules=rules, answered_at=None
        )
        return await state_of(pool, lead_id)

    (lead,) = await claimed(pool, "d")
    await dialler.authorise(dial(lead, "l-1"), LAW, NOW + 1000)
    assert await ends(1, Outcome.ANSWERED) == "done"
    assert await ends(1, Outcome.ANSWERED, "later") == "waiting"
    assert await pool.fetchval("SELECT next_at FROM lead") == time_of(NOW + 1605)
    assert await ends(1, Outcome.ANSWERED, "sold") == "done"
    assert await ends(1, Outcome.ANSWERED, "later") == "waiting"
    await Leads(pool, DiallerName("d")).wake(FIRST, NOW + 1700)
    (lead,) = await claimed(pool, "d")
    assert await ends(1, Outcome.ANSWERED, "sold") == "done", "and the dialler that has claimed her has her no more"
    assert isinstance(await dialler.authorise(dial(lead, "l-2"), LAW, NOW + 2000), NotOurs)
    assert await ends(1, Outcome.ANSWERED, "later") == "waiting"
    await Leads(pool, DiallerName("d")).wake(FIRST, NOW + 1800)
    (lead,) = await claimed(pool, "d")
    assert isinstance(await dialler.authorise(dial(lead, "l-2"), LAW, NOW + 2000), Authorised)
    assert await ends(1, Outcome.ANSWERED, "sold") == "claimed", "her next call decides"
    assert await ends(2, Outcome.BUSY) == "waiting"
    assert await ends(1, Outcome.ANSWERED, "sold") == "waiting"
    assert [row["outcome"] for row in await pool.fetch("SELECT outcome FROM attempt ORDER BY id")] == [
        "answered",
        "busy",
    ]
    assert await pool.fetchval("SELECT count(*) FROM receipt WHERE kind = 'outcome'") == 2


async def test_drops_are_counted_of_calls_that_a_person_answered(pool: Pool, opened: Opener) -> None:
    dialler = await opened("d")
    for n, outcome in enumerate([Outcome.ANSWERED, Outcome.DROPPED, Outcome.HUNG_UP, Outcome.MACHINE, Outcome.BUSY]):
        await add_lead(pool, [number(n)])
        (lead,) = await claimed(pool, "d")
        assert isinstance(await dialler.authorise(dial(lead, f"l-{n}"), LAW, NOW + n), Authorised)
        answered = NOW + n + 5 if n < 4 else None
        misjudged = 2 if n == 0 else 0
        await dialler.ended(AttemptId(f"l-{n}"), outcome, NOW + n + 9, answered_at=answered, misjudged=misjudged)
    (count, none) = await dialler.drops(CAMPAIGN, NOW + 100, [DAY_S, 10.0])
    assert (count.answered, count.dropped) == (3 + 2, 1 + 2), "who was taken for a machine was dropped"
    assert (none.answered, none.dropped) == (0, 0)


TAMPERING = (
    (
        "UPDATE attempt SET outcome = 'busy' WHERE id = 'l-1'",
        "ended as busy by the record, and its receipt says answered",
    ),
    ("DELETE FROM attempt WHERE id = 'l-1'", "attempt l-1 has a receipt, and is not on record any more"),
    (
        "INSERT INTO attempt (id, lead, number, campaign, dialler, began, ended, outcome)"
        " SELECT 'x', lead, number, campaign, dialler, began, ended, outcome FROM attempt WHERE id = 'l-1'",
        "attempt x is on record, and no receipt says that it was allowed",
    ),
    (
        "DELETE FROM receipt WHERE seq > 5;"
        " UPDATE receipt_chain SET (seq, hash) = (SELECT seq, hash FROM receipt WHERE seq = 5)",
        "ended as busy by the record, and no receipt says so",
    ),
    ("DELETE FROM receipt; DELETE FROM receipt_chain", "no receipt says that it was allowed"),
)


@pytest.mark.parametrize(("how", "told"), TAMPERING)
async def test_receipts_and_attempts_tell_of_the_same_calls(pool: Pool, opened: Opener, how: str, told: str) -> None:
    dialler = await opened("d")
    await keep(pool, LAW)
    for n, outcome in enumerate((Outcome.NO_ANSWER, Outcome.ANSWERED, Outcome.BUSY, None)):
        await add_lead(pool, [number(n)])
        (lead,) = await claimed(pool, "d")
        assert isinstance(await dialler.authorise(dial(lead, f"l-{n}"), LAW, NOW + n), Authorised)
        if outcome is not None:
            await dialler.ended(AttemptId(f"l-{n}"), outcome, NOW + n)
    [whole] = await proven(pool, CAMPAIGN, "")
    assert (whole.receipts, whole.flaws) == (7, ())
    assert await proven(pool, CAMPAIGN, whole.hash) == [whole]
    await pool.execute(f"ALTER TABLE receipt DISABLE TRIGGER ALL; {how}")
    [of_all] = await proven(pool, None)
    [proof] = await proven(pool, CAMPAIGN, whole.hash)
    for found in (of_all, proof):
        assert any(told in flaw.what for flaw in found.flaws), found.flaws
    if "receipt_chain" in how:
        assert any("cut off since" in flaw.what for flaw in proof.flaws)


# -- after a death -----------------------------------------------------------------------------------------------------


async def test_what_a_dead_dialler_left_is_settled_by_what_the_telephone_knows(pool: Pool, opened: Opener) -> None:
    lead_ids = [await add_lead(pool, [number(n)]) for n in range(6)]
    dead, alive = await opened("dead"), await opened("alive")
    for n, lead in enumerate(await claimed(pool, "dead", 5)):
        if n < 4:
            assert isinstance(await dead.authorise(dial(lead, f"l-{n}"), LAW, NOW + n), Authorised)
    switch = Switch(
        {
            "l-0": Found(fate=Fate.NEVER),
            "l-1": Found(fate=Fate.LIVE),
            "l-2": Found(fate=Fate.ENDED, outcome=Outcome.ANSWERED, at=NOW + 50, answered_at=NOW + 20),
        }
    )
    assert (await alive.recover(switch, NOW + 60)).diallers == []  # it is not dead
    await die(pool, dead)
    found = await alive.recover(switch, NOW + 60)
    assert found.diallers == ["dead"]
    assert found.settled == {"l-0": Outcome.VOID, "l-2": Outcome.ANSWERED, "l-3": Outcome.LOST}
    assert [one.id for one in found.adopted] == ["l-1"]
    states = [await state_of(pool, lead) for lead in lead_ids]
    assert states == ["ready", "claimed", "done", "waiting", "ready", "ready"]
    assert await pool.fetchval("SELECT attempts FROM lead WHERE id = $1", lead_ids[0]) == 0
    assert await alive.ended(AttemptId("l-1"), Outcome.BUSY, NOW + 70)
    assert (await alive.recover(switch, NOW + 80)).diallers == []
    assert [proof.flaws for proof in await verify(pool)] == [()]
    with pytest.raises(Exception, match="gone"):
        await dead.authorise(dial((await claimed(pool, "alive"))[0], "l-9"), LAW, NOW)


async def test_that_nothing_was_dialled_is_not_believed_while_a_request_may_be_on_its_way(
    pool: Pool, opened: Opener
) -> None:
    lead_id = await add_lead(pool, [number(1)])
    dead, alive = await opened("dead"), await opened("alive")
    (lead,) = await claimed(pool, "dead")
    assert isinstance(await dead.authorise(dial(lead, "l-1"), LAW, NOW), Authorised)
    await die(pool, dead)
    switch = Switch({"l-1": Found(fate=Fate.NEVER)})
    early = await alive.recover(switch, NOW + 1)
    assert ([one.id for one in early.waiting], early.diallers, early.settled) == (["l-1"], [], {})
    assert await state_of(pool, lead_id) == "claimed"
    late = await alive.recover(switch, NOW + 6)
    assert (late.waiting, late.diallers, late.settled) == ([], ["dead"], {"l-1": Outcome.VOID})
    assert await state_of(pool, lead_id) == "ready"


async def test_a_dialler_that_leaves_gives_its_leads_back(pool: Pool, dsn: str) -> None:
    await add_lead(pool, [number(1)])
    async with await Attempts.open(pool, dsn, DiallerName("d"), no_days_off):
        assert len(await claimed(pool, "d")) == 1
    assert (await progress(pool, "first")).states == {LeadState.READY: 1}
    assert await pool.fetchval("SELECT count(*) FROM dialler") == 0
