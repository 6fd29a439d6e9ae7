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
import socket as socket_options
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import aiohttp
import structlog
from aiohttp import web

from callcenter.asterisk.ari.inbox import Down, Sink, SinkFull
from callcenter.asterisk.ari.messages import ApplicationReplaced, ChannelUserevent, Reader
from callcenter.asterisk.ari.requests import Ari
from callcenter.asterisk.ari.rest import Access, Gone, basic_authorization
from callcenter.errors import ConfigurationError, PeerFault, Problem

CLOSE_TIMEOUT_S: Final = 1.0
CONNECT_TIMEOUT_S: Final = 3.0
FRAME_MAX_BYTES: Final = 4 * 1024 * 1024
DEAF_DOUBLINGS_MAX: Final = 5  # of the time to deafness, when it happens again and again
TCP_QUICKACK: Final[int | None] = getattr(socket_options, "TCP_QUICKACK", None)  # Linux has it
PROBE: Final = "callcenter-link-probe"  # name of a user event

# Kinds that a link cannot do without. An event filter stops ApplicationReplaced too, and the link would be deaf unseen.
VITAL_KINDS: Final = ("ApplicationReplaced", "ApplicationMoveFailed", "ChannelUserevent")

log = structlog.get_logger(__name__)
Revive: TypeAlias = Callable[[], Awaitable[None]]
Websocket: TypeAlias = "web.WebSocketResponse[bool] | aiohttp.ClientWebSocketResponse[bool]"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTiming:
    """How long a link waits for what, in seconds."""

    heartbeat_s: float = 4.0  # Asterisk answers pings and sends none; a silent one is noticed after one and a half
    probe_interval_s: float = 5.0
    probe_retry_s: float = 0.2
    deaf_after_s: float = 2.0  # without a word, though we asked for one
    reconnect_s: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0)  # between attempts, the last again and again


class Registration(Protocol):
    """Keeps the application in Asterisk as it should be."""

    async def renew(self) -> bool:
        """Set what is not set, and have Asterisk send a user event PROBE. False when it does not know the application.

        May raise PeerFault.
        """
        ...


class FilteredRegistration:
    """An application with an event filter: only these kinds of event are sent (a tenth of all, in a plain call)."""

    def __init__(self, ari: Ari, app: str, kinds: Sequence[str]) -> None:
        self._ari = ari
        self._app = app
        self._kinds = frozenset(kinds) | frozenset(VITAL_KINDS)

    async def renew(self) -> bool:
        try:
            found = await self._ari.applications.get(self._app)
            if {allowed.get("type") for allowed in found.events_allowed} != self._kinds or found.events_disallowed:
                await self._ari.applications.filter(self._app, allowed=sorted(self._kinds), disallowed=())
            await self._ari.events.user_event(PROBE, self._app)
        except Gone:
            return False
        return True


def _acknowledge(socket: Websocket) -> None:
    """Have the kernel acknowledge what came at once, on Linux.

    Asterisk opens its outbound websocket without TCP_NODELAY, so it sends no second small message before the first is
    acknowledged (RFC 896), and who only listens acknowledges 40 ms late (RFC 1122, 4.2.3.2). From 25 events a second on
    each would be 20 to 40 ms late. The option does not last (tcp(7)), hence after each message.
    """
    if TCP_QUICKACK is None:
        return
    connection = socket.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # closed meanwhile: the reader is about to see it
            connection.setsockopt(socket_options.IPPROTO_TCP, TCP_QUICKACK, 1)


