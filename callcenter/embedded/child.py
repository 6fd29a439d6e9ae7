"""A program that lives beside us: started in a session of its own, or found again after our own sudden end.

Knows fork, pid file, pidfd and signals. Must not know when to start it again (see `supervise.py`).
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from callcenter.embedded.account import Account
from callcenter.embedded.pidfile import WRITE_OWN_AND_BECOME, read_pid_file
from callcenter.errors import Bug

KILL_LIMIT_S: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What to run. Secrets do not belong here: everybody on the machine can read it."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    account: Account | None = None  # None: as ourselves; another one only if we are root


class Child:
    """One run of a program, from its start, or from when we found it, to its end."""

    def __init__(self, pid: int, pidfd: int, started: "subprocess.Popen[bytes] | None") -> None:
        self.pid = pid  # also its process group and session
        self.exit_code: int | None = None  # negative: the signal; None also when it was not our own child
        self._pidfd = pidfd
        self._started = started
        self._gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(pidfd, self._ended)

    @property
    def adopted(self) -> bool:
        """Whether an earlier run of ours started it."""
        return self._started is None

    @property
    def gone(self) -> bool:
        """Whether its end has been seen."""
        return self._gone.is_set()

    @classmethod
    def start(cls, line: CommandLine, *, pid_file: Path, log_file: Path) -> Self:
        """Start the program in a session of its own, so that neither our end nor a Ctrl-C of ours reaches it.

        Its output is appended to `log_file`. Raises OSError if it cannot be started; a program that does not exist
        shows as an exit code of 127 and a line in the log.
        """
        account = line.account
        with open(pid_file, "w") as noted, open(log_file, "ab") as log:
            started = subprocess.Popen(
                ["/bin/sh", "-c", WRITE_OWN_AND_BECOME, line.argv[0], *line.argv],
                env=dict(line.environment),
                cwd=line.folder,
                stdin=noted,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                umask=0o077 if account else -1,
            )
        # Until it is reaped, which only `_ended` does, the pid is its own: this cannot be another process.
        return cls(started.pid, os.pidfd_open(started.pid), started)

    @classmethod
    def adopt(cls, pid_file: Path) -> Self | None:
        """The program that `pid_file` names, if it still runs."""
        identity = read_pid_file(pid_file)
        if identity is None:
            return None
        try:
            pidfd = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            return None
        if not identity.lives():  # looked at after the pidfd was opened, so that it cannot change under us
            os.close(pidfd)
            return None
        return cls(identity.pid, pidfd, None)

    async def ended(self) -> None:
        """Wait for its end, without a limit."""
        await self._gone.wait()

    async def ended_within(self, limit_s: float) -> bool:
        """Wait for its end; whether it came in time."""
        try:
            async with asyncio.timeout(limit_s):
                await self._gone.wait()
        except TimeoutError:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program itself; nothing happens if it has ended."""
        if not self.gone:
            try:
                signal.pidfd_send_signal(self._pidfd, number)
            except ProcessLookupError:
                return

    async def end(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn and wait its limit (s) for the end; at last kill it with all it has started."""
        for number, limit_s in steps:
            if self.gone:
                return
            self.send(number)
            if await self.ended_within(limit_s):
                return
        if not self.gone:
            self._kill_group()
            if not await self.ended_within(KILL_LIMIT_S):
                raise Bug(f"process {self.pid} outlived SIGKILL")

    def leave(self) -> None:
        """Stop watching it and let it run on."""
        if not self.gone:
            self._forget()
        if self._started is not None and self._started.returncode is None:
            self._started.returncode = 0  # Popen would complain that a child was left behind; that is the purpose

    def _kill_group(self) -> None:
        # The leader lives (or is not reaped), so the group's number is still its own.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.send(signal.SIGKILL)

    def _ended(self) -> None:
        if self._started is not None:
            self.exit_code = self._started.wait()
        self._forget()
        self._gone.set()

    def _forget(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
