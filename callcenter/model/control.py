"""What agents do with a call that they have: words for it. Knows the shapes; knows no rule."""

from enum import StrEnum

import msgspec

from callcenter.model.ids import AgentId, BridgeId, LegId, PlaybackId


class TransferTo(StrEnum):
    """What kind of place a call is handed on to."""

    AGENT = "agent"
    QUEUE = "queue"
    FLOW = "flow"
    EXTENSION = "extension"  # what one would dial inside: an agent's number, or one that leads to a flow
    NUMBER = "number"  # outside


class ConsultAct(StrEnum):
    """What an agent does with the one whom she consults."""

    TRANSFER = "transfer"  # give the call to the consulted, and go
    CONFERENCE = "conference"  # all talk with each other
    SWAP = "swap"  # speak with the other one of the two
    DROP = "drop"  # let the consulted go (or, in a conference, the one who came last), and return to the customer


class HeldBy(StrEnum):
    """Why a customer is on hold."""

    REQUEST = "request"
    PHONE = "phone"  # the agent pressed the key of her phone
    CONSULT = "consult"  # the agent speaks with somebody else meanwhile
    PAYMENT = "payment"  # the customer pays by her keys, and is alone with that


class PartyEnd(StrEnum):
    """How the part of somebody ended who was called to a conversation."""

    TOOK_OVER = "took_over"  # the call is hers now
    JOINED = "joined"  # what was said aside is said to all from here on
    DROPPED = "dropped"  # let go by the agent, or the contact was over
    HUNG_UP = "hung_up"
    NO_ANSWER = "no_answer"  # she was not reached, for one reason or another
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


class Party(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody besides customer and agent: another agent, or an outside number (personal)."""

    agent: AgentId | None = None
    number: str = ""

    @property
    def name(self) -> str:
        """As people say it."""
        return self.agent or self.number


class Guest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A party in a conference, and since when."""

    party: Party
    since: float


class Consult(msgspec.Struct, kw_only=True, gc=False):
    """An agent's second conversation, in a bridge of its own."""

    leg: LegId  # the consulted's
    own: LegId | None = None  # the agent's phone made the call by itself: her second leg, in place of her first
    bridge: BridgeId
    party: Party
    began: float  # dialled
    up: float | None = None  # answered; None: it rings
    aside: bool = True  # the agent is with the consulted; False: she has swapped, and is with the customer
    ringback: PlaybackId | None = None  # what the agent hears while it rings
