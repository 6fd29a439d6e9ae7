"""Promises to call back: made, kept in line, due, taken back, settled. Knows the rules; dialling is `dialling`'s.

Theory: a promise does not make a second contact. The one there is loses the customer's leg and keeps its place:
PROMISED. A promise is RESTING (before its time, between two attempts, outside the hours) or DUE, which means in line:
for an agent (`world.lines`), or, where the customer is called first, to be called ahead of one (`world.ahead`). It ends
in one way only, `settle`. Whatever takes the customer's leg away without her having spoken to an agent leads back to
`hold`, unless it was our call that she answered: so a promise is lost by no hang-up, no restart and no overflow.
"""

from typing import Final, Protocol

from callcenter.core import by_hand, callback_law
from callcenter.core.contacts import ContactInput, move
from callcenter.core.may_call import forbidden, look_again, number_to_dial, opens, rules_of
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.callback import NOTE_CHARS_MAX, Callback, CallbackEnd, CallbackStep, CalledFirst
from callcenter.model.callback_facts import CallbackAttempted, CallbackPromised, CallbackSettled, CallbackWaits
from callcenter.model.callback_messages import CallbackJudged
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, Medium
from callcenter.model.events import CallbackRequested, DialRequested
from callcenter.model.flow import CallbackAnswer, PromiseCallback
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.need import NeedSyntaxError, parse_need
from callcenter.model.numbers import subscriber
from callcenter.model.queue import Queue

UNPLACED_MAX: Final = 20  # calls in a row that came not so far as to a phone: some four hours, with the pauses between
WINDOW_MAX_S: Final = 92 * 86_400.0  # how far ahead a callback may be promised
FINAL: Final = (
    EndReason.HUNG_UP_BY_REQUEST,
    EndReason.CALLBACK_FAILED,
    EndReason.CALLBACK_EXPIRED,
    EndReason.CALLBACK_REFUSED,
    EndReason.CALLBACK_CANCELLED,
)
"""The ends that a promise does not survive."""
ONCE: Final = 1  # attempts of an agent who dials by herself
S: Final = ContactState

_REASONS: Final = {
    CallbackEnd.NO_ANSWER: EndReason.CALLBACK_FAILED,
    CallbackEnd.EXPIRED: EndReason.CALLBACK_EXPIRED,
    CallbackEnd.REFUSED: EndReason.CALLBACK_REFUSED,
    CallbackEnd.CANCELLED: EndReason.CALLBACK_CANCELLED,
}


def callback_of(contact: ContactRecord) -> Callback:
    """What the contact is promised. Raises Bug if nothing is."""
    if contact.callback is None:
        raise Bug(f"{contact.id} is promised nothing")
    return contact.callback


