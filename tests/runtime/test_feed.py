"""The feed: everybody hears everything, and who is slow loses the oldest and is told so."""

import asyncio

from callcenter.model.facts import Fact, QueueDraining
from callcenter.model.ids import QueueName
from callcenter.runtime.feed import BACKLOG_MAX, Feed, Subscription
from tests.runtime.rig import LIMIT_S


def fact(name: str) -> Fact:
    return QueueDraining(queue=QueueName(name), draining=True, by="test")


async def heard(subscription: Subscription, count: int) -> list[tuple[float, Fact, int]]:
    async with asyncio.timeout(LIMIT_S):
        return [(news.at, news.fact, news.lost) for news in [await anext(subscription) for _ in range(count)]]


async def test_everybody_hears_everything_from_then_on() -> None:
    feed = Feed()
    feed.publish(1.0, [fact("before")])
    early = feed.subscribe()
    feed.publish(2.0, [fact("a"), fact("b")])
    late = feed.subscribe()
    feed.publish(3.0, [fact("c")])
    assert await heard(early, 3) == [(2.0, fact("a"), 0), (2.0, fact("b"), 0), (3.0, fact("c"), 0)]
    assert await heard(late, 1) == [(3.0, fact("c"), 0)]


async def test_who_waits_is_woken() -> None:
    feed = Feed()
    subscription = feed.subscribe()
    waiting = asyncio.create_task(heard(subscription, 1))
    await asyncio.sleep(0)
    feed.publish(1.0, [fact("a")])
    assert await waiting == [(1.0, fact("a"), 0)]


async def test_who_is_slow_loses_the_oldest_and_is_told_how_many() -> None:
    feed = Feed()
    subscription = feed.subscribe()
    for number in range(BACKLOG_MAX + 7):
        feed.publish(float(number), [fact("a")])
    [first, second] = await heard(subscription, 2)
    assert (first[0], first[2]) == (7.0, 7)
    assert (second[0], second[2]) == (8.0, 0)


async def test_who_has_left_is_told_nothing_more() -> None:
    feed = Feed()
    subscription = feed.subscribe()
    feed.publish(1.0, [fact("a")])
    feed.unsubscribe(subscription)
    feed.unsubscribe(subscription)
    feed.publish(2.0, [fact("b")])
    assert [news async for news in subscription] == []


async def test_the_end_of_the_feed_is_the_end_for_all_who_wait() -> None:
    feed = Feed()
    watching = [asyncio.create_task(heard(feed.subscribe(), 1)) for _ in range(3)]
    await asyncio.sleep(0)
    feed.close()
    async with asyncio.timeout(LIMIT_S):
        ended = await asyncio.gather(*watching, return_exceptions=True)
    assert [type(one) for one in ended] == [StopAsyncIteration] * 3
    assert feed.watching == 0
