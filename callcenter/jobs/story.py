"""What happened to a contact, in order, in words that a team leader understands. Knows facts; knows no screen.

Pure: entries of the journal in, sentences out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from callcenter.model.agent import AgentStatus
from callcenter.model.callback import CallbackEnd, CalledFirst
from callcenter.model.contact import EndReason, LegEnd, OfferEnd, QueueExit
from callcenter.model.entry import Entry, Output
from callcenter.model.events import HangUpRequested
from callcenter.model.facts import (
    AgentChanged,
    CallbackAttempted,
    CallbackDialled,
    CallbackPromised,
    CallbackSettled,
    CallbackWaits,
    CallerRangBack,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    ContactQueued,
    NeedsRelaxed,
    NodeEntered,
    OfferEnded,
    PlaceRestored,
    QueueLeft,
    RecordingStarted,
    RecordingVerified,
    RulesChanged,
    Surprise,
    TalkEnded,
)
from callcenter.model.ids import ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `kind` is a stable word for programs, `words` is for people."""

    seq: int
    at: float  # UTC seconds
    kind: str
    words: str
    agent: str = ""
    queue: str = ""


OFFER_WORDS: Final[Mapping[OfferEnd, str]] = {
    OfferEnd.ACCEPTED: "{agent} answered after {rang}",
    OfferEnd.NO_ANSWER: "{agent} did not answer within {rang}",
    OfferEnd.BUSY: "the phone of {agent} was busy",
    OfferEnd.REJECTED: "{agent} declined after {rang}",
    OfferEnd.UNREACHABLE: "the phone of {agent} could not be reached",
    OfferEnd.RESCINDED: "the phone of {agent} stops ringing: the caller has gone or somebody else was faster",
    OfferEnd.FAILED: "the phone of {agent} could not be rung",
}
EXIT_WORDS: Final[Mapping[QueueExit, str]] = {
    QueueExit.CONNECTED: "an agent took the call",
    QueueExit.ABANDONED: "the caller gave up",
    QueueExit.TIMED_OUT: "it had waited as long as the queue allows",
    QueueExit.NO_AGENTS: "nobody was logged in who could serve it",
    QueueExit.FULL: "the queue was full",
    QueueExit.CLOSED: "the queue is closed at this time",
    QueueExit.DRAINED: "the queue is being drained",
    QueueExit.CALLBACK: "the caller asked to hear about being called back",
    QueueExit.RANG_BACK: "the customer calls by herself",
    QueueExit.UNREACHED: "the customer was not reached in time",
    QueueExit.REMOVED: "it was ended by request, or by a fault",
}
END_WORDS: Final[Mapping[EndReason, str]] = {
    EndReason.CALLER_HUNG_UP: "the caller hung up after the talk",
    EndReason.AGENT_HUNG_UP: "the agent hung up",
    EndReason.ABANDONED: "the caller gave up waiting",
    EndReason.LEFT_IN_FLOW: "the caller hung up in the menu",
    EndReason.FLOW_ENDED: "the flow came to its end",
    EndReason.CLOSED: "the caller was told that it is closed",
    EndReason.VOICEMAIL: "a message was left",
    EndReason.FORWARDED: "the call that was sent to an outside number ended",
    EndReason.RETURNED: "the call went back to the dialplan",
    EndReason.REFUSED: "the queue would not keep the call and had nowhere to send it",
    EndReason.HUNG_UP_BY_REQUEST: "somebody asked for the call to be ended",
    EndReason.CALLBACK_FAILED: "the customer was to be called back and could not be reached",
    EndReason.CALLBACK_EXPIRED: "the customer was to be called back, and the time promised has passed",
    EndReason.CALLBACK_REFUSED: "the customer was to be called back at a number that may not be called",
    EndReason.CALLBACK_CANCELLED: "the callback was taken back",
    EndReason.SHUTDOWN: "the call center was stopped",
    EndReason.FAULT: "a fault of ours or of Asterisk's ended it",
}


