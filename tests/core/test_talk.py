"""From the agent's answer to the end: announcement, recording, talk, who hangs up, and what is said of it."""

from typing import Any

import pytest

from callcenter.model.agent import AgentState, PhoneState
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    PlayPrompts,
    StartRecording,
    StopMusic,
    StopRecording,
)
from callcenter.model.contact import ContactState, EndReason, QueueExit, TransportFault
from callcenter.model.events import HangUpRequested, LegAnswered, RecordingChecked, Stopping
from callcenter.model.facts import ContactConnected, ContactEnded, QueueLeft, Surprise, TalkEnded
from callcenter.model.flow import Prompt
from callcenter.model.ids import ContactId, QueueName
from callcenter.model.queue import MissedOfferRule, MissedOfferRules
from callcenter.model.recording_facts import RecordingStarted, RecordingStopped, RecordingVerified
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode
from callcenter.nodes.play import Play
from tests.core.center import Ann, Call, Center, flow, queue

TOLD = Prompt(name="recorded")


def talking(**rules: Any) -> tuple[Center, Ann, Call]:
    center = Center(queue("sales", **rules))
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    return center, ann, call


# -- together ----------------------------------------------------------------------------------------------------------


def test_they_are_put_together_without_music_and_recorded() -> None:
    center, ann, call = talking()
    kinds = [type(output) for output in center.last]
    assert kinds.index(StopMusic) < kinds.index(JoinBridge) < kinds.index(StartRecording)
    [start] = center.all(StartRecording)
    assert start.leg == call.leg
    [started] = center.all(RecordingStarted)
    assert (started.kind, started.agent, started.recording) == ("call", "ann", start.recording)
    assert ann.state is AgentState.ON_CONTACT


def test_a_queue_that_is_not_recorded_is_not() -> None:
    center, ann, _ = talking(record=False)
    ann.hangs_up()
    assert not center.all(StartRecording)
    assert not center.all(StopRecording)


def test_the_caller_hears_the_announcement_before_anybody_is_heard_or_recorded() -> None:
    center, ann, call = talking(connect_announcement=TOLD)
    assert call.is_in(ContactState.CONNECTING)
    assert [command.prompts for command in center.lately(PlayPrompts)] == [("recorded",)]
    joined = len(center.all(JoinBridge))
    assert not center.all(StartRecording)
    center.passes(4.0)
    call.hears_it_out()
    assert call.is_in(ContactState.CONNECTED)
    assert [command.leg for command in center.all(JoinBridge)[joined:]] == [ann.leg]
    assert center.all(StartRecording)
    assert center.all(ContactConnected)[0].waited_s == 4.0
    assert center.all(QueueLeft)[0].exit is QueueExit.CONNECTED


def test_an_announcement_that_cannot_be_played_does_not_keep_them_apart() -> None:
    center, _, call = talking(connect_announcement=TOLD)
    center.fails(center.all(PlayPrompts)[0], TransportFault.REFUSED)
    assert call.state is ContactState.CONNECTED


def test_an_agent_who_goes_during_the_announcement_leaves_the_caller_in_her_place() -> None:
    center, ann, call = talking(connect_announcement=TOLD)
    since = call.record.since
    bob = center.agent("bob")
    ann.pauses()
    ann.hangs_up()
    assert (call.rung, call.record.since, call.record.missed) == (["bob"], since, 1)
    assert call.record.music
    bob.answers()
    call.hears_it_out()
    call.hangs_up()
    assert call.summary.agent == "bob"
    assert not [fact for fact in center.all(TalkEnded) if fact.agent == "ann"]


def test_an_agent_who_goes_during_the_announcement_rests_as_if_she_had_rejected_the_call() -> None:
    center, ann, call = talking(
        connect_announcement=TOLD, missed=MissedOfferRules(rejected=MissedOfferRule(rest_s=12.0))
    )
    ann.hangs_up()
    assert call.state is ContactState.WAITING
    center.passes(11.9)
    assert not ann.is_rung
    center.passes(0.2)
    assert ann.is_rung


def test_a_caller_who_goes_during_the_announcement_has_abandoned() -> None:
    center, ann, call = talking(connect_announcement=TOLD)
    leg = ann.leg
    call.hangs_up()
    assert call.end_reason is EndReason.ABANDONED
    assert leg in [command.leg for command in center.lately(HangUp)]
    assert ann.state is AgentState.READY
    assert center.all(QueueLeft)[0].exit is QueueExit.ABANDONED


# -- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_whoever_hangs_up_the_other_is_hung_up_too(who: str) -> None:
    center, ann, call = talking(wrap_up_s=10.0)
    legs = {"caller": call.leg, "agent": ann.leg}
    center.passes(30.0)
    if who == "caller":
        call.hangs_up()
    else:
        ann.hangs_up()
    assert [command.leg for command in center.lately(HangUp)] == [legs["agent" if who == "caller" else "caller"]]
    assert call.end_reason is (EndReason.CALLER_HUNG_UP if who == "caller" else EndReason.AGENT_HUNG_UP)
    assert call.summary.talk_s == 30.0
    [talk] = center.all(TalkEnded)
    assert (talk.agent, talk.talk_s) == ("ann", 30.0)
    assert center.lately(CloseBridge)
    assert center.lately(StopRecording)
    assert center.all(RecordingStopped)[0].expected_s == 30.0
    assert ann.state is AgentState.WRAP_UP


