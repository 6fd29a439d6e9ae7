"""A contact's life in a queue: rules at the door, relaxation, the longest wait, closing, overflow, what it hears."""

from typing import Any

import pytest

from callcenter.core.queues import HOPS_MAX
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.commands import DialNumber, PlayPrompts, RecordMessage, StartMusic, StopMusic
from callcenter.model.contact import ContactState, EndReason, LegEnd, QueueExit, TransportFault
from callcenter.model.events import DrainRequested, PlaybackEnded
from callcenter.model.facts import ContactOffered, NeedsRelaxed, QueueDraining, QueueLeft, Surprise
from callcenter.model.flow import Prompt
from callcenter.model.ids import CalendarName, FlowName, QueueName
from callcenter.model.queue import Announcements, Overflow, Queue, RelaxStep, Target
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode, Word
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.voicemail import Voicemail
from tests.core.center import START, Center, flow, need, queue, to_queue

OFFICE = Calendar(
    name=CalendarName("office"),
    timezone="UTC",
    spans=tuple(OpenSpan(weekday=day, start_min=9 * 60, end_min=17 * 60) for day in range(5)),
)
NINE = START + 3600.0
FIVE = NINE + 8 * 3600.0
HANG_UP = Target(to=Overflow.HANG_UP)
TO_NUMBER = Target(to=Overflow.NUMBER, name="0901234567")
MAILBOX = flow(
    "mailbox",
    take=Voicemail(mailbox=Word("team"), done=NextNode("left"), nothing=NextNode("bye")),
    left=Hangup(reason=Ending.VOICEMAIL),
    bye=Hangup(),
)
TO_MAILBOX = Target(to=Overflow.FLOW, name="mailbox")


def exits(center: Center) -> list[tuple[str, QueueExit]]:
    return [(fact.queue, fact.exit) for fact in center.all(QueueLeft)]


# -- at the door -------------------------------------------------------------------------------------------------------


def test_a_full_queue_sends_the_next_caller_on() -> None:
    center = Center(queue("a", max_waiting=2, overflow=to_queue("b")), queue("b"))
    calls = [center.call("a") for _ in range(3)]
    assert [call.queue for call in calls] == ["a", "a", "b"]
    assert exits(center) == [("a", QueueExit.FULL)]


def test_a_draining_queue_takes_nobody_new_and_serves_those_who_wait() -> None:
    center = Center(queue("a", overflow=to_queue("b")), queue("b"))
    waits = center.call("a")
    assert drain(center, "a", True) == ""
    assert center.all(QueueDraining)[-1].draining
    goes_on = center.call("a")
    assert (waits.queue, goes_on.queue) == ("a", "b")
    assert exits(center) == [("a", QueueExit.DRAINED)]
    assert drain(center, "a", False) == ""
    assert center.call("a").queue == "a"
    assert drain(center, "c", True) == "there is no queue c"


def drain(center: Center, name: str, draining: bool) -> str:
    return center.ask(DrainRequested(request=center.request(), queue=QueueName(name), draining=draining, by="sue"))


def test_a_closed_queue_takes_nobody() -> None:
    closed = queue("a", hours=OFFICE.name, at_close=to_queue("b"))
    center = Center(closed, queue("b"), calendars=[OFFICE], start=NINE - 1)
    assert center.call("a").queue == "b"
    center.passes(1.0)
    assert center.call("a").queue == "a"


def test_a_closed_queue_without_a_way_out_for_closing_uses_the_one_for_overflow() -> None:
    center = Center(queue("a", hours=OFFICE.name), calendars=[OFFICE])
    call = center.call("a")
    assert call.end_reason is EndReason.CLOSED
    assert exits(center) == [("a", QueueExit.CLOSED)]


def test_a_queue_for_which_nobody_works_sends_callers_on() -> None:
    center = Center(queue("a", "x", no_agents=to_queue("b")), queue("b"))
    ann = center.agent("ann", x=1)
    ann.pauses()
    assert center.call("a").queue == "a"  # who is paused is at work
    ann.logs_out()
    assert center.call("a").queue == "b"


