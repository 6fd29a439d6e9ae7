"""Who had the first claim on an agent, worked out anew from facts and configuration. Knows no line, index or timer.

The engine keeps lines whose keys never change and looks at their heads; here everybody is compared with everybody, by
what each is worth at the moment. Where the two disagree, the engine's short cut is none.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from callcenter.core.dial_out import WHY
from callcenter.core.widening import asked_of
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.contact import Direction, Medium
from callcenter.model.facts import ContactOffered
from callcenter.model.ids import QueueName
from callcenter.model.need import Need, only
from callcenter.model.queue import Queue
from callcenter.model.routing import First
from callcenter.orders import ORDERS, Head, LooksAt
from callcenter.sim.book import Book
from callcenter.sim.seen import SeenAgent, SeenContact
from callcenter.sim.violation import Violation

EARLY_S: Final = 0.001  # deadlines are sums of floats
LATER: Final = {First.INBOUND: Direction.OUTBOUND, First.OUTBOUND: Direction.INBOUND}

Claim = tuple[bool, bool, int, tuple[float, ...], float]
"""Later direction, not starved, -worth, the order's rank, since."""


class Claims:
    """The rules of service, as an observer would check them."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def check(self, waiting: Sequence[SeenContact], world: World, now: float) -> None:
        """Hold what was offered by the entry in hand against those who still wait. Raises Violation."""
        offered = self._book.offered
        if not offered:
            return
        ranks = self._ranks(waiting, world, now)
        for number, fact in enumerate(offered):
            served, agent = self._book.contacts.get(fact.contact), self._book.agents.get(fact.agent)
            if served is None or agent is None or served.queue is None:
                continue
            self._first_come(served, fact, agent, waiting, ranks, now)
            self._reserve_is_spared(served, fact, agent, now)
            if served.direction is Direction.OUTBOUND and self.is_kept(agent, beside=offered[number + 1 :]):
                raise Violation(f"{fact.contact} is outbound, and was offered to {fact.agent}, who is kept for callers")

    def is_kept(self, agent: SeenAgent, beside: Sequence[ContactOffered] = ()) -> bool:
        """Whether too few agents who could serve callers are free without her; `beside` were free a moment ago."""
        keep = self._book.library[self._book.version].routing.blend.keep_free
        if not keep or not self._serves_callers(agent):
            return False
        others = [one for one in self._book.agents.values() if one is not agent]
        free = [one for one in others if one.state is AgentState.READY and one.agent.capacity.get(Medium.VOICE)]
        free += [self._book.agents[fact.agent] for fact in beside]
        return sum(map(self._serves_callers, free)) < keep

    def _first_come(
        self,
        served: SeenContact,
        fact: ContactOffered,
        agent: SeenAgent,
        waiting: Sequence[SeenContact],
        ranks: Mapping[QueueName, tuple[float, ...]],
        now: float,
    ) -> None:
        """Whoever was served had the first claim: nobody whom that agent can serve waits in a better place."""
        if fact.strategy == WHY:
            return  # she called that number by herself: nobody else could have her at that moment
        keeps_free = self._book.library[self._book.version].routing.blend.keep_free > 0
        claim = self._claim(served, ranks, now)
        for other in waiting:
            if not other.needs.met_by(agent.agent.able):
                continue
            if keeps_free and other.direction is Direction.OUTBOUND and self._serves_callers(agent):
                continue  # she may have been kept from it
            if self._is_starved(other, now) and other.since < served.since and other.direction is served.direction:
                raise Violation(f"{other.id} has waited beyond its bound, and {served.id}, who came later, was served")
            if self._claim(other, ranks, now) < claim:
                raise Violation(
                    f"{fact.contact} (priority {served.priority}, since {served.since}) was offered to "
                    f"{fact.agent} before {other.id} (priority {other.priority}, since {other.since})"
                )

    def _reserve_is_spared(self, served: SeenContact, fact: ContactOffered, agent: SeenAgent, now: float) -> None:
        reserve = self._book.rules(fact.contact, fact.queue).reserve
        waited_s = now - served.counts_from
        if reserve is None or waited_s >= reserve.above_s - EARLY_S or served.needs == only(agent.agent.id):
            return
        if reserve.who.met_by(agent.agent.able):
            raise Violation(f"{fact.contact} was offered to the reserve {fact.agent} after {waited_s:.1f} s of waiting")

    # -- what a place is worth ---------------------------------------------------------------------------------------

    def _claim(self, seen: SeenContact, ranks: Mapping[QueueName, tuple[float, ...]], now: float) -> Claim:
        later = LATER.get(self._book.library[self._book.version].routing.blend.first)
        starved = self._is_starved(seen, now)
        rank = ranks.get(seen.queue, ()) if seen.queue is not None and not starved else ()
        worth = 0 if starved else self._worth(seen, now)
        return (seen.direction is later, not starved, -worth, rank, seen.since)

    def _worth(self, seen: SeenContact, now: float) -> int:
        """Priority as it has grown, in thousandths of a point per minute and millisecond."""
        worth = seen.priority * 60_000_000
        ageing = self._rules_of(seen).ageing
        if ageing is None:
            return worth
        waited_ms = int(now * 1000) - int(seen.since * 1000)
        return worth + min(round(ageing.per_minute * 1000) * waited_ms, round(ageing.max * 1000) * 60_000)

    def _is_starved(self, seen: SeenContact, now: float) -> bool:
        configuration = self._book.library[self._book.version]
        queue = configuration.queues.get(seen.queue) if seen.queue is not None else None
        bound_s = ORDERS[configuration.routing.order].starves_after_s(queue) if queue is not None else None
        return bound_s is not None and int(now * 1000) >= int((seen.since + bound_s) * 1000)

    def _ranks(self, waiting: Sequence[SeenContact], world: World, now: float) -> dict[QueueName, tuple[float, ...]]:
        """The order's rank of each queue when the matching began: nobody had been offered to anybody."""
        order = ORDERS[self._book.library[self._book.version].routing.order]
        if order.looks_at is not LooksAt.QUEUE:
            return {}
        began = [self._book.contacts[contact] for contact in self._book.first_offered if contact in self._book.contacts]
        heads: dict[QueueName, SeenContact] = {}
        for seen in (*waiting, *began):
            if seen.queue is None or self._is_starved(seen, now):
                continue
            head = heads.get(seen.queue)
            if head is None or self._place(seen, now) < self._place(head, now):
                heads[seen.queue] = seen
        return {queue: order.rank(self._head(queue, seen, world, now)) for queue, seen in heads.items()}

    def _place(self, seen: SeenContact, now: float) -> tuple[bool, int, float, int]:
        later = LATER.get(self._book.library[self._book.version].routing.blend.first)
        return (seen.direction is later, -self._worth(seen, now), seen.since, seen.number)

    def _head(self, queue: QueueName, seen: SeenContact, world: World, now: float) -> Head:
        rules = self._rules_of(seen)
        learnt = world.learnt.get(queue)
        handle_s = learnt.talk.mean_s + learnt.wrap_up.mean_s if learnt is not None else 0.0
        at_work = self._at_work(asked_of(world.contacts[seen.id]))
        return Head(
            queue=queue,
            waited_s=now - seen.entered,
            advance_s=handle_s / at_work if at_work else 0.0,
            target_s=rules.service_level_s,
            weight=rules.weight,
        )

    def _at_work(self, needs: Need) -> int:
        agents = self._book.agents.values()
        return sum(one.status is not AgentStatus.LOGGED_OUT and needs.met_by(one.agent.able) for one in agents)

    def _rules_of(self, seen: SeenContact) -> Queue:
        assert seen.queue is not None
        return self._book.rules(seen.id, seen.queue)

    def _serves_callers(self, agent: SeenAgent) -> bool:
        queues = self._book.library[self._book.version].queues.values()
        return any(not queue.outbound and queue.needs.met_by(agent.agent.able) for queue in queues)
