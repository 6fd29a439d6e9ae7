"""Attempts to reach a customer who is promised a callback, and her own call meanwhile. Knows legs; keeps no promise.

Theory: an attempt is one leg, minted and written down before it is dialled, so that no restart dials it twice. The
agent is first (CONNECTING: she hears who it is, then the customer's phone rings), or the customer is (DIALLING, then
WAITING at the head of the line). Who is dialled first counts on one agent: one who is free, or who has just become so
and was taken by somebody with a worse place. An agent is counted on by one customer at a time.

A customer who calls by herself is recognised at the door by her number. While she is being called, she has answered;
otherwise she is in the IVR, as the same contact. Put into the queue of the promise she has her place; into another, her
call becomes a contact of its own and the promise stands.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from callcenter.core import by_hand, callback_law, voice
from callcenter.core.callbacks import Callbacks, callback_of
from callcenter.core.contacts import ContactInput, move, settle
from callcenter.core.may_call import rules_of
from callcenter.core.offers import Offers
from callcenter.core.queues import Queues
from callcenter.core.reach import leads_into
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.callback import CallbackStep
from callcenter.model.callback_facts import CallbackDialled, CallerRangBack
from callcenter.model.callback_messages import CallbackJudged
from callcenter.model.commands import AnswerLeg, DialNumber, HangUp, JoinBridge
from callcenter.model.contact import ContactState, Direction, LegEnd, Medium, QueueExit
from callcenter.model.events import ContactArrived
from callcenter.model.ids import AgentId, FlowName, LegId, QueueName
from callcenter.model.numbers import subscriber

RING_GRACE_S: Final = 5.0  # the engine gives up on the customer's phone this long after Asterisk should have
UNPLACED_RETRY_S: Final = 30.0  # a call that could not be placed is no attempt, and is tried again then;
UNPLACED_RETRY_MAX_S: Final = 900.0  # each time in a row after twice as long, up to this
RANG_BACK: Final = "rang_back"  # the variable by which a flow may know her
S: Final = ContactState


class Elsewhere(Protocol):
    """What an attempt asks of the rest of the engine."""

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow; the contact is IN_FLOW."""
        ...

    def release_agent(self, contact: ContactRecord) -> None:
        """The agent who is CONNECTING is free again."""
        ...

    def meet(self, contact: ContactRecord) -> None:
        """Agent and customer are in the bridge: announce what is to be announced, then they are connected."""
        ...


