"""What the call center has said so far: every fact of its live feed, and who waits for one. Knows facts only.

The people of the demo act on it where real people would use their ears ("somebody answers me now"). The report
does not: its figures come from Postgres.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from callcenter.errors import PeerFault
from callcenter.model.facts import ContactOpened, Fact
from callcenter.model.ids import ContactId
from callcenter.runtime.feed import Feed, News

F = TypeVar("F", bound=Fact)
Tell = Callable[[News], None]


class Story:
    """Reads one feed while it is entered."""

    def __init__(self, feed: Feed, tell: Tell) -> None:
        """`tell` is called with every fact, in order."""
        self.told: list[News] = []
        self._feed = feed
        self._tell = tell
        self._more = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Story":
        self._task = asyncio.create_task(self._read(), name="demo story")
        await asyncio.sleep(0)  # it subscribes
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.result()

    async def seen(self, kind: type[F], where: Callable[[F], bool], *, within_s: float, what: str, after: int = 0) -> F:
        """The first fact of this kind, from number `after` on, that is so. Raises PeerFault if it is not in time."""
        try:
            async with asyncio.timeout(within_s), self._more:
                while True:
                    for news in self.told[after:]:
                        if isinstance(news.fact, kind) and where(news.fact):
                            return news.fact
                    after = len(self.told)
                    await self._more.wait()
        except TimeoutError:
            raise PeerFault(f"{what}: not within {within_s:g} s") from None

    async def until(self, so: Callable[[], bool], *, within_s: float, what: str) -> None:
        """Wait until it is so, asking again after each fact. Raises PeerFault if that is not in time."""
        try:
            async with asyncio.timeout(within_s), self._more:
                await self._more.wait_for(so)
        except TimeoutError:
            raise PeerFault(f"{what}: not within {within_s:g} s") from None

    async def contact_of(self, caller: str, *, within_s: float) -> ContactId:
        """The contact of this caller's number."""
        opened = await self.seen(
            ContactOpened, lambda fact: fact.caller == caller, within_s=within_s, what=f"the call of {caller} arrives"
        )
        return opened.contact

    def all(self, kind: type[F]) -> list[tuple[float, F]]:
        """Every fact of this kind, with its time."""
        return [(news.at, news.fact) for news in self.told if isinstance(news.fact, kind)]

    async def _read(self) -> None:
        subscription = self._feed.subscribe()
        try:
            async for news in subscription:
                self._tell(news)
                async with self._more:
                    self.told.append(news)
                    self._more.notify_all()
        finally:
            self._feed.unsubscribe(subscription)
