"""Callbacks and the law: judged before anybody is rung and again at the dial, put off, forbidden, settled once."""

from typing import Any

import pytest

from callcenter.core.callback_law import ASK_WITHIN_S, LATER_MAX_S, REFUSED_RETRY_S, UNJUDGED_RETRY_S
from callcenter.model.agent import AgentState
from callcenter.model.callback import CallbackEnd, CallbackRules, CalledFirst
from callcenter.model.callback_facts import CallbackDialled, CallbackSettled, CallbackWaits
from callcenter.model.callback_messages import CallbackJudged, JudgeCallback, SettleCallback
from callcenter.model.commands import DialNumber, RingAgent
from callcenter.model.contact import ContactState, LegEnd
from callcenter.model.events import CallbackRequested, DialRequested, LegAnswered, LegEnded, LegRinging
from callcenter.model.ids import AgentId, QueueName
from callcenter.model.lead import Outcome
from tests.core.center import Ann, Call, Center, queue

S = ContactState


def center(**rules: Any) -> Center:
    """One queue that calls back under a law."""
    return Center(queue("sales", callback=CallbackRules(law=("vn",), **rules)))


def promised(house: Center, caller: str = "0901", number: str = "") -> Call:
    """Somebody who would rather be called back, at once; perhaps at another number."""
    call = house.call("sales", caller=caller)
    call.presses("1")
    if number:
        call.presses(f"2{number}#")
    call.presses("1")
    call.hears_it_out()
    assert call.is_in(S.PROMISED)
    return call


def asked(house: Center) -> JudgeCallback:
    return house.all(JudgeCallback)[-1]


def says(house: Center, allowed: bool, **more: Any) -> None:
    """The law says so of what it was asked last."""
    last = asked(house)
    house.tell(
        CallbackJudged(
            contact=last.contact,
            leg=last.leg,
            queue=last.queue,
            allowed=allowed,
            first_look=last.first_look,
            why="" if allowed else "hours 07:30 (08:00 to 17:00)",
            **more,
        )
    )


def answered_by(house: Center, ann: Ann) -> None:
    """Her phone rings for the promise, and she takes it."""
    house.tell(LegAnswered(leg=house.all(RingAgent)[-1].leg))
    assert ann.state is AgentState.ON_CONTACT


def test_the_law_is_asked_before_an_agent_is_rung_and_again_when_she_is_there() -> None:
    house = center()
    call = promised(house)
    first = asked(house)
    assert (first.first_look, first.agent_ready, first.law, first.number) == (True, True, ("vn",), "0901")
    assert first.invited is not None
    assert (first.invited.at, first.invited.own_number) == (house.now, True)
    ann = house.agent("ann")
    assert house.all(RingAgent) == []
    says(house, True)
    answered_by(house, ann)
    second = asked(house)
    assert (second.first_look, second.leg) != (True, first.leg)
    assert house.all(DialNumber) == []
    says(house, True)
    [dialled] = house.all(DialNumber)
    assert dialled.leg == second.leg == house.all(CallbackDialled)[-1].leg
    house.tell(LegRinging(leg=dialled.leg))
    house.passes(4.0)
    house.tell(LegAnswered(leg=dialled.leg))
    [settled] = house.all(SettleCallback)
    assert (settled.attempt, settled.outcome, settled.answered_at) == (second.leg, Outcome.ANSWERED, house.now)
    assert call.is_in(S.CONNECTED)
    assert house.all(CallbackSettled)[-1].end is CallbackEnd.KEPT
    house.told_again()


def test_what_is_refused_rests_until_it_is_allowed_also_if_that_is_later_than_promised() -> None:
    house = center(window_s=600.0, late_s=0.0)
    call = promised(house)
    says(house, False, next_at=house.now + 9 * 3_600.0)
    waits = house.all(CallbackWaits)[-1]
    assert (waits.next_at, waits.why) == (house.now + 9 * 3_600.0, "the law: hours 07:30 (08:00 to 17:00)")
    ann = house.agent("ann")
    house.passes(9 * 3_600.0)
    assert (house.all(RingAgent), len(house.all(JudgeCallback))) == ([], 2)
    says(house, True)
    answered_by(house, ann)
    says(house, True)
    house.tell(LegAnswered(leg=house.all(DialNumber)[-1].leg))
    assert call.is_in(S.CONNECTED)
    settled = house.all(CallbackSettled)[-1]
    assert (settled.end, settled.in_time) == (CallbackEnd.KEPT, False)
    house.told_again()


def test_a_promise_that_may_not_be_kept_for_days_is_over() -> None:
    house = center(window_s=600.0)
    promised(house)
    says(house, False, next_at=house.now + 600.0 + LATER_MAX_S + 1.0)
    [settled] = house.all(CallbackSettled)
    assert settled.end is CallbackEnd.EXPIRED
    assert "the law: hours" in settled.why
    house.told_again()


def test_a_promise_whose_time_ends_while_the_law_is_asked_is_not_kept_for_the_answer() -> None:
    house = center(window_s=66.0, late_s=0.0)
    promised(house)
    house.agent("ann")
    house.passes(65.0)
    assert len(house.all(JudgeCallback)) == 2
    house.passes(1.9)
    assert house.all(CallbackSettled) == []
    house.passes(0.1)
    assert [settled.end for settled in house.all(CallbackSettled)] == [CallbackEnd.EXPIRED]
    says(house, True)
    assert (house.all(RingAgent), house.all(DialNumber)) == ([], [])
    house.told_again()


