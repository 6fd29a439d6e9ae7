"""A call center behind a real control socket: the engine of the stories, a real aiohttp server in a thread of its own.

Time stands still unless the story moves it. A command runs in the test's thread while the server answers in the other;
the story moves only between commands, so the two never meet.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from callcenter.config.folder import digest_of, read_configuration, read_files
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.commands import Reply
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry, decode_entry
from callcenter.model.events import ConfigurationApplied, DispositionRequested, EngineStarted, Event
from callcenter.model.ids import ContactId, RequestId, Version
from callcenter.model.view import CenterView
from callcenter.runtime.feed import Feed
from callcenter.web import campaigns, supervision
from callcenter.web.configuration import routes
from callcenter.web.control import ControlSocket
from callcenter.web.customers import routes as customer_routes
from callcenter.web.views import Applied, ApplyWish, RollbackWish, VersionView
from tests.core.center import START, Center

READY_LIMIT_S = 10.0

WELL: Mapping[str, Any] = {
    "up_s": 3723.0,
    "events": 12,
    "contacts": 0,
    "commands": {"performed": 3, "failed": 0},
    "asterisk": {"ari": True, "ami": "up", "resyncs": 1},
    "journal": {
        "last_seq": 12,
        "behind_entries": 0,
        "behind_s": 0.0,
        "spool_bytes": 0,
        "connected": True,
        "problem": "",
    },
}


class StoryCenter(Center):
    """The center of the stories, with a configuration that was read from a folder."""

    def __init__(self, configuration: Configuration, start: float = START) -> None:
        super().__init__(
            *configuration.queues.values(),
            flows=tuple(configuration.flows.values()),
            calendars=tuple(configuration.calendars.values()),
            forward_to=configuration.forward_to,
            dispositions=tuple(configuration.dispositions.values()),
            campaigns=tuple(configuration.campaigns.values()),
            trunks=tuple(configuration.trunks.values()),
            guard=configuration.guard,
            start=start,
        )

    @property
    def entries(self) -> list[Entry]:
        """The journal so far."""
        return [decode_entry(line) for line in self.journal]


class StoryVersions:
    """The versions of the story's configuration, kept in memory."""

    def __init__(self, story: StoryCenter, folder: Path) -> None:
        self._story = story
        self._folder = folder
        self._number = 0
        self.files: dict[int, dict[str, str]] = {}
        self.live = self._keep(read_files(folder)[0] if folder.is_dir() else {}, "", "the start")
        story.engine.world.library[self.live.version] = story.configuration
        story.tell(EngineStarted(namespace="storyone", build="test", version=self.live.version))

    def _keep(self, files: dict[str, str], message: str, by: str, back_to: int = 0) -> VersionView:
        self._number += 1
        self.files[self._number] = files
        return VersionView(
            version=Version(self._number),
            at=self._story.now,
            by=by,
            message=message,
            digest=digest_of(files),
            folder=str(self._folder),
            back_to=Version(back_to),
        )

    def view(self) -> VersionView:
        """Which is live."""
        return self.live

    async def apply(self, wish: ApplyWish) -> Applied:
        """As a running center does."""
        return self._switch(read_files(Path(wish.folder))[0], wish.message, wish.by)

    async def roll_back(self, wish: RollbackWish) -> Applied:
        """Likewise; the one before is the one with the number before."""
        version = wish.version or self._number - 1
        if version not in self.files:
            raise ConfigurationError([Problem(where=f"version {version}", what="there is no such version")])
        return self._switch(self.files[version], wish.message, wish.by, version)

    def _switch(self, files: dict[str, str], message: str, by: str, back_to: int = 0) -> Applied:
        if digest_of(files) == self.live.digest:
            return Applied(version=self.live.version, changed=False, words="nothing has changed")
        configuration, problems = read_configuration(files)
        if problems:
            raise ConfigurationError(problems)
        kept = self._keep(files, message, by, back_to)
        self._story.engine.world.library[kept.version] = configuration
        problem = self._story.ask(ConfigurationApplied(request=RequestId("apply"), version=kept.version, by=by))
        if problem:
            raise ConfigurationError([Problem(where="now", what=problem)])
        self.live = kept
        return Applied(version=kept.version, changed=True)


class LiveCenter(AbstractContextManager["LiveCenter"]):
    """What a running center shows to the control socket. `story` is the center behind it."""

    def __init__(self, socket: Path, story: StoryCenter, folder: Path) -> None:
        self.story = story
        self.versions = StoryVersions(story, folder)
        self.health_now: Mapping[str, Any] = WELL
        self.reloads = 0
        self.customer_reloads = 0
        self.pops: dict[ContactId, object] = {}
        self.reload_problem = ""
        self.asked: list[Event] = []
        self.silent = False  # does not answer requests any more
        self.on_reload: Callable[[], None] | None = None
        self._socket = socket
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="control")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(READY_LIMIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(READY_LIMIT_S)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        more = [
            *routes(self.versions),
            *supervision.routes(self.ask),
            *campaigns.routes(self.ask),
            *customer_routes(self),
        ]
        async with ControlSocket(self._socket, self, Feed(), more=more):
            self._ready.set()
            await self._stopping.wait()

    # -- its customers -------------------------------------------------------------------------------------------------

    async def pop(self, contact: ContactId) -> object | None:
        """Whatever the test says."""
        return self.pops.get(contact)

    async def record(self, asked: DispositionRequested) -> str:
        """To the engine."""
        return await self.ask(asked.request, asked)

    async def customers_changed(self) -> str:
        """Counted."""
        self.customer_reloads += 1
        return ""

    # -- the control socket's Center -----------------------------------------------------------------------------------

    async def ask(self, request: RequestId, event: Event) -> str:
        """Put a request to the engine."""
        if self.silent:
            raise TimeoutError
        self.asked.append(event)
        replies = [output for output in self.story.tell(event) if isinstance(output, Reply)]
        return replies[0].problem

    def view(self) -> CenterView:
        """A picture of the story's now."""
        return self.story.engine.view(self.story.now)

    def health(self) -> Mapping[str, object]:
        """Whatever the test says."""
        return self.health_now

    async def phones_changed(self) -> str:
        """Counted."""
        self.reloads += 1
        if self.on_reload is not None:
            self.on_reload()
        return self.reload_problem

    def stop(self) -> None:
        """End the server, as a center ends its own."""
        assert self._stopping is not None
        self._stopping.set()
