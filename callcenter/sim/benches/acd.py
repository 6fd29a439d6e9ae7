"""Benchmark `acd`: how fast does the real Engine decide, beside a scan, a solver and a bare index?

Every call goes through the whole Engine: it arrives, walks a flow into its queue, is offered, answered and ended, with
priorities, relaxation, time-outs and all facts. A decision is an arrival or a release, together with the answer to the
offer that it led to; its time is that of the Engine alone. The time of deadlines that fall due in between (relaxation,
longest wait) counts in decisions per second, but they do not count as decisions.

All times are of the processor, ours and the peers': what others do on the machine meanwhile is not in them, but for the
caches that they take.
"""

import gc
import heapq
import resource
import time
from dataclasses import dataclass
from typing import Final

from callcenter.core.engine import Engine
from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.commands import RingAgent
from callcenter.model.configuration import Configuration
from callcenter.model.contact import LegEnd, Medium
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    ContactArrived,
    EngineStarted,
    Event,
    LegAnswered,
    LegEnded,
    PhoneChanged,
    TimePassed,
)
from callcenter.model.flow import Flow
from callcenter.model.ids import AgentId, FlowName, LegId, QueueName, RequestId, Skill
from callcenter.model.need import Need
from callcenter.model.queue import Queue, RelaxStep
from callcenter.nodes.enqueue import Enqueue
from callcenter.runtime.collector import calm_collector
from callcenter.sim.benches.acd_peers import BareIndex, Naive, assignment_per_s, cost_ns, decisions_per_s
from callcenter.sim.benches.acd_world import MAX_WAIT_S, RELAX_EVERY_S, AcdWorld, QueueShape, acd_world
from callcenter.sim.benches.report import AT_LEAST, AT_MOST, Figure, Report, Target

AGENTS: Final = 10_000
CALLS: Final = 150_000  # so 300,000 arrivals and releases per load
LOADS: Final = (0.95, 1.05)
SMALL_CALLS: Final = 20_000  # for the smaller centers and for the peers
NAIVE_CALLS: Final = 10_500  # enough to have every agent busy once
BATCHES: Final = 3
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run: nanoseconds per decision, sorted."""

    spent_ns: tuple[int, ...]
    deadlines_ns: int  # spent on deadlines between the decisions

    @property
    def per_s(self) -> float:
        """Decisions per second of the Engine's processor time."""
        return len(self.spent_ns) / ((sum(self.spent_ns) + self.deadlines_ns) / 1e9)

    def percentile_us(self, share: float) -> float:
        """Microseconds within which this share of the decisions were made."""
        return self.spent_ns[min(int(len(self.spent_ns) * share), len(self.spent_ns) - 1)] / 1e3


def configuration_of(world: AcdWorld) -> Configuration:
    """The workload's queues; number N leads to queue N."""
    queues = {QueueName(f"q{n}"): _queue(n, shape) for n, shape in enumerate(world.queues)}
    flows = {
        FlowName(f"f{n}"): Flow(name=FlowName(f"f{n}"), start="q", nodes={"q": Enqueue(queue=QueueName(f"q{n}"))})
        for n in range(len(world.queues))
    }
    return Configuration(
        queues=queues, flows=flows, numbers={str(n): FlowName(f"f{n}") for n in range(len(world.queues))}
    )


def engine_of(world: AcdWorld) -> Engine:
    """An Engine with the workload's agents, all logged in and free."""
    engine = Engine(configuration_of(world))
    engine.handle(EngineStarted(namespace="bench000", build=""), 0.0)
    for number, skills in enumerate(world.agents):
        agent = AgentId(f"a{number:05d}")
        saved = Agent(
            id=agent, name=agent, number=str(number), skills={Skill(f"s{s}"): level for s, level in skills.items()}
        )
        engine.handle(AgentSaved(request=RequestId(""), agent=saved), 0.0)
        engine.handle(PhoneChanged(number=str(number), state=PhoneState.REACHABLE), 0.0)
        wish = AgentStatusRequested(request=RequestId(""), agent=agent, status=AgentStatus.AVAILABLE)
        engine.handle(wish, 0.0)
    return engine


