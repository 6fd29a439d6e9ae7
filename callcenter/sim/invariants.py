"""What must hold after every event. Knows the engine's memory and the book of facts; changes neither.

Each check says what it found in words: the run adds seed and time. `Invariants` compares the two accounts and the rules
of service; `Truth` compares the engine's belief with what Asterisk knows, where time is allowed to pass.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from callcenter.core.aside import asides_of
from callcenter.core.engine import Engine
from callcenter.core.may_call import EXPIRY_GRACE_S
from callcenter.core.record_checks import check_parts
from callcenter.core.state import ContactRecord
from callcenter.core.widening import asked_of
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.entry import Entry
from callcenter.model.events import DigitPressed, Event
from callcenter.model.facts import ContactEnded, MessageRouted, MessageSettled
from callcenter.model.ids import ContactId, RecordingId, Version
from callcenter.model.queue import Queue
from callcenter.nodes.collect import Collect
from callcenter.nodes.payment import Payment
from callcenter.sim.book import Book
from callcenter.sim.claims import Claims
from callcenter.sim.colleagues import miscounted_calls
from callcenter.sim.paperwork import PaperChecks
from callcenter.sim.phones import PhoneChecks, crowded_nails, misplaced_nail
from callcenter.sim.places import IN_QUEUE, check_timers, misplaced, must_not_be_dialled, out_of_order, unlisted
from callcenter.sim.seen import SeenAgent, SeenContact
from callcenter.sim.supervision import crowded, misplaced_monitor
from callcenter.sim.violation import Violation

COEXIST_MAX_S: Final = 5.0  # a free matching agent beside a waiting matching caller
LATE_S: Final = 1.0  # how late a deadline may be
TIMERS_EVERY: Final = 8  # entries between two looks at all deadlines
S: Final = ContactState


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
