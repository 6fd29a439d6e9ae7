"""A prompt that fails: the caller has hung up in it, or it cannot be played. Either may be told first."""

from callcenter.core.legs import CUT_OFF_S
from callcenter.model.commands import PlayPrompts, StartRecording
from callcenter.model.contact import ContactState, EndReason
from callcenter.model.events import MessageRecorded, PlaybackEnded
from callcenter.model.facts import ContactConnected
from callcenter.model.flow import Prompt
from callcenter.model.recording_facts import RecordingStarted
from callcenter.nodes.fields import NextNode, Word
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.play import Play
from callcenter.nodes.voicemail import Voicemail
from tests.core.center import Call, Center, flow, queue

ANNOUNCED = queue("sales", connect_announcement=Prompt(name="recorded"))
MAILBOX = flow(
    "mailbox",
    take=Voicemail(mailbox=Word("team"), greeting=Prompt(name="speak"), done=NextNode("bye"), nothing=NextNode("bye")),
    bye=Hangup(prompt=Prompt(name="thanks")),
)
HELLO = flow("shop", hello=Play(prompt=Prompt(name="hello"), next=NextNode("bye")), bye=Hangup())


def fails(center: Center, call: Call) -> None:
    playback = call.record.playback
    assert playback is not None
    center.tell(PlaybackEnded(playback=playback, ok=False))


def test_a_caller_who_hangs_up_in_the_announcement_was_never_connected() -> None:
    center = Center(ANNOUNCED)
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    fails(center, call)
    call.hangs_up()
    assert call.end_reason is EndReason.ABANDONED
    assert not center.all(ContactConnected)
    assert not center.all(StartRecording)


def test_a_caller_who_hangs_up_in_the_greeting_has_left_no_message() -> None:
    center = Center(flows=[MAILBOX])
    call = center.call("mailbox")
    fails(center, call)
    call.hangs_up()
    assert call.end_reason is EndReason.LEFT_IN_FLOW
    assert not center.all(RecordingStarted)


def test_a_message_whose_end_is_told_before_the_callers_is_a_message() -> None:
    center = Center(flows=[MAILBOX])
    call = center.call("mailbox")
    call.hears_it_out()
    [started] = center.all(RecordingStarted)
    center.tell(MessageRecorded(recording=started.recording, seconds=2.0))
    call.hangs_up()
    assert call.end_reason is EndReason.VOICEMAIL


def test_a_call_goes_on_after_a_prompt_that_cannot_be_played() -> None:
    center = Center(flows=[HELLO])
    call = center.call("shop")
    assert len(center.all(PlayPrompts)) == 1
    fails(center, call)
    center.passes(CUT_OFF_S / 2)
    assert call.is_in(ContactState.IN_FLOW)
    center.passes(CUT_OFF_S)
    assert call.end_reason is EndReason.FLOW_ENDED
