"""Decoding: what is known is typed, what is not is counted, nothing is fatal."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.ari import messages as m
from callcenter.asterisk.ari import resources

CHANNEL: dict[str, Any] = {
    "id": "l-abcdefgh-1",
    "name": "PJSIP/1001-00000001",
    "state": "Up",
    "protocol_id": "call-id@host",
    "caller": {"name": "Nguyễn", "number": "0901"},
    "connected": {"name": "", "number": ""},
    "accountcode": "",
    "dialplan": {"context": "in", "exten": "s", "priority": 2, "app_name": "Stasis", "app_data": "callcenter,in"},
    "creationtime": "2026-11-21T21:08:57.276+0000",
    "language": "en",
    "a_field_of_a_later_version": {"x": [1]},
}


def event(kind: str, **fields: object) -> str:
    return json.dumps(
        {
            "type": kind,
            "timestamp": "2026-11-21T21:08:57.276+0000",
            "application": "callcenter",
            "asterisk_id": "x",
            **fields,
        }
    )


def test_an_event_is_read_whole() -> None:
    frame = event("StasisStart", args=["in", "42"], channel=CHANNEL, replace_channel={**CHANNEL, "id": "old"})
    read = m.Reader().decode(frame)
    assert isinstance(read, m.StasisStart)
    assert read.args == ("in", "42")
    assert read.channel.caller == resources.CallerId(name="Nguyễn", number="0901")
    assert read.channel.dialplan.app_data == "callcenter,in"
    assert read.channel.state == resources.ChannelState.UP
    assert read.replace_channel is not None
    assert read.replace_channel.id == "old"
    assert read.application == "callcenter"


def test_a_transfer_request_is_read() -> None:
    frame = event(
        "ChannelTransfer",
        state="channel_declined",
        refer_to={"requested_destination": {"protocol_id": "c@h", "destination": "2000"}, "connected_channel": CHANNEL},
        referred_by={"source_channel": CHANNEL, "bridge": {"id": "b-1", "channels": ["x"]}},
    )
    read = m.Reader().decode(frame.encode())
    assert isinstance(read, m.ChannelTransfer)
    assert read.refer_to.requested_destination.destination == "2000"
    assert read.referred_by.source_channel.id == CHANNEL["id"]
    assert read.referred_by.bridge is not None
    assert read.referred_by.bridge.channels == ("x",)


def test_a_text_message_has_its_sender() -> None:
    frame = event("TextMessageReceived", message={"from": "sip:a@b", "to": "sip:c@d", "body": "hello"})
    read = m.Reader().decode(frame)
    assert isinstance(read, m.TextMessageReceived)
    assert read.message.sender == "sip:a@b"


@pytest.mark.parametrize("kind", get_args(m.Message), ids=lambda kind: kind.__name__)
def test_every_kind_survives_writing_and_reading(kind: type[msgspec.Struct]) -> None:
    filled: dict[str, Any] = {
        "channel": resources.Channel(id="c"),
        "bridge": resources.Bridge(id="b"),
        "bridge_from": resources.Bridge(id="b2"),
        "playback": resources.Playback(id="p"),
        "recording": resources.LiveRecording(name="r"),
        "endpoint": resources.Endpoint(technology="PJSIP", resource="1"),
        "device_state": resources.DeviceState(name="Stasis:x"),
        "peer": resources.Peer() if kind is m.PeerStatusChange else resources.Channel(id="peer"),
        "dialstatus": "ANSWER",
        "digit": "5",
        "eventname": "e",
        "variable": "V",
        "message": resources.TextMessage(),
        "refer_to": resources.ReferTo(),
        "referred_by": resources.ReferredBy(source_channel=resources.Channel(id="s")),
        "transferer_first_leg": resources.Channel(id="1"),
        "transferer_second_leg": resources.Channel(id="2"),
    }
    required = [field.name for field in msgspec.structs.fields(kind) if field.required]
    written: Any = kind(**{name: filled[name] for name in required})
    assert m.Reader().decode(m.encode(written)) == written
    assert f'"type":"{kind.__name__}"' in m.encode(written).decode()


def test_what_is_unknown_or_broken_is_counted_and_skipped() -> None:
    reader = m.Reader()
    assert reader.decode(event("ChannelDialplan", channel=CHANNEL)) is None
    assert reader.decode(event("FromAsterisk30", any=1)) is None
    assert reader.decode(event("FromAsterisk30", any=2)) is None
    assert reader.decode(event("StasisStart", args=[])) is None  # no channel
    assert reader.decode(event("ChannelDtmfReceived", channel=CHANNEL, digit=7)) is None  # not a text
    assert reader.decode("{") is None
    assert reader.decode("[1]") is None
    assert reader.decode('{"message": "Missing type"}') is None
    assert reader.decode(b'{"type":"StasisEnd","channel":{"id":"\xff"}}') is None
    assert reader.unknown == {"ChannelDialplan": 1, "FromAsterisk30": 2}
    assert reader.malformed == {"StasisStart": 1, "ChannelDtmfReceived": 1, "StasisEnd": 1, "": 3}
    assert reader.read == 0
    assert isinstance(reader.decode(event("StasisEnd", channel=CHANNEL)), m.StasisEnd)
    assert reader.read == 1


def test_the_names_that_are_counted_have_a_limit() -> None:
    reader = m.Reader()
    for number in range(m.SKIPPED_KINDS_MAX + 50):
        reader.decode(event(f"Odd{number}"))
    assert len(reader.unknown) <= m.SKIPPED_KINDS_MAX + 1
    assert reader.unknown.total() == m.SKIPPED_KINDS_MAX + 50


@given(st.one_of(st.text(), st.binary()))
def test_no_text_at_all_is_fatal(frame: str | bytes) -> None:
    assert m.Reader().decode(frame) is None


def test_time_stamps_are_seconds() -> None:
    assert m.seconds("1970-01-01T00:00:01.500+0000") == 1.5
    assert m.seconds("1970-01-01T02:00:00.000+0200") == 0.0
    with pytest.raises(ValueError):
        m.seconds("yesterday")
