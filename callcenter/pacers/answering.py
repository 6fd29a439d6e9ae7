"""How likely a dial is to be answered by a person, by list and hour, learnt as dials end. Knows counts only.

What an hour of a list brought on other days is where a day begins; what the list brings now takes over after a few
dials. How far back "now" reaches is found out, not set: several memories run side by side, and the longest one counts
whose figure does not contradict any shorter one (Lepski, On a problem of adaptive estimation in Gaussian white noise,
Theory of Probability and its Applications 35, 1991; as intersecting confidence intervals: Goldenshluger and
Nemirovski, On spatially adaptive estimation of nonparametric regression, Mathematical Methods of Statistics 6, 1997).
A steady list is so known to a percent, a drifting one is followed, and a step is noticed within some eighty dials.
What is asked every second errs at times: a few hundred agents dial thousands of times an hour, and among so many short
memories one that saw hardly an answer by chance is sure to be. So a fall must be plainer than a rise.

Dials that are too young to be learnt (`ordered.py`) count by how much they can have told: where answers come within a
time distributed as F, so many of them after ages a are the chance times the sum of F(a) (a cure model's estimate:
Maller and Zhou, Survival Analysis with Long-Term Survivors, 1996).
"""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

MEMORIES_DIALS: Final = (25.0, 75.0, 225.0, 675.0)  # a dial weighs 1/e of the newest after so many
RISEN: Final = 1.6  # standard errors on either side, for a chance to be taken to have risen
FALLEN: Final = 2.4  # likewise, to have fallen: said too soon, it drops people; too late, agents wait
CHANCE_AT_FIRST: Final = 0.3
DIALS_IMAGINED: Final = 8.0  # how much weighs what was known before
HOUR_MEMORY_DIALS: Final = 3000.0
LISTS_MAX: Final = 1000  # lists with figures of their own; the oldest gives way
HOURS: Final = 24


class Unripe(msgspec.Struct, frozen=True):
    """Dials too young to be learnt: how many were answered, and how many dials they are worth, the sum of F(age)."""

    answers: float = 0.0
    dials: float = 0.0


NONE: Final = Unripe()
NO_LIST: Final[Mapping[str, Unripe]] = {}


class Tally(msgspec.Struct):
    """Answers of dials, both weighted, so that the past fades."""

    answers: float = 0.0
    dials: float = 0.0

    def learn(self, answered: bool, memory: float) -> None:
        """One more dial ended."""
        keep = 1.0 - 1.0 / memory
        self.answers = self.answers * keep + answered
        self.dials = self.dials * keep + 1.0

    def with_unripe(self, unripe: Unripe, memory: float) -> tuple[float, float, float]:
        """Answers and dials, as if those had been learnt too, and how many equal dials tell as much.

        Weights that fade are worth twice their sum of equal ones (Kish, Survey Sampling, 1965), those of the unripe
        do not fade.
        """
        keep = math.exp(-unripe.dials / memory)
        faded = self.dials * keep
        dials = faded + unripe.dials
        squares = faded * keep / 2.0 + unripe.dials
        return self.answers * keep + unripe.answers, dials, dials * dials / squares if squares else 0.0


class Chance(msgspec.Struct, kw_only=True):
    """The chance of one list now."""

    memories: list[Tally] = msgspec.field(default_factory=lambda: [Tally() for _ in MEMORIES_DIALS])
    hours: dict[int, Tally] = {}

    def learn(self, answered: bool, hour: int) -> None:
        """A dial of this hour (0..23) ended."""
        for tally, memory in zip(self.memories, MEMORIES_DIALS, strict=True):
            tally.learn(answered, memory)
        self.hours.setdefault(hour, Tally()).learn(answered, HOUR_MEMORY_DIALS)

    def answered_late(self, hour: int) -> None:
        """A dial that was learnt as unanswered is answered after all."""
        for tally in (*self.memories, self.hours.setdefault(hour, Tally())):
            tally.answers += 1.0

    def now(self, before: float, unripe: Unripe = NONE) -> tuple[float, float]:
        """The chance, and on how many dials it stands; `before` is what would be thought without any."""
        low, high, found = 0.0, 1.0, (before, 0.0)
        for tally, memory in zip(self.memories, MEMORIES_DIALS, strict=True):
            answers, dials, equal = tally.with_unripe(unripe, memory)
            weight = dials + DIALS_IMAGINED
            chance = min((answers + before * DIALS_IMAGINED) / weight, 1.0)
            error = math.sqrt(max(chance * (1.0 - chance), 0.01) / (equal + 2.0 * DIALS_IMAGINED))
            if chance + RISEN * error < low or chance - FALLEN * error > high:
                break
            low, high = max(low, chance - RISEN * error), min(high, chance + FALLEN * error)
            found = chance, equal
        return found


class Answering(msgspec.Struct, kw_only=True):
    """The chances of all lists of one campaign."""

    every: Chance = msgspec.field(default_factory=Chance)  # list
    lists: dict[str, Chance] = {}
    count: int = 0  # dials that were learnt, ever
    answers: int = 0

    def learn(self, name: str, hour: int, *, answered: bool) -> None:
        """A dial of a list, made in this hour, is ripe."""
        self.count += 1
        self.answers += answered
        self.every.learn(answered, hour)
        if name not in self.lists and len(self.lists) >= LISTS_MAX:
            del self.lists[next(iter(self.lists))]
        self.lists.setdefault(name, Chance()).learn(answered, hour)

    def answered_late(self, name: str, hour: int) -> None:
        """A dial that was learnt as unanswered is answered after all."""
        self.answers += 1
        self.every.answered_late(hour)
        if name in self.lists:
            self.lists[name].answered_late(hour)

    def chance(self, name: str, hour: int, unripe: Mapping[str, Unripe] = NO_LIST) -> tuple[float, float]:
        """How likely a dial of this list is to be answered now, and on how many dials that stands.

        `unripe`: by list, the dials that are not learnt yet.
        """
        together = Unripe(
            sum(one.answers for one in unripe.values()),
            sum(one.dials for one in unripe.values()),
        )
        usual, _ = self.every.now(CHANCE_AT_FIRST, together)
        own = self.lists.get(name)
        if own is None:
            return Chance().now(usual, unripe.get(name, NONE))
        seen = own.hours.get(hour % HOURS)
        if seen is not None:
            usual = (seen.answers + usual * DIALS_IMAGINED) / (seen.dials + DIALS_IMAGINED)
        return own.now(usual, unripe.get(name, NONE))
