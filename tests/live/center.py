"""Stories of a live call center, in the words of those who call and work there.

    alice = await center.works("alice")
    caller = await center.calls("2001")
    talk = await caller.talks_to(alice)
    await caller.hangs_up()

Knows telephones and facts; what a fact means is the engine's. Every wait has a limit, and what was waited for is a fact
of the center's feed, its picture of now, or a tone in somebody's ear.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp
import asyncpg
import msgspec

from callcenter.embedded.programs import Tool
from callcenter.media.voice.ears import TRUNK
from callcenter.model.agent import Agent, AgentState, AgentStatus, PhoneState
from callcenter.model.facts import Fact
from callcenter.model.ids import AgentId, ContactId
from callcenter.model.view import CenterView
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import AWAY, Pool, open_pool
from callcenter.postgres.reader import JournalReader
from callcenter.sim.peers.baresip import CallState, Habit, SoftPhone
from callcenter.sim.peers.sipp import Caller as CrowdCaller
from callcenter.sim.peers.sipp import Crowd, PhoneBank
from callcenter.sim.peers.tones import write_tone
from tests.live import office
from tests.live.people import AgentAtWork, Caller, Ear
from tests.live.premises import Premises, qualified_often
from tests.live.taker import Taker, taker
from tests.live.waiting import LIMIT_S, eventually

LOG_LINES: Final = 40  # of the center, that a failed wait tells
POSTGRES_LIMIT_S: Final = 30.0
SOFT_S: Final = 40.0  # how long somebody who speaks softly has something to say; then she hangs up

F = TypeVar("F", bound=Fact)


class _Line(msgspec.Struct, frozen=True):
    """A line of the feed."""

    at: float
    fact: Fact
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A fact and when it was."""

    at: float
    fact: Fact


