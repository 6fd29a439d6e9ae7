"""Agents who call each other on their own phones. Knows two agents and two legs; knows no queue and no customer.

Theory: it is an internal contact of the one who calls, in no flow and no queue, and its other leg is her colleague's
phone, as an outside number would be. It is a call of her own for each of them, so nobody is offered to either while it
rings or lasts. A colleague who has a call is busy; one who is paused, or has logged out, may be rung all the same: it
is no work that is offered to her.
"""

from typing import Final, Protocol

import msgspec

from callcenter.core import voice
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import NOBODY, World
from callcenter.model.agent import PhoneState
from callcenter.model.colleagues import ColleagueAnswered, ColleagueRang
from callcenter.model.commands import HangUp, PlayTone, RingPhone
from callcenter.model.contact import Direction, LegEnd
from callcenter.model.events import ContactArrived
from callcenter.model.ids import AgentId
from callcenter.model.parking import PhoneTurnedAway

RING_S: Final = 30.0  # how long a colleague's phone rings
RING_GRACE_S: Final = 5.0  # Asterisk gives up by itself so long after we should have told it to
RINGING: Final = "ring"  # the tone that she hears who calls


class Door(Protocol):
    """Who lets contacts in."""

    def newcomer(self, event: ContactArrived) -> ContactRecord:
        """A new contact of this leg, in no flow yet."""
        ...


class Colleagues:
    """All calls of agents to agents."""

    __slots__ = ("_door", "_world")

    def __init__(self, world: World, door: Door) -> None:
        self._world = world
        self._door = door

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

    def answered(self, contact: ContactRecord) -> None:
        """Her phone was answered: the two speak."""
        if contact.colleague is not None and contact.other_leg is not None and not contact.other_up:
            self._world.out.append(
                ColleagueAnswered(
                    contact=contact.id,
                    agent=contact.dialler or AgentId(""),
                    colleague=contact.colleague,
                    leg=contact.other_leg,
                    rang_s=self._world.now - contact.began,
                )
            )


def over(world: World, contact: ContactRecord) -> None:
    """A contact has ended: whoever was in it on her own phone is free for calls again."""
    for agent in (contact.dialler, contact.colleague):
        record = world.agents.records.get(agent) if agent is not None else None
        if record is not None:
            world.agents.has_dialled(record, world.now)


def _hindrance(record: AgentRecord, colleague: AgentRecord) -> tuple[str, LegEnd]:
    """What hinders the call, in words, and what her phone is told; ("", ...) if nothing does."""
    name = colleague.agent.id
    if record is colleague:
        return f"{name} is she herself", LegEnd.REJECTED
    if record.contacts or record.own_calls:
        return f"{record.agent.id} has a call already", LegEnd.REJECTED
    if colleague.agent.phone.nailed:
        return f"the phone of {name} is nailed up", LegEnd.REJECTED
    if colleague.phone is not PhoneState.REACHABLE:
        return f"the phone of {name} cannot be reached", LegEnd.UNREACHABLE
    if colleague.contacts or colleague.own_calls or colleague.offer is not None:
        return f"{name} is busy", LegEnd.BUSY
    return "", LegEnd.NORMAL
