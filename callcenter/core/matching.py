"""Who gets whom. Knows the waiting lines, the free agents and the queue's strategy; makes offers, and knows no more.

Two questions, one answer each:

- an agent became free: of all that wait and whom she may serve, the first in line (`lines.Place`, the order's rank);
- a contact came: of all that are free and may serve it, the one whom the queue's strategy ranks first.

Both end in the second, so a strategy is always asked. It runs after every event until no free agent and waiting
contact match, which is why the two never coexist; but for agents who are kept free for callers (`blend`), whom a
contact that we ask for may not have.
"""

import heapq
from collections.abc import Callable
from typing import Final

from callcenter.core.line_rules import rules_of
from callcenter.core.lines import Place, WaitingLines
from callcenter.core.offers import Offers
from callcenter.core.queues import Queues
from callcenter.core.ranking import Ranking
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.clauses import level_in
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.facts import Considered
from callcenter.model.ids import AgentId, ContactId
from callcenter.model.queue import Queue
from callcenter.strategies import STRATEGIES, Breadth, Candidate, LooksAt, Question

NOBODY: Final = AgentId("")
WAITING: Final = ContactState.WAITING  # looked up once: members of enums are dear
OFFERED: Final = ContactState.OFFERED
IDLE_TIME: Final = LooksAt.IDLE_TIME
ONE: Final = Breadth.ONE
_Claim = tuple[Place, ContactId, AgentId, Medium]  # who may be served now, and by whom it was found

CONSIDERED_MAX: Final = 5  # candidates that a fact names, the chosen first; `explain` recomputes all of them


