"""Who gets whom. Knows the waiting lines, the free agents and the queue's strategy; makes offers, and knows no more.

Two questions, one answer each:

- an agent became free: of all that wait and whom she may serve, the first in line (priority, then place);
- a contact came: of all that are free and may serve it, the one whom the queue's strategy ranks first.

Both end in the second, so a strategy is always asked. It runs after every event until no free agent and waiting contact
match, which is why the two never coexist.
"""

import heapq
from collections.abc import Callable
from typing import Final

from callcenter.core.lines import Place, place_of
from callcenter.core.offers import Offers
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.contact import Medium
from callcenter.model.facts import Considered
from callcenter.model.ids import AgentId, ContactId
from callcenter.model.queue import Queue
from callcenter.strategies import STRATEGIES, Breadth, Candidate, LooksAt, Question

NOBODY: Final = AgentId("")
_Claim = tuple[Place, ContactId, AgentId, Medium]  # who may be served now, and by whom it was found

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
        """Match until nothing matches: of all who can be served now, whoever has the best place is served first.

        Nobody matched before this event, so those who can be served now are those who have just come, and for each
        agent who has just become free the first of those whom she may serve.
        """
        world = self._world
        if not world.newly_waiting and not world.agents.newly_free:
            return
        claims: list[_Claim] = []
        for contact_id in world.newly_waiting:
            contact = world.contacts.get(contact_id)
            if contact is not None:
                heapq.heappush(claims, (place_of(contact), contact_id, NOBODY, contact.medium))
        world.newly_waiting.clear()
        for agent in world.agents.newly_free:
            record = world.agents.records.get(agent)
            for medium in record.agent.capacity if record is not None else ():
                self._claim(claims, agent, medium)
        world.agents.newly_free.clear()
        while claims:
            _, contact_id, agent, medium = heapq.heappop(claims)
            contact = world.contacts.get(contact_id)
            if contact is not None and contact_id in world.lines:
                self._serve(contact)
                if agent != NOBODY and contact_id in world.lines:
                    raise Bug(f"{contact_id} waits for somebody like {agent}, who is free, and they did not meet")
            if agent != NOBODY:
                self._claim(claims, agent, medium)

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

    def _claim(self, claims: list[_Claim], agent: AgentId, medium: Medium) -> None:
        """Put down the contact that a free agent must serve next, if there is one."""
        world = self._world
        if world.agents.free.is_free(agent, medium):
            first = world.lines.first_for(world.agents.records[agent].agent.skills, medium)
            if first is not None:
                heapq.heappush(claims, (place_of(world.contacts[first]), first, agent, medium))

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
        free = world.agents.free.count(contact.medium)
        considered = tuple(Considered(agent=c.agent, rank=rank) for rank, c in ranked[:CONSIDERED_MAX])
        for _, chosen in ranked if strategy.breadth is Breadth.ALL else ranked[:1]:
            why = strategy.why(chosen, question, world.now)
            self._offers.make(contact, queue, chosen.agent, why, considered, free)

    def _candidate(self, contact: ContactRecord, agent: AgentId) -> Candidate:
        record = self._world.agents.records[agent]
        return Candidate(
            agent=agent,
            ready_since=record.ready_since,
            level=contact.needs.level_of(record.agent.skills),
            contacts=record.contacts_taken,
            last_offered=record.last_offered,
        )
