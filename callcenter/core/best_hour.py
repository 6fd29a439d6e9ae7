"""The best local hour to call a lead, learnt from answers. Knows counts by hour; knows no zones and no law.

Theory: what a lead's own calls say is little, what all calls of her campaign say is much and not about her. So the
chance of an hour is the campaign's answer rate in it, worth PRIOR_CALLS calls, corrected by her own calls in that
hour and, at half weight, in the hours beside it: the mean of a beta distribution (empirical Bayes; Efron and Morris,
JASA 70, 1975). An hour in which the campaign has called too little is as good as the campaign is all day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HOURS: Final = 24
PRIOR_CALLS: Final = 4.0
BESIDE: Final = 0.5
CALLS_MIN: Final = 30  # of a campaign in an hour, before that hour has a rate of its own
RATE_UNKNOWN: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Calls in one local hour."""

    calls: int = 0
    answered: int = 0  # by a person


def rates(campaign: Mapping[int, Tried]) -> dict[int, float]:
    """The campaign's answer rate for each hour in which it calls."""
    calls = sum(one.calls for one in campaign.values())
    overall = sum(one.answered for one in campaign.values()) / calls if calls else RATE_UNKNOWN
    return {
        hour: one.answered / one.calls if one.calls >= CALLS_MIN else overall
        for hour, one in campaign.items()
        if one.calls
    }


def chance(hour: int, own: Mapping[int, Tried], rate: float) -> float:
    """Of an answer in this hour, 0..1."""
    calls, answered = PRIOR_CALLS, PRIOR_CALLS * rate
    for at, weight in ((hour, 1.0), ((hour - 1) % HOURS, BESIDE), ((hour + 1) % HOURS, BESIDE)):
        one = own.get(at)
        if one is not None:
            calls += weight * one.calls
            answered += weight * one.answered
    return answered / calls


def best_hour(own: Mapping[int, Tried], campaign: Mapping[int, Tried]) -> int | None:
    """The hour in which she answers most likely, of those in which the campaign calls; None: nobody was called yet.

    Of equally good hours the one in which she was called least, then the earliest.
    """
    by_hour = rates(campaign)
    if not by_hour:
        return None

    def merit(hour: int) -> tuple[float, int, int]:
        tried = own[hour].calls if hour in own else 0
        return -chance(hour, own, by_hour[hour]), tried, hour

    return min(sorted(by_hour), key=merit)
