"""`callcenter recordings`: which there are, and where their files lie. Knows records and paths; plays nothing."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli import keeping
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import past_contact
from callcenter.cli.screen import Json, clock, emit, length, seconds, show_grid, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import period

if TYPE_CHECKING:
    from asyncpg import Record

app = typer.Typer(name="recordings", help="What was recorded.", no_args_is_help=True)

LIST_MAX: Final = 10_000
HEADS: Final = ("recording!", "began!", "kind", "call!", "caller", "agent", "queue", "length>", "state", "file!")


@app.command("list")
def list_recordings(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="today, yesterday, 2h, 7d, 14:00 ...")
    ] = "today",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")] = "now",
    call: Annotated[str | None, typer.Option("--call", help="Only of this call.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only with this agent.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="At most so many.")] = 200,
    json: Json = False,
) -> None:
    """List recordings: of which call, how long, and whether each was found sound."""
    site = site_of(context)
    bounds = period(since, until)
    records = asyncio.run(_recordings(site, bounds, call, agent, limit))
    if json:
        emit(
            {
                "since": stamp(bounds[0]),
                "until": stamp(bounds[1]),
                "recordings": [_document(record, site.settings.recordings) for record in records],
            }
        )
        return
    show_grid(HEADS, (_row(record, site.settings.recordings) for record in records), empty="no recording in that time")
    if len(records) == limit:
        warn(f"only the first {limit} are shown; --limit gives more")


@app.command("path")
def path_of(
    context: typer.Context,
    call: Annotated[str, typer.Argument(metavar="CALL", help="A call (id, part of it, `last`), or a recording's id.")],
    json: Json = False,
) -> None:
    """Print where the recordings of a call lie, one a line: play "$(callcenter recordings path last)"."""
    site = site_of(context)
    found = asyncio.run(_paths(site, call))
    kept = site.settings.recordings
    files = [(record["id"], _absolute(record["path"], kept), record["problem"]) for record in found]
    there = [(name, path) for name, path, _ in files if path is not None and path.is_file()]
    if json:
        emit(
            {
                "recordings": [
                    {
                        "recording": name,
                        "path": None if path is None else str(path),
                        "exists": path is not None and path.is_file(),
                        "problem": problem,
                    }
                    for name, path, problem in files
                ]
            }
        )
    else:
        for _, path in there:
            print(path)  # noqa: T201 (a path as it is: somebody hands it to another program)
    if not there:
        if json:
            raise typer.Exit(Exit.NOT_FOUND)
        raise Failure(Exit.NOT_FOUND, f"there is no file of a recording of {call}", remedy="callcenter calls show CALL")


async def _recordings(
    site: Site, bounds: tuple[float, float], call: str | None, agent: str | None, limit: int
) -> "list[Record]":
    from callcenter.postgres.queries import sql
    from callcenter.postgres.records import time_of

    async with site.database() as pool:
        contact = None if call is None else await past_contact(pool, call)
        since, until = (time_of(at) for at in bounds)
        return list(await pool.fetch(sql("cli.recordings"), since, until, contact, agent, limit))


async def _paths(site: Site, call: str) -> "list[Record]":
    from callcenter.postgres.queries import sql

    async with site.database() as pool:
        found = await pool.fetch(sql("cli.recording"), call)
        if not found:
            found = await pool.fetch(sql("cli.recording"), await past_contact(pool, call))
        return list(found)


def _row(record: "Record", kept: Path) -> tuple[object, ...]:
    path = _absolute(record["path"], kept)
    return (
        record["id"],
        clock(record["started_s"]),
        record["kind"] or "",
        record["contact"],
        record["caller"],
        record["agent"] or record["mailbox"],
        record["queue"],
        length(record["seconds"] if record["seconds"] is not None else record["expected_s"]),
        "not looked at yet" if record["problem"] is None else (record["problem"] or "sound"),
        None if path is None else str(path),
    )


def _document(record: "Record", kept: Path) -> dict[str, object]:
    path = _absolute(record["path"], kept)
    return {
        "recording": record["id"],
        "call": record["contact"],
        "kind": record["kind"],
        "began": stamp(record["started_s"]),
        "caller": record["caller"],
        "caller_name": record["caller_name"],
        "agent": record["agent"],
        "queue": record["queue"],
        "mailbox": record["mailbox"] or None,
        "expected_s": seconds(record["expected_s"]),
        "seconds": seconds(record["seconds"]),
        "channels": record["channels"],
        "path": None if path is None else str(path),
        "problem": record["problem"],
    }


def _absolute(path: str | None, kept: Path) -> Path | None:
    """Where a file lies; a relative path of the records starts at the folder of recordings."""
    return kept / path if path else None


for _keep in (keeping.pause, keeping.resume, keeping.hold, keeping.release, keeping.verify, keeping.export):
    app.command(_keep.__name__)(_keep)
app.command("rotate-keys")(keeping.rotate_keys)
