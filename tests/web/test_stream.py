"""The event stream as its readers meet it: over a real WebSocket, away and back again."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import msgspec
import pytest

from callcenter.model.agent import Agent, AgentStatus, Supervision
from callcenter.model.contact import LegEnd
from callcenter.model.events import AgentStatusRequested, DrainRequested, LegAnswered, LegEnded, TimePassed
from callcenter.model.facts import Fact, QueueDraining
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import Pool
from callcenter.postgres.tokens import Owner, Tokens
from callcenter.web.api.door import Listen
from callcenter.web.api.picture import AgentItem, CallItem, Folded, Picture, QueueItem, picture_of
from callcenter.web.api.stream import NO_TOKEN, OTHER_RIGHTS, Patience
from tests.core.center import Ann, queue
from tests.web.office import Office, ToldCenter, office

LIMIT_S = 10.0


class Reader:
    """A program that keeps a picture of its own from what it is told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.folded = Folded(Picture())
        self.number = 0
        self.numbers: list[int] = []
        self.why = ""

    async def hears(self) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, (message.type, message.data, message.extra)
        told: dict[str, Any] = msgspec.json.decode(message.data)
        self._take(told)
        return told

    def _take(self, told: dict[str, Any]) -> None:
        assert told["number"] >= self.number
        self.number = told["number"]
        if told["type"] == "snapshot":
            self.why = told["why"]
            self.folded = Folded(
                Picture(
                    calls=keyed(msgspec.convert(told["calls"], list[CallItem]), "call"),
                    agents=keyed(msgspec.convert(told["agents"], list[AgentItem]), "agent"),
                    queues=keyed(msgspec.convert(told["queues"], list[QueueItem]), "queue"),
                )
            )
        elif told["type"] == "facts":
            self.numbers.append(told["number"])
            self.folded.after([msgspec.convert(fact, Fact) for fact in told["facts"]])
            for item in msgspec.convert(told.get("came", []), list[CallItem]):
                self.folded.calls[item.call] = item
            for call in told.get("went", []):
                self.folded.calls.pop(ContactId(call), None)
            if "queues" in told:
                self.folded.queues = keyed(msgspec.convert(told["queues"], list[QueueItem]), "queue")

    async def catches_up(self, office: Office) -> None:
        """Reads until it has heard of the last entry that told anything."""
        told = [n.number for n in office.chronicle.held_after(self.number)]
        while self.number < max(told, default=0):
            await self.hears()

    @property
    def picture(self) -> Picture:
        return self.folded.picture()


def keyed(items: list[Any], name: str) -> dict[Any, Any]:
    return {getattr(item, name): item for item in items}


@asynccontextmanager
async def reading(at: Office, after: int | None = None, token: str | None = None) -> AsyncIterator[Reader]:
    headers = {"Authorization": f"Bearer {token or at.token}"}
    query = "" if after is None else f"?after={after}"
    async with at.client.ws_connect(f"{at.door.url}/events{query}", headers=headers, autoping=True) as socket:
        reader = Reader(socket)
        if after is not None:
            reader.number = after
        yield reader


@pytest.fixture
async def api(pool: Pool) -> AsyncIterator[Office]:
    story = ToldCenter(queue("sales", "sales", wrap_up_s=5.0), queue("support"))
    for name in ("ann", "bob"):
        story.agent(name, sales=3).logs_in()
    async with office(pool, story, Listen(patience=Patience(recheck_s=0.1))) as made:
        yield made


def happens(story: ToldCenter, chance: random.Random) -> None:
    """Something in a call center's day."""
    calls = list(story.engine.world.contacts.values())
    deed = chance.choice(("call", "call", "hang up", "answer", "answer", "time", "pause", "drain"))
    if deed == "call":
        story.call(chance.choice(("sales", "support")))
    elif deed == "hang up" and calls:
        call = chance.choice(calls)
        if call.leg is not None:
            story.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL))
    elif deed == "answer":
        ringing = [leg for call in calls for leg in call.offers]
        if ringing:
            story.tell(LegAnswered(leg=chance.choice(ringing)))
    elif deed == "pause":
        record = story.engine.world.agents.records[AgentId(chance.choice(("ann", "bob")))]
        wanted = AgentStatus.AVAILABLE if record.status is AgentStatus.PAUSED else AgentStatus.PAUSED
        story.ask(AgentStatusRequested(request=story.request(), agent=record.agent.id, status=wanted, reason="lunch"))
    elif deed == "drain":
        name = QueueName(chance.choice(("sales", "support")))
        draining = name not in story.engine.world.draining and chance.random() < 0.5
        story.ask(DrainRequested(request=story.request(), queue=name, draining=draining))
    else:
        story.passes(chance.choice((1.0, 8.0, 30.0)))


async def test_a_picture_kept_by_the_stream_is_the_one_there_is_however_often_one_goes_away(api: Office) -> None:
    story, chance = api.running.story, random.Random(7)
    number: int | None = None
    kept = Folded(Picture())
    numbers: list[int] = []
    for _ in range(12):
        async with reading(api, number) as reader:
            first = await reader.hears()
            assert first["type"] == ("snapshot" if number is None else "resumed")
            if number is not None:
                reader.folded = kept
            for _ in range(chance.randrange(8)):
                happens(story, chance)
            await reader.catches_up(api)
            assert reader.picture == picture_of(api.running.view())
        number, kept = reader.number, reader.folded
        numbers += reader.numbers
        for _ in range(chance.randrange(12)):
            happens(story, chance)
    told = [n.number for n in api.chronicle.held_after(0) if n.number <= (number or 0)]
    assert numbers == told[len(told) - len(numbers) :]  # each once, in order, without a gap


