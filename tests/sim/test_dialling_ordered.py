"""What a large team's dials tell: learnt in the order in which they were made, young ones by what they can tell."""

import random
from dataclasses import replace
from typing import Final

import pytest

from callcenter.model.pacing import Budget, LifeTable, PacerName
from callcenter.pacers.answering import NONE, Chance, Unripe
from callcenter.pacers.ordered import Dialled, Ordered
from callcenter.pacers.pace import Pace
from callcenter.sim.dialling.ours import Ours
from callcenter.sim.dialling.scenario import HOUR_S, always, s2
from callcenter.sim.dialling.world import World

TABLE: Final = LifeTable((0.0, 10.0, 20.0, 30.0), (1.0, 0.5, 0.1, 0.0))
FULL: Final = Budget(target=0.0275, hard=0.0295)
CHANCE: Final = 0.1


def test_a_table_is_read_between_its_edges_and_beyond_them() -> None:
    assert [TABLE.going_at(at) for at in (-1.0, 0.0, 5.0, 10.0, 12.5, 30.0, 99.0)] == pytest.approx(
        [1.0, 1.0, 0.75, 0.5, 0.4, 0.0, 0.0]
    )
    assert [TABLE.age_at(share) for share in (1.0, 0.5, 0.2, 0.0)] == [0.0, 10.0, 20.0, 30.0]
    assert LifeTable((0.0, 10.0), (1.0, 0.5)).age_at(0.1) == 10.0


def burst(known: Ordered, count: int, now: float, seed: int) -> list[tuple[float, str, Dialled, bool]]:
    """So many lines, dialled in one moment: those that fail end first, then people answer, the rest rings out."""
    luck, ends = random.Random(seed), []
    for n in range(count):
        line = f"{now:g}-{n}"
        known.dialled(line, now, "a", 9)
        answered = luck.random() < CHANCE
        rang_s = luck.uniform(5.0, 18.0) if answered else (3.0 if luck.random() < 0.2 else 28.0)
        ends.append((now + rang_s, line, Dialled(now, "a", 9, answered, rang_s), answered))
    return sorted(ends)


def test_a_burst_is_not_believed_kind_by_kind() -> None:
    known = Ordered()
    for seed in range(5):  # what it lives on: its own figures of how long answers take
        for at, line, dial, answered in burst(known, 400, 100.0 * seed, seed):
            known.ripen(at)
            known.ended(line, dial, answered=answered)
        known.ripen(100.0 * seed + 90.0)
    table = known.answer.table()
    known.ripe_s = table.age_at(0.05)
    assert 16.0 <= known.ripe_s <= 20.0
    now, thought = 1000.0, []
    ends = burst(known, 1000, now, seed=99)
    for second in range(1, 41):
        while ends and ends[0][0] <= now + second:
            at, line, dial, answered = ends.pop(0)
            known.ripen(at)
            known.ended(line, dial, answered=answered)
        known.ripen(now + second)
        chance, dials = known.answering.chance("a", 9, known.unripe(table, now + second))
        thought.append(chance)
        assert dials > 0.0
    assert min(thought) > 0.6 * CHANCE, "two hundred numbers that do not exist have said nothing yet"
    assert max(thought) < 1.4 * CHANCE, "nor are the first to answer all there are"
    assert not known.dials


def test_who_is_answered_late_or_fails_by_the_trunk() -> None:
    known = Ordered(ripe_s=10.0)
    for n in range(10):
        known.dialled(f"{n}", 0.0, "a", 9)
    known.forget("9")
    known.ripen(9.9)
    assert known.answering.count == 0
    known.ripen(10.0)
    assert (known.answering.count, known.answering.answers) == (9, 0)
    known.ended("0", Dialled(0.0, "a", 9, True, 25.0), answered=True)
    known.ended("1", Dialled(0.0, "a", 9, False, 28.0), answered=False)
    assert (known.answering.count, known.answering.answers) == (9, 1)
    assert (known.answer.count, known.no_answer.count) == (1, 1)
    assert known.answering.lists["a"].memories[-1].answers == pytest.approx(1.0)


@pytest.mark.slow
def test_what_is_kept_is_bounded_where_no_pacer_is_asked() -> None:
    """A broadcast to a hundred thousand, five a second, of which nobody asks how many lines to dial."""
    pace = Pace(pacer=PacerName("predictive"))
    for n in range(100_000):
        pace.dialled(f"{n}", n / 5)
        if n >= 100:
            pace.unanswered(f"{n - 100}", n / 5)
    assert len(pace.ordered.dials) <= 5 * pace.ordered.ripe_s + 1
    assert len(pace.lines) == 100


def test_without_young_dials_it_is_what_was_learnt() -> None:
    chance = Chance()
    for n in range(300):
        chance.learn(n % 4 == 0, 9)
    assert chance.now(0.3) == chance.now(0.3, NONE)
    more, dials = chance.now(0.3, Unripe(answers=50.0, dials=50.0))
    assert more > chance.now(0.3)[0]
    assert dials > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("agents", [100, 200])
def test_many_agents_where_few_answer_drop_no_more_than_they_may(agents: int) -> None:
    """Learnt as they ended, the first 100 s of 200 agents cost 77 drops of 313 answers, and hours of waiting for it."""
    scenario = replace(s2(agents, always(0.08)), hours_s=1.5 * HOUR_S)
    dialler = Ours("predictive", FULL)
    day = World(scenario, dialler, 0).run()
    counted, _ = dialler.pace.counted(scenario.hours_s)
    assert counted.share <= 0.03
    assert day.utilisation > 0.8
