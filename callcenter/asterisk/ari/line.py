"""One connection on which Asterisk tells events, from up to down: read, proven, started anew where only that helps.

Knows what an open websocket of Asterisk can do wrong; must not know who opened it, nor any event's meaning.
"""

import asyncio
import contextlib
import socket as socket_options
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import aiohttp
import structlog
from aiohttp import web

from callcenter.asterisk.ari.inbox import Down, Sink, SinkFull
from callcenter.asterisk.ari.messages import ApplicationReplaced, ChannelUserevent, Reader
from callcenter.asterisk.ari.requests import Ari
from callcenter.asterisk.ari.rest import Gone
from callcenter.errors import PeerFault

DEAF_DOUBLINGS_MAX: Final = 5  # of the time to deafness, when it happens again and again
LOST_DOUBLINGS_MAX: Final = 4  # of the time without a connection
TCP_QUICKACK: Final[int | None] = getattr(socket_options, "TCP_QUICKACK", None)  # Linux has it
PROBE: Final = "callcenter-link-probe"  # name of a user event
UP: Final = -1  # no number of connections

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
    lost_after_s: float = 3.0  # without a connection, though Asterisk tries twice a second
    reconnect_s: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0)  # between attempts, the last again and again


LINK_TIMING: Final = LinkTiming()


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


class Line:
    """What both kinds of link share: one connection at a time, and whether there is one."""

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
        self.connections = 0
        self.reader = Reader()
        self.up = False
        self.replaced = False

    async def carry(self, socket: Websocket) -> Down:
        """Hand over everything that comes until the connection ends; the reason why it did."""
        self._socket = socket
        self._end_for(None)
        self.up = True
        self.connections += 1
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
        await self.start_anew()  # not to be cancelled half-way, though its first half ends this connection
        await self.close(Down.DEAF)

    async def start_anew(self) -> None:
        """Have Asterisk open the websocket anew, if we can; returns when that was said. A cancellation ends no half."""
        if self._revive is not None and self._reviving is None:
            self._reviving = asyncio.create_task(self._call_revive(self._revive))
        if self._reviving is not None:
            await asyncio.shield(self._reviving)

    async def stay_found(self) -> None:
        """Have Asterisk open the websocket anew whenever it has not come for a while.

        It waits without limit for the answer to its handshake (22.10.1), so a program that took the connection in the
        seconds when we were dead, and says nothing, keeps it from us for as long as that program lives.
        """
        waits, seen = 0, self.connections
        while True:
            await asyncio.sleep(self._timing.lost_after_s * 2 ** min(waits, LOST_DOUBLINGS_MAX))
            if self.up or self.replaced:
                waits, seen = 0, UP
            elif self.connections != seen:  # it has been away for less than that
                seen = self.connections
            else:
                waits += 1
                log.warning("ari_link_lost", remedy="Asterisk is asked to open its websocket anew")
                await self.start_anew()

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
