"""Messages by interval and queue, out of the records. Knows queries; what a message is the core says."""

from dataclasses import dataclass
from typing import Final

from callcenter.postgres.pool import Pool
from callcenter.postgres.queries import sql
from callcenter.postgres.reports import intervals, line_of

HANDLED: Final = "mean time from when a message was left until nothing was left to be done, seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """Messages for one queue that were left in one interval."""

    starts: float
    queue: str
    left_messages: int
    done: int
    called_back: int
    settled: int
    empty: int
    standing: int
    hearings: int
    heard_s: float  # the time that agents listened
    until_done_s: float | None  # mean; None: nothing was done


class Voicemails:
    """Asks the records."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def lines(
        self, since: float, until: float, *, every_s: float, queue: str | None = None
    ) -> tuple[MessageLine, ...]:
        """Messages by interval of `every_s` seconds, counted from `since`, where they were left."""
        bounds = intervals(since, until, every_s)
        return tuple(line_of(MessageLine, r) for r in await self._pool.fetch(sql("reports.voicemails"), *bounds, queue))