class Center:
    """The running call center, as its callers, its agents and whoever watches see it. Use as an async context."""

    def __init__(self, premises: Premises, baresip: Tool, sipp: Tool) -> None:
        self.premises = premises
        self.told: list[Told] = []
        self._baresip = baresip
        self._sipp = sipp
        self._news = asyncio.Condition()
        self._stack = AsyncExitStack()
        self._callers = AsyncExitStack()
        self._link: AsyncExitStack = AsyncExitStack()
        self._http: aiohttp.ClientSession | None = None
        self._pool: Pool | None = None
        self._numbers = itertools.count()
        self._peers = itertools.count()
        self._folder = premises.folder / "peers" / str(time.monotonic_ns())
        self.began = time.time()
        self._killed_after = 0  # the journal's last entry then

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True)
        self._pool = await open_pool(self.premises.dsn)
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.everybody_goes_home()
        await self._link.aclose()
        await self.pool.close()

    async def everybody_goes_home(self) -> None:
        """All telephones are put away, those of callers first; calls that are up end."""
        await self._callers.aclose()
        await self._stack.aclose()

    async def connect(self) -> None:
        """Listen to the center; again, after it was away."""
        await self._link.aclose()
        self._link = AsyncExitStack()
        connector = aiohttp.UnixConnector(path=str(self.premises.control_socket))
        self._http = await self._link.enter_async_context(aiohttp.ClientSession("http://center", connector=connector))
        response = await self._http.get("/v1/feed", timeout=aiohttp.ClientTimeout(total=None))
        self._link.callback(response.close)
        listening = asyncio.create_task(self._listen(response), name="listens to the feed")

        async def hush() -> None:
            listening.cancel()
            await asyncio.wait({listening})

        self._link.push_async_callback(hush)

    async def _listen(self, response: aiohttp.ClientResponse) -> None:
        decode = msgspec.json.Decoder(_Line).decode
        try:
            while line := await response.content.readline():
                news = decode(line)
                assert not news.lost, "the feed was not read fast enough"
                async with self._news:
                    self.told.append(Told(at=news.at, fact=news.fact))
                    self._news.notify_all()
        except aiohttp.ClientError:
            return  # the center is away; whoever killed it connects again

    def expects(self, *complaints: str) -> None:
        """Patterns of warnings that the story causes on purpose."""
        self.premises.allowed += complaints

    # -- who takes part ------------------------------------------------------------------------------------------------

    async def calls(
        self, dialled: str, *, name: str = "", number: str | None = None, codecs: str = "pcmu", soft: bool = False
    ) -> Caller:
        """Somebody picks up a telephone and dials; `soft`: she speaks softly, as whoever is to be in a conference."""
        at = next(self._numbers)
        number = number or f"0901{time.time_ns() // 1000 % 10**9:09d}"
        folder = self._folder / f"caller{at}"
        tone_hz = office.CALLER_TONES[at % len(office.CALLER_TONES)]
        phone = SoftPhone(
            self._baresip,
            folder,
            number=number,
            server=self.premises.server,
            name=name,
            tone_hz=tone_hz,
            sound=await self._softly(tone_hz) if soft else None,
            codecs=codecs,
        )
        await self._callers.enter_async_context(phone)
        call = await phone.dial(dialled)
        return Caller(center=self, phone=phone, number=number, tone_hz=tone_hz, ear=Ear(folder), call=call)

    async def works(
        self,
        id: str,
        *,
        habit: Habit = Habit.ANSWER,
        answer_after_s: float = 0.1,
        talk_s: float | None = None,
        logged_in: bool = True,
        soft: bool = False,
    ) -> AgentAtWork:
        """An agent comes to her desk: her telephone is registered and she is available. `soft`: see `calls`."""
        agent = next(one for one in office.CREW if one.id == id)
        folder = self._folder / f"agent-{id}-{next(self._peers)}"
        tone_hz = office.AGENT_TONES[office.CREW.index(agent)]
        account = await Directory(self.pool).account(agent.id)
        assert account is not None
        phone = SoftPhone(
            self._baresip,
            folder,
            number=agent.number,
            server=self.premises.server,
            secret=account.secret,
            tone_hz=tone_hz,
            sound=await self._softly(tone_hz) if soft else None,
            habit=habit,
            answer_after_s=answer_after_s,
            talk_s=talk_s,
        )
        await self._stack.enter_async_context(phone)
        await phone.registered()
        await self.until(
            lambda view: any(one.id == id and one.phone is PhoneState.REACHABLE for one in view.agents),
            f"the phone of {id} is known to be there",
        )
        atwork = AgentAtWork(center=self, id=id, number=agent.number, tone_hz=tone_hz, phone=phone, ear=Ear(folder))
        phone.on_change = lambda call: atwork.ear.start_over() if call.state is CallState.UP else None
        if logged_in:
            await atwork.logs_in()
            await self.until(
                lambda view: any(one.id == id and one.state != AgentState.NOT_READY for one in view.agents),
                f"{id} is ready",  # or rung already, if somebody waits
            )
        return atwork

    async def second_line(self, of: AgentAtWork) -> SoftPhone:
        """Another key of an agent's telephone: the same account, the same voice. A program of its own, because one
        baresip with two calls writes what it hears of both to one file, and now and then ends over it."""
        account = await Directory(self.pool).account(AgentId(of.id))
        assert account is not None
        phone = SoftPhone(
            self._baresip,
            self._folder / f"line-{of.id}-{next(self._peers)}",
            number=of.number,
            server=self.premises.server,
            secret=account.secret,
            registers=False,
            tone_hz=of.tone_hz,
        )
        await self._stack.enter_async_context(phone)
        return phone

    async def _softly(self, tone_hz: int) -> Path:
        """A tone as loud as speech. Those that telephones make by themselves reach half of what can be said: with
        three of them in one bridge Asterisk's sum is cut off, and what one hears is not without oneself any more."""
        return await asyncio.to_thread(write_tone, self._folder / f"soft-{tone_hz}.wav", tone_hz, SOFT_S)

    async def outside_world(self, habit: Habit = Habit.ANSWER, *, talk_s: float | None = None) -> SoftPhone:
        """The far end of the carrier's trunk."""
        self._stack.enter_context(self.premises.lent(self.premises.carrier_port))
        phone = SoftPhone(
            self._baresip,
            self._folder / f"outside{next(self._peers)}",
            number=office.CARRIER_NUMBER,
            server=self.premises.server,
            tone_hz=office.AGENT_TONES[-1],
            habit=habit,
            answer_after_s=0.1,
            talk_s=talk_s,
            sip_port=self.premises.carrier_port,
        )
        await self._stack.enter_async_context(phone)

        async def noticed() -> bool | None:
            return True if "Avail " in await self.premises.console("pjsip show contacts like carrier") else None

        await eventually(noticed, "the carrier is there")
        return phone

    @asynccontextmanager
    async def taker(self, agent: str, replaces: str) -> AsyncIterator[Taker]:
        """An agent takes the call of another phone with a telephone of hers that does just that."""
        account = await Directory(self.pool).account(AgentId(agent))
        assert account is not None
        folder = self._folder / f"taker{next(self._peers)}"
        async with taker(
            self._sipp,
            folder,
            server=self.premises.server,
            number=account.number,
            secret=account.secret,
            replaces=replaces,
        ) as phone:
            yield phone

    def crowd(self, callers: list[CrowdCaller], **how: Any) -> Crowd:
        """Many callers (an async context)."""
        folder = self._folder / f"crowd{next(self._peers)}"
        return Crowd(self._sipp, folder, server=self.premises.server, callers=callers, **how)

    async def bank(self, agents: Sequence[Agent] = office.BANK, **how: Any) -> PhoneBank:
        """Agents of the bank at their telephones, which all treat calls alike: registered and logged in."""
        accounts = {one.number: one.secret for one in await Directory(self.pool).accounts()}
        bank = PhoneBank(
            self._sipp,
            self._folder / f"bank{next(self._peers)}",
            server=self.premises.server,
            accounts=[(agent.number, accounts[agent.number]) for agent in agents],
            **how,
        )
        await self._stack.enter_async_context(bank)
        await bank.registered(LIMIT_S)
        for agent in agents:
            await self.asks(f"/v1/agents/{agent.id}/status", {"status": "available"})
        ids = {agent.id for agent in agents}
        await self.until(
            lambda view: all(one.state == AgentState.READY for one in view.agents if one.id in ids), "the bank is ready"
        )
        return bank

    # -- what is seen --------------------------------------------------------------------------------------------------

    @property
    def pool(self) -> Pool:
        assert self._pool is not None
        return self._pool

    async def fact(self, kind: type[F], /, *, within_s: float = LIMIT_S, **wanted: Any) -> F:
        """Wait for a fact with these fields; one that this test has been told already counts."""
        return (await self.facts(kind, 1, within_s=within_s, **wanted))[0]

    async def facts(self, kind: type[F], count: int, /, *, within_s: float = LIMIT_S, **wanted: Any) -> list[F]:
        """Wait until there are as many; gives them all, in order."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: len(self.so_far(kind, **wanted)) >= count)
        except TimeoutError:
            heard = "\n".join(f"  {told.at % 1000:.3f} {told.fact}" for told in self.told)
            missing = f"no {count} {kind.__name__} {wanted} within {within_s:g} s, but:\n{heard}"
            raise AssertionError(f"{missing}\n{await self.evidence()}") from None
        return self.so_far(kind, **wanted)

    async def evidence(self) -> str:
        """What a failed test is to be judged by: the calls and agents that there are, and the end of the log."""
        view = await self.view()
        busy = [*view.contacts, *(one for one in view.agents if one.status != AgentStatus.LOGGED_OUT)]
        log = self.premises.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join([*map(str, busy), *log])

    def so_far(self, kind: type[F], /, **wanted: Any) -> list[F]:
        """The facts with these fields that this test has been told."""
        return [
            told.fact
            for told in self.told
            if isinstance(told.fact, kind) and all(getattr(told.fact, key) == value for key, value in wanted.items())
        ]

    async def view(self) -> CenterView:
        """The center's picture of now."""
        assert self._http is not None
        async with self._http.get("/v1/view") as response:
            return msgspec.convert(await response.json(), CenterView)

    async def until(self, true: Callable[[CenterView], bool], what: str, within_s: float = LIMIT_S) -> CenterView:
        """Wait until the picture shows it."""

        async def look() -> CenterView | None:
            view = await self.view()
            return view if true(view) else None

        return await eventually(look, what, within_s, self.evidence)

    async def asks(self, path: str, body: Mapping[str, Any] | None = None) -> None:
        """A request over the control socket, which must be granted."""
        assert self._http is not None
        async with self._http.post(path, json=body or {}) as response:
            said = await response.json()
            assert response.status == 200, said

    async def refuses(self, path: str, body: Mapping[str, Any] | None = None) -> str:
        """A request over the control socket, which must not be granted; gives why, in words."""
        assert self._http is not None
        async with self._http.post(path, json=body or {}) as response:
            assert response.status == 409, await response.text()
            return await response.text()

    async def answers(self, path: str) -> Any:
        """What the control socket says of something that is there."""
        assert self._http is not None
        async with self._http.get(path) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    # -- what is written -----------------------------------------------------------------------------------------------

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """What Postgres knows, once it is there."""

        async def look() -> list[asyncpg.Record] | None:
            try:
                return list(await self.pool.fetch(query, *values))
            except AWAY:
                return None

        return await eventually(look, "Postgres answers", POSTGRES_LIMIT_S)

    async def contact_of(self, number: str) -> ContactId:
        """The one contact of this caller, whenever it was that the center heard of it."""

        async def look() -> ContactId | None:
            rows = await self.rows("SELECT id FROM contact WHERE caller = $1", number)
            assert len(rows) <= 1, f"{number} has {len(rows)} records"
            return ContactId(rows[0]["id"]) if rows else None

        return await eventually(look, f"a record of {number}")

    async def cdr(self, contact: ContactId, within_s: float = LIMIT_S) -> asyncpg.Record:
        """The one record of a contact that has ended."""

        async def look() -> asyncpg.Record | None:
            rows = await self.rows("SELECT * FROM contact WHERE id = $1 AND ended IS NOT NULL", contact)
            return rows[0] if rows else None

        return await eventually(look, f"the record of {contact}", within_s)

    async def recording(self, contact: ContactId, within_s: float = 15.0) -> asyncpg.Record:
        """The one recording of a contact, once it has been checked."""

        async def look() -> asyncpg.Record | None:
            rows = await self.rows("SELECT * FROM recording WHERE contact = $1 AND checked IS NOT NULL", contact)
            return rows[0] if rows else None

        return await eventually(look, f"the recording of {contact}", within_s)

    # -- the process ---------------------------------------------------------------------------------------------------

    async def is_killed(self) -> None:
        """SIGKILL to the program; Postgres and Asterisk live on."""
        self.expects(r"res_http_websocket\.c: (?:Error reading from web socket|Unable to retrieve HTTP status line)")
        self._killed_after = await JournalReader(self.pool).last_seq()
        await asyncio.to_thread(self.premises.kill)

    async def comes_back(self) -> None:
        """It is started again."""
        await asyncio.to_thread(self.premises.start)
        await self.connect()
        await self._catch_up()

    async def _catch_up(self) -> None:
        """What happened before the feed was listened to again stands in the journal."""
        assert self._http is not None
        async with self._http.get("/v1/health") as response:
            last = (await response.json())["journal"]["last_seq"]
        reader = JournalReader(self.pool)

        async def look() -> bool | None:
            return await reader.last_seq() >= last or None

        await eventually(look, "the journal is in Postgres")
        entries = [entry async for entry in reader.entries(self._killed_after, last)]
        facts = [Told(at=entry.at, fact=one) for entry in entries for one in entry.outputs if isinstance(one, Fact)]
        async with self._news:
            self.told += [one for one in facts if one not in self.told]
            self.told.sort(key=lambda one: one.at)
            self._news.notify_all()


async def open_for_business(premises: Premises) -> None:
    """See that the center runs and its agents are known."""
    if not premises.runs:
        await asyncio.to_thread(premises.start)
    if not premises.staffed:
        await _take_in_agents(premises)
        premises.staffed = True
    premises.at_rest = premises.at_rest or await premises.tasks()
    premises.complaints()  # of before; from here on they count


async def _take_in_agents(premises: Premises) -> None:
    agents = (*office.CREW, *office.BANK)
    pool = await open_pool(premises.dsn)
    try:
        directory = Directory(pool)
        known = {agent.id for agent in await directory.agents()}
        for agent in agents:
            await (directory.change(agent) if agent.id in known else directory.add(agent))
    finally:
        await pool.close()
    connector = aiohttp.UnixConnector(path=str(premises.control_socket))
    async with (
        aiohttp.ClientSession("http://center", connector=connector) as http,
        http.post("/v1/agents/reload") as response,
    ):
        assert response.status == 200, await response.text()
    qualified_often(premises.etc, [*(agent.number for agent in office.CREW), TRUNK])
    await premises.console("module reload res_pjsip.so")
