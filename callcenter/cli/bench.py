"""`callcenter bench`: ours beside its peers, as a table and one JSON object. Measures nothing itself."""

import signal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, show_grid
from callcenter.cli.site import quiet_logs, site_of

if TYPE_CHECKING:
    from callcenter.sim.benches import Trial
    from callcenter.sim.benches.report import Report

ALL: Final = "all"
FOLDER: Final = "bench"  # below the var folder


def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A benchmark, or `all` that fit in ten minutes.")] = ALL,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="SECONDS", min=1.0, help="A trial: shorter than what may be quoted."),
    ] = None,
    calls: Annotated[
        int | None,
        typer.Option("--calls", metavar="N", min=1, help="A trial of acd-exact: so many calls in each replication."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A trial of dialer: two seeds instead of eight; days as short as --seconds.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a benchmark: a table, and as the last line one JSON object. Exit code 0 whether or not targets are met."""
    from callcenter.sim.benches import BENCHES, LONG, Trial

    if name != ALL and name not in BENCHES:
        raise Failure(Exit.USAGE, f"there is no benchmark {name!r}", remedy=f"one of {', '.join((*BENCHES, ALL))}")
    quiet_logs()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started must end with us
    trial = Trial(
        folder=site_of(context).settings.var_folder.absolute() / FOLDER, seconds=seconds, calls=calls, quick=quick
    )
    chosen = [each for each in BENCHES if each not in LONG] if name == ALL else [name]
    reports = []
    for each in chosen:
        reports.append(_run(each, trial))
        if not json:
            _show(reports[-1])
    if json:
        emit({"benchmarks": [report.document() for report in reports]})


def _run(name: str, trial: "Trial") -> "Report":
    """The benchmark, or the failure that says why it could not run (1, whatever the reason: scripts ask no more)."""
    from callcenter.errors import CallCenterError
    from callcenter.sim.benches import BENCHES

    try:
        return BENCHES[name](trial)
    except (CallCenterError, OSError) as error:
        raise Failure(Exit.PROBLEMS, f"the benchmark {name} could not run: {error}") from error


def _show(report: "Report") -> None:
    show_grid(report.table[0], report.table[1:], title=report.bench)
    print(report.last_line(), flush=True)  # noqa: T201 (the result is the answer)
