"""What the API shows of now: calls, agents, queues, flows, promises, messages. Knows views; decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from callcenter.model.contact import ContactState
from callcenter.model.ids import QueueName
from callcenter.model.rights import Area
from callcenter.model.view import AgentView, CallbackView, CampaignView, ContactView, MessageView, QueueView
from callcenter.nodes import NODES
from callcenter.web.api.commands import Name
from callcenter.web.api.public import Public
from callcenter.web.api.route import QUERY, Asked, Route, agent_of, covers, covers_agent, not_found, reading

KINDS: Final[Mapping[type, str]] = {kind: name for name, kind in NODES.items()}
LIVE_CALL: Final = Public(ContactView, "LiveCall")
AGENT: Final = Public(AgentView, "AgentNow", also={"skills": (dict[str, int], dict)})
QUEUE: Final = Public(QueueView, "QueueNow")
CAMPAIGN: Final = Public(CampaignView, "CampaignNow", also={"outcomes": (dict[str, int], dict)})
CALLBACK: Final = Public(CallbackView, "Callback", times=("promised", "not_before", "until", "next_at"))
MESSAGE: Final = Public(MessageView, "Message", times=("left_at", "next_at"), hidden=("path",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the center is."""

    up_s: float
    events: int
    contacts: int
    asterisk: dict[str, bool | int | str]
    journal: dict[str, bool | int | float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCalls:
    """Every live call there is."""

    items: list[LIVE_CALL.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsNow:
    """Every agent there is."""

    items: list[AGENT.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesNow:
    """Every queue there is."""

    items: list[QUEUE.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignsNow:
    """Every campaign there is."""

    items: list[CAMPAIGN.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Every callback that is promised and not settled."""

    items: list[CALLBACK.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Every message that nobody is done with."""

    items: list[MESSAGE.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowNow:
    """A flow of the configuration in force, and the numbers that lead to it."""

    name: str
    language: str
    start: str
    nodes: dict[str, str]  # name -> kind
    numbers: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Every flow there is."""

    items: list[FlowNow]


class LiveCallsQuery(BaseModel):
    """Which live calls."""

    model_config = QUERY

    queue: Name | None = None
    agent: Name | None = None
    state: ContactState | None = None


class QueueQuery(BaseModel):
    """Of which queue."""

    model_config = QUERY

    queue: Name | None = None


async def _health(asked: Asked) -> Health:
    found = asked.parts.center.health()

    def part(name: str) -> dict[str, bool | int | float | str]:
        figures = found.get(name)
        return dict(figures) if isinstance(figures, dict) else {}

    return Health(
        up_s=_number(found.get("up_s")),
        events=int(_number(found.get("events"))),
        contacts=int(_number(found.get("contacts"))),
        asterisk={name: value for name, value in part("asterisk").items() if not isinstance(value, float)},
        journal=part("journal"),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


async def _calls(asked: Asked) -> LiveCalls:
    query, view = asked.query_as(LiveCallsQuery), asked.parts.center.view()
    found = [
        LIVE_CALL.of(call)
        for call in view.contacts
        if covers(asked.rights, view, call.queue, call.agent)
        and query.queue in (None, call.queue)
        and query.agent in (None, call.agent)
        and query.state in (None, call.state)
    ]
    return LiveCalls(items=found)


async def _call(asked: Asked) -> object:
    wanted, view = asked.subjects["contact"], asked.parts.center.view()
    for call in view.contacts:
        if call.id == wanted and covers(asked.rights, view, call.queue, call.agent):
            return LIVE_CALL.of(call)
    raise not_found(f"there is no live call {wanted}")


async def _agents(asked: Asked) -> AgentsNow:
    agents = asked.parts.center.view().agents
    return AgentsNow(items=[AGENT.of(one) for one in agents if covers_agent(asked.rights, one)])


async def _agent(asked: Asked) -> object:
    wanted = asked.subjects["agent"]
    found = agent_of(asked.parts.center.view(), wanted)
    if found is None or not covers_agent(asked.rights, found):
        raise not_found(f"there is no agent {wanted}")
    return AGENT.of(found)


async def _queues(asked: Asked) -> QueuesNow:
    return QueuesNow(items=[QUEUE.of(one) for one in asked.parts.center.view().queues if asked.rights.covers(one.name)])


async def _queue(asked: Asked) -> object:
    wanted = QueueName(asked.subjects["queue"])
    for one in asked.parts.center.view().queues:
        if one.name == wanted and asked.rights.covers(wanted):
            return QUEUE.of(one)
    raise not_found(f"there is no queue {wanted}")


async def _callbacks(asked: Asked) -> Callbacks:
    wanted = asked.query_as(QueueQuery).queue
    found = asked.parts.center.view().callbacks
    return Callbacks(
        items=[CALLBACK.of(o) for o in found if asked.rights.covers(o.queue) and wanted in (None, o.queue)]
    )


async def _messages(asked: Asked) -> Messages:
    wanted = asked.query_as(QueueQuery).queue
    found = asked.parts.center.view().messages
    return Messages(items=[MESSAGE.of(o) for o in found if asked.rights.covers(o.queue) and wanted in (None, o.queue)])


async def _campaigns(asked: Asked) -> CampaignsNow:
    found = asked.parts.center.view().campaigns
    return CampaignsNow(items=[CAMPAIGN.of(one) for one in found if _covers(asked, one)])


async def _campaign(asked: Asked) -> object:
    wanted = asked.subjects["campaign"]
    for one in asked.parts.center.view().campaigns:
        if one.name == wanted and _covers(asked, one):
            return CAMPAIGN.of(one)
    raise not_found(f"there is no campaign {wanted}")


def _covers(asked: Asked, campaign: CampaignView) -> bool:
    return asked.rights.covers(campaign.queue)


def _flows_now(asked: Asked) -> list[FlowNow]:
    configuration = asked.parts.configuration()
    return [
        FlowNow(
            name=name,
            language=flow.language,
            start=flow.start,
            nodes={node: KINDS[type(made)] for node, made in flow.nodes.items()},
            numbers=sorted(number for number, leads in configuration.numbers.items() if leads == name),
        )
        for name, flow in sorted(configuration.flows.items())
    ]


async def _flows(asked: Asked) -> Flows:
    return Flows(items=_flows_now(asked))


async def _flow(asked: Asked) -> FlowNow:
    wanted = asked.subjects["flow"]
    for flow in _flows_now(asked):
        if flow.name == wanted:
            return flow
    raise not_found(f"there is no flow {wanted}")


ROUTES: Final[Sequence[Route]] = (
    reading("center health", "/center", Area.CENTER, "How the center and what it stands on are.", Health, _health),
    reading("calls live", "/calls/live", Area.CALLS, "Calls that live now.", LiveCalls, _calls, query=LiveCallsQuery),
    reading("calls live show", "/calls/live/{contact}", Area.CALLS, "One live call.", LIVE_CALL.shape, _call),
    reading("agents list", "/agents", Area.AGENTS, "The agents and what they are doing.", AgentsNow, _agents),
    reading("agents show", "/agents/{agent}", Area.AGENTS, "One agent.", AGENT.shape, _agent),
    reading("queues list", "/queues", Area.QUEUES, "The queues as they are now.", QueuesNow, _queues),
    reading("queues show", "/queues/{queue}", Area.QUEUES, "One queue.", QUEUE.shape, _queue),
    reading("flows list", "/flows", Area.FLOWS, "The flows in force.", Flows, _flows),
    reading("flows show", "/flows/{flow}", Area.FLOWS, "One flow.", FlowNow, _flow),
    reading(
        "callbacks list", "/callbacks", Area.CALLBACKS, "Promised callbacks.", Callbacks, _callbacks, query=QueueQuery
    ),
    reading("campaigns list", "/campaigns", Area.CAMPAIGNS, "The campaigns as they are now.", CampaignsNow, _campaigns),
    reading("campaigns show", "/campaigns/{campaign}", Area.CAMPAIGNS, "One campaign.", CAMPAIGN.shape, _campaign),
    reading("messages list", "/messages", Area.MESSAGES, "Messages to be heard.", Messages, _messages, QueueQuery),
)
