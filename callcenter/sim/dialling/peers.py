"""The rules of other open-source dialers, written anew from what they do. Know the floor; know nothing of ours.

VICIdial (SVN 3884, `AST_VDauto_dial.pl`, `AST_VDadapt.pl`): a level of lines per agent, moved every 15 s by how many
agents wait, and cut when too many calls were dropped. Issabel (`CampaignProcess`, `Predictor`): a busy agent counts
as about to be free when an exponential distribution's value at the time that he has talked passes a threshold, which
makes nothing of what is exponential about it; lines are multiplied by the inverse answer rate ("overcommit"); drops
are not looked at.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from callcenter.sim.dialling.world import Floor, Heard

HIGHEST_LEVEL: Final = 3.0
DIAL_EVERY_S: Final = 2.5
SAMPLE_EVERY_S: Final = 1.0
ADAPT_EVERY_S: Final = 15.0
SAMPLES: Final = 15
MINUTE_S: Final = 60.0
MINUTE_CALLS: Final = 20
MINUTE_DROPS: Final = 0.5
TODAY_CALLS: Final = 50

LOOK_EVERY_S: Final = 3.0
SERVED: Final = 0.97
SAMPLES_MIN: Final = 10
HISTORY_S: Final = 1800.0
ANSWERED_MIN: Final = 0.20
ANSWER_S: Final = 8.0


class Method(StrEnum):
    """What VICIdial does when too many calls were dropped today."""

    HARD_LIMIT = "HARD_LIMIT"
    AVERAGE = "AVERAGE"
    TAPERED = "TAPERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """VICIdial's settings of a campaign. As it comes: the defaults here."""

    method: Method = Method.HARD_LIMIT
    highest: float = HIGHEST_LEVEL
    difference: float = 0.0  # agents who ought to wait: below zero, callers who ought to
    intensity: float = 1.0
    limit: float = 0.03

    def __str__(self) -> str:
        return (
            f"{self.method} level<={self.highest:g} difference {self.difference:+g} "
            f"intensity {self.intensity:g} limit {self.limit:.1%}"
        )


@dataclass(slots=True, kw_only=True)
class Vicidial:
    """VICIdial's rule."""

    tuning: Tuning
    ends_s: float  # when the day ends
    at_events: bool = False
    every_s: float = SAMPLE_EVERY_S
    level: float = 1.0
    calls: int = 0
    drops: int = 0
    minute: deque[tuple[float, bool]] = field(default_factory=deque)
    samples: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    dial_at: float = 0.0
    adapt_at: float = ADAPT_EVERY_S

    def hear(self, what: Heard, now: float, line: int, seconds: float) -> None:
        """Live answers and drops are counted."""
        if what is Heard.ANSWERED:
            self.calls += 1
            self.minute.append((now, False))
        elif what is Heard.DROPPED:
            self.drops += 1
            self.minute.append((now, True))

    def lines(self, floor: Floor, now: float) -> int:
        """A sample each second, an adaptation every 15, dials every 2.5."""
        agents = len(floor.ready) + len(floor.on_contact)
        self.samples.append((len(floor.ready), len(floor.waiting), agents))
        if now >= self.adapt_at:
            self.adapt_at += ADAPT_EVERY_S
            self._adapt(now)
        if now < self.dial_at:
            return 0
        self.dial_at += DIAL_EVERY_S
        goal = round(self.level * (agents + self.tuning.difference))
        return goal - floor.dialling - len(floor.waiting) - len(floor.on_contact)

    def _adapt(self, now: float) -> None:
        ready, waiting, agents = (sum(each) / len(self.samples) for each in zip(*self.samples, strict=True))
        tuning = self.tuning
        moved = (ready - waiting + tuning.difference) / agents if agents else 0.0
        level = min(max(self.level * (1.0 + moved * tuning.intensity), 1.0), tuning.highest)
        while self.minute and self.minute[0][0] < now - MINUTE_S:
            self.minute.popleft()
        drops = sum(dropped for _, dropped in self.minute)
        calls = len(self.minute) - drops
        if calls > MINUTE_CALLS and drops > MINUTE_DROPS * calls:
            level /= 2.0
        if self.calls > TODAY_CALLS and self.drops > tuning.limit * self.calls:
            level = self._cut(level, now)
        self.level = max(level, 1.0)

    def _cut(self, level: float, now: float) -> float:
        if self.tuning.method is Method.HARD_LIMIT:
            return 1.0
        if self.tuning.method is Method.AVERAGE:
            return level / 2.0
        left_s = max(self.ends_s - now, 0.0)
        as_digits = left_s // 3600.0 * 100.0 + left_s % 3600.0 // 60.0  # HHMM, read as a number
        return level * min(1.0, as_digits / 1000.0)


@dataclass(slots=True, kw_only=True)
class Issabel:
    """Issabel's rule, as it comes but with overcommit switched on where that is asked for."""

    overcommit: bool
    at_events: bool = False
    every_s: float = LOOK_EVERY_S
    talks: int = 0
    talk_s: float = 0.0
    history: deque[tuple[float, bool]] = field(default_factory=deque)

    def hear(self, what: Heard, now: float, line: int, seconds: float) -> None:
        """Talks and outcomes are remembered."""
        if what is Heard.TALKED:
            self.talks += 1
            self.talk_s += seconds
        elif what in (Heard.ANSWERED, Heard.UNANSWERED):
            self.history.append((now, what is Heard.ANSWERED))

    def lines(self, floor: Floor, now: float) -> int:
        """Who is free or counts as about to be, less who waits; overcommitted; less what is dialling."""
        wanted = len(floor.ready) - len(floor.waiting)
        if self.talks >= SAMPLES_MIN:
            mean_s = self.talk_s / self.talks
            wanted += sum(
                1.0 - math.exp(-(now - since + ANSWER_S) / mean_s) >= SERVED for since in floor.on_contact.values()
            )
        while self.history and self.history[0][0] < now - HISTORY_S:
            self.history.popleft()
        if self.overcommit and len(self.history) >= SAMPLES_MIN:
            answered = sum(live for _, live in self.history) / len(self.history)
            wanted = round(wanted / max(answered, ANSWERED_MIN)) if answered > 0.0 else wanted
        return wanted - floor.dialling


def tunings(agents: int) -> tuple[Tuning, ...]:
    """A grid over what a patient manager might try. 48 settings."""
    differences = tuple(-round(share * agents) for share in (0.0, 0.05, 0.1, 0.2))
    levels = [
        Tuning(method=Method.AVERAGE, highest=highest, difference=difference, intensity=intensity)
        for highest in (1.5, 1.75, 2.0, HIGHEST_LEVEL)
        for difference in differences
        for intensity in (0.25, 1.0)
    ]
    methods = [
        Tuning(method=method, difference=difference, intensity=intensity, limit=limit)
        for method, limit in ((Method.HARD_LIMIT, 0.02), (Method.TAPERED, 0.03))
        for difference in differences
        for intensity in (0.25, 1.0)
    ]
    return (*levels, *methods)


DEFAULTS: Final = tuple(Tuning(method=method) for method in Method)
