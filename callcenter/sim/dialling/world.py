"""A campaign's day, event by event: dials, answers, agents, drops. Knows no rule of dialling.

People who answer wait for an agent, the one who waits longest first, and are lost after the grace: that is a drop.
Agents are nailed up: a person who waits is connected the moment one is free. Everything that a real dialler would be
told, the dialler is told, and nothing else.
"""

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from callcenter.sim.dialling.scenario import REFUSED_S, Scenario

GRACE_S: Final = 2.0


class Heard(StrEnum):
    """What a dialler is told of a line or of an agent."""

    DIALLED = "dialled"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    REFUSED = "refused"  # by the trunk
    DROPPED = "dropped"
    TALKED = "talked"  # seconds
    WRAPPED_UP = "wrapped_up"  # seconds


class Dialler(Protocol):
    """A rule with whatever it remembers."""

    @property
    def every_s(self) -> float:
        """It is asked no more often than so."""
        ...

    @property
    def at_events(self) -> bool:
        """Whether it is asked when something happened, or only in its own rhythm."""
        ...

    def hear(self, what: Heard, now: float, line: int, seconds: float) -> None:
        """Something happened."""
        ...

    def lines(self, floor: "Floor", now: float) -> int:
        """How many to dial now."""
        ...


class Floor:
    """What can be seen of the call center: since when who does what."""

    __slots__ = ("dialling", "lines_free", "on_contact", "ready", "waiting", "wrap_up")

    def __init__(self, agents: int, lines: int) -> None:
        self.ready: deque[float] = deque([0.0] * agents)
        self.on_contact: dict[int, float] = {}
        self.wrap_up: dict[int, float] = {}
        self.waiting: deque[tuple[int, float]] = deque()  # line, answered at
        self.dialling = 0
        self.lines_free = lines

    @property
    def crew(self) -> int:
        """How many agents there are."""
        return len(self.ready) + len(self.on_contact) + len(self.wrap_up)


@dataclass(slots=True, kw_only=True)
class Day:
    """What came of it, after the warm-up."""

    agents_s: float = 0.0  # agents times seconds
    busy_s: float = 0.0  # of these, in talk or wrap-up
    talk_s: float = 0.0
    dials: int = 0
    live: int = 0
    drops: int = 0
    asked: int = 0
    hours: list[tuple[int, int]] = field(default_factory=list)  # live answers and drops by hour, warm-up included

    @property
    def utilisation(self) -> float:
        """0..1."""
        return self.busy_s / self.agents_s if self.agents_s else 0.0

    @property
    def drop_share(self) -> float:
        """Drops by live answers, 0..1."""
        return self.drops / self.live if self.live else 0.0


class _Due(IntEnum):
    LINE = 0
    TALK = 1
    WRAP_UP = 2
    GRACE = 3
    ASK = 4
    CREW = 5


