"""What supervisors do with those who wait, and words for everybody."""

import pytest

from callcenter.model.agent import AgentStatus, Supervision
from callcenter.model.contact import QueueExit
from callcenter.model.facts import ContactOffered, QueueLeft
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.monitor_messages import (
    BroadcastRequested,
    BroadcastSent,
    ContactSteered,
    MoveRequested,
    PickRequested,
    PriorityRequested,
)
from tests.core.center import Call, Center, queue
from tests.core.test_monitoring import Boss

NOBODY = ContactId("c-none-1")


@pytest.fixture
def center() -> Center:
    return Center(queue("sales", "sales"), queue("support", "support"))


def moves(center: Center, contact: ContactId, to: str, by: AgentId | None = None) -> str:
    return center.ask(
        MoveRequested(request=center.request(), contact=contact, queue=QueueName(to), supervisor=by, by="chief")
    )


def ranks(center: Center, contact: ContactId, priority: int) -> str:
    return center.ask(PriorityRequested(request=center.request(), contact=contact, priority=priority, by="chief"))


def picks(center: Center, contact: ContactId, agent: str, by: AgentId | None = None) -> str:
    return center.ask(
        PickRequested(request=center.request(), contact=contact, agent=AgentId(agent), supervisor=by, by="chief")
    )


def test_a_waiting_caller_who_is_moved_keeps_the_place(center: Center) -> None:
    first = center.call("sales")
    center.passes(10.0)
    second = center.call("support")
    assert moves(center, first.id, "support") == ""
    assert [(left.queue, left.exit) for left in center.lately(QueueLeft)] == [("sales", QueueExit.MOVED)]
    assert moves(center, first.id, "support") == f"{first.id} waits in support already"
    assert moves(center, first.id, "none") == "there is no queue none"
    assert moves(center, NOBODY, "support") == f"there is no live call {NOBODY}"
    ann = center.agent("ann", support=1)
    assert (first.rung, second.rung) == (["ann"], [])
    ann.answers()
    assert moves(center, first.id, "sales") == f"{first.id} does not wait: it is connected"
    center.told_again()


def test_another_priority_counts_at_once(center: Center) -> None:
    first, second = center.call("sales"), center.call("sales")
    assert ranks(center, second.id, 90) == ""
    assert [fact.what for fact in center.all(ContactSteered)] == ["priority 90 instead of 50"]
    center.agent("ann", sales=1)
    assert (first.rung, second.rung) == ([], ["ann"])
    assert ranks(center, first.id, 101) == "a priority is 0 to 100, not 101"


def test_a_caller_is_picked_for_an_agent_whatever_line_and_skills_say(center: Center) -> None:
    first, second = center.call("sales"), center.call("sales")
    ann = center.agent("ann", support=1)
    assert (first.rung, second.rung) == ([], [])
    assert picks(center, second.id, "nobody") == "there is no agent nobody"
    assert picks(center, second.id, "ann") == ""
    assert second.rung == ["ann"]
    assert center.all(ContactOffered)[-1].why == "picked from the line by chief"
    assert picks(center, first.id, "ann").startswith("ann cannot have it: ")
    ann.declines()
    assert second.is_live
    assert not second.rung
    ann.pauses()
    assert picks(center, first.id, "ann").startswith("ann cannot have it: paused")


def test_whose_queue_it_is_not_does_not_meddle(center: Center) -> None:
    boss = Boss(center, rights=Supervision(queues=(QueueName("support"),)))
    call: Call = center.call("sales")
    assert moves(center, call.id, "support", boss.ann.id) == "boss does not supervise sales"
    boss.may(Supervision(queues=(QueueName("sales"),)))
    assert moves(center, call.id, "support", boss.ann.id) == "boss does not supervise support"
    boss.may(None)
    assert picks(center, call.id, "ann", boss.ann.id) == "boss is no supervisor"
    assert call.queue == "sales"


def test_words_reach_those_who_are_at_work(center: Center) -> None:
    center.agent("ann", sales=1)
    center.agent("ben", support=1)
    away = center.agent("eve", sales=1)
    assert away.asks_for(AgentStatus.LOGGED_OUT) == ""

    def says(text: str, **to: str) -> str:
        return center.ask(BroadcastRequested(request=center.request(), text=text, by="chief", **to))  # type: ignore[arg-type]

    assert says("Họp lúc 9 giờ") == says("sales only", queue="sales") == ""
    assert [sent.agents for sent in center.all(BroadcastSent)] == [("ann", "ben"), ("ann",)]
    assert says("") == says("a\nb") == says("x" * 501) == "a message is one line of 1 to 500 printable characters"
    assert says("hello", queue="none") == "there is no queue none"
