"""Requests about channels. Knows the parameters of Asterisk's "Channels" resource; knows no connections and no events.

Operation names are those of Asterisk's API documentation and of ari-py (its `nickname`s) in snake_case:
`channels.originate`, `channels.create`, `channels.get_channel_var`, ... The ids are always ours: that lets a channel be
named before it exists, makes requests repeatable, and lets calls be found again after a restart.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from callcenter.asterisk.ari import checks
from callcenter.asterisk.ari.resources import Channel, LiveRecording, Playback, RtpStatistics, Variable
from callcenter.asterisk.ari.rest import (
    QUERY_TIMEOUT_S,
    AllocationFailed,
    AlreadyExists,
    AriRefused,
    Conflict,
    Gone,
    NotInStasis,
    Query,
    Rest,
    Urgency,
)
from callcenter.errors import Bug

DIAL_RETRY_S: Final = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3)  # a created channel needs about 10 ms to enter Stasis
RING_TIMEOUT_S: Final = 30


class HangupReason(StrEnum):
    """Why we hang up; the comment is the Q.850 cause that the phone and `ChannelDestroyed` get."""

    NORMAL = "normal"  # 16
    BUSY = "busy"  # 17
    CONGESTION = "congestion"  # 34
    NO_ANSWER = "no_answer"  # 19
    TIMEOUT = "timeout"  # 18
    REJECTED = "rejected"  # 21
    UNALLOCATED = "unallocated"  # 1
    UNSPECIFIED = "normal_unspecified"  # 31
    NUMBER_INCOMPLETE = "number_incomplete"  # 28
    CODEC_MISMATCH = "codec_mismatch"  # 58
    INTERWORKING = "interworking"  # 127
    FAILURE = "failure"  # 38
    ANSWERED_ELSEWHERE = "answered_elsewhere"  # 26


class Direction(StrEnum):
    """Of audio, as the named channel sees it. Whisper OUT is heard by the snooped channel only, IN by its peer."""

    NONE = "none"
    IN = "in"
    OUT = "out"
    BOTH = "both"


class IfExists(StrEnum):
    FAIL = "fail"
    OVERWRITE = "overwrite"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToStasis:
    """An answered channel goes to this application. One that does not exist is not refused: the channel vanishes."""

    app: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDialplan:
    """An answered channel goes to this place in the dialplan."""

    context: str
    extension: str = "s"
    priority: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What to call and how: `originator` (id of a channel whose codecs fit) or `formats` ("alaw", ...), or neither.

    A Local channel is two channels: both are named (`other_channel_id` is its ;2), it ends in /n so that it stays, and
    it must have `originator` or `formats` (without, it negotiates 192 kHz audio).
    """

    endpoint: str
    other_channel_id: str = ""
    originator: str = ""
    formats: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.originator and self.formats:
            raise Bug("a call takes its codecs from an originator or from a list of formats, not from both")
        if self.endpoint.startswith("Local/") and not (
            self.other_channel_id and self.endpoint.endswith("/n") and (self.originator or self.formats)
        ):
            raise Bug(f"{self.endpoint}: a Local channel needs /n, other_channel_id and formats or originator")


