"""`callcenter campaign machines`: how good detectors of answering machines are, by what agents say. Decides nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.screen import NOTHING, Json, emit, say, share, show_grid, stamp
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import period

if TYPE_CHECKING:
    from callcenter.postgres.machines import ScoreLine

HEADS: Final = (
    "campaign!",
    "trunk!",
    "detector!",
    "human>",
    "machine>",
    "unsure>",
    "labelled>",
    "people>",
    "precision>",
    "recall>",
    "hung up on>",
)


def machines(
    context: typer.Context,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="NAME", help="Only this one.")] = None,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="today, yesterday, 2h, 7d, ...")] = "30d",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")] = "now",
    json: Json = False,
) -> None:
    """Show what detectors decided about who answered, and how often agents say that they were right."""
    from callcenter.postgres.machines import FORMULAS

    bounds = period(since, until)
    lines = asyncio.run(_lines(site_of(context), bounds, campaign))
    if json:
        begin, end = bounds
        shown = [_document(one) for one in lines]
        emit({"since": stamp(begin), "until": stamp(end), "machines": shown, "formulas": FORMULAS})
        return
    show_grid(HEADS, (_row(one) for one in lines), empty="no detector has decided anything")
    for name, formula in FORMULAS.items():
        say(f"{name.replace('_', ' ')}: {formula}")


async def _lines(site: Site, bounds: tuple[float, float], campaign: str | None) -> "tuple[ScoreLine, ...]":
    from callcenter.postgres.machines import scores

    async with site.database() as pool:
        return await scores(pool, *bounds, campaign)


def _row(line: "ScoreLine") -> tuple[object, ...]:
    low, high = line.precision_between
    between = f"{share(line.precision)} ({100 * low:.0f}-{100 * high:.0f})" if line.machine_labelled else NOTHING
    return (
        line.campaign,
        line.trunk,
        line.detector,
        line.said_human,
        line.said_machine,
        line.said_unsure,
        line.machine_labelled,
        line.machine_human,
        between,
        share(line.recall),
        NOTHING if line.people_hung_up_on is None else f"{line.people_hung_up_on:.0f}",
    )


def _document(line: "ScoreLine") -> dict[str, object]:
    low, high = line.precision_between
    return {
        "campaign": line.campaign,
        "trunk": line.trunk,
        "detector": line.detector,
        "said": {"human": line.said_human, "machine": line.said_machine, "unsure": line.said_unsure},
        "heard": line.heard,
        "machine_labelled": line.machine_labelled,
        "machine_human": line.machine_human,
        "passed_labelled": line.passed_labelled,
        "passed_machine": line.passed_machine,
        "precision": None if line.precision is None else round(line.precision, 4),
        "precision_between": [round(low, 4), round(high, 4)],
        "recall": None if line.recall is None else round(line.recall, 4),
        "people_hung_up_on": None if line.people_hung_up_on is None else round(line.people_hung_up_on, 1),
        "took_s": round(line.took_s, 3),
    }
