"""Every fact, strategy, reason and deadline has words, or a reason why it has none: a new one is not forgotten."""

from typing import get_args

import pytest

from callcenter.core.explain import Before, Cause, PassedOver, Reason, Verdict
from callcenter.core.timers import TimerKind
from callcenter.jobs.flow_story import LOOKUP_WORDS
from callcenter.jobs.foresight import DEADLINE_WORDS
from callcenter.jobs.story import END_WORDS, EXIT_WORDS, LEFT_OUT, OFFER_WORDS, TELLERS, story
from callcenter.jobs.wording import (
    CAUSE_WORDS,
    STRATEGY_WORDS,
    asked_words,
    duration,
    groups,
    listed,
    need_words,
    passed_over_words,
)
from callcenter.model.contact import EndReason, LookupOutcome, OfferEnd, QueueExit
from callcenter.model.entry import Entry
from callcenter.model.events import TimePassed
from callcenter.model.facts import Fact, NodeEntered
from callcenter.model.ids import AgentId, ContactId, FlowName, QueueName
from callcenter.strategies import STRATEGIES
from callcenter.strategies.question import Candidate, Question


def test_every_fact_is_told_or_left_out_on_purpose() -> None:
    facts = set(get_args(Fact))
    assert facts == TELLERS.keys() | LEFT_OUT.keys()
    assert not TELLERS.keys() & LEFT_OUT.keys()
    assert all(LEFT_OUT.values())


def test_every_strategy_reason_end_and_deadline_has_its_words() -> None:
    assert STRATEGY_WORDS.keys() == STRATEGIES.keys()
    assert CAUSE_WORDS.keys() == set(Cause)
    assert DEADLINE_WORDS.keys() == set(TimerKind)
    assert OFFER_WORDS.keys() == set(OfferEnd)
    assert EXIT_WORDS.keys() == set(QueueExit)
    assert END_WORDS.keys() == set(EndReason)
    assert LOOKUP_WORDS.keys() == set(LookupOutcome)


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("", "enters flow hotline at main"),
        ("next", "goes on to main of flow hotline"),
        ("choices.2", "goes on to main of flow hotline (pressed 2)"),
        ("cases.0.then", "goes on to main of flow hotline (case 1 fits)"),
        ("otherwise", "goes on to main of flow hotline (no case fits)"),
        ("returns.paid", "goes on to main of flow hotline (came back with paid)"),
        ("no_input", "goes on to main of flow hotline (no input)"),
    ],
)
def test_how_a_node_was_left_is_said_in_words(way: str, words: str) -> None:
    fact = NodeEntered(contact=ContactId("c"), flow=FlowName("hotline"), node="main", exit=way)
    entry = Entry(seq=1, at=0.0, event=TimePassed(), outputs=(fact,))
    assert [step.words for step in story([entry], ContactId("c"), {})] == [words]


def test_levels_beyond_five_are_those_of_several_skills() -> None:
    best, asked = STRATEGIES["best_skill"], Question(queue=QueueName("q"), last_agent=None)
    said = [
        best.why(Candidate(agent=AgentId("a"), ready_since=0, level=level, contacts=0, last_offered=0), asked, 9.0)
        for level in (5, 8)
    ]
    assert said == ["best skill: level 5, free for 9.0 s", "best skill: levels that add up to 8, free for 9.0 s"]


def out(agent: str, *reasons: Reason) -> Verdict:
    return Verdict(agent=AgentId(agent), name="", candidate=False, rank=None, words="", reasons=reasons)


def test_three_hundred_agents_are_a_line() -> None:
    lacking = [out(f"a{at:03}", Reason(cause=Cause.LACKS, about="vietnamese >= 2")) for at in range(312)]
    talking = [out(f"b{at:03}", Reason(cause=Cause.FULL)) for at in range(14)]
    paused = [
        out("c1", Reason(cause=Cause.PAUSED, about="lunch")),
        out("c2", Reason(cause=Cause.PAUSED, about="lunch")),
    ]
    busy = out("c3", Reason(cause=Cause.PAUSED, about="no_answer"))
    out_of_all = out("d", Reason(cause=Cause.LACKS, about="vietnamese >= 2"), Reason(cause=Cause.LOGGED_OUT))
    assert [group.words for group in groups([*lacking, *talking, *paused, busy, out_of_all])] == [
        "313 agents do not have vietnamese (level 2 or better)",
        "14 agents are talking with other callers",
        "c1, c2 and c3 are paused (lunch: 2, no answer: 1)",
    ]


def test_who_lacks_several_skills_lacks_each_of_them() -> None:
    both = Reason(cause=Cause.LACKS, about="support >= 2 and vietnamese >= 1")
    assert [group.words for group in groups([out("a", both)])] == [
        "a has neither support (level 2 or better) nor vietnamese"
    ]
    assert groups([out("a", both), out("b", both)])[0].words == (
        "a and b have neither support (level 2 or better) nor vietnamese"
    )


def test_one_agent_is_named() -> None:
    assert [group.words for group in groups([out("em", Reason(cause=Cause.PAUSED, about="lunch"))])] == [
        "em is paused (lunch)"
    ]


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("sales", "sales"),
        ("sales >= 3 and vietnamese", "sales (level 3 or better) and vietnamese"),
        ("a >= 2 or b >= 1", "a (level 2 or better) or b"),
        ("not @linh and not @minh and sales >= 2", "sales (level 2 or better), but not linh and minh"),
        ("not @linh", "anything, but not linh"),
        ("sales and not trainee", "sales and not trainee"),
    ],
)
def test_needs_in_words(needs: str, words: str) -> None:
    assert need_words(needs) == words


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("", "any agent"),
        ("sales >= 3 or english", "an agent with sales (level 3 or better) or english"),
        ("@bob", "bob"),
        ("@bob or @linh or sales >= 2", "bob or linh, or an agent with sales (level 2 or better)"),
        ("not @linh and sales", "an agent with sales, but not linh"),
    ],
)
def test_who_is_asked_for_in_words(needs: str, words: str) -> None:
    assert asked_words(needs) == words


def test_names_and_lengths() -> None:
    assert [listed(names.split()) for names in ("", "a", "a b", "a b c", "a b c d e f g h")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b, c, d, e and 3 more",
    ]
    assert [duration(seconds) for seconds in (4.25, 65, 3700)] == ["4.2 s", "1:05 min", "1:01:40 h"]


def passed(cause: Before, priority: int = 50, ahead_s: float = 0.0, other: str = "c") -> PassedOver:
    return PassedOver(
        at=0.0,
        seq=1,
        agent=AgentId("anna"),
        other=ContactId(other),
        other_queue=QueueName("sales"),
        cause=cause,
        other_priority=priority,
        priority=50,
        ahead_s=ahead_s,
    )


def test_who_came_first_is_summed_up() -> None:
    many = [passed(Before.WAITED_LONGER, ahead_s=float(at), other=f"c{at}") for at in range(1, 10)]
    many.append(many[0])  # nobody answered it, and it came first again
    more = [passed(Before.PRIORITY, 60, other=f"p{at}") for at in range(2)] + [passed(Before.PRIORITY, 80)]
    assert passed_over_words([*many, *more, passed(Before.CAME_FIRST)]) == [
        "9 calls that had been waiting longer (by up to 9.0 s)",
        "3 calls because of a higher priority at that moment (60 to 80; this call had 50)",
        "1 call that came in the same moment, just before",
    ]
