"""What agents' phones do by themselves: a second call, REFER blind and attended, a call taken from another's phone."""

from typing import Any

from callcenter.core.phones import REFUSED_GRACE_S
from callcenter.model.agent import AgentState
from callcenter.model.commands import (
    AnswerLeg,
    DialNumber,
    HangUp,
    JoinBridge,
    LeaveBridge,
    RenewRecording,
    RingAgent,
    StartMusic,
    StopMusic,
    StopRecording,
    TellReferrer,
)
from callcenter.model.contact import ContactState, Direction, LegEnd, Medium
from callcenter.model.control import ConsultAct, PartyEnd, TransferTo
from callcenter.model.control_facts import ContactTaken, ContactTransferred, PartyLeft, PhoneRefused
from callcenter.model.events import (
    ConsultActRequested,
    ContactArrived,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    LegReplaced,
)
from callcenter.model.facts import ContactOpened, TalkEnded
from callcenter.model.ids import LegId
from callcenter.nodes.hangup import Hangup
from tests.core.center import Ann, Call, Center, flow, queue
from tests.core.test_call_control import OUTSIDE, aside, room_of

OWN = LegId("1764000000.9")


def talking(**rules: Any) -> tuple[Center, Ann, Ann, Call]:
    center = Center(
        queue("sales", music="jazz", **rules),
        queue("support", "support"),
        flows=(flow("farewell", bye=Hangup()),),
        forward_to=("028[0-9]+",),
    )
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    center.passes(10.0)
    return center, ann, center.agent("bob"), call


def number_of(agent: Ann) -> str:
    return agent.record.agent.number


def dials(center: Center, agent: Ann, number: str, own: LegId = OWN) -> None:
    center.tell(
        ContactArrived(
            leg=own,
            medium=Medium.VOICE,
            caller=number_of(agent),
            dialled=number,
            direction=Direction.INTERNAL,
            agent_number=number_of(agent),
        )
    )


def refers(center: Center, leg: LegId, number: str = "", other: LegId | None = None, **more: Any) -> bool:
    """Whether the phone is told that the call is taken off it."""
    center.tell(LegReferred(leg=leg, number=number, other=other, **more))
    told = center.lately(TellReferrer)
    assert [one.leg for one in told] == [leg]
    return told[0].taken


# -- blind -------------------------------------------------------------------------------------------------------------


def test_a_call_that_the_phone_hands_on_stays_the_same_contact_and_the_phone_hears_so_before_it_is_hung_up() -> None:
    center, ann, bob, call = talking()
    leg = ann.leg
    assert refers(center, leg, number_of(bob))
    kinds = [type(output) for output in center.last]
    hung_up = [type(output) is HangUp and output.leg == leg for output in center.last]
    assert kinds.index(TellReferrer) < hung_up.index(True)
    handed = center.lately(ContactTransferred)[0]
    assert (handed.agent, handed.to, handed.name, handed.by) == ("ann", TransferTo.AGENT, "bob", "phone")
    assert center.lately(TalkEnded)[0].agent == "ann"
    assert call.rung == ["bob"]
    bob.answers()
    assert call.record.agent == "bob"
    center.told_again()


def test_an_outside_number_is_dialled_if_it_may_be_and_else_the_call_is_as_it_was() -> None:
    center, ann, _, call = talking()
    assert not refers(center, ann.leg, "0900123")
    refused = center.lately(PhoneRefused)[0]
    assert (refused.agent, refused.name) == ("ann", "0900123")
    assert "forward_to" in refused.why
    assert call.is_in(ContactState.CONNECTED)
    assert not center.lately(HangUp)
    assert not center.lately(LeaveBridge)
    assert refers(center, ann.leg, OUTSIDE)
    assert center.lately(DialNumber)[0].number == OUTSIDE


def test_who_does_not_have_the_call_does_not_hand_it_on() -> None:
    center, ann, _, call = talking()
    assert not refers(center, call.leg, OUTSIDE), "the customer"
    assert not refers(center, LegId("x"), OUTSIDE), "a stranger"
    dials(center, ann, OUTSIDE)
    center.tell(LegAnswered(leg=aside(call)))
    assert not refers(center, aside(call), OUTSIDE), "the consulted"
    assert not refers(center, ann.leg, OUTSIDE), "without a word, in the middle of one"
    assert call.is_in(ContactState.CONNECTED)