class Matching:
    """The routing decision."""

    __slots__ = ("_by_queue", "_configuration", "_inbound", "_keep_free", "_offers", "_world", "on_decision", "ranking")

    def __init__(self, world: World, offers: Offers, queues: Queues) -> None:
        self._world = world
        self._offers = offers
        self._configuration = world.configuration  # by which lines and lists were made
        self._keep_free = world.configuration.routing.blend.keep_free
        self._by_queue = world.lines.rules.by_queue
        self._inbound: dict[AgentId, tuple[int, bool]] = {}  # (roster version, whether she could serve callers)
        self.ranking = Ranking(world, queues)
        self.on_decision: Callable[[ContactRecord], None] | None = None
        """Told before a contact is matched, when all is as the strategy will see it. For `explain`; may only look."""

    def settle(self) -> None:
        """Match until nothing matches: of all who can be served now, whoever has the best place is served first.

        Nobody matched before this event, so those who can be served now are those who have just come, and for each
        agent who has just become free the first of those whom she may serve.
        """
        world = self._world
        if world.configuration is not self._configuration:
            self._adopt(world.configuration)
        if not world.newly_waiting and not world.agents.newly_free:
            return
        if self._by_queue:
            self.ranking.begin()
        more_free = bool(world.agents.newly_free)
        claims = self._claims()
        while claims:
            _, contact_id, agent, medium = heapq.heappop(claims)
            contact = world.contacts.get(contact_id)
            if contact is not None and contact_id in world.lines:
                met = self._serve(contact)
                still_free = agent != NOBODY and world.agents.free.is_free(agent, medium)  # others may have rung all
                if still_free and not met and not self._keeps_free(contact):
                    raise Bug(f"{contact_id} waits for somebody like {agent}, who is free, and they did not meet")
            elif contact is not None and contact.state is OFFERED and agent == NOBODY:
                self._ring_more(contact)
            if agent != NOBODY:
                self._claim(claims, agent, medium)
        if more_free and self._keep_free:
            self._serve_outbound()

    def _claims(self) -> list[_Claim]:
        """What those ask for who have just come, and those who have just become free."""
        world = self._world
        claims: list[_Claim] = []
        for contact_id in world.newly_waiting:
            contact = world.contacts.get(contact_id)
            if contact is not None:
                by_queue = self._by_queue
                place = self.ranking.place(contact) if by_queue else world.lines.place_of(contact, world.now)
                heapq.heappush(claims, (place, contact_id, NOBODY, contact.medium))
        world.newly_waiting.clear()
        for agent in world.agents.newly_free:
            record = world.agents.records.get(agent)
            for medium in record.agent.capacity if record is not None else ():
                self._claim(claims, agent, medium)
        world.agents.newly_free.clear()
        return claims

    def candidates(self, contact: ContactRecord) -> list[tuple[tuple[float, ...], Candidate]]:
        """All agents who are free and suited, with the ranks the strategy gives, best first."""
        world = self._world
        queue = world.queue_of(contact)
        strategy, question = STRATEGIES[queue.strategy], self.question(contact, queue)
        agents = world.agents.free.suited(contact.medium, contact.needs)
        if self._keeps_free(contact):
            agents = [agent for agent in agents if not self._is_kept_back(agent, contact.medium)]
        found = (self._candidate(contact, agent) for agent in agents)
        return sorted(((strategy.rank(c, question), c) for c in found), key=lambda pair: (pair[0], pair[1].agent))

    def question(self, contact: ContactRecord, queue: Queue) -> Question:
        """What the strategy is asked."""
        last = self._world.last_served.get((queue.name, contact.caller)) if contact.caller else None
        fresh = last is not None and self._world.now - last.at <= queue.last_agent_within_s
        return Question(queue=queue.name, last_agent=last.agent if last is not None and fresh else None)

    def is_kept_from(self, contact: ContactRecord, agent: AgentId) -> bool:
        """Whether this free agent is kept for callers, and the contact is one that we ask for."""
        return self._keeps_free(contact) and self._is_kept_back(agent, contact.medium)

    def _is_kept_back(self, agent: AgentId, medium: Medium) -> bool:
        world = self._world
        if not self._keep_free or not self._serves_callers(agent):
            return False
        count = 0
        for other in world.agents.free.listed(medium):
            count += self._serves_callers(other)
            if count > self._keep_free:
                return False
        return True

    def _serves_callers(self, agent: AgentId) -> bool:
        """Whether she meets the needs of any queue that callers come to."""
        agents = self._world.agents
        known = self._inbound.get(agent)
        if known is None or known[0] != agents.roster:
            able = agents.records[agent].agent.able
            queues = self._world.configuration.queues.values()
            serves = any(not queue.outbound and queue.needs.met_by(able) for queue in queues)
            known = self._inbound[agent] = (agents.roster, serves)
        return known[1]

    def _keeps_free(self, contact: ContactRecord) -> bool:
        """Whether some free agents may be kept back from this contact."""
        return self._keep_free > 0 and contact.direction is Direction.OUTBOUND

    def _adopt(self, configuration: Configuration) -> None:
        """The configuration is another: lines and lists are made anew by its rules."""
        world = self._world
        old, ahead = world.lines, world.ahead
        self._configuration, self._keep_free = configuration, configuration.routing.blend.keep_free
        self._inbound.clear()
        world.lines, world.ahead = WaitingLines(rules_of(configuration)), WaitingLines(rules_of(configuration))
        self._by_queue = world.lines.rules.by_queue
        for contact in world.contacts.values():
            if contact.id in old:
                world.lines.add(contact)
                world.newly_waiting.append(contact.id)
            if contact.id in ahead:
                world.ahead.add(contact)
        world.agents.take_interruptible(configuration.routing.interruptible, world.now)

    def _claim(self, claims: list[_Claim], agent: AgentId, medium: Medium) -> None:
        """Put down the contact that a free agent must serve next, if there is one."""
        world = self._world
        if world.agents.free.is_free(agent, medium):
            able = world.agents.records[agent].agent.able
            if self._keep_free or self._by_queue:
                rank = self.ranking.rank if self._by_queue else None
                kept = self._is_kept_back(agent, medium)
                first = world.lines.head_for(able, medium, world.now, rank, inbound_only=kept)
            else:
                first = world.lines.head_for(able, medium, world.now)
            if first is not None:
                heapq.heappush(claims, (first[0], first[1], agent, medium))

    def _serve_outbound(self) -> None:
        """An agent became free: there may be enough now for a contact that waits for one of those kept free."""
        world = self._world
        waits = True
        while waits:
            waits = False
            rank = self.ranking.rank if self._by_queue else None
            for _, contact_id in world.lines.heads(world.now, rank, outbound=True):
                if self._serve(world.contacts[contact_id]):
                    waits = True
                    break

    def _serve(self, contact: ContactRecord) -> bool:
        """Offer a waiting contact to whom its queue's strategy prefers; whether there was anybody."""
        if self.on_decision is not None:
            self.on_decision(contact)
        world = self._world
        queue = world.queue_of(contact)
        strategy = STRATEGIES[queue.strategy]
        if strategy.looks_at is IDLE_TIME and strategy.breadth is ONE and not self._keeps_free(contact):
            agent = world.agents.free.longest_idle(contact.medium, contact.needs)
            if agent is not None:
                chosen = self._candidate(contact, agent)
                question = Question(queue=queue.name, last_agent=None)
                rank = strategy.rank(chosen, question)
                why = strategy.why(chosen, question, world.now) + self._why_first(contact)
                free = world.agents.free.count(contact.medium)
                self._offers.make(contact, queue, agent, why, (Considered(agent=agent, rank=rank),), free)
            return agent is not None
        self._offer(contact, queue, self.candidates(contact))
        return bool(contact.offers)

    def _ring_more(self, contact: ContactRecord) -> None:
        """More agents may serve a contact whose phones ring: where all ring, theirs ring too."""
        queue = self._world.queue_of(contact)
        if STRATEGIES[queue.strategy].breadth is Breadth.ALL:
            if self.on_decision is not None:
                self.on_decision(contact)
            self._offer(contact, queue, self.candidates(contact))

    def _offer(self, contact: ContactRecord, queue: Queue, ranked: list[tuple[tuple[float, ...], Candidate]]) -> None:
        if not ranked:
            return
        world = self._world
        strategy, question = STRATEGIES[queue.strategy], self.question(contact, queue)
        free = world.agents.free.count(contact.medium)
        considered = tuple(Considered(agent=c.agent, rank=rank) for rank, c in ranked[:CONSIDERED_MAX])
        why_first = self._why_first(contact)
        for _, chosen in ranked if strategy.breadth is Breadth.ALL else ranked[:1]:
            if self.is_kept_from(contact, chosen.agent):
                continue  # those who ring already leave too few
            why = strategy.why(chosen, question, world.now) + why_first
            self._offers.make(contact, queue, chosen.agent, why, considered, free)

    def _why_first(self, contact: ContactRecord) -> str:
        """What beside the strategy led to this offer, in words that go on from the strategy's; mostly nothing."""
        words = "; kept for her, who served this caller last" if contact.kept_for is not None else ""
        if self._by_queue and (why := self.ranking.why(contact)):
            words += f"; {why}"
        return words

    def _candidate(self, contact: ContactRecord, agent: AgentId) -> Candidate:
        record = self._world.agents.records[agent]
        return Candidate(
            agent=agent,
            ready_since=record.ready_since,
            level=level_in(contact.needs.alternatives, record.agent.able),
            contacts=record.contacts_taken,
            last_offered=record.last_offered,
        )