def test_who_is_on_a_list_of_the_house_is_not_called() -> None:
    house = center()
    promised(house)
    says(house, False, for_good=True)
    [settled] = house.all(CallbackSettled)
    assert (settled.end, settled.why) == (CallbackEnd.REFUSED, "the law: hours 07:30 (08:00 to 17:00)")
    house.told_again()


def test_where_somebody_has_to_act_it_is_asked_again_and_again() -> None:
    house = center()
    call = promised(house)
    says(house, False)
    house.passes(REFUSED_RETRY_S)
    assert (len(house.all(JudgeCallback)), call.is_in(S.PROMISED)) == (2, True)
    house.told_again()


def test_who_is_refused_while_an_agent_waits_sets_her_free_at_once() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    says(house, True)
    answered_by(house, ann)
    says(house, False, next_at=house.now + 60.0)
    assert (ann.state, call.is_in(S.PROMISED)) == (AgentState.READY, True)
    assert (house.all(SettleCallback), house.all(DialNumber)) == ([], [])
    house.told_again()


def test_nobody_is_dialled_while_nobody_can_judge() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    says(house, False, unjudged=True)
    house.passes(UNJUDGED_RETRY_S)  # the first look is asked for again, and is not answered
    house.passes(ASK_WITHIN_S)
    assert len(house.all(JudgeCallback)) == 2
    house.passes(UNJUDGED_RETRY_S)
    says(house, True)
    answered_by(house, ann)
    late = asked(house)
    house.passes(ASK_WITHIN_S)
    assert (ann.state, call.is_in(S.PROMISED), house.all(DialNumber)) == (AgentState.READY, True, [])
    house.tell(CallbackJudged(contact=late.contact, leg=late.leg, queue=late.queue, allowed=True))
    [settled] = house.all(SettleCallback)  # it was written, and is not dialled any more
    assert (settled.attempt, settled.outcome) == (late.leg, Outcome.VOID)
    house.told_again()


def test_she_calls_by_herself_while_the_law_is_asked() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    says(house, True)
    answered_by(house, ann)
    again = house.call("sales")
    assert (again.id, call.is_in(S.CONNECTED)) == (call.id, True)
    says(house, True)
    assert (house.all(DialNumber), house.all(SettleCallback)[-1].outcome) == ([], Outcome.VOID)
    house.told_again()


@pytest.mark.parametrize(
    ("end", "rang", "outcome"),
    [
        (LegEnd.BUSY, False, Outcome.BUSY),
        (LegEnd.NO_ANSWER, True, Outcome.NO_ANSWER),
        (LegEnd.FAILED, False, Outcome.FAILED),
        (LegEnd.FAILED, True, Outcome.NO_ANSWER),
    ],
)
def test_what_came_of_an_attempt_is_settled_once(end: LegEnd, rang: bool, outcome: Outcome) -> None:
    house = center()
    promised(house)
    ann = house.agent("ann")
    says(house, True)
    answered_by(house, ann)
    says(house, True)
    leg = house.all(DialNumber)[-1].leg
    if rang:
        house.tell(LegRinging(leg=leg))
    house.tell(LegEnded(leg=leg, end=end))
    house.tell(LegEnded(leg=leg, end=end))
    [settled] = house.all(SettleCallback)
    assert (settled.attempt, settled.outcome, settled.answered_at) == (leg, outcome, None)
    house.told_again()


def test_another_number_is_told_and_not_her_own_and_an_agents_wish_is_no_invitation() -> None:
    house = center()
    promised(house, number="0912345")
    told = asked(house).invited
    assert told is not None
    assert not told.own_number
    house.agent("ann")
    assert house.ask(CallbackRequested(request=house.request(), queue=QueueName("sales"), number="0977")) == ""
    assert (asked(house).number, asked(house).invited) == ("0977", None)
    house.told_again()


def test_an_agent_who_dials_by_herself_is_told_no() -> None:
    house = center()
    ann = house.agent("ann")
    wish = DialRequested(request=house.request(), agent=AgentId("ann"), number="0901", queue=QueueName("sales"))
    assert house.ask(wish) == ""
    answered_by(house, ann)
    assert (asked(house).first_look, asked(house).agent_ready, asked(house).invited) == (False, True, None)
    says(house, False, next_at=house.now + 3_600.0)
    [settled] = house.all(CallbackSettled)
    assert settled.end is CallbackEnd.REFUSED
    assert (ann.state, house.all(DialNumber)) == (AgentState.READY, [])
    house.told_again()


def test_a_customer_who_is_called_first_is_judged_without_an_agent_for_her() -> None:
    house = center(first=CalledFirst.CUSTOMER)
    call = promised(house)
    house.agent("ann")
    assert not asked(house).agent_ready
    says(house, True)
    assert (call.is_in(S.DIALLING), house.all(DialNumber)) == (True, [])
    says(house, True)
    house.tell(LegAnswered(leg=house.all(DialNumber)[-1].leg))
    assert house.all(SettleCallback)[-1].outcome is Outcome.ANSWERED
    house.told_again()
