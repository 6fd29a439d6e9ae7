"""The only door to the core: an event and a time in, commands and facts out.

Knows which part of the core an event is for. An event about something that is gone is normal and gives []; a state that
cannot be gives an exception, because it is our bug. Deadlines that have passed are dealt with before the event, and
matching after it, so nobody else has to remember either.
"""

from collections.abc import Mapping
from typing import Final, assert_never

from callcenter.core import aside, control, outside_phones, voice
from callcenter.core import recording as talk_recording
from callcenter.core.applying import Applying
from callcenter.core.callbacks import Callbacks
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaigns import Campaigns
from callcenter.core.colleagues import Colleagues
from callcenter.core.consult import Consults
from callcenter.core.control import Control
from callcenter.core.dial_out import DialOut
from callcenter.core.dialling import Dialling
from callcenter.core.failures import Failures
from callcenter.core.flows import DIGITS, MASKED_DIGIT, Flows
from callcenter.core.forecast import Forecast
from callcenter.core.lost import LostAgents
from callcenter.core.mailroom import Mailroom
from callcenter.core.matching import Matching
from callcenter.core.monitoring import Monitoring
from callcenter.core.nails import Nails
from callcenter.core.offers import Offers
from callcenter.core.parking import ParkingPlace
from callcenter.core.phone_use import PhonesInUse
from callcenter.core.phones import Phones
from callcenter.core.queues import Queues
from callcenter.core.requests import Requests
from callcenter.core.resync import resync
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.stats import picture
from callcenter.core.talk import Talk, end_reason
from callcenter.core.timers import Timer, TimerKind
from callcenter.core.transfers import Transfers
from callcenter.core.world import NOBODY, Library, World
from callcenter.model.agent import AgentStatus
from callcenter.model.callback_messages import CallbackJudged
from callcenter.model.campaign_messages import (
    AttemptSettled,
    BeepHeard,
    DialJudged,
    DiallerLost,
    DiallerReady,
    LeadsClaimed,
    MachineJudged,
)
from callcenter.model.commands import HangUp
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, EndReason, LegEnd
from callcenter.model.detection import Answerer
from callcenter.model.entry import Output
from callcenter.model.events import (
    CommandFailed,
    ConfigurationApplied,
    ContactArrived,
    DigitPressed,
    EngineStarted,
    Event,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    LegReplaced,
    LegRinging,
    LegSeen,
    LegSilent,
    LookedUp,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
    RecordingAllowed,
    RecordingChecked,
    Resynced,
    ScriptEnded,
    Stopping,
    TimePassed,
)
from callcenter.model.flow import AgentWish, PromiseCallback, Queueing
from callcenter.model.ids import (
    UNVERSIONED,
    AgentId,
    CardId,
    ContactId,
    FlowName,
    LegId,
    Mint,
    PlaybackId,
    QueueName,
    RecordingId,
    Version,
)
from callcenter.model.lead import CampaignName
from callcenter.model.parking import PickUp
from callcenter.model.payment_messages import CardChecked, CardPosted
from callcenter.model.phone_use import PhonesListed, PhoneUsed
from callcenter.model.recording_facts import RecordingVerified
from callcenter.model.view import CenterView
from callcenter.nodes.outcome import RECORD_OUTCOME

MAY_BE_RECORDED: Final = (ContactState.CONNECTING, ContactState.CONNECTED, ContactState.PARKED)
CUT_OFF_S: Final = 0.2  # a call goes on so long after a prompt that failed, if who heard it has not hung up

MAIL_RETURNS: Final[Mapping[EndReason, str]] = {
    EndReason.HUNG_UP_BY_REQUEST: "somebody ended the call",
    EndReason.SHUTDOWN: "the call center was stopped",
}
"""Why an agent could not hear a message out."""

_WISHES: Final[Mapping[str, AgentStatus]] = {
    "login": AgentStatus.AVAILABLE,
    "ready": AgentStatus.AVAILABLE,
    "logout": AgentStatus.LOGGED_OUT,
    "pause": AgentStatus.PAUSED,
}


