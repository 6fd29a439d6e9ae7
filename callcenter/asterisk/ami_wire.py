"""AMI as bytes. Knows how actions are written, how messages are framed and read; knows no socket and no call center.

Theory: AMI is a greeting line, then blocks of `Key: value` lines that end in an empty line. TCP cuts this stream
anywhere, also inside a UTF-8 character, so a block is decoded only when it is whole. Reading the lines of a block is
panoramisk's work (`Message.from_line`); this file guards what goes in (size) and what comes out (plain strings).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from panoramisk.message import Message

from callcenter.errors import PeerFault, PeerRefused

GREETING: Final = b"Asterisk Call Manager/"
GREETING_MAX_BYTES: Final = 128
MESSAGE_MAX_BYTES: Final = 1024 * 1024  # the longest true ones are outputs of `Command`
LINE_MAX_BYTES: Final = 1000  # Asterisk's buffer is 1,025 bytes a line; it answers a longer one without an ActionID
FIELDS_MAX: Final = 120  # Asterisk reads 128 headers of an action (AST_MAX_MANHEADERS)
QUOTED_MAX_CHARS: Final = 200  # how much of a peer's text an error message repeats

_EOL: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.()-]*")
_UNSAFE: Final = re.compile(r"[\r\n\0]")

Fields = Sequence[tuple[str, str]] | Mapping[str, str]


class UnsafeText(PeerRefused):
    """A text would have been read as protocol, so it was refused on our side: nothing was sent."""


class NotAmi(PeerFault):
    """What answers on the port does not speak AMI, or speaks it without end."""


def refuse_unsafe(text: str, what: str) -> str:
    """`text` itself; UnsafeText if it holds CR, LF or NUL, which would start a new line of the protocol."""
    if _UNSAFE.search(text):
        raise UnsafeText(f"{what} holds a line break or NUL")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiMessage:
    """One block from Asterisk: an event, or the answer to an action. Keys are read in any case."""

    first: Mapping[str, str]  # lower-case key -> its (first) value
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # only keys that came more than once

    def get(self, key: str, default: str = "") -> str:
        """The (first) value of `key`."""
        return self.first.get(key.lower(), default)

    def every(self, key: str) -> tuple[str, ...]:
        """All values of `key`, in order: `ChanVariable`, `Output` and others come more than once."""
        lower = key.lower()
        if lower in self.repeated:
            return self.repeated[lower]
        return (self.first[lower],) if lower in self.first else ()

    def __contains__(self, key: str) -> bool:
        return key.lower() in self.first

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for key, value in self.first.items():
            for each in self.repeated.get(key, (value,)):
                yield key, each

    @property
    def event(self) -> str:
        """Name of the event, "" if this is an answer."""
        return self.first.get("event", "")

    @property
    def response(self) -> str:
        """`Success`, `Error`, `Goodbye`, `Follows`; "" if this is an event."""
        return self.first.get("response", "")

    @property
    def action_id(self) -> str:
        return self.first.get("actionid", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiReply:
    """Asterisk's yes to an action (a no is raised as PeerRefused)."""

    answer: AmiMessage
    items: tuple[AmiMessage, ...] = ()  # the events of a list, without the one that closes it

    @property
    def text(self) -> str:
        """What Asterisk says about it, for people."""
        return self.answer.get("Message")

    @property
    def output(self) -> tuple[str, ...]:
        """Lines printed by a `Command`."""
        return self.answer.every("Output")


class MessageFramer:
    """Cuts the byte stream of one connection into whole blocks of text."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # bytes known to hold no end of a block: one byte at a time must not cost a square
        self._greeted = False

    def feed(self, chunk: bytes) -> list[str]:
        """The blocks that `chunk` completes, in order. Raises NotAmi if the stream is no AMI or a block has no end."""
        self._buffer += chunk
        if not self._greeted and not self._take_greeting():
            return []
        blocks: list[str] = []
        start = 0
        while (end := self._buffer.find(_END, max(start, self._searched))) >= 0:
            block = self._buffer[start:end].decode("utf-8", "replace").lstrip("\r\n")  # stray empty lines do occur
            if block:
                blocks.append(block)
            start = end + len(_END)
        del self._buffer[:start]
        if len(self._buffer) > MESSAGE_MAX_BYTES:
            raise NotAmi(f"a message of more than {MESSAGE_MAX_BYTES} bytes")
        self._searched = max(0, len(self._buffer) - len(_END) + 1)
        return blocks

    def _take_greeting(self) -> bool:
        compared = min(len(self._buffer), len(GREETING))
        if self._buffer[:compared] != GREETING[:compared]:
            raise NotAmi(f"no AMI greeting but {bytes(self._buffer[:40])!r}")
        end = self._buffer.find(_EOL)
        if end < 0:
            if len(self._buffer) > GREETING_MAX_BYTES:
                raise NotAmi("a greeting without end")
            return False
        del self._buffer[: end + len(_EOL)]
        self._greeted = True
        return True


class _Lines(Message):  # type: ignore[misc]  # panoramisk carries no types
    """What `Message.from_line` found, as it found it: as a mapping it would lose a field named Content, and all but
    the last of fields whose names differ in case."""

    def __init__(self, headers: dict[str, str | list[str]], content: str = "") -> None:
        self.headers = headers
        self.body = content


def read_message(block: str) -> AmiMessage | None:
    """A block as a message; None if it is neither event nor answer. Never raises, whatever the block holds."""
    lines: _Lines | None = _Lines.from_line(block)
    if lines is None:
        return None
    first: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    for key, value in lines.headers.items():
        lower = key.lower()
        if isinstance(value, str) and lower not in first:
            first[lower] = value
            continue
        values = (value,) if isinstance(value, str) else tuple(value)
        repeated[lower] = (*repeated.get(lower, (first[lower],) if lower in first else ()), *values)
        first[lower] = repeated[lower][0]
    if lines.body:  # what an old Asterisk prints below "Response: Follows"
        first.setdefault("output", lines.body)
    if not first.get("event") and not first.get("response"):
        return None
    return AmiMessage(first=first, repeated=repeated)


def render_action(name: str, action_id: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """An action's bytes, fields in the given order. Raises UnsafeText if any key or value could leave its line."""
    lines = [f"Action: {refuse_unsafe(name, 'the name of an action')}", f"ActionID: {action_id}"]
    for key, value in fields:
        if not _KEY.fullmatch(key):
            raise UnsafeText(f"{name}: {key[:40]!r} is no name of a field")
        if key.lower() in ("action", "actionid"):
            raise UnsafeText(f"{name}: the field {key} is set by the link")
        lines.append(f"{key}: {refuse_unsafe(value, f'{name}: the field {key}')}")
    if len(lines) > FIELDS_MAX:
        raise UnsafeText(f"{name}: more than {FIELDS_MAX} fields")
    encoded = [line.encode("utf-8", "replace") for line in lines]
    if any(len(line) > LINE_MAX_BYTES for line in encoded):
        raise UnsafeText(f"{name}: a field of more than {LINE_MAX_BYTES} bytes")
    return _EOL.join(encoded) + _END


def quoted(text: str) -> str:
    """A peer's text, short and printable, for our error messages."""
    return "".join(character if character.isprintable() else "?" for character in text[:QUOTED_MAX_CHARS])
