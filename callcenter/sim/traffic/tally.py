"""Counts what the Engine concluded in one run: contacts, visits to queues, agents' time, in cells of simulated time.

Knows facts and the grid of time; knows no formula (`figures`) and no interval of confidence (`estimates`). A cell is a
stretch of measured time that lies in one period of the day and one batch of the run; what came before the warm-up's
end, or between two days, is in no cell. A call is counted where it came, time is counted where it passed.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callcenter.model.agent import AgentState
from callcenter.model.contact import QueueExit
from callcenter.model.facts import AgentChanged, ContactConnected, ContactOffered, QueueLeft
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.sim.traffic.calls import SAME_MOMENT_S, Outcome
from callcenter.sim.traffic.drive import Watch
from callcenter.sim.traffic.scenario import Scenario

NO_THRESHOLD_S = 20.0  # for callers who never came into a queue


@dataclass(frozen=True, slots=True)
class Cell:
    """Measured time from `begins` to `ends`, both on the clock."""

    begins: float
    ends: float
    period: int
    batch: int


class Grid:
    """The cells of a run, in order."""

    def __init__(self, scenario: Scenario, batches: int) -> None:
        self.cells = tuple(_cells(scenario, batches))
        self._begins = [cell.begins for cell in self.cells]

    def at(self, time: float) -> int:
        """The cell in which a moment lies, or -1."""
        found = bisect_right(self._begins, time) - 1
        return found if found >= 0 and time < self.cells[found].ends else -1

    def spread(self, begins: float, ends: float) -> Iterator[tuple[int, float]]:
        """The cells that a stretch of time touches, and how long it is in each."""
        at = max(bisect_right(self._begins, begins) - 1, 0)
        for index in range(at, len(self.cells)):
            cell = self.cells[index]
            if cell.begins >= ends:
                return
            inside = min(ends, cell.ends) - max(begins, cell.begins)
            if inside > 0:
                yield index, inside


def _cells(scenario: Scenario, batches: int) -> Iterator[Cell]:
    warm_up_s = scenario.warm_up_h * 3600
    measured = scenario.days * scenario.length_s - warm_up_s
    each = measured / batches
    done, batch = 0.0, 0
    for day in range(scenario.days):
        starts = scenario.day_starts(day)
        for period in range(scenario.periods):
            begins = max(period * scenario.period_s, warm_up_s if day == 0 else 0.0)
            ends = min((period + 1) * scenario.period_s, scenario.length_s)
            while begins < ends - 1e-9:
                room = (batch + 1) * each - done if batch < batches - 1 else ends - begins
                until = min(ends, begins + room)
                yield Cell(starts + begins, starts + until, period, batch)
                done += until - begins
                begins = until
                if done >= (batch + 1) * each - 1e-6 and batch < batches - 1:
                    batch += 1


@dataclass(slots=True)
class Contacts:
    """Calls (or visits to a queue) that came in one cell. Waits are in queues, in seconds."""

    offered: int = 0
    served: int = 0
    abandoned: int = 0
    in_time: int = 0  # served within the threshold
    abandoned_in_time: int = 0  # abandoned within it
    delayed: int = 0  # no agent was free at once
    again: int = 0  # tries after the first
    wait_s: float = 0.0  # of all
    wait_served_s: float = 0.0
    wait_abandoned_s: float = 0.0
    talk_s: float = 0.0
    waits: "array[float]" = field(default_factory=lambda: array("d"))  # of the served, one by one
    waiting_s: float = 0.0  # waiting that happened in this cell, whenever the caller came

    def add(self, other: "Contacts") -> None:
        """Both together."""
        self.offered += other.offered
        self.served += other.served
        self.abandoned += other.abandoned
        self.in_time += other.in_time
        self.abandoned_in_time += other.abandoned_in_time
        self.delayed += other.delayed
        self.again += other.again
        self.wait_s += other.wait_s
        self.wait_served_s += other.wait_served_s
        self.wait_abandoned_s += other.wait_abandoned_s
        self.talk_s += other.talk_s
        self.waits.extend(other.waits)
        self.waiting_s += other.waiting_s


@dataclass(slots=True)
class Work:
    """Agents' time in one cell, in seconds, by what the system had them doing; and the calls they took."""

    ready_s: float = 0.0
    offered_s: float = 0.0
    talk_s: float = 0.0
    wrap_up_s: float = 0.0
    away_s: float = 0.0  # logged in and not ready: paused, or resting after a missed offer
    taken: int = 0

    def add(self, other: "Work") -> None:
        """Both together."""
        self.ready_s += other.ready_s
        self.offered_s += other.offered_s
        self.talk_s += other.talk_s
        self.wrap_up_s += other.wrap_up_s
        self.away_s += other.away_s
        self.taken += other.taken


