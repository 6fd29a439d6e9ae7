"""Parking: who is free, who hears what, who has the call next, and that nobody is lost in a slot."""

from typing import Any

import pytest

from callcenter.core.parking import RING_S
from callcenter.core.state import ContactRecord
from callcenter.model.agent import AgentState, AgentStatus, PhoneRules, PhoneState
from callcenter.model.calendar import Calendar
from callcenter.model.commands import (
    AnswerLeg,
    HangUp,
    JoinBridge,
    PlayPrompts,
    RenewRecording,
    RingAgent,
    StartMusic,
    StartRecording,
    StopMusic,
    StopRecording,
    TellReferrer,
)
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, Medium, TransportFault
from callcenter.model.control import ConsultAct, PartyEnd, TransferTo
from callcenter.model.entry import decode_entry
from callcenter.model.events import (
    ConsultActRequested,
    ConsultRequested,
    ContactArrived,
    DigitPressed,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    PlaybackEnded,
    Resynced,
)
from callcenter.model.facts import ContactEnded, TalkEnded
from callcenter.model.ids import AgentId, CalendarName, LegId
from callcenter.model.parking import (
    ContactParked,
    ParkEnd,
    Parking,
    ParkOver,
    ParkRequested,
    PhoneTurnedAway,
    PickUpMissed,
    PickUpRequested,
)
from callcenter.model.recording import RecordingRules
from callcenter.model.recording_facts import RecordingStopped
from callcenter.sim.replay.journal import JournalCalls
from callcenter.sim.replay.recorded import Fate
from tests.core.center import Ann, Call, Center, queue
from tests.core.test_call_control import room_of

SLOTS = Parking(slots=("701", "702"), number="700", key="#", back_after_s=60.0)
OWN = LegId("1764000000.9")
P = ContactState.PARKED


def talking(parking: Parking | None = SLOTS, **rules: Any) -> tuple[Center, Ann, Ann, Call]:
    center = Center(queue("sales", music="jazz", **rules), parking=parking, forward_to=("028[0-9]+",))
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    center.passes(10.0)
    return center, ann, center.agent("bob"), call


def parks(center: Center, call: Call, slot: str = "") -> str:
    return center.ask(ParkRequested(request=center.request(), contact=call.id, slot=slot, by="mai"))


def picks_up(center: Center, agent: Ann, slot: str = "701") -> str:
    return center.ask(PickUpRequested(request=center.request(), agent=agent.id, slot=slot))


def dials(center: Center, agent: Ann, number: str, own: LegId = OWN) -> None:
    number_of = agent.record.agent.number
    center.tell(
        ContactArrived(
            leg=own,
            medium=Medium.VOICE,
            caller=number_of,
            dialled=number,
            direction=Direction.INTERNAL,
            agent_number=number_of,
        )
    )


def own_call(center: Center, agent: Ann) -> ContactRecord:
    """The call of her own in which she hears something."""
    return next(one for one in center.engine.world.contacts.values() if one.dialler == agent.id)


def heard_out(center: Center, agent: Ann) -> None:
    playback = own_call(center, agent).playback
    assert playback is not None
    center.tell(PlaybackEnded(playback=playback, ok=True))


def has(call: Call, agent: Ann, leg: LegId) -> bool:
    return (call.state, call.record.agent, call.record.agent_leg) == (ContactState.CONNECTED, agent.id, leg)


def test_the_agent_is_free_and_the_caller_hears_music_until_another_dials_her_slot() -> None:
    center, ann, bob, call = talking(wrap_up_s=5.0)
    leg = ann.leg
    assert parks(center, call) == ""
    assert (call.state, ann.state, call.record.agent) == (P, AgentState.WRAP_UP, None)
    assert [(fact.slot, fact.until, fact.by) for fact in center.lately(ContactParked)] == [
        ("701", center.now + 60.0, "mai")
    ]
    assert center.lately(TalkEnded)[0].talk_s == 10.0
    assert [out.leg for out in center.lately(HangUp)] == [leg]
    assert center.lately(StartMusic)[0].music == "jazz"
    assert [(one.slot, one.state, one.agent) for one in center.engine.view(center.now).contacts] == [("701", P, None)]
    center.passes(20.0)
    dials(center, bob, "701")
    assert has(call, bob, OWN)
    assert bob.state is AgentState.ON_CONTACT
    media = [output for output in center.last if isinstance(output, AnswerLeg | StopMusic | JoinBridge)]
    assert [type(output).__name__ for output in media] == ["AnswerLeg", "StopMusic", "JoinBridge"]
    assert room_of(center, OWN) == call.record.bridge
    over = center.lately(ParkOver)[0]
    assert (over.end, over.parker, over.agent, over.leg) == (ParkEnd.PICKED_UP, ann.id, bob.id, OWN)
    assert over.parked_s == 20.0
    center.passes(7.0)
    bob.hangs_up()
    ended = center.all(ContactEnded)[0]
    assert (ended.reason, ended.agent) == (EndReason.AGENT_HUNG_UP, bob.id)
    assert (ended.talk_s, ended.parked_s, ended.hold_s) == (17.0, 20.0, 0.0)
    assert [(talk.agent, talk.talk_s) for talk in center.all(TalkEnded)] == [(ann.id, 10.0), (bob.id, 7.0)]
    center.told_again()


