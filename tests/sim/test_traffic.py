"""Traffic out of scenarios: draws have their moments, seeds their calls, measures their formulas and intervals."""

import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, pstdev

import pytest

from callcenter.model.configuration import Configuration
from callcenter.model.ids import AgentId, QueueName, Skill
from callcenter.model.need import parse_need
from callcenter.model.queue import Queue
from callcenter.sim.benches.closed_forms import (
    erlang_a,
    erlang_b,
    erlang_c,
    erlang_c_asa,
    erlang_c_within,
    few_places,
)
from callcenter.sim.benches.skill_based import fcfs_alis
from callcenter.sim.traffic.calls import FOR_EVER, Entrance
from callcenter.sim.traffic.chart import Panel, Point, Series, nice, svg
from callcenter.sim.traffic.draws import Family, Shape, Times, draws, stream, weibull_shape
from callcenter.sim.traffic.estimates import Estimate, quantile, ratio, student_quantile
from callcenter.sim.traffic.figures import FORMULAS, Scope, Subject
from callcenter.sim.traffic.making import Traffic
from callcenter.sim.traffic.picture import picture
from callcenter.sim.traffic.replicate import Result, simulate
from callcenter.sim.traffic.scenario import (
    ORIGIN,
    AgentGroup,
    CallType,
    Patience,
    Redial,
    Scenario,
    Shift,
)
from callcenter.sim.traffic.tally import Grid

pytestmark = pytest.mark.slow

ALL = Subject(Scope.ALL)
EXPONENTIAL = Family.EXPONENTIAL


def times(mean_s: float) -> Times:
    return Times(distribution=EXPONENTIAL, mean_s=mean_s)


def calls(name: str = "calls", queue: str = "q", per_h: float = 200, **more: object) -> CallType:
    made = CallType(name=name, rates_per_s=(per_h / 3600,), talk=times(180), entrance=Entrance(queue=QueueName(queue)))
    return replace(made, **more)  # type: ignore[arg-type]


def scenario(*types: CallType, agents: int = 13, queues: tuple[Queue, ...] = (), **more: object) -> Scenario:
    listed = queues or (Queue(name=QueueName("q"), record=False),)
    made = Scenario(
        title="trial",
        configuration=Configuration(queues={queue.name: queue for queue in listed}),
        calls=types or (calls(),),
        groups=(AgentGroup(name="pool", counts=(agents,)),),
        length_h=20,
        warm_up_h=2,
        replications=10,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def of(result: Result, measure: str, subject: Subject = ALL) -> Estimate:
    found = result.estimate(subject, measure)
    assert found is not None
    return found


# -- draws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "cv"),
    [
        (Family.EXPONENTIAL, None),
        (Family.GAMMA, 0.5),
        (Family.GAMMA, 1.8),
        (Family.LOGNORMAL, 0.4),
        (Family.LOGNORMAL, 1.2),
        (Family.HYPEREXPONENTIAL, 2.0),
        (Family.UNIFORM, 0.4),
        (Family.WEIBULL, 0.6),
        (Family.WEIBULL, 1.46),
        (Family.DETERMINISTIC, None),
    ],
)
def test_draws_have_the_moments_that_were_asked_for(family: Family, cv: float | None) -> None:
    draw = draws(family, 240.0, cv, stream(1, "moments", family))
    found = [draw() for _ in range(200_000)]
    spread = {Family.EXPONENTIAL: 1.0, Family.DETERMINISTIC: 0.0}.get(family, cv or 0.0)
    assert fmean(found) == pytest.approx(240, rel=0.02)
    assert pstdev(found) / 240 == pytest.approx(spread, rel=0.04, abs=1e-9)
    assert min(found) > 0


def test_a_spread_that_does_not_fit_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="needs a spread"):
        Times(distribution=Family.GAMMA, mean_s=10)
    with pytest.raises(ValueError, match="have a cv of 1"):
        Times(distribution=EXPONENTIAL, mean_s=10, cv=2)
    with pytest.raises(ValueError, match="the same"):
        Times(distribution=Family.GAMMA, mean_s=10, cv=1, sd_s=10)
    with pytest.raises(ValueError, match="above 1"):
        Shape(distribution=Family.HYPEREXPONENTIAL, cv=0.5)
    with pytest.raises(ValueError, match=r"at most 0\.577"):
        Times(distribution=Family.UNIFORM, mean_s=10, sd_s=6)
    assert Times(distribution=Family.LOGNORMAL, mean_s=10, sd_s=5).spread == 0.5
    assert weibull_shape(math.sqrt(5)) == pytest.approx(0.5)


