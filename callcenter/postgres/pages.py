"""Pages of calls and recordings for the API, newest first, each beginning where the one before ended. Knows no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from callcenter.model.contact import EndReason
from callcenter.model.sealed import Step
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of
from callcenter.postgres.reports import CallLine, call_line

PAGE_MAX: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """One recording. `problem` is None until the file was looked at, and "" if nothing is wrong with it."""

    id: str
    contact: str
    kind: str | None
    agent: str | None
    mailbox: str | None
    started: float
    expected_s: float | None
    seconds: float | None
    channels: int | None
    problem: str | None
    queue: str | None
    team: str | None  # of its agent
    step: Step | None  # how far its file is put away; None: not begun
    codec: str
    sealed: bool
    sha256: str  # of the file as it is kept
    size: int
    held: bool
    held_by: str
    hold_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingsWanted:
    """Which recordings. `queues` or `teams`: within these limits; None: any."""

    queues: Sequence[str] | None = None
    teams: Sequence[str] = ()
    contact: str | None = None
    agent: str | None = None
    queue: str | None = None
    held: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsWanted:
    """Which calls. `queues`, `teams` or those that agent `hers` had: within these limits; None: any."""

    queues: Sequence[str] | None = None
    teams: Sequence[str] = ()
    hers: str | None = None
    queue: str | None = None
    agent: str | None = None
    caller: str | None = None
    end_reason: EndReason | None = None


class Pages:
    """Questions to the records, a page at a time. `after` is (UTC microseconds, id) of the last of the page before."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def calls(
        self, since: float, until: float, wanted: CallsWanted, *, after: tuple[int, str] | None, limit: int
    ) -> tuple[CallLine, ...]:
        """Calls that began between two times (UTC seconds), newest first."""
        with asking():
            records = await self._pool.fetch(
                sql("api.calls"),
                time_of(since),
                time_of(until),
                None if wanted.queues is None else list(wanted.queues),
                wanted.agent,
                wanted.caller,
                wanted.end_reason,
                *_place(after),
                min(limit, PAGE_MAX),
                list(wanted.teams),
                wanted.hers,
                wanted.queue,
            )
        return tuple(call_line(record) for record in records)

    async def recordings(
        self,
        since: float,
        until: float,
        wanted: RecordingsWanted,
        *,
        after: tuple[int, str] | None,
        limit: int,
    ) -> tuple[RecordingRow, ...]:
        """Recordings that began between two times (UTC seconds), newest first."""
        with asking():
            records = await self._pool.fetch(
                sql("api.recordings"),
                time_of(since),
                time_of(until),
                None if wanted.queues is None else list(wanted.queues),
                list(wanted.teams),
                wanted.contact,
                wanted.agent,
                wanted.queue,
                wanted.held,
                *_place(after),
                min(limit, PAGE_MAX),
            )
        return tuple(_recording(record) for record in records)

    async def recording(self, recording: str) -> RecordingRow | None:
        """One recording; None if there is none."""
        with asking():
            record = await self._pool.fetchrow(sql("api.recording"), recording)
        return None if record is None else _recording(record)

    async def message(self, contact: str) -> tuple[str, str] | None:
        """The recording of a message, and the queue that it is for; None if there is no such message."""
        with asking():
            record = await self._pool.fetchrow(sql("api.message"), contact)
        return None if record is None or record["recording"] is None else (record["recording"], record["queue"])

    async def call(self, contact: str) -> CallLine | None:
        """One call; None if there is none."""
        with asking():
            record = await self._pool.fetchrow(sql("api.call"), contact)
        return None if record is None else call_line(record)


def _recording(record: asyncpg.Record) -> RecordingRow:
    step = None if record["step"] is None else Step(record["step"])
    return RecordingRow(**{**dict(record), "started": record["started"].timestamp(), "step": step})


def _place(after: tuple[int, str] | None) -> tuple[datetime | None, str | None]:
    return (None, None) if after is None else (_EPOCH + timedelta(microseconds=after[0]), after[1])
