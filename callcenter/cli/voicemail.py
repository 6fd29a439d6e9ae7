"""`callcenter voicemail`: messages that wait for an agent, past ones, and marking them done. Decides nothing."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import meant, past_rows
from callcenter.cli.screen import Json, clock, emit, length, say, seconds, show_grid, show_pairs, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import period

if TYPE_CHECKING:
    from asyncpg import Record

    from callcenter.model.view import CenterView, MessageView

app = typer.Typer(name="voicemail", help="Messages that callers left and agents hear.", no_args_is_help=True)

Message = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="Its id, that of the call it was left in, or an unambiguous part.")
]
LIST_MAX: Final = 10_000
LIVE_HEADS: Final = (
    "message!",
    "caller",
    "name",
    "mailbox",
    "queue",
    "place>",
    "state",
    "agent",
    "left",
    "length>",
    "next",
    "heard>",
)
PAST_HEADS: Final = (
    "message!",
    "caller",
    "mailbox",
    "queue",
    "left",
    "length>",
    "done",
    "how",
    "agent",
    "by",
    "heard>",
    "left in",
)


@app.command("list")
def list_messages(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="List those left from then on, done or not: today, 7d ..."),
    ] = None,
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")] = "now",
    queue: Annotated[str | None, typer.Option("--queue", help="Only of this queue.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="Past: at most so many.")] = 200,
    json: Json = False,
) -> None:
    """List the messages that are not done with or, with --since, those of the past and what became of them."""
    site = site_of(context)
    if since is None:
        _show_live(site.center.view(), queue, json=json)
        return
    bounds = period(since, until)
    records = asyncio.run(past_rows(site, "cli.messages", bounds, queue, limit))
    if json:
        documents = [past_document(one, site.settings.recordings) for one in records]
        emit({"since": stamp(bounds[0]), "until": stamp(bounds[1]), "messages": documents})
        return
    show_grid(PAST_HEADS, (_past_row(one) for one in records), empty="no message was left for agents in that time")
    if len(records) == limit:
        warn(f"only the first {limit} are shown; --limit gives more")


@app.command("show")
def show_message(context: typer.Context, message: Message, json: Json = False) -> None:
    """Show one message: who left it, where it is kept, what became of it."""
    site = site_of(context)
    one = asyncio.run(_one(site, message))
    if json:
        emit(past_document(one, site.settings.recordings))
        return
    pairs = {head.rstrip("!>"): value for head, value in zip(PAST_HEADS, _past_row(one), strict=True)}
    path = _file(one, site.settings.recordings)
    show_pairs({**pairs, "recording": one["recording"], "file": None if path is None else str(path)})


@app.command("done")
def done(context: typer.Context, message: Message, json: Json = False) -> None:
    """Mark a message as done: nobody is rung for it any more."""
    center = site_of(context).center
    found = _live(center.view(), message)
    center.message_done(found.id)
    if json:
        emit({"message": found.id, "caller": found.caller, "done": "settled"})
    else:
        say(f"the message of {found.caller or 'somebody without a number'} is done")


@app.command("play-path")
def play_path(context: typer.Context, message: Message, json: Json = False) -> None:
    """Print where a message lies: play "$(callcenter voicemail play-path MESSAGE)"."""
    site = site_of(context)
    one = asyncio.run(_one(site, message))
    path = _file(one, site.settings.recordings)
    there = path is not None and path.is_file()
    if json:
        emit({"message": one["contact"], "path": None if path is None else str(path), "exists": there})
        if not there:
            raise typer.Exit(Exit.NOT_FOUND)
    elif there:
        print(path)  # noqa: T201 (a path as it is: somebody hands it to another program)
    else:
        raise Failure(Exit.NOT_FOUND, f"there is no file of message {one['contact']}", remedy="callcenter doctor")


# -- now ---------------------------------------------------------------------------------------------------------------


def _show_live(view: "CenterView", queue: str | None, *, json: bool) -> None:
    chosen = [one for one in view.messages if queue in (None, one.queue)]
    if json:
        emit({"at": stamp(view.at), "messages": [live_document(one) for one in chosen]})
    else:
        show_grid(LIVE_HEADS, (_live_row(one) for one in chosen), empty="no message waits for an agent")


def _live_row(one: "MessageView") -> tuple[object, ...]:
    return (
        one.id,
        one.caller,
        one.name,
        one.mailbox,
        one.queue,
        one.position or "",
        "rings" if one.state == "offered" else one.step.replace("_", " "),
        one.agent,
        clock(one.left_at),
        length(one.seconds),
        clock(one.next_at) if one.step == "resting" else "",
        one.hearings,
    )


def live_document(one: "MessageView") -> dict[str, object]:
    """A message for programs."""
    return {
        "message": one.id,
        "caller": one.caller,
        "name": one.name,
        "mailbox": one.mailbox,
        "queue": one.queue,
        "position": one.position,
        "state": one.state.value,
        "step": one.step.value,
        "agent": one.agent,
        "left_in": one.left_in,
        "left": stamp(one.left_at),
        "recording": one.recording,
        "seconds": seconds(one.seconds),
        "next_at": stamp(one.next_at),
        "hearings": one.hearings,
    }


def _live(view: "CenterView", said: str) -> "MessageView":
    return meant(view.messages, said, lambda one: (one.id, one.left_in), "message", "callcenter voicemail list")


# -- the past ----------------------------------------------------------------------------------------------------------


async def _one(site: Site, said: str) -> "Record":
    from callcenter.postgres.queries import sql

    async with site.database() as pool:
        found = list(await pool.fetch(sql("cli.message"), said))
    exact = [one for one in found if said in (one["contact"], one["left_in"])] or found
    if not exact:
        raise Failure(Exit.NOT_FOUND, f"there is no message {said}", remedy="callcenter voicemail list --since 7d")
    if len(exact) > 1:
        raise Failure(Exit.NOT_FOUND, f"{said} means several messages", remedy="say more of its id")
    return exact[0]


def _past_row(one: "Record") -> tuple[object, ...]:
    return (
        one["contact"],
        one["caller"],
        one["mailbox"],
        one["queue"],
        clock(one["left_s"]),
        length(one["seconds"]),
        clock(one["settled_s"]),
        (one["end_reason"] or "waits").replace("_", " "),
        one["heard_by"],
        one["settled_by"],
        one["hearings"],
        one["left_in"],
    )


def past_document(one: "Record", kept: Path) -> dict[str, object]:
    """A message of the records for programs."""
    path = _file(one, kept)
    return {
        "message": one["contact"],
        "caller": one["caller"],
        "name": one["caller_name"],
        "mailbox": one["mailbox"],
        "queue": one["queue"],
        "left_in": one["left_in"],
        "left": stamp(one["left_s"]),
        "seconds": seconds(one["seconds"]),
        "settled": stamp(one["settled_s"]),
        "end": one["end_reason"],
        "agent": one["heard_by"],
        "by": one["settled_by"] or None,
        "hearings": one["hearings"],
        "recording": one["recording"],
        "path": None if path is None else str(path),
    }


def _file(one: "Record", kept: Path) -> Path | None:
    return kept / one["path"] if one["path"] else None
