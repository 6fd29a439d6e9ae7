"""Bodies of requests and answers of the control socket. Knows JSON over HTTP; knows no request's meaning."""

import itertools
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
from aiohttp import web

from callcenter.model.ids import RequestId

T = TypeVar("T")
R = TypeVar("R", bound=msgspec.Struct)


async def body(request: web.Request, kind: type[T]) -> T:
    """What was sent, as a value; an empty body is an empty object. Raises 400 with the reason."""
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = msgspec.json.encode({"problem": str(error)}).decode()
        raise web.HTTPBadRequest(text=text, content_type="application/json") from error


def taking(
    kind: type[R],
    number: Callable[[], RequestId],
    ask: Callable[[RequestId, R], Awaitable[str]],
    place: Callable[[web.Request], Mapping[str, str]] = lambda _: {},
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A route whose body is an event, without its number and what `place` says of it."""

    async def take(request: web.Request) -> web.Response:
        request_id = number()
        wish = await body(request, dict[str, object])
        try:
            event = msgspec.convert({**wish, **place(request), "request": request_id}, kind)
        except msgspec.ValidationError as error:
            return answer({"problem": str(error)}, status=400)
        try:
            problem = await ask(request_id, event)
        except TimeoutError:
            return answer({"problem": "the call center did not answer in time"}, status=504)
        return answer({"problem": problem}, status=409 if problem else 200)

    return take


def numbered(what: str) -> Callable[[], RequestId]:
    """Numbers for requests of one kind, each once."""
    numbers = itertools.count(1)
    return lambda: RequestId(f"{what}-{os.getpid()}-{next(numbers)}")


def answer(value: object, status: int = 200) -> web.Response:
    """A value as JSON."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
