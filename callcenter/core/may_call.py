"""Whether, and when, a customer may be called back. Knows patterns, lists and hours; promises and dials nothing."""

import re
from typing import Final

from callcenter.core import by_hand
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.calendar import Calendar
from callcenter.model.callback import Callback, CallbackRules
from callcenter.model.customer import NO_CALL_CUSTOMERS
from callcenter.model.numbers import ways_to_dial
from callcenter.model.queue import Queue

DEFAULT_RULES: Final = CallbackRules()
EXPIRY_GRACE_S: Final = 1.0  # a promise is looked at again so long after its end


def rules_of(queue: Queue) -> CallbackRules:
    """The queue's rules; those of a queue that no longer calls back are the defaults, for promises that still stand."""
    return queue.callback or DEFAULT_RULES


def number_to_dial(world: World, queue: Queue, number: str) -> tuple[str, str]:
    """What is wrong with a number, or "", and the form in which it is dialled: the first that a pattern allows."""
    configuration = world.configuration
    if queue.callback is None:
        return f"queue {queue.name} calls nobody back: it has no `callback` in queues.yaml", ""
    ways = ways_to_dial(configuration.numbering, number)
    for way in ways:
        if any(re.fullmatch(allowed, way) for allowed in configuration.callback_to):
            return forbidden(world, queue, way), way
    if not any(digit.isdecimal() for digit in number):
        return f"{number!r} is no number", ""
    return f"{number} may not be called back: no pattern of `callback_to` (numbers.yaml) fits it", ""


def forbidden(world: World, queue: Queue, number: str) -> str:
    """Why this number must not be called for the queue, in words; "" if it may be."""
    configuration, rules = world.configuration, rules_of(queue)
    if not any(re.fullmatch(allowed, number) for allowed in configuration.callback_to):
        return f"{number} may not be called back: no pattern of `callback_to` (numbers.yaml) fits it"
    if problem := by_hand.never(world, number):
        return problem
    if world.marks.is_listed(configuration, NO_CALL_CUSTOMERS, number):
        return f"{number} belongs to a customer who must not be called"
    if rules.do_not_call is not None and world.marks.is_listed(configuration, rules.do_not_call, number):
        return f"{number} is in the list {rules.do_not_call} and must not be called"
    return ""


def opens(world: World, contact: ContactRecord, queue: Queue, at: float) -> float | None:
    """The first time from `at` on at which she may be called; None: never within a year."""
    hours = _hours(world, contact, queue)
    return at if hours is None or hours.is_open(at) else hours.next_change(at)


def look_again(world: World, contact: ContactRecord, queue: Queue, callback: Callback) -> float:
    """When a promise that is due must be looked at again: the hours end, or nobody waits for it any more."""
    hours, now = _hours(world, contact, queue), world.now
    closes = hours.next_change(now) if hours is not None else None
    ends = expires(world, callback)
    return ends if closes is None else min(closes, ends)


def expires(world: World, callback: Callback) -> float:
    """When a promise that is not kept is looked at for the last time."""
    return max(callback.gives_up, world.now) + EXPIRY_GRACE_S


def _hours(world: World, contact: ContactRecord, queue: Queue) -> Calendar | None:
    """When customers of this queue may be called; None: always."""
    hours = rules_of(queue).hours or queue.hours
    return world.library[contact.version].calendars[hours] if hours is not None else None
