"""What dials tell in the order in which they were made, for teams that dial many at once. Knows no crew and no drops.

Theory: dials end in another order than they are made in: numbers that do not exist after three seconds, answers after
ten, lines that ring out after thirty. Where few lines ring the ends of different dials mix, and learning as they end is
soonest right. Of a burst of a thousand the ends come kind by kind, and whoever learns as they end believes each kind
in turn. Here a dial is learnt when it is ripe, so old that nearly all of the answers of its time have come; younger
ones count by how much they can have told (`answering.Unripe`). How long answers take is learnt likewise: the first to
come of a burst are the quick ones.
"""

import math
from typing import Final

import msgspec

from callcenter.model.pacing import LifeTable
from callcenter.pacers.answering import NONE, Answering, Unripe
from callcenter.pacers.lengths import RING_EDGES_S, Lengths

RIPE: Final = 0.95  # of the answers
ANSWER_MEAN_S: Final = 12.0  # imagined before anything was seen
NO_ANSWER_MEAN_S: Final = 20.0


def ringing_lengths(mean_s: float) -> Lengths:
    """Of ringing, of which nothing is known but a mean that is imagined."""
    return Lengths(edges_s=RING_EDGES_S, mean_s=mean_s)


class Dialled(msgspec.Struct, frozen=True, gc=False):
    """A dial that is not learnt yet. `rang_s` is how long it rang, if it has ended."""

    since: float
    list: str
    hour: int
    answered: bool = False
    rang_s: float | None = None


class Ordered(msgspec.Struct, kw_only=True):
    """A campaign's dials, learnt in their order."""

    answering: Answering = msgspec.field(default_factory=Answering)
    answer: Lengths = msgspec.field(default_factory=lambda: ringing_lengths(ANSWER_MEAN_S))
    no_answer: Lengths = msgspec.field(default_factory=lambda: ringing_lengths(NO_ANSWER_MEAN_S))
    dials: dict[str, Dialled] = {}  # unripe ones, by the line's id, the oldest first
    ripe_s: float = -ANSWER_MEAN_S * math.log(1.0 - RIPE)

    def dialled(self, line: str, now: float, name: str, hour: int) -> None:
        """A line was dialled. Whoever is asked by nobody (a broadcast, a list called by hand) learns here."""
        self.ripen(now)
        self.dials[line] = Dialled(now, name, hour)

    def ended(self, line: str, dial: Dialled, *, answered: bool) -> None:
        """It ended, `dial.rang_s` after it was dialled; one that is ripe already was learnt as unanswered."""
        assert dial.rang_s is not None
        if line in self.dials:
            self.dials[line] = dial
            return
        (self.answer if answered else self.no_answer).learn(dial.rang_s)
        if answered:
            self.answering.answered_late(dial.list, dial.hour)

    def forget(self, line: str) -> None:
        """It says nothing: the trunk failed it, or it was not dialled after all."""
        self.dials.pop(line, None)

    def ripen(self, now: float) -> None:
        """Learn what is old enough."""
        while self.dials:
            line, oldest = next(iter(self.dials.items()))
            if now - oldest.since < self.ripe_s:
                return
            del self.dials[line]
            self.answering.learn(oldest.list, oldest.hour, answered=oldest.answered)
            if oldest.rang_s is not None:
                (self.answer if oldest.answered else self.no_answer).learn(oldest.rang_s)

    def unripe(self, answer: LifeTable, now: float) -> dict[str, Unripe]:
        """By list: what the others can have told, if answers take as long as this table says."""
        by_list: dict[str, Unripe] = {}
        for dial in self.dials.values():
            told = by_list.get(dial.list, NONE)
            worth = 1.0 - answer.going_at(now - dial.since)
            by_list[dial.list] = Unripe(told.answers + dial.answered, told.dials + worth)
        return by_list
