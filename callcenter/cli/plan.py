"""`callcenter plan`: what an edit would change, whether it can be used, what it would do to calls. Changes nothing."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.apply import Folder, looked_through
from callcenter.cli.config import difference_document, show_differences, stored
from callcenter.cli.exits import Exit
from callcenter.cli.replay import instead_of, traffic
from callcenter.cli.screen import NOTHING, Json, cell, emit, plain, say, show, show_grid
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.config.folder import Checked
    from callcenter.sim.traffic.estimates import Estimate
    from callcenter.versions.difference import FileDifference
    from callcenter.versions.prediction import Compared, Prediction

DAYS: Final = 7.0
HEADS: Final = ("queue!", "measure", "live>", "edited>", "difference>", "")
NAMES: Final = {"service_level": "service level", "asa_s": "ASA", "abandonment": "gave up", "occupancy": "occupancy"}
BETTER: Final = {"service_level": 1, "asa_s": -1, "abandonment": -1, "occupancy": 0}


def plan(
    context: typer.Context,
    folder: Folder = None,
    days: Annotated[float, typer.Option("--days", min=0.0, help="Foretell from so many days; 0: not at all.")] = DAYS,
    instead: Annotated[
        list[str] | None, typer.Option("--map", metavar="OLD=NEW", help="The queue that stands for one that is gone.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the redrawn days.")] = 1,
    json: Json = False,
) -> None:
    """Show what an edit changes, check it, and foretell what it does to the calls. Exit code 1 if it cannot be used."""
    from callcenter.config.folder import read_files
    from callcenter.versions.difference import differences

    site = site_of(context)
    where = folder if folder is not None else site.settings.config_folder
    live = asyncio.run(stored(site, 0))
    found = differences(live.files, read_files(where)[0])
    looked = looked_through(site, where)
    problems = looked.problems
    prediction = None
    if found and not problems and days > 0:
        prediction = _foretold(site, where, days, instead_of(instead or []), seed)
    if json:
        emit(_document(live.version, where, found, looked, prediction))
    else:
        _show(live.version, found, looked, prediction, asked=days > 0)
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


def _foretold(site: Site, where: Path, days: float, queue_of: Mapping[str, str], seed: int) -> "Prediction | None":
    from callcenter.cli.exits import Failure
    from callcenter.config.folder import load_configuration
    from callcenter.versions.prediction import predict

    now = time.time()
    try:
        recorded, live = asyncio.run(traffic(site, now - days * 86_400, None))
    except Failure as failure:
        if failure.exit is not Exit.NOT_FOUND:
            raise
        return None
    return predict(recorded, live, load_configuration(where), seed=seed, queue_of=queue_of, tick=_progress())


def _progress() -> Callable[[int, int], None] | None:
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        print(f"{done} of {total} redrawn", end="\r" if done < total else "\n", file=sys.stderr)  # noqa: T201

    return tell


# -- for programs ------------------------------------------------------------------------------------------------------


def _document(
    version: int,
    where: Path,
    found: "Sequence[FileDifference]",
    looked: "Checked",
    prediction: "Prediction | None",
) -> dict[str, object]:
    return {
        "version": version,
        "folder": str(where),
        "files": [difference_document(one) for one in found],
        "problems": [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in looked.problems],
        "remarks": [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in looked.remarks],
        "not_foretold": _not_walked(found),
        "prediction": None if prediction is None else _foretold_document(prediction),
    }


def _foretold_document(prediction: "Prediction") -> dict[str, object]:
    return {
        "calls": prediction.calls,
        "days": round(prediction.days, 3),
        "redrawn": prediction.redrawn,
        "remarks": list(prediction.remarks),
        "queues": [
            {"queue": name or None, **{measure: _compared(one) for measure, one in measures.items()}}
            for name, measures in prediction.queues.items()
        ],
    }


def _compared(one: "Compared") -> dict[str, object]:
    return {
        "live": _estimate(one.live),
        "edited": _estimate(one.other),
        "difference": _estimate(one.difference),
        "certain": one.certain,
    }


def _estimate(one: "Estimate | None") -> dict[str, float | None] | None:
    if one is None:
        return None
    return {"mean": round(one.mean, 6), "half_width": None if one.half_width is None else round(one.half_width, 6)}


def _not_walked(found: "Sequence[FileDifference]") -> list[str]:
    from callcenter.config.folder import is_test
    from callcenter.versions.difference import not_walked

    return [file for file in not_walked(found) if not is_test(file)]


# -- for people --------------------------------------------------------------------------------------------------------


def _show(
    version: int,
    found: "Sequence[FileDifference]",
    looked: "Checked",
    prediction: "Prediction | None",
    *,
    asked: bool,
) -> None:
    if not found:
        say(f"the folder is what is live (version {version}): nothing to apply")
        return
    show_differences(found)
    for odd in looked.remarks:
        print(plain(f"remark: {odd}"))  # noqa: T201 (as below)
    for problem in looked.problems:
        print(plain(str(problem)))  # noqa: T201 (one line each, however wide the terminal: editors read them)
    if looked.problems:
        show(cell("it cannot be applied: what is live goes on", "bold red"))
        return
    show(cell("it can be applied: callcenter apply", "green"))
    say()
    if prediction is None:
        say("there is no traffic in these days to foretell anything from" if asked else "nothing is foretold: --days 0")
        return
    if files := _not_walked(found):
        words = f"NOT FORETOLD: {', '.join(files)}. Calls are put into the queues that they came into then, whatever"
        show(cell(f"{words} a caller would hear and press now: callcenter flows test rehearses that", "bold yellow"))
    for remark in prediction.remarks:
        say(remark)
    if not prediction.queues:
        return
    say(
        f"{prediction.calls} calls of {prediction.days:.1f} days, redrawn {prediction.redrawn} times and driven through"
        f" both, with the same staff (95 % confidence, took {prediction.took_s:.1f} s):"
    )
    rows = [
        ((name or "all") if at == 0 else cell(" "), NAMES[measure], *_cells(measure, one))
        for name, measures in prediction.queues.items()
        for at, (measure, one) in enumerate(measures.items())
    ]
    show_grid(HEADS, rows)


def _cells(measure: str, one: "Compared") -> tuple[object, ...]:
    apart = one.difference
    style, word = "", ""
    if apart is not None and not one.certain:
        word = "no difference that could be told from chance"
    elif apart is not None and BETTER[measure]:
        better = apart.mean * BETTER[measure] > 0
        style, word = ("green", "better") if better else ("red", "worse")
    said = cell(_said(measure, apart, sign="+"), style)
    return (_said(measure, one.live), _said(measure, one.other), said, word or " ")


def _said(measure: str, one: "Estimate | None", sign: str = "") -> str:
    if one is None:
        return NOTHING
    scale, unit, digits = (1.0, "s", 1) if measure == "asa_s" else (100.0, "%", 1)
    half = "" if one.half_width is None else f" +-{scale * one.half_width:.{digits}f}"
    return f"{scale * one.mean:{sign}.{digits}f}{half} {unit}"
