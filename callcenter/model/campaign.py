"""Outbound campaigns as configured: whom they call, in which order, how often, from which numbers. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from annotated_types import Interval

from callcenter.model.law import Approach
from callcenter.model.lead import CampaignName, ListOfLeads

RECYCLE_MAX_S: Final = 30 * 86_400.0
ATTEMPTS_MAX: Final = 100


class LeadOrder(StrEnum):
    """Which ready lead of a list is called first; ties go to the one that was imported first."""

    PRIORITY = "priority"  # the highest
    NEWEST = "newest"
    FEWEST_ATTEMPTS = "fewest_attempts"
    RANDOM = "random"  # by the number that each lead drew when it was imported: the same order every time
    FIELD = "field"  # by a custom field, as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycle:
    """After such an outcome the lead is tried again: so much later, and so often at most."""

    after_s: Annotated[float, Interval(ge=0, le=RECYCLE_MAX_S)]
    at_most: Annotated[int, Interval(ge=0, le=ATTEMPTS_MAX)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNumber:
    """A number that called people see. `regions` it is shown in; none: everywhere."""

    number: str
    regions: tuple[str, ...] = ()
    per_day_max: Annotated[int, Interval(ge=1, le=100_000)] = 500
    prefixes: tuple[str, ...] = ()  # of called numbers that it stands nearest to: +84 24 for Hanoi


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign."""

    name: CampaignName
    law: tuple[str, ...] = ("house",)  # names of packs; without one for a number's region, it is not called
    lists: Mapping[ListOfLeads, int] = field(default_factory=dict)  # list -> its share of the dials
    order: LeadOrder = LeadOrder.PRIORITY
    order_field: str = ""
    only: str = ""  # a filter: `priority >= 5 and custom.city = "Hanoi"`
    recycle: Mapping[str, Recycle] = field(default_factory=dict)  # outcome or disposition -> rule
    attempts_max: Annotated[int, Interval(ge=1, le=ATTEMPTS_MAX)] = 8  # of a lead, on all its numbers
    approach: Approach = Approach.LIVE
    ring_s: Annotated[float, Interval(ge=5, le=120)] = 25.0
    message_within_s: float | None = 2.0
    caller_ids: tuple[CallerNumber, ...] = ()
