"""`callcenter callbacks`: who is to be called back, who was, and arranging it. Decides nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import meant, past_rows
from callcenter.cli.screen import Json, clock, emit, length, say, seconds, show_grid, show_pairs, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import moment, period, span

if TYPE_CHECKING:
    from asyncpg import Record

    from callcenter.model.view import CallbackView, CenterView

app = typer.Typer(name="callbacks", help="Customers who are to be called back.", no_args_is_help=True)

Callback = Annotated[str, typer.Argument(metavar="CALL", help="The id of its call, or a part that is unambiguous.")]
LIST_MAX: Final = 10_000
LIVE_HEADS: Final = (
    "call!",
    "number",
    "name",
    "queue",
    "place>",
    "state",
    "next",
    "until",
    "tries>",
    "asked by",
    "note",
)
PAST_HEADS: Final = (
    "call!",
    "number",
    "queue",
    "promised",
    "until",
    "ended",
    "how",
    "in time",
    "tries>",
    "agent",
    "why",
)


@app.command("list")
def list_callbacks(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="List those promised from then on, settled or not: today, 7d ..."),
    ] = None,
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")] = "now",
    queue: Annotated[str | None, typer.Option("--queue", help="Only of this queue.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="Past: at most so many.")] = 200,
    json: Json = False,
) -> None:
    """List the callbacks that are promised now or, with --since, those of the past and what became of them."""
    site = site_of(context)
    if since is None:
        _show_live(site.center.view(), queue, json=json)
        return
    bounds = period(since, until)
    records = asyncio.run(past_rows(site, "cli.callbacks", bounds, queue, limit))
    if json:
        documents = [past_document(one) for one in records]
        emit({"since": stamp(bounds[0]), "until": stamp(bounds[1]), "callbacks": documents})
        return
    show_grid(PAST_HEADS, (_past_row(one) for one in records), empty="no callback was promised in that time")
    if len(records) == limit:
        warn(f"only the first {limit} are shown; --limit gives more")


@app.command("show")
def show_callback(context: typer.Context, call: Callback, json: Json = False) -> None:
    """Show one callback: what was promised, and each attempt to reach the customer."""
    site = site_of(context)
    promises, attempts = asyncio.run(_one(site, call))
    if json:
        emit(
            {
                "call": promises[-1]["contact"],
                "callbacks": [past_document(one) for one in promises],
                "attempts": [_attempt_document(one) for one in attempts],
            }
        )
        return
    for one in promises:
        show_pairs({head.rstrip("!>"): value for head, value in zip(PAST_HEADS, _past_row(one), strict=True)})
        say()
    heads = ("attempt>", "dialled", "number", "agent", "rang>", "how")
    show_grid(heads, (_attempt_row(one) for one in attempts), empty="the customer has not been dialled")


@app.command("schedule")
def schedule(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As a pattern of callback_to allows it.")],
    queue: Annotated[str, typer.Option("--queue", help="Whose agents call, by whose rules.")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Not before: 14:00, '2026-01-31 14:00'.")
    ] = None,
    after: Annotated[str | None, typer.Option("--in", metavar="LENGTH", help="Not before: in 30m, 2h ...")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="What is promised; else the queue's window.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="She and nobody else calls.")] = None,
    name: Annotated[str, typer.Option("--name", help="Of the customer.")] = "",
    note: Annotated[str, typer.Option("--note", help="For the agent.")] = "",
    json: Json = False,
) -> None:
    """Have a number called back, now or at a time."""
    if at is not None and after is not None:
        raise Failure(Exit.USAGE, "--at and --in say the same thing in two ways", remedy="give one of them")
    center = site_of(context).center
    now = center.view().at  # by its clock, which is what will be gone by
    not_before = moment(at, now) if at is not None else now + span(after) if after is not None else 0.0
    wish = {
        "queue": queue,
        "number": number,
        "not_before": not_before,
        "until": moment(until, now) if until is not None else 0.0,
        "only": agent,
        "name": name,
        "note": note,
    }
    center.schedule_callback(wish)
    if json:
        emit({"number": number, "queue": queue, "not_before": stamp(not_before or now), "done": "promised"})
    else:
        say(f"{number} will be called back for {queue}" + (f", not before {clock(not_before)}" if not_before else ""))


@app.command("cancel")
def cancel(context: typer.Context, call: Callback, json: Json = False) -> None:
    """Take a promised callback back."""
    center = site_of(context).center
    found = _live(center.view(), call)
    center.cancel_callback(found.id)
    _done(found, "cancelled", f"{found.number} will not be called back", json=json)


@app.command("now")
def now(context: typer.Context, call: Callback, json: Json = False) -> None:
    """Do not wait for the promised time, or for the next attempt; hours and lists hold all the same."""
    center = site_of(context).center
    found = _live(center.view(), call)
    center.call_back_now(found.id)
    _done(found, "due", f"{found.number} is called back as soon as somebody is free", json=json)


def _done(found: "CallbackView", word: str, words: str, *, json: bool) -> None:
    if json:
        emit({"call": found.id, "number": found.number, "done": word})
    else:
        say(words)


# -- now ---------------------------------------------------------------------------------------------------------------


def _show_live(view: "CenterView", queue: str | None, *, json: bool) -> None:
    chosen = [one for one in view.callbacks if queue in (None, one.queue)]
    if json:
        emit({"at": stamp(view.at), "callbacks": [live_document(one) for one in chosen]})
    else:
        show_grid(LIVE_HEADS, (_live_row(one) for one in chosen), empty="nobody is to be called back")


def _live_row(one: "CallbackView") -> tuple[object, ...]:
    return (
        one.id,
        one.number,
        one.name,
        one.queue,
        one.position or "",
        one.step.replace("_", " "),
        clock(one.next_at) if one.step == "resting" else "",
        clock(one.until),
        f"{one.attempts} of {one.attempts_max}",
        one.by,
        one.note,
    )


def live_document(one: "CallbackView") -> dict[str, object]:
    """A promise for programs."""
    return {
        "call": one.id,
        "number": one.number,
        "name": one.name,
        "queue": one.queue,
        "position": one.position,
        "state": one.state.value,
        "step": one.step.value,
        "first": one.first.value,
        "promised": stamp(one.promised),
        "not_before": stamp(one.not_before),
        "until": stamp(one.until),
        "next_at": stamp(one.next_at),
        "attempts": one.attempts,
        "attempts_max": one.attempts_max,
        "by": one.by,
        "agent": one.only,
        "note": one.note,
    }


def _live(view: "CenterView", said: str) -> "CallbackView":
    return meant(view.callbacks, said, lambda one: (one.id, one.number), "callback", "callcenter callbacks list")


# -- the past ----------------------------------------------------------------------------------------------------------


async def _one(site: Site, call: str) -> "tuple[list[Record], list[Record]]":
    from callcenter.cli.find import past_contact
    from callcenter.postgres.queries import sql

    async with site.database() as pool:
        contact = await past_contact(pool, call)
        promises = list(await pool.fetch(sql("cli.callback"), contact))
        if not promises:
            raise Failure(Exit.NOT_FOUND, f"{contact} was never promised a callback")
        return promises, list(await pool.fetch(sql("cli.callback_attempts"), contact))


def _past_row(one: "Record") -> tuple[object, ...]:
    in_time = {True: "yes", False: "no"}.get(one["in_time"], "")
    return (
        one["contact"],
        one["number"],
        one["queue"],
        clock(one["promised_s"]),
        clock(one["until_s"]),
        clock(one["settled_s"]),
        (one["end_reason"] or "promised").replace("_", " "),
        in_time if one["end_reason"] in ("kept", "rang_back") else "",
        one["attempts"],
        one["agent"],
        one["why"],
    )


def past_document(one: "Record") -> dict[str, object]:
    """A promise of the records for programs."""
    return {
        "call": one["contact"],
        "number": one["number"],
        "queue": one["queue"],
        "first": one["first"],
        "promised": stamp(one["promised_s"]),
        "not_before": stamp(one["not_before_s"]),
        "until": stamp(one["until_s"]),
        "settled": stamp(one["settled_s"]),
        "end": one["end_reason"],
        "in_time": one["in_time"],
        "attempts": one["attempts"],
        "agent": one["agent"],
        "by": one["asked_by"],
        "note": one["note"],
        "why": one["why"],
    }


def _attempt_row(one: "Record") -> tuple[object, ...]:
    how = (one["end_reason"] or "rings").replace("_", " ")
    return (one["attempt"], clock(one["dialled_s"]), one["number"], one["agent"], length(one["rang_s"]), how)


def _attempt_document(one: "Record") -> dict[str, object]:
    return {
        "attempt": one["attempt"],
        "leg": one["leg"],
        "dialled": stamp(one["dialled_s"]),
        "number": one["number"],
        "agent": one["agent"],
        "rang_s": seconds(one["rang_s"]),
        "end": one["end_reason"],
    }
