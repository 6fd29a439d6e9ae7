"""Calls on agents' phones that do not pass the engine, and what must hold of agents who have one. Decides nothing.

In a part of the seeds only, by draws of their own, so that the others keep their worlds. What Asterisk says of phones
comes another way than what it says of legs (AMI, and ARI): earlier or later, twice or, now and then, not at all; so all
phones are listed again from time to time, and nobody is kept from her work for longer than until then.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.phone_use import CROSSING_S
from callcenter.core.world import World
from callcenter.model.contact import Medium
from callcenter.model.events import Event
from callcenter.model.phone_use import PhoneUsed
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.channels import Tell
from callcenter.sim.faults import Trouble
from callcenter.sim.staff import Staff
from callcenter.sim.violation import Violation

EVERY_S: Final = 8.0  # somebody has a call that is none of ours
TALK_MAX_S: Final = 60.0
BEFORE_TROUBLE_S: Final = 8.0
LOST: Final = 0.05  # share of what AMI says that is not heard
LISTED_EVERY_S: Final = 20.0
DIFFER_MAX_S: Final = LISTED_EVERY_S + CROSSING_S + 13.0  # an unanswered dial may ring so long after all


class Ami:
    """How it is told of phones that they are in use: not always."""

    def __init__(self, random: Random, tell: Tell) -> None:
        self._random = random
        self._tell = tell

    def send(self, subject: str, event: Event) -> None:
        """What Asterisk says."""
        if not isinstance(event, PhoneUsed) or self._random.random() >= LOST:
            self._tell(subject, event)


class Strangers:
    """Whoever calls agents past the call center, and agents who do."""

    def __init__(self, random: Random, staff: Staff) -> None:
        self._random = random
        self._staff = staff

    def begin(self, troubles: Sequence[Trouble]) -> None:
        """Put the first calls down."""
        agenda, random = self._staff.agenda, self._random
        agenda.on_tick(9.0, self._often)
        agenda.on_tick(LISTED_EVERY_S, self._listed)
        for trouble in troubles:
            agenda.after(max(trouble.at_s - random.random() * BEFORE_TROUBLE_S, 0.0), self._calls)

    def _often(self) -> None:
        self._calls()
        if self._staff.agenda.now < self._staff.until:
            self._staff.agenda.on_tick(self._random.uniform(0.5, 2 * EVERY_S), self._often)

    def _calls(self) -> None:
        """One phone has a call, for a moment or longer; sometimes a second one."""
        random, staff = self._random, self._staff
        number = staff.directory[random.choice(sorted(staff.directory))].number
        for _ in range(random.choice((1, 1, 1, 2))):
            talks_s = random.choice((0.2, CROSSING_S, random.random() * 10, random.random() * TALK_MAX_S))
            staff.asterisk.use.begins(number)
            life = staff.asterisk.use.life
            staff.agenda.on_tick(talks_s, partial(staff.asterisk.use.ends, number, life))

    def _listed(self) -> None:
        self._staff.asterisk.use.tell_all()
        self._staff.agenda.after(LISTED_EVERY_S, self._listed)


class UseTruth:
    """Whether the engine knows for whom a phone is in use; a difference that stays is a violation."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self._asterisk = asterisk
        self._since: dict[str, float] = {}

    def look(self, engine: Engine, now: float) -> None:
        """Compare. Raises Violation for what has differed for too long."""
        self._since = {what: self._since.get(what, now) for what in self._differences(engine.world)}
        for what, since in self._since.items():
            if now - since > DIFFER_MAX_S:
                raise Violation(f"{what}, for {now - since:.1f} s")

    def trouble(self) -> None:
        """Something is away."""
        self._since.clear()

    def _differences(self, world: World) -> Iterator[str]:
        asterisk = self._asterisk
        for agent, record in world.agents.records.items():
            number = record.agent.number
            legs = [leg for leg in asterisk.legs.values() if leg.party is asterisk.phones.get(number)]
            ours = [leg.id for leg in legs if leg.id in world.legs or leg.id in world.nailed or leg.id in world.ears]
            used = asterisk.use.is_used(number)
            if record.used_outside and (not used or world.configuration.ring_in_use):
                yield f"{agent} is kept from her work by a call that is not there"
            counted = record.offer is not None or record.own_calls or record.load.get(Medium.VOICE) or record.nail
            cares = not world.configuration.ring_in_use and not record.agent.phone.outside
            if used and not ours and not counted and cares:
                yield f"the phone of {agent} is in use from outside, and she is offered calls"
