"""Links: up and down, filtered, full, silent, replaced, deaf; in both directions where both have it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from callcenter.asterisk.ari import (
    Access,
    Ari,
    DiallingLink,
    Down,
    FilteredRegistration,
    Inbox,
    LinkDown,
    LinkTiming,
    LinkUp,
    Listening,
    ListeningLink,
    Message,
    SinkFull,
    resources,
)
from callcenter.asterisk.ari import messages as m
from callcenter.asterisk.ari.line import VITAL_KINDS
from callcenter.asterisk.ari.rest import basic_authorization
from callcenter.errors import ConfigurationError, PeerUnavailable
from tests.adapters.ari_stories import World
from tests.adapters.fake_ari import FakeAri

APP = "callcenter"
USER, SECRET = "asterisk", "pw"
LIMIT_S = 10.0
FAST = LinkTiming(heartbeat_s=1.0, probe_interval_s=0.2, probe_retry_s=0.02, deaf_after_s=0.5, reconnect_s=(0.02,))


class Scene(World):
    """A fake Asterisk, and links to it."""

    fake: FakeAri
    stack: AsyncExitStack

    def access(self) -> Access:
        return Access(port=self.fake.port, username=self.fake.username, password=self.fake.password)

    def registration(self, *kinds: str) -> FilteredRegistration:
        return FilteredRegistration(self.ari, APP, kinds or ("StasisStart",))

    async def link(self, kind: str, registration: FilteredRegistration | None = None) -> ListeningLink | DiallingLink:
        """A link of this kind, up."""
        link: ListeningLink | DiallingLink
        if kind == "listening":
            link = ListeningLink(
                Listening(port=0, username=USER, password=SECRET), self.inbox, registration, timing=FAST
            )
            await self.stack.enter_async_context(link)
            self.fake.connect_out(link.port, USER, SECRET)
        else:
            link = DiallingLink(self.access(), APP, self.inbox, registration, timing=FAST)
            await self.stack.enter_async_context(link)
        await self.until(LinkUp)
        await self.until(m.ApplicationRegistered)
        return link


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeAri() as fake, AsyncExitStack() as clients:
        access = Access(port=fake.port, username=fake.username, password=fake.password)
        ari = await clients.enter_async_context(Ari(access, command_timeout_s=1))
        made = Scene(ari=ari, inbox=Inbox())
        made.fake, made.stack = fake, await clients.enter_async_context(AsyncExitStack())
        yield made


both = pytest.mark.parametrize("kind", ["listening", "dialling"])


@both
async def test_events_come_in_order(scene: Scene, kind: str) -> None:
    link = await scene.link(kind)
    assert link.up
    scene.fake.caller_arrives("c-1", "in", number="0901")
    scene.fake.presses("c-1", "12")
    scene.fake.hangs_up("c-1")
    kinds = [type(await scene.inbox.next()).__name__ for _ in range(5)]
    assert kinds == ["StasisStart", "ChannelDtmfReceived", "ChannelDtmfReceived", "ChannelHangupRequest", "StasisEnd"]


@both
async def test_a_cut_link_is_told_and_comes_back(scene: Scene, kind: str) -> None:
    link = await scene.link(kind)
    for _ in range(3):
        scene.fake.cut_links()
        assert (await scene.until(LinkDown)).reason is Down.CUT
        await scene.until(LinkUp)
        await scene.until(m.ApplicationRegistered)
    scene.fake.caller_arrives("c-1")
    await scene.of_channel(m.StasisStart, "c-1")
    assert link.up


async def test_events_of_an_absence_come_first_on_return(scene: Scene) -> None:
    link = await scene.link("listening")
    assert isinstance(link, ListeningLink)
    await link.drop()
    await scene.until(LinkDown)
    for number in range(50):
        scene.fake.caller_arrives(f"c-{number}")
    mark = len(scene.seen)
    await scene.until(m.ApplicationRegistered)
    came = [item.channel.id for item in scene.seen[mark:] if isinstance(item, m.StasisStart)]
    assert came == [f"c-{number}" for number in range(50)]


async def test_an_ordinary_link_loses_what_happens_meanwhile(scene: Scene) -> None:
    link = await scene.link("dialling")
    assert isinstance(link, DiallingLink)
    scene.fake.cut_links()
    await scene.until(LinkDown)
    scene.fake.caller_arrives("c-1")
    await scene.until(LinkUp)
    scene.fake.caller_arrives("c-2")
    assert (await scene.until(m.StasisStart)).channel.id == "c-2"


@both
async def test_the_filter_is_set_again_whenever_it_is_lost(scene: Scene, kind: str) -> None:
    await scene.link(kind, scene.registration("StasisStart"))
    expected = {"StasisStart", *VITAL_KINDS}

    async def filtered() -> None:
        async with asyncio.timeout(LIMIT_S):
            while {rule["type"] for rule in scene.fake.apps[APP].allowed} != expected:
                await scene.ari.asterisk.ping()

    await filtered()
    scene.fake.apps[APP].allowed = []
    scene.fake.cut_links()
    await filtered()
    scene.fake.caller_arrives("c-1")
    scene.fake.presses("c-1", "1")
    scene.fake.emit(APP, "ChannelUserevent", eventname="last", userevent={})
    seen_before = len(scene.seen)
    await scene.until(m.ChannelUserevent)
    assert not [item for item in scene.seen[seen_before:] if isinstance(item, m.ChannelDtmfReceived)]


@both
async def test_what_cannot_be_read_is_counted_and_passed_over(scene: Scene, kind: str) -> None:
    link = await scene.link(kind)
    scene.fake.emit(APP, "FromAsterisk30", x=1)
    scene.fake.send_raw(APP, "no json")
    scene.fake.send_raw(APP, '{"type":"StasisStart"}')
    scene.fake.caller_arrives("c-1")
    await scene.of_channel(m.StasisStart, "c-1")
    assert link.reader.unknown == {"FromAsterisk30": 1}
    assert link.reader.malformed == {"": 1, "StasisStart": 1}


@both
async def test_a_consumer_that_takes_nothing_costs_the_link_not_the_memory(scene: Scene, kind: str) -> None:
    scene.inbox = Inbox(limit=20)
    link = await scene.link(kind)
    for number in range(60):
        scene.fake.caller_arrives(f"c-{number}")
    async with asyncio.timeout(LIMIT_S):
        while not scene.inbox.overflows:
            await scene.ari.asterisk.ping()
    mark = len(scene.seen)
    assert (await scene.until(LinkDown)).reason is Down.OVERFLOW
    assert [item.channel.id for item in scene.seen[mark:] if isinstance(item, m.StasisStart)] == [
        f"c-{number}" for number in range(20)
    ]
    await scene.until(LinkUp)  # and now the caller lists what there is
    assert len(await scene.ari.channels.list()) == 60
    assert link.up


async def test_an_inbox_nobody_empties_does_not_grow_with_a_flapping_link() -> None:
    inbox = Inbox(limit=2)
    inbox.on_up()
    inbox.on_message(m.StasisEnd(channel=resources.Channel(id="c")))
    for _ in range(1000):
        with pytest.raises(SinkFull):
            inbox.on_message(m.StasisEnd(channel=resources.Channel(id="c")))
        inbox.on_down(Down.OVERFLOW)
        inbox.on_up()
    assert inbox.waiting <= 6
    assert inbox.overflows == 1000
    assert isinstance(await inbox.next(), LinkUp)
    assert isinstance(await inbox.next(), m.StasisEnd)
    assert await inbox.next() == LinkDown(Down.OVERFLOW)
    assert await inbox.next() == LinkUp()


@both
async def test_who_loses_the_application_stops_and_tells(scene: Scene, kind: str) -> None:
    link = await scene.link(kind)
    other = Inbox()
    async with DiallingLink(scene.access(), APP, other):
        await scene.until(m.ApplicationReplaced)
        assert (await scene.until(LinkDown)).reason is Down.REPLACED
        assert isinstance(await other.next(), LinkUp)
        assert link.replaced
        assert not link.up
        with pytest.raises(TimeoutError):  # and it does not take it back
            async with asyncio.timeout(0.3):
                await scene.inbox.next()


async def test_a_replaced_listener_listens_again_when_told(scene: Scene) -> None:
    link = await scene.link("listening")
    assert isinstance(link, ListeningLink)
    scene.fake.emit(APP, "ApplicationReplaced")
    assert (await scene.until(LinkDown)).reason is Down.REPLACED
    link.resume()
    await scene.until(LinkUp)


async def test_a_second_connection_replaces_the_first(scene: Scene) -> None:
    link = await scene.link("listening")
    assert isinstance(link, ListeningLink)
    async with aiohttp.ClientSession(headers={"Authorization": basic_authorization(USER, SECRET)}) as session:
        second = await session.ws_connect(f"http://127.0.0.1:{link.port}/ari", protocols=("ari",))
        assert (await scene.until(LinkDown)).reason is Down.SUPERSEDED
        await scene.until(LinkUp)
        assert second.protocol == "ari"
        await second.close()


@pytest.mark.parametrize("authorization", ["", "Basic x", basic_authorization(USER, "wrong"), "Bearer pw"])
async def test_strangers_do_not_get_in(scene: Scene, authorization: str) -> None:
    link = await scene.link("listening")
    assert isinstance(link, ListeningLink)
    async with aiohttp.ClientSession(headers={"Authorization": authorization}) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"http://127.0.0.1:{link.port}/ari", protocols=("ari",))
        assert refused.value.status == 401
        async with session.get(f"http://127.0.0.1:{link.port}/elsewhere") as answer:
            assert answer.status == 404
    async with (
        aiohttp.ClientSession(headers={"Authorization": basic_authorization(USER, SECRET)}) as session,
        session.get(f"http://127.0.0.1:{link.port}/ari") as answer,  # no websocket
    ):
        assert answer.status == 426
    assert link.up


async def test_a_port_in_use_says_what_to_do(scene: Scene) -> None:
    taken = Listening(port=scene.fake.port, username=USER, password=SECRET)
    with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{scene.fake.port}.*another port"):
        async with ListeningLink(taken, scene.inbox):
            pass


async def test_an_asterisk_that_is_not_there_is_told_once_and_tried_again(scene: Scene) -> None:
    async with FakeAri() as gone:
        port = gone.port
    access = Access(port=port, username="callcenter", password="secret")
    async with DiallingLink(access, APP, scene.inbox) as link:
        assert (await scene.until(LinkDown)).reason is Down.UNREACHABLE
        late = FakeAri()
        late.port = port
        async with late:
            await scene.until(LinkUp)
            assert link.up
            assert [item for item in scene.seen if isinstance(item, LinkDown)] == [LinkDown(Down.UNREACHABLE)]
        await scene.until(LinkDown)


@both
async def test_a_silent_asterisk_is_noticed(scene: Scene, kind: str) -> None:
    scene.fake.deaf = True  # it reads nothing, so it answers no ping
    await scene.link(kind)
    async with asyncio.timeout(LIMIT_S):
        while not isinstance(down := await scene.inbox.next(), LinkDown):
            pass
    assert down.reason is Down.SILENT


class Lost:
    """A registration whose application Asterisk has forgotten."""

    asked = 0

    async def renew(self) -> bool:
        self.asked += 1
        return False


class Mute:
    """A registration that looks well, but whose probe never comes."""

    async def renew(self) -> bool:
        return True


class Unanswered:
    """A registration that cannot be asked about: no reason to close anything."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def renew(self) -> bool:
        self.asked.set()
        raise PeerUnavailable("not now")