def measure(world: AcdWorld, calls: int) -> Measured:
    """Run the workload through an Engine. Phones are answered at once."""
    engine, clock, own_ns = engine_of(world), time.thread_time_ns, cost_ns(time.thread_time_ns)
    spent: list[int] = []
    deadlines: list[int] = []
    ends: list[tuple[float, LegId]] = []
    busy_s: dict[LegId, float] = {}

    def turn(event: Event, now: float, times: list[int]) -> None:
        started = clock()
        rings = [one for one in engine.handle(event, now) if type(one) is RingAgent]
        for ring in rings:
            engine.handle(LegAnswered(leg=ring.leg), now)
        times.append(max(clock() - started - own_ns, 0))
        for ring in rings:
            if ring.like is not None:  # no callbacks here
                heapq.heappush(ends, (now + busy_s.pop(ring.like), ring.like))

    def until(now: float) -> None:
        while True:
            deadline = engine.next_deadline()
            end = ends[0][0] if ends else now
            if deadline is not None and deadline <= min(end, now):
                turn(TimePassed(), deadline, deadlines)
            elif ends and end <= now:
                at, leg = heapq.heappop(ends)
                turn(LegEnded(leg=leg, end=LegEnd.NORMAL), at, spent)
            else:
                return

    calm_collector()  # as a running center does
    for number, call in enumerate(world.arrivals(calls)):
        until(call.at)
        leg = LegId(f"L{number}")
        busy_s[leg] = call.busy_s
        arrived = ContactArrived(leg=leg, medium=Medium.VOICE, caller="", dialled=str(call.queue))
        turn(arrived, call.at, spent)
    gc.unfreeze()
    return Measured(spent_ns=tuple(sorted(spent)), deadlines_ns=sum(deadlines))


def run() -> Report:
    """Ours and the peers', interleaved, medians of three."""
    runs: list[Measured] = []
    naive: list[float] = []
    index: list[float] = []
    solver: list[float] = []
    clock = time.thread_time_ns
    for turn in range(ROUNDS):
        world = acd_world(AGENTS, LOADS[turn % len(LOADS)])
        order = [True, False] if turn % 2 == 0 else [False, True]
        for our_turn in order:
            if our_turn:
                runs.append(measure(world, CALLS if turn < len(LOADS) else SMALL_CALLS))
            else:
                naive.append(decisions_per_s(Naive(world), world, NAIVE_CALLS, clock))
                index.append(decisions_per_s(BareIndex(world), world, SMALL_CALLS, clock))
                solver.append(assignment_per_s(world, BATCHES))
    by_agents = {
        str(n): round(_median([measure(acd_world(n, 0.95), SMALL_CALLS).per_s for _ in range(ROUNDS)]))
        for n in (100, 1_000)
    }
    ours_per_s = _median([one.per_s for one in runs])
    by_agents[str(AGENTS)] = round(ours_per_s)
    worst = max(runs[: len(LOADS)], key=lambda one: one.percentile_us(0.99))
    ours: dict[str, Figure] = {
        "decisions_per_s": round(ours_per_s),
        "p50_us": round(worst.percentile_us(0.5), 1),
        "p99_us": round(worst.percentile_us(0.99), 1),
        "p999_us": round(worst.percentile_us(0.999), 1),
        "rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "by_agents": by_agents,
    }
    peers = {"naive": _median(naive), "assignment": _median(solver), "index": _median(index)}
    ratios = {f"vs_{name}": round(ours_per_s / figure, 3) for name, figure in peers.items()}
    return Report(
        bench="acd",
        ours=ours,
        peers={name: {"decisions_per_s": round(figure)} for name, figure in peers.items()},
        ratios=ratios,
        targets=(
            Target(key="decisions_per_s", op=AT_LEAST, value=100_000),
            Target(key="p99_us", op=AT_MOST, value=50),
            Target(key="vs_naive", op=AT_LEAST, value=50),
            Target(key="vs_index", op=AT_LEAST, value=0.15),
        ),
        table=(
            ("who", "agents", "decisions/s", "p50 us", "p99 us"),
            ("engine", "10000", f"{ours_per_s:,.0f}", f"{ours['p50_us']}", f"{ours['p99_us']}"),
            *(("engine", n, f"{figure:,}", "", "") for n, figure in by_agents.items() if n != str(AGENTS)),
            *((name, "10000", f"{figure:,.0f}", "", "") for name, figure in peers.items()),
        ),
    )


def _queue(number: int, shape: QueueShape) -> Queue:
    steps = tuple(
        RelaxStep(after_s=RELAX_EVERY_S * (step + 1), needs=_need(shape.skill, shape.level - step - 1))
        for step in range(shape.level - 1)
    )
    return Queue(
        name=QueueName(f"q{number}"),
        needs=_need(shape.skill, shape.level),
        priority=shape.priority,
        relax=steps,
        max_wait_s=MAX_WAIT_S,
        record=False,
    )


def _need(skill: int, level: int) -> Need:
    return Need(alternatives=(((Skill(f"s{skill}"), level),),))


def _median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]
