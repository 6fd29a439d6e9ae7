"""The control socket's part about customers and what came of talks. Knows HTTP and JSON; decides nothing."""

import itertools
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

import msgspec
from aiohttp import web

from callcenter.errors import PeerFault
from callcenter.model.disposition import WantedCallback
from callcenter.model.events import DispositionRequested
from callcenter.model.ids import AgentId, ContactId, RequestId
from callcenter.web.wire import answer, body

LATE: Final = "the call center did not answer in time"


class DispositionWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/disposition."""

    code: str
    agent: AgentId | None = None
    note: str = ""
    fields: Mapping[str, str] = {}
    callback: WantedCallback | None = None
    by: str = ""


class CustomerDesk(Protocol):
    """What a running center knows and does of customers."""

    async def pop(self, contact: ContactId) -> object | None:
        """What a screen shows of a call; None: there is no such call. Raises PeerFault."""
        ...

    async def record(self, asked: DispositionRequested) -> str:
        """Record what came of a talk; "" or what is wrong. Raises PeerFault, TimeoutError."""
        ...

    async def customers_changed(self) -> str:
        """Customers were marked otherwise: take it over; "" or what is wrong. Raises PeerFault, TimeoutError."""
        ...


def routes(desk: CustomerDesk) -> list[web.RouteDef]:
    """What the control socket answers about customers."""
    numbers = itertools.count(1)

    async def pop(request: web.Request) -> web.Response:
        try:
            found = await desk.pop(ContactId(request.match_info["contact"]))
        except PeerFault as fault:
            return answer({"problem": str(fault)}, status=503)
        return answer({"problem": "there is no such call"}, status=404) if found is None else answer(found)

    async def record(request: web.Request) -> web.Response:
        wish = await body(request, DispositionWish)
        asked = DispositionRequested(
            request=RequestId(f"outcome-{os.getpid()}-{next(numbers)}"),
            contact=ContactId(request.match_info["contact"]),
            code=wish.code,
            agent=wish.agent,
            note=wish.note,
            fields=wish.fields,
            callback=wish.callback,
            by=wish.by,
        )
        return await _answer(lambda: desk.record(asked))

    async def reload(_: web.Request) -> web.Response:
        return await _answer(desk.customers_changed)

    return [
        web.get("/v1/calls/{contact}/customer", pop),
        web.post("/v1/calls/{contact}/disposition", record),
        web.post("/v1/customers/reload", reload),
    ]


async def _answer(ask: Callable[[], Awaitable[str]]) -> web.Response:
    try:
        problem = await ask()
    except TimeoutError:
        return answer({"problem": LATE}, status=504)
    except PeerFault as fault:
        problem = str(fault)
    return answer({"problem": problem}, status=409 if problem else 200)
