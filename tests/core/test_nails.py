"""Phones that are nailed up: called once, joined at once, given back, lost, adopted."""

from typing import Any, Final

import pytest

from callcenter.core.control import KEYS_WITHIN_S
from callcenter.core.nails import CALL_AGAIN_S, HUNG_UP, LOST, RING_S, TONE_S, lane_of
from callcenter.model.agent import AgentState, AgentStatus, NailState, PhoneRules, PhoneState
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    MuteLeg,
    OpenBridge,
    PlayTone,
    RingAgent,
    RingPhone,
    Snoop,
    StartMusic,
    StopPlayback,
)
from callcenter.model.contact import ContactState, EndReason, LegEnd, Medium, OfferEnd, TransportFault
from callcenter.model.control import ConsultAct, TransferTo
from callcenter.model.events import (
    ConsultActRequested,
    ConsultRequested,
    DigitPressed,
    HoldRequested,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegSilent,
    MuteRequested,
    Stopping,
)
from callcenter.model.facts import (
    AgentLost,
    ContactConnected,
    ContactQueued,
    OfferEnded,
    PhoneNailed,
    Surprise,
    TalkEnded,
)
from callcenter.model.flow import Prompt
from callcenter.model.ids import LegId
from callcenter.model.queue import Overflow, Target
from callcenter.nodes.hangup import Hangup
from tests.core.center import Ann, Call, Center, flow, queue, to_queue

NAILED: Final = PhoneRules(nailed=True)


def center(**rules: Any) -> tuple[Center, Ann]:
    made = Center(queue("sales", **rules))
    return made, made.agent("ann", phone=NAILED)


def is_home(one: Center, ann: Ann) -> bool:
    """Where the commands have sent her: her own bridge, at last."""
    nail = ann.record.nail
    joins = [join for join in one.all(JoinBridge) if join.leg == ann.line]
    return nail is not None and joins[-1].bridge == nail.bridge


# -- the line ----------------------------------------------------------------------------------------------------------


def test_her_phone_is_called_when_she_is_available_and_she_is_ready_when_it_is_up() -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.phone(PhoneState.REACHABLE)
    assert one.all(RingPhone) == []
    ann.logs_in()
    [ring] = one.all(RingPhone)
    assert (ring.contact, ring.number) == (lane_of(ann.id), "n-ann")
    assert ann.is_in(AgentState.NOT_READY)
    assert one.engine.world.agents.why_not_free(ann.record, Medium.VOICE, one.now) == "her phone is not connected yet"
    ann.takes_the_line()
    assert ann.is_in(AgentState.READY)
    assert is_home(one, ann)
    one.told_again()


def test_a_phone_that_registers_later_is_called_then() -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.logs_in()
    assert one.all(RingPhone) == []
    ann.phone(PhoneState.REACHABLE)
    assert len(one.all(RingPhone)) == 1


def test_a_feature_code_logs_her_in_and_her_phone_is_called_when_it_is_free() -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.phone(PhoneState.REACHABLE)
    code = one.call("sales", caller="n-ann", agent=ann)
    ann.logs_in()
    assert one.all(RingPhone) == []
    code.hangs_up()
    assert len(one.all(RingPhone)) == 1


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (LegEnd.NORMAL, "phone_rejected"),
        (LegEnd.REJECTED, "phone_rejected"),
        (LegEnd.BUSY, "phone_busy"),
        (LegEnd.NO_ANSWER, "phone_no_answer"),
    ],
)
def test_who_does_not_take_it_is_not_ready_until_she_says_so(how: LegEnd, why: str) -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.phone(PhoneState.REACHABLE)
    ann.logs_in()
    ann.drops_the_line(how)
    assert (ann.record.status, ann.record.reason, ann.state) == (AgentStatus.PAUSED, why, AgentState.NOT_READY)
    one.passes(600.0)
    assert len(one.all(RingPhone)) == 1
    ann.is_ready()
    assert len(one.all(RingPhone)) == 2


def test_a_phone_that_rings_for_long_is_let_be() -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.phone(PhoneState.REACHABLE)
    ann.logs_in()
    leg = ann.line
    one.passes(RING_S + 1)
    assert HangUp(contact=lane_of(ann.id), leg=leg, end=LegEnd.CANCELLED) in one.outputs
    assert ann.record.reason == "phone_no_answer"
    assert one.tell(LegAnswered(leg=leg)) == [HangUp(contact="-", leg=leg, end=LegEnd.CANCELLED)]  # type: ignore[arg-type]


