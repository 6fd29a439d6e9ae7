"""Which talks are recorded, and what customers, agents and supervisors may say about it."""

from typing import Any

import msgspec
import pytest

from callcenter.core.control import LONG_HOLD_S
from callcenter.core.recording import TRIES_MAX, TRY_AGAIN_S, is_recorded
from callcenter.core.snapshot import restore, take_snapshot
from callcenter.model.commands import MuteRecording, RenewRecording, StartRecording, StopRecording
from callcenter.model.contact import ContactState, Direction, TransportFault
from callcenter.model.events import DigitPressed, HoldRequested, LegReplaced, RecordingAllowed, RecordingPauseRequested
from callcenter.model.facts import Surprise
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.recording import RecordingRules
from callcenter.model.recording_facts import (
    RecordingDropped,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    RecordingSwitched,
)
from tests.core.center import Ann, Call, Center, queue

TOLD = Prompt(name="recorded")


def rules(**given: Any) -> RecordingRules:
    return RecordingRules(**given)


def talking(recording: RecordingRules, **given: Any) -> tuple[Center, Ann, Call]:
    center = Center(queue("sales", recording=recording, **given))
    ann, call = center.agent("ann"), center.call("sales")
    ann.answers()
    return center, ann, call


def asks(center: Center, call: Call, *, paused: bool) -> str:
    return center.ask(RecordingPauseRequested(request=center.request(), contact=call.id, paused=paused, by="mai"))


def key(center: Center, leg: Any, digit: str) -> None:
    center.tell(DigitPressed(leg=leg, digit=digit))


# -- which -------------------------------------------------------------------------------------------------------------


def test_a_share_is_of_contacts_and_the_same_one_is_always_in_it() -> None:
    center = Center(queue("sales"))
    record = center.call("sales").record
    assert record is not None
    half, little, none = (queue("sales", recording=rules(share=share)) for share in (50.0, 2.0, 0.0))
    chosen = {}
    for n in range(4000):
        record.id = ContactId(f"c-x-{n}")
        chosen[n] = is_recorded(record, half)
        assert is_recorded(record, half) is chosen[n]
        assert not is_recorded(record, none)
        assert chosen[n] or not is_recorded(record, little)
    assert 0.47 < sum(chosen.values()) / len(chosen) < 0.53


@pytest.mark.parametrize(
    ("given", "said", "recorded"),
    [
        ({}, None, True),
        ({"directions": (Direction.INBOUND,)}, None, True),
        ({"directions": (Direction.OUTBOUND,)}, None, False),
        ({"except_agents": (AgentId("ann"),)}, None, False),
        ({"except_agents": (AgentId("ben"),)}, None, True),
        ({"share": 0.0}, None, False),
        ({"share": 0.0}, "yes", True),
        ({"directions": (Direction.OUTBOUND,)}, "yes", True),
        ({"except_agents": (AgentId("ann"),)}, "yes", False),
        ({}, "no", False),
        ({}, "maybe", True),
    ],
)
def test_by_direction_agent_and_what_the_flow_says(given: dict[str, Any], said: str | None, recorded: bool) -> None:
    center = Center(queue("sales", recording=rules(**given)))
    ann, call = center.agent("ann"), center.call("sales")
    if said is not None:
        assert call.record is not None
        call.record.variables["record"] = said
    ann.answers()
    assert bool(center.all(StartRecording)) is recorded


def test_a_queue_that_does_not_record_is_not_overruled() -> None:
    center = Center(queue("sales", record=False))
    ann, call = center.agent("ann"), center.call("sales")
    assert call.record is not None
    call.record.variables["record"] = "yes"
    ann.answers()
    assert not center.all(StartRecording)


# -- what the customer says --------------------------------------------------------------------------------------------


def test_who_says_no_in_the_announcement_is_not_recorded_for_a_moment() -> None:
    center, _, call = talking(rules(opt_out="2"), connect_announcement=TOLD)
    call.presses("2")
    call.hears_it_out()
    assert call.is_in(ContactState.CONNECTED)
    assert not center.all(StartRecording)
    assert not center.all(RecordingDropped)


def test_who_says_no_in_the_talk_has_it_stopped_and_nothing_kept() -> None:
    center, _, call = talking(rules(opt_out="2"))
    [started] = center.all(RecordingStarted)
    call.presses("1")
    assert not center.all(StopRecording)
    call.presses("2")
    assert [stop.recording for stop in center.all(StopRecording)] == [started.recording]
    assert [drop.recording for drop in center.all(RecordingDropped)] == [started.recording]
    call.presses("2")
    call.hangs_up()
    assert not center.all(RecordingStopped)
    assert len(center.all(RecordingDropped)) == 1


