"""A center of the stories behind the real listener of the API, with a real Postgres: what programs elsewhere see."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec

from callcenter.boot.api import parts
from callcenter.customers.desk import CustomerDesk
from callcenter.errors import ConfigurationError, Problem
from callcenter.jobs.keeping import Vault
from callcenter.jobs.sealing import Sealer
from callcenter.model.commands import Reply
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry, Output, decode_entry
from callcenter.model.events import Event
from callcenter.model.facts import Fact
from callcenter.model.ids import QueueName, RequestId, Version
from callcenter.model.queue import Queue
from callcenter.model.rights import Rights, parse_scopes
from callcenter.model.sealed import Codec
from callcenter.model.view import CenterView
from callcenter.ports import FactSink
from callcenter.postgres.customers import Customers
from callcenter.postgres.pool import Pool
from callcenter.postgres.privacy import Privacy
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.sealed import SealedFiles
from callcenter.postgres.tokens import PROGRAM, Owner, Tokens
from callcenter.sealing.keys import key_ring
from callcenter.sealing.store import FolderStore
from callcenter.sealing.workshop import Rules, Workshop
from callcenter.web.api.chronicle import Chronicle
from callcenter.web.api.door import ApiDoor, Listen
from callcenter.web.api.route import Works
from callcenter.web.api.runs import Runs
from callcenter.web.views import Applied, ApplyWish, RollbackWish, VersionView
from tests.core.center import Center, queue


class ToldCenter(Center):
    """A story that is also told to whoever listens, as a running center's loop tells it."""

    def __init__(self, *queues: Queue, **rest: Any) -> None:
        self.sinks: list[FactSink] = []
        super().__init__(*queues, **rest)

    def tell(self, event: Event) -> list[Output]:
        outputs = super().tell(event)
        facts = [one for one in outputs if isinstance(one, Fact)]
        for sink in self.sinks if facts else ():
            sink.publish(self.now, facts)
        return outputs

    async def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """The story's journal, read back."""
        for line in self.journal[after_seq:until_seq]:
            yield decode_entry(line)


class Running:
    """A story's center, as the API sees a running one."""

    def __init__(self, story: ToldCenter) -> None:
        self.story = story
        self.asked: list[Event] = []
        self.fault: Exception | None = None
        self.reloads = 0
        self.changes: dict[str, Any] = {}  # of the configuration, for what the engine does not decide by

    @property
    def configuration(self) -> Configuration:
        return replace(self.story.engine.world.configuration, **self.changes)

    async def ask(self, request: RequestId, event: Event) -> str:
        self.asked.append(event)
        if self.fault is not None:
            raise self.fault
        return next(one.problem for one in self.story.tell(event) if isinstance(one, Reply))

    def view(self) -> CenterView:
        return self.story.engine.view(self.story.now)

    def health(self) -> Mapping[str, object]:
        return {
            "up_s": 3.0,
            "events": 7,
            "contacts": 1,
            "asterisk": {"ari": True, "ami": "up"},
            "journal": {"last_seq": 7},
        }

    async def phones_changed(self) -> str:
        self.reloads += 1
        return ""

    def stop(self) -> None:
        raise AssertionError("nobody may stop it over the API")


class CountedVersions:
    """Versions of a configuration, with nothing in them."""

    def __init__(self) -> None:
        self.live = 3
        self.wished: list[ApplyWish | RollbackWish] = []

    def view(self) -> VersionView:
        return VersionView(version=Version(self.live), at=1.5e9, by="eve", message="", digest="d", folder="/etc/center")

    async def apply(self, wish: ApplyWish) -> Applied:
        return self._switched(wish)

    async def roll_back(self, wish: RollbackWish) -> Applied:
        if wish.version > self.live:
            problem = Problem(where=f"version {wish.version}", what="there is no such version")
            raise ConfigurationError([problem])
        return self._switched(wish)

    def _switched(self, wish: ApplyWish | RollbackWish) -> Applied:
        self.wished.append(wish)
        self.live += 1
        return Applied(version=Version(self.live), changed=True)


class WallClock:
    """The clock of the records."""

    def now(self) -> float:
        return time.time()


@dataclass(frozen=True, kw_only=True)
class Came:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(kw_only=True)
class Office:
    """The listener, and a program that asks."""

    door: ApiDoor
    running: Running
    chronicle: Chronicle
    versions: CountedVersions
    pool: Pool
    client: aiohttp.ClientSession
    runs: Runs
    token: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    async def makes_token(self, name: str, *scopes: str, queues: tuple[str, ...] = (), owner: Owner = PROGRAM) -> str:
        rights = Rights(scopes=parse_scopes(scopes or ["*"]), queues=tuple(map(QueueName, queues)))
        made = await Tokens(self.pool).add(name, rights, by="test", owner=owner)
        self.tokens[name] = made
        return made

    async def asks(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Came:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        text = self.token if token is None else token
        if text:
            said.setdefault("Authorization", f"Bearer {text}")
        data = body if isinstance(body, bytes) else None if body is None else msgspec.json.encode(body)
        if data is not None:
            said.setdefault("Content-Type", "application/json")
        url = self.door.url + path
        async with self.client.request(method, url, data=data, headers=said, allow_redirects=False) as answer:
            return Came(status=answer.status, headers=dict(answer.headers), body=await answer.read())


def sealer(pool: Pool, folder: Path) -> Sealer:
    """Who puts recordings away sealed, as FLAC, in a folder."""
    rules = Rules(codec=Codec.FLAC, encrypt=True)
    shop = Workshop(folder / ".work", FolderStore(folder), rules, lambda: key_ring(folder / "recordings.keys"))
    return Sealer(SealedFiles(pool), shop)


def some_works(pool: Pool, folder: Path) -> Works:
    """What the command line does, too, in a folder."""
    return Works(
        vault=Vault(SealedFiles(pool), sealer(pool, folder), folder / "recordings.keys"),
        privacy=Privacy(pool, b"key"),
        remover=sealer(pool, folder),
        uploads=folder / "uploads",
    )


@asynccontextmanager
async def office(
    pool: Pool,
    story: ToldCenter | None = None,
    listen: Listen | None = None,
    name: str = "all",
    held_max: int = 1000,
    works: Works | None = None,
) -> AsyncIterator[Office]:
    """One with two queues, two agents, and a token for everything."""
    story = story or ToldCenter(queue("sales"), queue("support"))
    running, versions = Running(story), CountedVersions()
    chronicle = Chronicle(lambda: len(story.journal), running.view, story, held_max)
    story.sinks.append(chronicle)
    scratch = TemporaryDirectory()
    at_hand = works or some_works(pool, Path(scratch.name))
    desk = CustomerDesk(story.engine, running.ask, Customers(pool), JournalReader(pool))
    made_of = parts(running, pool, WallClock(), versions, at_hand, desk)
    async with (
        ApiDoor(listen or Listen(), made_of, chronicle) as door,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
    ):
        made = Office(
            door=door,
            running=running,
            chronicle=chronicle,
            versions=versions,
            pool=pool,
            client=client,
            runs=made_of.runs,
        )
        made.token = await made.makes_token(name)
        yield made
        chronicle.close()
        await made_of.runs.close()
    scratch.cleanup()
