"""Callbacks under the law, with the database: judged, written before the dial, counted by campaigns, settled once."""

from collections.abc import Sequence

from callcenter.core.receipts import read_body
from callcenter.model.callback_messages import CallbackJudged, JudgeCallback, SettleCallback
from callcenter.model.ids import ContactId, LegId, QueueName
from callcenter.model.law import DAY_S, AttemptLimit, Invitation, LawPack, RegisterRule
from callcenter.model.lead import DiallerName, LeadNumber, Outcome
from callcenter.postgres import callback_dials
from callcenter.postgres.attempts import Attempts, Authorised, NotOurs
from callcenter.postgres.do_not_call import DoNotCall
from callcenter.postgres.leads import Leads
from callcenter.postgres.pool import Pool
from callcenter.postgres.receipts import verify
from callcenter.runtime.clock import SystemClock
from tests.postgres.lead_story import OPEN, ZONES, add_lead, dial, law, no_days_off, number
from tests.postgres.test_attempts import FIRST, GROUP, NOW
from tests.postgres.test_dialler import Desk, desk

HERE = "0900000007"
NUMBER = number(7)
ONCE = AttemptLimit(source="s", at_most=1, within_s=DAY_S)
REGISTER = RegisterRule(source="s", register="vn_do_not_call", age_max_days=7)
HOUR_S = 3_600.0


def asks(leg: str, *, first_look: bool = False, invited: Invitation | None = None) -> JudgeCallback:
    return JudgeCallback(
        contact=ContactId("c-1"),
        leg=LegId(leg),
        queue=QueueName("sales"),
        number=HERE,
        law=("test",),
        caller_id="02873001234",
        ring_s=30.0,
        agent_ready=True,
        invited=invited,
        first_look=first_look,
    )


async def judged(pool: Pool, asked: JudgeCallback, packs: Sequence[LawPack], at: float = NOW) -> CallbackJudged:
    told = LeadNumber(n=1, number=NUMBER, region="VN", line="mobile")
    return await callback_dials.judge(pool, no_days_off, asked, told, (ZONES,), packs, at)


def settled(leg: str, outcome: Outcome, at: float = NOW + 20.0, answered_at: float | None = None) -> SettleCallback:
    return SettleCallback(
        contact=ContactId("c-1"),
        queue=QueueName("sales"),
        attempt=LegId(leg),
        outcome=outcome,
        at=at,
        answered_at=answered_at,
    )


async def test_a_callback_has_its_receipts_in_a_chain_of_its_queue(pool: Pool) -> None:
    asked = Invitation(at=NOW - HOUR_S, own_number=True)
    packs = [law(OPEN, REGISTER)]
    assert (await judged(pool, asks("l-1", first_look=True), packs)).allowed is False  # no register is loaded
    assert (await judged(pool, asks("l-2", first_look=True, invited=asked), packs)).allowed
    assert (await judged(pool, asks("l-3", invited=asked), packs)).allowed
    assert await callback_dials.ended(pool, settled("l-3", Outcome.ANSWERED, answered_at=NOW + 9.0))
    assert not await callback_dials.ended(pool, settled("l-3", Outcome.VOID))
    assert not await callback_dials.ended(pool, settled("l-2", Outcome.VOID))  # a first look writes no attempt
    bodies = [read_body(row["body"]) for row in await pool.fetch("SELECT body FROM receipt ORDER BY seq")]
    assert [(one.kind, one.attempt) for one in bodies] == [("refusal", ""), ("dial", "l-3"), ("outcome", "l-3")]
    assert (bodies[1].campaign, bodies[1].invited, bodies[1].zones) == ("callbacks.sales", asked, (ZONES,))
    assert (bodies[2].outcome, bodies[2].by_a_person) == (Outcome.ANSWERED, True)
    [proof] = await verify(pool)
    assert (proof.chain, proof.receipts, proof.flaws) == ("callbacks.sales", 3, ())


