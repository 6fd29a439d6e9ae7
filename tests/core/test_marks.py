"""Customers who are important, and who must not be called: told while the center runs, and counted at once."""

import pytest

from callcenter.core.marks import Marks
from callcenter.model import customer
from callcenter.model.callback import CallbackEnd, CallbackRules
from callcenter.model.callback_facts import CallbackSettled
from callcenter.model.customer import NO_CALL_CUSTOMERS, VIP_CUSTOMERS, CustomerMark
from callcenter.model.events import CallbackRequested, CustomersMarked
from callcenter.model.facts import CustomerMarksTaken, RulesChanged
from callcenter.model.ids import ListName, QueueName
from callcenter.model.numbers import NumberList
from callcenter.nodes.check import Case, Check
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode, Subject
from callcenter.nodes.hangup import Hangup
from tests.core.center import Center, flow, queue

LAN, MAI = "+84901111111", "+84902222222"


def marks(house: Center, *numbers: str, vip: bool = False, do_not_call: bool = False) -> str:
    told = tuple(CustomerMark(number=number, vip=vip, do_not_call=do_not_call) for number in numbers)
    return house.ask(CustomersMarked(request=house.request(), marks=told))


def house_with(vip: int = 30) -> Center:
    return Center(queue("sales", vip={VIP_CUSTOMERS: vip}, callback=CallbackRules()))


def test_an_important_customer_comes_first_however_her_number_is_written() -> None:
    house = house_with()
    assert marks(house, LAN, vip=True) == ""
    [told] = house.all(CustomerMarksTaken)
    assert (told.changed, told.important, told.not_to_be_called) == (1, 1, 0)
    first, second = house.call("sales", caller="0902222222"), house.call("sales", caller="0901 111 111")
    assert (first.record.priority, second.record.priority) == (50, 80)
    ann = house.agent("ann")
    assert second.rung == [ann.id]
    house.told_again()


def test_who_waits_already_is_weighed_anew_at_once() -> None:
    house = house_with()
    other, lan = house.call("sales", caller="0902222222"), house.call("sales", caller="0901111111")
    marks(house, LAN, vip=True)
    assert [fact.contact for fact in house.lately(RulesChanged)] == [lan.id]
    ann = house.agent("ann")
    assert lan.rung == [ann.id]
    assert other.rung == []
    marks(house, LAN)
    assert lan.record.priority == 50
    assert house.engine.world.marks.listed() == ()
    house.told_again()


def test_a_mark_told_again_changes_nothing() -> None:
    house = house_with()
    lan = house.call("sales", caller="0901111111")
    marks(house, LAN, vip=True)
    marks(house, LAN, vip=True)
    assert house.lately(RulesChanged) == []
    assert house.all(CustomerMarksTaken)[-1].changed == 0
    assert lan.record.priority == 80


def test_a_customer_who_must_not_be_called_is_promised_nothing_and_let_go_of() -> None:
    house = house_with()
    ask = CallbackRequested(request=house.request(), queue=QueueName("sales"), number="0901111111", by="boss")
    assert house.ask(ask) == ""
    marks(house, LAN, do_not_call=True)
    [settled] = house.all(CallbackSettled)
    assert settled.end is CallbackEnd.REFUSED
    assert "must not be called" in settled.why
    assert "must not be called" in house.ask(ask)
    house.told_again()


def test_a_promise_that_rests_is_given_up_too() -> None:
    house = house_with()
    later = CallbackRequested(
        request=house.request(), queue=QueueName("sales"), number="0901111111", not_before=house.now + 600
    )
    assert house.ask(later) == ""
    marks(house, LAN, do_not_call=True)
    assert [fact.end for fact in house.all(CallbackSettled)] == [CallbackEnd.REFUSED]


def test_a_flow_may_ask_for_it() -> None:
    ways = flow(
        "door",
        who=Check(
            of=Subject("caller"),
            cases=(Case(in_lists=(VIP_CUSTOMERS,), then=NextNode("vip")),),
            otherwise=NextNode("bye"),
        ),
        vip=Enqueue(queue=QueueName("sales")),
        bye=Hangup(),
    )
    house = Center(queue("sales"), flows=[ways])
    marks(house, LAN, vip=True)
    assert house.call("door", caller="0901111111").queue == "sales"
    assert not house.call("door", caller="0902222222").is_live
    house.told_again()


def test_lists_of_files_stay_beside_them() -> None:
    gold = ListName("gold")
    house = Center(
        queue("sales", vip={gold: 10, VIP_CUSTOMERS: 30}), lists=[NumberList(name=gold, numbers=frozenset({MAI}))]
    )
    marks(house, LAN, vip=True)
    assert house.call("sales", caller="+84902222222").record.priority == 60
    assert house.call("sales", caller="0901111111").record.priority == 80
    assert house.engine.world.marks.is_listed(house.configuration, gold, MAI)
    assert not house.engine.world.marks.is_listed(house.configuration, NO_CALL_CUSTOMERS, LAN)


def test_the_marks_outlive_a_restart() -> None:
    house = house_with()
    marks(house, LAN, vip=True)
    marks(house, MAI, do_not_call=True)
    house.restarts()
    assert house.call("sales", caller="0901111111").record.priority == 80
    house.told_again()


def test_more_numbers_than_there_is_room_for_are_refused_whole() -> None:
    told = [CustomerMark(number=str(number), vip=True) for number in range(customer.MARKED_MAX)]
    kept = Marks()
    assert kept.take(told)[1] == ""
    changed, problem = kept.take([CustomerMark(number="more", vip=True), CustomerMark(number="1")])
    assert changed == ()
    assert "at most 250,000 numbers" in problem
    assert len(kept.vips) == customer.MARKED_MAX
    assert kept.take([CustomerMark(number="1", vip=True)]) == ((), "")


@pytest.mark.parametrize("number", ["", "anonymous"])
def test_an_unknown_caller_is_nobody(number: str) -> None:
    house = house_with()
    marks(house, LAN, vip=True)
    assert house.call("sales", caller=number).record.priority == 50
