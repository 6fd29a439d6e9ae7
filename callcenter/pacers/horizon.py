"""What the life tables say of the moments at which a line dialled now would be answered. Knows no agents and no lines.

Worked out once for each set of tables (they change every minute or so) and looked up at each question: an age falls
into a bin, and for each bin and each moment there is a chance. The moments are equally likely, MOMENTS of them.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec

from callcenter.model.pacing import LifeTable

MOMENTS: Final = 4
STEPS: Final = 5  # into which the time to a moment is cut, for a talk and a wrap-up that both have to end in it
GOING_MIN: Final = 1e-3  # who has lasted longer than all but so few is taken as one of these few
Chances = tuple[float, ...]  # one for each moment


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """Moments after now, and what will have happened by then to what is going on now, by bin of its age."""

    moments_s: Chances
    answered: Chances  # of a line dialled now: the share of its live answers that comes before the moment
    ring_edges: tuple[float, ...]
    ring_answers: tuple[Chances, ...]  # by bin: the share of all live answers that lies between this age and the moment
    ring_answered: tuple[float, ...]  # by bin: the share of all live answers that came before
    ring_ended: tuple[float, ...]  # by bin: the share of all other ends that came before
    talk_edges: tuple[float, ...]
    talk_free: tuple[Chances, ...]  # by bin: the chance that talk and wrap-up are over by the moment and the grace
    wrap_up_edges: tuple[float, ...]
    wrap_up_free: tuple[Chances, ...]


def going(table: LifeTable, seconds: float) -> float:
    """The share that still goes on after so many seconds."""
    edges = table.edges_s
    place = bisect_right(edges, seconds)
    if place >= len(edges):
        return table.going[-1]
    if place == 0:
        return 1.0
    low, high = table.going[place - 1], table.going[place]
    return low + (high - low) * (seconds - edges[place - 1]) / (edges[place] - edges[place - 1])


def reached(table: LifeTable, share: float) -> float:
    """The first second by which this share (0..1) is over."""
    left = 1.0 - share
    for place in range(1, len(table.edges_s)):
        low, high = table.going[place], table.going[place - 1]
        if low <= left:
            begins, ends = table.edges_s[place - 1], table.edges_s[place]
            return begins + (ends - begins) * ((high - left) / (high - low) if high > low else 0.0)
    return table.edges_s[-1]


@lru_cache(maxsize=16)
def horizon(answer: LifeTable, no_answer: LifeTable, talk: LifeTable, wrap_up: LifeTable, grace_s: float) -> Horizon:
    """The tables, worked out."""
    at = tuple(reached(answer, (moment + 0.5) / MOMENTS) for moment in range(MOMENTS))
    ring_ages, talk_ages, wrap_ages = (_middles(table.edges_s) for table in (answer, talk, wrap_up))
    until = tuple(moment + grace_s for moment in at)
    return Horizon(
        moments_s=at,
        answered=tuple((moment + 0.5) / MOMENTS for moment in range(MOMENTS)),
        ring_edges=answer.edges_s,
        ring_answers=tuple(
            tuple(going(answer, age) - going(answer, age + moment) for moment in at) for age in ring_ages
        ),
        ring_answered=tuple(1.0 - going(answer, age) for age in ring_ages),
        ring_ended=tuple(1.0 - going(no_answer, age) for age in ring_ages),
        talk_edges=talk.edges_s,
        talk_free=tuple(tuple(_both_over(talk, wrap_up, age, within) for within in until) for age in talk_ages),
        wrap_up_edges=wrap_up.edges_s,
        wrap_up_free=tuple(tuple(_over(wrap_up, age, within) for within in until) for age in wrap_ages),
    )


def _middles(edges: tuple[float, ...]) -> list[float]:
    """An age for each bin: its middle, and where the last one begins."""
    return [(low + high) / 2.0 for low, high in pairwise(edges)] + [edges[-1]]


def _known(table: LifeTable, age_s: float) -> float:
    """The age, or the oldest at which enough still go on to say how they end."""
    return age_s if going(table, age_s) >= GOING_MIN else min(age_s, reached(table, 1.0 - GOING_MIN))


def _over(table: LifeTable, age_s: float, within_s: float) -> float:
    """The chance that what has lasted `age_s` is over `within_s` later."""
    age_s = _known(table, age_s)
    left = going(table, age_s)
    return 1.0 - going(table, age_s + within_s) / left if left > 0.0 else 1.0


def _both_over(talk: LifeTable, wrap_up: LifeTable, age_s: float, within_s: float) -> float:
    """The chance that a talk that has lasted `age_s` and its wrap-up are both over `within_s` later."""
    age_s = _known(talk, age_s)
    left = before = going(talk, age_s)
    if left <= 0.0:
        return _over(wrap_up, 0.0, within_s)
    chance, step_s = 0.0, within_s / STEPS
    for step in range(STEPS):
        after = going(talk, age_s + (step + 1) * step_s)
        chance += (before - after) * (1.0 - going(wrap_up, within_s - (step + 0.5) * step_s))
        before = after
    return chance / left
