"""What agents' phones do by themselves: hold, call a second number, hand a call on. Knows legs; not how it is done.

Theory: a phone that speaks with a customer and wants a word with somebody else puts the first call on hold and makes a
second one. Both of its legs belong to the one contact then, the second as the agent's side of a consult, so whatever
may be done in a consult can be done. A REFER is a question (Asterisk carries none out, see `PJSIP_TRANSFER_HANDLING` in
asterisk-conf): it is asked of the same rules as a transfer from the command line. What is refused is told to the phone,
and the call is as it was; a phone that hangs up all the same leaves the customer to the queue, and not to nobody.
"""

from typing import Final

from callcenter.core import control, recording, voice
from callcenter.core.consult import BY_PHONE, Consults, Elsewhere
from callcenter.core.parking import ParkingPlace
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.taking import take
from callcenter.core.transfers import Transfers, hindrance, in_company
from callcenter.core.world import NOBODY, World
from callcenter.model.commands import HangUp, JoinBridge, LeaveBridge, StartMusic, StopMusic, TellReferrer
from callcenter.model.contact import ContactState, LegEnd
from callcenter.model.control import Consult, HeldBy, Party, TransferTo
from callcenter.model.control_facts import PhoneRefused
from callcenter.model.events import ContactArrived, LegReferred, LegReplaced
from callcenter.model.ids import LegId

REFUSED_GRACE_S: Final = 3.0  # some phones hang up when they are told no: within so long that is no farewell


