"""Who else decides: three peers for the benchmark `acd`, each on the same workload.

- `Naive`: looks at every agent for every call, and at every waiting call for every agent who becomes free.
- `Assignment`: `scipy.optimize.linear_sum_assignment` over batches of calls and the free agents.
- `BareIndex`: per-skill heaps and FIFO lines and nothing else: no states, timers, offers or facts. The ceiling.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from callcenter.sim.benches.acd_world import LEVEL_MAX, AcdWorld, Arrival, QueueShape

CLOCK_LOOKS: Final = 2_001
BATCH: Final = 100


class Naive:
    """No index at all."""

    def __init__(self, world: AcdWorld) -> None:
        self._agents = world.agents
        self._queues = world.queues
        self._free_since: dict[int, float] = dict.fromkeys(range(len(world.agents)), 0.0)
        self._waiting: list[tuple[int, float, int]] = []  # -priority, since, queue

    def arrive(self, call: Arrival) -> int | None:
        """The agent who gets the call, or None: it waits."""
        queue = self._queues[call.queue]
        best, best_since = None, 0.0
        for agent, skills in enumerate(self._agents):
            since = self._free_since.get(agent)
            if since is None or skills.get(queue.skill, 0) < queue.level:
                continue
            if best is None or since < best_since:
                best, best_since = agent, since
        if best is None:
            self._waiting.append((-queue.priority, call.at, call.queue))
        else:
            del self._free_since[best]
        return best

    def release(self, agent: int, now: float) -> bool:
        """The agent is free: whether she got a waiting call at once."""
        skills = self._agents[agent]
        best = None
        for place, (priority, since, number) in enumerate(self._waiting):
            queue = self._queues[number]
            if skills.get(queue.skill, 0) >= queue.level and (best is None or (priority, since) < best[:2]):
                best = (priority, since, place)
        if best is None:
            self._free_since[agent] = now
            return False
        del self._waiting[best[2]]
        return True


class BareIndex:
    """Heaps of free agents per skill and level, heaps of waiting calls per skill and level."""

    def __init__(self, world: AcdWorld) -> None:
        self._agents = world.agents
        self._queues = world.queues
        self._stamp = [0] * len(world.agents)
        self._free: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
        self._lines: dict[tuple[int, int], list[tuple[int, float, int]]] = {}
        for agent in range(len(world.agents)):
            self._list(agent, 0.0)

    def arrive(self, call: Arrival) -> int | None:
        """The agent who gets the call, or None: it waits."""
        queue = self._queues[call.queue]
        best: tuple[float, int, int] | None = None
        for level in range(queue.level, LEVEL_MAX + 1):
            heap = self._free.get((queue.skill, level))
            while heap and self._stamp[heap[0][1]] != heap[0][2]:
                heapq.heappop(heap)
            if heap and (best is None or heap[0] < best):
                best = heap[0]
        if best is None:
            line = self._lines.setdefault((queue.skill, queue.level), [])
            heapq.heappush(line, (-queue.priority, call.at, call.queue))
            return None
        self._stamp[best[1]] += 1
        return best[1]

    def release(self, agent: int, now: float) -> bool:
        """The agent is free: whether she got a waiting call at once."""
        best: list[tuple[int, float, int]] | None = None
        for skill, has in self._agents[agent].items():
            for level in range(1, has + 1):
                line = self._lines.get((skill, level))
                if line and (best is None or line[0] < best[0]):
                    best = line
        if best is None:
            self._list(agent, now)
            return False
        heapq.heappop(best)
        return True

    def _list(self, agent: int, now: float) -> None:
        self._stamp[agent] += 1
        entry = (now, agent, self._stamp[agent])
        for skill, level in self._agents[agent].items():
            heapq.heappush(self._free.setdefault((skill, level), []), entry)


class Assignment:
    """Batches of calls against all free agents, as an assignment problem."""

    def __init__(self, world: AcdWorld) -> None:
        self._agents = world.agents
        self._queues = world.queues
        self._free: dict[int, float] = dict.fromkeys(range(len(world.agents)), 0.0)
        self._batch: deque[Arrival] = deque()

    def decide_batch(self, calls: list[Arrival], now: float) -> int:
        """How many of the calls got an agent; those agents are busy from then on."""
        import numpy
        from scipy.optimize import linear_sum_assignment

        agents = list(self._free)
        since = numpy.array([self._free[agent] for agent in agents])
        cost = numpy.full((len(calls), len(agents)), 1e9)
        for row, call in enumerate(calls):
            queue: QueueShape = self._queues[call.queue]
            suited = numpy.array([self._agents[agent].get(queue.skill, 0) >= queue.level for agent in agents])
            cost[row, suited] = since[suited] - now
        rows, columns = linear_sum_assignment(cost)
        taken = [agents[column] for row, column in zip(rows, columns, strict=True) if cost[row, column] < 1e9]
        for agent in taken:
            del self._free[agent]
        return len(taken)

    def release_all(self, now: float) -> None:
        """Everybody is free again, for the next batch."""
        self._free = dict.fromkeys(range(len(self._agents)), now)


def decisions_per_s(peer: "Naive | BareIndex", world: AcdWorld, count: int, clock: Callable[[], int]) -> float:
    """Decisions (arrivals and releases) per second of the peer's own time, by a clock of nanoseconds."""
    spent, decided, own_ns = 0, 0, cost_ns(clock)
    busy: list[tuple[float, int]] = []
    for call in world.arrivals(count):
        while busy and busy[0][0] <= call.at:
            at, agent = heapq.heappop(busy)
            started = clock()
            took = peer.release(agent, at)
            spent += clock() - started
            decided += 1
            if took:
                heapq.heappush(busy, (at + call.busy_s, agent))
        started = clock()
        chosen = peer.arrive(call)
        spent += clock() - started
        decided += 1
        if chosen is not None:
            heapq.heappush(busy, (call.at + call.busy_s, chosen))
    return decided / (max(spent - decided * own_ns, 1) / 1e9)


def cost_ns(clock: Callable[[], int]) -> int:
    """What a look at the clock adds to what is measured between two looks: the median of many."""
    looks = []
    for _ in range(CLOCK_LOOKS):
        started = clock()
        looks.append(clock() - started)
    return sorted(looks)[len(looks) // 2]


def assignment_per_s(world: AcdWorld, batches: int) -> float:
    """Decisions per second of the assignment solver, one per call in a batch."""
    peer = Assignment(world)
    calls = list(world.arrivals(BATCH * batches))
    started = time.process_time()
    for number in range(batches):
        batch = calls[number * BATCH : (number + 1) * BATCH]
        peer.decide_batch(batch, batch[-1].at)
        peer.release_all(batch[-1].at)
    return len(calls) / (time.process_time() - started)
