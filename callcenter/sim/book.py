"""What an observer knows who is told nothing but events and facts: the engine's own words, kept as a second account.

Folds every entry into agents and contacts as the facts describe them. Knows no engine: where the engine's memory and
this book disagree, or where a fact cannot follow from those before, the engine has said something that is not so.
"""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from callcenter.core.parking import RING_GRACE_S, RING_S
from callcenter.core.records import COUNTED, rows
from callcenter.core.steering import PICKED
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.callback_facts import CallbackAttempted, CallbackDialled, CallbackPromised, CallbackSettled
from callcenter.model.campaign_messages import AnswererJudged, ContactDropped, LeadDialled
from callcenter.model.colleagues import ColleagueMissed, ColleagueRang, ColleagueTransferred
from callcenter.model.commands import Reply, TellReferrer
from callcenter.model.configuration import Configuration
from callcenter.model.contact import OfferEnd, QueueExit
from callcenter.model.control import PartyEnd, TransferTo
from callcenter.model.control_facts import (
    ConsultAnswered,
    ConsultBegan,
    ContactResumed,
    ContactTaken,
    ContactTransferred,
    PartyLeft,
)
from callcenter.model.entry import Entry, Output
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    AgentStatusRequested,
    CallbackNowRequested,
    Event,
    LegReferred,
    WrapUpRequested,
)
from callcenter.model.facts import (
    AgentChanged,
    ConfigurationChanged,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    ContactQueued,
    DispositionDue,
    DispositionRecorded,
    Fact,
    MessageSettled,
    NeedsRelaxed,
    NodeEntered,
    OfferEnded,
    PhoneNailed,
    PhoneSeen,
    QueueLeft,
    RulesChanged,
    TalkEnded,
    WaitPredicted,
)
from callcenter.model.forecast import Range, spoken_minutes
from callcenter.model.ids import UNVERSIONED, AgentId, ContactId, FlowName, LegId, OfferId, QueueName, Version
from callcenter.model.mail import MailEnd
from callcenter.model.monitor_messages import ContactSteered, MonitorBegan, MonitorEnded
from callcenter.model.parking import ContactParked, ParkEnd, ParkOver, PickUpMissed, PickUpRang
from callcenter.model.payment_messages import PaymentAside
from callcenter.model.phone_use import PhoneUsedOutside
from callcenter.model.queue import MissedOffer, Queue
from callcenter.sim.callbacks import PAUSE_MIN_S
from callcenter.sim.needs import need_of
from callcenter.sim.seen import SeenAgent, SeenContact, still_held
from callcenter.sim.violation import Violation

FACTS: Final = frozenset(get_args(Fact))
ROUNDING_S: Final = 1e-6
TAKEN_BACK_MAX: Final = 1
GONE_REST_MAX_S: Final = 30.0  # the longest rest of one who answered and went before the talk
HANDED_ON: Final = (ContactTransferred, ContactParked, ColleagueTransferred)
BACK_BY_PHONE: Final = (FlowName("login"), FlowName("ready"))  # the flows of the feature codes


