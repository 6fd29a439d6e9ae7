"""The listener of the API: sockets, who may be asked for, limits, and problems for everything that goes wrong.

Knows HTTP; knows no route's meaning. A browser on this machine will send requests here for any page it shows, under any
name an attacker's DNS gives us: so the Host must be one of ours (RFC 9110, 7.4: else 421), and an Origin must be of
this very server, or one that the settings name.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from callcenter.errors import ConfigurationError, Problem
from callcenter.web.api.chronicle import Chronicle
from callcenter.web.api.document import document, page
from callcenter.web.api.given import send
from callcenter.web.api.problems import KINDS, Refusal, problem_response
from callcenter.web.api.public import encoded
from callcenter.web.api.route import Parts, Route
from callcenter.web.api.routes import ROUTES
from callcenter.web.api.stream import Patience, Stream
from callcenter.web.api.turn import JSON, Rates, Turn, refusal_of

PREFIX: Final = "/api"
BODY_BYTES_MAX: Final = 256 * 1024
KEEPALIVE_S: Final = 75.0
BACKLOG: Final = 128
SHUTDOWN_S: Final = 1.0
OPEN: Final = (f"{PREFIX}/openapi.json", f"{PREFIX}/docs", f"{PREFIX}/problems", PREFIX)
PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

log = structlog.get_logger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen, and under which names. Without names: those of loopback, or `host` itself."""

    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    rates: Rates = field(default_factory=Rates)
    patience: Patience = field(default_factory=Patience)


class ApiDoor:
    """Serves the API of one running center. Use as an async context."""

    def __init__(self, listen: Listen, parts: Parts, chronicle: Chronicle) -> None:
        self._listen = listen
        self._turn = Turn(parts, listen.rates)
        self._stream = Stream(parts, self._turn, chronicle, listen.patience)
        self._runner: web.AppRunner | None = None
        self.port = listen.port

    @property
    def readers(self) -> int:
        """How many read the stream of events."""
        return self._stream.readers

    @property
    def url(self) -> str:
        """Where it is."""
        host = f"[{self._listen.host}]" if ":" in self._listen.host else self._listen.host
        return f"{'https' if self._listen.tls else 'http'}://{host}:{self.port}{PREFIX}"

    async def __aenter__(self) -> "ApiDoor":
        app = web.Application(middlewares=[self._middleware()], client_max_size=BODY_BYTES_MAX)
        for route in ROUTES:
            app.router.add_route(route.method, PREFIX + route.path, self._answering(route))
        app.router.add_route("GET", f"{PREFIX}/openapi.json", self._document)
        app.router.add_route("GET", f"{PREFIX}/docs", self._page)
        app.router.add_route("GET", f"{PREFIX}/problems", self._page)
        app.router.add_route("GET", f"{PREFIX}/events", self._stream.answer)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S, keepalive_timeout=KEEPALIVE_S
        )
        await self._runner.setup()
        where = self._listen
        site = web.TCPSite(self._runner, where.host, where.port, ssl_context=where.tls, backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            problem = Problem(
                where=f"web.port {where.port}",
                what=f"nobody can listen at {where.host}: {error.strerror or error}",
                remedy="choose another, or stop what has it; 0 picks a free one",
            )
            raise ConfigurationError([problem]) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def checked(request: web.Request, handler: Next) -> web.StreamResponse:
            return await self._checked(request, handler)

        return checked

    # -- every request -------------------------------------------------------------------------------------------------

    async def _checked(self, request: web.Request, answer: Next) -> web.StreamResponse:
        try:
            self._for_us(request)
            response = await answer(request)
        except web.HTTPException as error:
            allow = {"Allow": self._allowed(request.path, error.headers["Allow"])} if "Allow" in error.headers else {}
            status = error.status if error.status in KINDS else 400
            response = problem_response(Refusal(status, error.text or error.reason, headers=allow), request.path)
        except Exception as error:  # whatever it is, it has a status
            refusal = refusal_of(error)
            if refusal.status == 500:
                log.error("a request could not be answered", path=request.path, exc_info=error)
            response = problem_response(refusal, request.path)
        if not response.prepared:
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    @staticmethod
    def _allowed(path: str, otherwise: str) -> str:
        """What may be asked of a path that a route names word for word: others' names (`{customer}`) match it too."""
        own = sorted({route.method for route in ROUTES if PREFIX + route.path == path})
        return ",".join(own) or otherwise

    def _for_us(self, request: web.Request) -> None:
        """Raises Refusal if another server was asked for, or another site's page asks."""
        host = request.headers.get("Host", "")
        if host.lower() not in self._hosts():
            raise Refusal(421, f"this server is not {host[:100]!r}: web.names in the settings lists its names")
        origin = request.headers.get("Origin")
        if origin is None or origin in self._listen.origins:
            return
        if origin.lower() != f"{'https' if self._listen.tls else 'http'}://{host.lower()}":
            raise Refusal(403, f"pages of {origin[:100]!r} may not ask this server: see web.origins in the settings")

    def _hosts(self) -> frozenset[str]:
        where = self._listen
        bare = f"[{where.host}]" if ":" in where.host else where.host
        own = {bare}
        if is_loopback(where.host):
            own |= {"localhost", "127.0.0.1", "[::1]"}
        names = {name.lower() for name in where.names}
        return frozenset({f"{name}:{self.port}" for name in own | names} | names)

    def _answering(self, route: Route) -> Next:
        async def answer(request: web.Request) -> web.StreamResponse:
            found = await self._turn.take(route, request)
            if found.problem is not None:
                return problem_response(found.problem, request.path)
            if found.given is not None:
                return await send(found.given, request)
            headers = {"Idempotent-Replayed": "true"} if found.replayed else {}
            kind = JSON if found.status < 400 else "application/problem+json"
            return web.Response(status=found.status, body=found.body, content_type=kind, headers=headers)

        return answer

    async def _document(self, _: web.Request) -> web.Response:
        return web.Response(body=encoded(document()), content_type=JSON)

    async def _page(self, _: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": PAGE_POLICY}
        return web.Response(text=page(), content_type="text/html", charset="utf-8", headers=headers)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return ip_address(host).is_loopback
