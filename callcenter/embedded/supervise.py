"""Keeps one program running: starts or adopts it, sees when it is ready, starts it again when it ends, stops it.

Knows when a program is to run. Must not know what it is (that is `CommandLine` and `Care`) nor how processes work
(see `child.py`).

Theory: the program must outlive a SIGKILL of ours, because calls and data live in it, and must not outlive a normal
stop. So nothing ties its life to ours; its pid file names it beyond doubt, and the next start takes it over. A lock
file, which the kernel drops with its owner, keeps two of us from supervising one program.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from callcenter.embedded.child import Child, CommandLine
from callcenter.errors import ConfigurationError, IllegalTransition, PeerUnavailable, Problem

log = structlog.get_logger(__name__)

READY_LIMIT_S: Final = 60.0
PROBE_EVERY_S: Final = 0.05
PROBE_LIMIT_S: Final = 5.0
FIRST_BACKOFF_S: Final = 0.5
BACKOFF_MAX_S: Final = 30.0
STABLE_AFTER_S: Final = 60.0
STOP_LIMIT_S: Final = 20.0
LOG_SIZE_MAX: Final = 10_000_000
LOG_CHECK_EVERY_S: Final = 30.0
LOG_TAIL_BYTES: Final = 2_000


class ChildState(StrEnum):
    """Where a supervised program stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    BACKING_OFF = "backing off"
    STOPPING = "stopping"


class ChildInput(StrEnum):
    """What moves it."""

    START = "start"
    ANSWERED = "answered"
    ENDED = "ended"
    DELAY_OVER = "delay over"
    STOP = "stop"
    GONE = "gone"


S, I = ChildState, ChildInput  # noqa: E741
TRANSITIONS: Final[Mapping[tuple[ChildState, ChildInput], ChildState]] = {
    (S.STOPPED, I.START): S.STARTING,
    (S.STARTING, I.ANSWERED): S.READY,
    (S.STARTING, I.ENDED): S.BACKING_OFF,
    (S.READY, I.ENDED): S.BACKING_OFF,
    (S.BACKING_OFF, I.DELAY_OVER): S.STARTING,
    (S.STARTING, I.STOP): S.STOPPING,
    (S.READY, I.STOP): S.STOPPING,
    (S.BACKING_OFF, I.STOP): S.STOPPING,
    (S.STOPPING, I.GONE): S.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """How a program wants to be treated."""

    ready: Callable[[], Awaitable[bool]]  # asked again and again until it says yes; must not raise
    before_start: Callable[[], None] | None = None  # clears the way for each new run; short, may raise OSError
    ask_to_stop: Callable[[], Awaitable[None]] | None = None  # the polite way, before any signal
    stop_signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, STOP_LIMIT_S),)  # then SIGKILL
    ready_limit_s: float = READY_LIMIT_S
    asked_limit_s: float = STOP_LIMIT_S
    first_backoff_s: float = FIRST_BACKOFF_S
    backoff_max_s: float = BACKOFF_MAX_S
    stable_after_s: float = STABLE_AFTER_S  # ready for so long: the next failure counts as the first again
    start_tries: int = 1  # how often `start` itself tries before it gives up
    log_size_max: int = LOG_SIZE_MAX
    log_check_every_s: float = LOG_CHECK_EVERY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStatus:
    """What `status` shows of a program."""

    name: str
    state: ChildState
    pid: int | None
    adopted: bool  # an earlier run of ours started it
    restarts: int  # since our own start
    last_exit: int | None  # exit code, or minus the signal; None if not known
    log_file: Path


