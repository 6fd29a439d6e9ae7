"""The stories against the fake, over both kinds of link."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from callcenter.asterisk.ari import Access, Ari, DiallingLink, Inbox, LinkUp, Listening, ListeningLink
from tests.adapters.ari_stories import APP, STORIES, World
from tests.adapters.fake_ari import FakeAri


@pytest.fixture(params=["listening", "dialling"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(FakeAri())
        access = Access(port=fake.port, username=fake.username, password=fake.password)
        ari = await stack.enter_async_context(Ari(access, command_timeout_s=1.5))
        inbox = Inbox()
        if request.param == "listening":
            listening = Listening(port=0, username="asterisk", password="pw")
            link = await stack.enter_async_context(ListeningLink(listening, inbox))
            fake.connect_out(link.port, "asterisk", "pw")
        else:
            await stack.enter_async_context(DiallingLink(access, APP, inbox))
        world = World(ari=ari, inbox=inbox)
        await world.until(LinkUp)
        yield world


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_story(world: World, story: Callable[[World], Awaitable[None]]) -> None:
    await story(world)
