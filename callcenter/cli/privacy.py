"""`callcenter privacy export|erase|again`: one person, across everything that is kept. Knows words and exit codes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from callcenter.cli.asker import asker
from callcenter.cli.customer_rules import rules_of, tell_center
from callcenter.cli.exits import Exit
from callcenter.cli.screen import Json, emit, say, show_grid, warn
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.customers.erasing import Erasing
    from callcenter.postgres.privacy import Report

T = TypeVar("T")

app = typer.Typer(name="privacy", help="What is kept of one person: to be given out, or erased.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Hers: +84901234567, or as it is dialled here.")]
HEADS: Final = ("table", "rows>")


@app.callback()
def group() -> None:
    """What is kept of one person: to be given out, or erased."""


@app.command("export")
def export(context: typer.Context, number: Number, json: Json = False) -> None:
    """Give out everything that is kept of a person, by table. `recordings export` gives the recordings it names."""

    found = _run(site_of(context), lambda erasing: erasing.export(number))
    if json:
        emit({"number": number, "tables": found})
        return
    show_grid(HEADS, [(table, len(rows)) for table, rows in found.items() if rows], empty="nothing is kept of her")


@app.command("erase")
def erase(
    context: typer.Context,
    number: Number,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, and say what would be touched.")] = False,
    json: Json = False,
) -> None:
    """Erase a person: rows, journal, recordings. What must stay is told, and why."""
    site = site_of(context)
    report = _run(site, lambda erasing: erasing.erase(number, asker(), dry=dry_run))
    if not dry_run:
        tell_center(site, marked=True)
    _tell(report, number, dry=dry_run, json=json)


@app.command("again")
def again(context: typer.Context, json: Json = False) -> None:
    """Erase anew whoever was erased before and is here again: after a kill, a restored database, or what was left."""
    site = site_of(context)
    reports = _run(site, lambda erasing: erasing.again(asker()))
    if json:
        emit({"erased": [report.document() for report in reports]})
        return
    say(f"{len(reports)} persons erased anew")
    for report in reports:
        for left in report.left:
            warn(left)


def _run(site: Site, ask: "Callable[[Erasing], Awaitable[T]]") -> T:
    async def asked() -> T:
        from callcenter.boot.works import erasing

        async with site.database() as pool:
            rules = await rules_of(site, pool, whole=True)
            return await ask(erasing(site.settings, pool, lambda: rules))

    return asyncio.run(asked())


def _tell(report: "Report", number: str, *, dry: bool, json: bool) -> None:
    document: Mapping[str, object] = {"number": number, "dry_run": dry, **report.document()}
    if json:
        emit(document)
    else:
        show_grid(HEADS, [(table, rows) for table, rows in report.rows.items() if rows], empty="nothing is kept of her")
        for table, rows in report.kept.items():
            if rows:
                say(f"{rows} rows of {table} stay: they prove what was allowed")
        for line in (*report.copies, *report.left):
            warn(line)
    if report.left and not dry:
        raise typer.Exit(Exit.PROBLEMS)
