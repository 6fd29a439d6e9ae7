"""A second conversation of an agent's, and what becomes of it: transfer, conference, swap, drop. Knows both bridges.

Theory: whoever is consulted is in a bridge of her own, where the agent goes while the customer hears music in the
contact's. Only the agent's leg ever moves between the two, so that neither of the others can hear what is not meant for
her, and the recording, which is made on the customer's leg, has what the customer hears. In the end the consulted moves
into the contact's bridge, and the agent goes (transfer) or comes too (conference); then she is a guest there.

Nobody is lost when the agent goes, on purpose or not: the call is then the consulted's, if she has answered; else that
of a guest; else, with nobody but a ringing phone, it waits in its queue again.
"""

from typing import Final, Protocol

from callcenter.core import control, outside_phones, recording, voice
from callcenter.core.agents import Agents
from callcenter.core.contacts import ContactInput, move
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.transfers import Transfers, not_dialled, not_there
from callcenter.core.world import World
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    DialNumber,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayTone,
    RingAgent,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from callcenter.model.contact import ContactState, LegEnd
from callcenter.model.control import Consult, ConsultAct, Guest, HeldBy, Party, PartyEnd, TransferTo
from callcenter.model.control_facts import ConsultAnswered, ConsultBegan, ContactTransferred, PartyLeft
from callcenter.model.events import ConsultActRequested, ConsultRequested
from callcenter.model.ids import AgentId, LegId

RING_S: Final = 30.0  # how long the consulted's phone rings
RING_GRACE_S: Final = 5.0  # Asterisk gives up by itself so long after we should have told it to
GUESTS_MAX: Final = 4  # in a conference, besides customer and agent
BY_PHONE: Final = "phone"  # who asked: her phone did
RINGBACK: Final = "ring"  # as Asterisk's indications call it

PARTY_ENDS: Final = {
    LegEnd.NORMAL: PartyEnd.REJECTED,  # hung up without having been answered
    LegEnd.NO_ANSWER: PartyEnd.NO_ANSWER,
    LegEnd.BUSY: PartyEnd.BUSY,
    LegEnd.REJECTED: PartyEnd.REJECTED,
    LegEnd.UNREACHABLE: PartyEnd.UNREACHABLE,
    LegEnd.CANCELLED: PartyEnd.DROPPED,
    LegEnd.FAILED: PartyEnd.FAILED,
}


class Elsewhere(Protocol):
    """The part of the engine that ends an agent's talk."""

    def part_over(self, contact: ContactRecord, *, goes_on: bool = False) -> None:
        """The agent's part of a CONNECTED contact is over. `goes_on`: another has it, and it is still recorded."""
        ...

    def has(self, contact: ContactRecord, agent: AgentId, leg: LegId, why: str) -> None:
        """An agent who is on the line has the contact from now on."""
        ...


