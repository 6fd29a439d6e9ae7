"""What must hold after every event. Knows the engine's memory and the book of facts; changes neither.

Each check says what it found in words: the run adds seed and time. `Invariants` compares the two accounts and the rules
of service; `Truth` compares the engine's belief with what Asterisk knows, where time is allowed to pass.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from callcenter.core.aside import asides_of
from callcenter.core.engine import Engine
from callcenter.core.free import why_not_free
from callcenter.core.may_call import DEFAULT_RULES, EXPIRY_GRACE_S
from callcenter.core.record_checks import check_parts
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.widening import asked_of
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.callback import CallbackStep
from callcenter.model.callback_facts import CallbackDialled
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.customer import NO_CALL_CUSTOMERS
from callcenter.model.entry import Entry
from callcenter.model.events import DigitPressed, Event
from callcenter.model.facts import ContactEnded, MessageRouted, MessageSettled
from callcenter.model.ids import ContactId, QueueName, RecordingId, Version
from callcenter.model.mail import Mail, MailStep
from callcenter.model.queue import Queue
from callcenter.nodes.collect import Collect
from callcenter.nodes.payment import Payment
from callcenter.sim.book import Book, SeenAgent, SeenContact
from callcenter.sim.claims import Claims
from callcenter.sim.colleagues import miscounted_calls, misplaced_gossip
from callcenter.sim.paperwork import PaperChecks
from callcenter.sim.parking import misparked, rung_for
from callcenter.sim.phones import PhoneChecks, crowded_nails, misplaced_aside, misplaced_nail
from callcenter.sim.supervision import crowded, misplaced_monitor
from callcenter.sim.violation import Violation

COEXIST_MAX_S: Final = 5.0  # a free matching agent beside a waiting matching caller
LATE_S: Final = 1.0  # how late a deadline may be
TIMERS_EVERY: Final = 8  # entries between two looks at all deadlines
S: Final = ContactState
IN_QUEUE: Final = (S.WAITING, S.OFFERED, S.CONNECTING, S.PROMISED, S.DIALLING)
WITHOUT_CUSTOMER: Final = (S.PROMISED, S.DIALLING)  # and, of a callback, OFFERED and CONNECTING
WITH_A_MESSAGE: Final = (MailStep.BRIEFING, MailStep.PLAYING, MailStep.ASKED)  # an agent hears it
WITH_AGENT: Final = (S.CONNECTING, S.CONNECTED)
NOT_OF_CONTACTS: Final = (TimerKind.OFFER, TimerKind.WRAP_UP, TimerKind.REST, TimerKind.CLOSING)


class Invariants:
    """Checked after every event."""

    def __init__(self, library: Mapping[Version, Configuration]) -> None:
        self.book = Book(library)
        self._claims = Claims(self.book)
        self._papers = PaperChecks()
        self._phones = PhoneChecks()
        self.entries = 0
        self._secret = False
        self._messages: dict[RecordingId, ContactId | None] = {}  # routed: the contact, None when it is done with

    # -- the run tells -----------------------------------------------------------------------------------------------

    def before(self, engine: Engine, event: Event) -> None:
        """Remember whether what comes now must not be written."""
        self._secret = isinstance(event, DigitPressed) and event.digit.isdigit() and self._is_masked(event)

    def after(self, engine: Engine, entry: Entry) -> None:
        """Check everything."""
        self.entries += 1
        if self._secret and isinstance(entry.event, DigitPressed) and entry.event.digit.isdigit():
            raise Violation(f"a digit of a masked input was written down: {entry.event}")
        self.book.read(entry)
        world = engine.world
        waiting = self._contacts(world)
        due = world.timers.next_deadline()
        in_time = due is None or due > entry.at  # else a new run has not caught up with its deadlines yet
        self._agents(world, entry.at, in_time=in_time)
        self._sizes(world)
        self._supervisors(world)
        self._claims.check(waiting, world, entry.at)
        self._promises(world, entry.at)
        if in_time:
            self._nobody_waits_beside_a_free_agent(waiting, entry.at)
            self._queues_keep_to_their_rules(waiting, world, entry.at)
        self._ended_contacts(entry)
        self._papers.after(entry, world)
        self._phones.after(entry, world)
        self._no_message_is_lost(entry, world)
        if self.entries % TIMERS_EVERY == 0:
            check_timers(world)

    def restarted(self, engine: Engine) -> None:
        """A new life: it must know what the old one knew."""
        if set(engine.world.contacts) != set(self.book.contacts):
            raise Violation(
                f"after a restart the contacts are {sorted(engine.world.contacts)} "
                f"and were {sorted(self.book.contacts)}"
            )

    def over(self, engine: Engine) -> None:
        """Everybody has gone home: nothing may be left."""
        world = engine.world
        left = {
            "contacts": list(world.contacts),
            "legs": list(world.legs),
            "supervisors": list(world.monitors),
            "ears": list(world.ears),
            "bridges": list(world.bridges),
            "playbacks": list(world.playbacks),
            "slots": list(world.slots),
            "messages": list(world.recordings),
            "lookups": list(world.lookups),
            "places in queues": [c for contacts in world.queued.values() for c in contacts],
            "places in line": len(world.lines),
            "contacts in the book": list(self.book.contacts),
            "agents on contacts": [a for a, record in world.agents.records.items() if record.contacts or record.offer],
        }
        for what, which in left.items():
            if which:
                raise Violation(f"left over at the end: {what}: {which}")
        check_timers(world)

    # -- each contact in one place -----------------------------------------------------------------------------------

    def _contacts(self, world: World) -> list[SeenContact]:
        """Check each contact; gives those that are in line for an agent, as the book knows them."""
        waiting = []
        for contact in world.contacts.values():
            wrong = misplaced(contact, world)
            if wrong:
                raise Violation(f"{contact.id} is {contact.state} and {wrong}")
            if contact.id in world.lines:
                seen = self.book.live(contact.id)
                if seen.needs != contact.needs or seen.since != contact.since or seen.priority != contact.priority:
                    raise Violation(f"{contact.id}: place or needs are not what the facts said: {seen}")
                waiting.append(seen)
        if len(world.mails) != sum(contact.mail is not None for contact in world.contacts.values()):
            raise Violation(f"{len(world.mails)} messages are known: {dict(world.mails)}")
        if len(world.slots) != sum(contact.parked is not None for contact in world.contacts.values()):
            raise Violation(f"slots are said to be taken in which nobody is: {world.slots}")
        if len(world.lines) != len(waiting):
            raise Violation(f"{len(world.lines)} contacts are in line, {len(waiting)} wait")
        return waiting

    def _agents(self, world: World, now: float, *, in_time: bool) -> None:
        for agent_id, record in world.agents.records.items():
            wrong = out_of_order(record, world) or (unlisted(record, world, now) if in_time else "")
            wrong = wrong or misplaced_nail(record, world) or miscounted_calls(record, world)
            if wrong:
                raise Violation(f"{agent_id} is {record.state} and {wrong}")

    def _supervisors(self, world: World) -> None:
        for monitor in world.monitors.values():
            wrong = misplaced_monitor(monitor, world)
            if wrong:
                raise Violation(f"{monitor.id} of {monitor.supervisor} is {monitor.state} and {wrong}")
        wrong = crowded(world) if world.monitors or world.ears else ""
        wrong = wrong or crowded_nails(world)
        if wrong:
            raise Violation(wrong)

    def _sizes(self, world: World) -> None:
        """Every index holds what live contacts account for, and nothing else."""
        legs = bridges = playbacks = messages = lookups = queued = 0
        for contact in world.contacts.values():
            legs += sum(leg is not None for leg in (contact.leg, contact.agent_leg, contact.other_leg))
            legs += len(contact.guests) + (contact.consult is not None)
            legs += contact.consult is not None and contact.consult.own is not None
            legs += contact.parked is not None and contact.parked.pickup is not None
            bridges += contact.consult is not None
            legs += len(contact.offers) + (contact.callback is not None and contact.callback.leg is not None)
            bridges += contact.bridge is not None
            for apart, _ in asides_of(contact):
                bridges += apart.own
                playbacks += apart.playback is not None
            playbacks += contact.playback is not None
            messages += contact.message is not None
            lookups += contact.lookup is not None
            queued += contact.state in IN_QUEUE
        found = (
            len(world.legs),
            len(world.bridges),
            len(world.playbacks),
            len(world.recordings),
            len(world.lookups),
            sum(map(len, world.queued.values())),
        )
        if found != (legs, bridges, playbacks, messages, lookups, queued):
            raise Violation(
                f"legs, bridges, playbacks, messages, lookups, queued: {found} are indexed, "
                f"{(legs, bridges, playbacks, messages, lookups, queued)} belong to contacts"
            )

    # -- service -----------------------------------------------------------------------------------------------------

    def _nobody_waits_beside_a_free_agent(self, waiting: list[SeenContact], now: float) -> None:
        still = {contact.id for contact in waiting}
        for seen in self.book.contacts.values():
            if seen.id not in still:
                seen.waiting_since = None
        for contact in waiting:
            if contact.waiting_since is None:
                contact.waiting_since = now
            for agent_id, agent in self.book.agents.items():
                if not contact.needs.met_by(agent.agent.able) or not agent.agent.capacity.get(Medium.VOICE):
                    continue
                if contact.direction is Direction.OUTBOUND and self._claims.is_kept(agent):
                    continue
                idle_s = now - contact.waiting_since
                if agent.state is AgentState.READY or (idle_s > COEXIST_MAX_S and _ought_to_be_free(agent, now)):
                    raise Violation(f"{contact.id} has been waiting for {idle_s:.1f} s beside {agent_id}: {agent}")

    def _queues_keep_to_their_rules(self, waiting: list[SeenContact], world: World, now: float) -> None:
        """Nobody waits longer than the queue allows, for nobody, behind closed doors, or for skills it would forgo."""
        for seen in waiting:
            contact = world.contacts[seen.id]
            queue = world.queue_of(contact)
            waited_s, held_s = now - seen.counts_from, now - seen.holds_from
            for_one = contact.callback is not None and contact.callback.only is not None
            steps = contact.steps or queue.relax
            if sum(step.after_s + LATE_S < waited_s for step in steps) > contact.relaxed and not for_one:
                raise Violation(f"{seen.id} waits for {waited_s:.1f} s, and was relaxed {contact.relaxed} times")
            wrong = self._kept_wrongly(contact, queue, waited_s)
            if wrong:
                raise Violation(f"{seen.id}, who waits for {waited_s:.1f} s, {wrong}")
            if contact.mail is not None:
                continue  # it waits for as long as it takes
            if contact.callback is not None:
                continue  # its hours and its time are its own: see _promises
            if queue.max_wait_s and held_s > queue.max_wait_s + LATE_S:
                raise Violation(f"{seen.id} waits in {queue.name} for {held_s:.1f} s of {queue.max_wait_s}")
            if queue.no_agents is not None and not any(self._could_serve(agent, contact) for agent in self._staff()):
                raise Violation(f"{seen.id} waits in {queue.name}, where nobody could serve it")
            if queue.at_close is not None and queue.hours is not None and not seen.came_back:  # else it let her in
                calendar = world.library[contact.version].calendars[queue.hours]
                if not calendar.is_open(now) and not calendar.is_open(now - LATE_S):
                    raise Violation(f"{seen.id} waits in {queue.name}, which is closed")

    def _promises(self, world: World, now: float) -> None:
        """Customers are called at numbers and times at which they may be, and one number once for one queue."""
        for fact in self.book.dialled:
            contact = world.contacts.get(fact.contact)
            if contact is not None and contact.callback is not None:
                wrong = must_not_be_dialled(fact, contact, world, now)
                if wrong:
                    raise Violation(f"{fact}: {wrong}")
        promised: dict[tuple[str, str], ContactId] = {}
        for contact in world.contacts.values():
            callback = contact.callback
            if callback is None:
                continue
            number = world.configuration.numbering.normal(callback.number)
            other = promised.setdefault((callback.queue, number), contact.id)
            if other != contact.id:
                raise Violation(f"{other} and {contact.id} are both promised a callback to {number}")
            overdue = now > callback.gives_up + LATE_S + EXPIRY_GRACE_S
            if contact.state is S.PROMISED and overdue and not world.blind:
                raise Violation(f"{contact.id} was to be given up at {callback.gives_up}")

    def _staff(self) -> Iterable[SeenAgent]:
        return self.book.agents.values()

    @staticmethod
    def _could_serve(agent: SeenAgent, contact: ContactRecord) -> bool:
        return agent.status is not AgentStatus.LOGGED_OUT and asked_of(contact).met_by(agent.agent.able)

    def _kept_wrongly(self, contact: ContactRecord, queue: Queue, waited_s: float) -> str:
        """Who should not be kept from serving a contact any more; empty if all is as the rules say."""
        if contact.spares and queue.reserve is not None and waited_s > queue.reserve.above_s + LATE_S:
            return "is still kept from the reserve"
        if contact.kept_for is None:
            return ""
        agent = self.book.agents.get(contact.kept_for)
        if queue.sticky is None or waited_s > queue.sticky.for_s + LATE_S:
            return f"is still kept for {contact.kept_for}"
        if agent is None or agent.status is AgentStatus.LOGGED_OUT or agent.phone is not PhoneState.REACHABLE:
            return f"is kept for {contact.kept_for}, who is not there"
        return ""

    def _ended_contacts(self, entry: Entry) -> None:
        for output in entry.outputs:
            if type(output) is ContactEnded:
                seen = self.book.ended[output.contact]
                problems = check_parts(seen.rows)
                if problems:
                    raise Violation(f"the CDR of {seen.id}: {'; '.join(problems)}")

    def _no_message_is_lost(self, entry: Entry, world: World) -> None:
        """A message that was routed is one contact, which lives until it is done with."""
        for fact in entry.outputs:
            if type(fact) is MessageRouted:
                if fact.recording in self._messages:
                    raise Violation(f"{fact}: it was routed already, as {self._messages[fact.recording]}")
                self._messages[fact.recording] = fact.contact
            elif type(fact) is MessageSettled:
                if self._messages.get(fact.recording) != fact.contact:
                    raise Violation(f"{fact}: it was {self._messages.get(fact.recording)}")
                self._messages[fact.recording] = None
        open_ = {recording: contact for recording, contact in self._messages.items() if contact is not None}
        if open_ != world.mails:
            raise Violation(f"messages that are not done with: {open_}; the engine knows {world.mails}")

    def _is_masked(self, event: DigitPressed) -> bool:
        for contact in self.book.contacts.values():
            if contact.leg == event.leg and contact.flow is not None and contact.node:
                node = self.book.library[contact.version].flows[contact.flow].nodes[contact.node]
                return isinstance(node, Payment) or (isinstance(node, Collect) and node.masked)
        return False


def misplaced(contact: ContactRecord, world: World) -> str:
    """What of a contact does not go with its state; empty if all does."""
    state = contact.state
    if state is S.ENDED:
        return "still kept"
    queues = [name for name, inside in world.queued.items() if contact.id in inside]
    if queues != ([contact.queue] if state in IN_QUEUE else []):
        return f"queued in {queues}, with queue {contact.queue}"
    if state not in IN_QUEUE and contact.queue is not None:
        return f"has queue {contact.queue}"
    wrong = misplaced_promise(contact, world) or misplaced_party(contact, world) or misplaced_aside(contact, world)
    wrong = wrong or misparked(contact, world) or misplaced_gossip(contact, world)
    if wrong:
        return wrong
    in_line = contact.id in world.lines
    if state is not S.PROMISED and in_line != (state is S.WAITING):
        return "in line" if in_line else "not in line"
    if bool(contact.offers) != (state is S.OFFERED):
        return f"has offers {list(contact.offers)}"
    if (contact.agent is not None) != (state in WITH_AGENT) or (contact.agent_leg is not None) != (state in WITH_AGENT):
        return f"has agent {contact.agent} on {contact.agent_leg}"
    if contact.agent is not None and contact.id not in world.agents.records[contact.agent].contacts:
        return f"its agent {contact.agent} does not know"
    if contact.other_up != (state is S.FORWARDED) and contact.other_leg is not None and state is not S.IN_FLOW:
        return f"has an outside leg {contact.other_leg}"
    wrong = misrecorded(contact, world)
    if wrong:
        return wrong
    if state is not S.IN_FLOW and contact.paying is None:
        errands = (contact.lookup, contact.run, contact.note, contact.card)
        return f"is in the middle of a flow: {errands} {contact.stack}" if any(errands) or contact.stack else ""
    return ""


def misrecorded(contact: ContactRecord, world: World) -> str:
    """What is wrong with whether, and how, a contact is recorded; empty if nothing is."""
    talks = contact.state in (S.CONNECTED, S.PARKED) or (contact.colleague is not None and contact.state is S.FORWARDED)
    if contact.recording is not None and (not talks or contact.unrecorded or not world.may_record):
        return "is recorded"
    if contact.recording_paused != (world.timers.due(TimerKind.RECORDING, contact.id) is not None):
        return "has a pause of its recording without an end"
    if contact.paying is not None and contact.recording is not None and not contact.recording_paused:
        return "pays, and is recorded"
    if contact.recording_paused and contact.recording is None:
        return "is paused and not recorded"
    return ""


def misplaced_party(contact: ContactRecord, world: World) -> str:
    """What of holds, consults and conferences does not go with the contact's state; empty if all does."""
    state, consult = contact.state, contact.consult
    if contact.guests and state not in (S.CONNECTED, S.FORWARDED):
        return f"has guests {contact.guests}"
    if state is not S.CONNECTED:
        wrong = consult is not None or contact.held_since is not None or contact.muted or contact.paying is not None
        return f"has {consult}, is held since {contact.held_since} or muted" if wrong else ""
    if consult is not None and consult.own is None and consult.aside and contact.held_since is None:
        return "is not on hold while its agent speaks aside"
    if contact.held_since is not None and not contact.guests and not contact.music and contact.paying is None:
        return "is on hold without music"
    if contact.held_since is None and contact.music and contact.mail is None:
        return "hears music in a conversation"
    if contact.paying is not None and (contact.held_since is None or contact.guests or consult is not None):
        return "pays, and is not alone"
    parties = [guest.party for guest in contact.guests.values()]
    parties += [consult.party] if consult is not None and consult.up is not None else []
    for party in parties:
        if party.agent is not None and contact.id not in world.agents.records[party.agent].contacts:
            return f"{party.agent} takes part and does not know"
    return ""


