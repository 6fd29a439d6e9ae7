"""What callers said in surveys: by survey, queue or agent, and of one contact. Knows sums and means; no screen.

Bounds are UTC seconds, the lower one included and the upper one not: offers count by when the caller was led into the
survey, answers by when they were given. A mean or share of nothing is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import asyncpg

from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

FORMULAS: Final[Mapping[str, str]] = {
    "mean": "sum of answers / number of answers",
    "answered": "contacts that answered a question at least / contacts that were led into the survey",
}


class SurveysBy(StrEnum):
    """What the answers are summed up by, besides the survey."""

    SURVEY = "survey"
    QUEUE = "queue"
    AGENT = "agent"


@dataclass(slots=True, kw_only=True)
class QuestionLine:
    """One question; `times` is answer -> how often."""

    question: str
    times: dict[int, int] = field(default_factory=dict)
    comments: int = 0

    @property
    def answers(self) -> int:
        """How often it was answered by a key."""
        return sum(self.times.values())

    @property
    def mean(self) -> float | None:
        """Of the answers."""
        return sum(answer * times for answer, times in self.times.items()) / self.answers if self.answers else None


@dataclass(slots=True, kw_only=True)
class SurveyLine:
    """One survey of one queue or agent (`of`), or all of it ("")."""

    survey: str
    of: str
    offered: int = 0
    answered: int = 0
    questions: dict[str, QuestionLine] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Of those who were asked, who answered anything."""
        return self.answered / self.offered if self.offered else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """One question that a contact answered, by a key or by a recorded comment."""

    survey: str
    question: str
    answer: int | None
    comment: str | None


class Surveys:
    """Questions about answers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def lines(
        self,
        since: float,
        until: float,
        *,
        by: SurveysBy = SurveysBy.SURVEY,
        queue: str | None = None,
        agent: str | None = None,
    ) -> tuple[SurveyLine, ...]:
        """All that was offered and answered, sorted by survey and by what it is summed up by."""
        with asking():
            bounds = (time_of(since), time_of(until))
            offers = await self._pool.fetch(sql("surveys.offers"), *bounds, queue, agent)
            answers = await self._pool.fetch(sql("surveys.answers"), *bounds, queue, agent)
        found: dict[tuple[str, str], SurveyLine] = {}

        def line(row: asyncpg.Record) -> SurveyLine:
            survey, of = row["survey"], "" if by is SurveysBy.SURVEY else row[by.value]
            return found.setdefault((survey, of), SurveyLine(survey=survey, of=of))

        for row in offers:
            mine = line(row)
            mine.offered += row["offered"]
            mine.answered += row["answered"]
        for row in answers:
            questions = line(row).questions
            question = questions.setdefault(row["question"], QuestionLine(question=row["question"]))
            if row["answer"] is None:
                question.comments += row["times"]
            else:
                question.times[row["answer"]] = question.times.get(row["answer"], 0) + row["times"]
        return tuple(found[key] for key in sorted(found))

    async def of_contact(self, contact: str) -> tuple[AnswerLine, ...]:
        """What one contact answered, in order."""
        with asking():
            rows = await self._pool.fetch(sql("surveys.of_contact"), contact)
        return tuple(AnswerLine(**dict(row)) for row in rows)