def test_a_phone_that_cannot_be_called_by_no_fault_of_hers_is_called_again() -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.phone(PhoneState.REACHABLE)
    ann.logs_in()
    [ring] = one.all(RingPhone)
    one.fails(ring, TransportFault.UNAVAILABLE)
    assert (ann.record.status, ann.record.nail) == (AgentStatus.AVAILABLE, None)
    one.passes(CALL_AGAIN_S + 1)
    assert len(one.all(RingPhone)) == 2
    ann.drops_the_line(LegEnd.UNREACHABLE)
    one.passes(CALL_AGAIN_S + 1)
    ann.takes_the_line()
    assert ann.is_in(AgentState.READY)
    one.told_again()


def test_a_pause_keeps_the_line_and_going_home_ends_it() -> None:
    one, ann = center()
    line = ann.line
    ann.pauses()
    assert ann.line == line
    ann.logs_out()
    assert one.lately(HangUp) == [HangUp(contact=lane_of(ann.id), leg=line)]
    assert len(one.lately(CloseBridge)) == 1
    assert one.engine.world.nailed == {}


def test_she_finishes_her_call_before_the_line_ends() -> None:
    one, ann = center()
    call, line = one.call("sales"), ann.line
    ann.logs_out()
    assert (call.state, one.lately(HangUp)) == (ContactState.CONNECTED, [])
    call.hangs_up()
    assert HangUp(contact=lane_of(ann.id), leg=line) in one.last


def test_rules_that_change_make_it_ring_for_each_call_again_and_back() -> None:
    one, ann = center()
    one.save("ann")
    assert one.engine.world.nailed == {}
    one.call("sales").hangs_up()
    assert len(one.all(RingAgent)) == 1
    one.save("ann", phone=NAILED)
    ann.takes_the_line()
    assert one.call("sales").state is ContactState.CONNECTED


def test_at_another_number_she_is_called_there() -> None:
    one, ann = center()
    old = ann.line
    one.save("ann", number="777", phone=NAILED)
    assert HangUp(contact=lane_of(ann.id), leg=old) in one.last
    ann.phone(PhoneState.REACHABLE)
    [ring] = one.lately(RingPhone)
    assert ring.number == "777"


def test_the_end_of_the_center_ends_it() -> None:
    one, ann = center()
    line = ann.line
    one.tell(Stopping())
    assert HangUp(contact=lane_of(ann.id), leg=line) in one.last


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_call_is_joined_in_the_turn_in_which_it_comes() -> None:
    one, ann = center()
    call = one.call("sales")
    assert (call.state, ann.state) == (ContactState.CONNECTED, AgentState.ON_CONTACT)
    assert one.all(RingAgent) == []
    [ended] = one.all(OfferEnded)
    assert (ended.end, ended.rang_s, ended.leg) == (OfferEnd.ACCEPTED, 0.0, ann.line)
    [connected] = one.all(ContactConnected)
    assert (connected.leg, connected.waited_s) == (ann.line, 0.0)
    assert one.lately(StartMusic) == [], "nobody would hear it"
    one.told_again()


def test_the_line_stays_when_the_caller_has_hung_up_and_has_the_next_one_at_once() -> None:
    one, ann = center()
    first, line = one.call("sales"), ann.line
    second = one.call("sales")
    assert second.state is ContactState.WAITING
    first.hangs_up()
    assert (second.state, ann.line) == (ContactState.CONNECTED, line)
    second.hangs_up()
    assert is_home(one, ann)
    assert [hung.leg for hung in one.all(HangUp) if hung.leg == line] == []
    assert [talk.leg for talk in one.all(TalkEnded)] == [line, line]


def test_with_a_wrap_up_she_is_at_home_meanwhile() -> None:
    one, ann = center(wrap_up_s=10.0)
    one.call("sales").hangs_up()
    assert (ann.state, is_home(one, ann)) == (AgentState.WRAP_UP, True)
    one.passes(11.0)
    assert one.call("sales").state is ContactState.CONNECTED


def test_she_hears_a_tone_that_nobody_else_hears() -> None:
    one, ann = center()
    one.call("sales")
    [ear] = one.lately(Snoop)
    assert (ear.at, ear.whispers, ear.contact) == (ann.line, True, lane_of(ann.id))
    one.tell(LegAnswered(leg=ear.leg))
    [tone] = one.lately(PlayTone)
    assert ann.record.nail is not None
    assert tone.bridge == ann.record.nail.bridge, "the bridge that she has just left"
    one.passes(TONE_S + 0.1)
    assert HangUp(contact=lane_of(ann.id), leg=ear.leg) in one.outputs
    assert StopPlayback(contact=lane_of(ann.id), playback=tone.playback) in one.outputs
    one.told_again()


