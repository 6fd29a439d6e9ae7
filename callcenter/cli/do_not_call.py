"""`callcenter do-not-call`: lists of those who will not be called, registers, consent and its revocation."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.screen import Json, clock, emit, say, show_grid, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import moment

if TYPE_CHECKING:
    from callcenter.postgres.do_not_call import DoNotCall, Entry, RegisterLine

app = typer.Typer(name="do-not-call", help="Who will not be called, and what people agreed to.", no_args_is_help=True)

T = TypeVar("T")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="With its country code: +84901234567.")]
Campaign = Annotated[str, typer.Option("--campaign", help="Not for this campaign; otherwise for nobody here.")]
Region = Annotated[str, typer.Option("--region", help="Country of numbers that have no country code: VN, US ...")]
HEADS: Final = ("register!", "version!", "of", "loaded", "entries>", "looked at")
LINES_TOLD_MAX: Final = 20


@app.callback()
def group() -> None:
    """Who will not be called, and what people agreed to."""


@app.command("list")
def list_registers(context: typer.Context, json: Json = False) -> None:
    """List the lists and registers with their versions and dates."""

    async def asked(book: "DoNotCall") -> "tuple[RegisterLine, ...]":
        return await book.registers()

    found = _with_book(site_of(context), asked)
    if json:
        emit({"registers": [line_document(line) for line in found]})
        return
    rows = [
        (line.register, line.version, clock(line.as_of), clock(line.imported), line.entries, "yes" if line.live else "")
        for line in found
    ]
    show_grid(HEADS, rows, empty="there are no lists of those who will not be called")


@app.command("add")
def add(
    context: typer.Context,
    number: Number,
    campaign: Campaign = "",
    reason: Annotated[str, typer.Option("--reason", help="Who asked for it, and how.")] = "",
    json: Json = False,
) -> None:
    """Somebody will not be called, from the next call on. A NUMBER that ends in * is the beginning of numbers."""
    entry = _entry(number)

    async def asked(book: "DoNotCall") -> None:
        await book.add(entry, campaign=campaign, reason=reason)

    _with_book(site_of(context), asked)
    _done({"number": entry.entry, "prefix": entry.prefix, "campaign": campaign}, "will not be called", json=json)


@app.command("remove")
def remove(context: typer.Context, number: Number, campaign: Campaign = "", json: Json = False) -> None:
    """Somebody may be called again."""
    entry = _entry(number)

    async def asked(book: "DoNotCall") -> bool:
        return await book.remove(entry.entry, campaign=campaign)

    if not _with_book(site_of(context), asked):
        raise Failure(Exit.NOT_FOUND, f"{entry.entry} is not in that list", remedy="callcenter do-not-call list")
    _done({"number": entry.entry, "prefix": entry.prefix, "campaign": campaign}, "may be called again", json=json)


@app.command("load")
def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One number a line; what follows # is a remark.")],
    register: Annotated[str, typer.Option("--register", help="us_national, uk_tps, vn_do_not_call ...")],
    version: Annotated[str, typer.Option("--version", help="What the register calls this version.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="TIME", help="The register's own date: 2026-11-30.")],
    region: Region = "",
    json: Json = False,
) -> None:
    """Load a whole version of a register; it takes the place of the one before when every line of it is understood."""
    at = moment(as_of, time.time())
    if at > time.time():
        raise Failure(Exit.USAGE, f"--as-of {as_of!r} lies ahead")
    with named_by_user(file):
        text = file.read_text(encoding="utf-8", errors="replace").splitlines()
    entries = _entries(file, text, region)

    async def asked(book: "DoNotCall") -> int:
        return await book.load(register, version, at, entries)

    count = _with_book(site_of(context), asked)
    if json:
        emit({"register": register, "version": version, "as_of": stamp(at), "entries": count})
    else:
        say(f"{register} {version}: {count:,} entries, of {clock(at)}")


@app.command("agree")
def agree(
    context: typer.Context,
    number: Number,
    kind: Annotated[str, typer.Option("--kind", help="inquiry, express or written.")],
    proof: Annotated[str, typer.Option("--proof", help="Where it is kept: a form, a recording.")],
    when: Annotated[str, typer.Option("--when", metavar="TIME", help="When she agreed.")] = "now",
    json: Json = False,
) -> None:
    """Note that somebody agreed to be called."""
    from callcenter.model.law import ConsentKind

    if kind not in list(ConsentKind)[1:]:
        raise Failure(Exit.USAGE, f"--kind {kind!r}: one of {', '.join(list(ConsentKind)[1:])}")
    entry = _entry(number)
    at = moment(when, time.time())

    async def asked(book: "DoNotCall") -> None:
        await book.agree(entry.entry, ConsentKind(kind), at, proof)

    _with_book(site_of(context), asked)
    _done({"number": entry.entry, "kind": kind, "given": stamp(at)}, f"has agreed ({kind})", json=json)


@app.command("revoke")
def revoke(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="How she said so.")] = "",
    json: Json = False,
) -> None:
    """Somebody takes back what she agreed to, and will not be called by anybody here: from the next call on."""
    entry = _entry(number)

    async def asked(book: "DoNotCall") -> int:
        return await book.revoke(entry.entry, time.time(), reason)

    count = _with_book(site_of(context), asked)
    _done({"number": entry.entry, "consents": count}, f"will not be called; {count} consents are revoked", json=json)


def _with_book(site: Site, asked: "Callable[[DoNotCall], Awaitable[T]]") -> T:
    from callcenter.postgres.do_not_call import DoNotCall

    async def run() -> T:
        async with site.database() as pool:
            return await asked(DoNotCall(pool))

    return asyncio.run(run())


def _done(document: dict[str, object], said: str, *, json: bool) -> None:
    if json:
        emit(document)
    else:
        say(f"{document['number']} {said}")


def _entry(text: str) -> "Entry":
    from callcenter.jobs.do_not_call import entry_of

    return entry_of(text)


def _entries(file: Path, lines: list[str], region: str) -> "list[Entry]":
    """Every line of a register."""
    from callcenter.errors import Unfit
    from callcenter.jobs.do_not_call import register_of

    try:
        return register_of(str(file), lines, region)
    except Unfit as unfit:
        for one in unfit.problems[:LINES_TOLD_MAX]:
            warn(str(one))
        words = f"{len(unfit.problems):,} lines are no numbers; nothing is loaded"
        raise Failure(Exit.PROBLEMS, words, remedy="--region CODE?") from unfit


def line_document(line: "RegisterLine") -> dict[str, object]:
    """A version of a list for programs."""
    return {
        "register": line.register,
        "version": line.version,
        "as_of": stamp(line.as_of),
        "loaded": stamp(line.imported),
        "entries": line.entries,
        "live": line.live,
    }