def test_the_second_hangup_of_a_call_says_nothing() -> None:
    center, ann, call = talking()
    leg = ann.leg
    call.hangs_up()
    assert center.tell(LegAnswered(leg=leg)), "an answer is hung up"
    assert call.state is ContactState.ENDED
    call.hangs_up()
    assert center.last == []
    assert len(center.all(ContactEnded)) == 1


def test_a_call_is_ended_by_request_in_any_state() -> None:
    center = Center(queue("sales", connect_announcement=TOLD))
    ann = center.agent("ann")
    first = center.call("sales")
    ann.answers()  # connecting
    waiting = center.call("sales")
    for call in (first, waiting):
        assert center.ask(HangUpRequested(request=center.request(), contact=call.id, by="sue")) == ""
        assert call.end_reason is EndReason.HUNG_UP_BY_REQUEST
    assert [fact.exit for fact in center.all(QueueLeft)] == [QueueExit.REMOVED, QueueExit.REMOVED]
    gone = HangUpRequested(request=center.request(), contact=first.id)
    assert center.ask(gone) == f"there is no live call {first.id}"


def test_a_stop_ends_every_call() -> None:
    center, _, call = talking()
    waiting = center.call("sales")
    center.tell(Stopping())
    assert [call.end_reason, waiting.end_reason] == [EndReason.SHUTDOWN] * 2
    assert not center.engine.world.legs


# -- what is said of it ------------------------------------------------------------------------------------------------


def test_the_summary_tells_the_whole_story() -> None:
    menu = Play(prompt=Prompt(name="hello"), next=NextNode("in"))
    shop = flow("shop", hello=menu, **{"in": Enqueue(queue=QueueName("sales"))})
    center = Center(queue("sales", strategy="best_skill", connect_announcement=TOLD), flows=[shop])
    ann = center.agent("ann", at_work=False)
    call = center.call("shop", caller="0901", name="Bình")
    center.passes(3.0)
    call.hears_it_out()
    center.passes(12.0)
    ann.logs_in()
    ann.phone(PhoneState.REACHABLE)
    center.passes(2.0)
    ann.answers()
    center.passes(1.0)
    call.hears_it_out()
    center.passes(20.0)
    call.hangs_up()
    summary = call.summary
    assert (summary.caller, summary.caller_name, summary.dialled) == ("0901", "Bình", "shop")
    assert (summary.flow_s, summary.wait_s, summary.talk_s, summary.forward_s) == (3.0, 15.0, 20.0, 0.0)
    assert (summary.queue, summary.agent, summary.offers, summary.missed) == ("sales", "ann", 1, 0)
    assert summary.why == "best skill: level 0, has just become free"


def test_the_last_agent_is_remembered_for_the_queue_and_caller() -> None:
    center = Center(queue("sales", strategy="last_agent", last_agent_within_s=100.0))
    ann, bob = center.agent("ann"), center.agent("bob")

    def calls(caller: str) -> str:
        call = center.call("sales", caller=caller)
        [who] = call.rung
        (ann if who == "ann" else bob).answers()
        center.passes(1.0)
        call.hangs_up()
        return who

    assert calls("0901") == "ann"
    assert calls("0902") == "bob"
    assert calls("0901") == "ann"
    assert calls("0902") == "bob"
    center.passes(101.0)
    assert calls("0902") == "ann", "forgotten: the longest idle"


def test_a_recording_that_was_looked_at_is_told() -> None:
    center, ann, call = talking()
    ann.hangs_up()
    [stopped] = center.all(RecordingStopped)
    center.tell(
        RecordingChecked(
            recording=stopped.recording, contact=call.id, path="x.wav", seconds=1.0, channels=2, problem="too short"
        )
    )
    [verified] = center.lately(RecordingVerified)
    assert (verified.contact, verified.seconds, verified.problem) == (call.id, 1.0, "too short")


# -- commands that fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [TransportFault.REFUSED, TransportFault.UNAVAILABLE, TransportFault.UNKNOWN])
def test_a_recording_that_does_not_begin_is_a_surprise_and_the_talk_goes_on(fault: TransportFault) -> None:
    center, _, call = talking()
    center.fails(center.all(StartRecording)[0], fault, "no such channel")
    assert center.all(Surprise)[-1].what == f"StartRecording failed ({fault}): no such channel"
    assert call.state is ContactState.CONNECTED


def test_what_is_gone_is_no_surprise() -> None:
    center, ann, call = talking()
    for command in (center.all(StopMusic)[0], center.all(StartRecording)[0]):
        assert center.fails(command, TransportFault.GONE) == []
    assert call.is_live
    assert ann.state is AgentState.ON_CONTACT


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_who_is_gone_before_she_comes_into_the_bridge_has_hung_up(who: str) -> None:
    center, ann, call = talking()
    leg = call.leg if who == "caller" else ann.leg
    [join] = [command for command in center.all(JoinBridge) if command.leg == leg]
    center.fails(join, TransportFault.GONE)
    assert call.end_reason is (EndReason.CALLER_HUNG_UP if who == "caller" else EndReason.AGENT_HUNG_UP)
    assert {command.leg for command in center.lately(HangUp)} >= {leg}


def test_a_failure_of_an_ended_contact_says_nothing() -> None:
    center, _, call = talking()
    call.hangs_up()
    assert center.fails(center.all(StartRecording)[0], TransportFault.REFUSED) == []
    lost = HangUp(contact=ContactId("c-nobody-1"), leg=call.leg)
    assert center.fails(lost, TransportFault.UNKNOWN) == []
