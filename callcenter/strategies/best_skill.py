"""The agent who is best at what is asked; of equals the longest idle."""

from dataclasses import dataclass

from callcenter.model.need import LEVEL_MAX
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
        several = "s that add up to" if chosen.level > LEVEL_MAX else ""
        return f"best skill: level{several} {chosen.level}, {freedom(chosen, now)}"
