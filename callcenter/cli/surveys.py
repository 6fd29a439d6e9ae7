"""`callcenter report surveys`: what callers said of the talks, out of Postgres. Computes nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, cell, clock, emit, say, share, show, show_grid, stamp
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import Since, Until, period

if TYPE_CHECKING:
    from callcenter.postgres.surveys import QuestionLine, SurveyLine, SurveysBy

HEADS: Final = (
    "survey!",
    "of!",
    "asked>",
    "answered>",
    "question!",
    "answers>",
    "mean>",
    "how often each",
    "comments>",
)

By = Annotated[str, typer.Option("--by", metavar="WHAT", help="survey, queue or agent.")]


def surveys(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    by: By = "survey",
    queue: Annotated[str | None, typer.Option("--queue", help="Only this queue.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only this agent.")] = None,
    json: Json = False,
) -> None:
    """What callers answered: mean and distribution of each question, and how many of those who were asked answered."""
    from callcenter.postgres.surveys import FORMULAS

    bounds = period(since, until)
    lines = asyncio.run(_asked(site_of(context), bounds, _by(by), queue, agent))
    if json:
        span = {"since": stamp(bounds[0]), "until": stamp(bounds[1])}
        emit({**span, "by": by, "surveys": [_document(line) for line in lines], "formulas": dict(FORMULAS)})
        return
    say(f"from {clock(bounds[0])} to {clock(bounds[1])}, local time")
    show_grid(HEADS, [row for line in lines for row in _rows(line)], empty="nobody was asked how it was")
    for name, formula in FORMULAS.items():
        show(cell(f"{name} = {formula}", "dim"))


def _by(by: str) -> "SurveysBy":
    from callcenter.postgres.surveys import SurveysBy

    try:
        return SurveysBy(by)
    except ValueError:
        raise Failure(Exit.USAGE, f"cannot sum up by {by!r}: one of {', '.join(SurveysBy)}") from None


async def _asked(
    site: Site, bounds: tuple[float, float], by: "SurveysBy", queue: str | None, agent: str | None
) -> tuple["SurveyLine", ...]:
    from callcenter.postgres.surveys import Surveys

    async with site.database() as pool:
        return await Surveys(pool).lines(*bounds, by=by, queue=queue, agent=agent)


def _rows(line: "SurveyLine") -> list[tuple[object, ...]]:
    """One row for each question; the first one says of whom."""
    about = (line.survey, line.of or "all", line.offered, share(line.share))
    questions = [_question(one) for one in line.questions.values()] or [("", "", "", "", "")]
    return [(*(about if at == 0 else ("", "", "", "")), *one) for at, one in enumerate(questions)]


def _question(line: "QuestionLine") -> tuple[object, ...]:
    often = "  ".join(f"{answer}: {times}" for answer, times in sorted(line.times.items()))
    mean = "" if line.mean is None else f"{line.mean:.2f}"
    return line.question, line.answers, mean, often, line.comments or ""


def _document(line: "SurveyLine") -> dict[str, object]:
    return {
        "survey": line.survey,
        "of": line.of,
        "offered": line.offered,
        "answered": line.answered,
        "share": line.share,
        "questions": [
            {
                "question": one.question,
                "answers": one.answers,
                "mean": one.mean,
                "times": {str(answer): times for answer, times in sorted(one.times.items())},
                "comments": one.comments,
            }
            for one in line.questions.values()
        ],
    }
