"""What nobody saw of a recorded call: how long a caller who was served would have waited, how long one who gave
up would have talked. Knows distributions; knows no engine.

Patience is censored: of a caller who was served only that she waited so long is known. The product-limit estimate
(Kaplan and Meier, JASA 53, 1958) uses both kinds, per queue, and a caller's own patience is drawn from what it says of
those who waited as long as she did. One seed gives one answer per call, whatever configuration is asked about.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

from callcenter.sim.replay.recorded import Fate, RecordedCall

FEW: Final = 20  # calls; below, a queue borrows from all others
TALK_UNKNOWN_S: Final = 180.0  # if nobody has ever talked


class Survival:
    """The share of callers who wait longer than a time, as the product-limit estimate."""

    __slots__ = ("_left", "_times")

    def __init__(self, waits: Iterable[tuple[float, bool]]) -> None:
        """`waits`: how long, and whether the caller gave up then (else she was served, or sent on)."""
        ordered = sorted(waits, key=lambda pair: (pair[0], not pair[1]))
        self._times: list[float] = []
        self._left: list[float] = []
        at_risk, share = len(ordered), 1.0
        for wait, gave_up in ordered:
            if gave_up:
                share *= 1.0 - 1.0 / at_risk
                self._times.append(wait)
                self._left.append(share)
            at_risk -= 1

    def beyond(self, wait: float) -> float:
        """The share that waits longer, 0..1."""
        at = bisect_right(self._times, wait)
        return self._left[at - 1] if at else 1.0

    def draw(self, random: float, after: float) -> float:
        """The patience of one who has waited `after` seconds; infinite if it is longer than anybody has shown.

        `random` is uniform, 0 < random <= 1.
        """
        wanted = random * self.beyond(after)
        for at in range(bisect_right(self._times, after), len(self._times)):
            if self._left[at] < wanted:
                return self._times[at]
        return math.inf


class Unseen:
    """Fills in what is missing of each call."""

    def __init__(self, calls: Sequence[RecordedCall], seed: int) -> None:
        self._seed = seed
        by_queue: dict[str, list[RecordedCall]] = defaultdict(list)
        for call in calls:
            by_queue[call.queue].append(call)
        self._all = _Pool(calls)
        self._pools = {queue: _Pool(some) if len(some) >= FEW else self._all for queue, some in by_queue.items()}

    def patience_s(self, call: RecordedCall) -> float:
        """How long the caller would wait at most, from when she came into the queue."""
        if call.fate is Fate.ABANDONED:
            return call.wait_s
        return self._pool(call).survival.draw(1.0 - self._random(call, "patience").random(), call.wait_s)

    def talk_s(self, call: RecordedCall) -> float:
        """How long she talks, if she is served."""
        if call.fate is Fate.SERVED:
            return call.talk_s
        talks = self._pool(call).talks or self._all.talks
        return self._random(call, "talk").choice(talks) if talks else TALK_UNKNOWN_S

    def wrap_up_s(self, call: RecordedCall) -> float | None:
        """The work after it; None if the record knows of none."""
        if call.fate is Fate.SERVED:
            return call.wrap_up_s
        wraps = self._pool(call).wraps
        return self._random(call, "wrap").choice(wraps) if wraps else None

    def _pool(self, call: RecordedCall) -> "_Pool":
        return self._pools.get(call.queue, self._all)

    def _random(self, call: RecordedCall, what: str) -> Random:
        return Random(f"{self._seed} {what} {call.id}")


class _Pool:
    """Calls to draw from."""

    __slots__ = ("survival", "talks", "wraps")

    def __init__(self, calls: Sequence[RecordedCall]) -> None:
        self.survival = Survival((call.wait_s, call.fate is Fate.ABANDONED) for call in calls)
        served = [call for call in calls if call.fate is Fate.SERVED]
        self.talks = [call.talk_s for call in served]
        self.wraps = [call.wrap_up_s for call in served if call.wrap_up_s is not None]
