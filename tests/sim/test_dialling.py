"""Days of simulated campaigns: drops stay within what was set, whatever the world does; peers do as elsewhere."""

import math
from dataclasses import replace

import pytest

from callcenter.model.pacing import Budget, PacerName
from callcenter.sim.benches import dialer
from callcenter.sim.dialling.histories import Past, PastDial, Plan, rehearse
from callcenter.sim.dialling.ours import Ours
from callcenter.sim.dialling.peers import DEFAULTS, Issabel, Vicidial, tunings
from callcenter.sim.dialling.scenario import Scenario, s1, s2, steps
from callcenter.sim.dialling.world import Day, Dialler, Floor, Heard, World

HOUR_S = 3600.0
FULL = Budget(target=0.0275, hard=0.0295)


def day_of(scenario: Scenario, dialler: Dialler, seed: int = 1, hours: float = 2.0) -> Day:
    return World(replace(scenario, hours_s=hours * HOUR_S), dialler, seed).run()


def predictive(budget: Budget = FULL) -> Ours:
    return Ours("predictive", budget)


def test_progressive_never_drops_and_waits_for_every_ring() -> None:
    """One line for each ready agent: 120 s of talk, 12 / 0.3 s of waiting."""
    day = day_of(s1(20, 0.3), Ours("progressive", FULL))
    assert day.drops == 0
    assert day.utilisation == pytest.approx(120.0 / 160.0, abs=0.05)


@pytest.mark.slow
def test_predictive_keeps_agents_busier_within_the_budget() -> None:
    day = day_of(s1(20, 0.3), predictive())
    assert day.utilisation > 0.84
    assert day.drop_share < 0.03


@pytest.mark.slow
def test_the_same_seed_gives_the_same_day_and_the_same_luck_to_everybody() -> None:
    one, same = (day_of(s2(10), predictive(), hours=0.7) for _ in range(2))
    assert one == same
    assert day_of(s2(10), predictive(), seed=2, hours=0.7) != one


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("agents", [3, 5, 12])
def test_small_teams_stay_within_the_hard_stop(agents: int) -> None:
    dialler = predictive(Budget())
    day_of(s2(agents), dialler)
    counted, _ = dialler.pace.counted(2.0 * HOUR_S)
    assert counted.share <= 0.025
    assert counted.live > 0


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("budget", [Budget(), FULL], ids=["default", "full"])
def test_steps_of_the_answer_rate_do_not_break_the_law(budget: Budget) -> None:
    dialler = predictive(budget)
    day_of(s2(20, steps((0.0, 0.1), (0.7 * HOUR_S, 0.5), (1.1 * HOUR_S, 0.15), (1.5 * HOUR_S, 0.45))), dialler)
    counted, _ = dialler.pace.counted(2.0 * HOUR_S)
    assert counted.share <= 0.03


@pytest.mark.slow
@pytest.mark.slow
def test_agents_who_leave_unannounced_cost_drops_within_the_budget() -> None:
    dialler = predictive(Budget())
    crew = ((0.0, 20), (0.7 * HOUR_S, 6), (1.1 * HOUR_S, 25), (1.6 * HOUR_S, 0))
    day_of(replace(s2(20), crew=crew), dialler)
    counted, _ = dialler.pace.counted(2.0 * HOUR_S)
    assert counted.share <= 0.025


