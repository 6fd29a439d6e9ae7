"""Agents who call each other: the phone that rings, who is free meanwhile, and what is on record."""

import pytest

from callcenter.core.colleagues import RING_S
from callcenter.model.agent import AgentState, PhoneRules, PhoneState
from callcenter.model.colleagues import ColleagueAnswered, ColleagueRang
from callcenter.model.commands import AnswerLeg, HangUp, JoinBridge, PlayTone, RingAgent, RingPhone, StopPlayback
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, Medium, TransportFault
from callcenter.model.events import ContactArrived, HangUpRequested, LegAnswered, LegEnded
from callcenter.model.facts import ContactEnded, ContactOpened
from callcenter.model.ids import LegId
from callcenter.model.parking import PhoneTurnedAway
from tests.core.center import Ann, Center, queue
from tests.core.test_call_control import room_of

OWN = LegId("1764000000.9")
NORMAL = LegEnd.NORMAL


def dials(center: Center, agent: Ann, number: str, own: LegId = OWN) -> None:
    center.tell(
        ContactArrived(
            leg=own,
            medium=Medium.VOICE,
            caller=agent.record.agent.number,
            dialled=number,
            agent_number=agent.record.agent.number,
        )
    )


def number_of(agent: Ann) -> str:
    return agent.record.agent.number


@pytest.fixture
def center() -> Center:
    return Center(queue("sales", music="jazz"))


def calling(center: Center) -> tuple[Ann, Ann, LegId]:
    """Ann has called Bob, whose phone rings."""
    ann, bob = center.agent("ann"), center.agent("bob")
    dials(center, ann, number_of(bob))
    [rings] = center.lately(RingPhone)
    return ann, bob, rings.leg


def test_her_phone_rings_and_nobody_else_is_offered_to_either_until_they_have_spoken(center: Center) -> None:
    ann, bob, leg = calling(center)
    [rings] = center.lately(RingPhone)
    assert (rings.number, rings.caller, rings.caller_name) == (number_of(bob), number_of(ann), ann.record.agent.name)
    assert [out.leg for out in center.lately(AnswerLeg)] == [OWN]
    [tone] = center.lately(PlayTone)
    assert room_of(center, OWN) == tone.bridge
    [opened] = center.lately(ContactOpened)
    assert (opened.direction, opened.dialler, opened.dialled) == (Direction.INTERNAL, ann.id, number_of(bob))
    assert [(fact.agent, fact.colleague) for fact in center.lately(ColleagueRang)] == [(ann.id, bob.id)]

    customer = center.call("sales")
    assert (customer.state, ann.state, bob.state) == (
        ContactState.WAITING,
        AgentState.NOT_READY,
        AgentState.NOT_READY,
    )
    center.passes(4.0)
    center.tell(LegAnswered(leg=leg))
    assert [fact.rang_s for fact in center.lately(ColleagueAnswered)] == [4.0]
    assert [out.playback for out in center.lately(StopPlayback)] == [tone.playback]
    assert room_of(center, leg) == room_of(center, OWN)
    center.passes(9.0)
    assert (customer.state, center.all(RingAgent)) == (ContactState.WAITING, [])
    center.tell(LegEnded(leg=leg, end=NORMAL))
    assert OWN in [out.leg for out in center.lately(HangUp)]
    [ended] = center.lately(ContactEnded)
    assert (ended.reason, ended.direction, ended.forward_s) == (EndReason.FORWARDED, Direction.INTERNAL, 9.0)
    assert customer.is_in(ContactState.OFFERED)
    assert {ann.record.own_calls, bob.record.own_calls} == {0}
    center.told_again()


@pytest.mark.parametrize("how", [LegEnd.BUSY, LegEnd.REJECTED, LegEnd.UNREACHABLE, LegEnd.NO_ANSWER])
def test_a_colleague_who_does_not_answer_costs_nobody_anything(center: Center, how: LegEnd) -> None:
    ann, bob, leg = calling(center)
    center.tell(LegEnded(leg=leg, end=how))
    assert [fact.reason for fact in center.lately(ContactEnded)] == [EndReason.NOT_REACHED]
    assert OWN in [out.leg for out in center.lately(HangUp)]
    assert (ann.state, bob.state) == (AgentState.READY, AgentState.READY)
    center.told_again()


