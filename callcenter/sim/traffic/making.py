"""Makes the traffic of one replication: calls, shifts, the habits of both sides. Knows a scenario and its streams.

Arrivals are made in operational time: gaps with mean 1 are laid end to end, and the n-th sum is the moment at which the
expected number of arrivals reaches it. With exponential gaps that is the Poisson process with these rates; with others
a renewal process that follows them (Gerhardt and Nelson, Transforming renewal processes, 2009).
"""

import heapq
import math
import random
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Final

from callcenter.model.agent import Agent
from callcenter.model.contact import EndReason
from callcenter.model.events import Event
from callcenter.model.ids import AgentId
from callcenter.sim.traffic.calls import FOR_EVER, Call, Outcome
from callcenter.sim.traffic.draws import Draw, Family, Shape, draws, stream
from callcenter.sim.traffic.drive import Habits, comes_to_work, goes_home
from callcenter.sim.traffic.scenario import AgentGroup, CallType, Patience, Redial, Scenario

FIRST_NUMBER: Final = 10_000  # of the agents' phones
HOUR_S: Final = 3_600.0


class Traffic:
    """One replication's traffic. Each property of each call type is drawn from a stream of its own."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.scenario = scenario
        self._seed = seed
        self._replication = replication
        self._types = {each.name: each for each in scenario.calls}
        self.agents, self.group_of = _people(scenario)
        self._talk_by = {
            (each.name, group): times.draw(self._stream("talk", each.name, group))
            for each in scenario.calls
            for group, times in each.talk_by.items()
        }
        self._answers = {
            group.name: group.answer.draw(self._stream("answer", group.name))
            for group in scenario.groups
            if group.answer is not None
        }
        self._redials = {
            each.name: _Redials(scenario, each, each.redial, self._stream)
            for each in scenario.calls
            if each.redial is not None
        }

    def calls(self) -> Iterator[Call]:
        """All calls in the order in which they come."""
        return heapq.merge(*(self._calls_of(each) for each in self.scenario.calls), key=attrgetter("at"))

    def habits(self) -> Habits:
        """What those outside do; only what the scenario speaks of, since each habit costs time."""
        return Habits(
            talk_s=self._talk_s if self._talk_by else None,
            answer_s=self._answer_s if self._answers else None,
            again=self._again if self._redials else None,
        )

    def shifts(self) -> list[tuple[float, Event]]:
        """Who comes and goes when. Who works in the day's last period stays until the next day begins."""
        events: list[tuple[float, Event]] = []
        for group in self.scenario.groups:
            people = [agent.id for agent in self.agents if self.group_of[agent.id] == group.name]
            for agent, spans in zip(people, _spans(self.scenario, group), strict=True):
                for begins, ends in spans:
                    events.append((begins, comes_to_work(agent)))
                    if ends is not None:
                        events.append((ends, goes_home(agent)))
        events.sort(key=lambda event: event[0])  # stable: of one moment in the order of groups and agents
        return events

    def busyness(self, each: CallType, day: int) -> float:
        """The day's factor on the arrival rates: one for all types, unless a type has its own."""
        shape, whose = (each.busyness, each.name) if each.busyness is not None else (self.scenario.busyness, "")
        return 1.0 if shape is None else shape.draw(self._stream("busyness", whose, day))()

    def _stream(self, *purpose: str | int) -> random.Random:
        return stream(self._seed, self._replication, *purpose)

    def _calls_of(self, each: CallType) -> Iterator[Call]:
        talk = each.talk.draw(self._stream("talk", each.name))
        patience = _patience(each.patience, self._stream("patience", each.name))
        wrap_up = each.wrap_up.draw(self._stream("wrap-up", each.name)) if each.wrap_up is not None else None
        flow = each.entrance.flow if each.entrance is not None else None
        callers = self._stream("caller", each.name)
        for day in range(self.scenario.days):
            for at, period in self._arrivals(each, day):
                yield Call(
                    at=at,
                    flow=flow,
                    dialled=each.dials,
                    caller=f"{each.name}-{callers.getrandbits(40):x}",
                    talk_s=talk() * each.talk_factor(period),
                    patience_s=patience() * each.patience_factor(period),
                    wrap_up_s=wrap_up() if wrap_up is not None else None,
                    kind=each.name,
                )

    def _arrivals(self, each: CallType, day: int) -> Iterator[tuple[float, int]]:
        """When calls come, each with its period."""
        scenario = self.scenario
        rng = self._stream("arrivals", each.name, day)
        shape = each.arrivals or Shape(distribution=Family.EXPONENTIAL)
        gap = draws(shape.distribution, 1.0, shape.cv, rng)
        factor = self.busyness(each, day)
        begins = scenario.day_starts(day)
        expected, owed = 0.0, gap()  # arrivals expected before this period, and at which count the next one comes
        if each.arrivals is not None:
            owed *= rng.random()  # the day begins somewhere between two calls; the warm-up forgets where
        for period in range(scenario.periods):
            rate = each.rate_per_s(period) * factor
            since = period * scenario.period_s
            lasts = min(scenario.period_s, scenario.length_s - since)
            until = expected + rate * lasts
            while owed <= until and rate > 0:
                yield begins + since + (owed - expected) / rate, period
                owed += gap()
            expected = until

    # -- habits ------------------------------------------------------------------------------------------------------

    def _talk_s(self, call: Call, agent: AgentId) -> float:
        draw = self._talk_by.get((call.kind, self.group_of[agent]))
        if draw is None:
            return call.talk_s
        return draw() * self._types[call.kind].talk_factor(self.scenario.period_at(call.at))

    def _answer_s(self, _: Call | None, agent: AgentId) -> float:
        draw = self._answers.get(self.group_of[agent])
        return 0.0 if draw is None else draw()

    def _again(self, outcome: Outcome) -> Call | None:
        redials = self._redials.get(outcome.call.kind)
        return None if redials is None else redials.next_try(outcome)


