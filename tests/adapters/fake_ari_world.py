"""The state and the words of the fake Asterisk: channels, bridges, playbacks, recordings, applications.

Knows what a real 22.10.1 answers to a request and which events follow; knows no sockets (see fake_ari.py). Media have
no sound, only a length.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

SOUNDS_S: Final = {"hello-world": 0.05, "demo-congrats": 30.0}
ANSWERING: Final = ("answer", "echo", "tone", "talks")
CAUSES: Final = {"busy": 17, "answered_elsewhere": 26, "no_answer": 19, "rejected": 21}
Json = dict[str, Any]
Query = dict[str, str]


@dataclass
class FakeChannel:
    id: str
    name: str
    state: str = "Down"
    app: str | None = None  # the Stasis application it is in
    stasis_args: tuple[str, ...] = ()
    first_args: tuple[str, ...] = ()  # what app_data shows, whatever a move says later
    subscribed: set[str] = field(default_factory=set)
    endpoint: str = ""
    caller: Json = field(default_factory=lambda: {"name": "", "number": ""})
    variables: dict[str, str] = field(default_factory=dict)
    bridge: str | None = None
    other: str | None = None  # the far end of a Local channel
    playing: str | None = None
    muted: str = ""  # in which direction
    keys: str = ""  # sent to its far end
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    created: str = field(default_factory=lambda: timestamp())

    def json(self) -> Json:
        data = ",".join((self.app, *self.first_args)) if self.app else "(Outgoing Line)"
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": "",
            "caller": self.caller,
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": "test",
                "exten": "s",
                "priority": 1,
                "app_name": "Stasis" if self.app else "AppDial2",
                "app_data": data,
            },
            "creationtime": self.created,
            "language": "en",
        }


@dataclass
class FakeBridge:
    id: str
    type: str
    name: str = ""
    channels: list[str] = field(default_factory=list)

    def json(self) -> Json:
        return {
            "id": self.id,
            "technology": "simple_bridge",
            "bridge_type": self.type.split(",")[0] or "mixing",
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": self.name,
            "channels": list(self.channels),
            "creationtime": timestamp(),
            "video_mode": "talker",
        }


@dataclass
class FakeApp:
    """An application. `persistent`: Asterisk's own link serves it, and events are kept while that is down."""

    name: str
    persistent: bool = False
    connected: bool = False
    allowed: list[Json] = field(default_factory=list)
    disallowed: list[Json] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    outbox: deque[str] = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    epoch: int = 0  # grows with each websocket that takes the application

    def json(self) -> Json:
        return {
            "name": self.name,
            "channel_ids": [],
            "bridge_ids": [],
            "endpoint_ids": [],
            "device_names": [],
            "events_allowed": self.allowed,
            "events_disallowed": self.disallowed,
        }


def timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


