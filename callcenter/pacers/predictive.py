"""Predictive: lines are dialled for agents who are not free yet, as far as the risk of a drop is allowed.

Knows the question and the arithmetic of chances; knows no scenario. Theory and sources: docs/pacing.md.

A line dialled now is answered, if at all, at one of several moments (`horizon.py`). By each of them some of the lines
that ring already will have been answered, and some of those who talk or wrap up will have become free: each with a
chance of its own, given how long it has lasted. The *risk* of a new line is the chance that, if it is answered, it
finds nobody within the grace, averaged over the moments. As many lines are dialled as keep the risk of the last of
them within what is allowed.

What is allowed follows the account of drops: earned with every live answer at the rate of the target, paid with every
drop. Whatever the predictions are worth, drops so come to the target in the long run (integral control). And no drop
is risked that would take a window over the hard stop if it came to be: until then there is room for a few, so that one
burst of drops does not end in an hour of nothing but progressive.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import Final

from callcenter.model.pacing import Answers, Experience, PacerName, PacingAnswer, PacingQuestion
from callcenter.pacers.counting import distribution, moments, reaches, with_event
from callcenter.pacers.horizon import Horizon, horizon
from callcenter.pacers.pacer import ceiling, overspent, progressive, unspoken_for

NAME: Final = PacerName("predictive")
EXACT_MAX: Final = 20  # agents and lines up to which chances are added one by one
RISK_BALANCED: Final = 0.01  # allowed when the account of drops is even
RISK_MAX: Final = 0.3
ACCOUNT_DROPS: Final = 5.0  # so many drops more in the account allow e times the risk
HELD_BACK: Final = 0.6  # drops, times the root of the crew, that are left between what is aimed at and the hard stop
LINES_PER_AGENT_MAX: Final = 10  # ringing at once: a list that nobody answers is no reason to flood the trunk
CAUTION: Final = 1.2  # standard errors by which a dial is taken to be likelier answered than it was found to be
DIALS_IMAGINED: Final = 16.0  # added to those that the chance stands on: after a few dials its error is unknown as well
Group = tuple[float, int]  # a chance, and of how many


class Predictive:
    """As many lines as the agents who will be free can take."""

    def pace(self, question: PacingQuestion) -> PacingAnswer:
        """Never fewer than progressive would: those lines are without risk."""
        most, _ = ceiling(question)
        lacks = question.experience.lacks or overspent(question)
        if most == 0 or lacks:
            return progressive(question, lacks)
        scene = _Scene(question)
        allowed = risk_allowed(question)
        ringing_most = max(LINES_PER_AGENT_MAX * question.crew.size - question.dialling, 0)
        lines = scene.lines_within(allowed, min(most, ringing_most))
        lines = min(max(lines, unspoken_for(question)), most)
        risk = scene.risk(lines) if lines else scene.risk(1)
        free, answers = scene.expected()
        return PacingAnswer(
            lines=lines,
            why=f"{free:.1f} free and {answers:.1f} answers expected, risk {risk:.1%} of {allowed:.1%} allowed",
            rule=NAME,
            free_expected=round(free, 3),
            answers_expected=round(answers, 3),
            risk=round(risk, 4),
            risk_allowed=round(allowed, 4),
        )


def risk_allowed(question: PacingQuestion) -> float:
    """What the accounts of both windows allow: the lower of the two, 0..RISK_MAX."""
    return min(_allowed(question, question.day), _allowed(question, question.month))


def _allowed(question: PacingQuestion, window: Answers) -> float:
    budget, held_back = question.budget, HELD_BACK * math.sqrt(question.crew.size)
    account = min(budget.target * window.live, budget.hard * window.live - held_back) - window.drops
    return min(RISK_BALANCED * math.exp(min(account / ACCOUNT_DROPS, 10.0)), RISK_MAX)


def reckoned(chance: float, known: Experience) -> float:
    """The chance to be answered that is reckoned with, 0..1, where `chance` was found.

    Wrong estimates cost unevenly: too high a chance leaves agents waiting for a minute, too low a one drops a burst of
    people, which a young account pays for hours. Dials that are learnt in their order are not erred about in bursts.
    """
    chance = min(max(chance, 0.0), 1.0)
    error = math.sqrt(chance * (1.0 - chance) / (known.dials + DIALS_IMAGINED))
    return chance if known.in_order else min(chance + CAUTION * error, 1.0)


class _Scene:
    """One question's chances, moment by moment: of the lines to be answered, of the agents to be free."""

    def __init__(self, question: PacingQuestion) -> None:
        known = question.experience
        at = horizon(known.answer, known.no_answer, known.talk, known.wrap_up, question.grace_s)
        self.chance = reckoned(known.chance, known)
        self.free = len(question.crew.ready) - question.waiting
        self.answered = at.answered
        self.answers = _answers(question, at)
        self.frees = _frees(question, at)
        busy = len(question.crew.on_contact) + len(question.crew.wrap_up)
        if question.crew.size + question.dialling <= EXACT_MAX:
            self.risks: _Exactly | _Roughly = _Exactly(self, busy)
        else:
            self.risks = _Roughly(self, known.dials)

    def expected(self) -> tuple[float, float]:
        """Agents free by the middle moment, less the people who wait; answers of the lines that ring."""
        middle = len(self.answered) // 2
        return (
            self.free + sum(chance * times for chance, times in self.frees[middle]),
            sum(chance * times for chance, times in self.answers[middle]),
        )

    def risk(self, lines: int) -> float:
        """The risk of the last of so many new lines (at least 1), 0..1."""
        return self.risks.after(lines - 1)

    def lines_within(self, allowed: float, most: int) -> int:
        """The most lines of which the last one's risk is within what is allowed."""
        low, high = 0, 1
        while high <= most and self.risk(high) <= allowed:
            low, high = high, high * 2
        high = min(high, most + 1)
        while high - low > 1:
            middle = (low + high) // 2
            if self.risk(middle) <= allowed:
                low = middle
            else:
                high = middle
        return low


