"""Where a lead goes after an attempt: by what the agent recorded, else by what the system saw."""

import pytest

from callcenter.core.campaign_rules import packs_of
from callcenter.core.law import check
from callcenter.core.recycling import DEFAULT_RULES, Next, after
from callcenter.model.campaign import CallLimit, Campaign, Recycle
from callcenter.model.law import Counted, Question
from callcenter.model.lead import CampaignName, LeadState, Outcome
from tests.postgres.lead_story import OPEN, law

RULES = {
    **DEFAULT_RULES,
    "call_later": Recycle(after_s=100.0, at_most=2),
    "no_time": Recycle(after_s=50.0, at_most=1),
    Outcome.BUSY: Recycle(after_s=60.0, at_most=0),
}


def goes(outcome: Outcome, count: int, **other: object) -> Next:
    given = {"now": 1000.0, "outcomes": {outcome: count}, "attempts": count, "attempts_max": 8, "numbers_left": 1}
    return after(outcome, **{**given, "rules": RULES, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", sorted(DEFAULT_RULES))
def test_each_outcome_has_its_rule_until_it_has_come_once_too_often(outcome: str) -> None:
    rule, of = DEFAULT_RULES[outcome], Outcome(outcome)
    again = Next(state=LeadState.WAITING, at=1000.0 + rule.after_s)
    assert goes(of, rule.at_most, rules=DEFAULT_RULES) == again
    assert goes(of, rule.at_most + 1, rules=DEFAULT_RULES) == Next(state=LeadState.DONE)


def test_an_outcome_that_is_never_tried_again_and_one_without_a_rule() -> None:
    assert goes(Outcome.BUSY, 1) == goes(Outcome.ANSWERED, 1) == Next(state=LeadState.DONE)


def test_a_disposition_stands_before_the_outcome_and_is_counted_by_itself() -> None:
    """She has answered four times; that she has no time was recorded for the first time."""
    assert goes(Outcome.ANSWERED, 4, disposition="no_time", recorded=1) == Next(state=LeadState.WAITING, at=1050.0)
    assert goes(Outcome.ANSWERED, 4, disposition="no_time", recorded=2) == Next(state=LeadState.DONE)
    assert goes(Outcome.ANSWERED, 4, disposition="call_later", recorded=2).at == 1100.0
    assert goes(Outcome.HUNG_UP, 1, disposition="sold", recorded=1).state is LeadState.WAITING, "the outcome's rule"


def test_what_stands_before_every_rule() -> None:
    assert goes(Outcome.VOID, 1) == goes(Outcome.INVALID, 1) == Next(state=LeadState.READY)
    assert goes(Outcome.INVALID, 1, numbers_left=0) == Next(state=LeadState.REFUSED)
    assert goes(Outcome.NO_ANSWER, 1, attempts=8) == Next(state=LeadState.DONE)


def test_she_waits_until_the_first_of_her_numbers_may_be_tried() -> None:
    later = Next(state=LeadState.WAITING, at=9000.0)
    assert goes(Outcome.INVALID, 1, free_at=9000.0) == goes(Outcome.VOID, 1, free_at=9000.0) == later
    assert goes(Outcome.ANSWERED, 4, disposition="no_time", recorded=1, free_at=9000.0) == later
    assert goes(Outcome.INVALID, 1, free_at=999.0) == Next(state=LeadState.READY)


def test_the_limits_of_a_campaign_are_judged_beside_its_law() -> None:
    limits = (
        CallLimit(of=Counted.LEAD, at_most=2, within_s=86_400.0),
        CallLimit(of=Counted.NUMBER, at_most=2, within_s=604_800.0),
    )
    packs = packs_of(Campaign(name=CampaignName("spring"), law=("vn", "gone"), limits=limits), {"vn": law(OPEN)})
    assert [(pack.name, pack.law) for pack in packs] == [("test", True), ("campaign spring", False)]
    question = Question(
        at=1_796_000_000.0,
        number="+84901234567",
        region="VN",
        zones=("Asia/Ho_Chi_Minh",),
        attempts=(1_795_999_000.0,),
        lead_attempts=(1_795_999_000.0, 1_795_999_500.0),
    )
    [against] = check(question, packs).against
    assert (against.pack, against.value, against.cite) == ("campaign spring", "2", "campaigns.yaml, spring")
    assert against.from_when == 1_795_999_000.0 + 86_400.0
