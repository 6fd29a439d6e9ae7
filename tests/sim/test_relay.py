"""The relay before a softphone: it forwards both ways, in order, and spares a phone whose threads have just begun."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from callcenter.sim.peers.places import LOOPBACK
from callcenter.sim.peers.relay import PROC, RESTED_LIMIT_S, SLEEPS, SLEPT, Relay, rested

PID: Final = 4711
LIMIT_S: Final = 5.0


class Socket(asyncio.DatagramProtocol):
    """A server, or a phone: what it was sent, and by whom."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.transport: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait((data, addr))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    async def next(self) -> tuple[bytes, tuple[str, int]]:
        async with asyncio.timeout(LIMIT_S):
            return await self.got.get()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.transport.get_extra_info("sockname")
        return str(host), int(port)


async def socket() -> Socket:
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(Socket, local_addr=(LOOPBACK, 0))
    made.transport = transport
    return made


@pytest.fixture
async def server() -> AsyncIterator[Socket]:
    made = await socket()
    yield made
    made.transport.close()
    await made.closed.wait()


@pytest.fixture
async def phone() -> AsyncIterator[Socket]:
    made = await socket()
    yield made
    made.transport.close()
    await made.closed.wait()


def thread(proc: Path, tid: int, slept: int) -> None:
    """As proc(5) has it."""
    folder = proc / str(PID) / "task" / str(tid)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text(
        f"Name:\tbaresip\nvoluntary_ctxt_switches:\t{slept}\nnonvoluntary_ctxt_switches:\t0\n"
    )


async def settled() -> None:
    pass


def host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


async def test_it_forwards_both_ways_and_in_order(server: Socket, phone: Socket, tmp_path: Path) -> None:
    thread(tmp_path, 1, slept=40)
    async with Relay("{}:{}".format(*server.address), proc=tmp_path) as relay:
        relay.spare(PID, settled)
        phone.transport.sendto(b"REGISTER", host_and_port(relay.address))
        said, router = await server.next()
        assert said == b"REGISTER"
        assert router not in (phone.address, host_and_port(relay.address))
        for word in (b"100", b"200", b"BYE"):
            server.transport.sendto(word, router)
        assert [(await phone.next())[0] for _ in range(3)] == [b"100", b"200", b"BYE"]


async def test_a_phone_whose_thread_has_not_slept_is_told_nothing_yet(
    server: Socket, phone: Socket, tmp_path: Path
) -> None:
    thread(tmp_path, 1, slept=40)
    async with Relay("{}:{}".format(*server.address), proc=tmp_path) as relay:
        relay.spare(PID, settled)
        phone.transport.sendto(b"INVITE", host_and_port(relay.address))
        _, router = await server.next()
        thread(tmp_path, 2, slept=1)
        server.transport.sendto(b"200", router)
        loop = asyncio.get_running_loop()
        loop.call_later(RESTED_LIMIT_S / 4, lambda: thread(tmp_path, 2, slept=2))
        began = loop.time()
        assert (await phone.next())[0] == b"200"
        assert RESTED_LIMIT_S / 4 <= loop.time() - began < RESTED_LIMIT_S


async def test_the_rest_of_a_call_goes_through_it_too(server: Socket, phone: Socket) -> None:
    async with Relay("{}:{}".format(*server.address)) as relay:
        phone.transport.sendto(b"INVITE", host_and_port(relay.address))
        _, router = await server.next()
        at = "{}:{}".format(*server.address).encode()
        answer = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %b\r\n%b: <sip:x@%b>;expires=9\r\nContent-Length: 3\r\n\r\nv=0"
        for header in (b"Contact", b"contact ", b"m"):
            server.transport.sendto(answer % (at, header, at), router)
            assert (await phone.next())[0] == answer % (at, header, relay.address.encode())


async def test_what_it_is_told_waits_its_turn(server: Socket, phone: Socket, tmp_path: Path) -> None:
    thread(tmp_path, 1, slept=40)
    dealt = asyncio.Event()

    async def has_dealt() -> None:
        await dealt.wait()

    async with Relay("{}:{}".format(*server.address), proc=tmp_path) as relay:
        relay.spare(PID, has_dealt)
        phone.transport.sendto(b"INVITE", host_and_port(relay.address))
        _, router = await server.next()
        async with relay.turn():  # a command
            server.transport.sendto(b"200", router)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await phone.got.get()
        assert (await phone.next())[0] == b"200"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), relay.turn():
                raise AssertionError("before the phone has dealt with the message")
        dealt.set()
        async with relay.turn():
            assert phone.got.empty()


async def test_a_thread_that_never_sleeps_does_not_stop_it_for_good(tmp_path: Path) -> None:
    thread(tmp_path, 1, slept=0)
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(LIMIT_S):
        await rested(PID, tmp_path)
    assert asyncio.get_running_loop().time() - began >= RESTED_LIMIT_S


async def test_the_threads_of_a_real_program_are_read() -> None:
    """The kernel's words are those that are looked for: a process of one thread that sleeps and wakes is at rest."""
    process = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.01; sleep 0.01; sleep 60")
    try:
        status = PROC / str(process.pid) / "task" / str(process.pid) / "status"
        assert SLEPT in await asyncio.to_thread(status.read_text)
        await rested(process.pid)
        words = (await asyncio.to_thread(status.read_text)).partition(SLEPT)[2].split()
        assert int(words[0]) >= SLEEPS
    finally:
        process.kill()
        await process.wait()


async def test_of_a_program_that_is_gone_nothing_is_waited_for() -> None:
    began = asyncio.get_running_loop().time()
    await rested(2**22 + 1)  # beyond the kernel's greatest pid
    assert asyncio.get_running_loop().time() - began < RESTED_LIMIT_S
