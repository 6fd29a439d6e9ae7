"""Phones that are in use by calls of which nobody told us: who is offered nothing, from when, and until when."""

from dataclasses import replace

import pytest

from callcenter.core.explain import Cause, unable_reason
from callcenter.core.phone_use import CROSSING_S
from callcenter.model.agent import AgentState
from callcenter.model.commands import RingAgent
from callcenter.model.contact import ContactState, LegEnd, Medium
from callcenter.model.events import AgentRemoved, AgentSaved, LegEnded, PhoneChanged
from callcenter.model.facts import AgentChanged
from callcenter.model.ids import LegId
from callcenter.model.parking import PhoneTurnedAway
from callcenter.model.phone_use import PhonesListed, PhoneUsed, PhoneUsedOutside
from tests.core.center import Ann, Center, queue
from tests.core.test_colleagues import dials, number_of


@pytest.fixture
def center() -> Center:
    return Center(queue("sales"))


def uses(center: Center, agent: Ann, used: bool = True) -> None:
    center.tell(PhoneUsed(number=number_of(agent), used=used))


def told(center: Center) -> list[bool]:
    return [fact.used for fact in center.all(PhoneUsedOutside)]


def test_who_has_a_call_past_us_is_offered_nothing_until_it_is_over(center: Center) -> None:
    ann = center.agent("ann")
    uses(center, ann)
    assert ann.state is AgentState.READY, "a call of ours may be about to be told"
    center.passes(CROSSING_S)
    assert (ann.state, told(center)) == (AgentState.NOT_READY, [True])
    caller = center.call("sales")
    assert caller.state is ContactState.WAITING
    [view] = center.engine.view(center.now).agents
    assert view.used_outside
    assert center.engine.world.agents.why_not_free(ann.record, Medium.VOICE, center.now) == (
        "her phone is in use from outside"
    )
    assert unable_reason(center.engine, ann.record, Medium.VOICE, center.now).cause is Cause.OUTSIDE
    uses(center, ann, used=False)
    assert (told(center), ann.state, caller.state) == ([True, False], AgentState.OFFERED, ContactState.OFFERED)
    center.told_again()


def test_our_own_calls_make_a_phone_used_in_whatever_order_it_is_told(center: Center) -> None:
    ann, caller = center.agent("ann"), center.call("sales")
    uses(center, ann)  # it rings
    ann.answers()
    center.passes(60.0)
    uses(center, ann)
    caller.hangs_up()
    center.passes(CROSSING_S - 0.1)
    uses(center, ann, used=False)  # a moment after the leg
    center.passes(60.0)
    center.call("sales", caller="0903")
    uses(center, ann)
    uses(center, ann, used=False)  # a moment before the leg
    center.tell(LegEnded(leg=center.lately(RingAgent)[0].leg if center.lately(RingAgent) else ann.leg, end=LegEnd.BUSY))
    center.passes(60.0)
    assert told(center) == []
    center.told_again()


def test_a_call_past_us_beside_ours_shows_when_ours_is_over(center: Center) -> None:
    ann, caller = center.agent("ann"), center.call("sales")
    uses(center, ann)
    ann.answers()
    center.passes(60.0)
    caller.hangs_up()
    center.passes(CROSSING_S)
    assert (told(center), ann.state) == ([True], AgentState.NOT_READY)
    uses(center, ann, used=False)
    assert (told(center), ann.state) == ([True, False], AgentState.READY)


def test_a_call_of_her_own_that_is_told_after_her_phone_is_one_of_ours(center: Center) -> None:
    ann, bob = center.agent("ann"), center.agent("bob")
    uses(center, ann)
    center.passes(CROSSING_S / 2)
    own = LegId("1764000000.3")
    dials(center, ann, number_of(bob), own)
    uses(center, bob)
    center.passes(20.0)
    assert told(center) == []
    center.tell(LegEnded(leg=own, end=LegEnd.NORMAL))
    uses(center, ann, used=False)
    uses(center, bob, used=False)
    center.passes(CROSSING_S)
    assert (told(center), ann.state, bob.state) == ([], AgentState.READY, AgentState.READY)


def test_a_list_makes_up_for_what_was_missed_either_way(center: Center) -> None:
    ann, bob = center.agent("ann"), center.agent("bob")
    uses(center, ann)
    center.passes(CROSSING_S)
    center.tell(PhonesListed(used=(number_of(bob), "trunk")))
    assert ann.state is AgentState.READY, "that it ended was never told"
    center.passes(CROSSING_S)
    assert bob.state is AgentState.NOT_READY, "nor that this began"
    center.restarts()
    assert (Ann(center, ann.id).state, Ann(center, bob.id).state) == (AgentState.READY, AgentState.NOT_READY)
    center.tell(PhonesListed(used=()))
    assert Ann(center, bob.id).state is AgentState.READY
    center.tell(PhoneUsed(number="trunk", used=True))
    center.told_again()


def test_such_a_phone_is_busy_for_colleagues_and_calls_nobody_for_us(center: Center) -> None:
    ann, bob = center.agent("ann"), center.agent("bob")
    uses(center, bob)
    center.passes(CROSSING_S)
    dials(center, ann, number_of(bob))
    assert [fact.why for fact in center.lately(PhoneTurnedAway)] == ["bob is busy"]
    bob.pauses()
    bob.is_ready()
    assert bob.state is AgentState.NOT_READY
    bob.logs_out()
    assert center.ask(AgentRemoved(request=center.request(), agent=bob.id)) == ""
    uses(center, ann, used=False)
    center.told_again()


def test_another_phone_of_hers_is_another_matter(center: Center) -> None:
    ann = center.agent("ann")
    uses(center, ann)
    center.passes(CROSSING_S)
    center.ask(AgentSaved(request=center.request(), agent=replace(ann.record.agent, number="1999")))
    center.tell(PhoneChanged(number="1999", state=ann.record.phone.REACHABLE))
    assert (told(center), ann.state) == ([True, False], AgentState.READY)


def test_a_site_may_not_want_it_and_may_change_its_mind(center: Center) -> None:
    ann = center.agent("ann")
    uses(center, ann)
    center.passes(CROSSING_S)
    assert center.applies(queue("sales"), ring_in_use=True) == ""
    assert (told(center), ann.state) == ([True, False], AgentState.READY)
    uses(center, ann, used=False)
    uses(center, ann)
    center.passes(60.0)
    assert ann.state is AgentState.READY
    assert center.applies(queue("sales")) == ""
    center.passes(CROSSING_S)
    assert (told(center)[-1], ann.state) == (True, AgentState.NOT_READY)
    assert [fact.state for fact in center.lately(AgentChanged)] == [AgentState.NOT_READY]
    center.told_again()
