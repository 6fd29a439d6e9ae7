"""Supervision and dispositions, as they stand and as they were, over the API. Acts are in `commands`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from callcenter.model.rights import Area
from callcenter.model.view import CenterView, MonitorView
from callcenter.postgres.dispositions import SHARE, MissingLine, OutcomeLine, missing, outcomes
from callcenter.postgres.supervised import Heard, Steered, heard, steered
from callcenter.web.api.commands import Name
from callcenter.web.api.past import Period, covered_queue
from callcenter.web.api.problems import Refusal
from callcenter.web.api.public import Public
from callcenter.web.api.route import Asked, Route, agent_of, reading

MONITOR: Final = Public(MonitorView, "MonitorNow", hidden=("id",))
HEARD: Final = Public(Heard, "HeardTalk", times=("began",))
STEERED: Final = Public(Steered, "SteeredCall", times=("at",))
OUTCOME: Final = Public(OutcomeLine, "OutcomeCount")
MISSING: Final = Public(MissingLine, "MissingDisposition", times=("talk_ended",))

Limit = Annotated[int, Field(ge=1, le=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorsNow:
    """The supervisors who are on the line."""

    items: list[MONITOR.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionReport:
    """Who heard which talk as what and for how long, and who meddled with waiting calls; the first `limit` of each."""

    heard: list[HEARD.shape]  # type: ignore[name-defined]
    steered: list[STEERED.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionReport:
    """What agents recorded of their talks."""

    items: list[OUTCOME.shape]  # type: ignore[name-defined]
    formula: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingReport:
    """The talks of which something is missing, in order; the first `limit`."""

    items: list[MISSING.shape]  # type: ignore[name-defined]


class SupervisionQuery(Period):
    """By whom, and of whom."""

    supervisor: Name | None = None
    agent: Name | None = None
    limit: Limit = 1_000


class DispositionsQuery(Period):
    """Of one queue, of one agent."""

    queue: Name | None = None
    agent: Name | None = None


class MissingQuery(DispositionsQuery):
    """And how many."""

    limit: Limit = 1_000


async def _now(asked: Asked) -> MonitorsNow:
    view = asked.parts.center.view()
    return MonitorsNow(items=[MONITOR.of(one) for one in view.monitors if _hers(asked, view, one)])


def _hers(asked: Asked, view: CenterView, monitor: MonitorView) -> bool:
    """Her own, or of an agent of her teams. That somebody hears her, nobody is told here."""
    agent = agent_of(view, monitor.agent)
    own = asked.rights.agent is not None and monitor.supervisor == asked.rights.agent
    return own or (agent is not None and asked.rights.covers(None, agent.team))


async def _report(asked: Asked) -> SupervisionReport:
    query, pool, hers = asked.query_as(SupervisionQuery), asked.parts.pool, asked.rights.agent
    if asked.rights.limited and (hers is None or query.supervisor != hers):
        raise Refusal(403, "this is of the whole center: a limited token may ask of its owner's own acts")
    bounds, of = query.bounds(asked.parts.now()), query.supervisor
    was_heard = await heard(pool, *bounds, supervisor=of, agent=query.agent, limit=query.limit)
    was_steered = await steered(pool, *bounds, supervisor=of, limit=query.limit) if query.agent is None else ()
    return SupervisionReport(
        heard=[HEARD.of(one) for one in was_heard], steered=[STEERED.of(one) for one in was_steered]
    )


async def _outcomes(asked: Asked) -> DispositionReport:
    query = asked.query_as(DispositionsQuery)
    bounds, queue = query.bounds(asked.parts.now()), covered_queue(asked, query.queue)
    found = await outcomes(asked.parts.pool, *bounds, queue=queue, agent=query.agent)
    return DispositionReport(items=[OUTCOME.of(one) for one in found], formula=f"share = {SHARE}")


async def _missing(asked: Asked) -> MissingReport:
    query = asked.query_as(MissingQuery)
    bounds, queue = query.bounds(asked.parts.now()), covered_queue(asked, query.queue)
    found = await missing(asked.parts.pool, *bounds, queue=queue, agent=query.agent, limit=query.limit)
    return MissingReport(items=[MISSING.of(one) for one in found])


S: Final = Area.SUPERVISION
R: Final = Area.REPORTS
ROUTES: Final[Sequence[Route]] = (
    reading("supervision list", "/supervision", S, "The supervisors who are on the line.", MonitorsNow, _now),
    reading(
        "supervision report",
        "/supervision/report",
        S,
        "Who heard which talk, and who meddled with waiting calls.",
        SupervisionReport,
        _report,
        SupervisionQuery,
    ),
    reading(
        "reports dispositions",
        "/reports/dispositions",
        R,
        "What agents recorded of their talks.",
        DispositionReport,
        _outcomes,
        DispositionsQuery,
    ),
    reading(
        "reports missing dispositions",
        "/reports/dispositions/missing",
        R,
        "The talks of which something is missing.",
        MissingReport,
        _missing,
        MissingQuery,
    ),
)
