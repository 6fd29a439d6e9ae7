"""Puts proven recordings away, step by step, and removes those whose time is over. Knows which step comes next.

Theory of operation in `model/sealed.py`. What a step does to files is the workshop's, what is on record the rows'. One
file is worked on at a time, in a thread of low priority: a recording may wait, a call may not.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeVar, assert_never

import msgspec
import structlog

from callcenter.errors import PeerFault
from callcenter.model.ids import RecordingId
from callcenter.model.sealed import Deed, SealedFile, Step
from callcenter.sealing.workshop import Workshop

EVERY_S: Final = 5.0  # between two looks for work
EXPIRED_EVERY_S: Final = 3_600.0
AGAIN_FIRST_S: Final = 5.0
AGAIN_MAX_S: Final = 3_600.0
NICENESS: Final = 10
DAY_S: Final = 86_400.0
RETENTION: Final = "retention"

Made = TypeVar("Made")

log = structlog.get_logger(__name__)


class Claim(Protocol):
    """One file that nobody else works on."""

    file: SealedFile

    async def move(self, deed: Deed, changed: SealedFile, *, place: str | None = None) -> SealedFile: ...

    async def condemn(self, by: str, why: str) -> bool: ...

    async def stuck(self, problem: str, again_s: float) -> None: ...


class Files(Protocol):
    """The rows, as this job needs them."""

    async def take(self) -> None: ...

    async def due(self) -> tuple[RecordingId, ...]: ...

    def claimed(self, recording: RecordingId) -> AbstractAsyncContextManager[Claim | None]: ...

    async def expired(self, queue: str | None, others: tuple[str, ...], before: float) -> tuple[RecordingId, ...]: ...

    async def behind(self) -> tuple[int, int]: ...


class Retention(Protocol):
    """How long recordings are kept, in days, by queue; `None` is for those of no queue. What is missing stays."""

    def __call__(self) -> Mapping[str | None, float]: ...


class Sealer:
    """One step after the other until nothing is left to be done. For the job, and for commands."""

    def __init__(self, files: Files, workshop: Workshop) -> None:
        self._files = files
        self.workshop = workshop
        self._threads = ThreadPoolExecutor(1, "sealing", initializer=_step_back)

    def close(self) -> None:
        """End what runs, soon."""
        self.workshop.halted.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def bring_on(self, recording: RecordingId) -> None:
        """Do everything that can be done for one file. What goes wrong is on record, and tried again later."""
        async with self._files.claimed(recording) as claim:
            if claim is None:
                return
            try:
                while await self._advance(claim):
                    pass
            except (OSError, PeerFault) as fault:
                again_s = min(AGAIN_FIRST_S * 2 ** min(claim.file.tries, 20), AGAIN_MAX_S)
                step, problem = claim.file.step, str(fault)
                log.warning("a recording comes no further", recording=recording, step=step, problem=problem)
                await claim.stuck(str(fault), again_s)

    async def remove(self, recording: RecordingId, by: str, why: str) -> bool:
        """Remove a recording and every copy of it. False if somebody holds it, or it is gone already."""
        async with self._files.claimed(recording) as claim:
            if claim is None or not await claim.condemn(by, why):
                return False
            while await self._advance(claim):
                pass
        return True

    async def rewrap(self, recording: RecordingId) -> bool:
        """Seal a kept recording with the current key. False if it is already, is not kept any more, or not sealed."""
        async with self._files.claimed(recording) as claim:
            if claim is None or claim.file.step is not Step.KEPT or not claim.file.key:
                return False
            if claim.file.stale:
                await self._drop_stale(claim)
            changed = await self.in_thread(lambda: self.workshop.rewrapped(claim.file))
            if changed is None:
                return False
            await claim.move(Deed.REWRAPPED, changed, place=self.workshop.store.place(changed.name))
            await self._drop_stale(claim)
        return True

    async def in_thread(self, work: Callable[[], Made]) -> Made:
        """Run file work beside the calls. Who is cancelled waits for the thread, which is told to end."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self.workshop.halted.set()
            await asyncio.wait({future})
            raise

    async def _advance(self, claim: Claim) -> bool:
        """One step; False when there is none."""
        file, shop = claim.file, self.workshop
        match file.step:
            case Step.TAKEN:
                await claim.move(Deed.PREPARED, await self.in_thread(lambda: shop.prepare(file)))
            case Step.PREPARED:
                if await self.in_thread(lambda: shop.put(file)):
                    await claim.move(Deed.STORED, file, place=shop.store.place(file.name))
                else:
                    await claim.move(Deed.SPOILT, file)
            case Step.STORED:
                if await self.in_thread(lambda: shop.is_stored(file)):
                    await self.in_thread(lambda: shop.clear(file))
                    await claim.move(Deed.CLEARED, file)
                else:
                    await claim.move(Deed.SPOILT, file, place=file.source)
            case Step.KEPT:
                if not file.stale:
                    return False
                await self._drop_stale(claim)
            case Step.REMOVING:
                await self.in_thread(lambda: shop.remove(file))
                await claim.move(Deed.REMOVED, file, place="")
            case Step.REMOVED:
                return False
            case _:
                assert_never(file.step)
        return True

    async def _drop_stale(self, claim: Claim) -> None:
        """The copy under an old key goes, once the one under the new key is seen to be whole."""
        file = claim.file
        if not await self.in_thread(lambda: self.workshop.is_stored(file)):
            raise PeerFault(f"{file.name} is not in the store as it should be; {file.stale} is kept")
        await self.in_thread(lambda: self.workshop.store.remove(file.stale))
        await claim.move(Deed.REWRAPPED, _without_stale(file))


