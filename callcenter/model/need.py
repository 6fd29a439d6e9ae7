"""Skill requirements: what a contact needs of an agent. Knows the little language they are written in; knows no queue.

    sales >= 3 and vietnamese or english >= 4

`and` binds tighter than `or`; a bare skill means level 1 or more; an empty text is a need that everybody meets. A need
is kept in disjunctive normal form: alternatives, each a conjunction of (skill, least level), sorted, so that equal
needs are equal values and can be the key of a waiting line.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from callcenter.model.ids import Skill

LEVEL_MIN: Final = 1
LEVEL_MAX: Final = 5
ALTERNATIVES_MAX: Final = 16

Clause = tuple[tuple[Skill, int], ...]

_SKILL: Final = r"[^\W\d][\w-]*"
_TERM: Final = re.compile(rf"\s*(?P<skill>{_SKILL})\s*(?:>=\s*(?P<level>\d+))?\s*")
_WORD: Final = re.compile(r"\s*(?P<word>[^\W\d]\w*)\s*")


class NeedSyntaxError(ValueError):
    """A need that cannot be read; `column` is where (1-based)."""

    def __init__(self, problem: str, column: int) -> None:
        super().__init__(problem)
        self.column = column


@lru_cache(maxsize=4096)
def _text(alternatives: tuple[Clause, ...]) -> str:
    def text(clause: Clause) -> str:
        return " and ".join(skill if level == LEVEL_MIN else f"{skill} >= {level}" for skill, level in clause)

    return " or ".join(text(clause) for clause in alternatives)


class Need(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Alternatives of conjunctions of (skill, least level). `Need()` is met by everybody."""

    alternatives: tuple[Clause, ...] = ((),)

    def met_by(self, skills: Mapping[Skill, int]) -> bool:
        """Whether somebody with these skills (skill -> level) can serve."""
        for clause in self.alternatives:  # plain loops: this is asked for every line and every candidate
            for skill, level in clause:
                if skills.get(skill, 0) < level:
                    break
            else:
                return True
        return False

    def level_of(self, skills: Mapping[Skill, int]) -> int:
        """The sum of the agent's levels in the asked skills, in the alternative that suits best; -1 if none is met."""
        best = -1
        for clause in self.alternatives:
            total = 0
            for skill, level in clause:
                has = skills.get(skill, 0)
                if has < level:
                    break
                total += has
            else:
                best = max(best, total)
        return best

    def lacking(self, skills: Mapping[Skill, int]) -> tuple[str, ...]:
        """What is missing for the alternative that is nearest, as text ("sales >= 3 (has 1)"); empty when met."""
        gaps = (
            tuple(
                f"{skill} >= {level} (has {skills.get(skill, 0)})"
                for skill, level in clause
                if skills.get(skill, 0) < level
            )
            for clause in self.alternatives
        )
        return min(gaps, key=lambda gap: (len(gap), gap))

    def __str__(self) -> str:
        return _text(self.alternatives)


ANYBODY: Final = Need()


def parse_need(text: str) -> Need:
    """Read a need. Raises NeedSyntaxError with a 1-based column and a remedy."""
    if not text.strip():
        return ANYBODY
    alternatives: list[dict[Skill, int]] = [{}]
    at = 0
    while True:
        term = _TERM.match(text, at)
        if term is None or term["skill"] in ("and", "or"):
            raise NeedSyntaxError(f"expected a skill at {text[at : at + 12]!r}", at + 1)
        level = int(term["level"] or LEVEL_MIN)
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            raise NeedSyntaxError(f"a level is {LEVEL_MIN} to {LEVEL_MAX}, not {level}", term.start("level") + 1)
        clause, skill = alternatives[-1], Skill(term["skill"])
        clause[skill] = max(level, clause.get(skill, 0))
        at = term.end()
        if at == len(text):
            break
        word = _WORD.match(text, at)
        if word is None or word["word"] not in ("and", "or"):
            raise NeedSyntaxError(f"expected `and`, `or` or `>=` at {text[at : at + 12]!r}", at + 1)
        if word["word"] == "or":
            alternatives.append({})
        at = word.end()
    if len(alternatives) > ALTERNATIVES_MAX:
        raise NeedSyntaxError(f"at most {ALTERNATIVES_MAX} alternatives, not {len(alternatives)}", 1)
    return Need(alternatives=tuple(sorted({tuple(sorted(clause.items())) for clause in alternatives})))