def test_a_recording_goes_on_with_the_music_and_the_next_agent() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    center.passes(5.0)
    dials(center, bob, "701")
    assert (len(center.all(StartRecording)), center.all(StopRecording)) == (1, [])
    assert [out.seconds for out in center.lately(RenewRecording)] == [15.0], "for the other phone"
    center.passes(5.0)
    bob.hangs_up()
    assert [fact.expected_s for fact in center.all(RecordingStopped)] == [20.0]
    center.told_again()


def test_or_it_ends_as_she_is_parked_and_rules_for_agents_hold_for_the_next() -> None:
    silent = Parking(slots=("701",), record=False, back_after_s=60.0)
    center, ann, bob, call = talking(silent, recording=RecordingRules(except_agents=(AgentId("bob"),)))
    parks(center, call)
    assert len(center.lately(StopRecording)) == 1
    dials(center, bob, "701")
    assert len(center.all(StartRecording)) == 1
    parks(center, call)
    dials(center, ann, "701", LegId("1764000001.2"))
    assert len(center.all(StartRecording)) == 2
    center.told_again()


def test_who_parked_a_call_is_rung_for_it_out_of_her_wrap_up() -> None:
    center, ann, _, call = talking(wrap_up_s=300.0)
    parks(center, call)
    assert picks_up(center, ann) == ""
    assert (ann.state, [out.agent for out in center.lately(RingAgent)]) == (AgentState.OFFERED, [ann.id])
    leg = ann.leg
    assert "rings for it already" in picks_up(center, ann)
    center.tell(LegAnswered(leg=leg))
    assert has(call, ann, leg)
    assert call.record.why == "ann picked up her own call, 701"
    center.told_again()


@pytest.mark.parametrize(
    ("how", "end"),
    [(LegEnd.BUSY, PartyEnd.BUSY), (LegEnd.REJECTED, PartyEnd.REJECTED), (LegEnd.UNREACHABLE, PartyEnd.UNREACHABLE)],
)
def test_a_phone_that_does_not_answer_leaves_the_call_where_it_is(how: LegEnd, end: PartyEnd) -> None:
    center, ann, bob, call = talking()
    ann.pauses()
    parks(center, call)
    assert picks_up(center, bob) == ""
    bob.declines(how)
    assert [fact.end for fact in center.lately(PickUpMissed)] == [end]
    assert (call.state, bob.state, center.engine.world.slots) == (P, AgentState.READY, {"701": call.id})
    center.told_again()


def test_it_rings_for_a_while_and_stops_and_the_call_does_not_leave_while_it_rings() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    center.passes(50.0)
    assert picks_up(center, bob) == ""
    leg = bob.leg
    center.passes(RING_S - 1.0)
    assert (call.state, bob.is_rung) == (P, True), "it was to go back by now"
    center.passes(1.0)
    assert [(out.leg, out.end) for out in center.lately(HangUp)] == [(leg, LegEnd.CANCELLED)]
    assert call.is_in(P)
    center.passes(5.0)
    assert call.is_in(ContactState.OFFERED)


def test_who_cannot_be_rung_and_who_pauses_while_she_is() -> None:
    center, ann, bob, call = talking()
    parks(center, call)
    bob.pauses()
    assert "bob cannot have it" in picks_up(center, bob)
    assert "there is no slot 799" in picks_up(center, bob, "799")
    assert "nobody is parked in 702" in picks_up(center, bob, "702")
    assert "there is no agent eve" in picks_up(center, Ann(center, AgentId("eve")))
    assert picks_up(center, ann) == ""
    ann.pauses()
    assert center.lately(PickUpMissed)[0].end is PartyEnd.REJECTED
    assert (call.state, ann.state, ann.record.offer) == (P, AgentState.NOT_READY, None)


