"""The control socket as its clients meet it: over a real unix socket."""

import asyncio
import io
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from callcenter.errors import ConfigurationError
from callcenter.model.agent import AgentStatus
from callcenter.model.events import (
    AgentStatusRequested,
    DrainRequested,
    Event,
    HangUpRequested,
    WrapUpRequested,
)
from callcenter.model.facts import QueueDraining
from callcenter.model.ids import AgentId, ContactId, QueueName, RequestId
from callcenter.model.view import CenterView
from callcenter.runtime.feed import BACKLOG_MAX, Feed, Subscription
from callcenter.web.control import SHUTDOWN_S, UNIX_PATH_MAX, ControlSocket

LIMIT_S = 5.0
LOOK_EVERY_S = 0.02


class HeardFeed(Feed):
    """Says when somebody comes or goes."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    def subscribe(self) -> Subscription:
        self._changed.set()
        return super().subscribe()

    def unsubscribe(self, subscription: Subscription) -> None:
        self._changed.set()
        super().unsubscribe(subscription)

    async def until_watched_by(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while self.watching != count:
                self._changed.clear()
                await self._changed.wait()


class Center:
    """A center that answers as the test says."""

    def __init__(self) -> None:
        self.asked: list[Event] = []
        self.numbers: list[RequestId] = []
        self.problem: str | Exception = ""
        self.reloads = 0
        self.stopped = False

    async def ask(self, request: RequestId, event: Event) -> str:
        self.numbers.append(request)
        self.asked.append(event)
        if isinstance(self.problem, Exception):
            raise self.problem
        return self.problem

    def view(self) -> CenterView:
        return CenterView(at=1.5, contacts=(), agents=(), queues=())

    def health(self) -> Mapping[str, object]:
        return {"up_s": 3.0}

    async def phones_changed(self) -> str:
        self.reloads += 1
        if isinstance(self.problem, Exception):
            raise self.problem
        return self.problem

    def stop(self) -> None:
        self.stopped = True


class Desk:
    """The socket and somebody who asks."""

    def __init__(self, path: Path, client: aiohttp.ClientSession, center: Center, feed: HeardFeed) -> None:
        self.path = path
        self.client = client
        self.center = center
        self.feed = feed

    async def get(self, place: str) -> tuple[int, Any]:
        async with self.client.get(f"http://center{place}") as reply:
            return reply.status, msgspec.json.decode(await reply.read())

    async def post(self, place: str, body: bytes = b"") -> tuple[int, Any]:
        async with self.client.post(f"http://center{place}", data=body) as reply:
            return reply.status, msgspec.json.decode(await reply.read())


@pytest.fixture
def folder() -> Any:
    """A folder with a short name, as a unix socket needs it."""
    with tempfile.TemporaryDirectory(prefix="cc-") as name:
        yield Path(name)


@asynccontextmanager
async def serving(path: Path, center: Center | None = None) -> AsyncIterator[Desk]:
    center, feed = center or Center(), HeardFeed()
    async with (
        ControlSocket(path, center, feed, LOOK_EVERY_S),
        aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(path)), timeout=aiohttp.ClientTimeout(total=LIMIT_S)
        ) as client,
    ):
        yield Desk(path, client, center, feed)


@pytest.fixture
async def desk(folder: Path) -> AsyncIterator[Desk]:
    async with serving(folder / "control.sock") as one:
        yield one


# -- the socket in the file system -------------------------------------------------------------------------------------


async def test_nobody_else_may_ever_speak_to_it(folder: Path) -> None:
    path = folder / "run" / "control.sock"
    mask = os.umask(0)  # the most open that a process can be
    try:
        async with serving(path):
            mode = os.stat(path).st_mode
    finally:
        os.umask(mask)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_the_process_keeps_its_umask_meanwhile(folder: Path) -> None:
    mask = os.umask(0o022)
    try:
        async with serving(folder / "control.sock"):
            (folder / "made").mkdir()
            assert stat.S_IMODE(os.stat(folder / "made").st_mode) == 0o755
    finally:
        os.umask(mask)


@pytest.mark.parametrize("kind", ["socket", "file"])
async def test_what_a_killed_run_left_is_replaced_and_nothing_is_left_at_the_end(folder: Path, kind: str) -> None:
    path = folder / "control.sock"
    if kind == "socket":
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(path))
        stale.close()
    else:
        path.write_text("")
    async with serving(path) as desk:
        assert (await desk.get("/v1/health"))[0] == 200
    assert os.listdir(folder) == []


@pytest.mark.parametrize("more", [1, 200])
async def test_a_name_that_is_too_long_is_said_to_be(folder: Path, more: int) -> None:
    path = folder / ("x" * (UNIX_PATH_MAX - len(str(folder)) - 1 + more))
    with pytest.raises(ConfigurationError, match=f"at most {UNIX_PATH_MAX} bytes"):
        async with serving(path):
            pass
    assert os.listdir(folder) == []


async def test_the_longest_name_is_taken(folder: Path) -> None:
    async with serving(folder / ("x" * (UNIX_PATH_MAX - len(str(folder)) - 1))) as desk:
        assert (await desk.get("/v1/health"))[0] == 200


async def test_a_place_that_cannot_be_used_is_said_to_be(folder: Path) -> None:
    (folder / "directory").mkdir()
    (folder / "file").write_text("")
    for path in (folder / "directory", folder / "file" / "control.sock"):
        with pytest.raises(ConfigurationError, match=r"web\.control_socket"):
            async with serving(path):
                pass


# -- questions and requests --------------------------------------------------------------------------------------------


async def test_pictures(desk: Desk) -> None:
    assert await desk.get("/v1/view") == (
        200,
        {
            "at": 1.5,
            "contacts": [],
            "agents": [],
            "queues": [],
            "callbacks": [],
            "messages": [],
            "monitors": [],
            "campaigns": [],
        },
    )
    assert await desk.get("/v1/health") == (200, {"up_s": 3.0})


REQUESTS: dict[str, tuple[str, bytes, Callable[[RequestId], Event]]] = {
    "log in": (
        "/v1/agents/ann/status",
        b'{"status":"available","by":"cli:eve"}',
        lambda n: AgentStatusRequested(request=n, agent=AgentId("ann"), status=AgentStatus.AVAILABLE, by="cli:eve"),
    ),
    "pause": (
        "/v1/agents/a%20%2F%C3%A9/status",
        '{"status":"paused","reason":"ăn trưa"}'.encode(),
        lambda n: AgentStatusRequested(request=n, agent=AgentId("a /é"), status=AgentStatus.PAUSED, reason="ăn trưa"),
    ),
    "end a wrap-up": ("/v1/agents/ann/wrap-up", b"", lambda n: WrapUpRequested(request=n, agent=AgentId("ann"))),
    "extend it": (
        "/v1/agents/ann/wrap-up",
        b'{"extend_s":30}',
        lambda n: WrapUpRequested(request=n, agent=AgentId("ann"), extend_s=30.0),
    ),
    "hang up": (
        "/v1/calls/c-1/hangup",
        b'{"by":"cli:eve"}',
        lambda n: HangUpRequested(request=n, contact=ContactId("c-1"), by="cli:eve"),
    ),
    "drain": (
        "/v1/queues/sales/drain",
        b'{"draining":true,"by":"me"}',
        lambda n: DrainRequested(request=n, queue=QueueName("sales"), draining=True, by="me"),
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_is_an_event_and_gets_the_engines_answer(desk: Desk, name: str) -> None:
    place, body, event = REQUESTS[name]
    assert await desk.post(place, body) == (200, {"problem": ""})
    desk.center.problem = "there is no such thing"
    assert await desk.post(place, body) == (409, {"problem": "there is no such thing"})
    assert desk.center.asked == [event(number) for number in desk.center.numbers]
    assert len(set(desk.center.numbers)) == 2


@pytest.mark.parametrize("name", REQUESTS)
async def test_an_engine_that_does_not_answer_is_said_to_be_late(desk: Desk, name: str) -> None:
    desk.center.problem = TimeoutError()
    status, answer = await desk.post(*REQUESTS[name][:2])
    assert (status, answer["problem"]) == (504, "the call center did not answer in time")


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("/v1/agents/ann/status", b""),
        ("/v1/agents/ann/status", b"{"),
        ("/v1/agents/ann/status", b"[]"),
        ("/v1/agents/ann/status", b'{"status":"on fire"}'),
        ("/v1/agents/ann/status", b'{"status":"paused","reson":"lunch"}'),
        ("/v1/agents/ann/status", b'{"status":"paused","reason":7}'),
        ("/v1/agents/ann/status", b'{"status":"paused","reason":"\xff"}'),
        ("/v1/agents/ann/status", b'{"status":"paused","reason":"\\ud800"}'),
        ("/v1/agents/ann/wrap-up", b'{"extend_s":"long"}'),
        ("/v1/agents/ann/wrap-up", b'{"extend_s":NaN}'),
        ("/v1/agents/ann/wrap-up", b"[" * 2000),
        ("/v1/queues/sales/drain", b"{}"),
    ],
)
async def test_what_is_no_request_is_refused_with_words(desk: Desk, place: str, body: bytes) -> None:
    status, answer = await desk.post(place, body)
    assert status == 400
    assert answer["problem"]
    assert desk.center.asked == []


async def test_a_body_without_end_is_refused(desk: Desk) -> None:
    async with desk.client.post("http://center/v1/agents/ann/status", data=io.BytesIO(b" " * (2 << 20))) as reply:
        assert reply.status == 413


async def test_places_that_are_none(desk: Desk) -> None:
    for method, place in (("GET", "/"), ("GET", "/v1/stop"), ("POST", "/v1/view"), ("GET", "/v1/../etc")):
        async with desk.client.request(method, f"http://center{place}") as reply:
            assert reply.status in (404, 405)
    assert not desk.center.stopped


async def test_agents_are_read_again_and_the_center_is_stopped(desk: Desk) -> None:
    assert await desk.post("/v1/agents/reload") == (200, {"problem": ""})
    desk.center.problem = "asterisk is away"
    assert await desk.post("/v1/agents/reload") == (409, {"problem": "asterisk is away"})
    assert await desk.post("/v1/stop") == (200, {"problem": ""})
    assert (desk.center.reloads, desk.center.stopped) == (2, True)


async def test_a_bug_in_one_answer_is_not_the_end_of_all(desk: Desk) -> None:
    desk.center.problem = RuntimeError("impossible")
    async with desk.client.post("http://center/v1/agents/reload") as reply:
        assert reply.status == 500
    assert (await desk.get("/v1/health"))[0] == 200


# -- the feed ----------------------------------------------------------------------------------------------------------


def fact(name: str) -> QueueDraining:
    return QueueDraining(queue=QueueName(name), draining=True, by="test")


async def test_facts_are_lines_of_json_as_they_happen(desk: Desk) -> None:
    async with desk.client.get("http://center/v1/feed") as reply:
        await desk.feed.until_watched_by(1)
        assert reply.content_type == "application/x-ndjson"
        desk.feed.publish(7.5, [fact("sales"), fact("xin chào")])
        lines = [msgspec.json.decode(await reply.content.readline()) for _ in range(2)]
    assert [(line["at"], line["lost"], line["fact"]["type"]) for line in lines] == [(7.5, 0, "QueueDraining")] * 2
    assert [line["fact"]["queue"] for line in lines] == ["sales", "xin chào"]


async def test_a_reader_who_leaves_is_forgotten_also_when_nothing_happens(desk: Desk) -> None:
    for _ in range(3):
        async with desk.client.get("http://center/v1/feed"):
            await desk.feed.until_watched_by(1)
        await desk.feed.until_watched_by(0)


async def test_a_slow_reader_loses_facts_and_keeps_nobody_waiting(desk: Desk) -> None:
    async with desk.client.get("http://center/v1/feed") as slow, desk.client.get("http://center/v1/feed") as quick:
        await desk.feed.until_watched_by(2)
        big = fact("x" * 2000)
        for at in range(3 * BACKLOG_MAX):
            desk.feed.publish(float(at), [big])
            if at % 1000 == 999:
                async with asyncio.timeout(LIMIT_S):
                    for _ in range(1000):
                        await quick.content.readline()
        lost, at = 0, -1
        async with asyncio.timeout(LIMIT_S):
            while at < 3 * BACKLOG_MAX - 1:
                line = msgspec.json.decode(await slow.content.readline())
                assert line["at"] == at + 1 + line["lost"]
                at, lost = line["at"], lost + line["lost"]
        assert lost > 0


async def test_the_end_does_not_wait_for_who_watches(folder: Path) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(folder / "control.sock"))) as client:
        async with serving(folder / "control.sock") as desk:
            reply = await client.get("http://center/v1/feed")
            await desk.feed.until_watched_by(1)
            ending = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - ending < SHUTDOWN_S
        await desk.feed.until_watched_by(0)
        reply.close()