class Engine:
    """The call center's mind. One writer, no locks, no clock."""

    def __init__(
        self, configuration: Configuration, version: Version = UNVERSIONED, library: Library | None = None
    ) -> None:
        """`library` is looked up when a version is applied: whoever tells of one has put it there before."""
        self.world = World(configuration, version, {} if library is None else library)
        self._flows = Flows(self.world, self)
        self._queues = Queues(self.world, self)
        self._applying = Applying(self.world, self._queues)
        self._offers = Offers(self.world, self._queues)
        self._callbacks = Callbacks(self.world, self._queues, self)
        self._dialling = Dialling(self.world, self._queues, self._offers, self._callbacks, self)
        self._mailroom = Mailroom(self.world, self._queues, self._callbacks, self)
        self._talk = Talk(
            self.world, self._queues, self._offers, self._flows, self._callbacks, self._dialling, self._mailroom
        )
        self._nails = Nails(self.world)
        self._phones_in_use = PhonesInUse(self.world)
        self._campaign_calls = CampaignCalls(self.world, self._queues, self._offers, self)
        self._campaigns = Campaigns(self.world, self._campaign_calls)
        self.world.campaigns_wrapped = self._campaigns.wrapped_up
        self._monitoring = Monitoring(self.world, self._talk)
        self._control = Control(self.world)
        self._transfers = Transfers(self.world, self._queues, self)
        self._consults = Consults(self.world, self._transfers, self._talk)
        self._lost = LostAgents(self.world, self._queues, self._transfers, self)
        self._parking = ParkingPlace(self.world, self._transfers, self._talk, self)
        self._colleagues = Colleagues(self.world, self)
        self._phones = Phones(self.world, self._transfers, self._consults, self._parking, self._talk)
        self._failures = Failures(
            self.world,
            self._offers,
            self._flows,
            self._dialling,
            self._monitoring,
            self._consults,
            self._parking,
            self._nails,
            self._campaign_calls,
            self,
        )
        self._requests = Requests(
            self.world,
            self._queues,
            self._offers,
            self._applying,
            self._callbacks,
            self._mailroom,
            self._monitoring,
            self._control,
            self._transfers,
            self._consults,
            self._colleagues,
            self._parking,
            self._campaigns,
            self._flows,
            self,
        )
        self.matching = Matching(self.world, self._offers, self._queues)
        self._dial_out = DialOut(self.world, self._callbacks, self._offers, self.matching)

    def handle(self, event: Event, now: float) -> list[Output]:
        """Take in one event at `now` (UTC seconds, never going back); gives what to do and what was concluded."""
        world = self.world
        world.now = now
        roster = world.agents.roster
        # exact types and not isinstance, which is dear where it fails: messages have a metaclass
        if type(event) is Resynced:
            restarted, world.blind = world.blind, False
            self._take(event)  # what was missed comes first, then what has become due meanwhile
            if restarted:
                self._flows.ask_again()
            self._fire()
        elif type(event) is DigitPressed:
            secret, card = self._is_secret(event), self.card_of(event)
            if not world.blind:
                self._fire()
            # else the key was pressed before what is asked now was asked
            if self._is_secret(event) is secret and self.card_of(event) == card:
                self._take(event)
        else:
            if not world.blind and type(event) is not EngineStarted:
                self._fire()
            self._take(event)
        if type(event) is ConfigurationApplied or type(event) is EngineStarted:
            self._phones_in_use.follow_the_rule()
            outside_phones.follow(self.world)
        self._settle(roster)
        out = world.out[:]
        world.out.clear()
        world.silent.clear()
        return out

    def _settle(self, roster: int) -> None:
        """Whatever follows from what has just happened, whoever it happened to. `roster`: as it was before."""
        world = self.world
        if world.agents.away:
            self._queues.agents_left()
        if world.agents.roster != roster:
            self._queues.roster_changed()
        if world.monitors and not world.blind:
            self._monitoring.settle()
        freed = tuple(world.agents.newly_free)
        self.matching.settle()
        if world.at_once:
            self._meet_at_once()
        self._dialling.look_ahead(freed)
        if world.nailed or world.agents.to_nail:
            self._nails.settle()
        if world.agents.to_look:
            self._phones_in_use.settle()
        if world.campaigns:
            self._campaign_calls.ends.settle(world.out)
            self._campaigns.settle(freed)
        if world.unpredicted:
            self._queues.forecast.settle()

    def next_deadline(self) -> float | None:
        """When `handle` must be called with TimePassed if nothing else happens."""
        return None if self.world.blind else self.world.timers.next_deadline()

    def redacted(self, event: Event) -> Event:
        """The event as it may be written down: a digit of a masked input is not, only that there was one.

        An engine that is told a masked digit takes as many of them, and goes the same way: no node may look at what
        they were. A key that is no digit has its meaning and keeps it.
        """
        if not isinstance(event, DigitPressed) or event.digit not in DIGITS:
            return event
        if self._is_secret(event) or self.card_of(event) is not None:
            return DigitPressed(leg=event.leg, digit=MASKED_DIGIT)
        return event

    def card_of(self, event: Event) -> CardId | None:
        """The card whose digit this event is: whoever tells the engine of it keeps the digit aside. Asked before."""
        if not isinstance(event, DigitPressed) or not (event.digit in DIGITS or event.digit == MASKED_DIGIT):
            return None
        contact = self.world.by_leg(event.leg)
        if contact is None or event.leg != contact.leg:
            return None
        return self._flows.card_of(contact)

    @property
    def forecast(self) -> Forecast:
        """Predicted waits."""
        return self._queues.forecast

    def has_dialled(self, attempt: LegId) -> bool:
        """Whether it was dialled and is not settled: whoever clears up after a kill leaves it to the engine."""
        return any(
            attempt in record.settling or any(one.leg == attempt for one in record.attempts.values())
            for record in self.world.campaigns.values()
        )

    def view(self, now: float) -> CenterView:
        """A picture of the center for a screen; changes nothing."""
        return picture(self.world, self._queues, now)

    def _pressed(self, contact: ContactRecord, digit: str) -> None:
        """A key of the customer's: for the IVR, or, from one who waits, to be called back."""
        if self._campaign_calls.takes_key(contact, digit):
            self._campaign_calls.pressed(contact, digit)
        elif contact.state is ContactState.IN_FLOW or contact.paying is not None:
            self._flows.digit(contact, digit)
        elif contact.state is ContactState.WAITING:
            self._queues.pressed(contact, digit)
        elif contact.state in MAY_BE_RECORDED:
            talk_recording.customer_pressed(self.world, contact, digit)

    def _agent_pressed(self, contact: ContactRecord, digit: str) -> None:
        """A key of the agent's: about the message that she hears, her talk, or its recording."""
        if contact.mail is not None:
            self._mailroom.pressed(contact, digit)
        elif contact.state is ContactState.CONNECTED and not self._parking.key_pressed(contact, digit):
            if not control.ends_by_key(self.world, contact, digit):
                talk_recording.agent_pressed(self.world, contact, digit)
            elif not self._consults.agent_gone(contact):
                self._talk.agent_left(contact)

    def _is_secret(self, event: Event) -> bool:
        if not isinstance(event, DigitPressed):
            return False
        contact = self.world.by_leg(event.leg)
        return contact is not None and self._flows.is_secret(contact)

    # -- events ------------------------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        """What is told of most often, by its exact type; an arm of `match` that does not fit costs half a message."""
        if type(event) is LegEnded:
            if not (event.left and self._is_with_a_script(event.leg)):
                self.leg_ended(event.leg, event.end, event.cause)
        elif type(event) is LegAnswered:
            self.leg_answered(event.leg)
        elif type(event) is ContactArrived:
            self.arrived(event)
        elif type(event) is not TimePassed:
            self._take_other(event)

    def _take_other(self, event: Event) -> None:  # noqa: C901 (one arm per event)
        match event:
            case LegRinging(leg=leg):
                contact = self.world.by_leg(leg)
                if contact is not None and leg in contact.offers:
                    contact.offers[leg].rang = True
                elif contact is not None and contact.callback is not None and leg == contact.callback.leg:
                    contact.callback.rang = True
            case DigitPressed(leg=leg, digit=digit):
                contact = self.world.by_leg(leg)
                if contact is not None and self._colleagues.pressed(contact, leg, digit):
                    pass
                elif contact is not None and leg == contact.leg:
                    self._pressed(contact, digit)
                elif contact is not None and leg == contact.agent_leg:
                    self._agent_pressed(contact, digit)
                elif contact is not None and leg in contact.offers:
                    self._talk.agent_pressed(contact, leg, digit)
                elif contact is None:
                    self._monitoring.pressed(leg, digit)
            case LegHeld(leg=leg, held=held):
                if not self._colleagues.held(leg, held=held):
                    self._phones.held(leg, held=held)
            case LegReferred():
                if not self._colleagues.referred(event):
                    self._phones.referred(event)
            case LegReplaced():
                self._phones.replaced(event)
            case LookedUp(lookup=lookup):
                asker = self.world.lookups.get(lookup)
                if asker is not None:
                    self._flows.looked_up(self.world.contacts[asker], event)
            case CardChecked(card=card):
                typist = self.world.cards.get(card)
                if typist is not None:
                    self._flows.card_checked(self.world.contacts[typist], event)
            case CardPosted(card=card):
                payer = self.world.cards.get(card)
                if payer is not None:
                    self._flows.card_posted(self.world.contacts[payer], event)
            case ScriptEnded():
                self._script_ended(event)
            case PlaybackEnded(playback=playback, ok=True):
                self.playback_over(playback)
            case PlaybackEnded(playback=playback):
                self._cut_off(playback)
            case PhoneUsed() | PhonesListed():
                self._phones_in_use.take(event)
            case PhoneChanged(number=number, state=state):
                record = self.world.agents.by_number(number)
                if record is not None and not record.agent.phone.outside:
                    self.world.agents.phone_changed(record, state, self.world.now)
            case LegSilent(leg=leg):
                if self._lost.gives_up(leg):
                    self.leg_ended(leg, LegEnd.UNREACHABLE)
            case CommandFailed():
                self._failures.take(event)
            case MessageRecorded(recording=recording, seconds=seconds):
                holder = self.world.recordings.get(recording)
                if holder is not None:
                    self._flows.message_recorded(self.world.contacts[holder], seconds)
            case RecordingChecked():
                self._recording_checked(event)
            case RecordingAllowed(allowed=allowed, why=why):
                talk_recording.switch(self.world, allowed, why)
            case Resynced():
                legs = {seen.leg: seen.up for seen in event.legs}
                bridges = {seen.bridge: frozenset(seen.legs) for seen in event.bridges}
                self._nails.resynced(legs, bridges)
                resync(self.world, self._offers, self, event)
                self._monitoring.resynced(legs, bridges)
            case EngineStarted(namespace=namespace, version=version):
                self._started(namespace, version)
            case (
                DiallerReady()
                | DiallerLost()
                | LeadsClaimed()
                | DialJudged()
                | AttemptSettled()
                | MachineJudged()
                | BeepHeard()
            ):
                self._campaigns.take(event)
            case CallbackJudged():
                self._dialling.judged(event)
            case Stopping():  # promises outlive it: they are in the journal, and are kept by whoever runs next
                for contact in list(self.world.contacts.values()):
                    self.end(contact, EndReason.SHUTDOWN)
                self._monitoring.end_all()
                self.world.agents.log_out_all(self.world.now)
            case ContactArrived() | LegAnswered() | LegEnded() | TimePassed():
                pass  # taken already
            case _:
                self._requests.take(event)

    def arrived(self, event: ContactArrived) -> None:
        """A customer is at the door; a leg that is known already is the same customer."""
        world = self.world
        if event.leg in world.legs or event.leg in world.buried:
            return
        configuration = world.configuration
        flow = event.flow or configuration.numbers.get(event.dialled) or configuration.default_flow
        flow = flow if flow in configuration.flows else None
        if event.agent_number and self._agent_called(event):
            return
        if self._dialling.rang_back(event, flow):
            return
        contact = self.newcomer(event)
        if flow is not None:
            self.start_flow(contact, flow)
        else:
            world.surprise(f"there is no flow {event.flow or f'for number {event.dialled!r}'}", contact)
            self.end(contact, EndReason.REFUSED)

    def _agent_called(self, event: ContactArrived) -> bool:
        """Whether a call from an agent's phone is something else than a new contact in a flow."""
        return (
            self._parking.dialled(event)
            or self._phones.called(event)
            or self._colleagues.called(event)
            or self._dial_out.dialled(event)
        )

    def tells(self, record: AgentRecord, call: ContactArrived, flow: FlowName) -> None:
        """Let an agent hear something on a leg of hers, in her language: it is a call of her own."""
        contact = self.newcomer(call)
        contact.answered, contact.language = True, record.agent.language
        self.start_flow(contact, flow)

    def newcomer(self, event: ContactArrived) -> ContactRecord:
        """A new contact of this leg, in no flow yet."""
        world, mint, agent_number = self.world, self.world.mints(), event.agent_number
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

    def _meet_at_once(self) -> None:
        """Contacts that were given to phones that are nailed up: nobody needs to answer."""
        world = self.world
        while world.at_once:
            legs = world.at_once[:]
            world.at_once.clear()
            for leg in legs:
                contact = world.by_leg(leg)
                if contact is not None:
                    self._picked_up(contact, leg)
                    told_in_words = any(apart_on == leg for _, apart_on in aside.asides_of(contact))
                    if leg in world.nailed and not told_in_words:  # else she has dialled herself
                        self._nails.alert(world.nailed[leg])
            self.matching.settle()
            if world.monitors and not world.blind:
                self._monitoring.settle()
        voice.forget_unheard(world)

    def leg_answered(self, leg: LegId) -> None:
        """A leg that we dialled was answered; one that nobody counts on (any more) is hung up, perhaps once more.

        A dial request whose answer did not come may be carried out after Asterisk was told to cancel it.
        """
        contact = self.world.by_leg(leg)
        if leg in self.world.nailed:
            self._nails.answered(leg)
        elif contact is not None:
            self._picked_up(contact, leg)
        elif not self._monitoring.answered(leg):
            self.world.out.append(HangUp(contact=NOBODY, leg=leg, end=LegEnd.CANCELLED))

    def _picked_up(self, contact: ContactRecord, leg: LegId) -> None:
        if leg in contact.offers:
            self._talk.agent_answered(contact, leg)
        elif leg == contact.other_leg:
            colleague = self._colleagues.answered(contact)
            self._talk.outside_answered(contact)
            if colleague:
                self._colleagues.meet(contact)
        elif leg == contact.leg and contact.campaign is not None:
            self._campaign_calls.answered(contact)
        elif contact.callback is not None and leg == contact.callback.leg:
            self._dialling.answered(contact)
        elif contact.consult is not None and leg == contact.consult.leg:
            self._consults.answered(contact)
        elif (pickup := _pickup_on(contact, leg)) is not None:
            self._parking.answered(contact, pickup)

    def leg_ended(self, leg: LegId, end: LegEnd, cause: int = 0) -> None:
        """A leg is gone: the caller's, a ringing agent's, a talking agent's, or an outside number's."""
        self._nails.leg_ended(leg, end)
        contact = self.world.by_leg(leg)
        if contact is None:
            self._monitoring.leg_ended(leg, end)
            return
        if leg == contact.leg:
            if contact.campaign is None or not self._campaign_calls.leg_ended(contact, end, cause):
                self.end(contact, end_reason(contact), leg_gone=True)
        elif leg in contact.offers:
            self._offers.missed(contact, leg, end, hang_up=False)
        elif leg == contact.agent_leg:
            del self.world.legs[leg]
            if contact.state is ContactState.CONNECTING:
                self._talk.agent_lost_before_talk(contact)
            elif contact.mail is not None:
                self._mailroom.returns(contact, "the agent hung up before it was done with")
            elif not (self._consults.agent_gone(contact) or self._phones.hung_up(contact) or self._lost.keeps(contact)):
                self._talk.agent_left(contact)
        elif leg == contact.other_leg:
            del self.world.legs[leg]
            contact.other_leg = None
            if contact.state is ContactState.FORWARDED:
                self.end(contact, EndReason.FORWARDED)
            else:
                self._flows.forward_failed(contact, end.value)
        elif contact.callback is not None and leg == contact.callback.leg:
            self._dialling.failed(contact, end)
        else:
            self._beside_ended(contact, leg, end)

    def _beside_ended(self, contact: ContactRecord, leg: LegId, end: LegEnd) -> None:
        """A leg of somebody beside caller and agent is gone."""
        if _pickup_on(contact, leg) is not None:
            self._parking.not_answered(contact, end, leg_gone=True)
        else:
            self._consults.leg_gone(contact, leg, end)

    def leg_listed(self, contact: ContactRecord, seen: LegSeen) -> None:
        """The customer's leg lives; it may be away with a script."""
        self._flows.leg_listed(contact, seen)

    def playback_ended(self, contact: ContactRecord) -> None:
        """What the caller was hearing is over; what follows depends on where the contact is."""
        match contact.state:
            case ContactState.IN_FLOW if self._campaign_calls.is_ours_now(contact):
                self._campaign_calls.said(contact)
            case ContactState.IN_FLOW:
                self._flows.playback_ended(contact)
            case ContactState.WAITING | ContactState.OFFERED:
                self._queues.announcing.over(contact)
            case ContactState.CONNECTING if contact.leg is None:
                self._dialling.briefed(contact)
            case ContactState.CONNECTING:
                self._talk.connect(contact)
            case ContactState.CONNECTED if contact.mail is not None:
                self._mailroom.said(contact)
            case ContactState.CONNECTED if contact.paying is not None:
                self._flows.playback_ended(contact)
            case _:
                contact.playback = None

    def playback_over(self, playback: PlaybackId) -> None:
        """What was played to its end, or could not be, is not waited for any more."""
        holder = self.world.playbacks.pop(playback, None)
        if holder is None:
            self._monitoring.playback_over(playback)
        elif self.world.contacts[holder].playback != playback:
            self._heard_apart(self.world.contacts[holder], playback)
        else:
            self.world.timers.cancel(TimerKind.CUT_OFF, holder)
            self.playback_ended(self.world.contacts[holder])

    def _heard_apart(self, contact: ContactRecord, playback: PlaybackId) -> None:
        """What an agent heard alone is over. Who is asked for a key has her time for it; else the caller is next."""
        for apart, _ in aside.asides_of(contact):
            if apart.playback == playback:
                apart.playback = None
                if apart is contact.aside:
                    self.agent_told(contact)

    def agent_told(self, contact: ContactRecord) -> None:
        """The agent has heard who it is, or has had the time to."""
        self._talk.told(contact)

    def _cut_off(self, playback: PlaybackId) -> None:
        """A prompt failed. Most often who hears it has hung up in it, which is told in the same moment, or just after.

        So nothing follows from it yet: nobody is dialled, recorded or connected for a caller, or to an agent, who is
        gone.
        """
        holder = self.world.playbacks.get(playback)
        contact = self.world.contacts[holder] if holder is not None else None
        if contact is not None and contact.playback == playback:
            self.world.timers.set(TimerKind.CUT_OFF, contact.id, self.world.now + CUT_OFF_S)
        elif contact is not None and contact.aside is not None and contact.aside.playback == playback:
            self.world.timers.set(TimerKind.TOLD, contact.id, self.world.now + CUT_OFF_S)
        else:
            self.playback_over(playback)

    def _is_with_a_script(self, leg: LegId) -> bool:
        contact = self.world.by_leg(leg)
        return contact is not None and leg == contact.leg and contact.run is not None

    def _script_ended(self, event: ScriptEnded) -> None:
        """A leg is back from a script; one that no contact counts on (any more) is hung up."""
        contact = self.world.by_leg(event.leg)
        if contact is not None:
            self._flows.script_ended(contact, event)
        else:
            self.world.out.append(HangUp(contact=NOBODY, leg=event.leg))

    def _started(self, namespace: str, version: Version) -> None:
        world = self.world
        world.blind = bool(world.contacts or world.nailed)
        if version != world.version:
            self._applying.begin_with(version)
        world.mint = Mint(namespace)
        self._campaigns.begun_again()
        for name in world.configuration.queues:
            self._queues.doors.set_closing_timer(name)

    def _recording_checked(self, event: RecordingChecked) -> None:
        self.world.out.append(
            RecordingVerified(
                contact=event.contact,
                recording=event.recording,
                path=event.path,
                seconds=event.seconds,
                channels=event.channels,
                problem=event.problem,
            )
        )
        self._mailroom.checked(event)

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def _fire(self) -> None:
        while (timer := self.world.timers.pop_due(self.world.now)) is not None:
            self._due(timer)

    def _due(self, timer: Timer) -> None:  # noqa: C901 (one arm per kind of deadline)
        world = self.world
        subject = timer.subject
        match timer.kind:
            case TimerKind.OFFER:
                self._offers.ring_timed_out(LegId(subject))
                return
            case TimerKind.WRAP_UP:
                world.agents.wrap_up_due(AgentId(subject), world.now)
                return
            case TimerKind.REST:
                world.agents.rest_due(AgentId(subject), world.now)
                return
            case TimerKind.CLOSING:
                self._queues.opened_or_closed(QueueName(subject))
                return
            case TimerKind.NAIL:
                self._nails.time_came(AgentId(subject))
                return
            case TimerKind.TONE:
                self._nails.tone_heard(AgentId(subject))
                return
            case TimerKind.PHONE_USE:
                self._phones_in_use.time_came(AgentId(subject))
                return
            case TimerKind.TELLING:
                self._monitoring.telling_due(subject)
                return
            case TimerKind.PACE:
                self._campaigns.due(CampaignName(subject))
                return
            case TimerKind.SETTLE:
                self._campaign_calls.ends.not_recorded(LegId(subject))
                return
            case _:
                pass
        contact = world.contacts[ContactId(subject)]
        match timer.kind:
            case TimerKind.FLOW_WAIT:
                self._flows.waited(contact)
            case TimerKind.TOLD:
                if contact.aside is not None:
                    aside.hush(world, contact, contact.aside)
                self.agent_told(contact)
            case TimerKind.CUT_OFF:
                if contact.playback is not None:
                    self.playback_over(contact.playback)
            case TimerKind.MESSAGE:
                self._flows.message_overdue(contact)
            case TimerKind.LOOKUP:
                self._flows.lookup_failed(contact, "no answer in time")
            case TimerKind.PAYMENT:
                self._flows.payment_unknown(contact, "no answer in time")
            case TimerKind.SCRIPT:
                self._flows.script_overdue(contact)
            case TimerKind.CONSULT:
                self._consults.ring_timed_out(contact)
            case TimerKind.PARK:
                self._parking.time_came(contact)
            case TimerKind.PICK_UP:
                self._parking.not_answered(contact, LegEnd.NO_ANSWER, leg_gone=False)
            case TimerKind.FORWARD:
                self._flows.forward_failed(contact, "no answer")
            case TimerKind.RECORD_AGAIN:
                talk_recording.again(world, contact)
            case TimerKind.RECORDING:
                talk_recording.paused_for_long(world, contact)
            case TimerKind.ANNOUNCE:
                self._queues.announcing.due(contact)
            case TimerKind.RELAX:
                self._queues.relax(contact)
            case TimerKind.STICKY:
                self._queues.let_go(contact, "she could not take it in time")
            case TimerKind.RESERVE:
                self._queues.open_reserve(contact)
            case TimerKind.MAX_WAIT:
                self._queues.waited_too_long(contact)
            case TimerKind.CALLBACK:
                self._callbacks.time_came(contact)
            case TimerKind.CALLBACK_RING:
                self._dialling.ring_timed_out(contact)
            case TimerKind.DIAL:
                self._campaign_calls.rang_too_long(contact)
            case TimerKind.DETECT:
                self._campaign_calls.judged(contact, Answerer.UNSURE, "it said nothing in time")
            case TimerKind.BEEP:
                self._campaign_calls.beeped(contact)
            case TimerKind.DROP:
                self._campaign_calls.waited_too_long(contact)
            case TimerKind.MAIL:
                self._mailroom.time_came(contact)
            case _:
                assert_never(timer.kind)

    # -- what the parts ask of the whole -----------------------------------------------------------------------------

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow for a contact that is IN_FLOW."""
        self._flows.start(contact, flow)

    def not_reached(self, contact: ContactRecord, why: str) -> None:
        """An outside number to which a queue or an agent sent the contact has not answered."""
        if contact.transferred_by is not None:
            self._transfers.not_reached(contact, contact.transferred_by, why)
        elif contact.colleague is not None:
            self._colleagues.not_reached(contact, why)
        else:
            self.end(contact, EndReason.REFUSED)

    def part_over(self, contact: ContactRecord) -> None:
        """The agent's part of a CONNECTED contact is over."""
        self._talk.part_over(contact)

    def enqueue(self, contact: ContactRecord, action: Queueing) -> None:
        """Out of the IVR and into a queue."""
        self._flows.quit(contact)
        contact.talked_until = None
        if contact.callback is not None:
            contact = self._dialling.elsewhere(contact, action.queue)
        if action.again and contact.last_queue == action.queue:
            self._queues.enter_again(contact, action.queue)
        else:
            self._queues.enter(contact, action.queue, action.priority, action.needs, action.relax)

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        """End a contact, or, if it is promised a callback or is a message, what there is of it on the line."""
        if contact.mail is not None:
            self._mailroom.returns(contact, MAIL_RETURNS.get(reason, reason.value.replace("_", " ")))
        elif not self._callbacks.survives(contact, reason):
            self._talk.end(contact, reason, leg_gone=leg_gone)
        elif contact.state is not ContactState.PROMISED:
            self._talk.leave_state(contact, reason)
            self._callbacks.hold(contact, leg_gone=leg_gone, returned=reason is EndReason.RETURNED)

    def close(self, contact: ContactRecord, reason: EndReason) -> None:
        """End a message that is done with."""
        self._talk.end(contact, reason)

    def leave_state(self, contact: ContactRecord, reason: EndReason) -> None:
        """Undo what a contact's state holds."""
        self._talk.leave_state(contact, reason)

    def message_left(self, contact: ContactRecord, mailbox: str, message: RecordingId, seconds: float) -> None:
        """A caller has left a message in a mailbox."""
        self._mailroom.left(contact, mailbox, message, seconds)

    def let_go(self, contact: ContactRecord, *, leg_gone: bool, returned: bool) -> None:
        """Hang up and forget every leg of a contact but its agents', its bridge and what plays there."""
        self._talk.let_go(contact, leg_gone=leg_gone, returned=returned)

    def release_agent(self, contact: ContactRecord) -> None:
        """An agent who waits for a customer is free again."""
        self._talk.release_agent(contact)

    def meet(self, contact: ContactRecord) -> None:
        """Agent and customer are in the bridge."""
        self._talk.meet(contact)

    def promise(self, contact: ContactRecord, action: PromiseCallback) -> str:
        """Promise to call a customer back; gives what is wrong, or ""."""
        return self._callbacks.promise(contact, action)

    def withdraw(self, contact: ContactRecord) -> str:
        """Take the promise to a customer on the line back; gives what is wrong, or ""."""
        return self._callbacks.withdraw(contact)

    def stand_by(self, contact: ContactRecord) -> None:
        """A promise on which nothing is done now: when is it due?"""
        if contact.mail is not None:
            self._mailroom.stand_by(contact)
        else:
            self._callbacks.stand_by(contact)

    def grant(self, contact: ContactRecord, wish: AgentWish) -> str:
        """What an agent asks for by a feature code; gives what is wrong, or ""."""
        record = self.world.agents.by_number(contact.agent_number) if contact.agent_number else None
        if record is None:
            return "this phone belongs to no agent"
        if wish.wish == RECORD_OUTCOME:
            return self._requests.record_by_key(record, wish.reason)
        return self._requests.set_status(record, _WISHES[wish.wish], wish.reason)

    def why_not(self, configuration: Configuration) -> str:
        """What hinders a configuration from being applied now, in words, or "". Changes nothing."""
        return self._applying.hindrance(configuration)


def _pickup_on(contact: ContactRecord, leg: LegId) -> PickUp | None:
    """The agent's phone that rings on this leg for a parked contact."""
    pickup = contact.parked.pickup if contact.parked is not None else None
    return pickup if pickup is not None and pickup.leg == leg else None
