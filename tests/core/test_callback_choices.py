"""A caller chooses when she is called back, and takes the promise back, by keys; also when she rings back."""

from typing import Any

import pytest

from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.callback import CallbackEnd, CallbackRules, CallbackWindow
from callcenter.model.callback_facts import CallbackPromised, CallbackSettled
from callcenter.model.commands import PlayPrompts
from callcenter.model.contact import ContactState, EndReason
from callcenter.model.flow import Prompt
from callcenter.model.ids import CalendarName, QueueName
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Key, NextNode
from callcenter.nodes.hangup import Hangup
from tests.core.center import START, Call, Center, flow, queue

S = ContactState
SOON = CallbackWindow(until_s=3_600.0)
LATER = CallbackWindow(after_s=7_200.0, until_s=14_400.0)
CHOICE: dict[str, Any] = {"windows": (SOON, LATER), "choose": Prompt(name="choose")}
STANDING: dict[str, Any] = {"standing": Prompt(name="standing"), "withdrawn": Prompt(name="withdrawn")}
OFFICE = Calendar(
    name=CalendarName("office"),
    timezone="UTC",
    spans=tuple(OpenSpan(weekday=day, start_min=8 * 60, end_min=17 * 60) for day in range(5)),
)


def center(**rules: Any) -> Center:
    """One queue that calls back, and a way in that speaks of the promise first."""
    front = CallMeBack(
        queue=QueueName("sales"),
        standing=Prompt(name="standing"),
        taken_back=Prompt(name="withdrawn"),
        windows=(SOON, LATER),
        choose=Prompt(name="choose"),
        confirm=Prompt(name="confirm"),
        done=NextNode("bye"),
        declined=NextNode("wait"),
        failed=NextNode("wait"),
        withdrawn=NextNode("bye"),
    )
    desk = flow("desk", ask=front, bye=Hangup(), wait=Enqueue(queue=QueueName("sales")))
    return Center(queue("sales", callback=CallbackRules(**rules)), flows=[desk])


def promised(house: Center, keys: str = "11") -> Call:
    call = house.call("sales", caller="0901")
    house.passes(5.0)
    call.presses(keys)
    return call


def said(house: Center) -> tuple[str, ...]:
    return house.all(PlayPrompts)[-1].prompts


# -- when --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "window"), [("1", SOON), ("2", LATER)])
def test_she_chooses_when_she_is_called(key: str, window: CallbackWindow) -> None:
    house = center(**CHOICE)
    call = promised(house)
    assert said(house) == ("choose",)
    call.presses(key)
    [fact] = house.all(CallbackPromised)
    assert (fact.not_before, fact.until) == (house.now + window.after_s, house.now + window.until_s)
    call.hears_it_out()
    assert call.is_in(S.PROMISED)
    ann = house.agent("ann")
    assert ann.is_rung is (window is SOON)
    house.passes(window.after_s)
    assert ann.is_rung
    assert call.record.since == START
    house.told_again()


@pytest.mark.parametrize("keys", ["*", "777", "300*"])
def test_who_chooses_no_time_waits_on_in_her_place(keys: str) -> None:
    house = center(**CHOICE)
    call = promised(house)
    call.presses(keys)
    assert call.is_in(S.WAITING)
    assert call.record.since == START
    assert not house.all(CallbackPromised)


def test_a_silent_caller_is_asked_three_times_and_waits_on() -> None:
    house = center(**CHOICE)
    call = promised(house)
    for _ in range(3):
        assert said(house) == ("choose",)
        call.hears_it_out()
        house.passes(8.0)
    assert call.is_in(S.WAITING)


def test_a_time_at_which_nobody_is_called_is_not_promised() -> None:
    night = CallbackWindow(after_s=16 * 3_600.0, until_s=17 * 3_600.0)
    rules = CallbackRules(windows=(SOON, night), choose=Prompt(name="choose"))
    house = Center(queue("sales", callback=rules, hours=CalendarName("office")), calendars=[OFFICE])
    call = promised(house)
    call.presses("2")
    assert call.is_in(S.WAITING)
    assert not house.all(CallbackPromised)
    call.presses("111")
    assert len(house.all(CallbackPromised)) == 1


# -- taking it back ----------------------------------------------------------------------------------------------------


def test_who_rings_back_takes_the_promise_back_by_a_key_and_is_called_by_nobody() -> None:
    house = center(**CHOICE)
    call = promised(house, "111")
    call.hears_it_out()
    again = house.call("desk", caller="0901")
    assert again.id == call.id
    assert said(house) == ("standing",)
    again.presses("9")
    [settled] = house.all(CallbackSettled)
    assert (settled.end, settled.why) == (CallbackEnd.CANCELLED, "by the customer")
    assert said(house) == ("withdrawn",)
    again.hears_it_out()
    assert again.end_reason is EndReason.FLOW_ENDED
    ann = house.agent("ann")
    house.passes(20_000.0)
    assert not ann.is_rung
    house.told_again()


def test_who_rings_back_may_have_another_time_in_place_of_the_first() -> None:
    house = center(**CHOICE)
    call = promised(house, "111")
    call.hears_it_out()
    again = house.call("desk", caller="0901")
    again.presses("112")
    again.hangs_up()
    assert call.is_in(S.PROMISED)
    first, second = house.all(CallbackPromised)
    assert (second.contact, second.not_before) == (first.contact, house.now + LATER.after_s)
    [settled] = house.all(CallbackSettled)
    assert (settled.end, settled.why) == (CallbackEnd.CANCELLED, "another was asked for")
    assert call.record.since == START
    house.told_again()


@pytest.mark.parametrize("keys", ["*", "555"])
def test_who_rings_back_and_leaves_it_has_her_place_and_the_promise_stands(keys: str) -> None:
    house = center(**CHOICE)
    call = promised(house, "111")
    call.hears_it_out()
    again = house.call("desk", caller="0901")
    again.presses(keys)
    assert again.is_in(S.WAITING)
    assert again.record.since == START
    again.hangs_up()
    assert call.is_in(S.PROMISED)


def test_the_key_in_the_queue_says_what_stands_where_the_queue_has_a_prompt_for_it() -> None:
    house = center(**STANDING)
    call = promised(house)
    call.hears_it_out()
    again = house.call("sales", caller="0901")
    assert again.id == call.id
    again.presses("1")
    assert said(house) == ("standing",)
    again.presses("9")
    again.hears_it_out()
    assert again.is_in(S.WAITING)  # she is on the line, and waits on in her place
    assert again.record.callback is None
    assert again.record.since == START
    again.hangs_up()
    assert again.end_reason is EndReason.ABANDONED


def test_somebody_who_is_promised_nothing_hears_nothing_of_it() -> None:
    house = center(**CHOICE)
    house.call("desk", caller="0902")
    assert said(house) == ("confirm",)


def test_keys_that_would_mean_two_things_are_refused() -> None:
    nodes = {name: NextNode(name) for name in ("done", "declined", "failed")}
    for wrong in ({"withdraw": Key("1")}, {"withdraw": Key("*")}, {"windows": (SOON,)}, {"choose": Prompt(name="x")}):
        with pytest.raises(ValueError, match=r"keys|windows"):
            CallMeBack(queue=QueueName("sales"), **nodes, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ends after it begins"):
        CallbackWindow(after_s=60.0, until_s=60.0)