class Elsewhere(Protocol):
    """What a promise asks of the rest of the engine."""

    def end(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact."""
        ...

    def let_go(self, contact: ContactRecord, *, leg_gone: bool, returned: bool) -> None:
        """Hang up and forget every leg of a contact, its bridge and what plays there."""
        ...


class Callbacks:
    """The promises."""

    __slots__ = ("_elsewhere", "_queues", "_world")

    def __init__(self, world: World, queues: Queues, elsewhere: Elsewhere) -> None:
        self._world = world
        self._queues = queues
        self._elsewhere = elsewhere

    # -- making one --------------------------------------------------------------------------------------------------

    def promise(self, contact: ContactRecord, asked: PromiseCallback) -> CallbackAnswer:
        """Promise a caller who is in a flow to call her back; gives what is wrong, if anything. Her call goes on."""
        queue = self._world.rules_for(contact, asked.queue)
        if contact.dialler is not None:
            return CallbackAnswer(problem=f"{contact.dialler} calls from her own phone, and no customer")
        problem, number = number_to_dial(self._world, queue, asked.number)
        if problem:
            return CallbackAnswer(problem=problem)
        begins = opens(self._world, contact, queue, max(asked.not_before, self._world.now))
        if asked.until and (begins is None or begins > asked.until):
            hours = rules_of(queue).hours or queue.hours
            return CallbackAnswer(problem=f"nobody is called for {queue.name} at the time she chose (hours {hours})")
        standing = self._standing(contact, queue.name, number)
        if standing is not None:  # she asks twice: one promise is enough
            return CallbackAnswer(stands=f"{number} is promised a callback for {queue.name} already ({standing.id})")
        if contact.callback is not None:
            self.settle(contact, CallbackEnd.CANCELLED, "another was asked for")
        if contact.last_queue != queue.name:
            contact.priority, contact.needs = queue.priority, queue.needs
            contact.own_priority, contact.own_needs, contact.steps = None, None, ()
        callback = self._make(contact, queue, number, asked.not_before, asked.until, by="caller")
        numbering = self._world.configuration.numbering
        callback.invited_at = self._world.now
        callback.own_number = subscriber(numbering, contact.caller) == subscriber(numbering, number) != ""
        return CallbackAnswer()

    def dial(self, asked: DialRequested) -> str:
        """An agent calls a customer now; gives what is wrong, or "". It is a promise that is kept at once, or never."""
        return self.dial_now(asked)[1]

    def dial_now(self, asked: DialRequested) -> tuple[ContactRecord | None, str]:
        """Likewise; gives the promise too, which waits in line for its agent."""
        world = self._world
        record = world.agents.records.get(asked.agent)
        if record is None:
            return None, f"there is no agent {asked.agent}"
        hindrance = world.agents.why_not_free(record, Medium.VOICE, world.now)
        if hindrance:
            return None, f"{asked.agent} cannot call anybody now: {hindrance}"
        refused = by_hand.why_not(world, asked.number, asked.agent)
        if refused:
            return None, refused
        wish = CallbackRequested(
            request=asked.request,
            queue=asked.queue,
            number=asked.number,
            only=asked.agent,
            name=asked.name,
            by=asked.by or asked.agent,
        )
        return self._scheduled(wish, once=True)

    def schedule(self, asked: CallbackRequested, *, since: float | None = None) -> str:
        """A callback that an agent or a supervisor asks for; gives what is wrong, or "". `since` is a place it has."""
        return self._scheduled(asked, since)[1]

    def _scheduled(
        self, asked: CallbackRequested, since: float | None = None, *, once: bool = False
    ) -> tuple[ContactRecord | None, str]:
        """`once`: now or not at all."""
        world = self._world
        queue = world.configuration.queues.get(asked.queue)
        if queue is None:
            return None, f"there is no queue {asked.queue}"
        if asked.only is not None and asked.only not in world.agents.records:
            return None, f"there is no agent {asked.only}"
        problem, number = number_to_dial(world, queue, asked.number)
        if problem:
            return None, problem
        hours = rules_of(queue).hours or queue.hours
        if once and hours is not None and not world.configuration.calendars[hours].is_open(world.now):
            return None, f"nobody may be called for {queue.name} now: outside of {hours}"
        if asked.until and asked.until <= max(asked.not_before, world.now):
            return None, "the window ends before it begins, or is past"
        if max(asked.not_before, asked.until) > world.now + WINDOW_MAX_S:
            return None, f"a callback is promised for at most {WINDOW_MAX_S / 86_400:.0f} days ahead"
        standing = self._standing(None, queue.name, number)
        if standing is not None:
            return None, f"{number} is promised a callback already: {standing.id}"
        try:
            needs = queue.needs if asked.only is None else parse_need(f"@{asked.only}")
        except NeedSyntaxError as error:
            return None, f"nobody can be asked for by name here: {error}"
        mint = world.mints()
        contact = ContactRecord(
            id=mint.contact(),
            serial=mint.count,
            leg=None,
            medium=Medium.VOICE,
            direction=Direction.OUTBOUND,
            caller=number,
            caller_name=asked.name,
            dialled="",
            began=world.now,
            phase_since=world.now,
            version=world.version,
            priority=queue.priority,
            needs=needs,
            own_needs=None if asked.only is None else needs,
        )
        world.admit(contact)
        callback = self._make(
            contact, queue, number, asked.not_before, asked.until, by=asked.by, note=asked.note, only=asked.only
        )
        callback.once = once
        # nobody is passed over for one who asked for later
        contact.since = callback.not_before if since is None else since
        self.hold(contact)
        return contact, ""

    def _make(
        self,
        contact: ContactRecord,
        queue: Queue,
        number: str,
        not_before: float,
        until: float,
        *,
        by: str,
        note: str = "",
        only: AgentId | None = None,
    ) -> Callback:
        world, rules = self._world, rules_of(queue)
        not_before = max(not_before, world.now)
        until = until or not_before + rules.window_s
        callback = contact.callback = Callback(
            queue=queue.name,
            version=contact.version,
            number=number,
            promised=world.now,
            not_before=not_before,
            until=until,
            gives_up=until + rules.late_s,
            by=by,
            note=note[:NOTE_CHARS_MAX],
            only=only,
            next_at=not_before,
        )
        world.promised(contact)
        world.out.append(
            CallbackPromised(
                contact=contact.id,
                queue=queue.name,
                number=number,
                first=rules.first,
                not_before=not_before,
                until=until,
                by=by,
                note=callback.note,
                only=only,
            )
        )
        return callback

    # -- a promise without the customer ------------------------------------------------------------------------------

    def survives(self, contact: ContactRecord, reason: EndReason) -> bool:
        """Whether a promise outlives what would end the contact: then `hold` it."""
        callback = contact.callback
        if callback is None or reason in FINAL or contact.state is S.CONNECTED:
            return False
        return contact.leg is None or callback.rang_back or contact.state in (S.IN_FLOW, S.FORWARDED)

    def hold(self, contact: ContactRecord, *, leg_gone: bool = False, returned: bool = False) -> None:
        """The customer is not on the line, or not any more: the contact is PROMISED and keeps its place."""
        callback, world = callback_of(contact), self._world
        if callback.queue not in world.library[contact.version].queues:  # the flow of her own call was of a later one
            contact.version = callback.version
        if callback.leg is not None:  # a fault, or the end of the call center, in the middle of an attempt
            self.attempted(contact, LegEnd.CANCELLED, "the call was ended")
        if contact.state is not S.PROMISED:
            move(contact, ContactInput.PROMISED, world.now)
        self._elsewhere.let_go(contact, leg_gone=leg_gone, returned=returned)
        callback.asked = None
        world.timers.cancel(TimerKind.CALLBACK_RING, contact.id)
        callback.rang_back, callback.counts_on, callback.step = False, None, CallbackStep.RESTING
        if contact.queue is None:
            contact.since = contact.since or world.now
            is_for_later = callback.not_before > callback.promised
            self._queues.hold(contact, callback.queue, counts_from=callback.not_before if is_for_later else 0.0)
        callback.version = contact.version
        for kind in (TimerKind.ANNOUNCE, TimerKind.MAX_WAIT):
            world.timers.cancel(kind, contact.id)
        self.stand_by(contact)

    def stand_by(self, contact: ContactRecord) -> None:
        """When is this promise due? In line if that is now, else resting until then; settled if it can never be."""
        world, callback = self._world, callback_of(contact)
        queue = world.rules_for(contact, callback.queue)
        rules = rules_of(queue)
        world.lines.remove(contact.id)
        world.ahead.remove(contact.id)
        problem = forbidden(world, queue, callback.number)
        if problem:
            self.give_up(contact, CallbackEnd.REFUSED, problem)
            return
        if callback.barred:
            self.give_up(contact, CallbackEnd.REFUSED, f"the law: {callback.barred}")
            return
        if callback.attempts >= (ONCE if callback.once else rules.attempts):
            self.give_up(contact, CallbackEnd.NO_ANSWER, f"{callback.attempts} attempts failed")
            return
        if callback.unplaced >= UNPLACED_MAX:
            why = f"nobody took the call on to her {callback.unplaced} times in a row"
            self.give_up(contact, CallbackEnd.NO_ANSWER, why)
            return
        if callback.once and contact.offers_made:
            self.give_up(contact, CallbackEnd.CANCELLED, f"{callback.only} did not take it")
            return
        at = max(world.now, callback.next_at)
        begins = opens(world, contact, queue, at)
        if begins is None or begins > callback.gives_up:
            law = f"; the law: {callback.law_says}" if callback.law_says else ""
            self.give_up(contact, CallbackEnd.EXPIRED, f"the time promised has passed{law}")
        elif begins > world.now:
            callback.step = CallbackStep.RESTING
            why = self._why_resting(callback, closed=begins > at)
            world.timers.set(TimerKind.CALLBACK, contact.id, begins)
            world.out.append(CallbackWaits(contact=contact.id, queue=queue.name, next_at=begins, why=why))
        elif callback_law.looks_first(rules, callback):
            callback_law.ask(world, contact, callback, queue)
        else:
            self._due(contact, callback, queue)

    def _due(self, contact: ContactRecord, callback: Callback, queue: Queue) -> None:
        world, rules = self._world, rules_of(queue)
        callback.step = CallbackStep.DUE
        world.timers.set(TimerKind.CALLBACK, contact.id, look_again(world, contact, queue, callback))
        if rules.first is CalledFirst.CUSTOMER and not callback.once:
            world.ahead.add(contact)
            world.newly_ahead.append(contact.id)
        else:
            world.lines.add(contact)
            world.newly_waiting.append(contact.id)

    def looked(self, contact: ContactRecord, event: CallbackJudged) -> None:
        """What the law said of a promise that is due."""
        callback = callback_of(contact)
        queue = self._world.rules_for(contact, callback.queue)
        if event.allowed:
            callback.asked, callback.law_says = None, ""
            self._due(contact, callback, queue)
        else:
            callback_law.refused(self._world, contact, callback, queue, event)
            self.stand_by(contact)

    def attempted(self, contact: ContactRecord, end: LegEnd | None, why: str = "") -> None:
        """An attempt is over: she answered (None), or not, and then the next is not before its time, however soon who
        rang back meanwhile hangs up. No attempt is fine."""
        world, callback = self._world, callback_of(contact)
        world.timers.cancel(TimerKind.CALLBACK_RING, contact.id)
        if callback.leg is not None:
            callback_law.settle(world, contact, callback, end)
            if end is not None:
                callback.next_at = world.now + rules_of(world.rules_for(contact, callback.queue)).retry_after_s
            world.out.append(
                CallbackAttempted(
                    contact=contact.id,
                    queue=callback.queue,
                    leg=callback.leg,
                    attempt=callback.attempts,
                    rang_s=world.now - callback.attempt_at,
                    end=end,
                    why=why,
                )
            )

    def time_came(self, contact: ContactRecord) -> None:
        """A promise's time has come, or its hours or its window end. While something is done about it, that goes on."""
        if contact.state is S.PROMISED:
            callback_law.not_answered(self._world, callback_of(contact))
            self.stand_by(contact)

    def settle(self, contact: ContactRecord, end: CallbackEnd, why: str = "") -> None:
        """The promise is kept, or will not be."""
        world, callback = self._world, callback_of(contact)
        world.timers.cancel(TimerKind.CALLBACK, contact.id)
        world.timers.cancel(TimerKind.CALLBACK_RING, contact.id)
        world.no_longer_promised(contact)
        contact.callback = None
        kept = end in (CallbackEnd.KEPT, CallbackEnd.RANG_BACK)
        when = callback.attempt_at if end is CallbackEnd.KEPT else world.now
        world.out.append(
            CallbackSettled(
                contact=contact.id,
                queue=callback.queue,
                end=end,
                in_time=kept and when <= callback.until,
                attempts=callback.attempts,
                promised=callback.promised,
                why=why,
                agent=contact.agent if kept else None,
            )
        )

    def give_up(self, contact: ContactRecord, end: CallbackEnd, why: str) -> None:
        """The promise will not be kept, and nothing else is left of the contact."""
        self.settle(contact, end, why)
        self._elsewhere.end(contact, _REASONS[end])

    # -- what people ask for -----------------------------------------------------------------------------------------

    def cancel(self, contact_id: ContactId, by: str) -> str:
        """Take a promise back; gives what is wrong, or "". A customer who is on the line stays there."""
        contact = self._world.contacts.get(contact_id)
        if contact is None or contact.callback is None:
            return f"there is no callback {contact_id}"
        if contact.state in (S.CONNECTING, S.DIALLING):
            return f"the customer of {contact_id} is being called at this moment"
        if contact.leg is not None and contact.queue is not None:
            return f"the customer of {contact_id} is on the line and waits for an agent"
        if contact.leg is not None:
            self.settle(contact, CallbackEnd.CANCELLED, f"by {by}" if by else "")
        else:
            self.give_up(contact, CallbackEnd.CANCELLED, f"by {by}" if by else "")
        return ""

    def withdraw(self, contact: ContactRecord) -> str:
        """The customer, who is on the line, does not want to be called; gives what is wrong, or ""."""
        if contact.callback is None:
            return "nothing is promised"
        self.settle(contact, CallbackEnd.CANCELLED, "by the customer")
        return ""

    def now(self, contact_id: ContactId) -> str:
        """Do not wait for the promised time, or for the next attempt; gives what is wrong, or ""."""
        contact = self._world.contacts.get(contact_id)
        if contact is None or contact.callback is None:
            return f"there is no callback {contact_id}"
        if contact.state is not S.PROMISED:
            return f"{contact_id} is {contact.state.replace('_', ' ')}: something is being done about it"
        contact.callback.next_at = self._world.now
        contact.since = min(contact.since, self._world.now)
        self.stand_by(contact)
        return ""

    # -- the rules ---------------------------------------------------------------------------------------------------

    def may_call(self, contact: ContactRecord) -> bool:
        """Whether the number may be dialled at this moment: lists, hours, rules may have changed since it was due."""
        callback = callback_of(contact)
        queue = self._world.rules_for(contact, callback.queue)
        now = self._world.now
        if callback.attempts >= rules_of(queue).attempts or forbidden(self._world, queue, callback.number):
            return False
        return opens(self._world, contact, queue, now) == now

    @staticmethod
    def _why_resting(callback: Callback, *, closed: bool) -> str:
        if callback.law_says:
            return f"the law: {callback.law_says}"
        if closed:
            return "outside the hours in which customers are called"
        if callback.unplaced:
            return "the call could not be placed"
        return "the last attempt failed" if callback.attempts else "promised for later"

    def _standing(self, contact: ContactRecord | None, queue: QueueName, number: str) -> ContactRecord | None:
        """Another contact that is promised a callback at this number for this queue."""
        world = self._world
        for other_id in world.promises.get(subscriber(world.configuration.numbering, number), ()):
            other = world.contacts[other_id]
            if other is not contact and other.callback is not None and other.callback.queue == queue:
                return other
        return None
