"""What happened to a contact, in order, in words that a team leader understands. Knows facts; knows no screen.

Pure: entries of the journal in, sentences out. Every type of fact has a teller, or a reason why it is left out; a test
holds new facts to that. What only an engine at that moment knows (whom a relaxation added, where the place in line
is) is added by who looked, as `asides`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from callcenter.jobs.campaign_story import CAMPAIGN_TELLERS
from callcenter.jobs.controls import CONTROL_TELLERS
from callcenter.jobs.flow_story import COMMAND_TELLERS, FLOW_TELLERS
from callcenter.jobs.messages import MESSAGE_TELLERS
from callcenter.jobs.outcomes import OUTCOME_TELLERS
from callcenter.jobs.parking import PARK_TELLERS
from callcenter.jobs.payments import PAYMENT_TELLERS
from callcenter.jobs.phones import PHONE_TELLERS
from callcenter.jobs.promises import PROMISE_TELLERS
from callcenter.jobs.supervision import SUPERVISION_TELLERS
from callcenter.jobs.telling import Aside, Detail, Step, Teller, Told
from callcenter.jobs.wording import asked_words, duration
from callcenter.model.agent import AgentStatus
from callcenter.model.campaign_messages import (
    AnswererScored,
    CampaignChanged,
    DialRefused,
    LeadShown,
    MachinesTrusted,
)
from callcenter.model.contact import Direction, EndReason, OfferEnd, QueueExit
from callcenter.model.entry import Entry
from callcenter.model.events import HangUpRequested
from callcenter.model.facts import (
    AgentChanged,
    ConfigurationChanged,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    ContactQueued,
    CustomerMarksTaken,
    Fact,
    NeedsRelaxed,
    OfferEnded,
    PhoneNailed,
    PhoneSeen,
    QueueDraining,
    QueueLeft,
    RulesChanged,
    Surprise,
    TalkEnded,
    WaitPredicted,
)
from callcenter.model.ids import ContactId
from callcenter.model.monitor_messages import BroadcastSent, MonitorBegan, MonitorChanged, MonitorEnded
from callcenter.model.parking import PhoneTurnedAway
from callcenter.model.phone_use import PhoneUsedOutside
from callcenter.model.recording_facts import (
    RecordingDropped,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    RecordingSwitched,
    RecordingVerified,
)

__all__ = ["LEFT_OUT", "TELLERS", "Aside", "Step", "duration", "story"]

OFFER_WORDS: Final[Mapping[OfferEnd, str]] = {
    OfferEnd.ACCEPTED: "{agent} answered after {rang}",
    OfferEnd.NO_ANSWER: "{agent} did not answer within {rang}",
    OfferEnd.BUSY: "the phone of {agent} was busy",
    OfferEnd.REJECTED: "{agent} declined after {rang}",
    OfferEnd.UNREACHABLE: "the phone of {agent} could not be reached",
    OfferEnd.NOT_CONFIRMED: "{agent} did not press the key that takes the call within {rang}",
    OfferEnd.RESCINDED: "the phone of {agent} stops ringing after {rang}",
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
    QueueExit.DROPPED: "no agent was there in time",
    QueueExit.MOVED: "a supervisor moved it to another queue",
    QueueExit.UNREACHED: "the customer was not reached in time",
    QueueExit.REMOVED: "it was ended by request, or by a fault",
}
END_WORDS: Final[Mapping[EndReason, str]] = {
    EndReason.CALLER_HUNG_UP: "the caller hung up after the talk",
    EndReason.AGENT_HUNG_UP: "the agent hung up",
    EndReason.ABANDONED: "the caller gave up waiting",
    EndReason.LEFT_IN_FLOW: "the caller hung up in the menu",
    EndReason.LEFT_PARKED: "the caller hung up while she was parked",
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
    EndReason.MESSAGE_DONE: "nothing is left to be done about the message",
    EndReason.NOT_REACHED: "nobody answered",
    EndReason.DROPPED: "no agent was there in time, and it was said who had called",
    EndReason.MACHINE: "an answering machine had answered",
    EndReason.SHUTDOWN: "the call center was stopped",
    EndReason.FAULT: "a fault of ours or of Asterisk's ended it",
}
RECORDED: Final[Mapping[str, str]] = {
    "message": "the caller leaves a message",
    "note": "the caller is asked to say something, which is recorded",
}


def story(
    entries: Iterable[Entry], contact: ContactId, asides: Mapping[tuple[int, int], Aside] | None = None
) -> Iterator[Step]:
    """The steps of one contact out of the entries that speak of it. `asides` by entry and place among its outputs."""
    for entry in entries:
        if isinstance(entry.event, HangUpRequested) and entry.event.contact == contact:
            asked = f"{entry.event.by or 'somebody'} asked for the call to be ended"
            yield Step(seq=entry.seq, at=entry.at, kind="hang_up_requested", words=asked)
        for at, output in enumerate(entry.outputs):
            teller = TELLERS.get(type(output)) or COMMAND_TELLERS.get(type(output))
            if teller is None or getattr(output, "contact", None) != contact:
                continue
            told = teller(entry, output)
            aside = (asides or {}).get((entry.seq, at), Aside(words=""))
            if told is not None:
                yield Step(
                    seq=entry.seq,
                    at=entry.at,
                    kind=told.kind,
                    words=told.words + aside.words,
                    agent=told.agent or "",
                    queue=told.queue or "",
                    details={**told.details, **aside.details},
                )


# -- one teller per fact -----------------------------------------------------------------------------------------------


def _opened(_: Entry, fact: ContactOpened) -> Told:
    caller = fact.caller or "somebody without a number"
    name = f' ("{fact.caller_name}")' if fact.caller_name and fact.caller_name != fact.caller else ""
    if fact.direction is Direction.VOICEMAIL:
        return Told(kind="opened", words=f"{caller}{name} left a message")
    if fact.leg is None:
        return Told(kind="opened", words=f"{caller}{name} is to be called")
    dialled = f" and dialled {fact.dialled}" if fact.dialled else ""
    return Told(kind="opened", words=f"{caller}{name} called{dialled}")


def _queued(entry: Entry, fact: ContactQueued) -> Told:
    words = f"waits in queue {fact.queue}, priority {fact.priority}, for {asked_words(fact.needs)}"
    if fact.since < entry.at:
        words += f"; keeps its place, in line for {duration(entry.at - fact.since)} already"
    if 0.0 < fact.counts_from < entry.at:
        words += f"; what it has waited here before counts on ({duration(entry.at - fact.counts_from)})"
    details: dict[str, Detail] = {
        "priority": fact.priority,
        "needs": fact.needs,
        "counted_s": round(max(entry.at - (fact.counts_from or entry.at), 0.0), 3),
        "in_line_s": round(max(entry.at - fact.since, 0.0), 3),
    }
    return Told(kind="queued", words=words, queue=fact.queue, details=details)


def _relaxed(_: Entry, fact: NeedsRelaxed) -> Told:
    step = not fact.why or fact.why.startswith("step ")  # else a sticky agent was let go, or the reserve may serve it
    what = "less is asked for" if step else f"it is {fact.why}" if fact.why.startswith("not kept") else fact.why
    words = f"after {duration(fact.waited_s)} in {fact.queue} {what}: {asked_words(fact.needs)}"
    details: dict[str, Detail] = {"needs": fact.needs, "waited_s": round(fact.waited_s, 3), "why": fact.why}
    return Told(kind="relaxed", words=words, queue=fact.queue, details=details)


def _predicted(_: Entry, fact: WaitPredicted) -> Told | None:
    if not fact.entry and not fact.announced:
        return None  # nobody heard it, and what was predicted on coming in is what it is measured by
    words = f"is number {fact.position} in line; half of all in its place wait at most {duration(fact.p50_s)} more"
    words += f", nine of ten at most {duration(fact.p90_s)}"
    words += " (the caller is told)" if fact.announced else ""
    details: dict[str, Detail] = {
        "p50_s": round(fact.p50_s, 3),
        "p90_s": round(fact.p90_s, 3),
        "position": fact.position,
        "confident": fact.confident,
        "announced": fact.announced,
    }
    return Told(kind="wait_predicted", words=words, queue=fact.queue, details=details)


def _rules_changed(_: Entry, fact: RulesChanged) -> Told:
    words = (
        f"the rules of {fact.queue} were changed (configuration {fact.version}): priority {fact.priority}, "
        f"for {asked_words(fact.needs)}"
    )
    details: dict[str, Detail] = {"priority": fact.priority, "needs": fact.needs}
    return Told(kind="rules_changed", words=words, queue=fact.queue, details=details)


def _offered(_: Entry, fact: ContactOffered) -> Told:
    words = f"the phone of {fact.agent} rings ({fact.why})"
    return Told(kind="offered", words=words, agent=fact.agent, queue=fact.queue, details={"why": fact.why})


def _offer_ended(entry: Entry, fact: OfferEnded) -> Told:
    words = _offer_words(fact)
    paused = _was_paused(entry, fact)
    kind = "accepted" if fact.end is OfferEnd.ACCEPTED else "missed"
    kind = "rescinded" if fact.end is OfferEnd.RESCINDED else kind
    details: dict[str, Detail] = {"end": fact.end.value, "rang_s": round(fact.rang_s, 3), "paused": paused}
    details["why"] = fact.why or None
    by_rule = paused and not (fact.end is OfferEnd.REJECTED and fact.why)  # else she has paused by herself
    words += " and is paused until she says that she is back" if by_rule else ""
    return Told(kind=kind, words=words, agent=fact.agent, queue=fact.queue, details=details)


def _offer_words(fact: OfferEnded) -> str:
    rang = duration(fact.rang_s)
    if fact.end is OfferEnd.REJECTED and fact.why:
        return f"{fact.agent} did not take it, after {rang}: {fact.why}"
    words = OFFER_WORDS[fact.end].format(agent=fact.agent, rang=rang)
    return f"{words}: {fact.why}" if fact.why else words  # an old journal does not say


def _was_paused(entry: Entry, fact: OfferEnded) -> bool:
    """Whether an agent who missed the offer was paused for it."""
    return any(
        isinstance(other, AgentChanged)
        and other.agent == fact.agent
        and other.status is AgentStatus.PAUSED
        and other.was_status is not AgentStatus.PAUSED
        for other in entry.outputs
    )


def _connected(_: Entry, fact: ContactConnected) -> Told:
    words = f"talks with {fact.agent} after waiting {duration(fact.waited_s)}"
    details: dict[str, Detail] = {"waited_s": round(fact.waited_s, 3)}
    return Told(kind="connected", words=words, agent=fact.agent, queue=fact.queue, details=details)


def _left(_: Entry, fact: QueueLeft) -> Told | None:
    if fact.exit is QueueExit.CONNECTED:
        return None  # the next sentence says so
    words = f"left queue {fact.queue} after {duration(fact.waited_s)}: {EXIT_WORDS[fact.exit]}"
    details: dict[str, Detail] = {"exit": fact.exit.value, "waited_s": round(fact.waited_s, 3)}
    return Told(kind="left_queue", words=words, queue=fact.queue, details=details)


def _talk_ended(_: Entry, fact: TalkEnded) -> Told:
    words = f"the talk with {fact.agent} is over after {duration(fact.talk_s)}"
    details: dict[str, Detail] = {"talk_s": round(fact.talk_s, 3)}
    return Told(kind="talk_ended", words=words, agent=fact.agent, queue=fact.queue, details=details)


def _recording(_: Entry, fact: RecordingStarted) -> Told:
    words = RECORDED.get(fact.kind, "the talk is being recorded")
    return Told(kind="recording", words=words, agent=fact.agent, details={"recording": fact.recording})


def _paused(_: Entry, fact: RecordingPaused) -> Told:
    words = f"the recording is paused by {fact.by or 'somebody'}"
    return Told(kind="recording_paused", words=words, details={"recording": fact.recording, "by": fact.by})


def _resumed(_: Entry, fact: RecordingResumed) -> Told:
    who = "as it was paused for long enough" if fact.by == "cap" else f"by {fact.by or 'somebody'}"
    words = f"the recording goes on after {duration(fact.paused_s)} of silence, {who}"
    details: dict[str, Detail] = {"recording": fact.recording, "by": fact.by, "paused_s": round(fact.paused_s, 3)}
    return Told(kind="recording_resumed", words=words, details=details)


def _dropped(_: Entry, fact: RecordingDropped) -> Told:
    words = "the caller did not want what she had recorded: it is not kept"
    return Told(kind="recording_dropped", words=words, details={"recording": fact.recording})


def _verified(_: Entry, fact: RecordingVerified) -> Told:
    channels = "1 channel" if fact.channels == 1 else f"{fact.channels} channels"
    found = f"the recording is sound: {duration(fact.seconds)}, {channels}"
    if fact.problem:
        found = f"the recording is faulty: {fact.problem}"
    details: dict[str, Detail] = {"recording": fact.recording, "seconds": fact.seconds, "problem": fact.problem}
    return Told(kind="recording_checked", words=found, details=details)


def _ended(_: Entry, fact: ContactEnded) -> Told:
    total = fact.flow_s + fact.wait_s + fact.callback_s + fact.talk_s + fact.forward_s + fact.parked_s
    details: dict[str, Detail] = {"reason": fact.reason.value, "length_s": round(total, 3)}
    return Told(kind="ended", words=f"ended after {duration(total)}: {END_WORDS[fact.reason]}", details=details)


def _surprise(_: Entry, fact: Surprise) -> Told:
    return Told(kind="surprise", words=f"something unexpected: {fact.what}")


TELLERS: Final[Mapping[type, Teller]] = {
    ContactOpened: _opened,
    ContactQueued: _queued,
    NeedsRelaxed: _relaxed,
    RulesChanged: _rules_changed,
    WaitPredicted: _predicted,
    ContactOffered: _offered,
    OfferEnded: _offer_ended,
    ContactConnected: _connected,
    QueueLeft: _left,
    TalkEnded: _talk_ended,
    RecordingStarted: _recording,
    RecordingDropped: _dropped,
    RecordingPaused: _paused,
    RecordingResumed: _resumed,
    RecordingVerified: _verified,
    ContactEnded: _ended,
    Surprise: _surprise,
    **FLOW_TELLERS,
    **PROMISE_TELLERS,
    **MESSAGE_TELLERS,
    **SUPERVISION_TELLERS,
    **OUTCOME_TELLERS,
    **PHONE_TELLERS,
    **CONTROL_TELLERS,
    **CAMPAIGN_TELLERS,
    **PAYMENT_TELLERS,
    **PARK_TELLERS,
}
"""One per type of fact that is about a contact."""

LEFT_OUT: Final[Mapping[type[Fact], str]] = {
    RecordingStopped: "that a recording stops is the end of the talk or of the message; its proof is told",
    AgentChanged: "about an agent; what follows for her from an offer is told with the offer",
    PhoneUsedOutside: "about an agent's phone; that she was offered nothing meanwhile is told of who waits",
    PhoneSeen: "about an agent's phone; an offer that it fails is told",
    CustomerMarksTaken: "about customers; what it changes for a contact is told (RulesChanged)",
    RecordingSwitched: "about the center; no call changes by it",
    PhoneNailed: "likewise; a call that its end touches is told",
    QueueDraining: "about a queue; a contact that it sends on is told",
    MonitorBegan: "about a supervisor; what she hears is told when it is over",
    MonitorChanged: "likewise",
    MonitorEnded: "likewise",
    PhoneTurnedAway: "about an agent's phone; no contact came of it",
    BroadcastSent: "about agents' screens",
    CampaignChanged: "about a campaign; what it dials is told",
    AnswererScored: "about a detector; what it decided is told",
    MachinesTrusted: "likewise",
    LeadShown: "about an agent's screen; what is dialled then is told",
    DialRefused: "about a lead that was not dialled: there is no contact",
    ConfigurationChanged: "about all; what it changes for a contact is told (RulesChanged)",
}
"""Facts that the story of one contact does not tell, and why."""
