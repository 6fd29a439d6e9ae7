"""The agent who has had the fewest contacts since she logged in; of equals the longest idle."""

from dataclasses import dataclass

from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Rank


@dataclass(frozen=True, slots=True)
class FewestContacts:
    """Ranks by the number of contacts."""

    looks_at: LooksAt = LooksAt.AGENT
    breadth: Breadth = Breadth.ONE

    def rank(self, candidate: Candidate, question: Question) -> Rank:
        """Fewer contacts, then longer idle."""
        return (candidate.contacts, candidate.ready_since)

    def why(self, chosen: Candidate, question: Question, now: float) -> str:
        """How many she has had."""
        return f"fewest contacts: {chosen.contacts} since login"