def test_a_talk_that_is_shorter_than_the_tone_ends_both() -> None:
    one, _ = center()
    call = one.call("sales")
    [ear] = one.lately(Snoop)
    call.hangs_up()
    assert any(hung.leg == ear.leg for hung in one.lately(HangUp)), "at home she would hear herself"
    assert one.tell(LegEnded(leg=ear.leg, end=LegEnd.NORMAL)) == []


def test_she_waits_at_home_while_the_caller_is_told_something() -> None:
    one, ann = center(connect_announcement=Prompt(name="recorded"))
    call = one.call("sales")
    assert (call.state, is_home(one, ann)) == (ContactState.CONNECTING, True)
    assert (one.lately(Snoop), len(one.lately(PlayTone))) == ([], 1), "she is at home: no ear is needed"
    call.hears_it_out()
    assert call.is_in(ContactState.CONNECTED)


def test_all_ring_means_the_first_of_those_who_are_connected() -> None:
    one = Center(queue("sales", strategy="ring_all"))
    ann, bob = one.agent("ann", phone=NAILED), one.agent("bob", phone=NAILED)
    one.call("sales")
    assert sorted(fact.end for fact in one.all(OfferEnded)) == [OfferEnd.ACCEPTED, OfferEnd.RESCINDED]
    assert {ann.state, bob.state} == {AgentState.ON_CONTACT, AgentState.READY}


def test_muted_in_one_call_she_is_heard_in_the_next() -> None:
    one, ann = center()
    call = one.call("sales")
    assert one.ask(MuteRequested(request=one.request(), contact=call.id, muted=True)) == ""
    call.hangs_up()
    assert MuteLeg(contact=call.id, leg=ann.line, muted=False) in one.last


def test_a_caller_who_goes_while_she_is_on_hold_leaves_her_at_home() -> None:
    one, ann = center()
    call = one.call("sales")
    assert one.ask(HoldRequested(request=one.request(), contact=call.id, held=True)) == ""
    call.hangs_up()
    assert is_home(one, ann)


def test_called_aside_she_is_there_at_once_and_back_home_afterwards() -> None:
    one = Center(queue("sales", "sales"))
    ann, bob = one.agent("ann", sales=3), one.agent("bob", phone=NAILED)
    call = one.call("sales")
    ann.answers()
    wish = ConsultRequested(request=one.request(), contact=call.id, to=TransferTo.AGENT, name="bob")
    assert one.ask(wish) == ""
    contact = one.engine.world.contacts[call.id]
    assert contact.consult is not None
    assert contact.consult.up is not None
    assert bob.is_in(AgentState.ON_CONTACT)
    drop = ConsultActRequested(request=one.request(), contact=call.id, act=ConsultAct.DROP)
    assert one.ask(drop) == ""
    assert (bob.state, is_home(one, bob)) == (AgentState.READY, True)
    one.told_again()


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "why"), [(LegEnd.NORMAL, HUNG_UP), (LegEnd.FAILED, LOST)])
def test_a_line_that_drops_in_a_talk_keeps_the_caller_first_in_line(how: LegEnd, why: str) -> None:
    one, ann = center()
    call = one.call("sales", caller="0901")
    one.passes(30.0)
    later = one.call("sales", caller="0902")
    ann.drops_the_line(how)
    assert (call.state, later.state) == (ContactState.WAITING, ContactState.WAITING)
    assert (ann.record.status, ann.record.reason) == (AgentStatus.PAUSED, why)
    assert one.lately(PhoneNailed)[-1].why == why
    queued = one.all(ContactQueued)
    assert queued[-1].since == queued[0].since, "in the place that she had"
    bob = one.agent("bob")
    bob.answers()
    assert (call.state, later.state) == (ContactState.CONNECTED, ContactState.WAITING)
    one.told_again()


def test_a_line_that_drops_before_the_talk_costs_the_caller_no_place() -> None:
    one, ann = center(connect_announcement=Prompt(name="recorded"))
    call = one.call("sales")
    ann.drops_the_line()
    assert (call.state, ann.record.reason) == (ContactState.WAITING, HUNG_UP)


def test_a_line_that_drops_while_she_waits_is_told() -> None:
    one, ann = center()
    ann.drops_the_line()
    assert (ann.state, ann.record.reason, one.engine.world.nailed) == (AgentState.NOT_READY, HUNG_UP, {})
    assert one.call("sales").state is ContactState.WAITING


def test_a_bridge_that_could_not_be_made_is_made_when_she_needs_it() -> None:
    one, ann = center()
    opened = one.all(OpenBridge)[0]
    call = one.call("sales")
    one.fails(opened, TransportFault.REFUSED)
    call.hangs_up()
    assert one.lately(OpenBridge) == [opened]
    assert is_home(one, ann)


