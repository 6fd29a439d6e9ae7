"""The agent who is best at what is asked; of equals the longest idle."""

from dataclasses import dataclass

from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Rank, freedom


@dataclass(frozen=True, slots=True)
class BestSkill:
    """Ranks by the sum of levels in the asked skills, highest first."""

    looks_at: LooksAt = LooksAt.PAIR
    breadth: Breadth = Breadth.ONE

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """Higher level, then longer idle."""
        return (-candidate.level, candidate.ready_since)

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """Her level and how long she has been free."""
        return f"best skill: level {chosen.level}, {freedom(chosen, now)}"