async def test_what_memory_has_no_more_is_read_from_the_journal(pool: Pool) -> None:
    story, chance = ToldCenter(queue("sales", "sales"), queue("support")), random.Random(3)
    for name in ("ann", "bob"):
        story.agent(name, sales=3).logs_in()
    async with office(pool, story, held_max=5) as api:
        async with reading(api) as reader:
            await reader.hears()
        for _ in range(80):
            happens(story, chance)
        assert api.chronicle.complete_from > reader.number + 20
        async with reading(api, reader.number) as again:
            again.folded = reader.folded
            await again.hears()
            await again.catches_up(api)
            assert again.picture == picture_of(api.running.view())
        facts = [e.seq async for e in story.entries(reader.number) if any(isinstance(o, Fact) for o in e.outputs)]
        assert again.numbers == facts


async def test_a_number_that_cannot_be_gone_on_from_gets_a_fresh_snapshot_that_says_so(api: Office) -> None:
    async with reading(api, 10**9) as reader:
        reader.number = 0
        await reader.hears()
        assert reader.why == "number_unknown"
        assert reader.picture == picture_of(api.running.view())
    found = await api.asks("GET", "/events?after=x")
    assert found.status == 422
    assert (await api.asks("GET", "/events")).status == 400  # no upgrade


async def test_a_token_of_a_queue_sees_what_comes_into_it_and_what_leaves_it(api: Office) -> None:
    story = api.running.story
    token = await api.makes_token("support", "calls:read", "queues:read", queues=("support",))
    ours, theirs = story.call("support"), story.call("sales")
    async with reading(api, token=token) as reader:
        await reader.hears()
        assert list(reader.picture.calls) == [ours.id]
        assert list(reader.picture.queues) == [QueueName("support")]
        assert reader.picture.agents == {}
        later = story.call("support")
        await reader.hears()
        assert set(reader.picture.calls) == {ours.id, later.id}
        assert reader.picture.calls[later.id] == picture_of(api.running.view()).calls[later.id]
        theirs.hangs_up()
        ours.hangs_up()
        while set(reader.picture.calls) != {later.id}:
            assert theirs.id not in msgspec.json.encode(await reader.hears()).decode()
        assert AgentId("ann") not in reader.picture.agents


async def test_a_revoked_token_is_cut_off(api: Office) -> None:
    token = await api.makes_token("crm", "calls:read")
    async with reading(api, token=token) as reader:
        await reader.hears()
        await Tokens(api.pool).revoke("crm", by="me")
        async with asyncio.timeout(LIMIT_S):
            message = await reader.socket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, NO_TOKEN)


async def test_who_may_see_something_else_comes_back(api: Office) -> None:
    people, ann = Directory(api.pool), Agent(id=AgentId("ann"), name="Ann", number="31")
    await people.add(replace(ann, supervises=Supervision(queues=(QueueName("sales"),))))
    token = await api.makes_token("desk", owner=Owner(agent=ann.id))
    async with reading(api, token=token) as reader:
        await reader.hears()
        await people.change(ann)
        async with asyncio.timeout(LIMIT_S):
            message = await reader.socket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, OTHER_RIGHTS)


async def test_an_agent_is_told_of_her_own_calls(api: Office) -> None:
    story = api.running.story
    await Directory(api.pool).add(Agent(id=AgentId("bob"), name="Bob", number="32"))
    token = await api.makes_token("bob", owner=Owner(agent=AgentId("bob")))
    bob = story.agent("bob", sales=1)
    async with reading(api, token=token) as reader:
        assert (await reader.hears())["calls"] == []
        call = story.call("sales")
        if call.rung != ["bob"]:
            Ann(story, AgentId(call.rung[0])).declines()
        bob.answers()
        while call.id not in reader.picture.calls:
            await reader.hears()
        assert reader.picture.calls[call.id].agent == "bob"
        call.hangs_up()
        while reader.picture.calls:
            await reader.hears()


async def test_a_heartbeat_moves_the_number_on(pool: Pool) -> None:
    async with office(pool, listen=Listen(patience=Patience(heartbeat_s=0.05))) as api, reading(api) as reader:
        await reader.hears()
        told = await reader.hears()
        assert told == {"type": "heartbeat", "number": len(api.running.story.journal)}


async def test_another_sites_page_gets_no_stream(api: Office) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.client.ws_connect(
            f"{api.door.url}/events", headers={"Authorization": f"Bearer {api.token}", "Origin": "https://evil.example"}
        )
    assert refused.value.status == 403


async def test_a_reader_who_does_not_read_is_cut_and_keeps_nobody_waiting(pool: Pool) -> None:
    story = ToldCenter(queue("sales", "sales"), queue("support"))
    async with office(pool, story, Listen(patience=Patience(send_limit_s=0.3)), held_max=100_000) as api:
        head = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{api.door.port}\r\nAuthorization: Bearer {api.token}\r\n"
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        link = socket.create_connection(("127.0.0.1", api.door.port))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.sendall(f"{head}{upgrade}Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode())
        async with reading(api) as quick:
            await quick.hears()
            big = QueueDraining(queue=QueueName("sales"), draining=True, by="x" * 10_000)
            async with asyncio.timeout(3 * LIMIT_S):
                while api.door.readers > 1:
                    story.tell(TimePassed())
                    api.chronicle.publish(story.now, [big] * 20)
                    await quick.hears()
            story.ask(DrainRequested(request=story.request(), queue=QueueName("sales"), draining=False))
            await quick.catches_up(api)
            assert not quick.picture.queues[QueueName("sales")].draining
        link.close()