def test_a_way_home_that_fails_is_gone_once_more_and_then_given_up() -> None:
    one, ann = center()
    line = ann.line
    one.call("sales").hangs_up()
    [home] = [join for join in one.lately(JoinBridge) if join.leg == line]
    one.fails(home, TransportFault.REFUSED)
    [again] = one.lately(JoinBridge)
    assert again.contact == lane_of(ann.id)
    one.fails(again, TransportFault.REFUSED)
    assert HangUp(contact=lane_of(ann.id), leg=line) in one.last
    assert (ann.record.reason, len(one.lately(Surprise))) == (LOST, 1)


def test_an_ear_that_cannot_be_had_costs_the_tone_and_no_more() -> None:
    one, ann = center()
    call = one.call("sales")
    [ear] = one.lately(Snoop)
    one.fails(ear, TransportFault.REFUSED)
    assert (call.state, list(one.engine.world.nailed)) == (ContactState.CONNECTED, [ann.line])


# -- another life ------------------------------------------------------------------------------------------------------


def test_after_a_kill_the_line_is_adopted_in_a_talk_and_between_talks() -> None:
    one, ann = center()
    call, line = one.call("sales"), ann.line
    one.restarts()
    assert (call.state, ann.line, one.lately(RingPhone)) == (ContactState.CONNECTED, line, [])
    call.hangs_up()
    assert is_home(one, ann)
    one.restarts(namespace="storythr")
    assert (ann.state, ann.line) == (AgentState.READY, line)
    assert one.call("sales").state is ContactState.CONNECTED


def test_a_line_that_vanished_meanwhile_is_called_anew_and_its_caller_is_kept() -> None:
    one, ann = center()
    call, line = one.call("sales"), ann.line
    one.restarts(listing=one.listing(without=(line,)))
    assert call.state is ContactState.WAITING
    assert ann.record.status is AgentStatus.AVAILABLE, "nobody has said that she put it down"
    assert len(one.lately(RingPhone)) == 1
    ann.takes_the_line()
    assert call.is_in(ContactState.CONNECTED)


def test_a_line_that_was_taken_meanwhile_is_up() -> None:
    one = Center(queue("sales"))
    ann = one.agent("ann", at_work=False, phone=NAILED)
    ann.phone(PhoneState.REACHABLE)
    ann.logs_in()
    one.restarts(listing=one.listing(up=(ann.line,)))
    assert ann.record.nail is not None
    assert (ann.record.nail.state, ann.state) == (NailState.UP, AgentState.READY)


def test_who_is_not_where_she_should_be_is_brought_there() -> None:
    one, ann = center()
    assert ann.record.nail is not None
    home, listing = ann.record.nail.bridge, one.listing()
    astray = type(listing)(legs=listing.legs, bridges=())
    one.restarts(listing=astray)
    assert OpenBridge(contact=lane_of(ann.id), bridge=home) in one.last
    assert JoinBridge(contact=lane_of(ann.id), bridge=home, leg=ann.line) in one.last


# -- phones that ring for each call, and die ---------------------------------------------------------------------------


def talking(**rules: Any) -> tuple[Center, Ann, Call]:
    """A talk on a phone that rang for it."""
    one = Center(queue("sales", **rules), flows=(flow("cut_off", bye=Hangup(prompt=Prompt(name="sorry"))),))
    ann = one.agent("ann")
    call = one.call("sales")
    ann.answers()
    return one, ann, call


def presses(one: Center, leg: LegId, keys: str) -> None:
    for key in keys:
        one.tell(DigitPressed(leg=leg, digit=key))


def test_keys_end_a_talk_on_a_line_that_stays() -> None:
    one = Center(queue("sales"), end_key="*0")
    ann = one.agent("ann", phone=NAILED)
    call, line = one.call("sales"), ann.line
    presses(one, line, "0*1*")
    one.passes(KEYS_WITHIN_S + 1.0)
    presses(one, line, "0")
    assert call.is_in(ContactState.CONNECTED), "not in a row, or too slow"
    presses(one, line, "**0")
    assert (call.end_reason, ann.state) == (EndReason.AGENT_HUNG_UP, AgentState.READY)
    assert (ann.line, is_home(one, ann)) == (line, True)
    later = one.call("sales")
    presses(one, line, "0")
    assert later.is_in(ContactState.CONNECTED)
    one.told_again()