def test_a_phone_that_hangs_up_because_it_was_told_no_leaves_the_customer_to_the_queue() -> None:
    center, ann, _, call = talking()
    refers(center, ann.leg, "0900123")
    ann.hangs_up()
    assert call.is_live
    assert call.rung in (["ann"], ["bob"]), "whoever is free"
    center.told_again()


def test_later_it_is_a_farewell() -> None:
    center, ann, _, call = talking()
    refers(center, ann.leg, "0900123")
    center.passes(REFUSED_GRACE_S + 1.0)
    ann.hangs_up()
    assert not call.is_live


# -- a second call, and attended ---------------------------------------------------------------------------------------


def test_a_second_call_of_the_phone_is_a_word_aside_and_no_contact_of_its_own() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    center.tell(LegHeld(leg=first, held=True))
    opened = len(center.all(ContactOpened))
    dials(center, ann, number_of(bob))
    assert len(center.all(ContactOpened)) == opened
    consult = call.record.consult
    assert consult is not None
    assert consult.own == OWN
    assert center.lately(AnswerLeg)[0].leg == OWN
    assert center.lately(RingAgent)[0].agent == "bob"
    assert (room_of(center, OWN), room_of(center, first)) == (consult.bridge, None)
    center.tell(LegAnswered(leg=consult.leg))
    assert room_of(center, consult.leg) == consult.bridge
    center.passes(7.0)
    assert refers(center, first, number_of(bob), other=OWN)
    assert {output.leg for output in center.lately(HangUp)} == {first, OWN}
    assert room_of(center, consult.leg) == call.record.bridge
    assert call.record.agent == "bob"
    assert not center.all(StopRecording), "the recording goes on"
    assert center.lately(PartyLeft)[0].end is PartyEnd.TOOK_OVER
    center.passes(5.0)
    bob.hangs_up()
    talks = center.all(TalkEnded)
    assert [(talk.agent, talk.talk_s, talk.hold_s) for talk in talks] == [("ann", 17.0, 7.0), ("bob", 5.0, 0.0)]
    center.told_again()


def test_the_refer_may_come_on_either_of_the_two_legs() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    dials(center, ann, number_of(bob))
    center.tell(LegAnswered(leg=aside(call)))
    assert refers(center, OWN, other=first)
    assert call.record.agent == "bob"


def test_while_it_rings_the_call_goes_where_it_was_meant_to() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    dials(center, ann, number_of(bob))
    ringing = aside(call)
    assert refers(center, first, other=OWN)
    assert {ringing, OWN, first} <= {output.leg for output in center.lately(HangUp)}
    assert call.rung == ["bob"]
    bob.answers()
    assert call.record.agent == "bob"
    center.told_again()


def test_calls_that_have_nothing_to_do_with_each_other_are_not_joined() -> None:
    center, ann, bob, call = talking()
    other = center.call("support")
    assert not refers(center, ann.leg, number_of(bob), other=other.leg)
    assert not refers(center, ann.leg, number_of(bob), elsewhere=True)
    assert call.is_in(ContactState.CONNECTED)


def test_from_one_to_the_other_and_back_by_the_keys_of_the_phone() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    center.tell(LegHeld(leg=first, held=True))
    dials(center, ann, number_of(bob))
    center.tell(LegAnswered(leg=aside(call)))
    consult = call.record.consult
    assert consult is not None
    center.tell(LegHeld(leg=OWN, held=True))
    assert room_of(center, OWN) is None
    assert center.lately(StartMusic)[0].bridge == consult.bridge
    center.tell(LegHeld(leg=first, held=False))
    assert room_of(center, first) == call.record.bridge
    assert call.record.held_since is None
    center.tell(LegHeld(leg=first, held=True))
    assert room_of(center, first) is None
    center.tell(LegHeld(leg=OWN, held=False))
    assert room_of(center, OWN) == consult.bridge
    assert center.lately(StopMusic)[0].bridge == consult.bridge
    center.told_again()