async def test_callbacks_and_campaigns_count_each_others_calls_and_never_ring_her_at_once(pool: Pool, dsn: str) -> None:
    await add_lead(pool, [NUMBER])
    packs = [law(OPEN, ONCE)]
    async with await Attempts.open(pool, dsn, DiallerName("d"), no_days_off) as dialler:
        (lead,) = await Leads(pool, DiallerName("d")).claim(FIRST, 1, zones=GROUP)
        assert (await judged(pool, asks("l-1"), packs)).allowed
        ringing = await dialler.authorise(dial(lead, "a-1"), packs, NOW + 1.0)
        assert isinstance(ringing, NotOurs)
        await callback_dials.ended(pool, settled("l-1", Outcome.FAILED))  # it came to no phone, and is no call
        assert isinstance(await dialler.authorise(dial(lead, "a-2"), packs, NOW + 30.0), Authorised)
        meanwhile = await judged(pool, asks("l-2"), packs, NOW + 31.0)
        assert (meanwhile.allowed, meanwhile.next_at) == (False, NOW + 31.0 + callback_dials.BUSY_RETRY_S)
        await dialler.ended(*("a-2", Outcome.NO_ANSWER, NOW + 40.0))  # type: ignore[arg-type]
        refused = await judged(pool, asks("l-3"), packs, NOW + 60.0)
        assert (refused.allowed, refused.next_at) == (False, NOW + 30.0 + DAY_S)
        own = Invitation(at=NOW + 50.0, own_number=True)  # she saw that we had called, and rang
        assert (await judged(pool, asks("l-4", invited=own), packs, NOW + 60.0)).allowed
        await callback_dials.ended(pool, settled("l-4", Outcome.NO_ANSWER, NOW + 90.0))
        again = await judged(pool, asks("l-5", invited=own), packs, NOW + 400.0)
        assert (again.allowed, again.next_at) == (False, NOW + 60.0 + DAY_S)


async def test_our_own_list_stands_unless_she_asked_later_and_from_that_number(pool: Pool) -> None:
    now = SystemClock().now()
    await DoNotCall(pool).revoke(NUMBER, now, "pressed the key")
    packs = [law(OPEN)]
    for invited, allowed in (
        (None, False),
        (Invitation(at=now + HOUR_S), False),
        (Invitation(at=now - HOUR_S, own_number=True), False),
        (Invitation(at=now + HOUR_S, own_number=True), True),
    ):
        said = await judged(pool, asks("l", first_look=True, invited=invited), packs, now + 2 * HOUR_S)
        assert (said.allowed, said.for_good) == (allowed, not allowed), invited


async def test_she_may_be_where_a_list_says_that_she_is(pool: Pool) -> None:
    await add_lead(pool, [NUMBER, number(8)], zones="Asia/Tokyo Asia/Ho_Chi_Minh")
    await add_lead(pool, [NUMBER], list_="second", zones="Europe/London")
    assert (await judged(pool, asks("l-1"), [law(OPEN)])).allowed
    body = read_body(await pool.fetchval("SELECT body FROM receipt"))
    assert body.zones == ("Asia/Ho_Chi_Minh", "Asia/Tokyo", "Europe/London")


async def test_what_nobody_settles_is_lost_and_counts(pool: Pool) -> None:
    packs = [law(OPEN, ONCE)]
    assert (await judged(pool, asks("l-1"), packs)).allowed
    assert await callback_dials.clear(pool, NOW + callback_dials.LOST_AFTER_S) == 0
    assert await callback_dials.clear(pool, NOW + callback_dials.LOST_AFTER_S + 1.0) == 1
    assert await pool.fetchval("SELECT outcome FROM callback_dial") == "lost"
    assert not (await judged(pool, asks("l-2"), packs, NOW + HOUR_S)).allowed


async def test_the_dialler_judges_by_what_the_number_tells_and_settles(pool: Pool, dsn: str) -> None:
    async with desk(pool, dsn, "run") as one:
        one.dialler.begin(asks("l-1"))
        said = await one.next(CallbackJudged)
        assert isinstance(said, CallbackJudged)
        assert (said.leg, said.allowed) == ("l-1", True), said
        one.dialler.begin(settled("l-1", Outcome.BUSY))
        assert await one.dialler.emptied(20.0)
    row = await pool.fetchrow("SELECT number, outcome FROM callback_dial")
    assert row is not None
    assert (row["number"], row["outcome"]) == (NUMBER, "busy")


async def test_without_a_registered_dialler_nobody_judges(pool: Pool, dsn: str) -> None:
    one = Desk(pool, dsn, "run", lambda leg: False)
    one.dialler.begin(asks("l-1"))
    said = await one.next(CallbackJudged)
    assert isinstance(said, CallbackJudged)
    assert (said.allowed, said.unjudged) == (False, True)