class _Line:
    """What both kinds of link share: one connection, from up to down."""

    def __init__(
        self, sink: Sink, registration: Registration | None, timing: LinkTiming, revive: Revive | None = None
    ) -> None:
        self._sink = sink
        self._timing = timing
        self._registration = registration
        self._revive = revive
        self._socket: Websocket | None = None
        self._why: Down | None = None  # set by whoever closes the connection on purpose
        self._probed = asyncio.Event()
        self._reviving: asyncio.Task[None] | None = None
        self._deaf_in_a_row = 0
        self.reader = Reader()
        self.up = False
        self.replaced = False

    async def carry(self, socket: Websocket) -> Down:
        """Hand over everything that comes until the connection ends; the reason why it did."""
        self._socket = socket
        self._end_for(None)
        self.up = True
        reason = Down.CUT
        keeper = asyncio.create_task(self._keep(self._registration)) if self._registration else None
        try:
            self._sink.on_up()
            reason = await self._read(socket)
        finally:
            self.up = False
            self._socket = None
            reason = self._reason(reason)  # also when we are cancelled on the way
            self.replaced = reason is Down.REPLACED
            log.warning("ari_link_down", reason=reason.name, read=self.reader.read)
            self._sink.on_down(reason)
            if keeper is not None:
                keeper.cancel()
                for problem in await asyncio.gather(keeper, return_exceptions=True):
                    if isinstance(problem, Exception):  # a bug, which must not hide the end of the link
                        log.error("ari_link_keeper_died", exc_info=problem)
        return reason

    def _end_for(self, why: Down | None) -> None:
        self._why = why

    def _reason(self, otherwise: Down) -> Down:
        return self._why or otherwise

    async def close(self, reason: Down) -> None:
        """End the connection, if there is one, for this reason."""
        if self._socket is not None:
            self._why = self._why or reason
            await self._socket.close()

    async def _read(self, socket: Websocket) -> Down:
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.ERROR:
                break
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            _acknowledge(socket)
            message = self.reader.decode(frame.data)
            if message is None:
                continue
            if isinstance(message, ChannelUserevent) and message.eventname == PROBE:
                self._probed.set()
                continue
            try:
                self._sink.on_message(message)
            except SinkFull:
                await self.close(Down.OVERFLOW)
                break
            if isinstance(message, ApplicationReplaced):
                await self.close(Down.REPLACED)
                break
        return self._reason(Down.SILENT if isinstance(socket.exception(), TimeoutError) else Down.CUT)

    async def _keep(self, registration: Registration) -> None:
        """See to it that the application stands, is filtered and heard, as long as the connection lasts.

        When an ordinary websocket takes our application's name and leaves, Asterisk closes or forgets the application
        and leaves our connection open, deaf for ever; its own reconnection does not help (22.10.1). Only a word that
        has gone all the way round proves that we hear.
        """
        clock, timing = asyncio.get_running_loop().time, self._timing
        heard_at, read = clock(), self.reader.read
        while True:
            self._probed.clear()
            pause_s = timing.probe_retry_s
            try:
                if await registration.renew():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(timing.deaf_after_s):  # wait_for of 3.11 can swallow a cancellation
                            await self._probed.wait()
                if self._probed.is_set():
                    pause_s = timing.probe_interval_s
                    self._deaf_in_a_row = 0
            except PeerFault as fault:
                log.warning("ari_link_unproven", fault=str(fault))
                heard_at, pause_s = clock(), timing.probe_interval_s / 5
            if self._probed.is_set() or self.reader.read != read:  # a long backlog comes before the probe
                heard_at, read = clock(), self.reader.read
            elif clock() - heard_at > timing.deaf_after_s * 2 ** min(self._deaf_in_a_row, DEAF_DOUBLINGS_MAX):
                return await self._go_deaf()
            await asyncio.sleep(pause_s)

    async def _go_deaf(self) -> None:
        self._deaf_in_a_row += 1
        self._why = Down.DEAF
        log.error("ari_link_deaf", remedy="ari shutdown websocket session NAME; ari start outbound-websocket NAME")
        if self._revive is not None and self._reviving is None:
            self._reviving = asyncio.create_task(self._call_revive(self._revive))
        if self._reviving is not None:  # not to be cancelled half-way, though its first half ends this connection
            await asyncio.shield(self._reviving)
        await self.close(Down.DEAF)

    async def _call_revive(self, revive: Revive) -> None:
        try:
            await revive()
        except PeerFault as fault:
            log.error("ari_link_not_revived", fault=str(fault))
        finally:
            self._reviving = None

    async def settle(self) -> None:
        """Leave nothing running."""
        if self._reviving is not None:
            self._reviving.cancel()
            await asyncio.gather(self._reviving, return_exceptions=True)


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
    on an open link, which only that heals. It may raise PeerFault.
    """

    def __init__(
        self,
        listening: Listening,
        sink: Sink,
        registration: Registration | None = None,
        revive: Revive | None = None,
        timing: LinkTiming = LinkTiming(),
    ) -> None:
        self._listening = listening
        self._timing = timing
        self._line = _Line(sink, registration, timing, revive)
        self._turn = asyncio.Lock()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._expected = basic_authorization(listening.username, listening.password).encode()
        self._refusals = 0
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
        return self

    async def __aexit__(self, *_: object) -> None:
        runner, self._runner = self._runner, None
        if runner is None or self._site is None:
            return
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
        timing: LinkTiming = LinkTiming(),
    ) -> None:
        self._access = access
        self._app = app
        self._sink = sink
        self._timing = timing
        self._line = _Line(sink, registration, timing)
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
