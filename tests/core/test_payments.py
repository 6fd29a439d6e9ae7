"""Stories of payments by the keys of a telephone, in a flow and beside a talk. The engine never has a card's digit."""

from dataclasses import replace
from typing import Any

import pytest

from callcenter.core.payments import GRACE_S
from callcenter.core.snapshot import take_snapshot
from callcenter.model.agent import AgentState, Supervision
from callcenter.model.card import CardPart, CardSlice, PaymentOutcome, PaymentStep
from callcenter.model.commands import JoinBridge, LeaveBridge, MuteRecording, PlayPrompts, StopMusic
from callcenter.model.contact import ContactState, EndReason, LegEnd, TransportFault
from callcenter.model.control import ConsultAct, TransferTo
from callcenter.model.entry import decode_entry
from callcenter.model.events import (
    AgentSaved,
    ConsultActRequested,
    ConsultRequested,
    DigitPressed,
    HoldRequested,
    LegAnswered,
    LegEnded,
    LegReferred,
    RecordingPauseRequested,
    TransferRequested,
)
from callcenter.model.flow import Flow, Prompt
from callcenter.model.ids import AgentId, FlowName
from callcenter.model.monitor import MonitorMode
from callcenter.model.monitor_messages import MonitorRequested, TakeOverRequested
from callcenter.model.payment_messages import (
    CardChecked,
    CardPosted,
    CheckCard,
    ForgetCard,
    PaymentAside,
    PaymentCancelRequested,
    PaymentMoved,
    PaymentRequested,
    PostCard,
)
from callcenter.model.recording import RecordingRules
from callcenter.nodes.fields import FilledUrl, JsonPlace, NextNode, VariableName
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.payment import Payment
from callcenter.nodes.play import Play
from tests.core.center import Ann, Call, Center, flow, queue

BANK = "pay.example.com"
NUMBER = "4111111111111111"
PAY_S = 20.0


def node(name: str) -> NextNode:
    return NextNode(name)


def pays(**more: object) -> Payment:
    return Payment(
        url=FilledUrl(f"https://{BANK}/v1/payments"),
        number=Prompt(name="card_number"),
        expiry=Prompt(name="card_expiry"),
        code=Prompt(name="card_code"),
        invalid_prompt=Prompt(name="card_wrong"),
        set={VariableName("token"): JsonPlace("token")},
        last_digits=VariableName("last"),
        answer_s=PAY_S,
        paid=node("thanks"),
        refused=node("sorry"),
        failed=node("sorry"),
        unknown=node("sorry"),
        given_up=node("sorry"),
        **more,  # type: ignore[arg-type]
    )


def paying_flow(name: str = "pay") -> Flow:
    return flow(
        name,
        card=pays(),
        thanks=Play(prompt=Prompt(name="thanks"), next=node("done")),
        sorry=Hangup(reason=Ending.CLOSED),
        done=Hangup(),
    )


def a_caller(*, hosts: tuple[str, ...] = (BANK,)) -> tuple[Center, Call]:
    center = Center(flows=[paying_flow()], lookup_hosts=hosts)
    return center, center.call("pay")


def a_talk(**rules: Any) -> tuple[Center, Ann, Call]:
    away = replace(paying_flow("away"), not_aside="card")
    center = Center(queue("sales", **rules), flows=[paying_flow(), away], lookup_hosts=(BANK,))
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    center.passes(10.0)
    return center, ann, call


def types(center: Center, call: Call, digits: str, *, ok: bool | None = True) -> None:
    """Keys, and what is said of them when a part is looked at."""
    for digit in digits:
        center.tell(DigitPressed(leg=call.leg, digit=digit))
        for check in center.lately(CheckCard):
            if ok is not None:
                center.tell(CardChecked(card=check.card, part=check.slice.part, ok=ok))


def types_all(center: Center, call: Call) -> None:
    types(center, call, f"{NUMBER}#")
    types(center, call, "1229")
    types(center, call, "123#")


def answered(center: Center, outcome: PaymentOutcome = PaymentOutcome.PAID, **values: str) -> None:
    center.tell(CardPosted(card=center.all(PostCard)[-1].card, outcome=outcome, values=values, last="1111"))