def must_not_be_dialled(fact: CallbackDialled, contact: ContactRecord, world: World, now: float) -> str:
    """Why a customer ought not to have been called; empty if nothing is against it."""
    configuration, in_force = world.library[contact.version], world.configuration
    queue = configuration.queues[fact.queue]
    rules = queue.callback or DEFAULT_RULES
    hours = rules.hours or queue.hours
    if hours is not None and not configuration.calendars[hours].is_open(now):
        return f"outside of {hours}"
    if rules.do_not_call is not None and world.marks.is_listed(in_force, rules.do_not_call, fact.number):
        return f"the number is in {rules.do_not_call}"
    if world.marks.is_listed(in_force, NO_CALL_CUSTOMERS, fact.number):
        return "the customer must not be called"
    if not any(re.fullmatch(pattern, fact.number) for pattern in in_force.callback_to):
        return "no pattern allows the number"
    return f"of {rules.attempts} attempts" if fact.attempt > rules.attempts else ""


def misplaced_promise(contact: ContactRecord, world: World) -> str:
    """What of a promise does not go with the contact's state; empty if all does."""
    state, callback = contact.state, contact.callback
    if contact.mail is not None:
        return misplaced_message(contact, contact.mail, world)
    if contact.leg is None and state not in (*WITHOUT_CUSTOMER, S.OFFERED, S.CONNECTING):
        return "has no customer"
    if contact.leg is not None and state in WITHOUT_CUSTOMER:
        return f"has a customer on {contact.leg}"
    in_line = (contact.id in world.lines) + (contact.id in world.ahead)
    if callback is None:
        return "is promised nothing" if contact.leg is None or (in_line and state is not S.WAITING) else ""
    if contact.leg is not None and callback.leg is not None:
        return f"has a customer on {contact.leg}, and calls her on {callback.leg}"
    if (callback.leg is not None) != (callback.step is CallbackStep.RINGING):
        return f"is {callback.step}, and calls {callback.leg}"
    if state is S.PROMISED and in_line != (callback.step is CallbackStep.DUE):
        return f"is {callback.step} and in {in_line} lines"
    if contact.leg is None and contact.queue != callback.queue:
        return f"is promised a callback for {callback.queue}, and in {contact.queue}"
    return ""


