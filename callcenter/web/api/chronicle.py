"""The journal's facts by number, the latest in memory: what the event stream is read from. Knows numbers; no socket.

Theory: an entry's number is the journal's, so whoever has seen the stream up to a number can go on from it for as long
as the journal has what follows. The latest entries are in memory, complete from one number on; what is older comes from
Postgres. A reader holds a number and nothing here, so one who is slow costs nobody anything.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from callcenter.model.control_facts import ContactTaken, PartyLeft
from callcenter.model.entry import Entry
from callcenter.model.events import EngineStarted
from callcenter.model.facts import ConfigurationChanged, ContactConnected, ContactQueued, Fact, TalkEnded
from callcenter.model.ids import ContactId
from callcenter.model.view import CenterView
from callcenter.web.api.picture import CallItem, Folded, picture_of

HELD_MAX: Final = 20_000  # entries in memory: some fifteen minutes of a large center
TOLD_AGAIN_MAX: Final = 100_000  # entries a reader may be behind and still be told them one by one


_MOVES: Final = (ContactQueued, ContactConnected, ContactTaken, PartyLeft, TalkEnded)
"""Facts by which a call may come within somebody's limits, or leave them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The facts of one entry. `calls` are those that came into a queue, as they were then."""

    number: int
    at: float
    facts: tuple[Fact, ...]
    calls: Mapping[ContactId, CallItem] = field(default_factory=dict)
    forgotten: bool = False  # a fresh engine has begun, which knows nothing of what was

    @property
    def reconfigured(self) -> bool:
        """There may be other queues now."""
        return any(isinstance(fact, ConfigurationChanged) for fact in self.facts)


class Past(Protocol):
    """The journal in Postgres."""

    def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """Entries after one, up to and with another."""
        ...


class Chronicle:
    """What has been told, by number. It is a sink of the loop: `publish` is quick."""

    def __init__(
        self, number: Callable[[], int], view: Callable[[], CenterView], past: Past, held_max: int = HELD_MAX
    ) -> None:
        """`number` is that of the journal's last entry; `view` is asked once, for what calls there are."""
        self._number = number
        self._past = past
        self._held_max = held_max
        self._held: deque[Numbered] = deque()
        self._folded = Folded(picture_of(view()))
        self.complete_from = number()  # all that was told after this entry is in memory
        self._changed = asyncio.Event()
        self.closed = False

    @property
    def last(self) -> int:
        """The number of the last entry, whether it told anything or not."""
        return self._number()

    def publish(self, at: float, facts: Sequence[Fact]) -> None:
        """Told by the loop, right after the entry was written down."""
        self._folded.after(facts)
        came = {
            fact.contact: self._folded.calls[fact.contact]
            for fact in facts
            if isinstance(fact, _MOVES) and fact.contact in self._folded.calls
        }
        self._held.append(Numbered(number=self._number(), at=at, facts=tuple(facts), calls=came))
        while len(self._held) > self._held_max:
            self.complete_from = self._held.popleft().number
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def held_after(self, number: int) -> list[Numbered]:
        """What was told after an entry, from memory."""
        found: list[Numbered] = []
        for entry in reversed(self._held):
            if entry.number <= number:
                break
            found.append(entry)
        found.reverse()
        return found

    async def until_more_than(self, number: int) -> None:
        """Wait until something is told after that entry, or nobody tells any more."""
        while not self.closed and (not self._held or self._held[-1].number <= number):
            await self._changed.wait()

    def knows_after(self, number: int) -> bool:
        """Whether a reader who has seen everything up to this number can be told the rest, one by one."""
        return 0 <= number <= self.last and self.last - number <= TOLD_AGAIN_MAX

    async def older_after(self, number: int) -> AsyncIterator[Numbered]:
        """What memory does not have any more, from the journal. Raises PeerFault, or LookupError if there is a gap."""
        wanted = number + 1
        until = self.complete_from
        async for entry in self._past.entries(number, until):
            if entry.seq != wanted:
                raise LookupError(f"entry {wanted} is not in the journal")
            wanted += 1
            facts = tuple(one for one in entry.outputs if isinstance(one, Fact))
            forgotten = isinstance(entry.event, EngineStarted) and entry.event.fresh
            if facts or forgotten:
                yield Numbered(number=entry.seq, at=entry.at, facts=facts, forgotten=forgotten)
        if wanted <= until:
            raise LookupError(f"entry {wanted} is not in the journal yet")

    def close(self) -> None:
        """Nothing is told any more: readers are sent away."""
        self.closed = True
        self._changed.set()
