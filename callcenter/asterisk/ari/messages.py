"""What Asterisk tells over ARI, as typed values. Knows Asterisk's JSON; knows no sockets and no call centers.

One struct for each kind of event that we use, told apart by the key "type"; what they carry is in `resources`.

An event that lacks what a caller cannot do without is counted as malformed and skipped, and so is every kind that is
not listed here. Neither is ever fatal, because an upgrade of Asterisk may add kinds and fields at any time.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from callcenter.asterisk.ari.resources import (
    Bridge,
    Channel,
    ContactInfo,
    DeviceState,
    Endpoint,
    LiveRecording,
    Peer,
    Playback,
    ReferredBy,
    ReferTo,
    TextMessage,
)


class DialStatus(StrEnum):
    """The values of `Dial.dialstatus`. Trust the cause of `ChannelDestroyed` more: rejected is NOANSWER here."""

    STARTED = ""
    RINGING = "RINGING"
    PROGRESS = "PROGRESS"
    ANSWER = "ANSWER"
    BUSY = "BUSY"
    NO_ANSWER = "NOANSWER"
    CANCEL = "CANCEL"
    CONGESTION = "CONGESTION"
    CHANNEL_UNAVAILABLE = "CHANUNAVAIL"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag=True):
    """Something happened in Asterisk. `timestamp` is Asterisk's own clock: see `seconds`."""

    application: str = ""
    timestamp: str = ""


class StasisStart(Event, frozen=True, kw_only=True):
    """A channel is ours now. With `replace_channel` it takes that one's place (a transfer): move the call's record."""

    channel: Channel
    args: tuple[str, ...] = ()
    replace_channel: Channel | None = None


class StasisEnd(Event, frozen=True, kw_only=True):
    channel: Channel


class ChannelCreated(Event, frozen=True, kw_only=True):
    channel: Channel


class ChannelDestroyed(Event, frozen=True, kw_only=True):
    """The end of a channel, with the only cause to be trusted (Q.850); `tech_cause` is the last SIP status."""

    channel: Channel
    cause: int = 0
    cause_txt: str = ""
    tech_cause: int = 0


class ChannelHangupRequest(Event, frozen=True, kw_only=True):
    """Somebody wants the channel gone. `cause` 32 here is a soft-hangup flag and no Q.850 cause."""

    channel: Channel
    cause: int = 0
    soft: bool = False
    tech_cause: int = 0


class ChannelStateChange(Event, frozen=True, kw_only=True):
    channel: Channel


class ChannelDtmfReceived(Event, frozen=True, kw_only=True):
    channel: Channel
    digit: str
    duration_ms: int = 0


class ChannelEnteredBridge(Event, frozen=True, kw_only=True):
    bridge: Bridge
    channel: Channel


class ChannelLeftBridge(Event, frozen=True, kw_only=True):
    """Not a hang-up by itself: a move, a transfer and `remove_channel` say it too."""

    bridge: Bridge
    channel: Channel


class ChannelHold(Event, frozen=True, kw_only=True):
    """The phone put the call on hold; our own hold and music requests do not cause it."""

    channel: Channel
    musicclass: str = ""


class ChannelUnhold(Event, frozen=True, kw_only=True):
    channel: Channel


class ChannelTalkingStarted(Event, frozen=True, kw_only=True):
    channel: Channel


class ChannelTalkingFinished(Event, frozen=True, kw_only=True):
    channel: Channel
    duration: int = 0  # milliseconds


class ChannelUserevent(Event, frozen=True, kw_only=True):
    eventname: str
    channel: Channel | None = None
    bridge: Bridge | None = None
    endpoint: Endpoint | None = None
    userevent: dict[str, Any] = {}


class ChannelVarset(Event, frozen=True, kw_only=True):
    variable: str
    value: str = ""
    channel: Channel | None = None  # none: a global variable


class ChannelTransfer(Event, frozen=True, kw_only=True):
    """A phone asks for a transfer that we decide on (PJSIP_TRANSFER_HANDLING is ari-only); 22.3 and later."""

    refer_to: ReferTo
    referred_by: ReferredBy
    state: str = ""


class Dial(Event, frozen=True, kw_only=True):
    """Progress of a call that we or the dialplan placed to `peer`."""

    peer: Channel
    dialstatus: str
    dialstring: str = ""
    forward: str = ""
    caller: Channel | None = None
    forwarded: Channel | None = None


class BridgeCreated(Event, frozen=True, kw_only=True):
    bridge: Bridge


class BridgeDestroyed(Event, frozen=True, kw_only=True):
    bridge: Bridge


class BridgeMerged(Event, frozen=True, kw_only=True):
    bridge: Bridge
    bridge_from: Bridge


class BridgeBlindTransfer(Event, frozen=True, kw_only=True):
    channel: Channel
    exten: str = ""
    context: str = ""
    result: str = ""
    is_external: bool = False
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    bridge: Bridge | None = None


