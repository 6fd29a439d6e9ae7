"""Agents who dial outside numbers on their own phones. Knows people; decides nothing."""

from collections.abc import Callable
from random import Random
from typing import Final

from callcenter.core.world import World
from callcenter.sim.staff import Staff

EVERY_S: Final = 12.0
FORBIDDEN: Final = "0012125551234"
KNOWN: Final = 0.4  # share of calls to somebody who has called herself


class CallersOut:
    """All of them."""

    def __init__(self, random: Random, staff: Staff, world: Callable[[], World | None]) -> None:
        self._random = random
        self._staff = staff
        self._world = world

    def meddle(self) -> None:
        """One of them calls somebody now, and another later."""
        world, random, staff = self._world(), self._random, self._staff
        if world is not None:
            agent = random.choice(sorted(staff.directory))
            self._dials(staff.directory[agent].number, self._somebody(world))
        if staff.agenda.now < staff.until:
            staff.agenda.on_tick(random.uniform(0.5, 2 * EVERY_S), self.meddle)

    def _somebody(self, world: World) -> str:
        random = self._random
        callers = sorted({contact.caller for contact in world.contacts.values() if contact.caller})
        if callers and random.random() < KNOWN:
            return random.choice(callers)
        return random.choice((FORBIDDEN, *(f"090{random.randrange(10_000_000):07}" for _ in range(4))))

    def _dials(self, number: str, somebody: str) -> None:
        asterisk = self._staff.asterisk
        if asterisk.registered[number]:
            leg = asterisk.call_in(asterisk.phones[number], caller=number, dialled=somebody, agent_number=number)
            self._staff.agenda.on_tick(self._random.uniform(1, 60), lambda: asterisk.hang_up(leg))
