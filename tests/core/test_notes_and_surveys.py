"""Stories of callers who record something for us, and of those who are asked how it was."""

import pytest

from callcenter.core.record_checks import check_parts
from callcenter.core.records import rows
from callcenter.core.talk import is_surveyed
from callcenter.model.agent import AgentState
from callcenter.model.commands import DropMessage, PlayPrompts, RecordMessage, StopMessage, StopRecording
from callcenter.model.contact import ContactState, EndReason, QueueExit
from callcenter.model.entry import decode_entry
from callcenter.model.events import HangUpRequested, MessageRecorded, Resynced
from callcenter.model.facts import QueueLeft, SurveyAnswered, SurveyOffered, TalkEnded
from callcenter.model.flow import Prompt
from callcenter.model.ids import ContactId, FlowName, RecordingId
from callcenter.model.queue import Survey, SurveyWhen
from callcenter.model.recording_facts import RecordingDropped, RecordingStarted, RecordingStopped
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Filled, NextNode, VariableName, Word
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.play import Play
from callcenter.nodes.record import Record
from callcenter.nodes.set_variables import SetVariables
from callcenter.nodes.survey import AskSurvey, Question
from tests.core.center import Ann, Call, Center, flow, queue


def node(name: str) -> NextNode:
    return NextNode(name)


# -- notes -------------------------------------------------------------------------------------------------------------


def a_desk(*, review: bool = True, tries: int = 3) -> Center:
    ask = Record(
        prompt=Prompt(name="say_name"),
        into=VariableName("name"),
        review=Prompt(name="review") if review else None,
        tries=tries,
        timeout_s=5.0,
        recorded=node("thanks"),
        empty=node("bye"),
        gave_up=node("bye"),
    )
    thanks = Play(prompt=Prompt(name="thanks"), next=node("end"))
    return Center(flows=[flow("name", ask=ask, thanks=thanks, bye=Hangup(reason=Ending.CLOSED), end=Hangup())])


def spoken(center: Center, call: Call, seconds: float = 4.0) -> RecordingId:
    """The caller is asked, and speaks; gives the recording."""
    call.hears_it_out()
    recording = center.lately(RecordMessage)[0].recording
    center.passes(seconds)
    center.tell(MessageRecorded(recording=recording, seconds=seconds))
    return recording


def test_a_note_is_recorded_and_belongs_to_the_contact() -> None:
    center = a_desk(review=False)
    call = center.call("name")
    recording = spoken(center, call)
    assert call.record.variables == {"name": recording}
    assert [(one.recording, one.kind, one.mailbox) for one in center.all(RecordingStarted)] == [(recording, "note", "")]
    assert [(one.recording, one.expected_s) for one in center.all(RecordingStopped)] == [(recording, 4.0)]
    call.hears_it_out()
    assert call.end_reason is EndReason.FLOW_ENDED, "a note is no message in a mailbox"
    center.told_again()


def test_a_caller_hears_her_note_says_it_again_and_accepts_it() -> None:
    center = a_desk()
    call = center.call("name")
    first = spoken(center, call)
    assert center.all(RecordingStopped) == [], "until it is accepted its file stays where it can be played"
    call.presses("2")
    [play] = center.lately(PlayPrompts)
    assert (play.note, play.prompts) == (first, ("review",))
    call.presses("3")
    assert [one.recording for one in center.lately(DropMessage)] == [first]
    assert [one.recording for one in center.lately(RecordingDropped)] == [first]
    second = spoken(center, call)
    call.presses("1")
    assert [one.recording for one in center.all(RecordingStopped)] == [second]
    assert call.record.variables == {"name": second}
    center.told_again()


def test_who_presses_nothing_more_keeps_what_she_said() -> None:
    center = a_desk()
    call = center.call("name")
    recording = spoken(center, call)
    for _ in range(3):
        call.hears_it_out()
        center.passes(5.0)
    assert call.record.node == "thanks"
    assert [one.recording for one in center.all(RecordingStopped)] == [recording]


def test_who_hangs_up_keeps_what_she_said_and_who_is_cut_off_in_the_middle_too() -> None:
    center = a_desk()
    call = center.call("name")
    recording = spoken(center, call)
    call.hangs_up()
    assert call.end_reason is EndReason.LEFT_IN_FLOW
    assert [(one.recording, one.expected_s) for one in center.all(RecordingStopped)] == [(recording, 4.0)]
    other = center.call("name")
    other.hears_it_out()
    [taken] = center.lately(RecordMessage)
    center.passes(2.0)
    other.hangs_up()
    assert other.end_reason is EndReason.LEFT_IN_FLOW
    assert [one.recording for one in center.lately(StopMessage)] == [taken.recording]
    assert center.all(RecordingStopped)[-1].expected_s == 2.0


