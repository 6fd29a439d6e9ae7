"""Hold, mute, keys, transfers, consults, conferences: who is in which bridge, and who has the call."""

from dataclasses import replace
from typing import Any

import pytest

from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.commands import (
    CloseBridge,
    DialNumber,
    HangUp,
    JoinBridge,
    LeaveBridge,
    MuteLeg,
    RenewRecording,
    RingAgent,
    SendKeys,
    StartMusic,
    StartRecording,
    StopMusic,
    StopRecording,
)
from callcenter.model.contact import ContactState, EndReason, LegEnd, TransportFault
from callcenter.model.control import ConsultAct, HeldBy, PartyEnd, TransferTo
from callcenter.model.control_facts import (
    ContactHeld,
    ContactResumed,
    ContactTransferred,
    PartyLeft,
    PhoneRefused,
    TransferFailed,
)
from callcenter.model.events import (
    ConsultActRequested,
    ConsultRequested,
    DialRequested,
    HoldRequested,
    KeysRequested,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    LegSilent,
    MuteRequested,
    TransferRequested,
)
from callcenter.model.facts import ContactEnded, Surprise, TalkEnded
from callcenter.model.ids import LegId, QueueName
from callcenter.nodes.hangup import Hangup
from tests.core.center import ANYWHERE, Ann, Call, Center, flow, queue

OUTSIDE = "0280000"


def talking(**rules: Any) -> tuple[Center, Ann, Call]:
    center = Center(
        queue("sales", music="jazz", **rules),
        queue("support", "support"),
        flows=(flow("farewell", bye=Hangup()),),
        forward_to=("028[0-9]+",),
    )
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    center.passes(10.0)
    return center, ann, call


def holds(center: Center, call: Call, *, held: bool = True) -> str:
    return center.ask(HoldRequested(request=center.request(), contact=call.id, held=held))


def hands(center: Center, call: Call, to: TransferTo, name: str, **more: Any) -> str:
    return center.ask(TransferRequested(request=center.request(), contact=call.id, to=to, name=name, **more))


def consults(center: Center, call: Call, name: str, to: TransferTo = TransferTo.AGENT) -> str:
    return center.ask(ConsultRequested(request=center.request(), contact=call.id, to=to, name=name))


def does(center: Center, call: Call, act: ConsultAct) -> str:
    return center.ask(ConsultActRequested(request=center.request(), contact=call.id, act=act))


def aside(call: Call) -> LegId:
    consult = call.record.consult
    assert consult is not None
    return consult.leg


def room_of(center: Center, leg: LegId) -> str | None:
    """The bridge in which a leg is, by the commands so far."""
    where: str | None = None
    for output in center.outputs:
        if isinstance(output, JoinBridge) and output.leg == leg:
            where = output.bridge
        elif isinstance(output, LeaveBridge) and output.leg == leg and where == output.bridge:
            where = None
    return where


# -- hold, mute, keys --------------------------------------------------------------------------------------------------


def test_on_hold_the_agent_is_out_of_the_bridge_before_the_music_begins_and_back_after_it_ends() -> None:
    center, ann, call = talking()
    leg = ann.leg
    assert holds(center, call) == ""
    assert [type(output).__name__ for output in center.last][:2] == ["LeaveBridge", "StartMusic"]
    assert center.lately(StartMusic)[0].music == "jazz"
    assert room_of(center, leg) is None
    center.passes(30.0)
    assert holds(center, call, held=False) == ""
    assert [type(output).__name__ for output in center.last][:2] == ["StopMusic", "JoinBridge"]
    assert center.lately(ContactResumed)[0].held_s == 30.0
    assert not center.all(StopRecording), "the recording goes on, and has the music"
    center.passes(5.0)
    ann.hangs_up()
    talk, ended = center.all(TalkEnded)[0], center.all(ContactEnded)[0]
    assert (talk.talk_s, talk.hold_s, ended.talk_s, ended.hold_s) == (45.0, 30.0, 45.0, 30.0)
    center.told_again()


def test_twice_is_refused_in_words() -> None:
    center, _, call = talking()
    assert "not on hold" in holds(center, call, held=False)
    assert holds(center, call) == ""
    assert "on hold already" in holds(center, call)
    assert "there is no live call" in center.ask(
        HoldRequested(request=center.request(), contact=Call(center, LegId("x")).id, held=True)
    )


