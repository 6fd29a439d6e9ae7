"""The live feed: facts to whoever watches now. Knows subscribers; keeps no history (the journal does).

A subscriber that does not keep up loses the oldest facts and is told how many; nobody ever waits for a screen.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.facts import Fact

BACKLOG_MAX: Final = 5_000  # facts that a subscriber may be behind


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One fact, with its time and the number of facts that this subscriber lost just before it."""

    at: float
    fact: Fact
    lost: int = 0


class Subscription:
    """One watcher's view. Iterate over it until it is closed, by whoever watches or by whoever ends the feed."""

    def __init__(self) -> None:
        self._backlog: deque[tuple[float, Fact]] = deque()
        self._filled = asyncio.Event()
        self._lost = 0
        self._closed = False

    def close(self) -> None:
        """Nothing comes any more: the iteration ends, even if it waits."""
        self._closed = True
        self._filled.set()

    def put(self, at: float, facts: Sequence[Fact]) -> None:
        """Take facts; drop the oldest when there are too many."""
        self._backlog.extend((at, fact) for fact in facts)
        while len(self._backlog) > BACKLOG_MAX:
            self._backlog.popleft()
            self._lost += 1
        self._filled.set()

    def __aiter__(self) -> AsyncIterator[News]:
        return self

    async def __anext__(self) -> News:
        while not self._backlog and not self._closed:
            self._filled.clear()
            await self._filled.wait()
        if self._closed:
            raise StopAsyncIteration
        at, fact = self._backlog.popleft()
        lost, self._lost = self._lost, 0
        return News(at=at, fact=fact, lost=lost)


class Feed:
    """Gives every fact to every subscriber."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._subscriptions)

    def publish(self, at: float, facts: Sequence[Fact]) -> None:
        """Told by the loop."""
        for subscription in self._subscriptions:
            subscription.put(at, facts)

    def subscribe(self) -> Subscription:
        """Begin to watch, from now on."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop watching."""
        subscription.close()
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Nobody watches any more."""
        for subscription in list(self._subscriptions):
            self.unsubscribe(subscription)
