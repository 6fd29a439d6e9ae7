"""The running call center: the loop and everything that talks to it, from recovery to an orderly end.

Knows which part needs which; how Postgres and Asterisk came to run is not its business (`parts`).
"""

import asyncio
import contextlib
import functools
import random
import secrets as random_secrets
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import structlog

from callcenter.asterisk.agi import AgiServer
from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ari import Access, Ari, FilteredRegistration, Inbox, Listening, ListeningLink
from callcenter.asterisk.audiosocket import AudioSockets
from callcenter.asterisk.conf import SEEN_VARIABLE, modules_to_reload, render_phones
from callcenter.asterisk.conf_values import PhoneAccount
from callcenter.asterisk.presence import stay_present
from callcenter.boot.api import api
from callcenter.boot.recovery import InForce, SnapshotKeeper, build_id, recovered_engine
from callcenter.core.engine import Engine
from callcenter.customers.desk import CustomerDesk
from callcenter.errors import Bug, ConfigurationError, PeerFault
from callcenter.jobs.dialler import Dialler
from callcenter.jobs.recordings import Finished, Folders, RecordingsJob
from callcenter.jobs.webhooks import WebhooksJob
from callcenter.lookups.asker import Asker
from callcenter.lookups.poster import Poster
from callcenter.lookups.till import Till
from callcenter.media.hands import Hands
from callcenter.media.voice import ears
from callcenter.media.voice.answerers import ROUTE as ANSWERER_ROUTE
from callcenter.media.voice.answerers import Answerers
from callcenter.media.voice.door import ROUTE, Door
from callcenter.media.voice.hands import Dialling, Prompts, VoiceHands
from callcenter.media.voice.link import VoiceLink
from callcenter.model.agent import Agent
from callcenter.model.configuration import Configuration
from callcenter.model.events import AgentRemoved, AgentSaved, EngineStarted, Event, Stopping
from callcenter.model.ids import NAMESPACE_CHARS, UNVERSIONED, AgentId, RequestId
from callcenter.model.view import CenterView
from callcenter.postgres.audit import Audit
from callcenter.postgres.customers import Customers
from callcenter.postgres.directory import Directory
from callcenter.postgres.directory import PhoneAccount as DirectoryAccount
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.recordings import dropped_among, unchecked_recordings
from callcenter.postgres.snapshots import Snapshots
from callcenter.postgres.webhooks import Webhooks
from callcenter.runtime.clock import SystemClock
from callcenter.runtime.feed import Feed
from callcenter.runtime.loop import Loop
from callcenter.runtime.perform import LanePerformer
from callcenter.versions.live import Live
from callcenter.web import campaigns, supervision
from callcenter.web.api.chronicle import Chronicle
from callcenter.web.api.door import Listen
from callcenter.web.api.route import Works
from callcenter.web.audited import audited
from callcenter.web.configuration import routes
from callcenter.web.control import ControlSocket
from callcenter.web.customers import routes as customer_routes

IN_STEP_LIMIT_S: Final = 30.0
STOP_LIMIT_S: Final = 5.0
RECORDINGS_LIMIT_S: Final = 15.0

OUTBOUND_WEBSOCKET: Final = "callcenter-events"  # its section in ari.conf

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


