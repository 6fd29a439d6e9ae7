"""The AMI link: actions out, events in. Knows log-in, reconnecting and liveness; knows no calls, no agents, no queues.

Theory: `AmiLink` owns one supervising task that holds at most one connection (`GuardedManager`). It logs in, watches
the connection until it ends, and starts again with a capped pause; a refused log-in ends it for good, because asking
again with the same password only fills Asterisk's security log. A second task hands events to the listener, one at a
time and in order, out of a bounded queue; what finds the queue full is dropped and counted. State changes go through
the same queue, so that the listener sees DOWN after the last event of a connection and UP before the first of the
next one. An action is sent at most once: what was sent and not answered is OutcomeUnknown; only its caller may ask
again.
"""

import asyncio
import inspect
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import structlog

from callcenter.asterisk.ami_guard import GuardedAction, GuardedManager, Tally
from callcenter.asterisk.ami_wire import AmiMessage, AmiReply, Fields
from callcenter.errors import Bug, ConfigurationError, OutcomeUnknown, PeerFault, PeerRefused, PeerUnavailable, Problem

log = structlog.get_logger(__name__)

ACTION_TIMEOUT_S: Final = 5.0
EVENTS_MAX: Final = 20_000  # events waiting for the listener
EARLY_EVENTS_MAX: Final = 1_000  # events that come while we are still logging in
FAIR_SHARE_S: Final = 0.02  # handing over events goes on for so long before other tasks get their turn


class AmiState(StrEnum):
    DOWN = "down"
    UP = "up"
    REFUSED = "refused"  # Asterisk does not accept our name, password or filters: nothing more is tried
    CLOSED = "closed"


