"""Callbacks: promised, kept with the place in line, dialled once per attempt, lost by nothing."""

from typing import Any

import pytest

from callcenter.core.callbacks import UNPLACED_MAX, WINDOW_MAX_S
from callcenter.model.agent import AgentState
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.callback import CallbackEnd, CallbackRules, CalledFirst
from callcenter.model.callback_facts import (
    CallbackAttempted,
    CallbackDialled,
    CallbackPromised,
    CallbackSettled,
    CallbackWaits,
    CallerRangBack,
    PlaceRestored,
)
from callcenter.model.commands import DialNumber, HangUp, JoinBridge, PlayPrompts, RingAgent, StartRecording
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, QueueExit, TransportFault
from callcenter.model.events import (
    CallbackCancelRequested,
    CallbackNowRequested,
    CallbackRequested,
    DialRequested,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegRinging,
    Resynced,
    Stopping,
)
from callcenter.model.facts import ContactEnded, ContactOpened, ContactQueued, QueueLeft
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, CalendarName, ContactId, ListName, QueueName
from callcenter.model.need import parse_need
from callcenter.model.numbers import Numbering, NumberList
from callcenter.model.relaxation import Lowering, RelaxStep, Reserve
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Key, NextNode
from callcenter.nodes.menu import Menu
from tests.core.center import START, Call, Center, flow, queue, to_queue

S = ContactState
CUSTOMER = CalledFirst.CUSTOMER
OFFICE = Calendar(
    name=CalendarName("office"),
    timezone="UTC",
    spans=tuple(OpenSpan(weekday=day, start_min=8 * 60, end_min=17 * 60) for day in range(5)),
)


def center(first: CalledFirst = CalledFirst.AGENT, *, rules: dict[str, Any] | None = None, **more: Any) -> Center:
    """One queue that calls back."""
    on = {"hours": None, **{k: v for k, v in more.items() if k in ("hours", "connect_announcement", "return_within_s")}}
    house = {k: v for k, v in more.items() if k in ("lists", "calendars", "start", "callback_to", "flows")}
    return Center(queue("sales", callback=CallbackRules(first=first, **(rules or {})), **on), queue("other"), **house)


def promised(house: Center, caller: str = "0901") -> Call:
    """Somebody who waited for five seconds and would rather be called back."""
    call = house.call("sales", caller=caller)
    house.passes(5.0)
    call.presses("1")
    call.presses("1")
    call.hears_it_out()
    assert call.is_in(S.PROMISED)
    return call


def ask(house: Center, number: str = "0901", **more: Any) -> str:
    return house.ask(CallbackRequested(request=house.request(), queue=QueueName("sales"), number=number, **more))


def only_contact(house: Center) -> Call:
    [contact] = house.engine.world.contacts.values()
    call = Call(house, contact.leg)  # type: ignore[arg-type]
    call.id = contact.id
    return call


# -- being promised one ------------------------------------------------------------------------------------------------


def test_a_caller_who_presses_the_key_keeps_her_place_without_her_line() -> None:
    house = center()
    call = promised(house)
    record = call.record
    assert (record.leg, record.bridge, record.queue, record.since) == (None, None, "sales", START)
    [fact] = house.all(CallbackPromised)
    assert (fact.number, fact.first, fact.by, fact.until) == ("0901", CalledFirst.AGENT, "caller", house.now + 14_400)
    assert house.all(QueueLeft)[-1].exit is QueueExit.CALLBACK
    assert [one.leg for one in house.all(HangUp)] == [call.leg]
    house.told_again()


def test_who_declines_is_back_in_her_place_as_she_was() -> None:
    house = center(flows=[flow("urgent", go=Enqueue(queue=QueueName("sales"), priority=90))])
    call = house.call("urgent")
    house.passes(5.0)
    call.presses("1*")
    assert call.is_in(S.WAITING)
    assert (call.record.priority, call.record.since) == (90, START)
    house.told_again()


def test_a_number_may_be_typed_and_is_said_back() -> None:
    house = center()
    call = house.call("sales", caller="anonymous")
    call.presses("1")
    call.presses("0912345#")
    assert house.all(PlayPrompts)[-1].variables["callback_number"] == "0912345"
    call.presses("1")
    call.hangs_up()
    assert call.record.callback is not None
    assert call.record.callback.number == "0912345"