def test_who_wants_to_say_it_again_too_often_gives_up() -> None:
    center = a_desk(tries=2)
    call = center.call("name")
    spoken(center, call)
    call.presses("3")
    spoken(center, call)
    call.presses("3")
    assert call.end_reason is EndReason.CLOSED
    assert (len(center.all(RecordingDropped)), center.all(RecordingStopped)) == (2, [])


def test_who_says_nothing_is_asked_again_and_then_let_go() -> None:
    center = a_desk(tries=2)
    call = center.call("name")
    spoken(center, call, 0.0)
    spoken(center, call, 0.0)
    assert call.end_reason is EndReason.CLOSED
    assert len(center.all(RecordingDropped)) == 2


def test_the_key_that_ends_a_recording_is_no_choice() -> None:
    center = a_desk(tries=2)
    call = center.call("name")
    spoken(center, call)
    call.presses("#")
    assert [play.prompts for play in center.lately(PlayPrompts)] == [("review",)]
    call.presses("1")
    assert call.record.node == "thanks"


def test_a_note_that_waits_to_be_accepted_outlives_a_restart() -> None:
    center = a_desk()
    call = center.call("name")
    recording = spoken(center, call)
    center.restarts()
    call.presses("1")
    assert [one.recording for one in center.all(RecordingStopped)] == [recording]


def test_a_dropped_note_is_a_row_with_nothing_wrong() -> None:
    center = a_desk()
    call = center.call("name")
    first = spoken(center, call)
    call.presses("3")
    told = [
        row for line in center.journal for row in rows(decode_entry(line)) if getattr(row, "recording", "") == first
    ]
    assert [(getattr(row, "problem", None), getattr(row, "checked", None)) for row in told[-1:]] == [("", center.now)]


# -- surveys -----------------------------------------------------------------------------------------------------------


def asked_about(*, share: float = 100.0, when: SurveyWhen = SurveyWhen.AGENT_HANGS_UP, comment: bool = False) -> Center:
    ask = AskSurvey(
        questions=(
            Question(name=Word("friendly"), prompt=Prompt(name="friendly")),
            Question(name=Word("solved"), prompt=Prompt(name="solved"), min=0, max=1),
        ),
        comment=Prompt(name="comment") if comment else None,
        invalid_prompt=Prompt(name="invalid"),
        tries=2,
        timeout_s=5.0,
        done=node("thanks"),
        gave_up=node("bye"),
    )
    return Center(
        queue("sales", wrap_up_s=20.0, survey=Survey(flow=FlowName("how"), share=share, when=when)),
        flows=[
            flow("how", ask=ask, thanks=Hangup(prompt=Prompt(name="thanks")), bye=Hangup(reason=Ending.CLOSED)),
            flow(
                "agreed",
                set=SetVariables(values={VariableName("survey"): Filled("yes")}, next=node("go")),
                go=Enqueue(queue=queue("sales").name),
            ),
        ],
    )


def talked(center: Center, dialled: str = "sales") -> tuple[Call, Ann]:
    """A caller and an agent have talked for a minute."""
    ann = center.agent("ann")
    call = center.call(dialled)
    ann.answers()
    center.passes(60.0)
    return call, ann


def test_when_the_agent_hangs_up_the_caller_is_asked_how_it_was() -> None:
    center = asked_about()
    call, ann = talked(center)
    ann.hangs_up()
    assert (ann.state, call.state, call.record.flow) == (AgentState.WRAP_UP, ContactState.IN_FLOW, "how")
    assert len(center.lately(StopRecording)) == 1, "the survey is not recorded"
    assert [one.talk_s for one in center.lately(TalkEnded)] == [60.0]
    [offered] = center.all(SurveyOffered)
    assert (offered.survey, offered.queue, offered.agent) == ("how", "sales", "ann")
    center.passes(4.0)
    call.presses("4")
    assert [play.prompts for play in center.lately(PlayPrompts)] == [("solved",)]
    call.presses("1")
    call.hears_it_out()
    assert call.end_reason is EndReason.AGENT_HUNG_UP, "the call ended as its talk did"
    told = [(one.question, one.answer, one.queue, one.agent) for one in center.all(SurveyAnswered)]
    assert told == [("friendly", 4, "sales", "ann"), ("solved", 1, "sales", "ann")]
    summary = call.summary
    assert (summary.talk_s, summary.agent, summary.queue) == (60.0, "ann", "sales")
    assert summary.flow_s == pytest.approx(4.0)
    assert [left.exit for left in center.all(QueueLeft)] == [QueueExit.CONNECTED]
    center.told_again()


