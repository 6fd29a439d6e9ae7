"""All free agents at once; the first to answer gets the contact."""

from dataclasses import dataclass

from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Rank


@dataclass(frozen=True, slots=True)
class RingAll:
    """Ranks only to have an order in which the phones are dialled: longest idle first."""

    looks_at: LooksAt = LooksAt.IDLE_TIME
    breadth: Breadth = Breadth.ALL

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """Earlier is better."""
        return (candidate.ready_since,)

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """All rang."""
        return "ring all: every free agent is rung"
