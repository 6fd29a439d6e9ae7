"""Who supervises whom in a simulated center, and where agents are told of it.

Drawn apart from everything else, and supervisors only in some of the runs: the others stay as they were.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.model.agent import Agent, Supervision
from callcenter.model.configuration import Configuration
from callcenter.model.ids import QueueName, Team

RUNS: Final = 0.3  # share of runs with supervisors
TELLS: Final = 0.3  # share of queues whose agents are told
TEAMS: Final = (Team("day"), Team("night"))


def with_telling(random: Random, configuration: Configuration) -> Configuration:
    """The agents of some queues are told that a supervisor hears them."""
    queues = configuration.queues
    told = {name: replace(queue, tell_monitored=random.random() < TELLS) for name, queue in sorted(queues.items())}
    return replace(configuration, queues={name: told[name] for name in queues})


def with_supervisors(random: Random, agents: tuple[Agent, ...], queues: Sequence[QueueName]) -> tuple[Agent, ...]:
    """Some of the agents supervise: everybody, some queues or a team. In most runs none does."""
    if random.random() >= RUNS:
        return agents
    return tuple(
        replace(agent, team=random.choice((*TEAMS, None)), supervises=_rights(random, queues)) for agent in agents
    )


def _rights(random: Random, queues: Sequence[QueueName]) -> Supervision | None:
    what = random.randrange(5)
    if what < 2:
        return None
    if what == 2:
        return Supervision(queues=tuple(random.sample(queues, 1)))
    return Supervision(everything=True) if what == 3 else Supervision(teams=(random.choice(TEAMS),))
