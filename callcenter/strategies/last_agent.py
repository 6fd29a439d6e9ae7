"""The agent who last served this caller, if she is free; otherwise the longest idle."""

from dataclasses import dataclass

from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Rank, freedom


@dataclass(frozen=True, slots=True)
class LastAgent:
    """Ranks the caller's last agent first."""

    looks_at: LooksAt = LooksAt.PAIR
    breadth: Breadth = Breadth.ONE

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """The last agent, then longer idle."""
        return (0.0 if candidate.agent == question.last_agent else 1.0, candidate.ready_since)

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """Whether she knows the caller."""
        if chosen.agent == question.last_agent:
            return "last agent: served this caller before"
        return f"last agent not free: longest idle, {freedom(chosen, now)}"
