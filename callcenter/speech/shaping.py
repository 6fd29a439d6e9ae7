"""The child process that turns raw sounds into telephone sounds. Knows files; knows no prompts, voices or cache.

Theory: shaping computes for 20 ms per second of speech. In a thread it would share the interpreter with the event loop
and make each of its steps wait (measured: 30 ms instead of 0.03 ms for a message over loopback while prompts are made).
So one child does it, one file at a time, and lives on: starting Python and building a filter take longer than a prompt.
It reads a line of JSON, [raw, final], and writes one, null or what was wrong. It ends when its input does, so it
cannot outlive us. What the child runs is in this file too (`main`): it imports nothing but the standard library and
its two neighbours, and starts in 20 ms.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from callcenter.errors import PeerFault
from callcenter.speech.telephone import telephone_sound
from callcenter.speech.wav import BadWav, read_wav, write_wav

SHAPE_TIMEOUT_S: Final = 60.0
"""Ten minutes of speech, the longest prompt, take about 12 s."""
END_TIMEOUT_S: Final = 5.0

_ROOT: Final = Path(__file__).parents[2]
_CHILD: Final = (
    *(sys.executable, "-I", "-S", "-c"),
    "import sys; sys.path.insert(0, sys.argv[1]); from callcenter.speech.shaping import main; main()",
    str(_ROOT),
)


class ShapingFailed(PeerFault):
    """The child ended, or gave no answer in time."""


class _ChildEnded(ShapingFailed):
    """The child is gone: another may do better."""


class Shaper:
    """Our side of the child, which is started when first needed and again when it has ended. One event loop's."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._child.pid if self._child is not None else None

    async def shape(self, raw: Path, final: Path) -> None:
        """Write the telephone sound of the WAV file `raw` to `final`, all or nothing.

        Raises BadWav (raw is no WAV file that we can read, or a file cannot be opened) or ShapingFailed.
        """
        async with self._turn:
            used_before = self._child is not None
            try:
                fault = await self._shaped(raw, final)
            except _ChildEnded:
                if not used_before:
                    raise
                fault = await self._shaped(raw, final)  # it may have ended long ago, between two files
        if fault is not None:
            raise BadWav(fault)

    async def _shaped(self, raw: Path, final: Path) -> str | None:
        """What was wrong, None if all went well. Raises _ChildEnded, or ShapingFailed if there is no answer in time."""
        child = await self._started()
        try:
            async with asyncio.timeout(SHAPE_TIMEOUT_S):
                return await _asked(child, raw, final)
        except TimeoutError:
            await self._killed()
            raise ShapingFailed(f"{raw}: not done within {SHAPE_TIMEOUT_S:g} s") from None
        except (OSError, EOFError, ValueError) as error:
            await self._killed()
            raise _ChildEnded(f"{raw}: the shaping process ended ({error})") from error
        except asyncio.CancelledError:
            await self._killed()  # its answer would be taken for the next one's
            raise

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            if self._child is not None and self._child.stdin is not None:
                self._child.stdin.close()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._child.wait(), END_TIMEOUT_S)
            await self._killed()

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            try:
                self._child = await asyncio.create_subprocess_exec(
                    *_CHILD,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    start_new_session=True,  # Ctrl-C in our terminal is for us; the child ends with its input
                )
            except OSError as error:
                raise ShapingFailed(f"cannot start {sys.executable}: {error}") from error
        return self._child

    async def _killed(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()


async def _asked(child: asyncio.subprocess.Process, raw: Path, final: Path) -> str | None:
    """What was wrong, None if all went well. Raises EOFError, OSError or ValueError if the child does not answer."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps([str(raw), str(final)]).encode() + b"\n")
    await child.stdin.drain()
    answer = await child.stdout.readline()
    if not answer:
        raise EOFError("no answer")
    fault: str | None = json.loads(answer)
    return fault


def main() -> None:
    """What the child does: a line in, a file made, a line out, until the input ends."""
    os.nice(5)  # calls come first
    for line in sys.stdin:
        raw, final = json.loads(line)
        fault = None
        try:
            write_wav(Path(final), telephone_sound(read_wav(Path(raw))))
        except (BadWav, OSError) as error:
            fault = str(error)
        sys.stdout.write(json.dumps(fault) + "\n")
        sys.stdout.flush()
