"""`callcenter simulate`: a scenario's traffic through the routing, and what would have come of it. Computes nothing."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.picture_file import check_picture, write_picture
from callcenter.cli.screen import Json, cell, emit, say, show, show_grid, warn

if TYPE_CHECKING:
    from callcenter.sim.traffic.estimates import Estimate
    from callcenter.sim.traffic.figures import Scope, Subject
    from callcenter.sim.traffic.replicate import Result
    from callcenter.sim.traffic.scenario import Scenario

HIDDEN: Final = "curve_"  # figures that are there for the plot
_S: Final = "s"
_PART: Final = "%"

CALL_COLUMNS: Final = (
    ("offered>", "offered", ""),
    ("service level>", "service_level", _PART),
    ("ASA s>", "asa_s", _S),
    ("P(wait)>", "p_wait", _PART),
    ("P(abandon)>", "p_abandon", _PART),
    ("turned away>", "p_turned_away", _PART),
    ("mean wait s>", "wait_s", _S),
    ("p95 wait s>", "wait_p95_s", _S),
    ("retries>", "retries", ""),
)
QUEUE_COLUMNS: Final = (
    ("visits>", "offered", ""),
    ("service level>", "service_level", _PART),
    ("ASA s>", "asa_s", _S),
    ("P(wait)>", "p_wait", _PART),
    ("P(abandon)>", "p_abandon", _PART),
    ("sent on>", "p_turned_away", _PART),
    ("p95 wait s>", "wait_p95_s", _S),
    ("waiting>", "queue_length", _S),
)
AGENT_COLUMNS: Final = (
    ("at work>", "staffed", _S),
    ("occupancy>", "occupancy", _PART),
    ("talking>", "talking", _PART),
    ("calls per hour>", "calls_per_hour", _S),
)
PERIOD_COLUMNS: Final = (
    ("offered>", "offered", ""),
    ("service level>", "service_level", _PART),
    ("ASA s>", "asa_s", _S),
    ("P(abandon)>", "p_abandon", _PART),
    ("waiting>", "queue_length", _S),
    ("at work>", "staffed", _S),
    ("occupancy>", "occupancy", _PART),
)
TOLD: Final = ("service_level", "asa_s", "p_wait", "p_abandon", "occupancy")  # formulas that are printed


def simulate(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="A YAML file; docs/simulate.md says how.")],
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Other calls; the same seed gives the same.")] = 1,
    replications: Annotated[
        int | None, typer.Option("--replications", metavar="N", min=1, help="Independent runs; else the scenario's.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, help="Days in each run; else the scenario's.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes side by side; else one per core.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FOLDER", help="Queues and flows of this configuration instead."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the result: a .svg or .png file.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a call center on paper through the real routing: service level, waits, abandonment, occupancy, each with its
    95 % confidence interval."""
    if plot is not None:
        check_picture(plot)
    found = _run(_asked(scenario, config, replications, days), seed, jobs or os.cpu_count() or 1)
    if plot is not None:
        from callcenter.sim.traffic.picture import picture

        write_picture(plot, picture(found))
    if json:
        emit(document(found))
        return
    _show(found)
    if plot is not None:
        say(f"drawn: {plot}")


def _asked(file: Path, config: Path | None, replications: int | None, days: int | None) -> "Scenario":
    from dataclasses import replace

    from callcenter.config.scenarios import load_scenario

    scenario = load_scenario(file, config)
    return replace(scenario, replications=replications or scenario.replications, days=days or scenario.days)


def _run(scenario: "Scenario", seed: int, jobs: int) -> "Result":
    from rich.console import Console

    from callcenter.cli.progress import Bars
    from callcenter.runtime.collector import calm_collector
    from callcenter.sim.traffic.replicate import simulate as simulated

    calm_collector()
    with Bars(Console(stderr=True)) as bars:
        many = scenario.replications > 1
        title = f"{scenario.replications} replications" if many else "Calls"
        return simulated(scenario, seed=seed, jobs=jobs, progress=lambda done, total: bars.show(title, done, total))


# -- for people --------------------------------------------------------------------------------------------------------

_Columns = tuple[tuple[str, str, str], ...]


