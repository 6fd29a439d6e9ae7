"""Asterisk's side of FastAGI: a fake call that connects, opens a session and obeys commands as res_agi.c does.

It keeps the channel's variables and what was executed, reads quoted arguments by Asterisk's rules (written here once
more, from the C source, so that our quoting is checked against another reader), and can hang up, vanish or stutter.
"""

import asyncio
import socket
from collections.abc import Callable

WAIT_S = 5.0
MAX_ARGS = 128

USAGE = "520-Invalid command syntax.  Proper usage follows:\n{}\n520 End of proper usage.\n"
SET_USAGE = " Usage: SET VARIABLE <variablename> <value>\n   \tSets a variable.\n200 is not the start of an answer"


def parse_args(line: str) -> list[str]:
    """The words of a command line, as parse_args() in res_agi.c reads them."""
    words: list[str] = []
    quoted = escaped = False
    whitespace = True
    for character in line:
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and whitespace:
                words.append("")
                whitespace = False
        elif character in " \t" and not quoted and not escaped:
            whitespace = True
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            if whitespace:
                words.append("")
                whitespace = False
            words[-1] += character
        escaped = False
    return words[:MAX_ARGS]


class FakeCall:
    """One call in the dialplan that has reached AGI(agi://...)."""

    def __init__(self, path: str = "flow/sales") -> None:
        self.path = path
        self.variables: dict[str, str] = {"LANGUAGE": "vi"}
        self.executed: list[tuple[str, str]] = []
        self.commands: list[str] = []
        self.busy: asyncio.Event | None = None  # an application waits for this before it returns
        self.hung_up = False
        self.ended = asyncio.Event()  # our server has closed the session
        self.answers: dict[str, Callable[[list[str]], str]] = {}  # raw answers by first word, before the defaults
        self._changed = asyncio.Condition()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._obeying: asyncio.Task[None] | None = None

    def opening(self) -> bytes:
        lines = {
            "network": "yes",
            "network_script": self.path,
            "request": f"agi://127.0.0.1/{self.path}",
            "channel": "PJSIP/anna-00000001",
            "language": "en",
            "type": "PJSIP",
            "uniqueid": "1700000000.1",
            "version": "22.10.1",
            "callerid": "0901234567",
            "calleridname": "unknown",
            "dnid": "1900",
            "context": "in",
            "extension": "1900",
            "priority": "1",
            "arg_1": "first",
            "arg_2": "",
        }
        return ("".join(f"agi_{key}: {value}\n" for key, value in lines.items()) + "\n").encode()

    async def connect(self, port: int, opening: bytes | None = None) -> "FakeCall":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(self.opening() if opening is None else opening)
        self._obeying = asyncio.create_task(self._obey())
        return self

    def hang_up(self, *, urgent: bool = False) -> None:
        """The caller hangs up. `urgent` sends it as older Asterisks do, its last byte out of band."""
        self.hung_up = True
        if urgent:
            sock: socket.socket = self._writer.get_extra_info("socket")
            duplicate = socket.socket(fileno=socket.dup(sock.fileno()))
            with duplicate:
                duplicate.send(b"HANGUP\n", socket.MSG_OOB)
        else:
            self._writer.write(b"HANGUP\n")

    def say(self, raw: bytes) -> None:
        self._writer.write(raw)

    def end(self) -> None:
        """Asterisk ends the connection, as it does when the dialplan goes on."""
        self._writer.write_eof()

    def vanish(self) -> None:
        """Asterisk dies: the connection is reset."""
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        if self._obeying is not None:
            self._obeying.cancel()
            await asyncio.wait({self._obeying})

    async def until_asked(self, commands: int) -> None:
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(lambda: len(self.commands) >= commands)

    async def until_ended(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.ended.wait()

    async def _obey(self) -> None:
        try:
            while line := (await self._reader.readline()).decode():
                self.commands.append(line.rstrip("\n"))
                async with self._changed:
                    self._changed.notify_all()
                self._writer.write((await self._answer(line.rstrip("\n"))).encode())
        except ConnectionError:
            pass  # we vanished, or were cut
        finally:
            self.ended.set()

    async def _answer(self, line: str) -> str:
        words = parse_args(line)
        if words[0] in self.answers:
            return self.answers[words[0]](words)
        match words:
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                return "200 result=1\n"
            case ["SET", "VARIABLE", *_]:
                return USAGE.format(SET_USAGE)
            case ["GET", "VARIABLE", name]:
                return f"200 result=1 ({self.variables[name]})\n" if name in self.variables else "200 result=0\n"
            case ["EXEC", app, *args]:
                return await self._execute(app, "".join(args))
            case ["NOOP", *_]:
                return "200 result=0\n"
            case ["ANSWER"]:
                return (
                    "511 Command Not Permitted on a dead channel or intercept routine\n"
                    if self.hung_up
                    else ("200 result=0\n")
                )
            case _:
                return "510 Invalid or unknown command\n"

    async def _execute(self, app: str, args: str) -> str:
        if app == "NoSuchApp":
            return "200 result=-2\n"
        self.executed.append((app, args))
        if self.busy is not None:
            await self.busy.wait()
        return "200 result=-1\n" if self.hung_up else "200 result=0\n"
