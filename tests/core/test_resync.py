"""After a restart or a lost link: what is listed, what is not, and what has to be asked for again."""

from callcenter.core.world import NOBODY
from callcenter.model.agent import AgentState
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RingAgent,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
)
from callcenter.model.contact import ContactState, EndReason, OfferEnd
from callcenter.model.events import BridgeSeen, LegSeen, Resynced
from callcenter.model.facts import ContactConnected, ContactOpened, NodeEntered, OfferEnded, Surprise
from callcenter.model.flow import Prompt
from callcenter.model.ids import BridgeId, FlowName, LegId
from callcenter.model.queue import Overflow, Target
from callcenter.nodes.fields import Filled, NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.play import Play
from callcenter.nodes.transfer import Transfer
from tests.core.center import Center, flow, queue

NOTHING = Resynced(legs=(), bridges=())


def seen(leg: LegId, *, up: bool = True, ours: bool = False) -> LegSeen:
    return LegSeen(leg=leg, up=up, ours=ours)


def test_where_all_is_as_believed_nothing_changes() -> None:
    center = Center(queue("sales"), flows=[flow("shop", hello=Play(prompt=Prompt(name="hello"), next=NextNode("x")))])
    ann = center.agent("ann")
    talking = center.call("sales")
    ann.answers()
    waiting = center.call("sales")
    center.tell(center.listing())
    assert (talking.state, waiting.state) == (ContactState.CONNECTED, ContactState.WAITING)
    assert not center.lately(HangUp)
    assert not center.lately(JoinBridge)


def test_a_caller_who_is_not_listed_has_hung_up() -> None:
    center = Center(queue("sales"))
    waiting = center.call("sales")
    ann = center.agent("ann")
    assert ann.is_rung
    center.tell(NOTHING)
    assert waiting.end_reason is EndReason.ABANDONED
    assert [command.leg for command in center.lately(HangUp)] == [center.all(RingAgent)[0].leg]
    assert ann.state is AgentState.READY


def test_an_agent_who_is_not_listed_has_hung_up() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    center.tell(center.listing(without=[ann.leg]))
    assert call.end_reason is EndReason.AGENT_HUNG_UP


def test_a_phone_that_is_not_listed_never_rang_and_the_next_offer_is_made_at_once() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    leg = ann.leg
    center.tell(center.listing(without=[leg]))
    assert [(fact.leg, fact.end) for fact in center.lately(OfferEnded)] == [(leg, OfferEnd.FAILED)]
    assert call.rung == ["ann"]
    assert ann.leg != leg
    assert call.record.missed == 0


def test_a_phone_that_was_answered_meanwhile_is_connected_and_others_stop_ringing() -> None:
    center = Center(queue("sales", strategy="ring_all"))
    ann, bob = center.agent("ann"), center.agent("bob")
    call = center.call("sales")
    other = bob.leg
    center.tell(center.listing(up=[ann.leg]))
    assert [fact.agent for fact in center.lately(ContactConnected)] == ["ann"]
    assert other in [command.leg for command in center.lately(HangUp)]
    assert call.state is ContactState.CONNECTED


def test_two_phones_that_were_answered_meanwhile_are_told_apart() -> None:
    center = Center(queue("sales", strategy="ring_all"))
    ann, bob = center.agent("ann"), center.agent("bob")
    center.call("sales")
    legs = [ann.leg, bob.leg]
    center.tell(center.listing(up=legs))
    assert len(center.lately(ContactConnected)) == 1
    assert sorted(agent.state for agent in (ann, bob)) == [AgentState.ON_CONTACT, AgentState.READY]


def test_a_caller_who_came_meanwhile_is_let_in() -> None:
    center = Center(queue("sales"))
    center.tell(
        Resynced(
            legs=(
                LegSeen(leg=LegId("x.1"), up=False, ours=False, caller="0901", caller_name="Ann", dialled="sales"),
                LegSeen(leg=LegId("x.2"), up=False, ours=False, flow=FlowName("to_sales"), returns=True),
            ),
            bridges=(),
        )
    )
    assert [(fact.leg, fact.caller) for fact in center.lately(ContactOpened)] == [("x.1", "0901"), ("x.2", "")]
    assert [fact.flow for fact in center.lately(NodeEntered)] == ["to_sales", "to_sales"]


def test_strays_of_ours_and_callers_whose_contact_has_ended_are_hung_up() -> None:
    center = Center(queue("sales"))
    call = center.call("sales")
    leg = call.leg
    center.engine.end(call.record, EndReason.FAULT)
    center.tell(
        Resynced(
            legs=(seen(LegId("l-oldonexx-4"), ours=True), seen(leg)),
            bridges=(BridgeSeen(bridge=BridgeId("b-oldonexx-5"), legs=()),),
        )
    )
    assert [command for command in center.lately(HangUp) if command.contact == NOBODY] == [
        HangUp(contact=NOBODY, leg=leg),
        HangUp(contact=NOBODY, leg=LegId("l-oldonexx-4")),
    ]
    assert center.lately(CloseBridge)[-1] == CloseBridge(contact=NOBODY, bridge=BridgeId("b-oldonexx-5"))


