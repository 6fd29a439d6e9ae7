"""Why this agent, and why not the others. Knows how to ask the same questions that matching asks; changes nothing.

The engine is deterministic, so a decision is explained by bringing an engine to the moment before it (a snapshot and
the journal's entries since) and looking around. Nothing has to be written down at the time, and nothing is left out.
"""

from dataclasses import dataclass

from callcenter.core.engine import Engine
from callcenter.core.free import why_not_free
from callcenter.core.state import ContactRecord
from callcenter.model.ids import AgentId, ContactId
from callcenter.strategies import STRATEGIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One agent as seen when a contact was to be offered. `rank` is None for who was no candidate."""

    agent: AgentId
    name: str
    candidate: bool
    rank: tuple[float, ...] | None
    words: str  # why ranked so, or why not a candidate


def verdicts(engine: Engine, contact_id: ContactId, now: float) -> list[Verdict]:
    """Everybody in the directory: candidates first, in the order of their ranks, then the others by id.

    The contact must be live and in a queue; otherwise the list is empty.
    """
    contact = engine.world.contacts.get(contact_id)
    if contact is None or contact.queue is None:
        return []
    world = engine.world
    queue = world.queue_of(contact)
    strategy, question = STRATEGIES[queue.strategy], engine.matching.question(contact, queue)
    ranked = engine.matching.candidates(contact)
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
    others = (_excluded(engine, contact, agent, now) for agent in sorted(world.agents.records) if agent not in free)
    return chosen + list(others)


def _excluded(engine: Engine, contact: ContactRecord, agent: AgentId, now: float) -> Verdict:
    record = engine.world.agents.records[agent]
    lacking = contact.needs.lacking(record.agent.skills)
    unable = why_not_free(record, contact.medium, now)
    reasons = ([f"needs {', '.join(lacking)}"] if lacking else []) + ([unable] if unable else [])
    return Verdict(
        agent=agent,
        name=record.agent.name,
        candidate=False,
        rank=None,
        words="; ".join(reasons) or "was chosen by this very event",
    )
