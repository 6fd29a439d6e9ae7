"""What is learnt of lengths of time is near to what was seen, is bounded, and forgets."""

import math
from random import Random

import msgspec
import pytest

from callcenter.core.durations import BINS, CELLS, EDGES, Durations, Patience, bin_of, exactly
from callcenter.core.learnt import Accuracy, Coverage, Rate


@pytest.mark.parametrize("seconds", [0.0, 0.5, 0.6, 1.0, 59.0, 300.0, 3600.0, 40_000.0, 1e9])
def test_a_length_lies_within_its_bin(seconds: float) -> None:
    place = bin_of(seconds)
    assert 0 <= place < BINS
    assert EDGES[place] <= seconds * (1 + 1e-9)
    assert place == BINS - 1 or seconds <= EDGES[place + 1] * (1 + 1e-9)


def test_nothing_learnt_takes_no_time() -> None:
    assert Durations().spread().at(0.9) == 0.0


def test_an_exponential_is_known_again() -> None:
    random, learnt = Random(1), Durations()
    for _ in range(5_000):
        learnt.learn(random.expovariate(1 / 300.0))
    spread = learnt.spread()
    assert learnt.mean_s == pytest.approx(300.0, rel=0.1)
    for share in (0.1, 0.5, 0.9):
        assert spread.at(share) == pytest.approx(-300.0 * math.log(1 - share), rel=0.15)
        assert spread.below(spread.at(share)) == pytest.approx(share, abs=1e-6)
    # without memory: what has lasted long lasts as long again
    assert spread.left(600.0, 0.5) == pytest.approx(spread.at(0.5), rel=0.35)


def test_the_first_to_end_are_the_short_ones() -> None:
    """A hundred calls of 300 s on average began at once; after 200 s the mean of those that have ended is some 90 s."""
    random, learnt = Random(3), Durations()
    calls = [random.expovariate(1 / 300.0) for _ in range(100)]
    for call in sorted(calls):
        if call <= 200.0:
            learnt.learn(call)
    assert learnt.spread().mean_s < 120.0
    going = [200.0 for call in calls if call > 200.0]
    assert learnt.spread(going).mean_s == pytest.approx(300.0, rel=0.3)
    assert learnt.spread(going).at(0.25) == pytest.approx(86.0, rel=0.3)


def test_a_call_that_always_takes_five_minutes_is_over_in_one_after_four() -> None:
    learnt = Durations()
    for _ in range(500):
        learnt.learn(300.0)
    assert learnt.spread().left(240.0, 0.5) == pytest.approx(60.0, abs=30.0)
    assert learnt.spread().left(1e7, 0.5) == learnt.spread().at(0.5)  # longer than anything known


def test_the_old_is_forgotten_and_the_weights_stay_small() -> None:
    learnt = Durations()
    for _ in range(20_000):
        learnt.learn(30.0)
    for _ in range(3_000):
        learnt.learn(600.0)
    assert learnt.mean_s > 590.0
    assert learnt.grain <= 1e6
    assert learnt.count == 23_000
    assert msgspec.json.decode(msgspec.json.encode(learnt), type=Durations) == learnt


def test_patience_is_learnt_from_those_who_were_served_too() -> None:
    random, learnt = Random(2), Patience()
    for _ in range(5_000):  # half are served before they lose a patience of 240 s
        patience, served = random.expovariate(1 / 240.0), random.expovariate(1 / 240.0)
        learnt.learn(min(patience, served), gave_up=patience < served)
    spread = learnt.spread()
    assert spread is not None
    assert spread.at(0.5) == pytest.approx(240.0 * math.log(2), rel=0.15)
    assert learnt.hazard_per_s() == pytest.approx(1 / 240.0, rel=0.15)


def test_who_never_saw_anybody_give_up_expects_nobody_to() -> None:
    learnt = Patience()
    learnt.learn(60.0, gave_up=False)
    assert learnt.spread() is None


def test_always_the_same_is_always_the_same() -> None:
    assert [exactly(7.0).at(n / CELLS) for n in (0, 100, CELLS)] == [7.0, 7.0, 7.0]
    assert exactly(7.0).left(3.0, 0.5) == 4.0


def test_a_rate_is_that_of_the_last_half_hour() -> None:
    rate = Rate(since=0.0)
    for second in range(0, 7200, 20):
        rate.learn(float(second))
    assert rate.per_s(7200.0) == pytest.approx(1 / 20.0, rel=0.05)
    assert rate.per_s(7200.0 + 900.0) == pytest.approx(1 / 30.0)
    assert rate.per_s(7200.0 + 7200.0) == 0.0
    assert Rate(since=0.0, now=1).per_s(0.0) == 1 / 600.0  # one is not sixty an hour


def test_coverage_counts_those_who_gave_up_before_it_was_known() -> None:
    coverage = Coverage()
    assert coverage.share() is None
    for _ in range(50):
        coverage.learn(100.0, 50.0, 1.0, served=True)
        coverage.learn(100.0, 150.0, 1.0, served=True)
    assert coverage.share() == pytest.approx(0.5)
    for _ in range(100):
        coverage.learn(100.0, 5.0, 1.0, served=False)  # says nothing about the rest
    assert coverage.share() == pytest.approx(0.5)
    for _ in range(100):
        coverage.learn(100.0, 150.0, 1.0, served=False)  # it would have been longer, that much is known
    assert coverage.share() == pytest.approx(0.25)


def test_accuracy_is_of_the_latest() -> None:
    accuracy = Accuracy()
    assert accuracy.mean_error_s is None
    for _ in range(2_000):
        accuracy.learn(100.0, 200.0, 300.0, served=True)
    assert accuracy.p90.share() == 0.0
    assert accuracy.mean_error_s == pytest.approx(200.0)
    for _ in range(6_000):
        accuracy.learn(100.0, 200.0, 90.0, served=True)
    assert accuracy.p50.share() == pytest.approx(1.0)
    assert accuracy.mean_bias_s == pytest.approx(-10.0, abs=0.1)
    assert accuracy.grain <= 1e6
