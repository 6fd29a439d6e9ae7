"""Another version of the configuration while people wait, choose and talk: nobody is lost."""

import dataclasses

import pytest

from callcenter.core.engine import Engine
from callcenter.core.snapshot import take_snapshot, versions_of
from callcenter.errors import Bug
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.commands import PlayPrompts, StartMusic
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, EndReason, QueueExit
from callcenter.model.events import ConfigurationApplied, DrainRequested, EngineStarted
from callcenter.model.facts import (
    ConfigurationChanged,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    QueueDraining,
    QueueLeft,
    RulesChanged,
)
from callcenter.model.flow import Node, Prompt
from callcenter.model.ids import CalendarName, QueueName, RequestId, Version
from callcenter.model.queue import Announcements, Overflow, RelaxStep, Target
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Key, NextNode
from callcenter.nodes.hours import Hours
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from tests.core.center import Center, configured, flow, need, queue, to_queue

SALES, HELP = QueueName("sales"), QueueName("help")


def menu(*queues: str) -> Menu:
    choices = {Key(str(n)): NextNode(name) for n, name in enumerate(queues, 1)}
    return Menu(prompt=Prompt(name="menu"), choices=choices, no_input=NextNode(queues[0]), timeout_s=60.0)


def hotline(*queues: str) -> dict[str, Menu | Enqueue]:
    return {"menu": menu(*queues), **{name: Enqueue(queue=QueueName(name)) for name in queues}}


def test_it_is_said_who_put_what_in_force() -> None:
    center = Center(queue("sales"))
    assert center.applies(queue("sales", priority=70)) == ""
    assert center.all(ConfigurationChanged) == [ConfigurationChanged(version=Version(1), was=Version(0), by="test")]
    assert center.engine.world.version == 1
    center.told_again()


def test_what_is_in_force_already_changes_nothing() -> None:
    center = Center(queue("sales"))
    again = ConfigurationApplied(request=RequestId("again"), version=Version(0))
    assert center.ask(again) == ""
    assert center.all(ConfigurationChanged) == []


def test_a_version_that_nobody_has_put_into_the_library_is_our_bug() -> None:
    center = Center(queue("sales"))
    with pytest.raises(Bug, match="version 7 of the configuration is not in the library"):
        center.tell(ConfigurationApplied(request=RequestId("r"), version=Version(7)))


# -- who waits ---------------------------------------------------------------------------------------------------------


def test_those_who_wait_need_what_the_queue_needs_now() -> None:
    center = Center(queue("sales", "sales"))
    center.agent("ann", support=3)
    call = center.call("sales")
    assert center.applies(queue("sales", "support")) == ""
    assert center.lately(RulesChanged)[0].needs == "support"
    assert center.lately(ContactOffered)[0].contact == call.id
    center.told_again()


def test_needs_that_a_flow_asked_for_stay() -> None:
    special = flow("special", go=Enqueue(queue=SALES, needs=need("vietnamese"), priority=90))
    center = Center(queue("sales", "sales"), flows=(special,))
    call = center.call("special")
    assert center.applies(queue("sales", "support", priority=10), flows=(special,)) == ""
    assert (str(call.record.needs), call.record.priority) == ("vietnamese", 90)


def test_a_priority_of_the_queue_reorders_those_who_wait() -> None:
    center = Center(queue("sales"), queue("help"))
    first, second = center.call("sales"), center.call("help")
    assert center.applies(queue("sales"), queue("help", priority=80)) == ""
    center.agent("ann")
    assert [fact.contact for fact in center.all(ContactOffered)] == [second.id]
    assert first.record.state is ContactState.WAITING
    center.told_again()


def test_relaxation_counts_from_when_the_caller_came() -> None:
    center = Center(queue("sales", "sales >= 5"))
    call = center.call("sales")
    center.passes(50)
    steps = (RelaxStep(after_s=20, needs=need("sales >= 3")), RelaxStep(after_s=70, needs=need("sales")))
    assert center.applies(queue("sales", "sales >= 5", relax=steps)) == ""
    assert (str(call.record.needs), call.record.relaxed) == ("sales >= 3", 1)
    center.passes(20.5)
    assert str(call.record.needs) == "sales"
    assert center.applies(queue("sales", "sales >= 4")) == ""
    assert (str(call.record.needs), call.record.relaxed) == ("sales >= 4", 0)
    center.told_again()


def test_who_has_waited_longer_than_now_allowed_is_sent_on_at_once() -> None:
    center = Center(queue("sales"), queue("help"))
    center.call("sales")
    center.passes(30)
    assert center.applies(queue("sales", max_wait_s=20.0, overflow=to_queue("help")), queue("help")) == ""
    center.passes(0)
    assert [fact.exit for fact in center.all(QueueLeft)] == [QueueExit.TIMED_OUT]
    center.told_again()


def test_a_longest_wait_that_was_lifted_is_no_more() -> None:
    center = Center(queue("sales", max_wait_s=20.0))
    call = center.call("sales")
    center.passes(10)
    assert center.applies(queue("sales")) == ""
    center.passes(60)
    assert call.record.state is ContactState.WAITING