class _Exactly:
    """The distributions of answers and of free agents, event by event."""

    def __init__(self, scene: _Scene, busy: int) -> None:
        self._scene = scene
        most = max(scene.free + busy, 0)
        self._short: list[list[float]] = []  # by moment: the chance that so many answers find no further agent
        for groups in scene.frees:
            frees = list(accumulate(distribution(groups, busy)))
            by_count = (n - scene.free for n in range(most + 1))
            self._short.append([frees[min(n, busy)] if n >= 0 else 0.0 for n in by_count])
        self._dials = [[distribution(groups, most) for groups in scene.answers]]  # by how many lines were added

    def after(self, lines: int) -> float:
        """The risk of a line after so many other new ones."""
        scene = self._scene
        while len(self._dials) <= lines:
            self._dials.append(
                [
                    with_event(counts, scene.chance * share)
                    for counts, share in zip(self._dials[-1], scene.answered, strict=True)
                ]
            )
        return _from_then_on(
            [sum(map(mul, counts, short)) for counts, short in zip(self._dials[lines], self._short, strict=True)]
        )


class _Roughly:
    """The same by three moments of each."""

    def __init__(self, scene: _Scene, dials: float) -> None:
        self._scene = scene
        # how uncertain the chance itself is adds to the spread of the answers: as a beta distribution's variance does
        self._doubt = (1.0 - scene.chance) / (scene.chance * (dials + 1.0)) if scene.chance > 0.0 else 0.0
        self._moments = [
            (moments(answers), moments(frees)) for answers, frees in zip(scene.answers, scene.frees, strict=True)
        ]

    def after(self, lines: int) -> float:
        """The risk of a line after so many other new ones."""
        risks, free = [], self._scene.free
        for answered, ((answers, more, third), (frees, less, fourth)) in zip(
            self._scene.answered, self._moments, strict=True
        ):
            chance = self._scene.chance * answered
            new = lines * chance
            spread = new * (1.0 - chance)
            mean = answers + new
            variance = more + spread + less + mean * mean * self._doubt
            risks.append(reaches(free, mean - frees, variance, third + spread * (1.0 - 2.0 * chance) - fourth))
        return _from_then_on(risks)


def _from_then_on(risks: list[float]) -> float:
    worst = total = 0.0
    for risk in reversed(risks):
        worst = max(worst, risk)
        total += worst
    return total / len(risks)


def _answers(question: PacingQuestion, at: Horizon) -> list[list[Group]]:
    """For each moment: how likely each ringing line is to have been answered by then, given how long it has rung."""
    by_moment: list[list[Group]] = [[] for _ in at.moments_s]
    for group in question.ringing:
        chance = reckoned(group.chance, question.experience)
        for place, times in _by_bin(at.ring_edges, group.since, question.now):
            rings_on = 1.0 - chance * at.ring_answered[place] - (1.0 - chance) * at.ring_ended[place]
            if rings_on <= 1e-9:
                continue
            for groups, answers in zip(by_moment, at.ring_answers[place], strict=True):
                groups.append((min(chance * answers / rings_on, 1.0), times))
    return by_moment


def _frees(question: PacingQuestion, at: Horizon) -> list[list[Group]]:
    """For each moment: how likely each agent who is busy is to have become free by then and the grace."""
    by_moment: list[list[Group]] = [[] for _ in at.moments_s]
    crew = question.crew
    for edges, table, since in (
        (at.talk_edges, at.talk_free, crew.on_contact),
        (at.wrap_up_edges, at.wrap_up_free, crew.wrap_up),
    ):
        for place, times in _by_bin(edges, since, question.now):
            for groups, chance in zip(by_moment, table[place], strict=True):
                groups.append((chance, times))
    return by_moment


def _by_bin(edges: tuple[float, ...], since: Sequence[float], now: float) -> list[tuple[int, int]]:
    """How many fall into each bin of age, in the order of the bins."""
    counts: dict[int, int] = {}
    for each in since:
        place = bisect_right(edges, now - each)
        counts[place] = counts.get(place, 0) + 1
    return sorted((max(place - 1, 0), times) for place, times in counts.items())
