"""The control socket: a running call center answers its CLI. Knows HTTP and JSON; decides nothing.

A unix socket with mode 0600 in the var folder: whoever may read it owns the call center, which is what file permissions
are for. Requests that change something become events and are answered by the engine's Reply: 200 when granted, 409 with
the engine's words when not. `/v1/feed` streams facts as lines of JSON until the reader goes away.
"""

import asyncio
import itertools
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.agent import AgentStatus
from callcenter.model.events import (
    AgentStatusRequested,
    CallbackCancelRequested,
    CallbackNowRequested,
    CallbackRequested,
    DrainRequested,
    Event,
    MessageDoneRequested,
    RecordingPauseRequested,
    WrapUpRequested,
)
from callcenter.model.ids import AgentId, ContactId, QueueName, RequestId
from callcenter.model.view import CenterView
from callcenter.runtime.feed import Feed
from callcenter.web.calls import CallRequests
from callcenter.web.wire import answer, body

SHUTDOWN_S: Final = 1.0
UNIX_PATH_MAX: Final = 107  # bytes, of a unix socket's name
SOCKET_MODE: Final = 0o600
LOOK_EVERY_S: Final = 5.0  # whether a reader of the feed is still there, while nothing happens

log = structlog.get_logger(__name__)


class Center(Protocol):
    """The running call center, as the control socket needs it."""

    async def ask(self, request: RequestId, event: Event) -> str:
        """Put a request to the engine; "" when granted, else what is wrong."""
        ...

    def view(self) -> CenterView:
        """A picture of now."""
        ...

    def health(self) -> Mapping[str, object]:
        """Figures about the process and its peers, for `status` and `doctor`."""
        ...

    async def phones_changed(self) -> str:
        """The directory of agents has changed: take it over, phones included. "" or what is wrong."""
        ...

    def stop(self) -> None:
        """End the call center."""
        ...


class StatusWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/agents/{id}/status."""

    status: AgentStatus
    reason: str = ""
    by: str = ""


class WrapUpWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/agents/{id}/wrap-up; 0 ends it."""

    extend_s: float = 0.0


class DrainWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/queues/{name}/drain."""

    draining: bool
    by: str = ""


class CallbackWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/callbacks. Times in UTC seconds, 0: as the queue's rules say."""

    queue: QueueName
    number: str
    not_before: float = 0.0
    until: float = 0.0
    only: AgentId | None = None
    name: str = ""
    note: str = ""
    by: str = ""


class PauseWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/recording."""

    paused: bool
    by: str = ""


class CallbackDeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/callbacks/{id}/cancel and /now, and of /v1/messages/{id}/done."""

    by: str = ""