def test_a_phone_that_could_not_be_rung_is_nobodys_fault() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    picks_up(center, bob)
    ring = center.lately(RingAgent)[0]
    center.fails(ring, TransportFault.UNKNOWN)
    assert bob.is_rung, "it may ring yet"
    center.fails(ring, TransportFault.REFUSED, "no such phone")
    assert (call.state, bob.state, center.lately(PickUpMissed)[0].end) == (P, AgentState.READY, PartyEnd.FAILED)


def test_after_its_time_it_goes_back_to_who_parked_it_and_then_to_anybody() -> None:
    center, ann, bob, call = talking()
    parks(center, call)
    center.passes(60.0)
    assert center.all(ParkOver)[0].end is ParkEnd.TIMED_OUT
    assert (call.rung, len(center.all(StopRecording))) == ([ann.id], 1)
    ann.declines()
    center.passes(20.0)
    assert call.rung == [bob.id]
    center.told_again()


def test_if_she_has_gone_it_is_the_first_in_its_queue() -> None:
    center, ann, bob, call = talking()
    bob.pauses()
    parks(center, call)
    ann.logs_out()
    later = center.call("sales")
    center.passes(60.0)
    assert (call.state, later.state) == (ContactState.WAITING, ContactState.WAITING)
    bob.is_ready()
    assert (call.rung, later.rung) == ([bob.id], [])


def test_it_comes_back_into_a_queue_that_has_closed_and_is_drained_meanwhile() -> None:
    closed = Calendar(name=CalendarName("never"), timezone="UTC", spans=())
    center, ann, bob, call = talking()
    parks(center, call)
    bob.pauses()
    assert center.applies(queue("sales", music="jazz", hours="never"), calendars=(closed,), parking=SLOTS) == ""
    center.passes(60.0)
    assert call.rung == [ann.id]
    assert center.call("sales").state is ContactState.ENDED, "nobody else comes in"


def test_who_hangs_up_in_her_slot_has_an_end_of_her_own() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    picks_up(center, bob)
    leg = bob.leg
    center.passes(4.0)
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL))
    assert (call.end_reason, call.summary.parked_s) == (EndReason.LEFT_PARKED, 4.0)
    assert center.lately(ParkOver)[0].end is ParkEnd.HUNG_UP
    assert leg in [out.leg for out in center.lately(HangUp)]
    assert (bob.state, center.engine.world.slots) == (AgentState.READY, {})
    assert len(center.lately(StopRecording)) == 1
    center.told_again()


def test_a_parked_call_is_one_talk_to_who_lets_the_journals_calls_come_again() -> None:
    center, ann, bob, call = talking()
    parks(center, call)
    center.passes(30.0)
    dials(center, bob, "701")
    center.passes(7.0)
    parks(center, call)
    call.hangs_up()
    dials(center, ann, "sales", LegId("1764000001.6"))  # her own call is nobody's
    recorded = JournalCalls(live=center.engine.world.configuration)
    for line in center.journal:
        recorded.read(decode_entry(line))
    [one] = recorded.recorded().calls
    assert (one.fate, one.talk_s, one.agent) == (Fate.SERVED, 17.0, bob.id)


def test_it_can_be_ended_by_request() -> None:
    center, _, _, call = talking()
    parks(center, call)
    assert center.ask(HangUpRequested(request=center.request(), contact=call.id)) == ""
    assert (call.end_reason, center.lately(ParkOver)[0].end) == (EndReason.HUNG_UP_BY_REQUEST, ParkEnd.ENDED)


def test_what_cannot_be_parked_and_where() -> None:
    center, ann, bob, call = talking()
    assert "there is no slot 799" in parks(center, call, "799")
    assert parks(center, call, "702") == ""
    assert "is not with an agent: it is parked" in parks(center, call)
    second = center.call("sales")
    ann.answers() if ann.is_rung else bob.answers()
    assert "slot 702 is taken" in parks(center, second, "702")
    assert parks(center, second) == ""
    third = center.call("sales")
    ann.answers() if ann.is_rung else bob.answers()
    assert "all 2 slots are taken" in parks(center, third)
    assert third.is_in(ContactState.CONNECTED)


