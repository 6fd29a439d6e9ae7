"""Messages as contacts: in line by skill, played to an agent, done or back in line, lost by nothing."""

from typing import Any

import pytest

from callcenter.core.mailroom import ASKED_MAX, CHECK_WAIT_MAX_S, KEY_WAIT_S
from callcenter.model.agent import AgentState
from callcenter.model.callback import CallbackRules
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.commands import DialNumber, HangUp, JoinBridge, PlayPrompts, RecordMessage, RingAgent
from callcenter.model.contact import ContactState, Direction, EndReason, TransportFault
from callcenter.model.events import (
    DigitPressed,
    HangUpRequested,
    LegAnswered,
    MessageDoneRequested,
    MessageRecorded,
    PlaybackEnded,
    RecordingChecked,
    Stopping,
)
from callcenter.model.facts import (
    ContactEnded,
    ContactOpened,
    MessageReturned,
    MessageRouted,
    MessageSettled,
    QueueLeft,
    TalkEnded,
)
from callcenter.model.ids import ContactId, LegId, ListName, QueueName, RecordingId
from callcenter.model.mail import FROM_PROMPT, KEYS_PROMPT, REFUSED_PROMPT, Mailbox, MailEnd, MailRoute, MailStep
from callcenter.model.need import parse_need
from callcenter.model.numbers import Numbering, NumberList
from callcenter.nodes.fields import NextNode, Word
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.voicemail import Voicemail
from tests.core.center import Ann, Call, Center, flow, queue

S = ContactState
RETRY_S = 60.0


def center(*, route: dict[str, Any] | None = None, callback: CallbackRules | None = None, **more: Any) -> Center:
    """A mailbox whose messages are for `sales`."""
    box = Mailbox(
        name="sales", route=MailRoute(queue=QueueName("sales"), **{"retry_after_s": RETRY_S, **(route or {})})
    )
    leave = flow(
        "leave",
        message=Voicemail(mailbox=Word("sales"), done=NextNode("bye"), nothing=NextNode("bye")),
        bye=Hangup(),
    )
    return Center(queue("sales", hours=None, callback=callback), flows=[leave], mailboxes=[box], **more)


def spoken(
    house: Center, caller: str = "0901", seconds: float = 8.0, *, checked: bool = True
) -> tuple[Call, RecordingId]:
    """Somebody leaves a message, and it is looked at."""
    call = house.call("leave", caller=caller, name="Lan")
    recording = house.all(RecordMessage)[-1].recording
    house.passes(seconds)
    house.tell(MessageRecorded(recording=recording, seconds=seconds))
    assert not call.is_live
    if checked:
        looked_at(house, recording, seconds)
    return call, recording


def looked_at(house: Center, recording: RecordingId, seconds: float = 8.0, problem: str = "") -> None:
    contact = ContactId("left")
    path = f"/kept/{recording}.wav"
    house.tell(
        RecordingChecked(recording=recording, contact=contact, path=path, seconds=seconds, channels=1, problem=problem)
    )


def message(house: Center) -> Call:
    """The only message there is."""
    [contact] = [one for one in house.engine.world.contacts.values() if one.mail is not None]
    call = Call(house, LegId("nobody"))
    call.id = contact.id
    return call


def heard(house: Center) -> PlayPrompts:
    """What plays now, to its end."""
    play = house.all(PlayPrompts)[-1]
    house.tell(PlaybackEnded(playback=play.playback))
    return play


def presses(house: Center, ann: Ann, key: str) -> None:
    house.tell(DigitPressed(leg=ann.leg, digit=key))


def test_a_message_is_played_to_an_agent_who_says_that_it_is_done() -> None:
    house = center()
    call, recording = spoken(house)
    [routed] = house.all(MessageRouted)
    assert (routed.recording, routed.left_in, routed.mailbox, routed.queue) == (recording, call.id, "sales", "sales")
    opened = house.all(ContactOpened)[-1]
    assert (opened.contact, opened.direction, opened.leg, opened.caller) == (
        routed.contact,
        Direction.VOICEMAIL,
        None,
        "0901",
    )
    house.passes(120.0)
    house.tell(MessageRecorded(recording=recording, seconds=8.0))  # late, and once more: nothing follows
    ann = house.agent("ann")
    ring = house.all(RingAgent)[-1]
    assert (ring.agent, ring.caller, ring.caller_name) == ("ann", "0901", "Voicemail Lan")
    assert len(house.all(MessageRouted)) == 1
    ann.phone(ann.record.phone)
    leg = house.all(RingAgent)[-1].leg
    house.tell(LegAnswered(leg=leg))
    assert [join.leg for join in house.lately(JoinBridge)] == [leg]
    first = heard(house)
    assert first.prompts == (FROM_PROMPT,)
    assert (first.variables["caller"], first.variables["minutes_ago"]) == ("0901", "2")
    second = heard(house)
    assert (second.note, second.note_path, second.prompts) == (recording, f"/kept/{recording}.wav", ())
    assert heard(house).prompts == (KEYS_PROMPT,)
    assert message(house).record.mail.step is MailStep.ASKED  # type: ignore[union-attr]
    presses(house, ann, "#")
    [settled] = house.all(MessageSettled)
    assert (settled.end, settled.agent, settled.hearings) == (MailEnd.DONE, "ann", 1)
    assert house.lately(HangUp)[-1].leg == leg
    ended = house.all(ContactEnded)[-1]
    assert (ended.reason, ended.direction, ended.agent) == (EndReason.MESSAGE_DONE, Direction.VOICEMAIL, "ann")
    assert house.all(TalkEnded)[-1].talk_s == ended.talk_s
    assert all(left.callback for left in house.all(QueueLeft))
    house.told_again()