def test_a_contact_that_queues_send_on_for_ever_is_let_go() -> None:
    a = queue("a", "x", no_agents=to_queue("b"))
    center = Center(a, queue("b", "x", no_agents=to_queue("a")))
    call = center.call("a")
    assert call.end_reason is EndReason.REFUSED
    assert len(exits(center)) == HOPS_MAX + 1
    assert "more than" in center.all(Surprise)[-1].what


# -- while it waits ----------------------------------------------------------------------------------------------------


def test_needs_are_relaxed_step_by_step() -> None:
    steps = (RelaxStep(after_s=10.0, needs=need("x >= 2")), RelaxStep(after_s=30.0, needs=need("")))
    center = Center(queue("a", "x >= 4", relax=steps))
    ann, bob = center.agent("ann", x=2), center.agent("bob")
    call = center.call("a")
    assert call.rung == []
    center.passes(10.0)
    assert call.rung == ["ann"]
    ann.declines()
    center.passes(20.0)
    assert call.rung == ["bob"]
    assert [(fact.needs, fact.waited_s) for fact in center.all(NeedsRelaxed)] == [("x >= 2", 10.0), ("", 30.0)]
    assert bob.is_rung


def test_whose_longest_wait_is_over_goes_where_the_queue_says() -> None:
    center = Center(queue("a", max_wait_s=20.0, overflow=to_queue("b")), queue("b"))
    call = center.call("a")
    center.passes(19.9)
    assert call.queue == "a"
    center.passes(0.2)
    assert call.queue == "b"
    assert exits(center) == [("a", QueueExit.TIMED_OUT)]


def test_overflow_goes_from_queue_to_queue_and_keeps_the_place() -> None:
    center = Center(
        queue("a", "x", max_wait_s=10.0, overflow=to_queue("b")),
        queue("b", "x", max_wait_s=10.0, overflow=to_queue("c")),
        queue("c", "y"),
    )
    early = center.call("a")
    center.passes(5.0)
    late = center.call("c")
    center.passes(20.0)
    assert (early.queue, late.queue) == ("c", "c")
    center.agent("ann", y=1)
    assert early.rung == ["ann"]
    assert center.all(ContactOffered)[-1].queue == "c"


def test_a_phone_that_rings_may_be_answered_after_the_longest_wait() -> None:
    center = Center(queue("a", max_wait_s=5.0, offer_timeout_s=20.0))
    ann = center.agent("ann")
    call = center.call("a")
    center.passes(10.0)
    ann.answers()
    assert call.state is ContactState.CONNECTED


def test_a_phone_that_is_not_answered_after_the_longest_wait_was_the_last() -> None:
    center = Center(queue("a", max_wait_s=5.0, offer_timeout_s=20.0, overflow=to_queue("b")), queue("b"))
    center.agent("ann")
    call = center.call("a")
    center.passes(20.0)
    assert call.queue == "b"


def test_who_waits_at_closing_time_goes_where_the_queue_says() -> None:
    center = Center(
        queue("a", hours=OFFICE.name, at_close=to_queue("b")), queue("b"), calendars=[OFFICE], start=FIVE - 60.0
    )
    call = center.call("a")
    center.passes(59.0)
    assert call.queue == "a"
    center.passes(1.0)
    assert call.queue == "b"
    assert exits(center) == [("a", QueueExit.CLOSED)]


def test_hours_that_end_while_nobody_is_there_to_see_it_are_seen_to_afterwards() -> None:
    a = queue("a", hours=OFFICE.name, at_close=to_queue("b"))
    center = Center(a, queue("b"), calendars=[OFFICE], start=FIVE - 60.0)
    call = center.call("a")
    center.passes(58.0)
    center.restarts(away_s=5.0)
    assert call.queue == "b"
    assert exits(center) == [("a", QueueExit.CLOSED)]
    center.told_again()


def test_who_waits_at_closing_time_is_still_served_if_the_queue_says_nothing() -> None:
    center = Center(queue("a", hours=OFFICE.name), calendars=[OFFICE], start=FIVE - 60.0)
    call = center.call("a")
    center.passes(600.0)
    center.agent("ann")
    assert call.rung == ["ann"]