class Book:
    """The second account."""

    def __init__(self, library: Mapping[Version, Configuration]) -> None:
        self.agents: dict[AgentId, SeenAgent] = {}
        self.contacts: dict[ContactId, SeenContact] = {}  # live ones
        self.ended: dict[ContactId, SeenContact] = {}
        self.offered: list[ContactOffered] = []  # by the entry in hand
        self.first_offered: list[ContactId] = []  # of those, who were in line until then
        self.dialled: list[CallbackDialled] = []  # likewise
        self._dialled: set[LegId] = set()  # ever
        self._campaigns: set[ContactId] = set()  # that were dialled for one
        self._calls_back: set[ContactId] = set()  # messages after which the agent calls the customer back
        self._before: dict[ContactId, FlowName | None] = {}  # who pays: the flow in which she was
        self.library = library
        self.version = UNVERSIONED  # in force

    def read(self, entry: Entry) -> None:
        """Take one entry in. Raises Violation where it cannot be true."""
        self.offered, self.first_offered, self.dialled = [], [], []
        counted = False
        if isinstance(entry.event, LegReferred):
            self._answered(entry.event, entry.outputs)
        for output in entry.outputs:
            kind = type(output)
            counted = counted or kind in COUNTED
            if kind in FACTS:
                self._told(output, entry.at)
            elif isinstance(output, Reply) and not output.problem:
                self._granted(entry.event, entry.at)
        if counted:
            self._keep_rows(entry)

    # -- requests that were granted ----------------------------------------------------------------------------------

    def _granted(self, event: Event, now: float) -> None:
        match event:
            case AgentSaved(agent=agent):
                known = self.agents.get(agent.id)
                if known is None:
                    self.agents[agent.id] = SeenAgent(agent=agent)
                else:
                    if known.agent.number != agent.number:
                        known.phone = PhoneState.UNKNOWN
                    known.agent = agent
            case AgentRemoved(agent=agent_id):
                del self.agents[agent_id]
            case AgentStatusRequested(agent=agent_id, status=AgentStatus.AVAILABLE):
                self._is_back(self.agents[agent_id])
            case WrapUpRequested(agent=agent_id, extend_s=extend_s):
                self.agents[agent_id].busy_until = now + extend_s
            case CallbackNowRequested(contact=contact_id) if contact_id in self.contacts:
                self.contacts[contact_id].since = min(self.contacts[contact_id].since, now)
                self.contacts[contact_id].rests_until = now
            case _:
                pass

    # -- facts -------------------------------------------------------------------------------------------------------

    def _told(self, fact: Output, now: float) -> None:  # noqa: C901 (one arm per fact)
        match fact:
            case ContactOpened(contact=contact, leg=leg, caller=caller, dialler=dialler):
                if contact in self.contacts or contact in self.ended:
                    raise Violation(f"{contact} was opened twice")
                self.contacts[contact] = SeenContact(id=contact, leg=leg, caller=caller, version=self.version)
                self.contacts[contact].direction = fact.direction
                self.contacts[contact].number = len(self.contacts) + len(self.ended)
                if dialler is not None:
                    self.agents[dialler].own_calls.add(contact)
            case PaymentAside(contact=contact, flow=flow, began=True):  # its version stays that of the talk
                seen = self.live(contact)
                self._before[contact], seen.flow = seen.flow, flow
            case PaymentAside(contact=contact):
                seen = self.live(contact)
                seen.flow, seen.node = self._before.pop(contact), ""
            case NodeEntered(contact=contact, flow=flow, node=node):
                seen = self.live(contact)
                if seen.flow is None and flow in self.library[self.version].flows:
                    seen.version = self.version
                seen.flow, seen.node = flow, node
                if flow in BACK_BY_PHONE and fact.exit == "done":
                    self._is_back(*(agent for agent in self.agents.values() if agent.agent.number == seen.caller))
            case LeadDialled(contact=contact):
                self._campaigns.add(contact)
            case ContactDropped(contact=contact) | AnswererJudged(contact=contact):
                self._lead_answered(contact)
            case ContactQueued():
                seen = self.live(fact.contact)
                self._lead_answered(fact.contact)
                if seen.since and fact.since != seen.since:
                    raise Violation(f"{fact.contact} had its place since {seen.since}, and has it since {fact.since}")
                seen.queue, seen.priority, seen.since = fact.queue, fact.priority, fact.since
                self._counts(seen, fact, now)
                seen.needs, seen.flow, seen.node = need_of(fact.needs), None, ""
                seen.last_queue = fact.queue
                seen.told_by, seen.taken_back = 0.0, 0
                if fact.queue in self.library[self.version].queues:
                    seen.version = self.version
            case WaitPredicted():
                self._predicted(fact, now)
            case NeedsRelaxed(contact=contact, needs=needs):
                self.live(contact).needs = need_of(needs)
            case RulesChanged(contact=contact):
                seen = self.live(contact)
                seen.priority, seen.needs = fact.priority, need_of(fact.needs)
            case ConfigurationChanged():
                self._switched(fact)
            case ContactOffered():
                self._offered(fact, now)
            case OfferEnded():
                self._offer_ended(fact, now)
            case QueueLeft(contact=contact, exit=how):
                self.live(contact).queue, self.live(contact).left = None, how
            case ContactConnected(contact=contact, agent=agent):
                self.agents[agent].talks_to = contact
                self.live(contact).came_back = False
            case ContactResumed(contact=contact, held_s=held_s):
                self.live(contact).held_s += held_s
            case TalkEnded(agent=agent, queue=queue, contact=contact):
                seen = self.live(contact)
                if abs(fact.hold_s - seen.held_s) > ROUNDING_S:
                    raise Violation(f"{fact}, and it was on hold for {seen.held_s} s of it")
                seen.held_s = 0.0
                self.agents[agent].talks_to = None
                wrap_up_s = 0.0 if contact in self._calls_back else self.rules(contact, queue).wrap_up_s
                self.agents[agent].busy_until = now + wrap_up_s
            case ContactParked() | PickUpRang() | PickUpMissed() | ParkOver():
                self._parking(fact, now)
            case DispositionDue(agent=agent, contact=contact, queue=queue):
                self._held(self.agents[agent], self.rules(contact, queue), now)
            case DispositionRecorded(agent=agent, contact=contact):
                self._let_go(agent, fact.talk_ended)
            case ContactTaken(contact=contact, taker=taker):
                if self.agents[taker].offers or self.agents[taker].talks_to is not None:
                    raise Violation(f"{fact} while she has {self.agents[taker]}")
                self.agents[taker].talks_to = self.live(contact).id
            case ConsultBegan() | ConsultAnswered() | PartyLeft() | ContactTransferred():
                self._called_aside(fact, now)
            case ColleagueRang(contact=contact, colleague=colleague):
                if self.agents[colleague].offers or self.agents[colleague].talks_to or self.agents[colleague].own_calls:
                    raise Violation(f"{fact} while she has {self.agents[colleague]}")
                self.agents[colleague].own_calls.add(contact)
            case ColleagueTransferred(contact=contact, agent=agent) | ColleagueMissed(contact=contact, colleague=agent):
                self.agents[agent].own_calls.discard(contact)
            case MessageSettled(contact=contact, end=MailEnd.CALLED_BACK):
                self._calls_back.add(contact)  # at once, without a wrap-up
            case MonitorBegan(monitor=monitor, supervisor=supervisor):
                self.agents[supervisor].own_calls.add(monitor)
            case MonitorEnded(monitor=monitor, supervisor=supervisor) if supervisor in self.agents:
                self.agents[supervisor].own_calls.discard(monitor)
            case ContactSteered(contact=contact, priority=priority):
                self.live(contact).priority = priority
            case PhoneUsedOutside(agent=agent, used=used):
                (self.agents[agent].own_calls.add if used else self.agents[agent].own_calls.discard)("outside")
            case AgentChanged():
                self._changed(fact, now)
            case PhoneNailed(agent=agent, state=state):
                if agent in self.agents:
                    self.agents[agent].nail = state
            case PhoneSeen(agent=agent, state=state):
                self.agents[agent].phone = state
            case CallbackPromised() | CallbackDialled() | CallbackAttempted() | CallbackSettled():
                self._callback(fact, now)
            case ContactEnded(contact=contact):
                self._ended(contact)
            case _:
                pass

    def _answered(self, asked: LegReferred, outputs: Sequence[Output]) -> None:
        """A phone that wants its call handed on is told yes or no, at once, and yes only if that is what happens."""
        told = [output.taken for output in outputs if isinstance(output, TellReferrer) and output.leg == asked.leg]
        handed_on = any(isinstance(output, HANDED_ON) for output in outputs)
        if told != [handed_on]:
            raise Violation(f"{asked}: its phone is told {told}, the call {'is' if handed_on else 'is not'} handed on")

    def _held(self, agent: SeenAgent, rules: Queue, now: float) -> None:
        """Her wrap-up lasts until something is recorded."""
        hold_s = rules.disposition.hold_s if rules.disposition is not None else 0.0
        if hold_s:
            agent.held_from, agent.held_until = now, max(now + hold_s, agent.busy_until)
            agent.wrapped_at, agent.busy_until = agent.busy_until, agent.held_until

    def _let_go(self, agent_id: AgentId, talk_ended: float) -> None:
        """It was recorded: the wrap-up ends when it would have ended, unless she asked for another end."""
        agent = self.agents.get(agent_id)
        if agent is not None and talk_ended and agent.held_from == talk_ended:
            if agent.busy_until == agent.held_until:
                agent.busy_until = agent.wrapped_at
            agent.held_from = 0.0

    def _predicted(self, fact: WaitPredicted, now: float) -> None:
        """Of somebody who waits; a range; spoken only if it can be relied on, and taken back once at most."""
        seen = self.live(fact.contact)
        if seen.queue != fact.queue or not 0.0 <= fact.p50_s <= fact.p90_s or fact.position < 1:
            raise Violation(f"{seen.id} is in {seen.queue}: {fact}")
        if not fact.announced:
            return
        if fact.entry or not fact.confident:
            raise Violation(f"{seen.id} was told what is not sure: {fact}")
        seen.taken_back += bool(seen.told_by) and now + fact.p90_s > seen.told_by
        if seen.taken_back > TAKEN_BACK_MAX:
            raise Violation(f"{seen.id} was told a later time {seen.taken_back} times: {fact}")
        spoken = Range(p50_s=fact.p50_s, p90_s=fact.p90_s, confident=True)
        seen.told_by = now + 60.0 * spoken_minutes(spoken)[1]

    def _counts(self, seen: SeenContact, fact: ContactQueued, now: float) -> None:
        """From when its wait counts: on through the choosing of a callback, not before the time it is promised for."""
        here = seen.last_queue == fact.queue
        parted = here and seen.left in (QueueExit.CALLBACK, QueueExit.RANG_BACK)
        may_be = [min(seen.counts_from, now) if parted else now]  # she is on the line
        if seen.promised:
            kept = here and seen.left not in (None, QueueExit.CONNECTED)
            may_be.append(max(seen.counts_from if kept else now, seen.not_before))
        if fact.counts_from not in may_be:
            raise Violation(f"{fact}: its wait counts from {may_be}")
        goes_on = seen.left is QueueExit.CALLBACK and seen.last_queue == fact.queue
        seen.holds_from = seen.holds_from if goes_on else now
        seen.counts_from, seen.entered = fact.counts_from, now

    def _switched(self, fact: ConfigurationChanged) -> None:
        """Who waits or talks lives by the new version, where it still has the queue."""
        if fact.was != self.version:
            raise Violation(f"version {fact.was} is said to have been in force, and was {self.version}")
        self.version = fact.version
        queues = self.library[fact.version].queues
        talking = {agent.talks_to for agent in self.agents.values()}
        for seen in self.contacts.values():
            if seen.queue in queues or ((seen.id in talking or seen.slot) and seen.last_queue in queues):
                seen.version = fact.version
            elif seen.queue is not None and seen.queue in self.library[fact.was].queues:
                raise Violation(f"{seen.id} waits in {seen.queue}, which was taken away")

    def rules(self, contact: ContactId, queue: QueueName) -> Queue:
        """The queue's rules that hold for a live contact."""
        return self.library[self.live(contact).version].queues[queue]

    def _callback(
        self, fact: CallbackPromised | CallbackDialled | CallbackAttempted | CallbackSettled, now: float
    ) -> None:
        """Promised once, dialled one leg at a time and never a leg twice, settled once."""
        seen = self.live(fact.contact)
        if seen.promised is isinstance(fact, CallbackPromised):
            raise Violation(f"{fact} of a contact that is {'' if seen.promised else 'not '}promised a callback")
        match fact:
            case CallbackPromised():
                seen.promised, seen.attempts = True, 0
                seen.not_before = fact.not_before if fact.not_before > now else 0.0
                seen.rests_until = fact.not_before
            case CallbackDialled(leg=leg, attempt=attempt):
                if seen.dialled is not None or leg in self._dialled or attempt > seen.attempts + 1:
                    raise Violation(f"{fact} after {seen.attempts} attempts, and while {seen.dialled} rings")
                if now < seen.rests_until:
                    raise Violation(f"{fact} {seen.rests_until - now:.1f} s before its time")
                self._dialled.add(leg)
                self.dialled.append(fact)
                seen.dialled, seen.attempts = leg, attempt
            case CallbackAttempted(leg=leg):
                if seen.dialled != leg:
                    raise Violation(f"{fact} while {seen.dialled} rings")
                seen.dialled = None
                seen.rests_until = now + PAUSE_MIN_S if fact.end is not None else 0.0
            case CallbackSettled():
                seen.promised = False

    def _called_aside(self, fact: ConsultBegan | ConsultAnswered | PartyLeft | ContactTransferred, now: float) -> None:
        """An agent is called aside, answers, and takes over, joins or leaves; each second of hers is counted once."""
        seen = self.live(fact.contact)
        match fact:
            case ConsultBegan(consulted=agent, leg=leg) if agent is not None:
                if self.agents[agent].offers or self.agents[agent].talks_to is not None:
                    raise Violation(f"{fact} while she has {self.agents[agent]}")
                self.agents[agent].offers[OfferId(leg)] = fact.contact
            case ConsultAnswered(consulted=agent, leg=leg) if agent is not None:
                del self.agents[agent].offers[OfferId(leg)]
                self.agents[agent].talks_to = fact.contact
            case PartyLeft(guest=guest):
                if not 0.0 <= fact.spoke_s <= now - fact.began + 1e-6:
                    raise Violation(f"{fact} at {now}")
                if guest is not None and self.agents[guest].offers.pop(OfferId(fact.leg), None) is not None:
                    return
                if guest is not None and fact.end not in (PartyEnd.TOOK_OVER, PartyEnd.JOINED):
                    self.agents[guest].talks_to = None
                    self.agents[guest].busy_until = 0.0
            case ContactTransferred(to=TransferTo.AGENT, name=name, consulted=True):
                if self.agents[AgentId(name)].talks_to != seen.id:
                    raise Violation(f"{fact} to one who does not speak with it")
            case _:
                pass

    def _parking(  # noqa: C901 (one arm per fact)
        self, fact: ContactParked | PickUpRang | PickUpMissed | ParkOver, now: float
    ) -> None:
        """One call a slot, for no longer than was said unless somebody is rung for it; picked up by who had nothing."""
        seen = self.live(fact.contact)
        match fact:
            case ContactParked(slot=slot):
                inside = [other.id for other in self.contacts.values() if other.slot == slot]
                if inside or seen.slot:
                    raise Violation(f"{fact}: {inside} is in that slot, and it is in {seen.slot or 'none'}")
                seen.slot, seen.parked_until = slot, fact.until
            case PickUpRang(agent=agent, leg=leg):
                if self.agents[agent].offers or self.agents[agent].talks_to is not None or fact.slot != seen.slot:
                    raise Violation(f"{fact} while she has {self.agents[agent]}")
                self.agents[agent].offers[OfferId(leg)] = fact.contact
                self.agents[agent].busy_until = 0.0  # who picks a call up is done with the one before
                if seen.parked_until <= now + RING_S:
                    seen.parked_until = now + RING_S + RING_GRACE_S
            case PickUpMissed(agent=agent, leg=leg):
                if self.agents[agent].offers.pop(OfferId(leg), None) != fact.contact:
                    raise Violation(f"{fact}: she was not rung for it")
            case ParkOver(agent=agent):
                if fact.slot != seen.slot or abs(fact.parked_s - (now - fact.began)) > ROUNDING_S:
                    raise Violation(f"{fact}: it was in slot {seen.slot or 'none'}, and it is {now}")
                if fact.end is ParkEnd.TIMED_OUT and now < seen.parked_until - ROUNDING_S:
                    raise Violation(f"{fact}: it could have stayed until {seen.parked_until}")
                seen.slot, seen.came_back = "", fact.end is ParkEnd.TIMED_OUT
                if agent is not None:
                    self.agents[agent].offers.pop(OfferId(fact.leg or ""), None)
                    if self.agents[agent].offers or self.agents[agent].talks_to is not None:
                        raise Violation(f"{fact} while she has {self.agents[agent]}")
                    self.agents[agent].talks_to = fact.contact

    def live(self, contact: ContactId) -> SeenContact:
        """A contact that a fact speaks of. Raises Violation unless it has been opened and has not ended."""
        seen = self.contacts.get(contact)
        if seen is None:
            raise Violation(f"a fact speaks of {contact}, which is not live")
        return seen

    def _lead_answered(self, contact: ContactId) -> None:
        """Of a call that a campaign dialled for an agent: it is not her own any more."""
        if contact in self._campaigns:
            for agent in self.agents.values():
                agent.own_calls.discard(contact)

    def _offered(self, fact: ContactOffered, now: float) -> None:
        contact, agent = self.live(fact.contact), self.agents[fact.agent]
        picked = fact.strategy == PICKED
        for reason in self._reasons_against(contact, agent, fact, now, picked=picked):
            raise Violation(f"{fact.contact} was offered to {fact.agent}, who {reason}")
        if not contact.offers and not picked:
            self.first_offered.append(fact.contact)
        contact.offers[fact.offer] = fact.agent
        agent.offers[fact.offer] = fact.contact
        if not picked:  # else line and skills had no say
            self.offered.append(fact)

    def _reasons_against(
        self, contact: SeenContact, agent: SeenAgent, fact: ContactOffered, now: float, *, picked: bool
    ) -> list[str]:
        reasons = {
            "is not available": agent.status is AgentStatus.AVAILABLE,
            "makes a call of her own": not agent.own_calls,
            "cannot be reached": agent.phone is PhoneState.REACHABLE,
            "has another offer": not agent.offers,
            "is on a contact": agent.talks_to is None and agent.state is AgentState.READY,
            "lacks the skills": picked or contact.needs.met_by(agent.agent.able),
            "rests or wraps up": agent.busy_until <= now,
            "was asked for another queue": contact.queue == fact.queue,
        }
        return [reason for reason, fine in reasons.items() if not fine]

    def _offer_ended(self, fact: OfferEnded, now: float) -> None:
        contact, agent = self.live(fact.contact), self.agents[fact.agent]
        if contact.offers.pop(fact.offer, None) != fact.agent or agent.offers.pop(fact.offer, None) != fact.contact:
            raise Violation(f"offer {fact.offer} of {fact.contact} to {fact.agent} ended, but was not there")
        if fact.end is OfferEnd.ACCEPTED:
            return
        if fact.end is OfferEnd.RESCINDED:
            return
        rules = self.rules(fact.contact, fact.queue).missed
        by_end = {
            OfferEnd.NO_ANSWER: rules.no_answer,
            OfferEnd.BUSY: rules.busy,
            OfferEnd.REJECTED: rules.rejected,
            OfferEnd.NOT_CONFIRMED: rules.not_confirmed,
        }
        rule = by_end.get(fact.end, rules.unreachable)
        if rule.then is MissedOffer.REST:
            agent.may_rest_until = max(agent.may_rest_until, now + rule.rest_s)
            if fact.end is not OfferEnd.FAILED:
                agent.busy_until = max(agent.busy_until, now + rule.rest_s)

    def _is_back(self, *agents: SeenAgent) -> None:
        """Who says that she is ready is: no rest and no wrap-up goes on."""
        for agent in agents:
            agent.busy_until = agent.may_rest_until = 0.0

    def _changed(self, fact: AgentChanged, now: float) -> None:
        agent = self.agents[fact.agent]
        was = (agent.status, agent.state, agent.reason)
        told = (fact.was_status, fact.was_state, fact.was_reason)
        if was != told:
            raise Violation(f"{fact.agent} is said to have been {told} and was {was}")
        if agent.since is not None and agent.since != fact.since:
            raise Violation(f"{fact.agent} is said to have been so since {fact.since}, and was since {agent.since}")
        if fact.was_state is AgentState.ON_CONTACT and agent.talks_to is None:
            agent.may_rest_until = now + GONE_REST_MAX_S
        if fact.status is AgentStatus.AVAILABLE and fact.was_status is not AgentStatus.AVAILABLE:
            self._is_back(agent)
        agent.status, agent.state, agent.reason, agent.since = fact.status, fact.state, fact.reason, now

    def _ended(self, contact: ContactId) -> None:
        seen = self.live(contact)
        if problem := still_held(seen):
            raise Violation(f"{contact} ended, and {problem}")
        if talking := [agent_id for agent_id, agent in self.agents.items() if agent.talks_to == contact]:
            raise Violation(f"{contact} ended and {talking} still talk to it")
        for agent in self.agents.values():
            agent.own_calls.discard(contact)
        seen.ended = True
        self.ended[contact] = self.contacts.pop(contact)

    def _keep_rows(self, entry: Entry) -> None:
        for row in rows(entry):
            contact: ContactId = getattr(row, "contact", ContactId(""))  # some rows are of none
            if (seen := self.contacts.get(contact) or self.ended.get(contact)) is not None:
                seen.rows.append(row)