def asks(center: Center, call: Call, name: str = "pay") -> str:
    event = PaymentRequested(request=center.request(), contact=call.id, flow=FlowName(name), by="ann")
    return center.ask(event)


def steps(center: Center) -> list[PaymentStep]:
    return [moved.step for moved in center.all(PaymentMoved)]


def is_clean(center: Center) -> None:
    """Neither the journal nor a snapshot holds what was typed, and both lead to the same."""
    written = b"".join(center.journal) + take_snapshot(center.engine)
    pressed = [decode_entry(line).event for line in center.journal]
    assert not [event for event in pressed if isinstance(event, DigitPressed) and event.digit.isdigit()]
    assert NUMBER.encode() not in written
    center.told_again()


# -- in a flow ---------------------------------------------------------------------------------------------------------


def test_a_caller_pays_by_her_keys_and_nothing_of_the_card_is_written() -> None:
    center, call = a_caller()
    assert center.all(PlayPrompts)[-1].prompts == ("card_number",)
    types_all(center, call)
    [post] = center.all(PostCard)
    assert post.slices == (
        CardSlice(part=CardPart.NUMBER, first=0, count=16),
        CardSlice(part=CardPart.EXPIRY, first=16, count=4),
        CardSlice(part=CardPart.CODE, first=20, count=3),
    )
    assert (post.name, post.timeout_s, post.take) == ("pay.card", PAY_S, {"token": "token"})
    answered(center, token="tok_1", unasked="x")
    assert call.record.variables == {"token": "tok_1", "last": "1111"}
    assert center.all(ForgetCard) == [ForgetCard(contact=call.id, card=post.card)]
    assert steps(center) == [
        PaymentStep.BEGAN,
        PaymentStep.NUMBER_TAKEN,
        PaymentStep.EXPIRY_TAKEN,
        PaymentStep.CODE_TAKEN,
        PaymentStep.SENT,
        PaymentStep.PAID,
    ]
    is_clean(center)


def test_what_cannot_be_right_is_asked_for_again_and_counts_from_its_own_first_digit() -> None:
    center, call = a_caller()
    types(center, call, "411111111112#", ok=False)
    assert center.all(PlayPrompts)[-1].prompts == ("card_wrong", "card_number")
    types(center, call, "41*")
    assert center.all(PlayPrompts)[-1].prompts == ("card_number",)
    types(center, call, f"{NUMBER}#", ok=None)
    assert center.all(CheckCard)[-1].slice == CardSlice(part=CardPart.NUMBER, first=14, count=16)
    types(center, call, "99")  # typed ahead of the answer: it counts, and belongs to nothing
    center.tell(CardChecked(card=center.all(CheckCard)[-1].card, part=CardPart.NUMBER, ok=True))
    types(center, call, "1229")
    assert center.all(CheckCard)[-1].slice == CardSlice(part=CardPart.EXPIRY, first=32, count=4)
    is_clean(center)


def test_who_types_nothing_usable_is_let_go() -> None:
    center, call = a_caller()
    center.passes(0.1)
    for _ in range(3):
        call.hears_it_out()
        center.passes(10.0)
    assert call.end_reason is EndReason.CLOSED
    assert steps(center)[-1] is PaymentStep.GIVEN_UP
    assert len(center.all(ForgetCard)) == 1


@pytest.mark.parametrize("outcome", list(PaymentOutcome))
def test_each_outcome_has_its_exit(outcome: PaymentOutcome) -> None:
    center, call = a_caller()
    types_all(center, call)
    answered(center, outcome)
    assert steps(center)[-1].value == outcome.value
    assert (call.is_live and call.record.node == "thanks") is (outcome is PaymentOutcome.PAID)


def test_no_answer_in_time_is_unknown_and_a_late_one_is_nobodys() -> None:
    center, call = a_caller()
    types_all(center, call)
    center.passes(PAY_S + GRACE_S)
    assert steps(center)[-1] is PaymentStep.UNKNOWN
    assert call.end_reason is EndReason.CLOSED
    answered(center)
    assert center.last == []


def test_a_host_that_is_not_allowed_is_never_asked() -> None:
    center, call = a_caller(hosts=())
    types_all(center, call)
    assert (center.all(PostCard), steps(center)[-1]) == ([], PaymentStep.FAILED)


