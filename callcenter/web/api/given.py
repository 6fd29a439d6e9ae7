"""A file as an answer: whole, or the range that was asked for (RFC 9110, 14). Knows bytes; knows no recording.

One range of bytes is served. What cannot be understood, and several ranges at once, get the whole file, as 14.2 allows;
a range that begins behind the end is 416.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import BinaryIO, Final, TextIO, cast

from aiohttp import web

from callcenter.web.api.problems import Refusal

CHUNK_BYTES: Final = 256 * 1024
WAV: Final = "audio/wav"
CSV: Final = "text/csv"
RANGED: Final = (WAV,)
"""Of which ranges are given; a table is made anew for each request, and is given whole (RFC 9110, 14.2)."""
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An open file that is nobody else's. `name` is what it may be saved as, `tag` tells it from any other content."""

    file: BinaryIO
    size: int
    name: str
    tag: str
    kind: str = WAV


async def written(name: str, write: Callable[[TextIO], Awaitable[object]]) -> Given:
    """A CSV file that is written now, into a file without a name."""
    file = cast(BinaryIO, TemporaryFile("w+b"))  # noqa: SIM115 (who answers closes it)
    try:
        text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        try:
            await write(text)
        finally:
            text.detach()
        size = file.seek(0, os.SEEK_END)
    except BaseException:
        file.close()
        raise
    return Given(file=file, size=size, name=f"{name}.csv", tag=f"{name}.{size}", kind=CSV)


async def send(given: Given, request: web.Request) -> web.StreamResponse:
    """Answer with it, and close it. Raises Refusal for a range that is not there."""
    try:
        span = _span(given, request)
        first, last = (0, given.size - 1) if span is None else span
        headers = {
            "Accept-Ranges": "bytes" if given.kind in RANGED else "none",
            "ETag": f'"{given.tag}"',
            "Content-Disposition": f'inline; filename="{given.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if span is not None:
            headers["Content-Range"] = f"bytes {first}-{last}/{given.size}"
        response = web.StreamResponse(status=200 if span is None else 206, headers=headers)
        response.content_type, response.content_length = given.kind, last - first + 1
        if given.kind == CSV:
            response.charset = "utf-8"
        await response.prepare(request)
        given.file.seek(first)
        left = last - first + 1
        while left and (piece := await asyncio.to_thread(given.file.read, min(left, CHUNK_BYTES))):
            await response.write(piece)
            left -= len(piece)
        await response.write_eof()
        return response
    finally:
        given.file.close()


def _span(given: Given, request: web.Request) -> tuple[int, int] | None:
    """The first and the last byte; None: all of them."""
    if given.kind not in RANGED:
        return None
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None or request.headers.get("If-Range", f'"{given.tag}"') != f'"{given.tag}"':
        return None
    begin, end = found.groups()
    if not begin and not end:
        return None
    if begin and end and int(end) < int(begin):
        return None
    first = int(begin) if begin else max(0, given.size - int(end))
    last = min(int(end), given.size - 1) if begin and end else given.size - 1
    if first >= given.size or (not begin and not int(end)):
        raise Refusal(416, f"it has {given.size} bytes", headers={"Content-Range": f"bytes */{given.size}"})
    return first, last