def misplaced_message(contact: ContactRecord, mail: Mail, world: World) -> str:
    """What of a message does not go with the contact's state; empty if all does."""
    state = contact.state
    if state not in (S.PROMISED, S.OFFERED, S.CONNECTED):
        return "is a message"
    if contact.leg is not None or contact.callback is not None:
        return f"is a message, and has {contact.leg} and {contact.callback}"
    if world.mails.get(mail.message) != contact.id:
        return f"is the message {mail.message}, which is known as {world.mails.get(mail.message)}"
    if (contact.id in world.lines) != (state is S.PROMISED and mail.step is MailStep.DUE):
        return f"is {mail.step} and {'in line' if contact.id in world.lines else 'in no line'}"
    if (mail.step in WITH_A_MESSAGE) != (state is S.CONNECTED):
        return f"is {mail.step}"
    if contact.queue not in (None, mail.queue):
        return f"is for {mail.queue}, and in {contact.queue}"
    if state is S.PROMISED and mail.step is MailStep.RESTING:
        at = world.timers.due(TimerKind.MAIL, contact.id)
        return "" if at is not None and at == mail.next_at else f"rests until {mail.next_at}, and is looked at at {at}"
    return ""


def out_of_order(record: AgentRecord, world: World) -> str:
    """What of an agent does not go with her state; empty if all does."""
    state, offers, contacts = record.state, record.offer is not None, len(record.contacts)
    if offers + contacts > 1:
        return f"has offer {record.offer} and contacts {record.contacts}"
    if offers != (state is AgentState.OFFERED) or bool(contacts) != (state is AgentState.ON_CONTACT):
        return f"has offer {record.offer} and contacts {record.contacts}"
    if record.offer is not None:
        for wrong in rung_for(record, world):
            return wrong
        contact = world.contacts.get(world.legs.get(record.offer, ContactId("")))
        if contact is not None and contact.consult is not None and contact.consult.leg == record.offer:
            return "" if contact.consult.party.agent == record.agent.id else f"another is called on {record.offer}"
        if contact is None or contact.offers[record.offer].agent != record.agent.id:
            return f"her offer {record.offer} is nobody's"
    return ""


