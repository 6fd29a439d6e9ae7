"""`callcenter customers`: who is a customer, her calls, changing her, merging two. Decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from callcenter.cli import customer_files
from callcenter.cli.asker import asker
from callcenter.cli.customer_rules import Rules, rules_of, tell_center
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, clock, emit, length, say, show_grid, show_pairs
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from asyncpg import Record

    from callcenter.customers.pop import CustomerShown, HistoryShown
    from callcenter.postgres.customers import Customer, Customers, Sheet

    Shown = tuple[CustomerShown | None, HistoryShown, Sheet | None]

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
ID_DIGITS_MAX: Final = 18
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

    async def ask(customers: "Customers", _: Rules) -> "list[Record]":
        return await customers.listed(name=name, tag=tag, vip=vip, do_not_call=do_not_call, limit=limit)

    found = _with(site_of(context), ask)
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
    from callcenter.customers.pop import customer_shown, forms_of, shown_history

    async def ask(customers: "Customers", rules: Rules) -> "Shown":
        found = await _found(customers, rules, who)
        if found is None:
            history = await customers.history(rules.forms(who), calls)
            if not history.calls:
                raise _nobody(who)
            return None, shown_history(history), None
        sheet = await customers.sheet(found)
        history = await customers.history(forms_of(sheet.numbers, rules.numbering), calls)
        return customer_shown(sheet), shown_history(history), sheet

    shown, history, sheet = _with(site_of(context), ask)
    if json:
        import msgspec

        changes = [] if sheet is None else [_remark(one) for one in sheet.changes]
        builtin = None if shown is None else msgspec.to_builtins(shown)
        emit({"customer": builtin, "history": msgspec.to_builtins(history), "changes": changes})
        return
    _show(shown, history)


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
    from callcenter.postgres.customers import Customer

    async def ask(customers: "Customers", rules: Rules) -> int:
        new = _changed(Customer(), rules, name, reference, language, tag, field, vip, do_not_call, source)
        if not (number or new.reference):
            raise Failure(Exit.USAGE, "a customer is known by a number or a reference", remedy="give --number")
        made = await customers.add(new, rules.numbers(number), _addresses(email, address), asker())
        if note:
            await customers.note(made, asker(), note)
        return made

    site = site_of(context)
    made = _with(site, ask)
    tell_center(site, marked=vip is not None or do_not_call is not None)
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

    async def ask(customers: "Customers", rules: Rules) -> int:
        found = await _one(customers, rules, who)
        new = _changed(found, rules, name, reference, language, tag, field, vip, do_not_call, source)
        new = replace(new, tags=tuple(one for one in new.tags if one not in (without_tag or ())))
        gone = [rules.kept(one) for one in without_number or ()]
        what = _what(found, new, [*(number or ()), *(email or ()), *(address or ())], gone)
        if what:
            more = _addresses(email, address)
            await customers.change(new, asker(), what, numbers=rules.numbers(number), without=gone, addresses=more)
        return found.id

    site = site_of(context)
    found = _with(site, ask)
    tell_center(site, marked=True)
    _done(found, "changed", json=json)


@app.command("note")
def note(
    context: typer.Context, who: Who, text: Annotated[str, typer.Argument(metavar="TEXT")], json: Json = False
) -> None:
    """Write something down of a customer."""

    async def ask(customers: "Customers", rules: Rules) -> int:
        found = await _one(customers, rules, who)
        await customers.note(found.id, asker(), text)
        return found.id

    _done(_with(site_of(context), ask), "noted", json=json)


@app.command("merge")
def merge(
    context: typer.Context,
    kept: Annotated[str, typer.Argument(metavar="NUMBER|ID", help="Who stays; where both say something, hers holds.")],
    gone: Annotated[str, typer.Argument(metavar="OTHER", help="Who becomes the same: a number or an id.")],
    json: Json = False,
) -> None:
    """Make one customer of two: numbers, notes, tags and marks of both."""

    async def ask(customers: "Customers", rules: Rules) -> int:
        one, other = await _one(customers, rules, kept), await _one(customers, rules, gone)
        await customers.merge(one.id, other.id, asker())
        return one.id

    site = site_of(context)
    found = _with(site, ask)
    tell_center(site, marked=True)
    _done(found, "merged", json=json)


@app.command("remove")
def remove(context: typer.Context, who: Who, json: Json = False) -> None:
    """Take a customer out, with all that was entered of her. Her calls stay in the records."""

    async def ask(customers: "Customers", rules: Rules) -> int:
        found = await _one(customers, rules, who)
        await customers.remove(found.id)
        return found.id

    site = site_of(context)
    found = _with(site, ask)
    tell_center(site, marked=True)
    _done(found, "removed", json=json)


# -- finding -----------------------------------------------------------------------------------------------------------


def _with(site: Site, ask: "Callable[[Customers, Rules], Coroutine[Any, Any, T]]") -> T:
    async def asked() -> T:
        from callcenter.postgres.customers import Customers

        async with site.database() as pool:
            return await ask(Customers(pool), await rules_of(site, pool))

    return asyncio.run(asked())


async def _found(customers: "Customers", rules: Rules, who: str) -> "Customer | None":
    kept = rules.kept(who)
    found = await customers.by_numbers([kept, rules.numbering.normal(who)]) if kept else None
    if found is None and who.isascii() and who.isdigit() and len(who) <= ID_DIGITS_MAX:
        found = await customers.by_id(int(who))
    return found


async def _one(customers: "Customers", rules: Rules, who: str) -> "Customer":
    found = await _found(customers, rules, who)
    if found is None:
        raise _nobody(who)
    return found


def _nobody(who: str) -> Failure:
    return Failure(Exit.NOT_FOUND, f"there is no customer {who}", remedy="callcenter customers list")


# -- changing ----------------------------------------------------------------------------------------------------------


def _changed(
    was: "Customer",
    rules: Rules,
    name: str | None,
    reference: str | None,
    language: str | None,
    tags: list[str] | None,
    fields: list[str] | None,
    vip: bool | None,
    do_not_call: bool | None,
    source: str,
) -> "Customer":
    stopped = was.do_not_call if do_not_call is None else do_not_call
    since = was.do_not_call_since if was.do_not_call else datetime.now(UTC)
    said = (source or was.do_not_call_source or asker()) if stopped else ""
    return replace(
        was,
        name=was.name if name is None else " ".join(name.split()),
        reference=was.reference if reference is None else reference.strip(),
        language=was.language if language is None else rules.language(language),
        tags=tuple(sorted({*was.tags, *(" ".join(tag.split()) for tag in tags or ())})),
        fields=rules.fields(was.fields, fields or []),
        vip=was.vip if vip is None else vip,
        do_not_call=stopped,
        do_not_call_source=said,
        do_not_call_since=since if stopped else None,
    )


def _what(was: "Customer", now: "Customer", more: list[str], gone: list[str]) -> str:
    """What has changed, in words."""
    said = [
        f"{name}: {getattr(now, name)}"
        for name in ("name", "reference", "language", "vip")
        if getattr(was, name) != getattr(now, name)
    ]
    if was.do_not_call != now.do_not_call:
        said.append(f"must not be called ({now.do_not_call_source})" if now.do_not_call else "may be called again")
    if was.tags != now.tags:
        said.append(f"tags: {', '.join(now.tags)}")
    said += [
        f"{name}: {now.fields.get(name, '')}"
        for name in {**was.fields, **now.fields}
        if was.fields.get(name) != now.fields.get(name)
    ]
    said += [f"and {one}" for one in more] + [f"without {one}" for one in gone]
    return "; ".join(said)


def _addresses(emails: list[str] | None, addresses: list[str] | None) -> list[tuple[str, str]]:
    return [*(("email", one) for one in emails or ()), *(("address", one) for one in addresses or ())]


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


def _remark(one: Any) -> dict[str, object]:
    from callcenter.customers.pop import stamped

    return {"at": stamped(one.at), "by": one.by, "text": one.text}


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
