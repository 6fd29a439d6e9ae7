"""Programs outside that flows ask: one that knows customers (HTTP), and scripts (FastAGI). Knows no call center."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from callcenter.asterisk.agi import AgiServer
from callcenter.asterisk.agi_session import AgiSession
from callcenter.errors import PeerFault
from callcenter.sim.peers.places import LOOPBACK

KEY_LIMIT_MS: Final = 20_000


@dataclass
class Customers:
    """Who is known by her number, and how long it takes to say so."""

    known: dict[str, dict[str, object]] = field(default_factory=dict)
    takes_s: float = 0.0
    status: int = 200
    asked: list[tuple[str, str]] = field(default_factory=list)  # number, Authorization
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        number = request.query["phone"]
        self.asked.append((number, request.headers.get("Authorization", "")))
        self.news.set()
        await asyncio.sleep(self.takes_s)
        if self.status != 200:
            return web.Response(status=self.status)
        customer = self.known.get(number)
        return web.json_response(customer, status=200 if customer is not None else 404)


@dataclass
class Bank:
    """Takes payments, and knows by which cards."""

    takes_s: float = 0.0
    status: int = 200
    taken: list[dict[str, str]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.taken.append(asked["card"])
        self.news.set()
        await asyncio.sleep(self.takes_s)
        number = asked["card"]["number"]
        return web.json_response({"token": "tok-7f", "result": "00", "echo": number}, status=self.status)


@asynccontextmanager
async def bank(port: int) -> AsyncIterator[Bank]:
    """The bank while it is open."""
    made = Bank()
    app = web.Application()
    app.router.add_post("/payments", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port, reuse_address=True).start()
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def customers(port: int) -> AsyncIterator[Customers]:
    """The program while it runs."""
    made = Customers()
    app = web.Application()
    app.router.add_get("/customers", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port, reuse_address=True).start()
    try:
        yield made
    finally:
        await runner.cleanup()


@dataclass
class Scripts:
    """What happened in the scripts."""

    begun: "asyncio.Queue[tuple[str, str]]" = field(default_factory=asyncio.Queue)  # the first two arguments
    ended: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)  # how: "keyed", "hung up"

    async def pay(self, session: AgiSession) -> None:
        """Waits for a key and leaves it as the receipt."""
        given = session.request.variables
        self.begun.put_nowait((given.get("arg_1", ""), given.get("arg_2", "")))
        try:
            reply = await session.command("WAIT FOR DIGIT", str(KEY_LIMIT_MS), timeout_s=KEY_LIMIT_MS / 1000 + 1)
        except PeerFault:
            self.ended.put_nowait("hung up")
            raise
        key = chr(int(reply.result)) if int(reply.result) > 0 else ""
        await session.set_variable("receipt", f"{key}-2026")
        self.ended.put_nowait("keyed" if key else "hung up")

    async def stuck(self, session: AgiSession) -> None:
        """Never ends by itself."""
        self.begun.put_nowait(("", ""))
        await session.wait_hangup()
        self.ended.put_nowait("hung up")


@asynccontextmanager
async def scripts(port: int) -> AsyncIterator[Scripts]:
    """The scripts while they can be called."""
    made = Scripts()
    server = AgiServer(LOOPBACK, port, {"pay": made.pay, "stuck": made.stuck})
    await server.start()
    try:
        yield made
    finally:
        await server.close()
