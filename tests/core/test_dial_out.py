"""An agent who dials an outside number on her own phone, with no call in hand."""

from typing import Any

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.callback import CallbackRules, CalledFirst
from callcenter.model.commands import AnswerLeg, DialNumber, HangUp, RingAgent, StartRecording
from callcenter.model.contact import ContactState, Direction, LegEnd, Medium
from callcenter.model.events import ContactArrived, LegEnded, LegSeen, Resynced
from callcenter.model.facts import ContactConnected, ContactEnded, ContactOffered
from callcenter.model.ids import LegId
from callcenter.model.parking import PhoneTurnedAway
from tests.core.center import Ann, Call, Center, queue
from tests.core.test_callbacks import only_contact

OUTSIDE, OWN_LEG = "0901234567", LegId("1764000000.7")


def house(dial_out: str | None = "sales", **more: Any) -> Center:
    return Center(
        queue("sales", callback=CallbackRules(first=CalledFirst.AGENT), confirm=True, wrap_up_s=20.0),
        dial_out=dial_out,
        **more,
    )


def dials(center: Center, ann: Ann, number: str = OUTSIDE) -> None:
    """Her phone calls a number."""
    own = ann.record.agent.number
    center.tell(
        ContactArrived(
            leg=OWN_LEG, medium=Medium.VOICE, caller=own, dialled=number, direction=Direction.OUTBOUND, agent_number=own
        )
    )


def calling() -> tuple[Center, Ann, Call]:
    center = house()
    ann = center.agent("ann")
    dials(center, ann)
    return center, ann, only_contact(center)


def test_the_number_is_called_and_nothing_rings_at_hers() -> None:
    center, ann, call = calling()
    assert [answer.leg for answer in center.all(AnswerLeg)] == [OWN_LEG]
    assert not center.all(RingAgent)
    assert [dial.number for dial in center.all(DialNumber)] == [OUTSIDE]
    assert ann.is_in(AgentState.ON_CONTACT)
    [offer] = center.all(ContactOffered)
    assert (offer.agent, offer.leg, offer.strategy) == ("ann", OWN_LEG, "called from her own phone")
    center.passes(4.0)
    call.customer_answers()
    assert (call.state, call.record.agent_leg) == (ContactState.CONNECTED, OWN_LEG)
    assert len(center.all(StartRecording)) == 1
    center.passes(30.0)
    call.hangs_up()
    assert OWN_LEG in [one.leg for one in center.all(HangUp)]
    [ended] = center.all(ContactEnded)
    assert (ended.direction, ended.agent, ended.talk_s) == (Direction.OUTBOUND, "ann", 30.0)
    assert ann.is_in(AgentState.WRAP_UP)
    center.told_again()


def test_she_hangs_up_while_it_rings_and_nobody_is_called_again() -> None:
    center, ann, _ = calling()
    center.tell(LegEnded(leg=OWN_LEG, end=LegEnd.NORMAL))
    assert len(center.lately(HangUp)) == 1, "the phone that rings"
    center.passes(600.0)
    assert len(center.all(DialNumber)) == 1
    assert not center.engine.world.contacts
    assert not center.all(ContactConnected)
    assert ann.state is AgentState.READY
    center.told_again()


def test_who_does_not_answer_ends_it_for_her_too() -> None:
    center, ann, call = calling()
    call.customer_declines()
    assert OWN_LEG in [one.leg for one in center.all(HangUp)]
    assert not center.engine.world.contacts
    assert ann.state in (AgentState.READY, AgentState.WRAP_UP)
    center.told_again()


@pytest.mark.parametrize(
    ("number", "why"), [("0012125551234", "no pattern of `callback_to`"), ("+84190012", "callback_to")]
)
def test_what_may_not_be_called_is_refused_in_words_and_nothing_is_dialled(number: str, why: str) -> None:
    center = house()
    ann = center.agent("ann")
    dials(center, ann, number)
    [turned] = center.all(PhoneTurnedAway)
    assert (turned.agent, turned.number) == ("ann", number)
    assert why in turned.why
    assert [(one.leg, one.end) for one in center.lately(HangUp)] == [(OWN_LEG, LegEnd.REJECTED)]
    assert not center.all(DialNumber)
    assert not center.engine.world.contacts


def test_who_is_paused_or_logged_out_does_not_call() -> None:
    center = house()
    ann = center.agent("ann")
    ann.pauses()
    dials(center, ann)
    assert "paused" in center.all(PhoneTurnedAway)[0].why


def test_without_a_queue_for_it_it_is_a_call_like_any_other() -> None:
    center = house(None)
    dials(center, center.agent("ann"))
    assert not center.all(DialNumber)
    assert not center.all(PhoneTurnedAway)


def test_a_kill_while_it_rings_changes_nothing_and_an_answer_that_was_lost_is_given_again() -> None:
    center, _, call = calling()
    record = call.record
    assert record.callback is not None
    assert record.callback.leg is not None
    for up in (False, True):
        legs = (LegSeen(leg=OWN_LEG, up=up, ours=False), LegSeen(leg=record.callback.leg, up=False, ours=True))
        center.tell(Resynced(legs=legs, bridges=()))
        assert [answer.leg for answer in center.lately(AnswerLeg)] == ([] if up else [OWN_LEG])
        assert not center.lately(DialNumber)
    center.told_again()


def test_an_engine_that_remembers_nothing_does_not_call_her_again() -> None:
    center = house()
    ann = center.agent("ann")
    own = ann.record.agent.number
    seen = LegSeen(leg=OWN_LEG, up=True, ours=False, caller=own, dialled=OUTSIDE, agent_number=own)
    center.tell(Resynced(legs=(seen,), bridges=()))
    assert not center.all(DialNumber)