def _show(result: "Result") -> None:
    from callcenter.sim.traffic.figures import FORMULAS, Scope, Subject
    from callcenter.sim.traffic.picture import clock_of

    scenario = result.scenario
    if scenario.title:
        show(cell(scenario.title, "bold"))
    days = "" if scenario.days == 1 else f"{scenario.days} days of "
    warm_up = f", the first {scenario.warm_up_h:g} h not counted" if scenario.warm_up_h else ""
    length = f"{days}{scenario.length_h:g} h{warm_up}"
    how = f"one run of {length}, in {len(result.samples)} batches" if result.batched else ""
    say(how or f"{scenario.replications} replications of {length}")
    say(f"seed {result.seed}, {result.calls:,} calls; each figure with its 95 % confidence interval (Student's t)")
    if result.unfinished:
        warn(f"{result.unfinished} callers were never served and never gave up: they are in no figure")
    whole = [subject for subject in result.subjects() if subject.period is None]
    kinds = [subject for subject in whole if subject.scope is Scope.KIND]
    calls = [Subject(Scope.ALL), *kinds] if len(kinds) > 1 else kinds
    _table(result, "calls", calls, CALL_COLUMNS)
    _table(result, "queue", [subject for subject in whole if subject.scope is Scope.QUEUE], QUEUE_COLUMNS)
    groups = [subject for subject in whole if subject.scope is Scope.GROUP]
    _table(result, "agents", [Subject(Scope.ALL), *groups] if len(groups) > 1 else groups, AGENT_COLUMNS)
    periods = [s for s in result.subjects() if s.scope is Scope.ALL and s.period is not None]
    if periods:
        names = [clock_of(result, subject.period or 0) for subject in periods]
        _table(result, "from", periods, PERIOD_COLUMNS, names)
    say()
    for name in TOLD:
        show(cell(f"{name.replace('_', ' ')} = {FORMULAS[name]}", "dim"))
    speed = f"{result.simulated_h:,.0f} call-center hours in {result.cpu_s:.1f} s of CPU"
    say(f"{speed}: {result.hours_per_cpu_minute:,.0f} per CPU minute")


def _table(
    result: "Result", head: str, subjects: "list[Subject]", columns: _Columns, names: list[str] | None = None
) -> None:
    say()
    rows = [
        [
            names[at] if names is not None else subject.name or "all",
            *(_figure(result.estimate(subject, measure), unit) for _, measure, unit in columns),
        ]
        for at, subject in enumerate(subjects)
    ]
    show_grid((f"{head}!", *(title for title, _, _ in columns)), rows)


def _figure(found: "Estimate | None", unit: str) -> str:
    """The mean and its interval, both with the digits that the interval deserves."""
    if found is None:
        return ""
    scale = 100.0 if unit == _PART else 1.0
    mean, half = found.mean * scale, (found.half_width or 0.0) * scale
    digits = 1 if half >= 1 else 2 if half >= 0.1 or not half else 3
    if unit == "":
        digits = 0 if mean >= 100 or not half else 1
    tail = f" ± {half:,.{digits}f}" if half else ""
    return f"{mean:,.{digits}f}{tail}{' %' if unit == _PART else ''}"


# -- for programs ------------------------------------------------------------------------------------------------------


def document(result: "Result") -> dict[str, object]:
    """Everything that was measured."""
    from callcenter.sim.traffic.estimates import CONFIDENCE
    from callcenter.sim.traffic.figures import FORMULAS

    scenario = result.scenario
    return {
        "title": scenario.title,
        "seed": result.seed,
        "replications": scenario.replications,
        "batches": len(result.samples) if result.batched else None,
        "days": scenario.days,
        "length_h": scenario.length_h,
        "warm_up_h": scenario.warm_up_h,
        "confidence": CONFIDENCE,
        "calls": result.calls,
        "unfinished": result.unfinished,
        "simulated_h": result.simulated_h,
        "cpu_s": round(result.cpu_s, 3),
        "hours_per_cpu_minute": round(result.hours_per_cpu_minute, 1),
        "figures": [_figures(result, subject) for subject in result.subjects()],
        "formulas": dict(FORMULAS),
    }


def _figures(result: "Result", subject: "Subject") -> dict[str, object]:
    period, scenario = subject.period, result.scenario
    shown = [name for name in result.measures(subject) if not name.startswith(HIDDEN)]
    return {
        "scope": _scope(subject.scope),
        "name": subject.name or None,
        "period": period,
        "from_h": None if period is None else round(period * scenario.period_min / 60, 6),
        "measures": {name: _estimate(result.estimate(subject, name)) for name in shown},
    }


def _scope(scope: "Scope") -> str:
    return scope.value


def _estimate(found: "Estimate | None") -> dict[str, object] | None:
    if found is None:
        return None
    return {"mean": found.mean, "stderr": found.stderr, "half_width": found.half_width}
