"""`callcenter report voicemails`: what became of messages, by interval and queue. Computes nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, cell, clock, emit, length, say, seconds, show, show_grid, stamp
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import Since, Until, period, span
from callcenter.errors import ConfigurationError

if TYPE_CHECKING:
    from callcenter.postgres.voicemails import MessageLine

HEADS: Final = (
    "from!",
    "queue!",
    "left>",
    "done>",
    "called back>",
    "settled>",
    "empty>",
    "standing>",
    "heard>",
    "listened>",
    "after>",
)

Every = Annotated[str, typer.Option("--every", metavar="LENGTH", help="15m, 1h, 1d ...")]


def voicemails(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    every: Every = "1d",
    queue: Annotated[str | None, typer.Option("--queue", help="Only this queue.")] = None,
    json: Json = False,
) -> None:
    """Messages by interval in which they were left: done, called back, settled, and those that still stand."""
    from callcenter.postgres.voicemails import HANDLED

    bounds, every_s = period(since, until), span(every)
    lines = asyncio.run(_asked(site_of(context), bounds, every_s, queue))
    if json:
        between = {"since": stamp(bounds[0]), "until": stamp(bounds[1]), "every_s": every_s}
        emit({**between, "voicemails": [_document(line) for line in lines], "formulas": {"after": HANDLED}})
        return
    say(f"from {clock(bounds[0])} to {clock(bounds[1])}, local time")
    show_grid(HEADS, (_row(line) for line in lines), empty="no message was left for agents in that time")
    show(cell(f"after = {HANDLED}", "dim"))


async def _asked(
    site: Site, bounds: tuple[float, float], every_s: float, queue: str | None
) -> tuple["MessageLine", ...]:
    from callcenter.postgres.voicemails import Voicemails

    async with site.database() as pool:
        try:
            return await Voicemails(pool).lines(*bounds, every_s=every_s, queue=queue)
        except ConfigurationError as error:
            raise Failure(Exit.USAGE, str(error), problems=error.problems) from error


def _row(line: "MessageLine") -> tuple[object, ...]:
    ends = (line.done, line.called_back, line.settled, line.empty, line.standing)
    heard = (line.hearings, length(line.heard_s), length(line.until_done_s))
    return (clock(line.starts), line.queue, line.left_messages, *ends, *heard)


def _document(line: "MessageLine") -> dict[str, object]:
    names = ("done", "called_back", "settled", "empty", "standing", "hearings")
    return {
        "starts": stamp(line.starts),
        "queue": line.queue,
        "left": line.left_messages,
        **{name: getattr(line, name) for name in names},
        "heard_s": seconds(line.heard_s),
        "until_done_s": seconds(line.until_done_s),
    }
