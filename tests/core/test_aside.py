"""What an agent hears alone before a caller: the key that says that she is there, and who it is."""

from typing import Any, Final

import pytest

from callcenter.core.aside import CONFIRM_PROMPT, TOLD_MAX_S
from callcenter.core.failures import COMMAND_RETRY_S
from callcenter.core.legs import CUT_OFF_S
from callcenter.model.agent import AgentState, AgentStatus, PhoneRules
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RingAgent,
    StartMusic,
    StopPlayback,
)
from callcenter.model.contact import ContactState, EndReason, LegEnd, OfferEnd, TransportFault
from callcenter.model.events import DigitPressed, LegAnswered, PlaybackEnded
from callcenter.model.facts import AgentAsked, AgentTold, ContactConnected, ContactEnded, OfferEnded, TalkEnded
from callcenter.model.flow import Prompt
from callcenter.model.ids import LegId, PlaybackId
from callcenter.model.queue import Announcements, MissedOffer, MissedOfferRule, MissedOfferRules
from tests.core.center import Ann, Call, Center, queue

WHO: Final = (Prompt(name="who"), Prompt(name="since"))
RULES: Final = MissedOfferRules(
    not_confirmed=MissedOfferRule(rest_s=44.0), rejected=MissedOfferRule(then=MissedOffer.REST, rest_s=22.0)
)


def asked(phone: PhoneRules | None = None, **rules: Any) -> tuple[Center, Ann, Call]:
    """An agent has answered where a key is wanted."""
    one = Center(queue("sales", **{"confirm": True, "missed": RULES, **rules}))
    ann = one.agent("ann", phone=PhoneRules() if phone is None else phone)
    call = one.call("sales", caller="0901")
    if not (phone is not None and phone.nailed):
        one.passes(3.0)
        ann.answers()
    return one, ann, call


def presses(one: Center, leg: LegId, key: str) -> None:
    one.tell(DigitPressed(leg=leg, digit=key))


def playing(one: Center) -> PlaybackId:
    return one.all(PlayPrompts)[-1].playback


def ends(one: Center) -> list[OfferEnd]:
    return [fact.end for fact in one.all(OfferEnded)]


# -- the key -----------------------------------------------------------------------------------------------------------


def test_who_answers_is_asked_alone_and_the_call_is_hers_when_she_presses_the_key() -> None:
    one, ann, call = asked(confirm_s=5.0)
    [told] = one.all(AgentAsked)
    assert (told.agent, told.leg, told.until) == ("ann", ann.leg, one.now + 5.0)
    [said] = one.lately(PlayPrompts)
    assert (said.prompts, said.bridge != call.bridge()) == ((CONFIRM_PROMPT,), True)
    assert [join.bridge for join in one.lately(JoinBridge)] == [said.bridge]
    assert (call.state, ann.state, ends(one)) == (ContactState.OFFERED, AgentState.OFFERED, [])
    presses(one, ann.leg, "1")
    assert call.is_in(ContactState.CONNECTED)
    assert ends(one) == [OfferEnd.ACCEPTED]
    assert StopPlayback(contact=call.id, playback=said.playback) in one.last
    assert CloseBridge(contact=call.id, bridge=said.bridge) in one.last
    one.told_again()


def test_another_key_is_no_key_and_what_was_said_may_have_ended() -> None:
    one, ann, call = asked(confirm_s=5.0)
    presses(one, ann.leg, "5")
    one.tell(PlaybackEnded(playback=playing(one)))
    assert call.state is ContactState.OFFERED
    one.passes(4.0)
    presses(one, ann.leg, "1")
    assert call.is_in(ContactState.CONNECTED)


def test_a_voicemail_that_answers_has_not_taken_the_call() -> None:
    one, ann, call = asked(confirm_s=5.0)
    leg = ann.leg
    one.passes(5.0)
    assert (ends(one), call.state) == ([OfferEnd.NOT_CONFIRMED], ContactState.WAITING)
    assert HangUp(contact=call.id, leg=leg) in one.outputs
    assert (ann.state, ann.record.resting_until) == (AgentState.NOT_READY, one.now + 44.0)
    presses(one, leg, "1")
    assert call.state is ContactState.WAITING, "too late"
    one.passes(44.0)
    assert ann.is_rung
    one.told_again()


def test_by_default_who_does_not_confirm_is_paused_with_that_reason() -> None:
    one, ann, _ = asked(missed=MissedOfferRules(), confirm_s=5.0)
    one.passes(5.0)
    assert (ann.record.status, ann.record.reason) == (AgentStatus.PAUSED, "not_confirmed")


def test_a_voicemail_that_hangs_up_did_not_confirm_either() -> None:
    one, ann, call = asked()
    ann.hangs_up()
    assert (ends(one), call.state) == ([OfferEnd.NOT_CONFIRMED], ContactState.WAITING)


def test_by_the_other_key_she_declines() -> None:
    one, ann, _ = asked()
    presses(one, ann.leg, "2")
    assert ends(one) == [OfferEnd.REJECTED]
    assert ann.record.resting_until == one.now + 22.0


