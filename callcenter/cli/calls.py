"""`callcenter calls`: the live ones, the past ones, one of them, and hanging one up. Decides nothing."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli import call_control
from callcenter.cli.dispositions import customer, dispose
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import Call, live_contact, past_contact
from callcenter.cli.screen import (
    NOTHING,
    Json,
    cell,
    clock,
    emit,
    length,
    say,
    seconds,
    show,
    show_grid,
    show_pairs,
    stamp,
    warn,
)
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import Until, period

if TYPE_CHECKING:
    from callcenter.model.view import CenterView, ContactView
    from callcenter.postgres.reports import CallFilter, CallLine

app = typer.Typer(name="calls", help="Calls: those that are up now, and those of the past.", no_args_is_help=True)
app.command("customer")(customer)
app.command("dispose")(dispose)

LIST_MAX: Final = 1000
WAIT_LONG_S: Final = 60.0  # who has waited so long is shown in red
LIVE_HEADS: Final = ("call!", "caller", "name", "state", "for>", "total>", "where", "place>", "agent", "lang")
PAST_HEADS: Final = ("call!", "began!", "caller", "queue", "agent", "wait>", "talk>", "offers>", "ended", "rec")


@app.command("list")
def list_calls(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="List past calls from then on: today, 2h, 7d, 14:00 ..."),
    ] = None,
    until: Until = "now",
    queue: Annotated[str | None, typer.Option("--queue", help="Only of this queue.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only with this agent.")] = None,
    caller: Annotated[str | None, typer.Option("--caller", help="Only from exactly this number.")] = None,
    ended: Annotated[
        str | None, typer.Option("--ended", help="Past: only with this end reason, such as abandoned.")
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", help="Past: began, -began, wait, -wait, talk, -talk, queue, agent.")
    ] = "began",
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="Past: at most so many.")] = 100,
    json: Json = False,
) -> None:
    """List the calls that are up now or, with --since, those of the past."""
    site = site_of(context)
    if since is None:
        view = site.center.view()
        contacts = [
            one
            for one in view.contacts
            if queue in (None, one.queue) and agent in (None, one.agent) and caller in (None, one.caller)
        ]
        _show_live(view, contacts, json=json)
        return
    bounds = period(since, until)
    lines = asyncio.run(_past(site, bounds, _filter(queue, agent, caller, ended), sort, limit))
    _show_past(lines, bounds, limit, json=json)


@app.command("show")
def show_call(context: typer.Context, call: Call, json: Json = False) -> None:
    """Show all that is on record of one call: waits, phones that rang, talks, recordings."""
    record = asyncio.run(_record(site_of(context), call))
    if json:
        emit(record_document(record))
    else:
        _show_record(record)


@app.command("hangup")
def hang_up(context: typer.Context, call: Call, json: Json = False) -> None:
    """End a live call."""
    center = site_of(context).center
    contact = live_contact(center.view().contacts, call)
    center.hang_up(contact.id)
    if json:
        emit({"call": contact.id, "done": "hung up"})
    else:
        say(f"{contact.id} is hung up")


# -- now ---------------------------------------------------------------------------------------------------------------


def _show_live(view: "CenterView", contacts: list["ContactView"], *, json: bool) -> None:
    if json:
        emit({"at": stamp(view.at), "calls": [live_document(one) for one in contacts]})
        return
    show_grid(LIVE_HEADS, (live_row(one) for one in contacts), empty="no call is up")


def live_row(one: "ContactView") -> tuple[object, ...]:
    """A live call as a row under LIVE_HEADS."""
    where = f"{one.flow}: {one.node}" if one.node else one.queue
    return (
        one.id,
        one.caller,
        one.caller_name,
        cell(_doing(one), "cyan" if one.state.value == "connected" else ""),
        cell(length(one.state_s), "bold red" if _waits_long(one) else ""),
        length(one.total_s),
        where,
        one.position or NOTHING,
        one.agent,
        one.language,
    )


def _doing(one: "ContactView") -> str:
    """What goes on with it, in a word or two."""
    if one.consults:
        return f"{one.agent} consults {one.consults}"
    if one.slot:
        return f"parked in {one.slot}"
    if one.on_hold:
        return "on hold"
    return f"with {', '.join(one.guests)}" if one.guests else one.state.replace("_", " ")


def _waits_long(one: "ContactView") -> bool:
    return one.position > 0 and one.state_s >= WAIT_LONG_S


def live_document(one: "ContactView") -> dict[str, object]:
    """A live call for programs."""
    return {
        "call": one.id,
        "caller": one.caller,
        "caller_name": one.caller_name,
        "dialled": one.dialled,
        "direction": one.direction.value,
        "state": one.state.value,
        "state_s": seconds(one.state_s),
        "total_s": seconds(one.total_s),
        "flow": one.flow or None,
        "node": one.node or None,
        "queue": one.queue,
        "position": one.position or None,
        "agent": one.agent,
        "recording": one.recording,
        "language": one.language,
        "on_hold": one.on_hold,
        "consults": one.consults or None,
        "guests": list(one.guests),
        "slot": one.slot or None,
    }


# -- the past ----------------------------------------------------------------------------------------------------------


def _filter(queue: str | None, agent: str | None, caller: str | None, ended: str | None) -> "CallFilter":
    from callcenter.model.contact import EndReason
    from callcenter.postgres.reports import CallFilter

    try:
        reason = None if ended is None else EndReason(ended)
    except ValueError:
        known = ", ".join(EndReason)
        raise typer.BadParameter(f"{ended!r} is not an end reason: {known}", param_hint="--ended") from None
    return CallFilter(queue=queue, agent=agent, caller=caller, end_reason=reason)


async def _past(
    site: Site, bounds: tuple[float, float], only: "CallFilter", sort: str, limit: int
) -> tuple["CallLine", ...]:
    from callcenter.postgres.reports import CALL_ORDERS, Reports

    if sort not in CALL_ORDERS:
        raise typer.BadParameter(f"cannot sort by {sort!r}: {', '.join(CALL_ORDERS)}", param_hint="--sort")
    async with site.database() as pool:
        return await Reports(pool).calls(*bounds, only, order=sort, limit=limit)


def _show_past(lines: tuple["CallLine", ...], bounds: tuple[float, float], limit: int, *, json: bool) -> None:
    since, until = bounds
    if json:
        document = {"since": stamp(since), "until": stamp(until), "calls": [past_document(line) for line in lines]}
        emit(document)
        return
    show_grid(
        PAST_HEADS, (past_row(line) for line in lines), empty=f"no call between {clock(since)} and {clock(until)}"
    )
    if len(lines) == limit:
        warn(f"only the first {limit} are shown; --limit gives more")


def past_row(line: "CallLine") -> tuple[object, ...]:
    """A past call as a row under PAST_HEADS."""
    recordings = [one for one in line.recordings if one.path]
    faulty = any(one.problem for one in line.recordings)
    return (
        line.contact,
        clock(line.began),
        line.caller + (f" {line.caller_name}" if line.caller_name and line.caller_name != line.caller else ""),
        line.queue,
        line.agent,
        length(line.wait_s) if line.queue else NOTHING,
        length(line.talk_s) if line.talk_s else NOTHING,
        line.offers or NOTHING,
        "still up" if line.end_reason is None else line.end_reason.replace("_", " "),
        "faulty" if faulty else ("yes" if recordings else NOTHING),
    )


def past_document(line: "CallLine") -> dict[str, object]:
    """A past call for programs."""
    return {
        "call": line.contact,
        "medium": line.medium.value,
        "direction": line.direction.value,
        "caller": line.caller,
        "caller_name": line.caller_name,
        "dialled": line.dialled,
        "began": stamp(line.began),
        "ended": stamp(line.ended),
        "end_reason": None if line.end_reason is None else line.end_reason.value,
        "flow_s": seconds(line.flow_s),
        "wait_s": seconds(line.wait_s),
        "talk_s": seconds(line.talk_s),
        "forward_s": seconds(line.forward_s),
        "queue": line.queue,
        "agent": line.agent,
        "why": line.why,
        "offers": line.offers,
        "missed": line.missed,
        "language": line.language,
        "recordings": [
            {"recording": one.recording, "path": one.path, "seconds": seconds(one.seconds), "problem": one.problem}
            for one in line.recordings
        ],
    }


# -- one ---------------------------------------------------------------------------------------------------------------


async def _record(site: Site, call: str) -> dict[str, Any]:
    from callcenter.postgres.reports import Reports
    from callcenter.postgres.surveys import Surveys

    async with site.database() as pool:
        contact = await past_contact(pool, call)
        record = await Reports(pool).call(contact)
        answers = await Surveys(pool).of_contact(contact)
    if record is None:
        raise Failure(Exit.NOT_FOUND, f"there is no call {call}")
    return {**record, "answers": [asdict(one) for one in answers]}


PARTS: Final = ("waits", "rings", "talks", "holds", "parties", "transfers", "recordings", "answers")
TIMES: Final = ("began", "ended", "entered", "offered", "at")


def record_document(record: dict[str, Any]) -> dict[str, object]:
    """The CDR for programs: the columns of the view `cdr`, its lists never null, the id under `call`."""
    lists = {part: [_for_programs(one) for one in record.get(part) or ()] for part in PARTS}
    rest = {name: value for name, value in record.items() if name not in (*PARTS, "id")}
    return {"call": record["id"], **_for_programs(rest), **lists}


def _for_programs(record: dict[str, Any]) -> dict[str, object]:
    return {name: _for_program(name, value) for name, value in record.items()}


def _for_program(name: str, value: Any) -> object:
    if name in TIMES:
        return stamp(_at(value))
    return seconds(value) if name.endswith("_s") else value


def _show_record(record: dict[str, Any]) -> None:
    show_pairs(
        {
            "call": record["id"],
            "caller": record["caller"],
            "name": record["caller_name"],
            "dialled": record["dialled"],
            "began": _when(record["began"]),
            "ended": _when(record["ended"]),
            "end": (record["end_reason"] or "still up").replace("_", " "),
            "length": length(record["length_s"]),
            "in flows": length(record["flow_s"]),
            "waiting": length(record["wait_s"]),
            "talking": length(record["talk_s"]),
            "on hold": length(record["hold_s"]) if record["hold_s"] else NOTHING,
            "parked": length(record["parked_s"]) if record["parked_s"] else NOTHING,
            "forwarded": length(record["forward_s"]),
            "queue": record["queue"],
            "agent": record["agent"],
            "why": record["why"],
            "language": record["language"],
        }
    )
    _show_part(
        "Waits",
        ("queue!", "entered!", "waited>", "left by", "priority>"),
        [
            (
                one["queue"],
                _when(one["entered"]),
                length(one["waited_s"]),
                one["exit"].replace("_", " "),
                one["priority"],
            )
            for one in record["waits"] or ()
        ],
    )
    _show_part(
        "Phones that rang",
        ("agent!", "from!", "rang>", "end", "why"),
        [
            (
                one["agent"],
                _when(one["offered"]),
                length(one["rang_s"]),
                (one["end"] or "rings").replace("_", " "),
                one["why"],
            )
            for one in record["rings"] or ()
        ],
    )
    _show_part(
        "Talks",
        ("agent!", "queue!", "began!", "talk>", "hold>"),
        [
            (one["agent"], one["queue"], _when(one["began"]), length(one["talk_s"]), length(one["hold_s"]))
            for one in record["talks"] or ()
        ],
    )
    _show_part(
        "Others who were called",
        ("who!", "by!", "from!", "spoke>", "how", "end"),
        [
            (
                one["agent"] or one["number"],
                one["called_by"],
                _when(one["began"]),
                length(one["spoke_s"]),
                "aside" if one["aside"] else "with all",
                one["end"].replace("_", " "),
            )
            for one in record["parties"] or ()
        ],
    )
    _show_part(
        "Handed on",
        ("by!", "to!", "name!", "at!", "how"),
        [
            (one["agent"], one["to"], one["name"], _when(one["at"]), "after a word" if one["consulted"] else "")
            for one in record["transfers"] or ()
        ],
    )
    _show_part(
        "Parked",
        ("slot!", "by!", "from!", "for>", "how", "picked up by!"),
        [
            (
                one["slot"],
                one["agent"],
                _when(one["began"]),
                length(one["parked_s"]),
                one["end"].replace("_", " "),
                one["taker"],
            )
            for one in record["parks"] or ()
        ],
    )
    _show_part(
        "Said in the survey",
        ("survey!", "question!", "answer>", "comment"),
        [(one["survey"], one["question"], one["answer"], one["comment"]) for one in record.get("answers") or ()],
    )
    _show_part(
        "Recordings",
        ("recording!", "kind", "length>", "channels>", "problem", "file"),
        [
            (one["recording"], one["kind"], length(one["seconds"]), one["channels"], one["problem"], one["path"])
            for one in record["recordings"] or ()
        ],
    )


def _show_part(title: str, heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if rows:
        say()
        show(cell(title, "bold"))
        show_grid(heads, rows)


def _when(text: str | None) -> str:
    """A time out of Postgres's JSON as local time."""
    return clock(_at(text))


def _at(text: str | None) -> float | None:
    from datetime import datetime

    return None if text is None else datetime.fromisoformat(text).timestamp()


for _name, _command in call_control.COMMANDS.items():
    app.command(_name)(_command)
