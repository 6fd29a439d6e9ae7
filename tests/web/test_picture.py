"""A picture and the facts since are the picture there is: what every reader of the event stream counts on."""

from typing import get_args

import pytest

from callcenter.core.engine import Engine
from callcenter.model.entry import Entry, Output
from callcenter.model.events import EngineStarted, Event
from callcenter.model.facts import ConfigurationChanged, Fact
from callcenter.sim.run import run
from callcenter.sim.scenario import MONDAY, OPENS_S
from callcenter.web.api.picture import Folded, Picture, picture_of
from tests.core.test_chaos import EVENTS, Chaos

FACTS = get_args(Fact)
LOOK_EVERY = 7  # events; a look costs more than an event
SEEDS = range(1, 9)
FAST = 1  # as many of them in `make test-fast`
LENGTH_S = 1800.0


class Watched(Engine):
    """An engine beside which somebody folds what it says."""

    folded: Folded | None = None
    told = 0
    looked = 0

    def handle(self, event: Event, now: float) -> list[Output]:
        """As ever; every few events the two pictures are compared."""
        outputs = super().handle(event, now)
        facts = [one for one in outputs if isinstance(one, FACTS)]
        if self.folded is None or isinstance(event, EngineStarted):
            self.folded = Folded(picture_of(self.view(now)))
            return outputs
        self.folded.after(facts)
        if any(isinstance(fact, ConfigurationChanged) for fact in facts):
            self.folded.queues = dict(picture_of(self.view(now)).queues)  # a reader is told them then
        self.told += 1
        if self.told % LOOK_EVERY == 0:
            self.looked += 1
            assert_equal(self.folded.picture(), picture_of(self.view(now)), event)
        return outputs


def assert_equal(told: Picture, real: Picture, event: Event) -> None:
    assert dict(told.calls) == dict(real.calls), event
    assert dict(told.agents) == dict(real.agents), event
    assert dict(told.queues) == dict(real.queues), event


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.slow] if n > FAST else []) for n in SEEDS])
def test_a_snapshot_and_the_facts_since_are_a_fresh_snapshot(seed: int) -> None:
    made: list[Watched] = []

    def make(*parts: object) -> Watched:
        made.append(Watched(*parts))  # type: ignore[arg-type]
        return made[-1]

    outcome = run(seed, LENGTH_S, make)
    assert outcome.violation == ""
    assert sum(one.looked for one in made) > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_also_when_events_make_no_sense(seed: int) -> None:
    chaos, now = Chaos(seed), MONDAY + OPENS_S
    engine = chaos.engine = Watched(chaos.engine.world.configuration)
    event: Event = EngineStarted(namespace="chaosaaa", build="chaos")
    for seq in range(1, EVENTS + 1):
        chaos.learn(Entry(seq=seq, at=now, event=event, outputs=tuple(engine.handle(event, now))))
        now += chaos.random.choice((0.0, 0.1, 0.5, 2.0, 10.0))
        event = chaos.event()
    assert engine.looked > EVENTS // LOOK_EVERY // 2