class Counting(Ours):
    """Counts the dials of each minute."""

    def __init__(self) -> None:
        super().__init__("predictive", FULL)
        self.minutes: dict[int, int] = {}

    def hear(self, what: Heard, now: float, line: int, seconds: float) -> None:
        if what is Heard.DIALLED:
            self.minutes[int(now // 60)] = self.minutes.get(int(now // 60), 0) + 1
        super().hear(what, now, line, seconds)


@pytest.mark.slow
@pytest.mark.slow
def test_a_trunk_that_fails_is_left_alone_and_found_again() -> None:
    dialler = Counting()
    day_of(replace(s2(20), outages=((HOUR_S, HOUR_S + 900.0),)), dialler, hours=2.0)
    before = sum(dialler.minutes.get(minute, 0) for minute in range(50, 60))
    during = sum(dialler.minutes.get(minute, 0) for minute in range(61, 75))
    later = sum(dialler.minutes.get(minute, 0) for minute in range(78, 88))
    assert during <= 14 * 2
    assert later > before / 2


@pytest.mark.slow
def test_nobody_is_called_when_nobody_is_there() -> None:
    dialler = Counting()
    day_of(replace(s2(5), crew=((0.0, 5), (HOUR_S, 0))), dialler, hours=1.6)
    assert sum(dialler.minutes.get(minute, 0) for minute in range(75, 96)) == 0


def test_vicidial_as_it_comes_cuts_its_level_at_three_percent() -> None:
    day = day_of(s2(20), Vicidial(tuning=DEFAULTS[1], ends_s=2 * HOUR_S))
    assert 0.5 < day.utilisation < 0.72
    assert 0.01 < day.drop_share < 0.05


def test_vicidials_level_rises_while_agents_wait_and_never_over_the_highest() -> None:
    peer, floor = Vicidial(tuning=DEFAULTS[0], ends_s=8 * HOUR_S), Floor(10, 1000)
    levels = []
    for second in range(200):
        peer.lines(floor, float(second))
        levels.append(peer.level)
    assert levels[14] == 1.0
    assert levels[15] == 2.0  # all ten wait: doubled
    assert max(levels) == 3.0
    assert peer.lines(floor, 200.0) == 30


def test_issabel_counts_who_has_talked_long_and_overcommits_by_the_answer_rate() -> None:
    peer, floor = Issabel(overcommit=True), Floor(2, 1000)
    for n in range(20):
        peer.hear(Heard.TALKED, 0.0, n, 100.0)
        peer.hear(Heard.ANSWERED if n % 2 else Heard.UNANSWERED, 0.0, n, 0.0)
    floor.on_contact = {1: 0.0, 2: 350.0}
    assert peer.lines(floor, 360.0) == 6  # two ready and one of 360 s, by one half
    floor.dialling = 4
    assert peer.lines(floor, 360.0) == 2


def test_a_grid_is_no_larger_than_the_reference() -> None:
    assert len(set(tunings(20))) == 48


@pytest.mark.slow
def test_a_past_is_tried_with_other_staffing() -> None:
    dials = [PastDial(hour=9 + n % 4, live=n % 5 < 2, after_s=8.0 + n % 7 if n % 5 < 2 else 25.0) for n in range(1000)]
    past = Past(dials=dials, talks_s=[60.0, 90.0, 150.0], wrap_ups_s=[10.0, 20.0])
    few, many = (
        rehearse(past, Plan(pacer=PacerName("predictive"), agents=agents, hours=0.5), days=2) for agents in (3, 8)
    )
    assert many.live.mean > 2 * few.live.mean
    assert few.drop_share.lowest <= few.drop_share.mean <= few.drop_share.highest <= 0.03
    assert 0.0 < few.utilisation.lowest <= few.utilisation.highest <= 1.0
    assert few.talk_min_per_agent_h.mean <= 60.0


@pytest.mark.slow
def test_of_a_small_past_less_is_promised_than_of_a_large_one() -> None:
    def tried(dials: int) -> tuple[Past, float]:
        past = Past(
            dials=[PastDial(hour=9, live=n % 5 == 0, after_s=9.0) for n in range(dials)],
            talks_s=[30.0 + 240.0 * (n % 7 == 0) for n in range(dials // 5)],
        )
        found = rehearse(past, Plan(pacer=PacerName("progressive"), agents=4, hours=1.0), days=6)
        return past, found.talk_min_per_agent_h.high - found.talk_min_per_agent_h.low

    (small, wide), (large, narrow) = tried(60), tried(3000)
    assert (small.is_small, large.is_small) == (True, False)
    assert wide > 1.5 * narrow
    assert small.answer_rate()[1:] == pytest.approx((0.1183, 0.3178), abs=1e-4)
    assert large.thin_hours(Plan(pacer=PacerName("progressive"), hours=2.5)) == (10, 11)
    assert Past(dials=[], talks_s=[5.0]).talk_s() == (5.0, 0.0, math.inf)


def test_a_past_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="one dial with a live answer"):
        rehearse(Past(dials=[], talks_s=[1.0]), Plan(pacer=PacerName("progressive")))


def test_the_benchmarks_report_has_its_keys() -> None:
    def row(algorithm: str, utilisation: float, scenario: str = "S2", chance: float | None = None) -> dialer.Row:
        case = dialer.Case(scenario=scenario, agents=50, chance=chance, algorithm=algorithm)
        return dialer.Row(case=case, utilisation=utilisation, drops=0.02, worst=0.029)

    rows = [
        row(dialer.OURS, 0.9),
        row(dialer.OURS, 0.93, "S1", 0.3),
        row(dialer.TUNED, 0.75),
        row(dialer.VICIDIAL, 0.6),
    ]
    document = dialer.report(rows, 2).document()
    assert document["ratios"] == {
        "s1_vs_bound_min": round(0.93 / 0.9347, 4),
        "s2_n20_vs_tuned": None,
        "s2_n50_vs_tuned": 1.2,
        "s2_n50_vs_defaults": 1.5,
    }
    assert document["met"] is False  # nothing was said of 20 agents


@pytest.mark.slow
def test_a_replication_is_the_same_in_any_process() -> None:
    case = dialer.Case(scenario="S2", agents=20, chance=None, algorithm=dialer.OURS)
    one, same = (dialer.replicate(case, 1, 600.0) for _ in range(2))
    assert (one.utilisation, one.drops) == (same.utilisation, same.drops)