def test_a_number_that_no_pattern_allows_is_not_promised_and_she_waits_on() -> None:
    house = center()
    call = house.call("sales", caller="0066123")
    call.presses("11")
    assert call.is_in(S.WAITING)
    assert not house.all(CallbackPromised)


def test_a_number_is_dialled_in_the_form_that_a_pattern_allows() -> None:
    house = center()
    call = promised(house, caller="+84901")
    assert call.record.callback is not None
    assert call.record.callback.number == "0901"


# -- the agent first ---------------------------------------------------------------------------------------------------


def test_the_agent_hears_who_it_is_then_the_customer_is_called_and_they_talk() -> None:
    house = center(rules={"briefing": Prompt(name="who")})
    call = promised(house)
    house.passes(60.0)
    ann = house.agent("ann")
    assert ann.is_rung
    ann.answers()
    assert call.is_in(S.CONNECTING)
    assert house.lately(PlayPrompts)[0].prompts == ("who",)
    assert not house.all(DialNumber)
    call.hears_it_out()
    [dial] = house.all(DialNumber)
    assert (dial.number, dial.caller, dial.like) == ("0901", "sales", ann.leg)
    house.passes(4.0)
    call.customer_answers()
    assert call.is_in(S.CONNECTED)
    assert house.lately(StartRecording)[0].leg == call.leg
    house.passes(30.0)
    ann.hangs_up()
    summary = call.summary
    assert (summary.reason, summary.talk_s, summary.callback_s) == (EndReason.AGENT_HUNG_UP, 30.0, 64.0)
    assert summary.flow_s + summary.wait_s + summary.callback_s + summary.talk_s == house.now - START
    [settled] = house.all(CallbackSettled)
    assert (settled.end, settled.in_time, settled.attempts, settled.agent) == (CallbackEnd.KEPT, True, 1, "ann")
    assert all(left.callback for left in house.all(QueueLeft)[1:])
    house.told_again()


def test_the_place_is_served_before_those_who_came_later() -> None:
    house = center()
    call = promised(house)
    later = house.call("sales", caller="0902")
    ann = house.agent("ann")
    assert call.rung == ["ann"]
    assert later.is_in(S.WAITING)
    assert ann.is_rung


def test_no_answer_frees_the_agent_at_once_and_is_tried_again_in_time() -> None:
    house = center(rules={"retry_after_s": 300.0, "attempts": 2})
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    call.customer_declines()
    assert call.is_in(S.PROMISED)
    assert ann.is_in(AgentState.READY)
    [waits] = house.all(CallbackWaits)
    assert (waits.next_at, waits.why) == (house.now + 300.0, "the last attempt failed")
    house.passes(299.0)
    assert not ann.is_rung
    house.passes(1.0)
    ann.answers()
    call.customer_declines(LegEnd.BUSY)
    assert call.end_reason is EndReason.CALLBACK_FAILED
    assert [one.end for one in house.all(CallbackAttempted)] == [LegEnd.NO_ANSWER, LegEnd.BUSY]
    assert house.all(CallbackSettled)[0].end is CallbackEnd.NO_ANSWER
    house.told_again()


def test_an_agent_who_hangs_up_while_the_customer_rings_costs_an_attempt_and_nobody_rings_on() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    dialled = call.called_on
    ann.hangs_up()
    assert [one.leg for one in house.lately(HangUp)] == [dialled]
    assert call.is_in(S.PROMISED)
    assert not house.tell(LegAnswered(leg=dialled))[1:]  # hung up again, nothing else


def test_a_missed_offer_leaves_the_promise_in_its_place() -> None:
    house = center()
    call = promised(house)
    ann, bob = house.agent("ann"), house.agent("bob")
    rung = ann if ann.is_rung else bob
    rung.declines()
    assert len(call.rung) == 1
    assert call.record.since == START


