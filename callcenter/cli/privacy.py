"""`callcenter privacy export|erase|again`: one person, across everything that is kept. Knows words and exit codes."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli.asker import asker
from callcenter.cli.customer_rules import rules_of, tell_center
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, say, show_grid, warn
from callcenter.cli.site import Site, site_of
from callcenter.model.ids import RecordingId

if TYPE_CHECKING:
    from callcenter.cli.customer_rules import Rules
    from callcenter.jobs.sealing import Sealer
    from callcenter.postgres.pool import Pool
    from callcenter.postgres.privacy import Person, Privacy, Report

app = typer.Typer(name="privacy", help="What is kept of one person: to be given out, or erased.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Hers: +84901234567, or as it is dialled here.")]
ERASURE: Final = "erased at her request"
HEADS: Final = ("table", "rows>")


@app.callback()
def group() -> None:
    """What is kept of one person: to be given out, or erased."""


@app.command("export")
def export(context: typer.Context, number: Number, json: Json = False) -> None:
    """Give out everything that is kept of a person, by table. `recordings export` gives the recordings it names."""

    async def ask(site: Site, pool: "Pool") -> "dict[str, list[dict[str, Any]]]":
        privacy, person, _ = await _found(site, pool, number)
        return await privacy.export(person)

    found = _run(site_of(context), ask)
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
    report = _run(site, lambda site, pool: _erase(site, pool, number, dry=dry_run))
    if not dry_run:
        tell_center(site, marked=True)
    _tell(report, number, dry=dry_run, json=json)


@app.command("again")
def again(context: typer.Context, json: Json = False) -> None:
    """Erase anew whoever was erased before and is here again: after a kill, a restored database, or what was left."""
    site = site_of(context)
    reports = _run(site, _again)
    if json:
        emit({"erased": [report.document() for report in reports]})
        return
    say(f"{len(reports)} persons erased anew")
    for report in reports:
        for left in report.left:
            warn(left)


async def _again(site: Site, pool: "Pool") -> "list[Report]":
    rules = await rules_of(site, pool)
    privacy = await _privacy(site, pool)
    ledger = await privacy.unfinished()
    kept = {rules.kept(number) or number for number in await privacy.known_numbers()}
    hers = sorted(number for number in kept if privacy.hash_of(number) in ledger)
    return [await _erase(site, pool, number, dry=False) for number in hers]


async def _erase(site: Site, pool: "Pool", number: str, *, dry: bool) -> "Report":
    from callcenter.boot.works import sealer
    from callcenter.postgres.sealed import SealedFiles

    privacy, person, kept = await _found(site, pool, number)
    erasure = None if dry else await privacy.begin(privacy.hash_of(kept), asker())
    if not dry:
        await SealedFiles(pool).take()
        privacy, person, kept = await _found(site, pool, number)
    removed, left = await _recordings(person, None if dry else sealer(site.settings, pool))
    report = await privacy.erase(person, dry=dry)
    report.rows["recording"] = removed
    report.left += left
    if erasure is not None:
        await privacy.end(erasure, report)
    return report


async def _recordings(person: "Person", work: "Sealer | None") -> tuple[int, list[str]]:
    """Remove them, file by file; without `work` only count. Gives how many, and what is left in words."""
    removed, left = 0, []
    for one in person.recordings:
        if one["held"]:
            left.append(f"recording {one['id']} is under legal hold")
        elif one["step"] is None:
            if one["path"]:
                left.append(f"recording {one['id']} is not put away yet: erase again in a while")
        elif one["step"] != "removed":
            gone = work is None or await work.remove(RecordingId(one["id"]), asker(), ERASURE)
            removed += gone
            left += [] if gone else [f"recording {one['id']} could not be removed"]
    return removed, left


async def _found(site: Site, pool: "Pool", number: str) -> "tuple[Privacy, Person, str]":
    """Whom the number is; all her numbers, if she is a customer. Raises Failure for what is no number."""
    rules = await rules_of(site, pool)
    privacy = await _privacy(site, pool)
    kept = rules.kept(number)
    if not kept:
        raise Failure(Exit.USAGE, f"{number!r} is no number")
    forms = _forms(rules, number)
    for hers, raw in await privacy.numbers_of(forms):
        forms += [raw, *_forms(rules, hers)]
    return privacy, await privacy.find(forms), kept


def _forms(rules: "Rules", number: str) -> list[str]:
    return [number, *rules.forms(number)]


async def _privacy(site: Site, pool: "Pool") -> "Privacy":
    from callcenter.embedded.secrets import secret
    from callcenter.postgres.privacy import Privacy

    key = await asyncio.to_thread(secret, site.settings.var_folder / "state" / "secrets", "privacy")
    return Privacy(pool, key.text.encode())


def _run(site: Site, ask: Any) -> Any:
    async def asked() -> Any:
        async with site.database() as pool:
            return await ask(site, pool)

    work: Coroutine[Any, Any, Any] = asked()
    return asyncio.run(work)


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
