"""A contact's life in a queue: coming in, relaxation, how long it may wait, and where it goes instead.

Knows one queue's rules and one contact at a time; who gets the contact is not decided here (`matching`), nor what
it hears (`announcing`). The place in line (`since`) is given once, when the contact first comes into a queue, and is
never taken away: not by RONA, not by overflow to another queue, not by a restart.
"""

from typing import Final, Protocol

from callcenter.core import outside, voice
from callcenter.core.announcing import Announcing, offers_by_wait
from callcenter.core.contacts import ContactInput, move
from callcenter.core.doors import Doors
from callcenter.core.forecast import Forecast
from callcenter.core.marks import concerned
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.widening import Widening, asked_of, steps_of
from callcenter.core.world import World
from callcenter.model.agent import AgentStatus, PhoneState
from callcenter.model.callback import callback_flow
from callcenter.model.callback_facts import PlaceRestored
from callcenter.model.contact import ContactState, EndReason, QueueExit
from callcenter.model.facts import ContactQueued, NeedsRelaxed, QueueLeft, RulesChanged
from callcenter.model.ids import ContactId, FlowName, QueueName
from callcenter.model.need import Need
from callcenter.model.numbers import subscriber
from callcenter.model.queue import Overflow, Queue, RelaxStep, Target, mailbox_flow

WORDS_MAX: Final = 1_000  # needs whose words are kept
HOPS_MAX: Final = 10  # times that queues may send one contact on
FORWARD_TIMEOUT_S: Final = 30.0  # how long an overflow number rings
IN_QUEUE: Final = (
    ContactState.WAITING,
    ContactState.OFFERED,
    ContactState.CONNECTING,
    ContactState.PROMISED,
    ContactState.DIALLING,
)


class Elsewhere(Protocol):
    """Where a queue sends a contact that it will not keep."""

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow; the contact is IN_FLOW."""
        ...

    def end(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact."""
        ...

    def stand_by(self, contact: ContactRecord) -> None:
        """A PROMISED contact, for which no phone rings any more: when is it due?"""
        ...