def test_what_must_be_announced_is_said_to_both_before_they_are_recorded() -> None:
    house = center(connect_announcement=Prompt(name="recorded"))
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    call.customer_answers()
    assert call.is_in(S.CONNECTING)
    assert house.lately(PlayPrompts)[0].prompts == ("recorded",)
    assert not house.all(StartRecording)
    joined = [one.leg for one in house.all(JoinBridge) if one.contact == call.id][-2:]
    call.hears_it_out()
    assert joined == [ann.leg, call.leg]
    assert call.is_in(S.CONNECTED)
    assert house.all(StartRecording)


def test_the_customer_who_hangs_up_in_the_announcement_has_given_up() -> None:
    house = center(connect_announcement=Prompt(name="recorded"))
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    call.customer_answers()
    call.hangs_up()
    assert call.end_reason is EndReason.ABANDONED
    assert house.all(CallbackSettled)[0].end is CallbackEnd.HUNG_UP
    assert ann.is_in(AgentState.READY)


# -- the customer first ------------------------------------------------------------------------------------------------


def test_the_customer_is_called_when_an_agent_is_free_and_waits_at_the_head() -> None:
    house = center(CUSTOMER, rules={"greeting": Prompt(name="hello_again")})
    call = promised(house)
    assert not call.is_called
    ann = house.agent("ann")
    assert call.is_in(S.DIALLING)
    assert house.all(CallbackDialled)[0].why == "ann is free"
    assert not ann.is_rung
    house.passes(6.0)
    call.customer_answers()
    assert ann.is_rung
    assert call.is_in(S.OFFERED)
    ann.answers()
    assert call.is_in(S.CONNECTED)
    house.passes(20.0)
    call.hangs_up()
    assert house.all(CallbackSettled)[0].end is CallbackEnd.KEPT
    house.told_again()


def test_one_free_agent_is_counted_on_by_one_customer_at_a_time() -> None:
    house = center(CUSTOMER)
    first, second = promised(house, "0901"), promised(house, "0902")
    ann = house.agent("ann")
    assert (first.is_called, second.is_called) == (True, False)
    first.customer_declines()
    assert (first.is_called, second.is_called) == (False, True)
    second.customer_answers()
    assert second.rung == ["ann"]
    ann.answers()


def test_two_free_agents_are_counted_on_by_two() -> None:
    house = center(CUSTOMER)
    house.agent("ann"), house.agent("bob")
    busy = [house.call("sales", caller=f"08{n}") for n in range(2)]
    first, second = promised(house, "0901"), promised(house, "0902")
    for one in busy:
        one.hangs_up()
    assert (first.is_called, second.is_called) == (True, True)


def test_in_a_queue_that_is_never_empty_the_place_counts_all_the_same() -> None:
    """Somebody always waits, so no agent is ever idle: whoever has the better place is called when one gets free."""
    house = center(CUSTOMER)
    ann = house.agent("ann")
    talking = house.call("sales", caller="0800")
    ann.answers()
    call = promised(house)
    later = [house.call("sales", caller=f"080{n}") for n in range(3)]
    talking.hangs_up()
    assert later[0].rung == ["ann"]
    assert call.is_called
    assert house.all(CallbackDialled)[0].why == "ann takes somebody who came later, and the next one is for her"
    call.customer_answers()
    ann.answers()
    later[0].hangs_up()
    assert call.rung == ["ann"]


def test_a_customer_who_answers_and_hangs_up_before_an_agent_is_there_has_given_up() -> None:
    house = center(CUSTOMER)
    call = promised(house)
    ann = house.agent("ann")
    call.customer_answers()
    call.hangs_up()
    assert call.end_reason is EndReason.ABANDONED
    assert house.all(CallbackSettled)[0].end is CallbackEnd.HUNG_UP
    assert not ann.is_rung


# -- when she may be called --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", CalledFirst)
def test_nobody_is_called_outside_the_hours(first: CalledFirst) -> None:
    rules = {"window_s": 86_400.0}
    house = center(first, hours=OFFICE.name, calendars=[OFFICE], start=START + 9 * 3600 - 60, rules=rules)  # 16:59
    call = promised(house)
    house.passes(60.0)  # closed
    ann = house.agent("ann")
    house.passes(3600.0)
    assert not ann.is_rung
    assert not house.all(DialNumber)
    waits = house.all(CallbackWaits)[-1]
    assert (waits.why, waits.next_at) == ("outside the hours in which customers are called", START + 86_400.0)
    house.passes(14 * 3600.0)
    assert ann.is_rung if first is CalledFirst.AGENT else call.is_called


