"""The laws that every strategy obeys. Being registered enrols a strategy."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.model.ids import AgentId, QueueName
from callcenter.strategies import STRATEGIES, Breadth, Candidate, LooksAt, Question, Strategy
from tests.examples import examples

NOW = 1000.0
agents = st.sampled_from([AgentId(f"a{n}") for n in range(8)])
times = st.sampled_from([0.0, 1.0, 250.5, 999.0, 1000.0])
candidates = st.lists(
    st.builds(
        Candidate,
        agent=agents,
        ready_since=times,
        level=st.integers(0, 15),
        contacts=st.integers(0, 40),
        last_offered=times,
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda candidate: candidate.agent,
)
questions = st.builds(Question, queue=st.just(QueueName("sales")), last_agent=st.none() | agents)
every_strategy = pytest.mark.parametrize("name", sorted(STRATEGIES))


def chosen(strategy: Strategy, crowd: list[Candidate], question: Question) -> Candidate:
    """What the engine does with ranks: the lowest wins, ties go to the lower id."""
    return min(crowd, key=lambda candidate: (strategy.rank(candidate, question), candidate.agent))


@every_strategy
@given(crowd=candidates, question=questions, seed=st.integers(0, 99))
def test_the_order_of_candidates_does_not_matter(
    name: str, crowd: list[Candidate], question: Question, seed: int
) -> None:
    mixed = list(crowd)
    Random(seed).shuffle(mixed)
    assert chosen(STRATEGIES[name], mixed, question) == chosen(STRATEGIES[name], crowd, question)


@every_strategy
@given(crowd=candidates, question=questions)
def test_the_same_question_has_the_same_answer_and_falls_on_a_candidate(
    name: str, crowd: list[Candidate], question: Question
) -> None:
    first = chosen(STRATEGIES[name], crowd, question)
    assert first in crowd
    assert chosen(type(STRATEGIES[name])(), crowd, question) == first


@every_strategy
@given(crowd=candidates, question=questions)
def test_who_is_not_best_is_not_missed(name: str, crowd: list[Candidate], question: Question) -> None:
    """Taking away somebody who was not chosen does not change the choice."""
    strategy = STRATEGIES[name]
    first = chosen(strategy, crowd, question)
    for other in crowd:
        if other != first:
            assert chosen(strategy, [c for c in crowd if c != other], question) == first


@every_strategy
@given(crowd=candidates, question=questions)
def test_ranks_can_be_compared_and_written(name: str, crowd: list[Candidate], question: Question) -> None:
    ranks = [STRATEGIES[name].rank(candidate, question) for candidate in crowd]
    assert {len(rank) for rank in ranks} == {len(ranks[0])}
    assert all(float(part) == part and abs(part) < float("inf") for rank in ranks for part in rank)
    assert sorted(ranks) == sorted(ranks, key=tuple)


@every_strategy
@given(crowd=candidates, one=questions, other=questions)
def test_it_looks_at_nothing_but_what_it_says(
    name: str, crowd: list[Candidate], one: Question, other: Question
) -> None:
    strategy = STRATEGIES[name]
    for candidate in crowd:
        if strategy.looks_at is LooksAt.IDLE_TIME:
            assert strategy.rank(candidate, one) == (candidate.ready_since,)
        if strategy.looks_at in (LooksAt.IDLE_TIME, LooksAt.AGENT):
            assert strategy.rank(candidate, one) == strategy.rank(candidate, other)


@every_strategy
@settings(max_examples=examples(30))
@given(crowd=candidates, question=questions)
def test_the_reason_is_one_line_of_words_without_any_personal_data(
    name: str, crowd: list[Candidate], question: Question
) -> None:
    for candidate in crowd:
        why = STRATEGIES[name].why(candidate, question, NOW)
        assert 5 < len(why) < 120
        assert "\n" not in why
        assert candidate.agent not in why


def one(**more: Any) -> Candidate:
    return Candidate(
        **{"agent": AgentId("x"), "ready_since": 0.0, "level": 1, "contacts": 0, "last_offered": 0.0, **more}
    )


ASKED = Question(queue=QueueName("sales"), last_agent=AgentId("friend"))


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [
        ("longest_idle", one(ready_since=1.0, contacts=9), one(ready_since=2.0)),
        ("best_skill", one(level=5, ready_since=9.0), one(level=4)),
        ("best_skill", one(level=5, ready_since=1.0), one(level=5, ready_since=2.0)),
        ("round_robin", one(last_offered=1.0, ready_since=9.0), one(last_offered=2.0)),
        ("round_robin", one(last_offered=0.0), one(last_offered=0.5)),
        ("fewest_contacts", one(contacts=1, ready_since=9.0), one(contacts=2)),
        ("fewest_contacts", one(contacts=1, ready_since=1.0), one(contacts=1, ready_since=2.0)),
        ("ring_all", one(ready_since=1.0), one(ready_since=2.0)),
        ("last_agent", one(agent=AgentId("friend"), ready_since=9.0), one(ready_since=1.0)),
        ("last_agent", one(ready_since=1.0), one(ready_since=2.0)),
    ],
)
def test_each_prefers_what_its_name_says(name: str, better: Candidate, worse: Candidate) -> None:
    strategy = STRATEGIES[name]
    assert strategy.rank(better, ASKED) < strategy.rank(worse, ASKED)


def test_only_ring_all_rings_all() -> None:
    assert [name for name, strategy in STRATEGIES.items() if strategy.breadth is Breadth.ALL] == ["ring_all"]