def test_without_an_opt_out_keys_mean_nothing() -> None:
    center, ann, call = talking(rules())
    for digit in "0123456789*#":
        call.presses(digit)
        key(center, ann.leg, digit)
    assert not center.all(StopRecording)
    assert not center.all(MuteRecording)


# -- pauses ------------------------------------------------------------------------------------------------------------


def test_a_pause_is_silence_and_takes_nothing_off_the_length() -> None:
    center, _, call = talking(rules())
    center.passes(10)
    assert asks(center, call, paused=True) == ""
    [mute] = center.all(MuteRecording)
    assert (mute.leg, mute.muted) == (call.leg, True)
    assert [(fact.by, fact.until) for fact in center.all(RecordingPaused)] == [("mai", center.now + 300.0)]
    center.passes(20)
    assert asks(center, call, paused=True) == ""  # a second one does not move the cap
    assert len(center.all(MuteRecording)) == 1
    center.passes(5)
    assert asks(center, call, paused=False) == ""
    assert [mute.muted for mute in center.all(MuteRecording)] == [True, False]
    assert [fact.paused_s for fact in center.all(RecordingResumed)] == [25.0]
    center.passes(10)
    call.hangs_up()
    assert [stop.expected_s for stop in center.all(RecordingStopped)] == [45.0]


def test_a_pause_ends_by_itself_at_its_cap() -> None:
    center, _, call = talking(rules(pause_max_s=60.0))
    asks(center, call, paused=True)
    center.passes(59)
    assert not center.all(RecordingResumed)
    center.passes(2)
    assert [(fact.by, fact.paused_s) for fact in center.all(RecordingResumed)] == [("cap", 60.0)]
    assert [mute.muted for mute in center.all(MuteRecording)] == [True, False]


def test_the_agent_pauses_with_a_key_of_her_phone_and_the_customer_cannot() -> None:
    center, ann, call = talking(rules(pause_key="*"))
    call.presses("*")
    assert not center.all(MuteRecording)
    key(center, ann.leg, "*")
    key(center, ann.leg, "5")
    key(center, ann.leg, "*")
    assert [mute.muted for mute in center.all(MuteRecording)] == [True, False]
    assert [fact.by for fact in center.all(RecordingPaused)] == ["agent:ann"]


def test_a_pause_is_not_broken_for_another_phone_and_the_recorder_is_renewed_after_it() -> None:
    center, ann, call = talking(rules())
    center.passes(10)
    asks(center, call, paused=True)
    bob = center.agent("bob")
    center.tell(LegReplaced(leg=LegId("1764000000.11"), old=ann.leg, agent_number=bob.record.agent.number))
    assert call.record.agent == "bob"
    assert not center.all(RenewRecording)
    center.passes(5)
    asks(center, call, paused=False)
    kinds = [type(one).__name__ for one in center.last if isinstance(one, MuteRecording | RenewRecording)]
    assert kinds == ["MuteRecording", "RenewRecording"]
    assert [renew.seconds for renew in center.all(RenewRecording)] == [15.0]


@pytest.mark.parametrize(("held_s", "renewed"), [(LONG_HOLD_S - 1.0, 0), (LONG_HOLD_S, 1)])
def test_after_a_long_hold_the_recorder_is_renewed(held_s: float, renewed: int) -> None:
    center, _, call = talking(rules())
    center.ask(HoldRequested(request=center.request(), contact=call.id, held=True))
    center.passes(held_s)
    center.ask(HoldRequested(request=center.request(), contact=call.id, held=False))
    assert len(center.all(RenewRecording)) == renewed


@pytest.mark.parametrize("fault", [TransportFault.UNAVAILABLE, TransportFault.UNKNOWN, TransportFault.REFUSED])
def test_what_is_to_be_heard_again_and_may_not_be_is_tried_until_it_is(fault: TransportFault) -> None:
    center, _, call = talking(rules())
    asks(center, call, paused=True)
    center.passes(5.0)
    asks(center, call, paused=False)
    for _ in range(3):
        [heard] = center.lately(MuteRecording)
        assert not heard.muted
        center.fails(heard, fault)
        center.passes(TRY_AGAIN_S)
    asks(center, call, paused=True)
    center.passes(TRY_AGAIN_S)
    assert not [mute for mute in center.lately(MuteRecording) if not mute.muted], "it is paused again"
    center.told_again()