def test_without_slots_nobody_is_parked() -> None:
    center, _, bob, call = talking(None)
    assert "there are no slots" in parks(center, call)
    assert "there are no slots" in picks_up(center, bob)
    center.tell(DigitPressed(leg=call.record.agent_leg, digit="#"))  # type: ignore[arg-type]
    assert call.is_in(ContactState.CONNECTED)


def test_an_agent_who_consults_somebody_parks_nobody() -> None:
    center, _, bob, call = talking()
    center.ask(ConsultRequested(request=center.request(), contact=call.id, to=TransferTo.AGENT, name=bob.id))
    assert "consults bob" in parks(center, call)
    bob.answers()
    center.ask(ConsultActRequested(request=center.request(), contact=call.id, act=ConsultAct.CONFERENCE))
    assert "is a conference" in parks(center, call)


def test_a_key_of_her_phone_and_a_transfer_by_it_park_as_well() -> None:
    center, ann, bob, call = talking()
    center.tell(DigitPressed(leg=ann.leg, digit="#"))
    assert (call.record.parked is not None, center.lately(ContactParked)[0].by) == (True, "key")
    heard_out(center, ann)
    dials(center, bob, "701")
    center.tell(LegReferred(leg=OWN, number="702"))
    assert [out.taken for out in center.lately(TellReferrer)] == [True]
    assert type(center.last[0]) is TellReferrer
    assert (center.lately(ContactParked)[0].slot, center.lately(ContactParked)[0].by) == ("702", "phone")
    dials(center, ann, "702", LegId("1764000001.1"))
    center.tell(LegReferred(leg=ann.leg, number="700"))
    assert center.lately(ContactParked)[0].slot == "701"
    center.told_again()


def test_who_parks_by_a_key_hears_the_slot_alone_and_gets_no_call_meanwhile() -> None:
    center, ann, bob, call = talking(wrap_up_s=0.0)
    bob.pauses()
    leg, room = ann.leg, call.record.bridge
    center.tell(DigitPressed(leg=leg, digit="#"))
    [said] = center.lately(PlayPrompts)
    own = own_call(center, ann)
    assert (said.prompts, said.variables["slot"], said.language) == (("parked_in",), "701", ann.record.agent.language)
    assert (said.bridge, own.leg, room_of(center, leg)) == (own.bridge, leg, own.bridge)
    assert own.bridge != room
    assert center.lately(HangUp) == []
    other = center.call("sales")
    assert (other.state, ann.state) == (ContactState.WAITING, AgentState.NOT_READY)
    heard_out(center, ann)
    assert [out.leg for out in center.lately(HangUp)] == [leg]
    assert (other.rung, call.state) == ([ann.id], P)
    center.told_again()


def test_who_hangs_up_before_she_has_heard_the_slot_is_free_at_once() -> None:
    center, ann, _, call = talking()
    leg = ann.leg
    center.tell(DigitPressed(leg=leg, digit="#"))
    center.tell(LegEnded(leg=leg, end=LegEnd.NORMAL))
    assert (ann.state, call.state) == (AgentState.READY, P)
    center.told_again()


@pytest.mark.parametrize(("dialled", "slot"), [("700", "701"), ("702", "702")])
def test_a_second_call_to_the_number_or_a_free_slot_parks_and_tells_the_slot(dialled: str, slot: str) -> None:
    center, ann, bob, call = talking()
    first = ann.leg
    center.tell(LegHeld(leg=first, held=True))
    dials(center, ann, dialled)
    assert [fact.slot for fact in center.lately(ContactParked)] == [slot]
    assert first in [out.leg for out in center.lately(HangUp)]
    assert own_call(center, ann).leg == OWN
    assert center.lately(PlayPrompts)[0].variables["slot"] == slot
    assert ann.is_in(AgentState.NOT_READY)
    heard_out(center, ann)
    assert ann.is_in(AgentState.READY)

    other = center.call("sales")
    agent = ann if ann.is_rung else bob
    agent.answers()
    dials(center, agent, slot, LegId("1764000001.7"))
    assert center.lately(PhoneTurnedAway)[0].why == f"{agent.id} has a call already", "it is another's call in there"
    center.ask(ConsultRequested(request=center.request(), contact=other.id, to=TransferTo.NUMBER, name="0281"))
    dials(center, agent, "700", LegId("1764000001.8"))
    assert "consults 0281" in center.lately(PhoneTurnedAway)[0].why
    assert (call.state, other.state) == (P, ContactState.CONNECTED)
    center.told_again()


