"""What the API shows of the past: calls, recordings, reports, the audit. Knows records; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field

from callcenter.model.contact import EndReason
from callcenter.model.ids import AgentId, QueueName
from callcenter.model.rights import Area
from callcenter.postgres.audit import Entry
from callcenter.postgres.pages import CallsWanted
from callcenter.postgres.reports import (
    INTERVAL_MIN_S,
    INTERVALS_MAX,
    AgentLine,
    CallbackLine,
    CallLine,
    QueueLine,
    RecordingLine,
    Summary,
    WaitLine,
)
from callcenter.postgres.surveys import FORMULAS, SurveyLine, Surveys, SurveysBy
from callcenter.postgres.voicemails import HANDLED, MessageLine, Voicemails
from callcenter.web.api.commands import Name
from callcenter.web.api.problems import Refusal, Wrong
from callcenter.web.api.public import Moment, Public, seconds_of
from callcenter.web.api.route import (
    CURSOR,
    CURSOR_CHARS_MAX,
    QUERY,
    Asked,
    Route,
    covered_queues,
    covers,
    cursor_after,
    not_found,
    place_of,
    reading,
)

DAY_S: Final = 86_400.0
PAGE: Final = 100

RECORDING_OF_CALL: Final = Public(RecordingLine, "RecordingOfCall", hidden=("path",))
CALL: Final = Public(
    CallLine,
    "Call",
    times=("began", "ended"),
    also={
        "recordings": (list[RECORDING_OF_CALL.shape], lambda found: [RECORDING_OF_CALL.of(one) for one in found])  # type: ignore[name-defined]
    },
)
ACT: Final = Public(Entry, "Act", times=("at",))
QUEUE_LINE: Final = Public(QueueLine, "QueueInterval", times=("starts",))
AGENT_LINE: Final = Public(AgentLine, "AgentInterval", times=("starts",))
WAIT_LINE: Final = Public(WaitLine, "WaitInterval", times=("starts",))
CALLBACK_LINE: Final = Public(CallbackLine, "CallbackInterval", times=("starts",))
MESSAGE_LINE: Final = Public(MessageLine, "MessageInterval", times=("starts",))
SUMMARY: Final = Public(
    Summary, "Summary", also={"end_reasons": (dict[str, int], dict), "formulas": (dict[str, str], dict)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """Calls, newest first. `next` is the cursor of the page after this, null on the last."""

    items: list[CALL.shape]  # type: ignore[name-defined]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """Acts, newest first."""

    items: list[ACT.shape]  # type: ignore[name-defined]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReport:
    """Queues by interval."""

    items: list[QUEUE_LINE.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """Agents by interval."""

    items: list[AGENT_LINE.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitReport:
    """Predicted and true waits by interval."""

    items: list[WAIT_LINE.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackReport:
    """Callbacks by the interval in which they were promised."""

    items: list[CALLBACK_LINE.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """Messages by the interval in which they were left."""

    items: list[MESSAGE_LINE.shape]  # type: ignore[name-defined]
    formula: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered:
    """One question of a survey; `times` is answer -> how often."""

    question: str
    answers: int
    mean: float | None
    times: dict[str, int]
    comments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered:
    """One survey of one queue or agent (`of`), or all of it ("")."""

    survey: str
    of: str
    offered: int
    answered: int
    share: float | None
    questions: list[QuestionAnswered]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyReport:
    """What callers said of the talks."""

    items: list[SurveyAnswered]
    formulas: dict[str, str]


class Period(BaseModel):
    """From `since` (included; a day before `until`) to `until` (not included; now)."""

    model_config = QUERY

    since: Moment | None = None
    until: Moment | None = None

    def bounds(self, now: float) -> tuple[float, float]:
        """UTC seconds; of no length, if that is asked for. Raises Refusal if it would end before it begins."""
        until = now if self.until is None else seconds_of(self.until)
        since = until - DAY_S if self.since is None else seconds_of(self.since)
        if since > until:
            wrong = Wrong(detail="before since", parameter="until")
            raise Refusal(422, "the time asked for ends before it begins", errors=[wrong])
        return since, until


class PageQuery(Period):
    """A page of a list."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = PAGE
    cursor: Annotated[str, Field(max_length=CURSOR_CHARS_MAX, pattern=CURSOR)] | None = None


