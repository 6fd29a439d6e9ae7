"""Events and facts of monitoring. A supervisor has one monitor at a time, so requests name her."""

from callcenter.model.ids import AgentId, ContactId, MonitorId, QueueName, RequestId
from callcenter.model.message import Message
from callcenter.model.monitor import MonitorEnd, MonitorMode, MonitorState

# -- what is asked -----------------------------------------------------------------------------------------------------


class MonitorRequested(Message, frozen=True, kw_only=True):
    """A supervisor wants to hear an agent's talks from now on (`agent`), or one talk to its end (`contact`)."""

    request: RequestId
    supervisor: AgentId
    agent: AgentId | None = None
    contact: ContactId | None = None
    mode: MonitorMode = MonitorMode.LISTEN
    by: str = ""


class MonitorModeRequested(Message, frozen=True, kw_only=True):
    """She wants to be something else to the talk that she hears."""

    request: RequestId
    supervisor: AgentId
    mode: MonitorMode
    by: str = ""


class TakeOverRequested(Message, frozen=True, kw_only=True):
    """The talk that she hears is to be hers; its agent is freed."""

    request: RequestId
    supervisor: AgentId
    by: str = ""


class MonitorEndRequested(Message, frozen=True, kw_only=True):
    """She has heard enough."""

    request: RequestId
    supervisor: AgentId
    by: str = ""


class MoveRequested(Message, frozen=True, kw_only=True):
    """A waiting contact goes to another queue, in its place. `supervisor`: by whose right; None: the owner's."""

    request: RequestId
    contact: ContactId
    queue: QueueName
    supervisor: AgentId | None = None
    by: str = ""


class PriorityRequested(Message, frozen=True, kw_only=True):
    """A waiting contact is worth more or less from now on."""

    request: RequestId
    contact: ContactId
    priority: int
    supervisor: AgentId | None = None
    by: str = ""


class PickRequested(Message, frozen=True, kw_only=True):
    """This agent, who is free, is to have this waiting contact, whatever line and skills say."""

    request: RequestId
    contact: ContactId
    agent: AgentId
    supervisor: AgentId | None = None
    by: str = ""


class BroadcastRequested(Message, frozen=True, kw_only=True):
    """Words for the screens of all who work in a queue or a team, or of everybody."""

    request: RequestId
    text: str
    queue: QueueName | None = None
    team: str = ""
    supervisor: AgentId | None = None
    by: str = ""


MonitorRequest = (
    MonitorRequested
    | MonitorModeRequested
    | TakeOverRequested
    | MonitorEndRequested
    | MoveRequested
    | PriorityRequested
    | PickRequested
    | BroadcastRequested
)

# -- what was concluded ------------------------------------------------------------------------------------------------


class MonitorBegan(Message, frozen=True, kw_only=True):
    """A supervisor's phone rings so that she may hear somebody. `contact`: the one talk that she wants to hear."""

    monitor: MonitorId
    supervisor: AgentId
    agent: AgentId
    contact: ContactId | None
    mode: MonitorMode
    by: str


class MonitorChanged(Message, frozen=True, kw_only=True):
    """What she is to which talk from now on."""

    monitor: MonitorId
    supervisor: AgentId
    agent: AgentId
    contact: ContactId | None
    state: MonitorState


class MonitorHeard(Message, frozen=True, kw_only=True):
    """For so long she was this to that talk: a line of the audit."""

    monitor: MonitorId
    supervisor: AgentId
    agent: AgentId
    contact: ContactId
    state: MonitorState
    began: float
    seconds: float


class MonitorEnded(Message, frozen=True, kw_only=True):
    """She is not on the line any more."""

    monitor: MonitorId
    supervisor: AgentId
    agent: AgentId
    reason: MonitorEnd


class ContactSteered(Message, frozen=True, kw_only=True):
    """Somebody has meddled with a contact's place; `what` in words."""

    contact: ContactId
    queue: QueueName
    what: str
    priority: int  # from now on
    by: str


class BroadcastSent(Message, frozen=True, kw_only=True):
    """Words for these agents' screens."""

    text: str
    agents: tuple[AgentId, ...]
    by: str


MonitorFact = MonitorBegan | MonitorChanged | MonitorHeard | MonitorEnded | ContactSteered | BroadcastSent
