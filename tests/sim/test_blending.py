"""Media beside media: what may interrupt what, drawn by seeds, and whoever breaks the rule is found out."""

import pytest

from callcenter.core.engine import Engine
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Medium
from callcenter.sim.blending import RULES, run
from callcenter.sim.violation import Violation

SEEDS = 60
EVERYTHING = {medium: tuple(Medium) for medium in Medium}


class Careless(Engine):
    """Offers anything beside anything."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents._interruptible = EVERYTHING


class Timid(Engine):
    """Offers nothing beside anything."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents._interruptible = {}


@pytest.mark.slow
def test_nobody_is_interrupted_by_what_may_not_and_nobody_waits_for_an_agent_who_may() -> None:
    told = [run(seed) for seed in range(SEEDS)]
    assert sum(one.offers for one in told) > 20 * SEEDS
    assert sum(one.beside for one in told) > SEEDS
    assert sum(one.connected for one in told) > 10 * SEEDS


@pytest.mark.parametrize("mutant", [Careless, Timid])
def test_whoever_breaks_the_rule_is_found_out(mutant: type[Engine]) -> None:
    caught = 0
    for seed in range(SEEDS):
        try:
            run(seed, mutant)
        except Violation:
            caught += 1
    assert caught > SEEDS / 3


def test_every_rule_is_drawn() -> None:
    assert len(RULES) == 16
    assert all(Medium.VOICE not in rule for rule in RULES)
