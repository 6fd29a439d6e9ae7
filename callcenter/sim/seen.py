"""Agents and contacts as an observer knows them who is told facts alone. Plain records, which book.py keeps."""

from dataclasses import dataclass, field

from callcenter.model.agent import Agent, AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.contact import Direction, QueueExit
from callcenter.model.ids import UNVERSIONED, AgentId, ContactId, FlowName, LegId, OfferId, QueueName, Version
from callcenter.model.need import ANYBODY, Need
from callcenter.model.records import Row


@dataclass(slots=True, kw_only=True)
class SeenAgent:
    """An agent, from facts alone."""

    agent: Agent
    status: AgentStatus = AgentStatus.LOGGED_OUT
    state: AgentState = AgentState.NOT_READY
    reason: str = ""
    since: float | None = None
    phone: PhoneState = PhoneState.UNKNOWN
    nail: NailState | None = None
    offers: dict[OfferId, ContactId] = field(default_factory=dict)
    talks_to: ContactId | None = None
    own_calls: set[str] = field(default_factory=set)  # from her phone
    busy_until: float = 0.0  # rest or wrap-up that the rules give her
    held_from: float = 0.0  # the end of the talk for which her wrap-up is held; 0: it is not
    held_until: float = 0.0
    wrapped_at: float = 0.0  # when it would end if it were not held
    may_rest_until: float = 0.0  # rest that they may give her: a call that failed is her phone's fault, or nobody's


@dataclass(slots=True, kw_only=True)
class SeenContact:
    """A contact, from facts alone."""

    id: ContactId
    leg: LegId | None
    caller: str
    rows: list[Row] = field(default_factory=list)
    flow: FlowName | None = None
    node: str = ""
    queue: QueueName | None = None
    priority: int = 0
    needs: Need = ANYBODY
    since: float = 0.0
    entered: float = 0.0  # this visit to this queue
    counts_from: float = 0.0  # likewise, or the visits before that a callback's choosing parted from it
    holds_from: float = 0.0  # likewise, as far as she has held the line
    left: QueueExit | None = None  # how it left its last queue
    not_before: float = 0.0  # when its callback is promised for
    rests_until: float = 0.0  # until when nobody calls it back: that, or a pause after an attempt
    direction: Direction = Direction.INBOUND
    number: int = 0  # in the order of opening
    offers: dict[OfferId, AgentId] = field(default_factory=dict)
    waiting_since: float | None = None
    told_by: float = 0.0  # the time by which it was told to be served
    taken_back: int = 0  # how often it was then told a later one
    version: Version = UNVERSIONED  # whose rules it lives by
    last_queue: QueueName | None = None
    ended: bool = False
    promised: bool = False  # a callback, and it is not settled
    dialled: LegId | None = None  # the customer's phone rings
    attempts: int = 0
    held_s: float = 0.0  # on hold, of the agent's part that goes on
    slot: str = ""  # in which it is parked
    parked_until: float = 0.0
    came_back: bool = False  # from a slot that nobody picked it up from, and nobody has had it since


def still_held(seen: SeenContact) -> str:
    """What a contact that ends is in all the same; "" if nothing."""
    if seen.offers or seen.queue is not None:
        return f"it is still in {seen.queue}, with offers {list(seen.offers)}"
    if seen.slot:
        return f"it is still in slot {seen.slot}"
    if seen.promised:
        return "the callback that it was promised is not settled"
    return ""
