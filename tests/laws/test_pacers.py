"""The laws that every pacer obeys. Being registered enrols a pacer."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callcenter.model.pacing import (
    Answers,
    Budget,
    Crew,
    Experience,
    LifeTable,
    PacerName,
    PacingAnswer,
    PacingQuestion,
    Ringing,
    Trunk,
)
from callcenter.pacers import PACERS
from callcenter.pacers.counting import distribution, moments, reaches
from callcenter.pacers.pacer import TRUNK_FAILURES_MAX, TRUNK_REST_MAX_S
from callcenter.pacers.predictive import LINES_PER_AGENT_MAX, RISK_BALANCED, risk_allowed
from tests.examples import examples

NOW = 10_000.0
EDGES_S = (0.0, *(0.5 * 1.3**n for n in range(36)))


def lasting(mean_s: float) -> LifeTable:
    """Exponential with this mean."""
    return LifeTable(EDGES_S, tuple(math.exp(-edge / mean_s) for edge in EDGES_S))


NO_WRAP_UP = LifeTable((0.0, 0.5), (1.0, 0.0))
TWENTY_EIGHT_S = LifeTable((0.0, 27.0, 28.0, 60.0), (1.0, 1.0, 0.0, 0.0))
tables = st.sampled_from([lasting(12.0), lasting(120.0), lasting(900.0), TWENTY_EIGHT_S, NO_WRAP_UP])
since = st.lists(st.floats(0.0, 4000.0).map(lambda age: NOW - age), max_size=40).map(tuple)
crews = st.builds(Crew, ready=since, on_contact=since, wrap_up=since, accepted=st.integers(0, 50))
shares = st.floats(0.0, 1.0)
ringing = st.lists(st.builds(Ringing, shares, since), max_size=3).map(tuple)
experiences = st.builds(
    Experience,
    chance=shares,
    dials=st.floats(0.0, 1e5),
    answer=tables,
    no_answer=tables,
    talk=tables,
    wrap_up=tables,
    lacks=st.sampled_from(["", "", "only 12 dials"]),
)
windows = st.builds(
    lambda live, share: Answers(live=live, drops=float(int(live * share))), st.floats(0.0, 1e5), st.floats(0.0, 0.06)
)
questions = st.builds(
    PacingQuestion,
    now=st.just(NOW),
    crew=crews,
    waiting=st.integers(0, 10),
    ringing=ringing,
    lines_free=st.integers(0, 400),
    experience=experiences,
    day=windows,
    month=windows,
    budget=st.sampled_from([Budget(), Budget(target=0.026, hard=0.029), Budget(target=0.0, hard=0.0)]),
    ratio=st.floats(0.0, 20.0),
)
laws = settings(max_examples=examples(50), deadline=None)
every_pacer = pytest.mark.parametrize("name", sorted(PACERS))


def pace(name: PacerName, question: PacingQuestion) -> PacingAnswer:
    return PACERS[name].pace(question)


@every_pacer
@laws
@given(question=questions)
def test_never_more_lines_than_are_free_and_never_fewer_than_none(name: PacerName, question: PacingQuestion) -> None:
    assert 0 <= pace(name, question).lines <= question.lines_free


@every_pacer
@laws
@given(question=questions)
def test_nothing_is_dialled_when_nobody_is_there(name: PacerName, question: PacingQuestion) -> None:
    assert pace(name, replace(question, crew=Crew())).lines == 0


@every_pacer
@laws
@given(question=questions, window=st.sampled_from(["day", "month"]))
def test_once_the_budget_is_spent_there_is_never_more_than_a_line_for_each_ready_agent(
    name: PacerName, question: PacingQuestion, window: str
) -> None:
    share = question.budget.hard
    spent = replace(question, **{window: Answers(live=5000.0, drops=math.ceil(5000.0 * share))})
    answer = pace(name, spent)
    assert answer.lines + spent.dialling + spent.waiting <= max(len(spent.crew.ready), spent.dialling + spent.waiting)


@every_pacer
@laws
@given(question=questions)
def test_no_drop_is_risked_before_the_answers_that_pay_for_it(name: PacerName, question: PacingQuestion) -> None:
    """A campaign's first drop would be 1 of 1: it may happen after as many live answers as make it 1 of enough."""
    young = replace(question, day=Answers(live=10.0, drops=0.0), month=Answers(live=10.0, drops=0.0))
    assert pace(name, young).lines <= len(young.crew.ready)


@every_pacer
@laws
@given(question=questions)
def test_too_little_known_is_never_predicted_from(name: PacerName, question: PacingQuestion) -> None:
    poor = replace(question, experience=replace(question.experience, lacks="only 12 dials"))
    if name == "predictive":
        assert pace(name, poor).lines == pace(PacerName("progressive"), poor).lines
        assert pace(name, poor).rule == "progressive"