def test_hours_that_end_while_the_agent_hears_who_it_is_are_observed() -> None:
    rules = {"window_s": 86_400.0, "briefing": Prompt(name="who")}
    house = center(hours=OFFICE.name, calendars=[OFFICE], start=START + 9 * 3600 - 6, rules=rules)
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    house.passes(2.0)
    call.hears_it_out()
    assert call.is_in(S.PROMISED)
    assert ann.is_in(AgentState.READY)
    assert not house.all(DialNumber)


def test_a_promise_for_which_no_hour_is_left_ends_and_says_so() -> None:
    rules = {"window_s": 600.0, "late_s": 0.0}
    house = center(hours=OFFICE.name, calendars=[OFFICE], start=START + 9 * 3600 - 60, rules=rules)
    call = promised(house)
    house.passes(120.0)
    assert call.end_reason is EndReason.CALLBACK_EXPIRED


def test_a_number_on_the_do_not_call_list_is_not_promised_a_callback() -> None:
    numbering = Numbering(country_code="84")
    never = NumberList(name=ListName("never"), numbers=frozenset({numbering.normal("0901")}), numbering=numbering)
    house = center(rules={"do_not_call": ListName("never")}, lists=[never])
    call = house.call("sales", caller="+84901")
    call.presses("11")
    assert call.is_in(S.WAITING)
    assert "must not be called" in ask(house, "0901")


def test_a_window_ends_and_the_promise_with_it_unless_somebody_is_called_at_that_moment() -> None:
    house = center(rules={"window_s": 600.0, "late_s": 100.0})
    call, other = promised(house, "0901"), promised(house, "0902")
    house.passes(690.0)
    house.agent("ann").answers()
    house.passes(20.0)
    assert call.is_called
    assert other.end_reason is EndReason.CALLBACK_EXPIRED
    call.customer_answers()
    assert not house.all(CallbackSettled)[-1].in_time


# -- asked for by people -----------------------------------------------------------------------------------------------


def test_a_callback_for_later_is_nobodys_before_its_time() -> None:
    house = center()
    ann = house.agent("ann")
    assert ask(house, "0901", not_before=START + 600.0, until=START + 1200.0, note="red one", by="bob") == ""
    [opened] = house.all(ContactOpened)
    assert opened.leg is None
    house.passes(599.0)
    assert not ann.is_rung
    house.passes(1.0)
    assert ann.is_rung
    [ring] = house.all(RingAgent)
    assert ring.caller == "0901"
    assert ring.like is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"number": "12"}, "no pattern"),
        ({"number": "0066123"}, "no pattern"),
        ({"until": START - 1.0}, "is past"),
        ({"not_before": START + 100.0, "until": START + 50.0}, "ends before it begins"),
        ({"not_before": START + WINDOW_MAX_S + 10.0}, "at most"),
        ({"only": AgentId("nobody")}, "there is no agent nobody"),
    ],
)
def test_what_cannot_be_promised_is_refused_in_words(asked: dict[str, Any], says: str) -> None:
    house = center()
    assert says in ask(house, **{"number": "0901", **asked})
    assert not house.engine.world.contacts


def test_one_number_is_promised_one_callback_per_queue() -> None:
    house = center()
    assert ask(house, "0901") == ""
    assert "promised a callback already" in ask(house, "+84901")


def test_a_callback_can_be_taken_back_and_brought_forward() -> None:
    house = center()
    ask(house, "0901", not_before=START + 600.0)
    call = only_contact(house)
    ann = house.agent("ann")
    assert house.ask(CallbackNowRequested(request=house.request(), contact=call.id)) == ""
    assert ann.is_rung
    assert house.ask(CallbackCancelRequested(request=house.request(), contact=call.id, by="bob")) == ""
    assert call.end_reason is EndReason.CALLBACK_CANCELLED
    assert not ann.is_rung
    assert "no callback" in house.ask(CallbackCancelRequested(request=house.request(), contact=ContactId("c-x")))


