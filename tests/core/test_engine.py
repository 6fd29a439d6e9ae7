"""The only door: order within an event, events about nothing, commands that fail, what may be written down."""

import pytest

from callcenter.core.engine import Engine
from callcenter.errors import Bug
from callcenter.model.agent import AgentState, PhoneState
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    Command,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    Reply,
    RingAgent,
    StartMusic,
    StopMusic,
)
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, Medium, TransportFault
from callcenter.model.entry import Entry, decode_entry, encode_entry
from callcenter.model.events import (
    CommandFailed,
    ContactArrived,
    DigitPressed,
    EngineStarted,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
    TimePassed,
)
from callcenter.model.facts import ContactEnded, ContactOffered, ContactOpened, ContactQueued, Surprise
from callcenter.model.flow import Prompt
from callcenter.model.ids import ContactId, LegId, PlaybackId, RecordingId
from tests.core.center import Center, queue

STRANGER = LegId("stranger")
LATE: list[Event] = [
    TimePassed(),
    LegRinging(leg=STRANGER),
    LegEnded(leg=STRANGER, end=LegEnd.NORMAL),
    DigitPressed(leg=STRANGER, digit="1"),
    PlaybackEnded(playback=PlaybackId("p-gone-1")),
    PlaybackEnded(playback=PlaybackId("p-gone-1"), ok=False),
    MessageRecorded(recording=RecordingId("gone"), seconds=3.0),
    PhoneChanged(number="4711", state=PhoneState.REACHABLE),
    CommandFailed(contact=ContactId("c-gone-1"), command="RingAgent", subject="l-gone-1", fault=TransportFault.REFUSED),
]


@pytest.mark.parametrize("event", LATE, ids=lambda event: type(event).__name__)
def test_an_event_about_what_is_gone_says_nothing(event: Event) -> None:
    center = Center(queue("sales"))
    assert center.tell(event) == []


def test_the_same_caller_at_the_door_twice_is_one() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    again = ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0901", dialled="sales")
    assert center.tell(again) == []
    assert len(center.all(ContactOpened)) == 1


def test_a_caller_who_had_left_and_is_sent_in_again_is_a_contact_of_its_own() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    again = ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0901", dialled="sales")
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL, left=True))
    center.tell(again)
    first, second = center.all(ContactOpened)
    assert (first.contact, first.leg) == (call.id, second.leg)
    assert (second.contact != call.id, len(center.all(ContactQueued))) == (True, 2)
    assert center.tell(again) == [], "she is known"
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL))  # this one is dead, and nobody said that it left
    assert center.tell(again) == []
    assert len(center.all(ContactEnded)) == 2
    center.told_again()


def test_nothing_can_happen_before_a_run_begins() -> None:
    engine = Engine(Configuration())
    with pytest.raises(Bug, match="before EngineStarted"):
        engine.handle(ContactArrived(leg=STRANGER, medium=Medium.VOICE, caller=""), 1.0)


def test_ids_carry_the_namespace_of_the_run() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    assert call.id.startswith("c-storyone-")
    center.restarts(namespace="storytwo")
    assert center.call("sales").id.startswith("c-storytwo-")


def test_what_is_due_comes_before_the_event_and_matching_after_it() -> None:
    center = Center(queue("sales", wrap_up_s=10.0))
    ann = center.agent("ann")
    center.call("sales")
    ann.answers()
    ann.hangs_up()
    center.now += 10.0
    center.call("sales")
    order = [type(output) for output in center.last if not isinstance(output, Command)]
    assert order.index(ContactOpened) < order.index(ContactQueued) < order.index(ContactOffered)
    assert ann.state is AgentState.OFFERED


def test_the_next_deadline_is_the_earliest() -> None:
    center = Center(queue("sales", max_wait_s=60.0), queue("support", max_wait_s=30.0))
    assert center.engine.next_deadline() is None
    center.call("sales")
    call = center.call("support")
    assert center.engine.next_deadline() == center.now + 30.0
    call.hangs_up()
    assert center.engine.next_deadline() == center.now + 60.0


def test_a_chat_does_not_need_a_phone_and_does_not_wait_for_one_who_only_talks() -> None:
    center = Center(queue("sales"), checked=False)
    center.agent("ann")
    chat = ContactArrived(
        leg=LegId("chat-1"), medium=Medium.CHAT, caller="", dialled="sales", direction=Direction.INBOUND
    )
    center.tell(chat)
    [contact] = center.engine.world.contacts.values()
    assert contact.state is ContactState.WAITING


