"""Stories of the IVR as the engine walks it: what the caller presses, hears, leaves behind, and where she goes."""

import pytest

from callcenter.core.flows import STEPS_MAX
from callcenter.core.free import why_not_free
from callcenter.core.outside import FORWARD_GRACE_S
from callcenter.core.snapshot import take_snapshot
from callcenter.core.spoken import MESSAGE_GRACE_S
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.commands import (
    AnswerLeg,
    DialNumber,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RecordMessage,
    ReturnLeg,
    StopMessage,
    StopMusic,
    StopPlayback,
)
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, Medium, TransportFault
from callcenter.model.entry import decode_entry
from callcenter.model.events import ContactArrived, DigitPressed, LegAnswered, LegEnded, MessageRecorded, PlaybackEnded
from callcenter.model.facts import ContactOffered, ContactOpened, NodeEntered, Surprise
from callcenter.model.flow import Flow, Node, Prompt
from callcenter.model.ids import CalendarName, LegId, QueueName
from callcenter.model.recording_facts import RecordingStarted, RecordingStopped
from callcenter.nodes.agent import AgentRequest, Wish
from callcenter.nodes.collect import Collect
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Filled, Key, Language, NextNode, VariableName, Word
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.hours import Hours
from callcenter.nodes.language import Speak
from callcenter.nodes.leave import LeaveFlow
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from callcenter.nodes.set_variables import SetVariables
from callcenter.nodes.transfer import Transfer
from callcenter.nodes.voicemail import Voicemail
from tests.core.center import Call, Center, flow, queue


