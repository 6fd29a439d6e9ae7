"""`callcenter leads`: lists of people to call, into the database and as they stand. Decides nothing."""

import asyncio
import contextlib
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.screen import Json, clock, emit, say, share, show_grid, show_pairs, stamp
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.jobs.importing import Imported, RowError
    from callcenter.postgres.leads import ListLine, Progress

app = typer.Typer(name="leads", help="Lists of people to call.", no_args_is_help=True)

ListName = Annotated[str, typer.Argument(metavar="LIST", help="The list.")]
HEADS: Final = ("list!", "imported", "region", "leads>", "refused>", "duplicates>")
NAME_CHARS_MAX: Final = 64
SHOWN_MAX: Final = 5  # rows that were left out, where no file takes them
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


@app.callback()
def group() -> None:
    """Lists of people to call."""


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, or XLSX by its suffix.")],
    list_: Annotated[str, typer.Option("--list", help="The list; it is made, or added to.")],
    region: Annotated[str, typer.Option("--region", help="Country of numbers that have no country code: VN, US ...")],
    duplicates: Annotated[
        str, typer.Option("--duplicates", help="Leave out numbers that are there: everywhere, list, or keep.")
    ] = "everywhere",
    errors: Annotated[
        Path | None, typer.Option("--errors", help="Write rows that were left out, with reasons, to this CSV.")
    ] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=NAME", help="What a column is; =- passes it over.")
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of a CSV that is neither UTF-8 nor UTF-16.")] = "",
    delimiter: Annotated[str, typer.Option("--delimiter", help="Of a CSV, if it cannot be told.")] = "",
    json: Json = False,
) -> None:
    """Import a list of leads from a CSV or XLSX file, row by row; may be done again after it was interrupted."""
    from callcenter.postgres.lead_lists import Duplicates

    if duplicates not in list(Duplicates):
        raise Failure(Exit.USAGE, f"--duplicates {duplicates!r}: one of {', '.join(Duplicates)}")
    if not (list_.isprintable() and 0 < len(list_.strip()) <= NAME_CHARS_MAX):
        raise Failure(Exit.USAGE, f"the name {list_[:40]!r} cannot be used: 1 to {NAME_CHARS_MAX} visible characters")
    _known_region(region)
    mapping = _mapping(map_ or [])
    first: list[RowError] = []
    with _error_file(errors, first) as tell:
        done = asyncio.run(
            _imported(site_of(context), file, list_, region, duplicates, mapping, (encoding, delimiter), tell, json)
        )
    counts = {"rows": done.rows, "leads": done.leads, "refused": done.refused, "duplicates": done.duplicates}
    if json:
        emit({"list": list_, **counts, "errors": None if errors is None else str(errors)})
        return
    say(
        f"{list_}: {done.leads:,} leads of {done.rows:,} rows; {done.refused:,} refused, {done.duplicates:,} duplicates"
    )
    for one in first:
        say(f"  line {one.line:,}: {''.join(sign if sign.isprintable() else '?' for sign in one.what)}")
    left_out = done.refused + done.duplicates
    if errors is not None and left_out:
        say(f"rows that were left out: {errors}")
    elif left_out > len(first):
        say(f"  and {left_out - len(first):,} more: --errors FILE writes every one of them, with the reason")


def _known_region(region: str) -> None:
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise Failure(Exit.USAGE, f"--region {region[:20]!r} is no country's code", remedy="two capitals: VN")


