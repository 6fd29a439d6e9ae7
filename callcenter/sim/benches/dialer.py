"""Benchmark `dialer`: how busy are agents at up to 3 % of drops, beside other rules and the upper bound?

The same simulated people for everybody (`sim/dialling`), eight hours, several seeds. Ours is the very object that a
campaign dials with in production (`pacers/pace.py`); it knows nothing of the scenario. Drops are those of the counted
time, by live answers. VICIdial is shown as it comes (the best of its three methods) and tuned: the best of 48
settings, looked for with TUNING_SEEDS seeds for each scenario by itself; of those found, the best few run with all
seeds, and the best of these that keeps within 3 % counts. Only the scenarios that a target needs are tuned.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from typing import Final

from callcenter.model.pacing import LAW_SHARE, Budget
from callcenter.sim.benches.report import AT_LEAST, AT_MOST, Figure, Report, Target
from callcenter.sim.dialling.ours import Ours
from callcenter.sim.dialling.peers import DEFAULTS, Issabel, Tuning, Vicidial, tunings
from callcenter.sim.dialling.scenario import Scenario, s1, s2
from callcenter.sim.dialling.world import Dialler, World
from callcenter.sim.side_by_side import pool

SEEDS: Final = 8
QUICK_SEEDS: Final = 2
TUNING_SEEDS: Final = 2
FINALISTS: Final = 3
SIZES: Final = (5, 10, 20, 50, 100)
CHANCES: Final = (0.1, 0.3, 0.5)
BUDGET: Final = Budget(target=0.0275, hard=0.0295)
"""What a manager sets who wants all that the law allows. The defaults (1 %, 2.5 %) are a row of their own."""

OURS: Final = "predictive"
CAUTIOUS: Final = "predictive, default budget (1 %)"
PROGRESSIVE: Final = "progressive"
VICIDIAL: Final = "VICIdial, defaults"
TUNED: Final = "VICIdial, tuned"
ISSABEL: Final = "Issabel"
OVERCOMMIT: Final = "Issabel, overcommit"
BOUND: Final = "upper bound"

BOUNDS: Final[Mapping[tuple[int, float], float]] = {
    (5, 0.1): 0.7389,
    (10, 0.1): 0.8164,
    (20, 0.1): 0.8763,
    (50, 0.1): 0.9304,
    (100, 0.1): 0.9562,
    (5, 0.3): 0.8114,
    (10, 0.3): 0.8472,
    (20, 0.3): 0.8893,
    (50, 0.3): 0.9347,
    (100, 0.3): 0.9581,
    (20, 0.5): 0.9016,
    (50, 0.5): 0.9388,
}
"""S1 at 3 %: the Lagrangian dual of the constrained Markov decision problem whose callers have no grace. Worked out
elsewhere and only quoted here; with 2 s of grace, as in all runs here, a little more than the bound is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scenario, and who dials."""

    scenario: str
    agents: int
    chance: float | None  # S1
    algorithm: str
    tuning: Tuning | None = None

    @property
    def place(self) -> tuple[str, int, float | None]:
        """The scenario without the dialler."""
        return self.scenario, self.agents, self.chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One seed of a case."""

    case: Case
    seed: int
    utilisation: float
    drops: float
    asked: int
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All seeds of a case."""

    case: Case
    utilisation: float
    drops: float
    worst: float

    def document(self) -> dict[str, Figure]:
        """As the last line has it."""
        case = self.case
        return {
            "scenario": case.scenario,
            "n": case.agents,
            "p": case.chance,
            "algorithm": case.algorithm,
            "utilisation": round(self.utilisation, 4),
            "drops": round(self.drops, 4),
            "worst_seed_drops": round(self.worst, 4),
            **({"settings": str(case.tuning)} if case.tuning else {}),
        }


def run(seeds: int | None = None, seconds: float | None = None) -> Report:
    """Everybody. Fewer seeds, or days shorter than eight hours (seconds), are a trial."""
    seeds = seeds or SEEDS
    with pool(os.cpu_count() or 1) as processes:

        def rows(cases: Iterable[Case], seeds: int) -> list[Row]:
            cases, began = tuple(cases), time.monotonic()
            runs: dict[Case, list[Run]] = {case: [] for case in cases}
            asked = [processes.submit(replicate, case, seed, seconds) for seed in range(seeds) for case in cases]
            for done, each in enumerate(as_completed(asked), 1):
                runs[each.result().case].append(each.result())
                if done % 10 == 0 or done == len(asked):
                    sys.stderr.write(f"dialer: {done} of {len(asked)} runs, {time.monotonic() - began:.0f} s\n")
            return [_row(case, runs[case]) for case in cases]

        return report([*rows(_cases(), seeds), *_tuned(rows, seeds)], seeds)


def replicate(case: Case, seed: int, seconds: float | None = None) -> Run:
    """One run."""
    began = time.process_time()
    day = World(_scenario(case, seconds), _dialler(case), seed).run()
    return Run(
        case=case,
        seed=seed,
        utilisation=day.utilisation,
        drops=day.drop_share,
        asked=day.asked,
        cpu_s=time.process_time() - began,
    )


def _cases() -> list[Case]:
    places = [("S1", agents, chance) for chance in CHANCES for agents in SIZES] + [("S2", 20, None), ("S2", 50, None)]
    cases = []
    for scenario, agents, chance in places:
        names = [OURS, PROGRESSIVE, ISSABEL, OVERCOMMIT]
        if scenario == "S2":
            names.append(CAUTIOUS)
        cases += [Case(scenario=scenario, agents=agents, chance=chance, algorithm=name) for name in names]
        cases += [
            Case(scenario=scenario, agents=agents, chance=chance, algorithm=VICIDIAL, tuning=tuning)
            for tuning in DEFAULTS
        ]
    return cases


def _tuned(rows: Callable[[Iterable[Case], int], list[Row]], seeds: int) -> list[Row]:
    """VICIdial's best for each scenario that a target needs."""
    found = []
    for scenario, agents, chance in (("S2", 20, None), ("S2", 50, None), ("S1", 20, 0.3), ("S1", 50, 0.3)):
        cases = [
            Case(scenario=scenario, agents=agents, chance=chance, algorithm=TUNED, tuning=tuning)
            for tuning in tunings(agents)
        ]
        first = sorted(rows(cases, min(TUNING_SEEDS, seeds)), key=_merit, reverse=True)
        found.append(max(rows([row.case for row in first[:FINALISTS]], seeds), key=_merit))
    return found


