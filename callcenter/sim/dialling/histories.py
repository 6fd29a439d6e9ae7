"""A campaign tried before it starts: what a list brought in the past, other staffing, another pacer. Decides nothing.

The past is what a campaign's records hold: for each dial the hour, whether a person answered and after how long; how
long talks and wrap-ups lasted. Its days are drawn anew from that (bootstrap: Efron, Annals of Statistics 7, 1979): a
simulated dial has the luck of a random past dial of the same hour, or of any where the hour had too few. So nothing
has to be known of distributions, and nothing can happen that never did. The past is itself but one that there might
have been: each day is drawn from a past that is drawn anew from it, so that of a small one the days lie far apart.
`callcenter campaign simulate` stands on `rehearse`.
"""

import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.core.machine_score import wilson
from callcenter.model.pacing import Budget, PacerName
from callcenter.sim.dialling.ours import Ours
from callcenter.sim.dialling.scenario import HOUR_S, Fate, Scenario
from callcenter.sim.dialling.world import Day, World
from callcenter.sim.traffic.draws import Draw
from callcenter.sim.traffic.estimates import student_quantile

HOUR_DIALS_MIN: Final = 50  # an hour with fewer past dials is drawn from the whole past
DAYS: Final = 8
LIVE_FEW: Final = 100
"""With fewer live answers the chance of one is known to a fifth of itself at best (Wilson, 95 %)."""
TALKS_FEW: Final = 100
CONFIDENCE: Final = 0.9  # of a figure's interval
NORMAL_95: Final = 1.96  # two-sided
DEFAULT_BUDGET: Final = Budget()
TOO_LITTLE: Final = "it takes at least one dial with a live answer and one talk"


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

    @property
    def live(self) -> int:
        """How many dials a person answered."""
        return sum(dial.live for dial in self.dials)

    @property
    def is_small(self) -> bool:
        """Whether it says too little to be relied on."""
        return self.live < LIVE_FEW or len(self.talks_s) < TALKS_FEW

    def answer_rate(self) -> tuple[float, float, float]:
        """The share of dials that a person answered, and between what it may really be (Wilson, 95 %)."""
        low, high = wilson(self.live, len(self.dials), NORMAL_95)
        return self.live / len(self.dials) if self.dials else 0.0, low, high

    def talk_s(self) -> tuple[float, float, float]:
        """The mean talk, and between what it may really be (Student, 95 %). Of one talk nobody can say that."""
        return _mean_of(self.talks_s)

    def thin_hours(self, plan: "Plan") -> tuple[int, ...]:
        """The plan's hours of which there are too few dials, so that they are drawn from all."""
        counts = Counter(dial.hour for dial in self.dials)
        hours = dict.fromkeys((plan.from_hour + n) % 24 for n in range(math.ceil(plan.hours)))
        return tuple(hour for hour in hours if counts[hour] < HOUR_DIALS_MIN)

    def again(self, rng: random.Random) -> "Past":
        """One that there might have been instead."""
        return Past(
            dials=rng.choices(self.dials, k=len(self.dials)),
            talks_s=rng.choices(self.talks_s, k=len(self.talks_s)),
            wrap_ups_s=rng.choices(self.wrap_ups_s, k=len(self.wrap_ups_s)) if self.wrap_ups_s else (),
        )


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
    """A figure over the simulated days: its mean, the lowest and highest day, and between what nine days of ten are to
    be expected, by the luck of a day and by what so small a past leaves open (Student's prediction interval)."""

    mean: float
    lowest: float
    highest: float
    low: float
    high: float


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
        found = f"{len(past.dials)} dials, {past.live} live answers, {len(past.talks_s)} talks"
        raise ValueError(f"{found}; {TOO_LITTLE}")
    runs: list[Day] = []
    for day in range(days):
        luck = seed * 1000 + day
        scenario = scenario_of(past.again(random.Random(luck)), plan)
        pacer = Ours(plan.pacer, plan.budget, plan.ratio, from_hour=plan.from_hour)
        runs.append(World(scenario, pacer, luck).run())
    return Rehearsed(
        days=days,
        utilisation=_over(runs, lambda day: day.utilisation, most=1.0),
        talk_min_per_agent_h=_over(
            runs, lambda day: 60.0 * day.talk_s / day.agents_s if day.agents_s else 0.0, most=60.0
        ),
        drop_share=_over(runs, lambda day: day.drop_share, most=1.0),
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


def _over(runs: Sequence[Day], figure: Callable[[Day], float], most: float = math.inf) -> Expected:
    found = [figure(day) for day in runs]
    mean, low, high = statistics.fmean(found), 0.0, most
    if len(found) > 1:
        half = student_quantile((1 + CONFIDENCE) / 2, len(found) - 1) * statistics.stdev(found)
        half *= math.sqrt(1 + 1 / len(found))
        low, high = max(mean - half, 0.0), min(mean + half, most)
    return Expected(mean=mean, lowest=min(found), highest=max(found), low=low, high=high)


def _mean_of(seen_s: Sequence[float]) -> tuple[float, float, float]:
    mean = statistics.fmean(seen_s) if seen_s else 0.0
    if len(seen_s) < 2:
        return mean, 0.0, math.inf
    half = student_quantile(0.975, len(seen_s) - 1) * statistics.stdev(seen_s) / math.sqrt(len(seen_s))
    return mean, max(mean - half, 0.0), mean + half