class CallsQuery(PageQuery):
    """Which calls."""

    queue: Name | None = None
    agent: Name | None = None
    caller: Name | None = None
    end_reason: EndReason | None = None


class AuditQuery(PageQuery):
    """Which acts."""

    who: Name | None = None
    act: Name | None = None


class ReportQuery(Period):
    """A report by interval."""

    every_s: Annotated[float, Field(ge=INTERVAL_MIN_S, le=366 * DAY_S)] = 1800.0

    def intervals(self, now: float) -> tuple[float, float]:
        """The bounds. Raises Refusal if there would be too many intervals."""
        since, until = self.bounds(now)
        if (until - since) / self.every_s > INTERVALS_MAX:
            wrong = Wrong(detail=f"more than {INTERVALS_MAX} intervals", parameter="every_s")
            raise Refusal(422, "the report would be too long", errors=[wrong])
        return since, until


class QueueReportQuery(ReportQuery):
    """Of one queue, or of all."""

    queue: Name | None = None


class SurveyQuery(Period):
    """Summed up by what, and of whom."""

    by: SurveysBy = SurveysBy.SURVEY
    queue: Name | None = None
    agent: Name | None = None


class AgentReportQuery(ReportQuery):
    """Of one agent, or of all."""

    agent: Name | None = None


class SummaryQuery(Period):
    """Of one queue, or of all."""

    queue: Name | None = None


async def _calls(asked: Asked) -> CallPage:
    query = asked.query_as(CallsQuery)
    bounds, place = query.bounds(asked.parts.now()), place_of(query.cursor)
    wanted = CallsWanted(
        queues=covered_queues(asked.rights),
        teams=asked.rights.teams,
        hers=asked.rights.agent,
        queue=query.queue,
        agent=query.agent,
        caller=query.caller,
        end_reason=query.end_reason,
    )
    after = None if place is None else (place.at, place.id)
    found = await asked.parts.pages.calls(*bounds, wanted, after=after, limit=query.limit)
    full = len(found) == query.limit
    return CallPage(
        items=[CALL.of(one) for one in found],
        next=cursor_after(round(found[-1].began * 1e6), found[-1].contact) if full else None,
    )


async def _call(asked: Asked) -> object:
    wanted = asked.subjects["contact"]
    found = await asked.parts.pages.call(wanted)
    view = asked.parts.center.view()
    if found is None or not covers(asked.rights, view, _name(found.queue), _id(found.agent)):
        raise not_found(f"there is no call {wanted}")
    return CALL.of(found)


def _name(queue: str | None) -> QueueName | None:
    return None if queue is None else QueueName(queue)


def _id(agent: str | None) -> AgentId | None:
    return None if agent is None else AgentId(agent)


async def _audit(asked: Asked) -> ActPage:
    query = asked.query_as(AuditQuery)
    if asked.rights.limited:
        raise Refusal(403, "the audit is of the whole center, and this token is limited to some of it")
    place = place_of(query.cursor)
    before = None if place is None else place.at
    found = await asked.parts.audit.entries(
        *query.bounds(asked.parts.now()), who=query.who, act=query.act, before=before, limit=query.limit
    )
    full = len(found) == query.limit
    return ActPage(items=[ACT.of(one) for one in found], next=cursor_after(found[-1].id, "") if full else None)


def covered_queue(asked: Asked, queue: str | None) -> str | None:
    """The queue a report is of. Raises Refusal if it is beyond the token; a token for one queue means that one."""
    queues = covered_queues(asked.rights)
    if queues is None or queue in queues:
        return queue
    if queue is None and len(queues) == 1:
        return queues[0]
    raise Refusal(403, f"this token is limited: ask for one of its queues ({', '.join(queues)})")


async def _summary(asked: Asked) -> object:
    query = asked.query_as(SummaryQuery)
    bounds = query.bounds(asked.parts.now())
    return SUMMARY.of(await asked.parts.reports.summary(*bounds, queue=covered_queue(asked, query.queue)))


