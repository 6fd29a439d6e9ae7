"""Hands on two ports of a fake Asterisk, ARI and AMI, over real sockets; and a shelf of prompts, some broken."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ari import Access, Ari
from callcenter.errors import ConfigurationError, PeerFault
from callcenter.media.voice.door import Door
from callcenter.media.voice.hands import Dialling, VoiceHands
from callcenter.model.ids import LegId
from tests.adapters.fake_ami import FakeAmi, FakeSession, Fields, fake_ami, value
from tests.adapters.fake_ari import FakeAri
from tests.adapters.fake_ari_world import Json, Query, Refused

LIMIT_S = 5.0
COMMAND_TIMEOUT_S = 1.5  # not what a busy machine takes for an answer
CALLER = LegId("1700000000.1")
MONITOR_FOLDER = "/var/spool/asterisk/monitor"


class Asterisk(FakeAri):
    """A fake whose phones can be asked for one by one, and whose bridges know whether they play music."""

    def __init__(self) -> None:
        super().__init__()
        self.unreachable: set[str] = set()
        self.phone_legs: dict[str, list[str]] = {}
        self.heard: dict[str, int] = {}  # packets that came on a leg; it grows by what the phone says between two looks
        self.says: dict[str, int] = {}
        self.music: dict[str, str] = {}
        self.globals: dict[str, str] = {}

    async def _on_endpoints(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if len(path) > 1 and path[1] not in self.phones:
            raise Refused(404, "Endpoint not found")
        found = [
            {
                "technology": "PJSIP",
                "resource": name,
                "state": "offline" if name in self.unreachable else "online",
                "channel_ids": self.phone_legs.get(name, []),
            }
            for name in sorted(self.phones)
            if path[1:] in ([], [name])
        ]
        return found[0] if len(path) > 1 else found

    async def _on_channels(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if path[1:] != ["rtp_statistics"]:
            return await super()._on_channels(method, path, query, body)
        if path[0] not in self.heard:
            raise Refused(404, "Channel not found")
        self.heard[path[0]] += self.says.get(path[0], 0)
        return {"rxcount": self.heard[path[0]], "channel_uniqueid": path[0]}

    async def _on_bridges(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if path[1:] == ["moh"] and path[0] in self.bridges:
            if method == "POST":
                self.music[path[0]] = query.get("mohClass", "")
            elif self.music.pop(path[0], None) is None:
                raise Refused(409, "Bridge not playing music")
        return await super()._on_bridges(method, path, query, body)

    async def _on_asterisk(self, method: str, path: list[str], query: Query, body: Json) -> Any:
        if (method, path) == ("POST", ["variable"]):
            self.globals[query["variable"]] = query["value"]
            return None
        return await super()._on_asterisk(method, path, query, body)

    def asked(self, method: str, path: str) -> list[dict[str, str]]:
        """The queries of all such requests, in order."""
        found = [urlsplit(one.partition(" ")[2]) for one in self.requests if one.startswith(f"{method} ")]
        return [{k: v[0] for k, v in parse_qs(one.query).items()} for one in found if one.path == path]


ID_VARIABLE = "CALLCENTER_MIXMONITOR_ID"


class Manager:
    """AMI's side of recordings: which channels there are, and what was recorded on them."""

    def __init__(self, ami: FakeAmi) -> None:
        self.ami = ami
        self.files: dict[str, str] = {}
        mixmonitor = ami.answers["mixmonitor"]

        def start(session: FakeSession, request: Fields) -> None:
            channel, file = value(request, "Channel"), value(request, "File")
            if channel in ami.mixmonitors:
                self.files[channel] = f"{MONITOR_FOLDER}/{file}"
            mixmonitor(session, request)

        def stop(session: FakeSession, request: Fields) -> None:
            running = ami.mixmonitors.get(value(request, "Channel"), {})
            id_ = value(request, "MixMonitorID")
            if not running or (id_ and id_ not in running):
                session.reply(request, ("Message", "Could not stop monitoring channel"), response="Error")
                return
            for name in [id_] if id_ else list(running):  # without an id, the channel's recordings
                del running[name]
            session.reply(request)

        def get(session: FakeSession, request: Fields) -> None:
            channel = value(request, "Channel")
            if channel not in ami.mixmonitors:
                session.reply(request, ("Message", "No such channel"), response="Error")
            else:
                name = value(request, "Variable")
                ids = list(ami.mixmonitors[channel])
                found = (ids[-1] if ids else "") if name == ID_VARIABLE else self.files.get(channel, "")
                session.reply(request, ("Variable", name), ("Value", found))

        def set_(session: FakeSession, request: Fields) -> None:
            if value(request, "Variable") == "MIXMONITOR_FILENAME":
                self.files[value(request, "Channel")] = value(request, "Value")
            session.reply(request)

        ami.answers |= {"mixmonitor": start, "stopmixmonitor": stop, "getvar": get, "setvar": set_}

    def running(self, leg: str) -> list[str]:
        return list(self.ami.mixmonitors.get(leg, {}))


@dataclass
class Shelf:
    """Prompts: name -> path, or what goes wrong with it."""

    sounds: dict[str, str | Exception] = field(
        default_factory=lambda: {
            "hello": "/prompts/en/hello",
            "place": "/prompts/cache/0a1b",
            "mute": PeerFault("the voice has failed"),
            "odd": "/my,prompts/odd",
        }
    )
    wanted: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    async def media_for(self, prompt: str, language: str, variables: Mapping[str, str]) -> str:
        self.wanted.append((prompt, language, dict(variables)))
        found = self.sounds.get(prompt, ConfigurationError(f"there is no prompt {prompt}"))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass(kw_only=True)
class Office:
    asterisk: Asterisk
    manager: Manager
    ari: Ari
    ami: AmiLink
    hands: VoiceHands
    recordings: Path
    shelf: Shelf
    door: Door

    def hands_of_the_next_run(self) -> VoiceHands:
        return VoiceHands(self.ari, self.ami, self.shelf, self.door, Dialling(), self.recordings)


@asynccontextmanager
async def an_office(dialling: Dialling | None = None) -> AsyncIterator[Office]:
    asterisk = Asterisk()
    with TemporaryDirectory() as folder:
        async with asterisk, fake_ami() as ami:
            asterisk.serve("callcenter")
            asterisk.caller_arrives(CALLER, "in")
            asterisk.phones["1001"] = "ring"
            ami.mixmonitors[CALLER] = {}
            link = AmiLink("127.0.0.1", ami.port, "callcenter", "s3cret", on_event=lambda event: None)
            await link.connect()
            access = Access(port=asterisk.port, username=asterisk.username, password=asterisk.password)
            try:
                async with Ari(access, command_timeout_s=COMMAND_TIMEOUT_S) as ari:
                    shelf, door = Shelf(), Door({"sales"})
                    recordings = Path(folder)
                    hands = VoiceHands(ari, link, shelf, door, dialling or Dialling(), recordings)
                    yield Office(
                        asterisk=asterisk,
                        manager=Manager(ami),
                        ari=ari,
                        ami=link,
                        hands=hands,
                        recordings=recordings,
                        shelf=shelf,
                        door=door,
                    )
            finally:
                await link.close()