class Consults:
    """Second conversations, and conferences."""

    __slots__ = ("_elsewhere", "_transfers", "_world")

    def __init__(self, world: World, transfers: Transfers, elsewhere: Elsewhere) -> None:
        self._world = world
        self._transfers = transfers
        self._elsewhere = elsewhere

    # -- what the agent asks -----------------------------------------------------------------------------------------

    def begin(self, event: ConsultRequested) -> str:
        """Call somebody aside; gives what is wrong, or "", and then nothing has changed."""
        contact, problem = control.in_talk(self._world, event.contact)
        if contact is None:
            return problem
        if contact.consult is not None:
            return f"{contact.agent} consults {contact.consult.party.name} already"
        if len(contact.guests) >= GUESTS_MAX:
            return f"a conference has at most {GUESTS_MAX} guests"
        (to, name), problem = self._transfers.resolved(event.to, event.name)
        if problem:
            return problem
        match to:
            case TransferTo.AGENT:
                problem = self._not_for_agent(contact, AgentId(name))
                party = Party(agent=AgentId(name))
            case TransferTo.NUMBER:
                problem = not_dialled(self._world, name, contact.agent)
                party = Party(number=name)
            case _:
                return f"an agent or a number is consulted, no {to.value}"
        if not problem:
            self._dial(contact, party, event.by)
        return problem

    def act(self, event: ConsultActRequested) -> str:
        """Do something with the consulted; gives what is wrong, or ""."""
        contact, problem = control.in_talk(self._world, event.contact)
        if contact is None:
            return problem
        consult = contact.consult
        if event.act is ConsultAct.DROP:
            return self._drop(contact)
        if consult is None:
            return f"{contact.agent} consults nobody"
        if consult.up is None:
            return f"{consult.party.name} has not answered yet"
        match event.act:
            case ConsultAct.TRANSFER:
                self._transfer(contact, consult, event.by)
            case ConsultAct.CONFERENCE:
                self._conference(contact, consult)
            case ConsultAct.SWAP if consult.own is not None:
                return f"{contact.agent} made that call from her phone: swap there"
            case ConsultAct.SWAP:
                self._swap(contact, consult)
        return ""

    def called(self, contact: ContactRecord, own: LegId, party: Party) -> str:
        """The agent's phone has called somebody by itself, on a second leg; gives what is wrong, or ""."""
        if contact.consult is not None:
            return f"{contact.agent} consults {contact.consult.party.name} already"
        if len(contact.guests) >= GUESTS_MAX:
            return f"a conference has at most {GUESTS_MAX} guests"
        problem = (
            not_dialled(self._world, party.number, contact.agent)
            if party.agent is None
            else self._not_for_agent(contact, party.agent)
        )
        if not problem:
            self._dial(contact, party, BY_PHONE, own)
        return problem

    def give(self, contact: ContactRecord) -> None:
        """The call is the consulted's, who has answered: the agent's phone asks for it."""
        assert contact.consult is not None
        self._transfer(contact, contact.consult, BY_PHONE)

    def drop(self, contact: ContactRecord) -> None:
        """Let the consulted go."""
        if contact.consult is not None:
            self._let_go(contact, contact.consult, PartyEnd.DROPPED)

    # -- what happens ------------------------------------------------------------------------------------------------

    def answered(self, contact: ContactRecord) -> None:
        """The consulted has picked up."""
        world, consult = self._world, contact.consult
        if consult is None or consult.up is not None:
            return
        world.timers.cancel(TimerKind.CONSULT, contact.id)
        consult.up = world.now
        self._hush(contact, consult)
        world.out.append(JoinBridge(contact=contact.id, bridge=consult.bridge, leg=consult.leg))
        if consult.party.agent is not None:
            record = world.agents.records[consult.party.agent]
            world.agents.took(record, contact.id, contact.medium, world.now, counted=False)
        world.out.append(
            ConsultAnswered(
                contact=contact.id,
                agent=control.agent_of(contact)[0],
                leg=consult.leg,
                consulted=consult.party.agent,
                number=consult.party.number,
                rang_s=world.now - consult.began,
            )
        )

    def leg_gone(self, contact: ContactRecord, leg: LegId, end: LegEnd) -> None:
        """A leg has ended. If it was the consulted's or a guest's, the conversation goes on without it."""
        world, consult = self._world, contact.consult
        if consult is not None and consult.own == leg:
            world.legs.pop(leg, None)
            self._let_go(contact, consult, PartyEnd.DROPPED)
            self._return(contact)
        elif consult is not None and consult.leg == leg:
            world.legs.pop(leg, None)
            consult_over(world, contact, consult, PartyEnd.HUNG_UP if consult.up is not None else PARTY_ENDS[end])
            self._return(contact)
        elif leg in contact.guests:
            world.legs.pop(leg, None)
            guest_leaves(world, contact, leg, PartyEnd.HUNG_UP)
            recording.renew(world, contact)
            if contact.state is ContactState.CONNECTED and contact.held_since is not None:
                control.play_music(world, contact)

    def ring_timed_out(self, contact: ContactRecord) -> None:
        """The consulted does not answer."""
        if contact.consult is not None:
            self._let_go(contact, contact.consult, PartyEnd.NO_ANSWER)
            self._return(contact)

    def not_dialled(self, contact: ContactRecord) -> None:
        """The consulted's phone could not be rung."""
        if contact.consult is not None:
            self._let_go(contact, contact.consult, PartyEnd.FAILED)
            self._return(contact)

    def withdraw(self, record: AgentRecord) -> None:
        """An agent pauses or logs out while her phone rings for a consult: she does not want it."""
        contact = self._world.by_leg(record.offer) if record.offer is not None else None
        if contact is not None and contact.consult is not None and contact.consult.leg == record.offer:
            self._let_go(contact, contact.consult, PartyEnd.REJECTED)
            self._return(contact)

    def agent_gone(self, contact: ContactRecord) -> bool:
        """The agent's leg has ended; gives whether others go on with the call. Else it is over."""
        consult = contact.consult
        if consult is not None and consult.up is not None:
            self._transfer(contact, consult, "")
            return True
        if consult is not None:
            self._let_go(contact, consult, PartyEnd.DROPPED)
        if contact.guests:
            self._left_to_guests(contact)
            return True
        if consult is not None:
            self._elsewhere.part_over(contact)
            self._transfers.back_in_line(contact)
            return True
        return False

    # -- one step each -----------------------------------------------------------------------------------------------

    def _not_for_agent(self, contact: ContactRecord, agent: AgentId) -> str:
        record = self._world.agents.records.get(agent)
        if record is None:
            return f"there is no agent {agent}"
        if contact.id in record.contacts:
            return f"{agent} is in the call already"
        hindrance = not_there(record) or self._world.agents.why_not_free(record, contact.medium, self._world.now)
        return f"{agent} is not free: {hindrance}" if hindrance else ""

    def _dial(self, contact: ContactRecord, party: Party, by: str, own: LegId | None = None) -> None:
        world, mint = self._world, self._world.mints()
        agent, agent_leg = control.agent_of(contact)
        if contact.held_since is None:
            control.hold(world, contact, HeldBy.CONSULT)
        called = world.agents.records[party.agent] if party.agent is not None else None
        nail = called.nail if called is not None else None
        leg, bridge = mint.leg() if nail is None else nail.leg, mint.bridge()
        consult = contact.consult = Consult(leg=leg, own=own, bridge=bridge, party=party, began=world.now)
        world.legs[leg] = contact.id
        if own is not None:
            world.legs[own] = contact.id
            world.out.append(AnswerLeg(contact=contact.id, leg=own))
        world.bridges[bridge] = contact.id
        consult.ringback = mint.playback()
        world.out += (
            ConsultBegan(contact=contact.id, agent=agent, leg=leg, consulted=party.agent, number=party.number, by=by),
            OpenBridge(contact=contact.id, bridge=bridge),
            JoinBridge(contact=contact.id, bridge=bridge, leg=agent_leg if own is None else own),
            PlayTone(contact=contact.id, bridge=bridge, playback=consult.ringback, tone=RINGBACK),
        )
        caller = world.agents.records[agent].agent
        timeout_s = RING_S + RING_GRACE_S
        world.timers.set(TimerKind.CONSULT, contact.id, world.now + RING_S)
        if called is not None and party.agent is not None:
            world.agents.offered(called, leg, contact.id, world.now)
        if called is not None and nail is not None:
            world.at_once.append(leg)
        elif called is not None and party.agent is not None:
            command = RingAgent(
                contact=contact.id,
                leg=leg,
                offer=mint.offer(),
                agent=party.agent,
                number=called.agent.number,
                caller=caller.number,
                caller_name=caller.name,
                timeout_s=timeout_s,
                like=agent_leg,
            )
            outside_phones.ring(world, command, called.agent, TimerKind.CONSULT, contact.id)
        else:
            world.out.append(
                DialNumber(
                    contact=contact.id,
                    leg=leg,
                    number=party.number,
                    caller=contact.dialled,
                    timeout_s=timeout_s,
                    like=agent_leg,
                )
            )

    def _transfer(self, contact: ContactRecord, consult: Consult, by: str) -> None:
        """The call is the consulted's; the agent has gone, or goes."""
        world, party, leg = self._world, consult.party, consult.leg
        agent = control.agent_of(contact)[0]
        to = TransferTo.NUMBER if party.agent is None else TransferTo.AGENT
        world.out.append(
            ContactTransferred(contact=contact.id, agent=agent, to=to, name=party.name, consulted=True, by=by)
        )
        consult_over(self._world, contact, consult, PartyEnd.TOOK_OVER)
        self._elsewhere.part_over(contact, goes_on=party.agent is not None)
        voice.stop_music(world, contact)
        world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
        world.out.append(CloseBridge(contact=contact.id, bridge=consult.bridge))
        self._has(contact, party, leg, f"{agent} gave her the call")

    def _has(self, contact: ContactRecord, party: Party, leg: LegId, why: str) -> None:
        """Whoever is on that leg has the call now: another agent, or an outside number."""
        if party.agent is not None:
            self._elsewhere.has(contact, party.agent, leg, why)
        else:
            contact.other_leg, contact.other_up = leg, True
            move(contact, ContactInput.FORWARDED, self._world.now)

    def _conference(self, contact: ContactRecord, consult: Consult) -> None:
        world, leg = self._world, consult.leg
        consult_over(self._world, contact, consult, PartyEnd.JOINED)
        contact.guests[leg] = Guest(party=consult.party, since=world.now)
        voice.stop_music(world, contact)
        world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
        self._return(contact)
        if contact.held_since is not None and control.company(world, contact) == 1:
            recording.renew(world, contact)  # her phone holds: the two are alone
        world.out.append(CloseBridge(contact=contact.id, bridge=consult.bridge))

    def _swap(self, contact: ContactRecord, consult: Consult) -> None:
        """The agent goes to the other one of the two; the one she leaves hears music."""
        world = self._world
        consult.aside = not consult.aside
        if consult.aside:
            control.hold(world, contact, HeldBy.CONSULT)
            world.out += (
                StopMusic(contact=contact.id, bridge=consult.bridge),
                JoinBridge(contact=contact.id, bridge=consult.bridge, leg=control.agent_of(contact)[1]),
            )
        else:
            control.resume(world, contact)
            world.out.append(StartMusic(contact=contact.id, bridge=consult.bridge, music=control.DEFAULT_MUSIC))

    def _drop(self, contact: ContactRecord) -> str:
        if contact.consult is not None:
            self._let_go(contact, contact.consult, PartyEnd.DROPPED)
            self._return(contact)
            return ""
        if contact.guests:
            leg = next(reversed(contact.guests))
            self._world.let_go(contact, leg)
            guest_leaves(self._world, contact, leg, PartyEnd.DROPPED)
            recording.renew(self._world, contact)
            if contact.held_since is not None:
                control.play_music(self._world, contact)
            return ""
        return f"{contact.agent} consults nobody"

    def _left_to_guests(self, contact: ContactRecord) -> None:
        """The agent has left a conference: the first agent among the guests has the call, or the first number."""
        world = self._world
        agents = [leg for leg, guest in contact.guests.items() if guest.party.agent is not None]
        leg = (*agents, *contact.guests)[0]
        party = contact.guests[leg].party
        agent = control.agent_of(contact)[0]
        to = TransferTo.NUMBER if party.agent is None else TransferTo.AGENT
        world.out.append(ContactTransferred(contact=contact.id, agent=agent, to=to, name=party.name, consulted=True))
        guest_leaves(world, contact, leg, PartyEnd.TOOK_OVER, stays=True)
        self._elsewhere.part_over(contact, goes_on=party.agent is not None)
        self._has(contact, party, leg, f"{agent} left her the call")

    def _return(self, contact: ContactRecord) -> None:
        """Nobody is consulted any more: the agent, if she is away from the customer, comes back.

        Not while her phone holds: it would play its music, and tells us when it does not any more.
        """
        if contact.held_since is not None and not contact.phone_holds:
            control.resume(self._world, contact)

    def _let_go(self, contact: ContactRecord, consult: Consult, end: PartyEnd) -> None:
        """Hang up the consulted."""
        world = self._world
        world.let_go(contact, consult.leg, LegEnd.NORMAL if consult.up is not None else LegEnd.CANCELLED)
        consult_over(self._world, contact, consult, end)

    def _hush(self, contact: ContactRecord, consult: Consult) -> None:
        if consult.ringback is not None:
            self._world.out.append(StopPlayback(contact=contact.id, playback=consult.ringback))
            consult.ringback = None


