"""One request to Asterisk over HTTP. Knows connections, time limits, faults; knows no resource by name.

What a fault means for the caller is decided by one question: may Asterisk have done it, or do it later? A request that
timed out may still run (a playback on a channel holds up the requests behind it for as long as it lasts), so a time-out
and a cut are `OutcomeUnknown`, never "failed". `PeerUnavailable` says that nothing was sent. GET, PUT and DELETE, which
may be repeated, are repeated once by aiohttp when a kept-alive connection turns out to be closed; POST never is.

At most `connections` requests are out at once (8 to 16 are fastest; 50 were slower), and some of these places are kept
for the urgent ones, so that a hang-up never waits behind requests that a playback holds up.
"""

import asyncio
import base64
import heapq
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, TypeAlias, TypeVar

import aiohttp
import msgspec
import structlog
from yarl import URL

from callcenter.asterisk.ari import checks
from callcenter.asterisk.ari.resources import Channel
from callcenter.errors import OutcomeUnknown, PeerFault, PeerRefused, PeerUnavailable

CONNECTIONS: Final = 16
URGENT_PLACES: Final = 2  # of the connections, open to urgent requests only
WAITING_MAX: Final = 5_000
CONNECT_TIMEOUT_S: Final = 2.0
COMMAND_TIMEOUT_S: Final = 4.0
QUERY_TIMEOUT_S: Final = 10.0  # lists; 600 channels take 11 ms
LONG_TIMEOUT_S: Final = 30.0  # reload of a module, copy of a recording
KEEP_ALIVE_S: Final = 10.0  # below Asterisk's own 15 s, so that it is we who close an idle connection
REPLY_MAX_BYTES: Final = 64 * 1024 * 1024
MESSAGE_MAX: Final = 300  # characters of a refusal that are kept

log = structlog.get_logger(__name__)
T = TypeVar("T")
Query: TypeAlias = Mapping[str, str | int | bool | None]


class AriRefused(PeerRefused):
    """Asterisk answered with an error: nothing was done. `status` is HTTP's, `message` Asterisk's own words."""

    def __init__(self, request: str, status: int, message: str) -> None:
        self.request = request
        self.status = status
        self.message = message
        super().__init__(f"{request}: {status} {message}")


class Gone(AriRefused):
    """404: there is no such channel, bridge, playback, ... (any more)."""


class Conflict(AriRefused):
    """409: it exists, but its state forbids the request."""


class NotInStasis(Conflict):
    """The channel is not ours: not yet (just created), or no more."""


class AlreadyExists(Conflict):
    """A channel with this id lives: `channel`. Whether an earlier try of ours made it only the caller can know."""

    def __init__(self, request: str, status: int, message: str, channel: Channel) -> None:
        self.channel = channel
        super().__init__(request, status, message)


class AllocationFailed(AriRefused):
    """No channel was made: unknown endpoint, no codec in common, ..."""


class AccessRefused(AriRefused):
    """401 or 403: user name or password is wrong, or the user is read-only."""


class Urgency(IntEnum):
    """Who goes first when all connections are taken."""

    NOW = 0  # a step of a call, which the next step waits for: were some less urgent, calls would pile up half-made
    NORMAL = 1
    LATER = 2  # questions for screens and checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where Asterisk's HTTP server is and who we are there. Loopback, always: ARI access equals shell access."""

    port: int
    username: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    prefix: str = ""  # of http.conf

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}{self.prefix}/ari"

    @property
    def authorization(self) -> str:
        return basic_authorization(self.username, self.password)