class BridgeAttendedTransfer(Event, frozen=True, kw_only=True):
    transferer_first_leg: Channel
    transferer_second_leg: Channel
    result: str = ""
    is_external: bool = False
    destination_type: str = ""
    destination_bridge: str = ""
    destination_application: str = ""
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    transfer_target: Channel | None = None
    transferer_first_leg_bridge: Bridge | None = None
    transferer_second_leg_bridge: Bridge | None = None


class PlaybackStarted(Event, frozen=True, kw_only=True):
    playback: Playback


class PlaybackContinuing(Event, frozen=True, kw_only=True):
    playback: Playback


class PlaybackFinished(Event, frozen=True, kw_only=True):
    """`playback.state` is "failed" when the file was not there."""

    playback: Playback


class RecordingStarted(Event, frozen=True, kw_only=True):
    recording: LiveRecording


class RecordingFinished(Event, frozen=True, kw_only=True):
    """Does not prove that a file exists: check it. Never comes when the bridge is destroyed before."""

    recording: LiveRecording


class RecordingFailed(Event, frozen=True, kw_only=True):
    recording: LiveRecording


class EndpointStateChange(Event, frozen=True, kw_only=True):
    endpoint: Endpoint


class PeerStatusChange(Event, frozen=True, kw_only=True):
    endpoint: Endpoint
    peer: Peer = Peer()


class ContactStatusChange(Event, frozen=True, kw_only=True):
    endpoint: Endpoint
    contact_info: ContactInfo = ContactInfo()


class DeviceStateChanged(Event, frozen=True, kw_only=True):
    device_state: DeviceState


class ApplicationRegistered(Event, frozen=True, kw_only=True):
    """The first word of a new link when the application did not exist before; see `transport`."""


class ApplicationUnregistered(Event, frozen=True, kw_only=True):
    pass


class ApplicationReplaced(Event, frozen=True, kw_only=True):
    """Another websocket has taken our application's name: this link stays open and deaf."""


class ApplicationMoveFailed(Event, frozen=True, kw_only=True):
    channel: Channel
    destination: str = ""
    args: tuple[str, ...] = ()


class TextMessageReceived(Event, frozen=True, kw_only=True):
    message: TextMessage
    endpoint: Endpoint | None = None


Message: TypeAlias = (
    StasisStart
    | StasisEnd
    | ChannelCreated
    | ChannelDestroyed
    | ChannelHangupRequest
    | ChannelStateChange
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelLeftBridge
    | ChannelHold
    | ChannelUnhold
    | ChannelTalkingStarted
    | ChannelTalkingFinished
    | ChannelUserevent
    | ChannelVarset
    | ChannelTransfer
    | Dial
    | BridgeCreated
    | BridgeDestroyed
    | BridgeMerged
    | BridgeBlindTransfer
    | BridgeAttendedTransfer
    | PlaybackStarted
    | PlaybackContinuing
    | PlaybackFinished
    | RecordingStarted
    | RecordingFinished
    | RecordingFailed
    | EndpointStateChange
    | PeerStatusChange
    | ContactStatusChange
    | DeviceStateChanged
    | ApplicationRegistered
    | ApplicationUnregistered
    | ApplicationReplaced
    | ApplicationMoveFailed
    | TextMessageReceived
)

KINDS: Final[tuple[str, ...]] = tuple(sorted(kind.__name__ for kind in Message.__args__))
"""Every kind of event that `Reader` understands, by Asterisk's name; also a ready event filter."""

SKIPPED_KINDS_MAX: Final = (
    200  # distinct names counted; the kinds are Asterisk's, so this is never reached in good faith
)


class _Kind(msgspec.Struct):
    type: str = ""


class Reader:
    """Turns one text frame into one `Message`, or counts why not.

    `unknown` counts kinds that are not listed above, `malformed` those that lack a field we need or are no JSON
    (kind ""). One tagged-union decoder: 0.5 us for an event of 600 bytes.
    """

    def __init__(self) -> None:
        self.read = 0
        self.unknown: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self._message: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
        self._kind = msgspec.json.Decoder(_Kind)

    def decode(self, frame: bytes | str) -> Message | None:
        """The message in `frame`; None when it was counted and skipped."""
        try:
            message = self._message.decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._count(frame)
            return None
        self.read += 1
        return message

    def _count(self, frame: bytes | str) -> None:
        try:
            kind = self._kind.decode(frame).type
        except (msgspec.DecodeError, UnicodeDecodeError):
            kind = ""
        counter = self.malformed if kind in KINDS or not kind else self.unknown
        if kind not in counter and len(counter) >= SKIPPED_KINDS_MAX:
            kind = "..."
        counter[kind] += 1


def encode(message: Message) -> bytes:
    """The JSON of a message, as Asterisk would write it (for recordings of traffic, simulators and tests)."""
    return msgspec.json.encode(message)


def seconds(timestamp: str) -> float:
    """Asterisk's time stamp ("2026-11-21T20:08:18.918+0000") as float seconds UTC; ValueError when it is none.

    By Asterisk's clock, which on another machine is not ours: for durations and for calls found after a restart only.
    """
    return datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