def test_a_phone_that_holds_is_treated_as_a_request() -> None:
    center, ann, call = talking()
    leg = ann.leg
    center.tell(LegHeld(leg=leg, held=True))
    assert center.lately(ContactHeld)[0].by is HeldBy.PHONE
    center.tell(LegHeld(leg=leg, held=True))
    assert center.last == []
    center.passes(3.0)
    center.tell(LegHeld(leg=leg, held=False))
    assert room_of(center, leg) == call.record.bridge
    center.tell(LegHeld(leg=call.leg, held=True))
    assert center.last == [], "a customer's hold is her own affair"


def test_who_ends_a_call_on_hold_ends_it() -> None:
    for who in ("agent", "caller"):
        center, ann, call = talking()
        holds(center, call)
        center.passes(4.0)
        if who == "agent":
            ann.hangs_up()
        else:
            call.hangs_up()
        assert not call.is_live
        assert center.all(ContactResumed)[0].held_s == 4.0
        assert center.all(ContactEnded)[0].reason is (
            EndReason.AGENT_HUNG_UP if who == "agent" else EndReason.CALLER_HUNG_UP
        )


def test_mute_is_of_this_agent_s_part_alone() -> None:
    center, ann, call = talking()
    leg = ann.leg
    ask = MuteRequested(request=center.request(), contact=call.id, muted=True)
    assert center.ask(ask) == ""
    assert center.lately(MuteLeg) == [MuteLeg(contact=call.id, leg=leg, muted=True)]
    assert "already" in center.ask(ask)
    center.restarts()
    assert center.lately(MuteLeg), "asked for again: nobody knows whether it was done"
    hands(center, call, TransferTo.QUEUE, "sales")
    assert not call.record.muted


@pytest.mark.parametrize("keys", ["", "1" * 33, "12x", "hello"])
def test_keys_that_are_none_are_refused(keys: str) -> None:
    center, _, call = talking()
    assert "keys are" in center.ask(KeysRequested(request=center.request(), contact=call.id, digits=keys))
    assert not center.all(SendKeys)


def test_keys_go_to_whom_the_agent_speaks_with() -> None:
    center, _, call = talking()
    ben = center.agent("ben")
    ask = KeysRequested(request=center.request(), contact=call.id, digits="12#a")
    assert center.ask(ask) == ""
    assert center.lately(SendKeys) == [SendKeys(contact=call.id, leg=call.leg, keys="12#A")]
    consults(center, call, "ben")
    assert "has not answered" in center.ask(ask)
    leg = aside(call)
    ben.answers()
    assert center.ask(ask) == ""
    assert center.lately(SendKeys)[0].leg == leg
    does(center, call, ConsultAct.DROP)
    holds(center, call)
    assert "on hold" in center.ask(ask)


# -- handed on ---------------------------------------------------------------------------------------------------------


def test_to_a_queue_it_is_the_same_contact_with_its_place() -> None:
    center, ann, call = talking(wrap_up_s=20.0)
    carl = center.agent("carl", support=1)
    since = call.record.since
    assert hands(center, call, TransferTo.QUEUE, "support", priority=80, needs="support") == ""
    assert (call.state, call.record.since, call.record.priority) == (ContactState.OFFERED, since, 80)
    assert ann.state is AgentState.WRAP_UP
    assert call.rung == ["carl"]
    carl.answers()
    center.passes(7.0)
    call.hangs_up()
    talks = center.all(TalkEnded)
    assert [(talk.agent, talk.talk_s) for talk in talks] == [("ann", 10.0), ("carl", 7.0)]
    [ended] = center.all(ContactEnded)
    assert (ended.talk_s, ended.agent, ended.queue) == (17.0, "carl", "support")
    assert len(center.all(StartRecording)) == 2
    center.told_again()


def test_an_agent_who_does_not_answer_leaves_it_to_the_others() -> None:
    center, ann, call = talking()
    carl = center.agent("carl")
    assert hands(center, call, TransferTo.AGENT, "carl") == ""
    assert call.rung == ["carl"]
    carl.declines()
    assert call.state is ContactState.WAITING, "ann is free, and it is carl's"
    center.passes(18.0)
    assert not call.rung
    center.passes(2.1)
    assert call.rung == ["ann"]
    del ann


