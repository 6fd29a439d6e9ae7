"""What goes wrong, and when: chances per event and command, and outages on a timetable. Knows no event's meaning.

Only what the real thing does. Events of one leg keep their order; those of different subjects may overtake each other.
An event can be late or come twice; it is lost only with the link or with our process, and then a listing follows. A
command can be refused, meet nobody, or be left without an answer, and a dial request without an answer may still ring.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Final

UNKNOWN_AFTER_S: Final = 3.0  # how long our side waits for the answer to a request
RECOVERY_S: Final = 10.0  # peace after an outage


class Outage(StrEnum):
    """What is away for a while."""

    LINK = "link"  # the websocket: commands still go through
    NETWORK = "network"  # neither events nor commands go through
    ENGINE = "engine"  # our process is killed and started again
    ASTERISK = "asterisk"  # Asterisk is killed and started again: every call is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One outage. `keeps`: what Asterisk has to say meanwhile is said afterwards, instead of never."""

    what: Outage
    at_s: float  # from the start of the run
    for_s: float
    keeps: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Chances are 0..1, delays are seconds."""

    delay_s: float = 0.0  # most that an event or a command usually takes
    slow: float = 0.0  # chance that it takes up to `slow_s`
    slow_s: float = 0.0
    doubled: float = 0.0  # chance that an event comes twice
    refused: float = 0.0  # chance that a command is refused
    unanswered: float = 0.0  # chance that the answer to a command does not come
    late_answer: float = 0.0  # chance that a phone is answered in the moment in which it is cancelled
    loop_late_s: float = 0.0  # how late our loop comes to a deadline
    troubles: tuple[Trouble, ...] = ()

    def takes_s(self, random: Random) -> float:
        """How long an event or a command is under way."""
        if not self.delay_s:
            return 0.0
        if self.slow and random.random() < self.slow:
            return random.random() * self.slow_s
        return random.random() * self.delay_s


def draw_faults(random: Random, *, coarse: bool, length_s: float) -> Faults:
    """The faults of one run: a third of all runs are calm, and every kind of trouble also comes alone."""
    kind = random.randrange(9)
    if kind < 3:
        return Faults(delay_s=0.0 if coarse else 0.01, loop_late_s=0.0 if coarse else random.choice((0.0, 0.02)))
    troubles: tuple[Trouble, ...] = ()
    if kind >= 5:
        outages = tuple(Outage) if kind == 8 else (tuple(Outage)[kind - 5],)
        troubles = tuple(
            Trouble(
                what=random.choice(outages),
                at_s=random.uniform(20.0, length_s),
                for_s=random.uniform(0.2, 12.0),
                keeps=random.random() < 0.6,
            )
            for _ in range(random.randint(1, 3))
        )
    noisy = kind in (3, 4, 8)
    return Faults(
        delay_s=0.0 if coarse else 0.02,
        slow=0.03 if noisy and not coarse else 0.0,
        slow_s=3.0,
        doubled=0.05 if noisy else 0.0,
        refused=0.02 if kind in (4, 8) else 0.0,
        unanswered=0.01 if kind in (4, 8) else 0.0,
        late_answer=0.3 if noisy else 0.05,
        loop_late_s=0.0 if coarse else random.choice((0.0, 0.05)),
        troubles=_one_at_a_time(troubles),
    )


def _one_at_a_time(troubles: tuple[Trouble, ...]) -> tuple[Trouble, ...]:
    """In order, each after the one before is over and everybody has come back."""
    spaced: list[Trouble] = []
    free_at = 0.0
    for trouble in sorted(troubles, key=lambda trouble: trouble.at_s):
        at_s = max(trouble.at_s, free_at)
        spaced.append(replace(trouble, at_s=at_s))
        free_at = at_s + trouble.for_s + RECOVERY_S
    return tuple(spaced)
