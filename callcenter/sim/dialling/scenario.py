"""What the world of a campaign is like: who answers and when, how long talks last, who works. Knows no dialler.

S1 and S2 are the benchmark's; `step`, `drift`, `shifts` and `outage` are what else happens. All is drawn from streams
of one seed: the n-th dial and the n-th talk have the same luck whoever dials (common random numbers).
"""

import math
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from callcenter.sim.traffic.draws import Draw, Family, draws

HOUR_S: Final = 3600.0
EIGHT_HOURS_S: Final = 8 * HOUR_S
WARM_UP_S: Final = 1800.0
OUTCOME_MEAN_S: Final = 12.0  # S1
REFUSED_S: Final = 0.4  # a trunk that fails says so quickly
RING_MIN_S: Final = 2.0  # S2
RING_MAX_S: Final = 28.0
RING_MEAN_S: Final = 11.0
RING_CV: Final = 0.55
MACHINES: Final = 0.15
MACHINE_S: Final = 21.0
FAILURES: Final = 0.15
FAILURE_S: Final = 3.0

Chance = Callable[[float], float]  # of a live answer, by the second of the day


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one dial."""

    live: bool
    after_s: float


Fates = Callable[[random.Random, float], Fate]  # of a dial at that second of the day


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One world."""

    name: str
    agents: int
    fates: Fates
    talk: Callable[[random.Random], Draw]
    wrap_up: Callable[[random.Random], Draw] | None = None
    hours_s: float = EIGHT_HOURS_S
    warm_up_s: float = WARM_UP_S
    crew: tuple[tuple[float, int], ...] = ()  # (from then on, so many agents); who is too many leaves when free
    outages: tuple[tuple[float, float], ...] = ()  # of the trunk: from, until
    lines: int = 10_000

    def crew_at(self, now: float) -> int:
        """How many agents there ought to be."""
        place = bisect_right(self.crew, now, key=lambda change: change[0])
        return self.crew[place - 1][1] if place else self.agents


def exponential_fates(chance: Chance) -> Fates:
    """S1: whatever comes, comes after an exponential time of mean 12 s."""
    return lambda rng, now: Fate(rng.random() < chance(now), rng.expovariate(1.0 / OUTCOME_MEAN_S))


def realistic_fates(chance: Chance) -> Fates:
    """S2: people answer after a lognormal time; machines, dead numbers and absent people have times of their own."""

    def fate(rng: random.Random, now: float) -> Fate:
        kind, ring_s = rng.random(), _ring_s(rng)
        if kind < chance(now):
            return Fate(True, ring_s)
        if kind >= 1.0 - FAILURES:
            return Fate(False, FAILURE_S)
        return Fate(False, MACHINE_S if kind >= 1.0 - FAILURES - MACHINES else RING_MAX_S)

    return fate


_RING_SIGMA: Final = math.sqrt(math.log(1.0 + RING_CV**2))
_RING_MU: Final = math.log(RING_MEAN_S) - _RING_SIGMA**2 / 2.0


def _ring_s(rng: random.Random) -> float:
    return min(max(rng.lognormvariate(_RING_MU, _RING_SIGMA), RING_MIN_S), RING_MAX_S)


def lognormal(mean_s: float, cv: float) -> Callable[[random.Random], Draw]:
    """Lognormal times."""
    return lambda rng: draws(Family.LOGNORMAL, mean_s, cv, rng)


def exponential(mean_s: float) -> Callable[[random.Random], Draw]:
    """Exponential times."""
    return lambda rng: draws(Family.EXPONENTIAL, mean_s, None, rng)


def always(chance: float) -> Chance:
    """The same all day."""
    return lambda _: chance


def steps(*changes: tuple[float, float]) -> Chance:
    """(From then on, this chance): the first from 0."""
    times = [at for at, _ in changes]
    return lambda now: changes[max(bisect_right(times, now) - 1, 0)][1]


def wave(mean: float, swing: float, period_s: float) -> Chance:
    """Up and down around the mean."""
    return lambda now: mean + swing * math.sin(2.0 * math.pi * now / period_s)


def s1(agents: int, chance: Chance | float) -> Scenario:
    """The one whose optimum is known."""
    fates = exponential_fates(always(chance) if isinstance(chance, float) else chance)
    return Scenario(name="S1", agents=agents, fates=fates, talk=exponential(120.0))


def s2(agents: int, chance: Chance | None = None) -> Scenario:
    """The realistic one."""
    return Scenario(
        name="S2",
        agents=agents,
        fates=realistic_fates(chance or wave(0.25, 0.10, 4 * HOUR_S)),
        talk=lognormal(90.0, 1.1),
        wrap_up=lognormal(20.0, 0.7),
    )