def test_a_stream_is_its_purposes_own() -> None:
    assert stream(1, "talk", "a").random() == stream(1, "talk", "a").random()
    assert len({stream(1, *purpose).random() for purpose in (("talk", "a"), ("talk", "b"), ("patience", "a"))}) == 3


# -- statistics --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("degrees", "exact"),  # two-sided 95 %: Abramowitz and Stegun, table 26.10
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (19, 2.093), (60, 2.000), (120, 1.980)],
)
def test_students_quantile(degrees: int, exact: float) -> None:
    assert student_quantile(0.975, degrees) == pytest.approx(exact, rel=0.002)
    assert student_quantile(0.025, degrees) == pytest.approx(-exact, rel=0.002)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, hits = random.Random(4), 0
    for _ in range(2_000):
        days = [rng.gammavariate(25, 4) for _ in range(10)]  # calls a day
        pairs = [(sum(rng.random() < 0.3 for _ in range(round(day))), round(day)) for day in days]
        found = ratio([(float(x), float(y)) for x, y in pairs])
        assert found is not None
        hits += found.covers(0.3)
    assert 0.93 <= hits / 2_000 <= 0.97


def test_one_sample_has_no_interval_and_nothing_has_no_mean() -> None:
    assert ratio([(3.0, 4.0)]) == Estimate(mean=0.75, stderr=None, half_width=None, samples=1)
    assert ratio([(0.0, 0.0), (0.0, 0.0)]) is None
    assert [quantile([1, 2, 3, 4], share) for share in (0.25, 0.5, 0.51, 1)] == [1, 2, 3, 4]


# -- making ------------------------------------------------------------------------------------------------------------


def test_arrivals_follow_their_rates_whatever_the_gaps() -> None:
    for arrivals in (None, Shape(distribution=Family.GAMMA, cv=0.5), Shape(distribution=Family.DETERMINISTIC)):
        kind = calls(rates_per_s=(0.01, 0.05, 0.02), arrivals=arrivals)
        asked = scenario(kind, length_h=1.5, days=40, warm_up_h=0)
        found = [(call.at - ORIGIN) % 86_400 for call in Traffic(asked, 1, 0).calls()]
        assert all(at < 1.5 * 3600 for at in found)
        per_period = [sum(1800 * n <= at < 1800 * (n + 1) for at in found) / 40 for n in range(3)]
        assert per_period == pytest.approx([18, 90, 36], rel=0.06)
        assert all(earlier <= later for earlier, later in pairwise(c.at for c in Traffic(asked, 1, 0).calls()))


def test_deterministic_gaps_are_all_alike() -> None:
    asked = scenario(calls(arrivals=Shape(distribution=Family.DETERMINISTIC)), length_h=2, warm_up_h=0)
    found = [call.at for call in Traffic(asked, 1, 0).calls()]
    assert {round(later - earlier, 4) for earlier, later in pairwise(found)} == {18.0}


def test_a_busy_day_is_busy_for_all_kinds_but_those_with_a_factor_of_their_own() -> None:
    own = calls("own", busyness=Shape(distribution=Family.LOGNORMAL, cv=0.3))
    asked = scenario(calls("a"), calls("b"), own, busyness=Shape(distribution=Family.GAMMA, cv=0.3), days=200)
    traffic = Traffic(asked, 1, 0)
    a, b, other = ([traffic.busyness(kind, day) for day in range(200)] for kind in asked.calls)
    assert a == b != other
    assert fmean(a) == pytest.approx(1, abs=0.06)
    assert pstdev(a) == pytest.approx(0.3, abs=0.05)


def test_what_a_change_does_not_concern_stays_the_same() -> None:
    before = [(call.at, call.talk_s) for call in Traffic(scenario(), 1, 0).calls()]
    patient = scenario(calls(patience=Patience(times=times(60), at_once=0.1)), calls("more"))
    after = list(Traffic(patient, 1, 0).calls())
    assert [(call.at, call.talk_s) for call in after if call.kind == "calls"] == before
    gone = sum(call.patience_s == 0 for call in after if call.kind == "calls") / len(before)
    assert gone == pytest.approx(0.1, abs=0.02)
    assert all(call.patience_s == FOR_EVER for call in after if call.kind == "more")


