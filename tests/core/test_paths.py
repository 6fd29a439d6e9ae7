"""A simulated line gives what queueing theory gives, and the same for the same seed."""

import math

import pytest

from callcenter.core.chance import MODULUS, seed_of, step
from callcenter.core.durations import Durations, exactly
from callcenter.core.paths import quantile, run
from callcenter.core.scenery import HORIZON_S, Busy, Overtakers, Scene, Service, Waiter

SEED = seed_of(1)


def service(*lengths_s: float) -> Service:
    """Calls of these lengths, equally likely."""
    return Service(draws=tuple((0.0, lengths_s[n % len(lengths_s)]) for n in range(256)))


def medians(scene: Scene, paths: int = 400) -> list[float]:
    """Everybody's."""
    return [quantile(waits, 0.5) for waits in run(scene, paths, SEED)]


def test_chance_is_the_same_everywhere() -> None:
    assert seed_of(0) == 0xE220A8397B1DCDAF % (MODULUS - 1) + 1  # splitmix64's first from state 0
    state = 1
    for _ in range(10_000):
        state = step(state)
    assert state == 399268537  # Park, Miller and Stockmeyer's check of an implementation


def test_one_after_the_other() -> None:
    busy = (Busy(serves=(0,), spread=exactly(100.0), lasted_s=40.0),)
    scene = Scene(lines=1, services=(service(10.0),), waiters=(Waiter(line=0, service=0),) * 3, busy=busy)
    assert medians(scene) == [60.0, 70.0, 80.0]
    assert run(scene, 16, SEED) == run(scene, 16, SEED)


def test_the_kth_of_many_exponential_servers_waits_as_theory_says() -> None:
    learnt = Durations()
    for n in range(4_000):
        learnt.learn(-300.0 * math.log(1 - (n * 0.6180339887) % 1.0))
    talk = learnt.spread()
    draws = tuple((0.0, talk.at((n + 0.5) / 256)) for n in range(256))
    busy = tuple(Busy(serves=(0,), spread=talk, lasted_s=30.0 * n) for n in range(10))
    scene = Scene(lines=1, services=(Service(draws=draws),), waiters=(Waiter(line=0, service=0),) * 20, busy=busy)
    waits = run(scene, 2_000, SEED)
    for place in (0, 4, 19):  # Erlang(k, 10/300)
        mean_s = sum(waits[place]) / len(waits[place])
        assert mean_s == pytest.approx((place + 1) * 30.0, rel=0.12)


def test_a_ghost_takes_nobodys_turn() -> None:
    busy = (Busy(serves=(0,), spread=exactly(10.0), lasted_s=0.0),)
    waiters = (Waiter(line=0, service=0, ghost=True), Waiter(line=0, service=0), Waiter(line=0, service=0))
    assert medians(Scene(lines=1, services=(service(5.0),), waiters=waiters, busy=busy)) == [10.0, 10.0, 15.0]


def test_the_next_to_come_is_served_at_once_by_somebody_idle() -> None:
    ghost = Waiter(line=0, service=0, ghost=True)
    assert medians(Scene(lines=1, services=(service(5.0),), waiters=(ghost,), busy=(), idle=((0,), (0,)))) == [0.0]


def test_who_gives_up_makes_room_and_her_own_wait_is_that_if_she_stayed() -> None:
    busy = (Busy(serves=(0,), spread=exactly(10.0), lasted_s=0.0),)
    leaves = Waiter(line=0, service=0, patience=exactly(7.0), waited_s=0.0)
    stays = Waiter(line=0, service=0)
    assert medians(Scene(lines=1, services=(service(5.0),), waiters=(leaves, stays), busy=busy)) == [10.0, 10.0]
    let_go = Waiter(line=0, service=0, leaves_s=9.0)
    assert medians(Scene(lines=1, services=(service(5.0),), waiters=(let_go, stays), busy=busy)) == [10.0, 10.0]


def test_an_agent_of_two_lines_serves_the_better_place_and_the_rest_wait_for_their_own() -> None:
    busy = (
        Busy(serves=(0, 1), spread=exactly(10.0), lasted_s=0.0),
        Busy(serves=(1,), spread=exactly(50.0), lasted_s=0.0),
    )
    waiters = (Waiter(line=0, service=0), Waiter(line=1, service=0), Waiter(line=1, service=0))
    assert medians(Scene(lines=2, services=(service(30.0),), waiters=waiters, busy=busy)) == [10.0, 40.0, 50.0]


