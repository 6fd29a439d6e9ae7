"""The scoreboard of detectors: who is heard, what labels mean, when trust ends and returns; and in a campaign."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.campaign_view import campaign_views
from callcenter.core.machine_score import (
    EVERY,
    EVERY_AT_FIRST,
    HEARD_ENOUGH,
    MEMORY,
    PEOPLE_MAX,
    MachineScore,
    says_machine,
    wilson,
)
from callcenter.model.campaign import MachineRule
from callcenter.model.campaign_messages import AnswererScored, MachineJudged, MachinesTrusted
from callcenter.model.commands import RingAgent
from callcenter.model.detection import Answerer
from callcenter.model.disposition import DispositionRules
from callcenter.model.events import DispositionRequested
from callcenter.model.facts import ContactEnded
from callcenter.model.ids import LegId
from callcenter.model.lead import Outcome
from tests.core.center import queue
from tests.core.test_campaigns import TREE, Floor


def test_some_of_those_taken_for_machines_are_heard_and_each_stands_for_all_since_the_last() -> None:
    score = MachineScore()
    taken = [score.taken() for _ in range(3 * EVERY_AT_FIRST)]
    assert taken == [0, 0, EVERY_AT_FIRST] * 3
    for _ in range(HEARD_ENOUGH):
        score.label(person=False)
    assert sum(score.taken() for _ in range(10 * EVERY)) == 10 * EVERY


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval(hits: int, of: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson(hits, of, 1.959964) == pytest.approx((low, high), abs=5e-5)


@given(of=st.integers(1, 500), share=st.floats(0, 1))
def test_the_interval_holds_the_share_and_narrows(of: int, share: float) -> None:
    hits = round(share * of)
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1
    wider = wilson(4 * hits, 4 * of)
    assert wider[1] - wider[0] <= high - low + 1e-12


def after(wrong: float, labels: int, seed: int) -> MachineScore:
    score, draw = MachineScore(), random.Random(seed)
    for _ in range(labels):
        score.label(person=draw.random() < wrong)
        if not score.trusted:
            return score
    return score


def test_a_detector_that_is_often_wrong_loses_trust_soon_and_a_good_one_keeps_it() -> None:
    """By simulation: 200 campaigns each. The rule is looked at after every label, so it errs a little more than 5 %."""
    lost = [after(0.2, 200, seed) for seed in range(200)]
    assert sum(not one.trusted for one in lost) == len(lost)
    assert sorted(one.labelled for one in lost)[100] <= 20
    assert sum(not after(0.01, 200, seed).trusted for seed in range(200)) <= 30


def test_trust_returns_when_it_is_deserved() -> None:
    score = MachineScore()
    while score.trusted:
        score.label(person=True)
    assert score.taken() == 1, "everybody is heard meanwhile"
    labels = 0
    while not score.trusted:
        score.label(person=False)
        labels += 1
    assert wilson(score.people, score.labelled)[1] <= PEOPLE_MAX
    assert labels < MEMORY


@pytest.mark.parametrize(
    ("code", "machine"),
    [
        ("machine", True),
        ("nobody.voicemail", True),
        ("answering_machine", True),
        ("sold", False),
        ("machine.sold", False),
    ],
)
def test_what_an_agent_records(code: str, machine: bool) -> None:
    assert says_machine(code) is machine


def judged_as_machine(floor: Floor) -> LegId:
    """The next number answers, and is taken for a machine."""
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answered(leg)
    floor.tell(MachineJudged(leg=leg, answerer=Answerer.MACHINE, why="talks for 2.5 s"))
    return leg


def told(floor: Floor) -> str:
    [one] = campaign_views(floor.engine.world, floor.now)
    return one.machines


def test_a_person_taken_for_a_machine_is_charged_as_drops_and_ends_the_trust() -> None:
    sells = queue("out", disposition=DispositionRules(tree=TREE.name), wrap_up_s=30.0)
    floor = Floor(rules={"machine": MachineRule.HANG_UP, "detector": "ear"}, queues=(sells,), dispositions=(TREE,))
    floor.agent("ann")
    floor.begins()
    floor.starts()
    answered = dropped = 0
    assert told(floor) == "hang up, as ear says (of 0 labelled ones 0 were people)"
    while floor.record.scores.get("ear", MachineScore()).trusted:
        for _ in range(EVERY_AT_FIRST - 1):
            assert floor.settled[judged_as_machine(floor)].outcome is Outcome.MACHINE
        leg = judged_as_machine(floor)
        assert floor.lately(RingAgent), "the third is given to an agent"
        floor.agent_answers()
        floor.passes(5.0)
        floor.ended(leg)
        contact = floor.all(ContactEnded)[-1].contact
        assert not floor.ask(DispositionRequested(request=floor.request(), contact=contact, code="sold"))
        scored = floor.all(AnswererScored)[-1]
        assert (scored.labelled, scored.stands_for) == (Answerer.HUMAN, EVERY_AT_FIRST)
        assert floor.settled[leg].misjudged == EVERY_AT_FIRST - 1
        answered, dropped = answered + EVERY_AT_FIRST, dropped + EVERY_AT_FIRST - 1
        counts = floor.record.pace.counted(floor.now)[0]
        assert (counts.live, counts.drops) == (answered, dropped)
        floor.passes(40.0)
    assert floor.all(MachinesTrusted)[-1].trusted is False
    assert told(floor).startswith("everybody is treated as a person: ear takes too many for machines")
    floor.passes(2.0)
    assert floor.ringing == [], "so many drops are above the hard stop, and her phone would have to be picked up"
    floor.told_again()


def test_where_machines_are_not_trusted_everybody_is_treated_as_a_person() -> None:
    floor = Floor(rules={"machine": MachineRule.HANG_UP, "detector": "ear"})
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.record.scores["ear"] = MachineScore(trusted=False)
    judged_as_machine(floor)
    assert floor.lately(RingAgent)