@every_pacer
@laws
@given(question=questions, failed=st.integers(TRUNK_FAILURES_MAX, 40), ago_s=st.floats(0.0, 1000.0))
def test_a_failing_trunk_rests_and_is_then_tried_with_one_line(
    name: PacerName, question: PacingQuestion, failed: int, ago_s: float
) -> None:
    lines = pace(name, replace(question, trunk=Trunk(failed_in_a_row=failed, last_failed=NOW - ago_s))).lines
    assert lines <= (1 if ago_s >= 2.0 and not question.dialling else 0)
    assert lines == 0 or ago_s >= min(2.0 * 2.0 ** (failed - TRUNK_FAILURES_MAX), TRUNK_REST_MAX_S)


@every_pacer
@laws
@given(question=questions, seed=st.integers(0, 99))
def test_the_order_of_agents_and_lines_does_not_matter(name: PacerName, question: PacingQuestion, seed: int) -> None:
    rng = Random(seed)

    def mixed(times: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(rng.sample(times, len(times)))

    crew = question.crew
    shuffled = replace(
        question,
        crew=replace(crew, ready=mixed(crew.ready), on_contact=mixed(crew.on_contact), wrap_up=mixed(crew.wrap_up)),
        ringing=tuple(Ringing(group.chance, mixed(group.since)) for group in question.ringing),
    )
    assert pace(name, shuffled) == pace(name, question)


@every_pacer
@laws
@given(question=questions)
def test_the_same_question_has_the_same_answer(name: PacerName, question: PacingQuestion) -> None:
    assert type(PACERS[name])().pace(question) == pace(name, question)


@every_pacer
@laws
@given(question=questions, more=st.integers(1, 5))
def test_more_ready_agents_more_live_answers_or_more_lines_never_dial_less(
    name: PacerName, question: PacingQuestion, more: int
) -> None:
    # the way of counting goes by the size of the crew: as large from the start, so that only the wish counts
    crew = replace(question.crew, wrap_up=(*question.crew.wrap_up, *[NOW] * 30))
    question = replace(question, crew=crew)
    lines = pace(name, question).lines
    ready = replace(crew, ready=(*crew.ready, *[NOW] * more))
    assert pace(name, replace(question, crew=ready)).lines >= lines
    assert pace(name, replace(question, lines_free=question.lines_free + more)).lines >= lines
    assert (
        pace(name, replace(question, day=replace(question.day, live=question.day.live + 100.0 * more))).lines >= lines
    )


@every_pacer
@laws
@given(question=questions, more=st.integers(1, 5))
def test_more_people_waiting_or_more_drops_never_dial_more(
    name: PacerName, question: PacingQuestion, more: int
) -> None:
    lines = pace(name, question).lines
    assert pace(name, replace(question, waiting=question.waiting + more)).lines <= lines
    for window in ("day", "month"):
        counted: Answers = getattr(question, window)
        worse = replace(counted, drops=counted.drops + more)
        assert pace(name, replace(question, **{window: worse})).lines <= lines


@every_pacer
@laws
@given(question=questions)
def test_the_reason_is_one_line_of_words(name: PacerName, question: PacingQuestion) -> None:
    answer = pace(name, question)
    assert 5 < len(answer.why) < 200
    assert "\n" not in answer.why
    assert answer.rule in PACERS


@laws
@given(question=questions)
def test_predictive_never_dials_less_than_what_is_without_risk(question: PacingQuestion) -> None:
    safe = pace(PacerName("progressive"), question).lines
    assert pace(PacerName("predictive"), question).lines >= safe


@laws
@given(question=questions)
def test_a_young_account_leaves_room_before_the_hard_stop(question: PacingQuestion) -> None:
    """Both are even with the target; one drop in a hundred more is far from the stop for the old one alone."""
    budget = Budget(target=0.0275, hard=0.0295)
    young, old = (
        replace(
            question, budget=budget, day=Answers(live=live, drops=0.0275 * live), month=Answers(live=1e6, drops=0.0)
        )
        for live in (400.0, 40_000.0)
    )
    crew = question.crew.size
    assert risk_allowed(old) == pytest.approx(RISK_BALANCED)
    assert risk_allowed(young) <= risk_allowed(old)
    assert crew < 2 or risk_allowed(young) < RISK_BALANCED


@laws
@given(question=questions)
def test_predictive_never_floods_the_trunk(question: PacingQuestion) -> None:
    """However few answer."""
    answer = pace(PacerName("predictive"), question)
    most = LINES_PER_AGENT_MAX * question.crew.size
    assert answer.lines + question.dialling <= max(most, question.dialling, len(question.crew.ready))


@laws
@given(
    groups=st.lists(st.tuples(shares, st.integers(1, 8)), min_size=1, max_size=12),
    least=st.integers(0, 40),
)
def test_the_refined_normal_is_close_to_the_exact_distribution_where_it_is_used(
    groups: list[tuple[float, int]], least: int
) -> None:
    mean, variance, third = moments(groups)
    counts = distribution(groups, sum(times for _, times in groups) + 1)
    assert sum(counts) == pytest.approx(1.0)
    exact = sum(counts[least:])
    if variance >= 2.0:
        assert reaches(least, mean, variance, third) == pytest.approx(exact, abs=0.01)
