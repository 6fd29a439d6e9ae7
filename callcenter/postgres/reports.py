"""Reports: calls, queues and agents by interval, and the summary. Knows which questions may be asked; no screen.

The formulas are those of `sql/README.md`; they are computed in one place, the functions of the database, and each
report carries the text of those it used. Bounds are UTC seconds, the lower one included and the upper one not. Lengths
are seconds; a share or mean of nothing is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.contact import Direction, EndReason, Medium
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql, sql_ordered
from callcenter.postgres.records import time_of

FORMULAS: Final[Mapping[str, str]] = {
    "service_level": "visits answered within the queue's threshold / (visits answered + visits abandoned)",
    "asa": "mean wait of answered visits, seconds",
    "aht": "mean of talk + wrap-up over talks, seconds",
    "held": (
        "share of waits no longer than predicted on coming in (right: p50 50 %, p90 90 %); "
        "who gave up counts until then (Kaplan and Meier)"
    ),
    "error": "mean of |waited - p50| over those served, seconds; bias: of waited - p50",
    "kept_in_time": "callbacks kept, or rung back, within what was promised / (callbacks settled - cancelled)",
    "occupancy": "(on contact + wrap-up) / (ready + offered + on contact + wrap-up)",
}

CALLS_MAX: Final = 10_000
OFFSET_MAX: Final = 1_000_000
INTERVAL_MIN_S: Final = 60.0
INTERVAL_S: Final = 1800.0
INTERVALS_MAX: Final = 20_000

# What a person may sort by -> SQL. Every order ends in something unique, so that pages do not overlap.
CALL_ORDERS: Final[Mapping[str, str]] = {
    "began": "cdr.began, cdr.id",
    "-began": "cdr.began DESC, cdr.id DESC",
    "wait": "cdr.wait_s, cdr.began, cdr.id",
    "-wait": "cdr.wait_s DESC, cdr.began, cdr.id",
    "talk": "cdr.talk_s, cdr.began, cdr.id",
    "-talk": "cdr.talk_s DESC, cdr.began, cdr.id",
    "queue": "cdr.queue NULLS LAST, cdr.began, cdr.id",
    "agent": "cdr.agent NULLS LAST, cdr.began, cdr.id",
    "caller": "left(cdr.caller, 40), cdr.began, cdr.id",
}
QUEUE_ORDERS: Final[Mapping[str, str]] = {
    "start": "starts, queue",
    "queue": "queue, starts",
    "service_level": "service_level NULLS LAST, starts, queue",
    "-abandoned": "abandoned DESC, starts, queue",
    "-asa": "asa_s DESC NULLS LAST, starts, queue",
}
WAIT_ORDERS: Final[Mapping[str, str]] = {
    "start": "starts, queue",
    "queue": "queue, starts",
    "-error": "error_s DESC NULLS LAST, starts, queue",
    "p90": "p90_held NULLS LAST, starts, queue",
}
AGENT_ORDERS: Final[Mapping[str, str]] = {
    "start": "starts, agent",
    "agent": "agent, starts",
    "-handled": "handled DESC, starts, agent",
    "-occupancy": "occupancy DESC NULLS LAST, starts, agent",
    "-missed": "missed DESC, starts, agent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLine:
    """One recording of a call. `problem` is None until the file was looked at."""

    recording: str
    kind: str | None
    agent: str | None = None
    path: str | None = None
    expected_s: float | None = None
    seconds: float | None = None
    channels: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One contact; `ended` and `end_reason` are None while it runs."""

    contact: str
    medium: Medium
    direction: Direction
    caller: str
    caller_name: str
    dialled: str
    began: float
    ended: float | None
    end_reason: EndReason | None
    flow_s: float
    wait_s: float
    talk_s: float
    forward_s: float
    queue: str | None
    agent: str | None
    why: str
    offers: int
    missed: int
    language: str
    recordings: tuple[RecordingLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One queue in one interval."""

    starts: float
    queue: str
    offered: int
    answered: int
    abandoned: int
    other_exits: int
    answered_in_time: int
    abandoned_in_time: int
    answered_wait_s: float
    longest_wait_s: float
    handled: int
    talk_s: float
    wrap_up_s: float
    service_level: float | None
    asa_s: float | None
    aht_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitLine:
    """The forecasts of one queue in one interval, and what came true."""

    starts: float
    queue: str
    predicted: int  # callers for whom a wait was predicted on coming in, and whose wait is over
    served: int
    gave_up: int
    let_go: int  # sent on by the queue
    p50_s: float | None  # mean
    p90_s: float | None
    waited_s: float | None  # mean of those served
    p50_held: float | None
    p90_held: float | None
    error_s: float | None
    bias_s: float | None
    announced: int  # how often a wait was spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackLine:
    """Callbacks of one queue that were promised in one interval."""

    starts: float
    queue: str
    promised: int
    kept: int
    rang_back: int
    hung_up: int
    no_answer: int
    expired: int
    refused: int
    cancelled: int
    ended: int
    standing: int
    in_time: int
    attempts: int
    kept_in_time: float | None
    until_kept_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """One agent in one interval."""

    starts: float
    agent: str
    name: str
    logged_in_s: float
    ready_s: float
    offered_s: float
    on_contact_s: float
    wrap_up_s: float
    paused_s: float
    not_ready_s: float
    offers: int
    accepted: int
    missed: int
    handled: int
    talk_s: float
    occupancy: float | None
    aht_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything between two times, or all of one queue."""

    contacts: int
    end_reasons: Mapping[str, int]  # "" for those still running; most frequent first
    offered: int  # visits to queues, from here on
    answered: int
    abandoned: int
    other_exits: int
    answered_in_time: int
    abandoned_in_time: int
    handled: int
    talk_s: float
    wrap_up_s: float
    longest_wait_s: float
    service_level: float | None
    asa_s: float | None
    aht_s: float | None
    formulas: Mapping[str, str] = field(default_factory=lambda: FORMULAS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which contacts. None: any. Contacts without a customer (an agent's feature code) only when asked for."""

    queue: str | None = None
    agent: str | None = None
    caller: str | None = None
    medium: Medium | None = None
    end_reason: EndReason | None = None
    internal: bool = False


EVERY_CALL: Final = CallFilter()


class Reports:
    """Questions to the records. What cannot be asked is a ConfigurationError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def calls(
        self,
        since: float,
        until: float,
        only: CallFilter = EVERY_CALL,
        *,
        order: str = "began",
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[CallLine, ...]:
        """Contacts that began in the time given, with their recordings."""
        by = _order(CALL_ORDERS, order)
        _within("limit", limit, 1, CALLS_MAX)
        _within("offset", offset, 0, OFFSET_MAX)
        with asking():
            records = await self._pool.fetch(
                sql_ordered("reports.calls", by),
                time_of(since),
                time_of(until),
                only.queue,
                only.agent,
                only.caller,
                only.medium,
                only.end_reason,
                only.internal,
                limit,
                offset,
            )
        return tuple(call_line(record) for record in records)

    async def call(self, contact: str) -> Mapping[str, Any] | None:
        """All that the view `cdr` says of one contact, as JSON values; None if there is none."""
        with asking():
            text = await self._pool.fetchval(sql("reports.call"), contact)
        return None if text is None else _OBJECT.decode(text)

    async def queues(
        self, since: float, until: float, *, every_s: float = INTERVAL_S, queue: str | None = None, order: str = "start"
    ) -> tuple[QueueLine, ...]:
        """Queues by interval of `every_s` seconds, counted from `since`."""
        by = _order(QUEUE_ORDERS, order)
        bounds = intervals(since, until, every_s)
        return tuple(
            line_of(QueueLine, r) for r in await self._pool.fetch(sql_ordered("reports.queues", by), *bounds, queue)
        )

    async def callbacks(
        self, since: float, until: float, *, every_s: float = INTERVAL_S, queue: str | None = None
    ) -> tuple[CallbackLine, ...]:
        """Callbacks by interval of `every_s` seconds, counted from `since`, where they were promised."""
        bounds = intervals(since, until, every_s)
        return tuple(line_of(CallbackLine, r) for r in await self._pool.fetch(sql("reports.callbacks"), *bounds, queue))

    async def agents(
        self, since: float, until: float, *, every_s: float = INTERVAL_S, agent: str | None = None, order: str = "start"
    ) -> tuple[AgentLine, ...]:
        """Agents by interval of `every_s` seconds, counted from `since`."""
        by = _order(AGENT_ORDERS, order)
        bounds = intervals(since, until, every_s)
        return tuple(
            line_of(AgentLine, r) for r in await self._pool.fetch(sql_ordered("reports.agents", by), *bounds, agent)
        )

    async def waits(
        self, since: float, until: float, *, every_s: float = INTERVAL_S, queue: str | None = None, order: str = "start"
    ) -> tuple[WaitLine, ...]:
        """Predicted and true waits by interval of `every_s` seconds, counted from `since`."""
        by = _order(WAIT_ORDERS, order)
        bounds = intervals(since, until, every_s)
        return tuple(
            line_of(WaitLine, r) for r in await self._pool.fetch(sql_ordered("reports.waits", by), *bounds, queue)
        )

    async def summary(self, since: float, until: float, *, queue: str | None = None) -> Summary:
        """Service level, ASA, AHT and what they are made of."""
        _within("the time between the bounds", until - since, 1e-6, float("inf"))
        with asking():
            bounds = (time_of(since), time_of(until))
            record = await self._pool.fetch(sql("reports.summary"), *bounds, queue)
            reasons = await self._pool.fetch(sql("reports.end_reasons"), *bounds, queue)
        return Summary(end_reasons={r["end_reason"]: r["contacts"] for r in reasons}, **dict(record[0]))


Line = TypeVar("Line")

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_RECORDINGS = msgspec.json.Decoder(tuple[RecordingLine, ...])


def line_of(kind: type[Line], record: asyncpg.Record) -> Line:
    """One row of a report by interval."""
    values = dict(record)
    values["starts"] = record["starts"].timestamp()
    return kind(**values)


def call_line(record: asyncpg.Record) -> CallLine:
    """One row of the queries that give calls."""
    values = dict(record)
    recordings = values.pop("recordings")
    ended, reason = values["ended"], values["end_reason"]
    values |= {
        "medium": Medium(values["medium"]),
        "direction": Direction(values["direction"]),
        "began": values["began"].timestamp(),
        "ended": None if ended is None else ended.timestamp(),
        "end_reason": None if reason is None else EndReason(reason),
    }
    return CallLine(
        contact=values.pop("id"),
        recordings=() if recordings is None else _RECORDINGS.decode(recordings),
        **values,
    )


def intervals(since: float, until: float, every_s: float) -> tuple[object, ...]:
    """The bounds of a report by interval, as its query takes them. Raises ConfigurationError for what is too much."""
    _within("the interval", every_s, INTERVAL_MIN_S, float("inf"))
    _within("the number of intervals", (until - since) / every_s, 1e-9, INTERVALS_MAX)
    with asking():
        return time_of(since), time_of(until), timedelta(seconds=every_s), time_of(since)


def _order(allowed: Mapping[str, str], asked: str) -> str:
    found = allowed.get(asked)
    if found is None:
        problem = Problem(where="sort", what=f"cannot sort by {asked!r}", remedy=f"one of {', '.join(allowed)}")
        raise ConfigurationError([problem])
    return found


def _within(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        problem = Problem(where="report", what=f"{what} is {value:g}", remedy=f"from {least:g} to {most:g}")
        raise ConfigurationError([problem])
