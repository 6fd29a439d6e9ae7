"""What a campaign's memory learns: chances that step and drift, lengths of time, windows."""

import math
import random
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.model.pacing import Budget, Crew, PacerName
from callcenter.pacers.answering import LISTS_MAX, Answering
from callcenter.pacers.horizon import going, reached
from callcenter.pacers.lengths import RING_EDGES_S, TALK_EDGES_S, Lengths
from callcenter.pacers.pace import DIALS_MIN, Pace
from callcenter.pacers.windows import Window

PREDICTIVE = PacerName("predictive")


def after(dials: int, chance: Callable[[int], float], seed: int = 1, name: str = "a", hour: int = 9) -> Answering:
    known, luck = Answering(), random.Random(seed)
    for n in range(dials):
        known.learn(name, hour, answered=luck.random() < chance(n))
    return known


@pytest.mark.parametrize("chance", [0.05, 0.1, 0.3, 0.5])
def test_a_steady_list_is_known_well(chance: float) -> None:
    found = [after(3000, lambda _: chance, seed).chance("a", 9) for seed in range(10)]
    assert sum(one for one, _ in found) / 10 == pytest.approx(chance, abs=0.02)
    assert sum(dials for _, dials in found) / 10 > 500


@pytest.mark.parametrize(("before", "then"), [(0.1, 0.5), (0.5, 0.1)])
def test_a_step_is_noticed_within_a_minutes_dials(before: float, then: float) -> None:
    """Twenty agents dial 20 lines a minute where every second one is answered (S2), 85 where one of ten is."""
    found = [after(2085, lambda n: before if n < 2000 else then, seed).chance("a", 9)[0] for seed in range(20)]
    assert abs(sum(found) / 20 - then) < abs(sum(found) / 20 - before)


def test_a_short_memory_that_saw_hardly_an_answer_by_chance_is_not_believed() -> None:
    """As a fall would be: among thousands of dials there always is one, and it would drop a burst of people."""
    lowest = 1.0
    for seed in range(10):
        known, luck = after(1000, lambda _: 0.08, seed), random.Random(-seed)
        for n in range(5000):
            known.learn("a", 9, answered=luck.random() < 0.08)
            if n % 5 == 0:
                lowest = min(lowest, known.chance("a", 9)[0])
    assert lowest > 0.05


@pytest.mark.slow
def test_a_drift_is_followed() -> None:
    """From 15 % to 35 % and back in 4,000 dials."""

    def wave(n: int) -> float:
        return 0.25 + 0.10 * math.sin(2.0 * math.pi * n / 4000)

    off = [after(n, wave, seed).chance("a", 9)[0] - wave(n) for seed in range(5) for n in range(500, 6000, 500)]
    assert math.sqrt(sum(one * one for one in off) / len(off)) < 0.05


def test_an_hour_begins_where_it_was_on_other_days() -> None:
    known, luck = Answering(), random.Random(1)
    for hour, chance in ((9, 0.1), (18, 0.5), (9, 0.1)):
        for _ in range(400):
            known.learn("a", hour, answered=luck.random() < chance)
    assert known.chance("a", 18)[0] > known.chance("a", 9)[0]


def test_a_new_list_is_thought_of_as_the_others_are() -> None:
    known = after(2000, lambda _: 0.1)
    assert known.chance("new", 9)[0] == pytest.approx(0.1, abs=0.04)
    assert known.chance("new", 9)[1] == 0.0


def test_there_are_never_more_lists_than_the_limit() -> None:
    known = Answering()
    for n in range(LISTS_MAX + 5):
        known.learn(f"l{n}", 9, answered=True)
    assert len(known.lists) == LISTS_MAX


@pytest.mark.parametrize("mean_s", [20.0, 120.0, 600.0])
def test_exponential_talks_are_learnt(mean_s: float) -> None:
    talks, luck = Lengths(edges_s=TALK_EDGES_S, mean_s=60.0), random.Random(1)
    for _ in range(3000):
        talks.learn(luck.expovariate(1.0 / mean_s))
    table = talks.table()
    for share in (0.3, 1.0, 2.0):
        assert going(table, share * mean_s) == pytest.approx(math.exp(-share), abs=0.04)