def test_a_caller_who_hangs_up_in_the_survey_or_falls_silent_ended_as_her_talk_did() -> None:
    center = asked_about()
    call, ann = talked(center)
    ann.hangs_up()
    call.presses("5")
    call.hangs_up()
    assert call.end_reason is EndReason.AGENT_HUNG_UP
    assert len(center.all(SurveyAnswered)) == 1
    silent = center.call("sales")
    center.passes(20.0)
    ann.answers()
    ann.hangs_up()
    for _ in range(2):
        silent.hears_it_out()
        center.passes(5.0)
    assert silent.end_reason is EndReason.AGENT_HUNG_UP


def test_a_key_out_of_range_is_told_so_and_asked_again() -> None:
    center = asked_about()
    call, ann = talked(center)
    ann.hangs_up()
    call.presses("9")
    assert [play.prompts for play in center.lately(PlayPrompts)] == [("invalid", "friendly")]
    call.presses("*")
    assert call.end_reason is EndReason.AGENT_HUNG_UP
    assert center.all(SurveyAnswered) == []


def test_a_spoken_comment_is_kept_and_belongs_to_the_answer() -> None:
    center = asked_about(comment=True)
    call, ann = talked(center)
    ann.hangs_up()
    call.presses("51")
    call.hears_it_out()
    [taken] = center.lately(RecordMessage)
    center.passes(7.0)
    center.tell(MessageRecorded(recording=taken.recording, seconds=7.0))
    assert [(one.question, one.comment) for one in center.lately(SurveyAnswered)] == [("comment", taken.recording)]
    assert [one.recording for one in center.lately(RecordingStopped)] == [taken.recording]
    call.hears_it_out()
    assert call.end_reason is EndReason.AGENT_HUNG_UP


def test_a_comment_can_be_skipped() -> None:
    center = asked_about(comment=True)
    call, ann = talked(center)
    ann.hangs_up()
    call.presses("51#")
    assert center.all(RecordMessage) == []
    assert len(center.all(SurveyAnswered)) == 2
    assert call.record.node == "thanks"


def test_when_the_caller_hangs_up_nobody_is_asked() -> None:
    center = asked_about()
    call, _ = talked(center)
    call.hangs_up()
    assert (call.end_reason, center.all(SurveyOffered)) == (EndReason.CALLER_HUNG_UP, [])


def test_only_those_are_asked_who_agreed() -> None:
    center = asked_about(when=SurveyWhen.AGREED)
    call, ann = talked(center)
    ann.hangs_up()
    assert call.end_reason is EndReason.AGENT_HUNG_UP
    assert center.all(SurveyOffered) == []
    center.passes(20.0)
    second = center.call("agreed")
    ann.answers()
    ann.hangs_up()
    assert second.record.flow == "how"


def test_a_share_of_the_contacts_is_asked_and_always_the_same() -> None:
    center = asked_about(share=30.0)
    call, _ = talked(center)
    survey = Survey(flow=FlowName("how"), share=30.0)
    record = call.record
    asked = 0
    for n in range(2_000):
        record.id = ContactId(f"c-storyone-{n}")
        asked += is_surveyed(record, survey)
        assert is_surveyed(record, survey) == is_surveyed(record, survey)
    record.id = call.id
    assert 500 < asked < 700
    assert not any(is_surveyed(record, Survey(flow=FlowName("how"), share=0.001)) for _ in range(3))


def test_whoever_ends_a_survey_from_outside_is_named() -> None:
    center = asked_about()
    call, ann = talked(center)
    ann.hangs_up()
    assert center.ask(HangUpRequested(request=center.request(), contact=call.id)) == ""
    assert call.end_reason is EndReason.HUNG_UP_BY_REQUEST


def test_an_agent_who_vanished_while_we_were_away_leads_to_the_survey_too() -> None:
    center = asked_about()
    call, ann = talked(center)
    gone = ann.leg
    listing = center.listing(without=[gone])
    assert isinstance(listing, Resynced)
    center.restarts(listing=listing)
    assert call.record.flow == "how"
    assert [play.prompts for play in center.lately(PlayPrompts)] == [("friendly",)]
    assert call.record.playback is not None, "the question that has just begun is not taken for one that was missed"


def test_the_parts_of_a_surveyed_contact_add_up() -> None:
    center = asked_about(comment=True)
    call, ann = talked(center)
    ann.hangs_up()
    center.passes(3.0)
    call.presses("51")
    center.passes(3.0)
    call.hangs_up()
    told = [
        row for line in center.journal for row in rows(decode_entry(line)) if getattr(row, "contact", "") == call.id
    ]
    assert check_parts(told) == []
