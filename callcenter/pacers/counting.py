"""How likely it is that more people answer than agents are free: sums of yes-or-no events. Knows numbers only.

Two ways. Small teams exactly, by adding one event after the other to the distribution (the direct method: Hong, On
computing the distribution function for the Poisson binomial distribution, Computational Statistics & Data Analysis
59, 2013). Large ones by the normal distribution, refined by the skewness (Volkova, A refinement of the central limit
theorem for sums of independent random indicators, Theory of Probability and its Applications 40, 1996; also in Hong).
"""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

_SQRT2: Final = math.sqrt(2.0)
_DENSITY: Final = 1.0 / math.sqrt(2.0 * math.pi)
FAR: Final = 4.0  # standard deviations from which on the refinement is left out, which would not be monotone there


def with_event(counts: list[float], chance: float) -> list[float]:
    """The distribution with one more event; `counts[n]` is the chance of n, the last one that of "as many or more"."""
    stays = 1.0 - chance
    grown = [counts[0] * stays]
    grown.extend(here * stays + before * chance for before, here in pairwise(counts))
    grown[-1] += counts[-1] * chance  # as many or more stays so
    return grown


def distribution(chances: Iterable[tuple[float, int]], most: int) -> list[float]:
    """How many of the events (chance, how many such) happen: the chance of 0, 1, ..., of `most` or more."""
    counts = [1.0] + [0.0] * most
    for chance, times in chances:
        for _ in range(times):
            counts = with_event(counts, chance)
    return counts


def moments(chances: Iterable[tuple[float, int]]) -> tuple[float, float, float]:
    """Mean, variance and third central moment of how many happen."""
    mean = variance = third = 0.0
    for chance, times in chances:
        one = chance * times
        spread = one * (1.0 - chance)
        mean += one
        variance += spread
        third += spread * (1.0 - 2.0 * chance)
    return mean, variance, third


def reaches(least: float, mean: float, variance: float, third: float) -> float:
    """The chance, 0..1, that a whole number with these moments is `least` or more."""
    if variance <= 1e-9:
        return 1.0 if mean >= least - 1e-6 else 0.0
    deviation = math.sqrt(variance)
    x = (least - 0.5 - mean) / deviation
    beyond = 0.5 * math.erfc(x / _SQRT2)
    if -FAR < x < FAR:
        skew = third / (variance * deviation)
        beyond -= skew * (1.0 - x * x) * _DENSITY * math.exp(-0.5 * x * x) / 6.0
    return min(max(beyond, 0.0), 1.0)