def test_who_still_talks_counts_as_having_talked_so_long() -> None:
    """At the start of a day only short talks have ended."""
    talks = Lengths(edges_s=TALK_EDGES_S, mean_s=60.0)
    for _ in range(20):
        talks.learn(10.0)
    assert going(talks.table([60.0] * 20), 30.0) > 0.4 > going(talks.table(), 30.0)


def test_ringing_out_at_one_moment_is_learnt_to_the_second() -> None:
    rings = Lengths(edges_s=RING_EDGES_S, mean_s=20.0)
    for _ in range(500):
        rings.learn(28.0)
    table = rings.table()
    assert going(table, 27.0) > 0.9
    assert going(table, 29.0) < 0.02
    assert reached(table, 0.5) == pytest.approx(28.5, abs=0.6)


times = st.lists(st.tuples(st.floats(0.0, 3000.0), st.booleans()), max_size=60)


@settings(deadline=None)
@given(events=times, span_s=st.sampled_from([600.0, 1000.0]))
def test_the_share_of_a_window_is_never_below_the_true_one(events: list[tuple[float, bool]], span_s: float) -> None:
    window, now, seen = Window(span_s=span_s, bucket_s=100.0), 0.0, []
    for after_s, dropped in sorted(events):
        now = after_s
        window.answered(now)
        if dropped:
            window.dropped(now)
        seen.append((now, dropped))
        counted = window.count(now)
        true = [drop for at, drop in seen if at >= now - span_s]
        assert counted.live <= len(true)
        assert counted.drops >= sum(true)
        assert len(window.live) <= span_s / 100.0 + 2


def test_what_comes_late_or_twice_is_ignored() -> None:
    pace = Pace(pacer=PREDICTIVE)
    pace.dialled("l1", 0.0)
    pace.answered("l1", 5.0)
    before = msgspec.json.encode(pace)
    pace.answered("l1", 6.0)
    pace.unanswered("l1", 6.0)
    pace.refused("l1", 6.0)
    pace.unanswered("never dialled", 6.0)
    assert msgspec.json.encode(pace) == before


def test_a_snapshot_holds_all_of_it() -> None:
    pace = Pace(pacer=PREDICTIVE, budget=Budget(target=0.02))
    for n in range(200):
        pace.dialled(f"l{n}", n, "a", 9)
        if n % 3 == 0:
            pace.answered(f"l{n}", n + 0.5)
            pace.talked(30.0 + n)
            pace.wrapped_up(5.0)
        elif n % 3 == 1:
            pace.unanswered(f"l{n}", n + 0.7)
    pace.dropped(200.0)
    crew = Crew(ready=(190.0,) * 4, on_contact=(150.0, 180.0))
    first = pace.ask(crew, 200.0, waiting=0, lines_free=50, names=("a",), hour=9)
    again = msgspec.json.decode(msgspec.json.encode(pace), type=Pace)
    assert again.ask(crew, 200.0, waiting=0, lines_free=50, names=("a",), hour=9) == first


def test_little_known_is_said_and_dialled_progressively() -> None:
    pace = Pace(pacer=PREDICTIVE)
    answer = pace.ask(Crew(ready=(0.0, 0.0)), 1.0, waiting=0, lines_free=50)
    assert (answer.lines, answer.rule) == (2, "progressive")
    assert "only 0 dials" in answer.why
    assert DIALS_MIN > 0


def test_refusals_of_the_trunk_say_nothing_of_the_number() -> None:
    pace = Pace(pacer=PREDICTIVE)
    for n in range(20):
        pace.dialled(f"l{n}", 0.0)
        pace.refused(f"l{n}", 1.0)
    assert pace.answering.count == 0
    assert pace.ask(Crew(ready=(0.0,)), 2.0, waiting=0, lines_free=50).lines == 0
    assert pace.ask(Crew(ready=(0.0,) * 9), 100.0, waiting=0, lines_free=50).lines == 1
