"""Calls that are parked: put into a slot, picked up by anybody, or back to where they came from. Knows slots and legs.

Theory: a parked call has no agent; she is as free as after any talk, and her part of it is counted like any other.
Its customer stays in the contact's bridge, where music plays, and her recording goes on as on hold, or ends, by policy.
What ends it is a phone that dials the slot, or one that rings for it and is answered, the customer, or its deadline,
which it always has: then it goes back to who parked it, or else into its queue, where its place is as old as the call.
A phone that rings for it counts as an offer to its agent, and costs her nothing if she does not answer.
Who parks a call on her phone is told its slot there: she hears it on the leg on which she has parked it, which is a
call of her own meanwhile. A phone that hands its call on (REFER) has put it aside, and hears nothing.
"""

from typing import Final, Protocol

from callcenter.core import control, recording, voice
from callcenter.core.consult import BY_PHONE, PARTY_ENDS, Elsewhere
from callcenter.core.contacts import ContactInput, move
from callcenter.core.dispositions import held
from callcenter.core.outside_phones import no_house_phone
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.transfers import Transfers, hindrance, not_there
from callcenter.core.world import NOBODY, World
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.commands import AnswerLeg, HangUp, JoinBridge, PlayPrompts, RingAgent
from callcenter.model.contact import Direction, LegEnd, Medium
from callcenter.model.control import PartyEnd
from callcenter.model.events import ContactArrived
from callcenter.model.flow import Flow, Prompt
from callcenter.model.ids import AgentId, FlowName, LegId
from callcenter.model.parking import (
    SLOT,
    SLOT_FLOW,
    SLOT_PROMPT,
    ContactParked,
    Parked,
    ParkEnd,
    Parking,
    ParkOver,
    ParkRequest,
    ParkRequested,
    PhoneTurnedAway,
    PickUp,
    PickUpMissed,
    PickUpRang,
)
from callcenter.nodes.hangup import Hangup

RING_S: Final = 20.0  # how long the phone of whoever picks a call up rings
RING_GRACE_S: Final = 5.0  # Asterisk gives up by itself so long after we should have told it to
BY_KEY: Final = "key"  # who asked: the agent pressed it
NO_SLOTS: Final = "there are no slots to park a call in: see `parking` in numbers.yaml"


def slot_flow(prompt: Prompt) -> Flow:
    """The flow in which an agent hears a prompt that says `slot`, and is let go."""
    return Flow(name=SLOT_FLOW, start="tell", nodes={"tell": Hangup(prompt=prompt)})


class Teller(Protocol):
    """Who lets an agent hear something on a leg of her own."""

    def tells(self, record: AgentRecord, call: ContactArrived, flow: FlowName) -> None:
        """Make a call of her own of this leg, and begin the flow."""
        ...


