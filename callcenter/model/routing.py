"""How the center as a whole routes: the order among the waiting, inbound and outbound, media. Knows no queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from callcenter.model.contact import Medium

Interruptible = Mapping[Medium, tuple[Medium, ...]]
"""While an agent handles a contact of the first medium, those of the others may be offered to her as well."""

VOICE_ALONE: Final[Interruptible] = {Medium.EMAIL: (Medium.VOICE, Medium.CHAT)}
"""A talk is not interrupted and a chat is not left for a call; a letter can wait for either."""


class First(StrEnum):
    """Which direction an agent serves first who could serve both."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    BY_PRIORITY = "by_priority"  # the queues' priorities decide, whoever asked for the contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """How contacts that we ask for share agents with those who call us."""

    first: First = First.BY_PRIORITY
    keep_free: int = 0  # outbound contacts leave so many free agents who could serve inbound ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The rules above the queues'."""

    order: str = "priority"  # a name in `callcenter.orders`
    blend: Blend = field(default=Blend())
    interruptible: Interruptible = field(default_factory=lambda: VOICE_ALONE)
