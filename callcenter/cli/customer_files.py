"""`callcenter customers import` and `export`: CSV in and out, with a bar and a report of errors. Decides nothing."""

import asyncio
import csv
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from callcenter.cli.customer_rules import rules_of, tell_center
from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.progress import Bars
from callcenter.cli.screen import Json, emit, say, show_grid, warn
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.customers.importing import Result, RowProblem

SHOWN_MAX: Final = 20
PRIVATE: Final = 0o600


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header: number,name,language,tags ...")],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=NAME", help="What a column is called here; =- passes it over."),
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Where it is neither UTF-8 nor UTF-16.")] = "",
    delimiter: Annotated[str, typer.Option("--delimiter", help="Else , ; tab or | as in the header.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and change nothing.")] = False,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE", help="Write each error there: line,column,reason.")
    ] = None,
    json: Json = False,
) -> None:
    """Import customers. Rows with an error are left out and told; the others are taken. Twice is the same as once."""
    if len(delimiter) > 1:
        raise Failure(Exit.USAGE, "a delimiter is one character")
    renamed = dict(_renamed(one) for one in mapping or ())
    site = site_of(context)
    problems: list[RowProblem] = []
    with ExitStack() as stack:
        report = stack.enter_context(_report(errors)) if errors is not None else None
        writer = csv.writer(report, lineterminator="\n") if report is not None else None
        if writer is not None:
            writer.writerow(("line", "column", "reason"))

        def refuse(problem: "RowProblem") -> None:
            from callcenter.customers.importing import escaped

            if len(problems) < SHOWN_MAX:
                problems.append(problem)
            if writer is not None:
                writer.writerow((problem.line, escaped(problem.column), escaped(problem.reason)))

        result = asyncio.run(_import(site, file, renamed, encoding, delimiter, dry_run, refuse, stack, json=json))
    if not dry_run:
        tell_center(site, marked=True)
    _show(result, problems, dry_run=dry_run, json=json)
    if result.refused:
        raise typer.Exit(Exit.PROBLEMS)


async def _import(
    site: Site,
    file: Path,
    renamed: dict[str, str],
    encoding: str,
    delimiter: str,
    dry_run: bool,
    refuse: "object",
    stack: ExitStack,
    *,
    json: bool,
) -> "Result":
    from rich.console import Console

    from callcenter.customers.importing import plan, run
    from callcenter.customers.reading import open_csv

    opened = await asyncio.to_thread(open_csv, file, encoding=encoding, delimiter=delimiter)
    bars = stack.enter_context(Bars(Console(stderr=True, quiet=json)))
    async with site.database() as pool:
        rules = await rules_of(site, pool)
        planned = plan(opened, renamed, rules.customers.fields, rules.numbering)
        return await run(
            pool,
            planned,
            dry=dry_run,
            source=f"import of {file.name}"[:200],
            refuse=refuse,  # type: ignore[arg-type]
            progress=lambda done: bars.show(f"Importing {file.name}"[:60], min(done, opened.size), opened.size),
        )


def export_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    json: Json = False,
) -> None:
    """Export all customers as CSV, in the columns that an import reads. Formulas are made harmless."""
    site = site_of(context)
    if json and str(file) == "-":
        raise Failure(Exit.USAGE, "standard output cannot hold both CSV and JSON", remedy="name a file")
    with ExitStack() as stack:
        out = sys.stdout if str(file) == "-" else stack.enter_context(_report(file))
        written, cut = asyncio.run(_export(site, out, stack, quiet=json or str(file) == "-"))
    if cut:
        warn(f"of {cut} customers not all numbers and addresses found a column")
    if json:
        emit({"file": str(file), "customers": written, "cut": cut})
    elif str(file) != "-":
        say(f"{written} customers are in {file}")


async def _export(site: Site, out: TextIO, stack: ExitStack, *, quiet: bool) -> tuple[int, int]:
    from rich.console import Console

    from callcenter.customers.exporting import export
    from callcenter.postgres.customers import Customers

    bars = stack.enter_context(Bars(Console(stderr=True, quiet=quiet)))
    async with site.database() as pool:
        rules, customers = await rules_of(site, pool), Customers(pool)
        whole = await customers.count()
        return await export(
            customers, rules.customers.fields, out, lambda done: bars.show("Exporting", done, max(whole, done))
        )


def _renamed(said: str) -> tuple[str, str]:
    column, sign, name = said.rpartition("=")
    if not sign or not column:
        raise Failure(Exit.USAGE, f"{said!r} is no COLUMN=NAME")
    return column, name.strip()


def _report(path: Path) -> TextIO:
    """A new file for nobody else to read: names and numbers of people come into it."""
    with named_by_user(path):
        return os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w", encoding="utf-8", newline=""
        )


def _show(result: "Result", problems: "list[RowProblem]", *, dry_run: bool, json: bool) -> None:
    if json:
        emit(
            {
                "dry_run": dry_run,
                "rows": result.rows,
                "added": result.added,
                "changed": result.changed,
                "refused": result.refused,
                "not_to_be_called": result.not_to_be_called,
                "plain_numbers": result.plain_numbers,
                "errors": [{"line": one.line, "column": one.column, "reason": one.reason} for one in problems],
            }
        )
        return
    would = "would be " if dry_run else ""
    say(
        f"{result.rows} rows: {result.added} customers {would}added, {result.changed} {would}brought up to date, "
        f"{result.refused} rows {would}left out"
    )
    if result.not_to_be_called:
        say(f"{result.not_to_be_called} of them must not be called from now on")
    if result.plain_numbers:
        say(f"{result.plain_numbers} numbers are none of any country, and are kept as they are dialled here")
    if problems:
        rows = [(one.line, one.column, one.reason) for one in problems]
        show_grid(("line>", "column", "reason!"), rows, title="Errors")
        if result.refused > len(problems):
            say(f"and {result.refused - len(problems)} rows more; --errors FILE has them all")
