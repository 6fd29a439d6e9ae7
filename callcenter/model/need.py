"""Skill requirements: what a contact needs of an agent. Knows the little language they are written in; knows no queue.

    sales >= 3 and vietnamese or english >= 4
    sales and not trainee or @linh

`and` binds tighter than `or`; a bare skill means level 1 or more; `not sales >= 3` means less than 3, `not sales` none;
`@linh` is the agent linh whatever her skills; `nobody` is met by nobody, an empty text by everybody.

A need is kept in disjunctive normal form: alternatives, each a conjunction of terms, sorted, so that equal needs are
equal values and can be the key of a waiting line. A term is (skill, n): at least n for n > 0, less than -n for n < 0.
An agent is a pseudo skill that only she has (`named`), so that whatever finds agents by skills finds her too.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from callcenter.model.clauses import Clause, are_met, level_in
from callcenter.model.ids import AgentId, Skill

LEVEL_MIN: Final = 1
LEVEL_MAX: Final = 5
ALTERNATIVES_MAX: Final = 16
AGENT_SIGN: Final = "@"

_SKILL: Final = r"[^\W\d][\w-]*"
_AGENT: Final = r"@[\w.-]+"
_TERM: Final = re.compile(
    rf"\s*(?P<denied>not\s+)?(?:(?P<agent>{_AGENT})|(?P<skill>{_SKILL})\s*(?:>=\s*(?P<level>\d+))?)\s*"
)
_WORD: Final = re.compile(r"\s*(?P<word>[^\W\d]\w*)\s*")
_WORDS: Final = ("and", "or", "not")
_NOBODY: Final = "nobody"


class NeedSyntaxError(ValueError):
    """A need that cannot be read; `column` is where (1-based)."""

    def __init__(self, problem: str, column: int) -> None:
        super().__init__(problem)
        self.column = column


@lru_cache(maxsize=4096)
def _text(need: "Need") -> str:  # by the need and not by what it is made of: it knows its hash
    clauses = need.alternatives
    return " or ".join(" and ".join(map(_term_text, clause)) for clause in clauses) if clauses else _NOBODY


def _term_text(term: tuple[Skill, int]) -> str:
    skill, level = term
    least = "" if abs(level) == LEVEL_MIN else f" >= {abs(level)}"
    return f"{'not ' if level < 0 else ''}{skill}{least}"


class Need(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Alternatives of conjunctions of terms. `Need()` is met by everybody, `Need(alternatives=())` by nobody.

    `skills` is always what an agent is able to do (`Agent.able`): her skills and her own name.
    """

    alternatives: tuple[Clause, ...] = ((),)

    def met_by(self, skills: Mapping[Skill, int]) -> bool:
        """Whether somebody with these skills (skill -> level) can serve."""
        return are_met(self.alternatives, skills if isinstance(skills, dict) else dict(skills))

    def level_of(self, skills: Mapping[Skill, int]) -> int:
        """The sum of the agent's levels in the asked skills, in the alternative that suits best; -1 if none is met."""
        return level_in(self.alternatives, skills if isinstance(skills, dict) else dict(skills))

    def lacking(self, skills: Mapping[Skill, int]) -> tuple[str, ...]:
        """What is missing for the alternative that is nearest, as text ("sales >= 3 (has 1)"); empty when met.

        An alternative that is somebody else is the farthest: a skill can be learnt.
        """
        gaps = []
        for clause in self.alternatives:
            missing = [term for term in clause if not _holds(term, skills.get(term[0], 0))]
            another = any(level > 0 and is_name(skill) for skill, level in missing)
            gaps.append((another, len(missing), tuple(_gap(term, skills.get(term[0], 0)) for term in missing)))
        return min(gaps)[2] if gaps else (_NOBODY,)

    def __str__(self) -> str:
        return _text(self)


ANYBODY: Final = Need()
NOBODY_MEETS: Final = Need(alternatives=())


def named(agent: AgentId) -> Skill:
    """The pseudo skill that this agent has, at level 1, and nobody else."""
    return Skill(AGENT_SIGN + agent)


def is_name(skill: Skill) -> bool:
    """Whether it is an agent and no skill."""
    return skill.startswith(AGENT_SIGN)


# -- needs made of needs -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def either(one: Need, other: Need) -> Need:
    """Met by whoever meets one of the two."""
    return _need((*one.alternatives, *other.alternatives))


@lru_cache(maxsize=4096)
def both(one: Need, other: Need) -> Need:
    """Met by whoever meets the two."""
    return _need(_joined((*a, *b)) for a in one.alternatives for b in other.alternatives)


@lru_cache(maxsize=1024)
def negated(need: Need) -> Need:
    """Met by whoever does not meet it. Its alternatives are one term of each of the need's: keep needs short."""
    result = ANYBODY
    for clause in need.alternatives:
        result = both(result, Need(alternatives=tuple(sorted(((skill, -level),) for skill, level in clause))))
    return result


