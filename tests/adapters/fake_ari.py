"""A stateful Asterisk that speaks ARI and nothing else: HTTP requests in, events out, both kinds of websocket.

Knows requests, links and how they fail; what is answered and told is in fake_ari_world.py. The stories of
ari_stories.py run against this and against a real 22.10.1. Endpoints behave as their names say, like the dialplan of
tests/live/minimal_asterisk.py: `Local/answer@test/n`, ring, busy, reject, slow, in; and `PJSIP/NAME` as `phones` says
(unknown: no channel).

Faults are scripted with a regular expression for "METHOD /path": `refuse`, `cut`, `hold`. The fake's own world is moved
by `caller_arrives`, `answers`, `hangs_up`, `presses`.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from callcenter.asterisk.ari.rest import basic_authorization
from tests.adapters.fake_ari_world import FakeApp, FakeWorld, Refused

RECONNECT_S: Final = 0.02
RECEIVED_LIMIT_S: Final = 5.0
Websocket: TypeAlias = "web.WebSocketResponse[bool] | aiohttp.ClientWebSocketResponse[bool]"


@dataclass
class Fault:
    pattern: re.Pattern[str]
    act: Literal["refuse", "cut", "cut_after", "hold"]
    times: int
    status: int = 0
    body: bytes = b""
    content_type: str = "application/json"
    released: asyncio.Event = field(default_factory=asyncio.Event)


class FakeAri(FakeWorld):
    """Use as an async context; `port` is where it listens."""

    def __init__(self, *, username: str = "callcenter", password: str = "secret") -> None:
        super().__init__()
        self.username, self.password = username, password
        self.requests: list[str] = []  # "METHOD /path?query" of each request, in order of arrival
        self._arrived = asyncio.Event()
        self.connections: set[object] = set()  # distinct HTTP connections seen
        self.deaf = False  # does not read its websockets: answers no ping
        self._faults: list[Fault] = []
        self._transports: set[asyncio.BaseTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> "FakeAri":
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{tail:.*}", self._request)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for fault in self._faults:
            fault.released.set()
        self.still()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut_links()
        if self._runner is not None:
            await self._runner.cleanup()

    # Faults

    def refuse(self, pattern: str, status: int, message: str = "", *, times: int = 1, html: bool = False) -> None:
        """Answer the next `times` such requests with an error, and do not carry them out."""
        body = b"<html><body>Not Found</body></html>" if html else json.dumps({"message": message}).encode()
        kind = "text/html" if html else "application/json"
        self._faults.append(Fault(re.compile(pattern), "refuse", times, status, body, kind))

    def cut(self, pattern: str, *, times: int = 1, carried_out: bool = False) -> None:
        """Cut the connection instead of answering, before or after carrying the request out."""
        self._faults.append(Fault(re.compile(pattern), "cut_after" if carried_out else "cut", times))

    def hold(self, pattern: str, *, times: int = 1) -> asyncio.Event:
        """Carry such requests out only once the event is set, whether or not anybody still waits."""
        fault = Fault(re.compile(pattern), "hold", times)
        self._faults.append(fault)
        return fault.released

    async def received(self, pattern: str, count: int = 1) -> None:
        """Wait until so many requests ("METHOD /path?query") that match have come in."""
        async with asyncio.timeout(RECEIVED_LIMIT_S):
            while len([one for one in self.requests if re.fullmatch(pattern, one)]) < count:
                self._arrived.clear()
                await self._arrived.wait()

    def cut_links(self) -> None:
        """Cut all websockets as a network would: without a close frame."""
        for transport in list(self._transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        self._transports.clear()

    # Links

    def connect_out(self, port: int, username: str, password: str, app_name: str = "callcenter") -> None:
        """Keep an outbound persistent websocket to `port`, as ari.conf type=outbound_websocket does."""
        app = self.apps.setdefault(app_name, FakeApp(app_name))
        app.persistent = True
        self._start(self._stay_connected(app, port, basic_authorization(username, password)))

    async def _stay_connected(self, app: FakeApp, port: int, authorization: str) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    socket = await session.ws_connect(
                        f"http://127.0.0.1:{port}/ari",
                        headers={"Authorization": authorization},
                        protocols=("ari",),
                        autoping=not self.deaf,
                    )
                    connection = socket._conn  # the only way to cut it without a close frame
                    if connection is not None and connection.transport is not None:
                        self._transports.add(connection.transport)
                    self.apps[app.name] = app
                    app.persistent = True
                    await self._serve(app, socket)
                await asyncio.sleep(RECONNECT_S)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != basic_authorization(self.username, self.password):
            return web.json_response({"message": "Authentication required"}, status=401)
        fault = self._fault("GET /events")
        if fault is not None:
            return web.Response(status=fault.status, body=fault.body, content_type=fault.content_type)
        socket = web.WebSocketResponse(autoping=not self.deaf, timeout=0.1)
        await socket.prepare(request)
        if request.transport is not None:
            self._transports.add(request.transport)
        app = self.apps.setdefault(request.query["app"], FakeApp(request.query["app"]))
        await self._serve(app, socket)
        return socket

    async def _serve(self, app: FakeApp, socket: Websocket) -> None:
        if app.connected:
            self.emit(app.name, "ApplicationReplaced")
            await app.emptied.wait()  # to the old one
        app.epoch += 1
        epoch = app.epoch
        app.connected = True
        backlog = len(app.outbox)
        self.emit(app.name, "ApplicationRegistered")
        assert len(app.outbox) == backlog + 1
        pump = asyncio.create_task(self._pump(app, socket, epoch))
        try:
            if self.deaf:
                await asyncio.Event().wait()
            async for _ in socket:
                pass
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            if app.epoch == epoch:
                app.connected = False
                if not app.persistent:
                    app.outbox.clear()

    async def _pump(self, app: FakeApp, socket: Websocket, epoch: int) -> None:
        while app.epoch == epoch:
            while app.outbox and app.epoch == epoch:
                await socket.send_str(app.outbox[0])
                app.outbox.popleft()
            app.filled.clear()
            app.emptied.set()
            await app.filled.wait()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Requests

    def _fault(self, request: str) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.pattern.fullmatch(request):
                fault.times -= 1
                return fault
        return None

    async def _request(self, request: web.Request) -> web.Response:
        path = request.raw_path.removeprefix("/ari")
        self.requests.append(f"{request.method} {path}")
        self._arrived.set()
        self.connections.add(request.transport)
        fault = self._fault(f"{request.method} {path.partition('?')[0]}")
        if request.headers.get("Authorization") != basic_authorization(self.username, self.password):
            return web.json_response({"message": "Authentication required"}, status=401)
        if fault is not None:
            if fault.act == "refuse":
                return web.Response(status=fault.status, body=fault.body, content_type=fault.content_type)
            if fault.act == "cut":
                self._cut(request)
                return web.Response()
            if fault.act == "hold":
                await fault.released.wait()
        body = await request.json() if request.can_read_body else {}
        segments = [unquote(segment) for segment in path.partition("?")[0].strip("/").split("/")]
        try:
            answer = await self.dispatch(request.method, segments, dict(request.query), body)
        except Refused as refused:
            return web.json_response({"message": refused.message}, status=refused.status)
        if fault is not None and fault.act == "cut_after":
            self._cut(request)
        if answer is None:
            return web.Response(status=204)
        return web.json_response(answer)

    @staticmethod
    def _cut(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()