def test_announcements_come_in_their_new_rhythm() -> None:
    def told(every_s: float) -> Announcements:
        return Announcements(every_s=every_s, comfort=Prompt(name="hold"))

    center = Center(queue("sales", announce=told(300.0)))
    center.call("sales")
    center.passes(25)
    assert center.applies(queue("sales", announce=told(20.0))) == ""
    center.passes(14)
    assert center.all(PlayPrompts) == []
    center.passes(2)
    assert len(center.all(PlayPrompts)) == 1
    center.told_again()


def test_the_music_changes_for_who_hears_it() -> None:
    center = Center(queue("sales", music="default"))
    center.call("sales")
    assert center.applies(queue("sales", music="jazz")) == ""
    assert [command.music for command in center.lately(StartMusic)] == ["jazz"]


def test_a_queue_that_is_closed_from_now_on_sends_its_callers_on() -> None:
    never = Calendar(name=CalendarName("never"), timezone="UTC", spans=())
    center = Center(queue("sales"))
    center.call("sales")
    closed = queue("sales", hours=never.name, at_close=Target(to=Overflow.HANG_UP))
    assert center.applies(closed, calendars=(never,)) == ""
    assert [fact.reason for fact in center.lately(ContactEnded)] == [EndReason.CLOSED]
    center.told_again()


def test_new_hours_end_when_they_say() -> None:
    spans = (OpenSpan(weekday=0, start_min=0, end_min=8 * 60 + 10),)  # it is eight o'clock, on a Monday
    early = Calendar(name=CalendarName("early"), timezone="UTC", spans=spans)
    center = Center(queue("sales"))
    center.call("sales")
    closing = queue("sales", hours=early.name, at_close=Target(to=Overflow.HANG_UP))
    assert center.applies(closing, calendars=(early,)) == ""
    center.passes(599)
    assert center.all(ContactEnded) == []
    center.passes(2)
    assert [fact.reason for fact in center.all(ContactEnded)] == [EndReason.CLOSED]


def test_who_waits_for_nobody_is_sent_on_if_the_queue_says_so_now() -> None:
    center = Center(queue("sales"), queue("help"))
    center.call("sales")
    assert center.applies(queue("sales", no_agents=to_queue("help")), queue("help")) == ""
    assert [fact.exit for fact in center.lately(QueueLeft)] == [QueueExit.NO_AGENTS]


def test_a_phone_that_rings_goes_on_ringing() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    assert center.applies(queue("sales", wrap_up_s=30.0, strategy="ring_all")) == ""
    assert call.record.state is ContactState.OFFERED
    ann.answers()
    assert center.lately(ContactConnected)[0].contact == call.id
    call.hangs_up()
    assert ann.record.state == "wrap_up"  # by the rules that hold when the talk ends
    center.told_again()


# -- a queue that goes -------------------------------------------------------------------------------------------------


def test_a_queue_in_which_somebody_waits_cannot_be_taken_away() -> None:
    center = Center(queue("sales"), queue("help"))
    call = center.call("sales")
    problem = center.applies(queue("help"))
    assert problem == (
        "queue sales is not there any more, and 1 caller waits in it: drain it first (callcenter queues drain sales) "
        "and apply when it is empty"
    )
    assert (center.engine.world.version, call.record.state) == (0, ContactState.WAITING)
    assert center.engine.why_not(center.configuration) == ""
    call.hangs_up()
    assert center.ask(ConfigurationApplied(request=RequestId("again"), version=Version(1))) == ""
    center.told_again()


def test_a_talk_goes_on_when_its_queue_goes_and_ends_by_its_rules() -> None:
    center = Center(queue("sales", wrap_up_s=12.0), queue("help"))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    assert center.applies(queue("help")) == ""
    call.hangs_up()
    assert ann.record.state == "wrap_up"
    center.passes(13)
    assert ann.record.state == "ready"
    center.told_again()


def test_a_queue_that_goes_takes_its_draining_with_it() -> None:
    center = Center(queue("sales"), queue("help"))
    assert center.ask(_drained("sales")) == ""
    assert center.all(QueueDraining)
    assert center.applies(queue("help")) == ""
    assert center.engine.world.draining == set()
    assert center.applies(queue("sales")) == ""
    center.told_again()


# -- who is in a flow --------------------------------------------------------------------------------------------------


def test_a_call_ends_its_flow_as_it_began_it() -> None:
    center = Center(queue("sales"), queue("help"), flows=(flow("hotline", **hotline("sales", "help")),))
    call = center.call("hotline")
    turned = flow("hotline", **hotline("help", "sales"))
    assert center.applies(queue("sales"), queue("help"), flows=(turned,)) == ""
    call.presses("1")
    assert call.record.queue == SALES
    later = center.call("hotline")
    later.presses("1")
    assert later.record.queue == HELP
    center.told_again()


