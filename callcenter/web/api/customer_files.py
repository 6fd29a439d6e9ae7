"""Files of customers over the API: imported row by row, and given out. Knows routes and shapes; no row's meaning."""

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import BaseModel, Field

from callcenter.customers import importing
from callcenter.customers.exporting import export
from callcenter.customers.importing import Result, RowProblem
from callcenter.customers.reading import open_csv
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.rights import Area
from callcenter.web.api.encodings import Encoding
from callcenter.web.api.given import CSV, Given, written
from callcenter.web.api.route import QUERY, Asked, Route, giving, reading, whole, writing
from callcenter.web.api.runs import Run, RunNow, head_of
from callcenter.web.api.upload import discard, keep

ERRORS_MAX: Final = 10_000  # rows that are told of one import; the counts have them all
MapParameter = Annotated[
    str,
    Field(
        max_length=400,
        pattern=r"^[^\x00-\x1f\x7f=,]+=[^=,\x00-\x1f\x7f]+(,[^=,\x00-\x1f\x7f]+=[^=,\x00-\x1f\x7f]+)*$",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What came of it, or (`dry_run`) would. Rows with an error were left out; `errors` has the first 10,000."""

    dry_run: bool
    rows: int
    added: int
    changed: int
    refused: int
    not_to_be_called: int
    plain_numbers: int
    errors: list[RowProblem]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRun(RunNow):
    """An import that was begun. `done` counts bytes of the file."""

    result: ImportResult | None = None


class ImportQuery(BaseModel):
    """How the file is read. `map`: COLUMN=NAME,COLUMN=NAME for columns of other names; NAME - passes one over."""

    model_config = QUERY

    dry_run: bool = False
    map: MapParameter | None = None
    encoding: Encoding | None = None
    delimiter: Annotated[str, Field(pattern=r"^[,;|\t]$")] | None = None


async def _export(asked: Asked) -> Given:
    whole(asked)
    customers, fields = asked.parts.customers, asked.parts.rules().customers.fields
    return await written("customers", lambda out: export(customers, fields, out, lambda _: None))


def mapping_of(said: str | None) -> dict[str, str]:
    """What columns are, from COLUMN=NAME,COLUMN=NAME."""
    pairs = (one.partition("=") for one in (said or "").split(",") if one)
    return {column: name for column, _, name in pairs}


def without_place(error: ConfigurationError, path: Path) -> ConfigurationError:
    """Where a file of ours lies is nobody's business: it is called `file`."""
    problems = [
        Problem(where=one.where.replace(str(path), "file"), what=one.what, remedy=one.remedy) for one in error.problems
    ]
    return type(error)(problems)


async def _import(asked: Asked) -> CustomerRun:
    whole(asked)
    query, parts, path = asked.query_as(ImportQuery), asked.parts, cast(Path, asked.upload)
    rules = parts.rules()
    try:
        opened = await asyncio.to_thread(open_csv, path, encoding=query.encoding or "", delimiter=query.delimiter or "")
        importing.plan(opened, mapping_of(query.map), rules.customers.fields, rules.numbering)
    except ConfigurationError as error:
        raise without_place(error, path) from error
    kept = await asyncio.to_thread(keep, path)

    async def work(run: Run) -> ImportResult:
        try:
            again = await asyncio.to_thread(
                functools.partial(open_csv, kept, encoding=opened.encoding, delimiter=opened.delimiter)
            )
            planned = importing.plan(again, mapping_of(query.map), rules.customers.fields, rules.numbering)
            errors: list[RowProblem] = []

            def refuse(problem: RowProblem) -> None:
                if len(errors) < ERRORS_MAX:
                    errors.append(problem)

            found = await importing.run(
                parts.pool, planned, dry=query.dry_run, source="import", refuse=refuse, progress=run.counts
            )
        finally:
            await asyncio.to_thread(discard, kept)
        if not query.dry_run and parts.desk is not None:
            await parts.desk.customers_changed()
        return _result(found, errors, dry=query.dry_run)

    return _shown(parts.runs.begin("customers import", "", asked.bearer, work))


def _result(found: Result, errors: list[RowProblem], *, dry: bool) -> ImportResult:
    return ImportResult(
        dry_run=dry,
        rows=found.rows,
        added=found.added,
        changed=found.changed,
        refused=found.refused,
        not_to_be_called=found.not_to_be_called,
        plain_numbers=found.plain_numbers,
        errors=errors,
    )


async def _run(asked: Asked) -> CustomerRun:
    return _shown(asked.parts.runs.of(asked.subjects["run"], asked.bearer))


def _shown(run: Run) -> CustomerRun:
    return CustomerRun(
        **head_of(run),
        result=run.result if isinstance(run.result, ImportResult) else None,
    )


A: Final = Area.CUSTOMERS
ROUTES: Final[Sequence[Route]] = (
    giving("customers export", "/customers/export", A, "All customers, as an import reads them.", _export, CSV),
    writing(
        "customers import",
        "/customers/import",
        A,
        "Import a CSV file of customers, row by row; a run.",
        CustomerRun,
        _import,
        status=202,
        query=ImportQuery,
        upload=(CSV,),
    ),
    reading("customers run", "/customers/runs/{run}", A, "What came of an import.", CustomerRun, _run),
)
