"""Benchmark `waits`: do forecasts come true? The real Engine, driven through traffic whose randomness is known.

Each caller who has to wait is predicted a p50 and a p90 on coming in; what came true is counted. Who gives up is
counted by Kaplan and Meier's estimate: leaving her out would flatter. The peer is the formula that most call centers
speak: place in line x mean handle time / agents logged in who could serve. Its error is measured on the very same
callers.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from callcenter.core.state import Outlook
from callcenter.model.agent import Agent
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Medium, QueueExit
from callcenter.model.events import Event
from callcenter.model.facts import QueueLeft, TalkEnded, WaitPredicted
from callcenter.model.ids import AgentId, ContactId, QueueName, Skill
from callcenter.model.need import parse_need
from callcenter.model.queue import Queue, RelaxStep
from callcenter.model.routing import Routing
from callcenter.sim.benches.report import WITHIN, Figure, Report, Target
from callcenter.sim.traffic.calls import Call, Entrance, entrances
from callcenter.sim.traffic.drive import Drive, Habits, comes_to_work, goes_home

CALLS: Final = 4_000  # per case and seed
SEEDS: Final = (1, 2, 3)  # one congestion is one draw: the waits in it come true or not together
SEED: Final = 1
HANDLE_S: Final = 300.0
TOLERANCE: Final = 0.05  # of a coverage
SIZES: Final = ((10, 10), (100, 10), (10, 100), (100, 100), (1_000, 100), (100, 1_000), (1_000, 1_000), (5_000, 1_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Calls to one queue: so many an hour, with these draws of talk and patience."""

    queue: str
    per_h: float
    talk_s: Callable[[Random], float]
    patience_s: Callable[[Random], float] = lambda _: math.inf
    priority: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One call center and its traffic."""

    name: str
    queues: tuple[Queue, ...]
    staff: tuple[tuple[int, str], ...]  # (how many, skills such as "a:3 b:1")
    traffic: tuple[Traffic, ...]
    shifts: Callable[[Sequence[Agent]], Iterator[tuple[float, Event]]] | None = None
    habits: Habits = field(default=Habits())
    order: str = "priority"


@dataclass(slots=True, kw_only=True)
class Truth:
    """What was predicted and what came true, per caller who had to wait: (predicted, waited, served, peer's)."""

    seen: list[tuple[float, float, float, bool, float]] = field(default_factory=list)

    def held(self, of: int) -> float:
        """The share whose wait was no longer than p50 (0) or p90 (1)."""
        return kaplan_meier([(one[2] / max(one[of], 1e-9), one[3]) for one in self.seen])

    def error_s(self, of: int) -> float:
        """Mean |waited - predicted| of those served: p50 (0), the peer's (4)."""
        served = [one for one in self.seen if one[3]]
        return sum(abs(one[2] - one[of]) for one in served) / len(served)

    def bias_s(self, of: int) -> float:
        """Mean of waited - predicted of those served."""
        served = [one for one in self.seen if one[3]]
        return sum(one[2] - one[of] for one in served) / len(served)


def kaplan_meier(seen: list[tuple[float, bool]]) -> float:
    """The share of (ratio, whether it was observed) that is at most 1."""
    at_risk, longer = len(seen), 1.0
    for ratio, observed in sorted(seen, key=lambda one: (one[0], not one[1])):
        if ratio > 1.0:
            break
        if observed:
            longer *= 1.0 - 1.0 / at_risk
        at_risk -= 1
    return 1.0 - longer


class Watcher:
    """Collects predictions, the peer's too, and their truth."""

    def __init__(self, configuration: Configuration) -> None:
        self.truth: dict[str, Truth] = {}
        self._configuration = configuration
        self._open: dict[ContactId, tuple[WaitPredicted, float, float]] = {}
        self._handled: dict[QueueName, tuple[int, float]] = {}
        self.drive: Drive | None = None

    def told(self, fact: WaitPredicted, now: float) -> None:
        """A prediction; the peer is asked at the same moment."""
        if not fact.entry or self.drive is None:
            return
        count, total = self._handled.get(fact.queue, (0, 0.0))
        able = sum(
            self._configuration.queues[fact.queue].needs.met_by(record.agent.able)
            for record in self.drive.engine.world.agents.records.values()
            if record.status.value == "available"
        )
        peer = fact.position * total / max(count, 1) / max(able, 1)
        self._open[fact.contact] = (fact, now, peer)

    def left(self, fact: QueueLeft, now: float) -> None:
        """What came true."""
        found = self._open.pop(fact.contact, None)
        if found is not None:
            told, at, peer = found
            served = fact.exit is QueueExit.CONNECTED
            truth = self.truth.setdefault(fact.queue, Truth())
            truth.seen.append((told.p50_s, told.p90_s, now - at, served, peer))

    def ended(self, fact: TalkEnded, now: float) -> None:
        """The peer learns its mean handle time: of all calls so far, which is more than it has in life."""
        count, total = self._handled.get(fact.queue, (0, 0.0))
        wrap_up_s = self._configuration.queues[fact.queue].wrap_up_s
        self._handled[fact.queue] = (count + 1, total + fact.talk_s + wrap_up_s)


def play(case: Case, calls: int = CALLS, seed: int = SEED) -> dict[str, Truth]:
    """Drive a case; by queue what was predicted and came true."""
    ways = [Entrance(queue=QueueName(one.queue), priority=one.priority) for one in case.traffic]
    queues = {queue.name: queue for queue in case.queues}
    configuration = entrances(Configuration(queues=queues, routing=Routing(order=case.order)), ways)
    agents = staff_of(case.staff)
    watcher = Watcher(configuration)
    drive = Drive(
        configuration,
        agents,
        events=case.shifts(agents) if case.shifts is not None else None,
        habits=case.habits,
        watch={WaitPredicted: watcher.told, QueueLeft: watcher.left, TalkEnded: watcher.ended},
    )
    watcher.drive = drive
    drive.run(_calls(case, ways, calls, Random(seed)))
    return watcher.truth


def _pooled(runs: Iterator[dict[str, Truth]]) -> dict[str, Truth]:
    """Several runs as one."""
    found: dict[str, Truth] = {}
    for one in runs:
        for queue, truth in one.items():
            found.setdefault(queue, Truth()).seen += truth.seen
    return found


def staff_of(staff: tuple[tuple[int, str], ...]) -> list[Agent]:
    """So many agents of each kind."""
    found: list[Agent] = []
    for many, text in staff:
        skills = {Skill(name): int(level) for name, level in (one.split(":") for one in text.split())}
        for _ in range(many):
            name = f"a{len(found):04d}"
            found.append(Agent(id=AgentId(name), name=name, number=name, skills=skills))
    return found


def _calls(case: Case, ways: list[Entrance], calls: int, random: Random) -> Iterator[Call]:
    total = sum(one.per_h for one in case.traffic) / 3600.0
    now = 10.0
    for serial in range(calls):
        now += random.expovariate(total)
        way, one = random.choices(list(zip(ways, case.traffic, strict=True)), [one.per_h for one in case.traffic])[0]
        talk_s, patience_s = one.talk_s(random), one.patience_s(random)
        yield Call(at=now, flow=way.flow, talk_s=talk_s, patience_s=patience_s, serial=serial)


# -- the cases ---------------------------------------------------------------------------------------------------------


def _exp(mean_s: float) -> Callable[[Random], float]:
    return lambda random: random.expovariate(1.0 / mean_s)


def _lognormal(mean_s: float, cv: float) -> Callable[[Random], float]:
    sigma2 = math.log(1.0 + cv * cv)
    return lambda random: random.lognormvariate(math.log(mean_s) - sigma2 / 2.0, math.sqrt(sigma2))


def _queue(name: str, needs: str = "", **rules: object) -> Queue:
    return Queue(name=QueueName(name), needs=parse_need(needs), record=False, forecast=True, **rules)  # type: ignore[arg-type]


def _half_leave(agents: Sequence[Agent]) -> Iterator[tuple[float, Event]]:
    """Every four hours a third of them goes for an hour and comes back."""
    for agent in agents:
        yield 0.0, comes_to_work(agent.id)
    for hour in range(4, 240, 4):
        for agent in agents[::3]:
            yield hour * 3600.0, goes_home(agent.id)
            yield (hour + 1) * 3600.0, comes_to_work(agent.id)


def _rings(random: Random) -> Habits:
    return Habits(answer_s=lambda _call, _agent: random.uniform(2.0, 9.0))


def cases() -> tuple[Case, ...]:
    """From the textbook to a call center."""
    talk, hour = _exp(HANDLE_S), 3600.0 / HANDLE_S
    return (
        Case(
            name="M/M/10, load .95",
            queues=(_queue("a"),),
            staff=((10, ""),),
            traffic=(Traffic(queue="a", per_h=9.5 * hour, talk_s=talk),),
        ),
        Case(
            name="M/G/10, lognormal, wrap-up, ringing",
            queues=(_queue("a", wrap_up_s=20.0),),
            staff=((10, ""),),
            traffic=(Traffic(queue="a", per_h=9.5 * 3600.0 / 325.5, talk_s=_lognormal(300.0, 0.8)),),
            habits=_rings(Random(SEED)),
        ),
        Case(
            name="M/M/10 + abandonment, load 1.1",
            queues=(_queue("a"),),
            staff=((10, ""),),
            traffic=(Traffic(queue="a", per_h=11 * hour, talk_s=talk, patience_s=_exp(240.0)),),
        ),
        Case(
            name="M/M/100 + abandonment, load 1.05",
            queues=(_queue("a"),),
            staff=((100, ""),),
            traffic=(Traffic(queue="a", per_h=105 * hour, talk_s=talk, patience_s=_exp(240.0)),),
        ),
        Case(
            name="two queues, 6 of 22 agents in both",
            queues=(_queue("a", "x"), _queue("b", "y")),
            staff=((8, "x:1"), (8, "y:1"), (6, "x:1 y:1")),
            traffic=(
                Traffic(queue="a", per_h=10.5 * 3600.0 / 200.0, talk_s=_lognormal(200.0, 1.0), patience_s=_exp(600.0)),
                Traffic(queue="b", per_h=11.5 * 3600.0 / 400.0, talk_s=_lognormal(400.0, 0.6), patience_s=_exp(600.0)),
            ),
        ),
        Case(
            name="priorities: a fifth overtakes",
            queues=(_queue("a"),),
            staff=((10, ""),),
            traffic=(
                Traffic(queue="a", per_h=8.0 * hour, talk_s=talk, patience_s=_exp(900.0)),
                Traffic(queue="a", per_h=2.0 * hour, talk_s=talk, patience_s=_exp(900.0), priority=80),
            ),
        ),
        Case(
            name="a third of the agents goes for an hour",
            queues=(_queue("a"),),
            staff=((15, ""),),
            traffic=(Traffic(queue="a", per_h=12.5 * hour, talk_s=talk, patience_s=_exp(600.0)),),
            shifts=_half_leave,
        ),
        Case(
            name="relaxation after 60 s",
            queues=(
                _queue("a", "x >= 3", relax=(RelaxStep(after_s=60.0, needs=parse_need("x")),)),
                _queue("b", "y"),
            ),
            staff=((6, "x:3"), (8, "x:1 y:1")),
            traffic=(
                Traffic(queue="a", per_h=6.2 * hour, talk_s=talk, patience_s=_exp(900.0)),
                Traffic(queue="b", per_h=6.8 * hour, talk_s=talk, patience_s=_exp(900.0)),
            ),
        ),
        Case(
            name="order service_level: 20 s and 180 s",
            queues=(_queue("a", service_level_s=20.0), _queue("b", service_level_s=180.0)),
            staff=((20, ""),),
            traffic=(
                Traffic(queue="a", per_h=10.0 * hour, talk_s=talk, patience_s=_exp(600.0)),
                Traffic(queue="b", per_h=11.0 * hour, talk_s=talk, patience_s=_exp(600.0)),
            ),
            order="service_level",
        ),
    )


# -- what a forecast costs ---------------------------------------------------------------------------------------------


def cost_ms(waiting: int, agents: int) -> tuple[float, bool]:
    """CPU milliseconds of one forecast of everybody, and whether it was simulated; the median of five."""
    way = Entrance(queue=QueueName("a"))
    configuration = entrances(Configuration(queues={QueueName("a"): _queue("a").__class__(name=QueueName("a"))}), [way])
    random = Random(SEED)
    drive = Drive(configuration, staff_of(((agents, ""),)))
    drive.run(
        [Call(at=1.0 + n * 1e-3, flow=way.flow, talk_s=random.expovariate(1 / 300.0)) for n in range(2 * agents)],
        until=1e6,
    )
    drive.run(
        [Call(at=2e6 + n * 1e-3, flow=way.flow, talk_s=1e5 + n) for n in range(agents + waiting)], until=2e6 + 100.0
    )
    queue, took = configuration.queues[QueueName("a")], []
    made: Outlook | None = None
    for _ in range(5):
        drive.engine.world.outlooks.clear()
        began = time.process_time()
        drive.engine.forecast.for_next(queue, Medium.VOICE)
        took.append((time.process_time() - began) * 1e3)
        made = drive.engine.world.outlooks[queue.name]
    return sorted(took)[2], made is not None and made.simulated


def run(calls: int = CALLS) -> Report:
    """Every case, then the cost."""
    ours: dict[str, Figure] = {}
    ratios: dict[str, Figure] = {}
    table: list[tuple[str, ...]] = [
        ("case", "queue", "waited", "gave up", "p50 held", "p90 held", "error s", "bias s", "peer's error s")
    ]
    worst = {"p50": 0.0, "p90": 0.0}
    for case in cases():
        for queue, truth in sorted(_pooled(play(case, calls, seed) for seed in SEEDS).items()):
            p50, p90 = truth.held(0), truth.held(1)
            worst["p50"], worst["p90"] = max(worst["p50"], abs(p50 - 0.5)), max(worst["p90"], abs(p90 - 0.9))
            gone = sum(not one[3] for one in truth.seen)
            error, peer = truth.error_s(0), truth.error_s(4)
            ours[f"{case.name}: {queue}"] = {
                "waited": len(truth.seen),
                "gave_up": gone,
                "p50_held": round(p50, 3),
                "p90_held": round(p90, 3),
                "error_s": round(error, 1),
                "bias_s": round(truth.bias_s(0), 1),
                "peer_error_s": round(peer, 1),
            }
            ratios[f"{case.name}: {queue}: error vs peer"] = round(error / peer, 2)
            figures = (f"{p50:.1%}", f"{p90:.1%}", f"{error:.1f}", f"{truth.bias_s(0):+.1f}", f"{peer:.1f}")
            table.append((case.name, queue, f"{len(truth.seen):,}", f"{gone:,}", *figures))
    for waiting, agents in SIZES:
        took, simulated = cost_ms(waiting, agents)
        ours[f"ms, {waiting} waiting, {agents} agents"] = round(took, 2)
        what = f"one forecast: {waiting} waiting, {agents} agents" + ("" if simulated else " (fluid)")
        table.append((what, *[""] * 7, f"{took:.1f} ms"))
        ours[f"simulated, {waiting} waiting, {agents} agents"] = simulated
    return Report(
        bench="waits",
        ours={**ours, **{f"worst_{name}": round(off, 3) for name, off in worst.items()}},
        ratios=ratios,
        targets=(
            Target(key="worst_p50", op=WITHIN, value=(0.0, TOLERANCE)),
            Target(key="worst_p90", op=WITHIN, value=(0.0, TOLERANCE)),
        ),
        table=tuple(table),
    )
