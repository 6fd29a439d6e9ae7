"""An offer's life and its races: answered, missed in each way, rescinded, withdrawn, failed, late."""

from typing import Any

import pytest

from callcenter.core.failures import COMMAND_RETRY_S
from callcenter.core.offers import REST_MIN_S, RING_GRACE_S
from callcenter.core.world import NOBODY
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.commands import HangUp, RingAgent
from callcenter.model.contact import ContactState, EndReason, LegEnd, OfferEnd, TransportFault
from callcenter.model.events import LegAnswered, LegEnded, LegRinging
from callcenter.model.facts import ContactConnected, ContactOffered, OfferEnded, Surprise
from callcenter.model.queue import MissedOffer, MissedOfferRule, MissedOfferRules
from tests.core.center import Ann, Call, Center, queue

RULES = MissedOfferRules(
    no_answer=MissedOfferRule(then=MissedOffer.PAUSE),
    busy=MissedOfferRule(rest_s=11.0),
    rejected=MissedOfferRule(rest_s=22.0),
    unreachable=MissedOfferRule(rest_s=33.0),
)


def ringing(**rules: Any) -> tuple[Center, Ann, Call]:
    center = Center(queue("sales", missed=RULES, **rules))
    return center, center.agent("ann"), center.call("sales", caller="0901", name="Bình")


def ends(center: Center) -> list[OfferEnd]:
    return [fact.end for fact in center.all(OfferEnded)]


# -- ringing -----------------------------------------------------------------------------------------------------------


def test_her_phone_is_rung_directly_with_the_caller_on_its_display() -> None:
    center, ann, call = ringing(offer_timeout_s=15.0)
    [ring] = center.all(RingAgent)
    assert (ring.number, ring.caller, ring.caller_name) == ("n-ann", "0901", "Bình")
    assert (ring.like, ring.timeout_s) == (call.leg, 15.0 + RING_GRACE_S)
    [offered] = center.all(ContactOffered)
    assert (offered.agent, offered.leg, offered.free) == ("ann", ring.leg, 1)
    assert offered.why == "longest idle: has just become free"
    assert call.state is ContactState.OFFERED
    assert ann.state is AgentState.OFFERED


def test_that_it_rings_changes_nothing() -> None:
    center, ann, _ = ringing()
    assert center.tell(LegRinging(leg=ann.leg)) == []


def test_it_is_answered() -> None:
    center, ann, call = ringing()
    center.passes(3.0)
    ann.answers()
    assert call.is_in(ContactState.CONNECTED)
    [ended] = center.all(OfferEnded)
    assert (ended.end, ended.rang_s) == (OfferEnd.ACCEPTED, 3.0)
    center.passes(3600.0)
    assert call.is_in(ContactState.CONNECTED), "the offer's deadline is gone"


# -- missed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "end", "rest_s"),
    [
        (LegEnd.BUSY, OfferEnd.BUSY, 11.0),
        (LegEnd.REJECTED, OfferEnd.REJECTED, 22.0),
        (LegEnd.NORMAL, OfferEnd.REJECTED, 22.0),
        (LegEnd.UNREACHABLE, OfferEnd.UNREACHABLE, 33.0),
        (LegEnd.FAILED, OfferEnd.FAILED, 33.0),
        (LegEnd.CANCELLED, OfferEnd.FAILED, 33.0),
    ],
)
def test_each_way_to_miss_an_offer_has_its_own_rest(how: LegEnd, end: OfferEnd, rest_s: float) -> None:
    center, ann, call = ringing()
    ann.declines(how)
    assert ends(center) == [end]
    assert (call.state, call.record.missed) == (ContactState.WAITING, 1)
    assert not center.lately(HangUp), "the leg is gone already"
    center.passes(rest_s - 0.1)
    assert not ann.is_rung
    center.passes(0.2)
    assert ann.is_rung


