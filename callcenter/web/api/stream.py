"""One reader of the event stream: a WebSocket with a snapshot and then facts by number. Knows messages; no meaning.

Theory: every message carries the number up to which the reader knows all that her token lets her know. She may go away
at any moment and come back with `?after=` that number: she is told the rest, each entry once and in order, or, when the
journal is not what it was, a fresh snapshot that says why. A reader who does not read is sent away and may do the same.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog
from aiohttp import WSCloseCode, web

from callcenter.errors import PeerFault
from callcenter.model.facts import AgentChanged, ConfigurationChanged, Fact, PhoneSeen, QueueDraining, Surprise
from callcenter.model.ids import ContactId
from callcenter.model.monitor_messages import MonitorFact
from callcenter.model.rights import Area, Right, Rights
from callcenter.postgres.tokens import Bearer
from callcenter.web.api.chronicle import Chronicle, Numbered
from callcenter.web.api.picture import CallItem, Picture, picture_of
from callcenter.web.api.problems import Refusal, Wrong
from callcenter.web.api.route import Parts
from callcenter.web.api.turn import Turn

HEARTBEAT_S: Final = 15.0
SEND_LIMIT_S: Final = 10.0  # a reader who does not take a message in this time is sent away
BEHIND_MAX: Final = 10_000  # entries that wait for one reader
RECHECK_S: Final = 5.0  # whether the token is good still
READERS_MAX: Final = 500
FRAME_BYTES_MAX: Final = 4_096  # of what a reader sends, which nobody listens to
TOO_SLOW: Final = 4_008
NO_TOKEN: Final = 4_001
OTHER_RIGHTS: Final = 4_003
NUMBER_MAX: Final = 2**63 - 1

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a reader is waited for."""

    heartbeat_s: float = HEARTBEAT_S
    send_limit_s: float = SEND_LIMIT_S
    recheck_s: float = RECHECK_S