def test_what_is_not_recorded_cannot_be_paused() -> None:
    center, _, call = talking(rules(), record=False)
    assert asks(center, call, paused=True) == f"{call.id} is not being recorded"
    assert asks(center, call, paused=False) == f"{call.id} is not being recorded"
    call.hangs_up()
    assert asks(center, call, paused=True) == f"there is no live call {call.id}"


def test_who_hangs_up_in_a_pause_leaves_nothing_behind() -> None:
    center, _, call = talking(rules())
    asks(center, call, paused=True)
    call.hangs_up()
    assert len(center.all(RecordingStopped)) == 1
    center.passes(1000)
    assert not center.all(RecordingResumed)


def test_a_crash_in_a_pause_comes_back_paused_and_the_cap_holds() -> None:
    center, _, call = talking(rules(pause_max_s=60.0))
    asks(center, call, paused=True)
    center.passes(20)
    before = len(center.all(MuteRecording))
    center.restarts(away_s=10.0)
    later = center.all(MuteRecording)[before:]
    assert [(mute.leg, mute.muted) for mute in later] == [(call.leg, True)]
    assert not center.all(RecordingResumed)
    center.passes(31)
    assert [(fact.by, fact.paused_s) for fact in center.all(RecordingResumed)] == [("cap", 60.0)]


@pytest.mark.parametrize("fault", list(TransportFault))
def test_what_cannot_be_muted_is_not_recorded_at_all(fault: TransportFault) -> None:
    center, _, call = talking(rules())
    asks(center, call, paused=True)
    [mute] = center.all(MuteRecording)
    center.fails(mute, fault)
    stopped = fault is not TransportFault.GONE
    assert bool(center.all(StopRecording)) is stopped
    assert bool(center.all(Surprise)) is stopped
    center.passes(400)
    assert len(center.all(RecordingStopped)) == stopped


# -- the disk ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_ends_recordings_and_no_call() -> None:
    center, _, call = talking(rules())
    center.tell(RecordingAllowed(allowed=False, why="0.5 GB left"))
    center.tell(RecordingAllowed(allowed=False, why="0.4 GB left"))
    assert [(fact.allowed, fact.why) for fact in center.all(RecordingSwitched)] == [(False, "0.5 GB left")]
    assert len(center.all(StopRecording)) == 1
    assert call.is_in(ContactState.CONNECTED)
    ben, second = center.agent("ben"), center.call("sales")
    ben.answers()
    assert second.is_in(ContactState.CONNECTED)
    assert len(center.all(StartRecording)) == 1
    restored = restore(center.engine.world.configuration, take_snapshot(center.engine))
    assert not restored.world.may_record
    center.tell(RecordingAllowed(allowed=True, why="5 GB left"))
    third = center.call("sales")
    second.hangs_up()
    center.passes(0.1)
    ben.answers()
    assert third.is_in(ContactState.CONNECTED)
    assert len(center.all(StartRecording)) == 2


def test_a_recording_that_could_not_be_begun_is_tried_again_and_given_up_at_last() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    [first] = center.lately(StartRecording)
    center.fails(first, TransportFault.REFUSED)
    assert center.lately(StartRecording) == []
    center.passes(TRY_AGAIN_S)
    assert center.lately(StartRecording) == [msgspec.structs.replace(first, seconds=TRY_AGAIN_S)]
    for _ in range(TRIES_MAX - 1):
        center.fails(first, TransportFault.UNKNOWN)
        center.passes(TRY_AGAIN_S)
    assert call.record.recording is None
    assert len(center.all(StartRecording)) == TRIES_MAX
    assert "given up" in center.all(Surprise)[-1].what
    call.hangs_up()
    center.told_again()


def test_a_recording_that_could_not_be_stopped_is_stopped_again_until_it_is() -> None:
    center = Center(queue("sales", recording=RecordingRules(opt_out="9")))
    ann = center.agent("ann")
    call = center.call("sales")
    ann.answers()
    call.presses("9")
    [stop] = center.lately(StopRecording)
    for _ in range(3):
        center.fails(stop, TransportFault.UNAVAILABLE)
        center.passes(TRY_AGAIN_S)
        assert center.lately(StopRecording) == [stop]
    center.passes(60.0)
    assert len(center.all(StopRecording)) == 4
    center.fails(stop, TransportFault.UNKNOWN)
    call.hangs_up()
    center.passes(60.0)
    assert len(center.all(StopRecording)) == 4
    center.told_again()