def test_the_caller_keeps_her_place() -> None:
    one, ann, call = asked(confirm_s=5.0)
    later = one.call("sales", caller="0902")
    one.passes(5.0)
    assert (call.state, later.state) == (ContactState.WAITING, ContactState.WAITING)
    ann.is_ready()
    assert (call.is_in(ContactState.OFFERED), later.state) == (True, ContactState.WAITING)


def test_while_one_is_asked_the_others_ring_on_and_the_first_key_counts() -> None:
    one = Center(queue("sales", strategy="ring_all", confirm=True))
    ann, bob = one.agent("ann"), one.agent("bob")
    call = one.call("sales")
    ann.answers()
    bob.answers()
    first, second = ann.leg, bob.leg
    presses(one, second, "1")
    assert call.state is ContactState.CONNECTED
    assert bob.state is AgentState.ON_CONTACT
    assert (ann.state, sorted(ends(one))) == (AgentState.READY, [OfferEnd.ACCEPTED, OfferEnd.RESCINDED])
    assert HangUp(contact=call.id, leg=first, end=LegEnd.CANCELLED) in one.last
    assert len(one.lately(CloseBridge)) == 2


def test_a_caller_who_gives_up_meanwhile_ends_it_for_everybody() -> None:
    one, ann, call = asked()
    call.hangs_up()
    assert (call.end_reason, ann.state) == (EndReason.ABANDONED, AgentState.READY)
    assert len(one.lately(CloseBridge)) == 2


def test_a_phone_that_wants_the_key_is_asked_in_every_queue() -> None:
    one, ann, call = asked(PhoneRules(confirm=True), confirm=False)
    assert len(one.all(AgentAsked)) == 1
    presses(one, ann.leg, "1")
    assert call.is_in(ContactState.CONNECTED)


def test_a_second_answer_asks_nothing_twice() -> None:
    one, ann, _ = asked()
    assert one.tell(LegAnswered(leg=ann.leg)) == []


def test_who_is_not_heard_of_again_is_told_who_it_is_and_asked_at_once() -> None:
    one, _, _ = asked(agent_announcement=WHO)
    [said] = one.lately(PlayPrompts)
    assert said.prompts == ("who", "since", CONFIRM_PROMPT)


def test_on_a_phone_that_is_nailed_up_she_is_asked_at_home() -> None:
    one, ann, call = asked(PhoneRules(nailed=True), confirm_s=5.0)
    assert ann.record.nail is not None
    [said] = one.lately(PlayPrompts)
    assert said.bridge == ann.record.nail.bridge
    presses(one, ann.line, "1")
    assert call.is_in(ContactState.CONNECTED)
    assert one.all(RingAgent) == []
    call.hangs_up()
    one.call("sales")
    line = ann.line
    one.passes(5.0)
    assert ends(one)[-1] is OfferEnd.NOT_CONFIRMED
    assert [hung for hung in one.all(HangUp) if hung.leg == line] == [], "the line stays"


def test_a_bridge_that_cannot_be_had_is_an_offer_lost_and_nothing_worse() -> None:
    one, ann, call = asked()
    [opened] = one.lately(OpenBridge)
    [joined] = one.lately(JoinBridge)
    one.fails(opened, TransportFault.REFUSED)
    assert (call.state, ends(one)) == (ContactState.WAITING, [OfferEnd.FAILED])
    one.fails(joined, TransportFault.REFUSED)
    assert call.state is ContactState.WAITING, "that leg is hers no more"
    one.passes(COMMAND_RETRY_S)
    assert ann.is_rung


def test_after_a_kill_the_key_still_counts() -> None:
    one, ann, call = asked(confirm_s=8.0)
    leg = ann.leg
    one.restarts(away_s=2.0, listing=one.listing(up=(leg,)))
    assert len(one.lately(OpenBridge)) == 1, "it was not listed"
    presses(one, leg, "1")
    assert call.is_in(ContactState.CONNECTED)


# -- who it is ---------------------------------------------------------------------------------------------------------


def told(phone: PhoneRules | None = None, **rules: Any) -> tuple[Center, Ann, Call]:
    """An agent is being told who calls."""
    return asked(phone, confirm=False, agent_announcement=WHO, **rules)


def test_she_hears_who_it_is_while_the_caller_hears_music_and_then_they_meet() -> None:
    one, ann, call = told()
    [said] = one.lately(PlayPrompts)
    assert (said.prompts, said.bridge != call.bridge()) == (("who", "since"), True)
    assert (said.variables["queue"], said.variables["waited_s"], said.language) == ("sales", "3", "en")
    assert (call.state, call.record.music) == (ContactState.CONNECTING, "default")
    one.passes(2.5)
    one.tell(PlaybackEnded(playback=said.playback))
    assert (call.state, ann.state) == (ContactState.CONNECTED, AgentState.ON_CONTACT)
    [fact] = one.all(AgentTold)
    assert fact.told_s == 2.5
    one.passes(10.0)
    call.hangs_up()
    [talk], [ended] = one.all(TalkEnded), one.all(ContactEnded)
    assert (talk.talk_s, ended.talk_s, ended.wait_s) == (10.0, 10.0, 5.5), "told is waited, and no talk"
    one.told_again()


