"""Agents who call each other on their own phones. Knows two agents and two legs; knows no queue and no customer.

Theory: it is an internal contact of the one who calls, in no flow and no queue, and its other leg is her colleague's
phone, as an outside number would be. It is a call of her own for each of them, so nobody is offered to either while it
rings or lasts. A colleague who has a call is busy; one who is paused, or has logged out, may be rung all the same: it
is no work that is offered to her.

Handed on, the contact stays what it is: one of the two goes, and the other is the one who calls from then on. Nobody
waits for such a call, so what needs a queue to come back to (parking, a word aside) is not to be had. It is recorded if
the configuration names a queue by whose rules it is.
"""

from typing import Final, Protocol

import msgspec

from callcenter.core import recording, voice
from callcenter.core.consult import BY_PHONE
from callcenter.core.contacts import ContactInput, move
from callcenter.core.control import DEFAULT_MUSIC, LONG_HOLD_S
from callcenter.core.outside_phones import no_house_phone
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import NOBODY, World
from callcenter.model.agent import PhoneState
from callcenter.model.colleagues import (
    ColleagueAnswered,
    ColleagueHeld,
    ColleagueMissed,
    ColleagueRang,
    ColleagueTransferred,
)
from callcenter.model.commands import HangUp, JoinBridge, LeaveBridge, PlayTone, RingPhone, TellReferrer
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd
from callcenter.model.control import TransferTo
from callcenter.model.control_facts import PhoneRefused
from callcenter.model.events import ContactArrived, LegReferred, TransferRequested
from callcenter.model.ids import AgentId, LegId
from callcenter.model.parking import PhoneTurnedAway

RING_S: Final = 30.0  # how long a colleague's phone rings
RING_GRACE_S: Final = 5.0  # Asterisk gives up by itself so long after we should have told it to
RINGING: Final = "ring"  # the tone that she hears who calls
ACTOR: Final = "agent:"  # what an agent's name has before it where it is said who asked


