"""What was done to a call that is on: held, handed on, talked about aside. Part of `facts`, which says what one is."""

from callcenter.model.control import HeldBy, PartyEnd, TransferTo
from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.message import Message


class ContactHeld(Message, frozen=True, kw_only=True):
    """The agent has left the conversation for a while: the customer hears music, or goes on with the others."""

    contact: ContactId
    agent: AgentId
    by: HeldBy


class ContactResumed(Message, frozen=True, kw_only=True):
    """The agent is back with the customer, or one of them has gone for good."""

    contact: ContactId
    agent: AgentId
    began: float
    held_s: float


class AgentMuted(Message, frozen=True, kw_only=True):
    """Nobody hears the agent any more, or she is heard again."""

    contact: ContactId
    agent: AgentId
    muted: bool


class KeysSent(Message, frozen=True, kw_only=True):
    """So many keys were sent to whom the agent speaks with."""

    contact: ContactId
    agent: AgentId
    count: int


class ContactTransferred(Message, frozen=True, kw_only=True):
    """A call was handed on. `consulted`: to somebody who had been spoken with, and has it at once."""

    contact: ContactId
    agent: AgentId  # who had it
    to: TransferTo
    name: str  # personal, if it is a number
    consulted: bool = False
    by: str = ""


class ContactTaken(Message, frozen=True, kw_only=True):
    """Another agent has the call from now on, who took it by herself; the one who had it is free."""

    contact: ContactId
    agent: AgentId  # who had it
    taker: AgentId
    leg: LegId  # the taker's


class TransferFailed(Message, frozen=True, kw_only=True):
    """A call could not be handed on and waits in its queue again, first for the agent who had it."""

    contact: ContactId
    agent: AgentId
    why: str


class PhoneRefused(Message, frozen=True, kw_only=True):
    """What an agent's phone asked for by itself (a transfer, a second call) was not done; the call is as it was."""

    contact: ContactId
    agent: AgentId
    name: str  # where it wanted to go; personal, if it is a number
    why: str


class ConsultBegan(Message, frozen=True, kw_only=True):
    """The agent calls somebody aside: `consulted`, or an outside `number` (personal)."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    consulted: AgentId | None = None
    number: str = ""
    by: str = ""


class ConsultAnswered(Message, frozen=True, kw_only=True):
    """The consulted has answered, and speaks with the agent alone."""

    contact: ContactId
    agent: AgentId
    leg: LegId
    consulted: AgentId | None = None
    number: str = ""
    rang_s: float


class PartyLeft(Message, frozen=True, kw_only=True):
    """Somebody's part beside the agent's is over: `aside` with her alone, else in a conference with the customer.

    `began` is when she answered, or came into the conference; of one who never answered, when she was called, and
    `spoke_s` is 0.
    """

    contact: ContactId
    agent: AgentId | None  # whose call it was
    leg: LegId
    guest: AgentId | None = None
    number: str = ""
    aside: bool
    end: PartyEnd
    began: float
    spoke_s: float


ControlFact = (
    ContactHeld
    | ContactResumed
    | AgentMuted
    | KeysSent
    | ContactTransferred
    | ContactTaken
    | TransferFailed
    | PhoneRefused
    | ConsultBegan
    | ConsultAnswered
    | PartyLeft
)
