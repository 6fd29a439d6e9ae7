"""A person with several numbers: the next that may be called is, in order; she waits when none may, and no longer."""

from dataclasses import dataclass, field, replace
from random import Random

import pytest

from callcenter.core.campaign_pace import next_number
from callcenter.model.campaign import Recycle
from callcenter.model.law import DAY_S, AttemptLimit, Counted, LawPack
from callcenter.model.lead import AttemptId, DiallerName, Lead, LeadState, ListOfLeads, Outcome
from callcenter.postgres.attempts import Attempts, Authorised, Refused
from callcenter.postgres.leads import Leads
from callcenter.postgres.pool import Pool
from callcenter.postgres.receipts import verify
from tests.examples import examples
from tests.postgres.lead_story import CAMPAIGN, OPEN, ZONES, add_lead, dial, law, no_days_off, number

NOW = 1_796_000_000.0
HOUR = 3600.0
AGAIN = {"busy": Recycle(after_s=600.0, at_most=999)}
STEPS = 14


@dataclass(slots=True, kw_only=True)
class Known:
    """What somebody with a list of all calls would say: a second account, by other means."""

    numbers: list[str]
    per_number: AttemptLimit
    per_lead: AttemptLimit | None
    calls: list[tuple[str, float]] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    due: float = 0.0

    @property
    def living(self) -> list[str]:
        return [one for one in self.numbers if one not in self.dead]

    def free_at(self, one: str, now: float) -> float:
        """From when on a number may be called."""
        hers = [at for called, at in self.calls if called in self.numbers]
        times = [_free(self.per_number, [at for called, at in self.calls if called == one], now)]
        if self.per_lead is not None:
            times.append(_free(self.per_lead, hers, now))
        return max(times)

    def may_now(self, now: float) -> list[str]:
        """Those that may be called, in the order in which numbers are tried."""
        order = sorted(self.living, key=lambda one: self.tried.get(one, 0))
        return [one for one in order if self.free_at(one, now) <= now]


def _free(rule: AttemptLimit, calls: list[float], now: float) -> float:
    within = sorted(at for at in calls if at + rule.within_s > now)
    return now if len(within) < rule.at_most else within[-rule.at_most] + rule.within_s


class Walk:
    """One lead, hour by hour, and a stranger whose list has one of her numbers as well."""

    def __init__(self, pool: Pool, dialler: Attempts, random: Random, seed: int) -> None:
        self.pool, self.dialler, self.random, self.seed = pool, dialler, random, seed
        self.list = ListOfLeads(f"walk {seed}")
        numbers = [number(seed * 10 + n) for n in range(random.randint(1, 4))]
        per_number = AttemptLimit(source="s", at_most=random.randint(1, 2), within_s=random.choice((HOUR, 24 * HOUR)))
        per_lead = AttemptLimit(
            source="s", at_most=random.randint(1, 4), within_s=random.choice((6 * HOUR, 48 * HOUR)), of=Counted.LEAD
        )
        self.known = Known(numbers=numbers, per_number=per_number, per_lead=per_lead if random.random() < 0.6 else None)
        rules = [rule for rule in (per_number, self.known.per_lead) if rule is not None]
        self.packs: list[LawPack] = [law(OPEN, *rules)]
        self.leads = Leads(pool, dialler.name)
        self.now, self.refused, self.dials, self.lead = NOW, 0, 0, 0

    async def begins(self) -> None:
        self.lead = await add_lead(self.pool, self.known.numbers, list_=self.list)

    async def step(self) -> None:
        """Some time goes by, or exactly as much as she waits; who may be called is."""
        waits = await self.waits_until()
        exactly = waits is not None and waits > self.now and self.random.random() < 0.5
        self.now = waits if waits is not None and exactly else self.now + self.random.choice((60.0, 900.0, 5 * HOUR))
        if self.random.random() < 0.2:
            await self.stranger_is_called()
        await self.leads.wake(self.list, self.now)
        may = self.known.may_now(self.now)
        found = await self.leads.claim(self.list, 1, zones=((ZONES,),), at=self.now)
        if not found:
            assert self.now < self.known.due or not may, f"she waits, and {may} may be called"
            return
        assert self.now >= self.known.due
        await self.tried(found[0], may)

    async def tried(self, lead: Lead, may: list[str]) -> None:
        asked: list[str] = []
        while True:
            one = next_number(lead)
            assert one.number not in asked, "it was refused a moment ago"
            asked.append(one.number)
            attempt = f"l-{self.seed}-{self.dials}-{len(asked)}"
            call = dial(replace(lead, numbers=(one,)), attempt)
            decision = await self.dialler.authorise(call, self.packs, self.now)
            if isinstance(decision, Authorised):
                assert one.number == may[0]
                await self.called(attempt, one.number)
                return
            assert isinstance(decision, Refused)
            assert one.number not in may
            self.refused += 1
            if not decision.left:
                break
            assert await self.state() is LeadState.CLAIMED
            lead = replace(lead, numbers=decision.left)
        assert not may, f"nobody was called, and {may} may be"
        assert await self.state() is LeadState.WAITING
        assert await self.waits_until() == min(self.known.free_at(one, self.now) for one in self.known.living)

    async def called(self, attempt: str, number: str) -> None:
        self.dials += 1
        outcome = self.random.choices((Outcome.BUSY, Outcome.VOID, Outcome.INVALID), (8, 1, 1))[0]
        if outcome is Outcome.INVALID and len(self.known.living) == 1:
            outcome = Outcome.BUSY
        self.known.due = self.now
        if outcome is not Outcome.VOID:
            self.known.calls.append((number, self.now))
            self.known.tried[number] = self.known.tried.get(number, 0) + 1
        if outcome is Outcome.BUSY:
            self.known.due = self.now + 600.0
        if outcome is Outcome.INVALID:
            self.known.dead.add(number)
        ended = await self.dialler.ended(AttemptId(attempt), outcome, self.now, rules=AGAIN, attempts_max=999)
        assert ended

    async def stranger_is_called(self) -> None:
        """Another list has one of her numbers: its calls count."""
        one = self.random.choice(self.known.numbers)
        self.known.calls.append((one, self.now))
        other = await add_lead(self.pool, [one], list_=f"other {self.seed}")
        await self.pool.execute(
            "INSERT INTO attempt (id, lead, number, campaign, dialler, began, ended, outcome)"
            " VALUES ($1, $2, $3, 'other', 'd', to_timestamp($4), to_timestamp($4), 'busy')",
            f"o-{self.seed}-{other}",
            other,
            one,
            self.now,
        )

    async def state(self) -> LeadState:
        return LeadState(await self.pool.fetchval("SELECT state FROM lead WHERE id = $1", self.lead))

    async def waits_until(self) -> float | None:
        found = await self.pool.fetchval(
            "SELECT extract(epoch FROM next_at)::double precision FROM lead WHERE id = $1", self.lead
        )
        return None if found is None else float(found)


