"""Tells programs elsewhere of facts. Knows which hook wants which, and when to try again; knows no HTTP and no SQL.

Theory: the journal in Postgres is read in order, hook by hook; what a hook wants is put on its way in the transaction
that moves the hook on, so that nothing is lost, and nothing is put twice. A packet goes when its receiver has taken it,
so a death between the two sends it again, with the same id: at least once. Of each contact one packet is under way at a
time, the oldest; one that fails holds back those of the same contact and nobody else's.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec
import structlog

from callcenter.errors import PeerFault
from callcenter.lookups.poster import HookGone
from callcenter.model.entry import Entry
from callcenter.model.facts import Fact
from callcenter.postgres.webhooks import Delivery, Packet, Webhook

LOOK_EVERY_S: Final = 1.0
ENTRIES_AT_ONCE: Final = 500
WAITING_MAX: Final = 50_000  # packets of one hook; more stay in the journal until there is room
AT_ONCE: Final = 20
BACKOFF_FIRST_S: Final = 2.0
BACKOFF_MAX_S: Final = 3_600.0
DISABLED_AFTER_S: Final = 3 * 86_400.0  # of nothing but failures
ALL: Final = "*"

log = structlog.get_logger(__name__)


class Hooks(Protocol):
    """Where hooks and packets are kept. Everything may raise PeerFault."""

    async def listed(self) -> Sequence[Webhook]:
        """All hooks."""
        ...

    async def put(self, hook: Webhook, upto_seq: int, packets: Sequence[Packet]) -> None:
        """Put packets on their way, and move the hook on, together."""
        ...

    async def due(self, now: float, limit: int) -> Sequence[Delivery]:
        """The first of each lane whose time has come."""
        ...

    async def arrived(self, done: Delivery) -> None:
        """It has arrived."""
        ...

    async def failed(self, late: Delivery, now: float, next_at: float, why: str) -> float:
        """It has not; gives since when the hook has failed."""
        ...


class Past(Protocol):
    """The journal in Postgres."""

    def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """Entries after one, up to and with another."""
        ...


class Post(Protocol):
    """Sends."""

    async def post(self, url: str, body: bytes, *, id_: str, secret: str, at: float) -> None:
        """Send one packet. Raises PeerFault, HookGone."""
        ...


Disable = Callable[[str, str], Awaitable[bool]]  # a hook's name, and why


class WebhooksJob:
    """Runs beside the calls."""

    def __init__(
        self, hooks: Hooks, disable: Disable, past: Past, post: Post, now: Callable[[], float], chance: random.Random
    ) -> None:
        self._hooks = hooks
        self._disable = disable
        self._past = past
        self._post = post
        self._now = now
        self._chance = chance

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                busy = await self.step()
            except PeerFault as fault:
                log.warning("webhooks wait for Postgres", fault=str(fault))
                busy = False
            if not busy:
                await asyncio.sleep(LOOK_EVERY_S)

    async def step(self) -> bool:
        """Put what is new on its way, and try what is due; whether there may be more at once. Raises PeerFault."""
        more = False
        for hook in await self._hooks.listed():
            if hook.disabled is None and hook.waiting < WAITING_MAX:
                more = await self._gather(hook) or more
        due = await self._hooks.due(self._now(), AT_ONCE)
        await asyncio.gather(*(self._send(one) for one in due))
        return more or bool(due)

    async def _gather(self, hook: Webhook) -> bool:
        packets: list[Packet] = []
        last = hook.after_seq
        async for entry in self._past.entries(hook.after_seq, hook.after_seq + ENTRIES_AT_ONCE):
            packets += packets_of(hook, entry)
            last = entry.seq
        if last > hook.after_seq:
            await self._hooks.put(hook, last, packets)
        return last == hook.after_seq + ENTRIES_AT_ONCE

    async def _send(self, one: Delivery) -> None:
        now = self._now()
        try:
            await self._post.post(one.url, one.packet.body, id_=one.id, secret=one.secret, at=now)
        except HookGone as gone:
            await self._failed(one, now, gone)
            await self._give_up(one.hook, str(gone))
        except PeerFault as fault:
            since = await self._failed(one, now, fault)
            if now - since > DISABLED_AFTER_S:
                await self._give_up(one.hook, f"nothing has arrived for {DISABLED_AFTER_S / 86_400:.0f} days: {fault}")
        else:
            await self._hooks.arrived(one)

    async def _failed(self, one: Delivery, now: float, fault: PeerFault) -> float:
        pause_s = min(BACKOFF_FIRST_S * 2.0 ** min(one.tries, 20), BACKOFF_MAX_S) * self._chance.uniform(0.5, 1.0)
        log.info("a webhook was not delivered", hook=one.hook, delivery=one.id, tries=one.tries + 1, why=str(fault))
        return await self._hooks.failed(one, now, now + pause_s, str(fault))

    async def _give_up(self, hook: str, why: str) -> None:
        if await self._disable(hook, why):
            log.error("a webhook is disabled", hook=hook, why=why)


def packets_of(hook: Webhook, entry: Entry) -> list[Packet]:
    """What a hook wants of an entry."""
    wanted = []
    for n, fact in enumerate(entry.outputs):
        if isinstance(fact, Fact) and _wants(hook, fact):
            lane = str(getattr(fact, "contact", None) or getattr(fact, "agent", None) or "")
            wanted.append(Packet(seq=entry.seq, n=n, lane=lane, body=body_of(hook.name, entry, n, fact)))
    return wanted


def body_of(hook: str, entry: Entry, n: int, fact: Fact) -> bytes:
    """What is sent of a fact."""
    at = datetime.fromtimestamp(entry.at, UTC)
    told = {"id": f"{hook}-{entry.seq}-{n}", "number": entry.seq, "at": at, "fact": fact}
    return msgspec.json.encode(told)


def _wants(hook: Webhook, fact: Fact) -> bool:
    if ALL not in hook.events and type(fact).__name__ not in hook.events:
        return False
    return not hook.queues or getattr(fact, "queue", None) in hook.queues
