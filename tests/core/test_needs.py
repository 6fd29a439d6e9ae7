"""The language of needs, and needs made of needs, against what they mean for each agent there could be."""

from collections.abc import Callable, Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.model.agent import Agent
from callcenter.model.clauses import Clause
from callcenter.model.ids import AgentId, Skill
from callcenter.model.need import (
    ANYBODY,
    NOBODY_MEETS,
    Need,
    NeedSyntaxError,
    among,
    both,
    dropped,
    either,
    lowered,
    negated,
    only,
    parse_need,
    without,
)
from tests.examples import examples

SKILLS = ("a", "b")
PEOPLE = tuple(
    Agent(id=AgentId(name), name=name, number=name, skills={Skill("a"): a, Skill("b"): b})
    for name, a, b in product(("ann", "bob"), range(6), range(6))
)
"""Two people with every pair of levels: nobody else can be told apart by a need over these."""

Meaning = Callable[[Agent], bool]

terms = st.one_of(
    st.sampled_from(SKILLS),
    st.sampled_from([f"{skill} >= {level}" for skill in SKILLS for level in (2, 4)]),
    st.sampled_from([f"not {skill}{least}" for skill in SKILLS for least in ("", " >= 3")]),
    st.sampled_from(["@ann", "@bob", "not @ann"]),
)
texts = st.lists(st.lists(terms, min_size=1, max_size=3).map(" and ".join), min_size=1, max_size=3).map(" or ".join)


def readable(text: str) -> bool:
    try:
        parse_need(text)
    except NeedSyntaxError:
        return False
    return True


needs = st.one_of(texts.filter(readable).map(parse_need), st.just(ANYBODY), st.just(NOBODY_MEETS))


def meaning(text: str) -> Meaning:
    """What a text means, read as slowly as one can."""

    def holds(term: str, agent: Agent) -> bool:
        if term.startswith("not "):
            return not holds(term[4:], agent)
        if term.startswith("@"):
            return agent.id == term[1:]
        skill, _, level = term.partition(" >= ")
        return agent.skills.get(Skill(skill), 0) >= int(level or 1)

    return lambda agent: any(all(holds(term, agent) for term in clause.split(" and ")) for clause in text.split(" or "))


def met(need: Need) -> list[bool]:
    return [need.met_by(agent.able) for agent in PEOPLE]


@settings(max_examples=examples(200), deadline=None)
@given(text=texts)
def test_a_text_means_what_it_says_for_everybody(text: str) -> None:
    means = meaning(text)
    if not readable(text):
        assert not all(any(meaning(clause)(agent) for agent in PEOPLE) for clause in text.split(" or "))
        return
    need = parse_need(text)
    assert met(need) == [means(agent) for agent in PEOPLE]
    assert parse_need(str(need)) == need
    for agent in PEOPLE:
        assert (need.level_of(agent.able) >= 0) == (not need.lacking(agent.able)) == means(agent)


@settings(max_examples=examples(150), deadline=None)
@given(one=needs, other=needs, by=st.integers(1, 5))
def test_needs_made_of_needs_mean_what_they_are_made_of(one: Need, other: Need, by: int) -> None:
    first, second = met(one), met(other)
    assert met(either(one, other)) == [a or b for a, b in zip(first, second, strict=True)]
    assert met(both(one, other)) == [a and b for a, b in zip(first, second, strict=True)]
    assert met(negated(one)) == [not a for a in first]
    ann = AgentId("ann")
    assert met(without(one, [ann])) == [a and agent.id != ann for a, agent in zip(first, PEOPLE, strict=True)]
    for made in (either(one, other), both(one, other), lowered(one, by), dropped(one, [Skill("a")]), negated(one)):
        assert parse_need(str(made)) == made


def lower(clause: Clause, by: Mapping[str, int]) -> Clause:
    return tuple((skill, max(level - by.get(skill, 0), 1)) if level > 0 else (skill, level) for skill, level in clause)


@settings(max_examples=examples(150), deadline=None)
@given(need=needs, by=st.integers(1, 5))
def test_lowering_and_dropping_go_term_by_term(need: Need, by: int) -> None:
    everything = dict.fromkeys((*SKILLS, "@ann", "@bob"), by)
    assert met(lowered(need, by)) == met(Need(tuple(lower(clause, everything) for clause in need.alternatives)))
    assert met(lowered(need, 0, {Skill("a"): by})) == met(
        Need(tuple(lower(clause, {"a": by}) for clause in need.alternatives))
    )
    kept = tuple(tuple(term for term in clause if term[0] != "a") for clause in need.alternatives)
    assert met(dropped(need, [Skill("a")])) == met(Need(kept))
    for able_now, able_before in zip(met(lowered(need, by)), met(need), strict=True):
        assert able_now or not able_before, "lowering shuts nobody out"


def test_one_agent_or_some() -> None:
    assert str(only(AgentId("ann"))) == "@ann"
    assert str(among([AgentId("bob"), AgentId("ann")])) == "@ann or @bob"
    assert among([]) == NOBODY_MEETS
    assert str(without(parse_need("sales"), [AgentId("ann")])) == "not @ann and sales"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("sales or sales >= 3", "sales"),
        ("sales and sales >= 3", "sales >= 3"),
        ("b and a or a and b", "a and b"),
        ("not sales and not sales >= 3", "not sales"),
        ("@ann and not @bob", "@ann"),
        ("nobody", "nobody"),
        ("", ""),
    ],
)
def test_equal_needs_are_equal_values(text: str, kept: str) -> None:
    assert str(parse_need(text)) == kept


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("sales and not sales", 1, "nobody can meet sales and not sales"),
        ("@ann and @bob", 1, "nobody can meet @ann and @bob"),
        ("sales >= 3 and not sales >= 2", 1, "nobody can meet"),
        ("not", 1, "expected a skill"),
        ("sales and not and", 11, "expected a skill"),
        ("not >= 3", 1, "expected a skill"),
        ("@ann >= 2", 6, "expected `and`"),
        ("sales or nobody", 10, "expected a skill"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, column: int, problem: str) -> None:
    with pytest.raises(NeedSyntaxError, match=problem) as told:
        parse_need(text)
    assert told.value.column == column


def test_what_an_agent_lacks_is_said_in_words() -> None:
    ann = Agent(id=AgentId("ann"), name="Ann", number="1", skills={Skill("sales"): 2})
    assert parse_need("sales >= 3").lacking(ann.able) == ("sales >= 3 (has 2)",)
    assert parse_need("not sales").lacking(ann.able) == ("not sales (has 2)",)
    assert parse_need("@bob").lacking(ann.able) == ("agent bob",)
    assert parse_need("not @ann").lacking(ann.able) == ("anybody but ann",)
    assert parse_need("@bob or sales >= 3 and english").lacking(ann.able) == ("english (has 0)", "sales >= 3 (has 2)")
    assert NOBODY_MEETS.lacking(ann.able) == ("nobody",)