def everybody_else_goes(world: World, contact: ContactRecord) -> None:
    """The contact is over, or its agent's part without anybody who goes on: consulted and guests are hung up."""
    consult = contact.consult
    if consult is not None:
        world.let_go(contact, consult.leg)
        consult_over(world, contact, consult, PartyEnd.DROPPED)
    if contact.guests:
        for leg in list(contact.guests):
            world.let_go(contact, leg)
            guest_leaves(world, contact, leg, PartyEnd.DROPPED)


def consult_over(world: World, contact: ContactRecord, consult: Consult, end: PartyEnd) -> None:
    """Forget the second conversation. Its bridge is closed, unless the consulted is yet to move out of it."""
    contact.consult = None
    world.timers.cancel(TimerKind.CONSULT, contact.id)
    if consult.own is not None and world.legs.pop(consult.own, None) is not None:
        world.out.append(HangUp(contact=contact.id, leg=consult.own))
    world.bridges.pop(consult.bridge, None)
    if consult.ringback is not None:
        world.out.append(StopPlayback(contact=contact.id, playback=consult.ringback))
    if end not in (PartyEnd.TOOK_OVER, PartyEnd.JOINED):
        world.out.append(CloseBridge(contact=contact.id, bridge=consult.bridge))
        if consult.party.agent is not None:
            _agent_released(world, contact, consult.party.agent, rang=consult.up is None)
    began = consult.began if consult.up is None else consult.up
    world.out.append(
        PartyLeft(
            contact=contact.id,
            agent=contact.agent,
            leg=consult.leg,
            guest=consult.party.agent,
            number=consult.party.number,
            aside=True,
            end=end,
            began=began,
            spoke_s=0.0 if consult.up is None else world.now - consult.up,
        )
    )


def guest_leaves(world: World, contact: ContactRecord, leg: LegId, end: PartyEnd, *, stays: bool = False) -> None:
    """A guest is none any more. `stays`: the call is hers now."""
    guest = contact.guests.pop(leg)
    if guest.party.agent is not None and not stays:
        _agent_released(world, contact, guest.party.agent, rang=False)
    world.out.append(
        PartyLeft(
            contact=contact.id,
            agent=contact.agent,
            leg=leg,
            guest=guest.party.agent,
            number=guest.party.number,
            aside=False,
            end=end,
            began=guest.since,
            spoke_s=world.now - guest.since,
        )
    )


def _agent_released(world: World, contact: ContactRecord, agent: AgentId, *, rang: bool) -> None:
    """Whoever was called aside is free again, without a wrap-up."""
    agents: Agents = world.agents
    record = agents.records[agent]
    if rang:
        agents.offer_lost(record, world.now)
    else:
        agents.talk_ended(record, contact.id, contact.medium, 0.0, world.now)
