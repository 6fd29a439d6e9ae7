"""Recorded calls through a configuration: the real Engine, a simulated clock, the staff as they came and went.

Each call comes into its queue when it did, with the priority and needs that it brought along; the flow before it is not
walked again. A phone is answered after as long as it rang then, or as that agent's phone mostly rang. Who did not take
an offer then is away or resting by the rules now, if she is offered a call at all: misses are not repeated.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from statistics import median
from typing import Final

import msgspec

from callcenter.model.agent import AgentState
from callcenter.model.configuration import Configuration
from callcenter.model.facts import AgentChanged
from callcenter.model.ids import AgentId, QueueName
from callcenter.sim.replay.recorded import Recorded, RecordedCall
from callcenter.sim.replay.unseen import Unseen
from callcenter.sim.traffic.calls import Call, Entrance, Outcome, entrances, unheard
from callcenter.sim.traffic.drive import Drive, Habits

RING_SHARE_MAX: Final = 0.9  # of the shortest time that a phone may ring: nobody misses a call who took it then
COPY_SPREAD_S: Final = 450.0  # a call that is taken twice in a redrawn day comes within so long of itself


@dataclass(slots=True)
class Work:
    """One agent's time, in seconds."""

    busy_s: float = 0.0  # on contacts and wrapping up
    there_s: float = 0.0  # that, and ready or being offered

    def add(self, other: "Work") -> None:
        """Both together."""
        self.busy_s += other.busy_s
        self.there_s += other.there_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What became of the calls in a configuration. `outcomes` are beside `calls`; None: it had no place to go to."""

    configuration: Configuration
    calls: Sequence[RecordedCall]
    outcomes: Sequence[Outcome | None]
    work: Mapping[AgentId, Work]
    serving: Mapping[str, frozenset[AgentId]]  # per queue: who can serve it
    homeless: Mapping[str, int] = field(default_factory=dict)  # queues that the configuration lacks -> calls

    def needs_of(self, queue: str) -> str:
        """What an agent must be able to do there, as it is written."""
        return str(self.configuration.queues[QueueName(queue)].needs)


def redrawn(calls: Sequence[RecordedCall], seed: int) -> list[RecordedCall]:
    """Another day like this one: each call comes as often as chance has it, once on average (a Poisson bootstrap).

    The copies of a call come at about its time.
    """
    random = Random(f"redrawn {seed}")
    found: list[RecordedCall] = []
    for call in calls:
        for copy in range(_poisson(random)):
            at = call.at + (random.uniform(-COPY_SPREAD_S, COPY_SPREAD_S) if copy else 0.0)
            found.append(msgspec.structs.replace(call, id=f"{call.id}.{copy}", at=at) if copy else call)
    return sorted(found, key=lambda call: (call.at, call.id))


def rerun(
    recorded: Recorded,
    configuration: Configuration,
    *,
    calls: Sequence[RecordedCall] | None = None,
    unseen: Unseen,
    queue_of: Mapping[str, str] | None = None,
    tick: Callable[[int], None] | None = None,
) -> Rerun:
    """Drive the calls (default: all) through the configuration. `queue_of` says which queue stands for one it lacks.

    `tick` is told how many calls have ended.
    """
    calls = recorded.calls if calls is None else calls
    names = {call.queue: QueueName((queue_of or {}).get(call.queue, call.queue)) for call in calls}
    ways = {
        (queue, call.priority, call.needs): Entrance(queue=queue, priority=call.priority, needs=call.needs)
        for call in calls
        if (queue := names[call.queue]) in configuration.queues
    }
    queues = {name: unheard(queue) for name, queue in configuration.queues.items()}
    whole = entrances(replace(configuration, queues=queues), ways.values())
    flows = {key: way.flow for key, way in ways.items()}
    outcomes: list[Outcome | None] = [None] * len(calls)
    homeless: dict[str, int] = defaultdict(int)
    done = 0

    def coming() -> Iterable[Call]:
        for serial, call in enumerate(calls):
            flow = flows.get((names[call.queue], call.priority, call.needs))
            if flow is None:
                homeless[call.queue] += 1
                continue
            rules = configuration.queues[names[call.queue]]
            same_rule = recorded.wrap_up_rules.get(call.queue, rules.wrap_up_s) == rules.wrap_up_s
            yield Call(
                at=call.at,
                flow=flow,
                caller=call.caller,
                talk_s=unseen.talk_s(call),
                patience_s=unseen.patience_s(call),
                wrap_up_s=unseen.wrap_up_s(call) if same_rule else None,
                kind=call.queue,
                serial=serial,
            )

    def ended(outcome: Outcome) -> None:
        nonlocal done
        outcomes[outcome.call.serial] = outcome
        done += 1
        if tick is not None:
            tick(done)

    clocks = _Clocks()
    start = max(min(recorded.start, calls[0].at if calls else recorded.start), 1.0)
    drive = Drive(
        whole,
        recorded.agents,
        start=start,
        events=((max(at, start), event) for at, event in recorded.events),
        habits=Habits(answer_s=_ringing(recorded.calls, calls, configuration)),
        watch={AgentChanged: clocks.changed},
        on_end=ended,
    )
    drive.run(coming(), math.inf)
    staff = drive.engine.world.agents.records
    return Rerun(
        configuration=configuration,
        calls=calls,
        outcomes=outcomes,
        work=clocks.work,
        serving={
            str(name): frozenset(agent for agent, one in staff.items() if queue.needs.met_by(one.agent.skills))
            for name, queue in configuration.queues.items()
        },
        homeless=dict(homeless),
    )


class _Clocks:
    """Adds up what agents did."""

    def __init__(self) -> None:
        self.work: dict[AgentId, Work] = defaultdict(Work)

    def changed(self, fact: AgentChanged, now: float) -> None:
        lasted = now - fact.since
        if fact.was_state is AgentState.NOT_READY or lasted <= 0:
            return
        work = self.work[fact.agent]
        work.there_s += lasted
        if fact.was_state in (AgentState.ON_CONTACT, AgentState.WRAP_UP):
            work.busy_s += lasted


def _ringing(
    known: Sequence[RecordedCall], calls: Sequence[RecordedCall], configuration: Configuration
) -> Callable[[Call | None, AgentId], float | None]:
    """How long a phone rings: as long as it did for this call, else as mostly with this agent, else not at all."""
    rings: dict[str, list[float]] = defaultdict(list)
    for call in known:
        if call.ring_s is not None and call.agent:
            rings[call.agent].append(call.ring_s)
    usual = {agent: median(lengths) for agent, lengths in rings.items()}
    anybody = median(usual.values()) if usual else 0.0
    limit = RING_SHARE_MAX * min((queue.offer_timeout_s for queue in configuration.queues.values()), default=0.0)

    def answer_s(call: Call | None, agent: AgentId) -> float:
        own = calls[call.serial] if call is not None else None
        if own is not None and own.ring_s is not None and own.agent == agent:
            return min(own.ring_s, limit)
        return min(usual.get(agent, anybody), limit)

    return answer_s


def _poisson(random: Random) -> int:
    """A draw with mean 1 (Knuth, The Art of Computer Programming, vol. 2, 3.4.1)."""
    count, product = 0, random.random()
    while product > math.exp(-1.0):
        count += 1
        product *= random.random()
    return count