def story(entries: Iterable[Entry], contact: ContactId) -> Iterator[Step]:
    """The steps of one contact out of the entries that speak of it."""
    for entry in entries:
        if isinstance(entry.event, HangUpRequested) and entry.event.contact == contact:
            asked = f"{entry.event.by or 'somebody'} asked for the call to be ended"
            yield Step(seq=entry.seq, at=entry.at, kind="hang_up_requested", words=asked)
        for output in entry.outputs:
            if getattr(output, "contact", None) == contact:
                step = _step(entry, output)
                if step is not None:
                    yield step


def _step(entry: Entry, fact: Output) -> Step | None:  # noqa: C901 (one arm per fact)
    seq, at = entry.seq, entry.at
    match fact:
        case ContactOpened():
            caller = fact.caller or "somebody without a number"
            name = f' ("{fact.caller_name}")' if fact.caller_name and fact.caller_name != fact.caller else ""
            if fact.leg is None:
                return Step(seq=seq, at=at, kind="opened", words=f"{caller}{name} is to be called")
            dialled = f" and dialled {fact.dialled}" if fact.dialled else ""
            return Step(seq=seq, at=at, kind="opened", words=f"{caller}{name} called{dialled}")
        case NodeEntered():
            return Step(seq=seq, at=at, kind="flow", words=_node(fact))
        case ContactQueued():
            words = f"waits in queue {fact.queue}, priority {fact.priority}, for {_needs(fact.needs)}"
            if fact.since < at:
                words += f"; keeps its place, in line for {duration(at - fact.since)} already"
            return Step(seq=seq, at=at, kind="queued", words=words, queue=fact.queue)
        case NeedsRelaxed():
            words = f"after {duration(fact.waited_s)} in {fact.queue} less is asked for: {_needs(fact.needs)}"
            return Step(seq=seq, at=at, kind="relaxed", words=words, queue=fact.queue)
        case RulesChanged():
            words = (
                f"the rules of {fact.queue} were changed (configuration {fact.version}): priority {fact.priority}, "
                f"for {_needs(fact.needs)}"
            )
            return Step(seq=seq, at=at, kind="rules_changed", words=words, queue=fact.queue)
        case ContactOffered():
            words = f"the phone of {fact.agent} rings ({fact.why})"
            return Step(seq=seq, at=at, kind="offered", words=words, agent=fact.agent, queue=fact.queue)
        case OfferEnded():
            words = OFFER_WORDS[fact.end].format(agent=fact.agent, rang=duration(fact.rang_s)) + _consequence(
                entry, fact
            )
            kind = "accepted" if fact.end is OfferEnd.ACCEPTED else "missed"
            kind = "rescinded" if fact.end is OfferEnd.RESCINDED else kind
            return Step(seq=seq, at=at, kind=kind, words=words, agent=fact.agent, queue=fact.queue)
        case ContactConnected():
            words = f"talks with {fact.agent} after waiting {duration(fact.waited_s)}"
            return Step(seq=seq, at=at, kind="connected", words=words, agent=fact.agent, queue=fact.queue)
        case QueueLeft() if fact.exit is not QueueExit.CONNECTED:
            words = f"left queue {fact.queue} after {duration(fact.waited_s)}: {EXIT_WORDS[fact.exit]}"
            return Step(seq=seq, at=at, kind="left_queue", words=words, queue=fact.queue)
        case TalkEnded():
            words = f"the talk with {fact.agent} is over after {duration(fact.talk_s)}"
            return Step(seq=seq, at=at, kind="talk_ended", words=words, agent=fact.agent, queue=fact.queue)
        case RecordingStarted():
            what = "the caller leaves a message" if fact.kind == "message" else "the talk is being recorded"
            return Step(seq=seq, at=at, kind="recording", words=what, agent=fact.agent or "")
        case RecordingVerified():
            found = (
                f"the recording is faulty: {fact.problem}"
                if fact.problem
                else f"the recording is sound: {duration(fact.seconds)}, {fact.channels} channels"
            )
            return Step(seq=seq, at=at, kind="recording_checked", words=found)
        case PlaceRestored():
            ago = duration(at - fact.left_at)
            words = f"gave up waiting {ago} ago and calls again: has the old place, {duration(at - fact.since)} in line"
            return Step(seq=seq, at=at, kind="place_restored", words=words, queue=fact.queue)
        case CallbackPromised() | CallbackWaits() | CallbackDialled() | CallbackAttempted() | CallbackSettled():
            return _callback(seq, at, fact)
        case CallerRangBack():
            words = f"{fact.caller} calls by herself before she is called back: the same contact, in the same place"
            return Step(seq=seq, at=at, kind="rang_back", words=words)
        case ContactEnded():
            total = fact.flow_s + fact.wait_s + fact.callback_s + fact.talk_s + fact.forward_s
            words = f"ended after {duration(total)}: {END_WORDS[fact.reason]}"
            return Step(seq=seq, at=at, kind="ended", words=words)
        case Surprise():
            return Step(seq=seq, at=at, kind="surprise", words=f"something unexpected: {fact.what}")
        case _:
            return None


