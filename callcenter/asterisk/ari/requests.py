"""Everything that can be asked of Asterisk over ARI: `Ari` and its resources. Knows parameters; knows no connections.

The model is ari-py's and Asterisk's API documentation's: `ari.channels.originate`, `ari.bridges.add_channel`, with
resources and operations named as there (operations in snake_case). Ids come first and are ours, results are typed, and
all methods may raise PeerUnavailable (nothing was sent), OutcomeUnknown (sent, no answer) and AriRefused (see `rest`).
"""

import builtins
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import TracebackType

from callcenter.asterisk.ari import checks
from callcenter.asterisk.ari.channels import Channels, IfExists, record_query, started
from callcenter.asterisk.ari.resources import (
    Application,
    AsteriskInfo,
    Bridge,
    DeviceState,
    Endpoint,
    LiveRecording,
    Module,
    Playback,
    Pong,
    Sound,
    StoredRecording,
    Variable,
)
from callcenter.asterisk.ari.rest import (
    COMMAND_TIMEOUT_S,
    CONNECTIONS,
    LONG_TIMEOUT_S,
    QUERY_TIMEOUT_S,
    Access,
    Conflict,
    Gone,
    Rest,
    Urgency,
)
from callcenter.errors import Bug


class BridgeType(StrEnum):
    """What a bridge can do; several are joined, holding goes with none of them."""

    MIXING = "mixing"
    HOLDING = "holding"
    DTMF_EVENTS = "dtmf_events"
    PROXY_MEDIA = "proxy_media"


class PlaybackOperation(StrEnum):
    RESTART = "restart"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    REVERSE = "reverse"
    FORWARD = "forward"