def basic_authorization(username: str, password: str) -> str:
    """The value of the header (RFC 7617); sent as a header because aiohttp deprecates `auth=`."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Gate:
    """Lets `places` requests pass at once, the most urgent first; the last `urgent_places` are for urgent ones only."""

    def __init__(self, places: int, urgent_places: int) -> None:
        if not 0 <= urgent_places < places:
            raise ValueError("urgent_places must be below places")
        self._free = places
        self._kept = urgent_places
        self._order = itertools.count()
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def place(self, urgency: Urgency, within_s: float) -> AsyncIterator[None]:
        """Hold a place. Raises PeerUnavailable when none came free in time, or too many wait already."""
        if self._waiting or not self._has_place(urgency):
            await self._wait(urgency, within_s)
        else:
            self._free -= 1
        try:
            yield
        finally:
            self._free += 1
            self._admit()

    def _has_place(self, urgency: Urgency) -> bool:
        return self._free > (0 if urgency is Urgency.NOW else self._kept)

    async def _wait(self, urgency: Urgency, within_s: float) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise PeerUnavailable(f"not sent: {WAITING_MAX} requests to Asterisk are waiting already")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._order), turn))
        self._admit()  # an urgent request may have a place that those before it may not take
        try:
            async with asyncio.timeout(within_s):
                await turn
        except BaseException as problem:
            if turn.done() and not turn.cancelled():  # admitted and cancelled in the same turn of the loop
                self._free += 1
                self._admit()
            turn.cancel()
            self._forget_cancelled()
            if isinstance(problem, TimeoutError):
                raise PeerUnavailable(f"not sent: no connection to Asterisk came free in {within_s:g} s") from None
            raise

    def _admit(self) -> None:
        while self._waiting:
            urgency, _, turn = self._waiting[0]
            if not turn.done() and not self._has_place(urgency):
                return
            heapq.heappop(self._waiting)
            if not turn.done():
                self._free -= 1
                turn.set_result(None)

    def _forget_cancelled(self) -> None:
        self._waiting = [entry for entry in self._waiting if not entry[2].done()]
        heapq.heapify(self._waiting)


class Rest:
    """The HTTP side of one Asterisk. Use as an async context."""

    def __init__(
        self, access: Access, *, connections: int = CONNECTIONS, command_timeout_s: float = COMMAND_TIMEOUT_S
    ) -> None:
        self._access = access
        self._connections = connections
        self._command_timeout_s = command_timeout_s
        self._gate = Gate(connections, min(URGENT_PLACES, connections - 1))
        self._session: aiohttp.ClientSession | None = None
        self.sent = 0
        self.in_flight = 0

    async def __aenter__(self) -> "Rest":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE_S),
            headers={"Authorization": self._access.authorization},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,  # never through a proxy
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        return self._gate.waiting

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> bytes:
        """The reply's body. `path` is escaped already (`checks.path`); `timeout_s` is for waiting and sending each.

        Raises PeerUnavailable (nothing was sent), OutcomeUnknown (no answer), AriRefused and its kinds (Asterisk's no).
        """
        limit_s = self._command_timeout_s if timeout_s is None else timeout_s
        address = f"{self._access.url}/{path}"
        if query and (text := checks.query(query)):
            address = f"{address}?{text}"
        async with self._gate.place(urgency, limit_s):
            self.in_flight += 1
            try:
                status, content = await self._exchange(method, URL(address, encoded=True), body, limit_s)
            finally:
                self.in_flight -= 1
        if status >= 300:
            raise refusal(f"{method} {path}", status, content)
        return content

    async def _exchange(
        self, method: str, url: URL, body: Mapping[str, Any] | None, limit_s: float
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise PeerUnavailable("not sent: the client is closed")
        request = f"{method} {url.path}"
        timeout = aiohttp.ClientTimeout(total=limit_s, sock_connect=min(CONNECT_TIMEOUT_S, limit_s / 2))
        headers = {} if body is None else {"Content-Type": "application/json"}
        content = None if body is None else msgspec.json.encode(body)
        self.sent += 1
        try:
            async with self._session.request(
                method, url, data=content, headers=headers, timeout=timeout, allow_redirects=False
            ) as reply:
                return reply.status, await reply.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
            raise PeerUnavailable(f"{request}: {self._access.host}:{self._access.port} does not answer") from problem
        except TimeoutError as problem:
            raise OutcomeUnknown(f"{request}: no answer in {limit_s:g} s; it may still be carried out") from problem
        except (aiohttp.ClientError, OSError) as problem:
            raise OutcomeUnknown(f"{request}: cut before the answer ({type(problem).__name__})") from problem

    async def read(
        self,
        kind: type[T],
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> T:
        """As `send`, with the reply as a `kind`. A reply that is none is PeerFault (though the request was done)."""
        content = await self.send(method, path, query=query, body=body, timeout_s=timeout_s, urgency=urgency)
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as problem:
            raise PeerFault(f"{method} {path}: cannot read the reply: {problem}") from problem

    async def remove(
        self,
        path: str,
        *,
        query: Query | None = None,
        timeout_s: float | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> bool:
        """DELETE. True when it was there, False when it was gone already: both are done."""
        try:
            await self.send("DELETE", path, query=query, timeout_s=timeout_s, urgency=urgency)
        except Gone:
            return False
        return True


class _Refusal(msgspec.Struct):
    message: str = ""
    error: str = ""


def refusal(request: str, status: int, content: bytes) -> PeerFault:
    """Asterisk's "no" as an exception. A 404 that is not ARI's own (no JSON) says that ARI is not loaded (yet)."""
    try:
        words = msgspec.json.decode(content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = content[:MESSAGE_MAX].decode("utf-8", "replace")
        if status in (404, 503):
            return PeerUnavailable(f"{request}: {status} from Asterisk's HTTP server: ARI is not loaded")
    else:
        text = (words.message or words.error)[:MESSAGE_MAX]
    if status in (401, 403):
        return AccessRefused(request, status, text)
    # addChannel says 400 for a channel that is gone; a bridge just destroyed is for some milliseconds "not in Stasis".
    if status == 404 or (status == 400 and text.endswith("not found")) or text.startswith("Bridge not in Stasis"):
        return Gone(request, status, text)
    if "not in Stasis" in text:  # 409 for most requests, 422 for addChannel
        return NotInStasis(request, status, text)
    if status == 409:
        return Conflict(request, status, text)
    return AriRefused(request, status, text)
