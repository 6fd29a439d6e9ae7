"""Every kind of message that Asterisk sends, and every odd thing that may stand in one."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.ari import messages as ari
from callcenter.asterisk.ari import resources
from callcenter.media.voice import ears
from callcenter.model.agent import PhoneState
from callcenter.model.contact import Direction, LegEnd, Medium, direction_of
from callcenter.model.events import (
    ContactArrived,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    LegReplaced,
    LegRinging,
    LegSeen,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
)
from callcenter.model.ids import FlowName, LegId, Mint, PlaybackId, RecordingId

CALLER_LEG = LegId("1700000000.42")
OUR_LEG = Mint("0a1b2c3d").leg()
QUIET = (set(ari.KINDS) - set(ears.WANTED)) | {"ChannelStateChange"}  # the least of it is no ringing leg of ours


def channel(
    id: str = CALLER_LEG,
    *,
    name: str = "PJSIP/carrier-0000002a",
    number: str = "0901",
    caller_name: str = "",
    exten: str = "1900",
    app: str = "Stasis",
    data: str = "callcenter,in",
    state: str = "Ring",
) -> resources.Channel:
    return resources.Channel(
        id=id,
        name=name,
        state=state,
        caller=resources.CallerId(number=number, name=caller_name),
        dialplan=resources.DialplanPlace(exten=exten, app_name=app, app_data=data),
    )


def started(*args: str, **about: Any) -> Event | None:
    return ears.event_of(ari.StasisStart(channel=channel(**about), args=args))


# -- legs --------------------------------------------------------------------------------------------------------------


def test_a_caller_comes_in() -> None:
    assert started("in", caller_name="An") == ContactArrived(
        leg=CALLER_LEG, medium=Medium.VOICE, caller="0901", caller_name="An", dialled="1900"
    )


def test_a_dialplan_asks_for_a_flow_and_wants_the_call_back() -> None:
    event = started("flow", "sales")
    assert isinstance(event, ContactArrived)
    assert (event.flow, event.returns) == (FlowName("sales"), True)


@pytest.mark.parametrize("args", [(), ("in",), ("in", "sales"), ("flow",), ("",), ("odd", "more", "still more")])
def test_arguments_that_ask_for_no_flow_ask_for_none(args: tuple[str, ...]) -> None:
    event = started(*args)
    assert isinstance(event, ContactArrived)
    assert event.flow is None
    assert event.returns is (args == ("flow",))


@pytest.mark.parametrize(
    ("name", "dialled", "agent_number", "direction"),
    [
        ("PJSIP/1001-0000002a", "*81", "1001", Direction.INTERNAL),
        ("PJSIP/1001-0000002a", "1900", "1001", Direction.INBOUND),
        ("PJSIP/front-desk-0000002a", "*81", "front-desk", Direction.INTERNAL),
        ("PJSIP/carrier-0000002a", "*81", "", Direction.INBOUND),
        ("Local/1001@x-0000002a;1", "*81", "", Direction.INBOUND),
        ("PJSIP/", "*81", "", Direction.INBOUND),
        ("", "*81", "", Direction.INBOUND),
    ],
)
def test_who_calls_from_a_phone_of_ours(name: str, dialled: str, agent_number: str, direction: Direction) -> None:
    event = started("in", name=name, exten=dialled)
    assert isinstance(event, ContactArrived)
    assert (event.agent_number, event.direction) == (agent_number, direction)


def test_a_leg_of_ours_was_answered_whatever_its_arguments_say() -> None:
    for args in (("out",), ("in",), ("flow", "sales"), ()):
        assert started(*args, id=OUR_LEG) == LegAnswered(leg=OUR_LEG)


@pytest.mark.parametrize("id", [f"{OUR_LEG} ", f"x{OUR_LEG}", OUR_LEG.upper(), "l-0a1b2c3d-", "l-0a1b2c3-1", "1.1"])
def test_only_ids_of_our_shape_are_ours(id: str) -> None:
    assert isinstance(started("in", id=id), ContactArrived)


def test_a_leg_leaves() -> None:
    assert ears.event_of(ari.StasisEnd(channel=channel())) == LegEnded(leg=CALLER_LEG, end=LegEnd.NORMAL, left=True)


SIP_CAUSES = {  # hangup_sip2cause of chan_pjsip: SIP status -> Q.850, and what that is to us
    401: (21, LegEnd.REJECTED),
    403: (21, LegEnd.REJECTED),
    404: (1, LegEnd.UNREACHABLE),
    405: (127, LegEnd.FAILED),
    407: (21, LegEnd.REJECTED),
    408: (18, LegEnd.UNREACHABLE),
    409: (41, LegEnd.FAILED),
    410: (22, LegEnd.UNREACHABLE),
    420: (3, LegEnd.UNREACHABLE),
    480: (19, LegEnd.NO_ANSWER),
    481: (127, LegEnd.FAILED),
    483: (19, LegEnd.NO_ANSWER),
    484: (28, LegEnd.UNREACHABLE),
    485: (1, LegEnd.UNREACHABLE),
    486: (17, LegEnd.BUSY),
    487: (127, LegEnd.FAILED),
    488: (58, LegEnd.FAILED),
    500: (38, LegEnd.FAILED),
    501: (29, LegEnd.FAILED),
    502: (27, LegEnd.UNREACHABLE),
    503: (34, LegEnd.FAILED),
    504: (102, LegEnd.UNREACHABLE),
    600: (17, LegEnd.BUSY),
    603: (21, LegEnd.REJECTED),
    604: (1, LegEnd.UNREACHABLE),
    606: (58, LegEnd.FAILED),
}
OWN_CAUSES = {  # what Asterisk or we say without a SIP answer
    0: LegEnd.FAILED,
    16: LegEnd.NORMAL,
    19: LegEnd.NO_ANSWER,
    20: LegEnd.UNREACHABLE,
    26: LegEnd.CANCELLED,
}


@pytest.mark.parametrize(("cause", "end"), [*SIP_CAUSES.values(), *OWN_CAUSES.items()])
def test_why_a_leg_ended(cause: int, end: LegEnd) -> None:
    message = ari.ChannelDestroyed(channel=channel(OUR_LEG), cause=cause)
    assert ears.event_of(message) == LegEnded(leg=OUR_LEG, end=end, cause=cause)


@pytest.mark.parametrize("cause", [-1, 2, 32, 99, 128, 2**31])
def test_a_cause_that_nobody_knows_is_a_failure(cause: int) -> None:
    event = ears.event_of(ari.ChannelDestroyed(channel=channel(), cause=cause))
    assert event == LegEnded(leg=CALLER_LEG, end=LegEnd.FAILED, cause=cause)


@pytest.mark.parametrize("held", [True, False])
def test_a_phone_holds_or_takes_back(held: bool) -> None:
    told = ari.ChannelHold(channel=channel(OUR_LEG)) if held else ari.ChannelUnhold(channel=channel(OUR_LEG))
    assert ears.event_of(told) == LegHeld(leg=OUR_LEG, held=held)


def wants(other: str | None = None, protocol_id: str = "", state: str = "") -> ari.ChannelTransfer:
    return ari.ChannelTransfer(
        refer_to=resources.ReferTo(
            requested_destination=resources.RequestedDestination(destination="1002", protocol_id=protocol_id),
            destination_channel=channel(other) if other is not None else None,
        ),
        referred_by=resources.ReferredBy(source_channel=channel(OUR_LEG)),
        state=state,
    )


def test_a_phone_wants_its_call_handed_on() -> None:
    assert ears.event_of(wants()) == LegReferred(leg=OUR_LEG, number="1002")
    there = ears.event_of(wants(CALLER_LEG, "a@b"))
    assert there == LegReferred(leg=OUR_LEG, number="1002", other=CALLER_LEG)
    assert ears.event_of(wants(None, "a@b")) == LegReferred(leg=OUR_LEG, number="1002", elsewhere=True)
    assert ears.event_of(wants(state="channel_declined")) is None, "what we have told it ourselves"


def test_a_phone_in_the_place_of_another() -> None:
    taken = channel(CALLER_LEG, name="PJSIP/1002-0000000a")
    told = ari.StasisStart(channel=taken, args=("out",), replace_channel=channel(OUR_LEG))
    assert ears.event_of(told) == LegReplaced(leg=CALLER_LEG, old=OUR_LEG, agent_number="1002")


def test_a_key() -> None:
    message = ari.ChannelDtmfReceived(channel=channel(), digit="#", duration_ms=90)
    assert ears.event_of(message) == DigitPressed(leg=CALLER_LEG, digit="#")


# -- what was played and recorded --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "ok"), [("done", True), ("failed", False), ("", False)])
def test_a_playback_ends(state: str, ok: bool) -> None:
    message = ari.PlaybackFinished(playback=resources.Playback(id="p-1", state=state))
    assert ears.event_of(message) == PlaybackEnded(playback=PlaybackId("p-1"), ok=ok)


@pytest.mark.parametrize(("duration", "seconds"), [(None, 0.0), (0, 0.0), (7, 7.0)])
def test_a_message_was_recorded(duration: int | None, seconds: float) -> None:
    recording = resources.LiveRecording(name="r-1", state="done", duration=duration)
    event = ears.event_of(ari.RecordingFinished(recording=recording))
    assert event == MessageRecorded(recording=RecordingId("r-1"), seconds=seconds)


def test_a_message_that_could_not_be_recorded_is_nothing() -> None:
    recording = resources.LiveRecording(name="r-1", state="failed", duration=7)
    event = ears.event_of(ari.RecordingFailed(recording=recording))
    assert event == MessageRecorded(recording=RecordingId("r-1"), seconds=0.0)


# -- all the rest ------------------------------------------------------------------------------------------------------

PARTS: dict[type, Any] = {
    resources.Channel: {"id": "1.1"},
    resources.Bridge: {"id": "b"},
    resources.Playback: {"id": "p"},
    resources.LiveRecording: {"name": "r"},
    resources.Endpoint: {"technology": "PJSIP", "resource": "1001"},
    resources.DeviceState: {"name": "PJSIP/1001"},
    resources.ReferTo: {},
    resources.ReferredBy: {"source_channel": {"id": "1.1"}},
    resources.TextMessage: {},
    str: "",
}


def least(kind: str) -> ari.Message:
    """A message of this kind with nothing in it that may be left out."""
    struct = next(one for one in get_args(ari.Message) if one.__name__ == kind)
    needed = {one.encode_name: PARTS[one.type] for one in msgspec.structs.fields(struct) if one.required}
    message = ari.Reader().decode(msgspec.json.encode({"type": kind, **needed}))
    assert message is not None
    return message


@pytest.mark.parametrize("kind", ari.KINDS)
def test_every_kind_is_understood_or_left_alone(kind: str) -> None:
    assert (ears.event_of(least(kind)) is None) is (kind in QUIET)


@pytest.mark.parametrize(
    ("state", "phone"),
    [("online", PhoneState.REACHABLE), ("offline", PhoneState.UNREACHABLE), ("unknown", PhoneState.UNREACHABLE)],
)
def test_a_phone_is_there_or_not(state: str, phone: PhoneState) -> None:
    endpoint = resources.Endpoint(technology="PJSIP", resource="1001", state=state)
    assert ears.phone_of(endpoint) == PhoneChanged(number="1001", state=phone)


# -- after a restart ---------------------------------------------------------------------------------------------------


def test_a_listed_caller_is_who_she_was_when_she_came() -> None:
    """Else a restart would make another call of hers."""
    one = channel(caller_name="An", data="callcenter,flow,sales", name="PJSIP/1001-0000002a", exten="*81")
    arrived = ears.event_of(ari.StasisStart(channel=one, args=("flow", "sales")))
    seen = ears.seen(one)
    assert isinstance(arrived, ContactArrived)
    assert isinstance(seen, LegSeen)
    for name in ("leg", "caller", "caller_name", "dialled", "flow", "returns", "agent_number"):
        assert getattr(seen, name) == getattr(arrived, name)
    assert (seen.ours, seen.up) == (False, False)


@pytest.mark.parametrize(("state", "up"), [("Up", True), ("Ring", False), ("Ringing", False), ("Down", False)])
def test_a_listed_leg_of_ours_is_up_or_not(state: str, up: bool) -> None:
    seen = ears.seen(channel(OUR_LEG, state=state, app="AppDial2", data="(Outgoing Line)"))
    assert seen is not None
    assert (seen.ours, seen.up) == (True, up)


@pytest.mark.parametrize(
    ("app", "data"),
    [("Stasis", "other,in"), ("Stasis", ""), ("Stasis", "callcenters,in"), ("Queue", "callcenter"), ("", "")],
)
def test_what_is_not_in_our_hands_is_not_seen(app: str, data: str) -> None:
    assert ears.seen(channel(app=app, data=data)) is None


# -- text from outside -------------------------------------------------------------------------------------------------


@given(st.text())
def test_text_from_outside_is_short_and_on_one_line(text: str) -> None:
    kept = ears.outside(text)
    assert len(kept) <= ears.OUTSIDE_TEXT_MAX
    assert kept.isprintable()
    assert ears.outside(kept) == kept
    kept.encode()  # no half characters, which neither JSON nor Postgres take
    if text.isprintable() and len(text) <= ears.OUTSIDE_TEXT_MAX:
        assert kept == text


@given(
    number=st.text(max_size=300),
    caller_name=st.text(max_size=300),
    exten=st.text(max_size=300),
    name=st.text(max_size=100),
    args=st.lists(st.text(max_size=100), max_size=4),
    data=st.text(max_size=100),
)
def test_whatever_stands_in_a_call_it_is_a_call(
    number: str, caller_name: str, exten: str, name: str, args: list[str], data: str
) -> None:
    one = channel(number=number, caller_name=caller_name, exten=exten, name=name, data="callcenter," + data)
    event = ears.event_of(ari.StasisStart(channel=one, args=tuple(args)))
    assert isinstance(event, ContactArrived)
    assert event.caller == ears.outside(number)
    seen = ears.seen(one)
    assert seen is not None
    for told in (event, seen):
        msgspec.json.encode(told)


@pytest.mark.parametrize(
    ("agent_number", "dialled", "direction"),
    [
        ("1001", "*31", Direction.INTERNAL),
        ("1001", "1900", Direction.INBOUND),
        ("", "*31", Direction.INBOUND),
    ],
)
def test_only_an_agent_with_a_feature_code_is_no_customer(
    agent_number: str, dialled: str, direction: Direction
) -> None:
    assert direction_of(agent_number, dialled) is direction


# -- a leg that we dialled rings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "state", "rings"),
    [
        ("l-abcdefgh-7", "Ringing", True),
        ("l-abcdefgh-7", "Up", False),
        ("1795296875.0", "Ringing", False),
    ],
)
def test_only_a_leg_of_ours_that_rings_is_said_to_ring(channel: str, state: str, rings: bool) -> None:
    event = ears.event_of(ari.ChannelStateChange(channel=resources.Channel(id=channel, state=state)))
    assert (event == LegRinging(leg=LegId(channel))) is rings
    assert (event is None) is not rings
