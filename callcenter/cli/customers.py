"""`callcenter customers`: who is a customer, her calls, changing her, merging two. Decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from callcenter.cli import customer_files
from callcenter.cli.asker import asker
from callcenter.cli.customer_rules import rules_of, tell_center
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, clock, emit, length, say, show_grid, show_pairs
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from asyncpg import Record

    from callcenter.customers.pop import CustomerShown, HistoryShown
    from callcenter.customers.register import Register

T = TypeVar("T")

app = typer.Typer(name="customers", help="Customers, and their calls.", no_args_is_help=True)
app.command("import")(customer_files.import_file)
app.command("export")(customer_files.export_file)

Who = Annotated[str, typer.Argument(metavar="NUMBER|ID", help="One of her numbers, however it is written, or her id.")]
Name = Annotated[str | None, typer.Option("--name", help="Her name.")]
Reference = Annotated[str | None, typer.Option("--reference", help="Her id in another program.")]
Language = Annotated[str | None, typer.Option("--language", help="A tag such as en or vi.")]
Numbers = Annotated[list[str] | None, typer.Option("--number", help="A number; several times for several.")]
Emails = Annotated[list[str] | None, typer.Option("--email", help="An e-mail address; as --number.")]
Addresses = Annotated[list[str] | None, typer.Option("--address", help="An address; as --number.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag; as --number.")]
Fields = Annotated[
    list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field of customers.yaml; empty: none.")
]
Vip = Annotated[bool | None, typer.Option("--vip/--no-vip", help="Whether she is important.")]
Stop = Annotated[
    bool | None, typer.Option("--do-not-call/--may-be-called", help="Whether nobody may call her, or back.")
]
Source = Annotated[str, typer.Option("--source", help="How we know that she is not to be called.")]
LIST_MAX: Final = 10_000
HEADS: Final = ("id>", "number!", "name", "reference", "lang", "tags", "marks")
CALL_HEADS: Final = ("call!", "began", "queue", "agent", "talk>", "ended", "outcome")


@app.command("list")
def list_customers(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--name", help="Whose name begins so.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="With this tag.")] = None,
    vip: Vip = None,
    do_not_call: Stop = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """List customers."""

    async def listed(site: Site) -> "list[Record]":
        from callcenter.postgres.customers import Customers

        async with site.database() as pool:
            wanted = Customers(pool)
            return await wanted.listed(name=name, tag=tag, vip=vip, do_not_call=do_not_call, limit=limit)

    found = asyncio.run(listed(site_of(context)))
    if json:
        emit({"customers": [_line(one) for one in found]})
        return
    rows = (
        (one["id"], one["number"], one["name"], one["reference"], one["language"], ", ".join(one["tags"]), _marks(one))
        for one in found
    )
    show_grid(HEADS, rows, empty="no such customer")


@app.command("show")
def show_customer(
    context: typer.Context,
    who: Who,
    calls: Annotated[int, typer.Option("--calls", min=1, max=1000, help="Her latest calls, so many.")] = 20,
    json: Json = False,
) -> None:
    """Show a customer and her calls, also those from before she was entered. A number of nobody has calls, too."""
    found = _with(site_of(context), lambda register: register.told(who, calls))
    if json:
        import msgspec

        emit(dict(msgspec.to_builtins(found)))
        return
    _show(found.customer, found.history)


@app.command("add")
def add(
    context: typer.Context,
    name: Name = None,
    number: Numbers = None,
    reference: Reference = None,
    language: Language = None,
    email: Emails = None,
    address: Addresses = None,
    tag: Tags = None,
    field: Fields = None,
    vip: Vip = None,
    do_not_call: Stop = None,
    source: Source = "",
    note: Annotated[str, typer.Option("--note", help="Something that is known of her.")] = "",
    json: Json = False,
) -> None:
    """Enter a customer."""
    from callcenter.customers.register import Wish

    wish = Wish(
        name=name,
        reference=reference,
        language=language,
        numbers=tuple(number or ()),
        emails=tuple(email or ()),
        addresses=tuple(address or ()),
        tags=tuple(tag or ()),
        fields=_fields(field),
        vip=vip,
        do_not_call=do_not_call,
        source=source,
    )
    site = site_of(context)
    made = _with(site, lambda register: register.add(wish, asker(), note))
    tell_center(site, marked=wish.marks)
    _done(made, "added", json=json)


@app.command("change")
def change(
    context: typer.Context,
    who: Who,
    name: Name = None,
    number: Numbers = None,
    without_number: Annotated[list[str] | None, typer.Option("--without-number", help="Hers no longer.")] = None,
    reference: Reference = None,
    language: Language = None,
    email: Emails = None,
    address: Addresses = None,
    tag: Tags = None,
    without_tag: Annotated[list[str] | None, typer.Option("--without-tag", help="A tag that she has no more.")] = None,
    field: Fields = None,
    vip: Vip = None,
    do_not_call: Stop = None,
    source: Source = "",
    json: Json = False,
) -> None:
    """Change what is known of a customer; what is not named stays. Marks hold in the running center at once."""

    from callcenter.customers.register import Wish

    wish = Wish(
        name=name,
        reference=reference,
        language=language,
        numbers=tuple(number or ()),
        without_numbers=tuple(without_number or ()),
        emails=tuple(email or ()),
        addresses=tuple(address or ()),
        tags=tuple(tag or ()),
        without_tags=tuple(without_tag or ()),
        fields=_fields(field),
        vip=vip,
        do_not_call=do_not_call,
        source=source,
    )
    site = site_of(context)
    found = _with(site, lambda register: register.change(who, wish, asker()))
    tell_center(site, marked=True)
    _done(found, "changed", json=json)


@app.command("note")
def note(
    context: typer.Context, who: Who, text: Annotated[str, typer.Argument(metavar="TEXT")], json: Json = False
) -> None:
    """Write something down of a customer."""

    _done(_with(site_of(context), lambda register: register.note(who, text, asker())), "noted", json=json)


@app.command("merge")
def merge(
    context: typer.Context,
    kept: Annotated[str, typer.Argument(metavar="NUMBER|ID", help="Who stays; where both say something, hers holds.")],
    gone: Annotated[str, typer.Argument(metavar="OTHER", help="Who becomes the same: a number or an id.")],
    json: Json = False,
) -> None:
    """Make one customer of two: numbers, notes, tags and marks of both."""

    site = site_of(context)
    found = _with(site, lambda register: register.merge(kept, gone, asker()))
    tell_center(site, marked=True)
    _done(found, "merged", json=json)


@app.command("remove")
def remove(context: typer.Context, who: Who, json: Json = False) -> None:
    """Take a customer out, with all that was entered of her. Her calls stay in the records."""

    site = site_of(context)
    found = _with(site, lambda register: register.remove(who))
    tell_center(site, marked=True)
    _done(found, "removed", json=json)


# -- asking ------------------------------------------------------------------------------------------------------------


def _with(site: Site, ask: "Callable[[Register], Coroutine[Any, Any, T]]") -> T:
    async def asked() -> T:
        from callcenter.customers.register import Register
        from callcenter.postgres.customers import Customers

        async with site.database() as pool:
            return await ask(Register(Customers(pool), await rules_of(site, pool)))

    return asyncio.run(asked())


def _fields(said: list[str] | None) -> dict[str, str]:
    given = {}
    for one in said or ():
        name, sign, value = one.partition("=")
        if not sign:
            raise Failure(Exit.USAGE, f"{one!r} is no NAME=VALUE")
        given[name.strip()] = value
    return given


# -- showing -----------------------------------------------------------------------------------------------------------


def _done(customer: int, word: str, *, json: bool) -> None:
    if json:
        emit({"customer": customer, "done": word})
    else:
        say(f"customer {customer} is {word}" if word != "noted" else f"it is noted of customer {customer}")


def _line(one: "Record") -> dict[str, object]:
    names = ("id", "number", "reference", "name", "language", "tags", "vip", "do_not_call")
    return {name: one[name] for name in names}


def _marks(one: "Record") -> str:
    return ", ".join([*(["VIP"] if one["vip"] else []), *(["do not call"] if one["do_not_call"] else [])])


def _show(shown: "CustomerShown | None", history: "HistoryShown") -> None:
    if shown is None:
        say("nobody who was entered")
    else:
        stopped = f"since {shown.do_not_call_since} ({shown.do_not_call_source})" if shown.do_not_call else "no"
        show_pairs(
            {
                "customer": shown.id,
                "name": shown.name,
                "reference": shown.reference,
                "numbers": ", ".join(shown.numbers),
                "language": shown.language,
                "VIP": "yes" if shown.vip else "no",
                "do not call": stopped,
                "tags": ", ".join(shown.tags),
                **shown.fields,
                "e-mail": ", ".join(shown.emails),
                "address": ", ".join(shown.addresses),
            }
        )
        say()
        notes = [(_local(one.at), one.by, one.text) for one in shown.notes]
        show_grid(("noted", "by", "note"), notes, empty="no notes")
    say()
    rows = [
        (
            one.call,
            _local(one.began),
            one.queue,
            one.agent,
            length(one.talk_s),
            (one.end_reason or "still up").replace("_", " "),
            one.outcome,
        )
        for one in history.calls
    ]
    show_grid(CALL_HEADS, rows, empty="no calls")
    if history.counted > len(history.calls):
        say(f"the latest {len(history.calls)} of {history.counted}{' or more' if history.counted >= 1000 else ''}")


def _local(stamp: str) -> str:
    return clock(datetime.fromisoformat(stamp).timestamp())
