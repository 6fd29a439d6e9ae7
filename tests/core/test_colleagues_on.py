"""Calls between agents that are held, handed on and recorded, and what they cannot do."""

from dataclasses import replace

import pytest

from callcenter.core.colleagues import RING_S
from callcenter.model.agent import AgentState, PhoneRules, PhoneState, Supervision
from callcenter.model.colleagues import ColleagueAnswered, ColleagueHeld, ColleagueMissed, ColleagueTransferred
from callcenter.model.commands import (
    HangUp,
    JoinBridge,
    LeaveBridge,
    MuteRecording,
    RenewRecording,
    RingPhone,
    StartMusic,
    StartRecording,
    StopMusic,
    StopRecording,
    TellReferrer,
)
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd
from callcenter.model.control import TransferTo
from callcenter.model.control_facts import PhoneRefused
from callcenter.model.events import (
    AgentSaved,
    ConsultRequested,
    DigitPressed,
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
from callcenter.model.facts import ContactEnded
from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.monitor import MonitorMode
from callcenter.model.monitor_messages import MonitorRequested
from callcenter.model.parking import ParkRequested
from callcenter.model.recording import RecordingRules
from callcenter.model.recording_facts import RecordingDropped, RecordingStarted, RecordingStopped
from tests.core.center import Ann, Center, queue
from tests.core.test_call_control import room_of
from tests.core.test_colleagues import OWN, calling, dials, number_of

NORMAL = LegEnd.NORMAL


@pytest.fixture
def center() -> Center:
    return Center(queue("sales", music="jazz"))


def talking(center: Center) -> tuple[Ann, Ann, LegId]:
    """Ann speaks with Bob, who has answered on that leg."""
    ann, bob, leg = calling(center)
    center.tell(LegAnswered(leg=leg))
    return ann, bob, leg


def test_a_colleague_whose_phone_dies_is_not_spoken_to_for_ever(center: Center) -> None:
    ann, bob, leg = talking(center)
    bob.phone(PhoneState.UNREACHABLE)
    center.tell(LegHeld(leg=leg, held=True))
    center.tell(LegSilent(leg=leg, silent_s=10.0))
    assert center.engine.world.contacts, "a phone that holds sends nothing"
    center.tell(LegHeld(leg=leg, held=False))
    center.tell(LegSilent(leg=leg, silent_s=10.0))
    assert not center.engine.world.contacts
    assert ann.state is AgentState.READY
    center.told_again()


def the_call(center: Center) -> ContactId:
    [contact] = (one.id for one in center.engine.world.contacts.values() if one.colleague is not None)
    return contact


def hands_on(center: Center, to: str, by: str = "", place: TransferTo = TransferTo.AGENT) -> str:
    return center.ask(TransferRequested(request=center.request(), contact=the_call(center), to=place, name=to, by=by))


def refers(center: Center, leg: LegId, number: str, other: LegId | None = None) -> str:
    """What her phone is told no for; "" if it is told yes."""
    center.tell(LegReferred(leg=leg, number=number, other=other))
    [told] = center.lately(TellReferrer)
    assert told.leg == leg
    why = "".join(fact.why for fact in center.lately(PhoneRefused))
    assert bool(why) is not told.taken
    return why


def test_whom_a_phone_holds_hears_music_and_who_holds_hears_nothing(center: Center) -> None:
    ann, bob, leg = talking(center)
    center.tell(LegHeld(leg=leg, held=True))
    assert [out.leg for out in center.lately(LeaveBridge)] == [leg]
    assert len(center.lately(StartMusic)) == 1
    assert [(fact.agent, fact.held) for fact in center.lately(ColleagueHeld)] == [(bob.id, True)]
    center.tell(LegHeld(leg=leg, held=True))
    assert center.lately(LeaveBridge) == [], "told twice"
    center.tell(LegHeld(leg=OWN, held=True))
    assert ([out.leg for out in center.lately(LeaveBridge)], len(center.lately(StopMusic))) == ([OWN], 1)
    center.tell(LegHeld(leg=leg, held=False))
    assert ([out.leg for out in center.lately(JoinBridge)], len(center.lately(StartMusic))) == ([leg], 1)
    center.restarts(listing=center.listing(up=[OWN, leg]))
    assert OWN not in [out.leg for out in center.lately(JoinBridge)], "it holds still"
    center.tell(LegHeld(leg=OWN, held=False))
    assert (room_of(center, OWN), len(center.lately(StopMusic))) == (room_of(center, leg), 1)
    center.tell(LegEnded(leg=OWN, end=NORMAL))
    assert [fact.reason for fact in center.lately(ContactEnded)] == [EndReason.FORWARDED]
    assert {ann.record.own_calls, bob.record.own_calls} == {0}
    center.told_again()


@pytest.mark.parametrize("who", ["caller", "called"])
def test_either_phone_hands_the_other_on_to_a_colleague(center: Center, who: str) -> None:
    ann, bob, leg = talking(center)
    cora = center.agent("cora")
    gone, goes, kept, stays = (OWN, ann, leg, bob) if who == "caller" else (leg, bob, OWN, ann)
    assert refers(center, gone, number_of(cora)) == ""
    told = [out for out in center.lately(TellReferrer) + center.lately(HangUp) if out.leg == gone]
    assert len(told) == 2
    assert [(fact.agent, fact.stays, fact.to) for fact in center.lately(ColleagueTransferred)] == [
        (goes.id, stays.id, cora.id)
    ]
    [rings] = center.lately(RingPhone)
    assert (rings.number, rings.caller) == (number_of(cora), number_of(stays))
    assert (goes.state, stays.state, cora.state) == (AgentState.READY, AgentState.NOT_READY, AgentState.NOT_READY)
    center.tell(LegEnded(leg=gone, end=NORMAL))
    center.passes(5.0)
    center.tell(LegAnswered(leg=rings.leg))
    assert [(fact.agent, fact.colleague, fact.rang_s) for fact in center.lately(ColleagueAnswered)] == [
        (stays.id, cora.id, 5.0)
    ]
    assert room_of(center, kept) == room_of(center, rings.leg)
    center.restarts(listing=center.listing(up=[kept, rings.leg]))
    center.tell(LegEnded(leg=kept, end=NORMAL))
    [ended] = center.lately(ContactEnded)
    assert (ended.reason, ended.direction) == (EndReason.FORWARDED, Direction.INTERNAL)
    assert {Ann(center, one.id).record.own_calls for one in (ann, bob, cora)} == {0}
    center.told_again()


def test_whom_she_hands_it_to_does_not_answer_and_she_has_it_back_if_she_can(center: Center) -> None:
    ann, bob, leg = talking(center)
    cora = center.agent("cora")
    assert refers(center, leg, number_of(cora)) == ""
    center.passes(RING_S)
    assert [fact.colleague for fact in center.lately(ColleagueMissed)] == [cora.id]
    [back] = center.lately(RingPhone)
    assert (back.number, cora.state) == (number_of(bob), AgentState.READY)
    center.tell(LegAnswered(leg=back.leg))
    assert room_of(center, back.leg) == room_of(center, OWN)
    assert refers(center, back.leg, number_of(cora)) == ""
    customer = center.call("sales", caller="0902")
    assert customer.state is ContactState.OFFERED
    center.tell(LegEnded(leg=center.all(RingPhone)[-1].leg, end=LegEnd.BUSY))
    assert [fact.reason for fact in center.lately(ContactEnded)] == [EndReason.NOT_REACHED], "he is rung for a customer"
    assert {ann.record.own_calls, bob.record.own_calls, cora.record.own_calls} == {0}
    center.told_again()


def test_what_a_phone_may_not_do_with_it_is_told_and_the_call_is_as_it_was(center: Center) -> None:
    _, bob, leg = calling(center)
    cora, nail = center.agent("cora"), center.agent("nail", phone=PhoneRules(nailed=True))
    assert refers(center, OWN, number_of(cora)) == "bob has not answered yet"
    center.tell(LegAnswered(leg=leg))
    assert "is no agent's number" in refers(center, leg, "0901234567")
    assert "is no agent's number" in refers(center, leg, "sales"), "a number that leads to a flow"
    assert refers(center, leg, number_of(nail)) == "the phone of nail is nailed up"
    assert refers(center, OWN, number_of(bob)) == "bob is in the call already"
    assert refers(center, OWN, "", other=leg) == "those two calls cannot be joined"
    assert room_of(center, leg) == room_of(center, OWN)


def test_others_hand_it_on_and_hear_in_words_what_it_cannot(center: Center) -> None:
    ann, bob, _ = talking(center)
    cora, call = center.agent("cora"), the_call(center)
    boss = center.agent("boss")
    boss_may = replace(boss.record.agent, supervises=Supervision(everything=True))
    assert center.ask(AgentSaved(request=center.request(), agent=boss_may)) == ""
    can = "is a call between ann and bob: it can be"
    request = center.request
    for refused in (
        HoldRequested(request=request(), contact=call, held=True),
        MuteRequested(request=request(), contact=call, muted=True),
        KeysRequested(request=request(), contact=call, digits="1"),
        ConsultRequested(request=request(), contact=call, to=TransferTo.AGENT, name="cora"),
        ParkRequested(request=request(), contact=call),
    ):
        assert can in center.ask(refused)
    assert "nobody listens" in center.ask(
        MonitorRequested(request=request(), supervisor=boss.id, contact=call, mode=MonitorMode.LISTEN)
    )
    assert "to no queue" in hands_on(center, "sales", place=TransferTo.QUEUE)
    assert hands_on(center, "nobody") == "there is no agent nobody"
    assert hands_on(center, number_of(cora), by="agent:ann", place=TransferTo.EXTENSION) == ""
    assert (OWN in [out.leg for out in center.lately(HangUp)], ann.state) == (True, AgentState.READY)
    assert hands_on(center, "ann") == "cora has not answered yet"
    center.tell(LegAnswered(leg=center.all(RingPhone)[-1].leg))
    assert hands_on(center, "ann", by="the boss") == ""
    assert (cora.state, bob.state) == (AgentState.READY, AgentState.NOT_READY), "who was called last goes"


def test_it_is_recorded_by_the_rules_of_a_queue_each_talk_by_itself() -> None:
    center = Center(
        queue("sales", recording=RecordingRules(pause_key="*", except_agents=(AgentId("dan"),))),
        record_colleagues="sales",
    )
    ann, bob, leg = calling(center)
    assert center.all(StartRecording) == [], "nothing is recorded before they speak"
    center.tell(LegAnswered(leg=leg))
    [first] = center.lately(StartRecording)
    assert first.leg == OWN
    assert [(fact.kind, fact.agent) for fact in center.lately(RecordingStarted)] == [("call", ann.id)]
    for pressed, muted in ((leg, True), (OWN, False)):
        center.tell(DigitPressed(leg=pressed, digit="*"))
        assert [out.muted for out in center.lately(MuteRecording)] == [muted]
    center.restarts(listing=center.listing(up=[OWN, leg]))
    assert [out.recording for out in center.lately(StartRecording)] == [first.recording]

    cora, dan = center.agent("cora"), center.agent("dan")
    assert refers(center, OWN, number_of(cora)) == ""
    assert [out.recording for out in center.lately(StopRecording)] == [first.recording]
    center.tell(LegAnswered(leg=center.lately(RingPhone)[0].leg))
    [second] = center.lately(StartRecording)
    assert (second.leg, second.recording != first.recording) == (leg, True)
    assert hands_on(center, "dan") == ""
    center.tell(LegAnswered(leg=center.lately(RingPhone)[0].leg))
    assert center.lately(StartRecording) == [], "nobody records dan"
    center.tell(LegEnded(leg=leg, end=NORMAL))
    assert len(center.all(RecordingStopped)) == 2
    assert {bob.record.own_calls, cora.record.own_calls, dan.record.own_calls} == {0}
    center.told_again()


def test_who_calls_holds_and_nothing_is_recorded_on_her_leg_meanwhile() -> None:
    center = Center(queue("sales"), record_colleagues="sales")
    _, _, leg = talking(center)
    center.passes(10.0)
    center.tell(LegHeld(leg=OWN, held=True))
    center.passes(5.0)
    center.tell(LegHeld(leg=OWN, held=False))
    assert [out.seconds for out in center.lately(RenewRecording)] == [15.0], "it becomes silence"
    center.tell(LegHeld(leg=leg, held=True))
    center.tell(LegHeld(leg=leg, held=False))
    assert center.lately(RenewRecording) == [], "the other has heard music"
    center.passes(5.0)
    center.tell(LegHeld(leg=OWN, held=True))
    center.passes(5.0)
    center.tell(LegEnded(leg=leg, end=NORMAL))
    assert [fact.expected_s for fact in center.lately(RecordingStopped)] == [20.0]


def test_its_recording_ends_with_it_and_one_of_them_may_not_want_it() -> None:
    center = Center(queue("sales", recording=RecordingRules(opt_out="9")), record_colleagues="sales")
    _, _, leg = talking(center)
    center.tell(LegEnded(leg=leg, end=NORMAL))
    assert len(center.lately(StopRecording)) == 1
    center.tell(LegAnswered(leg=leg))
    dials(center, Ann(center, AgentId("ann")), number_of(Ann(center, AgentId("bob"))), LegId("1764000000.12"))
    again = center.lately(RingPhone)[0].leg
    center.tell(LegAnswered(leg=again))
    center.tell(DigitPressed(leg=again, digit="9"))
    assert len(center.lately(StopRecording)) == 1
    assert len(center.lately(RecordingDropped)) == 1