def test_shifts_and_head_counts_are_kept_and_the_last_ones_stay() -> None:
    groups = (
        AgentGroup(name="by_count", counts=(1, 2, 1, 2)),
        AgentGroup(name="by_shift", shifts=(Shift(count=1, from_h=0.5, to_h=1),)),
    )
    asked = scenario(groups=groups, length_h=2, warm_up_h=0, days=2)
    found = [((at - ORIGIN) / 3600, event) for at, event in Traffic(asked, 1, 0).shifts()]
    told = [(at, str(getattr(event, "agent", "")), str(getattr(event, "status", ""))) for at, event in found]
    assert [one[0] for one in told if one[1] == "by_count-0001"] == [0]
    assert [(at, status) for at, agent, status in told if agent == "by_count-0002"] == [
        (0.5, "available"),
        (1.0, "logged_out"),
        (1.5, "available"),
        (24.0, "logged_out"),
        (24.5, "available"),
        (25.0, "logged_out"),
        (25.5, "available"),
    ]
    assert [at for at, agent, _ in told if agent == "by_shift-0001"] == [0.5, 1.0, 24.5, 25.0]


def test_the_grid_covers_what_is_measured_and_nothing_else() -> None:
    asked = scenario(length_h=2, warm_up_h=0.75, days=2)
    for batches in (1, 7):
        cells = Grid(asked, batches).cells
        assert math.fsum(cell.ends - cell.begins for cell in cells) == pytest.approx(3.25 * 3600)
        assert sorted({cell.batch for cell in cells}) == list(range(batches))
    grid = Grid(asked, 1)
    assert grid.at(ORIGIN + 2_699) == -1
    assert grid.cells[grid.at(ORIGIN + 2_700)].period == 1
    assert grid.at(ORIGIN + 7_200) == -1
    assert math.fsum(seconds for _, seconds in grid.spread(ORIGIN, ORIGIN + 86_400 + 60)) == pytest.approx(4_560)


# -- results -----------------------------------------------------------------------------------------------------------


def test_erlang_c_lies_in_the_intervals() -> None:
    found = simulate(scenario(), seed=2)
    assert of(found, "p_wait").covers(erlang_c(10, 13))
    assert of(found, "asa_s").covers(erlang_c_asa(10, 13, 180))
    assert of(found, "service_level").covers(erlang_c_within(10, 13, 180, 20))
    assert of(found, "occupancy").covers(10 / 13)
    assert of(found, "queue_length").covers(erlang_c_asa(10, 13, 180) * 200 / 3600)
    assert of(found, "served").mean == of(found, "offered").mean


def test_erlang_a_lies_in_the_intervals_of_one_long_run_in_batches() -> None:
    kind = calls(per_h=150, talk=times(240), patience=Patience(times=times(120)))
    found = simulate(scenario(kind, agents=10, length_h=400, replications=1), seed=3)
    exact = erlang_a(10, 150 / 3600, 1 / 240, 1 / 120)
    assert found.batched
    assert len(found.samples) == 20
    assert of(found, "p_wait").covers(exact.p_wait)
    assert of(found, "p_abandon").covers(exact.p_abandon)
    assert of(found, "wait_s").covers(exact.wait)
    assert of(found, "occupancy").covers(exact.utilisation)


def test_few_places_to_wait_and_none_at_all() -> None:
    queue = Queue(name=QueueName("q"), record=False, max_waiting=4)
    found = simulate(scenario(calls(per_h=220), agents=11, queues=(queue,), replications=8), seed=5)
    turned_away, wait = few_places(11, 11, 4)
    assert of(found, "p_turned_away").covers(turned_away)
    assert of(found, "p_wait").covers(wait + turned_away)
    nobody_waits = calls(patience=Patience(times=None, at_once=1.0))
    found = simulate(scenario(nobody_waits, agents=8, replications=5), seed=1)
    assert of(found, "p_abandon").covers(erlang_b(10, 8))
    in_line = Subject(Scope.QUEUE, "q")  # who leaves at once waited for 0 s, and for her nobody was free all the same
    assert of(found, "p_wait", in_line).mean == of(found, "p_wait").mean > 0


