"""A file as an answer: whole, or the range that was asked for (RFC 9110, 14). Knows bytes; knows no recording.

One range of bytes is served. What cannot be understood, and several ranges at once, get the whole file, as 14.2 allows;
a range that begins behind the end is 416.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from aiohttp import web

from callcenter.web.api.problems import Refusal

CHUNK_BYTES: Final = 256 * 1024
WAV: Final = "audio/wav"
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An open file that is nobody else's. `name` is what it may be saved as, `tag` tells it from any other content."""

    file: BinaryIO
    size: int
    name: str
    tag: str
    kind: str = WAV


async def send(sound: Sound, request: web.Request) -> web.StreamResponse:
    """Answer with it, and close it. Raises Refusal for a range that is not there."""
    try:
        span = _span(sound, request)
        first, last = (0, sound.size - 1) if span is None else span
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{sound.tag}"',
            "Content-Disposition": f'inline; filename="{sound.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if span is not None:
            headers["Content-Range"] = f"bytes {first}-{last}/{sound.size}"
        response = web.StreamResponse(status=200 if span is None else 206, headers=headers)
        response.content_type, response.content_length = sound.kind, last - first + 1
        await response.prepare(request)
        sound.file.seek(first)
        left = last - first + 1
        while left and (piece := await asyncio.to_thread(sound.file.read, min(left, CHUNK_BYTES))):
            await response.write(piece)
            left -= len(piece)
        await response.write_eof()
        return response
    finally:
        sound.file.close()


def _span(sound: Sound, request: web.Request) -> tuple[int, int] | None:
    """The first and the last byte; None: all of them."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None or request.headers.get("If-Range", f'"{sound.tag}"') != f'"{sound.tag}"':
        return None
    begin, end = found.groups()
    if not begin and not end:
        return None
    if begin and end and int(end) < int(begin):
        return None
    first = int(begin) if begin else max(0, sound.size - int(end))
    last = min(int(end), sound.size - 1) if begin and end else sound.size - 1
    if first >= sound.size or (not begin and not int(end)):
        raise Refusal(416, f"it has {sound.size} bytes", headers={"Content-Range": f"bytes */{sound.size}"})
    return first, last
