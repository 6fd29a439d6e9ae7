"""A queue and its rules, as configured. Knows units and defaults; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from annotated_types import Interval

from callcenter.model.callback import CallbackRules
from callcenter.model.disposition import DispositionRules
from callcenter.model.flow import Prompt
from callcenter.model.ids import CalendarName, FlowName, ListName, QueueName
from callcenter.model.need import ANYBODY, Need
from callcenter.model.recording import RecordingRules
from callcenter.model.relaxation import Ageing, Reserve, Sticky
from callcenter.model.relaxation import RelaxStep as RelaxStep

PRIORITY_MIN: Final = 0
PRIORITY_MAX: Final = 100


class Overflow(StrEnum):
    """Where a contact goes that a queue will not keep."""

    QUEUE = "queue"
    FLOW = "flow"
    VOICEMAIL = "voicemail"
    NUMBER = "number"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A way out of a queue: `name` is a queue, a flow, a mailbox or a number, after `to`; empty for hang_up."""

    to: Overflow
    name: str = ""


def mailbox_flow(mailbox: str) -> FlowName:
    """The name of the flow that takes a message for a mailbox which a queue overflows into."""
    return FlowName(f"voicemail.{mailbox}")


class MissedOffer(StrEnum):
    """What happens to an agent who did not take an offer."""

    PAUSE = "pause"  # until she says she is back
    REST = "rest"  # for `rest_s`, then offers come again


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedOfferRule:
    """What follows a missed offer, and for how long."""

    then: MissedOffer = MissedOffer.REST
    rest_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedOfferRules:
    """Each way to miss an offer has its own rule: a phone that is busy is not an agent who is away."""

    no_answer: MissedOfferRule = field(default=MissedOfferRule(then=MissedOffer.PAUSE))
    busy: MissedOfferRule = field(default=MissedOfferRule(rest_s=15.0))
    rejected: MissedOfferRule = field(default=MissedOfferRule(rest_s=30.0))
    unreachable: MissedOfferRule = field(default=MissedOfferRule(rest_s=60.0))
    not_confirmed: MissedOfferRule = field(default=MissedOfferRule(then=MissedOffer.PAUSE))  # nobody pressed the key


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements:
    """What a waiting caller hears besides music. Zero means never.

    Variables: `position`; `wait_low_min` and `wait_high_min`, the range in minutes; `wait_s`, its p50 in seconds.
    """

    first_after_s: float = 0.0
    every_s: float = 0.0
    position: Prompt | None = None  # said with the place in line, when it is better than what was said last
    wait: Prompt | None = None  # said with the predicted wait, when the forecast can be relied on
    comfort: Prompt | None = None  # said after both ("please hold")


class SurveyWhen(StrEnum):
    """Who is led into the survey of a queue, of those who are still there when the agent has hung up."""

    AGENT_HANGS_UP = "agent_hangs_up"  # all of them
    AGREED = "agreed"  # those who said so before: the contact's variable `survey` is "yes"


SHARE_MAX: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is asked after the talk. `share` is in percent; the contact's id decides, so that it is always the same."""

    flow: FlowName
    when: SurveyWhen = SurveyWhen.AGENT_HANGS_UP
    share: Annotated[float, Interval(gt=0, le=SHARE_MAX)] = SHARE_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue. Times in seconds; `needs` is what an agent must have to be offered its contacts."""

    name: QueueName
    needs: Need = ANYBODY
    strategy: str = "longest_idle"
    priority: int = 50  # 0..100, higher is served first, across queues
    offer_timeout_s: float = 20.0
    wrap_up_s: float = 0.0
    missed: MissedOfferRules = field(default=MissedOfferRules())
    relax: tuple[RelaxStep, ...] = ()  # ascending after_s
    music: str = "default"
    announce: Announcements = field(default=Announcements())
    agent_announcement: tuple[Prompt, ...] = ()  # what her agent hears before her, alone: who it is
    confirm: bool = False  # the agent must press a key: who answers may be a voicemail
    confirm_s: float = 8.0  # how long she has for that
    connect_announcement: Prompt | None = None  # played to the caller before the agent; recording starts after it
    max_wait_s: float = 0.0  # 0: no limit
    max_waiting: int = 0  # 0: no limit
    overflow: Target = field(default=Target(to=Overflow.HANG_UP))  # after max_wait_s, or when full or drained
    no_agents: Target | None = None  # when nobody who could serve is logged in; None: wait all the same
    agent_lost: Target | None = None  # for callers whose agent's phone dies in the talk; None: first in line again
    hours: CalendarName | None = None
    at_close: Target | None = None  # for those already waiting at closing time; None: they are still served
    record: bool = True
    tell_monitored: bool = False  # the agent is told before a supervisor is heard by her, or hears her
    recording: RecordingRules = field(default=RecordingRules())
    keep_recordings_days: Annotated[float, Interval(ge=0, le=36_500)] = 0.0  # 0: as the machine's settings say
    forecast: bool = False  # predict each wait and measure the error, as is done anyway where it is announced
    service_level_s: float = 20.0
    service_level_target: float = 0.8
    last_agent_within_s: float = 86_400.0  # how long the last_agent strategy remembers
    callback: CallbackRules | None = None  # None: nobody is called back
    return_within_s: float = 0.0  # who gave up waiting and calls again within so long has her place back; 0: never
    sticky: Sticky | None = None
    reserve: Reserve | None = None
    ageing: Ageing | None = None
    vip: Mapping[ListName, int] = field(default_factory=dict)  # list -> points of priority for callers in it
    weight: float = 1.0  # what this queue's target is worth to the order service_level
    starve_after_s: float = 0.0  # that order lets nobody overtake who has waited so long; 0: five times the threshold
    outbound: bool = False  # only for contacts we ask for: its agents are not kept free for callers

    survey: Survey | None = None
    disposition: DispositionRules | None = None  # what agents record of their talks; None: nothing

    def flow_targets(self) -> tuple[FlowName, ...]:
        """The flows this queue may send contacts to."""
        targets = (self.overflow, self.no_agents, self.at_close, self.agent_lost)
        onward = tuple(FlowName(t.name) for t in targets if t is not None and t.to is Overflow.FLOW)
        return (*onward, self.survey.flow) if self.survey is not None else onward
