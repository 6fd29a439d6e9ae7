"""Toll fraud is no matter of campaigns alone: calls that are sent on, consulted, made by hand, promised."""

from dataclasses import replace
from typing import Any

from callcenter.config.folder import read_configuration
from callcenter.model.callback import CallbackRules, CalledFirst
from callcenter.model.commands import DialNumber
from callcenter.model.contact import ContactState, EndReason
from callcenter.model.control import TransferTo
from callcenter.model.events import CallbackRequested
from callcenter.model.facts import ContactEnded, Surprise
from callcenter.model.ids import QueueName
from callcenter.model.queue import Overflow, Target
from callcenter.model.trunk import Guard, Line
from tests.core.center import Center, queue
from tests.core.test_call_control import consults, hands

PLAN = {
    "0900123": Line(number="+84900123", region="VN", kind="mobile"),
    "1900123": Line(number="+841900123", region="VN", kind="premium"),
    "00447700": Line(number="+447700", region="GB", kind="mobile"),
}
GUARD = Guard(regions=("VN",), refused_prefixes=("+84909",))


def tells(number: str) -> Line:
    return PLAN.get(number, Line())


def center_of(guard: Guard = GUARD, **rules: Any) -> Center:
    return Center(
        queue("sales", **rules), forward_to=(r"[+]?[0-9]+",), callback_to=("[0-9]+",), guard=guard, tells=tells
    )


def test_an_agent_hands_on_and_consults_within_what_the_guard_allows() -> None:
    center = center_of()
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    assert "a premium number" in hands(center, call, TransferTo.NUMBER, "1900123")
    assert "a premium number" in consults(center, call, "1900123", TransferTo.NUMBER)
    assert "GB is not allowed" in hands(center, call, TransferTo.NUMBER, "00447700")
    assert "its country is not allowed" in hands(center, call, TransferTo.NUMBER, "+8820000")
    assert not center.all(DialNumber)
    assert hands(center, call, TransferTo.NUMBER, "7001") == "", "another exchange's number has no plan"
    [dialled] = center.all(DialNumber)
    assert (dialled.number, call.state) == ("7001", ContactState.IN_FLOW)
    memory = center.engine.world.guard_memory
    assert [len(times) for _, times in sorted(memory.calls.items())] == [1, 1], "counted once, hers and of all"


def test_a_prefix_is_refused_however_the_number_is_dialled() -> None:
    center = center_of()
    PLAN["0909123"] = Line(number="+84909123", region="VN", kind="mobile")
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    assert "its prefix is refused" in hands(center, call, TransferTo.NUMBER, "0909123")


def test_without_countries_to_go_by_the_patterns_of_forward_to_say_which() -> None:
    center = center_of(Guard())
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    assert "a premium number" in hands(center, call, TransferTo.NUMBER, "1900123")
    assert hands(center, call, TransferTo.NUMBER, "00447700") == ""


def test_a_queue_sends_nobody_on_to_a_premium_number_and_not_more_than_the_limits_allow() -> None:
    def over_to(number: str, guard: Guard = GUARD) -> Center:
        return center_of(guard, max_waiting=1, overflow=Target(to=Overflow.NUMBER, name=number))

    center = over_to("1900123")
    center.call("sales")
    center.call("sales")
    assert [one.reason for one in center.all(ContactEnded)] == [EndReason.REFUSED]
    assert "a premium number" in center.all(Surprise)[0].what
    center = over_to("0900123", replace(GUARD, per_h=1))
    for _ in range(3):
        center.call("sales")
    assert [one.number for one in center.all(DialNumber)] == ["0900123"]
    assert any("all: 1 calls within an hour" in one.what for one in center.all(Surprise))


def test_nobody_is_promised_a_callback_to_a_premium_number() -> None:
    center = center_of(callback=CallbackRules(first=CalledFirst.CUSTOMER))
    wish = CallbackRequested(request=center.request(), queue=QueueName("sales"), number="1900123", by="eve")
    assert "a premium number" in center.ask(wish)


def test_a_promise_waits_while_a_limit_is_reached() -> None:
    center = center_of(
        replace(GUARD, per_h=1), callback=CallbackRules(first=CalledFirst.CUSTOMER, retry_after_s=1200.0, late_s=9000.0)
    )
    for number in ("0900123", "0900124"):
        wish = CallbackRequested(request=center.request(), queue=QueueName("sales"), number=number, by="ann")
        assert center.ask(wish) == ""
    center.agent("ann")
    center.agent("bea")
    center.passes(60.0)
    assert [one.number for one in center.all(DialNumber)] == ["0900123"]
    assert any("a promised callback waits" in one.what for one in center.all(Surprise))
    center.passes(3900.0)
    assert "0900124" in [one.number for one in center.all(DialNumber)], "an hour later there is room"


def test_a_folder_tells_what_a_number_is_by_the_plan_of_its_country() -> None:
    configuration, problems = read_configuration({"numbers.yaml": "numbering: {country: GB}\n"})
    assert not problems, problems
    assert configuration.tells("09098790000") == Line(number="+449098790000", region="GB", kind="premium")
    assert configuration.tells("0084901234567").region == "VN"
    assert configuration.tells("7001") == Line()
