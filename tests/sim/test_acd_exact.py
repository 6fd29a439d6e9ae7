"""The benchmark acd-exact: its closed forms are those that were printed, its ideal service is the Engine's."""

import pytest

from callcenter.sim.benches import LONG
from callcenter.sim.benches.acd_exact import replicate, report
from callcenter.sim.benches.closed_forms import (
    erlang_a,
    erlang_b,
    erlang_c,
    erlang_c_asa,
    erlang_c_within,
    priority_waits,
)
from callcenter.sim.benches.exact_cases import CASES, Case, ideal

pytestmark = pytest.mark.slow

INDEX = {case.name: index for index, case in enumerate(CASES)}


@pytest.mark.parametrize(
    ("agents", "asa_s", "within"),
    [
        (11, 122.78, 0.38961),
        (12, 40.445, 0.64016),
        (13, 17.116, 0.79559),
        (14, 7.836, 0.88835),
        (15, 3.674, 0.94145),
        (16, 1.720, 0.97056),
    ],
)
def test_erlang_c_with_100_calls_of_180_s_in_half_an_hour(agents: int, asa_s: float, within: float) -> None:
    assert erlang_c_asa(10, agents, 180) == pytest.approx(asa_s, abs=6e-4 if asa_s < 100 else 6e-3)
    assert erlang_c_within(10, agents, 180, 20) == pytest.approx(within, abs=6e-6)


@pytest.mark.parametrize(
    ("agents", "load", "p_wait"),
    [(10, 8, 0.4091801508), (50, 45, 0.3638644672), (100, 90, 0.2169404809), (1000, 980, 0.4122002924)],
)
def test_the_probability_of_a_wait(agents: int, load: float, p_wait: float) -> None:
    assert erlang_c(load, agents) == pytest.approx(p_wait, abs=1e-10)
    assert erlang_b(2, 3) == pytest.approx(4 / 19)  # 8/6 / (1 + 2 + 2 + 8/6)
    with pytest.raises(ValueError, match="too much"):
        erlang_c(agents, agents)


@pytest.mark.parametrize(
    ("rates", "values"),
    [
        ((10, 2.5, 0.25, 0.5), (0.46557464, 0.14600925, 17.52111, 0.85399075)),
        ((50, 48, 1, 0.5), (0.46777407, 0.030912249, 3.7094699, 0.93032424)),
        ((50, 55, 1, 0.5), (0.86623372, 0.10208019, 12.249623, 0.98771179)),
        ((100, 100 / 3, 1 / 3, 0.5), (0.46423579, 0.043879266, 5.2655119, 0.95612072)),
    ],
)
def test_erlang_a(rates: tuple[int, float, float, float], values: tuple[float, ...]) -> None:
    found = erlang_a(*rates)
    assert (found.p_wait, found.p_abandon, found.wait * 60, found.utilisation) == pytest.approx(values, rel=2e-7)


def test_two_priorities_and_none() -> None:
    assert priority_waits(10, (0.6, 1.0), 0.2) == pytest.approx((0.2922715363, 1.461357681))
    assert priority_waits(10, (1.6,), 0.2) == pytest.approx((1.022950377,))


def test_the_cases_are_all_that_were_asked_for() -> None:
    assert len(CASES) == len(INDEX) == 16
    assert sum(len(case.measures) for case in CASES) == 12 + 4 + 16 + 3 + 2
    assert "acd-exact" in LONG


@pytest.mark.parametrize("name", ["erlang-c 12", "erlang-a 10 2.5", "erlang-a 50 55", "priorities"])
def test_the_engine_serves_every_call_as_the_ideal_does(name: str) -> None:
    found = replicate(INDEX[name], 0, 1_000, 1_000)
    assert found.largest_difference_s < 1e-6
    assert found.measured == pytest.approx(found.ideal, rel=1e-9)
    assert found.served == CASES[INDEX[name]].warm_up + 1_000


def test_what_the_engine_makes_of_a_part_is_added_to_the_whole() -> None:
    index = INDEX["erlang-c 12"]
    found = replicate(index, 0, 2_000, 500)
    assert found.served == CASES[index].warm_up + 500
    assert found.ideal == ideal(CASES[index], CASES[index].seed, 0, 2_000).measured
    assert found.measured == pytest.approx(found.ideal, rel=1e-9)


@pytest.mark.parametrize("case", [CASES[INDEX[name]] for name in ("erlang-a 10 2.5", "first come, first served")])
def test_ideal_service_comes_near_the_exact_values(case: Case) -> None:
    found = ideal(case, case.seed, 0, 100_000).measured
    for measure in case.measures:
        assert found[measure.name] == pytest.approx(measure.exact, rel=0.12)


def test_the_report_says_what_failed_and_that_it_is_a_trial() -> None:
    index = INDEX["erlang-c 16"]
    found = report({index: [replicate(index, n, 500, 500) for n in range(2)]}, 500)
    ours = found.ours
    assert ours["reduced"] is True
    assert isinstance(ours["cases"], list)
    assert {"name", "measure", "exact", "measured", "stderr", "ok"} <= set(ours["cases"][0])
    assert ours["failed"] == sum(not one["ok"] for one in ours["cases"])
    assert found.document()["met"] is (ours["failed"] == 0)
    assert "a trial" in found.table[-1][0]