def test_who_will_need_less_is_served_by_somebody_idle_then() -> None:
    waiters = (Waiter(line=0, service=0, moves=((20.0, 1),)),)
    busy = (Busy(serves=(0,), spread=exactly(60.0), lasted_s=0.0),)
    assert medians(Scene(lines=2, services=(service(5.0),), waiters=waiters, busy=busy, idle=((1,),))) == [20.0]


def test_overtakers_make_it_longer() -> None:
    busy = (Busy(serves=(0,), spread=exactly(100.0), lasted_s=0.0),)
    waiters = (Waiter(line=0, service=0),)
    alone = Scene(lines=1, services=(service(10.0),), waiters=waiters, busy=busy)
    some = Overtakers(per_s=0.05, line=0, service=0, before=0)
    crowded = Scene(lines=1, services=(service(10.0),), waiters=waiters, busy=busy, overtakers=(some,))
    assert medians(alone) == [100.0]
    assert medians(crowded)[0] == pytest.approx(100.0 + 5 * 10.0 / 0.5, rel=0.15)  # five have come, half of her is left


def nearest_target(line: int, waited_s: float) -> tuple[float, ...]:
    """Line 0 wants to be served within 30 s, line 1 within 300; who is late yields."""
    target_s = (30.0, 300.0)[line]
    return (1.0, 0.0) if waited_s > target_s else (0.0, -waited_s / target_s)


def test_where_an_order_ranks_queues_it_is_asked_at_each_choice() -> None:
    busy = (Busy(serves=(0, 1), spread=exactly(10.0), lasted_s=0.0),)
    early = Waiter(line=1, service=0, waited_s=60.0, age_s=60.0)  # of 300: a fifth, and a quarter later
    fresh = Waiter(line=0, service=0)  # of 30: a third by then
    scene = Scene(lines=2, services=(service(15.0),), waiters=(early, fresh), busy=busy, rank=nearest_target)
    assert medians(scene) == [25.0, 10.0]
    late = Waiter(line=0, service=0, waited_s=25.0, age_s=25.0)  # has missed its 30 s by then, and yields
    scene = Scene(lines=2, services=(service(15.0),), waiters=(early, late), busy=busy, rank=nearest_target)
    assert medians(scene) == [10.0, 25.0]
    starved = Waiter(line=0, service=0, waited_s=25.0, age_s=25.0, starves_s=5.0)
    scene = Scene(lines=2, services=(service(15.0),), waiters=(early, starved), busy=busy, rank=nearest_target)
    assert medians(scene) == [25.0, 10.0]
    vip = Waiter(line=1, service=0, priority=-1.0)
    scene = Scene(lines=2, services=(service(15.0),), waiters=(fresh, vip), busy=busy, rank=nearest_target)
    assert medians(scene) == [25.0, 10.0]


def test_newcomers_of_a_queue_in_greater_need_overtake() -> None:
    busy = (Busy(serves=(0, 1), spread=exactly(100.0), lasted_s=0.0),)
    waits = Waiter(line=1, service=0)
    newcomers = Overtakers(per_s=0.05, line=0, service=0, before=1)
    scene = Scene(
        lines=2,
        services=(service(10.0),),
        waiters=(waits,),
        busy=busy,
        overtakers=(newcomers,),
        rank=lambda line, waited_s: (float(line),),
    )
    assert medians(scene)[0] == pytest.approx(100.0 + 5 * 10.0 / 0.5, rel=0.15)  # as if they came before her
    last = Scene(
        lines=2,
        services=(service(10.0),),
        waiters=(waits,),
        busy=busy,
        overtakers=(newcomers,),
        rank=lambda line, waited_s: (-float(line),),
    )
    assert medians(last) == [100.0]


def test_a_line_that_never_moves_ends_at_the_horizon() -> None:
    waiters = (Waiter(line=0, service=0),)
    busy = (Busy(serves=(0,), spread=exactly(10.0), lasted_s=0.0),)
    flood = Overtakers(per_s=1.0, line=0, service=0, before=0)
    scene = Scene(lines=1, services=(service(10.0),), waiters=waiters, busy=busy, overtakers=(flood,))
    assert medians(scene, 16) == [HORIZON_S]
    assert medians(Scene(lines=1, services=(service(1.0),), waiters=waiters, busy=()), 16) == [HORIZON_S]


def test_quantiles_are_those_of_the_next_draw() -> None:
    drawn = [float(n) for n in range(1, 10)]
    assert quantile(drawn, 0.5) == 5.0
    assert quantile(drawn, 0.9) == 9.0
    assert quantile([3.0], 0.9) == 3.0
