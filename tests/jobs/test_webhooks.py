"""Webhooks from the journal to a receiver, over real sockets and a real Postgres: failures, and kills."""

import hashlib
import hmac
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import web

from callcenter.errors import PeerFault
from callcenter.jobs.webhooks import DISABLED_AFTER_S, WebhooksJob
from callcenter.lookups.poster import Poster
from callcenter.model.contact import QueueExit
from callcenter.model.entry import Entry
from callcenter.model.events import TimePassed
from callcenter.model.facts import ContactQueued, Fact, QueueDraining, QueueLeft
from callcenter.model.ids import ContactId, QueueName
from callcenter.postgres.pool import Pool
from callcenter.postgres.webhooks import Delivery, Webhook, Webhooks


def queued(contact: str, queue: str = "sales") -> ContactQueued:
    name = QueueName(queue)
    return ContactQueued(contact=ContactId(contact), queue=name, priority=50, needs="", since=1.0)


def left(contact: str) -> QueueLeft:
    name = QueueName("sales")
    return QueueLeft(contact=ContactId(contact), queue=name, exit=QueueExit.ABANDONED, entered=1.0, waited_s=1.0)


@dataclass
class Receiver:
    """A program elsewhere."""

    url: str = ""
    host: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    signed: list[tuple[str, bytes]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)  # contacts
    status: int = 500

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        told = msgspec.json.decode(body)
        assert request.headers["Callcenter-Delivery"] == told["id"]
        if told["fact"].get("contact") in self.refuses:
            return web.Response(status=self.status, headers={"Location": self.url})
        self.signed.append((request.headers["Callcenter-Signature"], body))
        self.heard.append(told)
        return web.Response(status=204)

    def facts(self) -> list[tuple[str, str]]:
        return [(one["fact"]["type"], one["fact"].get("contact", "")) for one in self.heard]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    made, app = Receiver(), web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.host = f"127.0.0.1:{runner.addresses[0][1]}"
    made.url = f"http://{made.host}/hook"
    yield made
    await runner.cleanup()


class Journal:
    """Entries, as Postgres has them."""

    def __init__(self) -> None:
        self.kept: list[Entry] = []

    def writes(self, *facts: Fact) -> None:
        self.kept.append(Entry(seq=len(self.kept) + 1, at=time.time(), event=TimePassed(), outputs=facts))

    async def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        for entry in self.kept[after_seq:until_seq]:
            yield entry


class Forgetful(Webhooks):
    """Dies after the receiver has taken a packet and before that is written down."""

    async def arrived(self, done: Delivery) -> None:
        raise PeerFault("killed")


@dataclass
class Rig:
    """The job, its journal and one receiver."""

    pool: Pool
    journal: Journal
    poster: Poster
    receiver: Receiver
    now: float = 1_800_000_000.0

    async def steps(self, hooks: Webhooks | None = None) -> None:
        """Until there is nothing to do at this time."""
        kept = hooks or Webhooks(self.pool)
        job = WebhooksJob(kept, kept.disable, self.journal, self.poster, lambda: self.now, random.Random(1))
        while await job.step():
            pass

    async def hook(self) -> Webhook:
        [found] = await Webhooks(self.pool).listed()
        return found


@pytest.fixture
async def office(pool: Pool) -> AsyncIterator[Rig]:
    async with receiving() as receiver, Poster(lambda: [receiver.host]) as poster:
        yield Rig(pool=pool, journal=Journal(), poster=poster, receiver=receiver)


async def add(office: Rig, events: Sequence[str] = ("*",), queues: Sequence[str] = ()) -> str:
    return await Webhooks(office.pool).add("crm", office.receiver.url, events, queues, by="test")


async def test_what_is_wanted_arrives_once_signed_and_in_order(office: Rig) -> None:
    secret = await add(office, ["ContactQueued", "QueueLeft"], ["sales"])
    office.journal.writes(queued("c-1"), QueueDraining(queue=QueueName("sales"), draining=True, by=""))
    office.journal.writes(queued("c-2", "support"), left("c-1"))
    await office.steps()
    await office.steps()
    assert office.receiver.facts() == [("ContactQueued", "c-1"), ("QueueLeft", "c-1")]
    assert [one["id"] for one in office.receiver.heard] == ["crm-1-0", "crm-2-1"]
    for header, body in office.receiver.signed:
        t, v1 = (part.partition("=")[2] for part in header.split(","))
        assert v1 == hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
        assert int(t) == office.now
    assert (await office.hook()).waiting == 0


async def test_a_failure_holds_back_what_follows_of_the_same_contact_only(office: Rig) -> None:
    await add(office)
    office.receiver.refuses = {"c-1"}
    office.journal.writes(queued("c-1"), left("c-1"), queued("c-2"), left("c-2"))
    await office.steps()
    assert office.receiver.facts() == [("ContactQueued", "c-2"), ("QueueLeft", "c-2")]
    hook = await office.hook()
    assert (hook.waiting, hook.why) == (2, f"{office.receiver.host} answered 500")
    office.receiver.refuses = set()
    await office.steps()
    assert len(office.receiver.heard) == 2  # not yet: it has failed just now
    office.now += 2.1
    await office.steps()
    assert office.receiver.facts()[2:] == [("ContactQueued", "c-1"), ("QueueLeft", "c-1")]
    assert (await office.hook()).failing_since is None


async def test_a_kill_loses_nothing_and_what_comes_twice_has_the_same_id(office: Rig) -> None:
    await add(office)
    office.journal.writes(queued("c-1"), left("c-1"))
    with pytest.raises(PeerFault):
        await office.steps(Forgetful(office.pool))
    await office.steps()
    ids = [one["id"] for one in office.receiver.heard]
    assert ids == ["crm-1-0", "crm-1-0", "crm-1-1"]


async def test_a_replay_tells_it_again_with_the_same_ids(office: Rig) -> None:
    await add(office)
    office.journal.writes(queued("c-1"))
    office.journal.writes(left("c-1"))
    await office.steps()
    await Webhooks(office.pool).replay("crm", 2)
    await office.steps()
    assert [one["id"] for one in office.receiver.heard] == ["crm-1-0", "crm-2-0", "crm-2-0"]


async def test_who_takes_nothing_for_days_or_is_gone_is_disabled_until_enabled(office: Rig) -> None:
    await add(office)
    office.receiver.refuses = {"c-1"}
    office.journal.writes(queued("c-1"))
    await office.steps()
    office.now += DISABLED_AFTER_S + 10
    await office.steps()
    hook = await office.hook()
    assert hook.disabled is not None
    assert "3 days" in hook.disabled_why
    office.receiver.refuses = set()
    office.now += 3_600
    await office.steps()
    assert office.receiver.heard == []
    await Webhooks(office.pool).enable("crm")
    await office.steps()
    assert len(office.receiver.heard) == 1
    office.receiver.refuses, office.receiver.status = {"c-2"}, 410
    office.journal.writes(queued("c-2"))
    await office.steps()
    assert "410" in (await office.hook()).disabled_why


async def test_nothing_is_sent_to_hosts_that_are_not_allowed_nor_where_a_redirect_leads(office: Rig) -> None:
    await Webhooks(office.pool).add("evil", "http://169.254.169.254/latest", ["*"], [], by="test")
    office.journal.writes(queued("c-1"))
    await office.steps()
    assert "no host of lookups.yaml" in (await office.hook()).why
    await Webhooks(office.pool).remove("evil")
    await add(office)
    office.receiver.refuses, office.receiver.status = {"c-2"}, 307
    office.journal.writes(queued("c-2"))
    await office.steps()
    assert "answered 307" in (await office.hook()).why
