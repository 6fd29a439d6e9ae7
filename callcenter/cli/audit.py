"""`callcenter audit`: who asked what of the center, and what came of it. Reads one table; changes nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.screen import Json, clock, emit, show_grid, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import period

if TYPE_CHECKING:
    from callcenter.postgres.audit import Entry

ENTRIES_MAX: Final = 1_000
HEADS: Final = ("at!", "who!", "via", "act!", "on", "with", "outcome", "why")


def audit(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="today, yesterday, 2h, 7d, 14:00 ...")
    ] = "today",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")] = "now",
    who: Annotated[str | None, typer.Option("--who", help="Only of token:NAME, cli:USER, agent:ID.")] = None,
    act: Annotated[str | None, typer.Option("--act", help="Only this, such as 'calls hang-up'.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=ENTRIES_MAX, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """List what was asked of the center by programs and people, newest first."""
    found = asyncio.run(_entries(site_of(context), period(since, until), who, act, limit))
    if json:
        emit({"acts": [_document(one) for one in found]})
        return
    rows = (
        (clock(one.at), one.who, one.via, one.act, one.subject, one.told, one.outcome or "not known", one.detail)
        for one in found
    )
    show_grid(HEADS, rows, empty="nothing was asked in that time")
    if len(found) == limit:
        warn(f"only the last {limit} are shown; --limit gives more")


async def _entries(
    site: Site, bounds: tuple[float, float], who: str | None, act: str | None, limit: int
) -> "tuple[Entry, ...]":
    from callcenter.postgres.audit import Audit

    async with site.database() as pool:
        return await Audit(pool).entries(*bounds, who=who, act=act, limit=limit)


def _document(entry: "Entry") -> dict[str, object]:
    return {
        "id": entry.id,
        "at": stamp(entry.at),
        "who": entry.who,
        "via": entry.via,
        "act": entry.act,
        "subject": entry.subject,
        "told": entry.told,
        "outcome": entry.outcome,
        "detail": entry.detail,
    }
