"""After a restart or a lost link: brings what we believe in line with what lives. Knows legs and bridges as listed.

What is not listed is gone; what is listed and unknown is a caller who came while we were away (she is let in) or a
stray of ours (it is hung up). What we believe to have asked for and cannot see (an answer, a bridge, a leg in its
bridge, music or its end) is asked for again: commands are repeatable. Prompts cannot be listed, so one that was playing
counts as played.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from callcenter.core import aside, recording
from callcenter.core.control import DEFAULT_MUSIC
from callcenter.core.offers import Offers
from callcenter.core.payments import SILENCE
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import NOBODY, World
from callcenter.model.callback import CallbackStep
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    HangUp,
    JoinBridge,
    LeaveBridge,
    MuteLeg,
    OpenBridge,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from callcenter.model.contact import ContactState, LegEnd, Medium, direction_of
from callcenter.model.events import ContactArrived, LegSeen, Resynced
from callcenter.model.ids import BridgeId, LegId

AGENT_INSIDE: Final = (CallbackStep.ASKING, CallbackStep.BRIEFING, CallbackStep.RINGING, CallbackStep.MET)


class Told(Protocol):
    """The parts of the engine that are told what was missed."""

    def leg_ended(self, leg: LegId, end: LegEnd) -> None:
        """A leg is gone."""
        ...

    def leg_answered(self, leg: LegId) -> None:
        """A leg that we dialled is up."""
        ...

    def leg_listed(self, contact: ContactRecord, seen: LegSeen) -> None:
        """The customer's leg lives; it may be away with a script."""
        ...

    def playback_ended(self, contact: ContactRecord) -> None:
        """What was playing is over."""
        ...

    def agent_told(self, contact: ContactRecord) -> None:
        """The agent has heard who it is."""
        ...

    def arrived(self, event: ContactArrived) -> None:
        """A caller is at the door."""
        ...


def resync(world: World, offers: Offers, told: Told, seen: Resynced) -> None:
    """Make the engine's memory agree with the list."""
    legs = {leg.leg: leg for leg in seen.legs}
    bridges = {bridge.bridge: frozenset(bridge.legs) for bridge in seen.bridges}
    for contact in _oldest_first(world.contacts.values()):
        talked = contact.state in recording.AFTER_QUEUE or contact.colleague is not None
        playing = contact.playback
        _legs_of(world, offers, told, contact, legs)
        if contact.id in world.contacts:
            customer = legs.get(contact.leg) if contact.leg is not None else None
            _answered(world, contact, customer, legs.get(contact.agent_leg) if contact.agent_leg is not None else None)
            _second_bridge_of(world, contact, bridges, legs)
            if aside.listed(world, contact, bridges):
                told.agent_told(contact)
            _bridge_of(world, contact, bridges, away=customer is not None and customer.away)
            if talked:
                _recording_of(world, contact)
            if contact.playback == playing:  # else it was begun a moment ago, by what was missed
                _playback_of(world, told, contact)
            if customer is not None:
                told.leg_listed(contact, customer)
    for leg in sorted(legs.keys() - world.legs.keys() - world.ears.keys() - world.nailed.keys()):
        _stranger(world, told.arrived, legs[leg])
    elsewhere = {monitor.bridge for monitor in world.monitors.values()}
    elsewhere |= {nail.bridge for agent in world.nailed.values() if (nail := world.agents.records[agent].nail)}
    for bridge in sorted(bridges.keys() - world.bridges.keys() - elsewhere):
        world.out.append(CloseBridge(contact=NOBODY, bridge=bridge))


def _oldest_first(contacts: Iterable[ContactRecord]) -> list[ContactRecord]:
    return sorted(contacts, key=lambda contact: contact.serial)