def unlisted(record: AgentRecord, world: World, now: float) -> str:
    """How the list of free agents does not go with her state; empty if it does."""
    state = record.state
    free = world.agents.free.is_free(record.agent.id, Medium.VOICE)
    hindered = why_not_free(record, Medium.VOICE, now)
    if free == bool(hindered):
        return f"listed as {'free' if free else 'not free'}, but {hindered or 'nothing is against it'}"
    if free and state is not AgentState.READY:
        return "listed as free"
    if state is AgentState.READY and not free and record.agent.capacity.get(Medium.VOICE):
        return f"not listed as free: {hindered}"
    return ""


def check_timers(world: World) -> None:
    """Every deadline is somebody's. Raises Violation."""
    for timer in world.timers.listed():
        kind, subject = timer.kind, timer.subject
        holder: object
        match kind:
            case TimerKind.OFFER:
                holder = any(subject in contact.offers for contact in world.contacts.values())
            case TimerKind.WRAP_UP | TimerKind.REST | TimerKind.NAIL | TimerKind.TONE | TimerKind.PHONE_USE:
                holder = subject in world.agents.records
            case TimerKind.CLOSING:
                holder = subject in world.configuration.queues or world.queued.get(QueueName(subject))
            case TimerKind.PACE:
                holder = subject in world.campaigns
            case TimerKind.SETTLE:
                holder = any(subject in record.settling for record in world.campaigns.values())
            case TimerKind.TELLING:
                holder = subject in world.monitors
            case _:
                holder = subject in world.contacts
        if not holder:
            raise Violation(f"a deadline {kind} for {subject}, which is not there")
    listed = {(timer.kind, timer.subject) for timer in world.timers.listed()}
    for contact in world.contacts.values():
        for kind, waited_for in ((TimerKind.LOOKUP, contact.lookup), (TimerKind.SCRIPT, contact.run)):
            if (waited_for is not None) != ((kind, contact.id) in listed):
                wrong = "no deadline for" if waited_for else "a deadline without"
                raise Violation(f"{contact.id} has {wrong} a {kind}")


def _ought_to_be_free(agent: SeenAgent, now: float) -> bool:
    """By status, phone and the rules alone, without believing her state; and for longer than the limit."""
    return (
        agent.status is AgentStatus.AVAILABLE
        and agent.phone is PhoneState.REACHABLE
        and not agent.offers
        and agent.talks_to is None
        and not agent.own_calls
        and (not agent.agent.phone.nailed or agent.nail is NailState.UP)
        and agent.state is not AgentState.ON_CONTACT
        and now - max(agent.busy_until, agent.may_rest_until) > COEXIST_MAX_S
        and agent.since is not None
        and now - agent.since > COEXIST_MAX_S
    )
