"""How long things last, learnt from what ended and what goes on, as a life table. Knows lengths of time only.

Lengths are counted in bins and forgotten slowly: each weighs a little less than the one after it. A table is a
product of the shares that survive each bin, with those that still go on counted as long as they have lasted (Kaplan
and Meier, Nonparametric estimation from incomplete observations, JASA 53, 1958; grouped as actuaries do): leaving
them out would let every talk seem short at the start of a day. Where little was seen an exponential of the same mean
fills in.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

import msgspec

from callcenter.model.pacing import LifeTable

RING_EDGES_S: Final = (*(float(s) for s in range(41)), 45.0, 50.0, 60.0, 75.0, 90.0, 120.0)
TALK_EDGES_S: Final = (0.0, *(1.2**n for n in range(52)))  # to three hours, each bin a fifth wider
MEMORY: Final = 1000  # one weighs 1/e of the newest when so many came after it
GRAIN_MAX: Final = 1e6
IMAGINED: Final = 2.0  # at risk in each bin, with the hazard of an exponential


class Lengths(msgspec.Struct, kw_only=True):
    """Lengths of one kind."""

    edges_s: tuple[float, ...]
    mean_s: float  # imagined, before any was seen
    weights: dict[int, float] = {}  # by bin, in units of `grain`
    grain: float = 1.0  # what the next one weighs
    weight: float = 0.0
    sum_s: float = 0.0
    count: int = 0  # ever

    def learn(self, seconds: float) -> None:
        """One more ended."""
        place = max(bisect_right(self.edges_s, seconds) - 1, 0)
        self.weights[place] = self.weights.get(place, 0.0) + self.grain
        self.weight += self.grain
        self.sum_s += self.grain * seconds
        self.count += 1
        self.grain *= 1.0 + 1.0 / MEMORY
        if self.grain > GRAIN_MAX:
            self.weights = {place: weight / self.grain for place, weight in self.weights.items()}
            self.weight, self.sum_s, self.grain = self.weight / self.grain, self.sum_s / self.grain, 1.0

    def table(self, going_s: Iterable[float] = ()) -> LifeTable:
        """What is known; `going_s` is how long those have lasted that have not ended."""
        edges = self.edges_s
        censored = [0.0] * len(edges)
        longer_s = 0.0
        for lasted_s in going_s:
            censored[max(bisect_right(edges, lasted_s) - 1, 0)] += 1.0
            longer_s += lasted_s
        seen = self.weight / self.grain
        mean_s = max((self.mean_s * IMAGINED + self.sum_s / self.grain + longer_s) / (IMAGINED + seen), 1e-3)
        at_risk, lasts = seen + sum(censored), 1.0
        table = [1.0]
        for place in range(len(edges) - 1):
            ends = self.weights.get(place, 0.0) / self.grain
            width_s = edges[place + 1] - edges[place]
            imagined = IMAGINED * width_s / (width_s + mean_s)
            risked = max(at_risk - censored[place] / 2.0, ends) + IMAGINED
            lasts *= 1.0 - (ends + imagined) / risked
            table.append(max(lasts, 0.0))
            at_risk -= ends + censored[place]
        return LifeTable(edges, tuple(table))
