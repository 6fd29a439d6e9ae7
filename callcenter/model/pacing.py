"""What a pacer is asked and answers: how many lines to dial now. Knows the shape of the question; knows no answer.

Everything that a pacer may look at is in the question: it has no memory, no clock and no settings of its own, so that
a receipt that holds question and answer proves why a number was dialled. All times are UTC seconds. The order in
tuples of times means nothing.
"""

from bisect import bisect_right
from typing import Final, NewType

import msgspec

PacerName = NewType("PacerName", str)

TARGET_SHARE: Final = 0.01  # of the live answers: what is aimed at
HARD_SHARE: Final = 0.025  # what is never risked
LAW_SHARE: Final = 0.03  # US 16 CFR 310.4(b)(4)(i), 47 CFR 64.1200(a)(7); UK Ofcom, Persistent misuse (2016), A1.30
GRACE_S: Final = 2.0  # a live answer without an agent for so long is a drop: the same three
RATIO_MAX: Final = 10.0


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there for this campaign. Left out: the paused, and those who leave after their present contact."""

    ready: tuple[float, ...] = ()  # since when each has been ready
    on_contact: tuple[float, ...] = ()  # since when each has been talking
    wrap_up: tuple[float, ...] = ()  # since when each has been in wrap-up
    accepted: int = 0  # of the ready: who have read their lead and want it dialled now (preview)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.ready) + len(self.on_contact) + len(self.wrap_up)


class Ringing(msgspec.Struct, frozen=True):
    """Lines that are dialling or ringing, with one chance in common."""

    chance: (
        float  # 0..1: that a dial like these is answered by a person, as it was when nothing was known but its number
    )
    since: tuple[float, ...]  # when each was dialled


class LifeTable(msgspec.Struct, frozen=True):
    """How long something lasts: which share (0..1) still goes on after so many seconds, linear in between."""

    edges_s: tuple[float, ...]  # from 0 on, rising
    going: tuple[float, ...]  # as many; 1 at first, never rising

    def going_at(self, seconds: float) -> float:
        """The share that still goes on after so long; beyond the last edge, what goes on there."""
        place = bisect_right(self.edges_s, seconds)
        if place == 0:
            return 1.0
        if place == len(self.edges_s):
            return self.going[-1]
        since, until = self.edges_s[place - 1], self.edges_s[place]
        passed = (seconds - since) / (until - since)
        return self.going[place - 1] + passed * (self.going[place] - self.going[place - 1])

    def age_at(self, share: float) -> float:
        """The first edge, in seconds, at which no more than this share (0..1) still goes on; else the last one."""
        both = zip(self.edges_s, self.going, strict=True)
        return next((edge for edge, going in both if going <= share), self.edges_s[-1])


class Experience(msgspec.Struct, frozen=True, kw_only=True):
    """What is known from dials and contacts that have ended, by the same campaign as far as it goes."""

    chance: float  # 0..1: that the next dial is answered by a person
    dials: float  # on how many dials this stands: the less, the less it is to be relied on
    in_order: bool = False  # they were learnt as they were made, not as they ended
    answer: LifeTable  # from dialling to a live answer, of the dials that have one
    no_answer: LifeTable  # from dialling to any other end, of the rest
    talk: LifeTable
    wrap_up: LifeTable
    lacks: str = ""  # what is missing, in words, while there is too little to predict from


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Live answers, and the drops among them, in a window that ends now."""

    live: float
    drops: float

    @property
    def share(self) -> float:
        """Drops by live answers: 0..1, 0 of nothing."""
        return self.drops / self.live if self.live else 0.0


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Drops by live answers that are allowed, in each window: shares 0..1."""

    target: float = TARGET_SHARE
    hard: float = HARD_SHARE

    def spent(self, window: Answers, risked: float = 1.0) -> bool:
        """Whether `risked` more drops, each a live answer itself, would be over the hard stop."""
        return window.drops + risked > self.hard * (window.live + risked)


class Trunk(msgspec.Struct, frozen=True, kw_only=True):
    """How the way out does: dials that failed for its own reasons (congestion, refused), not the number's."""

    failed_in_a_row: int = 0
    last_failed: float = 0.0


class PacingQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines to dial now?"""

    now: float
    crew: Crew
    waiting: int = 0  # people who answered and have no agent yet
    ringing: tuple[Ringing, ...] = ()
    lines_free: int
    experience: Experience
    day: Answers  # rolling 24 hours
    month: Answers  # rolling 30 days
    budget: Budget = Budget()
    trunk: Trunk = Trunk()
    ratio: float = 1.0  # lines for each ready agent (mode ratio): 1..RATIO_MAX
    grace_s: float = GRACE_S

    @property
    def dialling(self) -> int:
        """How many lines are dialling or ringing."""
        return sum(len(group.since) for group in self.ringing)


class PacingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """So many lines, and why. The figures are those of the moment at which the new lines would be answered."""

    lines: int
    why: str  # one line of words and figures, no personal data
    rule: PacerName  # which rule spoke: the pacer's own, or the one that it fell back to
    free_expected: float | None = None  # agents ready by then, less people waiting
    answers_expected: float | None = None  # of the lines that were already ringing
    risk: float | None = None  # 0..1: that the last of the new lines, if answered, finds nobody
    risk_allowed: float | None = None