def test_on_a_line_that_is_nailed_up_the_slot_is_heard_between_two_calls() -> None:
    center = Center(queue("sales", music="jazz"), parking=SLOTS)
    eve = center.agent("eve", phone=PhoneRules(nailed=True))
    call = center.call("sales")
    center.tell(DigitPressed(leg=eve.line, digit="#"))
    nail = eve.record.nail
    assert nail is not None
    home, said = nail.bridge, [out for out in center.lately(PlayPrompts) if out.prompts == ("parked_in",)]
    assert [out.bridge for out in said] == [home]
    back = JoinBridge(contact=call.id, bridge=home, leg=eve.line)
    assert center.last.index(back) < center.last.index(said[0]), "she is there before it is said"
    assert eve.is_in(AgentState.READY)
    center.tell(PlaybackEnded(playback=said[0].playback, ok=True))
    center.told_again()


def test_a_wish_that_is_refused_ends_no_wrap_up() -> None:
    center, ann, _, call = talking(wrap_up_s=300.0)
    center.tell(DigitPressed(leg=ann.leg, digit="#"))
    assert "makes a call of her own" in picks_up(center, ann)
    assert ann.is_in(AgentState.WRAP_UP)
    heard_out(center, ann)
    assert picks_up(center, ann) == ""
    assert call.is_in(P)


def test_a_phone_that_may_not_have_it_is_told_no_and_nothing_is_dialled() -> None:
    center, ann, bob, call = talking()
    dials(center, bob, "701")
    assert (center.lately(PhoneTurnedAway)[0].why, center.lately(HangUp)[0].end) == (
        "nobody is parked in 701",
        LegEnd.REJECTED,
    )
    parks(center, call)
    bob.logs_out()
    dials(center, bob, "701", LegId("1764000001.2"))
    assert center.lately(PhoneTurnedAway)[0].why == "bob is logged out"
    other = center.call("sales")
    ann.answers()
    dials(center, ann, "701", LegId("1764000001.3"))
    assert center.lately(PhoneTurnedAway)[0].why == "ann has a call already"
    assert (call.state, other.state) == (P, ContactState.CONNECTED)
    assert center.call("701").end_reason is EndReason.REFUSED, "a caller from outside dials no slot"


def test_a_paused_agent_may_dial_a_slot_and_is_paused_again_afterwards() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    bob.pauses()
    dials(center, bob, "701")
    assert has(call, bob, OWN)
    bob.hangs_up()
    assert (bob.record.status, bob.state) == (AgentStatus.PAUSED, AgentState.NOT_READY)


def test_she_may_dial_the_slot_while_she_is_rung_for_it() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    picks_up(center, bob)
    rung = bob.leg
    dials(center, bob, "701")
    assert has(call, bob, OWN)
    assert rung in [out.leg for out in center.lately(HangUp)]
    center.told_again()


def test_a_phone_that_is_nailed_up_has_it_at_once() -> None:
    center, _, _, call = talking()
    eve = center.agent("eve", phone=PhoneRules(nailed=True))
    parks(center, call)
    assert picks_up(center, eve) == ""
    assert has(call, eve, eve.line)
    assert parks(center, call) == ""
    dials(center, eve, "701")
    assert "nailed up: pick it up by a request" in center.lately(PhoneTurnedAway)[0].why
    center.told_again()


def test_killed_while_somebody_is_parked() -> None:
    center, ann, bob, call = talking()
    parks(center, call)
    center.restarts(away_s=5.0)
    assert (call.state, call.record.parked.slot if call.record.parked else "") == (P, "701")
    assert [out.music for out in center.lately(StartMusic)] == ["jazz"]
    assert len(center.lately(StartRecording)) == 1, "it goes on; the command can be repeated"
    picks_up(center, bob)
    leg = bob.leg
    center.restarts(namespace="storythr", listing=center.listing(up=[leg]))
    assert has(call, Ann(center, bob.id), leg)
    assert ann.record.contacts == []


def test_killed_while_a_phone_rings_for_it_and_meanwhile_neither_is_there() -> None:
    center, _, bob, call = talking()
    parks(center, call)
    picks_up(center, bob)
    center.restarts(listing=center.listing(without=[bob.leg]))
    assert (call.state, bob.state) == (P, AgentState.READY)
    center.restarts(namespace="storythr", listing=Resynced(legs=(), bridges=()))
    assert call.end_reason is EndReason.LEFT_PARKED
    assert bob.record.phone is PhoneState.REACHABLE