def _legs_of(world: World, offers: Offers, told: Told, contact: ContactRecord, legs: dict[LegId, LegSeen]) -> None:
    if contact.leg is not None and contact.leg not in legs:
        told.leg_ended(contact.leg, LegEnd.NORMAL)
        return
    _dialled_for_a_campaign(told, contact, legs)
    called_back = contact.callback.leg if contact.callback is not None else None
    dialled = (contact.agent_leg, contact.other_leg)  # before an overflow that comes of this dials another number
    for leg in sorted(contact.offers):
        if leg not in contact.offers:  # rescinded by an answer found a moment ago
            continue
        if leg not in legs:
            offers.vanished(contact, leg, "Asterisk does not know the call to it any more")
        elif legs[leg].up:
            told.leg_answered(leg)
    _called_aside(told, contact, legs)
    _rung_to_pick_up(told, contact, legs)
    for leg in filter(None, dialled):
        if leg not in legs:
            told.leg_ended(leg, LegEnd.NORMAL)
        elif leg == contact.other_leg and legs[leg].up:
            told.leg_answered(leg)
    if called_back is not None and contact.callback is not None and contact.callback.leg == called_back:
        if called_back not in legs:
            told.leg_ended(called_back, LegEnd.NO_ANSWER)
        elif legs[called_back].up:
            told.leg_answered(called_back)


def _dialled_for_a_campaign(told: Told, contact: ContactRecord, legs: dict[LegId, LegSeen]) -> None:
    if contact.campaign is not None and contact.leg is not None and not contact.answered and legs[contact.leg].up:
        told.leg_answered(contact.leg)


def _called_aside(told: Told, contact: ContactRecord, legs: dict[LegId, LegSeen]) -> None:
    """Guests and the consulted; before the agent, whose call may be theirs then."""
    for leg in list(contact.guests):
        if leg not in legs:
            told.leg_ended(leg, LegEnd.NORMAL)
    if contact.consult is not None and contact.consult.own is not None and contact.consult.own not in legs:
        told.leg_ended(contact.consult.own, LegEnd.NORMAL)
    consult = contact.consult
    if consult is None:
        return
    if consult.leg not in legs:
        told.leg_ended(consult.leg, LegEnd.NO_ANSWER)
    elif legs[consult.leg].up and consult.up is None:
        told.leg_answered(consult.leg)


def _rung_to_pick_up(told: Told, contact: ContactRecord, legs: dict[LegId, LegSeen]) -> None:
    pickup = contact.parked.pickup if contact.parked is not None else None
    if pickup is None:
        return
    if pickup.leg not in legs:
        told.leg_ended(pickup.leg, LegEnd.NO_ANSWER)
    elif legs[pickup.leg].up:
        told.leg_answered(pickup.leg)


def _answered(world: World, contact: ContactRecord, customer: LegSeen | None, agent: LegSeen | None) -> None:
    if customer is not None and contact.answered and not customer.up:
        world.out.append(AnswerLeg(contact=contact.id, leg=customer.leg))
    if agent is not None and not agent.up and not agent.ours:  # she called with it
        world.out.append(AnswerLeg(contact=contact.id, leg=agent.leg))


