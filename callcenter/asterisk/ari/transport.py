"""The websocket on which Asterisk tells events, in both directions. Knows links; knows no event's meaning.

`ListeningLink` is what we run: Asterisk connects to us (outbound persistent websocket, 22.5 and later), keeps our
application alive while we are away and queues its events. `DiallingLink` is for an Asterisk that cannot: we connect,
and what happens while we are away is lost. Requests go over HTTP in both cases (`rest`): over a websocket Asterisk
carries them out strictly one at a time.

A link only decodes and hands over, at once and synchronously, to a `Sink`: Asterisk cuts a client that does not read
for 100 ms. It says `on_up` before the first and `on_down` after the last message of a connection. After every `on_up`
the caller must list channels and bridges, because events may have been lost before (a cut socket loses what was in
it). What a listening link gets first are the queued events, in order, and then ApplicationRegistered: with that
message the backlog has ended (seen on 22.10.1).
"""

import asyncio
import contextlib
import hmac
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import structlog
from aiohttp import web

from callcenter.asterisk.ari.inbox import Down, Sink
from callcenter.asterisk.ari.line import LINK_TIMING, Line, LinkTiming, Registration, Revive
from callcenter.asterisk.ari.messages import Reader
from callcenter.asterisk.ari.rest import Access, basic_authorization
from callcenter.errors import ConfigurationError, Problem