@pytest.mark.parametrize("registration", [Lost(), Mute()], ids=lambda one: type(one).__name__)
async def test_a_deaf_link_is_noticed_and_revived(scene: Scene, registration: Lost | Mute) -> None:
    revived = asyncio.Event()

    async def revive() -> None:
        revived.set()
        raise PeerUnavailable("no console here")  # told, and the link goes on

    link = ListeningLink(Listening(port=0, username=USER, password=SECRET), scene.inbox, registration, revive, FAST)
    async with link:
        scene.fake.connect_out(link.port, USER, SECRET)
        await scene.until(m.ApplicationRegistered)
        async with asyncio.timeout(LIMIT_S):
            await revived.wait()
            while not isinstance(down := await scene.inbox.next(), LinkDown):
                pass
        assert down.reason is Down.DEAF
        await scene.until(LinkUp)


async def test_an_asterisk_that_does_not_come_is_asked_to_and_not_while_it_is_there(scene: Scene) -> None:
    asked: asyncio.Queue[bool] = asyncio.Queue()
    timing = LinkTiming(heartbeat_s=1.0, lost_after_s=0.1)

    async def revive() -> None:
        asked.put_nowait(link.up)

    link = ListeningLink(Listening(port=0, username=USER, password=SECRET), scene.inbox, None, revive, timing)
    async with link, asyncio.timeout(LIMIT_S):
        for _ in range(2):  # again, if the first did not help
            assert not await asked.get()
        scene.fake.connect_out(link.port, USER, SECRET)
        await scene.until(m.ApplicationRegistered)
        while not asked.empty():
            asked.get_nowait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asked.get(), 5 * timing.lost_after_s)
        await link.drop()  # and it comes back by itself, before that time
        await scene.until(LinkUp)
        assert asked.empty()


