"""The whole center, from recovery to its end, on a real Postgres and a fake Asterisk over real sockets."""

import asyncio
import dataclasses
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
import structlog

from callcenter.asterisk.conf import SEEN_VARIABLE
from callcenter.boot.assembly import running_center
from callcenter.boot.center import RunningCenter, Wiring
from callcenter.embedded.ports import Kind
from callcenter.errors import Bug
from callcenter.jobs.recordings import Folders
from callcenter.model import facts
from callcenter.model.agent import Agent, AgentStatus
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, EndReason
from callcenter.model.events import AgentStatusRequested, DrainRequested, EngineStarted, HangUpRequested
from callcenter.model.facts import (
    ContactConnected,
    ContactEnded,
    ContactOffered,
    Fact,
    QueueDraining,
)
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, ContactId, FlowName, QueueName, RequestId, Skill
from callcenter.model.queue import Queue
from callcenter.model.rights import Rights, parse_scopes
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode
from callcenter.nodes.play import Play
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import Pool
from callcenter.postgres.tokens import Tokens
from callcenter.runtime.feed import Subscription
from callcenter.sim.peers.places import free_ports
from callcenter.web.api.door import Listen
from tests.adapters.fake_ami import FakeAmi, fake_ami
from tests.core.center import flow
from tests.media.rig import Asterisk, Manager, Shelf
from tests.web.office import some_works

LIMIT_S = 10.0
SECOND_BYTES = 32_000  # of a conversation
F = TypeVar("F", bound=Fact)
SALES = QueueName("sales")
SHOP = Configuration(
    queues={SALES: Queue(name=SALES)},
    flows={FlowName("in"): flow("in", go=Enqueue(queue=SALES))},
    default_flow=FlowName("in"),
)


@dataclass
class Site:
    """Where a center runs: its folders, its database, its Asterisk. Centers come and go."""

    folder: Path
    dsn: str
    pool: Pool
    asterisk: Asterisk
    ami: FakeAmi
    shelf: Shelf = field(default_factory=Shelf)
    port: int = field(default_factory=lambda: free_ports(2, Kind.TCP))

    def wiring(self) -> Wiring:
        spool = self.folder / "spool"
        return Wiring(
            dsn=self.dsn,
            http_port=self.asterisk.port,
            ari_username=self.asterisk.username,
            ari_password=self.asterisk.password,
            websocket_port=self.port,
            websocket_username="asterisk",
            websocket_password="hush",
            ami_port=self.ami.port,
            ami_username="callcenter",
            ami_password="s3cret",
            fastagi_port=self.port + 1,
            sip_host="127.0.0.1",
            sip_port=5060,
            control_socket=self.folder / "control.sock",
            journal_spool=self.folder / "journal",
            asterisk_etc=self.folder / "etc",
            conf_templates=self.folder / "templates",
            recordings=Folders(
                conversations=spool / "monitor", messages=spool / "recording", kept=self.folder / "kept"
            ),
            lookup_secrets=self.folder / "lookup-secrets",
            api=Listen(),
        )

    @asynccontextmanager
    async def center(self, configuration: Configuration = SHOP) -> AsyncIterator["Open"]:
        async with running_center(
            self.wiring(), configuration, self.shelf, self.pool, works=some_works(self.pool, self.folder / "kept")
        ) as running:
            heard = running.feed.subscribe()
            assert await running.in_step()
            yield Open(self, running, heard)

    async def rows(self, statement: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await self.pool.fetch(statement)]


@dataclass
class Open:
    """A center that is open for business."""

    site: Site
    running: RunningCenter
    heard: Subscription

    async def hears(self, kind: type[F]) -> F:
        async with asyncio.timeout(LIMIT_S):
            async for news in self.heard:
                if isinstance(news.fact, kind):
                    return news.fact
        raise AssertionError("the feed has ended")

    async def logs_in(self, agent: str) -> None:
        request = RequestId(f"test-{agent}")
        event = AgentStatusRequested(request=request, agent=AgentId(agent), status=AgentStatus.AVAILABLE)
        assert await self.running.ask(request, event) == ""

    async def is_done(self) -> None:
        """Everything that has been told so far is decided."""
        request = RequestId("test")
        assert await self.running.ask(request, HangUpRequested(request=request, contact=ContactId("nobody")))

    async def talks(self) -> str:
        """A caller and Ann talk for a second, if one believes the recording; gives the caller's leg."""
        self.site.asterisk.caller_arrives("caller-1", "in")
        self.site.ami.mixmonitors["caller-1"] = {}
        await self.hears(ContactOffered)
        await self.hears(ContactConnected)
        await self.site.ami.until_asked("MixMonitor")
        [recording] = self.site.ami.asked("MixMonitor")
        monitor = self.site.folder / "spool" / "monitor"
        monitor.mkdir(parents=True)
        (monitor / dict(recording)["File"]).write_bytes(bytes(SECOND_BYTES))
        return "caller-1"


@pytest.fixture
async def site(dsn: str, pool: Pool) -> AsyncIterator[Site]:
    asterisk = Asterisk()
    asterisk.phones["1001"] = "answer"
    with tempfile.TemporaryDirectory(prefix="cc-") as folder:
        async with asterisk, fake_ami() as ami:
            Manager(ami)
            made = Site(Path(folder), dsn, pool, asterisk, ami)
            await Directory(pool).add(Agent(id=AgentId("ann"), name="Ann", number="1001", skills={Skill("s"): 1}))
            asterisk.connect_out(made.port, "asterisk", "hush")
            yield made


