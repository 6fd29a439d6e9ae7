"""Acts over the control socket, in the audit. Knows who is at the other end of it, and the audit; decides nothing.

Who acts is whom the kernel names (SO_PEERCRED, unix(7)), whatever the body says. An act is on record before it is done,
if Postgres answers in time; who runs the center from its own machine must be able to do so without Postgres, so an act
that cannot be written down is logged and done.
"""

import asyncio
import pwd
import socket
import struct
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, Protocol

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from callcenter.errors import PeerFault
from callcenter.postgres.audit import Act

WRITE_MAX_S: Final = 1.0  # how long an act waits to be written down
READS: Final = ("GET", "HEAD")
_PEER: Final = struct.Struct("3i")  # pid, uid, gid

log = structlog.get_logger(__name__)


class Books(Protocol):
    """Where acts are written down."""

    def act(self, who: str, via: str, act: str, subject: str = "", told: str = "") -> AbstractAsyncContextManager[Act]:
        """Around a deed. Raises PeerUnavailable."""
        ...


def audited(books: Books) -> Middleware:
    """Writes down every request that may change something."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method in READS:
            return await handler(request)
        async with AsyncExitStack() as stack:
            act = await _begun(stack, books, request)
            response = await handler(request)
            if act is not None and response.status >= web.HTTPInternalServerError.status_code:
                act.failed(f"status {response.status}")
            elif act is not None and response.status >= web.HTTPBadRequest.status_code:
                act.refused(f"status {response.status}")
            return response

    return middleware


async def _begun(stack: AsyncExitStack, books: Books, request: web.Request) -> Act | None:
    subject = " ".join(request.match_info.values())
    who, act = who_asks(request), act_of(request)
    try:
        async with asyncio.timeout(WRITE_MAX_S):
            return await stack.enter_async_context(books.act(who, "socket", act, subject))
    except (PeerFault, TimeoutError) as fault:
        # that Postgres is away is complained of where it is noticed; the act is in the journal
        log.info("an act could not be written into the audit", who=who, act=act, subject=subject, fault=str(fault))
        return None


def act_of(request: web.Request) -> str:
    """The route without what it is about: `calls hold`, `queues drain`."""
    route = request.match_info.route.resource
    parts = (route.canonical if route is not None else request.path).split("/")[2:]
    return " ".join(part for part in parts if not part.startswith("{"))


def who_asks(request: web.Request) -> str:
    """The account of this machine that has opened the socket."""
    peer = request.transport.get_extra_info("socket") if request.transport is not None else None
    if peer is None:
        return "cli"
    _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    try:
        return f"cli:{pwd.getpwuid(uid).pw_name}"
    except KeyError:  # an account without a name
        return f"cli:{uid}"
