"""Customers beside a running center: what the engine must be told of them, and what screens ask. Decides nothing.

The engine knows numbers and two marks. It is told what differs from what it knows: at the start, when somebody says
that customers have changed, and, should nobody have said so, within a minute.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from callcenter.core.engine import Engine
from callcenter.customers.numbers import compared_forms
from callcenter.customers.pop import Calling, ScreenPop, screen_pop
from callcenter.errors import PeerFault
from callcenter.model.customer import MARKED_MAX, MARKS_AT_ONCE, CustomerMark
from callcenter.model.events import CustomersMarked, DispositionRequested, Event
from callcenter.model.ids import ContactId, RequestId
from callcenter.model.numbers import Numbering
from callcenter.postgres.customers import Customers, Marked
from callcenter.postgres.reader import JournalReader

LOOK_EVERY_S: Final = 60.0

log = structlog.get_logger(__name__)

Ask = Callable[[RequestId, Event], Awaitable[str]]


class CustomerDesk:
    """Serves one running center."""

    def __init__(self, engine: Engine, ask: Ask, customers: Customers, reader: JournalReader) -> None:
        self._engine = engine
        self._ask = ask
        self._customers = customers
        self._reader = reader
        self._telling = asyncio.Lock()
        self._requests = 0

    async def pop(self, contact: ContactId) -> ScreenPop | None:
        """What a screen shows of a call, live or past; None: there is no such call."""
        configuration = self._engine.world.configuration
        calling = self._live(contact) or await self._past(contact)
        if calling is None:
            return None
        return await screen_pop(
            self._customers, self._reader, calling, configuration.customers, configuration.numbering
        )

    async def record(self, asked: DispositionRequested) -> str:
        """Record what came of a talk; of one that the engine has forgotten the records say what it was."""
        if asked.contact not in self._engine.world.talked:
            asked = msgspec.structs.replace(asked, on_record=await self._customers.talk_of(asked.contact, asked.agent))
        return await self._ask(asked.request, asked)

    async def customers_changed(self) -> str:
        """Tell the engine which numbers are marked otherwise than it knows; "" or what is wrong."""
        async with self._telling:  # two at once might leave the older marks
            marked = await self._customers.marked()
            if len(marked) > MARKED_MAX:
                return f"more than {MARKED_MAX:,} numbers of customers are marked; put a longer list into lists/"
            world = self._engine.world
            wanted = _marks(marked, world.configuration.numbering)
            known = {mark.number: mark for mark in world.marks.listed()}
            news = [CustomerMark(number=gone) for gone in known if gone not in wanted]
            news += [mark for number, mark in wanted.items() if known.get(number) != mark]
            for first in range(0, len(news), MARKS_AT_ONCE):
                self._requests += 1
                request = RequestId(f"customers-{self._requests}")
                told = CustomersMarked(request=request, marks=tuple(news[first : first + MARKS_AT_ONCE]))
                if problem := await self._ask(request, told):
                    return problem
        return ""

    async def run(self) -> None:
        """Until cancelled: tell the engine at once, and again whenever something is different."""
        while True:
            try:
                problem = await self.customers_changed()
            except (PeerFault, TimeoutError) as fault:
                problem = str(fault) or "no answer in time"
            if problem:
                log.warning("customers' marks are not all told", problem=problem)
            await asyncio.sleep(LOOK_EVERY_S)

    def _live(self, contact: ContactId) -> Calling | None:
        found = self._engine.world.contacts.get(contact)
        if found is None:
            return None
        return Calling(
            call=found.id,
            caller=found.caller,
            caller_name=found.caller_name,
            dialled=found.dialled,
            began=found.began,
            state=found.state.value,
            direction=found.direction.value,
            queue=found.queue or found.last_queue or "",
            agent=found.agent or found.last_agent or "",
            language=found.language,
            variables=dict(found.variables),
        )

    async def _past(self, contact: ContactId) -> Calling | None:
        return past_call(await self._customers.of_contact(contact))


def past_call(record: object | None) -> Calling | None:
    """A call of the records."""
    if record is None:
        return None
    one = dict(record)  # type: ignore[call-overload]
    return Calling(
        call=ContactId(one["id"]),
        caller=one["caller"],
        caller_name=one["caller_name"],
        dialled=one["dialled"],
        began=one["began"].timestamp(),
        state=one["end_reason"] or "",
        direction=one["direction"],
        queue=one["queue"] or "",
        agent=one["agent"] or "",
        language=one["language"],
    )


def _marks(marked: tuple[Marked, ...], numbering: Numbering) -> dict[str, CustomerMark]:
    """What the engine is to know, by number, in every form in which it may meet one."""
    found: dict[str, CustomerMark] = {}
    for one in marked:
        for form in compared_forms(one.number, one.raw, numbering):
            found[form] = CustomerMark(number=form, vip=one.vip, do_not_call=one.do_not_call)
    return found
