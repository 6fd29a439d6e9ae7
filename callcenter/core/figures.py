"""What is learnt of queues, made ready to be drawn from. Knows distributions; knows nobody who waits."""

from collections.abc import Iterator
from typing import Final

from callcenter.core.durations import CELLS, Patience, Spread, exactly
from callcenter.core.learnt import Learnt
from callcenter.core.scenery import Service
from callcenter.core.world import World
from callcenter.model.contact import ContactState
from callcenter.model.ids import QueueName
from callcenter.model.queue import Queue

_BITS: Final = 8  # of CELLS

assert 1 << _BITS == CELLS


class Figures:
    """What is learnt of the queues of one scene, made ready to be drawn from, once each.

    A queue of which nothing is learnt yet is taken to be like the one that was asked about.
    """

    def __init__(self, world: World, asked: Queue) -> None:
        self._world = world
        self._asked = asked.name
        self._talks: dict[QueueName, Spread] = {}
        self._answers: dict[QueueName, Spread] = {}
        self._wrap_ups: dict[QueueName, Spread] = {}
        self._patiences: dict[QueueName, Spread | None] = {}
        self._numbers: dict[QueueName, int] = {}
        self.services: list[Service] = []

    def talk(self, queue: QueueName | None) -> Spread:
        """How long its talks take, those that last now among them."""
        name = self._known(queue)
        if name not in self._talks:
            contacts, now = self._world.contacts.values(), self._world.now
            talking = (c for c in contacts if c.state is ContactState.CONNECTED and c.last_queue == name)
            self._talks[name] = self._of(name).talk.spread([max(now - c.talk_began, 0.0) for c in talking])
        return self._talks[name]

    def answer(self, queue: QueueName | None) -> Spread:
        """How long a phone rings until it is answered."""
        name = self._known(queue)
        if name not in self._answers:
            self._answers[name] = self._of(name).answer.spread()
        return self._answers[name]

    def wrap_up(self, queue: QueueName | None) -> Spread:
        """How long its wrap-ups take."""
        name = self._known(queue)
        if name not in self._wrap_ups:
            learnt = self._of(name).wrap_up
            configured = self._world.configuration.queues.get(name)
            ruled_s = configured.wrap_up_s if configured is not None else 0.0
            self._wrap_ups[name] = learnt.spread() if learnt.count and ruled_s > 0.0 else exactly(ruled_s)
        return self._wrap_ups[name]

    def patience(self, queue: QueueName) -> Spread | None:
        """After how long its callers give up; None: they do not."""
        if queue not in self._patiences:
            learnt = self._world.learnt.get(queue)
            self._patiences[queue] = (learnt.patience if learnt is not None else Patience()).spread()
        return self._patiences[queue]

    def service(self, queue: QueueName) -> int:
        """The number of what serving one of its contacts takes."""
        if queue not in self._numbers:
            self._numbers[queue] = len(self.services)
            talk, answer, wrap_up = self.talk(queue), self.answer(queue), self.wrap_up(queue)
            self.services.append(Service(draws=tuple(draws(talk, answer, wrap_up))))
        return self._numbers[queue]

    def _known(self, queue: QueueName | None) -> QueueName:
        learnt = self._world.learnt.get(queue) if queue is not None else None
        return queue if queue is not None and learnt is not None and learnt.talk.count else self._asked

    def _of(self, queue: QueueName) -> Learnt:
        return self._world.learnt.get(queue) or Learnt()


def draws(talk: Spread, answer: Spread, wrap_up: Spread) -> Iterator[tuple[float, float]]:
    """256 draws spread evenly over all there are: van der Corput's sequence in base 2, and a golden one beside it."""
    for n in range(CELLS):
        middle = (n + 0.5) / CELLS
        mirrored = (int(f"{n:0{_BITS}b}"[::-1], 2) + 0.5) / CELLS
        answer_s = answer.at(mirrored)
        yield answer_s, answer_s + talk.at(middle) + wrap_up.at((n * 0.6180339887498949 + 0.5) % 1.0)
