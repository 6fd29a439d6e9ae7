"""The story of a callback: promised, waited with, dialled, made or given up. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.callback import CallbackEnd, CalledFirst
from callcenter.model.callback_facts import (
    CallbackAttempted,
    CallbackDialled,
    CallbackPromised,
    CallbackSettled,
    CallbackWaits,
    CallerRangBack,
    PlaceRestored,
)
from callcenter.model.contact import LegEnd
from callcenter.model.entry import Entry

ATTEMPT_WORDS: Final[Mapping[LegEnd, str]] = {
    LegEnd.NORMAL: "the customer's phone hung up",
    LegEnd.NO_ANSWER: "the customer did not answer",
    LegEnd.BUSY: "the customer's phone was busy",
    LegEnd.REJECTED: "the customer declined",
    LegEnd.UNREACHABLE: "the customer's phone could not be reached",
    LegEnd.CANCELLED: "the customer's phone rings no more",
    LegEnd.FAILED: "the number could not be dialled",
}
SETTLED_WORDS: Final[Mapping[CallbackEnd, str]] = {
    CallbackEnd.KEPT: "the callback is made",
    CallbackEnd.RANG_BACK: "no callback is needed any more: the customer called by herself",
    CallbackEnd.HUNG_UP: "the customer was there, and hung up before an agent was",
    CallbackEnd.NO_ANSWER: "the callback is given up: the customer was not reached",
    CallbackEnd.EXPIRED: "the callback is given up: its time has passed",
    CallbackEnd.REFUSED: "the callback is refused",
    CallbackEnd.CANCELLED: "the callback is taken back",
    CallbackEnd.ENDED: "the callback ends with the contact",
}


def _promised(entry: Entry, fact: CallbackPromised) -> Told:
    who = "the customer first" if fact.first is CalledFirst.CUSTOMER else "the agent first"
    words = f"is promised a callback to {fact.number} for {fact.queue}, {who}"
    soonest, latest = fact.not_before - entry.at, duration(fact.until - entry.at)
    words += (
        f", after {duration(soonest)} at the earliest and {latest} at the latest"
        if soonest > 0
        else f", within {latest}"
    )
    words += f" (asked for by {fact.by or 'somebody'})"
    details: dict[str, Detail] = {
        "number": fact.number,
        "first": fact.first.value,
        "opens_in_s": round(max(fact.not_before - entry.at, 0.0), 3),
        "within_s": round(fact.until - entry.at, 3),
        "only": fact.only,
    }
    return Told(kind="callback_promised", words=words, queue=fact.queue, details=details)


def _waits(entry: Entry, fact: CallbackWaits) -> Told:
    words = f"is not called for {duration(fact.next_at - entry.at)} from now: {fact.why}"
    details: dict[str, Detail] = {"in_s": round(fact.next_at - entry.at, 3), "why": fact.why}
    return Told(kind="callback_waits", words=words, queue=fact.queue, details=details)


def _dialled(_: Entry, fact: CallbackDialled) -> Told:
    words = f"{fact.number} is dialled, attempt {fact.attempt}: {fact.why}"
    details: dict[str, Detail] = {"number": fact.number, "attempt": fact.attempt, "why": fact.why}
    return Told(kind="callback_dialled", words=words, queue=fact.queue, agent=fact.agent, details=details)


def _attempted(_: Entry, fact: CallbackAttempted) -> Told:
    said = "the customer answered" if fact.end is None else ATTEMPT_WORDS[fact.end]
    details: dict[str, Detail] = {
        "attempt": fact.attempt,
        "end": "answered" if fact.end is None else fact.end.value,
        "rang_s": round(fact.rang_s, 3),
        "why": fact.why or None,
    }
    words = f"{said} after {duration(fact.rang_s)}{f': {fact.why}' if fact.why else ''}"
    return Told(kind="callback_attempted", words=words, queue=fact.queue, details=details)


def _settled(_: Entry, fact: CallbackSettled) -> Told:
    kept = fact.end in (CallbackEnd.KEPT, CallbackEnd.RANG_BACK)
    time = (", in the time promised" if fact.in_time else ", later than promised") if kept else ""
    words = SETTLED_WORDS[fact.end] + (f" ({fact.why})" if fact.why else "") + time
    details: dict[str, Detail] = {"end": fact.end.value, "in_time": fact.in_time, "attempts": fact.attempts}
    return Told(kind="callback_settled", words=words, queue=fact.queue, agent=fact.agent, details=details)


def _rang_back(_: Entry, fact: CallerRangBack) -> Told:
    words = f"{fact.caller} calls by herself before she is called back: the same contact, in the same place"
    return Told(kind="rang_back", words=words, details={"dialled": fact.dialled})


def _restored(entry: Entry, fact: PlaceRestored) -> Told:
    ago, in_line = duration(entry.at - fact.left_at), duration(entry.at - fact.since)
    words = f"gave up waiting {ago} ago and calls again: has the old place, {in_line} in line"
    details: dict[str, Detail] = {"in_line_s": round(entry.at - fact.since, 3)}
    return Told(kind="place_restored", words=words, queue=fact.queue, details=details)


PROMISE_TELLERS: Final[Mapping[type, Teller]] = {
    CallbackPromised: _promised,
    CallbackWaits: _waits,
    CallbackDialled: _dialled,
    CallbackAttempted: _attempted,
    CallbackSettled: _settled,
    CallerRangBack: _rang_back,
    PlaceRestored: _restored,
}
"""One per fact about a promise."""