class Bridges:
    """`/bridges`. A bridge lives until it is destroyed, over our own restarts too."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def list(self) -> "list[Bridge]":
        return await self._rest.read(list[Bridge], "GET", "bridges", timeout_s=QUERY_TIMEOUT_S)

    async def get(self, bridge_id: str) -> Bridge:
        return await self._rest.read(Bridge, "GET", _bridge(bridge_id))

    async def create(
        self, bridge_id: str, types: Sequence[BridgeType] = (BridgeType.MIXING,), *, name: str = ""
    ) -> Bridge:
        """Make a bridge. May be repeated: one that stands under this id (409) is returned, for the ids are ours."""
        if BridgeType.HOLDING in types and len(types) > 1:
            raise Bug("a holding bridge is nothing else")
        query = {"type": ",".join(types), "name": name}
        try:
            return await self._rest.read(Bridge, "POST", _bridge(bridge_id), query=query, urgency=Urgency.NOW)
        except Conflict as conflict:
            try:
                return await self.get(bridge_id)
            except Gone:
                raise conflict from None

    async def destroy(self, bridge_id: str) -> bool:
        """True when it was there, False when it was gone: both are done.

        The channels in it live on. A recording on it never says RecordingFinished then: stop it first and wait.
        """
        return await self._rest.remove(_bridge(bridge_id), urgency=Urgency.NOW)

    async def add_channel(
        self,
        bridge_id: str,
        channel_ids: Sequence[str],
        *,
        role: str = "",
        mute: bool | None = None,
        absorb_dtmf: bool | None = None,
        inhibit_connected_line_updates: bool | None = None,
    ) -> None:
        """Put channels into a bridge (out of another one, if need be). In a holding bridge `role` is "participant" or
        "announcer". Hangs, and is carried out later, while a playback runs on one of the channels.
        """
        query = {
            "channel": checks.joined(channel_ids),
            "role": role,
            "mute": mute,
            "absorbDTMF": absorb_dtmf,
            "inhibitConnectedLineUpdates": inhibit_connected_line_updates,
        }
        await self._rest.send("POST", _bridge(bridge_id, "addChannel"), query=query, urgency=Urgency.NOW)

    async def remove_channel(self, bridge_id: str, channel_ids: Sequence[str]) -> None:
        query = {"channel": checks.joined(channel_ids)}
        await self._rest.send("POST", _bridge(bridge_id, "removeChannel"), query=query, urgency=Urgency.NOW)

    async def start_moh(self, bridge_id: str, moh_class: str = "") -> None:
        """Music for all in the bridge; a holding bridge is silent without."""
        query = {"mohClass": moh_class}
        await self._rest.send("POST", _bridge(bridge_id, "moh"), query=query, urgency=Urgency.NOW)

    async def stop_moh(self, bridge_id: str) -> bool:
        return await self._rest.remove(_bridge(bridge_id, "moh"), urgency=Urgency.NOW)

    async def play(
        self, bridge_id: str, playback_id: str, media: Sequence[str], *, language: str = "", announcer_format: str = ""
    ) -> Playback:
        """Play to all in the bridge. Unlike a playback on a channel it holds up nothing else.

        Asterisk accepts the same playback id twice and plays twice: this must not be repeated blindly.
        """
        query = {"media": checks.media(media), "lang": language, "announcer_format": announcer_format}
        path = _bridge(bridge_id, "play", checks.identifier(playback_id))
        return await self._rest.read(Playback, "POST", path, query=query)

    async def record(
        self,
        bridge_id: str,
        name: str,
        *,
        format: str = "wav",
        max_duration_s: int = 0,
        max_silence_s: int = 0,
        if_exists: IfExists = IfExists.FAIL,
        beep: bool = False,
        terminate_on: str = "none",
    ) -> LiveRecording:
        """Record the mix of all in the bridge, in one channel."""
        query = record_query(
            name,
            format=format,
            max_duration_s=max_duration_s,
            max_silence_s=max_silence_s,
            if_exists=if_exists,
            beep=beep,
            terminate_on=terminate_on,
        )
        path = _bridge(bridge_id, "record")
        return started(path, await self._rest.read(LiveRecording, "POST", path, query=query))


class Playbacks:
    """`/playbacks`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def get(self, playback_id: str) -> Playback:
        return await self._rest.read(Playback, "GET", checks.path("playbacks", checks.identifier(playback_id)))

    async def stop(self, playback_id: str) -> bool:
        """True when it was there, False when it had ended. Goes through at once while the playback holds up others."""
        path = checks.path("playbacks", checks.identifier(playback_id))
        return await self._rest.remove(path, urgency=Urgency.NOW)

    async def control(self, playback_id: str, operation: PlaybackOperation) -> None:
        path = checks.path("playbacks", checks.identifier(playback_id), "control")
        await self._rest.send("POST", path, query={"operation": operation})