class Supervisor:
    """Keeps one program running between `start` and `stop`."""

    def __init__(
        self,
        name: str,
        line: CommandLine,
        care: Care,
        *,
        state_folder: Path,
        log_folder: Path,
        changed: Callable[[ChildStatus], None] | None = None,
    ) -> None:
        """`state_folder` gets NAME.pid and NAME.lock, `log_folder` NAME.log; `changed` is told of every new state."""
        self._name = name
        self._line = line
        self._care = care
        self._pid_file = state_folder / f"{name}.pid"
        self._lock_file = state_folder / f"{name}.lock"
        self._log_file = log_folder / f"{name}.log"
        self._changed = changed
        self._state = ChildState.STOPPED
        self._child: Child | None = None
        self._watch: asyncio.Task[None] | None = None
        self._lock: int | None = None
        self._restarts = 0
        self._last_exit: int | None = None

    def status(self) -> ChildStatus:
        """How it stands now."""
        child = self._child
        return ChildStatus(
            name=self._name,
            state=self._state,
            pid=child.pid if child is not None and not child.gone else None,
            adopted=child is not None and child.adopted,
            restarts=self._restarts,
            last_exit=self._last_exit,
            log_file=self._log_file,
        )

    async def start(self) -> None:
        """Adopt the program if it still runs, else start it; return when it is ready, and keep it running from then on.

        Raises PeerUnavailable with the end of its log if it does not get ready, ConfigurationError if another of us
        supervises it already. After an error the program does not run.
        """
        for folder in (self._pid_file.parent, self._log_file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._take_lock()
        self._enter(ChildInput.START)
        try:
            if not (await self._adopt() or await self._start_first()):
                raise PeerUnavailable(f"{self._name} did not get ready: {self._log_tail()}")
        except BaseException:
            await self._end_child()
            self._enter(ChildInput.STOP)
            self._over()
            raise
        self._watch = asyncio.create_task(self._keep(), name=f"supervise {self._name}")

    async def stop(self) -> None:
        """Stop the program, politely first, and return when it is gone. Nothing happens if it is stopped."""
        if self._state is ChildState.STOPPED:
            return
        await self._end_watch()
        self._enter(ChildInput.STOP)
        try:
            await self._end_child()
        finally:
            self._over()

    async def leave(self) -> None:
        """Stop supervising and let the program run on: the next `start`, of whichever process, adopts it."""
        await self._end_watch()
        if self._child is not None:
            self._child.leave()
        self._drop_lock()

    # starting

    def _take_lock(self) -> int:
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ConfigurationError(
                [
                    Problem(
                        where=str(self._lock_file),
                        what=f"another call center already runs {self._name} from this folder",
                        remedy="stop that one first",
                    )
                ]
            ) from None
        return descriptor

    async def _adopt(self) -> bool:
        self._child = Child.adopt(self._pid_file)
        if self._child is None:
            return False
        if await self._gets_ready(self._child):
            log.info("adopted", program=self._name, pid=self._child.pid)
            return True
        log.warning("does not answer; starting it anew", program=self._name, pid=self._child.pid)
        await self._end_child()
        return False

    async def _start_first(self) -> bool:
        for attempt in range(self._care.start_tries):
            if attempt:
                await asyncio.sleep(self._backoff_s(attempt - 1))
            if await self._start_once():
                return True
        return False

    async def _start_once(self) -> bool:
        """Start it; whether it got ready. If not, it is gone."""
        await self._cap_log()
        try:
            if self._care.before_start is not None:
                self._care.before_start()
            self._child = Child.start(self._line, pid_file=self._pid_file, log_file=self._log_file)
        except OSError as broken:
            log.error("does not start", program=self._name, error=str(broken))
            return False
        if await self._gets_ready(self._child):
            log.info("ready", program=self._name, pid=self._child.pid)
            return True
        await self._end_child()
        return False

    async def _gets_ready(self, child: Child) -> bool:
        """Ask until it answers, ends, or its time is over."""
        deadline = time.monotonic() + self._care.ready_limit_s
        while not child.gone and time.monotonic() < deadline:
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE_LIMIT_S):
                    if await self._care.ready():
                        self._enter(ChildInput.ANSWERED)
                        return True
            await child.ended_within(PROBE_EVERY_S)
        return False

    # watching

    async def _keep(self) -> None:
        """Start it again whenever it ends; later each time it did not last."""
        failures = 0
        while True:
            ready_at = time.monotonic()
            await self._until_it_ends()
            if time.monotonic() - ready_at >= self._care.stable_after_s:
                failures = 0
            ready = False
            while not ready:
                self._enter(ChildInput.ENDED)
                await asyncio.sleep(self._backoff_s(failures))
                failures += 1
                self._enter(ChildInput.DELAY_OVER)
                self._restarts += 1
                ready = await self._start_once()

    async def _until_it_ends(self) -> None:
        child = self._child
        while child is not None and not await child.ended_within(self._care.log_check_every_s):
            await self._cap_log()
        if child is not None:
            self._last_exit = child.exit_code
            log.warning("ended", program=self._name, pid=child.pid, exit_code=child.exit_code)

    def _backoff_s(self, failures: int) -> float:
        """first, twice the first, four times ..., up to the most."""
        return min(self._care.backoff_max_s, self._care.first_backoff_s * 2.0 ** min(failures, 30))

    # ending

    async def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait({watch})
            if not watch.cancelled():
                watch.result()  # it does not end by itself: what stopped it is our bug and must be seen

    async def _end_child(self) -> None:
        child = self._child
        if child is None:
            return
        if not child.gone and self._care.ask_to_stop is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._care.asked_limit_s):
                    await self._care.ask_to_stop()
                    await child.ended()
        await child.end(self._care.stop_signals)
        self._last_exit = child.exit_code
        self._child = None
        self._pid_file.unlink(missing_ok=True)

    def _over(self) -> None:
        self._enter(ChildInput.GONE)
        self._drop_lock()

    def _drop_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _enter(self, input_: ChildInput) -> None:
        state = TRANSITIONS.get((self._state, input_))
        if state is None:
            raise IllegalTransition(f"{self._name}: {input_} while {self._state}")
        self._state = state
        if self._changed is not None:
            self._changed(self.status())

    # its log

    async def _cap_log(self) -> None:
        """Keep the newest LOG_SIZE_MAX bytes at most in NAME.log and as many again in NAME.log.1.

        The program has the file open for appending, so it is copied and emptied, not renamed; what it writes in
        between is lost, which is the price of a child that outlives us.
        """
        try:
            if self._log_file.stat().st_size > self._care.log_size_max:
                older = self._log_file.with_name(f"{self._log_file.name}.1")
                await asyncio.to_thread(shutil.copyfile, self._log_file, older)
                os.truncate(self._log_file, 0)
        except FileNotFoundError:
            return
        except OSError as broken:
            log.warning("log not shortened", program=self._name, error=str(broken))

    def _log_tail(self) -> str:
        try:
            with open(self._log_file, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_TAIL_BYTES))
                return file.read().decode(errors="replace").strip() or "it said nothing"
        except OSError as broken:
            return f"its log cannot be read: {broken.strerror}"
