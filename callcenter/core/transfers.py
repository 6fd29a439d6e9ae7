"""Handing a call on without a word: to an agent, a queue, a flow, an extension, an outside number. Knows the places.

Theory: the contact stays the one it is, with its place in line (`since`), so whoever was in line goes to the front of
another queue. An agent gets it through its queue, which rings her alone at first and everybody after
`ALONE_S`: no rule of missed offers is written twice, and a call is never lost at a phone that nobody answers. For the
same reason an outside number that does not answer gives the call back to the queue, first for the agent who sent it.
"""

from typing import Final, Protocol

from callcenter.core import by_hand, control, outside
from callcenter.core.contacts import ContactInput, move
from callcenter.core.queues import Queues
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.agent import AgentStatus, PhoneState
from callcenter.model.contact import FEATURE
from callcenter.model.control import TransferTo
from callcenter.model.control_facts import ContactTransferred, TransferFailed
from callcenter.model.events import TransferRequested
from callcenter.model.ids import AgentId, FlowName, QueueName
from callcenter.model.need import Need, NeedSyntaxError, only, parse_need
from callcenter.model.queue import Queue
from callcenter.model.relaxation import RelaxStep

ALONE_S: Final = 20.0  # a call that is handed to one agent is kept for her so long
RING_S: Final = 30.0  # how long an outside number rings
PRIORITY_MAX: Final = 100

Place = tuple[TransferTo, str]