class Recordings:
    """`/recordings`: live ones (they are being written) and stored ones (files)."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def get_live(self, name: str) -> LiveRecording:
        return await self._rest.read(LiveRecording, "GET", _recording("live", name))

    async def stop(self, name: str) -> bool:
        """Stop and keep. False when it does not run (any more)."""
        try:
            await self._rest.send("POST", _recording("live", name, "stop"))
        except Gone:
            return False
        return True

    async def cancel(self, name: str) -> bool:
        """Stop and discard."""
        return await self._rest.remove(_recording("live", name))

    async def pause(self, name: str) -> None:
        await self._rest.send("POST", _recording("live", name, "pause"), urgency=Urgency.NOW)

    async def unpause(self, name: str) -> bool:
        return await self._rest.remove(_recording("live", name, "pause"), urgency=Urgency.NOW)

    async def mute(self, name: str) -> None:
        """Write silence from now on, so that times stay true (card numbers)."""
        await self._rest.send("POST", _recording("live", name, "mute"), urgency=Urgency.NOW)

    async def unmute(self, name: str) -> bool:
        return await self._rest.remove(_recording("live", name, "mute"), urgency=Urgency.NOW)

    async def list_stored(self) -> list[StoredRecording]:
        return await self._rest.read(list[StoredRecording], "GET", "recordings/stored", timeout_s=QUERY_TIMEOUT_S)

    async def get_stored(self, name: str) -> StoredRecording:
        return await self._rest.read(StoredRecording, "GET", _recording("stored", name))

    async def get_stored_file(self, name: str) -> bytes:
        """The whole file, in memory."""
        return await self._rest.send(
            "GET", _recording("stored", name, "file"), timeout_s=LONG_TIMEOUT_S, urgency=Urgency.LATER
        )

    async def copy_stored(self, name: str, destination: str) -> StoredRecording:
        query = {"destinationRecordingName": checks.recording_name(destination)}
        path = _recording("stored", name, "copy")
        return await self._rest.read(StoredRecording, "POST", path, query=query, timeout_s=LONG_TIMEOUT_S)

    async def delete_stored(self, name: str) -> bool:
        return await self._rest.remove(_recording("stored", name))


class Endpoints:
    """`/endpoints`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def list(self) -> builtins.list[Endpoint]:
        return await self._rest.read(list[Endpoint], "GET", "endpoints", timeout_s=QUERY_TIMEOUT_S)

    async def list_by_tech(self, tech: str) -> builtins.list[Endpoint]:
        path = checks.path("endpoints", checks.identifier(tech))
        return await self._rest.read(list[Endpoint], "GET", path, timeout_s=QUERY_TIMEOUT_S)

    async def get(self, tech: str, resource: str) -> Endpoint:
        path = checks.path("endpoints", checks.identifier(tech), checks.identifier(resource))
        return await self._rest.read(Endpoint, "GET", path)


class Applications:
    """`/applications`. Subscriptions and filters outlive the websocket as long as Asterisk keeps the application."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def list(self) -> "list[Application]":
        return await self._rest.read(list[Application], "GET", "applications")

    async def get(self, app: str) -> Application:
        """Raises Gone when no websocket has registered it (yet)."""
        return await self._rest.read(Application, "GET", _app(app))

    async def subscribe(self, app: str, event_sources: Sequence[str]) -> Application:
        """Sources: "channel:ID", "bridge:ID", "endpoint:TECH[/RESOURCE]", "deviceState:NAME". One that does not exist
        is refused (status 422) and then none is subscribed.
        """
        query = {"eventSource": checks.joined(event_sources)}
        return await self._rest.read(Application, "POST", _app(app, "subscription"), query=query)

    async def unsubscribe(self, app: str, event_sources: Sequence[str]) -> Application:
        query = {"eventSource": checks.joined(event_sources)}
        return await self._rest.read(Application, "DELETE", _app(app, "subscription"), query=query)

    async def filter(
        self, app: str, *, allowed: Sequence[str] | None = None, disallowed: Sequence[str] | None = None
    ) -> Application:
        """Which kinds of event the application gets: a call makes about 50 without a filter, 5 are needed.

        None leaves a list as it is, an empty one clears it (all allowed, none disallowed).
        """
        body = {
            name: [{"type": kind} for kind in kinds]
            for name, kinds in (("allowed", allowed), ("disallowed", disallowed))
            if kinds is not None
        }
        return await self._rest.read(Application, "PUT", _app(app, "eventFilter"), body=body)


class DeviceStates:
    """`/deviceStates`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def list(self) -> "list[DeviceState]":
        """Those that ARI has made (Stasis:...)."""
        return await self._rest.read(list[DeviceState], "GET", "deviceStates", timeout_s=QUERY_TIMEOUT_S)

    async def get(self, device: str) -> DeviceState:
        """Any device, e.g. "PJSIP/1001"."""
        return await self._rest.read(DeviceState, "GET", checks.path("deviceStates", checks.identifier(device)))

    async def update(self, device: str, state: str) -> None:
        """Set a lamp. Only devices named Stasis:... are ours to set."""
        await self._rest.send("PUT", _stasis_device(device), query={"deviceState": state})

    async def delete(self, device: str) -> bool:
        return await self._rest.remove(_stasis_device(device))