# -- she calls by herself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", CalledFirst)
def test_who_rings_back_is_the_same_contact_and_keeps_the_earlier_place(first: CalledFirst) -> None:
    house = center(first)
    call = promised(house, "0901")
    other = house.call("sales", caller="0902")
    house.passes(30.0)
    again = house.call("sales", caller="+84901")
    assert again.id == call.id
    assert again.is_in(S.WAITING)
    assert again.record.since == START
    [fact] = house.all(CallerRangBack)
    assert fact.contact == call.id
    ann = house.agent("ann")
    assert again.rung == ["ann"]
    assert other.is_in(S.WAITING)
    ann.answers()
    house.passes(10.0)
    again.hangs_up()
    assert house.all(CallbackSettled)[0].end is CallbackEnd.RANG_BACK
    assert len([one for one in house.all(ContactEnded) if one.contact == call.id]) == 1
    house.told_again()


def test_who_rings_back_and_gives_up_is_called_back_all_the_same() -> None:
    house = center()
    call = promised(house)
    again = house.call("sales", caller="0901")
    house.passes(10.0)
    again.hangs_up()
    assert call.is_in(S.PROMISED)
    ann = house.agent("ann")
    assert call.rung == ["ann"]
    assert ann.is_rung


def test_who_rings_back_while_her_phone_is_being_dialled_has_answered() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    dialled = call.called_on
    again = house.call("sales", caller="0901")
    assert again.id == call.id
    assert again.is_in(S.CONNECTED)
    assert dialled in [one.leg for one in house.last if isinstance(one, HangUp)]
    house.tell(LegEnded(leg=dialled, end=LegEnd.BUSY))
    assert again.is_in(S.CONNECTED)


def test_who_rings_back_while_her_phone_rings_and_gives_up_is_not_called_again_before_the_pause_is_over() -> None:
    house = center(CUSTOMER, rules={"retry_after_s": 60.0})
    call = promised(house)
    house.agent("ann")
    assert call.is_in(S.DIALLING)
    again = house.call("sales", caller="0901")
    assert again.id == call.id
    assert again.is_in(S.OFFERED)
    house.passes(1.0)
    again.hangs_up()
    assert call.is_in(S.PROMISED)
    house.passes(58.0)
    assert len(house.all(CallbackDialled)) == 1
    house.passes(1.0)
    assert len(house.all(CallbackDialled)) == 2
    house.told_again()


def test_who_rings_back_while_an_agent_is_rung_for_her_is_not_called() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    again = house.call("sales", caller="0901")
    assert again.id == call.id
    assert again.rung == ["ann"]
    ann.answers()
    assert not house.all(DialNumber)
    assert again.is_in(S.CONNECTED)


def test_who_rings_back_for_something_else_is_another_contact_and_the_promise_stands() -> None:
    menu = Menu(
        prompt=Prompt(name="menu"),
        choices={Key("1"): NextNode("sales"), Key("2"): NextNode("other")},
        no_input=NextNode("other"),
    )
    into = {name: Enqueue(queue=QueueName(name)) for name in ("sales", "other")}
    house = center(flows=[flow("main", menu=menu, **into)])
    call = promised(house)
    again = house.call("main", caller="0901")
    assert again.id == call.id
    again.presses("2")
    assert call.is_in(S.PROMISED)
    [new] = [one for one in house.engine.world.contacts.values() if one.id != call.id]
    assert (new.queue, new.leg) == ("other", again.leg)
    house.tell(LegEnded(leg=again.leg, end=LegEnd.NORMAL))
    assert call.is_in(S.PROMISED)
    house.told_again()


def test_somebody_elses_number_and_a_number_that_is_none_are_not_recognised() -> None:
    house = center()
    call = promised(house)
    assert house.call("sales", caller="0902").id != call.id
    assert house.call("sales", caller="anonymous").id != call.id
    assert house.call("other", caller="0901").id != call.id


# -- who gave up and calls again ---------------------------------------------------------------------------------------