class SealingJob:
    """Looks for work now and then. `run` is its task."""

    name = "sealing"

    def __init__(
        self,
        files: Files,
        sealer: Sealer,
        retention: Retention,
        now: Callable[[], float],
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._files = files
        self._sealer = sealer
        self._retention = retention
        self._now = now
        self._every_s = every_s
        self._expired_next = 0.0
        self._problem = ""
        self._underway = self._stuck = 0

    def health(self) -> Mapping[str, object]:
        """How many files are on their way, how many of them meet a problem, and what keeps all of them."""
        return {"underway": self._underway, "stuck": self._stuck, "problem": self._problem}

    async def run(self) -> None:
        """Until cancelled. A database or a disk that is away is waited for."""
        try:
            while True:
                try:
                    await self.round()
                    self._problem = ""
                except (OSError, PeerFault) as fault:
                    if not self._problem:
                        log.warning("recordings are not put away", problem=str(fault))
                    self._problem = str(fault)
                await asyncio.sleep(self._every_s)
        finally:
            self._sealer.close()

    async def round(self) -> None:
        """Everything that is due now."""
        await self._files.take()
        for recording in await self._files.due():
            await self._sealer.bring_on(recording)
        if self._now() >= self._expired_next:
            await self.expire()
            self._expired_next = self._now() + EXPIRED_EVERY_S
        self._underway, self._stuck = await self._files.behind()

    async def expire(self) -> int:
        """Remove recordings whose time is over; gives how many."""
        removed = 0
        rules = self._retention()
        queues = tuple(sorted(queue for queue in rules if queue is not None))
        for queue, days in rules.items():
            if days <= 0:
                continue
            before = self._now() - days * DAY_S
            while found := await self._files.expired(queue, queues, before):
                gone = [await self._sealer.remove(one, RETENTION, f"older than {days:g} days") for one in found]
                removed += sum(gone)
                if not any(gone):
                    break
        return removed


def _without_stale(file: SealedFile) -> SealedFile:
    return msgspec.structs.replace(file, stale="")


def _step_back() -> None:
    """This thread gives way to others (Linux has a niceness for each thread: sched(7))."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
