"""Simulated time: an agenda of what happens when. Knows order; knows nothing of calls.

What is put down for the same time happens in the order in which it was put down, so one seed gives one course of
events. People may be bound to a clock that ticks coarsely: then their doings, and the deadlines that follow from them,
fall on the same instants, which is where a call center's races are.
"""

import heapq
import math
from collections.abc import Callable

Deed = Callable[[], object]


class Agenda:
    """What will happen. `now` is UTC seconds."""

    __slots__ = ("_heap", "_serial", "now", "tick_s")

    def __init__(self, start: float, tick_s: float = 0.0) -> None:
        self.now = start
        self.tick_s = tick_s  # 0: people act at any time
        self._heap: list[tuple[float, int, Deed]] = []
        self._serial = 0

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, seconds: float, deed: Deed) -> None:
        """Put something down for so many seconds from now."""
        self._serial += 1
        heapq.heappush(self._heap, (self.now + max(seconds, 0.0), self._serial, deed))

    def on_tick(self, seconds: float, deed: Deed) -> None:
        """The same, on the next tick of the people's clock."""
        if self.tick_s:
            at = math.ceil((self.now + seconds) / self.tick_s) * self.tick_s
            self.after(at - self.now, deed)
        else:
            self.after(seconds, deed)

    def next_time(self) -> float | None:
        """When something happens next, or None."""
        return self._heap[0][0] if self._heap else None

    def step(self) -> None:
        """Let the next thing happen."""
        at, _, deed = heapq.heappop(self._heap)
        self.now = max(self.now, at)
        deed()
