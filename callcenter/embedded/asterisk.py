"""An Asterisk of our own: its folders, its start and its stop.

Knows the program and its control socket. Must not know what the configuration folder says: somebody else renders it,
with the folders of `AsteriskLayout` in its asterisk.conf.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from callcenter.embedded.child import CommandLine
from callcenter.embedded.folders import private_folder, socket_folder
from callcenter.embedded.pidfile import read_pid_file
from callcenter.embedded.programs import AsteriskRoot
from callcenter.embedded.supervise import Care, ChildStatus, Supervisor
from callcenter.errors import OutcomeUnknown, PeerUnavailable

log = structlog.get_logger(__name__)

NAME: Final = "asterisk"
SPOOLED: Final = ("monitor", "recording")  # below astspooldir; Asterisk makes only the first by itself
CONTROL_SOCKET: Final = "asterisk.ctl"
READY_LIMIT_S: Final = 60.0
COMMAND_LIMIT_S: Final = 10.0
BOOTED_LIMIT_S: Final = 4.0
ASKED_TO_STOP_LIMIT_S: Final = 10.0
TERMINATED_LIMIT_S: Final = 10.0
BOOTED: Final = "fully booted"
LATE_COMMAND: Final = "core show version"  # is known, like the one that stops it, a moment after it calls itself booted
NOT_RUNNING: Final = "Unable to connect to remote asterisk"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskLayout:
    """Asterisk's folders, by the names they have in asterisk.conf; all absolute."""

    astetcdir: Path  # the configuration folder itself
    astmoddir: Path
    astdatadir: Path  # read only: sounds, music, documentation
    astvarlibdir: Path
    astkeydir: Path
    astdbdir: Path
    astspooldir: Path  # recordings lie below it
    astrundir: Path  # control socket; short enough for a unix socket
    astlogdir: Path

    @property
    def control_socket(self) -> Path:
        """The unix socket of the command line."""
        return self.astrundir / CONTROL_SOCKET


def layout_for(root: AsteriskRoot, *, conf: Path, var: Path) -> AsteriskLayout:
    """The folders of the Asterisk that keeps its state below `var` and is configured in `conf`; they are made.

    All are private: recordings are personal data, and who can reach the control socket has a shell.
    """
    kept = private_folder(var.absolute() / "asterisk")
    spool = private_folder(kept / "spool")
    for folder in SPOOLED:
        private_folder(spool / folder)
    return AsteriskLayout(
        astetcdir=conf.absolute(),
        astmoddir=root.modules,
        astdatadir=root.shared,
        astvarlibdir=private_folder(kept / "lib"),
        astkeydir=private_folder(kept / "keys"),
        astdbdir=private_folder(kept / "db"),
        astspooldir=spool,
        astrundir=socket_folder(kept / "run", CONTROL_SOCKET),
        astlogdir=private_folder(kept / "log"),
    )


def asterisk_lives(var: Path) -> bool:
    """Whether the Asterisk of an earlier run still runs, so that its ports are held and it will be adopted."""
    identity = read_pid_file(_state_folder(var) / f"{NAME}.pid")
    return identity is not None and identity.lives()


def _state_folder(var: Path) -> Path:
    return var.absolute() / "state"


class EmbeddedAsterisk:
    """One Asterisk, run as ourselves under a supervisor."""

    def __init__(
        self,
        root: AsteriskRoot,
        layout: AsteriskLayout,
        *,
        var: Path,
        changed: Callable[[ChildStatus], None] | None = None,
    ) -> None:
        """`var` gets state/asterisk.pid and log/asterisk.log (what it prints; its own logs are in astlogdir)."""
        self._root = root
        self._layout = layout
        self._conf = layout.astetcdir / "asterisk.conf"
        line = CommandLine(
            argv=tuple(root.argv(["-f", "-C", str(self._conf)])),
            environment=root.environment(),
            folder=layout.astvarlibdir,
        )
        care = Care(
            ready=self._booted,
            ask_to_stop=self._ask_to_stop,
            asked_limit_s=ASKED_TO_STOP_LIMIT_S,
            stop_signals=((signal.SIGTERM, TERMINATED_LIMIT_S),),
            ready_limit_s=READY_LIMIT_S,
        )
        self._supervisor = Supervisor(
            NAME, line, care, state_folder=_state_folder(var), log_folder=var.absolute() / "log", changed=changed
        )

    async def start(self) -> None:
        """Start or adopt it; return when it is fully booted. Raises PeerUnavailable if it does not boot."""
        await self._supervisor.start()

    async def stop(self) -> None:
        """Stop it; calls that are up end. Nothing happens if it was not started."""
        await self._supervisor.stop()

    async def leave(self) -> None:
        """Let it run on, with its calls, for the next start."""
        await self._supervisor.leave()

    def status(self) -> ChildStatus:
        """How it stands."""
        return self._supervisor.status()

    async def command(self, text: str, *, limit_s: float = COMMAND_LIMIT_S) -> str:
        """What Asterisk's command line answers to `text`.

        Raises PeerUnavailable if it does not run, OutcomeUnknown if it did not answer in time.
        """
        asked = await asyncio.create_subprocess_exec(
            *self._root.argv(["-C", str(self._conf), "-rx", text]),
            env=self._root.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(limit_s):
                said, _ = await asked.communicate()
        except TimeoutError:
            raise OutcomeUnknown(f"asterisk did not answer `{text}` within {limit_s:.0f} s") from None
        finally:
            if asked.returncode is None:
                with suppress(ProcessLookupError):
                    asked.kill()
                await asked.wait()
        answer = said.decode(errors="replace")
        if NOT_RUNNING in answer:
            raise PeerUnavailable("asterisk does not run")
        return answer

    async def _booted(self) -> bool:
        if not self._layout.control_socket.exists():
            return False
        try:
            booted = BOOTED in await self.command("core waitfullybooted", limit_s=BOOTED_LIMIT_S)
            return booted and (await self.command(LATE_COMMAND, limit_s=BOOTED_LIMIT_S)).startswith("Asterisk ")
        except (PeerUnavailable, OutcomeUnknown, OSError):
            return False

    async def _ask_to_stop(self) -> None:
        try:
            await self.command("core stop now")
        except (PeerUnavailable, OutcomeUnknown, OSError) as broken:
            log.info("asterisk does not take the order to stop; signals follow", why=str(broken))