class Door(Protocol):
    """Who lets contacts in and out."""

    def newcomer(self, event: ContactArrived) -> ContactRecord:
        """A new contact of this leg, in no flow yet."""
        ...

    def end(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact."""
        ...


class Colleagues:
    """All calls of agents to agents."""

    __slots__ = ("_door", "_world")

    def __init__(self, world: World, door: Door) -> None:
        self._world = world
        self._door = door

    # -- one is called -----------------------------------------------------------------------------------------------

    def called(self, event: ContactArrived) -> bool:
        """Whether an agent calls a colleague: then her phone rings, or she is told no."""
        world = self._world
        if not event.agent_number or event.flow is not None or event.dialled in world.configuration.numbers:
            return False
        record, colleague = world.agents.by_number(event.agent_number), world.agents.by_number(event.dialled)
        if record is None or colleague is None:
            return False
        problem, end = _hindrance(record, colleague)
        if problem:
            world.bury(event.leg)
            world.out += (
                PhoneTurnedAway(agent=record.agent.id, number=event.dialled, why=problem),
                HangUp(contact=NOBODY, leg=event.leg, end=end),
            )
            return True
        inside = msgspec.structs.replace(event, direction=Direction.INTERNAL)
        self._ring(self._door.newcomer(inside), record, colleague)
        return True

    def _ring(self, contact: ContactRecord, record: AgentRecord, colleague: AgentRecord) -> None:
        world, mint = self._world, self._world.mints()
        contact.colleague = colleague.agent.id
        world.agents.dials(colleague, world.now)
        voice.take_call(world, contact)
        voice.hush(world, contact)
        voice.stop_music(world, contact)
        contact.playback, contact.interruptible = mint.playback(), False
        world.playbacks[contact.playback] = contact.id
        leg = contact.other_leg = mint.leg()
        world.legs[leg] = contact.id
        world.timers.set(TimerKind.FORWARD, contact.id, world.now + RING_S)
        world.out += (
            ColleagueRang(contact=contact.id, agent=record.agent.id, colleague=colleague.agent.id, leg=leg),
            PlayTone(contact=contact.id, bridge=voice.bridge_of(contact), playback=contact.playback, tone=RINGING),
            RingPhone(
                contact=contact.id,
                leg=leg,
                number=colleague.agent.number,
                caller=record.agent.number,
                caller_name=record.agent.name,
                timeout_s=RING_S + RING_GRACE_S,
            ),
        )

    def answered(self, contact: ContactRecord) -> bool:
        """Whether it is her phone that was answered, for the first time; `meet` is next."""
        if contact.colleague is None or contact.other_leg is None or contact.other_up:
            return False
        contact.sent_by = None
        self._world.out.append(
            ColleagueAnswered(
                contact=contact.id,
                agent=contact.dialler or AgentId(""),
                colleague=contact.colleague,
                leg=contact.other_leg,
                rang_s=self._world.now - contact.phase_since,
            )
        )
        return True

    def meet(self, contact: ContactRecord) -> None:
        """The two are in the bridge: they are recorded, if that is the rule. One whose phone holds hears nothing."""
        world = self._world
        if contact.leg in contact.holding:
            self._out(contact, contact.leg)
        queue = world.configuration.record_colleagues
        rules = world.configuration.queues.get(queue) if queue is not None else None
        if rules is not None and not {contact.dialler, contact.colleague} & set(rules.recording.except_agents):
            recording.begin(world, contact, rules)

    def not_reached(self, contact: ContactRecord, why: str) -> None:
        """She has not answered: who handed the call on has it back if she can be rung; else that was it."""
        world, missed = self._world, contact.colleague
        record = world.agents.records.get(contact.dialler) if contact.dialler is not None else None
        sender = world.agents.records.get(contact.sent_by) if contact.sent_by is not None else None
        contact.sent_by = None
        if record is None or missed is None or sender is None or not_rung(sender)[0]:
            self._door.end(contact, EndReason.NOT_REACHED)
            return
        world.out.append(ColleagueMissed(contact=contact.id, colleague=missed, why=why))
        self._is_free(missed)
        self._ring(contact, record, sender)

    # -- while they speak --------------------------------------------------------------------------------------------

    def held(self, leg: LegId, *, held: bool) -> bool:
        """Whether a phone that holds, or does not any more, is one of these."""
        world, contact = self._world, self._world.by_leg(leg)
        if contact is None or contact.colleague is None:
            return False
        if held is (leg in contact.holding):
            return True
        agent = contact.dialler if leg == contact.leg else contact.colleague
        world.out.append(ColleagueHeld(contact=contact.id, agent=agent or AgentId(""), held=held))
        if held:
            contact.holding[leg] = world.now
        since = world.now if held else contact.holding.pop(leg)
        if contact.state is not ContactState.FORWARDED:
            return True  # it rings: who joins whom is seen when it is answered
        if held:
            self._out(contact, leg)
        else:
            self._music(contact)
            world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
            if leg == contact.leg or world.now - since >= LONG_HOLD_S:  # on her leg nothing was recorded meanwhile
                recording.renew(world, contact)
        return True

    def _out(self, contact: ContactRecord, leg: LegId) -> None:
        self._world.out.append(LeaveBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
        self._music(contact)

    def _music(self, contact: ContactRecord) -> None:
        """For one whose colleague's phone holds."""
        if len(contact.holding) == 1:
            voice.start_music(self._world, contact, DEFAULT_MUSIC)
        else:
            voice.stop_music(self._world, contact)

    def pressed(self, contact: ContactRecord, leg: LegId, digit: str) -> bool:
        """Whether a key was pressed in such a call: the keys of the recording are for either of the two."""
        if contact.colleague is None:
            return False
        agent = contact.dialler if leg == contact.leg else contact.colleague
        if leg in (contact.leg, contact.other_leg) and agent is not None:
            recording.colleague_pressed(self._world, contact, agent, digit)
        return True

    # -- handing on --------------------------------------------------------------------------------------------------

    def referred(self, event: LegReferred) -> bool:
        """Whether a phone that wants its call handed on is one of these: then it is, or the phone is told no."""
        world, contact = self._world, self._world.by_leg(event.leg)
        agent = None
        if contact is not None and contact.colleague is not None:
            agent = contact.dialler if event.leg == contact.leg else contact.colleague
        if contact is None or agent is None:
            return False
        at = len(world.out)
        record = world.agents.by_number(event.number)
        if event.other is not None or event.elsewhere:
            problem = "those two calls cannot be joined"
        elif record is None or event.number in world.configuration.numbers:
            problem = f"{_said(contact)}, and is handed on to an agent: {event.number!r} is no agent's number"
        else:
            problem = self._hand_on(contact, agent, record, BY_PHONE)
        told = TellReferrer(contact=contact.id, leg=event.leg, taken=not problem)
        world.out.insert(at, told)  # before its leg is hung up
        if problem:
            world.out.append(PhoneRefused(contact=contact.id, agent=agent, name=event.number, why=problem))
        return True

    def take(self, contact: ContactRecord, event: TransferRequested) -> str:
        """Hand on as somebody asks; gives what is wrong, or "". Who asks, if she is one of the two, is who goes."""
        agents = self._world.agents
        match event.to:
            case TransferTo.AGENT:
                record = agents.records.get(AgentId(event.name))
            case TransferTo.EXTENSION:
                record = agents.by_number(event.name)
            case _:
                return f"{_said(contact)}: it is handed on to an agent, and to no {event.to.value}"
        if record is None:
            return f"there is no {event.to.value} {event.name}"
        if event.priority is not None or event.needs is not None:
            return f"{_said(contact)}: priority and needs are those of a queue"
        asks = AgentId(event.by.removeprefix(ACTOR)) if event.by.startswith(ACTOR) else None
        leaves = contact.dialler if asks is not None and asks == contact.dialler else contact.colleague
        return self._hand_on(contact, leaves or AgentId(""), record, event.by)

    def _hand_on(self, contact: ContactRecord, leaves: AgentId, to: AgentRecord, by: str) -> str:
        """One of the two goes, and a colleague is rung for the other; gives what is wrong, or ""."""
        world, name = self._world, to.agent.id
        if contact.state is not ContactState.FORWARDED:
            return f"{contact.colleague} has not answered yet"
        if name in (contact.dialler, contact.colleague):
            return f"{name} is in the call already"
        problem, _ = not_rung(to)
        stays = contact.colleague if leaves == contact.dialler else contact.dialler
        record = world.agents.records.get(stays) if stays is not None else None
        if problem or record is None or stays is None:
            return problem
        if contact.recording is not None:
            recording.stop(world, contact)
        world.out.append(ColleagueTransferred(contact=contact.id, agent=leaves, stays=stays, to=name, by=by))
        self._goes(contact, leaves, record)
        move(contact, ContactInput.SENT_TO_FLOW, world.now)
        contact.sent_by = leaves
        self._ring(contact, record, to)
        return ""

    def _goes(self, contact: ContactRecord, leaves: AgentId, stays: AgentRecord) -> None:
        """Her leg and her part are over; the other is who calls from now on."""
        world = self._world
        gone, kept = contact.leg, contact.other_leg
        if leaves != contact.dialler:
            gone, kept = kept, gone
        if gone is not None:
            world.out.append(HangUp(contact=contact.id, leg=gone))
            world.legs.pop(gone, None)
            world.bury(gone)
            contact.holding.pop(gone, None)
        if kept in contact.holding:  # she is out of the bridge, and will hear it ring there
            world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=kept))
        contact.leg, contact.other_leg, contact.other_up = kept, None, False
        contact.dialler, contact.agent_number = stays.agent.id, stays.agent.number
        self._is_free(leaves)

    def _is_free(self, agent: AgentId) -> None:
        record = self._world.agents.records.get(agent)
        if record is not None:
            self._world.agents.has_dialled(record, self._world.now)


