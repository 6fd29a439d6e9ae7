"""Agents whose phone is an outside number: when it is rung, over what, and whose the call is."""

from dataclasses import replace

import pytest

from callcenter.core.aside import CONFIRM_KEY
from callcenter.core.explain import Cause, unable_reason
from callcenter.core.outside_phones import REFUSED_S
from callcenter.model.agent import AgentState, PhoneRules, PhoneState, Supervision
from callcenter.model.commands import RingAgent
from callcenter.model.contact import ContactState, Medium, OfferEnd
from callcenter.model.control import TransferTo
from callcenter.model.events import AgentSaved, ConsultRequested, DigitPressed, LegAnswered, PhoneChanged
from callcenter.model.facts import AgentAsked, OfferEnded, Surprise
from callcenter.model.monitor import MonitorMode
from callcenter.model.monitor_messages import MonitorRequested
from callcenter.model.parking import Parking, ParkRequested, PhoneTurnedAway, PickUpRequested
from callcenter.model.phone_use import PhoneUsed, PhoneUsedOutside
from callcenter.model.trunk import Guard
from tests.core.center import Ann, Center, queue
from tests.core.test_colleagues import dials, number_of

HOME = "0901234567"
AT_HOME = PhoneRules(outside=HOME)
SLOT = Parking(slots=("701",), back_after_s=60.0)


@pytest.fixture
def center() -> Center:
    return Center(queue("sales"), forward_to=("09[0-9]+",))


def test_her_number_is_dialled_and_the_call_is_hers_by_the_key_alone(center: Center) -> None:
    ann = center.agent("ann", phone=AT_HOME)
    ann.phone(PhoneState.UNREACHABLE)  # an account that nobody uses
    assert ann.state is AgentState.READY
    call = center.call("sales")
    [ring] = center.lately(RingAgent)
    assert (ring.outside, ring.agent) == (HOME, ann.id)
    center.tell(LegAnswered(leg=ring.leg))
    assert (len(center.lately(AgentAsked)), call.state) == (1, ContactState.OFFERED)
    center.passes(60.0)
    assert [fact.end for fact in center.all(OfferEnded)] == [OfferEnd.NOT_CONFIRMED], "her voicemail"
    ann.is_ready()
    [ring] = center.lately(RingAgent)
    center.tell(LegAnswered(leg=ring.leg))
    center.tell(DigitPressed(leg=ring.leg, digit=CONFIRM_KEY))
    assert (call.state, ann.state) == (ContactState.CONNECTED, AgentState.ON_CONTACT)
    center.told_again()


def test_a_number_that_may_not_be_called_is_a_phone_that_is_not_there(center: Center) -> None:
    ann = center.agent("ann", phone=PhoneRules(outside="0012125551234"))
    assert ann.state is AgentState.NOT_READY
    hindered = center.engine.world.agents.why_not_free(ann.record, Medium.VOICE, center.now)
    assert hindered == "her outside number may not be called: see `forward_to`"
    assert unable_reason(center.engine, ann.record, Medium.VOICE, center.now).cause is Cause.NUMBER
    center.tell(PhoneChanged(number=number_of(ann), state=PhoneState.REACHABLE))
    assert ann.state is AgentState.NOT_READY
    assert center.applies(queue("sales"), forward_to=("0012125551234",)) == ""
    assert ann.is_in(AgentState.READY)
    assert center.applies(queue("sales")) == ""
    assert ann.is_in(AgentState.NOT_READY)


def test_the_guard_against_toll_fraud_counts_her_calls_and_stops_them() -> None:
    center = Center(queue("sales"), forward_to=("09[0-9]+",), guard=Guard(per_agent_h=1))
    ann = center.agent("ann", phone=AT_HOME)
    first = center.call("sales")
    center.tell(LegAnswered(leg=center.lately(RingAgent)[0].leg))
    first.hangs_up()
    second = center.call("sales", caller="0903")
    assert (center.lately(RingAgent), second.state) == ([], ContactState.OFFERED)
    assert any("may not be called now" in fact.what for fact in center.all(Surprise))
    center.passes(REFUSED_S)
    assert (second.state, center.all(OfferEnded)[-1].end) == (ContactState.WAITING, OfferEnd.UNREACHABLE)
    assert ann.state is AgentState.NOT_READY


def test_what_takes_a_phone_of_the_house_she_is_told(center: Center) -> None:
    ann = center.agent("ann")
    wished = replace(ann.record.agent, phone=replace(AT_HOME, nailed=True, auto_answer=True))
    assert center.ask(AgentSaved(request=center.request(), agent=wished)) == ""
    assert ann.record.agent.phone == AT_HOME, "it can neither stay connected nor answer by itself"
    bob = center.agent("bob")
    dials(center, bob, number_of(ann))
    assert "is an outside number" in center.lately(PhoneTurnedAway)[0].why
    supervises = replace(ann.record.agent, supervises=Supervision(everything=True))
    assert center.ask(AgentSaved(request=center.request(), agent=supervises)) == ""
    asked = MonitorRequested(request=center.request(), supervisor=ann.id, agent=bob.id, mode=MonitorMode.LISTEN)
    assert "is an outside number" in center.ask(asked)
    center.tell(PhoneUsed(number=number_of(ann), used=True))
    center.passes(60.0)
    assert center.all(PhoneUsedOutside) == [], "that is another phone"


def test_who_cannot_pick_a_call_up_stays_in_her_wrap_up() -> None:
    center = Center(queue("sales", wrap_up_s=30.0), forward_to=("09[0-9]+",), parking=SLOT)
    bob, parked = center.agent("bob"), center.call("sales")
    bob.answers()
    assert center.ask(ParkRequested(request=center.request(), contact=parked.id)) == ""
    ann = center.agent("ann", phone=AT_HOME)
    call = center.call("sales", caller="0903")
    leg = center.all(RingAgent)[-1].leg
    center.tell(LegAnswered(leg=leg))
    center.tell(DigitPressed(leg=leg, digit=CONFIRM_KEY))
    call.hangs_up()
    assert ann.state is AgentState.WRAP_UP
    asked = PickUpRequested(request=center.request(), agent=ann.id, slot="701")
    assert "is an outside number" in center.ask(asked)
    assert ann.state is AgentState.WRAP_UP


def test_she_is_called_aside_at_home_too(center: Center) -> None:
    bob, call = center.agent("bob"), center.call("sales")
    bob.answers()
    ann = center.agent("ann", phone=AT_HOME)
    asked = ConsultRequested(request=center.request(), contact=call.id, to=TransferTo.AGENT, name=ann.id)
    assert center.ask(asked) == ""
    assert [out.outside for out in center.lately(RingAgent)] == [HOME]


def test_back_at_her_desk_she_is_rung_when_that_phone_is_there(center: Center) -> None:
    ann = center.agent("ann", phone=AT_HOME)
    at_desk = replace(ann.record.agent, phone=PhoneRules())
    assert center.ask(AgentSaved(request=center.request(), agent=at_desk)) == ""
    assert ann.state is AgentState.NOT_READY
    ann.phone(PhoneState.REACHABLE)
    center.call("sales")
    [ring] = center.lately(RingAgent)
    assert (ring.outside, ring.number) == ("", number_of(ann))
    center.restarts()
    assert Ann(center, ann.id).is_rung
