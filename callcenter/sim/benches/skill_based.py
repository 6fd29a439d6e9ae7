"""Skills-based routing with an exact answer: first come first served, assigned to the longest idle (FCFS-ALIS).

Several types of calls, agents who each serve some of the types, Poisson arrivals, exponential times with one mean. A
freed agent takes the caller who has waited longest of those she can serve, a call goes to the agent who has been idle
longest of those who can serve it: what the Engine does with equal priorities and `longest_idle`. The stationary
distribution has a product form:

    Visschers, Adan and Weiss, A product form solution to a system with multi-type jobs and multi-type servers (2012);
    Adan and Weiss, A skill based parallel service system under FCFS-ALIS (2014).

For an order of the busy agents M1 ... Mi, by the age of the calls they have, n_j callers stand between Mj and the next,
all of types that only M1 ... Mj serve; its weight is the product of lambda(U)^n_j / mu^(n_j + 1) over the nested sets
of busy agents, and of 1 / lambda(C) over those of idle ones, the longest idle first. Sums over all orders of a
set are built up from its subsets, so the work grows with 2^agents and not with their permutations.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

AGENTS_MAX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFigures:
    """What callers of one type meet; the mean wait is of all, in the unit of the rates."""

    p_wait: float
    wait: float


def fcfs_alis(arrivals: Mapping[str, float], agents: Sequence[frozenset[str]], rate: float) -> dict[str, TypeFigures]:
    """P(wait) and mean wait by type; `agents` are the types that each serves, all at the same `rate`.

    Raises ValueError if there are too many agents, or some types are too much for those who serve them.
    """
    if len(agents) > AGENTS_MAX:
        raise ValueError(f"{len(agents)} agents have 2^{len(agents)} sets; at most {AGENTS_MAX}")
    sets, everybody = range(1 << len(agents)), (1 << len(agents)) - 1
    serving = {kind: sum(1 << n for n, kinds in enumerate(agents) if kind in kinds) for kind in arrivals}
    only = [math.fsum(arrivals[k] for k, by in serving.items() if by & ~busy == 0) for busy in sets]
    compatible = [math.fsum(arrivals[k] for k, by in serving.items() if by & idle) for idle in sets]
    speed = [busy.bit_count() * rate for busy in sets]
    if any(only[busy] >= speed[busy] for busy in sets if busy):
        raise ValueError("more calls of some types than those who serve them can take")
    busy_weight, idle_weight = [1.0] * len(sets), [1.0] * len(sets)
    queue = {kind: [0.0] * len(sets) for kind in arrivals}  # weight x callers of the type in line
    for chosen in sets[1:]:
        before = [chosen & ~(1 << n) for n in range(len(agents)) if chosen >> n & 1]
        room = speed[chosen] - only[chosen]
        reached = math.fsum(busy_weight[fewer] for fewer in before)
        busy_weight[chosen] = reached / room
        idle_weight[chosen] = math.fsum(idle_weight[fewer] for fewer in before) / compatible[chosen]
        for kind, lines in queue.items():
            own = arrivals[kind] if serving[kind] & ~chosen == 0 else 0.0
            lines[chosen] = (math.fsum(lines[fewer] for fewer in before) + reached * own / room) / room
    weights = [busy_weight[busy] * idle_weight[everybody & ~busy] for busy in sets]
    total = math.fsum(weights)
    return {
        kind: TypeFigures(
            p_wait=math.fsum(weights[busy] for busy in sets if by & ~busy == 0) / total,
            wait=math.fsum(queue[kind][busy] * idle_weight[everybody & ~busy] for busy in sets)
            / total
            / arrivals[kind],
        )
        for kind, by in serving.items()
    }
