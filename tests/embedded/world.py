"""What the tests of the embedded parts share: a small program to supervise, and a way to wait for facts."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from callcenter.embedded.child import CommandLine
from callcenter.embedded.supervise import Care, ChildState, ChildStatus, Supervisor

ROOT = Path(__file__).parents[2]
FACT_LIMIT_S = 20.0
LOOK_EVERY_S = 0.01

PROGRAM = """\
import os, pathlib, signal, sys, time
folder, *habits = sys.argv[1:]
if "stubborn" in habits:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("hello from", os.getpid(), flush=True)
if "dies" in habits:
    sys.exit("cannot go on")
if "talks" in habits:
    print("x" * 5000, flush=True)
if "parent" in habits and os.fork() == 0:
    pathlib.Path(folder, "grandchild").write_text(str(os.getpid()))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
pathlib.Path(folder, "ready.new").write_text(str(os.getpid()))
if "mute" not in habits:
    os.rename(pathlib.Path(folder, "ready.new"), pathlib.Path(folder, "ready"))
time.sleep(600)
"""
"""Says it is ready by writing its pid; has bad habits on request."""


async def fact(holds: Callable[[], bool], what: str, within_s: float = FACT_LIMIT_S) -> None:
    """Wait until something outside this process is so; it tells us by nothing else."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(LOOK_EVERY_S)


def runs(pid: int) -> bool:
    """Whether a process runs (one that only waits to be reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@dataclass
class Watcher:
    """Collects what a supervisor tells, and waits for a state."""

    told: list[ChildStatus] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, status: ChildStatus) -> None:
        self.told.append(status)
        self._news.set()

    @property
    def states(self) -> list[ChildState]:
        return [status.state for status in self.told]

    async def until(self, state: ChildState, *, times: int = 1) -> ChildStatus:
        async with asyncio.timeout(FACT_LIMIT_S):
            while self.states.count(state) < times:
                self._news.clear()
                await self._news.wait()
        return [status for status in self.told if status.state is state][times - 1]


@dataclass
class Kennel:
    """A folder with one small program and its supervisor's files."""

    folder: Path
    watcher: Watcher = field(default_factory=Watcher)
    made: list[Supervisor] = field(default_factory=list)

    @property
    def pid_file(self) -> Path:
        return self.folder / "state/dog.pid"

    @property
    def log_file(self) -> Path:
        return self.folder / "log/dog.log"

    def pid(self) -> int:
        """The pid that the program itself wrote."""
        return int((self.folder / "ready").read_text())

    def supervisor(
        self,
        *habits: str,
        ready_limit_s: float = FACT_LIMIT_S,
        stop_limit_s: float = FACT_LIMIT_S,
        log_size_max: int = 10**6,
    ) -> Supervisor:
        made = supervisor_of(
            self.folder,
            habits,
            changed=self.watcher,
            ready_limit_s=ready_limit_s,
            stop_limit_s=stop_limit_s,
            log_size_max=log_size_max,
        )
        self.made.append(made)
        return made


def supervisor_of(
    folder: Path,
    habits: tuple[str, ...] = (),
    *,
    changed: Callable[[ChildStatus], None] | None = None,
    ready_limit_s: float = FACT_LIMIT_S,
    stop_limit_s: float = FACT_LIMIT_S,
    log_size_max: int = 10**6,
) -> Supervisor:
    """A supervisor of the small program; also used by the process that is killed."""
    program = folder / "dog.py"
    program.write_text(PROGRAM)

    async def ready() -> bool:
        try:
            return runs(int((folder / "ready").read_text()))
        except (OSError, ValueError):
            return False

    return Supervisor(
        "dog",
        CommandLine(
            argv=(sys.executable, "-S", "-E", str(program), str(folder), *habits),
            environment={"PATH": "/usr/bin:/bin"},
            folder=folder,
        ),
        Care(
            ready=ready,
            ready_limit_s=ready_limit_s,
            stop_signals=((signal.SIGTERM, stop_limit_s),),
            first_backoff_s=0.02,
            backoff_max_s=0.05,
            log_size_max=log_size_max,
            log_check_every_s=0.02,
        ),
        state_folder=folder / "state",
        log_folder=folder / "log",
        changed=changed,
    )


@asynccontextmanager
async def another_of_us(code: str, folder: Path) -> AsyncIterator[tuple[list[str], Callable[[], None]]]:
    """A process that starts something below `folder`, says so in one line of words, and lives until it is killed.

    Gives the words and what kills it.
    """
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, str(folder)), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert owner.stderr is not None
    try:
        yield (await owner.stderr.readline()).decode().split(), owner.kill
    finally:
        if owner.returncode is None:
            owner.kill()
        await owner.wait()


def kill(pid: int) -> None:
    """End a process that a test started; it may have ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
