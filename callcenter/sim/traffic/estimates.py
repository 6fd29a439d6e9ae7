"""From independent samples to an estimate with its interval. Knows statistics; knows no call center.

Every measure is a ratio of two sums (calls in time / calls, seconds / calls, or something / 1), so the estimate is the
ratio of the means over all samples, which is what a long run tends to, and not the mean of the ratios, in which a quiet
day counts as much as a busy one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95

Pair = tuple[float, float]  # numerator and denominator of one sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`mean` +- `half_width` at the confidence asked for; None where one sample tells nothing of its spread."""

    mean: float
    stderr: float | None
    half_width: float | None
    samples: int

    @property
    def low(self) -> float | None:
        """The interval's lower end."""
        return None if self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float | None:
        """The interval's upper end."""
        return None if self.half_width is None else self.mean + self.half_width

    def covers(self, value: float) -> bool:
        """Whether the interval holds a value."""
        return self.half_width is not None and abs(self.mean - value) <= self.half_width


def ratio(pairs: Sequence[Pair], confidence: float = CONFIDENCE) -> Estimate | None:
    """The ratio of the means, with the interval of the delta method; None if all denominators are 0.

    Variance of the ratio r: sum of (x - r y)^2 over (n - 1) n ybar^2 (Cochran, Sampling Techniques, 1977, 2.45); for
    denominators that are all equal it is that of a plain mean. The quantile is Student's with n - 1 degrees of freedom.
    """
    total = math.fsum(pair[1] for pair in pairs)
    if not pairs or total == 0:
        return None
    mean, count = math.fsum(pair[0] for pair in pairs) / total, len(pairs)
    if count < 2:
        return Estimate(mean=mean, stderr=None, half_width=None, samples=count)
    squares = math.fsum((x - mean * y) ** 2 for x, y in pairs)
    stderr = math.sqrt(squares / ((count - 1) * count)) / (total / count)
    half = student_quantile((1 + confidence) / 2, count - 1) * stderr
    return Estimate(mean=mean, stderr=stderr, half_width=half, samples=count)


def student_quantile(share: float, degrees: int) -> float:
    """The quantile of Student's t distribution, share 0..1 (exclusive), at least 1 degree of freedom.

    Exact for 1 and 2 degrees (closed forms); else the expansion of Fisher and Cornish around the normal quantile,
    Abramowitz and Stegun 26.7.5: within 0.2 % for 3 degrees and 0.01 % from 6 on, at shares up to 0.975.
    Raises ValueError outside of that.
    """
    if not 0 < share < 1 or degrees < 1:
        raise ValueError(f"no quantile at {share} with {degrees} degrees of freedom")
    if degrees == 1:
        return math.tan(math.pi * (share - 0.5))
    if degrees == 2:
        centred = 2 * share - 1
        return centred * math.sqrt(2 / (1 - centred**2))
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / float(degrees) ** power for power, term in enumerate(terms, start=1))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed. Raises ValueError if there are none."""
    if not ordered:
        raise ValueError("no values")
    return ordered[min(max(math.ceil(share * len(ordered)) - 1, 0), len(ordered) - 1)]