@pytest.mark.parametrize("first", range(0, examples(50, few=10), 10))
async def test_whoever_may_be_called_is_on_the_first_number_that_may_and_who_may_not_waits_until_she_may(
    dsn: str, pool: Pool, first: int
) -> None:
    async with await Attempts.open(pool, dsn, DiallerName("d"), no_days_off) as dialler:
        refused = dials = 0
        for seed in range(first, first + 10):
            walk = Walk(pool, dialler, Random(seed), seed)
            await walk.begins()
            for _ in range(STEPS):
                await walk.step()
            refused, dials = refused + walk.refused, dials + walk.dials
        assert dials > 40
        assert refused > 5
        told = await pool.fetch("SELECT kind, count(*) AS n FROM receipt WHERE chain = $1 GROUP BY kind", CAMPAIGN)
        assert {row["kind"]: row["n"] for row in told} == {"dial": dials, "refusal": refused, "outcome": dials}
        assert all(not proof.flaws for proof in await verify(pool))


async def test_what_no_time_heals_is_asked_about_once_for_each_number_and_not_again_and_again(
    dsn: str, pool: Pool
) -> None:
    async with await Attempts.open(pool, dsn, DiallerName("d"), no_days_off) as dialler:
        lead_id = await add_lead(pool, [number(1), number(2), number(3)])
        leads = Leads(pool, dialler.name)
        [lead] = await leads.claim(ListOfLeads("first"), 1, zones=((ZONES,),), at=NOW)
        for n, left in ((1, 2), (2, 1), (3, 0)):
            call = dial(lead, f"l-{n}")
            refused = await dialler.authorise(call, [law(OPEN)], NOW + n, against=("VN is not allowed",))
            assert isinstance(refused, Refused)
            assert [one.number for one in refused.left] == [number(m) for m in range(n + 1, 4)]
            assert len(refused.left) == left
            lead = replace(lead, numbers=refused.left)
        rested = await pool.fetchval("SELECT extract(epoch FROM next_at)::float FROM lead WHERE id = $1", lead_id)
        assert rested == NOW + 1 + DAY_S, "until the first may be asked about again"
        assert await leads.wake(ListOfLeads("first"), NOW + DAY_S) == 0


async def test_who_is_given_back_with_all_numbers_at_rest_is_claimed_with_them_and_not_lost(
    dsn: str, pool: Pool
) -> None:
    lead_id = await add_lead(pool, [number(1), number(2)])
    leads = Leads(pool, DiallerName("d"))

    async def numbers(at: float) -> list[str]:
        [lead] = await leads.claim(ListOfLeads("first"), 1, zones=((ZONES,),), at=at)
        await leads.release()
        return [one.number for one in lead.numbers]

    rests = "UPDATE lead_number SET rests_until = to_timestamp($1) WHERE n = ANY($2::int[]) AND lead = $3"
    await pool.execute(rests, NOW + HOUR, [1], lead_id)
    assert await numbers(NOW) == [number(2)], "the one that rests is left out"
    assert await numbers(NOW + HOUR) == [number(1), number(2)]
    await pool.execute(rests, NOW + HOUR, [1, 2], lead_id)
    assert await numbers(NOW) == [number(1), number(2)]