@asynccontextmanager
async def running_center(
    wiring: Wiring,
    configuration: Configuration,
    prompts: Prompts,
    pool: Pool,
    live: Live | None = None,
    chores: Sequence[Callable[[RunningCenter], Chore]] = (),
    works: Works | None = None,
) -> AsyncIterator[RunningCenter]:
    """Recover, connect, serve. On a normal end every call is ended and written; a killed process leaves all as is.

    Without `live` the configuration stays as it is, and nobody counts versions. Without `works` there is no API.
    """
    async with AsyncExitStack() as stack:
        journal = PostgresJournal(wiring.dsn, wiring.journal_spool)
        last_seq = await journal.recover()
        stack.push_async_callback(journal.close)
        reader, snapshots, directory = JournalReader(pool), Snapshots(pool), Directory(pool)
        begin = InForce(configuration=configuration)
        if live is not None:
            begin = InForce(configuration=configuration, version=live.view().version, shelf=live.library)
        recovered = await recovered_engine(begin, reader, snapshots, last_seq)
        engine = recovered.engine
        version = await live.begin(engine) if live is not None else UNVERSIONED
        remembers = not recovered.fresh and (live is None or live.is_sure)
        clock, feed, inbox = SystemClock(not_before=recovered.at), Feed(), Inbox()
        door = Door(live.flows if live is not None else configuration.flows)

        access = Access(
            host=wiring.host, port=wiring.http_port, username=wiring.ari_username, password=wiring.ari_password
        )
        ari = await stack.enter_async_context(Ari(access))
        post = _Post()
        voice = VoiceLink(
            ari, inbox, post.post, is_agents=lambda number: engine.world.agents.by_number(number) is not None
        )
        ami = AmiLink(
            wiring.host,
            wiring.ami_port,
            wiring.ami_username,
            wiring.ami_password,
            on_event=voice.phone_stirred,
            on_state=voice.phones_heard,
            events="system,call",
        )
        asker = await stack.enter_async_context(
            Asker(post.post, wiring.lookup_secrets, lambda crash: center.crashed("lookups", crash))
        )
        till = Till(asker, post.post, lambda crash: center.crashed("till", crash))
        stack.push_async_callback(till.close)
        run = _namespace()
        dialler = Dialler(
            pool,
            wiring.dsn,
            run,
            post.post,
            clock,
            lambda: engine.world.configuration,
            engine.has_dialled if remembers else None,
        )
        sockets = await stack.enter_async_context(AudioSockets(wiring.host))
        answerers = await stack.enter_async_context(Answerers(ari.channels, sockets, post.post))
        hands = Hands(
            VoiceHands(ari, ami, prompts, door, wiring.dialling, wiring.recordings.conversations),
            asker,
            till,
            dialler,
            answerers,
        )
        performer = LanePerformer(hands, post, lambda crash: center.crashed("performer", crash))
        recordings = RecordingsJob(wiring.recordings, post.post)
        loop = Loop(engine, clock, journal, performer, [feed, recordings], till)
        post.into(loop)
        center = RunningCenter(wiring, engine, clock, loop, feed, journal, performer, directory, ari, ami, voice, asker)

        chronicle = Chronicle(lambda: journal.last_seq, center.view, reader)
        loop.listen(chronicle)

        await ami.connect()
        stack.push_async_callback(ami.close)  # after the calls have ended, and their recordings with them
        loop.post(
            EngineStarted(namespace=run, build=build_id(), version=version, fresh=recovered.fresh),
        )
        center.tell_agents(await directory.agents())
        for left in await unchecked_recordings(pool):
            recordings.take(
                Finished(recording=left.recording, contact=left.contact, expected_s=left.expected_s, at=left.stopped)
            )
        for unwanted in await dropped_among(pool, recordings.spooled()):
            recordings.discard(unwanted)
        tasks = await stack.enter_async_context(_Tasks(center))
        tasks.start("loop", loop.run())
        tasks.start("recordings", recordings.run())
        center.chores = (dialler, *(make(center) for make in chores))
        for chore in center.chores:
            tasks.start(chore.name, chore.run())
        tasks.start("voice", voice.run())
        tasks.start("presence", stay_present(ari.asterisk, voice.in_step))
        keeper = SnapshotKeeper(engine, clock, journal, snapshots)
        tasks.start("snapshots", keeper.run())
        stack.push_async_callback(_wind_down, center, loop, performer, recordings, keeper, dialler)
        await stack.enter_async_context(
            ListeningLink(
                Listening(
                    port=wiring.websocket_port,
                    username=wiring.websocket_username,
                    password=wiring.websocket_password,
                    host=wiring.host,
                ),
                inbox,
                FilteredRegistration(ari, ears.APP, ears.WANTED),
                revive=functools.partial(_revive, wiring.console) if wiring.console is not None else None,
            )
        )
        poster = await stack.enter_async_context(Poster(lambda: center.configuration.lookup_hosts))
        hooks = Webhooks(pool)
        telling = WebhooksJob(hooks, hooks.disable, reader, poster, clock.now, random.Random())
        tasks.start("webhooks", telling.run())
        agi = AgiServer(wiring.host, wiring.fastagi_port, {ROUTE: door.serve, ANSWERER_ROUTE: answerers.serve})
        await agi.start()
        stack.push_async_callback(agi.close)
        desk = CustomerDesk(engine, center.ask, Customers(pool), reader)
        tasks.start("customers", desk.run())
        more = [*customer_routes(desk), *supervision.routes(center.ask), *campaigns.routes(center.ask)]
        if live is not None:
            live.open(center.ask)
            more += routes(live)
        await stack.enter_async_context(
            ControlSocket(wiring.control_socket, center, feed, more=more, middlewares=[audited(Audit(pool))])
        )
        if wiring.api is not None and works is not None:
            center.api_url = await stack.enter_async_context(
                api(wiring.api, center, pool, clock, live, chronicle, desk, works)
            )
        yield center


class _Post:
    """The performer and the jobs are made before the loop that they post to."""

    def __init__(self) -> None:
        self._loop: Loop | None = None

    def into(self, loop: Loop) -> None:
        self._loop = loop

    def post(self, event: Event) -> None:
        if self._loop is None:
            raise Bug(f"{type(event).__name__} before there is a loop")
        self._loop.post(event)


class _Tasks:
    """Tasks that live as long as the center. One that ends by itself ends the center: a bug must be loud."""

    def __init__(self, center: RunningCenter) -> None:
        self._center = center
        self._running: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Run it beside the others."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._running.append(task)

    async def __aenter__(self) -> "_Tasks":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            crash = task.exception() or Bug(f"the task {task.get_name()} has ended by itself")
            self._center.crashed(task.get_name(), crash)


async def _wind_down(
    center: RunningCenter,
    loop: Loop,
    performer: LanePerformer,
    recordings: RecordingsJob,
    keeper: SnapshotKeeper,
    dialler: Dialler,
) -> None:
    """An orderly end: calls are ended, commands carried out, recordings checked. After a crash all is left as it is.

    The snapshot is for a next start with another configuration, under which nothing should have to be told again.
    """
    if center.crash is not None:
        await performer.close()
        return
    await center.say_absent()
    loop.post(Stopping())
    await loop.caught_up()
    if not await performer.idle(STOP_LIMIT_S):
        log.warning("commands were still under way at the end")
    if not await dialler.emptied(STOP_LIMIT_S):
        log.warning("attempts are left to be settled at the next start")
    try:
        async with asyncio.timeout(RECORDINGS_LIMIT_S):
            await recordings.settled()
    except TimeoutError:
        log.warning("recordings are left unchecked until the next start")
    if await loop.caught_up():  # else the engine has failed half-way, and its state is nothing to begin with
        await keeper.save()
    await performer.close()


async def _revive(console: Console) -> None:
    """Asterisk has gone deaf on its websocket to us: only starting it anew helps (seen on 22.10.1)."""
    await console(f"ari shutdown websocket session {OUTBOUND_WEBSOCKET}")
    await console(f"ari start outbound-websocket {OUTBOUND_WEBSOCKET}")


def _namespace() -> str:
    letters = string.digits + string.ascii_lowercase
    return "".join(random_secrets.choice(letters) for _ in range(NAMESPACE_CHARS))