Promise = CallbackPromised | CallbackWaits | CallbackDialled | CallbackAttempted | CallbackSettled

ATTEMPT_WORDS: Final[Mapping[LegEnd, str]] = {
    LegEnd.NORMAL: "the customer's phone hung up",
    LegEnd.NO_ANSWER: "the customer did not answer",
    LegEnd.BUSY: "the customer's phone was busy",
    LegEnd.REJECTED: "the customer declined",
    LegEnd.UNREACHABLE: "the customer's phone could not be reached",
    LegEnd.CANCELLED: "the customer's phone rings no more: the agent went, or she called by herself",
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


def _callback(seq: int, at: float, fact: Promise) -> Step:
    match fact:
        case CallbackPromised():
            who = "the customer first" if fact.first is CalledFirst.CUSTOMER else "the agent first"
            opens = f"in {duration(fact.not_before - at)}" if fact.not_before > at else "now"
            words = f"is promised a callback to {fact.number} for {fact.queue}, {who}"
            words += f", from {opens} on, within {duration(fact.until - at)} (asked for by {fact.by or 'somebody'})"
            return Step(seq=seq, at=at, kind="callback_promised", words=words, queue=fact.queue)
        case CallbackWaits():
            words = f"is not called before {duration(fact.next_at - at)} from now: {fact.why}"
            return Step(seq=seq, at=at, kind="callback_waits", words=words, queue=fact.queue)
        case CallbackDialled():
            words = f"{fact.number} is dialled, attempt {fact.attempt}: {fact.why}"
            kind = "callback_dialled"
            return Step(seq=seq, at=at, kind=kind, words=words, queue=fact.queue, agent=fact.agent or "")
        case CallbackAttempted():
            said = "the customer answered" if fact.end is None else ATTEMPT_WORDS[fact.end]
            words = f"{said} after {duration(fact.rang_s)}"
            return Step(seq=seq, at=at, kind="callback_attempted", words=words, queue=fact.queue)
        case CallbackSettled():
            kept = fact.end in (CallbackEnd.KEPT, CallbackEnd.RANG_BACK)
            time = (", in the time promised" if fact.in_time else ", later than promised") if kept else ""
            words = SETTLED_WORDS[fact.end] + (f" ({fact.why})" if fact.why else "") + time
            return Step(seq=seq, at=at, kind="callback_settled", words=words, queue=fact.queue)
        case _:
            assert_never(fact)


def _node(fact: NodeEntered) -> str:
    if not fact.exit:
        return f"enters flow {fact.flow} at {fact.node}"
    key = fact.exit.removeprefix("choices.")
    how = f"pressed {key}" if key != fact.exit else fact.exit.replace("_", " ")
    return f"goes on to {fact.node} of flow {fact.flow} ({how})"


def _needs(needs: str) -> str:
    return f"an agent with {needs}" if needs else "any agent"


def _consequence(entry: Entry, fact: OfferEnded) -> str:
    """What followed for an agent who missed the offer."""
    paused = any(
        isinstance(other, AgentChanged)
        and other.agent == fact.agent
        and other.status is AgentStatus.PAUSED
        and other.was_status is not AgentStatus.PAUSED
        for other in entry.outputs
    )
    return " and is paused until she says that she is back" if paused else ""


def duration(seconds: float) -> str:
    """A length of time in a sentence: "4.2 s", "1:05 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    return f"{hours}:{minutes_rest:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"
