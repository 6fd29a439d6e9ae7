"""What supervisors do with those who wait: another queue, another priority, this very agent. And words for everybody.

Knows whose right it is; how a contact moves, ranks and is offered is in the parts it asks. Each gives what is wrong,
or "".
"""

from typing import Final

from callcenter.core.offers import Offers
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.agent import AgentStatus
from callcenter.model.contact import ContactState, QueueExit
from callcenter.model.facts import Considered
from callcenter.model.ids import AgentId, ContactId, QueueName, Team
from callcenter.model.monitor_messages import (
    BroadcastRequested,
    BroadcastSent,
    ContactSteered,
    MoveRequested,
    PickRequested,
    PriorityRequested,
)

PRIORITY_MAX: Final = 100
TEXT_MAX: Final = 500  # characters of a broadcast
PICKED: Final = "picked"  # in place of a strategy's name


class Steering:
    """The supervisor's hand on the lines."""

    __slots__ = ("_offers", "_queues", "_world")

    def __init__(self, world: World, queues: Queues, offers: Offers) -> None:
        self._world = world
        self._queues = queues
        self._offers = offers

    def move(self, asked: MoveRequested) -> str:
        """Put a waiting contact into another queue; the place in line is kept."""
        contact, problem = self._waiting(asked.contact, asked.supervisor)
        if contact is None:
            return problem
        if asked.queue not in self._world.configuration.queues:
            return f"there is no queue {asked.queue}"
        if contact.queue == asked.queue:
            return f"{contact.id} waits in {asked.queue} already"
        problem = self._not_hers(asked.supervisor, asked.queue)
        if problem:
            return problem
        self._steered(contact, f"moved to {asked.queue}", asked.by or asked.supervisor or "")
        self._queues.leave(contact, QueueExit.MOVED)
        self._queues.enter(contact, asked.queue)
        return ""

    def prioritise(self, asked: PriorityRequested) -> str:
        """Another priority, in place of the queue's and the flow's."""
        contact, problem = self._waiting(asked.contact, asked.supervisor)
        if contact is None:
            return problem
        if not 0 <= asked.priority <= PRIORITY_MAX:
            return f"a priority is 0 to {PRIORITY_MAX}, not {asked.priority}"
        was = contact.priority
        self._queues.prioritise(contact, asked.priority)
        self._steered(contact, f"priority {asked.priority} instead of {was}", asked.by or asked.supervisor or "")
        return ""

    def pick(self, asked: PickRequested) -> str:
        """Ring a free agent for a waiting contact, whatever its place and her skills."""
        world = self._world
        contact, problem = self._waiting(asked.contact, asked.supervisor)
        if contact is None:
            return problem
        record = world.agents.records.get(asked.agent)
        if record is None:
            return f"there is no agent {asked.agent}"
        why_not = world.agents.why_not_free(record, contact.medium, world.now)
        if why_not:
            return f"{asked.agent} cannot have it: {why_not}"
        queue, by = world.queue_of(contact), asked.by or asked.supervisor or asked.agent
        self._steered(contact, f"picked for {asked.agent}", by)
        free = world.agents.free.count(contact.medium)
        chosen = (Considered(agent=asked.agent, rank=()),)
        self._offers.make(contact, queue, asked.agent, f"picked from the line by {by}", chosen, free, strategy=PICKED)
        return ""

    def broadcast(self, asked: BroadcastRequested) -> str:
        """Words for the screens of those at work."""
        world, text = self._world, asked.text.strip()
        if not text or len(text) > TEXT_MAX or not text.isprintable():
            return f"a message is one line of 1 to {TEXT_MAX} printable characters"
        team = Team(asked.team) if asked.team else None
        queue = world.configuration.queues.get(asked.queue) if asked.queue is not None else None
        if asked.queue is not None and queue is None:
            return f"there is no queue {asked.queue}"
        problem = self._not_hers(asked.supervisor, asked.queue, team)
        if problem:
            return problem
        told = tuple(
            agent
            for agent, record in sorted(world.agents.records.items())
            if record.status is not AgentStatus.LOGGED_OUT
            and (team is None or record.agent.team == team)
            and (queue is None or queue.needs.met_by(record.agent.able))
        )
        world.out.append(BroadcastSent(text=text, agents=told, by=asked.by or asked.supervisor or ""))
        return ""

    def _waiting(self, contact_id: ContactId, supervisor: AgentId | None) -> tuple[ContactRecord | None, str]:
        contact = self._world.contacts.get(contact_id)
        if contact is None:
            return None, f"there is no live call {contact_id}"
        if contact.state is not ContactState.WAITING or contact.queue is None:
            return None, f"{contact_id} does not wait: it is {contact.state.value}"
        if contact.callback is not None:
            return None, f"{contact_id} is a callback, whose customer is on the line: she is served next"
        problem = self._not_hers(supervisor, contact.queue)
        return (None, problem) if problem else (contact, "")

    def _not_hers(self, supervisor: AgentId | None, queue: QueueName | None, team: Team | None = None) -> str:
        if supervisor is None:  # whoever owns the call center
            return ""
        record = self._world.agents.records.get(supervisor)
        if record is None:
            return f"there is no agent {supervisor}"
        rights = record.agent.supervises
        if rights is None:
            return f"{supervisor} is no supervisor"
        return "" if rights.covers(queue, team) else f"{supervisor} does not supervise {queue or team or 'everybody'}"

    def _steered(self, contact: ContactRecord, what: str, by: str) -> None:
        queue = self._world.queue_of(contact)
        self._world.out.append(
            ContactSteered(contact=contact.id, queue=queue.name, what=what, priority=contact.priority, by=by)
        )
