"""A predicted wait: a range, and whether it may be spoken. Knows no queue."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Half of all callers in this place are served within `p50_s` seconds from now, nine of ten within `p90_s`."""

    p50_s: float
    p90_s: float
    confident: bool
    doubt: str = ""  # why it is not confident, in words
    simulated: bool = True  # False: of a fluid, because there are too many to be simulated


STEPS_MIN: Final = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60)
"""The minutes that are spoken: nobody hears more in "seventeen", and each pair is one sound file."""


def spoken_minutes(found: Range) -> tuple[int, int]:
    """The range as minutes to be spoken: the p50 rounded down, the p90 rounded up (from an hour on: a whole hour)."""
    low = max(step for step in STEPS_MIN if 60 * step <= found.p50_s)
    high = next((step for step in STEPS_MIN if 60 * step >= found.p90_s and step > 0), STEPS_MIN[-1])
    return low, max(low, high)