class ParkingPlace:
    """All slots."""

    __slots__ = ("_elsewhere", "_teller", "_transfers", "_world")

    def __init__(self, world: World, transfers: Transfers, elsewhere: Elsewhere, teller: Teller) -> None:
        self._world = world
        self._teller = teller
        self._transfers = transfers
        self._elsewhere = elsewhere

    # -- what people ask ---------------------------------------------------------------------------------------------

    def take(self, event: ParkRequest) -> str:
        """Do what is asked; gives what is wrong, or "", and then nothing has changed."""
        if not isinstance(event, ParkRequested):
            return self._ring(event.agent, event.slot, event.by)
        contact, problem = control.in_talk(self._world, event.contact)
        return problem if contact is None else self.park(contact, event.slot, event.by)

    def leads_here(self, number: str) -> bool:
        """Whether a phone that transfers its call to this number wants it parked."""
        rules = self._world.configuration.parking
        return rules is not None and (number in rules.slots or (number == rules.number and bool(number)))

    def park(self, contact: ContactRecord, wanted: str, by: str, told: LegId | None = None) -> str:
        """Park a contact that an agent has; gives what is wrong, or "". `wanted` is a slot; "" or the number: any.

        On the leg `told`, which may be her own in this talk, she hears which slot it is.
        """
        world, rules = self._world, self._world.configuration.parking
        if rules is None:
            return NO_SLOTS
        slot, problem = self._free(rules, "" if wanted == rules.number else wanted)
        problem = problem or hindrance(contact)
        if problem:
            return problem
        agent = control.agent_of(contact)[0]
        stays = told is not None and told == contact.agent_leg and self._can_be_told(told)
        if stays and told is not None:
            del world.legs[told]  # so that it is not hung up
        self._elsewhere.part_over(contact, goes_on=rules.record)
        move(contact, ContactInput.PARKED, world.now)
        contact.parked = Parked(slot=slot, agent=agent, since=world.now)
        world.slots[slot] = contact.id
        until = world.now + rules.back_after_s
        world.timers.set(TimerKind.PARK, contact.id, until)
        world.out.append(ContactParked(contact=contact.id, agent=agent, slot=slot, until=until, by=by))
        control.play_music(world, contact)
        if told is not None:
            self._tell(contact, agent, slot, told)
        return ""

    def _can_be_told(self, leg: LegId) -> bool:
        return SLOT_FLOW in self._world.configuration.flows and leg not in self._world.nailed

    def _tell(self, contact: ContactRecord, agent: AgentId, slot: str, leg: LegId) -> None:
        """She hears the slot. On a line that is nailed up, in its own bridge, where it is again by now."""
        world, record = self._world, self._world.agents.records[agent]
        if self._can_be_told(leg):
            call = ContactArrived(
                leg=leg,
                medium=Medium.VOICE,
                caller=record.agent.number,
                caller_name=record.agent.name,
                dialled=slot,
                direction=Direction.INTERNAL,
                agent_number=record.agent.number,
                variables={SLOT: slot},
            )
            self._teller.tells(record, call, SLOT_FLOW)
        elif record.nail is not None and record.nail.leg == leg:
            world.out.append(
                PlayPrompts(
                    contact=contact.id,
                    bridge=record.nail.bridge,
                    playback=world.mints().playback(),
                    prompts=(SLOT_PROMPT,),
                    language=record.agent.language,
                    variables={SLOT: slot},
                )
            )

    def key_pressed(self, contact: ContactRecord, digit: str) -> bool:
        """An agent has pressed a key in a talk; whether it was the one by which she parks it."""
        rules = self._world.configuration.parking
        if rules is None or rules.key != digit or contact.paying is not None:
            return False
        problem = self.park(contact, "", BY_KEY, told=contact.agent_leg)
        if problem:
            agent = control.agent_of(contact)[0]
            self._world.out.append(PhoneTurnedAway(agent=agent, number=digit, why=problem))
        return True

    def dialled(self, event: ContactArrived) -> bool:
        """Whether a call of an agent's phone is to a slot: then the call in there is hers, or she is told no.

        In a talk, a call to the number, or to a slot that is free, parks the customer, and she hears where.
        """
        world = self._world
        record = world.agents.by_number(event.agent_number) if event.agent_number else None
        if record is None or event.flow is not None:
            return False
        if event.dialled not in world.slots and not self.leads_here(event.dialled):
            return False
        contact = control.talk_of(world, record)
        if contact is not None and event.dialled not in world.slots:
            problem = f"the customer of {contact.id} is paying" if contact.paying is not None else ""
            problem = problem or self.park(contact, event.dialled, BY_PHONE, told=event.leg)
            if problem:
                self._turn_away(record, event, problem)
            return True
        contact, problem = self._in(event.dialled)
        problem = problem or self._why_not_hers(record, contact)
        if contact is None or problem:
            self._turn_away(record, event, problem)
            return True
        world.legs[event.leg] = contact.id
        world.out.append(AnswerLeg(contact=contact.id, leg=event.leg))
        self._picked_up(contact, record, event.leg)
        return True

    def _turn_away(self, record: AgentRecord, event: ContactArrived, problem: str) -> None:
        self._world.bury(event.leg)
        self._world.out += (
            PhoneTurnedAway(agent=record.agent.id, number=event.dialled, why=problem),
            HangUp(contact=NOBODY, leg=event.leg, end=LegEnd.REJECTED),
        )

    # -- what happens ------------------------------------------------------------------------------------------------

    def answered(self, contact: ContactRecord, pickup: PickUp) -> None:
        """The phone that rang was answered."""
        self._picked_up(contact, self._world.agents.records[pickup.agent], pickup.leg)

    def not_answered(self, contact: ContactRecord, end: LegEnd, *, leg_gone: bool) -> None:
        """The phone that rang was not answered, could not be rung, or has rung for long enough. The call stays."""
        if contact.parked is None or contact.parked.pickup is None:
            return
        if leg_gone:
            self._world.legs.pop(contact.parked.pickup.leg, None)
        stop_ringing(self._world, contact, PARTY_ENDS[end])

    def withdraw(self, record: AgentRecord) -> None:
        """An agent pauses or logs out while her phone rings for a parked call: she does not want it."""
        contact = self._world.by_leg(record.offer) if record.offer is not None else None
        if contact is None or contact.parked is None or contact.parked.pickup is None:
            return
        if contact.parked.pickup.leg == record.offer:
            stop_ringing(self._world, contact, PartyEnd.REJECTED)

    def time_came(self, contact: ContactRecord) -> None:
        """Nobody has picked it up: to who parked it, if she is there, and soon to anybody; it is first in line."""
        world, parked = self._world, contact.parked
        if parked is None:
            return
        leave(world, contact, ParkEnd.TIMED_OUT)
        recording.stop(world, contact)
        record = world.agents.records.get(parked.agent)
        if record is not None and not not_there(record):
            self._transfers.to_agent(contact, parked.agent, returns=True)
        else:
            self._transfers.back_in_line(contact, returns=True)

    # -- one step each -----------------------------------------------------------------------------------------------

    def _free(self, rules: Parking, wanted: str) -> tuple[str, str]:
        """A slot that is free, and what is wrong, or ""."""
        taken = self._world.slots
        if not wanted:
            found = next((slot for slot in rules.slots if slot not in taken), "")
            return found, "" if found else f"all {len(rules.slots)} slots are taken"
        if wanted not in rules.slots:
            return "", f"there is no slot {wanted}: they are {rules.slots[0]} to {rules.slots[-1]}"
        return wanted, f"slot {wanted} is taken" if wanted in taken else ""

    def _in(self, slot: str) -> tuple[ContactRecord | None, str]:
        contact = self._world.slots.get(slot)
        if contact is not None:
            return self._world.contacts[contact], ""
        if self._world.configuration.parking is None:
            return None, NO_SLOTS
        return None, f"nobody is parked in {slot}" if self.leads_here(slot) else f"there is no slot {slot}"

    def _why_not_hers(self, record: AgentRecord, contact: ContactRecord | None) -> str:
        """What hinders an agent, who is at her phone, from having a parked call."""
        agent = record.agent.id
        if record.status is AgentStatus.LOGGED_OUT:
            return f"{agent} is logged out"
        if record.contacts:
            return f"{agent} has a call already"
        if record.own_calls:
            return _calls(record)
        if record.agent.phone.nailed:
            return f"the phone of {agent} is nailed up: pick it up by a request"
        rung = contact.parked.pickup if contact is not None and contact.parked is not None else None
        if record.offer is not None and (rung is None or rung.leg != record.offer):
            return f"the phone of {agent} rings for another call"
        if record.state is AgentState.WRAP_UP:
            return held(self._world, record)
        return ""

    def _ring(self, agent: AgentId, slot: str, by: str) -> str:
        """Let an agent's phone ring for the call in a slot; gives what is wrong, or ""."""
        world = self._world
        contact, problem = self._in(slot)
        if contact is None or contact.parked is None:
            return problem
        record = world.agents.records.get(agent)
        if record is None:
            return f"there is no agent {agent}"
        if contact.parked.pickup is not None:
            return f"the phone of {contact.parked.pickup.agent} rings for it already"
        problem = no_house_phone(record.agent)
        if record.state is AgentState.WRAP_UP and not problem:
            problem = not_there(record) or held(world, record) or _calls(record)
            if not problem:  # she is done with the call before: she says so by this
                world.agents.end_wrap_up(record, world.now)
        problem = problem or world.agents.why_not_free(record, contact.medium, world.now)
        if problem:
            return f"{agent} cannot have it: {problem}"
        nail = record.nail
        leg = world.mints().leg() if nail is None else nail.leg
        contact.parked.pickup = PickUp(leg=leg, agent=agent, began=world.now)
        world.legs[leg] = contact.id
        ends = world.now + RING_S
        world.timers.set(TimerKind.PICK_UP, contact.id, ends)
        due = world.timers.due(TimerKind.PARK, contact.id)
        if due is None or due <= ends:  # somebody is about to answer
            world.timers.set(TimerKind.PARK, contact.id, ends + RING_GRACE_S)
        world.out.append(PickUpRang(contact=contact.id, agent=agent, slot=slot, leg=leg, by=by))
        world.agents.offered(record, leg, contact.id, world.now)
        if nail is not None:
            world.at_once.append(leg)
        else:
            world.out.append(
                RingAgent(
                    contact=contact.id,
                    leg=leg,
                    offer=world.mints().offer(),
                    agent=agent,
                    number=record.agent.number,
                    caller=contact.caller,
                    caller_name=contact.caller_name,
                    timeout_s=RING_S + RING_GRACE_S,
                    like=contact.leg,
                    auto_answer=record.agent.phone.auto_answer,
                )
            )
        return ""

    def _picked_up(self, contact: ContactRecord, record: AgentRecord, leg: LegId) -> None:
        """The call is an agent's, on a leg of hers that is up."""
        world, parked = self._world, contact.parked
        if parked is None:
            return
        agent = record.agent.id
        leave(world, contact, ParkEnd.PICKED_UP, record, leg)
        if record.state is AgentState.WRAP_UP:
            world.agents.end_wrap_up(record, world.now)
        move(contact, ContactInput.PICKED_UP, world.now)
        world.agents.took(record, contact.id, contact.medium, world.now)
        who = "her own call" if parked.agent == agent else f"it from {parked.agent}'s slot"
        self._elsewhere.has(contact, agent, leg, f"{agent} picked up {who}, {parked.slot}")
        voice.stop_music(world, contact)
        world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
        if contact.recording is None and contact.last_queue is not None:
            recording.begin(world, contact, world.rules_for(contact, contact.last_queue))


