"""Distributions that are learnt as calls end, and drawn from when a wait is predicted. Knows lengths of time only.

A length is put into one of 64 bins, each a fifth wider than the one before (0.5 s to 16 h), so that a distribution is a
few dozen numbers whatever has been seen, and every length is known to within a tenth. The past is forgotten: each
contact weighs 1/500 less than the one after it, which is done by letting the newer ones weigh more.

Two kinds: `Durations` of things that always end (talks, wrap-ups), and `Patience`, of which most ends are not seen
because an agent came first: the survivors are told by a life table (Kaplan and Meier 1958, grouped as actuaries do).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

SHORTEST_S: Final = 0.5
WIDER: Final = 1.2  # a bin's end by its beginning
BINS: Final = 64
MEMORY_CONTACTS: Final = 500  # a contact weighs 1/e of the newest when so many came after it
GRAIN_MAX: Final = 1e6  # weights are scaled back when the newest weighs so much

CELLS: Final = 256  # equally likely parts in which a distribution is drawn from
NEVER_S: Final = 1e9
PRIOR_CONTACTS: Final = 2.0  # imaginary ones, exponential with the learnt mean: no length is impossible
YOUNG_MIN: Final = 0.01  # less than this and what has not ended is not looked at
PRIOR_AT_RISK: Final = 5.0  # imaginary waiting callers in every bin, as patient as all are on average
HAZARD_MAX: Final = 0.999

_PER_BIN: Final = 1.0 / math.log(WIDER)
_GROWTH: Final = 1.0 + 1.0 / MEMORY_CONTACTS
EDGES: Final = (0.0, *(SHORTEST_S * WIDER**n for n in range(1, BINS + 1)))  # of the bins, in seconds


def bin_of(seconds: float) -> int:
    """The bin in which a length falls; the first takes all that is shorter, the last all that is longer."""
    if seconds < SHORTEST_S * WIDER:
        return 0
    return min(int(math.log(seconds / SHORTEST_S) * _PER_BIN), BINS - 1)


class Spread:
    """A distribution to draw from: its quantiles in 256 equally likely cells. Some may never end (NEVER_S)."""

    __slots__ = ("cuts", "mean_s")

    def __init__(self, cuts: list[float], mean_s: float) -> None:
        self.cuts = cuts  # CELLS + 1 lengths, ascending
        self.mean_s = mean_s

    def below(self, seconds: float) -> float:
        """The share that is over by then, 0..1."""
        cuts = self.cuts
        cell = bisect_right(cuts, seconds) - 1
        if cell < 0:
            return 0.0
        if cell >= CELLS:
            return 1.0
        width = cuts[cell + 1] - cuts[cell]
        return (cell + ((seconds - cuts[cell]) / width if width > 0.0 else 0.0)) / CELLS

    def at(self, share: float) -> float:
        """The length that this share (0..1) does not reach or just reaches."""
        place = min(max(share, 0.0), 1.0) * CELLS
        cell = min(int(place), CELLS - 1)
        return self.cuts[cell] + (place - cell) * (self.cuts[cell + 1] - self.cuts[cell])

    def left(self, lasted_s: float, share: float) -> float:
        """How long one that has lasted so long still lasts, for a draw `share` of 0..1 among those that have."""
        over = self.below(lasted_s)
        if over >= 1.0:  # longer than anything known: as if it began anew
            return self.at(share)
        return max(self.at(over + share * (1.0 - over)) - lasted_s, 0.0)


def exactly(seconds: float) -> Spread:
    """Always the same length."""
    return Spread([seconds] * (CELLS + 1), seconds)


class Durations(msgspec.Struct, kw_only=True):
    """How long something takes, learnt from what it took."""

    weights: dict[int, float] = {}  # bin -> weight, in units of `grain`
    grain: float = 1.0  # what the next one weighs
    sum_s: float = 0.0  # weighted
    count: int = 0  # ever

    def learn(self, seconds: float) -> None:
        """One more was seen."""
        weights, grain, place = self.weights, self.grain, bin_of(seconds)
        weights[place] = weights.get(place, 0.0) + grain
        self.sum_s += grain * seconds
        self.count += 1
        self.grain = grain = grain * _GROWTH
        if grain > GRAIN_MAX:
            self.weights = {place: weight / self.grain for place, weight in self.weights.items()}
            self.sum_s /= self.grain
            self.grain = 1.0

    @property
    def mean_s(self) -> float:
        """The weighted mean; 0 of nothing."""
        total = sum([self.weights[place] for place in sorted(self.weights)], 0.0)
        return self.sum_s / total if total else 0.0

    def spread(self, going_s: Sequence[float] = ()) -> Spread:
        """What is known, as something to draw from. Nothing learnt: nothing takes any time.

        `going_s` is how long those have lasted that have not ended. At first only the short ones have, and to learn
        from them alone would be to expect the long ones to be short as well; so these count as having lasted at least
        so long. As the first are forgotten, so is this: of what came before the memory begins the long ones end
        within it.
        """
        young = math.exp(-self.count / MEMORY_CONTACTS)
        going = [0.0] * BINS
        for lasted_s in going_s if young > YOUNG_MIN else ():
            going[bin_of(lasted_s)] += young
        seen = [self.weights.get(place, 0.0) / self.grain for place in range(BINS)]
        total = sum(seen, 0.0)
        mean_s = (self.sum_s / self.grain + young * sum(going_s, 0.0)) / total if total else 0.0
        if mean_s <= 0.0:
            return exactly(0.0)
        at_risk, lasts, reached = total + sum(going, 0.0), 1.0, [0.0]
        for place in range(BINS):
            risked = at_risk - going[place] / 2.0
            lasts *= 1.0 - min(seen[place] / risked, 1.0) if risked > 0.0 else 1.0
            at_risk -= seen[place] + going[place]
            imagined = -PRIOR_CONTACTS * math.expm1(-EDGES[place + 1] / mean_s)
            reached.append(((1.0 - lasts) * total + imagined) / (total + PRIOR_CONTACTS))
        return Spread(_cuts(reached, mean_s), mean_s)


class Patience(msgspec.Struct, kw_only=True):
    """How long callers wait before they give up, learnt from those who did and from those who were served before."""

    gave_up: dict[int, float] = {}  # bin of the wait -> weight
    served: dict[int, float] = {}
    grain: float = 1.0
    waited_s: float = 0.0  # weighted sum over all
    count: int = 0  # gave up, ever

    def learn(self, seconds: float, *, gave_up: bool) -> None:
        """One more wait is over."""
        weights, place = self.gave_up if gave_up else self.served, bin_of(seconds)
        weights[place] = weights.get(place, 0.0) + self.grain
        self.waited_s += self.grain * seconds
        self.count += gave_up
        self.grain *= _GROWTH
        if self.grain > GRAIN_MAX:
            self.gave_up = {place: weight / self.grain for place, weight in self.gave_up.items()}
            self.served = {place: weight / self.grain for place, weight in self.served.items()}
            self.waited_s /= self.grain
            self.grain = 1.0

    def hazard_per_s(self) -> float:
        """Those who gave up by all the time that was waited: the rate of giving up, were it the same at any time."""
        gave_up = sum([self.gave_up[place] for place in sorted(self.gave_up)], 0.0)
        return gave_up / self.waited_s if self.waited_s > 0.0 else 0.0

    def spread(self) -> Spread | None:
        """What is known, as something to draw from; None if nobody ever gave up.

        In each bin those who gave up in it, by those who had waited until it began less half of those who were served
        in it, give the share that gives up there; the product of the rest is who still waits.
        """
        rate = self.hazard_per_s()
        if rate <= 0.0:
            return None
        gave_up = [self.gave_up.get(place, 0.0) / self.grain for place in range(BINS)]
        served = [self.served.get(place, 0.0) / self.grain for place in range(BINS)]
        at_risk, waits, reached = sum(gave_up, 0.0) + sum(served, 0.0), 1.0, [0.0]
        for place in range(BINS):
            on_average = -math.expm1(-rate * (EDGES[place + 1] - EDGES[place]))
            risked = max(at_risk - served[place] / 2.0, 0.0)
            hazard = (gave_up[place] + PRIOR_AT_RISK * on_average) / (risked + PRIOR_AT_RISK)
            waits *= 1.0 - min(hazard, HAZARD_MAX)
            reached.append(1.0 - waits)
            at_risk -= gave_up[place] + served[place]
        return Spread(_cuts(reached, 1.0 / rate), 1.0 / rate)


def _cuts(reached: list[float], tail_s: float) -> list[float]:
    """Quantiles out of the share that is over by each of EDGES; what lies beyond the last is exponential, or never."""
    cuts, place = [0.0], 0
    for cell in range(1, CELLS):
        share = cell / CELLS
        while place < BINS and reached[place + 1] < share:
            place += 1
        if place == BINS:
            cuts.append(NEVER_S)
            continue
        step = reached[place + 1] - reached[place]
        within = (share - reached[place]) / step if step > 0.0 else 0.0
        cuts.append(EDGES[place] + within * (EDGES[place + 1] - EDGES[place]))
    # the last cell has no end: so long that its mean, were the rest exponential, is kept
    cuts.append(min(cuts[-1] + 2.0 * tail_s, NEVER_S))
    return cuts