def test_few_lines_for_one_pool_are_few_places_to_wait() -> None:
    found = simulate(replace(scenario(calls(per_h=220), agents=11, replications=8), lines=15), seed=5)
    turned_away, wait = few_places(11, 11, 4)
    assert of(found, "p_turned_away").covers(turned_away)
    assert of(found, "p_wait").covers(wait + turned_away)


def test_an_answer_takes_as_long_as_phones_ring() -> None:
    ringing = Times(distribution=Family.DETERMINISTIC, mean_s=4)
    groups = (AgentGroup(name="slow", counts=(30,), answer=ringing),)
    found = simulate(scenario(groups=groups, replications=2))
    assert of(found, "asa_s").mean == pytest.approx(4, abs=0.01)
    assert of(found, "p_wait").mean < 0.01
    assert of(found, "p_wait", Subject(Scope.QUEUE, "q")).mean == of(found, "p_wait").mean


def n_design(generalists_do_a: bool) -> Scenario:
    a, b = Skill("a"), Skill("b")
    groups = (
        AgentGroup(name="special", counts=(6,), skills={a: 3}),
        AgentGroup(name="general", counts=(6,), skills={a: 1, b: 3} if generalists_do_a else {b: 3}),
    )
    queues = tuple(
        Queue(name=QueueName(name), needs=parse_need(name), strategy="best_skill", record=False) for name in "ab"
    )
    return scenario(calls("a", "a", 80), calls("b", "b", 80), groups=groups, queues=queues, replications=5)


def test_an_n_design_lies_between_two_pools_and_one() -> None:
    apart, shared = simulate(n_design(False)), simulate(n_design(True))
    assert of(apart, "asa_s").covers(erlang_c_asa(4, 6, 180))
    assert erlang_c_asa(8, 12, 180) < of(shared, "asa_s").mean < of(apart, "asa_s").mean
    helped, hurt = Subject(Scope.KIND, "a"), Subject(Scope.KIND, "b")
    assert of(shared, "asa_s", helped).mean < of(apart, "asa_s", helped).mean
    assert of(shared, "asa_s", helped).mean < of(shared, "asa_s", hurt).mean


