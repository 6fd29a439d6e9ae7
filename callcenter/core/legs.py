"""What is told of legs: one arrives, answers, ends; what plays on one is over. Knows whose leg it is.

What follows for a contact is decided by the part that its leg is for. A leg that nobody counts on (any more) is hung
up, or its end comes too late and changes nothing.
"""

from typing import Final, Protocol

from callcenter.core import aside, voice
from callcenter.core.parts import Parts
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.talk import end_reason
from callcenter.core.timers import TimerKind
from callcenter.core.world import NOBODY
from callcenter.model.commands import HangUp
from callcenter.model.contact import ContactState, EndReason, LegEnd
from callcenter.model.events import ContactArrived, LegSeen, ScriptEnded
from callcenter.model.ids import FlowName, LegId, PlaybackId
from callcenter.model.parking import PickUp

CUT_OFF_S: Final = 0.2  # a call goes on so long after a prompt that failed, if who heard it has not hung up


class Elsewhere(Protocol):
    """What the end of a leg may lead to."""

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        """End the contact."""
        ...


class Legs:
    """Who is at the other end of each."""

    __slots__ = ("_elsewhere", "_parts", "_world")

    def __init__(self, parts: Parts, elsewhere: Elsewhere) -> None:
        self._world = parts.world
        self._parts = parts
        self._elsewhere = elsewhere

    def arrived(self, event: ContactArrived) -> None:
        """A customer is at the door; a leg that is known already is the same customer.

        One that had left, and is sent in again from outside (a redirect past us), is a contact of its own: or she
        would hear nothing for ever.
        """
        world = self._world
        if event.leg in world.legs or world.buried.get(event.leg) is False:
            return
        world.buried.pop(event.leg, None)
        configuration = world.configuration
        flow = event.flow or configuration.numbers.get(event.dialled) or configuration.default_flow
        flow = flow if flow in configuration.flows else None
        if event.agent_number and self._agent_called(event):
            return
        if self._parts.dialling.rang_back(event, flow):
            return
        contact = self.newcomer(event)
        if flow is not None:
            self._parts.flows.start(contact, flow)
        else:
            world.surprise(f"there is no flow {event.flow or f'for number {event.dialled!r}'}", contact)
            self._elsewhere.end(contact, EndReason.REFUSED)

    def _agent_called(self, event: ContactArrived) -> bool:
        """Whether a call from an agent's phone is something else than a new contact in a flow."""
        return (
            self._parts.parking.dialled(event)
            or self._parts.phones.called(event)
            or self._parts.colleagues.called(event)
            or self._parts.dial_out.dialled(event)
        )

    def tells(self, record: AgentRecord, call: ContactArrived, flow: FlowName) -> None:
        """Let an agent hear something on a leg of hers, in her language: it is a call of her own."""
        contact = self.newcomer(call)
        contact.answered, contact.language = True, record.agent.language
        self._parts.flows.start(contact, flow)

    def newcomer(self, event: ContactArrived) -> ContactRecord:
        """A new contact of this leg, in no flow yet."""
        world, mint, agent_number = self._world, self._world.mints(), event.agent_number
        contact = ContactRecord(
            id=mint.contact(),
            serial=mint.count,
            leg=event.leg,
            medium=event.medium,
            direction=event.direction,
            caller=event.caller,
            caller_name=event.caller_name,
            dialled=event.dialled,
            version=world.version,
            began=world.now,
            phase_since=world.now,
            agent_number=agent_number,
            returns=event.returns,
            variables=dict(event.variables),
        )
        own = world.agents.by_number(agent_number) if agent_number else None
        if own is not None:
            contact.dialler = own.agent.id
            world.agents.dials(own, world.now)
        world.admit(contact)
        return contact

    def leg_answered(self, leg: LegId) -> None:
        """A leg that we dialled was answered; one that nobody counts on (any more) is hung up, perhaps once more.

        A dial request whose answer did not come may be carried out after Asterisk was told to cancel it.
        """
        contact = self._world.by_leg(leg)
        if leg in self._world.nailed:
            self._parts.nails.answered(leg)
        elif contact is not None:
            self._picked_up(contact, leg)
        elif not self._parts.monitoring.answered(leg):
            self._world.out.append(HangUp(contact=NOBODY, leg=leg, end=LegEnd.CANCELLED))

    def _picked_up(self, contact: ContactRecord, leg: LegId) -> None:
        if leg in contact.offers:
            self._parts.talk.agent_answered(contact, leg)
        elif leg == contact.other_leg:
            colleague = self._parts.colleagues.answered(contact)
            self._parts.talk.outside_answered(contact)
            if colleague:
                self._parts.colleagues.meet(contact)
        elif leg == contact.leg and contact.campaign is not None:
            self._parts.campaign_calls.answered(contact)
        elif contact.callback is not None and leg == contact.callback.leg:
            self._parts.dialling.answered(contact)
        elif contact.consult is not None and leg == contact.consult.leg:
            self._parts.consults.answered(contact)
        elif (pickup := _pickup_on(contact, leg)) is not None:
            self._parts.parking.answered(contact, pickup)

    def leg_ended(self, leg: LegId, end: LegEnd, cause: int = 0) -> None:
        """A leg is gone: the caller's, a ringing agent's, a talking agent's, or an outside number's."""
        self._parts.nails.leg_ended(leg, end)
        contact = self._world.by_leg(leg)
        if contact is None:
            self._parts.monitoring.leg_ended(leg, end)
            return
        if leg == contact.leg:
            if contact.campaign is None or not self._parts.campaign_calls.leg_ended(contact, end, cause):
                self._elsewhere.end(contact, end_reason(contact), leg_gone=True)
        elif leg in contact.offers:
            self._parts.offers.missed(contact, leg, end, hang_up=False)
        elif leg == contact.agent_leg:
            del self._world.legs[leg]
            if contact.state is ContactState.CONNECTING:
                self._parts.talk.agent_lost_before_talk(contact)
            elif contact.mail is not None:
                self._parts.mailroom.returns(contact, "the agent hung up before it was done with")
            elif not (
                self._parts.consults.agent_gone(contact)
                or self._parts.phones.hung_up(contact)
                or self._parts.lost.keeps(contact)
            ):
                self._parts.talk.agent_left(contact)
        elif leg == contact.other_leg:
            del self._world.legs[leg]
            contact.other_leg = None
            if contact.state is ContactState.FORWARDED:
                self._elsewhere.end(contact, EndReason.FORWARDED)
            else:
                self._parts.flows.forward_failed(contact, end.value)
        elif contact.callback is not None and leg == contact.callback.leg:
            self._parts.dialling.failed(contact, end)
        else:
            self._beside_ended(contact, leg, end)

    def _beside_ended(self, contact: ContactRecord, leg: LegId, end: LegEnd) -> None:
        """A leg of somebody beside caller and agent is gone."""
        if _pickup_on(contact, leg) is not None:
            self._parts.parking.not_answered(contact, end, leg_gone=True)
        else:
            self._parts.consults.leg_gone(contact, leg, end)

    def leg_listed(self, contact: ContactRecord, seen: LegSeen) -> None:
        """The customer's leg lives; it may be away with a script."""
        self._parts.flows.leg_listed(contact, seen)

    def playback_ended(self, contact: ContactRecord) -> None:
        """What the caller was hearing is over; what follows depends on where the contact is."""
        match contact.state:
            case ContactState.IN_FLOW if self._parts.campaign_calls.is_ours_now(contact):
                self._parts.campaign_calls.said(contact)
            case ContactState.IN_FLOW:
                self._parts.flows.playback_ended(contact)
            case ContactState.WAITING | ContactState.OFFERED:
                self._parts.queues.announcing.over(contact)
            case ContactState.CONNECTING if contact.leg is None:
                self._parts.dialling.briefed(contact)
            case ContactState.CONNECTING:
                self._parts.talk.connect(contact)
            case ContactState.CONNECTED if contact.mail is not None:
                self._parts.mailroom.said(contact)
            case ContactState.CONNECTED if contact.paying is not None:
                self._parts.flows.playback_ended(contact)
            case _:
                contact.playback = None

    def playback_over(self, playback: PlaybackId) -> None:
        """What was played to its end, or could not be, is not waited for any more."""
        holder = self._world.playbacks.pop(playback, None)
        if holder is None:
            self._parts.monitoring.playback_over(playback)
        elif self._world.contacts[holder].playback != playback:
            self._heard_apart(self._world.contacts[holder], playback)
        else:
            self._world.timers.cancel(TimerKind.CUT_OFF, holder)
            self.playback_ended(self._world.contacts[holder])

    def _heard_apart(self, contact: ContactRecord, playback: PlaybackId) -> None:
        """What an agent heard alone is over. Who is asked for a key has her time for it; else the caller is next."""
        for apart, _ in aside.asides_of(contact):
            if apart.playback == playback:
                apart.playback = None
                if apart is contact.aside:
                    self.agent_told(contact)

    def agent_told(self, contact: ContactRecord) -> None:
        """The agent has heard who it is, or has had the time to."""
        self._parts.talk.told(contact)

    def cut_off(self, playback: PlaybackId) -> None:
        """A prompt failed. Most often who hears it has hung up in it, which is told in the same moment, or just after.

        So nothing follows from it yet: nobody is dialled, recorded or connected for a caller, or to an agent, who is
        gone.
        """
        holder = self._world.playbacks.get(playback)
        contact = self._world.contacts[holder] if holder is not None else None
        if contact is not None and contact.playback == playback:
            self._world.timers.set(TimerKind.CUT_OFF, contact.id, self._world.now + CUT_OFF_S)
        elif contact is not None and contact.aside is not None and contact.aside.playback == playback:
            self._world.timers.set(TimerKind.TOLD, contact.id, self._world.now + CUT_OFF_S)
        else:
            self.playback_over(playback)

    def is_with_a_script(self, leg: LegId) -> bool:
        contact = self._world.by_leg(leg)
        return contact is not None and leg == contact.leg and contact.run is not None

    def script_ended(self, event: ScriptEnded) -> None:
        """A leg is back from a script; one that no contact counts on (any more) is hung up."""
        contact = self._world.by_leg(event.leg)
        if contact is not None:
            self._parts.flows.script_ended(contact, event)
        else:
            self._world.out.append(HangUp(contact=NOBODY, leg=event.leg))

    def meet_at_once(self) -> None:
        """Contacts that were given to phones that are nailed up: nobody needs to answer."""
        world = self._world
        while world.at_once:
            legs = world.at_once[:]
            world.at_once.clear()
            for leg in legs:
                contact = world.by_leg(leg)
                if contact is not None:
                    self._picked_up(contact, leg)
                    told_in_words = any(apart_on == leg for _, apart_on in aside.asides_of(contact))
                    if leg in world.nailed and not told_in_words:  # else she has dialled herself
                        self._parts.nails.alert(world.nailed[leg])
            self._parts.matching.settle()
            if world.monitors and not world.blind:
                self._parts.monitoring.settle()
        voice.forget_unheard(world)


def _pickup_on(contact: ContactRecord, leg: LegId) -> PickUp | None:
    """The agent's phone that rings on this leg for a parked contact."""
    pickup = contact.parked.pickup if contact.parked is not None else None
    return pickup if pickup is not None and pickup.leg == leg else None