def test_keys_end_a_talk_on_a_phone_that_rings_as_well_and_a_customers_keys_do_not() -> None:
    one = Center(queue("sales"), end_key="#")
    ann, call = one.agent("ann"), one.call("sales")
    ann.answers()
    leg = ann.leg
    presses(one, call.leg, "#")
    assert call.is_in(ContactState.CONNECTED)
    presses(one, leg, "#")
    assert call.end_reason is EndReason.AGENT_HUNG_UP
    assert leg in [out.leg for out in one.lately(HangUp)]
    assert ann.is_in(AgentState.READY)
    one.told_again()


def test_the_keys_leave_the_call_to_who_was_called_in() -> None:
    one = Center(queue("sales"), end_key="*0", forward_to=("028[0-9]+",))
    ann = one.agent("ann", phone=NAILED)
    call, line = one.call("sales"), ann.line
    one.ask(ConsultRequested(request=one.request(), contact=call.id, to=TransferTo.NUMBER, name="0281234"))
    consult = call.record.consult
    assert consult is not None
    one.tell(LegAnswered(leg=consult.leg))
    presses(one, line, "*0")
    assert (call.state, ann.state) == (ContactState.FORWARDED, AgentState.READY)
    assert is_home(one, ann)
    one.told_again()


def test_a_leg_that_ends_while_the_phone_cannot_be_reached_keeps_the_caller() -> None:
    one, ann, call = talking()
    ann.phone(PhoneState.UNREACHABLE)
    assert call.state is ContactState.CONNECTED, "it may be heard all the same"
    one.passes(5.0)
    ann.hangs_up()
    assert (call.state, ann.state) == (ContactState.WAITING, AgentState.NOT_READY)
    [lost] = one.all(AgentLost)
    assert (lost.agent, lost.to, lost.name) == ("ann", "queue", "sales")
    assert one.all(TalkEnded)[0].talk_s == 5.0
    queued = one.all(ContactQueued)
    assert queued[-1].since == queued[0].since
    one.told_again()


def test_a_phone_that_neither_answers_nor_is_heard_is_hung_up_and_its_caller_kept() -> None:
    one, ann, call = talking()
    leg = call.record.agent_leg
    assert leg is not None
    one.tell(LegSilent(leg=leg, silent_s=10.0))
    assert call.state is ContactState.CONNECTED, "a phone that answers may be muted"
    ann.phone(PhoneState.UNREACHABLE)
    one.tell(LegHeld(leg=leg, held=True))
    one.tell(LegSilent(leg=leg, silent_s=10.0))
    assert call.state is ContactState.CONNECTED, "a phone that holds sends nothing"
    one.tell(LegHeld(leg=leg, held=False))
    one.tell(LegSilent(leg=leg, silent_s=10.0))
    assert (call.state, ann.state) == (ContactState.WAITING, AgentState.NOT_READY)
    assert [hung_up.leg for hung_up in one.all(HangUp)] == [leg]
    assert [(lost.agent, lost.to) for lost in one.all(AgentLost)] == [("ann", "queue")]
    one.tell(LegSilent(leg=leg, silent_s=10.0))
    one.tell(LegEnded(leg=leg, end=LegEnd.NORMAL))
    assert call.is_in(ContactState.WAITING)
    ann.phone(PhoneState.REACHABLE)
    assert call.is_in(ContactState.OFFERED), "her phone is back, and the caller is first in line"
    one.told_again()


def test_who_hangs_up_a_phone_that_is_there_ends_the_call() -> None:
    one, ann, call = talking()
    ann.hangs_up()
    assert (call.end_reason, one.all(AgentLost)) == (EndReason.AGENT_HUNG_UP, [])


def test_a_flow_may_ask_the_caller() -> None:
    one, ann, call = talking(agent_lost=Target(to=Overflow.FLOW, name="cut_off"))
    ann.phone(PhoneState.UNREACHABLE)
    ann.hangs_up()
    assert (call.state, call.record.flow) == (ContactState.IN_FLOW, "cut_off")
    one.told_again()


def test_a_queue_may_let_her_go() -> None:
    _, ann, call = talking(agent_lost=Target(to=Overflow.HANG_UP))
    ann.phone(PhoneState.UNREACHABLE)
    ann.hangs_up()
    assert call.end_reason is EndReason.AGENT_HUNG_UP


def test_another_queue_may_have_her() -> None:
    one = Center(queue("sales", agent_lost=to_queue("care")), queue("care", "care"))
    ann = one.agent("ann")
    call = one.call("sales")
    ann.answers()
    ann.phone(PhoneState.UNREACHABLE)
    ann.hangs_up()
    assert (call.state, call.queue) == (ContactState.WAITING, "care")
