"""Outbound campaigns as configured: whom they call, in which order, how often, from which numbers. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from annotated_types import Interval

from callcenter.model.detection import AmdRules
from callcenter.model.flow import Prompt
from callcenter.model.ids import CalendarName, FlowName, QueueName
from callcenter.model.law import Approach, Counted
from callcenter.model.lead import CampaignName, ListOfLeads
from callcenter.model.pacing import GRACE_S, HARD_SHARE, LAW_SHARE, RATIO_MAX, TARGET_SHARE

RECYCLE_MAX_S: Final = 30 * 86_400.0
ATTEMPTS_MAX: Final = 100
RING_LEAST_S: Final = 15.0  # US 47 CFR 64.1200(a)(6), UK Ofcom: nobody is given up on sooner
LINES_MAX: Final = 2_000


class Mode(StrEnum):
    """Who says when a number is dialled."""

    PREVIEW = "preview"  # an agent, who has read who it is
    MANUAL = "manual"  # an agent, who asks for the next lead herself
    PROGRESSIVE = "progressive"  # a line for each free agent
    RATIO = "ratio"  # so many lines for each free agent
    PREDICTIVE = "predictive"
    BROADCAST = "broadcast"  # no agent is needed: a flow answers


BY_HAND: Final = frozenset({Mode.PREVIEW, Mode.MANUAL})
"""An agent is there before the phone rings, so nobody can be dropped."""
AHEAD: Final = frozenset({Mode.RATIO, Mode.PREDICTIVE})
"""More may answer than there are agents."""


class MachineRule(StrEnum):
    """What is done with an answering machine."""

    AS_HUMAN = "as_human"  # nobody asks: an agent hears it
    HANG_UP = "hang_up"
    MESSAGE = "message"  # left after its beep


class CampaignState(StrEnum):
    """What a campaign does."""

    STOPPED = "stopped"
    RUNNING = "running"
    DRAINING = "draining"  # what was claimed is dialled, nothing more is claimed
    STOPPING = "stopping"  # nothing more is dialled; phones that ring are not cut short


class LeadOrder(StrEnum):
    """Which ready lead of a list is called first; ties go to the one that was imported first."""

    PRIORITY = "priority"  # the highest
    NEWEST = "newest"
    FEWEST_ATTEMPTS = "fewest_attempts"
    RANDOM = "random"  # by the number that each lead drew when it was imported: the same order every time
    FIELD = "field"  # by a custom field, as text
    BEST_HOUR = "best_hour"  # those who answer about now, then those never called, then the others; each by priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycle:
    """After such an outcome the lead is tried again: so much later, and so often at most."""

    after_s: Annotated[float, Interval(ge=0, le=RECYCLE_MAX_S)]
    at_most: Annotated[int, Interval(ge=0, le=ATTEMPTS_MAX)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit:
    """A person, or one of her numbers, is called at most so often within any time of this length, whoever calls."""

    of: Counted
    at_most: Annotated[int, Interval(ge=1, le=1000)]
    within_s: Annotated[float, Interval(gt=0, le=RECYCLE_MAX_S)]


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
    mode: Mode = Mode.PROGRESSIVE
    queue: QueueName | None = None  # whose agents talk, by whose rules
    flow: FlowName | None = None  # broadcast: what people hear who answer
    hours: CalendarName | None = None  # when the campaign works, besides what the law allows
    goal: Annotated[int, Interval(ge=0)] = 0  # it ends after so many talks; 0: never by itself
    ratio: Annotated[float, Interval(ge=1, le=RATIO_MAX)] = 1.0  # lines for each free agent
    preview_s: Annotated[float, Interval(ge=0, le=600)] = 0.0  # by hand: dialled by itself after so long; 0: never
    skip: bool = True  # by hand: an agent may pass a lead over
    skip_rest_s: Annotated[float, Interval(ge=0, le=RECYCLE_MAX_S)] = 3_600.0  # who is passed over rests so long
    lines_max: Annotated[int, Interval(ge=1, le=LINES_MAX)] = 100  # at once
    target: Annotated[float, Interval(gt=0, le=LAW_SHARE)] = TARGET_SHARE  # drops by live answers: aimed at
    hard_stop: Annotated[float, Interval(gt=0, le=LAW_SHARE)] = HARD_SHARE  # never risked
    trunks: tuple[str, ...] = ()  # of trunks.yaml; none: all
    safe_harbour: Prompt | None = None  # who called, with name and number, for whom no agent is there
    opt_out_key: str = "9"  # pressed while it is said: never call me again
    opted_out: Prompt | None = None  # said then
    machine: MachineRule = MachineRule.AS_HUMAN
    detector: str = ""
    amd: AmdRules | None = None  # settings of the detector `asterisk`
    machine_message: Prompt | None = None
    law: tuple[str, ...] = ("house",)  # names of packs; without one for a number's region, it is not called
    lists: Mapping[ListOfLeads, int] = field(default_factory=dict)  # list -> its share of the dials
    order: LeadOrder = LeadOrder.PRIORITY
    order_field: str = ""
    only: str = ""  # a filter: `priority >= 5 and custom.city = "Hanoi"`
    recycle: Mapping[str, Recycle] = field(default_factory=dict)  # outcome or disposition -> rule
    attempts_max: Annotated[int, Interval(ge=1, le=ATTEMPTS_MAX)] = 8  # of a lead, on all its numbers
    limits: tuple[CallLimit, ...] = ()  # besides those of the law
    approach: Approach = Approach.LIVE
    ring_s: Annotated[float, Interval(ge=RING_LEAST_S, le=120)] = 25.0
    message_within_s: Annotated[float, Interval(gt=0, le=10)] = GRACE_S  # of her answer
    caller_ids: tuple[CallerNumber, ...] = ()
