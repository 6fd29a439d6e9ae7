"""One person over the API: what is kept of her given out, or erased, as runs with their report. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from callcenter.model.rights import Area
from callcenter.postgres.privacy import Report
from callcenter.web.api.commands import STRICT, TELEPHONE
from callcenter.web.api.route import Asked, Route, reading, whole, writing
from callcenter.web.api.runs import Run, RunNow, head_of

Row = dict[str, Any]  # a row of a table as JSON, whatever its columns are


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Rows that were touched, by table; what was left, and why; what stays on purpose; what was given out before."""

    rows: dict[str, int]
    left: list[str]
    kept: dict[str, int]
    copies: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRun(RunNow):
    """A request of one person. `tables` is what an export found, `erased` the report of each erasure."""

    tables: dict[str, list[Row]] | None = None
    erased: list[Erased] | None = None


class OfWhom(BaseModel):
    """Her number: with its country code, or as it is dialled here."""

    model_config = STRICT

    number: Annotated[str, Field(min_length=3, max_length=64, pattern=TELEPHONE)]


class Erase(OfWhom):
    """`dry_run`: change nothing, and say what would be touched."""

    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    tables: dict[str, list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reports:
    erased: list[Erased]


async def _export(asked: Asked) -> PrivacyRun:
    whole(asked)
    erasing, number = asked.parts.erasing, asked.body_as(OfWhom).number
    await erasing.check(number)

    async def work(_: Run) -> _Found:
        return _Found(tables=await erasing.export(number))

    return _shown(asked.parts.runs.begin("privacy export", "", asked.bearer, work))


async def _erase(asked: Asked) -> PrivacyRun:
    whole(asked)
    parts, wish, by = asked.parts, asked.body_as(Erase), asked.by
    await parts.erasing.check(wish.number)

    async def work(_: Run) -> _Reports:
        report = await parts.erasing.erase(wish.number, by, dry=wish.dry_run)
        if not wish.dry_run and parts.desk is not None:
            await parts.desk.customers_changed()
        return _Reports(erased=[_report(report)])

    return _shown(parts.runs.begin("privacy erase", "dry run" if wish.dry_run else "", asked.bearer, work))


async def _again(asked: Asked) -> PrivacyRun:
    whole(asked)
    erasing, by = asked.parts.erasing, asked.by

    async def work(_: Run) -> _Reports:
        return _Reports(erased=[_report(one) for one in await erasing.again(by)])

    return _shown(asked.parts.runs.begin("privacy again", "", asked.bearer, work))


async def _run(asked: Asked) -> PrivacyRun:
    return _shown(asked.parts.runs.of(asked.subjects["run"], asked.bearer))


def _report(report: Report) -> Erased:
    return Erased(rows=report.rows, left=report.left, kept=report.kept, copies=report.copies)


def _shown(run: Run) -> PrivacyRun:
    return PrivacyRun(
        **head_of(run),
        tables=run.result.tables if isinstance(run.result, _Found) else None,
        erased=run.result.erased if isinstance(run.result, _Reports) else None,
    )


A: Final = Area.PRIVACY
ROUTES: Final[Sequence[Route]] = (
    writing(
        "privacy export",
        "/privacy/export",
        A,
        "Give out everything that is kept of a person.",
        PrivacyRun,
        _export,
        OfWhom,
        status=202,
    ),
    writing(
        "privacy erase",
        "/privacy/erase",
        A,
        "Erase a person: rows, journal, recordings.",
        PrivacyRun,
        _erase,
        Erase,
        status=202,
    ),
    writing(
        "privacy again",
        "/privacy/again",
        A,
        "Erase anew whoever was erased before and is here again.",
        PrivacyRun,
        _again,
        status=202,
    ),
    reading("privacy run", "/privacy/runs/{run}", A, "What came of it.", PrivacyRun, _run),
)
