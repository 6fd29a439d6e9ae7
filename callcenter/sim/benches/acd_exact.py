"""Benchmark `acd-exact`: does the real Engine, under the simulated clock, give what queueing theory says?

Every case has 20 samples of 200,000 calls (after a warm-up that is not counted); the standard error is over the 20. All
of them are served by a recursion of a dozen lines, without the Engine: `ideal` is what comes of that. The Engine serves
the first sample to its end, and of each other one as many calls as `ENGINE_CALLS` says; whatever it makes of them that
the recursion does not is added to what the recursion makes of the whole sample. So the recursion is a control variate
(Asmussen and Glynn, Stochastic Simulation, 2007, V.2) with the coefficient 1, and the estimate is right whatever the
Engine does. `largest_difference_s` is the greatest difference that the Engine made to any single caller's wait.
"""

import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Final

from callcenter.model.agent import Agent
from callcenter.model.configuration import Configuration
from callcenter.model.facts import TalkEnded
from callcenter.model.ids import AgentId, FlowName, QueueName
from callcenter.model.queue import PRIORITY_MAX, Queue
from callcenter.runtime.collector import calm_collector
from callcenter.sim.benches.exact_cases import CALLS, CASES, REPLICATIONS, STDERRS, Case, Measure, Sums, ideal
from callcenter.sim.benches.report import AT_MOST, Figure, Report, Target
from callcenter.sim.side_by_side import pool
from callcenter.sim.traffic.calls import Call, Entrance, Outcome, entrances
from callcenter.sim.traffic.drive import Drive

CALLS_MIN: Final = 500
ENGINE_CALLS: Final = 40_000  # of each sample but the first: 960,000 a case, for a difference that is none or is seen
_STEP: Final = 10  # of priority between two classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One replication of one case."""

    case: int  # index
    replication: int
    measured: dict[str, float]
    ideal: dict[str, float]  # of the whole sample
    largest_difference_s: float
    served: int
    cpu_s: float


def run(calls: int | None = None) -> Report:
    """All cases, on all cores. `calls` per replication; fewer than in full is a trial (None: in full)."""
    calls = max(CALLS if calls is None else calls, CALLS_MIN)
    runs: dict[int, list[Run]] = {index: [] for index in range(len(CASES))}
    began = time.monotonic()
    with pool(os.cpu_count() or 1) as processes:
        asked = [
            processes.submit(replicate, case, n, calls, calls if n == 0 else min(calls, ENGINE_CALLS))
            for case in runs
            for n in range(REPLICATIONS)
        ]
        for done in as_completed(asked):
            one = done.result()
            runs[one.case].append(one)
            if len(runs[one.case]) == REPLICATIONS:
                rows = [_row(one.case, measure, runs[one.case]) for measure in CASES[one.case].measures]
                sys.stderr.writelines(f"{'  '.join(row.cells())}\n" for row in rows)  # a run may be broken off
                sys.stderr.write(f"{CASES[one.case].name}: done after {time.monotonic() - began:.0f} s\n")
    return report({case: sorted(each, key=lambda one: one.replication) for case, each in runs.items()}, calls)


def replicate(index: int, replication: int, calls: int, by_engine: int) -> Run:
    """One sample of the case with this index: `calls` that count, served ideally; the first ones by the Engine too."""
    case = CASES[index]
    began = time.process_time()
    whole = ideal(case, case.seed, replication, calls)
    best = whole if by_engine == calls else ideal(case, case.seed, replication, by_engine)
    sums = Sums(case, best.since, best.until)
    largest = 0.0
    served = 0

    def ended(outcome: Outcome) -> None:
        nonlocal largest, served
        number, waited = outcome.call.serial, outcome.summary.wait_s
        served += 1
        largest = max(largest, abs(waited - abs(best.waits_s[number])))
        if number >= case.warm_up:
            priority = 0 if outcome.call.flow == ways[0] else 1
            sums.add(waited, outcome.delayed, outcome.abandoned, priority)

    def talked(talk: TalkEnded, now: float) -> None:
        sums.busy(talk.began, talk.talk_s)

    configuration, ways = _center(len(case.rates))
    agents = [Agent(id=AgentId(f"a{n:04}"), name="", number=str(n)) for n in range(case.agents)]
    drive = Drive(configuration, agents, watch={TalkEnded: talked}, on_end=ended)
    calm_collector()
    drive.run(_calls(case, ways, replication, case.warm_up + by_engine))
    measured = {name: whole.measured[name] + found - best.measured[name] for name, found in sums.measured().items()}
    return Run(
        case=index,
        replication=replication,
        measured=measured,
        ideal=whole.measured,
        largest_difference_s=largest,
        served=served,
        cpu_s=time.process_time() - began,
    )


