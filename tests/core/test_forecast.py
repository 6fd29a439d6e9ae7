"""Callers are told a range that can be relied on, or nothing; and what was told is compared with what came true."""

from typing import Any

import pytest

from callcenter.core.forecast import LEARNT_MIN, TRUTHS_MIN
from callcenter.core.scene import HEADS_MAX
from callcenter.model.commands import PlayPrompts
from callcenter.model.facts import WaitPredicted
from callcenter.model.flow import Prompt
from callcenter.model.forecast import Range, spoken_minutes
from callcenter.model.ids import QueueName
from callcenter.model.queue import Announcements, Queue, RelaxStep
from callcenter.model.view import QueueView
from tests.core.center import Ann, Call, Center, need, queue

WAIT = Prompt(name="wait")


def telling(name: str = "a", needs: str = "", **more: Any) -> Queue:
    return queue(name, needs, announce=Announcements(first_after_s=5.0, every_s=30.0, wait=WAIT), **more)


def serve(center: Center, ann: Ann, call: Call, talk_s: float = 60.0) -> None:
    """The call that rings at Ann's is answered, talks and ends."""
    ann.answers()
    center.passes(talk_s)
    call.hangs_up()


def seen(center: Center, name: str = "a") -> QueueView:
    [row] = [one for one in center.engine.view(center.now).queues if one.name == name]
    return row


def practised(center: Center, ann: Ann, calls: int = LEARNT_MIN + 5, talk_s: float = 60.0, name: str = "a") -> None:
    """One caller talks and one waits, over and over: enough to learn from, and enough forecasts that came true."""
    waiting = center.call(name)
    for n in range(calls):
        talking, waiting = waiting, center.call(name)
        # 60 s on average, so that a p50 holds for some
        serve(center, ann, talking, talk_s * (0.5 + (n % 5) / 4))
    serve(center, ann, waiting, talk_s)


def spoken(center: Center) -> list[dict[str, str]]:
    return [dict(said.variables) for said in center.all(PlayPrompts) if "wait" in said.prompts]


def hears(call: Call) -> None:
    """Whatever is being said."""
    if call.record.playback is not None:
        call.hears_it_out()


def test_nothing_is_told_until_enough_is_known_and_proven() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann, calls=TRUTHS_MIN - 1)
    told = center.all(WaitPredicted)
    assert told
    assert not any(fact.announced or fact.confident for fact in told)
    assert seen(center).wait_doubt == f"fewer than {LEARNT_MIN} calls have been learnt from"
    assert spoken(center) == []


def test_what_can_be_relied_on_is_told_as_a_range() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann)
    before = len(spoken(center))
    talking, waiting = center.call("a"), center.call("a")
    ann.answers()
    center.passes(5.0)
    [said] = spoken(center)[before:]
    assert (said["wait_low_min"], said["wait_high_min"]) == ("0", "2")  # calls take 30 to 90 s
    fact = center.lately(WaitPredicted)[-1]
    assert (fact.confident, fact.announced, fact.position, fact.entry) == (True, True, 1, False)
    assert 20 < fact.p50_s < 75
    assert fact.p50_s < fact.p90_s < 120
    assert said["wait_s"] == f"{fact.p50_s:.0f}"
    hears(waiting)
    center.told_again()
    assert talking.is_live


def test_a_forecast_is_made_of_what_the_agents_are_doing_now() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann)
    center.call("a")
    ann.answers()
    at_first = seen(center).estimated_wait_s
    center.passes(45.0)
    later = seen(center).estimated_wait_s
    assert at_first is not None
    assert later is not None
    assert later < at_first - 20.0


def test_every_forecast_made_on_coming_in_is_put_to_the_proof() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann)
    accuracy = center.engine.world.learnt[QueueName("a")].accuracy
    entries = [fact for fact in center.all(WaitPredicted) if fact.entry]
    assert accuracy.count == len(entries) >= TRUTHS_MIN
    row = seen(center)
    assert row.p50_held is not None
    assert row.p90_held is not None
    assert 0.2 <= row.p50_held <= 0.9
    assert row.p90_held >= 0.8
    assert row.wait_error_s is not None
    assert 0.0 < row.wait_error_s < 40.0


def test_forecasts_that_were_too_short_are_not_spoken_any_more() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann)
    accuracy = center.engine.world.learnt[QueueName("a")].accuracy
    assert seen(center).wait_doubt == ""
    for _ in range(60):
        accuracy.learn(30.0, 60.0, 200.0, served=True)
    center.passes(10.0)
    assert seen(center).wait_doubt.startswith("the latest forecasts were too short")