_FIELD_OF = {
    AgentState.READY: "ready_s",
    AgentState.OFFERED: "offered_s",
    AgentState.ON_CONTACT: "talk_s",
    AgentState.WRAP_UP: "wrap_up_s",
    AgentState.NOT_READY: "away_s",
}


class Counting:
    """What a run leaves: `kinds`, `queues` and `groups` by name and cell."""

    def __init__(self, scenario: Scenario, grid: Grid, group_of: Mapping[AgentId, str]) -> None:
        self.kinds: dict[tuple[str, int], Contacts] = {}
        self.queues: dict[tuple[str, int], Contacts] = {}
        self.groups: dict[tuple[str, int], Work] = {}
        self._grid = grid
        self._group_of = group_of
        self._rung: dict[ContactId, float] = {}  # who waits -> when the first phone rang for it in this queue
        self._threshold_s = {name: queue.service_level_s for name, queue in scenario.configuration.queues.items()}

    def watch(self) -> Watch:
        """The facts that are needed."""
        return {
            ContactOffered: self._offered,
            QueueLeft: self._queue_left,
            AgentChanged: self._agent_changed,
            ContactConnected: self._connected,
        }

    def ended(self, outcome: Outcome) -> None:
        """A contact is over."""
        summary, call = outcome.summary, outcome.call
        queue = summary.queue
        if summary.wait_s > 0:
            began = call.at + summary.flow_s
            for cell, seconds in self._grid.spread(began, began + summary.wait_s):
                self._kind(call.kind, cell).waiting_s += seconds
        cell = self._grid.at(call.at)
        if cell < 0:
            return
        threshold = self._threshold_s.get(queue, NO_THRESHOLD_S) if queue is not None else NO_THRESHOLD_S
        one = self._kind(call.kind, cell)
        one.offered += 1
        one.wait_s += summary.wait_s
        if outcome.delayed:
            one.delayed += 1
        if call.tries > 1:
            one.again += 1
        if outcome.served:
            one.served += 1
            one.wait_served_s += summary.wait_s
            one.talk_s += summary.talk_s + summary.forward_s
            one.waits.append(summary.wait_s)
            if summary.wait_s <= threshold:
                one.in_time += 1
        elif outcome.abandoned:
            one.abandoned += 1
            one.wait_abandoned_s += summary.wait_s
            if summary.wait_s <= threshold:
                one.abandoned_in_time += 1

    def _kind(self, name: str, cell: int) -> Contacts:
        found = self.kinds.get((name, cell))
        if found is None:
            found = self.kinds[name, cell] = Contacts()
        return found

    def _queue(self, name: QueueName, cell: int) -> Contacts:
        found = self.queues.get((name, cell))
        if found is None:
            found = self.queues[name, cell] = Contacts()
        return found

    def _offered(self, offered: ContactOffered, now: float) -> None:
        self._rung.setdefault(offered.contact, now)

    def _queue_left(self, left: QueueLeft, now: float) -> None:
        rung = self._rung.pop(left.contact, None)
        if left.callback:
            return  # nobody was on the line; callbacks are counted apart
        for cell, seconds in self._grid.spread(left.entered, now):
            self._queue(left.queue, cell).waiting_s += seconds
        cell = self._grid.at(left.entered)
        if cell < 0:
            return
        one = self._queue(left.queue, cell)
        one.offered += 1
        one.wait_s += left.waited_s
        if rung is None or rung > left.entered + SAME_MOMENT_S:  # of those who do not wait at all too: as of a call
            one.delayed += 1
        in_time = left.waited_s <= left.service_level_s
        if left.exit is QueueExit.CONNECTED:
            one.served += 1
            one.wait_served_s += left.waited_s
            one.waits.append(left.waited_s)
            one.in_time += in_time
        elif left.exit is QueueExit.ABANDONED:
            one.abandoned += 1
            one.wait_abandoned_s += left.waited_s
            one.abandoned_in_time += in_time

    def _agent_changed(self, changed: AgentChanged, now: float) -> None:
        if changed.was_status == "logged_out" and changed.was_state is AgentState.NOT_READY:
            return
        if changed.since >= now:
            return
        group, doing = self._group_of[changed.agent], _FIELD_OF[changed.was_state]
        for cell, seconds in self._grid.spread(changed.since, now):
            work = self._work(group, cell)
            setattr(work, doing, getattr(work, doing) + seconds)

    def _connected(self, connected: ContactConnected, now: float) -> None:
        cell = self._grid.at(now)
        if cell >= 0:
            self._work(self._group_of[connected.agent], cell).taken += 1

    def _work(self, group: str, cell: int) -> Work:
        found = self.groups.get((group, cell))
        if found is None:
            found = self.groups[group, cell] = Work()
        return found
