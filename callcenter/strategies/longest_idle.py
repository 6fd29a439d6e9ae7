"""The agent who has been free the longest. The fair default."""

from dataclasses import dataclass

from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Rank, freedom


@dataclass(frozen=True, slots=True)
class LongestIdle:
    """Ranks by the time since when the agent is ready."""

    looks_at: LooksAt = LooksAt.IDLE_TIME
    breadth: Breadth = Breadth.ONE

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """Earlier is better."""
        return (candidate.ready_since,)

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """How long she has been free."""
        return f"longest idle: {freedom(chosen, now)}"