class Elsewhere(Protocol):
    """The parts of the engine by which a call is handed on."""

    def part_over(self, contact: ContactRecord) -> None:
        """The agent's part of a CONNECTED contact is over."""
        ...

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow for a contact that is IN_FLOW."""
        ...


class Transfers:
    """Handing on."""

    __slots__ = ("_elsewhere", "_queues", "_world")

    def __init__(self, world: World, queues: Queues, elsewhere: Elsewhere) -> None:
        self._world = world
        self._queues = queues
        self._elsewhere = elsewhere

    def take(self, event: TransferRequested) -> str:
        """Hand the call on; gives what is wrong, or "", and then nothing has changed."""
        contact, problem = control.in_talk(self._world, event.contact)
        if contact is None:
            return problem
        return hindrance(contact) or self.hand_on(contact, event.to, event.name, event.priority, event.needs, event.by)

    def hand_on(
        self,
        contact: ContactRecord,
        to: TransferTo,
        name: str,
        priority: int | None = None,
        needs: str | None = None,
        by: str = "",
    ) -> str:
        """Likewise, of a contact that is CONNECTED and no conference."""
        place, problem = self.resolved(to, name)
        asked, wrong = _asked(priority, needs)
        problem = problem or wrong or self.why_not(contact, place)
        if problem:
            return problem
        agent = control.agent_of(contact)[0]
        self._world.out.append(ContactTransferred(contact=contact.id, agent=agent, to=place[0], name=place[1], by=by))
        self._elsewhere.part_over(contact)
        self._go(contact, agent, place, priority, asked)
        return ""

    def resolved(self, to: TransferTo, name: str) -> tuple[Place, str]:
        """What an extension stands for; and what is wrong with it, or ""."""
        if to is not TransferTo.EXTENSION:
            return (to, name), ""
        record = self._world.agents.by_number(name)
        if record is not None:
            return (TransferTo.AGENT, record.agent.id), ""
        flow = self._world.configuration.numbers.get(name)
        if flow is not None and name.startswith(FEATURE):
            return (to, name), f"{name} is a feature code, for agents' own phones: a caller would be lost there"
        if flow is not None:
            return (TransferTo.FLOW, flow), ""
        return (to, name), f"there is no extension {name}"

    def not_reached(self, contact: ContactRecord, agent: AgentId, why: str) -> None:
        """A call that was handed on did not arrive: back to its queue, first for her who had it, then for anybody."""
        self._world.out.append(TransferFailed(contact=contact.id, agent=agent, why=why))
        contact.transferred_by = None
        self.to_agent(contact, agent)

    def back_in_line(self, contact: ContactRecord, *, returns: bool = False) -> None:
        """The agent has gone and nobody has the call: it is the first in its queue again. `returns`: see the queue."""
        assert contact.last_queue is not None
        queue, needs, steps = contact.last_queue, contact.own_needs, contact.steps
        self._queues.enter(contact, queue, contact.own_priority, needs, steps, returns=returns)

    # -- where it may go ---------------------------------------------------------------------------------------------

    def why_not(self, contact: ContactRecord, place: Place) -> str:
        """What hinders a contact from going there now; empty if nothing does."""
        configuration, (to, name) = self._world.configuration, place
        match to:
            case TransferTo.AGENT:
                return self._not_for_agent(contact, AgentId(name))
            case TransferTo.QUEUE:
                return "" if name in configuration.queues else f"there is no queue {name}"
            case TransferTo.FLOW:
                return "" if name in configuration.flows else f"there is no flow {name}"
            case _:
                return not_dialled(self._world, name, contact.agent)

    def _not_for_agent(self, contact: ContactRecord, agent: AgentId) -> str:
        record = self._world.agents.records.get(agent)
        if record is None:
            return f"there is no agent {agent}"
        if agent == contact.agent:
            return f"{agent} has the call already"
        if contact.last_queue is None:
            return f"{contact.id} has been in no queue: consult {agent} instead"
        return not_there(record)

    def _go(
        self, contact: ContactRecord, agent: AgentId, place: Place, priority: int | None, needs: Need | None
    ) -> None:
        to, name = place
        match to:
            case TransferTo.AGENT:
                self.to_agent(contact, AgentId(name))
            case TransferTo.QUEUE:
                self._queues.enter(contact, QueueName(name), priority, needs)
            case TransferTo.FLOW:
                move(contact, ContactInput.SENT_TO_FLOW, self._world.now)
                self._elsewhere.start_flow(contact, FlowName(name))
            case _:
                move(contact, ContactInput.SENT_TO_FLOW, self._world.now)
                contact.flow, contact.node, contact.transferred_by = None, "", agent
                problem = outside.call(self._world, contact, name, RING_S, judged=True)
                if problem:  # it was allowed a moment ago
                    self.not_reached(contact, agent, problem)

    def to_agent(self, contact: ContactRecord, agent: AgentId, *, returns: bool = False) -> None:
        """Into the queue it was in last, for one agent alone at first. `returns`: see the queue."""
        assert contact.last_queue is not None
        queue = self._world.rules_for(contact, contact.last_queue)
        steps = (RelaxStep(after_s=ALONE_S, needs=_anybody(contact, queue)),)
        self._queues.enter(contact, queue.name, contact.own_priority, only(agent), steps, returns=returns)


def hindrance(contact: ContactRecord) -> str:
    """Why a contact that is CONNECTED cannot be handed on without a word; empty if it can."""
    if contact.consult is not None:
        return f"{contact.agent} consults {contact.consult.party.name}: transfer to her, or drop her first"
    return in_company(contact)


def in_company(contact: ContactRecord) -> str:
    """Why a contact in which others take part is handed on to nobody; empty if there are none."""
    return f"{contact.id} is a conference: whoever hangs up leaves the call to the others" if contact.guests else ""


def _anybody(contact: ContactRecord, queue: Queue) -> Need:
    """What the contact asked for before it was handed to one agent or another."""
    alone = contact.steps[0] if contact.steps else None
    if alone is not None and alone.after_s == ALONE_S and alone.needs is not None:
        return alone.needs
    return queue.needs if contact.own_needs is None else contact.own_needs


def not_there(record: AgentRecord) -> str:
    """Why an agent cannot be rung for a call that is meant for her, however free she is; empty if she can."""
    if record.status is AgentStatus.LOGGED_OUT:
        return f"{record.agent.id} is logged out"
    if record.status is AgentStatus.PAUSED:
        return f"{record.agent.id} is paused"
    return "" if record.phone is PhoneState.REACHABLE else f"the phone of {record.agent.id} cannot be reached"


def not_dialled(world: World, number: str, agent: AgentId | None) -> str:
    """Why an agent may not call an outside number; empty if she may, and then it counts as called."""
    if not world.configuration.may_forward_to(number):
        return f"{number!r} may not be called: see `forward_to`"
    return by_hand.why_not(world, number, agent)


def _asked(priority: int | None, needs: str | None) -> tuple[Need | None, str]:
    """The needs that a transfer names, and what is wrong with it, or ""."""
    if priority is not None and not 0 <= priority <= PRIORITY_MAX:
        return None, f"a priority is 0 to {PRIORITY_MAX}"
    try:
        return (None if needs is None else parse_need(needs)), ""
    except NeedSyntaxError as wrong:
        return None, f"needs: {wrong}"