def test_a_call_that_was_given_back_to_the_dialplan_may_come_again_on_the_same_leg() -> None:
    center = Center(flows=[flow("errand", go=LeaveFlow(exit=Word("done")))])
    call = center.call("errand", returns=True)
    assert [command.exit for command in center.all(ReturnLeg)] == ["done"]
    assert call.end_reason is EndReason.RETURNED
    center.tell(ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0901", dialled="errand", returns=True))
    assert len(center.all(ReturnLeg)) == 2


def test_a_call_that_ended_does_not_come_again_on_the_same_leg() -> None:
    center = Center()
    call = center.call("nowhere")
    assert call.end_reason is EndReason.REFUSED
    assert center.tell(ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0901", dialled="nowhere")) == []
    assert call.state is ContactState.ENDED


# -- what is typed where it must stay secret ---------------------------------------------------------------------------


def a_bank() -> Center:
    ask = Collect(
        prompt=Prompt(name="pin"),
        into=VariableName("pin"),
        next=NextNode("in"),
        failed=NextNode("out"),
        min_digits=4,
        max_digits=6,
        masked=True,
    )
    nodes = {"in": LeaveFlow(exit=Word("in")), "out": LeaveFlow(exit=Word("out"))}
    return Center(flows=[flow("bank", ask=ask, **nodes)])


def test_digits_of_a_masked_input_are_nowhere_and_other_keys_are_what_they_are() -> None:
    center = a_bank()
    call = center.call("bank", returns=True)
    call.presses("473")
    assert call.record.memory.digits == "473"
    assert b"473" not in take_snapshot(center.engine)
    call.presses("9#")
    written = [decode_entry(line).event.digit for line in center.journal[2:]]  # type: ignore[union-attr]
    assert written == ["x", "x", "x", "x", "#"]
    assert [command.exit for command in center.all(ReturnLeg)] == ["in"]


def test_an_engine_that_is_told_masked_digits_goes_the_same_way() -> None:
    center = a_bank()
    center.call("bank", returns=True).presses("4739#")
    center.call("bank", returns=True).presses("47*")
    center.call("bank", returns=True).presses("473956")
    center.told_again()


def test_who_was_typing_a_secret_when_the_process_died_is_asked_again() -> None:
    center = a_bank()
    call = center.call("bank", returns=True)
    call.presses("47")
    center.restarts()
    assert [command.prompts for command in center.lately(PlayPrompts)] == [("pin",)]
    call.presses("39#")  # too short without the forgotten digits
    assert center.all(ReturnLeg) == []
    call.presses("4739#")
    assert [command.exit for command in center.all(ReturnLeg)] == ["in"]
    center.told_again()


def test_a_key_that_crosses_with_the_end_of_a_masked_input_is_no_part_of_it_and_no_answer_to_what_follows() -> None:
    ask = Collect(
        prompt=Prompt(name="pin"),
        into=VariableName("pin"),
        next=NextNode("menu"),
        failed=NextNode("menu"),
        max_digits=6,
        digit_timeout_s=4.0,
        masked=True,
    )
    menu = Menu(
        prompt=Prompt(name="menu"),
        choices={Key("7"): NextNode("bye"), Key("0"): NextNode("bye")},
        no_input=NextNode("ask"),
        timeout_s=5.0,
        tries=1,
    )
    center = Center(flows=[flow("bank", ask=ask, menu=menu, bye=Hangup())])
    call = center.call("bank")
    call.presses("1")
    center.now += 4.0  # the entry is over, and the engine hears of it with the next key
    call.presses("7")
    assert (call.record.node, call.is_live) == ("menu", True)
    call.hears_it_out()
    center.now += 5.0  # nobody chose: the secret is asked for again, with the next key
    call.presses("7")
    assert (call.record.node, call.record.memory.digits) == ("ask", "")
    keys = (decode_entry(line).event for line in center.journal)
    assert [event.digit for event in keys if isinstance(event, DigitPressed)] == ["x", "x", "7"]
    center.told_again()


# -- what is said and pressed ------------------------------------------------------------------------------------------


def a_shop(**more: Node) -> Center:
    menu = Menu(
        prompt=Prompt(name="menu"),
        choices={Key("1"): NextNode("in"), Key("2"): NextNode("out"), Key("3"): NextNode("message")},
        no_input=NextNode("bye"),
        no_match_prompt=Prompt(name="no_match"),
        timeout_s=5.0,
        tries=2,
    )
    nodes: dict[str, Node] = {
        "menu": menu,
        "in": Enqueue(queue=QueueName("sales")),
        "out": Transfer(number=Filled("0901234567"), failed=NextNode("sorry"), timeout_s=20.0),
        "message": Voicemail(mailbox=Word("team"), done=NextNode("thanks"), nothing=NextNode("bye"), max_s=30.0),
        "sorry": Hangup(prompt=Prompt(name="sorry")),
        "thanks": Hangup(reason=Ending.VOICEMAIL),
        "bye": Hangup(prompt=Prompt(name="bye")),
        **more,
    }
    return Center(queue("sales"), flows=[flow("shop", **nodes)], forward_to=("09[0-9]+",))


def path(center: Center) -> list[tuple[str, str]]:
    return [(fact.node, fact.exit) for fact in center.all(NodeEntered)]


def test_the_caller_is_answered_into_a_bridge_before_anything_is_said() -> None:
    center = a_shop()
    call = center.call("shop")
    kinds = [type(output) for output in center.last if not isinstance(output, (ContactOpened, NodeEntered))]
    assert kinds == [AnswerLeg, OpenBridge, JoinBridge, PlayPrompts]
    assert call.record.answered


def test_a_key_stops_the_prompt_and_leads_on() -> None:
    center = a_shop()
    call = center.call("shop")
    call.presses("1")
    assert center.lately(StopPlayback)
    assert path(center) == [("menu", ""), ("in", "choices.1")]
    assert call.state is ContactState.WAITING


def test_keys_are_dropped_while_something_is_said_that_must_be_heard() -> None:
    center = a_shop()
    call = center.call("shop")
    call.hears_it_out()
    center.passes(5.0)
    call.hears_it_out()
    center.passes(5.0)
    assert path(center)[-1] == ("bye", "no_input")
    call.presses("1")
    assert center.last == []
    call.hears_it_out()
    assert call.end_reason is EndReason.FLOW_ENDED


def test_keys_in_a_queue_or_in_a_talk_mean_nothing() -> None:
    center = a_shop()
    call = center.call("shop")
    call.presses("1")
    call.presses("5")
    assert center.last == []
    center.agent("ann").answers()
    call.presses("5")
    assert center.last == []


def test_keys_of_somebody_else_mean_nothing() -> None:
    center = a_shop()
    center.call("shop")
    assert center.tell(DigitPressed(leg=LegId("stranger"), digit="1")) == []


def test_the_end_of_a_prompt_that_was_stopped_means_nothing() -> None:
    center = a_shop()
    call = center.call("shop")
    playback = call.record.playback
    assert playback is not None
    call.presses("9")
    assert [command.prompts for command in center.lately(PlayPrompts)] == [("no_match", "menu")]
    assert center.tell(PlaybackEnded(playback=playback)) == []


def test_variables_reach_prompts_and_secrets_do_not() -> None:
    ask = Collect(
        prompt=Prompt(name="pin"),
        into=VariableName("pin"),
        next=NextNode("note"),
        failed=NextNode("bye"),
        max_digits=4,
        min_digits=4,
        masked=True,
    )
    note = SetVariables(values={VariableName("who"): Filled("{{ caller }}")}, next=NextNode("again"))
    again = Play(prompt=Prompt(name="again"), next=NextNode("bye"))
    center = Center(flows=[flow("bank", ask=ask, note=note, again=again, bye=Hangup())])
    call = center.call("bank", caller="0901")
    call.presses("4739")
    [said] = center.lately(PlayPrompts)
    assert (said.prompts, said.variables["who"]) == (("again",), "0901")
    assert "4739" not in said.variables.values()
    assert call.record.secrets == {"pin": "4739"}


def test_the_language_that_was_chosen_is_spoken_from_there_on() -> None:
    speak = Speak(language=Language("vi"), next=NextNode("hello"))
    hello = Play(prompt=Prompt(name="hello"), next=NextNode("in"))
    into = Enqueue(queue=QueueName("sales"))
    center = Center(queue("sales"), flows=[flow("shop", speak=speak, hello=hello, **{"in": into})])
    call = center.call("shop")
    assert center.all(PlayPrompts)[0].language == "vi"
    call.hears_it_out()
    assert call.record.language == "vi"


def test_a_flow_that_never_waits_is_ended_as_a_fault() -> None:
    here, there = (
        Speak(language=Language("en"), next=NextNode("there")),
        Speak(language=Language("vi"), next=NextNode("here")),
    )
    center = Center(flows=[flow("mad", here=here, there=there)])
    call = center.call("mad")
    assert call.end_reason is EndReason.FAULT
    assert len(path(center)) == STEPS_MAX
    assert center.all(Surprise)


def test_a_number_that_leads_nowhere_is_a_surprise() -> None:
    center = Center()
    call = center.call("999")
    assert call.end_reason is EndReason.REFUSED
    assert center.all(Surprise)[0].what == "there is no flow for number '999'"
    assert not center.all(AnswerLeg), "nobody pays for a call that leads nowhere"


def test_opening_hours_decide() -> None:
    office = Calendar(
        name=CalendarName("office"), timezone="UTC", spans=(OpenSpan(weekday=0, start_min=480, end_min=540),)
    )
    hours = Hours(calendar=office.name, open=NextNode("in"), closed=NextNode("bye"))
    shop = flow("shop", hours=hours, bye=Hangup(reason=Ending.CLOSED), **{"in": Enqueue(queue=QueueName("sales"))})
    center = Center(queue("sales"), flows=[shop], calendars=[office])
    assert center.call("shop").state is ContactState.WAITING
    center.passes(3600.0)
    assert center.call("shop").end_reason is EndReason.CLOSED


# -- an outside number -------------------------------------------------------------------------------------------------


def forwarding() -> tuple[Center, Call]:
    center = a_shop()
    call = center.call("shop")
    call.presses("2")
    return center, call


def test_an_outside_number_is_dialled_with_music_and_connected_when_it_answers() -> None:
    center, call = forwarding()
    [dial] = center.all(DialNumber)
    assert (dial.number, dial.timeout_s, dial.like) == ("0901234567", 20.0, call.leg)
    assert call.record.music
    center.passes(5.0)
    center.tell(LegAnswered(leg=dial.leg))
    assert call.is_in(ContactState.FORWARDED)
    assert [command.leg for command in center.lately(JoinBridge)] == [dial.leg]
    assert center.lately(StopMusic)
    assert center.tell(LegAnswered(leg=dial.leg)) == [], "told twice"
    center.passes(30.0)
    center.tell(LegEnded(leg=dial.leg, end=LegEnd.NORMAL))
    assert call.end_reason is EndReason.FORWARDED
    assert (call.summary.flow_s, call.summary.forward_s) == (5.0, 30.0)


@pytest.mark.parametrize("how", ["busy", "time", "refused", "gone"])
def test_an_outside_number_that_does_not_answer_leads_on(how: str) -> None:
    center, call = forwarding()
    [dial] = center.all(DialNumber)
    match how:
        case "busy":
            center.tell(LegEnded(leg=dial.leg, end=LegEnd.BUSY))
        case "time":
            center.passes(20.0 + FORWARD_GRACE_S)
        case "refused":
            center.fails(dial, TransportFault.REFUSED)
        case _:
            center.fails(dial, TransportFault.UNAVAILABLE)
    assert path(center)[-1] == ("sorry", "failed")
    assert call.record.other_leg is None
    assert center.tell(LegEnded(leg=dial.leg, end=LegEnd.NORMAL)) == []


def test_a_caller_who_leaves_stops_the_outside_number_ringing() -> None:
    center, call = forwarding()
    [dial] = center.all(DialNumber)
    call.hangs_up()
    assert dial.leg in [command.leg for command in center.lately(HangUp)]
    assert call.end_reason is EndReason.LEFT_IN_FLOW


# -- a message ---------------------------------------------------------------------------------------------------------


def leaving_a_message() -> tuple[Center, Call, RecordMessage]:
    center = a_shop()
    call = center.call("shop")
    call.presses("3")
    [record] = center.all(RecordMessage)
    return center, call, record


def test_a_message_is_taken() -> None:
    center, call, record = leaving_a_message()
    assert [(fact.kind, fact.mailbox) for fact in center.all(RecordingStarted)] == [("message", "team")]
    center.passes(12.0)
    center.tell(MessageRecorded(recording=record.recording, seconds=9.5))
    assert center.all(RecordingStopped)[0].expected_s == 9.5
    assert call.end_reason is EndReason.VOICEMAIL
    assert center.tell(MessageRecorded(recording=record.recording, seconds=9.5)) == [], "told twice"


def test_nothing_said_is_no_message() -> None:
    center, call, record = leaving_a_message()
    center.tell(MessageRecorded(recording=record.recording, seconds=0.0))
    assert path(center)[-1] == ("bye", "nothing")
    assert call.is_live


def test_a_caller_who_hangs_up_while_speaking_has_left_a_message() -> None:
    center, call, record = leaving_a_message()
    center.passes(7.0)
    call.hangs_up()
    assert [command.recording for command in center.lately(StopMessage)] == [record.recording]
    assert center.lately(RecordingStopped)[0].expected_s == 7.0
    assert call.end_reason is EndReason.VOICEMAIL


def test_a_message_of_which_nobody_says_that_it_is_over_is_stopped() -> None:
    center, call, record = leaving_a_message()
    center.passes(30.0 + MESSAGE_GRACE_S)
    assert [command.recording for command in center.all(StopMessage)] == [record.recording]
    assert call.end_reason is EndReason.VOICEMAIL


def test_a_message_that_cannot_be_recorded_is_none() -> None:
    center, _, record = leaving_a_message()
    assert center.fails(record, TransportFault.UNKNOWN) == []
    center.fails(record, TransportFault.REFUSED)
    assert path(center)[-1] == ("bye", "nothing")


# -- feature codes -----------------------------------------------------------------------------------------------------


def codes() -> Center:
    def wish(which: Wish, reason: str = "") -> Flow:
        ask = AgentRequest(wish=which, done=NextNode("done"), refused=NextNode("refused"), reason=reason)
        return flow(which, ask=ask, done=Hangup(), refused=Hangup(prompt=Prompt(name="refused")))

    return Center(
        queue("sales"),
        flows=[wish(Wish.LOGIN), wish(Wish.LOGOUT), wish(Wish.PAUSE, "lunch"), wish(Wish.READY)],
    )


def test_an_agent_logs_in_and_out_pauses_and_comes_back_by_phone() -> None:
    center = codes()
    ann = center.agent("ann", at_work=False)
    ann.phone(PhoneState.REACHABLE)
    for code, status, reason in (
        ("login", AgentStatus.AVAILABLE, ""),
        ("pause", AgentStatus.PAUSED, "lunch"),
        ("ready", AgentStatus.AVAILABLE, ""),
        ("logout", AgentStatus.LOGGED_OUT, ""),
    ):
        call = center.call(code, agent=ann)
        assert call.end_reason is EndReason.FLOW_ENDED
        assert call.summary.direction is Direction.INTERNAL
        assert (ann.record.status, ann.record.reason) == (status, reason)


def test_a_wish_that_cannot_be_granted_is_refused() -> None:
    center = codes()
    ann = center.agent("ann", at_work=False)
    center.call("pause", agent=ann)
    assert path(center)[-1] == ("refused", "refused")
    center.call("login", caller="0901")
    assert path(center)[-1] == ("refused", "refused")


def test_an_agents_phone_does_not_ring_while_she_is_on_a_call_of_her_own() -> None:
    greeting = flow(
        "login",
        ask=AgentRequest(wish=Wish.LOGIN, done=NextNode("bye"), refused=NextNode("bye"), reason=""),
        bye=Hangup(prompt=Prompt(name="you_are_ready")),
    )
    center = Center(queue("sales"), flows=[greeting])
    ann = center.agent("ann", at_work=False)
    ann.phone(PhoneState.REACHABLE)
    center.call("sales")
    own = center.call("login", agent=ann)
    assert (ann.record.status, ann.state) == (AgentStatus.AVAILABLE, AgentState.NOT_READY)
    assert center.all(ContactOffered) == []
    assert why_not_free(ann.record, Medium.VOICE, center.now) == "makes a call of her own"
    own.hangs_up()
    assert [offered.agent for offered in center.all(ContactOffered)] == [ann.id]


def test_an_agent_who_pauses_by_phone_while_hers_rings_for_a_caller() -> None:
    center = codes()
    ann, bob = center.agent("ann"), center.agent("bob")
    call = center.call("sales")
    center.call("pause", agent=ann)
    assert call.rung == ["bob"]
    assert bob.is_rung
