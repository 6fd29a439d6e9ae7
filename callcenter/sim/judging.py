"""Callbacks that the law judges, in a drawn call center: which queues have it, who judges, and what must hold.

Knows commands and facts; judges by lot. What must hold: no customer of such a queue is dialled but with the leg of an
attempt that was allowed and is not settled, each is settled once at most, and void only if it was not dialled.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from callcenter.core.engine import Engine
from callcenter.model.callback_facts import CallbackDialled
from callcenter.model.callback_messages import CallbackJudged, JudgeCallback, SettleCallback
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry
from callcenter.model.events import Event
from callcenter.model.ids import ContactId, LegId
from callcenter.model.lead import Outcome
from callcenter.sim.violation import Violation
from callcenter.sim.world import Agenda

LAW: Final = ("house",)
LATE: Final = (0.02, 0.02, 0.2, 7.0)  # an answer takes up to so long; the last is longer than anybody waits


def with_judging(random: Random, configuration: Configuration) -> Configuration:
    """The configuration, in which the law judges the callbacks of some queues."""
    queues = dict(configuration.queues)
    for name, queue in sorted(configuration.queues.items()):
        if queue.callback is not None and random.random() < 0.5:
            queues[name] = replace(queue, callback=replace(queue.callback, law=LAW))
    return replace(configuration, queues=queues)


@dataclass(slots=True)
class _Written:
    contact: ContactId
    dialled: bool = False
    outcome: Outcome | None = None


class Registrar:
    """Who judges callbacks and writes them down."""

    def __init__(self, agenda: Agenda, random: Random, tell: Callable[[Event], None]) -> None:
        self._agenda = agenda
        self._random = random
        self._tell = tell
        self._written: dict[LegId, _Written] = {}
        self.dialled = 0

    def begin(self, command: JudgeCallback | SettleCallback) -> None:
        """Do it after a while; an answer may come late, or never (the process that asked was killed)."""
        late_s = self._random.random() * self._random.choice(LATE)
        if isinstance(command, SettleCallback):
            self._settle(command)
            return
        answer = self._judged(command)
        if self._random.random() < 0.95:
            self._agenda.after(late_s, lambda: self._tell(answer))

    def _judged(self, asked: JudgeCallback) -> CallbackJudged:
        random = self._random
        lot = random.random()
        allowed = lot >= 0.28
        if allowed and not asked.first_look:
            self._written[asked.leg] = _Written(contact=asked.contact)
        return CallbackJudged(
            contact=asked.contact,
            leg=asked.leg,
            queue=asked.queue,
            allowed=allowed,
            first_look=asked.first_look,
            why="" if allowed else "drawn",
            unjudged=lot < 0.1,
            next_at=self._agenda.now + random.uniform(1.0, 60.0) if 0.1 <= lot < 0.2 else None,
            for_good=0.25 <= lot < 0.28,
        )

    def _settle(self, command: SettleCallback) -> None:
        attempt = self._written.get(command.attempt)
        if attempt is None:
            raise Violation(f"{command.attempt} is settled as {command.outcome} and was never written")
        if attempt.outcome is not None:
            raise Violation(f"{command.attempt} is settled as {attempt.outcome}, and again as {command.outcome}")
        if attempt.dialled == (command.outcome is Outcome.VOID):
            raise Violation(f"{command.attempt} was {'' if attempt.dialled else 'not '}dialled: {command.outcome}")
        attempt.outcome = command.outcome

    def after(self, engine: Engine, entry: Entry) -> None:
        """Look at what the engine said."""
        for output in entry.outputs:
            if isinstance(output, CallbackDialled):
                self._dialled(engine, output)

    def _dialled(self, engine: Engine, fact: CallbackDialled) -> None:
        world = engine.world
        rules = world.library[world.contacts[fact.contact].version].queues[fact.queue].callback
        attempt = self._written.get(fact.leg)
        if attempt is None:
            if rules is not None and rules.law:
                raise Violation(f"{fact.contact} is called on {fact.leg}, and nobody has judged it")
            return
        if attempt.dialled or attempt.outcome is not None or attempt.contact != fact.contact:
            raise Violation(f"{fact.leg} is dialled again, after it was settled, or for another: {attempt}")
        attempt.dialled = True
        self.dialled += 1