def test_a_call_in_a_flow_that_is_no_more_still_comes_to_its_queue_that_is_no_more() -> None:
    center = Center(queue("sales", wrap_up_s=5.0), queue("help"), flows=(flow("hotline", **hotline("sales")),))
    call = center.call("hotline")
    assert center.applies(queue("help")) == ""
    call.presses("1")
    assert (call.record.queue, call.record.version) == (SALES, 0)
    assert center.applies(queue("help", priority=60)) == ""  # which has no say in a queue that had gone before
    center.told_again()
    center.restarts()
    ann = center.agent("ann")
    ann.answers()
    assert call.record.state is ContactState.CONNECTED
    call.hangs_up()
    assert [fact.queue for fact in center.all(QueueLeft)] == [SALES]
    assert "sales" not in center.engine.world.queued
    center.told_again()


def test_a_queue_that_comes_back_takes_over_who_waits_in_its_old_self() -> None:
    center = Center(queue("sales"), queue("help"), flows=(flow("hotline", **hotline("sales")),))
    call = center.call("hotline")
    assert center.applies(queue("help")) == ""
    call.presses("1")
    assert center.applies(queue("sales", priority=77), queue("help")) == ""
    assert (call.record.priority, call.record.version) == (77, 2)
    center.told_again()


def test_who_waits_in_a_queue_that_is_no_more_goes_when_its_hours_end_also_after_a_restart() -> None:
    spans = (OpenSpan(weekday=0, start_min=0, end_min=8 * 60 + 10),)  # it is eight o'clock, on a Monday
    early = Calendar(name=CalendarName("early"), timezone="UTC", spans=spans)
    old = queue("sales", hours=early.name, at_close=to_queue("help"))
    center = Center(old, queue("help"), flows=(flow("hotline", **hotline("sales")),), calendars=(early,))
    gone, served = center.call("hotline"), center.call("hotline")
    assert center.applies(queue("help", "support")) == ""
    gone.presses("1")
    served.presses("1")
    ann = center.agent("ann")
    assert gone.rung == ["ann"]
    ann.answers()
    gone.hangs_up()
    center.passes(599.0)
    assert served.record.queue == SALES
    center.told_again()
    center.restarts(away_s=5.0)
    assert [(fact.contact, fact.exit) for fact in center.lately(QueueLeft)] == [(served.id, QueueExit.CLOSED)]
    assert served.record.queue == HELP
    assert "sales" not in center.engine.world.queued
    center.told_again()


def test_the_hours_of_an_old_flow_are_asked_of_its_own_calendar() -> None:
    always = Calendar(
        name=CalendarName("always"),
        timezone="UTC",
        spans=tuple(OpenSpan(weekday=day, start_min=0, end_min=1440) for day in range(7)),
    )
    nodes: dict[str, Node] = {
        "hello": Play(prompt=Prompt(name="hello"), next=NextNode("hours")),
        "hours": Hours(calendar=always.name, open=NextNode("sales"), closed=NextNode("help")),
        "sales": Enqueue(queue=SALES),
        "help": Enqueue(queue=HELP),
    }
    center = Center(queue("sales"), queue("help"), flows=(flow("hotline", **nodes),), calendars=(always,))
    call = center.call("hotline")
    assert center.applies(queue("sales"), queue("help")) == ""
    call.hears_it_out()
    assert call.record.queue == SALES


# -- restarts ----------------------------------------------------------------------------------------------------------


def test_a_snapshot_says_which_versions_it_needs() -> None:
    center = Center(queue("sales"), flows=(flow("hotline", **hotline("sales")),))
    center.call("hotline")
    assert center.applies(queue("sales")) == ""
    center.call("sales")
    assert versions_of(take_snapshot(center.engine)) == (0, 1)
    with pytest.raises(Bug, match="cannot be read"):
        versions_of(b"junk")


def test_a_run_may_begin_with_another_version() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    call.hangs_up()
    world = center.engine.world
    world.library[Version(1)] = dataclasses.replace(center.configuration)
    center.tell(EngineStarted(namespace="another1", build="test", version=Version(1)))
    assert world.version == 1
    center.told_again()


def test_a_new_engine_has_the_version_of_its_first_run_from_the_beginning() -> None:
    first, second = configured(queue("sales")), configured(queue("help"))
    engine = Engine(first, library={Version(7): second})
    assert engine.handle(EngineStarted(namespace="firstone", build="test", version=Version(7)), 100.0) == []
    assert (engine.world.version, engine.world.configuration) == (7, second)


def test_a_run_that_is_told_to_begin_without_a_queue_in_which_somebody_waits_keeps_the_old_version() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    world = center.engine.world
    world.library[Version(1)] = Configuration()
    center.tell(EngineStarted(namespace="another1", build="test", version=Version(1)))
    assert (world.version, call.record.state) == (0, ContactState.WAITING)


def _drained(name: str) -> DrainRequested:
    return DrainRequested(request=RequestId("drain"), queue=QueueName(name), draining=True)
