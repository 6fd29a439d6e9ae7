"""What a change of the configuration would do, foretold from the traffic of the last days. Knows runs and statistics.

Theory: the days are redrawn several times (each call comes as often as chance has it, once on average; what nobody saw
is drawn anew), and each redrawn time is driven through the live and the other configuration, with the same calls, the
same staff and the same luck. So the difference has an interval of confidence of its own, which is narrower than those
of the two sides. Student's t over the redrawn times; it says what chance in arrivals, talks and patience amounts to,
and nothing of whether the coming days will be like the last ones.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.configuration import Configuration
from callcenter.sim.replay.comparison import ALL, Figures, of_rerun
from callcenter.sim.replay.recorded import Recorded
from callcenter.sim.replay.rerun import redrawn, rerun
from callcenter.sim.replay.unseen import Unseen
from callcenter.sim.traffic.estimates import CONFIDENCE, Estimate, Pair, ratio, student_quantile

REDRAWN: Final = 10
REDRAWN_MIN: Final = 4
BUDGET_S: Final = 30.0  # after which no more is redrawn, once there are REDRAWN_MIN
CALLS_MIN: Final = 50  # fewer, and nothing is foretold
QUEUE_CALLS_MIN: Final = 30  # fewer, and nothing is said of a queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One measure on both sides, and the difference (other - live); None where it is not defined."""

    live: Estimate | None
    other: Estimate | None
    difference: Estimate | None

    @property
    def certain(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        one = self.difference
        return one is not None and one.half_width is not None and abs(one.mean) > one.half_width


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Per queue (ALL: all of them) and measure what is foretold. `remarks` say what is not, and why."""

    calls: int
    days: float
    redrawn: int
    took_s: float
    queues: Mapping[str, Mapping[str, Compared]]
    remarks: tuple[str, ...] = ()


MEASURES: Final[Mapping[str, Callable[[Figures], Pair]]] = {
    "service_level": lambda one: (one.in_time, one.served + one.abandoned),
    "asa_s": lambda one: (one.served_wait_s, one.served),
    "abandonment": lambda one: (one.abandoned, one.offered),
    "occupancy": lambda one: (one.busy_s, one.there_s),
}


def predict(
    recorded: Recorded,
    live: Configuration,
    other: Configuration,
    *,
    seed: int = 1,
    times: int = REDRAWN,
    queue_of: Mapping[str, str] | None = None,
    tick: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Prediction:
    """Foretell it. `tick` is told how many of how many redrawn times are done; `clock` gives seconds."""
    days, began = (recorded.end - recorded.start) / 86_400, clock()
    if len(recorded.calls) < CALLS_MIN:
        many = len(recorded.calls)
        few = f"{many} calls came into queues in these days: too few to foretell anything (it takes {CALLS_MIN})"
        return Prediction(calls=len(recorded.calls), days=days, redrawn=0, took_s=0.0, queues={}, remarks=(few,))
    sides: tuple[list[dict[str, Figures]], list[dict[str, Figures]]] = ([], [])
    homeless: Mapping[str, int] = {}
    for at in range(times):
        if at >= REDRAWN_MIN and clock() - began > BUDGET_S:
            break
        calls, unseen = redrawn(recorded.calls, seed + at), Unseen(recorded.calls, seed + at)
        sides[0].append(of_rerun(rerun(recorded, live, calls=calls, unseen=unseen)))
        run = rerun(recorded, other, calls=calls, unseen=unseen, queue_of=queue_of)
        sides[1].append(of_rerun(run))
        homeless = homeless or run.homeless
        if tick is not None:
            tick(at + 1, times)
    names = [ALL, *sorted({call.queue for call in recorded.calls})]
    came = {name: sum(call.queue == name for call in recorded.calls) for name in names}
    enough = [name for name in names if name == ALL or came[name] >= QUEUE_CALLS_MIN]
    return Prediction(
        calls=len(recorded.calls),
        days=days,
        redrawn=len(sides[0]),
        took_s=clock() - began,
        queues={name: _compared(name, *sides) for name in enough},
        remarks=(
            *(f"{came[name]} calls of {name}: too few to say anything of it" for name in names if name not in enough),
            *(f"calls of {name} have no queue in the other configuration, and were left out" for name in homeless),
        ),
    )


def _compared(
    name: str, live: Sequence[Mapping[str, Figures]], other: Sequence[Mapping[str, Figures]]
) -> dict[str, Compared]:
    found = {}
    for measure, pair_of in MEASURES.items():
        one = [pair_of(figures.get(name, Figures())) for figures in live]
        two = [pair_of(figures.get(name, Figures())) for figures in other]
        apart = [y[0] / y[1] - x[0] / x[1] for x, y in zip(one, two, strict=True) if x[1] and y[1]]
        found[measure] = Compared(live=ratio(one), other=ratio(two), difference=_mean(apart))
    return found


def _mean(values: Sequence[float]) -> Estimate | None:
    """Mean and interval of independent values; None if there are none."""
    count = len(values)
    if not count:
        return None
    mean = math.fsum(values) / count
    if count < 2:
        return Estimate(mean=mean, stderr=None, half_width=None, samples=count)
    stderr = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / ((count - 1) * count))
    half = student_quantile((1 + CONFIDENCE) / 2, count - 1) * stderr
    return Estimate(mean=mean, stderr=stderr, half_width=half, samples=count)