class Asterisk:
    """`/asterisk`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def get_info(self) -> AsteriskInfo:
        return await self._rest.read(AsteriskInfo, "GET", "asterisk/info", urgency=Urgency.LATER)

    async def ping(self) -> Pong:
        return await self._rest.read(Pong, "GET", "asterisk/ping")

    async def list_modules(self) -> list[Module]:
        return await self._rest.read(list[Module], "GET", "asterisk/modules", timeout_s=QUERY_TIMEOUT_S)

    async def get_module(self, name: str) -> Module:
        return await self._rest.read(Module, "GET", checks.path("asterisk", "modules", checks.identifier(name)))

    async def reload_module(self, name: str) -> None:
        path = checks.path("asterisk", "modules", checks.identifier(name))
        await self._rest.send("PUT", path, timeout_s=LONG_TIMEOUT_S)

    async def get_global_var(self, name: str) -> str:
        """Empty when it is not set."""
        query = {"variable": checks.variable(name)}
        return (await self._rest.read(Variable, "GET", "asterisk/variable", query=query)).value

    async def set_global_var(self, name: str, value: str) -> None:
        query = {"variable": checks.variable(name), "value": value}
        await self._rest.send("POST", "asterisk/variable", query=query)


class Sounds:
    """`/sounds`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def list(self, *, language: str = "", format: str = "") -> "list[Sound]":
        query = {"lang": language, "format": format}
        return await self._rest.read(
            list[Sound], "GET", "sounds", query=query, timeout_s=QUERY_TIMEOUT_S, urgency=Urgency.LATER
        )

    async def get(self, sound_id: str) -> Sound:
        return await self._rest.read(Sound, "GET", checks.path("sounds", sound_id), urgency=Urgency.LATER)


class Events:
    """`/events` without the websocket, which is `transport`'s."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def user_event(
        self,
        event_name: str,
        app: str,
        *,
        sources: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Send a ChannelUserevent to an application (a line to ourselves, in order with Asterisk's own events)."""
        path = checks.path("events", "user", checks.identifier(event_name))
        query = {"application": checks.identifier(app), "source": checks.joined(sources)}
        body = {"variables": dict(variables)} if variables else None
        await self._rest.send("POST", path, query=query, body=body)


class Ari:
    """All resources of one Asterisk. Use as an async context: it opens and closes the connections."""

    def __init__(
        self, access: Access, *, connections: int = CONNECTIONS, command_timeout_s: float = COMMAND_TIMEOUT_S
    ) -> None:
        self.rest = Rest(access, connections=connections, command_timeout_s=command_timeout_s)
        self.channels = Channels(self.rest)
        self.bridges = Bridges(self.rest)
        self.playbacks = Playbacks(self.rest)
        self.recordings = Recordings(self.rest)
        self.endpoints = Endpoints(self.rest)
        self.applications = Applications(self.rest)
        self.device_states = DeviceStates(self.rest)
        self.asterisk = Asterisk(self.rest)
        self.sounds = Sounds(self.rest)
        self.events = Events(self.rest)

    async def __aenter__(self) -> "Ari":
        await self.rest.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.rest.__aexit__(kind, problem, trace)


def _bridge(bridge_id: str, *more: str) -> str:
    return checks.path("bridges", checks.identifier(bridge_id), *more)


def _recording(kind: str, name: str, *more: str) -> str:
    return checks.path("recordings", kind, checks.recording_name(name), *more)


def _app(app: str, *more: str) -> str:
    return checks.path("applications", checks.identifier(app), *more)


def _stasis_device(device: str) -> str:
    if not device.startswith("Stasis:"):
        raise Bug(f"only devices named Stasis:... can be set over ARI, not {device!r}")
    return checks.path("deviceStates", checks.identifier(device))