def test_who_gave_up_and_calls_again_in_time_has_the_old_place() -> None:
    house = center(return_within_s=300.0)
    call = house.call("sales", caller="0901")
    house.passes(60.0)
    call.hangs_up()
    house.passes(200.0)
    again = house.call("sales", caller="+84901")
    assert again.id != call.id
    assert again.record.since == START
    assert house.all(PlaceRestored)[0].since == START
    again.hangs_up()
    house.passes(301.0)
    assert house.call("sales", caller="0901").record.since == house.now
    house.told_again()


# -- accidents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", CalledFirst)
def test_a_restart_while_the_customer_rings_dials_her_once(first: CalledFirst) -> None:
    house = center(first)
    call = promised(house)
    ann = house.agent("ann")
    if first is CalledFirst.AGENT:
        ann.answers()
    house.restarts()
    assert len(house.all(DialNumber)) == 1
    assert call.is_called
    call.customer_answers()
    assert call.is_in(S.CONNECTED) or call.rung == ["ann"]


@pytest.mark.parametrize("first", CalledFirst)
def test_an_attempt_that_a_restart_has_lost_is_made_again_later(first: CalledFirst) -> None:
    house = center(first, rules={"retry_after_s": 60.0})
    call = promised(house)
    ann = house.agent("ann")
    if first is CalledFirst.AGENT:
        ann.answers()
    house.restarts(listing=house.listing(without=[call.called_on]))
    assert call.is_in(S.PROMISED)
    house.passes(61.0)
    assert ann.is_rung if first is CalledFirst.AGENT else call.is_called


def test_all_is_gone_after_asterisk_died_but_the_promise() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    house.tell(Resynced(legs=(), bridges=()))
    assert call.is_in(S.PROMISED)
    assert not house.engine.world.legs


def test_a_promise_outlives_the_end_of_the_call_center() -> None:
    house = center()
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    house.tell(Stopping())
    assert call.is_in(S.PROMISED)
    assert not house.engine.world.legs
    house.restarts()
    assert call.is_in(S.PROMISED)


@pytest.mark.parametrize("fault", TransportFault)
def test_a_dial_that_was_not_carried_out_is_no_attempt(fault: TransportFault) -> None:
    house = center(rules={"attempts": 1})
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    house.fails(house.all(DialNumber)[0], fault)
    if fault is TransportFault.UNKNOWN:
        assert call.is_called
        house.passes(40.0)
        assert not call.is_live
    else:
        assert call.is_in(S.PROMISED)
        assert ann.is_in(AgentState.READY)
        assert house.all(CallbackWaits)[-1].why == "the call could not be placed"
    house.told_again()


def test_a_call_that_no_carrier_takes_is_made_again_after_pauses_that_double_and_so_many_times() -> None:
    house = center(rules={"attempts": 1, "window_s": 36_000.0})
    call = promised(house)
    ann = house.agent("ann")
    pauses = []
    while call.is_live:
        assert ann.is_rung
        ann.answers()
        call.customer_declines(LegEnd.FAILED)
        if call.is_live:
            began = house.now
            house.passes(house.all(CallbackWaits)[-1].next_at - began)
            pauses.append(house.now - began)
    assert pauses == [30.0, 60.0, 120.0, 240.0, 480.0, *[900.0] * (UNPLACED_MAX - 6)]
    assert {one.attempt for one in house.all(CallbackDialled)} == {1}
    assert call.end_reason is EndReason.CALLBACK_FAILED
    [settled] = house.all(CallbackSettled)
    assert (settled.end, settled.attempts) == (CallbackEnd.NO_ANSWER, 0)
    assert settled.why == "nobody took the call on to her 20 times in a row"
    house.told_again()


def test_a_call_that_rang_and_failed_is_an_attempt_and_one_that_came_through_forgets_those_that_did_not() -> None:
    house = center(rules={"attempts": 2, "retry_after_s": 60.0})
    call = promised(house)
    ann = house.agent("ann")
    ann.answers()
    call.customer_declines(LegEnd.FAILED)
    house.passes(30.0)
    ann.answers()
    house.tell(LegRinging(leg=call.called_on))
    call.customer_declines(LegEnd.FAILED)
    assert call.record.callback is not None
    assert (call.record.callback.attempts, call.record.callback.unplaced) == (1, 0)
    house.passes(60.0)
    ann.answers()
    call.customer_declines(LegEnd.UNREACHABLE)
    assert call.end_reason is EndReason.CALLBACK_FAILED


