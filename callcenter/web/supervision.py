"""The control socket's part about supervision. Knows HTTP and JSON; decides nothing.

The body of a request is the event that it becomes, without its number: `POST /v1/supervision/monitor` takes the fields
of `MonitorRequested`, and so on.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

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
from callcenter.web.wire import numbered, taking

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
    number = numbered("supervision")
    return [web.post(f"/v1/supervision/{what}", taking(kind, number, ask)) for what, kind in REQUESTS.items()]