async def _queue_report(asked: Asked) -> QueueReport:
    query = asked.query_as(QueueReportQuery)
    bounds, queue = query.intervals(asked.parts.now()), covered_queue(asked, query.queue)
    found = await asked.parts.reports.queues(*bounds, every_s=query.every_s, queue=queue)
    return QueueReport(items=[QUEUE_LINE.of(one) for one in found])


async def _wait_report(asked: Asked) -> WaitReport:
    query = asked.query_as(QueueReportQuery)
    bounds, queue = query.intervals(asked.parts.now()), covered_queue(asked, query.queue)
    found = await asked.parts.reports.waits(*bounds, every_s=query.every_s, queue=queue)
    return WaitReport(items=[WAIT_LINE.of(one) for one in found])


async def _callback_report(asked: Asked) -> CallbackReport:
    query = asked.query_as(QueueReportQuery)
    bounds, queue = query.intervals(asked.parts.now()), covered_queue(asked, query.queue)
    found = await asked.parts.reports.callbacks(*bounds, every_s=query.every_s, queue=queue)
    return CallbackReport(items=[CALLBACK_LINE.of(one) for one in found])


async def _message_report(asked: Asked) -> MessageReport:
    query = asked.query_as(QueueReportQuery)
    bounds, queue = query.intervals(asked.parts.now()), covered_queue(asked, query.queue)
    found = await Voicemails(asked.parts.pool).lines(*bounds, every_s=query.every_s, queue=queue)
    return MessageReport(items=[MESSAGE_LINE.of(one) for one in found], formula=f"until_done_s = {HANDLED}")


async def _survey_report(asked: Asked) -> SurveyReport:
    query = asked.query_as(SurveyQuery)
    bounds, queue = query.bounds(asked.parts.now()), covered_queue(asked, query.queue)
    found = await Surveys(asked.parts.pool).lines(*bounds, by=query.by, queue=queue, agent=query.agent)
    return SurveyReport(items=[_survey(one) for one in found], formulas=dict(FORMULAS))


def _survey(line: SurveyLine) -> SurveyAnswered:
    return SurveyAnswered(
        survey=line.survey,
        of=line.of,
        offered=line.offered,
        answered=line.answered,
        share=line.share,
        questions=[
            QuestionAnswered(
                question=one.question,
                answers=one.answers,
                mean=one.mean,
                times={str(answer): times for answer, times in sorted(one.times.items())},
                comments=one.comments,
            )
            for one in line.questions.values()
        ],
    )


async def _agent_report(asked: Asked) -> AgentReport:
    query = asked.query_as(AgentReportQuery)
    if asked.rights.limited:
        raise Refusal(403, "this report is of all agents, and this token is limited to some")
    found = await asked.parts.reports.agents(
        *query.intervals(asked.parts.now()), every_s=query.every_s, agent=query.agent
    )
    return AgentReport(items=[AGENT_LINE.of(one) for one in found])


R: Final = Area.REPORTS
ROUTES: Final[Sequence[Route]] = (
    reading("calls list", "/calls", Area.CALLS, "Calls of a time, newest first.", CallPage, _calls, CallsQuery),
    reading("calls show", "/calls/{contact}", Area.CALLS, "One call, over or not.", CALL.shape, _call),
    reading("audit list", "/audit", Area.AUDIT, "Who asked what of the center.", ActPage, _audit, AuditQuery),
    reading("reports summary", "/reports/summary", R, "A time in one line.", SUMMARY.shape, _summary, SummaryQuery),
    reading("reports queues", "/reports/queues", R, "By interval.", QueueReport, _queue_report, QueueReportQuery),
    reading("reports waits", "/reports/waits", R, "Forecasts of waits.", WaitReport, _wait_report, QueueReportQuery),
    reading(
        "reports callbacks", "/reports/callbacks", R, "Callbacks.", CallbackReport, _callback_report, QueueReportQuery
    ),
    reading("reports messages", "/reports/messages", R, "Messages.", MessageReport, _message_report, QueueReportQuery),
    reading("reports surveys", "/reports/surveys", R, "What callers said.", SurveyReport, _survey_report, SurveyQuery),
    reading("reports agents", "/reports/agents", R, "By interval.", AgentReport, _agent_report, AgentReportQuery),
)
