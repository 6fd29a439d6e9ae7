"""Why this agent, and why not the others; why another call first. Knows how to ask what matching asks; changes nothing.

The engine is deterministic, so a decision is explained by bringing an engine to the moment before it (a snapshot and
the journal's entries since) and looking around. Nothing has to be written down at the time, and nothing is left out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.lines import points
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.widening import asked_of
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.contact import Direction, Medium
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.need import Need
from callcenter.strategies import STRATEGIES

LATER_WORDS: Final = {
    True: "callers come before calls that we make",
    False: "calls that we make come before callers",
}
"""Which come first, by whether those that come later are our own (`first` of `blend` in routing.yaml)."""


class Cause(StrEnum):
    """Why an agent cannot be offered a contact."""

    LACKS = "lacks"  # skills
    LOGGED_OUT = "logged_out"
    PAUSED = "paused"
    RUNG = "rung"  # her phone rings for another contact
    WRAP_UP = "wrap_up"
    FULL = "full"  # talks with as many as she can
    PHONE = "phone"  # cannot be reached
    NUMBER = "number"  # her phone is an outside number that may not be called
    OWN_CALL = "own_call"
    OUTSIDE = "outside"  # her phone is in use by a call that is none of ours
    RESTING = "resting"  # after a missed offer
    KEPT = "kept"  # the caller is kept for another agent, who knows her
    RESERVE = "reserve"  # serves this queue only who has waited longer
    KEPT_FREE = "kept_free"  # for callers; the contact is a call that we make
    TAKEN = "taken"  # chosen by this very event
    OTHER = "other"


class Before(StrEnum):
    """Why a contact is served before another."""

    PRIORITY = "priority"
    WAITED_LONGER = "waited_longer"
    CAME_FIRST = "came_first"  # in the same instant
    ORDER = "order"  # of the queues, whatever priority and place say


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One cause, and what it is about: the skill that is lacking, the reason of a pause."""

    cause: Cause
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One agent as seen when a contact was to be offered. `rank` is None for who was no candidate."""

    agent: AgentId
    name: str
    candidate: bool
    rank: tuple[float, ...] | None
    words: str  # why ranked so, or why not a candidate
    reasons: tuple[Reason, ...] = ()  # why not a candidate; the first weighs most


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """An agent who could have served a contact was offered another one, which came first."""

    at: float
    seq: int  # of the journal's entry
    agent: AgentId
    other: ContactId
    other_queue: QueueName
    cause: Before
    other_priority: float  # at that moment, with what it had grown by
    priority: float  # of the contact that had to wait, likewise
    ahead_s: float  # by how much the other's place is the earlier one; negative: it is later
    words: str = ""  # what the order of the queues said, or why nobody overtakes it


def verdicts(engine: Engine, contact_id: ContactId, now: float) -> list[Verdict]:
    """Everybody in the directory: candidates first, in the order of their ranks, then the others by id.

    The contact must be live and in a queue; otherwise the list is empty.
    """
    contact = engine.world.contacts.get(contact_id)
    if contact is None or contact.queue is None:
        return []
    world = engine.world
    queue = world.queue_of(contact)
    strategy, question = STRATEGIES[queue.strategy], engine.parts.matching.question(contact, queue)
    ranked = engine.parts.matching.candidates(contact)
    chosen = [
        Verdict(
            agent=candidate.agent,
            name=world.agents.records[candidate.agent].agent.name,
            candidate=True,
            rank=rank,
            words=strategy.why(candidate, question, now),
        )
        for rank, candidate in ranked
    ]
    free = {verdict.agent for verdict in chosen}
    others = (excluded(engine, contact, agent, now) for agent in sorted(world.agents.records) if agent not in free)
    return chosen + list(others)


def excluded(engine: Engine, contact: ContactRecord, agent: AgentId, now: float) -> Verdict:
    """Why this agent is no candidate for a contact that is in a queue."""
    record = engine.world.agents.records[agent]
    asked = asked_of(contact).lacking(record.agent.able)  # whoever it is kept for, or from
    lacking = asked or contact.needs.lacking(record.agent.able)
    unable = engine.world.agents.why_not_free(record, contact.medium, now)
    said: list[str] = []
    reasons: list[Reason] = []
    held = _held_back(engine, contact, record, now) if lacking and not asked else None
    if lacking and held is None:
        reasons.append(Reason(cause=Cause.LACKS, about=_asked(lacking)))
        said.append(f"needs {', '.join(lacking)}")
    if unable:
        said.append(unable)
        reasons.append(unable_reason(engine, record, contact.medium, now))
    if held is not None:  # weighs less: she could not take it either way
        reasons.append(held)
        said.append(held.about)
    elif not lacking and engine.parts.matching.is_kept_from(contact, agent):
        keep = engine.world.configuration.routing.blend.keep_free
        why = f"kept free for callers: a call that we make leaves {keep} free"
        reasons.append(Reason(cause=Cause.KEPT_FREE, about=why))
        said.append(reasons[-1].about)
    return Verdict(
        agent=agent,
        name=record.agent.name,
        candidate=False,
        rank=None,
        words="; ".join(said) or "was chosen by this very event",
        reasons=tuple(reasons) or (Reason(cause=Cause.TAKEN),),
    )


def unable_reason(engine: Engine, record: AgentRecord, medium: Medium, now: float) -> Reason:
    """What `why_not_free` says, as a value. Its order is that function's."""
    words = engine.world.agents.why_not_free(record, medium, now)
    if record.status is AgentStatus.LOGGED_OUT:
        return Reason(cause=Cause.LOGGED_OUT)
    if record.status is AgentStatus.PAUSED:
        return Reason(cause=Cause.PAUSED, about=record.reason)
    if record.offer is not None:
        return Reason(cause=Cause.RUNG)
    if record.state is AgentState.WRAP_UP:
        return Reason(cause=Cause.WRAP_UP)
    if record.load.get(medium, 0) >= record.agent.capacity.get(medium, 0):
        return Reason(cause=Cause.FULL)
    if words.startswith("handles "):
        return Reason(cause=Cause.OTHER, about=words)
    if medium is Medium.VOICE and record.phone is not PhoneState.REACHABLE:
        return Reason(cause=Cause.NUMBER if record.agent.phone.outside else Cause.PHONE)
    if medium is Medium.VOICE and record.own_calls:
        return Reason(cause=Cause.OUTSIDE if record.used_outside else Cause.OWN_CALL)
    if record.resting_until > now:
        return Reason(cause=Cause.RESTING)
    return Reason(cause=Cause.OTHER, about=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a contact stood in line in the moment before it was offered: afterwards it is in none."""

    points: float
    words: str  # why its queue came first; "": priority and place say it


def standing_of(engine: Engine, contact: ContactRecord) -> Standing:
    """How a contact that waits stands now."""
    world = engine.world
    words = engine.parts.matching.ranking.why(contact)
    if not words and world.lines.is_starved(contact, world.now):
        words = f"has waited {world.now - contact.since:.0f} s, so long that nobody may overtake it"
    return Standing(points=_points(engine, contact, world.now), words=words)


def came_before(
    engine: Engine,
    other: ContactRecord,
    contact: ContactRecord,
    agent: AgentId,
    seq: int,
    now: float,
    stood: Standing | None = None,
) -> PassedOver:
    """Why `other` was offered to an agent who could have served `contact`, which waits. `stood`: how it had stood."""
    stood = standing_of(engine, other) if stood is None else stood
    mine, theirs = (engine.world.lines.place_of(one, now) for one in (contact, other))
    words, points_mine = stood.words, _points(engine, contact, now)
    if not words and engine.world.lines.rules.later is contact.direction is not other.direction:
        words = LATER_WORDS[contact.direction is Direction.OUTBOUND]
    if stood.points != points_mine:
        cause = Before.PRIORITY
    elif other.since != contact.since:
        cause = Before.WAITED_LONGER
    else:
        cause = Before.CAME_FIRST
    if words or (theirs > mine and stood.points <= points_mine):
        cause = Before.ORDER
    return PassedOver(
        at=now,
        seq=seq,
        agent=agent,
        other=other.id,
        other_queue=other.queue or other.last_queue or QueueName(""),
        cause=cause,
        other_priority=stood.points,
        priority=points_mine,
        ahead_s=contact.since - other.since,
        words=words,
    )


def _points(engine: Engine, contact: ContactRecord, now: float) -> float:
    """A contact's priority as it is now; its own where it counts before or after all others."""
    world = engine.world
    apart = world.lines.is_starved(contact, now) or world.lines.rules.later is contact.direction
    return float(contact.priority) if apart else points(contact, now)


def able(engine: Engine, needs: Need) -> list[AgentId]:
    """Who is at work and meets the need, free or not, by id."""
    records = engine.world.agents.records
    return [
        agent
        for agent in sorted(records)
        if records[agent].status is not AgentStatus.LOGGED_OUT and needs.met_by(records[agent].agent.able)
    ]


def _asked(lacking: tuple[str, ...]) -> str:
    """What is lacking without what the agent has: "sales >= 1 (has 0)" is about "sales >= 1"."""
    return " and ".join(gap.partition(" (")[0] for gap in lacking)


def _held_back(engine: Engine, contact: ContactRecord, record: AgentRecord, now: float) -> Reason | None:
    """Why she may not serve it though she meets what it asks for: she is a reserve, or it is kept for another."""
    timers, queue = engine.world.timers, engine.world.queue_of(contact)
    reserve = queue.reserve
    if contact.spares and reserve is not None and reserve.who.met_by(record.agent.able):
        waited = f"{reserve.above_s:g} s of waiting (now {max(now - contact.counts_from, 0.0):.0f} s)"
        return Reason(cause=Cause.RESERVE, about=f"is a reserve of {queue.name} and serves after {waited}")
    if contact.kept_for is None:
        return None
    until = timers.due(TimerKind.STICKY, contact.id)
    left = f" for {until - now:.0f} s more" if until is not None else ""
    return Reason(cause=Cause.KEPT, about=f"the caller is kept{left} for {contact.kept_for}, who served her last")