CLOSE_TIMEOUT_S: Final = 1.0
CONNECT_TIMEOUT_S: Final = 3.0
FRAME_MAX_BYTES: Final = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where Asterisk finds us: the uri, username and password in its websocket_client.conf. Port 0 picks a free one."""

    port: int
    username: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    path: str = "/ari"


class ListeningLink:
    """Asterisk connects to us. Use as an async context; one link serves one Asterisk.

    A second connection replaces the first (Asterisk has noticed a loss that we have not). After ApplicationReplaced it
    refuses all connections until `resume`: somebody else serves the application, and two of us would take it from each
    other for ever.

    `revive` makes Asterisk start the websocket anew: `ari shutdown websocket session NAME` and `ari start
    outbound-websocket NAME` on its console, where NAME is the section in ari.conf. It is called when nothing is heard
    on an open link, or Asterisk does not come to us, which only that heals. It may raise PeerFault.
    """

    def __init__(
        self,
        listening: Listening,
        sink: Sink,
        registration: Registration | None = None,
        revive: Revive | None = None,
        timing: LinkTiming = LINK_TIMING,
    ) -> None:
        self._listening = listening
        self._timing = timing
        self._line = Line(sink, registration, timing, revive)
        self._turn = asyncio.Lock()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._expected = basic_authorization(listening.username, listening.password).encode()
        self._refusals = 0
        self._revivable = revive is not None
        self._looking: asyncio.Task[None] | None = None
        self.port = listening.port

    @property
    def up(self) -> bool:
        return self._line.up

    @property
    def replaced(self) -> bool:
        """Another websocket has taken the application: this link stays down."""
        return self._line.replaced

    @property
    def reader(self) -> Reader:
        """Counts what was read and what was skipped."""
        return self._line.reader

    async def __aenter__(self) -> "ListeningLink":
        app = web.Application()
        app.router.add_get(self._listening.path, self._connected)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_TIMEOUT_S)
        await runner.setup()
        host, port = self._listening.host, self._listening.port
        self._site, self._runner = web.TCPSite(runner, host, port), runner
        try:
            await self._site.start()
        except OSError as problem:
            self._runner = None
            await runner.cleanup()
            raise ConfigurationError(
                [
                    Problem(
                        where=f"the websocket that Asterisk connects to, {host}:{port}",
                        what=problem.strerror or str(problem),
                        remedy="choose another port, here and in Asterisk's websocket_client.conf",
                    )
                ]
            ) from problem
        self.port = runner.addresses[0][1]
        if self._revivable:
            self._looking = asyncio.create_task(self._line.stay_found(), name="ari-link-found")
        return self

    async def __aexit__(self, *_: object) -> None:
        runner, self._runner = self._runner, None
        if runner is None or self._site is None:
            return
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await self._site.stop()  # first, for Asterisk comes back at once
        await self._line.close(Down.STOPPED)
        await runner.cleanup()
        await self._line.settle()

    async def drop(self) -> None:
        """Close the connection; Asterisk comes back and sends what it queued."""
        await self._line.close(Down.CUT)

    def resume(self) -> None:
        """Accept connections again after the application was replaced."""
        self._line.replaced = False

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            return self._refuse(web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="ari"'}))
        if self.replaced or self._runner is None:
            return self._refuse(web.HTTPServiceUnavailable())
        socket = web.WebSocketResponse(
            protocols=("ari",),
            heartbeat=self._timing.heartbeat_s,
            timeout=CLOSE_TIMEOUT_S,
            compress=False,
            max_msg_size=FRAME_MAX_BYTES,
            decode_text=False,  # a text that is no UTF-8 is counted by the reader instead of closing the link
        )
        if not socket.can_prepare(request):
            return self._refuse(web.HTTPUpgradeRequired())
        if self._line.up:
            log.warning("ari_link_superseded")
            await self._line.close(Down.SUPERSEDED)
        async with self._turn:
            self._refusals = 0
            await socket.prepare(request)
            log.info("ari_link_up", peer=request.remote)
            await self._line.carry(socket)
        return socket

    def _refuse(self, answer: web.HTTPException) -> web.Response:
        self._refusals += 1
        if self._refusals == 1:  # Asterisk tries twice a second
            log.error("ari_link_refused", status=answer.status, replaced=self.replaced)
        return web.Response(status=answer.status, headers=answer.headers, text=answer.text)


class DiallingLink:
    """We connect to Asterisk, again and again. Use as an async context; it connects in the background.

    What happens while the link is down is lost, and calls that enter the application then go on in the dialplan. After
    ApplicationReplaced it does not connect again.
    """

    def __init__(
        self,
        access: Access,
        app: str,
        sink: Sink,
        registration: Registration | None = None,
        timing: LinkTiming = LINK_TIMING,
    ) -> None:
        self._access = access
        self._app = app
        self._sink = sink
        self._timing = timing
        self._line = Line(sink, registration, timing)
        self._task: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        return self._line.up

    @property
    def replaced(self) -> bool:
        """Another websocket has taken the application: this link stays down."""
        return self._line.replaced

    @property
    def reader(self) -> Reader:
        """Counts what was read and what was skipped."""
        return self._line.reader

    async def __aenter__(self) -> "DiallingLink":
        self._task = asyncio.create_task(self._stay_connected(), name="ari-link")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is None:
            return
        await self._line.close(Down.STOPPED)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def drop(self) -> None:
        """Close the connection; it is opened again."""
        await self._line.close(Down.CUT)

    async def _stay_connected(self) -> None:
        failures = 0
        headers = {"Authorization": self._access.authorization}
        async with aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                socket = await self._connect(session, failures)
                if socket is None:
                    if failures == 0:
                        self._sink.on_down(Down.UNREACHABLE)
                    failures += 1
                else:
                    failures = 0
                    log.info("ari_link_up", app=self._app)
                    reason = await self._line.carry(socket)
                    if reason in (Down.REPLACED, Down.STOPPED):
                        return
                await asyncio.sleep(self._timing.reconnect_s[min(failures, len(self._timing.reconnect_s) - 1)])

    async def _connect(
        self, session: aiohttp.ClientSession, failures: int
    ) -> "aiohttp.ClientWebSocketResponse[bool] | None":
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await session.ws_connect(
                    f"{self._access.url}/events",
                    params={"app": self._app, "subscribeAll": "false"},
                    heartbeat=self._timing.heartbeat_s,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                    max_msg_size=FRAME_MAX_BYTES,
                    decode_text=False,
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            if failures == 0:
                status = problem.status if isinstance(problem, aiohttp.WSServerHandshakeError) else None
                log.error("ari_link_unreachable", port=self._access.port, status=status, problem=type(problem).__name__)
            return None