class Dialling:
    """The attempts."""

    __slots__ = ("_callbacks", "_elsewhere", "_offers", "_queues", "_world")

    def __init__(
        self, world: World, queues: Queues, offers: Offers, callbacks: Callbacks, elsewhere: Elsewhere
    ) -> None:
        self._world = world
        self._queues = queues
        self._offers = offers
        self._callbacks = callbacks
        self._elsewhere = elsewhere

    # -- the agent first ---------------------------------------------------------------------------------------------

    def brief(self, contact: ContactRecord) -> None:
        """An agent has answered a callback: tell her who it is, then dial."""
        world, callback = self._world, callback_of(contact)
        rules = rules_of(world.queue_of(contact))
        bridge = voice.open_bridge(world, contact)
        if contact.agent_leg is not None:
            world.out.append(JoinBridge(contact=contact.id, bridge=bridge, leg=contact.agent_leg))
        callback.step = CallbackStep.BRIEFING
        if rules.briefing is None or callback.once:
            self.briefed(contact)
            return
        agent = world.agents.records[contact.agent].agent if contact.agent is not None else None
        waited_s = f"{world.now - callback.promised:.0f}"
        says = {"caller": callback.number, "waited_s": waited_s, "note": callback.note}
        voice.say(world, contact, (rules.briefing,), says, language=agent.language if agent is not None else "")

    def briefed(self, contact: ContactRecord) -> None:
        """She knows who it is: the customer's phone rings, if it may at this moment."""
        contact.playback = None
        if callback_of(contact).step is not CallbackStep.BRIEFING:
            return
        if not self._callbacks.may_call(contact):
            self._back(contact)
            return
        voice.start_music(self._world, contact, self._world.queue_of(contact).music)
        self._dial(contact, f"{contact.agent} is there for her")

    # -- the customer first ------------------------------------------------------------------------------------------

    def look_ahead(self, freed: Iterable[AgentId]) -> None:
        """Call customers ahead of the agents who can be expected: those who have just become free, and for promises
        that have just become due, those who are."""
        world = self._world
        if not len(world.ahead):
            world.newly_ahead.clear()
            return
        counted_on = {
            other.callback.counts_on
            for other in world.contacts.values()
            if other.callback is not None and other.state in (S.DIALLING, S.WAITING)
        }
        for agent in dict.fromkeys(freed):
            record = world.agents.records.get(agent)
            if record is not None and agent not in counted_on:
                self._for(record)
        for contact_id in dict.fromkeys(world.newly_ahead):
            if contact_id not in world.ahead:
                continue
            contact = world.contacts[contact_id]
            free = world.agents.free.suited(contact.medium, contact.needs)
            one = next((agent for agent in free if agent not in counted_on), None)
            if one is not None:
                self._ahead_of(contact, one, f"{one} is free")
                counted_on.add(one)
        world.newly_ahead.clear()

    def _for(self, record: AgentRecord) -> None:
        """The customer to be called because this agent has become free, if she has the first claim."""
        world = self._world
        first = world.ahead.first_for(record.agent.able, Medium.VOICE, world.now)
        if first is None:
            return
        contact = world.contacts[first]
        served = world.by_leg(record.offer) if record.offer is not None else None
        if served is None and not world.agents.free.is_free(record.agent.id, Medium.VOICE):
            return  # somebody counted on her, and in the meantime she has gone
        place_of = world.lines.place_of
        if served is not None and place_of(served, world.now) < place_of(contact, world.now):
            return
        why = "is free" if served is None else "takes somebody who came later, and the next one is for her"
        self._ahead_of(contact, record.agent.id, f"{record.agent.id} {why}")

    def _ahead_of(self, contact: ContactRecord, agent: AgentId, why: str) -> None:
        world = self._world
        if not self._callbacks.may_call(contact):
            self._callbacks.stand_by(contact)
            return
        world.ahead.remove(contact.id)
        callback_of(contact).counts_on = agent
        move(contact, ContactInput.DIALLED, world.now)
        self._dial(contact, why)

    # -- an attempt --------------------------------------------------------------------------------------------------

    def _dial(self, contact: ContactRecord, why: str) -> None:
        """Her phone rings, if the law allows it where it is asked."""
        world, queue, callback = self._world, self._world.queue_of(contact), callback_of(contact)
        problem = "" if callback.once else by_hand.why_not(world, callback.number, None)  # she was judged as she asked
        if problem:
            world.surprise(f"a promised callback waits: {problem}", contact)
            callback.next_at = world.now + rules_of(queue).retry_after_s
            self._back(contact)
        elif rules_of(queue).law:
            callback_law.ask(world, contact, callback_of(contact), queue, why)
        else:
            self._ring(contact, world.mints().leg(), why)

    def judged(self, event: CallbackJudged) -> None:
        """What the law says of a promise that is due, or of an attempt; nobody may be waiting for it any more."""
        world = self._world
        contact = world.contacts.get(event.contact)
        if contact is None or contact.callback is None or not callback_law.is_answer(contact.callback, event):
            callback_law.void(world, event)
        elif contact.state is S.PROMISED:
            self._callbacks.looked(contact, event)
        elif event.allowed and not self._callbacks.may_call(contact):  # the hours have ended meanwhile
            callback_law.void(world, event)
            self._back(contact)
        elif event.allowed:
            callback = contact.callback
            callback.asked, callback.law_says, callback.judged = None, "", True
            self._ring(contact, event.leg, callback.why)
        else:
            callback_law.refused(world, contact, contact.callback, world.queue_of(contact), event)
            self._back(contact)

    def _ring(self, contact: ContactRecord, leg: LegId, why: str) -> None:
        world, callback = self._world, callback_of(contact)
        rules = rules_of(world.queue_of(contact))
        callback.leg = leg
        world.legs[leg] = contact.id
        callback.step = CallbackStep.RINGING
        callback.attempts += 1
        callback.attempt_at, callback.rang = world.now, False
        world.timers.set(TimerKind.CALLBACK_RING, contact.id, world.now + rules.ring_s + RING_GRACE_S)
        world.out += (
            CallbackDialled(
                contact=contact.id,
                queue=callback.queue,
                leg=leg,
                attempt=callback.attempts,
                number=callback.number,
                why=why,
                agent=contact.agent,
            ),
            DialNumber(
                contact=contact.id,
                leg=leg,
                number=callback.number,
                caller=rules.caller_id or contact.dialled,
                timeout_s=rules.ring_s,
                like=contact.agent_leg,
            ),
        )

    def answered(self, contact: ContactRecord) -> None:
        """The customer has answered."""
        world, callback = self._world, callback_of(contact)
        if callback.leg is None:
            return
        settle(contact, world.now)
        self._callbacks.attempted(contact, None)
        contact.leg, callback.leg, contact.answered = callback.leg, None, True
        self._is_here(contact)

    def _is_here(self, contact: ContactRecord) -> None:
        """The customer is on the line while we were calling her."""
        world, callback = self._world, callback_of(contact)
        bridge = voice.open_bridge(world, contact)
        world.out.append(JoinBridge(contact=contact.id, bridge=bridge, leg=voice.leg_of(contact)))
        if contact.state is S.CONNECTING:
            callback.step = CallbackStep.MET
            voice.hush(world, contact)
            voice.stop_music(world, contact)
            self._elsewhere.meet(contact)
            return
        move(contact, ContactInput.REACHED, world.now)
        callback.step = CallbackStep.HERE
        queue = world.queue_of(contact)
        greeting = rules_of(queue).greeting
        if greeting is not None and not callback.rang_back:
            voice.say(world, contact, (greeting,))
        else:
            voice.start_music(world, contact, queue.music)
        self._queues.reached(contact)

    def failed(self, contact: ContactRecord, end: LegEnd, why: str = "", *, hang_up: bool = False) -> None:
        """The customer was not reached.

        A call that FAILED and never rang did not come to her: Asterisk was not there or refused it, no carrier took it.
        That is no attempt. It is made again after a pause that doubles, so that no agent is rung for nothing again and
        again, and `UNPLACED_MAX` times in a row.
        """
        world, callback = self._world, callback_of(contact)
        if callback.leg is None:
            return
        self._callbacks.attempted(contact, end, why)
        world.legs.pop(callback.leg, None)
        if hang_up:
            world.out.append(HangUp(contact=contact.id, leg=callback.leg, end=LegEnd.CANCELLED))
        callback.leg = None
        if end is LegEnd.FAILED and not callback.rang:
            callback.attempts -= 1
            callback.unplaced += 1
            retry_s = min(UNPLACED_RETRY_S * 2 ** (callback.unplaced - 1), UNPLACED_RETRY_MAX_S)
            callback.next_at = world.now + retry_s
        else:
            callback.unplaced = 0
        self._back(contact)

    def agent_lost(self, contact: ContactRecord) -> None:
        """The agent hung up before the customer was on the line."""
        if callback_of(contact).leg is not None:
            self.failed(contact, LegEnd.CANCELLED, "the agent hung up before she answered", hang_up=True)
        else:
            self._back(contact)

    def ring_timed_out(self, contact: ContactRecord) -> None:
        """Nobody has said that the customer's phone does not ring any more, or what the law says."""
        callback = callback_of(contact)
        if callback.step is CallbackStep.ASKING and callback.asked is not None:
            self.judged(
                CallbackJudged(
                    contact=contact.id,
                    leg=callback.asked,
                    queue=callback.queue,
                    allowed=False,
                    why=callback_law.NOT_IN_TIME,
                    unjudged=True,
                )
            )
            return
        self.failed(contact, LegEnd.NO_ANSWER, hang_up=True)

    def _back(self, contact: ContactRecord) -> None:
        """Nobody is on the line any more; the promise stands."""
        callback = callback_of(contact)
        freed = callback.counts_on
        if contact.state is S.CONNECTING and contact.agent is not None:
            self._elsewhere.release_agent(contact)
        self._callbacks.hold(contact)
        if freed is not None:
            self._world.agents.newly_free.append(freed)  # somebody else may count on her

    # -- the customer calls by herself -------------------------------------------------------------------------------

    def rang_back(self, event: ContactArrived, flow: FlowName | None) -> bool:
        """Whether this caller is promised a callback which her call may lead to: then it is that contact's."""
        contact = self._promised_to(event, flow)
        if contact is None or flow is None:
            return False
        world, callback = self._world, callback_of(contact)
        if contact.state is S.OFFERED:
            self._offers.rescind(contact, "the customer calls by herself")
            move(contact, ContactInput.PROMISED, world.now)
        settle(contact, world.now)
        if callback.leg is not None:
            self._callbacks.attempted(contact, LegEnd.CANCELLED, "she calls by herself")
            world.legs.pop(callback.leg, None)
            world.out.append(HangUp(contact=contact.id, leg=callback.leg, end=LegEnd.CANCELLED))
            callback.leg = None
        callback.asked = None
        world.timers.cancel(TimerKind.CALLBACK_RING, contact.id)
        contact.variables.update({**event.variables, RANG_BACK: "yes"})
        callback.rang_back = True
        world.out.append(CallerRangBack(contact=contact.id, leg=event.leg, caller=event.caller, dialled=event.dialled))
        if contact.state is S.PROMISED:
            self._queues.leave(contact, QueueExit.RANG_BACK)
            world.timers.cancel(TimerKind.CALLBACK, contact.id)
            move(contact, ContactInput.RANG_BACK, world.now)
            contact.leg, contact.flow, contact.node = event.leg, None, ""
            world.legs[event.leg] = contact.id
            callback.step = CallbackStep.HERE
            self._elsewhere.start_flow(contact, flow)
        else:
            contact.leg, contact.answered = event.leg, True
            world.legs[event.leg] = contact.id
            world.out.append(AnswerLeg(contact=contact.id, leg=event.leg))
            self._is_here(contact)
        return True

    def _promised_to(self, event: ContactArrived, flow: FlowName | None) -> ContactRecord | None:
        """The promise to this caller with the best place that this call may lead to."""
        world = self._world
        if not world.promises:
            return None
        number = subscriber(world.configuration.numbering, event.caller)
        if not number or event.returns or event.agent_number or event.direction is not Direction.INBOUND:
            return None
        found = [
            contact
            for contact_id in world.promises.get(number, ())
            if (contact := world.contacts[contact_id]).leg is None
            and contact.medium is event.medium
            and self._may_lead_to(callback_of(contact).queue, contact, event, flow)
        ]
        place_of, now = self._world.lines.place_of, self._world.now
        return min(found, key=lambda contact: place_of(contact, now), default=None)

    def _may_lead_to(
        self, queue: QueueName, contact: ContactRecord, event: ContactArrived, flow: FlowName | None
    ) -> bool:
        if contact.dialled and contact.dialled == event.dialled:
            return True
        return flow is not None and leads_into(self._world.configuration, flow, queue)

    def elsewhere(self, contact: ContactRecord, queue: QueueName) -> ContactRecord:
        """The contact that is to be put into `queue`: this one, if it is the promise's, or a new one for the call."""
        callback = callback_of(contact)
        callback.rang_back = True  # if she hangs up now, the promise stands
        return contact if callback.queue == queue else self._apart(contact)

    def _apart(self, contact: ContactRecord) -> ContactRecord:
        """The call goes on as a contact of its own; the promise stays where it is, without it."""
        world = self._world
        settle(contact, world.now)
        mint = world.mints()
        leg = voice.leg_of(contact)
        apart = ContactRecord(
            id=mint.contact(),
            serial=mint.count,
            leg=leg,
            medium=contact.medium,
            direction=Direction.INBOUND,
            caller=contact.caller,
            caller_name=contact.caller_name,
            dialled=contact.dialled,
            began=world.now,
            phase_since=world.now,
            version=contact.version,
            language=contact.language,
            answered=contact.answered,
            bridge=contact.bridge,
            music=contact.music,
            variables=dict(contact.variables),
            secrets=contact.secrets,
        )
        world.admit(apart)
        if apart.bridge is not None:
            world.bridges[apart.bridge] = apart.id
        contact.leg = contact.bridge = None
        contact.music, contact.secrets, contact.answered = "", {}, False
        self._callbacks.hold(contact)
        return apart