def test_a_caller_is_told_a_later_time_only_once() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann)
    before = len(spoken(center))
    talking, waiting = center.call("a"), center.call("a")
    ann.answers()
    for _ in range(20):  # ten minutes, and calls took one
        center.passes(30.0)
        hears(waiting)
    told = spoken(center)[before:]
    assert told
    late = [fact for fact in center.all(WaitPredicted) if fact.contact == waiting.id and not fact.announced]
    assert late[-1].confident or waiting.record.waits_taken_back <= 2
    assert waiting.record.waits_taken_back >= 1
    assert len(told) < 20
    assert talking.is_live


def test_a_queue_that_would_send_the_caller_on_first_promises_nothing() -> None:
    center = Center(telling(max_wait_s=100.0))
    ann = center.agent("ann")
    practised(center, ann)
    for _ in range(4):
        center.call("a")
    assert seen(center).wait_doubt in ("the queue may send the caller on before", "too wide a range")


def test_nobody_at_work_or_all_paused_is_no_forecast() -> None:
    center = Center(telling())
    ann = center.agent("ann")
    practised(center, ann)
    assert seen(center).estimated_wait_s is not None
    ann.pauses()
    assert seen(center).estimated_wait_s is None


def test_a_queue_that_says_nothing_is_not_forecast_unless_asked_to() -> None:
    for configured, forecast in ((queue("a"), False), (queue("a", forecast=True), True)):
        center = Center(configured)
        ann = center.agent("ann")
        practised(center, ann, calls=3)
        assert bool(center.all(WaitPredicted)) is forecast


def test_agents_of_two_queues_make_one_wait_for_the_other() -> None:
    center = Center(telling("a", "x"), telling("b", "y", priority=80))
    ann = center.agent("ann", x=1, y=1)
    practised(center, ann)
    center.call("a")
    ann.answers()
    alone = seen(center).estimated_wait_s
    for _ in range(3):
        center.call("b")
    center.passes(6.0)
    behind = seen(center).estimated_wait_s
    assert alone is not None
    assert behind is not None
    assert behind > alone + 100.0


def test_relaxation_to_come_is_foreseen() -> None:
    relaxes = telling("a", "x >= 3", relax=(RelaxStep(after_s=20.0, needs=need("x")),))
    center = Center(relaxes)
    ann = center.agent("ann", x=3)
    practised(center, ann)
    bob = center.agent("bob", x=1)
    center.call("a")
    ann.answers()
    wait = center.call("a")
    assert wait.record.predicted is not None
    assert wait.record.predicted.p90_s == pytest.approx(20.0, abs=1.0)  # Bob is idle, and may then
    assert bob.record.offer is None


def test_too_many_to_be_simulated_flow() -> None:
    center = Center(queue("a"), checked=False)
    ann = center.agent("ann")
    practised(center, ann, calls=3, talk_s=2.0)
    queued = center.engine.world.queued[QueueName("a")]
    while len(queued) <= HEADS_MAX:
        center.call("a")
    found = center.engine.forecast.for_next(center.configuration.queues[QueueName("a")])
    assert found is not None
    assert not found.simulated
    assert 1.0 * HEADS_MAX < found.p50_s < found.p90_s < 3.0 * HEADS_MAX


def test_a_look_at_the_center_changes_nothing_that_callers_are_told() -> None:
    told = []
    for looks in (False, True):
        center = Center(telling())
        ann = center.agent("ann")
        practised(center, ann)
        ann.pauses()
        center.call("a")
        ann.is_ready()
        ann.answers()
        center.call("a")
        if looks:
            center.engine.view(center.now)
        center.passes(3.0)
        if looks:
            center.engine.view(center.now)
        center.call("a")
        center.passes(40.0)
        told.append([(fact.p50_s, fact.p90_s, fact.announced) for fact in center.all(WaitPredicted)])
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("p50_s", "p90_s", "minutes"),
    [
        (0.0, 30.0, (0, 1)),
        (10.0, 60.0, (0, 1)),
        (59.0, 61.0, (0, 2)),
        (125.0, 290.0, (2, 5)),
        (410.0, 430.0, (6, 8)),
        (1_700.0, 1_790.0, (25, 30)),
        (9_000.0, 9_999.0, (60, 60)),
    ],
)
def test_minutes_are_rounded_away_from_promises(p50_s: float, p90_s: float, minutes: tuple[int, int]) -> None:
    assert spoken_minutes(Range(p50_s=p50_s, p90_s=p90_s, confident=True)) == minutes