class Queues:
    """The queues' rules."""

    __slots__ = ("_elsewhere", "_widening", "_words", "_world", "announcing", "doors", "forecast")

    def __init__(self, world: World, elsewhere: Elsewhere) -> None:
        self._world = world
        self._elsewhere = elsewhere
        self.forecast = Forecast(world)
        self._widening = Widening(world)
        self._words: dict[Need, str] = {}
        self.doors = Doors(world)
        self.announcing = Announcing(world, self.forecast)

    # -- in and out --------------------------------------------------------------------------------------------------

    def enter(
        self,
        contact: ContactRecord,
        name: QueueName,
        priority: int | None = None,
        needs: Need | None = None,
        relax: tuple[RelaxStep, ...] = (),
        *,
        returns: bool = False,
    ) -> None:
        """Put a contact, in a flow or waiting elsewhere, into a queue, unless the queue's rules send it on at once.

        `returns`: an agent had it, and it is not turned away for the hour, or because the queue is full or draining.
        """
        world = self._world
        if name in world.configuration.queues:  # else the contact comes from a flow that began before it was taken out
            contact.version = world.version
        queue = world.rules_for(contact, name)
        move(contact, ContactInput.QUEUED, world.now)
        contact.overflow_due = False
        goes_on = self._goes_on(contact, name)
        contact.counts_from = min(contact.counts_from, world.now) if goes_on else world.now
        contact.holds_from = contact.holds_from if contact.left is QueueExit.CALLBACK and goes_on else world.now
        contact.queue = contact.last_queue = name
        self._widening.begin(contact, queue, priority, needs, relax)
        if contact.since:  # it has been in a queue before, and may have been told something there
            contact.first_offered, contact.predicted = 0.0, None
            contact.position_said, contact.wait_said_by, contact.waits_taken_back = 0, 0.0, 0
        contact.since = contact.since or self._place_back(contact, queue) or world.now
        self._admit(contact, name)
        refusal = self.doors.refusal(contact, queue, returns=returns)
        if refusal is not None:
            self._send_on(contact, refusal[0], refusal[1])
            return
        world.learnt_of(name).arrived(contact.priority, world.now)
        if queue.forecast or queue.announce.wait is not None or offers_by_wait(queue):
            world.unpredicted.append(contact.id)
        voice.take_call(world, contact)
        if contact.playback is None:  # else when the announcement of the queue before has ended
            self.announcing.welcome(contact, queue)
        self._set_timers(contact, queue)
        world.lines.add(contact)
        world.newly_waiting.append(contact.id)

    def enter_again(self, contact: ContactRecord, name: QueueName) -> None:
        """Back into the queue it was in a moment ago, with the priority, needs and relaxation it had there."""
        needs = contact.own_needs if self._goes_on(contact, name) else contact.needs
        self.enter(contact, name, contact.own_priority, needs, contact.steps)

    def hold(self, contact: ContactRecord, name: QueueName, *, counts_from: float = 0.0) -> None:
        """Keep a place for a PROMISED contact, with the priority and needs it has. Nothing of it asks for an agent.

        What it has waited in this queue counts on; but nothing counts before `counts_from`.
        """
        world = self._world
        if contact.last_queue != name or contact.left in (None, QueueExit.CONNECTED):
            contact.counts_from = world.now
        contact.counts_from = max(contact.counts_from, counts_from)
        if name in world.configuration.queues:
            contact.version = world.version
        steps = len(steps_of(contact, world.rules_for(contact, name)))
        contact.relaxed = min(contact.relaxed, steps) if contact.last_queue == name else 0
        contact.queue = contact.last_queue = name
        contact.overflow_due = False
        self._widening.resume(contact, world.queue_of(contact))
        self._admit(contact, name)
        self._widening.began(contact, world.queue_of(contact))

    def reached(self, contact: ContactRecord) -> None:
        """The customer is on the line, ahead of the agent who is expected: in line, WAITING."""
        world = self._world
        self.announcing.set_timer(contact, world.queue_of(contact))
        self._widening.began(contact, world.queue_of(contact))
        world.lines.add(contact)
        world.newly_waiting.append(contact.id)

    def leave(self, contact: ContactRecord, how: QueueExit) -> None:
        """The contact is not the queue's any more: connected, gone, or sent on."""
        world = self._world
        contact.left = how
        queue = world.queue_of(contact)
        inside = self._in_queue(queue.name)
        inside.pop(contact.id, None)
        if not inside and queue.name not in world.configuration.queues:
            del world.queued[queue.name]
            world.timers.cancel(TimerKind.CLOSING, queue.name)
        world.lines.remove(contact.id)
        world.ahead.remove(contact.id)
        if how is QueueExit.ABANDONED and queue.return_within_s > 0:
            number = subscriber(world.configuration.numbering, contact.caller)
            if number:
                world.remember_place(queue.name, number, contact.since)
        world.timers.cancel(TimerKind.ANNOUNCE, contact.id)
        world.timers.cancel(TimerKind.MAX_WAIT, contact.id)
        if world.now > contact.entered:
            self._learn(contact, queue, how)
        self._widening.over(contact)
        world.out.append(
            QueueLeft(
                contact=contact.id,
                queue=queue.name,
                exit=how,
                entered=contact.entered,
                waited_s=world.now - contact.entered,
                priority=contact.priority,
                service_level_s=queue.service_level_s,
                medium=contact.medium,
                callback=contact.callback is not None or contact.mail is not None,
            )
        )
        contact.queue = None

    def wait_again(self, contact: ContactRecord) -> None:
        """The last phone has stopped ringing without an answer, or the needs are others: in line, in the same place.

        What the queue's rules asked for while the phone rang is done now.
        """
        world = self._world
        if contact.state is ContactState.PROMISED:
            self._elsewhere.stand_by(contact)
            return
        expiry = self.doors.expiry(contact, world.queue_of(contact))
        if expiry is not None:
            self._send_on(contact, *expiry)
            return
        world.lines.add(contact)
        world.newly_waiting.append(contact.id)

    def drain(self, name: QueueName, draining: bool) -> None:
        """Take no new contacts, or take them again. Those who wait are still served."""
        if draining:
            self._world.draining.add(name)
        else:
            self._world.draining.discard(name)

    def prioritise(self, contact: ContactRecord, priority: int) -> None:
        """A WAITING contact has this priority from now on, whatever its queue and its flow say."""
        world = self._world
        self._widening.prioritise(contact, world.queue_of(contact), priority)
        world.lines.remove(contact.id)
        world.lines.add(contact)
        world.newly_waiting.append(contact.id)

    def rules_changed(self, contact: ContactRecord, was: Queue) -> None:
        """Another version of the queue holds: what the contact has of the queue it has of this one from now on.

        What the contact brought with it (needs or a priority that its flow gave it) stays.
        """
        world = self._world
        queue = world.queue_of(contact)
        if queue == was:
            return
        self._widening.again(contact, queue)
        if contact.music == was.music:
            voice.start_music(world, contact, queue.music)
        self._set_timers_anew(contact, queue, was)
        self._tell_rules(contact, queue)
        if contact.state is ContactState.PROMISED:
            self._elsewhere.stand_by(contact)
        elif contact.id in world.lines:
            world.lines.remove(contact.id)
            world.lines.add(contact)
            world.newly_waiting.append(contact.id)

    def _tell_rules(self, contact: ContactRecord, queue: Queue) -> None:
        """Other rules hold for her from now on."""
        self._world.out.append(
            RulesChanged(
                contact=contact.id,
                queue=queue.name,
                version=contact.version,
                priority=contact.priority,
                needs=self._in_words(contact.needs),
            )
        )

    def marks_changed(self, numbers: tuple[str, ...]) -> None:
        """Customers of these numbers are marked otherwise: who waits is weighed anew, promises are looked at again."""
        world = self._world
        if not numbers:
            return
        in_queues = [world.contacts[one] for inside in world.queued.values() for one in inside]
        in_queues.sort(key=lambda contact: contact.serial)
        for contact in concerned(in_queues, world.configuration.numbering, numbers):
            queue = world.queue_of(contact)
            was = contact.priority
            self._widening.weigh_anew(contact, queue)
            if contact.priority != was and contact.id in world.lines:
                world.lines.remove(contact.id)
                world.lines.add(contact)
            if contact.priority != was:
                self._tell_rules(contact, queue)
            if contact.state is ContactState.PROMISED and contact.mail is None:
                self._elsewhere.stand_by(contact)

    # -- time passes -------------------------------------------------------------------------------------------------

    def waited_too_long(self, contact: ContactRecord) -> None:
        """The queue's longest wait is over; a phone that rings may still be answered."""
        if contact.state is ContactState.WAITING:
            self._send_on(contact, QueueExit.TIMED_OUT, self._world.queue_of(contact).overflow)
        else:
            contact.overflow_due = True

    def relax(self, contact: ContactRecord) -> None:
        """The next step of the relaxation is due."""
        self._widened(contact, self._widening.relax(contact, self._world.queue_of(contact)))

    def let_go(self, contact: ContactRecord, why: str) -> None:
        """The contact is not kept for one agent any more."""
        self._widened(contact, self._widening.let_go(contact, self._world.queue_of(contact), why))

    def open_reserve(self, contact: ContactRecord) -> None:
        """The contact has waited long enough for the queue's reserve."""
        self._widened(contact, self._widening.open_reserve(contact, self._world.queue_of(contact)))

    def agents_left(self) -> None:
        """Agents have paused, logged out or lost their phones: nobody waits for them alone."""
        world = self._world
        for agent in world.agents.away:
            record = world.agents.records.get(agent)
            if record is None or record.status is not AgentStatus.AVAILABLE or record.phone is not PhoneState.REACHABLE:
                kept = [world.contacts[contact] for contact in world.kept.get(agent, ())]
                for contact in sorted(kept, key=lambda contact: contact.serial):
                    self.let_go(contact, "she is not there")
        world.agents.away.clear()

    def _widened(self, contact: ContactRecord, why: str) -> None:
        """More agents may serve the contact than before; `why` in words, empty if nothing has changed.

        It goes on while a phone rings: what is wider counts as soon as the phone stops, and where all phones ring the
        new ones ring as well.
        """
        if not why:
            return
        world = self._world
        world.out.append(
            NeedsRelaxed(
                contact=contact.id,
                queue=world.queue_of(contact).name,
                needs=self._in_words(contact.needs),
                waited_s=max(world.now - contact.counts_from, 0.0),
                why=why,
            )
        )
        if contact.id in world.lines or contact.id in world.ahead:
            world.lines.remove(contact.id)
            world.ahead.remove(contact.id)
            self.wait_again(contact)
        elif contact.state is ContactState.OFFERED:
            world.newly_waiting.append(contact.id)

    def pressed(self, contact: ContactRecord, digit: str) -> None:
        """A waiting caller presses a key: the one for a callback leads her to the flow that promises it."""
        world = self._world
        queue = world.queue_of(contact)
        flow = callback_flow(queue.name)
        if queue.callback is None or digit != queue.callback.key or flow not in world.library[contact.version].flows:
            return
        self.leave(contact, QueueExit.CALLBACK)
        move(contact, ContactInput.SENT_TO_FLOW, world.now)
        contact.flow, contact.node = None, ""
        voice.hush(world, contact)
        self._elsewhere.start_flow(contact, flow)

    def opened_or_closed(self, name: QueueName) -> None:
        """A queue's hours begin or end, or those of a queue that is no more for those who still wait in it."""
        world = self._world
        self.doors.set_closing_timer(name)
        for contact_id in list(world.queued.get(name, ())):
            contact = world.contacts[contact_id]
            queue = world.queue_of(contact)
            waits = contact.state is ContactState.WAITING
            if waits and queue.at_close is not None and not self.doors.is_open(queue, contact.version):
                self._send_on(contact, QueueExit.CLOSED, queue.at_close)

    def roster_changed(self) -> None:
        """Somebody logged out: those who now wait for nobody are sent on, where the queue says so."""
        world = self._world
        for name, waiting in list(world.queued.items()):  # who is sent on may open another queue's list
            known = world.configuration.queues.get(name)
            if known is not None and known.no_agents is None:
                continue
            for contact_id in list(waiting):
                contact = world.contacts[contact_id]
                target = world.queue_of(contact).no_agents
                waits = contact.state is ContactState.WAITING
                if target is not None and waits and not self.doors.serving(asked_of(contact)):
                    self._send_on(contact, QueueExit.NO_AGENTS, target)

    # -- figures -----------------------------------------------------------------------------------------------------

    def _learn(self, contact: ContactRecord, queue: Queue, how: QueueExit) -> None:
        """A visit to the queue is over: who stayed how long, and was the forecast true?"""
        now, learnt = self._world.now, self._world.learnt_of(queue.name)
        if contact.callback is None and contact.mail is None:  # else she does not wait on the line
            learnt.patience.learn(now - contact.entered, gave_up=how is QueueExit.ABANDONED)
        predicted, contact.predicted = contact.predicted, None
        if predicted is not None:
            served = how is QueueExit.CONNECTED
            learnt.accuracy.learn(predicted.p50_s, predicted.p90_s, now - predicted.at, served=served)

    # -- the rules ---------------------------------------------------------------------------------------------------

    def _send_on(self, contact: ContactRecord, how: QueueExit, target: Target) -> None:
        """Out of this queue and to the target; a contact that is sent on for ever is let go."""
        world = self._world
        self.leave(contact, how)
        contact.hops += 1
        if contact.hops > HOPS_MAX:
            world.surprise(f"sent on by queues more than {HOPS_MAX} times", contact)
            self._elsewhere.end(contact, EndReason.REFUSED)
            return
        if target.to is Overflow.QUEUE:
            self.enter(contact, QueueName(target.name))
            return
        move(contact, ContactInput.SENT_TO_FLOW, world.now)
        contact.flow, contact.node = None, ""
        match target.to:
            case Overflow.FLOW | Overflow.VOICEMAIL:
                voice.hush(world, contact)
                to_flow = target.to is Overflow.FLOW
                self._elsewhere.start_flow(contact, FlowName(target.name) if to_flow else mailbox_flow(target.name))
            case Overflow.NUMBER:
                problem = outside.call(world, contact, target.name, FORWARD_TIMEOUT_S)
                if problem:
                    world.surprise(problem, contact)
                    self._elsewhere.end(contact, EndReason.REFUSED)
            case Overflow.HANG_UP:
                self._elsewhere.end(contact, EndReason.CLOSED if how is QueueExit.CLOSED else EndReason.REFUSED)

    def _set_timers(self, contact: ContactRecord, queue: Queue) -> None:
        timers, now = self._world.timers, self._world.now
        if queue.name not in self._world.configuration.queues:  # nobody else sees to the hours of one that is no more
            self.doors.set_closing_timer(queue.name)
        if queue.max_wait_s > 0:
            timers.set(TimerKind.MAX_WAIT, contact.id, max(contact.holds_from + queue.max_wait_s, now))
        self.announcing.set_timer(contact, queue)
        self._widening.began(contact, queue)

    def _set_timers_anew(self, contact: ContactRecord, queue: Queue, was: Queue) -> None:
        """As if the contact had waited in this queue all the time; what has been due already is due now."""
        timers = self._world.timers
        if queue.max_wait_s != was.max_wait_s and contact.callback is None:
            contact.overflow_due = False
            timers.cancel(TimerKind.MAX_WAIT, contact.id)
            if queue.max_wait_s > 0:
                timers.set(TimerKind.MAX_WAIT, contact.id, contact.holds_from + queue.max_wait_s)
        self.announcing.set_timer_anew(contact, queue, was)

    def _admit(self, contact: ContactRecord, name: QueueName) -> None:
        world = self._world
        contact.entered = world.now
        self._in_queue(name)[contact.id] = None
        world.out.append(
            ContactQueued(
                contact=contact.id,
                queue=name,
                priority=contact.priority,
                needs=self._in_words(contact.needs),
                since=contact.since,
                counts_from=contact.counts_from,
            )
        )

    def _in_words(self, needs: Need) -> str:
        """A need as it is written; what a queue asks for is written down for each of its contacts."""
        words = self._words.get(needs)
        if words is None:
            if len(self._words) >= WORDS_MAX:
                self._words.clear()
            words = self._words[needs] = str(needs)
        return words

    @staticmethod
    def _goes_on(contact: ContactRecord, name: QueueName) -> bool:
        """Whether a visit only goes on: she thought of being called back, or was promised it, and waits on instead."""
        return contact.last_queue == name and contact.left in (QueueExit.CALLBACK, QueueExit.RANG_BACK)

    def _place_back(self, contact: ContactRecord, queue: Queue) -> float:
        """The place of a caller who gave up waiting here a moment ago; 0 if she has none."""
        if queue.return_within_s <= 0:
            return 0.0
        world = self._world
        number = subscriber(world.configuration.numbering, contact.caller)
        left = world.abandoned.pop((queue.name, number), None)
        if left is None or world.now - left.at > queue.return_within_s:
            return 0.0
        world.out.append(PlaceRestored(contact=contact.id, queue=queue.name, since=left.since, left_at=left.at))
        return left.since

    def _in_queue(self, name: QueueName) -> dict[ContactId, None]:
        return self._world.queued.setdefault(name, {})