DESIGNS: dict[str, tuple[dict[str, float], dict[str, int]]] = {  # calls an hour by type, agents by what they serve
    "N": ({"a": 60, "b": 40}, {"a": 3, "ab": 3}),
    "M": ({"a": 50, "b": 30}, {"a": 2, "ab": 2, "b": 1}),
    "W": ({"a": 30, "b": 50, "c": 20}, {"ab": 3, "bc": 3}),
    "six types": (dict.fromkeys("abcdef", 25.0), {"ab": 2, "bc": 1, "cd": 2, "de": 1, "ef": 2, "fa": 1}),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_skills_based_routing_is_that_of_the_product_form(name: str) -> None:
    per_h, served = DESIGNS[name]
    people = [frozenset(skills) for skills, count in served.items() for _ in range(count)]
    exact = fcfs_alis({kind: rate / 3600 for kind, rate in per_h.items()}, people, 1 / 180)
    groups = tuple(
        AgentGroup(name=skills, counts=(count,), skills={Skill(each): 1 for each in skills})
        for skills, count in served.items()
    )
    queues = tuple(Queue(name=QueueName(kind), needs=parse_need(kind), record=False) for kind in per_h)
    types = [calls(kind, kind, rate) for kind, rate in per_h.items()]
    found = simulate(scenario(*types, groups=groups, queues=queues, length_h=12, replications=10), seed=1)
    for kind, figures in exact.items():
        for measure, value in (("p_wait", figures.p_wait), ("wait_s", figures.wait)):
            got = of(found, measure, Subject(Scope.KIND, kind))
            assert got.stderr is not None
            assert abs(got.mean - value) < 3.25 * got.stderr, f"{kind} {measure}"  # 99 % of Student's t, 9 degrees


def test_the_product_form_is_erlangs_where_it_must_be() -> None:
    pool = fcfs_alis({"a": 0.8, "b": 0.7}, [frozenset("ab")] * 3, 1.0)
    for figures in pool.values():
        assert (figures.p_wait, figures.wait) == pytest.approx((erlang_c(1.5, 3), erlang_c_asa(1.5, 3, 1)))
    apart = fcfs_alis({"a": 0.8, "b": 0.7}, [frozenset("a")] * 2 + [frozenset("b")], 1.0)
    assert apart["a"].wait == pytest.approx(erlang_c_asa(0.8, 2, 1))
    assert apart["b"].wait == pytest.approx(erlang_c_asa(0.7, 1, 1))
    with pytest.raises(ValueError, match="more calls"):
        fcfs_alis({"a": 1.1, "b": 0.1}, [frozenset("a"), frozenset("b")], 1.0)


def test_with_all_skills_a_design_is_one_pool() -> None:
    skills = {Skill(f"s{n}"): 1 for n in range(6)}
    queues = tuple(Queue(name=QueueName(name), needs=parse_need(name), record=False) for name in skills)
    types = [calls(name, name, 200 / 6) for name in skills]
    found = simulate(
        scenario(*types, groups=(AgentGroup(name="all", counts=(13,), skills=skills),), queues=queues, replications=5)
    )
    assert of(found, "p_wait").covers(erlang_c(10, 13))
    assert len([subject for subject in found.subjects() if subject.scope is Scope.QUEUE]) == 6


def test_redials_come_back_and_are_counted() -> None:
    redial = Redial(delay=times(300), after_abandon=1.0, tries_max=3)
    kind = calls(per_h=260, patience=Patience(times=times(60)), redial=redial)
    found = simulate(scenario(kind, agents=10, length_h=8, replications=4))
    plain = simulate(scenario(replace(kind, redial=None), agents=10, length_h=8, replications=4))
    assert of(plain, "retries").mean == 0
    assert of(found, "retries").mean > 0.5 * of(plain, "abandoned").mean
    assert of(found, "offered").mean == pytest.approx(of(plain, "offered").mean + of(found, "retries").mean, rel=0.05)


def test_who_was_served_may_call_again_with_something_new() -> None:
    again = Redial(delay=times(300), after_served=0.2, tries_max=1000)
    found = simulate(scenario(calls(redial=again), length_h=10, replications=4))
    assert of(found, "retries").mean == pytest.approx(0.2 * of(found, "served").mean, rel=0.1)
    assert of(found, "offered").mean == pytest.approx(200 / 0.8 * 8, rel=0.03)
    assert of(found, "talk_s").mean == pytest.approx(180, rel=0.05)


def test_talk_and_patience_follow_the_period_in_which_the_call_comes() -> None:
    kind = calls(
        per_h=300,
        talk=Times(distribution=Family.DETERMINISTIC, mean_s=100),
        talk_by={"pool": Times(distribution=Family.DETERMINISTIC, mean_s=120)},
        patience=Patience(times=Times(distribution=Family.DETERMINISTIC, mean_s=30)),
        talk_factors=(1, 2),
        patience_factors=(1, 0.5),
    )
    found = simulate(scenario(kind, agents=7, length_h=1, warm_up_h=0, days=2, replications=3))
    for period, talk_s, patience_s in ((0, 120, 30), (1, 240, 15)):
        of_period = Subject(Scope.ALL, "", period)
        assert of(found, "talk_s", of_period).mean == pytest.approx(talk_s, abs=1e-3)
        assert of(found, "wait_abandoned_s", of_period).mean == pytest.approx(patience_s, abs=1e-3)
    assert of(found, "wait_delayed_s").mean > of(found, "wait_s").mean


def test_an_m_design_with_priority_impatience_and_unequal_speeds_is_its_markov_chain() -> None:
    """The exact figures are the chain's: its state is who is busy in each group, and who waits of each type."""
    slow = {"ab": times(300)}
    types = [
        calls("a", "a", 60, talk=times(180), talk_by=slow, patience=Patience(times=times(240))),
        calls("b", "b", 45, talk=times(240), talk_by=slow, patience=Patience(times=times(150))),
    ]
    groups = [("a", 2, {"a": 5}), ("b", 2, {"b": 5}), ("ab", 3, {"a": 1, "b": 1})]
    found = simulate(
        scenario(
            *types,
            groups=tuple(
                AgentGroup(name=name, counts=(count,), skills={Skill(skill): level for skill, level in skills.items()})
                for name, count, skills in groups
            ),
            queues=tuple(
                Queue(
                    name=QueueName(name),
                    needs=parse_need(name),
                    priority=priority,
                    strategy="best_skill",
                    record=False,
                )
                for name, priority in (("a", 80), ("b", 20))
            ),
            length_h=25,
        )
    )
    exact = {
        "a": {"p_wait": 0.5385, "p_abandon": 0.1468, "wait_s": 35.23},
        "b": {"p_wait": 0.5132, "p_abandon": 0.2274, "wait_s": 34.12},
    }
    for kind, figures in exact.items():
        for measure, value in figures.items():
            got = of(found, measure, Subject(Scope.KIND, kind))
            assert got.stderr is not None
            assert abs(got.mean - value) < 3.25 * got.stderr, f"{kind} {measure}"


def test_wrap_ups_and_talk_by_group_take_agents_time() -> None:
    kind = calls(
        wrap_up=Times(distribution=Family.GAMMA, mean_s=30, cv=0.5),
        talk_by={"pool": Times(distribution=Family.DETERMINISTIC, mean_s=100)},
    )
    found = simulate(scenario(kind, replications=3))
    assert of(found, "talk_s").mean == pytest.approx(100, abs=1e-3)
    assert of(found, "occupancy").mean == pytest.approx(200 / 3600 * 130 / 13, rel=0.02)
    assert of(found, "talking").mean == pytest.approx(200 / 3600 * 100 / 13, rel=0.02)


def test_who_is_refused_is_turned_away_and_periods_add_up() -> None:
    queue = Queue(name=QueueName("q"), record=False, max_waiting=2)
    kind = calls(rates_per_s=(0.02, 0.12))
    found = simulate(scenario(kind, queues=(queue,), length_h=1, warm_up_h=0, days=5))
    assert of(found, "turned_away").mean > 0
    parts = [of(found, "offered", Subject(Scope.ALL, "", period)).mean for period in (0, 1)]
    assert sum(parts) == pytest.approx(of(found, "offered").mean)
    assert parts[0] < parts[1]
    assert of(found, "staffed", Subject(Scope.ALL, "", 1)).mean == pytest.approx(13)


def test_the_result_is_the_seeds_whatever_the_hash_seed_and_the_number_of_processes(tmp_path: object) -> None:
    script = (
        "from tests.sim.test_traffic import *\n"
        "if __name__ == '__main__':\n"
        "    found = simulate(scenario(length_h=4, replications=3), seed=7, jobs={jobs})\n"
        "    print([(s, m, of(found, m, s)) for s in found.subjects() for m in found.measures(s) if m == 'asa_s'])\n"
    )
    told = []
    for hash_seed, jobs in (("1", 1), ("2", 3)):
        file = f"{tmp_path}/again.py"
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(script.format(jobs=jobs))
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.getcwd()}
        run = subprocess.run(
            [sys.executable, file], env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        told.append(run.stdout)
    assert told[0] == told[1]
    assert "asa_s" in told[0]
    assert (
        simulate(scenario(length_h=4, replications=3), seed=8).samples
        != simulate(scenario(length_h=4, replications=3), seed=7).samples
    )


def test_progress_is_told_and_never_goes_back() -> None:
    told: list[tuple[int, int]] = []
    simulate(scenario(length_h=3, replications=3), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    told.clear()
    simulate(scenario(length_h=3, replications=1), progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


def test_every_measure_has_its_formula() -> None:
    found = simulate(scenario(length_h=3, replications=2))
    measured = {name for subject in found.subjects() for name in found.measures(subject)}
    plain = {name for name in measured if not name.startswith(("curve_", "within_", "wait_p"))}
    assert plain - {"taken"} <= FORMULAS.keys()


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_a_picture_is_an_svg_with_every_name_escaped() -> None:
    import xml.etree.ElementTree as tree

    found = simulate(scenario(calls(rates_per_s=(0.02, 0.05)), length_h=1, warm_up_h=0, title="a < b & c"))
    text = picture(found)
    assert tree.fromstring(text).tag.endswith("svg")
    assert "a &lt; b &amp; c" in text
    for words in ("Answered within", "Calls by period", "Service by period", "Occupancy"):
        assert words in text


def test_axes_end_at_round_numbers() -> None:
    assert [nice(value) for value in (0, 0.7, 1, 13, 24, 26, 51, 820)] == [1, 1, 1, 20, 25, 50, 100, 1000]
    empty = Panel(title="t", x_title="x", y_title="y", series=(Series(name="n", points=(Point(x=0, y=0),)),))
    assert "polyline" in svg("nothing", [empty])


def test_agents_have_names_and_numbers_of_their_own() -> None:
    traffic = Traffic(n_design(True), 1, 0)
    assert len({agent.number for agent in traffic.agents}) == 12
    assert traffic.group_of[AgentId("general-0006")] == "general"
