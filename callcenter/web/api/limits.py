"""How much may be asked how fast. Knows rates and time as an argument; knows nobody.

A bucket (RFC 2697 has the idea) holds so many tokens, each request takes one, and they come back at a steady rate.
"""

from collections import OrderedDict
from typing import Final

PLACES_MAX: Final = 10_000  # who is remembered; the longest unseen is forgotten


class Lately:
    """Who was there lately: the last so many, by digests of theirs."""

    def __init__(self, most: int = PLACES_MAX) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, who: bytes) -> bool:
        return who in self._seen

    def was_here(self, who: bytes) -> None:
        """Now."""
        self._seen[who] = None
        self._seen.move_to_end(who)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def forget(self, who: bytes) -> None:
        """If it was there at all."""
        self._seen.pop(who, None)


class Rate:
    """One bucket for each who asks. Times are seconds of a clock that never goes back."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, now: float) -> float:
        """0 if the request may pass, else in how many seconds the next one may."""
        left = self._now(who, now)
        if left < 1:
            return (1 - left) / self._per_s
        self._keep(who, left - 1, now)
        return 0.0

    def waits(self, who: str, now: float) -> float:
        """The same, taking nothing."""
        left = self._now(who, now)
        return 0.0 if left >= 1 else (1 - left) / self._per_s

    def _now(self, who: str, now: float) -> float:
        left, at = self._left.get(who, (float(self._burst), now))
        return min(float(self._burst), left + (now - at) * self._per_s)

    def _keep(self, who: str, left: float, now: float) -> None:
        self._left[who] = (left, now)
        self._left.move_to_end(who)
        if len(self._left) > PLACES_MAX:
            self._left.popitem(last=False)