@pytest.mark.parametrize("first", CalledFirst)
def test_a_contact_that_is_ended_while_its_customer_rings_leaves_nothing_behind(first: CalledFirst) -> None:
    house = center(first)
    call = promised(house)
    ann = house.agent("ann")
    if first is CalledFirst.AGENT:
        ann.answers()
    dialled = call.called_on
    assert house.ask(HangUpRequested(request=house.request(), contact=call.id)) == ""
    assert dialled in [one.leg for one in house.lately(HangUp)]
    assert not house.engine.world.legs
    assert house.all(CallbackSettled)[0].end is CallbackEnd.ENDED


def test_a_promised_contact_is_not_counted_as_waiting() -> None:
    house = center()
    promised(house)
    house.call("sales", caller="0902")
    view = next(one for one in house.engine.view(house.now).queues if one.name == "sales")
    assert (view.waiting, view.promised, view.ringing) == (1, 1, 0)


def test_who_overflows_after_ringing_back_is_still_promised_one() -> None:
    rules = CallbackRules()
    house = Center(
        queue("sales", callback=rules, max_wait_s=20.0, overflow=to_queue("other")), queue("other"), checked=True
    )
    call = promised(house)
    again = house.call("sales", caller="0901")
    house.passes(21.0)
    assert again.queue == "other"
    again.hangs_up()
    assert call.is_in(S.PROMISED)
    assert house.all(ContactQueued)[-1].queue == "sales"


# -- what was waited counts on -----------------------------------------------------------------------------------------

WIDENS = (RelaxStep(after_s=30.0, lower=Lowering(by=1)), RelaxStep(after_s=60.0, add=parse_need("other")))


def widening(**rules: Any) -> Center:
    """A queue that asks for less with time, keeps a reserve, and sends on who has held the line for 100 seconds."""
    house = Center(
        queue(
            "sales",
            "sales >= 3",
            callback=CallbackRules(first=CalledFirst.AGENT),
            relax=WIDENS,
            reserve=Reserve(agents=(AgentId("spare"),), needs=None, above_s=50.0),
            max_wait_s=100.0,
            overflow=to_queue("other"),
            **rules,
        ),
        queue("other"),
    )
    busy = house.agent("busy", sales=5)
    house.call("sales", caller="0999")
    busy.answers()
    return house


def test_who_thinks_of_a_callback_and_waits_on_has_waited_all_the_time() -> None:
    house = widening()
    call = house.call("sales", caller="0901")
    house.passes(25.0)
    call.presses("1")
    house.passes(10.0)
    call.presses("*")
    assert call.is_in(S.WAITING)
    assert (call.record.relaxed, str(call.record.needs)) == (1, "not @spare and sales >= 2")  # due since 5 seconds
    house.passes(16.0)
    assert str(call.record.needs) == "sales >= 2"  # 51 seconds: the reserve may serve
    house.passes(48.0)
    assert call.record.queue == "sales"
    house.passes(2.0)
    assert call.record.queue == "other"  # 101 seconds


def test_steps_that_were_taken_are_not_taken_twice() -> None:
    house = widening()
    call = house.call("sales", caller="0901")
    house.passes(35.0)
    call.presses("1")
    call.presses("*")
    assert str(call.record.needs) == "not @spare and sales >= 2"
    house.passes(30.0)
    assert str(call.record.needs) == "other or sales >= 2"


def test_a_promise_goes_on_asking_for_less_from_when_its_caller_came() -> None:
    house = widening()
    call = promised(house)
    assert call.record.relaxed == 0
    house.passes(26.0)
    assert call.record.relaxed == 1  # 31 seconds since she came, 26 since she pressed the key
    house.passes(20.0)
    assert str(call.record.needs) == "sales >= 2"


def test_who_rings_back_has_what_she_waited_but_may_hold_the_line_anew() -> None:
    house = widening()
    call = promised(house)
    house.passes(300.0)
    back = house.call("sales", caller="0901")
    assert house.engine.world.legs[back.leg] == call.id
    assert back.is_in(S.WAITING)
    assert str(back.record.needs) == "other or sales >= 2"
    house.passes(99.0)
    assert back.record.queue == "sales"
    house.passes(2.0)
    assert back.record.queue == "other"