@pytest.mark.parametrize(
    ("fault", "step"),
    [(TransportFault.UNAVAILABLE, PaymentStep.FAILED), (TransportFault.UNKNOWN, PaymentStep.UNKNOWN)],
)
def test_a_payment_that_could_not_be_begun_has_failed(fault: TransportFault, step: PaymentStep) -> None:
    center, call = a_caller()
    types_all(center, call)
    center.fails(center.all(PostCard)[0], fault, "too many are under way")
    assert steps(center)[-1] is step


def test_after_a_kill_the_card_is_asked_for_anew_under_another_id() -> None:
    center, call = a_caller()
    types(center, call, "4111")
    first = center.engine.world.contacts[call.id].card
    center.restarts()
    assert center.lately(PlayPrompts)[-1].prompts == ("card_number",)
    assert center.engine.world.contacts[call.id].card != first
    types(center, call, f"{NUMBER}#", ok=None)
    assert center.all(CheckCard)[-1].slice.first == 0
    is_clean(center)


def test_after_a_kill_a_payment_under_way_is_unknown_and_not_asked_for_twice() -> None:
    center, call = a_caller()
    types_all(center, call)
    center.restarts()
    assert steps(center)[-1] is PaymentStep.UNKNOWN
    assert len(center.all(PostCard)) == 1
    assert call.end_reason is EndReason.CLOSED


# -- beside a talk -----------------------------------------------------------------------------------------------------


def test_the_agent_waits_outside_and_the_recording_is_silent_meanwhile() -> None:
    center, ann, call = a_talk()
    leg = ann.leg
    assert asks(center, call) == ""
    kinds = [type(output).__name__ for output in center.last]
    assert kinds.index("MuteRecording") < kinds.index("LeaveBridge") < kinds.index("PlayPrompts")
    assert center.lately(LeaveBridge)[0].leg == leg
    types_all(center, call)
    answered(center, token="tok_1")
    assert (ann.state, call.record.state) == (AgentState.ON_CONTACT, ContactState.CONNECTED)
    call.hears_it_out()  # the thanks; then the flow is at its end
    kinds = [type(output).__name__ for output in center.last]
    assert kinds.index("JoinBridge") < kinds.index("MuteRecording")
    assert [mute.muted for mute in center.all(MuteRecording)] == [True, False]
    assert [told.began for told in center.all(PaymentAside)] == [True, False]
    assert call.record.variables == {"token": "tok_1", "last": "1111"}
    assert (call.record.held_since, call.record.flow) == (None, "to_sales")
    assert [moved.agent for moved in center.all(PaymentMoved)] == ["ann"] * 6
    is_clean(center)


def test_meanwhile_nobody_comes_back_joins_or_records() -> None:
    center, _, call = a_talk()
    assert asks(center, call) == ""
    wishes = (
        HoldRequested(request=center.request(), contact=call.id, held=False),
        ConsultRequested(request=center.request(), contact=call.id, to=TransferTo.AGENT, name="bea"),
        TransferRequested(request=center.request(), contact=call.id, to=TransferTo.QUEUE, name="sales"),
        ConsultActRequested(request=center.request(), contact=call.id, act=ConsultAct.DROP),
        RecordingPauseRequested(request=center.request(), contact=call.id, paused=False),
        PaymentRequested(request=center.request(), contact=call.id, flow=FlowName("pay")),
    )
    for wish in wishes:
        assert "paying" in center.ask(wish), wish
    center.passes(3_600.0)  # the flow has let her go by then, silent as she was
    assert [told.why for told in center.all(PaymentAside)][-1] == "the flow is at its end" or call.record.paying


def test_a_pause_that_somebody_else_began_outlives_the_payment_and_its_cap_waits() -> None:
    center, _, call = a_talk()
    center.ask(RecordingPauseRequested(request=center.request(), contact=call.id, paused=True))
    assert asks(center, call) == ""
    types(center, call, "4")
    center.passes(4.0)
    assert center.ask(PaymentCancelRequested(request=center.request(), contact=call.id, by="ann")) == ""
    assert call.record.recording_paused
    center.passes(3_600.0)
    assert not call.record.recording_paused


