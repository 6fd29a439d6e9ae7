"""Bodies of requests and answers of the control socket. Knows JSON over HTTP; knows no request's meaning."""

from typing import TypeVar

import msgspec
from aiohttp import web

T = TypeVar("T")


async def body(request: web.Request, kind: type[T]) -> T:
    """What was sent, as a value; an empty body is an empty object. Raises 400 with the reason."""
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = msgspec.json.encode({"problem": str(error)}).decode()
        raise web.HTTPBadRequest(text=text, content_type="application/json") from error


def answer(value: object, status: int = 200) -> web.Response:
    """A value as JSON."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