class Channels:
    """`/channels`. Times in seconds. All may raise PeerUnavailable, OutcomeUnknown and AriRefused (see `rest`)."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def list(self) -> "list[Channel]":
        return await self._rest.read(list[Channel], "GET", "channels", timeout_s=QUERY_TIMEOUT_S)

    async def get(self, channel_id: str) -> Channel:
        return await self._rest.read(Channel, "GET", _path(channel_id))

    async def find(self, channel_id: str) -> Channel | None:
        """As `get`, with None for a channel that is gone. Not an operation of its own in Asterisk."""
        try:
            return await self.get(channel_id)
        except Gone:
            return None

    async def originate(
        self,
        channel_id: str,
        call: Call,
        to: ToStasis | ToDialplan,
        *,
        caller_id: str = "",
        timeout_s: int = RING_TIMEOUT_S,
        again: bool = False,
    ) -> Channel:
        """Ring an endpoint; who answers goes to `to`. `caller_id` is made by `checks.caller_id`.

        `again` says that an earlier try may have been carried out: then it looks before it asks. (22.10.1 leaks a
        little with each refused duplicate, and after one it never finishes stopping.) Raises AlreadyExists and
        AllocationFailed beside the usual.
        """
        query: dict[str, str | int | bool | None] = {"timeout": timeout_s, "callerId": caller_id, **_call(call)}
        match to:
            case ToStasis(app=app, args=args):
                query |= {"app": checks.identifier(app), "appArgs": checks.app_args(args)}
            case ToDialplan(context=context, extension=extension, priority=priority):
                query |= {"context": context, "extension": extension, "priority": priority}
        return await self._place(channel_id, _path(channel_id), query, call.variables, again)

    async def create(self, channel_id: str, call: Call, to: ToStasis, *, again: bool = False) -> Channel:
        """Make a channel that does not ring yet, in the application at once; then `dial`. `again` as in `originate`."""
        query: dict[str, str | int | bool | None] = {
            "channelId": checks.identifier(channel_id),
            "app": checks.identifier(to.app),
            "appArgs": checks.app_args(to.args),
            **_call(call),
        }
        return await self._place(channel_id, "channels/create", query, call.variables, again)

    async def _place(
        self, channel_id: str, path: str, query: Query, variables: Mapping[str, str] | None, again: bool = False
    ) -> Channel:
        if again and (standing := await self.find(channel_id)) is not None:
            raise AlreadyExists(f"POST {path}", 409, "found before it was asked for", standing)
        body = {"variables": checks.variables(variables)} if variables else None
        try:
            return await self._rest.read(Channel, "POST", path, query=query, body=body, urgency=Urgency.NOW)
        except Conflict as conflict:
            # "already exists" can be a lie: an unknown endpoint is answered so on a connection that saw a real
            # duplicate before (a stale error number in Asterisk's thread). Only the list of channels tells.
            standing = await self.find(channel_id)
            if standing is None:
                raise AllocationFailed(conflict.request, conflict.status, "no channel was made") from conflict
            raise AlreadyExists(conflict.request, conflict.status, conflict.message, standing) from conflict
        except AriRefused as refused:
            if refused.status == 500:
                raise AllocationFailed(refused.request, refused.status, refused.message) from refused
            raise

    async def dial(self, channel_id: str, *, caller: str = "", timeout_s: int = RING_TIMEOUT_S) -> None:
        """Let a created channel ring. Retried for about half a second while the channel has not entered Stasis yet."""
        query: Query = {"caller": caller, "timeout": timeout_s}
        for pause_s in DIAL_RETRY_S:
            try:
                await self._rest.send("POST", _path(channel_id, "dial"), query=query, urgency=Urgency.NOW)
            except NotInStasis:
                await asyncio.sleep(pause_s)
            else:
                return
        await self._rest.send("POST", _path(channel_id, "dial"), query=query, urgency=Urgency.NOW)

    async def hangup(
        self, channel_id: str, *, reason: HangupReason | None = None, reason_code: int | None = None
    ) -> bool:
        """End a channel, in Stasis or not. True when it was there, False when it was gone: both are done.

        `reason_code` is a Q.850 cause, instead of `reason`. True does not prove that the call was not answered in the
        same moment: judge by the events, and drop a late StasisStart of a cancelled call.
        """
        if reason is not None and reason_code is not None:
            raise Bug("hang up with a reason or with a reason code, not with both")
        query: Query = {"reason": reason, "reason_code": reason_code}
        return await self._rest.remove(_path(channel_id), query=query, urgency=Urgency.NOW)

    async def answer(self, channel_id: str) -> None:
        await self._post(channel_id, "answer", urgency=Urgency.NOW)

    async def ring(self, channel_id: str) -> None:
        """Let the caller hear ringing."""
        await self._post(channel_id, "ring")

    async def ring_stop(self, channel_id: str) -> bool:
        return await self._rest.remove(_path(channel_id, "ring"))

    async def progress(self, channel_id: str) -> None:
        """Early media without answering (22.6 and later)."""
        await self._post(channel_id, "progress")

    async def send_dtmf(self, channel_id: str, dtmf: str, *, between_ms: int = 100, duration_ms: int = 100) -> None:
        if not dtmf or set(dtmf) - set("0123456789*#ABCDabcdWw"):
            raise Bug(f"not a row of DTMF digits: {dtmf!r}")
        query: Query = {"dtmf": dtmf, "between": between_ms, "duration": duration_ms}
        await self._post(channel_id, "dtmf", query)

    async def mute(self, channel_id: str, direction: Direction = Direction.BOTH) -> None:
        await self._post(channel_id, "mute", {"direction": direction})

    async def unmute(self, channel_id: str, direction: Direction = Direction.BOTH) -> bool:
        return await self._rest.remove(_path(channel_id, "mute"), query={"direction": direction})

    async def hold(self, channel_id: str) -> None:
        """Tell the phone that it is held. Causes no ChannelHold event: that one is the phone's."""
        await self._post(channel_id, "hold")

    async def unhold(self, channel_id: str) -> bool:
        return await self._rest.remove(_path(channel_id, "hold"))

    async def start_moh(self, channel_id: str, moh_class: str = "") -> None:
        """Music; it is not resumed after a `play` on the same channel."""
        await self._post(channel_id, "moh", {"mohClass": moh_class})

    async def stop_moh(self, channel_id: str) -> bool:
        return await self._rest.remove(_path(channel_id, "moh"))

    async def start_silence(self, channel_id: str) -> None:
        await self._post(channel_id, "silence")

    async def stop_silence(self, channel_id: str) -> bool:
        return await self._rest.remove(_path(channel_id, "silence"))

    async def play(
        self,
        channel_id: str,
        playback_id: str,
        media: Sequence[str],
        *,
        language: str = "",
        offset_ms: int | None = None,
    ) -> Playback:
        """Play to one channel. While it plays, most other requests on that channel (into a bridge, out of it, set a
        variable) hang until its end and run then: stop the playback first, or play on a bridge (`Bridges.play`).
        """
        query = {"media": checks.media(media), "lang": language, "offsetms": offset_ms}
        path = _path(channel_id, "play", checks.identifier(playback_id))
        return await self._rest.read(Playback, "POST", path, query=query)

    async def record(
        self,
        channel_id: str,
        name: str,
        *,
        format: str = "wav",
        max_duration_s: int = 0,
        max_silence_s: int = 0,
        if_exists: IfExists = IfExists.FAIL,
        beep: bool = False,
        terminate_on: str = "none",
    ) -> LiveRecording:
        """Record what a channel says; not possible while it is in a bridge, which Asterisk (whose documents say 409)
        tells by 201 and "failed", here a Conflict, or by 201 and RecordingFailed a moment later.
        """
        query = record_query(
            name,
            format=format,
            max_duration_s=max_duration_s,
            max_silence_s=max_silence_s,
            if_exists=if_exists,
            beep=beep,
            terminate_on=terminate_on,
        )
        path = _path(channel_id, "record")
        return started(path, await self._rest.read(LiveRecording, "POST", path, query=query))

    async def get_channel_var(self, channel_id: str, name: str) -> str | None:
        """The value of a variable or of a harmless function; None when it is not set."""
        query = {"variable": checks.variable(name)}
        path = _path(channel_id, "variable")
        try:
            found = await self._rest.read(Variable, "GET", path, query=query, urgency=Urgency.LATER)
        except Gone as gone:
            if "variable" in gone.message.lower():
                return None
            raise
        return found.value

    async def set_channel_var(self, channel_id: str, name: str, value: str) -> None:
        """Asterisk answers with success to writes that it refuses, so only plain names and harmless functions pass.

        After any such write Asterisk blocks DB(), CURL(), SHELL() and the like in the channel's later dialplan.
        """
        query = {"variable": checks.variable(name), "value": value}
        await self._post(channel_id, "variable", query)

    async def snoop_channel(
        self,
        channel_id: str,
        snoop_id: str,
        to: ToStasis,
        *,
        spy: Direction = Direction.NONE,
        whisper: Direction = Direction.NONE,
    ) -> Channel:
        """A channel that hears (`spy`) and is heard by (`whisper`) another; it enters Stasis and ends with it."""
        query = {
            "spy": spy,
            "whisper": whisper,
            "app": checks.identifier(to.app),
            "appArgs": checks.app_args(to.args),
        }
        path = _path(channel_id, "snoop", checks.identifier(snoop_id))
        return await self._rest.read(Channel, "POST", path, query=query)

    async def external_media(
        self,
        channel_id: str,
        to: ToStasis,
        *,
        format: str,
        external_host: str,
        encapsulation: str = "rtp",
        transport: str = "udp",
        connection_type: str = "client",
        direction: Direction = Direction.BOTH,
        content: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Channel:
        """A channel whose audio goes to `external_host` ("host:port"; "INCOMING" for a websocket that comes to us).

        rtp goes with udp, audiosocket with tcp, none with websocket. `content` is AudioSocket's UUID. A server that is
        down is AllocationFailed.
        """
        query: Query = {
            "channelId": checks.identifier(channel_id),
            "app": checks.identifier(to.app),
            "external_host": external_host,
            "encapsulation": encapsulation,
            "transport": transport,
            "connection_type": connection_type,
            "format": format,
            "direction": direction,
            "data": content,
        }
        return await self._place(channel_id, "channels/externalMedia", query, variables)

    async def continue_in_dialplan(self, channel_id: str, to: ToDialplan | None = None) -> None:
        """Leave Stasis: to `to`, or to what follows Stasis() in the dialplan."""
        query: Query = {}
        if to is not None:
            query = {"context": to.context, "extension": to.extension, "priority": to.priority}
        await self._post(channel_id, "continue", query)

    async def move(self, channel_id: str, to: ToStasis) -> None:
        """To another application, or to the same one again: StasisEnd and a new StasisStart with new arguments.

        An application that is not there answers with success too; ApplicationMoveFailed comes afterwards.
        """
        await self._post(channel_id, "move", {"app": checks.identifier(to.app), "appArgs": checks.app_args(to.args)})

    async def redirect(self, channel_id: str, endpoint: str) -> None:
        """Send the phone elsewhere (SIP 302 or REFER); same technology only."""
        await self._post(channel_id, "redirect", {"endpoint": checks.endpoint(endpoint)})

    async def transfer_progress(self, channel_id: str, states: str) -> None:
        """Answer a ChannelTransfer: channel_progress, channel_answered, channel_unavailable or channel_declined."""
        await self._post(channel_id, "transfer_progress", {"states": states})

    async def rtp_statistics(self, channel_id: str) -> RtpStatistics:
        path = _path(channel_id, "rtp_statistics")
        return await self._rest.read(RtpStatistics, "GET", path, urgency=Urgency.LATER)

    async def _post(
        self,
        channel_id: str,
        operation: str,
        query: Query | None = None,
        *,
        urgency: Urgency = Urgency.NORMAL,
    ) -> None:
        await self._rest.send("POST", _path(channel_id, operation), query=query, urgency=urgency)


def record_query(
    name: str,
    *,
    format: str,
    max_duration_s: int,
    max_silence_s: int,
    if_exists: IfExists,
    beep: bool,
    terminate_on: str,
) -> dict[str, str | int | bool | None]:
    """The parameters of a recording, the same for channels and bridges."""
    return {
        "name": checks.recording_name(name),
        "format": format,
        "maxDurationSeconds": max_duration_s,
        "maxSilenceSeconds": max_silence_s,
        "ifExists": if_exists,
        "beep": beep,
        "terminateOn": terminate_on,
    }


def started(path: str, recording: LiveRecording) -> LiveRecording:
    """The recording, unless Asterisk has answered with success to one that failed at once."""
    if recording.state == "failed":
        raise Conflict(f"POST {path}", 201, f"recording failed at once {recording.cause}".rstrip())
    return recording


def _call(call: Call) -> dict[str, str | int | bool | None]:
    return {
        "endpoint": checks.endpoint(call.endpoint),
        "otherChannelId": checks.identifier(call.other_channel_id) if call.other_channel_id else None,
        "originator": checks.identifier(call.originator) if call.originator else None,
        "formats": checks.joined(call.formats) or None,
    }


def _path(channel_id: str, *more: str) -> str:
    return checks.path("channels", checks.identifier(channel_id), *more)
