"""The running call center, as who starts it, asks it and changes it sees it; `assembly` makes one of its parts."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import structlog

from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ari import Ari
from callcenter.asterisk.conf import SEEN_VARIABLE, modules_to_reload, render_phones
from callcenter.asterisk.conf_values import PhoneAccount
from callcenter.core.engine import Engine
from callcenter.errors import ConfigurationError, PeerFault
from callcenter.jobs.recordings import Folders
from callcenter.lookups.asker import Asker
from callcenter.media.voice.hands import Dialling
from callcenter.media.voice.link import VoiceLink
from callcenter.model.agent import Agent
from callcenter.model.configuration import Configuration
from callcenter.model.events import AgentRemoved, AgentSaved, Event
from callcenter.model.ids import AgentId, RequestId
from callcenter.model.view import CenterView
from callcenter.postgres.directory import Directory
from callcenter.postgres.directory import PhoneAccount as DirectoryAccount
from callcenter.postgres.journal import PostgresJournal
from callcenter.runtime.clock import SystemClock
from callcenter.runtime.feed import Feed
from callcenter.runtime.loop import Loop
from callcenter.runtime.perform import LanePerformer
from callcenter.web.api.door import Listen

IN_STEP_LIMIT_S: Final = 30.0

log = structlog.get_logger(__name__)


Console = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Where everything is. Passwords do not show in its repr."""

    dsn: str = field(repr=False)
    http_port: int  # Asterisk's
    ari_username: str
    ari_password: str = field(repr=False)
    websocket_port: int  # ours
    websocket_username: str
    websocket_password: str = field(repr=False)
    ami_port: int  # Asterisk's
    ami_username: str
    ami_password: str = field(repr=False)
    fastagi_port: int  # ours
    sip_host: str
    sip_port: int
    control_socket: Path
    journal_spool: Path
    asterisk_etc: Path
    conf_templates: Path
    recordings: Folders
    lookup_secrets: Path  # a folder with a file for each
    console: Console | None = None  # Asterisk's command line, where it is ours
    dialling: Dialling = field(default_factory=Dialling)
    api: Listen | None = None  # where the API is; None: nowhere
    host: str = "127.0.0.1"


class Chore(Protocol):
    """Work beside the calls, for as long as the center runs."""

    name: str

    async def run(self) -> None:
        """Until cancelled."""
        ...

    def health(self) -> Mapping[str, object]:
        """Figures for `status` and `doctor`."""
        ...


class RunningCenter:
    """What the CLI and the demo see of the running center."""

    def __init__(
        self,
        wiring: Wiring,
        engine: Engine,
        clock: SystemClock,
        loop: Loop,
        feed: Feed,
        journal: PostgresJournal,
        performer: LanePerformer,
        directory: Directory,
        ari: Ari,
        ami: AmiLink,
        voice: VoiceLink,
        asker: Asker,
    ) -> None:
        self.wiring = wiring
        self.feed = feed
        self.stopped = asyncio.Event()
        self.crash: BaseException | None = None  # of one of our tasks: a bug
        self.api_url = ""
        self.chores: tuple[Chore, ...] = ()
        self._engine = engine
        self._clock = clock
        self._loop = loop
        self._journal = journal
        self._performer = performer
        self._directory = directory
        self._ari = ari
        self._ami = ami
        self._voice = voice
        self._asker = asker
        self._reloading = asyncio.Lock()
        self._started = clock.now()

    def post(self, event: Event) -> None:
        """An event from outside."""
        self._loop.post(event)

    async def ask(self, request: RequestId, event: Event) -> str:
        """A request from a person: "" when granted, else what is wrong. Raises TimeoutError."""
        return await self._loop.ask(request, event)

    @property
    def configuration(self) -> Configuration:
        """What is in force."""
        return self._engine.world.configuration

    def view(self) -> CenterView:
        """A picture of now."""
        return self._engine.view(self._clock.now())

    def health(self) -> Mapping[str, object]:
        """Figures about the process and its peers."""
        journal = self._journal.health()
        return {
            "up_s": round(self._clock.now() - self._started, 1),
            "events": self._loop.handled,
            "contacts": len(self._engine.world.contacts),
            "commands": {"performed": self._performer.performed, "failed": self._performer.failed},
            "asterisk": {
                "ari": self._voice.in_step.is_set(),
                "ami": self._ami.state.value,
                "resyncs": self._voice.resyncs,
            },
            "api": self.api_url,
            "lookups": self._asker.health(),
            "journal": {
                "last_seq": journal.last_seq,
                "behind_entries": journal.behind_entries,
                "behind_s": journal.behind_s,
                "spool_bytes": journal.spool_bytes,
                "connected": journal.connected,
                "problem": journal.problem,
            },
            **{chore.name: dict(chore.health()) for chore in self.chores},
        }

    async def phones_changed(self) -> str:
        """The directory has changed: write the accounts, let Asterisk read them, tell the engine."""
        async with self._reloading:  # two at once might leave the older accounts in the files
            try:
                await self._reload()
            except (PeerFault, ConfigurationError, OSError) as error:
                return str(error)
        return ""

    async def _reload(self) -> None:
        agents = await self._directory.agents()
        accounts = await self._directory.accounts()
        changed = await asyncio.to_thread(
            render_phones, phone_accounts(accounts), self.wiring.conf_templates, self.wiring.asterisk_etc
        )
        for module in modules_to_reload(changed):
            await self._ari.asterisk.reload_module(module)
        self.tell_agents(agents)
        await self._voice.phones()

    def tell_agents(self, agents: Sequence[Agent]) -> None:
        """Everybody in the directory, and who is no longer."""
        known = set(self._engine.world.agents.records)
        for agent in agents:
            self.post(AgentSaved(request=RequestId(f"directory-{agent.id}"), agent=agent))
        for gone in sorted(known - {agent.id for agent in agents}):
            self.post(AgentRemoved(request=RequestId(f"directory-{gone}"), agent=AgentId(gone)))

    async def say_absent(self) -> None:
        """Let new callers have Asterisk's fallback at once."""
        try:
            await self._ari.asterisk.set_global_var(SEEN_VARIABLE, "0")
        except PeerFault as fault:
            log.warning("asterisk does not hear that we leave", fault=str(fault))

    def stop(self) -> None:
        """End the call center; who waits on `stopped` does the rest."""
        self.stopped.set()

    def crashed(self, what: str, crash: BaseException) -> None:
        """A part of ours has ended by a bug: end the center loudly, unless it is ending already."""
        log.error("a part of the call center has crashed", part=what, exc_info=crash)
        if not self.stopped.is_set():
            self.crash = crash
            self.stop()

    async def in_step(self) -> bool:
        """Wait until Asterisk is connected and known; False if that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IN_STEP_LIMIT_S):
                await self._voice.in_step.wait()
        return self._voice.in_step.is_set()


def phone_accounts(accounts: Sequence[DirectoryAccount]) -> tuple[PhoneAccount, ...]:
    """The directory's accounts as Asterisk's configuration wants them."""
    return tuple(PhoneAccount(number=one.number, name=one.name, secret=one.secret) for one in accounts)
