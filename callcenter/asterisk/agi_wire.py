"""FastAGI as lines of text. Knows how a request, a command and an answer are written; knows no socket, no session.

Theory: Asterisk opens with `agi_*: value` lines and an empty line, then answers every command in turn. An answer is
one line (`200 result=...`), except that a usage error (520) goes on until `520 End of proper usage.`, and that a
variable's value may hold line breaks, so that `200 result=1 (` may close only lines later. There is no id: who takes
one line too few or too many reads every later answer wrongly. `HANGUP` stands apart, and not always on a line of its
own: 22.10.1 sends it as any other line, older ones as urgent data (MSG_OOB), and then its line break may be lost.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from callcenter.asterisk.ami_wire import UnsafeText, quoted, refuse_unsafe
from callcenter.errors import PeerFault

HEADERS_MAX: Final = 200
LINE_MAX_BYTES: Final = 32 * 1024  # of one line from Asterisk: a variable's value is the longest there is
ARGUMENTS_MAX: Final = 100  # Asterisk keeps 128 words; some versions overrun their stack at more
COMMAND_MAX_BYTES: Final = 2_000  # Asterisk reads 2,047 bytes of a command (AGI_BUF_LEN)
ANSWER_LINES_MAX: Final = 500  # of one answer: a usage text, or a value with line breaks

_COMMAND: Final = re.compile(r"[A-Za-z]+( [A-Za-z]+)*")
_VARIABLE: Final = re.compile(r"[A-Za-z0-9_]+(\([A-Za-z0-9_,./:@-]*\))?")
_APPLICATION: Final = re.compile(r"[A-Za-z0-9_]+")
_ANSWER: Final = re.compile(r"(?P<code>\d{3})(?P<more>[ -])(?P<text>.*)", re.DOTALL)
_RESULT: Final = re.compile(r"result=(?P<result>\S*)")
_VALUE: Final = re.compile(r"result=\S* \((?P<value>.*)\)", re.DOTALL)
_OPEN_VALUE: Final = re.compile(r"result=\S* \([^)]*")
_UNKNOWN: Final = "unknown"  # what Asterisk writes where the caller gave nothing


class AgiEnded(PeerFault):
    """The session is over: the caller hung up, Asterisk went away, or a limit was reached. A clean end for a script."""


class AgiNonsense(PeerFault):
    """What came over the connection is not FastAGI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgiRequest:
    """What Asterisk says about the call when it opens a session."""

    path: str  # "flow/sales" of agi://host:port/flow/sales?language=vi
    query: tuple[tuple[str, str], ...]  # decoded, in order
    variables: Mapping[str, str]  # every agi_* line, without that prefix

    def parameter(self, name: str, default: str = "") -> str:
        """The (first) value of `name` in the query."""
        return next((value for key, value in self.query if key == name), default)

    def _known(self, name: str) -> str:
        value = self.variables.get(name, "")
        return "" if value == _UNKNOWN else value

    @property
    def channel(self) -> str:
        return self.variables.get("channel", "")

    @property
    def uniqueid(self) -> str:
        return self.variables.get("uniqueid", "")

    @property
    def language(self) -> str:
        return self.variables.get("language", "")

    @property
    def caller_number(self) -> str:
        """As the network gave it, "" if withheld. Outside text: never a name, a path or a part of a command."""
        return self._known("callerid")

    @property
    def caller_name(self) -> str:
        return self._known("calleridname")

    @property
    def dialled(self) -> str:
        return self._known("dnid")

    @property
    def context(self) -> str:
        return self.variables.get("context", "")

    @property
    def extension(self) -> str:
        return self.variables.get("extension", "")

    @property
    def priority(self) -> str:
        return self.variables.get("priority", "")

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the dialplan passed after the address: AGI(agi://...,first,second)."""
        found: list[str] = []
        while (value := self.variables.get(f"arg_{len(found) + 1}")) is not None:
            found.append(value)
        return tuple(found)


def read_request(lines: list[str]) -> AgiRequest:
    """The opening lines, without the empty one, as a request. Raises AgiNonsense if they are no FastAGI."""
    variables: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or not key.startswith("agi_"):
            raise AgiNonsense(f"no agi_ line but {quoted(line)!r}")
        variables[key.removeprefix("agi_")] = value.removeprefix(" ")
    if "network_script" not in variables:
        raise AgiNonsense("no agi_network_script")
    path, _, query = variables["network_script"].partition("?")
    try:
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
    except ValueError as fault:  # more fields than the parser takes
        raise AgiNonsense(f"query: {fault}") from fault
    return AgiRequest(path=path.strip("/"), query=pairs, variables=variables)


def quote(argument: str) -> str:
    """An argument in quotes, as res_agi.c reads it back. Raises UnsafeText: AGI cannot carry a line break."""
    refuse_unsafe(argument, "an argument of an AGI command")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def render_command(name: str, *arguments: str) -> str:
    """One line: the words of the command, then every argument in quotes. Raises UnsafeText."""
    if not _COMMAND.fullmatch(name):
        raise UnsafeText(f"{name[:40]!r} is no AGI command")
    if len(arguments) > ARGUMENTS_MAX:
        raise UnsafeText(f"{name}: more than {ARGUMENTS_MAX} arguments")
    line = " ".join([name, *(quote(each) for each in arguments)])
    return checked_line(line)


def checked_line(line: str) -> str:
    """`line` itself. Raises UnsafeText if it is more than one line, or longer than Asterisk reads."""
    refuse_unsafe(line, "an AGI command")
    if len(line.encode("utf-8", "replace")) > COMMAND_MAX_BYTES:
        raise UnsafeText(f"an AGI command of more than {COMMAND_MAX_BYTES} bytes: {line[:40]!r}...")
    return line


def checked_variable(name: str) -> str:
    """A variable's or function's name, such as LANGUAGE or CHANNEL(language). Raises UnsafeText."""
    if not _VARIABLE.fullmatch(name):
        raise UnsafeText(f"{name[:80]!r} is no name of a variable")
    return name


def checked_application(name: str) -> str:
    """A dialplan application's name. Raises UnsafeText."""
    if not _APPLICATION.fullmatch(name):
        raise UnsafeText(f"{name[:80]!r} is no name of an application")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class AgiReply:
    """Asterisk's answer to one command."""

    code: int  # 200; 510 unknown command, 511 not on a dead channel, 520 usage
    text: str  # what follows the code, of all lines

    @property
    def result(self) -> str:
        """What stands after `result=`: a number, digits, or nothing. "-1" is failure or hangup."""
        found = _RESULT.match(self.text)
        return found["result"] if found else ""

    @property
    def value(self) -> str | None:
        """What stands in brackets after the result: a variable's value, or a remark such as `timeout`."""
        found = _VALUE.match(self.text)
        return found["value"] if found else None

    def attribute(self, name: str) -> str:
        """`endpos` and the like, from behind the brackets, as a value may look like an attribute; "" if absent."""
        pairs = (word.partition("=") for word in self.text.rpartition(")")[2].split())
        return next((value for key, _, value in pairs if key == name), "")


class Said(StrEnum):
    """What a line can be other than an answer."""

    PART = "part"  # of an answer that goes on, or a 100 that asks for patience
    JUNK = "junk"


class AnswerReader:
    """Puts the lines of one session together to answers."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._closes = ""  # "usage" or "value" while an answer goes on

    @property
    def amid(self) -> bool:
        """Whether an answer has begun and not ended."""
        return bool(self._lines)

    def feed(self, line: str) -> AgiReply | Said:
        """Takes one line without its end. Raises AgiNonsense if an answer does not end."""
        if self._lines:
            return self._go_on(line)
        found = _ANSWER.fullmatch(line)
        if found is None:
            return Said.JUNK
        if found["code"] == "100":
            return Said.PART
        if found["code"] == "520" and found["more"] == "-":
            return self._begin(line, "usage")
        if found["code"] == "200" and _OPEN_VALUE.fullmatch(found["text"]):
            return self._begin(line, "value")
        return AgiReply(code=int(found["code"]), text=found["text"])

    def _begin(self, line: str, closes: str) -> Said:
        self._lines.append(line)
        self._closes = closes
        return Said.PART

    def _go_on(self, line: str) -> AgiReply | Said:
        self._lines.append(line)
        if len(self._lines) > ANSWER_LINES_MAX:
            raise AgiNonsense(f"an answer of more than {ANSWER_LINES_MAX} lines")
        ended = line.startswith("520 ") if self._closes == "usage" else ")" in line
        if not ended:
            return Said.PART
        whole, self._lines = "\n".join(self._lines), []
        return AgiReply(code=int(whole[:3]), text=whole[4:])
