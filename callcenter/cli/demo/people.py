"""The people of the demo at their telephones: real SIP phones that log in, call, press keys, talk and hang up.

Knows softphones and the plan of each person; must not know the call center's inside. Where real people hear that
somebody answers, these are told by the story.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.cli.demo.cast import HOTLINE, Customer, HangsUp, Worker
from callcenter.cli.demo.story import Story
from callcenter.embedded.programs import Tool
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.contact import OfferEnd
from callcenter.model.facts import AgentChanged, ContactConnected, ContactQueued, NodeEntered, OfferEnded
from callcenter.model.ids import AgentId
from callcenter.sim.peers.baresip import CallState, Habit, PhoneCall, SoftPhone

LOG_IN, LOG_OUT, BACK = "*31", "*32", "*34"
PHONE_LIMIT_S: Final = 10.0
IVR_LIMIT_S: Final = 20.0
WAIT_LIMIT_S: Final = 90.0
END_LIMIT_S: Final = 20.0
BETWEEN_QUESTIONS_S: Final = 1.2  # from one question of the hotline to the key that answers the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What everybody needs: the phone program, folders for phones, the server's host:port, what happens."""

    tool: Tool
    folder: Path
    server: str
    story: Story


class Office:
    """The agents at their phones."""

    def __init__(self, desk: Desk, phones: Mapping[AgentId, SoftPhone], workers: tuple[Worker, ...]) -> None:
        self._desk = desk
        self._phones = phones
        self._workers = workers
        self._by_id = {worker.agent.id: worker for worker in workers}

    async def log_in(self) -> None:
        """Everybody dials *31, in their order. Raises PeerFault if somebody is not ready then."""
        calls = []
        for worker in self._workers:
            calls.append(await self._phones[worker.agent.id].dial(LOG_IN))
            await self._becomes(worker, "is logged in", AgentStatus.AVAILABLE, AgentState.READY)
        for call in calls:
            await call.reaches(CallState.ENDED, PHONE_LIMIT_S)

    async def log_out(self) -> None:
        """Everybody dials *32."""
        await asyncio.gather(*(self._dial(worker, LOG_OUT) for worker in self._workers))
        for worker in self._workers:
            await self._becomes(worker, "is logged out", AgentStatus.LOGGED_OUT, None)

    async def missed_one(self) -> None:
        """Who lets her first call ring: when somebody else has taken it she is back (*34)."""
        for worker in self._workers:
            if worker.misses_first:
                await self._misses_one(worker)

    async def hang_up(self, agent: AgentId) -> None:
        """The agent ends her call."""
        await self._phones[agent].hang_up()

    def calls_from(self, number: str) -> list[tuple[Worker, PhoneCall]]:
        """The calls of one caller that agents have answered."""
        return [
            (self._by_id[id_], call)
            for id_, phone in self._phones.items()
            for call in phone.incoming
            if call.answered_at is not None and f":{number}@" in call.peer
        ]

    async def _misses_one(self, worker: Worker) -> None:
        who, story = worker.agent.id, self._desk.story
        missed = await story.seen(
            OfferEnded,
            lambda fact: fact.agent == who and fact.end is OfferEnd.NO_ANSWER,
            within_s=WAIT_LIMIT_S,
            what=f"{worker.agent.name} misses a call",
        )
        await story.seen(
            ContactConnected,
            lambda fact: fact.contact == missed.contact,
            within_s=WAIT_LIMIT_S,
            what="somebody else takes the missed call",
        )
        self._phones[who].habit = Habit.ANSWER
        await self._dial(worker, BACK)

    async def _dial(self, worker: Worker, code: str) -> None:
        phone = self._phones[worker.agent.id]
        call = await phone.dial(code)
        await call.reaches(CallState.ENDED, PHONE_LIMIT_S)

    async def _becomes(self, worker: Worker, what: str, status: AgentStatus, state: AgentState | None) -> None:
        def so(fact: AgentChanged) -> bool:
            right = state is None or fact.state is state
            return fact.agent == worker.agent.id and fact.status is status and right

        await self._desk.story.seen(AgentChanged, so, within_s=PHONE_LIMIT_S, what=f"{worker.agent.name} {what}")


@asynccontextmanager
async def office(desk: Desk, workers: tuple[Worker, ...], secrets: Mapping[str, str]) -> AsyncIterator[Office]:
    """A phone for each agent, registered. `secrets` are the SIP passwords by number."""
    async with AsyncExitStack() as stack:
        phones: dict[AgentId, SoftPhone] = {}
        for worker in workers:
            phones[worker.agent.id] = await stack.enter_async_context(
                SoftPhone(
                    desk.tool,
                    desk.folder / f"agent-{worker.agent.id}",
                    number=worker.agent.number,
                    server=desk.server,
                    secret=secrets[worker.agent.number],
                    name=worker.agent.name,
                    tone_hz=worker.tone_hz,
                    habit=Habit.IGNORE if worker.misses_first else Habit.ANSWER,
                    answer_after_s=worker.answers_after_s,
                )
            )
        for phone in phones.values():
            await phone.registered(PHONE_LIMIT_S)
        yield Office(desk, phones, workers)


async def calls(desk: Desk, customer: Customer, agents: Office) -> PhoneCall:
    """One customer's call, from her dialling to its end. Raises PeerFault if it goes another way than planned."""
    await asyncio.sleep(customer.at_s)
    phone = SoftPhone(
        desk.tool,
        desk.folder / f"caller-{customer.number}",
        number=customer.number,
        server=desk.server,
        name=customer.name,
        tone_hz=customer.tone_hz,
    )
    async with phone:
        call = await phone.dial(customer.dials)
        await call.reaches(CallState.UP, PHONE_LIMIT_S)
        if customer.dials == HOTLINE:
            await _hotline(desk.story, customer, phone, agents)
        await call.reaches(CallState.ENDED, END_LIMIT_S)
    return call


async def _hotline(story: Story, customer: Customer, phone: SoftPhone, agents: Office) -> None:
    contact = await story.contact_of(customer.number, within_s=PHONE_LIMIT_S)
    await asyncio.sleep(customer.listens_s)
    await phone.press(customer.language)
    await story.seen(
        NodeEntered,
        lambda fact: fact.contact == contact and fact.node == "main",
        within_s=IVR_LIMIT_S,
        what=f"{customer.name}'s first key is understood",
    )
    await asyncio.sleep(BETWEEN_QUESTIONS_S)
    await phone.press(customer.wants)
    await story.seen(
        ContactQueued,
        lambda fact: fact.contact == contact,
        within_s=IVR_LIMIT_S,
        what=f"{customer.name} is put in line",
    )
    if customer.patience_s is not None:
        await asyncio.sleep(customer.patience_s)
        await phone.hang_up()
        return
    talk = await story.seen(
        ContactConnected,
        lambda fact: fact.contact == contact,
        within_s=WAIT_LIMIT_S,
        what=f"somebody answers {customer.name}",
    )
    await asyncio.sleep(customer.talks_s)
    if customer.hangs_up is HangsUp.CALLER:
        await phone.hang_up()
    else:
        await agents.hang_up(talk.agent)
