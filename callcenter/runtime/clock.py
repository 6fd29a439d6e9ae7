"""The one time base: float seconds UTC. Knows the machine's clocks; nobody else asks them."""

import time


class SystemClock:
    """Wall clock at start plus monotonic time since: it never goes back, whatever is done to the machine's date.

    `not_before` is the time of the last journal entry, so that time does not go back over a restart either.
    """

    def __init__(self, not_before: float = 0.0) -> None:
        self._offset = max(time.time(), not_before) - time.monotonic()

    def now(self) -> float:
        """UTC seconds."""
        return time.monotonic() + self._offset
