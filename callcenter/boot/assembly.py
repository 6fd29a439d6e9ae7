"""Builds a running center, part by part, and takes it down in order. Knows which part needs which; decides nothing.

The order matters: what was written is read first, then Asterisk's ears and hands are made, then the loop between them;
calls come last, when all stands. What was begun ends the other way round.
"""

import asyncio
import functools
import random
import secrets as random_secrets
import string
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from callcenter.asterisk.agi import AgiServer
from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ari import Access, Ari, FilteredRegistration, Inbox, Listening, ListeningLink
from callcenter.asterisk.audiosocket import AudioSockets
from callcenter.asterisk.presence import stay_present
from callcenter.boot.api import api
from callcenter.boot.center import Chore, Console, RunningCenter, Wiring
from callcenter.boot.recovery import InForce, SnapshotKeeper, build_id, recovered_engine
from callcenter.core.engine import Engine
from callcenter.customers.desk import CustomerDesk
from callcenter.errors import Bug
from callcenter.jobs.dialler import Dialler
from callcenter.jobs.recordings import Finished, RecordingsJob
from callcenter.jobs.webhooks import WebhooksJob
from callcenter.lookups.asker import Asker
from callcenter.lookups.poster import Poster
from callcenter.lookups.till import Till
from callcenter.media.hands import Hands
from callcenter.media.voice import ears
from callcenter.media.voice.answerers import ROUTE as ANSWERER_ROUTE
from callcenter.media.voice.answerers import Answerers
from callcenter.media.voice.door import ROUTE, Door
from callcenter.media.voice.hands import Prompts, VoiceHands
from callcenter.media.voice.link import VoiceLink
from callcenter.model.configuration import Configuration
from callcenter.model.events import EngineStarted, Event, Stopping
from callcenter.model.ids import NAMESPACE_CHARS, UNVERSIONED, Version
from callcenter.postgres.audit import Audit
from callcenter.postgres.customers import Customers
from callcenter.postgres.directory import Directory
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
from callcenter.web.api.route import Works
from callcenter.web.audited import audited
from callcenter.web.configuration import routes
from callcenter.web.control import ControlSocket
from callcenter.web.customers import routes as customer_routes

STOP_LIMIT_S: Final = 5.0
RECORDINGS_LIMIT_S: Final = 15.0

OUTBOUND_WEBSOCKET: Final = "callcenter-events"  # its section in ari.conf

log = structlog.get_logger(__name__)


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
        later = _Later()
        past = await _read(stack, wiring, configuration, pool, live)
        asterisk = await _reached(stack, wiring, past, later)
        door = Door(live.flows if live is not None else configuration.flows)
        doing = await _equipped(stack, wiring, past, asterisk, prompts, door, pool, later)
        feed, reader, engine = Feed(), JournalReader(pool), past.engine
        loop = Loop(engine, past.clock, past.journal, doing.performer, [feed, doing.recordings], doing.till)
        center = RunningCenter(
            wiring,
            engine,
            past.clock,
            loop,
            feed,
            past.journal,
            doing.performer,
            Directory(pool),
            asterisk.ari,
            asterisk.ami,
            asterisk.voice,
            doing.asker,
        )
        later.is_there(center, loop)
        chronicle = Chronicle(lambda: past.journal.last_seq, center.view, reader)
        loop.listen(chronicle)

        await asterisk.ami.connect()
        stack.push_async_callback(asterisk.ami.close)  # after the calls have ended, and their recordings with them
        await _told_first(center, loop, past, doing, pool)
        tasks = await stack.enter_async_context(_Tasks(center))
        _set_going(tasks, center, loop, asterisk, doing, chores)
        keeper = SnapshotKeeper(engine, past.clock, past.journal, past.snapshots)
        tasks.start("snapshots", keeper.run())
        stack.push_async_callback(_wind_down, center, loop, doing, keeper)

        await stack.enter_async_context(_link(wiring, asterisk))
        poster = await stack.enter_async_context(Poster(lambda: center.configuration.lookup_hosts))
        hooks = Webhooks(pool)
        telling = WebhooksJob(hooks, hooks.disable, reader, poster, past.clock.now, random.Random())
        tasks.start("webhooks", telling.run())
        agi = AgiServer(wiring.host, wiring.fastagi_port, {ROUTE: door.serve, ANSWERER_ROUTE: doing.answerers.serve})
        await agi.start()
        stack.push_async_callback(agi.close)
        desk = CustomerDesk(engine, center.ask, Customers(pool), reader)
        tasks.start("customers", desk.run())
        await stack.enter_async_context(_control(wiring, center, feed, desk, pool, live))
        if wiring.api is not None and works is not None:
            center.api_url = await stack.enter_async_context(
                api(wiring.api, center, pool, past.clock, live, chronicle, desk, works)
            )
        yield center


