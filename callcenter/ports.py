"""What the loop needs of the outside, as Protocols. Knows no implementation; `boot` plugs them in."""

from collections.abc import Sequence
from typing import Protocol

from callcenter.core.world import Library
from callcenter.model.commands import Command
from callcenter.model.entry import Output
from callcenter.model.events import Event
from callcenter.model.facts import Fact
from callcenter.model.ids import CardId


class Clock(Protocol):
    """The one time base."""

    def now(self) -> float:
        """UTC seconds; never goes back."""
        ...


class Journal(Protocol):
    """The ledger. Appending never waits for a database and survives the death of this process."""

    def append(self, at: float, event: Event, outputs: Sequence[Output]) -> int:
        """Write one entry, give its number. Raises nothing but Bug."""
        ...


class Performer(Protocol):
    """Carries commands out, in order per contact; failures come back as `CommandFailed` events."""

    def enqueue(self, commands: Sequence[Command]) -> None:
        """Take the commands; do not wait, do not raise."""
        ...


class CardKeeper(Protocol):
    """Who knows the digits of cards, so that nobody else has to."""

    def press(self, card: CardId, digit: str) -> None:
        """One more digit of a card; must be quick, and must not raise."""
        ...


class FactSink(Protocol):
    """Somebody who wants to know what happened: the live feed, the wallboard, counters."""

    def publish(self, at: float, facts: Sequence[Fact]) -> None:
        """Told after every decision, on the loop: must be quick and must not raise."""
        ...


class EventSink(Protocol):
    """The way into the loop, for everything outside."""

    def post(self, event: Event) -> None:
        """Put an event in line. Never blocks; safe from the loop's thread only."""
        ...


class Shelf(Protocol):
    """The versions of the configuration that snapshot and journal name."""

    @property
    def configurations(self) -> Library:
        """Those that have been fetched; the engine looks them up here."""
        ...

    async def need_for(self, event: Event) -> None:
        """Fetch what the event names. Raises ConfigurationError if there is no such version."""
        ...

    async def need_for_snapshot(self, taken: bytes) -> None:
        """Fetch what the snapshot names. Raises Bug if it is none."""
        ...
