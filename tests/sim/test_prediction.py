"""What a change does to the calls is foretold, with how sure one may be; too little is said to be too little."""

from random import Random

import pytest

from callcenter.model.agent import Agent, PhoneState
from callcenter.model.events import PhoneChanged
from callcenter.model.ids import AgentId, Skill
from callcenter.sim.replay.comparison import ALL
from callcenter.sim.replay.recorded import Fate, Recorded, RecordedCall
from callcenter.sim.traffic.drive import comes_to_work
from callcenter.versions.prediction import REDRAWN_MIN, predict
from tests.core.center import configured, queue

pytestmark = pytest.mark.slow

LIVE = configured(queue("sales", "sales", wrap_up_s=0.0))


def busy(count: int = 400, queue_name: str = "sales") -> Recorded:
    """Three agents and rather more calls than they like."""
    random = Random(5)
    at, calls = 10_000.0, []
    for number in range(count):
        at += random.expovariate(1 / 40)
        calls.append(
            RecordedCall(
                id=f"c{number}",
                at=at,
                queue=queue_name,
                fate=Fate.SERVED if number % 5 else Fate.ABANDONED,
                wait_s=random.expovariate(1 / 30),
                talk_s=random.expovariate(1 / 110) if number % 5 else 0.0,
                agent="ann",
            )
        )
    agents = tuple(
        Agent(id=AgentId(name), name=name, number=name, skills={Skill("sales"): 1}) for name in ("ann", "bob", "cat")
    )
    events = [
        (0.0, event)
        for one in agents
        for event in (PhoneChanged(number=one.number, state=PhoneState.REACHABLE), comes_to_work(one.id))
    ]
    return Recorded(
        calls=tuple(calls),
        agents=agents,
        events=tuple(events),
        start=calls[0].at,
        end=at,
        wrap_up_rules={"sales": 0.0},
    )


def test_a_wrap_up_costs_what_it_costs() -> None:
    found = predict(busy(), LIVE, configured(queue("sales", "sales", wrap_up_s=30.0)), times=6)
    asa, occupancy = found.queues["sales"]["asa_s"], found.queues["sales"]["occupancy"]
    assert asa.difference is not None
    assert occupancy.difference is not None
    assert asa.certain
    assert asa.difference.mean > 5
    assert occupancy.difference.mean > 0.05
    assert (found.redrawn, found.calls, found.remarks) == (6, 400, ())
    assert found.queues.keys() == {ALL, "sales"}


def test_the_same_configuration_makes_no_difference() -> None:
    found = predict(busy(), LIVE, LIVE, times=4)
    for one in found.queues["sales"].values():
        assert one.difference is not None
        assert (one.difference.mean, one.certain) == (0.0, False)
        assert one.live == one.other


def test_what_is_foretold_is_the_same_each_time_for_one_seed() -> None:
    other = configured(queue("sales", "sales", wrap_up_s=9.0))
    assert predict(busy(), LIVE, other, times=4).queues == predict(busy(), LIVE, other, times=4).queues
    assert predict(busy(), LIVE, other, times=4).queues != predict(busy(), LIVE, other, times=4, seed=9).queues


def test_too_few_calls_foretell_nothing() -> None:
    found = predict(busy(20), LIVE, LIVE)
    assert (found.queues, found.redrawn) == ({}, 0)
    assert "too few to foretell anything" in found.remarks[0]


def test_a_queue_with_few_calls_and_one_that_is_gone_are_remarked_upon() -> None:
    recorded = busy(100)
    calls = (*recorded.calls, *(call for call in busy(10, "vip").calls))
    recorded = Recorded(
        calls=tuple(sorted(calls, key=lambda call: (call.at, call.id))),
        agents=recorded.agents,
        events=recorded.events,
        start=recorded.start,
        end=recorded.end,
    )
    both = configured(queue("sales", "sales"), queue("vip", "sales"))
    found = predict(recorded, both, LIVE, times=4)
    assert found.remarks == (
        "10 calls of vip: too few to say anything of it",
        "calls of vip have no queue in the other configuration, and were left out",
    )


def test_it_ends_in_time() -> None:
    times = iter(range(0, 10_000, 31))
    assert predict(busy(60), LIVE, LIVE, times=50, clock=lambda: float(next(times))).redrawn == REDRAWN_MIN


@pytest.mark.parametrize("done", [2])
def test_progress_is_told(done: int) -> None:
    told: list[tuple[int, int]] = []
    predict(busy(60), LIVE, LIVE, times=done, tick=lambda at, of: told.append((at, of)))
    assert told == [(1, 2), (2, 2)]