def over(world: World, contact: ContactRecord) -> None:
    """A contact has ended: whoever was in it on her own phone is free for calls again."""
    if contact.dialler is None and contact.colleague is None:
        return
    for agent in (contact.dialler, contact.colleague):
        record = world.agents.records.get(agent) if agent is not None else None
        if record is not None:
            world.agents.has_dialled(record, world.now)


def not_rung(colleague: AgentRecord) -> tuple[str, LegEnd]:
    """Why a colleague's phone is not rung for a colleague, in words and for a phone; ("", ...) if it is."""
    name = colleague.agent.id
    if problem := no_house_phone(colleague.agent):
        return problem, LegEnd.REJECTED
    if colleague.agent.phone.nailed:
        return f"the phone of {name} is nailed up", LegEnd.REJECTED
    if colleague.phone is not PhoneState.REACHABLE:
        return f"the phone of {name} cannot be reached", LegEnd.UNREACHABLE
    if colleague.contacts or colleague.own_calls or colleague.offer is not None:
        return f"{name} is busy", LegEnd.BUSY
    return "", LegEnd.NORMAL


def _hindrance(record: AgentRecord, colleague: AgentRecord) -> tuple[str, LegEnd]:
    """What hinders the call, in words, and what her phone is told; ("", ...) if nothing does."""
    if record is colleague:
        return f"{record.agent.id} is she herself", LegEnd.REJECTED
    if record.contacts or record.own_calls:
        return f"{record.agent.id} has a call already", LegEnd.REJECTED
    return not_rung(colleague)


def _said(contact: ContactRecord) -> str:
    return f"{contact.id} is a call between agents"
