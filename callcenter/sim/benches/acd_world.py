"""The workload of the benchmark `acd`: agents, queues and arrivals, the same for us and for each peer.

50 skills; every agent has five of them at levels 1 to 5; each of 1,000 queues needs one skill at level 1 to 3, has a
priority of 40 to 60, lowers its level every 20 s, and lets a caller wait 600 s at most. Calls come by a Poisson process
and keep an agent busy for Exp(300 s). Time is simulated.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

AHT_S: Final = 300.0
SKILLS: Final = 50
SKILLS_PER_AGENT: Final = 5
LEVEL_MAX: Final = 5
QUEUES: Final = 1_000
RELAX_EVERY_S: Final = 20.0
MAX_WAIT_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class QueueShape:
    """One queue: a skill, its least level, and the priority of its callers."""

    skill: int
    level: int
    priority: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call: when, for which queue, and how long it keeps an agent busy."""

    at: float
    queue: int
    busy_s: float


@dataclass(frozen=True, slots=True)
class AcdWorld:
    """A call center and its traffic."""

    agents: tuple[dict[int, int], ...]  # skill -> level
    queues: tuple[QueueShape, ...]
    load: float
    seed: int

    def arrivals(self, count: int) -> Iterator[Arrival]:
        """The calls, in order of time."""
        rng = random.Random(self.seed + 1)
        rate = len(self.agents) * self.load / AHT_S
        at = 0.0
        for _ in range(count):
            at += rng.expovariate(rate)
            yield Arrival(at, rng.randrange(len(self.queues)), rng.expovariate(1 / AHT_S))


def acd_world(agents: int, load: float, seed: int = 1) -> AcdWorld:
    """The workload for this many agents."""
    rng = random.Random(seed)
    people = tuple(
        {skill: rng.randint(1, LEVEL_MAX) for skill in rng.sample(range(SKILLS), SKILLS_PER_AGENT)}
        for _ in range(agents)
    )
    queues = tuple(QueueShape(rng.randrange(SKILLS), rng.randint(1, 3), rng.randint(40, 60)) for _ in range(QUEUES))
    return AcdWorld(people, queues, load, seed)