class _Redials:
    """The tries of the callers of one type."""

    def __init__(self, scenario: Scenario, each: CallType, rule: Redial, streams: Callable[..., random.Random]) -> None:
        self._scenario = scenario
        self._type = each
        self._rule = rule
        self._rng = streams("redial", each.name)
        self._delay = rule.delay.draw(self._rng)
        self._patience = _patience(each.patience, streams("patience again", each.name))
        self._talk = each.talk.draw(streams("talk again", each.name))

    def next_try(self, outcome: Outcome) -> Call | None:
        rule, call = self._rule, outcome.call
        if outcome.abandoned:
            share = rule.after_abandon
        elif outcome.summary.reason in (EndReason.REFUSED, EndReason.CLOSED):
            share = rule.after_refusal
        elif outcome.served:
            share = rule.after_served
        else:
            return None
        if share <= 0 or call.tries >= rule.tries_max or self._rng.random() >= share:
            return None
        at = outcome.ended + self._delay()
        period = self._scenario.period_at(at)
        return Call(
            at=at,
            flow=call.flow,
            dialled=call.dialled,
            caller=call.caller,
            talk_s=self._talk() * self._type.talk_factor(period) if outcome.served else call.talk_s,
            patience_s=self._patience() * self._type.patience_factor(period),
            wrap_up_s=call.wrap_up_s,
            kind=call.kind,
            tries=call.tries + 1,
        )


def _patience(patience: Patience, rng: random.Random) -> Draw:
    draw: Draw = patience.times.draw(rng) if patience.times is not None else lambda: FOR_EVER
    if patience.at_once <= 0:
        return draw
    at_once, uniform = patience.at_once, rng.random
    return lambda: 0.0 if uniform() < at_once else draw()


def _people(scenario: Scenario) -> tuple[list[Agent], Mapping[AgentId, str]]:
    agents: list[Agent] = []
    group_of: dict[AgentId, str] = {}
    for group in scenario.groups:
        for n in range(group.size):
            agent = AgentId(f"{group.name}-{n + 1:04}")
            number = str(FIRST_NUMBER + len(agents))
            agents.append(Agent(id=agent, name=f"{group.name} {n + 1}", number=number, skills=dict(group.skills)))
            group_of[agent] = group.name
    return agents, group_of


_Span = tuple[float, float | None]  # at work from, until; None: until the next day begins, or for ever


def _spans(scenario: Scenario, group: AgentGroup) -> list[list[_Span]]:
    """For each agent of the group, when she works."""
    of_day: list[list[tuple[float, float]]] = []
    if group.shifts:
        for shift in group.shifts:
            of_day += [[(shift.from_h * HOUR_S, shift.to_h * HOUR_S)] for _ in range(shift.count)]
    else:
        counts = [group.count(period) for period in range(scenario.periods)]
        of_day = [list(_runs(counts, n, scenario.period_s, scenario.length_s)) for n in range(group.size)]
    return [_over_days(scenario, spans) for spans in of_day]


def _runs(counts: list[int], n: int, period_s: float, length_s: float) -> Iterator[tuple[float, float]]:
    """The stretches of periods in which the group counts more than `n` agents."""
    began: int | None = None
    for period, count in enumerate([*counts, 0]):
        if count > n and began is None:
            began = period
        elif count <= n and began is not None:
            yield began * period_s, min(period * period_s, length_s)
            began = None


def _over_days(scenario: Scenario, spans: list[tuple[float, float]]) -> list[_Span]:
    found: list[_Span] = []
    for day in range(scenario.days):
        starts, last = scenario.day_starts(day), day == scenario.days - 1
        for begins, ends in spans:
            if found and found[-1][1] == starts + begins:  # from one day into the next without going home
                begins = found.pop()[0] - starts
            to_the_end = ends >= scenario.length_s - 1e-9
            until = (None if last else scenario.day_starts(day + 1)) if to_the_end else starts + ends
            found.append((starts + begins, until))
    return found


def expected_calls(scenario: Scenario) -> float:
    """How many calls a replication has on average, without redials: what a progress bar needs."""
    per_day = math.fsum(
        each.rate_per_s(period) * min(scenario.period_s, scenario.length_s - period * scenario.period_s)
        for each in scenario.calls
        for period in range(scenario.periods)
    )
    return per_day * scenario.days
