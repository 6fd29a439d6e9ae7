"""Who heard which talk, and who meddled with waiting calls, out of the records. Knows two tables; judges nobody."""

from dataclasses import dataclass

from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """For so many seconds a supervisor was this (listening, whispering, barged) to an agent's talk."""

    began: float  # UTC seconds
    supervisor: str
    agent: str
    state: str
    seconds: float
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """Somebody did this, in words, to a call that waited."""

    at: float  # UTC seconds
    contact: str
    queue: str
    what: str
    by: str


async def heard(
    pool: Pool, since: float, until: float, *, supervisor: str | None, agent: str | None, limit: int
) -> tuple[Heard, ...]:
    """What was heard between two times (UTC seconds), in order."""
    with asking():
        rows = await pool.fetch(sql("supervision.heard"), time_of(since), time_of(until), supervisor, agent, limit)
    return tuple(Heard(**dict(row)) for row in rows)


async def steered(pool: Pool, since: float, until: float, *, supervisor: str | None, limit: int) -> tuple[Steered, ...]:
    """Who meddled between two times (UTC seconds), in order."""
    with asking():
        rows = await pool.fetch(sql("supervision.steered"), time_of(since), time_of(until), supervisor, limit)
    return tuple(Steered(**dict(row)) for row in rows)
