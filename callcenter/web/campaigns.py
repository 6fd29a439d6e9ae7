"""The control socket's part about campaigns. Knows HTTP and JSON; decides nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from callcenter.model.campaign_messages import (
    CampaignRequest,
    CampaignStartRequested,
    CampaignStopRequested,
    LeadDecided,
    LeadRequested,
)
from callcenter.model.ids import RequestId
from callcenter.web.wire import numbered, taking

Ask = Callable[[RequestId, CampaignRequest], Awaitable[str]]
REQUESTS: Final[dict[str, type[CampaignRequest]]] = {
    "start": CampaignStartRequested,
    "stop": CampaignStopRequested,
    "next": LeadRequested,
    "decide": LeadDecided,
}


def routes(ask: Ask) -> list[web.RouteDef]:
    """What the control socket answers about campaigns: the body is the event, without its number and the campaign."""
    number = numbered("campaign")

    def place(kind: type[CampaignRequest]) -> Callable[[web.Request], Mapping[str, str]]:
        if "campaign" not in kind.__struct_fields__:
            return lambda _: {}
        return lambda request: {"campaign": request.match_info["campaign"]}

    return [
        web.post(f"/v1/campaigns/{{campaign}}/{what}", taking(kind, number, ask, place(kind)))
        for what, kind in REQUESTS.items()
    ]
