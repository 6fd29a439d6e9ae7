"""What is learnt of each queue, for forecasts: how long calls take, who comes, who gives up, how true forecasts were.

Knows one queue at a time and no contact. All of it is bounded, forgets (`core/durations.py`) and is part of a snapshot.
"""

from typing import Final

import msgspec

from callcenter.core.durations import Durations, Patience

ARRIVALS_MEMORY_S: Final = 1800.0  # arrivals are counted over so long
ARRIVALS_SEEN_MIN_S: Final = 600.0  # a rate is never taken from less than this
STEPS: Final = 10  # into which the way to the predicted wait is cut, for the life table
TRUTHS_MEMORY: Final = 200  # a prediction weighs 1/e of the newest when so many came true after it
PREDICTED_MIN_S: Final = 1.0  # a wait predicted to be shorter is compared as if it were this


class Rate(msgspec.Struct, kw_only=True):
    """How often something happened in the last half hour: counted in two, this one and the one before."""

    since: float  # when the present half hour began
    before_s: float = 0.0  # how long the one before was watched
    now: int = 0
    before: int = 0

    def learn(self, now: float) -> None:
        """It happened."""
        if now - self.since >= ARRIVALS_MEMORY_S:
            self._turn(now)
        self.now += 1

    def per_s(self, now: float) -> float:
        """So often a second, as far as is known."""
        lasted_s = now - self.since
        if lasted_s >= 2 * ARRIVALS_MEMORY_S:
            return 0.0
        known_s = min(lasted_s + self.before_s, ARRIVALS_MEMORY_S)
        of_before = max(known_s - lasted_s, 0.0) / self.before_s if self.before_s else 0.0
        return (self.now + self.before * of_before) / max(known_s, lasted_s, ARRIVALS_SEEN_MIN_S)

    def _turn(self, now: float) -> None:
        """A new half hour; if nothing was seen for a whole one, nothing is what came before."""
        lasted_s = now - self.since
        idle = lasted_s >= 2 * ARRIVALS_MEMORY_S
        self.before, self.before_s = (0, ARRIVALS_MEMORY_S) if idle else (self.now, lasted_s)
        self.since, self.now = now, 0


class Coverage(msgspec.Struct, kw_only=True):
    """The share of waits that were no longer than predicted, also from callers who gave up before it was known.

    A life table on the wait by the predicted wait: who was served within it counts there; who gave up within it was
    under observation until then and counts no further; the rest was longer. Leaving out those who gave up would let
    predictions look better the more callers are driven away.
    """

    served: list[float] = msgspec.field(default_factory=lambda: [0.0] * STEPS)
    gave_up: list[float] = msgspec.field(default_factory=lambda: [0.0] * STEPS)
    longer: float = 0.0

    def learn(self, predicted_s: float, waited_s: float, weight: float, *, served: bool) -> None:
        """One prediction came true, or its caller gave up after `waited_s`."""
        reached = waited_s / max(predicted_s, PREDICTED_MIN_S)
        if reached > 1.0:
            self.longer += weight
        else:
            (self.served if served else self.gave_up)[min(int(reached * STEPS), STEPS - 1)] += weight

    def scale(self, by: float) -> None:
        """All weights times `by`."""
        self.served = [weight * by for weight in self.served]
        self.gave_up = [weight * by for weight in self.gave_up]
        self.longer *= by

    def share(self) -> float | None:
        """0..1; None of nothing."""
        at_risk = self.longer + sum(self.served, 0.0) + sum(self.gave_up, 0.0)
        if at_risk <= 0.0:
            return None
        longer = 1.0
        for served, gave_up in zip(self.served, self.gave_up, strict=True):
            risked = at_risk - gave_up / 2.0
            if risked > 0.0:
                longer *= 1.0 - min(served / risked, 1.0)
            at_risk -= served + gave_up
        return 1.0 - longer


class Accuracy(msgspec.Struct, kw_only=True):
    """How true the latest forecasts of a queue were. Errors are of callers who were served, against the p50."""

    grain: float = 1.0
    p50: Coverage = msgspec.field(default_factory=Coverage)
    p90: Coverage = msgspec.field(default_factory=Coverage)
    weight: float = 0.0  # of those served
    error_s: float = 0.0  # weighted sum of |waited - p50|
    bias_s: float = 0.0  # weighted sum of waited - p50: above zero when waits are longer than told
    count: int = 0  # ever, served or not

    def learn(self, p50_s: float, p90_s: float, waited_s: float, *, served: bool) -> None:
        """A wait that had been predicted is over; not `served` means that it would have been longer."""
        self.p50.learn(p50_s, waited_s, self.grain, served=served)
        self.p90.learn(p90_s, waited_s, self.grain, served=served)
        if served:
            self.weight += self.grain
            self.error_s += self.grain * abs(waited_s - p50_s)
            self.bias_s += self.grain * (waited_s - p50_s)
        self.count += 1
        self.grain *= 1.0 + 1.0 / TRUTHS_MEMORY
        if self.grain > 1e6:
            self._scale(1.0 / self.grain)

    @property
    def mean_error_s(self) -> float | None:
        """Mean |waited - p50| of those served."""
        return self.error_s / self.weight if self.weight else None

    @property
    def mean_bias_s(self) -> float | None:
        """Mean of waited - p50 of those served."""
        return self.bias_s / self.weight if self.weight else None

    def _scale(self, by: float) -> None:
        self.p50.scale(by)
        self.p90.scale(by)
        self.weight, self.error_s, self.bias_s, self.grain = self.weight * by, self.error_s * by, self.bias_s * by, 1.0


class Learnt(msgspec.Struct, kw_only=True):
    """All that is learnt of one queue."""

    talk: Durations = msgspec.field(default_factory=Durations)
    wrap_up: Durations = msgspec.field(default_factory=Durations)
    answer: Durations = msgspec.field(default_factory=Durations)  # from the first phone that rings to being connected
    patience: Patience = msgspec.field(default_factory=Patience)
    began: float = 0.0  # when the first contact came
    arrivals: dict[int, Rate] = {}  # by priority
    accuracy: Accuracy = msgspec.field(default_factory=Accuracy)

    def arrived(self, priority: float, now: float) -> None:
        """A contact came into the queue. Priorities are whole numbers here, so there are few."""
        rate = self.arrivals.get(int(priority))
        if rate is None:
            self.began = self.began or now
            rate = self.arrivals[int(priority)] = Rate(since=max(self.began, now - ARRIVALS_MEMORY_S))
        rate.learn(now)
