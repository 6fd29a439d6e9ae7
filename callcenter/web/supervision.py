"""The control socket's part about supervision. Knows HTTP and JSON; decides nothing.

The body of a request is the event that it becomes, without its number: `POST /v1/supervision/monitor` takes the fields
of `MonitorRequested`, and so on.
"""

import itertools
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from aiohttp import web

from callcenter.model.ids import RequestId
from callcenter.model.monitor_messages import (
    BroadcastRequested,
    MonitorEndRequested,
    MonitorModeRequested,
    MonitorRequest,
    MonitorRequested,
    MoveRequested,
    PickRequested,
    PriorityRequested,
    TakeOverRequested,
)
from callcenter.web.wire import answer, body

Ask = Callable[[RequestId, MonitorRequest], Awaitable[str]]

REQUESTS: Final[Mapping[str, type[MonitorRequest]]] = {
    "monitor": MonitorRequested,
    "mode": MonitorModeRequested,
    "take": TakeOverRequested,
    "leave": MonitorEndRequested,
    "move": MoveRequested,
    "priority": PriorityRequested,
    "pick": PickRequested,
    "broadcast": BroadcastRequested,
}


def routes(ask: Ask) -> list[web.RouteDef]:
    """What the control socket answers about supervision."""
    numbers = itertools.count(1)

    def route(kind: type[MonitorRequest]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def take(request: web.Request) -> web.Response:
            number = RequestId(f"supervision-{os.getpid()}-{next(numbers)}")
            wish = await body(request, dict[str, object])
            try:
                event = msgspec.convert({**wish, "request": number}, kind)
            except msgspec.ValidationError as error:
                return answer({"problem": str(error)}, status=400)
            try:
                problem = await ask(number, event)
            except TimeoutError:
                return answer({"problem": "the call center did not answer in time"}, status=504)
            return answer({"problem": problem}, status=409 if problem else 200)

        return take

    return [web.post(f"/v1/supervision/{what}", route(kind)) for what, kind in REQUESTS.items()]