def _bridge_of(world: World, contact: ContactRecord, bridges: dict[BridgeId, frozenset[LegId]], *, away: bool) -> None:
    if contact.bridge is None:
        return
    inside = bridges.get(contact.bridge)
    if inside is None:
        world.out.append(OpenBridge(contact=contact.id, bridge=contact.bridge))
        inside = frozenset()
    belong = [] if contact.leg is None or away or contact.run is not None else [contact.leg]
    if contact.agent_leg is not None and _agent_is_inside(contact):
        belong.append(contact.agent_leg)
    if contact.other_up and contact.other_leg is not None:
        belong.append(contact.other_leg)
        apart = [leg for leg in (contact.leg, contact.other_leg) if leg in contact.holding and leg is not None]
        belong = [leg for leg in belong if leg not in apart]
        left = [leg for leg in apart if leg in inside]
        world.out += (LeaveBridge(contact=contact.id, bridge=contact.bridge, leg=leg) for leg in left)
    belong += contact.guests
    if contact.held_since is not None and contact.agent_leg in inside:
        assert contact.agent_leg is not None
        world.out.append(LeaveBridge(contact=contact.id, bridge=contact.bridge, leg=contact.agent_leg))
    if contact.muted and contact.agent_leg is not None:
        world.out.append(MuteLeg(contact=contact.id, leg=contact.agent_leg, muted=True))
    world.out += (JoinBridge(contact=contact.id, bridge=contact.bridge, leg=leg) for leg in belong if leg not in inside)
    if contact.paying is not None:
        world.out.append(StartMusic(contact=contact.id, bridge=contact.bridge, music=SILENCE))
    elif contact.music:
        world.out.append(StartMusic(contact=contact.id, bridge=contact.bridge, music=contact.music))
    elif contact.state in (ContactState.CONNECTED, ContactState.FORWARDED):
        world.out.append(StopMusic(contact=contact.id, bridge=contact.bridge))  # may have been lost, and can be heard


def _second_bridge_of(
    world: World, contact: ContactRecord, bridges: dict[BridgeId, frozenset[LegId]], legs: dict[LegId, LegSeen]
) -> None:
    """Where an agent consults somebody: the bridge, and who belongs into it now."""
    consult = contact.consult
    if consult is None:
        return
    inside = bridges.get(consult.bridge)
    if inside is None:
        world.out.append(OpenBridge(contact=contact.id, bridge=consult.bridge))
        inside = frozenset()
    belong = [consult.leg] if consult.up is not None else []
    if consult.own is not None and not legs[consult.own].up:
        world.out.append(AnswerLeg(contact=contact.id, leg=consult.own))
    hers = contact.agent_leg if consult.own is None else consult.own
    belong += [hers] if consult.aside and hers is not None else []
    world.out += (JoinBridge(contact=contact.id, bridge=consult.bridge, leg=leg) for leg in belong if leg not in inside)
    if consult.aside:
        world.out.append(StopMusic(contact=contact.id, bridge=consult.bridge))
    else:
        world.out.append(StartMusic(contact=contact.id, bridge=consult.bridge, music=DEFAULT_MUSIC))


def _agent_is_inside(contact: ContactRecord) -> bool:
    """She joins when she and the customer are connected, but for a callback for which she was there first."""
    if contact.state is ContactState.CONNECTED:
        return contact.held_since is None
    first = contact.callback is not None and contact.callback.step in AGENT_INSIDE
    return contact.state is ContactState.CONNECTING and first


def _recording_of(world: World, contact: ContactRecord) -> None:
    recording.again(world, contact)


def _playback_of(world: World, told: Told, contact: ContactRecord) -> None:
    if contact.playback is not None:
        world.out.append(StopPlayback(contact=contact.id, playback=contact.playback))
        world.playbacks.pop(contact.playback, None)
        world.timers.cancel(TimerKind.CUT_OFF, contact.id)
        contact.playback = None
        told.playback_ended(contact)


def _stranger(world: World, arrived: Callable[[ContactArrived], None], leg: LegSeen) -> None:
    if (
        leg.away and leg.leg not in world.buried
    ):  # with a script of which nobody knows any more: it is looked at when it comes back
        return
    if leg.ours or leg.leg in world.buried:
        world.out.append(HangUp(contact=NOBODY, leg=leg.leg))
        return
    known = leg.dialled in world.configuration.numbers
    arrived(
        ContactArrived(
            leg=leg.leg,
            medium=Medium.VOICE,
            caller=leg.caller,
            caller_name=leg.caller_name,
            dialled=leg.dialled,
            direction=direction_of(leg.agent_number, leg.dialled),
            flow=leg.flow,
            returns=leg.returns,
            agent_number=leg.agent_number if known or not leg.up else "",  # nobody is called twice for her
        )
    )
