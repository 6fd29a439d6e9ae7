"""A campaign tried before it starts: what a list brought in the past, other staffing, another pacer. Decides nothing.

The past is what a campaign's records hold: for each dial the hour, whether a person answered and after how long; how
long talks and wrap-ups lasted. Its days are drawn anew from that (bootstrap: Efron, Annals of Statistics 7, 1979): a
simulated dial has the luck of a random past dial of the same hour, or of any where the hour had too few. So nothing
has to be known of distributions, and nothing can happen that never did. `callcenter campaign simulate` stands on
`rehearse`.
"""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.pacing import Budget, PacerName
from callcenter.sim.dialling.ours import Ours
from callcenter.sim.dialling.scenario import HOUR_S, Fate, Scenario
from callcenter.sim.dialling.world import Day, World
from callcenter.sim.traffic.draws import Draw

HOUR_DIALS_MIN: Final = 50  # an hour with fewer past dials is drawn from the whole past
DAYS: Final = 8
DEFAULT_BUDGET: Final = Budget()
TOO_LITTLE: Final = "needs at least one dial with a live answer and one talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDial:
    """One attempt that ended."""

    hour: int  # 0..23, of the clock that the campaign goes by
    live: bool
    after_s: float  # from dialling to the answer, or to whatever else it came to


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a list, or several, brought."""

    dials: Sequence[PastDial]
    talks_s: Sequence[float]
    wrap_ups_s: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be tried."""

    pacer: PacerName
    budget: Budget = DEFAULT_BUDGET
    ratio: float = 1.0
    lines: int = 10_000
    from_hour: int = 9
    hours: float = 8.0
    agents: int = 10
    crew: tuple[tuple[float, int], ...] = ()  # (hours after the beginning, so many from then on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A figure over the simulated days: its mean, and the lowest and highest day."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of the plan, a day."""

    days: int
    utilisation: Expected  # 0..1: talk and wrap-up by the agents' time
    talk_min_per_agent_h: Expected
    drop_share: Expected  # 0..1
    dials: Expected
    live: Expected


def rehearse(past: Past, plan: Plan, days: int = DAYS, seed: int = 1) -> Rehearsed:
    """The plan on so many days drawn from the past. Raises ValueError if the past has nothing to draw from."""
    if not past.talks_s or not any(dial.live for dial in past.dials):
        raise ValueError(TOO_LITTLE)
    scenario = scenario_of(past, plan)
    runs = [
        World(scenario, Ours(plan.pacer, plan.budget, plan.ratio, from_hour=plan.from_hour), seed * 1000 + day).run()
        for day in range(days)
    ]
    return Rehearsed(
        days=days,
        utilisation=_over(runs, lambda day: day.utilisation),
        talk_min_per_agent_h=_over(runs, lambda day: 60.0 * day.talk_s / day.agents_s if day.agents_s else 0.0),
        drop_share=_over(runs, lambda day: day.drop_share),
        dials=_over(runs, lambda day: day.dials),
        live=_over(runs, lambda day: day.live),
    )


def scenario_of(past: Past, plan: Plan) -> Scenario:
    """The world that the past describes, staffed by the plan."""
    by_hour: dict[int, list[PastDial]] = {}
    for dial in past.dials:
        by_hour.setdefault(dial.hour, []).append(dial)
    rich: Mapping[int, list[PastDial]] = {
        hour: dials for hour, dials in by_hour.items() if len(dials) >= HOUR_DIALS_MIN
    }

    def fate(rng: random.Random, now: float) -> Fate:
        dials = rich.get((plan.from_hour + int(now // HOUR_S)) % 24, past.dials)
        drawn = dials[rng.randrange(len(dials))]
        return Fate(drawn.live, max(drawn.after_s, 0.0))

    return Scenario(
        name="past",
        agents=plan.agents,
        fates=fate,
        talk=_again(past.talks_s),
        wrap_up=_again(past.wrap_ups_s) if past.wrap_ups_s else None,
        hours_s=plan.hours * HOUR_S,
        warm_up_s=0.0,
        crew=tuple((after_h * HOUR_S, agents) for after_h, agents in plan.crew),
        lines=plan.lines,
    )


def _again(seen_s: Sequence[float]) -> Callable[[random.Random], Draw]:
    return lambda rng: lambda: seen_s[rng.randrange(len(seen_s))]


def _over(runs: Sequence[Day], figure: Callable[[Day], float]) -> Expected:
    found = [figure(day) for day in runs]
    return Expected(mean=statistics.fmean(found), lowest=min(found), highest=max(found))
