"""What one seed makes of routing: relaxation, sticky agents, reserves, ageing, lists, orders, blend. Runs nothing.

Drawn apart from the rest of a scenario, so that a seed keeps the center it has without these rules.
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.model.configuration import Configuration
from callcenter.model.ids import AgentId, ListName, Skill
from callcenter.model.need import parse_need
from callcenter.model.numbers import NumberList
from callcenter.model.queue import Queue
from callcenter.model.relaxation import Ageing, Lowering, RelaxStep, Reserve, Sticky
from callcenter.model.routing import Blend, First, Routing
from callcenter.orders import ORDERS

SHARE: Final = 0.6  # of all seeds have any of it
GOLD: Final = ListName("gold")
LISTED: Final = frozenset(f"09{number:08d}" for number in range(0, 30, 3))  # of the crowd's numbers
STEPS: Final = (
    RelaxStep(after_s=4.0, lower=Lowering(by=1)),
    RelaxStep(after_s=9.0, drop=(Skill("vietnamese"),)),
    RelaxStep(after_s=14.0, lower=Lowering(skills={Skill("sales"): 2})),
    RelaxStep(after_s=19.0, add=parse_need("@a0 or support and not sales")),
)


def with_routing(random: Random, configuration: Configuration) -> Configuration:
    """The configuration with rules of routing, or as it is."""
    if random.random() >= SHARE:
        return configuration
    queues = {name: _queue(random, queue) for name, queue in configuration.queues.items()}
    lists: Mapping[ListName, NumberList] = {GOLD: NumberList(name=GOLD, numbers=LISTED)}
    routing = Routing(
        order=random.choice(sorted(ORDERS)),
        blend=Blend(first=random.choice(tuple(First)), keep_free=random.choice((0, 0, 1, 2))),
    )
    return replace(configuration, queues=queues, lists={**configuration.lists, **lists}, routing=routing)


def _queue(random: Random, queue: Queue) -> Queue:
    def sometimes(chance: float) -> bool:
        return random.random() < chance

    steps = tuple(sorted(random.sample(STEPS, random.randint(1, len(STEPS))), key=lambda step: step.after_s))
    return replace(
        queue,
        relax=steps if sometimes(0.4) else queue.relax,
        sticky=_sticky(random) if sometimes(0.4) else None,
        reserve=_reserve(random) if sometimes(0.4) else None,
        ageing=_ageing(random) if sometimes(0.4) else None,
        vip={GOLD: 30} if sometimes(0.4) else {},
        weight=random.choice((1.0, 1.0, 3.0)),
        service_level_s=random.choice((5.0, 20.0, queue.service_level_s)),
        starve_after_s=random.choice((0.0, 15.0, 40.0)),
        outbound=sometimes(0.15),
    )


def _ageing(random: Random) -> Ageing:
    return Ageing(per_minute=random.choice((7.5, 30.0, 120.0)), max=random.choice((10.0, 45.0)))


def _sticky(random: Random) -> Sticky:
    return Sticky(for_s=random.choice((3.0, 15.0)), any_queue=random.random() < 0.5, pause_s=random.choice((0.0, 20.0)))


def _reserve(random: Random) -> Reserve:
    agents = tuple(AgentId(f"a{number}") for number in sorted(random.sample(range(7), random.randint(0, 2))))
    drawn = parse_need(random.choice(("vietnamese >= 3", "support >= 4")))
    needs = drawn if not agents or random.random() < 0.3 else None
    return Reserve(agents=agents, needs=needs, above_s=random.choice((5.0, 20.0)))