class World:
    """One run."""

    def __init__(self, scenario: Scenario, dialler: Dialler, seed: int) -> None:
        self._scenario, self._dialler = scenario, dialler
        streams = [random.Random(f"{seed} {name}") for name in ("dials", "talks", "wrap-ups")]
        self._luck = streams[0]
        self._talk = scenario.talk(streams[1])
        self._wrap_up = scenario.wrap_up(streams[2]) if scenario.wrap_up else None
        self._due: list[tuple[float, int, int, int]] = []
        self._serial = 0
        self._live: dict[int, bool | None] = {}  # by line: how it will end, None for a refusal
        self._leaving = 0
        self._asked_at = -1e9
        self._ask_due = False
        self._counted_until = 0.0
        self.floor = Floor(scenario.crew_at(0.0), scenario.lines)
        self.day = Day(hours=[(0, 0)] * (int(scenario.hours_s // 3600.0) + 1))

    def run(self) -> Day:
        """All of the day."""
        scenario, due = self._scenario, self._due
        for at, _ in scenario.crew:
            self._at(at, _Due.CREW, 0)
        self._at(0.0, _Due.ASK, 0)
        while due:
            now, _, kind, which = heapq.heappop(due)
            if now > scenario.hours_s:
                break
            self._count(now)
            if kind == _Due.LINE:
                self._line(which, now)
            elif kind == _Due.TALK:
                self._talked(which, now)
            elif kind == _Due.WRAP_UP:
                self._wrapped_up(which, now)
            elif kind == _Due.GRACE:
                self._out_of_time(which, now)
            elif kind == _Due.CREW:
                self._staff(now)
            if kind == _Due.ASK:
                self._ask_due = False
                self._ask(now)
            elif self._dialler.at_events:
                self._asks_soon(now)
        self._count(scenario.hours_s)
        return self.day

    def _at(self, when: float, kind: _Due, which: int) -> None:
        self._serial += 1
        heapq.heappush(self._due, (when, self._serial, kind, which))

    def _count(self, now: float) -> None:
        """Agents' time until now."""
        since = max(self._counted_until, self._scenario.warm_up_s)
        if now > since:
            floor, passed_s = self.floor, now - since
            self.day.agents_s += floor.crew * passed_s
            self.day.busy_s += (len(floor.on_contact) + len(floor.wrap_up)) * passed_s
            self.day.talk_s += len(floor.on_contact) * passed_s
        self._counted_until = now

    def _asks_soon(self, now: float) -> None:
        if now >= self._asked_at + self._dialler.every_s:
            self._ask(now)
        elif not self._ask_due:
            self._ask_due = True
            self._at(self._asked_at + self._dialler.every_s, _Due.ASK, 0)

    def _ask(self, now: float) -> None:
        self._asked_at = now
        self.day.asked += 1
        wanted = min(max(self._dialler.lines(self.floor, now), 0), self.floor.lines_free)
        for _ in range(wanted):
            self._dial(now)
        if not self._dialler.at_events or not self._ask_due:
            self._ask_due = True
            self._at(now + (self._dialler.every_s if not self._dialler.at_events else 2.0), _Due.ASK, 0)

    def _dial(self, now: float) -> None:
        self._serial += 1
        line, floor = self._serial, self.floor
        fate = self._scenario.fates(self._luck, now)
        out = any(since <= now < until for since, until in self._scenario.outages)
        self._live[line] = None if out else fate.live
        floor.dialling += 1
        floor.lines_free -= 1
        self.day.dials += now >= self._scenario.warm_up_s
        self._dialler.hear(Heard.DIALLED, now, line, 0.0)
        self._at(now + (REFUSED_S if out else fate.after_s), _Due.LINE, line)

    def _line(self, line: int, now: float) -> None:
        floor, live = self.floor, self._live.pop(line)
        floor.dialling -= 1
        if not live:
            floor.lines_free += 1
            self._dialler.hear(Heard.REFUSED if live is None else Heard.UNANSWERED, now, line, 0.0)
            return
        self._dialler.hear(Heard.ANSWERED, now, line, 0.0)
        self._tally(now, 1, 0)
        floor.waiting.append((line, now))
        self._connect(now)
        if floor.waiting and floor.waiting[-1][0] == line:
            self._at(now + GRACE_S, _Due.GRACE, line)

    def _connect(self, now: float) -> None:
        floor = self.floor
        while floor.waiting and floor.ready:
            line, _ = floor.waiting.popleft()
            floor.ready.popleft()
            floor.on_contact[line] = now
            self._at(now + self._talk(), _Due.TALK, line)

    def _out_of_time(self, line: int, now: float) -> None:
        waiting = self.floor.waiting
        if waiting and waiting[0][0] == line:  # they leave in the order in which they came
            waiting.popleft()
            self.floor.lines_free += 1
            self._tally(now, 0, 1)
            self._dialler.hear(Heard.DROPPED, now, line, 0.0)

    def _talked(self, line: int, now: float) -> None:
        began = self.floor.on_contact.pop(line)
        self.floor.lines_free += 1
        self._dialler.hear(Heard.TALKED, now, line, now - began)
        if self._wrap_up is None:
            self._dialler.hear(Heard.WRAPPED_UP, now, line, 0.0)
            self._free(now)
        else:
            self.floor.wrap_up[line] = now
            self._at(now + self._wrap_up(), _Due.WRAP_UP, line)

    def _wrapped_up(self, line: int, now: float) -> None:
        began = self.floor.wrap_up.pop(line)
        self._dialler.hear(Heard.WRAPPED_UP, now, line, now - began)
        self._free(now)

    def _free(self, now: float) -> None:
        if self._leaving:
            self._leaving -= 1
            return
        self.floor.ready.append(now)
        self._connect(now)

    def _staff(self, now: float) -> None:
        """Agents come, or go: the ready at once, the others when they are free, and nobody knows which before."""
        floor, wanted = self.floor, self._scenario.crew_at(now)
        missing = wanted - (floor.crew - self._leaving)
        while missing > 0 and self._leaving:
            self._leaving, missing = self._leaving - 1, missing - 1
        for _ in range(missing):
            floor.ready.append(now)
        self._connect(now)
        for _ in range(-missing):
            if floor.ready:
                floor.ready.pop()
            else:
                self._leaving += 1

    def _tally(self, now: float, live: int, drops: int) -> None:
        hour = int(now // 3600.0)
        before = self.day.hours[hour]
        self.day.hours[hour] = (before[0] + live, before[1] + drops)
        if now >= self._scenario.warm_up_s:
            self.day.live += live
            self.day.drops += drops
