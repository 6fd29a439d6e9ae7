"""The audit: who asked what of the center, when, and what came of it. Knows one table; judges nobody.

For every part that lets somebody act: `async with audit.act(...)` around the deed. The row is there before the deed is
done, so what a kill leaves behind is an act whose outcome is not known, never one that nobody knows of. Contents
(notes, passwords, numbers of cards) do not belong here: `told` has names only.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import asyncpg
import structlog

from callcenter.errors import PeerFault
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

TEXT_MAX: Final = 400
PAGE_MAX: Final = 1_000

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What came of an act."""

    DONE = "done"
    REFUSED = "refused"  # nothing was changed
    FAILED = "failed"  # something of ours or outside went wrong: it may have been done


class Act:
    """An act under way. It is done, unless somebody says otherwise."""

    __slots__ = ("detail", "outcome")

    def __init__(self) -> None:
        self.outcome = Outcome.DONE
        self.detail = ""

    def refused(self, why: str) -> None:
        """Nothing was changed."""
        self.outcome, self.detail = Outcome.REFUSED, why

    def failed(self, why: str) -> None:
        """Nobody can say whether it was done."""
        self.outcome, self.detail = Outcome.FAILED, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. `outcome` is None if the center went away before it was known."""

    id: int
    at: float  # UTC seconds
    who: str
    via: str
    act: str
    subject: str
    told: str
    outcome: Outcome | None
    detail: str


class Audit:
    """All acts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def act(self, who: str, via: str, act: str, subject: str = "", told: str = "") -> AsyncIterator[Act]:
        """Around a deed: it is written down before, and its outcome after; an exception is a failure.

        Raises PeerUnavailable before anything is done if Postgres does not answer: what cannot be written down does not
        happen. An outcome that cannot be written stays unknown, and is logged.
        """
        with asking():
            number: int = await self._pool.fetchval(
                sql("access.begin_act"), _short(who), _short(via), _short(act), _short(subject), _short(told)
            )
        under_way = Act()
        try:
            yield under_way
        except BaseException as error:
            if under_way.outcome is Outcome.DONE:
                under_way.failed(type(error).__name__)
            raise
        finally:
            await self._end(number, under_way)

    async def _end(self, number: int, act: Act) -> None:
        try:
            with asking():
                await self._pool.execute(sql("access.end_act"), number, act.outcome.value, _short(act.detail))
        except PeerFault as fault:
            log.error("the outcome of an act could not be written", act=number, outcome=act.outcome, fault=str(fault))

    async def entries(
        self,
        since: float,
        until: float,
        *,
        who: str | None = None,
        act: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[Entry, ...]:
        """Acts between two times (UTC seconds), newest first; `before` is the id from which a page goes on."""
        with asking():
            records = await self._pool.fetch(
                sql("access.audit"), time_of(since), time_of(until), who, act, before, min(limit, PAGE_MAX)
            )
        return tuple(_entry(record) for record in records)


def _short(text: str) -> str:
    return text.replace("\0", "")[:TEXT_MAX]


def _entry(record: asyncpg.Record) -> Entry:
    return Entry(
        id=record["id"],
        at=record["at_s"],
        who=record["who"],
        via=record["via"],
        act=record["act"],
        subject=record["subject"],
        told=record["told"],
        outcome=None if record["outcome"] is None else Outcome(record["outcome"]),
        detail=record["detail"],
    )