@pytest.mark.parametrize(
    ("to", "name", "why"),
    [
        (TransferTo.AGENT, "nobody", "there is no agent nobody"),
        (TransferTo.AGENT, "ann", "has the call already"),
        (TransferTo.AGENT, "dan", "is logged out"),
        (TransferTo.QUEUE, "nowhere", "there is no queue"),
        (TransferTo.FLOW, "nowhere", "there is no flow"),
        (TransferTo.EXTENSION, "9999", "there is no extension"),
        (TransferTo.NUMBER, "0199", "may not be called"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_has_changed(to: TransferTo, name: str, why: str) -> None:
    center, ann, call = talking()
    center.agent("dan", at_work=False)
    assert why in hands(center, call, to, name)
    assert (call.state, call.record.agent) == (ContactState.CONNECTED, ann.id)
    assert len(center.last) == 1
    assert "priority" in hands(center, call, TransferTo.QUEUE, "support", priority=101)
    assert "needs" in hands(center, call, TransferTo.QUEUE, "support", needs="a >=")


def test_to_a_flow_by_its_name_or_its_number() -> None:
    for to in (TransferTo.FLOW, TransferTo.EXTENSION):
        center, ann, call = talking()
        assert hands(center, call, to, "farewell") == ""
        assert center.all(ContactTransferred)[0].to is TransferTo.FLOW
        assert center.all(ContactEnded)[0].reason is EndReason.FLOW_ENDED
        assert ann.state is AgentState.READY


def test_to_a_number_that_answers() -> None:
    center, ann, call = talking()
    assert hands(center, call, TransferTo.NUMBER, OUTSIDE) == ""
    assert ann.state is AgentState.READY
    [dialled] = center.all(DialNumber)
    center.passes(4.0)
    center.tell(LegAnswered(leg=dialled.leg))
    assert call.state is ContactState.FORWARDED
    center.passes(60.0)
    center.tell(LegEnded(leg=dialled.leg, end=LegEnd.NORMAL))
    [ended] = center.all(ContactEnded)
    assert (ended.reason, ended.talk_s, ended.forward_s) == (EndReason.FORWARDED, 10.0, 60.0)


def test_too_many_outside_calls_of_one_agent_are_refused_and_ring_the_alarm() -> None:
    """Transferred, consulted or called, it is her limit of any hour; the call that she has is not touched."""
    center = Center(queue("sales"), forward_to=("028[0-9]+",), guard=replace(ANYWHERE, per_agent_h=2))
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    for _ in range(2):
        assert consults(center, call, OUTSIDE, TransferTo.NUMBER) == ""
        assert does(center, call, ConsultAct.DROP) == ""
    assert "agent ann: 2 calls within an hour" in consults(center, call, OUTSIDE, TransferTo.NUMBER)
    assert [fact.what for fact in center.lately(Surprise)] == [
        "guard against toll fraud: agent ann: 2 calls within an hour"
    ]
    assert "2 calls within an hour" in hands(center, call, TransferTo.NUMBER, OUTSIDE)
    assert (call.state, call.record.agent) == (ContactState.CONNECTED, "ann")
    call.hangs_up()
    center.passes(300.0)  # her wrap-up
    dial = DialRequested(request=center.request(), agent=ann.id, number="0901234567", queue=QueueName("sales"))
    assert "2 calls within an hour" in center.ask(dial)
    center.passes(3600.0)
    assert "within an hour" not in center.ask(dial), "then by the rules of the queue alone"
    center.told_again()


def test_a_number_that_does_not_answer_gives_the_call_back_to_who_sent_it() -> None:
    center, ann, call = talking()
    center.agent("ben")
    hands(center, call, TransferTo.NUMBER, OUTSIDE)
    [dialled] = center.all(DialNumber)
    center.tell(LegEnded(leg=dialled.leg, end=LegEnd.BUSY))
    assert center.all(TransferFailed)[0].why == "busy"
    assert call.rung == ["ann"]
    ann.answers()
    assert call.state is ContactState.CONNECTED
    center.told_again()


# -- consults ----------------------------------------------------------------------------------------------------------


def consulting() -> tuple[Center, Ann, Ann, Call]:
    center, ann, call = talking(wrap_up_s=20.0)
    ben = center.agent("ben")
    assert consults(center, call, "ben") == ""
    center.passes(3.0)
    ben.answers()
    center.passes(5.0)
    return center, ann, ben, call


def test_the_two_are_by_themselves_while_the_customer_hears_music() -> None:
    center, ann, _, call = consulting()
    consult = call.record.consult
    assert consult is not None
    assert room_of(center, ann.leg) == room_of(center, consult.leg) == consult.bridge
    assert room_of(center, call.leg) == call.record.bridge
    assert call.record.music == "jazz"
    assert not center.all(StopRecording)


def test_a_transfer_after_a_word_splits_the_talk_and_keeps_the_recording() -> None:
    center, ann, ben, call = consulting()
    leg, main = aside(call), call.record.bridge
    assert does(center, call, ConsultAct.TRANSFER) == ""
    assert (call.state, call.record.agent, call.record.agent_leg) == (ContactState.CONNECTED, ben.id, leg)
    assert room_of(center, leg) == main
    assert ann.state is AgentState.WRAP_UP
    assert not center.all(StopRecording)
    assert [(renew.leg, renew.seconds) for renew in center.all(RenewRecording)] == [(call.leg, 18.0)]
    [party] = center.all(PartyLeft)
    assert (party.guest, party.aside, party.end, party.spoke_s) == ("ben", True, PartyEnd.TOOK_OVER, 5.0)
    center.passes(11.0)
    ben.hangs_up()
    assert ben.state is AgentState.WRAP_UP
    assert [(t.agent, t.talk_s, t.hold_s) for t in center.all(TalkEnded)] == [("ann", 18.0, 8.0), ("ben", 11.0, 0.0)]
    [ended] = center.all(ContactEnded)
    assert (ended.talk_s, ended.hold_s, ended.agent) == (29.0, 8.0, "ben")
    assert len(center.all(StartRecording)) == len(center.all(StopRecording)) == 1
    center.told_again()


@pytest.mark.parametrize("to", [TransferTo.EXTENSION, None])
def test_a_caller_is_handed_on_to_no_feature_code(to: TransferTo | None) -> None:
    center = Center(queue("sales"), flows=(flow("*33", bye=Hangup()),))
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    leg = call.record.agent_leg
    assert leg is not None
    if to is None:
        center.tell(LegReferred(leg=leg, number="*33"))
        [refused] = center.all(PhoneRefused)
        problem = refused.why
    else:
        request = TransferRequested(request=center.request(), contact=call.id, to=to, name="*33")
        problem = center.ask(request)
    assert "a feature code" in problem
    assert call.state is ContactState.CONNECTED


def test_a_phone_of_the_consulted_that_dies_gives_the_agent_back_to_her_customer() -> None:
    center, ann, ben, call = consulting()
    consult = call.record.consult
    assert consult is not None
    center.tell(LegSilent(leg=consult.leg, silent_s=10.0))
    assert call.record.consult is consult, "a phone that answers may be muted"
    ben.phone(PhoneState.UNREACHABLE)
    center.tell(LegSilent(leg=consult.leg, silent_s=10.0))
    assert call.record.consult is None
    assert (call.state, ann.state, ben.state) == (ContactState.CONNECTED, AgentState.ON_CONTACT, AgentState.NOT_READY)
    assert [left.end for left in center.all(PartyLeft)] == [PartyEnd.HUNG_UP]
    assert consult.leg in [hung_up.leg for hung_up in center.all(HangUp)]
    center.tell(LegEnded(leg=consult.leg, end=LegEnd.NORMAL))
    assert call.state is ContactState.CONNECTED
    center.told_again()


def test_a_guest_whose_phone_dies_leaves_the_conference() -> None:
    center, ann, ben, call = consulting()
    assert does(center, call, ConsultAct.CONFERENCE) == ""
    [leg] = call.record.guests
    ben.phone(PhoneState.UNREACHABLE)
    center.tell(LegSilent(leg=leg, silent_s=10.0))
    assert (call.state, ann.state, call.record.guests) == (ContactState.CONNECTED, AgentState.ON_CONTACT, {})
    center.told_again()


def test_a_conference_and_whoever_goes_leaves_the_others_together() -> None:
    center, ann, ben, call = consulting()
    leg, main = aside(call), call.record.bridge
    assert does(center, call, ConsultAct.CONFERENCE) == ""
    assert room_of(center, ann.leg) == room_of(center, leg) == room_of(center, call.leg) == main
    center.passes(6.0)
    ann.hangs_up()
    assert (call.state, call.record.agent) == (ContactState.CONNECTED, ben.id)
    center.passes(2.0)
    ben.hangs_up()
    assert not call.is_live
    assert [(p.aside, p.end, p.spoke_s) for p in center.all(PartyLeft)] == [
        (True, PartyEnd.JOINED, 5.0),
        (False, PartyEnd.TOOK_OVER, 6.0),
    ]


def test_a_guest_who_goes_is_free_at_once() -> None:
    center, ann, ben, call = consulting()
    leg = aside(call)
    does(center, call, ConsultAct.CONFERENCE)
    center.tell(LegEnded(leg=leg, end=LegEnd.NORMAL))
    assert ben.state is AgentState.READY
    assert (call.record.agent, call.record.guests) == (ann.id, {})
    assert len(center.all(RenewRecording)) == 1, "he was alone with her for a moment"
    assert "consults nobody" in does(center, call, ConsultAct.DROP)


def test_who_is_left_alone_with_the_customer_by_an_agent_who_holds_is_recorded() -> None:
    """A recorder is deaf to each phone but the first with which its customer is alone: it is begun anew."""
    center, ann, _, call = consulting()
    does(center, call, ConsultAct.CONFERENCE)
    assert not center.all(RenewRecording)
    center.tell(LegHeld(leg=ann.leg, held=True))
    assert [renew.leg for renew in center.all(RenewRecording)] == [call.leg]


def test_the_customer_who_goes_ends_it_for_all() -> None:
    for conference in (True, False):
        center, ann, ben, call = consulting()
        if conference:
            does(center, call, ConsultAct.CONFERENCE)
        call.hangs_up()
        assert not call.is_live
        assert ben.state is AgentState.READY
        assert ann.state is AgentState.WRAP_UP
        assert not center.engine.world.legs
        assert not center.engine.world.bridges


def test_swapped_the_one_who_is_left_hears_music() -> None:
    center, ann, _, call = consulting()
    consult = call.record.consult
    assert consult is not None
    assert does(center, call, ConsultAct.SWAP) == ""
    assert room_of(center, ann.leg) == call.record.bridge
    assert [music.bridge for music in center.lately(StartMusic)] == [consult.bridge]
    assert call.record.music == ""
    assert does(center, call, ConsultAct.SWAP) == ""
    assert room_of(center, ann.leg) == consult.bridge
    assert call.record.music == "jazz"
    assert [music.bridge for music in center.lately(StopMusic)] == [consult.bridge]


def test_dropped_or_gone_the_agent_is_back_with_the_customer() -> None:
    for how in ("dropped", "gone"):
        center, ann, ben, call = consulting()
        leg = aside(call)
        if how == "dropped":
            assert does(center, call, ConsultAct.DROP) == ""
            assert [hung.leg for hung in center.lately(HangUp)] == [leg]
        else:
            center.tell(LegEnded(leg=leg, end=LegEnd.NORMAL))
        assert room_of(center, ann.leg) == call.record.bridge
        assert call.record.consult is None
        assert ben.state is AgentState.READY
        assert center.lately(CloseBridge)


@pytest.mark.parametrize("how", [LegEnd.BUSY, LegEnd.REJECTED, LegEnd.UNREACHABLE, "late", "pause", "failed"])
def test_who_does_not_answer_costs_nobody_anything(how: LegEnd | str) -> None:
    center, ann, call = talking()
    ben = center.agent("ben")
    consults(center, call, "ben")
    leg = aside(call)
    assert does(center, call, ConsultAct.TRANSFER).endswith("has not answered yet")
    if isinstance(how, LegEnd):
        center.tell(LegEnded(leg=leg, end=how))
    elif how == "late":
        center.passes(31.0)
    elif how == "pause":
        assert ben.asks_for(AgentStatus.PAUSED) == ""
    else:
        [ring] = [ring for ring in center.all(RingAgent) if ring.leg == leg]
        center.fails(ring, TransportFault.REFUSED)
    assert call.record.consult is None
    assert room_of(center, ann.leg) == call.record.bridge
    assert ben.state is (AgentState.NOT_READY if how == "pause" else AgentState.READY)
    center.tell(LegAnswered(leg=leg))
    assert [hung.leg for hung in center.lately(HangUp)] == [leg], "too late"


def test_an_agent_who_is_not_free_is_not_called_aside() -> None:
    center, _, call = talking()
    ben = center.agent("ben")
    other = center.call("sales", "0902")
    ben.answers()
    assert "ben is not free" in consults(center, call, "ben")
    assert "in the call already" in consults(center, call, "ann")
    assert "no queue" in consults(center, call, "sales", TransferTo.QUEUE)
    del other


def test_an_agent_who_goes_in_the_middle_of_a_word_gives_the_call_away() -> None:
    center, ann, ben, call = consulting()
    ann.hangs_up()
    assert (call.state, call.record.agent) == (ContactState.CONNECTED, ben.id)
    assert room_of(center, ben.leg) == call.record.bridge


def test_an_agent_who_goes_while_it_rings_leaves_the_customer_in_line() -> None:
    center, ann, call = talking(wrap_up_s=20.0)
    ben = center.agent("ben")
    consults(center, call, "ben")
    leg = aside(call)
    ann.hangs_up()
    assert [hung.leg for hung in center.lately(HangUp)] == [leg]
    assert call.rung == ["ben"], "first in line, and ben is free"
    ben.answers()
    assert call.state is ContactState.CONNECTED


def test_an_outside_number_consulted_then_given_the_call() -> None:
    center, ann, call = talking()
    assert "may not be called" in consults(center, call, "0199", TransferTo.NUMBER)
    assert consults(center, call, OUTSIDE, TransferTo.NUMBER) == ""
    leg = aside(call)
    center.tell(LegAnswered(leg=leg))
    assert does(center, call, ConsultAct.TRANSFER) == ""
    assert (call.state, call.record.other_leg) == (ContactState.FORWARDED, leg)
    assert ann.state is AgentState.READY
    assert center.all(StopRecording)
    center.passes(9.0)
    call.hangs_up()
    assert center.all(ContactEnded)[0].forward_s == 9.0
    assert [hung.leg for hung in center.lately(HangUp)] == [leg]
    center.told_again()


# -- after a kill ------------------------------------------------------------------------------------------------------


def test_a_kill_in_the_middle_of_a_consult_loses_nobody() -> None:
    center, ann, ben, call = consulting()
    before = len(center.outputs)
    center.restarts()
    assert not [output for output in center.outputs[before:] if isinstance(output, HangUp | JoinBridge | CloseBridge)]
    assert does(center, call, ConsultAct.TRANSFER) == ""
    assert call.record.agent == ben.id
    del ann


@pytest.mark.parametrize("gone", ["agent", "consulted", "both", "customer"])
def test_who_went_meanwhile_is_found_out(gone: str) -> None:
    center, ann, ben, call = consulting()
    legs = {"agent": (ann.leg,), "consulted": (aside(call),), "both": (ann.leg, aside(call)), "customer": (call.leg,)}
    center.restarts(listing=center.listing(without=legs[gone]))
    match gone:
        case "agent":
            assert (call.state, call.record.agent) == (ContactState.CONNECTED, ben.id)
        case "consulted":
            assert (call.state, call.record.agent) == (ContactState.CONNECTED, ann.id)
            assert call.record.consult is None
        case _:
            assert not call.is_live
            assert ben.state is AgentState.READY


def test_a_consult_that_was_answered_meanwhile() -> None:
    center, ann, call = talking()
    ben = center.agent("ben")
    consults(center, call, "ben")
    center.restarts(listing=center.listing(up=(aside(call),)))
    assert call.record.consult is not None
    assert call.record.consult.up is not None
    assert ben.state is AgentState.ON_CONTACT
    assert room_of(center, aside(call)) == room_of(center, ann.leg)