# -- commands that fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AnswerLeg, OpenBridge, JoinBridge])
def test_a_caller_who_cannot_be_taken_is_let_go(kind: type[AnswerLeg | OpenBridge | JoinBridge]) -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    command = center.all(kind)[0]
    for fault in (TransportFault.UNKNOWN, TransportFault.UNAVAILABLE):
        [surprise] = center.fails(command, fault, "no answer")
        assert surprise == Surprise(what=f"{kind.__name__} failed ({fault}): no answer", contact=call.id)
    center.fails(command, TransportFault.REFUSED, "no")
    assert call.end_reason is EndReason.FAULT
    assert center.all(Surprise)[-1].what == f"{kind.__name__} was refused: no"


@pytest.mark.parametrize("fault", TransportFault)
def test_a_prompt_that_cannot_be_played_is_over(fault: TransportFault) -> None:
    center = Center(queue("sales", connect_announcement=Prompt(name="recorded")))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    center.fails(center.all(PlayPrompts)[0], fault)
    center.passes(1.0)
    assert call.state is ContactState.CONNECTED


def test_what_else_fails_is_a_surprise_at_most() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    bridge = call.bridge()
    for command in (
        StartMusic(contact=call.id, bridge=bridge, music="default"),
        CloseBridge(contact=call.id, bridge=bridge),
        HangUp(contact=call.id, leg=STRANGER),
    ):
        assert center.fails(command, TransportFault.GONE) == []
        [fact] = center.fails(command, TransportFault.UNAVAILABLE, "no link")
        assert fact == Surprise(what=f"{type(command).__name__} failed (unavailable): no link", contact=call.id)
    assert call.is_live


def test_music_that_did_not_play_need_not_be_stopped() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    assert center.fails(StopMusic(contact=call.id, bridge=call.bridge()), TransportFault.REFUSED) == []


# -- what may be written down ------------------------------------------------------------------------------------------


def test_nothing_but_masked_digits_is_kept_out_of_the_journal() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    events: list[Event] = [*LATE, EngineStarted(namespace="abcdefgh", build="x")]
    for event in (*events, DigitPressed(leg=call.leg, digit="7"), LegAnswered(leg=STRANGER)):
        assert center.engine.redacted(event) is event


def test_hostile_texts_go_through_the_journal_unharmed() -> None:
    center = Center(queue("sales"))
    names = ["\u202e\u0000\n\r", '"}],"x":', "Ω" * 5000, "\U0001f600", "{{ 7*7 }}", "'; DROP TABLE contact; --"]
    for name in names:
        center.call("sales", caller=name, name=name).hangs_up()
    told = [fact for line in center.journal for fact in decode_entry(line).outputs if isinstance(fact, ContactEnded)]
    assert [fact.caller_name for fact in told] == names
    center.told_again()


def test_an_entry_is_one_line() -> None:
    center = Center(queue("sales"))
    center.call("sales", name="two\nlines")
    for line in center.journal:
        assert b"\n" not in line
        entry = decode_entry(line)
        assert encode_entry(entry) == line
        assert isinstance(entry, Entry)


def test_every_request_has_one_reply() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    ann.pauses()
    replies = [reply.request for reply in center.all(Reply)]
    assert len(replies) == len(set(replies))


# -- the picture -------------------------------------------------------------------------------------------------------


def test_the_picture_shows_everybody_where_they_are() -> None:
    center = Center(queue("sales", "sales", record=True), queue("other"))
    ann, bob = center.agent("ann", sales=3), center.agent("bob", sales=1)
    bob.pauses("lunch")
    talks = center.call("sales", caller="1")
    ann.answers()
    first, second = center.call("sales", caller="2"), center.call("sales", caller="3")
    center.passes(10.0)
    picture = center.engine.view(center.now)
    assert [(c.id, c.state, c.position, c.agent, c.recording) for c in picture.contacts] == [
        (talks.id, ContactState.CONNECTED, 0, "ann", True),
        (first.id, ContactState.WAITING, 1, None, False),
        (second.id, ContactState.WAITING, 2, None, False),
    ]
    assert [(a.id, a.state, a.reason, a.state_s, a.contact) for a in picture.agents] == [
        ("ann", AgentState.ON_CONTACT, "", 10.0, talks.id),
        ("bob", AgentState.NOT_READY, "lunch", 10.0, None),
    ]
    other, sales = picture.queues
    assert (sales.name, sales.waiting, sales.ringing, sales.talking, sales.longest_s) == ("sales", 2, 0, 1, 10.0)
    assert (sales.agents, sales.free, other.agents, other.free) == (2, 0, 2, 0)
    ann.hangs_up()
    sales = center.engine.view(center.now).queues[1]
    assert (sales.waiting, sales.ringing) == (1, 1)


def test_a_picture_changes_nothing() -> None:
    center = Center(queue("sales"))
    center.agent("ann")
    center.call("sales")
    assert center.all(RingAgent)
    before = list(center.journal)
    center.engine.view(center.now)
    assert center.journal == before
    center.told_again()
