"""The only door to the core: an event and a time in, commands and facts out.

Knows which part of the core an event is for. An event about something that is gone is normal and gives []; a state that
cannot be gives an exception, because it is our bug. Deadlines that have passed are dealt with before the event, and
matching after it, so nobody else has to remember either.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.core import outside_phones
from callcenter.core import recording as talk_recording
from callcenter.core.deadlines import Deadlines
from callcenter.core.failures import Failures
from callcenter.core.forecast import Forecast
from callcenter.core.keys import Keys
from callcenter.core.legs import Legs
from callcenter.core.parts import Parts
from callcenter.core.requests import Requests
from callcenter.core.resync import resync
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.stats import picture
from callcenter.core.world import Library, World
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
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, EndReason, LegEnd
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
from callcenter.model.flow import AgentWish, CallbackAnswer, PromiseCallback, Queueing
from callcenter.model.ids import (
    UNVERSIONED,
    CardId,
    FlowName,
    LegId,
    Mint,
    RecordingId,
    Version,
)
from callcenter.model.payment_messages import CardChecked, CardPosted
from callcenter.model.phone_use import PhonesListed, PhoneUsed
from callcenter.model.recording_facts import RecordingVerified
from callcenter.model.view import CenterView
from callcenter.nodes.outcome import RECORD_OUTCOME

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
        self.parts = Parts(self.world, self)
        self._legs = Legs(self.parts, self)
        self._keys = Keys(self.parts)
        self._deadlines = Deadlines(self.parts, self._legs)
        self._failures = Failures(self.parts, self._legs, self)
        self._requests = Requests(self.parts, self)

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
                self.parts.flows.ask_again()
            self._deadlines.fire()
        elif type(event) is DigitPressed:
            secret, card = self._keys.is_secret(event), self._keys.card_of(event)
            if not world.blind:
                self._deadlines.fire()
            # else the key was pressed before what is asked now was asked
            if self._keys.is_secret(event) is secret and self._keys.card_of(event) == card:
                self._take(event)
        else:
            if not world.blind and type(event) is not EngineStarted:
                self._deadlines.fire()
            self._take(event)
        if type(event) is ConfigurationApplied or type(event) is EngineStarted:
            self.parts.phones_in_use.follow_the_rule()
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
            self.parts.queues.agents_left()
        if world.agents.roster != roster:
            self.parts.queues.roster_changed()
        if world.monitors and not world.blind:
            self.parts.monitoring.settle()
        freed = tuple(world.agents.newly_free)
        self.parts.matching.settle()
        if world.at_once:
            self._legs.meet_at_once()
        self.parts.dialling.look_ahead(freed)
        if world.nailed or world.agents.to_nail:
            self.parts.nails.settle()
        if world.agents.to_look:
            self.parts.phones_in_use.settle()
        if world.campaigns:
            self.parts.campaign_calls.ends.settle(world.out)
            self.parts.campaigns.settle(freed)
        if world.unpredicted:
            self.parts.queues.forecast.settle()

    def redacted(self, event: Event) -> Event:
        """The event as it may be written down."""
        return self._keys.redacted(event)

    def card_of(self, event: Event) -> CardId | None:
        """The card whose digit this event is: whoever tells the engine of it keeps the digit aside. Asked before."""
        return self._keys.card_of(event)

    def next_deadline(self) -> float | None:
        """When `handle` must be called with TimePassed if nothing else happens."""
        return None if self.world.blind else self.world.timers.next_deadline()

    @property
    def forecast(self) -> Forecast:
        """Predicted waits."""
        return self.parts.queues.forecast

    def has_dialled(self, attempt: LegId) -> bool:
        """Whether it was dialled and is not settled: whoever clears up after a kill leaves it to the engine."""
        return any(
            attempt in record.settling or any(one.leg == attempt for one in record.attempts.values())
            for record in self.world.campaigns.values()
        )

    def view(self, now: float) -> CenterView:
        """A picture of the center for a screen; changes nothing."""
        return picture(self.world, self.parts.queues, now)

    # -- events ------------------------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        """What is told of most often, by its exact type; an arm of `match` that does not fit costs half a message."""
        if type(event) is LegEnded:
            if not (event.left and self._legs.is_with_a_script(event.leg)):
                self._legs.leg_ended(event.leg, event.end, event.cause)
                if event.left:
                    self.world.left(event.leg)
        elif type(event) is LegAnswered:
            self._legs.leg_answered(event.leg)
        elif type(event) is ContactArrived:
            self._legs.arrived(event)
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
                self._keys.pressed(leg, digit)
            case LegHeld(leg=leg, held=held):
                if not self.parts.colleagues.held(leg, held=held):
                    self.parts.phones.held(leg, held=held)
            case LegReferred():
                if not self.parts.colleagues.referred(event):
                    self.parts.phones.referred(event)
            case LegReplaced():
                self.parts.phones.replaced(event)
            case LookedUp(lookup=lookup):
                asker = self.world.lookups.get(lookup)
                if asker is not None:
                    self.parts.flows.looked_up(self.world.contacts[asker], event)
            case CardChecked(card=card):
                typist = self.world.cards.get(card)
                if typist is not None:
                    self.parts.flows.card_checked(self.world.contacts[typist], event)
            case CardPosted(card=card):
                payer = self.world.cards.get(card)
                if payer is not None:
                    self.parts.flows.card_posted(self.world.contacts[payer], event)
            case ScriptEnded():
                self._legs.script_ended(event)
            case PlaybackEnded(playback=playback, ok=True):
                self._legs.playback_over(playback)
            case PlaybackEnded(playback=playback):
                self._legs.cut_off(playback)
            case PhoneUsed() | PhonesListed():
                self.parts.phones_in_use.take(event)
            case PhoneChanged(number=number, state=state):
                record = self.world.agents.by_number(number)
                if record is not None and not record.agent.phone.outside:
                    self.world.agents.phone_changed(record, state, self.world.now)
            case LegSilent(leg=leg):
                if self.parts.lost.gives_up(leg):
                    self._legs.leg_ended(leg, LegEnd.UNREACHABLE)
            case CommandFailed():
                self._failures.take(event)
            case MessageRecorded(recording=recording, seconds=seconds):
                holder = self.world.recordings.get(recording)
                if holder is not None:
                    self.parts.flows.message_recorded(self.world.contacts[holder], seconds)
            case RecordingChecked():
                self._recording_checked(event)
            case RecordingAllowed(allowed=allowed, why=why):
                talk_recording.switch(self.world, allowed, why)
            case Resynced():
                legs = {seen.leg: seen.up for seen in event.legs}
                bridges = {seen.bridge: frozenset(seen.legs) for seen in event.bridges}
                self.parts.nails.resynced(legs, bridges)
                resync(self.world, self.parts.offers, self._legs, event)
                self.parts.monitoring.resynced(legs, bridges)
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
                self.parts.campaigns.take(event)
            case CallbackJudged():
                self.parts.dialling.judged(event)
            case Stopping():  # promises outlive it: they are in the journal, and are kept by whoever runs next
                for contact in list(self.world.contacts.values()):
                    self.end(contact, EndReason.SHUTDOWN)
                self.parts.monitoring.end_all()
                self.world.agents.log_out_all(self.world.now)
            case ContactArrived() | LegAnswered() | LegEnded() | TimePassed():
                pass  # taken already
            case _:
                self._requests.take(event)

    def _started(self, namespace: str, version: Version) -> None:
        world = self.world
        world.blind = bool(world.contacts or world.nailed)
        if version != world.version:
            self.parts.applying.begin_with(version)
        world.mint = Mint(namespace)
        self.parts.campaigns.begun_again()
        for name in world.configuration.queues:
            self.parts.queues.doors.set_closing_timer(name)

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
        self.parts.mailroom.checked(event)

    # -- what the parts ask of the whole -----------------------------------------------------------------------------

    def newcomer(self, event: ContactArrived) -> ContactRecord:
        """A new contact of this leg, in no flow yet."""
        return self._legs.newcomer(event)

    def tells(self, record: AgentRecord, call: ContactArrived, flow: FlowName) -> None:
        """Let an agent hear something on a leg of hers, in her language: it is a call of her own."""
        self._legs.tells(record, call, flow)

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow for a contact that is IN_FLOW."""
        self.parts.flows.start(contact, flow)

    def not_reached(self, contact: ContactRecord, why: str) -> None:
        """An outside number to which a queue or an agent sent the contact has not answered."""
        if contact.transferred_by is not None:
            self.parts.transfers.not_reached(contact, contact.transferred_by, why)
        elif contact.colleague is not None:
            self.parts.colleagues.not_reached(contact, why)
        else:
            self.end(contact, EndReason.REFUSED)

    def part_over(self, contact: ContactRecord) -> None:
        """The agent's part of a CONNECTED contact is over."""
        self.parts.talk.part_over(contact)

    def enqueue(self, contact: ContactRecord, action: Queueing) -> None:
        """Out of the IVR and into a queue."""
        self.parts.flows.quit(contact)
        contact.talked_until = None
        if contact.callback is not None:
            contact = self.parts.dialling.elsewhere(contact, action.queue)
        if action.again and contact.last_queue == action.queue:
            self.parts.queues.enter_again(contact, action.queue)
        else:
            self.parts.queues.enter(contact, action.queue, action.priority, action.needs, action.relax)

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        """End a contact, or, if it is promised a callback or is a message, what there is of it on the line."""
        if contact.mail is not None:
            self.parts.mailroom.returns(contact, MAIL_RETURNS.get(reason, reason.value.replace("_", " ")))
        elif not self.parts.callbacks.survives(contact, reason):
            self.parts.talk.end(contact, reason, leg_gone=leg_gone)
        elif contact.state is not ContactState.PROMISED:
            self.parts.talk.leave_state(contact, reason)
            self.parts.callbacks.hold(contact, leg_gone=leg_gone, returned=reason is EndReason.RETURNED)

    def close(self, contact: ContactRecord, reason: EndReason) -> None:
        """End a message that is done with."""
        self.parts.talk.end(contact, reason)

    def leave_state(self, contact: ContactRecord, reason: EndReason) -> None:
        """Undo what a contact's state holds."""
        self.parts.talk.leave_state(contact, reason)

    def message_left(self, contact: ContactRecord, mailbox: str, message: RecordingId, seconds: float) -> None:
        """A caller has left a message in a mailbox."""
        self.parts.mailroom.left(contact, mailbox, message, seconds)

    def let_go(self, contact: ContactRecord, *, leg_gone: bool, returned: bool) -> None:
        """Hang up and forget every leg of a contact but its agents', its bridge and what plays there."""
        self.parts.talk.let_go(contact, leg_gone=leg_gone, returned=returned)

    def release_agent(self, contact: ContactRecord) -> None:
        """An agent who waits for a customer is free again."""
        self.parts.talk.release_agent(contact)

    def meet(self, contact: ContactRecord) -> None:
        """Agent and customer are in the bridge."""
        self.parts.talk.meet(contact)

    def promise(self, contact: ContactRecord, action: PromiseCallback) -> CallbackAnswer:
        """Promise to call a customer back; gives what is wrong, if anything."""
        return self.parts.callbacks.promise(contact, action)

    def withdraw(self, contact: ContactRecord) -> str:
        """Take the promise to a customer on the line back; gives what is wrong, or ""."""
        return self.parts.callbacks.withdraw(contact)

    def stand_by(self, contact: ContactRecord) -> None:
        """A promise on which nothing is done now: when is it due?"""
        if contact.mail is not None:
            self.parts.mailroom.stand_by(contact)
        else:
            self.parts.callbacks.stand_by(contact)

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
        return self.parts.applying.hindrance(configuration)
