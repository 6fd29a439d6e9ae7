"""AudioSocket: what Asterisk sends, in any cut; who is not expected; and ends of every kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest

from callcenter.asterisk.audiosocket import HANG_UP, KIND_DTMF, KIND_HANGUP, KIND_ID, KIND_SOUND, AudioSockets

LIMIT_S = 5.0
FRAME = bytes(range(64)) * 5


def message(kind: int, payload: bytes = b"") -> bytes:
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


class Channel:
    """Asterisk's side of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ended(self) -> bytes:
        """What came until the connection was closed."""
        async with asyncio.timeout(LIMIT_S):
            return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


class Listener:
    """Who hears."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.stirred = asyncio.Event()
        self.over = asyncio.Event()
        self.ends = 0

    def hears(self, sound: bytes) -> None:
        self.heard += sound
        self.stirred.set()

    def ended(self) -> None:
        self.ends += 1
        self.over.set()

    async def has(self, sound: bytes) -> None:
        async with asyncio.timeout(LIMIT_S):
            while bytes(self.heard) != sound:
                self.stirred.clear()
                await self.stirred.wait()


@pytest.fixture
async def sockets() -> AsyncIterator[AudioSockets]:
    async with AudioSockets("127.0.0.1") as made:
        yield made


async def connected(sockets: AudioSockets, id: UUID) -> Channel:
    reader, writer = await asyncio.open_connection("127.0.0.1", sockets.port)
    writer.write(message(KIND_ID, id.bytes))
    return Channel(reader, writer)


def expected(sockets: AudioSockets) -> tuple[UUID, Listener]:
    id, listener = uuid4(), Listener()
    sockets.expect(id, listener.hears, listener.ended)
    return id, listener


async def test_sound_reaches_who_asked_for_it_however_it_is_cut(sockets: AudioSockets) -> None:
    id, listener = expected(sockets)
    channel = await connected(sockets, id)
    wire = message(KIND_SOUND, FRAME) + message(KIND_DTMF, b"5") + message(KIND_SOUND, FRAME)
    for byte in wire:
        channel.writer.write(bytes((byte,)))
        await channel.writer.drain()
    await listener.has(FRAME * 2)
    await channel.close()
    async with asyncio.timeout(LIMIT_S):
        await listener.over.wait()
    assert listener.ends == 1
    assert sockets.endpoint(id) == f"AudioSocket/127.0.0.1:{sockets.port}/{id}"


async def test_two_channels_are_kept_apart(sockets: AudioSockets) -> None:
    (first, one), (second, two) = expected(sockets), expected(sockets)
    a, b = await connected(sockets, first), await connected(sockets, second)
    a.writer.write(message(KIND_SOUND, b"aa"))
    b.writer.write(message(KIND_SOUND, b"bb"))
    await one.has(b"aa")
    await two.has(b"bb")
    await a.close()
    await b.close()


async def test_a_hang_up_is_an_end(sockets: AudioSockets) -> None:
    id, listener = expected(sockets)
    channel = await connected(sockets, id)
    channel.writer.write(message(KIND_HANGUP))
    assert await channel.ended() == b""
    assert listener.ends == 1
    await channel.close()


async def test_who_has_heard_enough_hangs_up_and_is_not_told(sockets: AudioSockets) -> None:
    id, listener = expected(sockets)
    channel = await connected(sockets, id)
    channel.writer.write(message(KIND_SOUND, FRAME))
    await listener.has(FRAME)
    sockets.end(id)
    sockets.end(id)
    assert await channel.ended() == HANG_UP
    await channel.close()
    assert listener.ends == 0


@pytest.mark.parametrize("says", [message(KIND_ID, bytes(16)), message(KIND_ID, b"short"), message(KIND_SOUND, b"")])
async def test_who_is_not_expected_is_sent_away(sockets: AudioSockets, says: bytes) -> None:
    _, listener = expected(sockets)
    reader, writer = await asyncio.open_connection("127.0.0.1", sockets.port)
    writer.write(says)
    channel = Channel(reader, writer)
    assert await channel.ended() == b""
    await channel.close()
    assert not listener.heard


async def test_the_same_id_comes_once(sockets: AudioSockets) -> None:
    id, listener = expected(sockets)
    first = await connected(sockets, id)
    first.writer.write(message(KIND_SOUND, b"ok"))
    await listener.has(b"ok")
    second = await connected(sockets, id)
    assert await second.ended() == b""
    first.writer.write(message(KIND_SOUND, b"ok"))
    await listener.has(b"okok")
    await first.close()
    await second.close()
