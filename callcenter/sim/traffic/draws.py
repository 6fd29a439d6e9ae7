"""Random times and factors: what is drawn, from which family, out of which stream. Knows `random`; knows no call.

A family has a shape, told by its coefficient of variation (cv = standard deviation / mean), and is scaled to any mean.
Streams are `random.Random` (Mersenne Twister, period 2**19937 - 1), seeded with a text through SHA-512, so that each
purpose of each replication has its own and a change to one draw disturbs no other. numpy is not needed: drawing is a
twentieth of the cost of a simulated call.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Draw = Callable[[], float]

CV_MAX: Final = 100.0
UNIFORM_CV_MAX: Final = 1 / math.sqrt(3)  # from 0 to twice the mean
WEIBULL_CV_MAX: Final = 10.0  # shape 0.19: beyond it the moments are those of a few draws in a million


class Family(StrEnum):
    """What a time may be distributed as."""

    EXPONENTIAL = "exponential"  # cv 1
    GAMMA = "gamma"  # any cv; 1 is exponential, 1/sqrt(k) Erlang with k phases
    LOGNORMAL = "lognormal"
    HYPEREXPONENTIAL = "hyperexponential"  # of two phases with balanced means; cv at least 1
    UNIFORM = "uniform"  # from mean - sqrt(3) sd to mean + sqrt(3) sd; cv at most 1/sqrt(3)
    WEIBULL = "weibull"  # cv 1 is exponential
    DETERMINISTIC = "deterministic"  # cv 0


_CV_IS: Final = {Family.EXPONENTIAL: 1.0, Family.DETERMINISTIC: 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A family and its cv, without a scale: the gaps between arrivals, or a factor around 1."""

    distribution: Family
    cv: float | None = None  # not for exponential and deterministic, which have their own

    def __post_init__(self) -> None:
        """Raises ValueError if the cv does not go with the family."""
        check_cv(self.distribution, self.cv)

    def draw(self, rng: random.Random, mean: float = 1.0) -> Draw:
        """A source of independent draws with this mean."""
        return draws(self.distribution, mean, self.cv, rng)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Lengths of time, in seconds. The spread is told by `cv` or by `sd_s`."""

    distribution: Family
    mean_s: float
    cv: float | None = None
    sd_s: float | None = None

    def __post_init__(self) -> None:
        """Raises ValueError if the spread does not go with the family."""
        if self.cv is not None and self.sd_s is not None:
            raise ValueError("cv and sd_s say the same: give one of them")
        if self.sd_s is not None and self.mean_s <= 0:
            raise ValueError("sd_s needs a mean_s above 0")
        check_cv(self.distribution, self.spread)

    @property
    def spread(self) -> float | None:
        """The coefficient of variation, where one was given."""
        return self.sd_s / self.mean_s if self.sd_s is not None else self.cv

    def draw(self, rng: random.Random) -> Draw:
        """A source of independent draws."""
        return draws(self.distribution, self.mean_s, self.spread, rng)


def check_cv(family: Family, cv: float | None) -> None:
    """Raises ValueError, in words for the person who wrote it."""
    if family in _CV_IS:
        if cv is not None and not math.isclose(cv, _CV_IS[family], abs_tol=1e-9):
            raise ValueError(f"{family} times have a cv of {_CV_IS[family]:g}; leave cv out")
    elif cv is None:
        raise ValueError(f"{family} needs a spread: cv (standard deviation / mean) or, for times, sd_s")
    elif not 0 < cv <= CV_MAX:
        raise ValueError(f"cv is more than 0 and at most {CV_MAX:g}, not {cv:g}")
    elif family is Family.HYPEREXPONENTIAL and cv <= 1:
        raise ValueError("hyperexponential times have a cv above 1; below, use gamma")
    elif family is Family.UNIFORM and cv > UNIFORM_CV_MAX + 1e-9:
        raise ValueError("uniform times have a cv of at most 0.577 (from 0 to twice the mean)")
    elif family is Family.WEIBULL and cv > WEIBULL_CV_MAX:
        raise ValueError(f"weibull times have a cv of at most {WEIBULL_CV_MAX:g} here")


def draws(family: Family, mean: float, cv: float | None, rng: random.Random) -> Draw:
    """A source of independent draws. `mean` 0 gives 0 for ever."""
    if mean <= 0:
        return lambda: 0.0
    match family:
        case Family.DETERMINISTIC:
            return lambda: mean
        case Family.EXPONENTIAL:
            rate, exponential = 1 / mean, rng.expovariate
            return lambda: exponential(rate)
        case Family.GAMMA:
            shape = 1 / (cv or 1.0) ** 2
            scale, gamma = mean / shape, rng.gammavariate
            return lambda: gamma(shape, scale)
        case Family.LOGNORMAL:
            variance = math.log1p((cv or 1.0) ** 2)
            mu, sigma, lognormal = math.log(mean) - variance / 2, math.sqrt(variance), rng.lognormvariate
            return lambda: lognormal(mu, sigma)
        case Family.UNIFORM:
            half = min(cv or 0.0, UNIFORM_CV_MAX) * math.sqrt(3) * mean
            low, wide, uniform = mean - half, 2 * half, rng.random
            return lambda: low + wide * uniform()
        case Family.WEIBULL:
            power = weibull_shape(cv or 1.0)
            length, weibull = mean / math.gamma(1 + 1 / power), rng.weibullvariate
            return lambda: weibull(length, power)
        case Family.HYPEREXPONENTIAL:
            return _hyperexponential(mean, cv or 1.0, rng)


def weibull_shape(cv: float) -> float:
    """The shape of the Weibull distribution with this cv: 1 + cv**2 = G(1 + 2/k) / G(1 + 1/k)**2, by bisection."""
    wanted = math.log1p(cv * cv)
    low, high = 0.1, 1000.0
    for _ in range(80):
        k = math.sqrt(low * high)
        spread = math.lgamma(1 + 2 / k) - 2 * math.lgamma(1 + 1 / k)
        low, high = (k, high) if spread > wanted else (low, k)
    return math.sqrt(low * high)


def stream(seed: int, *purpose: str | int) -> random.Random:
    """The stream of one purpose: the same for the same words, whatever else is drawn and whatever PYTHONHASHSEED is."""
    return random.Random("/".join(map(str, (seed, *purpose))))


def _hyperexponential(mean: float, cv: float, rng: random.Random) -> Draw:
    """Two exponentials with balanced means, p1/r1 = p2/r2: Whitt, Approximating a point process (1982), section 3."""
    first = (1 + math.sqrt((cv * cv - 1) / (cv * cv + 1))) / 2
    fast, slow = 2 * first / mean, 2 * (1 - first) / mean
    exponential, uniform = rng.expovariate, rng.random
    return lambda: exponential(fast if uniform() < first else slow)
