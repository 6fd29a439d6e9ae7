"""The breaker's table cell by cell, and its story."""

import itertools

import pytest

from callcenter.lookups.breaker import FAILURES_MAX, REST_S, TRANSITIONS, Breaker, BreakerInput, BreakerState

S, IN = BreakerState, BreakerInput


def test_only_a_rest_that_nobody_takes_is_not_listed() -> None:
    missing = {cell for cell in itertools.product(S, IN) if cell not in TRANSITIONS}
    assert missing == {(S.CLOSED, IN.RESTED), (S.HALF_OPEN, IN.RESTED)}


@pytest.mark.parametrize("cell", TRANSITIONS)
def test_who_answers_is_asked_and_who_fails_too_often_is_not(cell: tuple[BreakerState, BreakerInput]) -> None:
    state, told = cell
    if told is IN.ANSWERED and state is not S.OPEN:
        assert TRANSITIONS[cell] is S.CLOSED
    if told is IN.TRIPPED:
        assert TRANSITIONS[cell] is S.OPEN


def test_a_host_that_fails_is_left_alone_and_then_tried_once() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MAX):
        assert breaker.lets_through(100.0)
        breaker.failed(100.0)
    assert breaker.state is S.OPEN
    assert breaker.rests_s(104.0) == REST_S - 4.0
    assert not breaker.lets_through(100.0 + REST_S - 0.1)
    assert breaker.lets_through(100.0 + REST_S)
    assert not breaker.lets_through(100.0 + REST_S), "only one at a time"
    breaker.failed(111.0)
    assert not breaker.lets_through(111.0 + REST_S - 0.1)
    assert breaker.lets_through(111.0 + REST_S)
    breaker.answered()
    assert breaker.lets_through(130.0)
    assert breaker.lets_through(130.0)


def test_answers_between_failures_keep_it_closed() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MAX * 3):
        breaker.failed(0.0)
        breaker.answered()
    assert breaker.state is S.CLOSED


def test_answers_of_before_do_not_end_a_rest() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MAX + 2):
        breaker.failed(0.0)
    breaker.answered()
    assert not breaker.lets_through(1.0)