def test_hanging_up_the_second_call_drops_the_consulted_and_the_first_waits_for_the_key() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    center.tell(LegHeld(leg=first, held=True))
    dials(center, ann, number_of(bob))
    consulted = aside(call)
    center.tell(LegAnswered(leg=consulted))
    center.tell(LegEnded(leg=OWN, end=LegEnd.NORMAL))
    assert [output.leg for output in center.lately(HangUp)] == [consulted]
    assert call.record.consult is None
    assert bob.is_in(AgentState.READY)
    assert room_of(center, first) is None, "the phone still holds"
    center.tell(LegHeld(leg=first, held=False))
    assert room_of(center, first) == call.record.bridge


def test_hanging_up_the_first_call_gives_it_to_the_consulted_and_ends_the_second() -> None:
    center, ann, bob, call = talking()
    dials(center, ann, number_of(bob))
    center.tell(LegAnswered(leg=aside(call)))
    ann.hangs_up()
    assert [output.leg for output in center.lately(HangUp)] == [OWN]
    assert call.record.agent == "bob"


def test_a_conference_is_handed_on_to_nobody_not_even_to_who_is_being_called() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    dials(center, ann, number_of(bob))
    center.tell(LegAnswered(leg=aside(call)))
    conference = ConsultActRequested(request=center.request(), contact=call.id, act=ConsultAct.CONFERENCE)
    assert center.ask(conference) == ""
    again = LegId("1764000000.10")
    dials(center, ann, OUTSIDE, again)
    assert not refers(center, first, other=again)
    assert "is a conference" in center.lately(PhoneRefused)[0].why
    assert list(call.record.guests) != []
    center.told_again()


def test_a_second_call_to_where_it_may_not_go_is_refused_and_a_feature_code_is_a_call_of_its_own() -> None:
    center, ann, bob, call = talking()
    bob.pauses()
    dials(center, ann, number_of(bob))
    assert "paused" in center.lately(PhoneRefused)[0].why
    assert [(output.leg, output.end) for output in center.lately(HangUp)] == [(OWN, LegEnd.REJECTED)]
    opened = len(center.all(ContactOpened))
    dials(center, ann, "0900123", LegId("1764000000.10"))
    assert len(center.all(ContactOpened)) == opened + 1
    assert call.record.consult is None


def test_a_kill_in_a_second_call_puts_both_legs_back_where_they_belong() -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    center.tell(LegHeld(leg=first, held=True))
    dials(center, ann, number_of(bob))
    center.tell(LegAnswered(leg=aside(call)))
    consult = call.record.consult
    assert consult is not None
    center.restarts(listing=center.listing())
    joined = {(output.leg, output.bridge) for output in center.lately(JoinBridge)}
    assert not joined, "all are where they belong"
    assert refers(center, first, other=OWN)
    assert call.record.agent == "bob"


def test_a_second_leg_that_is_gone_after_a_kill_is_a_word_that_is_over() -> None:
    center, ann, bob, call = talking()
    dials(center, ann, number_of(bob))
    center.tell(LegAnswered(leg=aside(call)))
    center.restarts(listing=center.listing(without=(OWN,)))
    assert call.record.consult is None
    assert bob.is_in(AgentState.READY)


# -- a call taken from another's phone ---------------------------------------------------------------------------------


def test_a_free_agent_who_takes_it_has_it() -> None:
    center, ann, bob, call = talking()
    first, taken = ann.leg, LegId("1764000000.11")
    center.tell(LegReplaced(leg=taken, old=first, agent_number=number_of(bob)))
    center.tell(LegEnded(leg=first, end=LegEnd.NORMAL, left=True))
    assert (call.record.agent, call.record.agent_leg) == ("bob", taken)
    assert room_of(center, taken) == call.record.bridge
    assert center.all(ContactTaken)[0].taker == "bob"
    assert not center.all(StopRecording)
    assert [renew.leg for renew in center.all(RenewRecording)] == [call.leg]
    center.passes(3.0)
    center.tell(LegEnded(leg=taken, end=LegEnd.NORMAL))
    assert [talk.agent for talk in center.all(TalkEnded)] == ["ann", "bob"]
    center.told_again()


def test_a_stranger_or_one_who_is_not_free_does_not_get_it() -> None:
    for paused in (False, True):
        center, ann, bob, call = talking()
        if paused:
            bob.pauses()
        center.tell(LegReplaced(leg=LegId("x"), old=ann.leg, agent_number=number_of(bob) if paused else ""))
        assert [output.leg for output in center.lately(HangUp)] == ["x"]
        assert call.record.agent == "ann"
