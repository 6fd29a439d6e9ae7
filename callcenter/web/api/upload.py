"""A file that is sent: written to disk piece by piece, bounded in size and time. Knows bytes; knows no table."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from aiohttp import web

from callcenter.embedded.folders import private_folder
from callcenter.web.api.problems import Refusal

UPLOAD_BYTES_MAX: Final = 256 * 1024 * 1024
UPLOAD_LIMIT_S: Final = 300.0
PIECE_BYTES: Final = 256 * 1024
CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME: Final = "file"
SUFFIXES: Final = {CSV: ".csv", XLSX: ".xlsx", "text/plain": ".txt"}


@asynccontextmanager
async def upload(request: web.Request, kinds: Sequence[str], folder: Path) -> AsyncIterator[tuple[Path, bytes]]:
    """The file and the SHA-256 of it, while the context lasts. Raises Refusal: 408, 413, 415."""
    if request.content_type not in kinds:
        raise Refusal(415, f"expected {' or '.join(kinds)}, not {request.content_type[:60]}")
    if (request.content_length or 0) > UPLOAD_BYTES_MAX:
        raise Refusal(413, f"a file has at most {UPLOAD_BYTES_MAX} bytes")
    await asyncio.to_thread(private_folder, folder)
    scratch = Path(await asyncio.to_thread(mkdtemp, dir=folder))
    try:
        path = scratch / f"{NAME}{SUFFIXES[request.content_type]}"
        try:
            async with asyncio.timeout(UPLOAD_LIMIT_S):
                digest = await _received(request, path)
        except TimeoutError:
            raise Refusal(408, f"the file did not arrive within {UPLOAD_LIMIT_S:g} s") from None
        yield path, digest
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def keep(path: Path) -> Path:
    """The file for longer than the request: by another name, for who removes it."""
    folder = Path(mkdtemp(dir=path.parent.parent))
    return path.rename(folder / path.name)


def discard(path: Path) -> None:
    """A file that was kept is not needed any more."""
    shutil.rmtree(path.parent, ignore_errors=True)


async def _received(request: web.Request, path: Path) -> bytes:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        async for piece in request.content.iter_chunked(PIECE_BYTES):
            size += len(piece)
            if size > UPLOAD_BYTES_MAX:
                raise Refusal(413, f"a file has at most {UPLOAD_BYTES_MAX} bytes")
            digest.update(piece)
            await asyncio.to_thread(file.write, piece)
    return digest.digest()
