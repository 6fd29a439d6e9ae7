"""Making sounds: one at a time per key, a few at a time in all. Knows keys and files; knows no prompts, no languages.

Theory: who wants a sound gets the finished file, or joins whoever is making it already. The making is a task of its
own, so that a caller who hangs up (a cancelled waiter) stops nobody else's sound. A source writes a raw WAV file, by
another program or from a recording; what follows (resampling, loudness) computes, and does so in a thread.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from callcenter.errors import PeerFault
from callcenter.speech.cache import SoundCache
from callcenter.speech.telephone import telephone_sound
from callcenter.speech.wav import read_wav, write_wav

MAKING_AT_ONCE: Final = 2
"""Computing holds the interpreter, so more would only slow each other and the calls down."""
WAITING_MAX: Final = 200
"""Different sounds asked for and not finished; more are refused, as no caller waits that long."""
MAKE_TIMEOUT_S: Final = 60.0
SOUND_VERSION: Final = 1
"""Goes up when `telephone` changes how anything sounds: everything is then made anew."""

Source = Callable[[Path], Awaitable[Path]]
"""Told where it may write; gives the WAV file, which need not be there. Raises PeerFault."""
T = TypeVar("T")


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
        self._threads = ThreadPoolExecutor(MAKING_AT_ONCE, thread_name_prefix="speech")

    async def close(self) -> None:
        """Stop what is being made; whoever waits for it is cancelled."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do something that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def sound(self, key: str, source: Source) -> Path:
        """The finished sound of this key, made from `source` if it is not there.

        Raises PeerFault: what the source raises, BadWav for what it wrote, TooManySounds, MakingTookTooLong.
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
                await self.in_thread(lambda: write_wav(self._cache.path(key), telephone_sound(read_wav(written))))
            except TimeoutError:
                raise MakingTookTooLong(f"no sound within {MAKE_TIMEOUT_S:g} s") from None
            except OSError as error:
                raise PeerFault(f"the sound could not be written or read: {error}") from error
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
