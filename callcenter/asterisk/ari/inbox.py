"""Where a link's messages go. Knows what a link can say; knows no websocket.

A link hands over at once and synchronously, so a sink must not wait. `Inbox` is the sink for a consumer that takes its
time: bounded, and when it is full the link is closed rather than the memory filled; what was missed is found by the
resync after the link's return.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from callcenter.asterisk.ari.messages import Message

INBOX_MAX: Final = 50_000  # events; 38 s of the largest center we think of


class Down(StrEnum):
    """Why a link is down. After REPLACED and STOPPED it stays down; otherwise it comes back by itself."""

    CUT = "closed by Asterisk or on the way"
    SILENT = "no answer to a ping"
    UNREACHABLE = "cannot connect"
    OVERFLOW = "events came faster than they were taken"
    SUPERSEDED = "Asterisk has connected a second time"
    DEAF = "open, but the application's events do not come"
    REPLACED = "another websocket has taken the application"
    STOPPED = "stopped by us"


class SinkFull(Exception):
    """A sink cannot take the message: the link is closed, and a resync will follow its return."""


class Sink(Protocol):
    """Who gets the messages. All three return at once; `on_message` may raise SinkFull."""

    def on_up(self) -> None: ...

    def on_message(self, message: Message) -> None: ...

    def on_down(self, reason: Down) -> None: ...


@dataclass(frozen=True, slots=True)
class LinkUp:
    """From here on events come, those queued while the link was down first. Time to resync."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    reason: Down


class Inbox:
    """A bounded sink that is emptied by one reader: LinkUp, messages, LinkDown, in order of arrival."""

    def __init__(self, limit: int = INBOX_MAX) -> None:
        self._limit = limit
        self._items: deque[Message | LinkUp | LinkDown] = deque()
        self._filled = asyncio.Event()
        self.overflows = 0

    @property
    def waiting(self) -> int:
        """Items that nobody has taken yet."""
        return len(self._items)

    def on_up(self) -> None:
        self._put(LinkUp())

    def on_message(self, message: Message) -> None:
        if len(self._items) >= self._limit:
            self.overflows += 1
            raise SinkFull
        self._put(message)

    def on_down(self, reason: Down) -> None:
        # A link that comes and goes while nobody takes anything must not fill the inbox with nothing but that.
        if len(self._items) >= 2 and isinstance(self._items[-1], LinkUp) and isinstance(self._items[-2], LinkDown):
            self._items.pop()
            self._items.pop()
        self._put(LinkDown(reason))

    async def next(self) -> Message | LinkUp | LinkDown:
        """The next item; waits for one."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        return self._items.popleft()

    def _put(self, item: Message | LinkUp | LinkDown) -> None:
        self._items.append(item)
        self._filled.set()
