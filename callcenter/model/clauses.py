"""The terms of a need, held against somebody's skills. Knows tuples and levels; knows not how a need is written.

Asked for every line and every candidate: plain loops, in a module of their own that can be machine code, where messages
(`need.Need` is one) stay plain Python.
"""

from callcenter.model.ids import Skill

Clause = tuple[tuple[Skill, int], ...]
"""Terms that must all hold: (skill, n) is at least n for n > 0, less than -n for n < 0."""


def are_met(alternatives: tuple[Clause, ...], skills: dict[Skill, int]) -> bool:
    """Whether one of the alternatives holds for somebody with these skills (skill -> level)."""
    for clause in alternatives:
        for skill, level in clause:
            has = skills.get(skill, 0)
            if has < level or (level < 0 and has >= -level):
                break
        else:
            return True
    return False


def level_in(alternatives: tuple[Clause, ...], skills: dict[Skill, int]) -> int:
    """The sum of the levels in the asked skills, in the alternative that suits best; -1 if none holds."""
    best = -1
    for clause in alternatives:
        total = 0
        for skill, level in clause:
            has = skills.get(skill, 0)
            if has < level or (level < 0 and has >= -level):
                break
            if level > 0:
                total += has
        else:
            best = max(best, total)
    return best