def test_the_key_1_plays_it_again_also_in_the_middle() -> None:
    house = center()
    ann = house.agent("ann")
    _, recording = spoken(house)
    ann.answers()
    presses(house, ann, "1")  # skips who it is
    assert house.lately(PlayPrompts)[0].note == recording
    presses(house, ann, "1")
    assert house.lately(PlayPrompts)[0].note == recording
    heard(house)
    assert house.lately(PlayPrompts)[0].prompts == (KEYS_PROMPT,)
    presses(house, ann, "9")
    assert not house.last
    house.told_again()


def test_who_hangs_up_without_the_key_is_not_done_with_it() -> None:
    house = center()
    ann = house.agent("ann")
    spoken(house)
    ann.answers()
    ann.hangs_up()
    [returned] = house.all(MessageReturned)
    assert (returned.agent, returned.next_at) == ("ann", house.now + RETRY_S)
    record = message(house)
    assert record.is_in(S.PROMISED)
    since = record.record.since
    house.passes(RETRY_S - 1.0)
    assert not ann.is_rung
    house.passes(1.0)
    assert ann.is_rung
    assert record.record.since == since
    ann.answers()
    presses(house, ann, "#")
    assert house.all(MessageSettled)[-1].hearings == 2
    house.told_again()


def test_another_agent_may_get_it_by_skill_and_its_own_priority() -> None:
    house = center(route={"needs": parse_need("sales >= 2"), "priority": 70})
    ann = house.agent("ann", sales=1)
    spoken(house)
    record = message(house).record
    assert (record.priority, str(record.needs)) == (70, str(parse_need("sales >= 2")))
    assert not ann.is_rung
    bob = house.agent("bob", sales=3)
    assert bob.is_rung
    house.told_again()


def test_who_hangs_up_while_speaking_has_left_a_message_and_who_does_at_once_has_not() -> None:
    house = center()
    quick = house.call("leave", caller="0902")
    house.passes(0.5)
    quick.hangs_up()
    assert not house.all(MessageRouted)
    slow = house.call("leave", caller="0903")
    house.passes(7.0)
    slow.hangs_up()
    [routed] = house.all(MessageRouted)
    assert (routed.left_in, routed.seconds) == (slow.id, 7.0)
    house.told_again()


def test_nothing_said_is_no_message() -> None:
    house = center()
    spoken(house, seconds=0.0, checked=False)
    assert not house.all(MessageRouted)
    _, recording = spoken(house, checked=False)
    looked_at(house, recording, 0.0)
    assert house.all(MessageSettled)[-1].end is MailEnd.EMPTY
    house.told_again()


def test_a_recording_that_nobody_looks_at_is_not_waited_for_for_ever() -> None:
    house = center()
    ann = house.agent("ann")
    spoken(house, checked=False)
    house.passes(CHECK_WAIT_MAX_S - 1.0)
    assert not ann.is_rung
    house.passes(1.0)
    assert ann.is_rung
    house.told_again()


def test_the_customer_is_called_back_by_who_heard_the_message_in_its_place() -> None:
    house = center(callback=CallbackRules())
    ann = house.agent("ann")
    spoken(house)
    since = message(house).record.since
    ann.answers()
    house.passes(20.0)
    presses(house, ann, "2")
    [promised] = house.all(CallbackPromised)
    assert (promised.number, promised.only, promised.by) == ("0901", "ann", "voicemail")
    assert house.all(MessageSettled)[-1].end is MailEnd.CALLED_BACK
    assert ann.is_rung
    [contact] = house.engine.world.contacts.values()
    assert (contact.since, contact.callback is not None) == (since, True)
    ann.answers()
    assert house.all(DialNumber)[-1].number == "0901"
    house.told_again()


