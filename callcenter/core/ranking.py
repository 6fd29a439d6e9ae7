"""How queues are doing beside each other, for the order among the waiting. Knows how to ask the order; keeps no rule.

A rank is taken once per settling, when it is first asked for: who is matched with whom at one moment must not depend on
who was matched first.
"""

from callcenter.core.lines import Place, Rank
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.widening import asked_of
from callcenter.core.world import World
from callcenter.model.ids import QueueName
from callcenter.orders import ORDERS, Head, LooksAt, Order


class Ranking:
    """The ranks of queues at one moment."""

    __slots__ = ("_now", "_queues", "_ranks", "_world")

    def __init__(self, world: World, queues: Queues, now: float | None = None) -> None:
        self._world = world
        self._queues = queues
        self._now = now
        self._ranks: dict[QueueName | None, Rank] = {}

    @property
    def order(self) -> Order:
        """The center's order."""
        return ORDERS[self._world.configuration.routing.order]

    @property
    def is_asked(self) -> bool:
        """Whether the order looks at queues at all."""
        return self.order.looks_at is LooksAt.QUEUE

    @property
    def now(self) -> float:
        """The moment of the ranks: that of the last event, if no other was asked for."""
        return self._world.now if self._now is None else self._now

    def at(self, now: float) -> "Ranking":
        """The ranks at a moment after the last event; those of this one stay as they are."""
        return Ranking(self._world, self._queues, now)

    def begin(self) -> None:
        """Another moment."""
        self._ranks.clear()

    def rank(self, queue: QueueName | None) -> Rank:
        """The queue's rank; None stands for those whom no rank concerns, because nobody may overtake them."""
        known = self._ranks.get(queue)
        if known is None:
            head = self.head(queue) if queue is not None else None
            known = self._ranks[queue] = self.order.rank(head if head is not None else _NOTHING)
        return known

    def place(self, contact: ContactRecord) -> Place:
        """The place of a contact that waits, as it counts against others'."""
        world = self._world
        place = world.lines.place_of(contact, self.now)
        if not world.lines.rules.by_queue:
            return place
        starved = world.lines.is_starved(contact, self.now)
        return (place[0], *self.rank(None if starved else contact.queue), *place[1:])

    def why(self, contact: ContactRecord) -> str:
        """Why this contact comes before others, in words; empty if priority and place say it all."""
        world = self._world
        if not world.lines.rules.by_queue or contact.queue is None:
            return ""
        if world.lines.is_starved(contact, self.now):
            return f"has waited {self.now - contact.since:.0f} s, so long that nobody may overtake it"
        head = self.head(contact.queue)
        return self.order.why(head) if head is not None else ""

    def head(self, queue: QueueName) -> Head | None:
        """The queue as its first contact sees it; None if nobody waits whom a rank concerns."""
        world = self._world
        first = world.lines.head_of(queue, self.now)
        if first is None:
            return None
        rules = world.queue_of(first)
        learnt, at_work = world.learnt.get(queue), self._queues.doors.serving(asked_of(first))
        handle_s = learnt.talk.mean_s + learnt.wrap_up.mean_s if learnt is not None else 0.0
        return Head(
            queue=queue,
            waited_s=self.now - first.entered,
            advance_s=handle_s / at_work if at_work else 0.0,
            target_s=rules.service_level_s,
            weight=rules.weight,
        )


_NOTHING = Head(queue=QueueName(""), waited_s=0.0, advance_s=0.0, target_s=0.0, weight=0.0)