def _calls(record: AgentRecord) -> str:
    if record.used_outside:
        return f"the phone of {record.agent.id} is in use from outside"
    return f"{record.agent.id} makes a call of her own" if record.own_calls else ""


def leave(
    world: World, contact: ContactRecord, end: ParkEnd, taker: AgentRecord | None = None, leg: LegId | None = None
) -> None:
    """The slot is free again, and no phone rings for it but the one that was answered. Not parked: nothing."""
    parked = contact.parked
    if parked is None:
        return
    if parked.pickup is not None and parked.pickup.leg != leg:
        stop_ringing(world, contact, PartyEnd.DROPPED)
    contact.parked = None
    del world.slots[parked.slot]
    for kind in (TimerKind.PARK, TimerKind.PICK_UP):
        world.timers.cancel(kind, contact.id)
    world.out.append(
        ParkOver(
            contact=contact.id,
            slot=parked.slot,
            parker=parked.agent,
            end=end,
            began=parked.since,
            parked_s=world.now - parked.since,
            agent=taker.agent.id if taker is not None else None,
            leg=leg,
        )
    )


def stop_ringing(world: World, contact: ContactRecord, end: PartyEnd) -> None:
    """Nobody is rung for a parked call any more; the agent is as free as before."""
    parked = contact.parked
    if parked is None or parked.pickup is None:
        return
    pickup, parked.pickup = parked.pickup, None
    world.timers.cancel(TimerKind.PICK_UP, contact.id)
    if pickup.leg in world.legs:
        world.let_go(contact, pickup.leg, LegEnd.CANCELLED)
    world.out.append(
        PickUpMissed(
            contact=contact.id,
            agent=pickup.agent,
            slot=parked.slot,
            leg=pickup.leg,
            end=end,
            rang_s=world.now - pickup.began,
        )
    )
    world.agents.offer_lost(world.agents.records[pickup.agent], world.now)
