"""Everybody in turn: the agent whose last offer lies longest ago, whether or not she took it."""

from dataclasses import dataclass

from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Rank


@dataclass(frozen=True, slots=True)
class RoundRobin:
    """Ranks by the time of the last offer; who never had one comes first."""

    looks_at: LooksAt = LooksAt.AGENT
    breadth: Breadth = Breadth.ONE

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """Earlier last offer is better."""
        return (candidate.last_offered,)

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """When it was last her turn."""
        if not chosen.last_offered:
            return "round robin: had no offer yet"
        return f"round robin: last offer {now - chosen.last_offered:.1f} s ago"