class _Gone(Exception):
    """The reader is sent away."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def area_of(fact: Fact) -> Area:
    """The area whose readers may know of it. What is not named is of a call, an agent or a queue, in that order."""
    if isinstance(fact, MonitorFact):
        return Area.SUPERVISION
    match fact:
        case AgentChanged() | PhoneSeen():
            return Area.AGENTS
        case QueueDraining():
            return Area.QUEUES
        case ConfigurationChanged():
            return Area.CONFIGURATION
        case Surprise():
            return Area.CENTER
        case _:
            owners = (("contact", Area.CALLS), ("agent", Area.AGENTS), ("queue", Area.QUEUES))
            return next((area for field, area in owners if hasattr(fact, field)), Area.CENTER)


class Stream:
    """All readers."""

    def __init__(self, parts: Parts, turn: Turn, chronicle: Chronicle, patience: Patience) -> None:
        self._parts = parts
        self._turn = turn
        self._chronicle = chronicle
        self._patience = patience
        self.readers = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """GET /api/events. Raises Refusal."""
        bearer = await self._turn.bearer(request)
        areas = (Area.CALLS, Area.AGENTS, Area.QUEUES)
        if not any(bearer.rights.may(area, Right.READ) for area in areas):
            raise Refusal(403, "this needs a token that may read calls, agents or queues")
        after = _after(request)
        if self.readers >= READERS_MAX:
            raise Refusal(503, f"{READERS_MAX} read the stream already", headers={"Retry-After": "30"})
        socket = web.WebSocketResponse(
            max_msg_size=FRAME_BYTES_MAX, heartbeat=self._patience.heartbeat_s, compress=False
        )
        if not socket.can_prepare(request).ok:
            raise Refusal(400, "this is a WebSocket: ask for an upgrade (RFC 6455)")
        await socket.prepare(request)
        self.readers += 1
        try:
            await self._serve(socket, request, bearer, after)
        finally:
            self.readers -= 1
        return socket

    async def _serve(
        self, socket: web.WebSocketResponse, request: web.Request, bearer: Bearer, after: int | None
    ) -> None:
        reader = _Reader(self._parts, self._chronicle, bearer.rights, socket, self._patience)
        tasks = [
            asyncio.create_task(reader.run(after), name="a reader's facts"),
            asyncio.create_task(_listens(socket), name="a reader's words"),
            asyncio.create_task(self._checks(request, bearer), name="a reader's token"),
        ]
        code, reason = WSCloseCode.GOING_AWAY, "the call center is ending"
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if isinstance(error, _Gone):
                    code, reason = error.code, error.reason  # type: ignore[assignment]  # private codes are numbers
                elif error is not None and not isinstance(error, ConnectionError):
                    log.error("a reader of the stream could not be told", exc_info=error)
                    code, reason = WSCloseCode.INTERNAL_ERROR, "a fault of the call center's own"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(self._patience.send_limit_s):
                await socket.close(code=code, message=reason.encode())
        except (TimeoutError, ConnectionError):
            log.debug("a reader of the stream has gone")
        if request.transport is not None:
            request.transport.abort()  # what she did not read is not kept for her

    async def _checks(self, request: web.Request, bearer: Bearer) -> None:
        """Raises _Gone once the token is good no more, or opens something else: its owner supervises others now."""
        text = request.headers["Authorization"].partition(" ")[2].strip()
        while True:
            await asyncio.sleep(self._patience.recheck_s)
            try:
                found = await self._parts.tokens.bearer(text)
                if found is None:
                    raise _Gone(NO_TOKEN, "this token is good no more")
                if found.rights != bearer.rights:
                    raise _Gone(OTHER_RIGHTS, "what this token opens has changed: come back")
            except PeerFault as fault:
                log.warning("a token could not be checked", fault=str(fault))


class _Reader:
    """What one reader knows."""

    def __init__(
        self, parts: Parts, chronicle: Chronicle, rights: Rights, socket: web.WebSocketResponse, patience: Patience
    ) -> None:
        self._parts = parts
        self._chronicle = chronicle
        self._rights = rights
        self._socket = socket
        self._patience = patience
        self._known: set[ContactId] = set()  # calls within the limits of the token
        self._number = 0

    async def run(self, after: int | None) -> None:
        """Tell her, until she goes. Raises _Gone."""
        await self._begin(after)
        while not self._chronicle.closed:
            try:
                async with asyncio.timeout(self._patience.heartbeat_s):
                    await self._chronicle.until_more_than(self._number)
            except TimeoutError:
                self._number = max(self._number, self._chronicle.last)
                await self._send({"type": "heartbeat", "number": self._number})
                continue
            if self._number < self._chronicle.complete_from:
                raise _Gone(TOO_SLOW, f"too slow: come back with ?after={self._number}")
            entries = self._chronicle.held_after(self._number)
            if len(entries) > BEHIND_MAX:
                raise _Gone(TOO_SLOW, f"too slow: come back with ?after={self._number}")
            for entry in entries:
                await self._tell(entry)
        raise _Gone(WSCloseCode.GOING_AWAY, "the call center is ending")

    async def _begin(self, after: int | None) -> None:
        chronicle = self._chronicle
        if after is None:
            await self._snapshot("new")
            return
        if not chronicle.knows_after(after):
            await self._snapshot("number_unknown" if after > chronicle.last else "too_old")
            return
        if self._rights.limited and (after < chronicle.complete_from or after != chronicle.last):
            await self._snapshot("limited")  # which calls were hers then, nobody remembers
            return
        self._number = after
        if self._rights.limited:
            self._known = set(self._covered(picture_of(self._parts.center.view())).calls)
        await self._send({"type": "resumed", "number": after})
        while self._number < chronicle.complete_from:
            try:
                until = chronicle.complete_from
                async for entry in chronicle.older_after(self._number):
                    await self._tell(entry)
                self._number = max(self._number, until)
            except (LookupError, PeerFault, msgspec.DecodeError) as error:
                log.warning("the stream could not be told again", after=after, error=str(error))
                await self._snapshot("journal_unreadable")

    async def _snapshot(self, why: str) -> None:
        number, at = self._chronicle.last, self._parts.now()  # between two entries: nothing awaits before the view
        picture = self._covered(picture_of(self._parts.center.view()))
        self._known, self._number = set(picture.calls), number
        may = self._rights.may
        calls, agents, queues = (may(area, Right.READ) for area in (Area.CALLS, Area.AGENTS, Area.QUEUES))
        await self._send(
            {
                "type": "snapshot",
                "number": number,
                "at": _stamp(at),
                "why": why,
                "calls": list(picture.calls.values()) if calls else [],
                "agents": list(picture.agents.values()) if agents else [],
                "queues": list(picture.queues.values()) if queues else [],
            }
        )

    def _covered(self, picture: Picture) -> Picture:
        rights = self._rights
        if not rights.limited:
            return picture
        return Picture(
            calls={call: item for call, item in picture.calls.items() if _hers(rights, item)},
            queues={queue: item for queue, item in picture.queues.items() if rights.covers(queue)},
        )

    async def _tell(self, entry: Numbered) -> None:
        if entry.number <= self._number:
            return
        if entry.forgotten:
            await self._snapshot("forgotten")
            return
        told: dict[str, object] = {"type": "facts", "number": entry.number, "at": _stamp(entry.at)}
        facts = [fact for fact in entry.facts if self._rights.may(area_of(fact), Right.READ)]
        if self._rights.limited:
            facts = self._within(entry, facts, told)
        if entry.reconfigured and self._rights.may(Area.QUEUES, Right.READ):
            told["queues"] = list(self._covered(picture_of(self._parts.center.view())).queues.values())
        self._number = entry.number
        if facts or len(told) > 3:
            await self._send({**told, "facts": facts})

    def _within(self, entry: Numbered, facts: Sequence[Fact], told: dict[str, object]) -> list[Fact]:
        """Those within the limits; calls that have come within them, or gone beyond, are told as such."""
        rights, within = self._rights, []
        came = [call for call, item in entry.calls.items() if call not in self._known and _hers(rights, item)]
        went = [call for call, item in entry.calls.items() if call in self._known and not _hers(rights, item)]
        if rights.may(Area.CALLS, Right.READ):
            if came:
                told["came"] = [entry.calls[call] for call in came]
            if went:
                told["went"] = went
        self._known.update(came)
        for fact in facts:
            call, queue = getattr(fact, "contact", None), getattr(fact, "queue", None)
            if area_of(fact) is Area.CALLS:
                if call in self._known and call not in came and call not in went:
                    within.append(fact)
            elif area_of(fact) is Area.QUEUES and rights.covers(queue):
                within.append(fact)
        self._known.difference_update(went)
        return within

    async def _send(self, message: dict[str, object]) -> None:
        try:
            async with asyncio.timeout(self._patience.send_limit_s):
                await self._socket.send_str(msgspec.json.encode(message).decode())
        except TimeoutError:
            raise _Gone(TOO_SLOW, f"too slow: come back with ?after={self._number}") from None


def _hers(rights: Rights, call: CallItem) -> bool:
    return rights.covers(call.queue, agent=call.agent)


async def _listens(socket: web.WebSocketResponse) -> None:
    """Until she goes away. Nothing that she says means anything."""
    async for _ in socket:
        pass


def _after(request: web.Request) -> int | None:
    for name in request.query:
        if name != "after":
            raise Refusal(
                422, f"the parameter {name[:60]} is not known here", errors=[Wrong(detail="unknown", parameter=name)]
            )
    text = request.query.get("after")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text[:20]) > NUMBER_MAX:
        raise Refusal(422, "after is the number of an entry", errors=[Wrong(detail="a number", parameter="after")])
    return int(text)


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