def lowered(need: Need, by: int, skills: Mapping[Skill, int] | None = None) -> Need:
    """Every least level lowered by `by`, or each skill's of `skills` by its own number; 1 is the lowest."""

    def less(term: tuple[Skill, int]) -> tuple[Skill, int]:
        skill, level = term
        amount = by if skills is None else skills.get(skill, 0)
        return (skill, max(level - amount, LEVEL_MIN)) if level > 0 else term

    return _need(_joined(map(less, clause)) for clause in need.alternatives)


def dropped(need: Need, skills: Iterable[Skill]) -> Need:
    """Without any term about these skills."""
    gone = frozenset(skills)
    return _need(tuple(term for term in clause if term[0] not in gone) for clause in need.alternatives)


def only(agent: AgentId) -> Need:
    """This agent and nobody else."""
    return Need(alternatives=(((named(agent), 1),),))


def among(agents: Iterable[AgentId]) -> Need:
    """Any of these agents; of none: nobody."""
    return Need(alternatives=tuple(((named(agent), 1),) for agent in sorted(set(agents))))


def without(need: Need, agents: Iterable[AgentId]) -> Need:
    """The need, but none of these agents."""
    return both(need, Need(alternatives=(tuple((named(agent), -1) for agent in sorted(set(agents))),)))


# -- reading -----------------------------------------------------------------------------------------------------------


def parse_need(text: str) -> Need:
    """Read a need. Raises NeedSyntaxError with a 1-based column and a remedy."""
    if not text.strip():
        return ANYBODY
    if text.strip() == _NOBODY:
        return NOBODY_MEETS
    alternatives: list[list[tuple[Skill, int]]] = [[]]
    at = 0
    while True:
        found, at = _parse_term(text, at)
        alternatives[-1].append(found)
        if at == len(text):
            break
        word = _WORD.match(text, at)
        if word is None or word["word"] not in ("and", "or"):
            raise NeedSyntaxError(f"expected `and`, `or` or `>=` at {text[at : at + 12]!r}", at + 1)
        if word["word"] == "or":
            alternatives.append([])
        at = word.end()
    if len(alternatives) > ALTERNATIVES_MAX:
        raise NeedSyntaxError(f"at most {ALTERNATIVES_MAX} alternatives, not {len(alternatives)}", 1)
    clauses = [_joined(terms) for terms in alternatives]
    for clause, terms in zip(clauses, alternatives, strict=True):
        if clause is None:
            raise NeedSyntaxError(f"nobody can meet {' and '.join(map(_term_text, terms))}", 1)
    return _need(clauses)


def _parse_term(text: str, at: int) -> tuple[tuple[Skill, int], int]:
    """The term that begins at `at`, and where it ends."""
    term = _TERM.match(text, at)
    if term is None or term["skill"] in (*_WORDS, _NOBODY):
        raise NeedSyntaxError(f"expected a skill at {text[at : at + 12]!r}", at + 1)
    level = int(term["level"] or LEVEL_MIN)
    if not LEVEL_MIN <= level <= LEVEL_MAX:
        raise NeedSyntaxError(f"a level is {LEVEL_MIN} to {LEVEL_MAX}, not {level}", term.start("level") + 1)
    return (Skill(term["agent"] or term["skill"]), -level if term["denied"] else level), term.end()


# -- normal form -------------------------------------------------------------------------------------------------------


def _need(clauses: Iterable[Clause | None]) -> Need:
    """The need of these alternatives; None is one that nobody meets, and who meets one says nothing of a stricter."""
    kept: list[Clause] = []
    possible = {clause for clause in clauses if clause is not None}
    for clause in sorted(possible, key=lambda clause: (len(clause), clause)):
        if not any(_implies(clause, weaker) for weaker in kept):
            kept = [one for one in kept if not _implies(one, clause)]
            kept.append(clause)
    return Need(alternatives=tuple(sorted(kept)))


def _joined(terms: Iterable[tuple[Skill, int]]) -> Clause | None:
    """The conjunction of terms, each said once; None if nobody can meet it."""
    least: dict[Skill, int] = {}
    below: dict[Skill, int] = {}
    for skill, level in terms:
        if level > 0:
            least[skill] = max(level, least.get(skill, 0))
        else:
            below[skill] = max(level, below.get(skill, level))
    if any(skill in below and level >= -below[skill] for skill, level in least.items()):
        return None
    agents = [skill for skill in least if is_name(skill)]
    if len(agents) > 1:
        return None  # nobody is two people
    if agents:  # whoever is the one is not the others
        below = {skill: level for skill, level in below.items() if not is_name(skill)}
    return tuple(sorted([*least.items(), *below.items()]))


def _implies(clause: Clause, weaker: Clause) -> bool:
    """Whether everybody who meets `clause` surely meets `weaker`: for each term of that, one of this is as strict."""
    return all(
        any(skill == asked and (least <= has if least > 0 else has < 0 and has >= least) for skill, has in clause)
        for asked, least in weaker
    )


def _holds(term: tuple[Skill, int], has: int) -> bool:
    return has >= term[1] if term[1] > 0 else has < -term[1]


def _gap(term: tuple[Skill, int], has: int) -> str:
    skill, level = term
    if is_name(skill):
        return f"agent {skill[1:]}" if level > 0 else f"anybody but {skill[1:]}"
    return f"{_term_text(term)} (has {has})"
