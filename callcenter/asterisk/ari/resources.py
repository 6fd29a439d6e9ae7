"""What Asterisk has, as ARI shows it: channels, bridges, endpoints and the like. Knows the shape of its JSON alone.

Requests return these and events carry them. Field names are Asterisk's own, so that they can be looked up in its ARI
documentation (Channel, Bridge, ... under "Asterisk REST Interface"). Only fields that we or a diagnosis use are
declared; others are skipped by the decoder without cost. What may be absent in any version has a default; what a caller
cannot do without (ids) has none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, cast

import msgspec


class ChannelState(StrEnum):
    """The values of `Channel.state` that we compare with; there are more, so the field itself is a plain string."""

    DOWN = "Down"
    RESERVED = "Rsrved"
    OFF_HOOK = "OffHook"
    DIALING = "Dialing"
    RING = "Ring"  # it rings at our side: an incoming call not yet answered
    RINGING = "Ringing"  # the far end rings
    UP = "Up"
    BUSY = "Busy"


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A part of a resource."""


class CallerId(Value, frozen=True, kw_only=True):
    """A name and a number as the network gave them: text from outside, never to be trusted."""

    name: str = ""
    number: str = ""


class DialplanPlace(Value, frozen=True, kw_only=True):
    """Where a channel stands in the dialplan; for one of ours `app_name` is "Stasis" and `app_data` "app,arg,arg"."""

    context: str = ""
    exten: str = ""
    priority: int = 0
    app_name: str = ""
    app_data: str = ""


class Channel(Value, frozen=True, kw_only=True):
    id: str
    name: str = ""
    state: str = ""
    caller: CallerId = CallerId()
    connected: CallerId = CallerId()
    accountcode: str = ""
    dialplan: DialplanPlace = DialplanPlace()
    creationtime: str = ""  # see seconds()
    language: str = ""
    protocol_id: str = ""  # SIP: the Call-ID
    caller_rdnis: str = ""
    channelvars: dict[str, str] | None = None


class Bridge(Value, frozen=True, kw_only=True):
    id: str
    technology: str = ""
    bridge_type: str = ""
    bridge_class: str = ""
    creator: str = ""
    name: str = ""
    channels: tuple[str, ...] = ()
    creationtime: str = ""


class Playback(Value, frozen=True, kw_only=True):
    id: str
    media_uri: str = ""
    next_media_uri: str = ""
    target_uri: str = ""  # "channel:ID" or "bridge:ID"
    language: str = ""
    state: str = ""  # queued, playing, paused, continuing, done, failed


class LiveRecording(Value, frozen=True, kw_only=True):
    name: str
    format: str = ""
    target_uri: str = ""
    state: str = ""  # queued, recording, paused, done, failed, canceled
    duration: int | None = None  # seconds, rounded
    talking_duration: int | None = None
    silence_duration: int | None = None
    cause: str = ""


class StoredRecording(Value, frozen=True, kw_only=True):
    name: str
    format: str = ""


class Endpoint(Value, frozen=True, kw_only=True):
    technology: str
    resource: str
    state: str = ""  # online, offline, unknown
    channel_ids: tuple[str, ...] = ()


class DeviceState(Value, frozen=True, kw_only=True):
    name: str
    state: str = ""  # UNKNOWN NOT_INUSE INUSE BUSY INVALID UNAVAILABLE RINGING RINGINUSE ONHOLD


class Application(Value, frozen=True, kw_only=True):
    """A Stasis application as Asterisk knows it: what it is subscribed to, and which kinds of event it gets."""

    name: str
    channel_ids: tuple[str, ...] = ()
    bridge_ids: tuple[str, ...] = ()
    endpoint_ids: tuple[str, ...] = ()
    device_names: tuple[str, ...] = ()
    events_allowed: tuple[dict[str, Any], ...] = ()
    events_disallowed: tuple[dict[str, Any], ...] = ()


class Variable(Value, frozen=True, kw_only=True):
    value: str


class Build(Value, frozen=True, kw_only=True):
    os: str = ""
    kernel: str = ""
    machine: str = ""
    options: str = ""
    date: str = ""


class System(Value, frozen=True, kw_only=True):
    version: str = ""
    entity_id: str = ""


class Status(Value, frozen=True, kw_only=True):
    startup_time: str = ""
    last_reload_time: str = ""


class AsteriskInfo(Value, frozen=True, kw_only=True):
    build: Build = Build()
    system: System = System()
    status: Status = Status()


class Pong(Value, frozen=True, kw_only=True):
    asterisk_id: str = ""
    timestamp: str = ""


class Module(Value, frozen=True, kw_only=True):
    name: str
    description: str = ""
    use_count: int = 0
    status: str = ""
    support_level: str = ""


class SoundFormat(Value, frozen=True, kw_only=True):
    language: str
    format: str


class Sound(Value, frozen=True, kw_only=True):
    id: str
    text: str = ""
    formats: tuple[SoundFormat, ...] = ()


class RtpStatistics(Value, frozen=True, kw_only=True):
    """Counts are packets; jitter and round trip are seconds; "rx" is what Asterisk received from the phone."""

    txcount: int = 0
    rxcount: int = 0
    txploss: int | None = None
    rxploss: int | None = None
    txjitter: float | None = None
    rxjitter: float | None = None
    rtt: float | None = None
    channel_uniqueid: str = ""


class Peer(Value, frozen=True, kw_only=True):
    peer_status: str = ""
    cause: str = ""
    address: str = ""
    port: str = ""
    time: str = ""


class ContactInfo(Value, frozen=True, kw_only=True):
    uri: str = ""
    contact_status: str = ""  # Created, Reachable, Unreachable, NonQualified, Removed, Updated, Unknown
    aor: str = ""
    roundtrip_usec: str = ""


class RequestedDestination(Value, frozen=True, kw_only=True):
    destination: str = ""
    protocol_id: str = ""  # an attended transfer's REFER names the SIP Call-ID of the other call


class ReferTo(Value, frozen=True, kw_only=True):
    requested_destination: RequestedDestination = RequestedDestination()
    destination_channel: Channel | None = None
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


class ReferredBy(Value, frozen=True, kw_only=True):
    source_channel: Channel
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


class TextMessage(Value, frozen=True, kw_only=True):
    sender: str = msgspec.field(name="from", default="")
    to: str = ""
    body: str = ""


def parse(kind: type[Any], body: bytes) -> Any:
    """A resource, or a list of them, out of a reply's body. Raises msgspec.DecodeError."""
    return cast(Any, msgspec.json.decode(body, type=kind))
