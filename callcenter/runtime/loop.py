"""The only loop that decides: one writer, no locks. Knows the order of things; knows no event's meaning.

Theory: an event is taken, the engine answers, the answer is written down, and only then carried out. The writing is a
write to a local file, not a wait for a database, so that a decision that was acted upon is never lost with the process.
If the engine raises, that is a bug of ours: the loop ends, the process with it, and Asterisk keeps the calls until the
next start has found its place again.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from callcenter.errors import Bug
from callcenter.model.commands import Command, Reply
from callcenter.model.entry import Output
from callcenter.model.events import DigitPressed, EngineStarted, Event, Resynced, TimePassed
from callcenter.model.facts import Fact, Surprise
from callcenter.model.ids import CardId, RequestId
from callcenter.ports import CardKeeper, Clock, FactSink, Journal, Performer

INBOX_MAX: Final = 100_000  # events; more than a minute of the largest center we think of
BATCH_MAX: Final = 200  # events decided in a row before other tasks get their turn
ASK_TIMEOUT_S: Final = 10.0

BEFORE_WHAT_IS_DUE: Final = (TimePassed, EngineStarted, Resynced)  # the engine itself says what comes first with these

log = structlog.get_logger(__name__)


class Decider(Protocol):
    """The engine, as the loop sees it."""

    def handle(self, event: Event, now: float) -> list[Output]:
        """Decide."""
        ...

    def next_deadline(self) -> float | None:
        """When to come back with TimePassed."""
        ...

    def redacted(self, event: Event) -> Event:
        """What of the event may be written down. Asked before `handle`."""
        ...

    def card_of(self, event: Event) -> CardId | None:
        """The card whose digit an event is that was redacted. Asked before `handle`."""
        ...


class Loop:
    """Feeds one engine. `post` from anywhere on the event loop; `run` is one task."""

    def __init__(
        self,
        engine: Decider,
        clock: Clock,
        journal: Journal,
        performer: Performer,
        sinks: Sequence[FactSink] = (),
        cards: CardKeeper | None = None,
    ) -> None:
        """`cards` is given the digits of cards; without it nobody has them, and no card can be right."""
        self._engine = engine
        self._clock = clock
        self._journal = journal
        self._performer = performer
        self._sinks = list(sinks)
        self._cards = cards
        self._inbox: deque[Event] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._asked: dict[RequestId, asyncio.Future[str]] = {}
        self._stopping = self._ended = False
        self.handled = 0

    def listen(self, sink: FactSink) -> None:
        """One more who wants to know."""
        self._sinks.append(sink)

    def post(self, event: Event) -> None:
        """Put an event in line. Raises Bug when the line is full: the loop has been stuck for minutes."""
        if len(self._inbox) >= INBOX_MAX:
            raise Bug(f"{INBOX_MAX} events wait for the engine")
        self._inbox.append(event)
        self._filled.set()

    async def ask(self, request: RequestId, event: Event, timeout_s: float = ASK_TIMEOUT_S) -> str:
        """Post a request and wait for its Reply: "" when granted, else what is wrong. Raises TimeoutError.

        After a time-out the request may still be granted. Raises Bug if this request is asked already.
        """
        if request in self._asked:
            raise Bug(f"{request} is asked already")
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[request] = answer
        try:
            self.post(event)
            async with asyncio.timeout(timeout_s):
                return await answer
        finally:
            self._asked.pop(request, None)

    async def run(self) -> None:
        """Decide until `stop`, or until the engine raises."""
        try:
            while not self._stopping:
                await self._wait()
                for _ in range(BATCH_MAX):
                    event = self._next()
                    if event is None:
                        break
                    self.decide(event)
                await asyncio.sleep(0)
        finally:
            self._ended = True
            self._emptied.set()

    async def caught_up(self) -> bool:
        """Wait until everything that is in line now has been decided; False if nobody decides any more."""
        if self._inbox and not self._ended:
            self._emptied.clear()
            await self._emptied.wait()
        return not self._ended

    def stop(self) -> None:
        """End `run` after the event in hand."""
        self._stopping = True
        self._filled.set()

    def decide(self, event: Event) -> None:
        """What is due by now, if anything, and then the event.

        What is due has a turn and an entry of its own: it may change what of the event may be written down.
        """
        now = self._clock.now()
        deadline = self._engine.next_deadline()
        if deadline is not None and deadline <= now and not isinstance(event, BEFORE_WHAT_IS_DUE):
            self._turn(TimePassed(), now)
        self._turn(event, now)

    def _turn(self, event: Event, now: float) -> None:
        """Engine, journal, performer, listeners."""
        written = self._engine.redacted(event)
        if written is not event and isinstance(event, DigitPressed):
            card = self._engine.card_of(event)
            if card is not None:
                if self._cards is not None:
                    self._cards.press(card, event.digit)
                event = written  # the engine itself never has a card's digit
        outputs = self._engine.handle(event, now)
        self.handled += 1
        self._journal.append(now, written, outputs)
        facts: list[Fact] = []
        commands: list[Command] = []
        for output in outputs:
            if isinstance(output, Reply):
                self._reply(output)
            elif isinstance(output, Command):
                commands.append(output)
            else:
                facts.append(output)
        if commands:
            self._performer.enqueue(commands)
        self._tell(now, facts)

    def _next(self) -> Event | None:
        if self._inbox:
            return self._inbox.popleft()
        self._filled.clear()
        self._emptied.set()
        deadline = self._engine.next_deadline()
        return TimePassed() if deadline is not None and deadline <= self._clock.now() else None

    async def _wait(self) -> None:
        if self._inbox or self._stopping:
            return
        deadline = self._engine.next_deadline()
        limit_s = None if deadline is None else max(deadline - self._clock.now(), 0.0)
        try:
            async with asyncio.timeout(limit_s):
                await self._filled.wait()
        except TimeoutError:
            pass  # a deadline has come: `_next` makes TimePassed of it

    def _reply(self, reply: Reply) -> None:
        answer = self._asked.get(reply.request)
        if answer is not None and not answer.done():
            answer.set_result(reply.problem)

    def _tell(self, now: float, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if isinstance(fact, Surprise):
                log.warning("surprise", what=fact.what, contact=fact.contact)
        if facts:
            for sink in self._sinks:
                sink.publish(now, facts)
