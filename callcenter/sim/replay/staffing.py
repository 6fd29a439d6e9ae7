"""Who was at work when, told from the calls alone. Knows calls; knows no table and no engine.

Theory: an agent has the skills of the queues whose calls she took. She was there when she took a call, and may have
been free before it. How long before? A caller who had to wait was taken the moment the agent could take her; and while
somebody waited whom the agent could have served, she was not free. So between two of her calls she counts as free from
the last moment at which such a caller waited, up to the call that she took at once, and as away before it. A break
between two calls that is longer than `BREAK_S` is one, however quiet it was.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.events import AgentStatusRequested, Event, PhoneChanged
from callcenter.model.ids import AgentId, RequestId, Skill
from callcenter.sim.replay.recorded import Fate, RecordedCall
from callcenter.sim.traffic.drive import comes_to_work, goes_home

BREAK_S: Final = 1800.0
WAITED_S: Final = 3.0  # a shorter wait is the time that it takes to be put through
SKILL_SHARE_MIN: Final = 0.02  # of an agent's calls: of a queue with fewer she took some by chance, or by mistake
SKILL_CALLS_ENOUGH: Final = 5  # no chance any more, whatever the share
FIRST_NUMBER: Final = 1000


def staff_of(calls: Sequence[RecordedCall]) -> tuple[tuple[Agent, ...], tuple[tuple[float, Event], ...]]:
    """The agents whom the calls name, and their comings and goings in order of time."""
    served = [call for call in calls if call.fate is Fate.SERVED and call.agent]
    skills = _skills(served)
    agents = tuple(
        Agent(id=agent, name=agent, number=str(FIRST_NUMBER + at), skills={skill_of(queue): 1 for queue in queues})
        for at, (agent, queues) in enumerate(sorted(skills.items()))
    )
    taken: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in served:
        taken[call.agent].append(call)
    waiting = _Waiting(calls)
    events = (
        pair
        for agent in agents
        for pair in _comings(agent, sorted(taken[agent.id], key=_begins), waiting, skills[agent.id])
    )
    return agents, tuple(sorted(events, key=lambda pair: pair[0]))


def skill_of(queue: str) -> Skill:
    """A queue's name as a skill's."""
    word = "".join(sign if sign.isalnum() else "_" for sign in queue)
    return Skill(word if word[:1].isalpha() else f"q_{word}")


def _begins(call: RecordedCall) -> float:
    return call.at + call.wait_s


def _skills(served: Iterable[RecordedCall]) -> dict[AgentId, tuple[str, ...]]:
    """Which queues each agent serves: those from which a share of her calls came that is worth the name."""
    taken: dict[AgentId, Counter[str]] = defaultdict(Counter)
    for call in served:
        taken[AgentId(call.agent)][call.queue] += 1
    found = {}
    for agent, counts in taken.items():
        least = min(SKILL_SHARE_MIN * counts.total(), SKILL_CALLS_ENOUGH)
        found[agent] = tuple(sorted(queue for queue, count in counts.items() if count >= least))
    return found


class _Waiting:
    """When somebody waited, per queue."""

    def __init__(self, calls: Iterable[RecordedCall]) -> None:
        spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for call in calls:
            if call.wait_s > WAITED_S:
                spans[call.queue].append((call.at, call.at + call.wait_s))
        self._begins: dict[str, list[float]] = {}
        self._ends: dict[str, list[float]] = {}
        for queue, some in spans.items():
            joined = _joined(sorted(some))
            self._begins[queue] = [begin for begin, _ in joined]
            self._ends[queue] = [end for _, end in joined]

    def last(self, queues: Iterable[str], before: float) -> float:
        """The last moment up to `before` at which somebody waited in one of the queues; 0.0 if nobody ever did."""
        latest = 0.0
        for queue in queues:
            at = bisect_right(self._begins.get(queue, ()), before) - 1
            if at >= 0:
                latest = max(latest, min(self._ends[queue][at], before))
        return latest


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _comings(
    agent: Agent, calls: Sequence[RecordedCall], waiting: _Waiting, queues: Sequence[str]
) -> Iterator[tuple[float, Event]]:
    yield 0.0, PhoneChanged(number=agent.number, state=PhoneState.REACHABLE)
    ended: float | None = None
    for call in calls:
        begins = _begins(call)
        if ended is None:
            yield begins, comes_to_work(agent.id)
        elif begins - ended > BREAK_S:
            yield ended, goes_home(agent.id)
            yield begins, comes_to_work(agent.id)
        elif begins > ended:
            free = begins if call.wait_s > WAITED_S else max(ended, waiting.last(queues, begins))
            if free > ended:
                yield ended, _pauses(agent.id)
                yield free, comes_to_work(agent.id)
        ended = max(ended or 0.0, begins + call.talk_s)
    if ended is not None:
        yield ended, goes_home(agent.id)


def _pauses(agent: AgentId) -> AgentStatusRequested:
    return AgentStatusRequested(request=RequestId(""), agent=agent, status=AgentStatus.PAUSED)