def _mapping(said: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in said:
        column, sign, name = one.rpartition("=")
        if not sign or not column:
            raise Failure(Exit.USAGE, f"--map {one!r} is not COLUMN=NAME")
        found[column] = name
    return found


async def _imported(
    site: Site,
    file: Path,
    list_: str,
    region: str,
    duplicates: str,
    mapping: dict[str, str],
    form: tuple[str, str],
    tell: "Callable[[RowError], None]",
    quiet: bool,
) -> "Imported":
    from rich.console import Console

    from callcenter.cli.progress import Bars
    from callcenter.config.postcodes import load_postcodes
    from callcenter.jobs.importing import import_leads
    from callcenter.model.lead import ListOfLeads
    from callcenter.postgres.lead_lists import Duplicates, ListWriter
    from callcenter.tables import open_table

    postcodes = load_postcodes(site.settings.config_folder)
    opened = open_table(file, encoding=form[0], delimiter=form[1])
    bars = Bars(Console(stderr=True, quiet=quiet))
    async with site.database() as pool:
        writer = ListWriter(pool, ListOfLeads(list_), Duplicates(duplicates))
        with bars:
            return await import_leads(
                opened, writer, region=region, mapping=mapping, progress=bars, tell=tell, postcodes=postcodes
            )


@contextlib.contextmanager
def _error_file(path: Path | None, first: "list[RowError]") -> "Iterator[Callable[[RowError], None]]":
    """Where rows that were left out go; cells that a spreadsheet would take for formulas are disarmed. Without a file
    the first are kept in `first`."""
    if path is None:

        def keep(error: "RowError") -> None:
            if len(first) < SHOWN_MAX:
                first.append(error)

        yield keep
        return
    with named_by_user(path), path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("line", "problem"))

        def tell(error: "RowError") -> None:
            out.writerow((error.line, safe(error.what), *(safe(value) for value in error.values)))

        yield tell


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, and every encoding can hold."""
    clean = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return f"'{clean}" if clean.startswith(FORMULA_SIGNS) else clean


@app.command("next")
def next_lead(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="One that is dialled by hand.")],
    agent: Annotated[str, typer.Option("--agent", help="Who reads it.")],
    json: Json = False,
) -> None:
    """Show an agent her next lead of a campaign that is dialled by hand; `campaign preview` has it dialled."""
    from callcenter.cli.campaign import show_lead, shown_lead

    center = site_of(context).center
    center.campaign(campaign, "next", agent=agent)
    found = shown_lead(center.view(), agent)
    if found is None:
        raise Failure(Exit.NOT_FOUND, f"{agent} has no lead to read any more")
    show_lead(found[0], found[1], "shown", json=json)


@app.command("list")
def list_lists(context: typer.Context, json: Json = False) -> None:
    """List the lists."""
    found = asyncio.run(_lists(site_of(context)))
    if json:
        emit({"lists": [line_document(line) for line in found]})
        return
    rows = [
        (line.name, clock(line.imported), line.region, line.leads, line.refused or "", line.duplicates or "")
        for line in found
    ]
    show_grid(HEADS, rows, empty="there are no lists")


@app.command("show")
def show_list(context: typer.Context, list_: ListName, json: Json = False) -> None:
    """Show how far a list is: leads by state, how many were dialled and reached."""
    line, progress = asyncio.run(_shown(site_of(context), list_))
    document = {
        **line_document(line),
        "states": {str(state): count for state, count in progress.states.items()},
        "tried": progress.tried,
        "reached": progress.reached,
        "penetration": progress.penetration,
    }
    if json:
        emit(document)
        return
    states = ", ".join(f"{count} {state}" for state, count in progress.states.items())
    show_pairs({**document, "states": states, "penetration": share(progress.penetration)})


@app.command("remove")
def remove_list_(context: typer.Context, list_: ListName, json: Json = False) -> None:
    """Take a list out: who was never called goes, who was called stays on record and is called no more."""
    removed, kept = asyncio.run(_removed(site_of(context), list_))
    if json:
        emit({"list": list_, "removed": removed, "kept": kept})
    else:
        say(f"{list_}: {removed:,} leads are removed; {kept:,} who were called stay on record, as done")


async def _removed(site: Site, name: str) -> tuple[int, int]:
    from callcenter.postgres.lead_lists import remove_list
    from callcenter.postgres.leads import lists

    async with site.database() as pool:
        if all(line.name != name for line in await lists(pool)):
            raise Failure(Exit.NOT_FOUND, f"there is no list {name}", remedy="callcenter leads list")
        done = await remove_list(pool, name)
    if done is None:
        raise Failure(Exit.PROBLEMS, f"{name} is being called", remedy="callcenter campaign stop CAMPAIGN, of each")
    return done.removed, done.kept


def line_document(line: "ListLine") -> dict[str, object]:
    """A list for programs."""
    return {
        "list": line.name,
        "imported": stamp(line.imported),
        "region": line.region,
        "leads": line.leads,
        "refused": line.refused,
        "duplicates": line.duplicates,
    }


async def _lists(site: Site) -> "tuple[ListLine, ...]":
    from callcenter.postgres.leads import lists

    async with site.database() as pool:
        return await lists(pool)


async def _shown(site: Site, name: str) -> "tuple[ListLine, Progress]":
    from callcenter.postgres.leads import lists, progress

    async with site.database() as pool:
        line = next((line for line in await lists(pool) if line.name == name), None)
        if line is None:
            raise Failure(Exit.NOT_FOUND, f"there is no list {name}", remedy="callcenter leads list")
        return line, await progress(pool, name)
