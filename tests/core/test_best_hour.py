"""The best hour to call: on made-up lists of which it is known when people answer."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.best_hour import CALLS_MIN, RATE_UNKNOWN, Tried, best_hour, chance, rates

HOURS = range(9, 20)
tried = st.builds(
    lambda calls, part: Tried(calls=calls, answered=round(calls * part)), st.integers(0, 50), st.floats(0, 1)
)
by_hour = st.dictionaries(st.integers(0, 23), tried, max_size=12)


def even(rate: float = 0.2, calls: int = 100) -> dict[int, Tried]:
    return {hour: Tried(calls=calls, answered=round(calls * rate)) for hour in HOURS}


def test_without_calls_of_her_own_it_is_the_campaigns_best_hour() -> None:
    campaign = {**even(), 18: Tried(calls=100, answered=45)}
    assert best_hour({}, campaign) == 18
    assert best_hour({}, {}) is None


def test_an_hour_of_few_calls_has_no_rate_of_its_own() -> None:
    lucky = {**even(), 15: Tried(calls=100, answered=40), 18: Tried(calls=CALLS_MIN - 1, answered=CALLS_MIN - 1)}
    assert best_hour({}, lucky) == 15
    assert rates({}) == {}


def test_her_own_answers_stand_before_the_campaigns_rate() -> None:
    campaign = {**even(), 18: Tried(calls=100, answered=35)}
    assert best_hour({10: Tried(calls=2, answered=2)}, campaign) == 10
    assert best_hour({18: Tried(calls=4, answered=0)}, campaign) not in (17, 18, 19)


@given(own=by_hour, campaign=by_hour)
def test_it_is_an_hour_in_which_the_campaign_calls(own: dict[int, Tried], campaign: dict[int, Tried]) -> None:
    found = best_hour(own, campaign)
    called = {hour for hour, one in campaign.items() if one.calls}
    assert found in called if called else found is None


@given(hour=st.integers(0, 23), own=by_hour, rate=st.floats(0, 1))
def test_an_answer_more_never_makes_an_hour_worse(hour: int, own: dict[int, Tried], rate: float) -> None:
    before = own.get(hour, Tried())
    more = {**own, hour: Tried(calls=before.calls + 1, answered=before.answered + 1)}
    less = {**own, hour: Tried(calls=before.calls + 1, answered=before.answered)}
    assert 0.0 <= chance(hour, less, rate) <= chance(hour, own, rate) + 1e-12
    assert chance(hour, own, rate) <= chance(hour, more, rate) + 1e-12 <= 1.0 + 1e-9


def answers(seed: int, *, learns: bool, differ: bool) -> float:
    """The share of answers in ten days of one call a day; if people differ, half of them answer at 10, half at 18."""
    draw = random.Random(seed)
    campaign: dict[int, Tried] = {}
    people = [(10 if n % 2 else 18) if differ else None for n in range(150)]
    own: list[dict[int, Tried]] = [{} for _ in people]
    hits = calls = 0
    for day in range(10):
        for n, good in enumerate(people):
            hour = best_hour(own[n], campaign) if learns and day >= 2 else None
            hour = draw.choice(HOURS) if hour is None else hour
            answered = draw.random() < (0.2 if good is None else 0.6 if hour == good else 0.1)
            for kept in (own[n], campaign):
                one = kept.get(hour, Tried())
                kept[hour] = Tried(calls=one.calls + 1, answered=one.answered + answered)
            if day >= 2:
                calls, hits = calls + 1, hits + answered
    return hits / calls


@pytest.mark.parametrize("seed", range(5))
def test_where_people_have_hours_of_their_own_more_of_them_answer(seed: int) -> None:
    assert answers(seed, learns=True, differ=True) > 1.8 * answers(seed, learns=False, differ=True)


def test_where_every_hour_is_alike_nothing_is_lost() -> None:
    learnt = sum(answers(seed, learns=True, differ=False) for seed in range(5)) / 5
    assert learnt == pytest.approx(RATE_UNKNOWN, abs=0.03)
