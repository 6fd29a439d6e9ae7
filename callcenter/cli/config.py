"""`callcenter config`: the versions of the configuration, what one says, and how two differ. Changes nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.screen import Json, cell, clock, emit, plain, say, show, show_grid, stamp
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.postgres.configurations import Stored
    from callcenter.versions.difference import FileDifference

app = typer.Typer(name="config", help="The versions of the configuration.", no_args_is_help=True)

HEADS: Final = ("version>", "since!", "how", "by", "message", "")
NONE_YET: Final = "no version yet: the first start makes one of the folder"
ELSE_LIVE: Final = "Else the live one."
STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


@app.command("versions")
def versions(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 20,
    json: Json = False,
) -> None:
    """List the versions that were live, newest first."""
    found = asyncio.run(_listed(site_of(context), limit))
    live = next((one.version for one in found if not one.refused), None)
    if json:
        emit({"versions": [_document(one, live=one.version == live) for one in found]})
        return
    rows = [
        (
            cell(one.version, "bold" if one.version == live else ""),
            clock(one.at),
            f"back to {one.back_to}" if one.back_to else str(one.origin),
            one.by,
            one.message,
            cell("live", "green") if one.version == live else cell(f"refused: {one.refused}" if one.refused else " "),
        )
        for one in found
    ]
    show_grid(HEADS, rows, empty=NONE_YET)


@app.command("show")
def show_version(
    context: typer.Context,
    version: Annotated[int, typer.Argument(metavar="[VERSION]", min=0, show_default=False, help=ELSE_LIVE)] = 0,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Write its files there; none may be there already.")
    ] = None,
    json: Json = False,
) -> None:
    """Show the files of a version, or write them into a folder."""
    found = asyncio.run(stored(site_of(context), version))
    if into is not None:
        _write(found, into)
    if json:
        emit({**_document(found, live=None), "files": dict(found.files), "into": str(into) if into else None})
    elif into is not None:
        say(f"version {found.version}: {len(found.files)} files written to {into}")
    else:
        for name, text in found.files.items():
            show(cell(f"# {name}", "bold"))
            for line in text.splitlines():
                print(plain(line))  # noqa: T201 (a file's lines, however wide the terminal)
            say()


@app.command("diff")
def diff(
    context: typer.Context,
    before: Annotated[int, typer.Argument(metavar="[BEFORE]", min=0, show_default=False, help=ELSE_LIVE)] = 0,
    after: Annotated[int, typer.Argument(metavar="[AFTER]", min=0, show_default=False, help="Else the folder.")] = 0,
    json: Json = False,
) -> None:
    """Show how two versions differ, or how the folder differs from one. Exit code 1 if they do."""
    from callcenter.config.folder import read_files
    from callcenter.versions.difference import differences

    site = site_of(context)
    old = asyncio.run(stored(site, before))
    new = asyncio.run(stored(site, after)).files if after else read_files(site.settings.config_folder)[0]
    found = differences(old.files, new)
    if json:
        emit({"before": old.version, "after": after or None, "files": [difference_document(one) for one in found]})
    else:
        show_differences(found)
        if not found:
            say("no difference")
    if found:
        raise typer.Exit(Exit.PROBLEMS)


async def stored(site: Site, version: int) -> "Stored":
    """A version with its files; 0 is the live one. Raises Failure if there is none."""
    from callcenter.model.ids import Version
    from callcenter.postgres.configurations import Configurations

    async with site.database() as pool:
        store = Configurations(pool)
        found = await (store.get(Version(version)) if version else store.latest())
    if found is None:
        what = f"there is no version {version}" if version else NONE_YET
        raise Failure(Exit.NOT_FOUND, what, remedy="callcenter config versions")
    return found


def difference_document(one: "FileDifference") -> dict[str, object]:
    """A file that differs, for programs."""
    return {"file": one.file, "change": one.change.value, "lines": list(one.lines)}


def show_differences(found: "Sequence[FileDifference]") -> None:
    """Files that differ, for people."""
    for one in found:
        for at, line in enumerate(one.lines):
            show(cell(line, "bold" if at < 2 else STYLES.get(line[:1], "")) if line else cell(" "))
        say()


async def _listed(site: Site, limit: int) -> "tuple[Stored, ...]":
    from callcenter.postgres.configurations import Configurations

    async with site.database() as pool:
        return await Configurations(pool).listed(limit)


def _document(one: "Stored", *, live: bool | None) -> dict[str, object]:
    document: dict[str, object] = {
        "version": one.version,
        "at": stamp(one.at),
        "by": one.by,
        "message": one.message,
        "origin": one.origin.value,
        "back_to": one.back_to,
        "digest": one.digest,
        "refused": one.refused or None,
    }
    return document if live is None else {**document, "live": live}


def _write(found: "Stored", into: Path) -> None:
    taken = [name for name in found.files if (into / name).exists()]
    if taken:
        raise Failure(Exit.PROBLEMS, f"{into} has {', '.join(taken[:3])} already", remedy="name a new folder")
    for name, text in found.files.items():
        path = into / name
        with named_by_user(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