def test_nothing_is_relaxed_before_the_time_for_which_a_callback_is_promised() -> None:
    house = widening()
    assert not ask(house, not_before=house.now + 1000.0)
    call = only_waiting(house)
    house.passes(999.0)
    assert call.record.relaxed == 0
    assert call.record.spares
    house.passes(32.0)
    assert call.record.relaxed == 1


def only_waiting(house: Center) -> Call:
    [contact] = [one for one in house.engine.world.contacts.values() if one.callback is not None]
    call = Call(house, contact.leg)  # type: ignore[arg-type]
    call.id = contact.id
    return call


# -- an agent calls by herself -----------------------------------------------------------------------------------------


DAYS = tuple(START + day * 86_400.0 for day in range(7))


def dials(house: Center, number: str = "0901", agent: str = "ann") -> str:
    return house.ask(
        DialRequested(request=house.request(), agent=AgentId(agent), number=number, queue=QueueName("sales"))
    )


@pytest.mark.parametrize("first", CalledFirst)
def test_her_phone_rings_then_the_customers_and_the_talk_is_like_any_other(first: CalledFirst) -> None:
    house = center(first, rules={"briefing": Prompt(name="briefing")})
    ann = house.agent("ann")
    house.agent("bob")
    assert dials(house) == ""
    call = only_contact(house)
    assert call.rung == ["ann"], "nobody else"
    ann.answers()
    assert not house.all(PlayPrompts), "she knows whom she calls"
    assert [dialled.number for dialled in house.all(DialNumber)] == ["0901"]
    assert ann.is_in(AgentState.ON_CONTACT)
    call.customer_answers()
    assert call.is_in(S.CONNECTED)
    assert len(house.all(StartRecording)) == 1
    house.passes(30.0)
    ann.hangs_up()
    ended = house.all(ContactEnded)[0]
    assert (ended.direction, ended.agent, ended.talk_s) == (Direction.OUTBOUND, "ann", 30.0)
    house.told_again()


def test_it_is_tried_once() -> None:
    for who in ("customer", "agent"):
        house = center()
        ann = house.agent("ann")
        assert dials(house) == ""
        call = only_contact(house)
        if who == "agent":
            ann.declines()
        else:
            ann.answers()
            call.customer_declines()
        assert not call.is_live
        reason = EndReason.CALLBACK_CANCELLED if who == "agent" else EndReason.CALLBACK_FAILED
        assert house.all(ContactEnded)[0].reason is reason
        assert not house.engine.world.contacts
        house.told_again()


def test_a_restart_ends_what_had_not_begun_and_keeps_what_had() -> None:
    house = center()
    ann = house.agent("ann")
    assert dials(house) == ""
    ann.answers()
    only_contact(house).customer_answers()
    house.restarts()
    assert only_contact(house).is_in(S.CONNECTED)
    house = center()
    house.agent("ann")
    assert dials(house) == ""
    house.restarts(listing=Resynced(legs=(), bridges=()))
    assert not house.engine.world.contacts


def test_who_may_not_be_called_or_may_not_call_is_refused_in_words() -> None:
    blocked = NumberList(name=ListName("blocked"), numbers=frozenset({"0907"}))
    house = center(rules={"do_not_call": ListName("blocked")}, lists=(blocked,))
    ann = house.agent("ann")
    assert "there is no agent" in dials(house, agent="nobody")
    assert "callback_to" in dials(house, "0280000")
    assert "must not be called" in dials(house, "0907")
    ann.pauses()
    assert "paused" in dials(house)
    house.agent("bob")
    other = DialRequested(request=house.request(), agent=AgentId("bob"), number="0901", queue=QueueName("other"))
    assert "calls nobody back" in house.ask(other)
    shut = center(hours=OFFICE.name, calendars=(OFFICE,), start=next(at for at in DAYS if not OFFICE.is_open(at)))
    shut.agent("ann")
    assert "outside of office" in dials(shut)
    assert not house.all(RingAgent)