def report(runs: dict[int, list[Run]], calls: int) -> Report:
    """Means over the replications beside the exact values."""
    rows = [_row(index, measure, each) for index, each in runs.items() for measure in CASES[index].measures]
    failed = sum(not row.ok for row in rows)
    everything = [one for each in runs.values() for one in each]
    cpu_s = math.fsum(one.cpu_s for one in everything)
    ours: dict[str, Figure] = {
        "cases": [row.figures() for row in rows],
        "failed": failed,
        "calls": calls,
        "replications": REPLICATIONS,
        "reduced": calls < CALLS,
        "largest_difference_s": max(one.largest_difference_s for one in everything),
        "by_engine": sum(one.served for one in everything),
        "cpu_min": round(cpu_s / 60.0, 1),
    }
    trial = () if calls >= CALLS else ((f"a trial with {calls} calls instead of {CALLS}", *[""] * 6),)
    heads = ("case", "measure", "exact", "measured", "stderr", "ideal", "ok")
    return Report(
        bench="acd-exact",
        ours=ours,
        targets=(Target(key="failed", op=AT_MOST, value=0),),
        table=(heads, *(row.cells() for row in rows), *trial),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One measure of one case."""

    name: str
    measure: Measure
    measured: float
    stderr: float
    ideal: float
    largest_difference_s: float

    @property
    def ok(self) -> bool:
        """Within three standard errors and the tolerance."""
        off = abs(self.measured - self.measure.exact)
        return off <= STDERRS * self.stderr and off <= self.measure.tolerance * self.measure.exact

    def figures(self) -> dict[str, Figure]:
        """For programs."""
        return {
            "name": self.name,
            "measure": self.measure.name,
            "exact": self.measure.exact,
            "measured": self.measured,
            "stderr": self.stderr,
            "tolerance": self.measure.tolerance,
            "ideal": self.ideal,
            "largest_difference_s": self.largest_difference_s,
            "ok": self.ok,
        }

    def cells(self) -> tuple[str, ...]:
        """For people."""
        numbers = (f"{value:.6g}" for value in (self.measure.exact, self.measured, self.stderr, self.ideal))
        return (self.name, self.measure.name, *numbers, "yes" if self.ok else "no")


def _row(index: int, measure: Measure, runs: list[Run]) -> _Row:
    values = [one.measured[measure.name] for one in runs]
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return _Row(
        name=CASES[index].name,
        measure=measure,
        measured=mean,
        stderr=math.sqrt(squares / (len(values) - 1) / len(values)),
        ideal=math.fsum(one.ideal[measure.name] for one in runs) / len(runs),
        largest_difference_s=max(one.largest_difference_s for one in runs),
    )


def _center(classes: int) -> tuple[Configuration, list[FlowName]]:
    """One queue per class, the first served first, and the ways into them."""
    queues = [
        Queue(name=QueueName(f"class{n + 1}"), priority=PRIORITY_MAX - _STEP * n, record=False) for n in range(classes)
    ]
    ways = [Entrance(queue=queue.name) for queue in queues]
    configuration = entrances(Configuration(queues={queue.name: queue for queue in queues}), ways)
    return configuration, [way.flow for way in ways]


def _calls(case: Case, ways: list[FlowName], replication: int, count: int) -> Iterator[Call]:
    for number, one in enumerate(case.arrivals(case.seed, replication, count)):
        yield Call(at=one.at, flow=ways[one.priority], talk_s=one.talk_s, patience_s=one.patience_s, serial=number)