def _merit(row: Row) -> tuple[bool, float]:
    """Within the law first, then busy."""
    return row.drops <= LAW_SHARE, row.utilisation if row.drops <= LAW_SHARE else -row.drops


def _row(case: Case, runs: list[Run]) -> Row:
    return Row(
        case=case,
        utilisation=sum(run.utilisation for run in runs) / len(runs),
        drops=sum(run.drops for run in runs) / len(runs),
        worst=max(run.drops for run in runs),
    )


def _scenario(case: Case, seconds: float | None) -> Scenario:
    scenario = s2(case.agents) if case.chance is None else s1(case.agents, case.chance)
    return scenario if seconds is None else replace(scenario, hours_s=scenario.warm_up_s + seconds)


def _dialler(case: Case) -> Dialler:
    if case.tuning is not None:
        return Vicidial(tuning=case.tuning, ends_s=8 * 3600.0)
    if case.algorithm in (ISSABEL, OVERCOMMIT):
        return Issabel(overcommit=case.algorithm == OVERCOMMIT)
    if case.algorithm == PROGRESSIVE:
        return Ours("progressive", BUDGET)
    return Ours("predictive", BUDGET if case.algorithm == OURS else Budget())


def report(rows: list[Row], seeds: int) -> Report:
    """Best of VICIdial's methods, bounds, ratios, the table."""
    shown = _shown(rows)
    by_place = {(row.case.place, row.case.algorithm): row for row in shown}
    ours = [row for row in shown if row.case.algorithm == OURS]

    def against(agents: int, peer: str) -> float | None:
        mine, other = (by_place.get((("S2", agents, None), name)) for name in (OURS, peer))
        return round(mine.utilisation / other.utilisation, 4) if mine and other and other.utilisation else None

    bounds = [
        row.utilisation / BOUNDS[row.case.agents, row.case.chance]
        for row in ours
        if row.case.chance is not None and row.case.agents >= 20 and (row.case.agents, row.case.chance) in BOUNDS
    ]
    return Report(
        bench="dialer",
        ours={
            "rows": [row.document() for row in ours],
            "worst_seed_drops": round(max(row.worst for row in ours), 4),
            "seeds": seeds,
        },
        peers={
            name: {"rows": [row.document() for row in shown if row.case.algorithm == name]}
            for name in (BOUND, PROGRESSIVE, VICIDIAL, TUNED, ISSABEL, OVERCOMMIT, CAUTIOUS)
        },
        ratios={
            "s1_vs_bound_min": round(min(bounds), 4) if bounds else None,
            "s2_n20_vs_tuned": against(20, TUNED),
            "s2_n50_vs_tuned": against(50, TUNED),
            "s2_n50_vs_defaults": against(50, VICIDIAL),
        },
        targets=(
            Target(key="s1_vs_bound_min", op=AT_LEAST, value=0.98),
            Target(key="s2_n20_vs_tuned", op=AT_LEAST, value=1.15),
            Target(key="s2_n50_vs_tuned", op=AT_LEAST, value=1.12),
            Target(key="s2_n50_vs_defaults", op=AT_LEAST, value=1.40),
            Target(key="worst_seed_drops", op=AT_MOST, value=LAW_SHARE),
        ),
        table=(
            ("scenario", "agents", "p", "algorithm", "utilisation %", "drops %", "worst seed %"),
            *(_line(row) for row in sorted(shown, key=_order)),
        ),
    )


def _shown(rows: list[Row]) -> list[Row]:
    """One row for each place and algorithm, and the bounds."""
    best: dict[tuple[tuple[str, int, float | None], str], Row] = {}
    for row in rows:
        key = (row.case.place, row.case.algorithm)
        if key not in best or _merit(row) > _merit(best[key]):
            best[key] = row
    bounds = [
        Row(
            case=Case(scenario="S1", agents=agents, chance=chance, algorithm=BOUND),
            utilisation=bound,
            drops=LAW_SHARE,
            worst=LAW_SHARE,
        )
        for (agents, chance), bound in BOUNDS.items()
    ]
    return [*best.values(), *bounds]


def _order(row: Row) -> tuple[str, float, int, float]:
    return row.case.scenario, row.case.chance or 0.0, row.case.agents, -row.utilisation


def _line(row: Row) -> tuple[str, ...]:
    case = row.case
    return (
        case.scenario,
        str(case.agents),
        "" if case.chance is None else f"{case.chance:g}",
        case.algorithm,
        f"{100 * row.utilisation:.2f}",
        f"{100 * row.drops:.2f}",
        f"{100 * row.worst:.2f}",
    )
