"""What came of talks: `calls dispose`, `calls customer` and `report dispositions`. Computes and decides nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import past_contact
from callcenter.cli.screen import Json, clock, emit, say, share, show_grid, show_pairs, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import Since, Until, moment, period

if TYPE_CHECKING:
    from callcenter.postgres.dispositions import MissingLine, OutcomeLine

LIST_MAX: Final = 10_000
Call = Annotated[str, typer.Argument(metavar="CALL", help="Its id, or, of a past call, an unambiguous part of it.")]
OneQueue = Annotated[str | None, typer.Option("--queue", help="Only this queue.")]
OneAgent = Annotated[str | None, typer.Option("--agent", help="Only this agent.")]
SUM_HEADS: Final = ("queue!", "agent", "code!", "label", "talks>", "share>", "changed>", "callbacks>")
MISSING_HEADS: Final = ("talk ended", "call!", "queue", "agent", "caller")


def dispose(
    context: typer.Context,
    call: Call,
    code: Annotated[str, typer.Argument(metavar="CODE", help="An outcome of the queue's tree: complaint.billing.")],
    agent: Annotated[str | None, typer.Option("--agent", help="Whose talk; else the latest.")] = None,
    note: Annotated[str, typer.Option("--note", help="In words.")] = "",
    field: Annotated[list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field.")] = None,
    callback: Annotated[
        str | None, typer.Option("--callback", metavar="TIME", help="Call her back, not before: now, 14:00 ...")
    ] = None,
    callback_number: Annotated[str, typer.Option("--callback-number", help="Else the one she called from.")] = "",
    callback_queue: Annotated[str | None, typer.Option("--callback-queue", help="Else that of the talk.")] = None,
    callback_only_me: Annotated[bool, typer.Option("--callback-only-me", help="By the same agent.")] = False,
    json: Json = False,
) -> None:
    """Record what came of a talk: during it, in the wrap-up, or later. Once more changes it; both are kept."""
    fields = dict(_pair(one) for one in field or ())
    center = site_of(context).center
    wish: dict[str, Any] = {"code": code, "agent": agent, "note": note, "fields": fields}
    if callback is not None:
        not_before = 0.0 if callback == "now" else moment(callback, center.view().at)
        wish["callback"] = {
            "number": callback_number,
            "queue": callback_queue,
            "not_before": not_before,
            "only_me": callback_only_me,
        }
    elif callback_number or callback_queue or callback_only_me:
        raise Failure(Exit.USAGE, "when is she to be called back?", remedy="--callback now")
    center.dispose(call, wish)
    if json:
        emit({"call": call, "code": code, "done": "recorded"})
    else:
        say(f"{code} is recorded of {call}")


def customer(context: typer.Context, call: Call, json: Json = False) -> None:
    """Show what a screen shows of a call: who calls, her history, why she calls, notes, tags, where the CRM has her."""
    site = site_of(context)
    try:
        found = site.center.customer_of(call)
    except Failure as failure:
        if failure.exit is not Exit.NOT_RUNNING:
            raise
        found = None
    if found is None:
        found = asyncio.run(_past_pop(site, call))
    if json:
        emit(found)
    else:
        _show_pop(found)


async def _past_pop(site: Site, call: str) -> dict[str, Any]:
    """Without a center that runs, or of a part of an id: out of the records."""
    import msgspec

    from callcenter.cli.customer_rules import rules_of
    from callcenter.customers.desk import past_call
    from callcenter.customers.pop import screen_pop
    from callcenter.postgres.customers import Customers
    from callcenter.postgres.reader import JournalReader

    async with site.database() as pool:
        contact = await past_contact(pool, call)
        customers, rules = Customers(pool), await rules_of(site, pool)
        calling = past_call(await customers.of_contact(contact))
        if calling is None:
            raise Failure(Exit.NOT_FOUND, f"there is no call {call}")
        pop = await screen_pop(customers, JournalReader(pool), calling, rules.customers, rules.numbering)
    return dict(msgspec.to_builtins(pop))


def _show_pop(pop: dict[str, Any]) -> None:
    known = pop["customer"] or {}
    show_pairs(
        {
            "call": pop["call"],
            "caller": pop["number"] or pop["caller"],
            "name": known.get("name") or pop["caller_name"],
            "customer": known.get("id", "nobody who was entered"),
            "VIP": "yes" if known.get("vip") else "",
            "do not call": known.get("do_not_call_source", "") if known.get("do_not_call") else "",
            "tags": ", ".join(known.get("tags", ())),
            **known.get("fields", {}),
            "state": pop["state"].replace("_", " "),
            "queue": pop["queue"],
            "agent": pop["agent"],
            "why": ", ".join(f"{name}: {value}" for name, value in pop["variables"].items()),
            "way": " → ".join(step["node"] for step in pop["path"]),
            "recorded": ", ".join(one["label"] for one in pop["outcomes"]),
            "CRM": pop["crm_url"],
        }
    )
    say()
    notes = [(one["at"], one["by"], one["text"]) for one in known.get("notes", ())]
    show_grid(("noted", "by", "note"), notes, empty="no notes")
    say()
    calls = pop["history"]["calls"]
    rows = [(one["call"], one["began"], one["queue"], one["agent"], one["end_reason"], one["outcome"]) for one in calls]
    show_grid(("call!", "began", "queue", "agent", "ended", "outcome"), rows, empty="no other calls")


def dispositions(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    queue: OneQueue = None,
    agent: OneAgent = None,
    missing: Annotated[bool, typer.Option("--missing", help="The talks of which something is missing.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="Missing: at most so many.")] = 1000,
    json: Json = False,
) -> None:
    """What agents recorded of their talks, by queue, agent and outcome; or the talks of which something is missing."""
    bounds = period(since, until)
    between = {"since": stamp(bounds[0]), "until": stamp(bounds[1])}
    if missing:
        found = asyncio.run(_missing(site_of(context), bounds, queue, agent, limit))
        _show_missing(found, between, limit, json=json)
    else:
        _show_sums(asyncio.run(_sums(site_of(context), bounds, queue, agent)), between, bounds, json=json)


async def _sums(
    site: Site, bounds: tuple[float, float], queue: str | None, agent: str | None
) -> "tuple[OutcomeLine, ...]":
    from callcenter.postgres.dispositions import outcomes

    async with site.database() as pool:
        return await outcomes(pool, *bounds, queue=queue, agent=agent)


async def _missing(
    site: Site, bounds: tuple[float, float], queue: str | None, agent: str | None, limit: int
) -> "tuple[MissingLine, ...]":
    from callcenter.postgres.dispositions import missing

    async with site.database() as pool:
        return await missing(pool, *bounds, queue=queue, agent=agent, limit=limit)


def _show_sums(
    lines: "tuple[OutcomeLine, ...]", between: dict[str, str | None], bounds: tuple[float, float], *, json: bool
) -> None:
    from callcenter.postgres.dispositions import SHARE

    if json:
        names = ("queue", "agent", "code", "label", "talks", "changed", "callbacks")
        told = [{**{name: getattr(one, name) for name in names}, "share": round(one.share, 4)} for one in lines]
        emit({**between, "dispositions": told, "formulas": {"share": SHARE}})
        return
    say(f"from {clock(bounds[0])} to {clock(bounds[1])}, local time")
    rows = (
        (one.queue, one.agent, one.code, one.label, one.talks, share(one.share), one.changed, one.callbacks)
        for one in lines
    )
    show_grid(SUM_HEADS, rows, empty="nothing was recorded")
    say(f"share = {SHARE}")


def _show_missing(lines: "tuple[MissingLine, ...]", between: dict[str, str | None], limit: int, *, json: bool) -> None:
    if json:
        names = ("call", "queue", "agent", "tree", "caller")
        told = [{**{name: getattr(one, name) for name in names}, "talk_ended": stamp(one.talk_ended)} for one in lines]
        emit({**between, "missing": told})
        return
    rows = ((clock(one.talk_ended), one.call, one.queue, one.agent, one.caller) for one in lines)
    show_grid(MISSING_HEADS, rows, empty="nothing is missing")
    if len(lines) == limit:
        warn(f"only the first {limit} are shown; --limit gives more")


def _pair(said: str) -> tuple[str, str]:
    name, sign, value = said.partition("=")
    if not sign:
        raise Failure(Exit.USAGE, f"{said!r} is no NAME=VALUE")
    return name.strip(), value
