"""An agent's phone that dies in the middle of a talk: what becomes of the caller. Knows the queue's rule; moves no leg.

Theory: an agent who hangs up ends the call. One whose leg ends while her phone cannot be reached (it lost its network,
or its power), or whose phone is nailed up (there hanging up is no way to end a call), has not: the caller is still
there and is kept. A phone that neither answers nor is heard is not waited for: its leg is ended. By the queue's
`agent_lost` the caller is the first in line again, or led elsewhere, such as to a flow that asks her.
"""

from typing import Protocol

from callcenter.core.contacts import ContactInput, move
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.transfers import Transfers
from callcenter.core.world import NOBODY, World
from callcenter.model.agent import PhoneState
from callcenter.model.commands import HangUp
from callcenter.model.contact import ContactState
from callcenter.model.facts import AgentLost
from callcenter.model.ids import AgentId, FlowName, LegId, QueueName
from callcenter.model.queue import Overflow, Target, mailbox_flow


class Elsewhere(Protocol):
    """The parts of the engine that end a talk and begin a flow."""

    def part_over(self, contact: ContactRecord) -> None:
        """The agent's part of a CONNECTED contact is over."""
        ...

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow for a contact that is IN_FLOW."""
        ...


class LostAgents:
    """Callers whose agent is not there any more."""

    __slots__ = ("_elsewhere", "_queues", "_transfers", "_world")

    def __init__(self, world: World, queues: Queues, transfers: Transfers, elsewhere: Elsewhere) -> None:
        self._world = world
        self._queues = queues
        self._transfers = transfers
        self._elsewhere = elsewhere

    def keeps(self, contact: ContactRecord) -> bool:
        """The agent's leg has ended in a talk: whether her phone has died and the caller is kept; else she hung up."""
        world = self._world
        record = world.agents.records.get(contact.agent) if contact.agent is not None else None
        if record is None or contact.last_queue is None or contact.mail is not None:
            return False
        if not record.agent.phone.nailed and record.phone is PhoneState.REACHABLE:
            return False
        target = world.rules_for(contact, contact.last_queue).agent_lost
        if target is not None and target.to is Overflow.HANG_UP:
            return False
        to = "queue" if target is None else target.to.value
        name = contact.last_queue if target is None else target.name
        world.out.append(
            AgentLost(contact=contact.id, agent=record.agent.id, queue=contact.last_queue, to=to, name=name)
        )
        self._elsewhere.part_over(contact)
        self._lead(contact, target)
        return True

    def gives_up(self, leg: LegId) -> bool:
        """A phone that does not answer is not heard on this leg either: whether it is an agent's, and is hung up.

        Whatever she does on it: she talks, is consulted, is in a conference, speaks with a colleague, supervises. A
        phone that holds sends nothing and is thought to be there, until Asterisk gives its leg up.
        """
        world = self._world
        contact = world.by_leg(leg)
        agent = (
            world.nailed.get(leg) or self._supervisor(leg) or (_on_leg(contact, leg) if contact is not None else None)
        )
        record = world.agents.records.get(agent) if agent is not None else None
        if record is None or record.phone is PhoneState.REACHABLE:
            return False
        world.out.append(HangUp(contact=contact.id if contact is not None else NOBODY, leg=leg))
        return True

    def _supervisor(self, leg: LegId) -> AgentId | None:
        return next((one.supervisor for one in self._world.monitors.values() if one.leg == leg), None)

    def _lead(self, contact: ContactRecord, target: Target | None) -> None:
        world = self._world
        if target is not None and target.to is Overflow.QUEUE and target.name in world.configuration.queues:
            self._queues.enter(contact, QueueName(target.name))
        elif target is not None and target.to in (Overflow.FLOW, Overflow.VOICEMAIL):
            flow = FlowName(target.name) if target.to is Overflow.FLOW else mailbox_flow(target.name)
            move(contact, ContactInput.SENT_TO_FLOW, world.now)
            self._elsewhere.start_flow(contact, flow)
        else:
            self._transfers.back_in_line(contact)


def _on_leg(contact: ContactRecord, leg: LegId) -> AgentId | None:
    """Whose phone should be heard on a leg of a conversation; None if nobody's, or hers holds."""
    if contact.colleague is not None:
        if leg in contact.holding or contact.state is not ContactState.FORWARDED:
            return None
        return contact.dialler if leg == contact.leg else contact.colleague
    if contact.state is not ContactState.CONNECTED:
        return None
    consult = contact.consult
    if leg == contact.agent_leg:
        return None if contact.phone_holds else contact.agent
    if consult is not None and leg == consult.own:
        return contact.agent
    if consult is not None and leg == consult.leg:
        return consult.party.agent if consult.up is not None else None
    guest = contact.guests.get(leg)
    return guest.party.agent if guest is not None else None