def test_no_cap_records_a_card() -> None:
    center, _, call = a_talk(recording=RecordingRules(pause_max_s=5))
    assert asks(center, call) == ""
    for digit in NUMBER[:3]:
        center.passes(4.0)
        types(center, call, digit)
    assert call.record.recording_paused
    assert [mute.muted for mute in center.all(MuteRecording)] == [True]


def test_cancelled_she_is_back_and_what_is_typed_after_that_is_for_nobody() -> None:
    center, ann, call = a_talk()
    assert "nobody takes a payment" in center.ask(PaymentCancelRequested(request=center.request(), contact=call.id))
    assert asks(center, call) == ""
    types(center, call, "4111")
    assert center.ask(PaymentCancelRequested(request=center.request(), contact=call.id, by="ann")) == ""
    assert steps(center)[-1] is PaymentStep.GIVEN_UP
    assert center.lately(JoinBridge)[0].leg == ann.leg
    assert len(center.all(ForgetCard)) == 1


def test_a_flow_that_leads_away_is_refused() -> None:
    center, _, call = a_talk()
    assert "leads the call away" in asks(center, call, "away")
    assert "there is no flow" in asks(center, call, "nowhere")
    assert call.record.paying is None


@pytest.mark.parametrize("who", ["agent", "caller"])
def test_who_hangs_up_ends_the_payment_too(who: str) -> None:
    center, ann, call = a_talk()
    assert asks(center, call) == ""
    types(center, call, "4111")
    center.tell(LegEnded(leg=ann.leg if who == "agent" else call.leg, end=LegEnd.NORMAL))
    assert not call.is_live
    assert steps(center)[-1] is PaymentStep.GIVEN_UP
    assert [told.began for told in center.all(PaymentAside)] == [True, False]
    assert [mute.muted for mute in center.all(MuteRecording)] == [True], "it ends as it was: silent"
    is_clean(center)


def test_the_silence_of_a_payment_ends_with_the_talk_also_if_the_call_goes_on() -> None:
    center, ann, call = a_talk()
    assert asks(center, call) == ""
    center.tell(LegReferred(leg=ann.leg, number="0901234567"))
    center.tell(LegEnded(leg=ann.leg, end=LegEnd.NORMAL))  # a phone that hangs up when it is told no
    assert call.is_live
    assert [out.bridge for out in center.lately(StopMusic)] == [call.record.bridge]


def test_an_agent_who_cannot_be_taken_out_of_the_bridge_ends_it() -> None:
    center, _, call = a_talk()
    assert asks(center, call) == ""
    center.fails(center.lately(LeaveBridge)[0], TransportFault.UNKNOWN)
    assert call.record.paying is None
    assert "kept from hearing" in center.all(PaymentAside)[-1].why


def test_after_a_kill_it_is_still_paused_and_she_is_asked_anew() -> None:
    center, _, call = a_talk()
    assert asks(center, call) == ""
    types(center, call, "4111")
    center.restarts()
    record = center.engine.world.contacts[call.id]
    assert record.paying is not None
    assert record.recording_paused
    assert center.all(MuteRecording)[-1].muted
    assert center.all(PlayPrompts)[-1].prompts == ("card_number",)
    types_all(center, call)
    answered(center)
    assert steps(center)[-1] is PaymentStep.PAID
    is_clean(center)


def test_a_supervisor_who_has_barged_in_waits_outside_too_and_takes_nothing_over() -> None:
    center, _, call = a_talk()
    boss = center.agent("boss")
    saved = replace(boss.record.agent, supervises=Supervision(everything=True))
    assert center.ask(AgentSaved(request=center.request(), agent=saved)) == ""
    wish = MonitorRequested(request=center.request(), supervisor=boss.id, agent=AgentId("ann"), mode=MonitorMode.BARGE)
    assert center.ask(wish) == ""
    monitor = next(iter(center.engine.world.monitors.values()))
    center.tell(LegAnswered(leg=monitor.leg))
    assert monitor.inside == call.record.bridge
    assert asks(center, call) == ""
    assert monitor.inside is None
    assert "paying" in center.ask(TakeOverRequested(request=center.request(), supervisor=boss.id))
    assert center.ask(PaymentCancelRequested(request=center.request(), contact=call.id)) == ""
    assert monitor.inside == call.record.bridge
