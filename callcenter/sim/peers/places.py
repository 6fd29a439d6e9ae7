"""Ports, folders and processes of peers. Knows how to start a program and be rid of it; knows no SIP."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from callcenter.embedded.ports import FIRST_PORT, LAST_PORT, Kind, Range, free
from callcenter.errors import PeerUnavailable

LOOPBACK: Final = "127.0.0.1"
TRIES_MAX: Final = 500
LARGE_PORTS: Final = 100
LARGE_TO: Final = 28_000
"""Ranges of at least so many ports lie below, the others above: many small ones would leave no room for a large one."""
RECENT_MAX: Final = 50  # small ranges given out whose owner may not have bound them yet
RECENT_LARGE_MAX: Final = 4  # likewise, large ones: an Asterisk binds a port of its range when it needs it
STOP_LIMIT_S: Final = 5.0
OUTPUT_TAIL: Final = 1500

_recent: list[Range] = []
_recent_large: list[Range] = []


def free_ports(size: int, kind: Kind, *, taken_max: int = 0) -> int:
    """The first, an even number, of `size` consecutive ports that are free and were not given out lately.

    `taken_max` of them may be in use, for an Asterisk, which passes over them; SIPp does not. Raises PeerUnavailable
    if none are found.
    """
    large = size >= LARGE_PORTS
    known, known_max = (_recent_large, RECENT_LARGE_MAX) if large else (_recent, RECENT_MAX)
    begin, end = (FIRST_PORT, LARGE_TO) if large else (LARGE_TO, LAST_PORT)
    while True:
        for _ in range(TRIES_MAX):
            first = begin + secrets.randbelow(end - begin - size)
            wanted = Range(first=first - first % 2, size=size)
            if not any(wanted.meets(other) for other in known) and free(wanted, kind, taken_max):
                known.append(wanted)
                del known[:-known_max]
                return wanted.first
        if not known:
            raise PeerUnavailable(f"found no {size} free ports")
        del known[0]  # the oldest has been bound by now, or is not wanted any more


def give_back(first: int) -> None:
    """The ports that begin with this one are not needed any more."""
    for given in (_recent, _recent_large):
        given[:] = [known for known in given if known.first != first]


@asynccontextmanager
async def running(
    argv: Sequence[str], environment: Mapping[str, str], *, folder: Path, output: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program, from its start to its end: asked to stop, then killed, when the context is left."""
    with output.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(environment),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process, first: signal.Signals = signal.SIGTERM) -> None:
    """Stop the program and return when it is gone."""
    for number in (first, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_LIMIT_S):
                await process.wait()
    await process.wait()


def tail(output: Path) -> str:
    """The end of what a program printed."""
    try:
        return output.read_text(errors="replace")[-OUTPUT_TAIL:]
    except OSError:
        return "it printed nothing"
