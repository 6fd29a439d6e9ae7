"""A call center on paper: who calls when and for what, who works when, what is counted. Values only; draws nothing.

A scenario says nothing of routing: that is the Configuration beside it, the same value that a running center has.
Rates and head counts are per period of the day; a day has as many periods as fit into its length, and a list that is
shorter than the day goes on with its last entry.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from callcenter.model.configuration import Configuration
from callcenter.model.ids import QueueName, Skill
from callcenter.model.need import Need
from callcenter.sim.traffic.calls import Entrance
from callcenter.sim.traffic.draws import Shape, Times

DAY_S: Final = 86_400.0
BATCHES: Final = 20  # of a single long run, when there is no second one to compare it with
AGENTS_MAX: Final = 20_000
ORIGIN: Final = 1_704_067_200.0  # Monday 2024-01-01 00:00 UTC: when simulated time begins, if nothing else is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller waits. With probability `at_once` not at all, unless an agent is free."""

    times: Times | None  # None: for ever
    at_once: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Redial:
    """Whether a caller tries again, and when."""

    delay: Times
    after_abandon: float = 0.0  # probability
    after_refusal: float = 0.0  # the queue was full or closed, or nobody was there
    after_served: float = 0.0  # she needs something else, or the same again
    tries_max: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CallType:
    """Calls of one kind. `rates_per_s` has one entry per period."""

    name: str
    rates_per_s: tuple[float, ...]
    talk: Times
    entrance: Entrance | None = None
    dials: str = ""  # without an entrance: the number, whose flow the call walks
    arrivals: Shape | None = None  # None: Poisson; else a renewal process in operational time
    talk_by: Mapping[str, Times] = field(default_factory=dict)  # agent group -> instead of `talk`
    wrap_up: Times | None = None  # None: as long as the queue's rule says
    patience: Patience = field(default=Patience(times=None))
    talk_factors: tuple[float, ...] = ()  # per period in which the call comes: talks are so many times as long
    patience_factors: tuple[float, ...] = ()
    redial: Redial | None = None
    busyness: Shape | None = None  # a factor of its own per day, instead of the scenario's

    def rate_per_s(self, period: int) -> float:
        """Arrivals per second in a period."""
        return self.rates_per_s[min(period, len(self.rates_per_s) - 1)]

    def talk_factor(self, period: int) -> float:
        """How many times as long as `talk` says a talk is of a call that comes in a period."""
        return self.talk_factors[min(period, len(self.talk_factors) - 1)] if self.talk_factors else 1.0

    def patience_factor(self, period: int) -> float:
        """The same of its caller's patience."""
        return self.patience_factors[min(period, len(self.patience_factors) - 1)] if self.patience_factors else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """So many agents, from and to, in hours since the day began."""

    count: int
    from_h: float
    to_h: float

    def __post_init__(self) -> None:
        """Raises ValueError if it ends before it begins."""
        if not 0 <= self.from_h < self.to_h:
            raise ValueError(f"a shift from {self.from_h:g} h to {self.to_h:g} h never begins")
        if self.count < 0:
            raise ValueError("count is at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentGroup:
    """Agents who are alike: so many per period, or by shifts."""

    name: str
    skills: Mapping[Skill, int] = field(default_factory=dict)
    counts: tuple[int, ...] = ()  # per period; empty: by shifts
    shifts: tuple[Shift, ...] = ()
    answer: Times | None = None  # how long the phone rings; None: answered at once

    @property
    def size(self) -> int:
        """How many different people there are."""
        return sum(shift.count for shift in self.shifts) if self.shifts else max(self.counts, default=0)

    def count(self, period: int) -> int:
        """How many work in a period."""
        return self.counts[min(period, len(self.counts) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """Something that does not go with the rest: where (keys of the file), what, and what to do."""

    at: tuple[str, ...]
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that a replication needs besides its number and the seed."""

    title: str
    configuration: Configuration
    calls: tuple[CallType, ...]
    groups: tuple[AgentGroup, ...]
    length_h: float
    period_min: float = 30.0
    warm_up_h: float = 0.0
    days: int = 1
    replications: int = 20
    busyness: Shape | None = None  # one factor per day for all arrival rates
    within_s: tuple[float, ...] = ()  # more thresholds of which to tell the share answered
    lines: int = 0  # of the trunk: calls at once, whatever they are at; 0: any number
    starts: float = ORIGIN  # UTC seconds, for opening hours

    @property
    def length_s(self) -> float:
        """A day's length."""
        return self.length_h * 3600

    @property
    def period_s(self) -> float:
        """A period's length."""
        return self.period_min * 60

    @property
    def varies(self) -> bool:
        """Whether anything differs from period to period: else figures by period tell nothing."""
        return (
            any(len(set(each.rates_per_s)) > 1 for each in self.calls)
            or any(len(set(each.talk_factors)) > 1 or len(set(each.patience_factors)) > 1 for each in self.calls)
            or any(len(set(group.counts)) > 1 for group in self.groups)
            or any(group.shifts for group in self.groups)
        )

    @property
    def periods(self) -> int:
        """How many a day has; the last may be shorter."""
        return max(math.ceil(self.length_h * 60 / self.period_min - 1e-9), 1)

    def day_starts(self, day: int) -> float:
        """When a day begins: days begin 24 h apart, or one after the other if they are longer."""
        return self.starts + day * max(self.length_s, DAY_S)

    def period_at(self, at: float) -> int:
        """The period of its day in which a moment lies; after the day's end, the last."""
        into = (at - self.starts) % max(self.length_s, DAY_S)
        return min(int(into // self.period_s), self.periods - 1)

    def threshold_s(self, queue: QueueName | None) -> float | None:
        """Within how many seconds a queue's calls are to be answered."""
        found = self.configuration.queues.get(queue) if queue is not None else None
        return found.service_level_s if found is not None else None

    def problems(self) -> list[Odd]:
        """What does not go together."""
        found: list[Odd] = []
        if self.warm_up_h >= self.length_h:
            what = "the warm-up is as long as the day: nothing would be counted"
            found.append(Odd(at=("warm_up_h",), what=what, remedy=f"less than length_h, {self.length_h:g}"))
        if sum(group.size for group in self.groups) > AGENTS_MAX:
            found.append(Odd(at=("agents",), what=f"more than {AGENTS_MAX} agents"))
        if not any(sum(each.rates_per_s) for each in self.calls):
            found.append(Odd(at=("calls",), what="nobody calls: every rate is 0"))
        for each in self.calls:
            if each.patience.times is None and self._in_vain(each):
                what = "nobody can serve these calls, and their callers wait for ever"
                found.append(Odd(at=("calls", each.name), what=what, remedy="skills of a group that meet their needs"))
        given = [
            (("calls", each.name), max(len(each.rates_per_s), len(each.talk_factors), len(each.patience_factors)))
            for each in self.calls
        ]
        for at, count in [*given, *((("agents", group.name), len(group.counts)) for group in self.groups)]:
            if count > self.periods:
                what = f"{count} periods are written, and a day has {self.periods}: some would not count"
                found.append(Odd(at=at, what=what, remedy="see length_h and period_min"))
        return found

    def _in_vain(self, each: CallType) -> bool:
        """Whether no group has the skills, even after every relaxation, and the queue keeps its callers."""
        if each.entrance is None or each.entrance.queue not in self.configuration.queues:
            return False
        queue = self.configuration.queues[each.entrance.queue]
        if queue.max_wait_s or queue.no_agents is not None:
            return False
        needs = [queue.needs if each.entrance.needs is None else each.entrance.needs]
        for step in queue.relax:
            needs.append(step.applied_to(needs[-1]))
        return not any(need.met_by(group.skills) for need in needs for group in self.groups if group.size)


def entrance(queue: QueueName, priority: int | None = None, needs: Need | None = None) -> Entrance:
    """The way into a queue."""
    return Entrance(queue=queue, priority=priority, needs=needs)