def test_then_the_caller_hears_what_she_is_to_hear() -> None:
    one, _, call = told(connect_announcement=Prompt(name="recorded"))
    one.tell(PlaybackEnded(playback=playing(one)))
    assert call.state is ContactState.CONNECTING
    assert one.lately(PlayPrompts)[-1].prompts == ("recorded",)
    one.tell(PlaybackEnded(playback=playing(one)))
    assert call.is_in(ContactState.CONNECTED)


def test_a_caller_who_goes_in_the_middle_of_it_leaves_the_agent_free() -> None:
    one, ann, call = told(wrap_up_s=30.0)
    said = one.all(PlayPrompts)[-1]
    call.hangs_up()
    assert (call.end_reason, ann.state) == (EndReason.ABANDONED, AgentState.READY)
    assert {StopPlayback, CloseBridge, HangUp} <= {type(output) for output in one.last}
    assert one.tell(PlaybackEnded(playback=said.playback)) == []
    assert one.all(ContactConnected) == []


def test_an_agent_who_goes_in_the_middle_of_it_costs_the_caller_no_place() -> None:
    one, ann, call = told()
    later = one.call("sales", caller="0902")
    ann.hangs_up()
    assert (call.state, later.state) == (ContactState.WAITING, ContactState.WAITING)
    assert one.lately(StartMusic) == [], "it plays"
    bob = one.agent("bob")
    assert (call.is_in(ContactState.OFFERED), bob.is_rung) == (True, True)


def test_what_fails_because_she_hangs_up_in_it_connects_the_caller_to_nobody() -> None:
    one, ann, call = told(wrap_up_s=30.0)
    one.tell(PlaybackEnded(playback=playing(one), ok=False))  # her leg's end is told after it
    assert call.state is ContactState.CONNECTING
    one.passes(CUT_OFF_S / 2)
    ann.hangs_up()
    assert call.is_in(ContactState.WAITING), "the caller keeps her place"
    assert (one.all(ContactConnected), one.all(AgentTold)) == ([], [])
    bob = one.agent("bob")
    assert bob.is_rung
    one.passes(1.0)
    assert call.is_in(ContactState.OFFERED), "nothing of it is left over"
    one.told_again()


def test_what_fails_while_she_stays_lets_them_meet_a_moment_later() -> None:
    one, _, call = told()
    one.tell(PlaybackEnded(playback=playing(one), ok=False))
    one.passes(CUT_OFF_S - 0.01)
    assert call.state is ContactState.CONNECTING
    one.passes(0.02)
    assert call.is_in(ContactState.CONNECTED)


def test_what_cannot_be_said_is_left_out() -> None:
    one, _, call = told()
    one.fails(one.lately(PlayPrompts)[0], TransportFault.REFUSED)
    assert call.is_in(ContactState.CONNECTED)


@pytest.mark.parametrize("which", [OpenBridge, JoinBridge])
def test_a_bridge_apart_that_cannot_be_had_lets_them_meet(which: type[OpenBridge | JoinBridge]) -> None:
    one, _, call = told()
    [command] = one.lately(which)
    one.fails(command, TransportFault.REFUSED)
    assert call.is_in(ContactState.CONNECTED)


def test_what_never_ends_is_waited_for_so_long_and_no_longer() -> None:
    one, _, call = told()
    one.passes(TOLD_MAX_S - 0.1)
    assert call.state is ContactState.CONNECTING
    one.passes(0.2)
    assert call.is_in(ContactState.CONNECTED)


def test_after_a_kill_she_counts_as_told() -> None:
    one, _, call = told()
    one.restarts()
    assert call.state is ContactState.CONNECTED


def test_an_announcement_to_the_caller_gives_way_to_music() -> None:
    one = Center(
        queue(
            "sales", agent_announcement=WHO, announce=Announcements(first_after_s=1.0, comfort=Prompt(name="comfort"))
        )
    )
    call = one.call("sales")
    one.passes(1.5)
    assert call.record.playback is not None
    ann = one.agent("ann")
    ann.answers()
    assert call.record.music == "default"


def test_on_a_phone_that_is_nailed_up_it_is_said_at_home_instead_of_the_tone() -> None:
    one, ann, call = told(PhoneRules(nailed=True))
    assert ann.record.nail is not None
    [said] = one.lately(PlayPrompts)
    assert (said.bridge, ann.record.nail.tone, ann.record.nail.ear) == (ann.record.nail.bridge, None, None)
    one.tell(PlaybackEnded(playback=said.playback))
    assert call.is_in(ContactState.CONNECTED)
    assert [closed for closed in one.all(CloseBridge) if closed.bridge == said.bridge] == []


# -- answering by itself -----------------------------------------------------------------------------------------------


def test_a_phone_is_asked_to_answer_by_itself_where_its_agent_wants_that() -> None:
    one = Center(queue("sales", strategy="ring_all"))
    one.agent("ann", phone=PhoneRules(auto_answer=True))
    one.agent("bob")
    one.call("sales")
    assert {ring.agent: ring.auto_answer for ring in one.all(RingAgent)} == {"ann": True, "bob": False}
