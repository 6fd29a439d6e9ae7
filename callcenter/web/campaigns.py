"""The control socket's part about campaigns. Knows HTTP and JSON; decides nothing."""

import itertools
import os
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from callcenter.model.campaign_messages import (
    CampaignRequest,
    CampaignStartRequested,
    CampaignStopRequested,
    LeadDecided,
    LeadRequested,
)
from callcenter.model.ids import RequestId
from callcenter.web.wire import answer, body

Ask = Callable[[RequestId, CampaignRequest], Awaitable[str]]
REQUESTS: Final[dict[str, type[CampaignRequest]]] = {
    "start": CampaignStartRequested,
    "stop": CampaignStopRequested,
    "next": LeadRequested,
    "decide": LeadDecided,
}


def routes(ask: Ask) -> list[web.RouteDef]:
    """What the control socket answers about campaigns: the body is the event, without its number and the campaign."""
    numbers = itertools.count(1)

    def route(kind: type[CampaignRequest]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def take(request: web.Request) -> web.Response:
            number = RequestId(f"campaign-{os.getpid()}-{next(numbers)}")
            wish = await body(request, dict[str, object])
            known = {field.name for field in msgspec.structs.fields(kind)}
            place = {"campaign": request.match_info["campaign"]} if "campaign" in known else {}
            told = {**wish, **place, "request": number}
            try:
                event = msgspec.convert(told, kind)
            except msgspec.ValidationError as error:
                return answer({"problem": str(error)}, status=400)
            try:
                problem = await ask(number, event)
            except TimeoutError:
                return answer({"problem": "the call center did not answer in time"}, status=504)
            return answer({"problem": problem}, status=409 if problem else 200)

        return take

    return [web.post(f"/v1/campaigns/{{campaign}}/{what}", route(kind)) for what, kind in REQUESTS.items()]