@pytest.mark.parametrize("who_stops", ["us", "asterisk"])
def test_who_does_not_answer_is_paused_and_the_caller_keeps_her_place(who_stops: str) -> None:
    center, ann, call = ringing(offer_timeout_s=10.0)
    bob = center.agent("bob")
    leg, since = ann.leg, call.record.since
    ann.rings()
    if who_stops == "us":
        center.passes(10.0)
        assert center.all(HangUp) == [HangUp(contact=call.id, leg=leg, end=LegEnd.NO_ANSWER)]
    else:
        ann.declines(LegEnd.NO_ANSWER)
    assert ends(center) == [OfferEnd.NO_ANSWER]
    assert (ann.record.status, ann.record.reason) == (AgentStatus.PAUSED, "no_answer")
    assert (call.rung, call.record.since) == (["bob"], since)
    bob.answers()
    call.hangs_up()
    assert (call.summary.offers, call.summary.missed, call.summary.agent) == (2, 1, "bob")


@pytest.mark.parametrize("who_stops", ["us", "asterisk"])
@pytest.mark.parametrize("rang", [False, True])
def test_a_phone_that_never_rang_or_has_vanished_is_not_an_agent_who_lets_it_ring(rang: bool, who_stops: str) -> None:
    center, ann, _ = ringing(offer_timeout_s=10.0)
    if rang:
        ann.rings()
        ann.phone(PhoneState.UNREACHABLE)
    if who_stops == "us":
        center.passes(10.0)
    else:
        ann.declines(LegEnd.NO_ANSWER)
    assert ends(center) == [OfferEnd.UNREACHABLE]
    assert ann.record.status is AgentStatus.AVAILABLE
    assert len(center.all(Surprise)) == (0 if rang else 1)


def test_a_missed_offer_does_not_cost_the_caller_her_turn() -> None:
    center, ann, first = ringing(offer_timeout_s=10.0)
    second = center.call("sales")
    center.passes(10.0)
    ann.is_ready()
    assert (first.state, second.state) == (ContactState.OFFERED, ContactState.WAITING)


def test_a_phone_that_was_thought_to_be_there_and_is_not_is_a_surprise() -> None:
    center, ann, _ = ringing()
    ann.declines(LegEnd.UNREACHABLE)
    assert [fact.what for fact in center.all(Surprise)] == ["the phone of ann was thought reachable and is not"]


def test_a_phone_that_is_always_busy_is_not_dialled_without_end() -> None:
    center = Center(queue("sales", missed=MissedOfferRules(busy=MissedOfferRule(rest_s=0.0))))
    ann = center.agent("ann")
    center.call("sales")
    ann.declines(LegEnd.BUSY)
    assert not ann.is_rung
    center.passes(REST_MIN_S)
    assert ann.is_rung


# -- rescinded and withdrawn -------------------------------------------------------------------------------------------


def test_a_caller_who_leaves_stops_the_ringing_at_no_cost_to_the_agent() -> None:
    center, ann, call = ringing()
    leg, idle_since = ann.leg, ann.record.ready_since
    call.hangs_up()
    assert center.all(HangUp) == [HangUp(contact=call.id, leg=leg, end=LegEnd.CANCELLED)]
    assert ends(center) == [OfferEnd.RESCINDED]
    assert (ann.state, ann.record.ready_since) == (AgentState.READY, idle_since)
    assert call.end_reason is EndReason.ABANDONED


def test_an_answer_that_crosses_with_a_cancel_finds_nobody() -> None:
    center, ann, call = ringing()
    leg = ann.leg
    call.hangs_up()
    center.tell(LegAnswered(leg=leg))
    assert center.last == [HangUp(contact=NOBODY, leg=leg, end=LegEnd.CANCELLED)]
    assert center.tell(LegEnded(leg=leg, end=LegEnd.CANCELLED)) == []
    assert ann.state is AgentState.READY


def test_a_phone_that_is_answered_after_its_offer_is_over_is_hung_up_again() -> None:
    """The dial request got no answer, was cancelled, and rings all the same."""
    center, _, _ = ringing(offer_timeout_s=10.0)
    [ring] = center.all(RingAgent)
    center.fails(ring, TransportFault.UNKNOWN)
    center.passes(10.0)
    assert [command.leg for command in center.all(HangUp)] == [ring.leg]
    center.tell(LegAnswered(leg=ring.leg))
    assert center.last == [HangUp(contact=NOBODY, leg=ring.leg, end=LegEnd.CANCELLED)]


