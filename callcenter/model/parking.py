"""Calls that are parked: the slots there are, who is in one, and all that is said about it. Knows shapes; no rule."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from annotated_types import Interval

from callcenter.model.control import PartyEnd
from callcenter.model.ids import AgentId, ContactId, FlowName, LegId, RequestId
from callcenter.model.message import Message

SLOT_FLOW: Final = FlowName("parked_in")  # in which an agent hears in which slot she has parked a call
SLOT_PROMPT: Final = "parked_in"
SLOT: Final = "slot"  # its variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """The slots of a call center, and what holds there."""

    slots: tuple[str, ...]  # as they are dialled, in the order in which they are filled
    number: str = (
        ""  # a phone that calls this, or transfers its call here, has it parked in the first free slot; "": none
    )
    key: str | None = None  # an agent's in a talk: likewise, and she hears which one it is
    back_after_s: Annotated[float, Interval(ge=5, le=3600)] = 120.0  # nobody picked it up: back to whom it came from
    record: bool = True  # a recording goes on, with the music; else it ends, and another begins


class ParkEnd(StrEnum):
    """How a call left its slot."""

    PICKED_UP = "picked_up"
    TIMED_OUT = "timed_out"  # back to who parked it, or into its queue
    HUNG_UP = "hung_up"  # by the caller
    ENDED = "ended"  # by somebody else


class PickUp(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An agent's phone that rings so that she can pick a parked call up."""

    leg: LegId
    agent: AgentId
    began: float


class Parked(msgspec.Struct, kw_only=True, gc=False):
    """A call in its slot."""

    slot: str
    agent: AgentId  # who parked it
    since: float
    pickup: PickUp | None = None


# -- events ------------------------------------------------------------------------------------------------------------


class ParkRequested(Message, frozen=True, kw_only=True):
    """Park the call that an agent has, in this slot or in the first one that is free."""

    request: RequestId
    contact: ContactId
    slot: str = ""
    by: str = ""


class PickUpRequested(Message, frozen=True, kw_only=True):
    """An agent wants the call in a slot: her phone rings, and answering connects the two."""

    request: RequestId
    agent: AgentId
    slot: str
    by: str = ""


ParkRequest = ParkRequested | PickUpRequested


# -- facts -------------------------------------------------------------------------------------------------------------


class ContactParked(Message, frozen=True, kw_only=True):
    """A call is in a slot, and its agent is free. It stays there until `until` (UTC seconds) at the latest."""

    contact: ContactId
    agent: AgentId
    slot: str
    until: float
    by: str = ""


class PickUpRang(Message, frozen=True, kw_only=True):
    """An agent's phone rings for a parked call."""

    contact: ContactId
    agent: AgentId
    slot: str
    leg: LegId
    by: str = ""


class PickUpMissed(Message, frozen=True, kw_only=True):
    """That phone was not answered; the call is in its slot as before."""

    contact: ContactId
    agent: AgentId
    slot: str
    leg: LegId
    end: PartyEnd
    rang_s: float


class ParkOver(Message, frozen=True, kw_only=True):
    """A call is in its slot no more. `agent`, on `leg`, has picked it up."""

    contact: ContactId
    slot: str
    parker: AgentId
    end: ParkEnd
    began: float
    parked_s: float
    agent: AgentId | None = None
    leg: LegId | None = None


class PhoneTurnedAway(Message, frozen=True, kw_only=True):
    """An agent's phone dialled something by itself and was told no. Nothing was dialled for it."""

    agent: AgentId
    number: str  # that she dialled; personal
    why: str


ParkFact = ContactParked | PickUpRang | PickUpMissed | ParkOver | PhoneTurnedAway
