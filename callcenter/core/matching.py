"""Who gets whom. Knows the waiting lines, the free agents and the queue's strategy; makes offers, and knows no more.

Two questions, one answer each:

- an agent became free: of all that wait and whom she may serve, the first in line (priority, then place);
- a contact came: of all that are free and may serve it, the one whom the queue's strategy ranks first.

Both end in the second, so a strategy is always asked. It runs after every event until no free agent and waiting contact
match, which is why the two never coexist.
"""

from collections.abc import Callable
from typing import Final

from callcenter.core.offers import Offers
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.contact import ContactState
from callcenter.model.facts import Considered
from callcenter.model.ids import AgentId
from callcenter.model.queue import Queue
from callcenter.strategies import STRATEGIES, Breadth, Candidate, LooksAt, Question

CONSIDERED_MAX: Final = 5  # candidates that a fact names, the chosen first; `explain` recomputes all of them


class Matching:
    """The routing decision."""

    __slots__ = ("_offers", "_world", "on_decision")

    def __init__(self, world: World, offers: Offers) -> None:
        self._world = world
        self._offers = offers
        self.on_decision: Callable[[ContactRecord], None] | None = None
        """Told before a contact is matched, when all is as the strategy will see it. For `explain`; may only look."""

    def settle(self) -> None:
        """Match until nothing matches. Contacts that have just come go first: they may have more to choose from."""
        world = self._world
        while world.newly_waiting or world.agents.newly_free:
            while world.newly_waiting:
                contact = world.contacts.get(world.newly_waiting.pop(0))
                if contact is not None and contact.state is ContactState.WAITING:
                    self._serve(contact)
            while world.agents.newly_free and not world.newly_waiting:
                record = world.agents.records.get(world.agents.newly_free.pop(0))
                if record is not None:
                    self._employ(record)

    def candidates(self, contact: ContactRecord) -> list[tuple[tuple[float, ...], Candidate]]:
        """All agents who are free and suited, with the ranks the strategy gives, best first."""
        world = self._world
        queue = world.queue_of(contact)
        strategy, question = STRATEGIES[queue.strategy], self.question(contact, queue)
        found = (self._candidate(contact, agent) for agent in world.agents.free.suited(contact.medium, contact.needs))
        return sorted(((strategy.rank(c, question), c) for c in found), key=lambda pair: (pair[0], pair[1].agent))

    def question(self, contact: ContactRecord, queue: Queue) -> Question:
        """What the strategy is asked."""
        last = self._world.last_served.get((queue.name, contact.caller)) if contact.caller else None
        fresh = last is not None and self._world.now - last.at <= queue.last_agent_within_s
        return Question(queue=queue.name, last_agent=last.agent if last is not None and fresh else None)

    def _employ(self, record: AgentRecord) -> None:
        """Give a free agent the contact she must serve next, for every medium she is free on."""
        world = self._world
        for medium in record.agent.capacity:
            while world.agents.free.is_free(record.agent.id, medium):
                first = world.lines.first_for(record.agent.skills, medium)
                if first is None:
                    break
                self._serve(world.contacts[first])

    def _serve(self, contact: ContactRecord) -> None:
        """Offer a waiting contact to whom its queue's strategy prefers; nobody free is fine."""
        if self.on_decision is not None:
            self.on_decision(contact)
        world = self._world
        queue = world.queue_of(contact)
        strategy = STRATEGIES[queue.strategy]
        if strategy.looks_at is LooksAt.IDLE_TIME and strategy.breadth is Breadth.ONE:
            agent = world.agents.free.longest_idle(contact.medium, contact.needs)
            if agent is not None:
                chosen = self._candidate(contact, agent)
                question = Question(queue=queue.name, last_agent=None)
                rank = strategy.rank(chosen, question)
                why = strategy.why(chosen, question, world.now)
                free = world.agents.free.count(contact.medium)
                self._offers.make(contact, queue, agent, why, (Considered(agent=agent, rank=rank),), free)
            return
        ranked = self.candidates(contact)
        if not ranked:
            return
        question = self.question(contact, queue)
        considered = tuple(Considered(agent=c.agent, rank=rank) for rank, c in ranked[:CONSIDERED_MAX])
        for _, chosen in ranked if strategy.breadth is Breadth.ALL else ranked[:1]:
            why = strategy.why(chosen, question, world.now)
            self._offers.make(contact, queue, chosen.agent, why, considered, len(ranked))

    def _candidate(self, contact: ContactRecord, agent: AgentId) -> Candidate:
        record = self._world.agents.records[agent]
        return Candidate(
            agent=agent,
            ready_since=record.ready_since,
            level=contact.needs.level_of(record.agent.skills),
            contacts=record.contacts_taken,
            last_offered=record.last_offered,
        )