def test_two_who_answer_at_once_are_one_who_has_the_call_and_one_who_has_not() -> None:
    center = Center(queue("sales", strategy="ring_all"))
    ann, bob, cat = center.agent("ann"), center.agent("bob"), center.agent("cat")
    call = center.call("sales")
    assert call.rung == ["ann", "bob", "cat"]
    late = bob.leg
    ann.answers()
    assert [fact.agent for fact in center.all(ContactConnected)] == ["ann"]
    assert sorted(ends(center)) == [OfferEnd.ACCEPTED, OfferEnd.RESCINDED, OfferEnd.RESCINDED]
    center.tell(LegAnswered(leg=late))
    assert [fact.agent for fact in center.all(ContactConnected)] == ["ann"]
    assert [agent.state for agent in (ann, bob, cat)] == [AgentState.ON_CONTACT, AgentState.READY, AgentState.READY]
    assert call.record.missed == 0


def test_ring_all_rings_on_until_the_last_has_declined() -> None:
    center = Center(queue("sales", strategy="ring_all"))
    ann, bob = center.agent("ann"), center.agent("bob")
    call = center.call("sales")
    ann.declines()
    assert (call.state, call.rung) == (ContactState.OFFERED, ["bob"])
    bob.declines()
    assert call.is_in(ContactState.WAITING)


def test_an_agent_who_pauses_while_it_rings_gives_the_call_to_the_next() -> None:
    center, ann, call = ringing()
    bob = center.agent("bob")
    ann.pauses()
    assert ends(center) == [OfferEnd.REJECTED]
    assert call.rung == ["bob"]
    assert bob.is_rung


# -- failed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [TransportFault.UNAVAILABLE, TransportFault.GONE])
def test_a_phone_that_could_not_be_dialled_is_tried_again_soon(fault: TransportFault) -> None:
    center, ann, call = ringing()
    center.fails(center.all(RingAgent)[0], fault)
    assert ends(center) == [OfferEnd.FAILED]
    assert (call.state, call.record.missed) == (ContactState.WAITING, 0)
    center.passes(COMMAND_RETRY_S)
    assert ann.is_rung
    assert ann.record.status is AgentStatus.AVAILABLE


def test_a_phone_that_asterisk_refuses_to_dial_is_unreachable() -> None:
    center, ann, _ = ringing()
    center.fails(center.all(RingAgent)[0], TransportFault.REFUSED, "Allocation failed")
    assert ends(center) == [OfferEnd.UNREACHABLE]
    center.passes(32.9)
    assert not ann.is_rung
    center.passes(0.2)
    assert ann.is_rung


def test_a_dial_without_an_answer_may_still_ring() -> None:
    center, ann, call = ringing()
    assert center.fails(center.all(RingAgent)[0], TransportFault.UNKNOWN) == []
    ann.answers()
    assert call.is_in(ContactState.CONNECTED)


def test_a_failure_of_an_offer_that_is_over_says_nothing() -> None:
    center, ann, _ = ringing()
    ring = center.all(RingAgent)[0]
    ann.declines()
    for fault in TransportFault:
        assert center.fails(ring, fault) == []


# -- nobody who may not be rung is rung --------------------------------------------------------------------------------


def test_who_is_paused_unreachable_unskilled_resting_or_busy_is_not_rung() -> None:
    center = Center(queue("sales", "sales >= 3", wrap_up_s=60.0), queue("other", "other"))
    center.agent("paused", sales=5).pauses()
    center.agent("gone", sales=5).phone(PhoneState.UNREACHABLE)
    center.agent("new", sales=2)
    center.agent("away", sales=5).logs_out()
    for name in ("busy", "wraps", "rests"):
        ann = center.agent(name, sales=5, other=1)
        center.call("other")
        if name == "rests":
            ann.declines(LegEnd.BUSY)
        else:
            ann.answers()
        if name == "wraps":
            ann.hangs_up()
    call = center.call("sales")
    assert call.rung in ([], ["wraps"])
    able = center.agent("able", sales=3)
    assert able.is_rung