async def test_a_link_is_not_closed_because_a_question_failed(scene: Scene) -> None:
    registration = Unanswered()
    link = ListeningLink(Listening(port=0, username=USER, password=SECRET), scene.inbox, registration, timing=FAST)
    async with link:
        scene.fake.connect_out(link.port, USER, SECRET)
        await scene.until(m.ApplicationRegistered)
        async with asyncio.timeout(LIMIT_S):
            for _ in range(4):
                await registration.asked.wait()
                registration.asked.clear()
        assert link.up


async def test_a_probe_is_not_handed_over(scene: Scene) -> None:
    await scene.link("listening", scene.registration("StasisStart"))
    await scene.fake.received("POST /events/user/.*", 2)
    scene.fake.caller_arrives("c-1")
    await scene.of_channel(m.StasisStart, "c-1")
    assert not [item for item in scene.seen if isinstance(item, m.ChannelUserevent)]


@both
async def test_closing_is_final_and_told(scene: Scene, kind: str) -> None:
    link = await scene.link(kind)
    await scene.stack.aclose()
    assert (await scene.until(LinkDown)).reason is Down.STOPPED
    assert not link.up
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await scene.inbox.next()


class Clumsy:
    """A sink with a bug: the link must not stay open and unread."""

    def __init__(self) -> None:
        self.down = asyncio.Event()

    def on_up(self) -> None: ...

    def on_message(self, message: Message) -> None:
        raise RuntimeError("a bug in the sink")

    def on_down(self, reason: Down) -> None:
        self.down.set()


async def test_a_bug_in_the_sink_ends_the_connection_loudly(scene: Scene) -> None:
    sink = Clumsy()
    link = ListeningLink(Listening(port=0, username=USER, password=SECRET), sink)
    async with link:
        scene.fake.connect_out(link.port, USER, SECRET)
        async with asyncio.timeout(LIMIT_S):
            await sink.down.wait()
