"""A SIP relay in front of a softphone: what a server says reaches the phone when the phone is able to hear it.

Knows datagrams, the one SIP header that says where the rest of a call is to be sent (Contact), and what Linux tells of
a program's threads. To the server it is a router with address translation, as phones at home stand behind; to the
phone it is the server.

Theory: baresip 1.1.0 starts a thread for its earpiece, and that thread itself notes that it runs. An earpiece that is
put away before, as when a re-INVITE is answered or a call ended within a millisecond on a busy machine, is freed under
its thread, and baresip dies. Only a message or a command makes it take up or put away one. So they take turns: each has
been dealt with before the next is given, and that waits until every thread has slept for the second time, which a
thread does only after it has noted that it runs.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from callcenter.sim.peers.places import LOOPBACK

RESTED_LIMIT_S: Final = 1.0  # then it is told all the same: a thread may have other reasons not to sleep
POLL_S: Final = 0.002
POLLS_MAX: Final = round(RESTED_LIMIT_S / POLL_S)
CONTACT: Final = re.compile(rb"^(?:Contact|m)[ \t]*:[^\r\n]*", re.IGNORECASE | re.MULTILINE)  # RFC 3261, 20.10
PROC: Final = Path("/proc")
SLEEPS: Final = 2
SLEPT: Final = "voluntary_ctxt_switches:"  # proc(5), /proc/PID/task/TID/status: how often it waited for something


async def rested(pid: int, proc: Path = PROC) -> None:
    """Wait until every thread of the program has slept twice, or the program is gone, `RESTED_LIMIT_S` at most."""
    for _ in range(POLLS_MAX):
        if not _restless(proc / str(pid) / "task"):
            return
        await asyncio.sleep(POLL_S)


def _restless(threads: Path) -> bool:
    for status in threads.glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has ended
        if any(line.startswith(SLEPT) and int(line.removeprefix(SLEPT)) < SLEEPS for line in lines):
            return True
    return False


class Relay:
    """Forwards between one phone on this machine and one server. Use as an async context, around the phone's life."""

    def __init__(self, server: str, *, proc: Path = PROC) -> None:
        """`server` is host:port, `proc` where the kernel tells of its programs."""
        self._proc = proc
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._for_phone: asyncio.Queue[bytes] = asyncio.Queue()
        self._phone_at: tuple[str, int] | None = None
        self._pid: int | None = None
        self._settled: Callable[[], Awaitable[None]] = _at_once
        self._turn = asyncio.Lock()
        self._to_phone: asyncio.DatagramTransport | None = None
        self._to_server: asyncio.DatagramTransport | None = None
        self._carrier: asyncio.Task[None] | None = None
        self.address = ""  # host:port that the phone is to take for its server

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._to_phone, _ = await loop.create_datagram_endpoint(
            lambda: _Side(self._phone_says), local_addr=(LOOPBACK, 0)
        )
        self._to_server, _ = await loop.create_datagram_endpoint(
            lambda: _Side(lambda data, _: self._for_phone.put_nowait(data)), remote_addr=self._server
        )
        host, port = self._to_phone.get_extra_info("sockname")
        self.address = f"{host}:{port}"
        self._carrier = asyncio.create_task(self._carry(), name="SIP relay")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._carrier is not None:
            self._carrier.cancel()
            await asyncio.wait({self._carrier})
        for side in (self._to_phone, self._to_server):
            if side is not None:
                side.close()
                protocol = side.get_protocol()
                assert isinstance(protocol, _Side)
                await protocol.closed.wait()

    def spare(self, pid: int, settled: Callable[[], Awaitable[None]]) -> None:
        """From now on the phone is this program, and `settled` returns when it has dealt with all it was told."""
        self._pid = pid
        self._settled = settled

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Whoever tells the phone something, does it in here, and leaves when the phone has dealt with it."""
        async with self._turn:
            if self._pid is not None:
                await rested(self._pid, self._proc)
            yield

    def _phone_says(self, data: bytes, sender: tuple[str, int]) -> None:
        self._phone_at = sender
        if self._to_server is not None:
            self._to_server.sendto(data)

    def _translated(self, data: bytes) -> bytes:
        """The message with the relay in place of the server, where it says who is to get the rest of the call."""
        server = "{}:{}".format(*self._server).encode()
        return CONTACT.sub(lambda line: line[0].replace(server, self.address.encode()), data)

    async def _carry(self) -> None:
        while True:
            data = await self._for_phone.get()
            async with self.turn():
                if self._phone_at is not None and self._to_phone is not None:
                    self._to_phone.sendto(self._translated(data), self._phone_at)
                    await self._settled()


async def _at_once() -> None:
    """It is not known yet how to ask: the phone is starting, and has no calls."""


class _Side(asyncio.DatagramProtocol):
    """One of the relay's two sockets. A side that is not there is as a wire that is cut: what was sent is lost."""

    def __init__(self, heard: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._heard = heard
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard(data, addr)