class Phones:
    """All agents' phones, as far as they act by themselves."""

    __slots__ = ("_consults", "_elsewhere", "_parking", "_transfers", "_world")

    def __init__(
        self, world: World, transfers: Transfers, consults: Consults, parking: ParkingPlace, elsewhere: Elsewhere
    ) -> None:
        self._world = world
        self._transfers = transfers
        self._consults = consults
        self._parking = parking
        self._elsewhere = elsewhere

    # -- hold --------------------------------------------------------------------------------------------------------

    def held(self, leg: LegId, *, held: bool) -> None:
        """A phone says that it holds, or does not any more. A customer's hold is her own affair."""
        contact = self._world.by_leg(leg)
        if contact is None or contact.state is not ContactState.CONNECTED or contact.mail is not None:
            return
        consult = contact.consult
        if consult is not None and leg == consult.own:
            self._held_aside(contact, consult, leg, held=held)
        elif leg == contact.agent_leg:
            contact.phone_holds = held
            if (consult is not None and consult.own is None) or contact.paying is not None:
                return
            if held and contact.held_since is None:
                control.hold(self._world, contact, HeldBy.PHONE)
            elif not held and contact.held_since is not None:
                control.resume(self._world, contact)

    def _held_aside(self, contact: ContactRecord, consult: Consult, leg: LegId, *, held: bool) -> None:
        """The agent leaves the consulted for a moment, or comes back to her."""
        if consult.aside is not held:
            return
        consult.aside = not held
        if held:
            self._world.out += (
                LeaveBridge(contact=contact.id, bridge=consult.bridge, leg=leg),
                StartMusic(contact=contact.id, bridge=consult.bridge, music=control.DEFAULT_MUSIC),
            )
        else:
            self._world.out += (
                StopMusic(contact=contact.id, bridge=consult.bridge),
                JoinBridge(contact=contact.id, bridge=consult.bridge, leg=leg),
            )

    # -- a second call -----------------------------------------------------------------------------------------------

    def called(self, event: ContactArrived) -> bool:
        """Whether this call is the second one of an agent who has a customer: then it is a word aside."""
        record = self._world.agents.by_number(event.agent_number) if event.agent_number else None
        contact = control.talk_of(self._world, record)
        if record is None or contact is None or event.flow is not None:
            return False
        party = self._party(event.dialled)
        if party is None:
            return False
        paying = f"the customer of {contact.id} is paying" if contact.paying is not None else ""
        problem = paying or self._consults.called(contact, event.leg, party)
        if problem:
            self._refused(contact, party.name, problem)
            self._world.bury(event.leg)
            self._world.out.append(HangUp(contact=NOBODY, leg=event.leg, end=LegEnd.REJECTED))
        return True

    def _party(self, number: str) -> Party | None:
        """Whom a number is, if it is somebody to speak with: an agent, or somebody outside."""
        configuration = self._world.configuration
        if number in configuration.numbers:
            return None
        record = self._world.agents.by_number(number)
        if record is not None:
            return Party(agent=record.agent.id)
        return Party(number=number) if configuration.may_forward_to(number) else None

    # -- handing on --------------------------------------------------------------------------------------------------

    def referred(self, event: LegReferred) -> None:
        """A phone wants its call handed on."""
        world = self._world
        contact = world.by_leg(event.leg)
        if contact is None:
            world.out.append(TellReferrer(contact=NOBODY, leg=event.leg, taken=False))
            return
        at = len(world.out)
        problem = self._hand_on(contact, event)
        told = TellReferrer(contact=contact.id, leg=event.leg, taken=not problem)
        world.out.insert(at, told)  # before its legs are hung up
        if problem and contact.agent is not None and contact.state is ContactState.CONNECTED:
            contact.refused_at = world.now
            self._refused(contact, event.number, problem)

    def _hand_on(self, contact: ContactRecord, event: LegReferred) -> str:
        """Do it; gives what is wrong, or "", and then nothing has changed."""
        consult = contact.consult
        own = consult.own if consult is not None else None
        if contact.state is not ContactState.CONNECTED or contact.mail is not None:
            return "the call is not with an agent"
        if contact.paying is not None:
            return "the customer is paying"
        if event.leg not in (contact.agent_leg, own):
            return "only the agent who has the call hands it on"
        if event.leg in self._world.nailed:
            return "her phone is nailed up, and would hang up its one line"
        if event.other is not None and consult is not None and {event.leg, event.other} == {contact.agent_leg, own}:
            return self._to_consulted(contact, consult)
        if event.other is not None or event.elsewhere:
            return "those two calls cannot be joined"
        if self._parking.leads_here(event.number):
            return self._parking.park(contact, event.number, BY_PHONE)
        return hindrance(contact) or self._transfers.hand_on(contact, *self._place(event.number), by=BY_PHONE)

    def _to_consulted(self, contact: ContactRecord, consult: Consult) -> str:
        """To whom she speaks with; while it rings there, as if she had not waited for it."""
        if consult.up is not None:
            self._consults.give(contact)
            return ""
        party = consult.party
        place = (TransferTo.NUMBER, party.number) if party.agent is None else (TransferTo.AGENT, str(party.agent))
        problem = in_company(contact) or self._transfers.why_not(contact, place)
        if not problem:
            self._consults.drop(contact)
            problem = self._transfers.hand_on(contact, *place, by=BY_PHONE)
        return problem

    def _place(self, number: str) -> tuple[TransferTo, str]:
        inside = number in self._world.configuration.numbers or self._world.agents.by_number(number) is not None
        return (TransferTo.EXTENSION if inside else TransferTo.NUMBER), number

    def hung_up(self, contact: ContactRecord) -> bool:
        """The agent's leg has ended; whether that was a phone's answer to a "no". Then its customer is in line."""
        if contact.refused_at is None or self._world.now > contact.refused_at + REFUSED_GRACE_S:
            return False
        if contact.last_queue is None:
            return False
        self._elsewhere.part_over(contact)
        self._transfers.back_in_line(contact)
        return True

    def _refused(self, contact: ContactRecord, name: str, why: str) -> None:
        agent = control.agent_of(contact)[0]
        self._world.out.append(PhoneRefused(contact=contact.id, agent=agent, name=name, why=why))

    # -- taking another's call ---------------------------------------------------------------------------------------

    def replaced(self, event: LegReplaced) -> None:
        """Another phone is in the place of a leg. If it is an agent's in the place of an agent's, the call is hers."""
        world = self._world
        contact = world.by_leg(event.old)
        record = world.agents.by_number(event.agent_number) if event.agent_number else None
        is_agents = contact is not None and event.old == contact.agent_leg and contact.consult is None
        if contact is None or record is None or not is_agents or not self._may_take(contact, record):
            world.bury(event.leg)
            world.out.append(HangUp(contact=NOBODY, leg=event.leg))
            return
        agent, to = control.agent_of(contact)[0], record.agent.id
        del world.legs[event.old]
        if to != agent:
            take(world, self._elsewhere, contact, record, event.leg, f"{to} took it from the phone of {agent}")
            return
        world.legs[event.leg] = contact.id
        contact.agent_leg = event.leg
        recording.renew(world, contact)
        if contact.held_since is None:
            world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=event.leg))

    def _may_take(self, contact: ContactRecord, record: AgentRecord) -> bool:
        if contact.state is not ContactState.CONNECTED or contact.mail is not None or contact.paying is not None:
            return False
        world = self._world
        if record.agent.phone.nailed:
            return False  # her line is up already, and this one would be another
        own = record.agent.id == contact.agent
        return own or not world.agents.why_not_free(record, contact.medium, world.now)
