"""Which of its numbers a campaign shows. By place, then by turns; none above its limit; one that few answer rests.

A number that carriers have begun to mark as spam shows itself by a share of answers far below that of its sisters. Its
calls are compared with all of the pool's in the same time. Knows counts that it is given; knows no database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.campaign import CallerNumber

WATCHED_CALLS_MIN: Final = 100
"""A share of answers says something from so many calls on."""
LOW_SHARE: Final = 0.5
"""Below this part of the pool's share, by more than chance, a number rests."""
SIGMAS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerUse:
    """How a number was used: calls in the last 24 hours, and, over the time watched, calls and answers by people."""

    calls_24h: int = 0
    calls: int = 0
    answered: int = 0


UNUSED: Final = CallerUse()


def shown(pool: Sequence[CallerNumber], called: str, region: str, uses: Mapping[str, CallerUse]) -> CallerNumber | None:
    """The number to show to `called` (E.164); None if no number of the pool may be shown now."""
    resting = rested(pool, uses)
    able = [
        one
        for one in pool
        if (not one.regions or region in one.regions)
        and uses.get(one.number, UNUSED).calls_24h < one.per_day_max
        and one.number not in resting
    ]

    def place(one: CallerNumber) -> tuple[int, int, str]:
        return -_near(one, called), uses.get(one.number, UNUSED).calls_24h, one.number

    return min(able, key=place, default=None)


def rested(pool: Sequence[CallerNumber], uses: Mapping[str, CallerUse]) -> tuple[str, ...]:
    """Numbers that few answer: under half of what the others get, and further below than three standard deviations.

    The binomial's standard deviation of the others' share, sqrt(p (1 - p) / n). A number alone is never rested.
    """
    found: list[str] = []
    for one in pool:
        mine = uses.get(one.number, UNUSED)
        others = [uses.get(other.number, UNUSED) for other in pool if other.number != one.number]
        calls, answered = sum(use.calls for use in others), sum(use.answered for use in others)
        if mine.calls < WATCHED_CALLS_MIN or calls < WATCHED_CALLS_MIN:
            continue
        share = answered / calls
        deviation = (share * (1.0 - share) / mine.calls) ** 0.5
        if mine.answered / mine.calls < min(LOW_SHARE * share, share - SIGMAS * deviation):
            found.append(one.number)
    return tuple(sorted(found))


def _near(one: CallerNumber, called: str) -> int:
    """How much of the called number's beginning it stands for; 0: it stands for any; less: for others."""
    elsewhere = -1 if one.prefixes else 0
    return max((len(prefix) for prefix in one.prefixes if called.startswith(prefix)), default=elsewhere)