# -- the parts, in the order in which they are made --------------------------------------------------------------------


class _Later:
    """What the parts report to, before it is there: the loop and the center are made of them."""

    def __init__(self) -> None:
        self._loop: Loop | None = None
        self._center: RunningCenter | None = None

    def is_there(self, center: RunningCenter, loop: Loop) -> None:
        """From now on."""
        self._center, self._loop = center, loop

    def post(self, event: Event) -> None:
        """For the engine."""
        if self._loop is None:
            raise Bug(f"{type(event).__name__} before there is a loop")
        self._loop.post(event)

    def crashed(self, name: str) -> Callable[[BaseException], None]:
        """Whom the part of this name tells of its end."""

        def tell(crash: BaseException) -> None:
            if self._center is None:
                raise crash
            self._center.crashed(name, crash)

        return tell


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What was written down, and the engine that has been told it."""

    journal: PostgresJournal
    snapshots: Snapshots
    engine: Engine
    clock: SystemClock
    version: Version
    fresh: bool  # a new engine, of a new journal
    remembers: bool  # what it has dialled
    run: str  # names this run of the center


async def _read(
    stack: AsyncExitStack, wiring: Wiring, configuration: Configuration, pool: Pool, live: Live | None
) -> _Past:
    journal = PostgresJournal(wiring.dsn, wiring.journal_spool)
    last_seq = await journal.recover()
    stack.push_async_callback(journal.close)
    snapshots = Snapshots(pool)
    begin = InForce(configuration=configuration)
    if live is not None:
        begin = InForce(configuration=configuration, version=live.view().version, shelf=live.library)
    recovered = await recovered_engine(begin, JournalReader(pool), snapshots, last_seq)
    version = await live.begin(recovered.engine) if live is not None else UNVERSIONED
    return _Past(
        journal=journal,
        snapshots=snapshots,
        engine=recovered.engine,
        clock=SystemClock(not_before=recovered.at),
        version=version,
        fresh=recovered.fresh,
        remembers=not recovered.fresh and (live is None or live.is_sure),
        run=_namespace(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asterisk:
    """Its three doors, and what comes of them."""

    ari: Ari
    ami: AmiLink
    inbox: Inbox
    voice: VoiceLink


async def _reached(stack: AsyncExitStack, wiring: Wiring, past: _Past, later: _Later) -> _Asterisk:
    access = Access(host=wiring.host, port=wiring.http_port, username=wiring.ari_username, password=wiring.ari_password)
    ari, inbox = await stack.enter_async_context(Ari(access)), Inbox()
    agents = past.engine.world.agents
    voice = VoiceLink(ari, inbox, later.post, is_agents=lambda number: agents.by_number(number) is not None)
    ami = AmiLink(
        wiring.host,
        wiring.ami_port,
        wiring.ami_username,
        wiring.ami_password,
        on_event=voice.phone_stirred,
        on_state=voice.phones_heard,
        events="system,call",
    )
    return _Asterisk(ari=ari, ami=ami, inbox=inbox, voice=voice)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doing:
    """Those who carry out what the engine decides."""

    asker: Asker
    till: Till
    dialler: Dialler
    answerers: Answerers
    performer: LanePerformer
    recordings: RecordingsJob


async def _equipped(
    stack: AsyncExitStack,
    wiring: Wiring,
    past: _Past,
    asterisk: _Asterisk,
    prompts: Prompts,
    door: Door,
    pool: Pool,
    later: _Later,
) -> _Doing:
    engine, ari = past.engine, asterisk.ari
    asker = await stack.enter_async_context(Asker(later.post, wiring.lookup_secrets, later.crashed("lookups")))
    till = Till(asker, later.post, later.crashed("till"))
    stack.push_async_callback(till.close)
    knows = engine.has_dialled if past.remembers else None
    dialler = Dialler(pool, wiring.dsn, past.run, later.post, past.clock, lambda: engine.world.configuration, knows)
    sockets = await stack.enter_async_context(AudioSockets(wiring.host))
    answerers = await stack.enter_async_context(Answerers(ari.channels, sockets, later.post))
    voice = VoiceHands(ari, asterisk.ami, prompts, door, wiring.dialling, wiring.recordings.conversations)
    return _Doing(
        asker=asker,
        till=till,
        dialler=dialler,
        answerers=answerers,
        performer=LanePerformer(Hands(voice, asker, till, dialler, answerers), later, later.crashed("performer")),
        recordings=RecordingsJob(wiring.recordings, later.post),
    )


async def _told_first(center: RunningCenter, loop: Loop, past: _Past, doing: _Doing, pool: Pool) -> None:
    """What the engine hears before anything else, and what is left to be done of recordings that ended before."""
    loop.post(EngineStarted(namespace=past.run, build=build_id(), version=past.version, fresh=past.fresh))
    center.tell_agents(await Directory(pool).agents())
    for left in await unchecked_recordings(pool):
        doing.recordings.take(
            Finished(recording=left.recording, contact=left.contact, expected_s=left.expected_s, at=left.stopped)
        )
    for unwanted in await dropped_among(pool, doing.recordings.spooled()):
        doing.recordings.discard(unwanted)


def _set_going(
    tasks: "_Tasks",
    center: RunningCenter,
    loop: Loop,
    asterisk: _Asterisk,
    doing: _Doing,
    chores: Sequence[Callable[[RunningCenter], Chore]],
) -> None:
    tasks.start("loop", loop.run())
    tasks.start("recordings", doing.recordings.run())
    center.chores = (doing.dialler, *(make(center) for make in chores))
    for chore in center.chores:
        tasks.start(chore.name, chore.run())
    tasks.start("voice", asterisk.voice.run())
    tasks.start("presence", stay_present(asterisk.ari.asterisk, asterisk.voice.in_step))


def _link(wiring: Wiring, asterisk: _Asterisk) -> ListeningLink:
    """Where Asterisk comes to: with it begin the calls."""
    where = Listening(
        port=wiring.websocket_port,
        username=wiring.websocket_username,
        password=wiring.websocket_password,
        host=wiring.host,
    )
    revive = functools.partial(_revive, wiring.console) if wiring.console is not None else None
    return ListeningLink(where, asterisk.inbox, FilteredRegistration(asterisk.ari, ears.APP, ears.WANTED), revive)


def _control(
    wiring: Wiring, center: RunningCenter, feed: Feed, desk: CustomerDesk, pool: Pool, live: Live | None
) -> ControlSocket:
    """Where the command line asks."""
    more = [*customer_routes(desk), *supervision.routes(center.ask), *campaigns.routes(center.ask)]
    if live is not None:
        live.open(center.ask)
        more += routes(live)
    return ControlSocket(wiring.control_socket, center, feed, more=more, middlewares=[audited(Audit(pool))])


# -- for as long as it runs, and its end -------------------------------------------------------------------------------


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
    doing: _Doing,
    keeper: SnapshotKeeper,
) -> None:
    """An orderly end: calls are ended, commands carried out, recordings checked. After a crash all is left as it is.

    The snapshot is for a next start with another configuration, under which nothing should have to be told again.
    """
    if center.crash is not None:
        await doing.performer.close()
        return
    await center.say_absent()
    loop.post(Stopping())
    await loop.caught_up()
    if not await doing.performer.idle(STOP_LIMIT_S):
        log.warning("commands were still under way at the end")
    if not await doing.dialler.emptied(STOP_LIMIT_S):
        log.warning("attempts are left to be settled at the next start")
    try:
        async with asyncio.timeout(RECORDINGS_LIMIT_S):
            await doing.recordings.settled()
    except TimeoutError:
        log.warning("recordings are left unchecked until the next start")
    if await loop.caught_up():  # else the engine has failed half-way, and its state is nothing to begin with
        await keeper.save()
    await doing.performer.close()


async def _revive(console: Console) -> None:
    """Asterisk has gone deaf on its websocket to us: only starting it anew helps (seen on 22.10.1)."""
    await console(f"ari shutdown websocket session {OUTBOUND_WEBSOCKET}")
    await console(f"ari start outbound-websocket {OUTBOUND_WEBSOCKET}")


def _namespace() -> str:
    letters = string.digits + string.ascii_lowercase
    return "".join(random_secrets.choice(letters) for _ in range(NAMESPACE_CHARS))
