"""Ears at UDP ports: when is a tone heard? Knows RTP and mu-law; knows no SIP and no call.

Used where phones are one program that does not listen (SIPp): their sound is sent here instead.
"""

import asyncio
import bisect
import time
from array import array
from collections.abc import Sequence
from functools import partial
from typing import Final

from callcenter.embedded.ports import Kind, Range, free
from callcenter.errors import PeerUnavailable
from callcenter.sim.peers.places import LOOPBACK
from callcenter.sim.peers.tones import HEARD_DBFS, RATE
from callcenter.speech.wav import tone_dbfs

RTP_HEADER_BYTES: Final = 12
PREFIXES: Final = ("2", "3")
"""Before a phone's number of four digits below 2,700 they make a port."""


def _linear(byte: int) -> int:
    """One byte of G.711 mu-law (ITU-T G.711, table 2a)."""
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + 132 << ((byte & 0x70) >> 4)) - 132
    return -magnitude if byte & 0x80 else magnitude


_LINEAR: Final = tuple(_linear(byte) for byte in range(256))


class Ear(asyncio.DatagramProtocol):
    """One port. `heard`: UTC seconds at which packets with the tone came, rising."""

    def __init__(self, hz: float) -> None:
        self.heard: list[float] = []
        self._hz = hz

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        now = time.time()
        samples = array("h", map(_LINEAR.__getitem__, data[RTP_HEADER_BYTES:]))
        if samples and tone_dbfs(samples, RATE, self._hz) >= HEARD_DBFS:
            self.heard.append(now)

    def first_after(self, at: float) -> float | None:
        """When the first packet with the tone came, from `at` on."""
        found = bisect.bisect_left(self.heard, at)
        return self.heard[found] if found < len(self.heard) else None


def _itself(ear: Ear) -> Ear:
    return ear


def heard_at(numbers: Sequence[str]) -> str:
    """What makes free ports of all of these numbers. Raises PeerUnavailable."""
    for prefix in PREFIXES:
        if all(free(Range(first=int(prefix + number), size=1), Kind.UDP) for number in numbers):
            return prefix
    raise PeerUnavailable(f"no ports are free for the sound of {len(numbers)} phones")


class Ears:
    """The ears of several phones. Use as an async context."""

    def __init__(self, prefix: str, numbers: Sequence[str], hz: float) -> None:
        self.of = {number: Ear(hz) for number in numbers}
        self._prefix = prefix
        self._open: list[asyncio.DatagramTransport] = []

    async def __aenter__(self) -> "Ears":
        loop = asyncio.get_running_loop()
        for number, ear in self.of.items():
            place = (LOOPBACK, int(self._prefix + number))
            transport, _ = await loop.create_datagram_endpoint(partial(_itself, ear), local_addr=place)
            self._open.append(transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self._open:
            transport.close()
