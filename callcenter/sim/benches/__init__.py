"""Benchmarks: a workload of ours and of a peer's in one run, as a table and one JSON object.

`BENCHES` is what `make bench BENCH=name` knows. A benchmark is not a test: it prints what it measured and whether the
target was met, and exits with 0 whenever it ran.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.sim.benches.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a benchmark is to run: where it may keep files, how much shorter, of how many calls (None: in full)."""

    folder: Path
    seconds: float | None = None
    quick: bool = False  # fewer seeds, where a benchmark has them
    calls: int | None = None


def _acd(_: Trial) -> Report:
    from callcenter.sim.benches import acd

    return acd.run()


def _acd_exact(trial: Trial) -> Report:
    from callcenter.sim.benches import acd_exact

    return acd_exact.run(trial.calls)


def _acd_live(trial: Trial) -> Report:
    from callcenter.sim.benches import acd_live

    return acd_live.run(trial.folder, trial.seconds or acd_live.SECONDS)


def _calls(trial: Trial) -> Report:
    from callcenter.sim.benches import calls

    return calls.run(trial.folder, trial.seconds or calls.STEP_S)


def _connect(trial: Trial) -> Report:
    from callcenter.sim.benches import connect

    return connect.run(trial.folder, trial.seconds or connect.SECONDS)


def _dialer(trial: Trial) -> Report:
    from callcenter.sim.benches import dialer

    return dialer.run(dialer.QUICK_SEEDS if trial.quick else dialer.SEEDS, trial.seconds)


def _outbound(trial: Trial) -> Report:
    from callcenter.sim.benches import outbound

    return outbound.run(trial.folder, trial.seconds or outbound.SECONDS)


def _waits(_: Trial) -> Report:
    from callcenter.sim.benches import waits

    return waits.run()


BENCHES: Final[Mapping[str, Callable[[Trial], Report]]] = {
    "acd": _acd,
    "acd-exact": _acd_exact,
    "acd-live": _acd_live,
    "calls": _calls,
    "connect": _connect,
    "dialer": _dialer,
    "outbound": _outbound,
    "waits": _waits,
}

LONG: Final = frozenset({"acd-exact", "acd-live", "calls", "dialer", "outbound"})
"""Those that take longer than ten minutes: they run when they are asked for by name."""
