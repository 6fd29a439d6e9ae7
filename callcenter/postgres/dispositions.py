"""What agents recorded of their talks, summed up, and the talks of which something is missing. Knows queries only."""

from dataclasses import dataclass
from typing import Final

from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

SHARE: Final = "talks with this outcome / talks of this agent in this queue; a talk counts where it was recorded first"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeLine:
    """How often an agent recorded an outcome in a queue. `share` is SHARE."""

    queue: str
    agent: str
    code: str
    label: str
    talks: int
    share: float
    changed: int  # of them recorded more than once
    callbacks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingLine:
    """A talk that ended without what its queue requires, and of which nothing was recorded since."""

    call: str
    queue: str
    agent: str
    tree: str
    caller: str | None
    talk_ended: float  # UTC seconds


async def outcomes(
    pool: Pool, since: float, until: float, *, queue: str | None, agent: str | None
) -> tuple[OutcomeLine, ...]:
    """What was recorded first between two times (UTC seconds), by queue, agent and outcome."""
    with asking():
        rows = await pool.fetch(sql("dispositions.sums"), time_of(since), time_of(until), queue, agent)
    return tuple(OutcomeLine(**dict(row)) for row in rows)


async def missing(
    pool: Pool, since: float, until: float, *, queue: str | None, agent: str | None, limit: int
) -> tuple[MissingLine, ...]:
    """Of talks that ended between two times (UTC seconds)."""
    with asking():
        rows = await pool.fetch(sql("dispositions.missing"), time_of(since), time_of(until), queue, agent, limit)
    return tuple(MissingLine(**dict(row)) for row in rows)
