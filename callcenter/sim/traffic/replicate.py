"""Runs a scenario's replications, side by side in processes, and joins their samples. Knows no screen, no file.

Several replications are each one sample; a single one is cut into batches of equal length after the warm-up (the method
of batch means: Law, Simulation Modeling and Analysis, 2015, 9.5.3). The result depends on scenario and seed alone, not
on how many processes there were or which finished first.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from typing import Final

from callcenter.model.configuration import Configuration
from callcenter.sim.side_by_side import pool
from callcenter.sim.traffic.calls import Call, entrances, unheard
from callcenter.sim.traffic.drive import Drive, goes_home
from callcenter.sim.traffic.estimates import Estimate, ratio
from callcenter.sim.traffic.figures import Sample, Subject, samples
from callcenter.sim.traffic.making import Traffic, expected_calls
from callcenter.sim.traffic.scenario import BATCHES, Scenario
from callcenter.sim.traffic.tally import Counting, Grid

WRAP_UP_S: Final = 1e-3
TOLD_EVERY: Final = 2_000  # calls between two reports of progress

Progress = Callable[[int, int], None]
"""Told how much is done of how much: replications, or calls if there is only one replication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """One run's outcome, small enough to be sent between processes."""

    number: int
    samples: tuple[Sample, ...]
    calls: int  # that came, warm-up and redials among them
    unfinished: int  # that were still there a day after the last one came
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a scenario gives."""

    scenario: Scenario
    seed: int
    samples: tuple[Sample, ...]
    batched: bool  # samples are batches of one run
    calls: int
    unfinished: int
    cpu_s: float  # of all processes
    simulated_h: float  # call-center hours, warm-up among them

    @property
    def hours_per_cpu_minute(self) -> float:
        """How fast it was."""
        return self.simulated_h / self.cpu_s * 60 if self.cpu_s > 0 else math.inf

    def subjects(self) -> list[Subject]:
        """Everything that has figures, in a fixed order."""
        known = {subject for sample in self.samples for subject in sample}
        return sorted(known, key=lambda s: (s.scope, s.name, -1 if s.period is None else s.period))

    def measures(self, subject: Subject) -> list[str]:
        """The measures that a subject has, in the order of the formulas."""
        return list(dict.fromkeys(name for sample in self.samples for name in sample.get(subject, ())))

    def estimate(self, subject: Subject, measure: str) -> Estimate | None:
        """One figure; None if nothing of the kind happened."""
        missing = (0.0, 1.0 if measure in _COUNTS else 0.0)
        return ratio([sample.get(subject, {}).get(measure, missing) for sample in self.samples])


_COUNTS: Final = frozenset({"offered", "served", "abandoned", "turned_away", "retries", "taken"})


def simulate(scenario: Scenario, *, seed: int = 1, jobs: int = 1, progress: Progress | None = None) -> Result:
    """Run every replication. `jobs` processes side by side; the result does not depend on it."""
    ready = replace(scenario, configuration=configured(scenario))
    count = scenario.replications
    if count == 1 or jobs <= 1:
        runs = [_one(ready, seed, n, progress) for n in range(count)]
    else:
        runs = _side_by_side(ready, seed, min(jobs, count), progress)
    return Result(
        scenario=scenario,
        seed=seed,
        samples=tuple(sample for run in runs for sample in run.samples),
        batched=count == 1,
        calls=sum(run.calls for run in runs),
        unfinished=sum(run.unfinished for run in runs),
        cpu_s=math.fsum(run.cpu_s for run in runs),
        simulated_h=scenario.length_h * scenario.days * count,
    )


def configured(scenario: Scenario) -> Configuration:
    """The scenario's configuration with the ways in that its calls take.

    Where wrap-ups are drawn, a queue that has none is given the shortest there is, or there would be none to lengthen.
    """
    draws = any(each.wrap_up is not None for each in scenario.calls)
    configuration = scenario.configuration
    queues = {
        name: replace(unheard(queue), wrap_up_s=queue.wrap_up_s or (WRAP_UP_S if draws else 0.0))
        for name, queue in configuration.queues.items()
    }
    ways = [each.entrance for each in scenario.calls if each.entrance is not None]
    return entrances(replace(configuration, queues=queues), ways)


def replicate(scenario: Scenario, seed: int, number: int, tick: Callable[[int], None] | None = None) -> Replication:
    """One replication. `tick` is told from time to time how many calls have come."""
    began = time.process_time()
    traffic = Traffic(scenario, seed, number)
    batches = BATCHES if scenario.replications == 1 else 1
    grid = Grid(scenario, batches)
    counting = Counting(scenario, grid, traffic.group_of)
    drive = Drive(
        scenario.configuration,
        traffic.agents,
        start=scenario.starts,
        events=traffic.shifts(),
        habits=traffic.habits(),
        lines=scenario.lines,
        watch=counting.watch(),
        on_end=counting.ended,
    )
    drive.run(_told(traffic.calls(), tick))
    unfinished = drive.inside
    drive.now = max(drive.now, grid.cells[-1].ends)
    for agent in traffic.agents:  # what each was doing at last becomes a fact
        drive.tell(goes_home(agent.id))
    found = samples(
        counting, grid, batches=batches, periods=batches == 1 and scenario.varies, within_s=scenario.within_s
    )
    return Replication(
        number=number,
        samples=tuple(found),
        calls=drive.arrived,
        unfinished=unfinished,
        cpu_s=time.process_time() - began,
    )


def _one(scenario: Scenario, seed: int, number: int, progress: Progress | None) -> Replication:
    if progress is None:
        return replicate(scenario, seed, number)
    if scenario.replications == 1:
        expected = max(round(expected_calls(scenario)), 1)
        run = replicate(scenario, seed, number, lambda calls: progress(min(calls, expected - 1), expected))
        progress(expected, expected)
        return run
    run = replicate(scenario, seed, number)
    progress(number + 1, scenario.replications)
    return run


def _side_by_side(scenario: Scenario, seed: int, jobs: int, progress: Progress | None) -> list[Replication]:
    runs: dict[int, Replication] = {}
    with pool(jobs) as processes:
        asked = [processes.submit(replicate, scenario, seed, number) for number in range(scenario.replications)]
        for done in as_completed(asked):
            run = done.result()
            runs[run.number] = run
            if progress is not None:
                progress(len(runs), scenario.replications)
    return [runs[number] for number in sorted(runs)]


def _told(calls: Iterator[Call], tick: Callable[[int], None] | None) -> Iterator[Call]:
    if tick is None:
        yield from calls
        return
    for count, call in enumerate(calls):
        if count % TOLD_EVERY == 0:
            tick(count)
        yield call