def test_what_was_asked_for_and_is_not_there_is_asked_for_again() -> None:
    center = Center(queue("sales", music="jazz"))
    call = center.call("sales")
    center.tell(Resynced(legs=(seen(call.leg, up=False),), bridges=()))
    bridge = call.bridge()
    assert center.last == [
        AnswerLeg(contact=call.id, leg=call.leg),
        OpenBridge(contact=call.id, bridge=bridge),
        JoinBridge(contact=call.id, bridge=bridge, leg=call.leg),
        StartMusic(contact=call.id, bridge=bridge, music="jazz"),
    ]


def test_those_who_talk_are_put_together_again_without_music_and_recorded() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    bridge = call.bridge()
    asked = center.all(StartRecording)
    assert len(asked) == 1
    alone = BridgeSeen(bridge=bridge, legs=(call.leg,))
    center.tell(Resynced(legs=(seen(call.leg), seen(ann.leg, ours=True)), bridges=(alone,)))
    assert center.last == [
        JoinBridge(contact=call.id, bridge=bridge, leg=ann.leg),
        StopMusic(contact=call.id, bridge=bridge),
        *asked,  # it may have been lost, and is started once only
    ]


def test_a_prompt_that_was_playing_counts_as_played() -> None:
    center = Center(
        flows=[flow("shop", hello=Play(prompt=Prompt(name="hello"), next=NextNode("bye")), bye=Hangup())],
    )
    call = center.call("shop")
    playback = call.record.playback
    center.tell(center.listing())
    assert [command.playback for command in center.lately(StopPlayback)] == [playback]
    assert call.end_reason is EndReason.FLOW_ENDED


def test_an_announcement_before_the_talk_counts_as_heard() -> None:
    center = Center(queue("sales", connect_announcement=Prompt(name="recorded")))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    assert call.is_in(ContactState.CONNECTING)
    center.tell(center.listing())
    assert call.is_in(ContactState.CONNECTED)


def outside() -> Center:
    out = Transfer(number=Filled("0901234567"), failed=NextNode("sorry"))
    sorry = Hangup(prompt=Prompt(name="sorry"))
    return Center(flows=[flow("shop", out=out, sorry=sorry)], forward_to=("09[0-9]+",))


def test_an_outside_number_that_answered_meanwhile_is_connected() -> None:
    center = outside()
    call = center.call("shop")
    leg = call.record.other_leg
    assert leg is not None
    center.tell(center.listing(up=[leg]))
    assert call.state is ContactState.FORWARDED


def test_an_outside_number_that_is_gone_did_not_answer() -> None:
    center = outside()
    call = center.call("shop")
    assert call.record.other_leg is not None
    center.tell(center.listing(without=[call.record.other_leg]))
    assert [command.prompts for command in center.lately(PlayPrompts)] == [("sorry",)]


def test_a_number_that_is_dialled_because_of_the_listing_is_not_missed_in_it() -> None:
    """The phone vanished, the longest wait is over, the queue overflows to a number: its leg is newer than the list."""
    center = Center(
        queue("sales", max_wait_s=5.0, offer_timeout_s=60.0, overflow=Target(to=Overflow.NUMBER, name="0901234567")),
        forward_to=("09[0-9]+",),
    )
    center.agent("ann")
    call = center.call("sales")
    center.passes(10.0)
    assert call.record.overflow_due
    center.tell(center.listing(without=[call.offers[0].leg]))
    assert call.record.other_leg is not None
    assert call.is_live


def test_deadlines_wait_after_a_restart_until_it_is_known_what_became_of_the_calls() -> None:
    center = Center(queue("sales", offer_timeout_s=10.0))
    ann = center.agent("ann")
    call = center.call("sales")
    listing = center.listing(up=[ann.leg])
    center.restarts(away_s=60.0, listing=listing)
    assert call.state is ContactState.CONNECTED
    assert not center.all(Surprise)
    center.told_again()


def test_a_restart_loses_no_place_in_line() -> None:
    center = Center(queue("sales"))
    first = center.call("sales")
    center.passes(5.0)
    second = center.call("sales")
    center.restarts()
    assert center.engine.world.mint is not None
    third = center.call("sales")
    ann = center.agent("ann")
    for call in (first, second, third):
        assert ann.record.about == call.id
        ann.answers()
        ann.hangs_up()
    center.told_again()
