"""A circuit breaker: whether a host is asked at all. Knows failures and time as an argument; knows no HTTP.

Theory (M. Nygard, Release It!, 2007): a host that has failed several times in a row is left alone for a while, so that
callers do not wait for what will not come and the host is not kept down by those who ask. After the rest a single
question goes through; its answer decides. Answers to questions that were asked before the host was given up are late,
and change nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

FAILURES_MAX: Final = 5  # in a row
REST_S: Final = 10.0


class BreakerState(StrEnum):
    """What is done with questions."""

    CLOSED = "closed"  # they are asked
    OPEN = "open"  # they fail at once
    HALF_OPEN = "half_open"  # one was let through, and the others fail until it is answered


class BreakerInput(StrEnum):
    """What moves it."""

    ANSWERED = "answered"
    FAILED = "failed"  # but not too often yet
    TRIPPED = "tripped"  # once too often
    RESTED = "rested"  # the rest is over, and somebody asks


S, I = BreakerState, BreakerInput  # noqa: E741
TRANSITIONS: Final[Mapping[tuple[BreakerState, BreakerInput], BreakerState]] = {
    (S.CLOSED, I.ANSWERED): S.CLOSED,
    (S.CLOSED, I.FAILED): S.CLOSED,
    (S.CLOSED, I.TRIPPED): S.OPEN,
    (S.OPEN, I.ANSWERED): S.OPEN,  # asked before it was given up
    (S.OPEN, I.FAILED): S.OPEN,
    (S.OPEN, I.TRIPPED): S.OPEN,
    (S.OPEN, I.RESTED): S.HALF_OPEN,
    (S.HALF_OPEN, I.ANSWERED): S.CLOSED,
    (S.HALF_OPEN, I.FAILED): S.OPEN,
    (S.HALF_OPEN, I.TRIPPED): S.OPEN,
}


class Breaker:
    """One host's. Times are seconds of any clock that never goes back."""

    __slots__ = ("_failures", "_until", "state")

    def __init__(self) -> None:
        self.state = BreakerState.CLOSED
        self._failures = 0
        self._until = 0.0

    def lets_through(self, now: float) -> bool:
        """Whether a question may be asked now; the answer must be told."""
        if self.state is BreakerState.OPEN and now >= self._until:
            self._move(BreakerInput.RESTED)
            return True
        return self.state is BreakerState.CLOSED

    def answered(self) -> None:
        """The host has answered, whatever it said."""
        self._move(BreakerInput.ANSWERED)
        if self.state is BreakerState.CLOSED:
            self._failures = 0

    def failed(self, now: float) -> None:
        """The host has not answered, or says itself that it cannot."""
        was = self.state
        self._failures += 1
        self._move(BreakerInput.TRIPPED if self._failures >= FAILURES_MAX else BreakerInput.FAILED)
        if self.state is BreakerState.OPEN and was is not BreakerState.OPEN:
            self._until = now + REST_S

    def rests_s(self, now: float) -> float:
        """For how long yet nobody is let through."""
        return max(0.0, self._until - now) if self.state is BreakerState.OPEN else 0.0

    def _move(self, told: BreakerInput) -> None:
        self.state = TRANSITIONS[self.state, told]
