"""Queues that have an exact answer: Erlang C, Erlang A, and two priorities. Knows formulas; simulates nothing.

`offered_erl` is arrival rate x mean service time. Arrivals are Poisson, service times exponential, first come, first
served unless there are classes.
"""

import math
from dataclasses import dataclass
from typing import Final

NEGLIGIBLE: Final = 1e-15  # probability of a state, relative to the likeliest, at which the sum is cut


def erlang_b(offered_erl: float, agents: int) -> float:
    """Share of calls that find all agents busy where nobody can wait.

    B(n) = a B(n-1) / (n + a B(n-1)): Cooper, Introduction to Queueing Theory (1981), 5.34. It neither
    overflows nor cancels.
    """
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = offered_erl * blocked / (n + offered_erl * blocked)
    return blocked


def erlang_c(offered_erl: float, agents: int) -> float:
    """Share of calls that wait where all wait: C = B / (1 - (a/n)(1 - B)). Raises ValueError unless a < n."""
    if not offered_erl < agents:
        raise ValueError(f"{offered_erl:g} erlang are too much for {agents} agents")
    blocked = erlang_b(offered_erl, agents)
    return blocked / (1 - offered_erl / agents * (1 - blocked))


def erlang_c_asa(offered_erl: float, agents: int, service: float) -> float:
    """Mean wait of all calls, in the unit of the mean service time: C s / (n - a)."""
    return erlang_c(offered_erl, agents) * service / (agents - offered_erl)


def erlang_c_within(offered_erl: float, agents: int, service: float, limit: float) -> float:
    """Share of calls answered within `limit`: 1 - C exp(-(n - a) t / s)."""
    return 1 - erlang_c(offered_erl, agents) * math.exp(-(agents - offered_erl) * limit / service)


def few_places(offered_erl: float, agents: int, places: int) -> tuple[float, float]:
    """M/M/n/n+K, where only `places` can wait: the share of calls turned away, and the share that wait.

    From Erlang B: the weights of the states with k waiting are B, B r, B r^2 ... B r^K beside 1 - B, with r = a / n.
    """
    blocked, load = erlang_b(offered_erl, agents), offered_erl / agents
    weights = [blocked * load**waiting for waiting in range(places + 1)]
    total = 1 - blocked + math.fsum(weights)
    return weights[-1] / total, math.fsum(weights[:-1]) / total


@dataclass(frozen=True, slots=True, kw_only=True)
class ErlangA:
    """What M/M/n+M gives; the wait is the mean of all calls, served or not, in the unit of the rates."""

    p_wait: float
    p_abandon: float
    wait: float
    utilisation: float


def erlang_a(agents: int, arrivals: float, service: float, patience: float) -> ErlangA:
    """M/M/n+M with these rates per unit of time, summed from its birth and death process.

    Palm (1957); Garnett, Mandelbaum and Reiman, Designing a call center with impatient customers (2002), section 3.
    P(abandon) = patience rate x mean queue / arrival rate, mean wait = mean queue / arrival rate (Little).
    """
    logs = [0.0]  # logarithm of each state's weight, relative to the empty system
    highest, callers = 0.0, 0
    while callers <= agents or logs[-1] > highest + math.log(NEGLIGIBLE):
        callers += 1
        leaves = min(callers, agents) * service + max(callers - agents, 0) * patience
        logs.append(logs[-1] + math.log(arrivals / leaves))
        highest = max(highest, logs[-1])
    weights = [math.exp(log - highest) for log in logs]
    total = math.fsum(weights)
    queue = math.fsum((n - agents) * weight for n, weight in enumerate(weights) if n > agents) / total
    abandon = patience * queue / arrivals
    return ErlangA(
        p_wait=math.fsum(weights[agents:]) / total,
        p_abandon=abandon,
        wait=queue / arrivals,
        utilisation=arrivals * (1 - abandon) / (agents * service),
    )


def priority_waits(agents: int, arrivals: tuple[float, ...], service: float) -> tuple[float, ...]:
    """Mean wait of each class, highest first, in one pool without pre-emption; `service` is the common rate.

    W_k = C / (n mu (1 - s_(k-1)) (1 - s_k)), s_k the load of the classes up to k: Cobham, Priority assignment in
    waiting line problems (1954); for several servers Kella and Yechiali (1985).
    """
    capacity = agents * service
    delayed = erlang_c(sum(arrivals) / service, agents)
    waits, before = [], 0.0
    for rate in arrivals:
        upto = before + rate / capacity
        waits.append(delayed / (capacity * (1 - before) * (1 - upto)))
        before = upto
    return tuple(waits)