def test_who_comes_back_in_line_after_closing_time_is_sent_on() -> None:
    a = queue("a", hours=OFFICE.name, at_close=to_queue("b"), offer_timeout_s=20.0)
    center = Center(a, queue("b", "nobody"), calendars=[OFFICE], start=FIVE - 10.0)
    center.agent("ann")
    call = center.call("a")
    center.passes(15.0)
    assert call.state is ContactState.OFFERED
    center.passes(5.0)
    assert call.queue == "b"


def test_a_queue_opens_and_closes_every_day() -> None:
    center = Center(queue("a", hours=OFFICE.name), calendars=[OFFICE], start=NINE - 60.0)
    for _ in range(3):
        center.passes(60.0)
        assert center.call("a").is_live
        center.passes(8 * 3600.0)
        assert center.call("a").end_reason is EndReason.CLOSED
        center.passes(16 * 3600.0 - 60.0)


@pytest.mark.parametrize("while_", ["waiting", "ringing", "announcing"])
def test_when_the_last_who_could_serve_goes_home_the_caller_is_sent_on(while_: str) -> None:
    announced = Prompt(name="recorded")
    a = queue("a", "x", no_agents=to_queue("b"), connect_announcement=announced)
    center = Center(a, queue("b", "nobody"))
    ann = center.agent("ann", x=1)
    call = center.call("a")
    match while_:
        case "waiting":
            ann.declines(LegEnd.BUSY)
            ann.logs_out()
        case "ringing":
            ann.logs_out()
        case _:
            ann.answers()
            ann.logs_out()
            assert call.state is ContactState.CONNECTING
            ann.hangs_up()
    assert call.queue == "b"
    assert exits(center)[-1] == ("a", QueueExit.NO_AGENTS)


def test_an_agent_who_goes_before_the_talk_leaves_all_of_the_queues_deadlines_as_they_were() -> None:
    a = queue(
        "a",
        "x",
        connect_announcement=Prompt(name="recorded"),
        max_wait_s=40.0,
        overflow=to_queue("b"),
        relax=(RelaxStep(after_s=20.0, needs=need("y")),),
        announce=Announcements(every_s=5.0, comfort=Prompt(name="please_hold")),
    )
    center = Center(a, queue("b", "nobody"))
    ann = center.agent("ann", x=1)
    call = center.call("a")
    ann.answers()
    center.passes(1.0)
    ann.hangs_up()
    ann.pauses()
    assert call.state is ContactState.WAITING
    center.passes(10.0)
    assert [command.prompts for command in center.all(PlayPrompts)][-1] == ("please_hold",)
    center.passes(10.0)
    assert call.record.needs == need("y")
    center.passes(20.0)
    assert call.queue == "b"


# -- where it goes -----------------------------------------------------------------------------------------------------


def overflowing(target: Target, **more: Any) -> Center:
    return Center(queue("a", max_wait_s=5.0, overflow=target, **more), flows=[MAILBOX], forward_to=("09[0-9]+",))


def test_overflow_to_a_mailbox_takes_a_message_without_music_beneath() -> None:
    center = overflowing(TO_MAILBOX)
    center.call("a")
    center.passes(5.0)
    kinds = [type(output) for output in center.last if isinstance(output, (StopMusic, RecordMessage))]
    assert kinds == [StopMusic, RecordMessage]


def test_overflow_to_a_number_calls_it_with_music() -> None:
    center = overflowing(TO_NUMBER)
    call = center.call("a")
    center.passes(5.0)
    [dial] = center.all(DialNumber)
    assert dial.number == "0901234567"
    assert call.record.music
    center.passes(60.0)
    assert call.end_reason is EndReason.REFUSED


def test_overflow_to_a_number_that_may_not_be_called_ends_the_call_and_says_so() -> None:
    center = overflowing(Target(to=Overflow.NUMBER, name="0066"))
    call = center.call("a")
    center.passes(5.0)
    assert call.end_reason is EndReason.REFUSED
    assert center.all(Surprise)[-1].what == "forwarding to '0066' is not allowed"


def test_overflow_to_nowhere_ends_the_call() -> None:
    center = overflowing(HANG_UP)
    call = center.call("a")
    center.passes(5.0)
    assert call.end_reason is EndReason.REFUSED
    assert call.summary.wait_s == 5.0