async def test_a_call_through_the_whole_house(site: Site) -> None:
    async with site.center() as center:
        await center.logs_in("ann")
        caller = await center.talks()
        [bridge] = site.asterisk.bridges.values()
        assert len(bridge.channels) == 2
        site.asterisk.hangs_up(caller)
        ended = await center.hears(ContactEnded)
        assert (ended.reason, ended.agent) == (EndReason.CALLER_HUNG_UP, "ann")
        assert SEEN_VARIABLE in site.asterisk.globals
    assert (site.asterisk.channels, site.asterisk.bridges) == ({}, {})


async def test_an_orderly_end_ends_calls_and_their_recordings_and_leaves_nothing_to_tell_again(site: Site) -> None:
    async with site.center() as center:
        await center.logs_in("ann")
        caller = await center.talks()
    assert site.asterisk.channels == {}
    assert site.ami.mixmonitors[caller] == {}  # AMI was still there
    assert site.asterisk.globals[SEEN_VARIABLE] == "0"
    assert await site.rows("SELECT end_reason FROM contact") == [("shutdown",)]
    assert await site.rows("SELECT path <> '' FROM recording") == [(True,)]
    assert await site.rows("SELECT (SELECT max(seq) FROM journal) - (SELECT max(seq) FROM snapshot)") == [(0,)]


async def test_a_bug_in_a_command_ends_the_center_and_leaves_the_call_to_the_next(site: Site) -> None:
    welcome = flow("in", welcome=Play(prompt=Prompt(name="hello"), next=NextNode("go")), go=Enqueue(queue=SALES))
    shop = dataclasses.replace(SHOP, flows={welcome.name: welcome})
    site.shelf.sounds["hello"] = Bug("impossible")
    with structlog.testing.capture_logs() as logs:
        async with site.center(shop) as center:
            site.asterisk.caller_arrives("caller-1", "in")
            async with asyncio.timeout(LIMIT_S):
                await center.running.stopped.wait()
    assert str(center.running.crash) == "impossible"
    assert [line["part"] for line in logs if "has crashed" in line["event"]] == ["performer"]
    assert site.asterisk.channels["caller-1"].state == "Up"
    async with site.center(shop) as center:
        await center.is_done()
        assert [one.queue for one in center.running.view().contacts] == [SALES]  # what was being said counts as said
    assert await site.rows("SELECT count(*) FROM contact") == [(1,)]


async def test_a_run_that_was_killed_is_followed_by_one_that_knows_its_calls(site: Site) -> None:
    async with site.center() as center:
        await center.logs_in("ann")
        caller = await center.talks()
        center.running.crashed("test", Bug("killed"))  # leaves everything as it is
    async with site.center() as center:
        await center.is_done()
        view = center.running.view()
        assert [(one.state, one.agent) for one in view.contacts] == [(ContactState.CONNECTED, "ann")]
        site.asterisk.hangs_up(caller)
        assert (await center.hears(ContactEnded)).reason is EndReason.CALLER_HUNG_UP


async def test_an_engine_that_fails_at_the_end_keeps_nobody_waiting(site: Site) -> None:
    async with site.center() as center:
        center.running.stop()
        center.running.post(EngineStarted(namespace="not one", build=""))
    assert site.asterisk.globals[SEEN_VARIABLE] == "0"
    assert await site.rows("SELECT seq FROM snapshot") == []  # of an engine that stopped half-way


async def test_programs_ask_the_center_over_http(site: Site) -> None:
    token = await Tokens(site.pool).add("crm", Rights(scopes=parse_scopes(["*"])), by="test")
    async with site.center() as at, aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
        assert at.running.health()["api"] == at.running.api_url
        async with client.get(f"{at.running.api_url}/queues") as answer:
            assert [one["name"] for one in (await answer.json())["items"]] == ["sales"]
        async with client.post(f"{at.running.api_url}/queues/sales/drain", json={"draining": True}) as answer:
            assert answer.status == 200
        assert (await at.hears(QueueDraining)).by == "token:crm"


def drain(draining: bool) -> tuple[RequestId, DrainRequested]:
    request = RequestId(f"test-{draining}")
    return request, DrainRequested(request=request, queue=SALES, draining=draining)


async def test_who_reads_the_stream_goes_on_after_a_restart_where_she_was(site: Site) -> None:
    token = await Tokens(site.pool).add("crm", Rights(scopes=parse_scopes(["*"])), by="test")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
        async with site.center() as at, client.ws_connect(f"{at.running.api_url}/events") as socket:
            number = (await socket.receive_json(timeout=LIMIT_S))["number"]
            await at.running.ask(*drain(True))
            number = (await socket.receive_json(timeout=LIMIT_S))["number"]
            await socket.close()  # and does not hear of the next
            await at.running.ask(*drain(False))
        async with site.center() as at, client.ws_connect(f"{at.running.api_url}/events?after={number}") as socket:
            assert await socket.receive_json(timeout=LIMIT_S) == {"type": "resumed", "number": number}
            await at.running.ask(*drain(True))
            heard: list[tuple[int, list[str]]] = []
            while [kinds for _, kinds in heard].count(["QueueDraining"]) < 2:
                told = await socket.receive_json(timeout=LIMIT_S)
                heard.append((told["number"], [fact["type"] for fact in told["facts"]]))
        rows = await site.rows(f"SELECT seq, outputs::text FROM journal WHERE seq > {number} ORDER BY seq")
        written = [
            (seq, found)
            for seq, outputs in rows
            if (found := [one["type"] for one in json.loads(str(outputs)) if hasattr(facts, one["type"])])
        ]
        assert heard == written[: len(heard)]
        assert [kinds for _, kinds in heard].count(["QueueDraining"]) == 2