class FakeWorld:
    """What `FakeAri` is moved by and asks."""

    def __init__(self) -> None:
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, FakeBridge] = {}
        self.playbacks: dict[str, tuple[Json, asyncio.TimerHandle]] = {}
        self.live: dict[str, Json] = {}
        self.stored: dict[str, Json] = {}
        self.apps: dict[str, FakeApp] = {}
        self.device_states: dict[str, str] = {}
        self.phones: dict[str, str] = {}  # name -> behaviour of PJSIP/name
        self._line = 0
        self._resources: Mapping[str, Callable[[str, list[str], Query, Json], Awaitable[Any]]] = {
            "channels": self._on_channels,
            "bridges": self._on_bridges,
            "playbacks": self._on_playbacks,
            "recordings": self._on_recordings,
            "applications": self._on_applications,
            "deviceStates": self._on_device_states,
            "endpoints": self._on_endpoints,
            "asterisk": self._on_asterisk,
            "events": self._on_events,
        }

    def still(self) -> None:
        """Stop everything that would happen by itself."""
        for channel in self.channels.values():
            channel.idle.set()
        for _, timer in self.playbacks.values():
            timer.cancel()

    def serve(self, app: str) -> None:
        """Have an application without any websocket: its events are kept and never read."""
        self.apps[app] = FakeApp(app, persistent=True)

    def caller_arrives(self, channel_id: str, *args: str, app: str = "callcenter", number: str = "100") -> None:
        """Somebody calls in and the dialplan says Stasis(app,args). Not subscribed: no ChannelDestroyed will come."""
        channel = FakeChannel(channel_id, f"PJSIP/carrier-{channel_id}", "Ring", caller={"name": "", "number": number})
        self.channels[channel_id] = channel
        self._enter_stasis(channel, app, args)

    def answers(self, channel_id: str) -> None:
        """The far end of a ringing channel of ours picks up."""
        self._answered(self.channels[channel_id])

    def hangs_up(self, channel_id: str, cause: int = 16) -> None:
        self._hang_up(self.channels[channel_id], cause, soft_cause=None)

    def holds(self, channel_id: str, *, held: bool) -> None:
        """The key of a phone."""
        channel = self.channels[channel_id]
        self._tell(channel, "ChannelHold" if held else "ChannelUnhold", channel=channel.json())

    def presses(self, channel_id: str, digits: str) -> None:
        channel = self.channels[channel_id]
        for digit in digits:
            self._tell(channel, "ChannelDtmfReceived", channel=channel.json(), digit=digit, duration_ms=100)

    def emit(self, app_name: str, kind: str, **fields: object) -> None:
        """One event to one application, past its filter."""
        app = self.apps.get(app_name)
        if app is None or not (app.connected or app.persistent):
            return
        allowed = {rule["type"] for rule in app.allowed}
        if kind != "ApplicationRegistered" and (
            (allowed and kind not in allowed) or kind in {rule["type"] for rule in app.disallowed}
        ):
            return
        event = {"type": kind, "timestamp": timestamp(), **fields, "asterisk_id": "fake", "application": app_name}
        self.send_raw(app_name, json.dumps(event))

    def send_raw(self, app_name: str, frame: str) -> None:
        """Any text as a frame."""
        app = self.apps[app_name]
        app.outbox.append(frame)
        app.emptied.clear()
        app.filled.set()

    async def dispatch(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        """Carry a request out: the reply's JSON, None for 204. Raises Refused."""
        if path[0] not in self._resources:
            raise Refused(404, "Resource not found")
        return await self._resources[path[0]](method, path[1:], query, body)

    async def _on_channels(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        match method, path:
            case "GET", []:
                return [channel.json() for channel in self.channels.values()]
            case "POST", ["create"]:
                return self._place(query["channelId"], query, body, dialled=False)
            case "POST", [channel_id]:
                return self._place(channel_id, query, body, dialled=True)
        channel = self._channel(path[0])
        match method, path[1:]:
            case "GET", []:
                return channel.json()
            case "DELETE", []:
                self._hang_up(channel, int(query.get("reason_code") or CAUSES.get(query.get("reason", ""), 16)))
            case _, ["variable"]:
                return self._on_variable(method, channel, query)
            case _, operation:
                if channel.app is None:
                    raise Refused(409, "Channel not in Stasis application")
                return self._operate(method, channel, operation, query)
        return None

    @staticmethod
    def _on_variable(method: str, channel: FakeChannel, query: Query) -> Any:
        if method == "POST":
            channel.variables[query["variable"]] = query.get("value", "")
            return None
        if query["variable"] not in channel.variables:
            raise Refused(404, "Provided variable was not found")
        return {"value": channel.variables[query["variable"]]}

    def _operate(self, method: str, channel: FakeChannel, operation: list[str], query: Query) -> Any:
        """What needs a channel in Stasis."""
        match method, operation:
            case "POST", ["dial"]:
                self._dial(channel, channel.app)
            case "POST", ["answer"]:
                if channel.state != "Up":
                    channel.state = "Up"
                    self._tell(channel, "ChannelStateChange", channel=channel.json())
            case "POST", ["play", playback_id]:
                return self._play(playback_id, f"channel:{channel.id}", query)
            case "POST", ["record"]:
                if channel.bridge:
                    return {"name": query["name"], "format": query["format"], "state": "failed"}
                return self._record(f"channel:{channel.id}", query)
            case "POST", ["move"]:
                self._move(channel, query)
            case "POST", ["continue"]:
                self._leave_stasis(channel)
            case "POST", ["snoop", snoop_id]:
                snoop = FakeChannel(snoop_id, f"Snoop/{channel.id}-00000000", "Up")
                self.channels[snoop_id] = snoop
                self._enter_stasis(snoop, query["app"], tuple(query.get("appArgs", "").split(",")))
                return snoop.json()
            case (("POST" | "DELETE"), [("ring" | "moh" | "mute" | "hold" | "silence" | "dtmf" | "progress")]):
                if operation == ["mute"]:
                    channel.muted = query.get("direction", "both") if method == "POST" else ""
                channel.keys += query.get("dtmf", "")
            case _:
                raise Refused(404, "Resource not found")
        return None

    def _channel(self, channel_id: str) -> FakeChannel:
        if channel_id not in self.channels:
            raise Refused(404, "Channel not found")
        return self.channels[channel_id]

    def _place(self, channel_id: str, query: Query, body: Json, *, dialled: bool) -> Json:
        endpoint, other = query["endpoint"], query.get("otherChannelId")
        if channel_id in self.channels or other in self.channels:
            raise Refused(409, "Channel with given unique ID already exists")
        technology, _, address = endpoint.partition("/")
        behaviour = address.split("@")[0] if technology == "Local" else self.phones.get(address)
        if behaviour is None:
            raise Refused(500, "Allocation failed")
        self._line += 1
        channel = FakeChannel(channel_id, f"{endpoint.removesuffix('/n')}-{self._line:08x};1", endpoint=behaviour)
        channel.variables |= body.get("variables", {})
        self.channels[channel_id] = channel
        if other:
            channel.other = other
            name = channel.name.replace(";1", ";2")
            self.channels[other] = FakeChannel(other, name, "Ring", other=channel_id)
        app_name = query.get("app")
        args = tuple(query["appArgs"].split(",")) if query.get("appArgs") else ()
        answer = channel.json()
        if app_name and app_name not in self.apps:  # accepted, and then the channel vanishes
            self._forget(channel)
            return answer
        if app_name:
            channel.subscribed.add(app_name)
            channel.stasis_args = args
        if dialled:
            self._dial(channel, app_name)
        elif app_name:
            asyncio.get_running_loop().call_later(0.01, self._enter_if_alive, channel, app_name, args)
        return answer

    def _enter_if_alive(self, channel: FakeChannel, app: str, args: tuple[str, ...]) -> None:
        if self.channels.get(channel.id) is channel:
            self._enter_stasis(channel, app, args)

    def _dial(self, channel: FakeChannel, app: str | None) -> None:
        self._dialled(channel, "")
        if channel.endpoint in ANSWERING:
            self._answered(channel, app)
        elif channel.endpoint == "slow":
            self._ringing(channel)
            asyncio.get_running_loop().call_later(0.05, self._answered_if_alive, channel, app)
        elif channel.endpoint == "ring":
            self._ringing(channel)
        elif channel.endpoint in ("busy", "congestion"):
            self._dialled(channel, channel.endpoint.upper())
            if channel.app is None:  # a created channel stays
                self._hang_up(channel, 0, soft_cause=None)
        elif channel.endpoint == "reject":
            self._tell(channel, "ChannelHangupRequest", channel=channel.json(), cause=21, soft=False)
            self._dialled(channel, "NOANSWER")
            self._hang_up(channel, 21, soft_cause=None)
        elif channel.endpoint == "in":
            far = self.channels[channel.other or ""]
            self._enter_stasis(far, "callcenter", ("in",))

    def _ringing(self, channel: FakeChannel) -> None:
        channel.state = "Ringing"
        self._tell(channel, "ChannelStateChange", channel=channel.json())
        self._dialled(channel, "RINGING")

    def _dialled(self, channel: FakeChannel, status: str) -> None:
        self._tell(channel, "Dial", peer=channel.json(), dialstatus=status, dialstring="", forward="")

    def _answered_if_alive(self, channel: FakeChannel, app: str | None) -> None:
        if self.channels.get(channel.id) is channel:
            self._answered(channel, app)

    def _answered(self, channel: FakeChannel, app: str | None = None) -> None:
        channel.state = "Up"
        if channel.other:
            self.channels[channel.other].state = "Up"
        self._tell(channel, "ChannelStateChange", channel=channel.json())
        self._dialled(channel, "ANSWER")
        app = app or next(iter(channel.subscribed), None)
        if app is not None and channel.app is None:
            self._enter_stasis(channel, app, channel.stasis_args)

    def _enter_stasis(self, channel: FakeChannel, app: str, args: tuple[str, ...]) -> None:
        served = self.apps.get(app)
        if served is None or not (served.connected or served.persistent):
            channel.variables["STASISSTATUS"] = "FAILED"
            return
        channel.app, channel.stasis_args = app, args
        channel.first_args = channel.first_args or args
        self._tell(channel, "StasisStart", channel=channel.json(), args=list(args))

    def _leave_stasis(self, channel: FakeChannel) -> None:
        if channel.app is not None:
            self._tell(channel, "StasisEnd", channel=channel.json())
            channel.app = None

    def _tell(self, about: FakeChannel, kind: str, /, **fields: object) -> None:
        for app in sorted({*about.subscribed, *([about.app] if about.app else [])}):
            self.emit(app, kind, **fields)

    def _hang_up(self, channel: FakeChannel, cause: int, soft_cause: int | None = 32) -> None:
        if self.channels.get(channel.id) is not channel:
            return
        if soft_cause is not None or channel.app is not None:
            self._tell(
                channel,
                "ChannelHangupRequest",
                channel=channel.json(),
                cause=soft_cause or cause,
                soft=bool(soft_cause),
            )
        if channel.playing:
            self._finish_playback(channel.playing, "done")
        if channel.bridge:
            self._leave_bridge(channel)
        self._leave_stasis(channel)
        del self.channels[channel.id]
        self._tell(channel, "ChannelDestroyed", channel=channel.json(), cause=cause, cause_txt=f"Cause {cause}")
        channel.idle.set()
        if channel.other and channel.other in self.channels:
            self._hang_up(self.channels[channel.other], cause)

    def _forget(self, channel: FakeChannel) -> None:
        for gone in (channel.id, channel.other):
            if gone:
                self.channels.pop(gone, None)

    def _move(self, channel: FakeChannel, query: Query) -> None:
        args = tuple(query["appArgs"].split(",")) if query.get("appArgs") else ()
        if query["app"] not in self.apps:
            self._tell(
                channel,
                "ApplicationMoveFailed",
                channel=channel.json(),
                destination=query["app"],
                args=list(args),
            )
            return
        self._leave_stasis(channel)
        self._enter_stasis(channel, query["app"], args)

    async def _on_bridges(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if not path:
            return [bridge.json() for bridge in self.bridges.values()]
        bridge_id = path[0]
        if method == "POST" and len(path) == 1:
            if bridge_id in self.bridges:
                raise Refused(409, f"Bridge with id '{bridge_id}' already exists")
            self.bridges[bridge_id] = FakeBridge(bridge_id, query.get("type", ""), query.get("name", ""))
            return self.bridges[bridge_id].json()
        if bridge_id not in self.bridges:
            raise Refused(404, "Bridge not found")
        return await self._on_bridge(method, self.bridges[bridge_id], path[1:], query)

    async def _on_bridge(self, method: str, bridge: FakeBridge, operation: list[str], query: Query) -> Any:
        match method, operation:
            case "GET", []:
                return bridge.json()
            case "DELETE", []:
                self._destroy(bridge)
            case "POST", ["addChannel"]:
                await self._add(bridge, query["channel"].split(","))
            case "POST", ["removeChannel"]:
                for channel_id in query["channel"].split(","):
                    if channel_id not in self.channels:
                        raise Refused(400, "Channel not found")
                    if channel_id not in bridge.channels:
                        raise Refused(422, "Channel not in this bridge")
                    self._leave_bridge(self.channels[channel_id])
            case "POST", ["play", playback_id]:
                return self._play(playback_id, f"bridge:{bridge.id}", query)
            case "POST", ["record"]:
                return self._record(f"bridge:{bridge.id}", query)
            case (("POST" | "DELETE"), ["moh"]):
                pass
            case _:
                raise Refused(404, "Resource not found")
        return None

    def _destroy(self, bridge: FakeBridge) -> None:
        for channel_id in list(bridge.channels):
            self._leave_bridge(self.channels[channel_id])
        for name in [name for name, one in self.live.items() if one["target_uri"] == f"bridge:{bridge.id}"]:
            del self.live[name]  # and no RecordingFinished ever comes
        del self.bridges[bridge.id]

    async def _add(self, bridge: FakeBridge, channel_ids: list[str]) -> None:
        for channel_id in channel_ids:
            if channel_id not in self.channels:
                raise Refused(400, "Channel not found")
            if self.channels[channel_id].app is None:
                raise Refused(422, "Channel not in Stasis application")
        for channel in [self.channels[channel_id] for channel_id in channel_ids]:
            while channel.playing:  # a playback holds up the channel's queue
                channel.idle.clear()
                await channel.idle.wait()
            if channel.bridge:
                self._leave_bridge(channel)
            channel.bridge = bridge.id
            bridge.channels.append(channel.id)
            self._tell(channel, "ChannelEnteredBridge", bridge=bridge.json(), channel=channel.json())

    def _leave_bridge(self, channel: FakeChannel) -> None:
        bridge = self.bridges[channel.bridge or ""]
        bridge.channels.remove(channel.id)
        channel.bridge = None
        self._tell(channel, "ChannelLeftBridge", bridge=bridge.json(), channel=channel.json())

    def _target_apps(self, target_uri: str) -> set[str]:
        kind, _, identity = target_uri.partition(":")
        members = (
            [identity] if kind == "channel" else self.bridges[identity].channels if identity in self.bridges else []
        )
        apps = {self.channels[one].app for one in members if one in self.channels}
        return {app for app in apps if app}

    def _tell_target(self, target_uri: str, kind: str, **fields: object) -> None:
        for app in sorted(self._target_apps(target_uri)):
            self.emit(app, kind, **fields)

    def _play(self, playback_id: str, target_uri: str, query: Query) -> Json:
        sound = query["media"].split(",")[0].partition(":")[2]
        playback = {
            "id": playback_id,
            "media_uri": query["media"],
            "target_uri": target_uri,
            "language": query.get("lang", "en"),
            "state": "queued",
        }
        answer = dict(playback)
        playback["state"] = "playing"
        self._tell_target(target_uri, "PlaybackStarted", playback=playback)
        length_s = SOUNDS_S.get(sound)
        outcome = "failed" if length_s is None else "done"
        timer = asyncio.get_running_loop().call_later(length_s or 0, self._finish_playback, playback_id, outcome)
        self.playbacks[playback_id] = (playback, timer)
        kind, _, identity = target_uri.partition(":")
        if kind == "channel":
            self.channels[identity].playing = playback_id
        return answer

    def _finish_playback(self, playback_id: str, outcome: str) -> None:
        playback, timer = self.playbacks.pop(playback_id, (None, None))
        if playback is None or timer is None:
            return
        timer.cancel()
        kind, _, identity = playback["target_uri"].partition(":")
        if kind == "channel" and identity in self.channels:
            self.channels[identity].playing = None
            self.channels[identity].idle.set()
        self._tell_target(playback["target_uri"], "PlaybackFinished", playback={**playback, "state": outcome})

    def _record(self, target_uri: str, query: Query) -> Json:
        name = query["name"]
        if name in self.live or name in self.stored:
            raise Refused(409, "Recording already exists")
        self.live[name] = {"name": name, "format": query["format"], "target_uri": target_uri, "state": "recording"}
        self._tell_target(target_uri, "RecordingStarted", recording=self.live[name])
        return {**self.live[name], "state": "queued"}

    async def _on_playbacks(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if path[0] not in self.playbacks:
            raise Refused(404, "Playback not found")
        if method == "GET":
            return self.playbacks[path[0]][0]
        return self._finish_playback(path[0], "done") if method == "DELETE" else None

    async def _on_recordings(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if path == ["stored"]:
            return list(self.stored.values())
        kind, name, *rest = path
        kept = self.live if kind == "live" else self.stored
        if name not in kept:
            raise Refused(404, "Recording not found")
        match method, rest:
            case "GET", []:
                return kept[name]
            case "GET", ["file"]:
                return {"of": name}
            case "DELETE", []:
                del kept[name]
            case "POST", ["stop"]:
                done = {**self.live.pop(name), "state": "done", "duration": 1}
                self.stored[name] = {"name": name, "format": done["format"]}
                self._tell_target(done["target_uri"], "RecordingFinished", recording=done)
        return None

    async def _on_applications(self, method: str, rest: list[str], query: Query, body: Json) -> Any:
        if not rest:
            return [app.json() for app in self.apps.values()]
        app = self.apps.get(rest[0])
        if app is None or not (app.connected or app.persistent):
            raise Refused(404, "Application not found")
        match method, rest[1:]:
            case "PUT", ["eventFilter"]:
                app.allowed = body.get("allowed", app.allowed)
                app.disallowed = body.get("disallowed", app.disallowed)
            case _, ["subscription"]:
                for source in query["eventSource"].split(","):
                    kind, _, identity = source.partition(":")
                    if kind == "channel" and identity in self.channels:
                        subscribed = self.channels[identity].subscribed
                        subscribed.add(app.name) if method == "POST" else subscribed.discard(app.name)
                    elif kind != "deviceState":
                        raise Refused(422, "Event source does not exist")
        return app.json()

    async def _on_device_states(self, method: str, rest: list[str], query: Query, body: Json) -> Any:
        if not rest:
            return [{"name": name, "state": state} for name, state in self.device_states.items()]
        name = rest[0]
        if method == "GET":
            return {"name": name, "state": self.device_states.get(name, "NOT_INUSE")}
        if not name.startswith("Stasis:"):
            raise Refused(409, "Uncontrolled device specified")
        if method == "PUT":
            self.device_states[name] = query["deviceState"]
        else:
            self.device_states.pop(name, None)
        return None

    async def _on_endpoints(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        return [
            {"technology": "PJSIP", "resource": name, "state": "online", "channel_ids": []}
            for name in sorted(self.phones)
        ]

    async def _on_asterisk(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        match method, path:
            case "GET", ["ping"]:
                return {"ping": "pong", "timestamp": timestamp(), "asterisk_id": "fake"}
            case "GET", ["info"]:
                return {"system": {"version": "22.10.1", "entity_id": "fake"}}
            case "PUT", ["modules", _]:
                return None
        raise Refused(404, "Resource not found")

    async def _on_events(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        variables = body.get("variables", {})
        self.emit(query["application"], "ChannelUserevent", eventname=path[1], userevent=variables)
