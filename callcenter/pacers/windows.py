"""Live answers and drops in rolling windows, never to the campaign's favour. Knows counts and times only.

A window is kept in buckets. A live answer counts while its whole bucket lies within the window, a drop while any part
of its bucket does: the share of drops is so never below the true one of any moment.
"""

from typing import Final

import msgspec

from callcenter.model.pacing import Answers

DAY_S: Final = 86_400.0
MONTH_S: Final = 30.0 * DAY_S
DAY_BUCKET_S: Final = 300.0
MONTH_BUCKET_S: Final = 3600.0


class Window(msgspec.Struct, kw_only=True):
    """The last `span_s` seconds."""

    span_s: float
    bucket_s: float
    live: dict[int, int] = {}  # number of the bucket -> live answers
    drops: dict[int, int] = {}
    live_sum: int = 0
    drops_sum: int = 0

    def answered(self, now: float) -> None:
        """A person answered."""
        bucket = int(now // self.bucket_s)
        self.live[bucket] = self.live.get(bucket, 0) + 1
        self.live_sum += 1

    def dropped(self, now: float) -> None:
        """One who answered (and was counted so) had no agent in time."""
        bucket = int(now // self.bucket_s)
        self.drops[bucket] = self.drops.get(bucket, 0) + 1
        self.drops_sum += 1

    def count(self, now: float) -> Answers:
        """What lies in the window that ends now."""
        oldest = (now - self.span_s) / self.bucket_s
        self.live_sum -= _forget(self.live, oldest)
        self.drops_sum -= _forget(self.drops, oldest - 1.0)
        return Answers(live=float(self.live_sum), drops=float(self.drops_sum))


def _forget(counts: dict[int, int], oldest: float) -> int:
    """Take away the buckets that begin before `oldest`, and give how many were in them."""
    gone = [bucket for bucket in counts if bucket < oldest]
    return sum(counts.pop(bucket) for bucket in gone)
