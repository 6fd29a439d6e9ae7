"""One FastAGI session. Knows how to ask one command at a time and when the caller is gone; knows no routes, no flows.

Theory: one reader takes every line as it comes, also while no command or an hours-long EXEC is under way; so a hangup
or the end of the connection is seen at once. Answers carry no id, therefore a command that is given up on (time-out,
cancellation) takes the session with it: the next answer could be its. Once the session is over, every command raises
AgiEnded, and the script has a moment to end by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from panoramisk.fast_agi import Application, Request

from callcenter.asterisk.agi_wire import (
    AgiEnded,
    AgiNonsense,
    AgiReply,
    AgiRequest,
    AnswerReader,
    Said,
    checked_application,
    checked_line,
    checked_variable,
    render_command,
)
from callcenter.asterisk.ami_wire import quoted
from callcenter.errors import Bug, OutcomeUnknown, PeerRefused

log = structlog.get_logger(__name__)

COMMAND_TIMEOUT_S: Final = 10.0
JUNK_LINES_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AgiLimits:
    """What a peer may cost us."""

    sessions_max: int = 5_000
    header_timeout_s: float = 5.0  # from the connection to the empty line that ends the request
    idle_max_s: float = 600.0  # without a command under way
    hangup_grace_s: float = 5.0  # from HANGUP to the answer of a command under way
    end_grace_s: float = 5.0  # from the end of the session to the end of its script


class AgiSession(Request):  # type: ignore[misc]  # panoramisk carries no types
    """What a script sees of its call."""

    def __init__(
        self,
        app: Application,
        request: AgiRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: AgiLimits,
    ) -> None:
        super().__init__(app, request.variables, reader, writer)
        self.request = request
        self._reader: asyncio.StreamReader = reader
        self._writer: asyncio.StreamWriter = writer
        self._limits = limits
        self._answers = AnswerReader()
        self._answer: asyncio.Future[AgiReply] | None = None
        self._ended = ""  # why the session is over
        self._hangup = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._junk = 0

    @property
    def hung_up(self) -> bool:
        """Whether the channel is known to be gone."""
        return self._hangup.is_set()

    async def wait_hangup(self) -> None:
        """Returns once the caller is gone, by hangup or because the connection ended."""
        await self._hangup.wait()

    async def command(self, name: str, *arguments: str, timeout_s: float | None = COMMAND_TIMEOUT_S) -> AgiReply:
        """One AGI command ("SAY DIGITS", "STREAM FILE"), every argument quoted. `timeout_s` None waits for ever.

        Raises AgiEnded (the session is over), PeerRefused (510, 511, 520; UnsafeText: nothing was sent), or
        OutcomeUnknown (no answer in time: the session is over, as nobody could tell later answers apart).
        """
        return await self.send_command(render_command(name, *arguments), timeout_s=timeout_s)

    async def send_command(self, command: str, timeout_s: float | None = COMMAND_TIMEOUT_S) -> AgiReply:
        """As command(), with a line that is already quoted."""
        line = checked_line(command)
        if self._ended or self.hung_up:
            raise AgiEnded(self._ended or "the caller hung up")
        if self._answer is not None:
            raise Bug("two AGI commands at once on one session")
        answer: asyncio.Future[AgiReply] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._end_after(None)
        try:
            self._writer.write(f"{line}\n".encode("utf-8", "replace"))
            async with asyncio.timeout(timeout_s):
                reply = await answer
        except TimeoutError:
            self.end("a command had no answer in time")
            raise OutcomeUnknown(f"{line.split()[0]}: no answer within {timeout_s:g} s") from None
        except asyncio.CancelledError:
            self.end("a command was given up on")
            raise
        finally:
            self._answer = None
            if not self.hung_up:
                self._end_after(self._limits.idle_max_s, "no command for too long")
        if reply.code == 511:  # "Command Not Permitted on a dead channel or intercept routine"
            self._hear_hangup()
        if reply.code != 200:
            raise PeerRefused(f"{line.split()[0]}: {reply.code} {quoted(reply.text)}")
        return reply

    async def exec_app(self, app: str, args: str = "", *, timeout_s: float | None = None) -> int:
        """Runs a dialplan application; returns its result: 0 is well, -1 failure or hangup. Stasis returns 0 also when
        the caller hung up (seen on 22.10.1); HANGUP follows some milliseconds later.

        `args` are its arguments joined by commas, as in the dialplan. An application may run for hours, so it has no
        time-out unless one is given. Raises PeerRefused if Asterisk has no such application, else as command().
        """
        reply = await self.command("EXEC", checked_application(app), args, timeout_s=timeout_s)
        if reply.result == "-2":
            raise PeerRefused(f"EXEC: Asterisk has no application {app}")
        try:
            return int(reply.result)
        except ValueError:
            raise AgiNonsense(f"EXEC: result {quoted(reply.result)!r}") from None

    async def set_variable(self, name: str, value: str) -> None:
        """Sets a channel variable or writes a dialplan function. Never let outside text be a name."""
        await self.command("SET VARIABLE", checked_variable(name), value)

    async def get_variable(self, name: str) -> str | None:
        """A channel variable or dialplan function; None if it is not set."""
        reply = await self.command("GET VARIABLE", checked_variable(name))
        return (reply.value or "") if reply.result == "1" else None

    # -- life -----------------------------------------------------------------------------------------------------

    async def run(self, script: "Callable[[AgiSession], Awaitable[object]]") -> None:
        """Runs the script to its end, or until the session is over. Raises what the script raises, but AgiEnded."""
        self._end_after(self._limits.idle_max_s, "no command for too long")
        reading = asyncio.create_task(self._read(), name="agi-read")
        acting = asyncio.ensure_future(_run(script, self))
        try:
            await asyncio.wait({reading, acting}, return_when=asyncio.FIRST_COMPLETED)
            if not acting.done():
                await asyncio.wait({acting}, timeout=self._limits.end_grace_s)
            if not acting.done():
                log.warning("agi.script_cancelled", path=self.request.path, channel=self.request.channel)
        finally:
            self.end("the script ended")
            for task in (reading, acting):
                task.cancel()
            await asyncio.gather(reading, acting, return_exceptions=True)
        for task in (reading, acting):
            if not task.cancelled() and (fault := task.exception()) is not None and not isinstance(fault, AgiEnded):
                raise fault

    def end(self, reason: str) -> None:
        """Ends the session now. A command under way raises AgiEnded; the reader sees the end of the connection."""
        if self._ended:
            return
        self._ended = reason
        self._hangup.set()
        self._end_after(None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(AgiEnded(reason))
        self._writer.close()

    def _end_after(self, delay_s: float | None, reason: str = "") -> None:
        """Winds the session's only clock: `None` stops it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if delay_s is not None and not self._ended:
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.end, reason)

    def _hear_hangup(self) -> None:
        """The answer of a command under way still follows, and the script may want to tidy up: both have a limit."""
        if not self.hung_up:
            self._hangup.set()
            self._end_after(self._limits.hangup_grace_s, "the caller hung up")

    async def _read(self) -> None:
        """Takes every line until the connection ends. Whatever the peer sends, it ends the session at most."""
        try:
            while line := await self._reader.readline():
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                whole = line.endswith(b"\n") or text == "HANGUP"  # else the connection ended in mid-line
                if whole:
                    self._take(text)
            reason = "Asterisk ended the connection"
        except (AgiNonsense, ValueError) as fault:  # ValueError: a line above the reader's limit
            reason = f"nonsense from the peer: {fault}"
            log.warning("agi.nonsense", channel=self.request.channel, reason=str(fault))
        except OSError as fault:
            reason = f"the connection broke: {fault}"
        self.end(reason)

    def _take(self, line: str) -> None:
        if line.startswith("HANGUP") and not self._answers.amid:
            self._hear_hangup()
            line = line.removeprefix("HANGUP")  # its line break may have gone the urgent way: the next line is glued
            if not line:
                return
        said = self._answers.feed(line)
        if isinstance(said, AgiReply):
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(said)
                return
            said = Said.JUNK  # an answer to nothing
        if said is Said.JUNK:
            self._junk += 1
            if self._junk > JUNK_LINES_MAX:
                raise AgiNonsense(f"more than {JUNK_LINES_MAX} lines that answer nothing")


async def _run(script: Callable[[AgiSession], Awaitable[object]], session: AgiSession) -> None:
    await script(session)
