"""The FastAGI server: a port on which Asterisk asks what to do with a call. Knows routes and limits; knows no flows.

Theory: whoever connects must say within a few seconds and lines which script it wants; everything else (port probes,
half requests, too many callers) is dropped without a trace in the process but a count. Then the session belongs to its
script until one of them ends. FastAGI knows no password, so the port belongs on the loopback or a closed network; a
session can command only the call that it came with.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog
from panoramisk.fast_agi import Application

from callcenter.asterisk.agi_session import AgiLimits, AgiSession
from callcenter.asterisk.agi_wire import HEADERS_MAX, LINE_MAX_BYTES, AgiNonsense, AgiRequest, read_request
from callcenter.errors import Bug, ConfigurationError, PeerFault, Problem

log = structlog.get_logger(__name__)

BACKLOG: Final = 512  # callers may come in bursts; Asterisk gives up after 2 s
CLOSE_TIMEOUT_S: Final = 5.0
KEEPALIVE_IDLE_S: Final = 30  # a machine that vanishes says nothing: 30 + 3 * 10 s, then the connection is over
KEEPALIVE_INTERVAL_S: Final = 10
KEEPALIVE_PROBES: Final = 3

AgiScript = Callable[[AgiSession], Awaitable[object]]  # its result is not used


@dataclass(slots=True, kw_only=True)
class AgiTally:
    """What the server counted since it was started."""

    sessions: int = 0  # scripts begun
    refused: int = 0  # connections above the limit
    dropped: int = 0  # connections without a proper request
    unknown: int = 0  # requests for a path that has no script
    failures: int = 0  # scripts that raised


class FastAgiGuard(Application):  # type: ignore[misc]  # panoramisk carries no types
    """panoramisk's routes; its connection callback, which spins, swallows and has no limits, is replaced."""

    # A dict by inheritance, and always an empty one: never ask for its truth.

    def __init__(self, routes: Mapping[str, AgiScript], limits: AgiLimits) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.limits = limits
        self.tally = AgiTally()
        self.tasks: set[asyncio.Task[None]] = set()
        self.sessions: set[AgiSession] = set()
        for path, script in routes.items():
            self.add_route(path, script)

    def add_route(self, path: str, endpoint: AgiScript) -> None:
        """A path that ends in "/" is the route of everything below it, any other only of itself."""
        if path in self._route or path.startswith("/") or not path:
            raise Bug(f"AGI route {path!r}")
        self._route[path] = endpoint

    def script_for(self, path: str) -> AgiScript | None:
        """The script of exactly this path, else that of the nearest folder above it."""
        script: AgiScript | None = self._route.get(path)
        while script is None and (cut := path.rfind("/")) >= 0:
            script = self._route.get(path[: cut + 1])
            path = path[:cut]
        return script

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its end (panoramisk's name for it)."""
        task = asyncio.current_task()
        if task is None:
            raise Bug("an AGI connection outside a task")
        if len(self.tasks) >= self.limits.sessions_max:
            self.tally.refused += 1
            writer.transport.abort()
            return
        self.tasks.add(task)
        try:
            request = await self._request(reader)
            if request is not None:
                await self._converse(request, reader, writer)
        finally:
            self.tasks.discard(task)
            await _hang_up(writer)

    async def _request(self, reader: asyncio.StreamReader) -> AgiRequest | None:
        """The opening lines; None, and counted, if they do not come, come too slowly or are something else."""
        lines: list[str] = []
        try:
            async with asyncio.timeout(self.limits.header_timeout_s):
                while line := (await reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n"):
                    lines.append(line)
                    if len(lines) > HEADERS_MAX or not line.startswith("agi_"):
                        raise AgiNonsense("more lines than a request has, or other ones")
            return read_request(lines)
        except (AgiNonsense, TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as fault:
            self.tally.dropped += 1
            log.info("agi.dropped", lines=len(lines), reason=type(fault).__name__)
            return None

    async def _converse(self, request: AgiRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.script_for(request.path)
        if script is None:
            self.tally.unknown += 1
            log.error("agi.unknown_path", path=request.path[:200], channel=request.channel)
            return
        session = AgiSession(self, request, reader, writer, self.limits)
        self.sessions.add(session)
        self.tally.sessions += 1
        try:
            await session.run(script)
        except PeerFault as fault:
            self.tally.failures += 1
            log.warning("agi.script_failed", path=request.path, channel=request.channel, reason=str(fault))
        except Exception:  # isolation boundary: one script's bug must not cost the other calls
            self.tally.failures += 1
            log.exception("agi.script_crashed", path=request.path, channel=request.channel)
        finally:
            self.sessions.discard(session)


class AgiServer:
    """The listening port and every session on it."""

    def __init__(
        self, host: str, port: int, routes: Mapping[str, AgiScript], *, limits: AgiLimits | None = None
    ) -> None:
        """`routes` maps a path ("flow/sales", or "flow/" for all below) to its script. Port 0 takes a free one."""
        self._host = host
        self._port = port
        self._routes = dict(routes)
        self._limits = limits or AgiLimits()
        self._guard: FastAgiGuard | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that Asterisk connects to; known once started."""
        return self._port

    @property
    def sessions(self) -> frozenset[AgiSession]:
        """The sessions whose scripts run now."""
        return frozenset(self._guard.sessions) if self._guard is not None else frozenset()

    @property
    def connections(self) -> int:
        """Open connections, those without a request yet too."""
        return len(self._guard.tasks) if self._guard is not None else 0

    @property
    def tally(self) -> AgiTally:
        """What was counted so far (a copy)."""
        return replace(self._guard.tally) if self._guard is not None else AgiTally()

    async def start(self) -> None:
        """Opens the port. Raises ConfigurationError if it cannot be had."""
        if self._server is not None:
            raise Bug("the AGI server is started already")
        self._guard = FastAgiGuard(self._routes, self._limits)
        try:
            self._server = await asyncio.start_server(
                self._guard.handler, self._host, self._port, limit=LINE_MAX_BYTES, backlog=BACKLOG
            )
        except OSError as fault:
            where = f"AGI port {self._host}:{self._port}"
            raise ConfigurationError([Problem(where=where, what=str(fault), remedy="choose a free port")]) from fault
        for listening in self._server.sockets:
            _prepare(listening)
        self._port = self._server.sockets[0].getsockname()[1]

    async def wait_until_empty(self) -> None:
        """Returns once no connection is open: for a shut-down that lets the calls end first."""
        while self._guard is not None and self._guard.tasks:
            await asyncio.wait(set(self._guard.tasks))

    async def close(self) -> None:
        """Closes the port and ends every session; their scripts are cancelled. Final."""
        if self._server is None or self._guard is None:
            return
        self._server.close()
        tasks = set(self._guard.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)


def _prepare(listening: socket.socket) -> None:
    """Options that every accepted connection inherits.

    Older Asterisks send HANGUP with MSG_OOB: without SO_OOBINLINE its line break would be taken out of the stream.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes the connection; a peer that does not take our last bytes is cut."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()
