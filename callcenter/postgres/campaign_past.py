"""What campaigns brought in the past: by hour, and dial by dial for whoever tries a plan on it. Decides nothing."""

from dataclasses import dataclass

from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HourLine:
    """One local hour of the called people. `hour` is None for those of whom nobody knew where they were."""

    hour: int | None
    dials: int
    answered: int  # by a person
    dropped: int
    machines: int

    @property
    def contact_rate(self) -> float:
        """Calls that a person answered, by dials: 0..1."""
        return self.answered / self.dials if self.dials else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attempt that ended."""

    began: float  # UTC seconds
    live: bool
    after_s: float  # from dialling to the answer, or to whatever else it came to


async def by_hour(pool: Pool, campaign: str, since: float) -> tuple[HourLine, ...]:
    """The campaign's attempts by hour."""
    with asking():
        rows = await pool.fetch(sql("attempts.hours"), campaign, time_of(since))
    return tuple(HourLine(**dict(row)) for row in rows)


async def tried(pool: Pool, campaign: str, since: float) -> tuple[Tried, ...]:
    """Every attempt."""
    with asking():
        rows = await pool.fetch(sql("attempts.past"), campaign, time_of(since))
    return tuple(Tried(began=row["began"], live=row["live"], after_s=row["after_s"]) for row in rows)


async def talked(pool: Pool, queue: str, since: float) -> tuple[tuple[float, float], ...]:
    """Seconds of talk and of the wrap-up after it, of every talk in a queue."""
    with asking():
        rows = await pool.fetch(sql("attempts.past_talks"), queue, time_of(since))
    return tuple((row["talk_s"], row["wrap_up_s"]) for row in rows)