@pytest.mark.parametrize("why", ["rules", "pattern", "list"])
def test_who_may_not_be_called_is_not_and_the_agent_hears_so(why: str) -> None:
    never = NumberList(
        name=ListName("never"),
        numbers=frozenset({Numbering(country_code="84").normal("0901")}),
        numbering=Numbering(country_code="84"),
    )
    house = center(
        callback=None if why == "rules" else CallbackRules(do_not_call=ListName("never") if why == "list" else None),
        lists=[never],
        callback_to=() if why == "pattern" else ("09[0-9]+",),
    )
    ann = house.agent("ann")
    spoken(house)
    ann.answers()
    presses(house, ann, "2")
    assert house.lately(PlayPrompts)[0].prompts == (REFUSED_PROMPT,)
    assert not house.all(CallbackPromised)
    presses(house, ann, "#")
    assert house.all(MessageSettled)[-1].end is MailEnd.DONE
    house.told_again()


def test_it_is_marked_done_from_elsewhere_waiting_ringing_or_played() -> None:
    house = center()
    for at in range(3):
        spoken(house)
        if at == 1:
            house.agent("ann")
        elif at == 2:
            leg = house.all(RingAgent)[-1].leg
            house.tell(LegAnswered(leg=leg))
        record = message(house)
        done = MessageDoneRequested(request=house.request(), contact=record.id, by="boss")
        assert house.ask(done) == ""
        assert not record.is_live
        assert (house.all(MessageSettled)[-1].end, house.all(MessageSettled)[-1].by) == (MailEnd.SETTLED, "boss")
        assert "no message" in house.ask(done)
    house.told_again()


def test_hanging_up_by_request_does_not_lose_it() -> None:
    house = center()
    spoken(house)
    record = message(house)
    assert "mark it done" in house.ask(HangUpRequested(request=house.request(), contact=record.id))
    ann = house.agent("ann")
    ann.answers()
    assert house.ask(HangUpRequested(request=house.request(), contact=record.id)) == ""
    assert record.is_in(S.PROMISED)
    assert ann.state is not AgentState.ON_CONTACT
    house.told_again()


def test_a_fault_a_stop_and_a_restart_do_not_lose_it() -> None:
    house = center()
    ann = house.agent("ann")
    spoken(house)
    record = message(house)
    ann.answers()
    house.fails(house.all(JoinBridge)[-1], TransportFault.REFUSED, "no")
    assert record.is_in(S.PROMISED)
    house.passes(RETRY_S)
    ann.answers()
    heard(house)
    house.restarts()
    assert record.is_in(S.CONNECTED)
    assert record.record.mail.step is MailStep.ASKED  # type: ignore[union-attr]
    house.restarts(namespace="storythr", listing=house.listing(without=[ann.leg]))
    assert record.is_in(S.PROMISED)
    house.tell(Stopping())
    assert record.is_in(S.PROMISED)
    assert len(house.all(MessageRouted)) == 1


def test_a_queue_that_drains_or_has_nobody_keeps_it() -> None:
    house = center()
    house.engine.parts.queues.drain(QueueName("sales"), True)
    spoken(house)
    house.passes(86_400.0)
    assert message(house).is_in(S.PROMISED)
    ann = house.agent("ann")
    assert ann.is_rung


def test_an_agent_who_answers_and_does_nothing_is_asked_again_and_then_let_go() -> None:
    house = center()
    spoken(house)
    ann = house.agent("ann")
    ann.answers()
    for _ in range(3):
        heard(house)
    for _ in range(ASKED_MAX - 1):
        house.tell(PlaybackEnded(playback=house.all(PlayPrompts)[-1].playback))
        house.passes(KEY_WAIT_S - 1)
        assert message(house).record.playback is None
        house.passes(1.1)
        assert house.lately(PlayPrompts)[-1].prompts == (KEYS_PROMPT,)
    house.tell(PlaybackEnded(playback=house.all(PlayPrompts)[-1].playback))
    leg = message(house).record.agent_leg
    house.passes(KEY_WAIT_S + 0.1)
    [returned] = house.all(MessageReturned)
    assert returned.why == "the agent pressed nothing, asked 3 times"
    assert leg in [hung_up.leg for hung_up in house.all(HangUp)]
    assert ann.is_in(AgentState.READY)
    house.passes(RETRY_S)
    assert house.all(RingAgent)[-1].contact == message(house).id


def test_whoever_presses_a_key_in_time_is_asked_anew() -> None:
    house = center()
    spoken(house)
    ann = house.agent("ann")
    ann.answers()
    for _ in range(3):
        heard(house)
    house.tell(PlaybackEnded(playback=house.all(PlayPrompts)[-1].playback))
    house.passes(KEY_WAIT_S - 1)
    presses(house, ann, "1")
    house.passes(10 * KEY_WAIT_S)  # the message plays for as long as it takes
    assert message(house).record.mail.step is MailStep.PLAYING  # type: ignore[union-attr]
    assert house.all(MessageReturned) == []
