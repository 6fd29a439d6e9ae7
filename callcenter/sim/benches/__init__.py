"""Benchmarks: a workload of ours and of a peer's in one run, as a table and one JSON object.

`BENCHES` is what `make bench BENCH=name` knows. A benchmark is not a test: it prints what it measured and whether the
target was met, and exits with 0 whenever it ran.
"""

from collections.abc import Callable, Mapping
from typing import Final

from callcenter.sim.benches.report import Report


def _acd() -> Report:
    from callcenter.sim.benches import acd

    return acd.run()


BENCHES: Final[Mapping[str, Callable[[], Report]]] = {
    "acd": _acd,
}