class ControlSocket:
    """Serves one running center. Use as an async context."""

    def __init__(
        self,
        path: Path,
        center: Center,
        feed: Feed,
        look_every_s: float = LOOK_EVERY_S,
        more: Sequence[web.RouteDef] = (),
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        """`more` is what other parts answer on the same socket; `middlewares` are around every answer."""
        self._path = path
        self._center = center
        self._feed = feed
        self._look_every_s = look_every_s
        self._more = more
        self._middlewares = middlewares
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "ControlSocket":
        listening = self._bound()
        app = web.Application(middlewares=self._middlewares)
        app.add_routes(
            [
                web.get("/v1/view", self._view),
                web.get("/v1/health", self._health),
                web.get("/v1/feed", self._stream),
                web.post("/v1/agents/{agent}/status", self._status),
                web.post("/v1/agents/{agent}/wrap-up", self._wrap_up),
                web.post("/v1/agents/reload", self._reload_agents),
                web.post("/v1/calls/{contact}/recording", self._pause_recording),
                *CallRequests(self._ask).routes(),
                web.post("/v1/queues/{queue}/drain", self._drain),
                web.post("/v1/callbacks", self._call_back),
                web.post("/v1/callbacks/{contact}/cancel", self._cancel_callback),
                web.post("/v1/callbacks/{contact}/now", self._call_back_now),
                web.post("/v1/messages/{contact}/done", self._message_done),
                web.post("/v1/stop", self._stop),
                *self._more,
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._feed.close()  # its readers would never leave by themselves
        if self._runner is not None:
            await self._runner.cleanup()
        self._path.unlink(missing_ok=True)

    def _bound(self) -> socket.socket:
        """The socket in its place, which has never been open to others, not even for a moment.

        On Linux the file takes the mode that the socket has when it is bound (net/unix/af_unix.c); a umask would be the
        whole process's. Raises ConfigurationError.
        """
        problem = ""
        if len(os.fsencode(self._path)) > UNIX_PATH_MAX:
            problem = f"a unix socket's name has at most {UNIX_PATH_MAX} bytes"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            os.fchmod(listening.fileno(), SOCKET_MODE)
            if not problem:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.unlink(missing_ok=True)  # of a run that was killed: whoever runs holds the journal's lock
                listening.bind(str(self._path))
        except OSError as error:
            problem = error.strerror or str(error)
        if problem:
            listening.close()
            remedy = "set web.control_socket to a place for a socket, with a short name"
            raise ConfigurationError([Problem(where=f"control socket {self._path}", what=problem, remedy=remedy)])
        return listening

    # -- questions -----------------------------------------------------------------------------------------------------

    async def _view(self, _: web.Request) -> web.Response:
        return answer(self._center.view())

    async def _health(self, _: web.Request) -> web.Response:
        return answer(self._center.health())

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        subscription = self._feed.subscribe()  # who has the answer's head hears everything from then on
        try:
            await response.prepare(request)
            while request.transport is not None and not request.transport.is_closing():
                try:
                    async with asyncio.timeout(self._look_every_s):
                        news = await anext(subscription)
                except TimeoutError:
                    continue
                line = {"at": news.at, "lost": news.lost, "fact": news.fact}
                await response.write(msgspec.json.encode(line) + b"\n")
        except ConnectionError:
            log.debug("a reader of the feed has gone")
        except StopAsyncIteration:
            log.debug("the feed has ended")
        finally:
            self._feed.unsubscribe(subscription)
        return response

    # -- requests ------------------------------------------------------------------------------------------------------

    async def _status(self, request: web.Request) -> web.Response:
        wish = await body(request, StatusWish)
        agent = AgentId(request.match_info["agent"])
        return await self._ask(
            lambda number: AgentStatusRequested(
                request=number, agent=agent, status=wish.status, reason=wish.reason, by=wish.by
            )
        )

    async def _wrap_up(self, request: web.Request) -> web.Response:
        wish = await body(request, WrapUpWish)
        agent = AgentId(request.match_info["agent"])
        return await self._ask(lambda number: WrapUpRequested(request=number, agent=agent, extend_s=wish.extend_s))

    async def _pause_recording(self, request: web.Request) -> web.Response:
        contact = ContactId(request.match_info["contact"])
        wish = await body(request, PauseWish)
        return await self._ask(
            lambda number: RecordingPauseRequested(request=number, contact=contact, paused=wish.paused, by=wish.by)
        )

    async def _drain(self, request: web.Request) -> web.Response:
        wish = await body(request, DrainWish)
        queue = QueueName(request.match_info["queue"])
        return await self._ask(
            lambda number: DrainRequested(request=number, queue=queue, draining=wish.draining, by=wish.by)
        )

    async def _call_back(self, request: web.Request) -> web.Response:
        wish = await body(request, CallbackWish)
        return await self._ask(
            lambda number: CallbackRequested(
                request=number,
                queue=wish.queue,
                number=wish.number,
                not_before=wish.not_before,
                until=wish.until,
                only=wish.only,
                name=wish.name,
                note=wish.note,
                by=wish.by,
            )
        )

    async def _cancel_callback(self, request: web.Request) -> web.Response:
        wish = await body(request, CallbackDeed)
        contact = ContactId(request.match_info["contact"])
        return await self._ask(lambda number: CallbackCancelRequested(request=number, contact=contact, by=wish.by))

    async def _call_back_now(self, request: web.Request) -> web.Response:
        wish = await body(request, CallbackDeed)
        contact = ContactId(request.match_info["contact"])
        return await self._ask(lambda number: CallbackNowRequested(request=number, contact=contact, by=wish.by))

    async def _message_done(self, request: web.Request) -> web.Response:
        wish = await body(request, CallbackDeed)
        contact = ContactId(request.match_info["contact"])
        return await self._ask(lambda number: MessageDoneRequested(request=number, contact=contact, by=wish.by))

    async def _reload_agents(self, _: web.Request) -> web.Response:
        return await _answer(self._center.phones_changed())

    async def _stop(self, _: web.Request) -> web.Response:
        self._center.stop()
        return answer({"problem": ""})

    async def _ask(self, event: Callable[[RequestId], Event]) -> web.Response:
        number = RequestId(f"cli-{os.getpid()}-{next(self._numbers)}")
        return await _answer(self._center.ask(number, event(number)))


async def _answer(asked: Awaitable[str]) -> web.Response:
    try:
        problem = await asked
    except TimeoutError:
        return answer({"problem": "the call center did not answer in time"}, status=504)
    return answer({"problem": problem}, status=409 if problem else 200)


__all__ = ["Center", "ControlSocket"]