_S = AmiState
TRANSITIONS: Final[frozenset[tuple[AmiState, AmiState]]] = frozenset(
    {
        (_S.DOWN, _S.UP),
        (_S.DOWN, _S.REFUSED),
        (_S.DOWN, _S.CLOSED),
        (_S.UP, _S.DOWN),
        (_S.UP, _S.CLOSED),
        (_S.REFUSED, _S.CLOSED),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiTiming:
    """How patient the link is, in seconds. A dead peer is noticed within `silence_max_s` + one tenth of it."""

    connect_timeout_s: float = 5.0
    login_timeout_s: float = 5.0
    ping_after_s: float = 2.0  # nothing heard for so long: ask
    silence_max_s: float = 5.0  # nothing heard for so long: cut
    reconnect_first_s: float = 0.5
    reconnect_max_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """An event filter of the session, on top of the user's own in manager.conf.

    `criteria` is manager.conf's eventfilter syntax ("action(exclude),name(VarSet)"), `match` what it compares with.
    """

    criteria: str
    match: str = ""


EventListener = Callable[[AmiMessage], Awaitable[None] | None]
StateListener = Callable[[AmiState], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAccount:
    """Where Asterisk's manager port is and who we are there."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None


class AmiLink:
    """One standing, supervised AMI session. See the module's theory for what is promised."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_event: EventListener,
        on_state: StateListener | None = None,
        events: str = "on",
        filters: Sequence[EventFilter] = (),
        tls: ssl.SSLContext | None = None,
        timing: AmiTiming | None = None,
        events_max: int = EVENTS_MAX,
    ) -> None:
        """`events` is AMI's mask: "on", "off" or classes such as "call,agent". Nothing is opened before connect()."""
        self._account = AmiAccount(host=host, port=port, username=username, secret=secret, tls=tls)
        self._on_event = on_event
        self._on_state = on_state
        self._events = events
        self._filters = tuple(filters)
        self._timing = timing or AmiTiming()
        self._events_max = events_max
        self._tally = Tally()
        self._state = AmiState.DOWN
        self._told = AmiState.DOWN  # the state that the listener knows
        self._refusal: ConfigurationError | None = None
        self._connection: GuardedManager | None = None
        self._queue: deque[AmiMessage | AmiState] = deque()
        self._early: list[AmiMessage] = []  # events of a connection that is not reported as UP yet
        self._filled = asyncio.Event()
        self._overflowing = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def state(self) -> AmiState:
        return self._state

    @property
    def refusal(self) -> ConfigurationError | None:
        """Why Asterisk does not let us in, while `state` is REFUSED."""
        return self._refusal

    @property
    def tally(self) -> Tally:
        """What was counted so far (a copy)."""
        return replace(self._tally)

    @property
    def pending(self) -> int:
        """Actions that were sent and are neither answered nor given up."""
        protocol = self._connection.protocol if self._connection is not None else None
        return len(protocol.responses) if protocol is not None else 0

    async def connect(self) -> None:
        """Starts the link and waits for the first log-in.

        Raises ConfigurationError if Asterisk refuses it (nothing more is tried), PeerUnavailable if it cannot be
        reached (the link goes on trying until close(), and reports UP when it succeeds).
        """
        if self._tasks:
            raise Bug("connect() is called once in a link's life")
        if self._state is AmiState.CLOSED:
            raise PeerUnavailable("the AMI link was closed")
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._supervise(first), name="ami-supervise"),
            asyncio.create_task(self._deliver(), name="ami-deliver"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._report_crash)
        await first

    def _report_crash(self, task: "asyncio.Task[None]") -> None:
        """Neither task ends with an error unless this file has a bug; then the loop's owner must hear of it."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            task.get_loop().call_exception_handler({"message": f"{task.get_name()} crashed", "exception": fault})

    async def close(self) -> None:
        """Ends the link for good. Pending actions fail; nothing is delivered, tried or sent any more."""
        if self._state is not AmiState.CLOSED:
            self._become(AmiState.CLOSED)
        if self._connection is not None:
            self._connection.end("closed by us")
        self._queue.clear()
        own = asyncio.current_task()  # a listener may close the link; its task then ends by itself
        others = {task for task in self._tasks if task is not own}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)

    async def action(self, name: str, fields: Fields = (), timeout_s: float = ACTION_TIMEOUT_S) -> AmiReply:
        """Asks Asterisk to do something, once. A list (`EventList: start`) is collected to its end.

        A `timeout_s` above the silence limit says that Asterisk may be mute for so long (Originate without Async).
        Raises PeerRefused (Asterisk said no; UnsafeText: we did), PeerUnavailable (the link is down, nothing was
        sent), OutcomeUnknown (sent, but no answer in time or the link was cut).
        """
        request = GuardedAction(name, list(fields.items()) if isinstance(fields, Mapping) else fields)
        if self._state is not AmiState.UP or self._connection is None:
            raise PeerUnavailable(f"{name}: the AMI link is {self._state}")
        return await self._connection.ask(request, timeout_s)

    # -- the connection -------------------------------------------------------------------------------------------

    async def _supervise(self, first: "asyncio.Future[None]") -> None:
        timing = self._timing
        pause_s = timing.reconnect_first_s
        try:
            while True:
                try:
                    connection = await self._log_in()
                except ConfigurationError as refusal:
                    self._refuse(refusal, first)
                    return
                except PeerFault as fault:
                    log.warning("ami.unavailable", port=self._account.port, reason=str(fault), next_try_s=pause_s)
                    if not first.done():
                        first.set_exception(PeerUnavailable(str(fault)))
                else:
                    pause_s = timing.reconnect_first_s
                    self._connection = connection
                    self._tally.connections += 1
                    self._become(AmiState.UP)
                    if not first.done():
                        first.set_result(None)
                    await self._watch(connection)
                    self._connection = None
                    self._become(AmiState.DOWN)
                    log.warning("ami.lost", port=self._account.port, reason=connection.ended.result())
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, timing.reconnect_max_s)
        finally:
            if not first.done():
                first.set_exception(PeerUnavailable("the AMI link ended before its first log-in"))

    def _refuse(self, refusal: ConfigurationError, first: "asyncio.Future[None]") -> None:
        self._refusal = refusal
        self._become(AmiState.REFUSED)
        log.error("ami.refused", problem=str(refusal))
        if not first.done():
            first.set_exception(refusal)

    async def _log_in(self) -> GuardedManager:
        """A connection that is logged in. Raises ConfigurationError if refused, PeerFault if it came to no answer."""
        account = self._account
        self._early.clear()
        connection = GuardedManager(
            host=account.host, port=account.port, tls=account.tls, tally=self._tally, on_event=self._enqueue_event
        )
        try:
            await connection.connect(self._timing.connect_timeout_s)
            login = (("Username", account.username), ("Secret", account.secret), ("Events", self._events))
            await self._introduce(connection, "Login", login)
            for each in self._filters:
                fields = (("Operation", "Add"), ("Filter", each.match), ("MatchCriteria", each.criteria))
                await self._introduce(connection, "Filter", fields)
        except BaseException:
            connection.end("not logged in")
            raise
        return connection

    async def _introduce(self, connection: GuardedManager, name: str, fields: Sequence[tuple[str, str]]) -> None:
        where = f"AMI user {self._account.username!r} at {self._account.host}:{self._account.port}"
        try:
            await connection.ask(GuardedAction(name, fields), self._timing.login_timeout_s)
        except OutcomeUnknown as fault:
            reason = connection.ended.result() if connection.ended.done() else str(fault)
            raise PeerUnavailable(f"{where}: {reason}") from fault
        except PeerRefused as refusal:
            remedy = "compare name, secret, deny/permit and read/write of this user with manager.conf"
            raise ConfigurationError([Problem(where=where, what=str(refusal), remedy=remedy)]) from refusal

    async def _watch(self, connection: GuardedManager) -> None:
        """Returns once the connection is over; ends it itself when the peer has been silent for too long.

        Silence is counted in rounds of this loop, not by the clock: if our own process was stopped for a while, that
        is one long round, and what Asterisk said meanwhile is read before the next one ends.
        """
        tick_s = self._timing.silence_max_s / 10
        heard, silent_s = -1, 0.0
        ping: GuardedAction | None = None
        while not connection.ended.done():
            protocol = connection.protocol
            if protocol is None:
                raise Bug("an AMI connection without a protocol")
            silent_s = silent_s + tick_s if protocol.chunks == heard else 0.0
            heard = protocol.chunks
            if silent_s >= max(self._timing.silence_max_s, connection.longest_wait_s()):
                self._tally.silences += 1
                connection.end(f"silent for {silent_s:.1f} s")
            elif silent_s >= self._timing.ping_after_s and (ping is None or ping.completed):
                question = GuardedAction("Ping")
                ping = question if connection.try_send(question) else None
            await asyncio.wait({connection.ended}, timeout=tick_s)

    # -- the listener ---------------------------------------------------------------------------------------------

    def _become(self, state: AmiState) -> None:
        if (self._state, state) not in TRANSITIONS:
            raise Bug(f"AMI link: {state} while {self._state}")
        self._state = state
        self._enqueue(state)
        early, self._early = self._early, []
        for event in early if state is AmiState.UP else ():
            self._enqueue(event)

    def _enqueue_event(self, event: AmiMessage) -> None:
        self._tally.events += 1
        if self._state is AmiState.UP:
            self._enqueue(event)
        elif len(self._early) < EARLY_EVENTS_MAX:
            self._early.append(event)
        else:
            self._tally.events_dropped += 1

    def _enqueue(self, item: AmiMessage | AmiState) -> None:
        if len(self._queue) >= self._events_max:
            self._tally.events_dropped += isinstance(
                item, AmiMessage
            )  # a dropped state is told once the queue is empty
            if not self._overflowing:
                self._overflowing = True
                log.error("ami.overflow", waiting=len(self._queue))
            return
        self._queue.append(item)
        self._filled.set()

    def _closed(self) -> bool:
        return self._state is AmiState.CLOSED

    async def _deliver(self) -> None:
        now = asyncio.get_running_loop().time
        while not self._closed():
            await self._filled.wait()
            self._filled.clear()
            turn_ends = now() + FAIR_SHARE_S
            while self._queue:
                await self._hand_over(self._queue.popleft())
                if now() >= turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = now() + FAIR_SHARE_S
            self._overflowing = False  # logged again only after the listener had caught up
            if self._told is not self._state and not self._closed():
                await self._hand_over(self._state)

    async def _hand_over(self, item: AmiMessage | AmiState) -> None:
        """The listener's errors are its own: they must not cost the link, nor the events that follow."""
        try:
            if isinstance(item, AmiState):
                self._told = item
                if self._on_state is not None:
                    self._on_state(item)
            else:
                outcome = self._on_event(item)
                if inspect.isawaitable(outcome):
                    await outcome
        except Exception:  # isolation boundary: code of others, any error
            self._tally.listener_faults += 1
            log.exception("ami.listener_failed", item=item.event if isinstance(item, AmiMessage) else item)
