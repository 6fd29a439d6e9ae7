"""Making sounds: one at a time per key, a few at a time in all. Knows keys and files; knows no prompts, no languages.

Theory: who wants a sound gets the finished file, or joins whoever is making it already. The making is a task of its
own, so that a caller who hangs up (a cancelled waiter) stops nobody else's sound. A source writes a raw WAV file, by
another program or from a recording; what computes (resampling, loudness) is left to a child process, see `shaping`.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from callcenter.errors import PeerFault
from callcenter.speech.cache import SoundCache
from callcenter.speech.shaping import Shaper

MAKING_AT_ONCE: Final = 2
"""One speaks while another is shaped; more would take the processor from Asterisk."""
WAITING_MAX: Final = 200
"""Different sounds asked for and not finished; more are refused, as no caller waits that long."""
MAKE_TIMEOUT_S: Final = 60.0
SOUND_VERSION: Final = 1
"""Goes up when `telephone` changes how anything sounds: everything is then made anew."""

Source = Callable[[Path], Awaitable[Path]]
"""Told where it may write; gives the WAV file, which need not be there. Raises PeerFault."""


class TooManySounds(PeerFault):
    """More sounds are waiting to be made than anyone would wait for."""


class MakingTookTooLong(PeerFault):
    """A source gave no file in time."""


class SoundMaker:
    """Puts sounds into the cache. Belongs to one event loop; `close` it at the end."""

    def __init__(self, cache: SoundCache) -> None:
        self._cache = cache
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(MAKING_AT_ONCE)
        self._shaper = Shaper()

    async def close(self) -> None:
        """Stop what is being made; whoever waits for it is cancelled."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._shaper.close()

    async def sound(self, key: str, source: Source) -> Path:
        """The finished sound of this key, made from `source` if it is not there.

        Raises PeerFault: what the source raises, BadWav for what it wrote, ShapingFailed, TooManySounds or
        MakingTookTooLong.
        """
        finished = self._cache.find(key)
        if finished is not None:
            return finished
        task = self._tasks.get(key)
        if task is None:
            if len(self._tasks) >= WAITING_MAX:
                raise TooManySounds(f"{len(self._tasks)} sounds are being made already")
            task = asyncio.create_task(self._make(key, source), name=f"sound {key[:8]}")
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._made(key, done))
        await asyncio.shield(task)
        return self._cache.path(key)

    async def _make(self, key: str, source: Source) -> None:
        async with self._turns:
            raw = self._cache.making / f"{key}-{os.getpid()}.wav"
            try:
                async with asyncio.timeout(MAKE_TIMEOUT_S):
                    written = await source(raw)
                await self._shaper.shape(written, self._cache.path(key))
            except TimeoutError:
                raise MakingTookTooLong(f"no sound within {MAKE_TIMEOUT_S:g} s") from None
            finally:
                raw.unlink(missing_ok=True)
            self._cache.add(key)

    def _made(self, key: str, done: asyncio.Task[None]) -> None:
        del self._tasks[key]
        if not done.cancelled():
            done.exception()  # whoever waits gets it; when all have gone, it is of no interest


def key_of(*parts: str) -> str:
    """The name of a sound made of these: 64 hex digits, equal only if all parts are (and SOUND_VERSION is)."""
    return hashlib.sha256(json.dumps([SOUND_VERSION, *parts]).encode()).hexdigest()
