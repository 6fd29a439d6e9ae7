"""Recordings that were opened lately: whoever hears one in pieces has it decoded once. Knows files without names.

Theory: a player asks for a range, then for the next, and jumps. Opening a recording of an hour takes from 0.7 s (WAV)
to 20 s (Opus), and a range of it must not. So the WAV stays open for a while after it was last asked for: without a
name in the folder of work, in pieces that its reader takes from a description of its own. What holds for the recording
(is it there, has it been removed) is asked by whoever comes here, each time.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from callcenter.model.ids import RecordingId

KEPT_S: Final = 300.0  # after it was last asked for
OPENED_MAX: Final = 8  # recordings at a time; who was asked for longest ago goes
OPENED_BYTES_MAX: Final = 1_000_000_000  # of all of them: more than one is closed until it is so


@dataclass(slots=True)
class _Opened:
    file: int  # a descriptor: closed by us or with the process
    size: int
    heard_by: set[str] = field(default_factory=set)
    end: asyncio.TimerHandle | None = None


class Hearing:
    """What was opened lately, by recording."""

    def __init__(self) -> None:
        self._opened: dict[RecordingId, _Opened] = {}  # who was asked for longest ago first
        self._one_at_a_time: dict[RecordingId, asyncio.Lock] = {}

    async def opened(
        self, recording: RecordingId, by: str, make: Callable[[], Awaitable[BinaryIO | None]]
    ) -> tuple[BinaryIO | None, bool]:
        """The WAV, from its beginning, and whether it is the first time lately that this one hears it.

        `make` opens it if nobody has; it is asked once however many come at a time. None, as it says: there is none.
        """
        async with self._one_at_a_time.setdefault(recording, asyncio.Lock()):
            known = self._opened.pop(recording, None)
            if known is None:
                made = await make()
                if made is None:
                    self._one_at_a_time.pop(recording, None)
                    return None, False
                with made:
                    known = _Opened(os.dup(made.fileno()), os.fstat(made.fileno()).st_size)
            self._keep(recording, known)
            first = by not in known.heard_by
            known.heard_by.add(by)
            return _another(known.file), first

    def forget(self, recording: RecordingId) -> None:
        """It is gone, or is to be opened anew."""
        known = self._opened.pop(recording, None)
        self._one_at_a_time.pop(recording, None)
        if known is not None:
            if known.end is not None:
                known.end.cancel()
            os.close(known.file)

    def _keep(self, recording: RecordingId, known: _Opened) -> None:
        if known.end is not None:
            known.end.cancel()
        known.end = asyncio.get_running_loop().call_later(KEPT_S, self.forget, recording)
        self._opened[recording] = known
        while len(self._opened) > 1 and (
            len(self._opened) > OPENED_MAX or sum(one.size for one in self._opened.values()) > OPENED_BYTES_MAX
        ):
            self.forget(next(iter(self._opened)))


def _another(file: int) -> BinaryIO:
    """The same file with a place of its own, which a copy of the descriptor would not have."""
    return open(f"/proc/self/fd/{file}", "rb")