def test_a_flow_may_send_a_caller_back_to_a_queue_with_another_priority() -> None:
    again = flow("again", go=Enqueue(queue=QueueName("a"), priority=90, needs=need("y")))
    center = Center(queue("a", "x", max_wait_s=5.0, overflow=Target(to=Overflow.FLOW, name="again")), flows=[again])
    call = center.call("a")
    since = call.record.since
    center.passes(5.0)
    assert (call.record.priority, call.record.needs, call.record.since) == (90, need("y"), since)


# -- what it hears -----------------------------------------------------------------------------------------------------

POSITION, WAIT, HOLD = Prompt(name="position"), Prompt(name="wait"), Prompt(name="please_hold")


def announcing(**more: Any) -> Queue:
    announce = Announcements(first_after_s=5.0, every_s=10.0, position=POSITION, wait=WAIT, comfort=HOLD)
    return queue("a", announce=announce, **more)


def test_a_place_is_told_when_it_is_better_than_before() -> None:
    center = Center(announcing())
    first, second = center.call("a"), center.call("a")
    center.passes(5.0)
    said = [(command.prompts, dict(command.variables)["position"]) for command in center.all(PlayPrompts)]
    assert said == [(("position", "please_hold"), "1"), (("position", "please_hold"), "2")]
    for call in (first, second):
        call.hears_it_out()
    center.passes(10.0)
    assert [command.prompts for command in center.all(PlayPrompts)[2:]] == [("please_hold",), ("please_hold",)]
    second.hears_it_out()
    first.hangs_up()
    center.passes(10.0)
    [said_now] = center.all(PlayPrompts)[4:]
    assert (said_now.prompts, dict(said_now.variables)["position"]) == (("position", "please_hold"), "1")


def test_between_announcements_there_is_music() -> None:
    center = Center(announcing(music="jazz"))
    call = center.call("a")
    assert center.all(StartMusic)[-1].music == "jazz"
    center.passes(5.0)
    assert center.lately(StopMusic)
    assert not call.record.music
    call.hears_it_out()
    assert center.lately(StartMusic)
    center.passes(10.0)
    assert len(center.all(PlayPrompts)) == 2


def test_an_announcement_is_not_spoken_into_another() -> None:
    center = Center(announcing())
    center.call("a")
    center.passes(60.0)
    assert len(center.all(PlayPrompts)) == 1


def test_an_announcement_that_cannot_be_played_counts_as_played() -> None:
    center = Center(announcing())
    center.call("a")
    center.passes(5.0)
    [said] = center.all(PlayPrompts)
    center.fails(said, TransportFault.REFUSED)
    assert center.lately(StartMusic)
    center.tell(PlaybackEnded(playback=said.playback))
    assert center.last == []


def test_another_queues_music_begins_when_the_announcement_of_the_first_has_ended() -> None:
    a = announcing(music="jazz", max_wait_s=6.0, overflow=to_queue("b"))
    center = Center(a, queue("b", music="rock"))
    call = center.call("a")
    center.passes(7.0)
    assert call.queue == "b"
    assert [command.music for command in center.all(StartMusic)] == ["jazz"]
    call.hears_it_out()
    assert [command.music for command in center.all(StartMusic)] == ["jazz", "rock"]


def test_another_queues_music_takes_the_place_of_the_first() -> None:
    center = Center(queue("a", music="jazz", max_wait_s=6.0, overflow=to_queue("b")), queue("b", music="rock"))
    center.call("a")
    center.passes(6.0)
    assert [command.music for command in center.all(StartMusic)] == ["jazz", "rock"]


def test_no_estimate_without_anybody_to_learn_from_or_at_work() -> None:
    center = Center(queue("a"))
    view = {one.name: one for one in center.engine.view(center.now).queues}
    assert view[QueueName("a")].estimated_wait_s is None
    ann = center.agent("ann")
    center.call("a")
    ann.answers()
    center.passes(60.0)
    ann.hangs_up()
    [row] = center.engine.view(center.now).queues
    assert (row.estimated_wait_s, row.wait_doubt) == (0.0, "fewer than 30 calls have been learnt from")
    ann.logs_out()
    [row] = center.engine.view(center.now).queues
    assert row.estimated_wait_s is None


def test_flow_targets_of_a_queue_are_listed() -> None:
    assert queue("a", overflow=TO_MAILBOX).flow_targets() == (FlowName("mailbox"),)
