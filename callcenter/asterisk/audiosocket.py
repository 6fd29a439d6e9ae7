"""AudioSocket: Asterisk calls us over TCP and sends the sound of a channel. Knows the wire's messages; knows no calls.

A message is one byte of kind, two of length (big-endian), and so much payload (Asterisk's include/asterisk/
res_audiosocket.h). The first one on a connection says its UUID, which only who asked Asterisk for the channel knows; a
connection with another one is closed. What comes is handed over at once and never kept, so a slow listener cannot make
us grow. Nothing is sent, except that we hang up.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final
from uuid import UUID

import structlog

KIND_HANGUP: Final = 0x00
KIND_ID: Final = 0x01
KIND_DTMF: Final = 0x03
KIND_SOUND: Final = 0x10  # signed, 16 bits, little-endian, 8 kHz
KIND_ERROR: Final = 0xFF
HEADER_BYTES: Final = 3
ID_BYTES: Final = 16
ID_WITHIN_S: Final = 2.0
SILENT_MAX_S: Final = 10.0
"""A connection that says nothing for so long is closed; Asterisk sends fifty times a second."""
CONNECTIONS_MAX: Final = 500
HANG_UP: Final = bytes((KIND_HANGUP, 0, 0))

Hears = Callable[[bytes], None]
Over = Callable[[], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    hears: Hears
    over: Over


class AudioSockets:
    """The listening side. Use as an async context."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._expected: dict[UUID, _Expected] = {}
        self._connected: dict[UUID, asyncio.StreamWriter] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> "AudioSockets":
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._expected.clear()
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._none_left.wait()
            await self._server.wait_closed()

    def endpoint(self, id: UUID) -> str:
        """What Asterisk dials for a channel whose sound comes here."""
        return f"AudioSocket/{self._host}:{self.port}/{id}"

    def expect(self, id: UUID, hears: Hears, over: Over) -> None:
        """Sound of this id goes to `hears`, in pieces of any length; `over` is called once when no more will come."""
        self._expected[id] = _Expected(hears=hears, over=over)

    def end(self, id: UUID) -> None:
        """Nothing more is wanted: the channel is hung up. `over` is not called."""
        self._expected.pop(id, None)
        writer = self._connected.pop(id, None)
        if writer is not None and not writer.is_closing():
            writer.write(HANG_UP)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        id: UUID | None = None
        self._writers.add(writer)
        self._none_left.clear()
        try:
            async with asyncio.timeout(ID_WITHIN_S):
                kind, payload = await _message(reader)
            if kind == KIND_ID and len(payload) == ID_BYTES and len(self._writers) <= CONNECTIONS_MAX:
                found = UUID(bytes=payload)
                if found in self._expected and found not in self._connected:
                    id = found
                    self._connected[id] = writer
                    await self._hear(id, reader)
                else:
                    log.warning("a connection with sound that nobody asked for", id=str(found))
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # the end of the channel, told below
        finally:
            if id is not None:
                self._connected.pop(id, None)
                expected = self._expected.pop(id, None)
                if expected is not None:
                    expected.over()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._writers.discard(writer)
            if not self._writers:
                self._none_left.set()

    async def _hear(self, id: UUID, reader: asyncio.StreamReader) -> None:
        """Until the channel ends, or nothing more is wanted."""
        while (expected := self._expected.get(id)) is not None:
            async with asyncio.timeout(SILENT_MAX_S):
                kind, payload = await _message(reader)
            if kind == KIND_SOUND:
                expected.hears(payload)
            elif kind in (KIND_HANGUP, KIND_ERROR):
                return


async def _message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Kind and payload. Raises IncompleteReadError at the end of the connection."""
    header = await reader.readexactly(HEADER_BYTES)
    length = int.from_bytes(header[1:], "big")
    return header[0], await reader.readexactly(length)
