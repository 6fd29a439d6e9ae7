"""The law is asked before a customer is called back, and what it says is kept with the promise. Dials nothing.

Theory: it is asked twice. A first look comes when a promise is due, before any phone rings for it; then again at
the moment of dialling, when whoever judges writes the attempt with its receipt before it says yes. What is refused
rests until the time at which it will be allowed, also if that is later than was promised. An answer that nobody waits
for any more was for a call that is not made: it is void.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.core.may_call import expires, opens, rules_of
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.callback import Callback, CallbackRules, CallbackStep, CalledFirst
from callcenter.model.callback_messages import CallbackJudged, JudgeCallback, SettleCallback
from callcenter.model.contact import LegEnd
from callcenter.model.law import Invitation
from callcenter.model.lead import Outcome
from callcenter.model.queue import Queue

ASK_WITHIN_S: Final = 5.0  # an answer that takes longer is not waited for: an agent may be on the line
NOT_IN_TIME: Final = "nobody judged in time"
UNJUDGED_RETRY_S: Final = 60.0  # nobody could judge
REFUSED_RETRY_S: Final = 900.0  # somebody has to act first, and may
LATER_MAX_S: Final = 4 * 86_400.0  # a promise that the law puts off is kept so long after its time: a long weekend
_OUTCOMES: Final[Mapping[LegEnd, Outcome]] = {
    LegEnd.NORMAL: Outcome.NO_ANSWER,
    LegEnd.NO_ANSWER: Outcome.NO_ANSWER,
    LegEnd.BUSY: Outcome.BUSY,
    LegEnd.REJECTED: Outcome.BUSY,
    LegEnd.UNREACHABLE: Outcome.NO_ANSWER,
    LegEnd.CANCELLED: Outcome.NO_ANSWER,
    LegEnd.FAILED: Outcome.NO_ANSWER,
}


def looks_first(rules: CallbackRules, callback: Callback) -> bool:
    """Whether the law has to be asked before anybody is rung. An agent who dials by herself is on the line already."""
    return bool(rules.law) and not callback.once


def ask(world: World, contact: ContactRecord, callback: Callback, queue: Queue, why: str = "") -> None:
    """Ask; `why` is why it would be dialled now, "" for a first look."""
    rules = rules_of(queue)
    leg = callback.asked = world.mints().leg()
    callback.step, callback.why = CallbackStep.ASKING, why
    within = world.now + ASK_WITHIN_S
    if why:
        world.timers.set(TimerKind.CALLBACK_RING, contact.id, within)
    else:  # a promise whose time ends meanwhile is not kept for the answer
        world.timers.set(TimerKind.CALLBACK, contact.id, min(within, expires(world, callback)))
    asked_at = callback.invited_at
    world.out.append(
        JudgeCallback(
            contact=contact.id,
            leg=leg,
            queue=callback.queue,
            number=callback.number,
            law=rules.law,
            caller_id=rules.caller_id or contact.dialled,
            ring_s=rules.ring_s,
            agent_ready=callback.once or rules.first is CalledFirst.AGENT,
            invited=Invitation(at=asked_at, own_number=callback.own_number) if asked_at else None,
            first_look=not why,
        )
    )


def is_answer(callback: Callback | None, event: CallbackJudged) -> bool:
    """Whether a promise waits for this answer."""
    return callback is not None and callback.step is CallbackStep.ASKING and callback.asked == event.leg


def not_answered(world: World, callback: Callback) -> None:
    """It is time to look at a promise; if that is because a first look had no answer, it is not asked for at once."""
    if callback.step is CallbackStep.ASKING:
        callback.asked, callback.law_says = None, NOT_IN_TIME
        callback.next_at = world.now + UNJUDGED_RETRY_S


def void(world: World, event: CallbackJudged) -> None:
    """Nobody waits for this answer, or it came to nothing: what was written was not dialled."""
    if event.allowed and not event.first_look:
        world.out.append(
            SettleCallback(
                contact=event.contact, queue=event.queue, attempt=event.leg, outcome=Outcome.VOID, at=world.now
            )
        )


def refused(world: World, contact: ContactRecord, callback: Callback, queue: Queue, event: CallbackJudged) -> None:
    """Keep what the law said; who stands by next goes by it."""
    callback.law_says = event.why
    if event.unjudged and not callback.once:
        callback.next_at = world.now + UNJUDGED_RETRY_S
        return
    if event.for_good or callback.once:
        callback.barred = event.why
        return
    at = world.now + REFUSED_RETRY_S if event.next_at is None else max(event.next_at, world.now)
    callback.next_at = at
    begins = opens(world, contact, queue, at)
    if event.next_at is not None and begins is not None and begins <= callback.until + LATER_MAX_S:
        callback.gives_up = max(callback.gives_up, begins + rules_of(queue).window_s)


def settle(world: World, contact: ContactRecord, callback: Callback, end: LegEnd | None) -> None:
    """What came of an attempt that the law was asked about. `end`: None if she answered.

    One that never came so far as to a phone FAILED, and is none for the law either.
    """
    if not callback.judged or callback.leg is None:
        return
    callback.judged = False
    outcome = Outcome.ANSWERED if end is None else _OUTCOMES[end]
    if end is LegEnd.FAILED and not callback.rang:
        outcome = Outcome.FAILED
    world.out.append(
        SettleCallback(
            contact=contact.id,
            queue=callback.queue,
            attempt=callback.leg,
            outcome=outcome,
            at=world.now,
            answered_at=world.now if end is None else None,
        )
    )