def test_it_does_not_ring_for_ever_and_who_gives_up_stops_it(center: Center) -> None:
    ann, bob, leg = calling(center)
    center.passes(RING_S)
    assert leg in [out.leg for out in center.lately(HangUp)]
    assert (ann.state, bob.state) == (AgentState.READY, AgentState.READY)
    again = LegId("1764000000.10")
    dials(center, ann, number_of(bob), again)
    [rings] = center.lately(RingPhone)
    center.tell(LegEnded(leg=again, end=NORMAL))
    assert rings.leg in [out.leg for out in center.lately(HangUp)]
    assert (ann.state, bob.state) == (AgentState.READY, AgentState.READY)
    center.tell(LegAnswered(leg=rings.leg))
    assert [out.leg for out in center.lately(HangUp)] == [rings.leg], "answered a moment too late"
    center.told_again()


@pytest.mark.parametrize("fault", [TransportFault.REFUSED, TransportFault.UNAVAILABLE, TransportFault.UNKNOWN])
def test_a_phone_that_could_not_be_rung(center: Center, fault: TransportFault) -> None:
    ann, _, _ = calling(center)
    center.fails(center.lately(RingPhone)[0], fault)
    assert (ann.state is AgentState.READY) is (fault is not TransportFault.UNKNOWN), "it may ring yet"


def test_whom_she_cannot_have_she_is_told(center: Center) -> None:
    ann, bob, _ = calling(center)
    eve = center.agent("eve", phone=PhoneRules(nailed=True))
    cora = center.agent("cora")
    dan = center.agent("dan", at_work=False)
    for number, why, end in (
        (number_of(bob), "bob is busy", LegEnd.BUSY),
        (number_of(ann), "ann is busy", LegEnd.BUSY),
        (number_of(eve), "the phone of eve is nailed up", LegEnd.REJECTED),
        (number_of(dan), "the phone of dan cannot be reached", LegEnd.UNREACHABLE),
        (number_of(cora), "cora is she herself", LegEnd.REJECTED),
    ):
        leg = LegId(f"1764000001.{number}")
        dials(center, cora, number, leg)
        assert center.lately(PhoneTurnedAway)[0].why == why
        assert [(out.leg, out.end) for out in center.lately(HangUp)] == [(leg, end)]
    assert cora.is_in(AgentState.READY)
    dials(center, ann, number_of(cora), LegId("1764000001.2"))
    assert center.lately(PhoneTurnedAway)[0].why == "ann has a call already"


def test_a_colleague_at_lunch_may_be_rung_and_is_at_lunch_afterwards(center: Center) -> None:
    ann, bob = center.agent("ann"), center.agent("bob")
    bob.pauses()
    dials(center, ann, number_of(bob))
    [rings] = center.lately(RingPhone)
    center.tell(LegAnswered(leg=rings.leg))
    center.tell(LegEnded(leg=OWN, end=NORMAL))
    assert (ann.state, bob.state, bob.record.reason) == (AgentState.READY, AgentState.NOT_READY, "lunch")


def test_a_kill_leaves_the_two_where_they_are(center: Center) -> None:
    ann, bob, leg = calling(center)
    center.restarts(listing=center.listing(up=[OWN, leg]))
    assert [fact.colleague for fact in center.all(ColleagueAnswered)] == [bob.id], "she answered meanwhile"
    center.restarts(namespace="storythr", listing=center.listing(up=[OWN, leg]))
    [contact] = (one for one in center.engine.view(center.now).contacts)
    assert contact.state is ContactState.FORWARDED
    assert center.ask(HangUpRequested(request=center.request(), contact=contact.id)) == ""
    assert (Ann(center, ann.id).state, Ann(center, bob.id).state) == (AgentState.READY, AgentState.READY)


def test_a_number_that_is_written_down_leads_where_it_is_written(center: Center) -> None:
    ann = center.agent("ann")
    bob = center.agent("bob")
    bob.phone(PhoneState.UNREACHABLE)
    dials(center, ann, "sales")
    assert (center.all(ColleagueRang), center.all(PhoneTurnedAway)) == ([], [])
    assert len(center.all(JoinBridge)) == 1
