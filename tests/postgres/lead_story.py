"""Leads for tests: put into the database by hand, and packs of law that are always open."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from callcenter.model.calendar import Hours, OpenSpan
from callcenter.model.law import CallingHours, LawPack, Rule, Source
from callcenter.model.lead import AttemptId, CampaignName, Dial, Lead
from callcenter.postgres.pool import Connection, Pool

ZONES = "Asia/Ho_Chi_Minh"
OPEN = CallingHours(
    source="s",
    hours=Hours(spans=tuple(OpenSpan(weekday=day, start_min=0, end_min=1440) for day in range(7))),
)
CAMPAIGN = CampaignName("spring")
TEXT = "title: test\n"
DIGEST = sha256(TEXT.encode()).hexdigest()


def law(*rules: Rule, regions: tuple[str, ...] = ("VN",)) -> LawPack:
    """A pack with these rules."""
    return LawPack(
        name="test",
        title="test",
        version="1",
        rules=rules,
        sources={"s": Source(cite="Act", says="so", read="here")},
        regions=regions,
        digest=DIGEST,
        text=TEXT,
    )


def number(n: int) -> str:
    """The number of the n-th lead."""
    return f"+8490{n:07}"


def no_days_off(region: str, year: int, part: str) -> frozenset[str]:
    """Nobody has a day off."""
    return frozenset()


async def add_list(connection: Connection | Pool, name: str) -> None:
    """An empty list."""
    await connection.execute("INSERT INTO lead_list (name, region) VALUES ($1, 'VN') ON CONFLICT DO NOTHING", name)


async def add_lead(
    connection: Connection | Pool,
    numbers: Sequence[str],
    *,
    list_: str = "first",
    priority: int = 0,
    zones: str = ZONES,
    custom: str = "{}",
) -> int:
    """A lead with these numbers."""
    await add_list(connection, list_)
    lead = await connection.fetchval(
        "INSERT INTO lead (list, priority, zones, custom) VALUES ($1, $2, $3, $4) RETURNING id",
        list_,
        priority,
        zones,
        custom,
    )
    for n, one in enumerate(numbers, 1):
        await connection.execute(
            "INSERT INTO lead_number (lead, n, number, region, line) VALUES ($1, $2, $3, 'VN', 'mobile')", lead, n, one
        )
    assert isinstance(lead, int)
    return lead


def dial(lead: Lead, id_: str, *, of: int = 0, **other: object) -> Dial:
    """A call to one number of a lead."""
    return Dial(id=AttemptId(id_), lead=lead, number=lead.numbers[of], campaign=CAMPAIGN, **other)  # type: ignore[arg-type]


async def add_attempts(pool: Pool, outcomes: Mapping[str, str], campaign: str = "spring") -> None:
    """Attempts on record, by id with their outcomes, each of a lead of her own."""
    for n, (attempt, outcome) in enumerate(outcomes.items()):
        lead = await add_lead(pool, [])
        await pool.execute(
            "INSERT INTO attempt (id, lead, number, campaign, dialler, began, ended, outcome)"
            " VALUES ($1, $2, $3, $4, 'd', now(), now(), $5)",
            attempt,
            lead,
            number(n),
            campaign,
            outcome,
        )
