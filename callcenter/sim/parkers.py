"""Agents who park calls and pick them up, at the right moment or the wrong one. Knows people; decides nothing."""

from collections.abc import Callable
from random import Random
from typing import Final

from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.contact import ContactState
from callcenter.model.ids import AgentId, RequestId
from callcenter.model.parking import ParkRequested, PickUpRequested
from callcenter.sim.parking import ANY_SLOT, SLOTS
from callcenter.sim.staff import Staff

EVERY_S: Final = 4.0  # somebody thinks of parking, or of picking up
NOBODY_LOOKS: Final = 0.6  # share of those times, with every slot empty, at which nothing is done


class Parkers:
    """All of them."""

    def __init__(self, random: Random, staff: Staff, world: Callable[[], World | None]) -> None:
        self._random = random
        self._staff = staff
        self._world = world
        self._requests = 0

    def meddle(self) -> None:
        """Do one thing now, and another later."""
        world, random, agenda = self._world(), self._random, self._staff.agenda
        if world is not None:
            self._does_something(world)
        if agenda.now < self._staff.until:
            agenda.on_tick(random.uniform(0.5, 2 * EVERY_S), self.meddle)

    def _does_something(self, world: World) -> None:
        random = self._random
        talks = [contact for contact in world.contacts.values() if contact.state is ContactState.CONNECTED]
        parked = sorted(world.slots)
        if not parked and random.random() < NOBODY_LOOKS:
            return
        parked = parked or [random.choice(SLOTS)]
        agent = random.choice(sorted(self._staff.directory))
        what = random.randrange(8)
        if what < 4 and talks:
            self._park(random.choice(talks))
        elif what < 6:
            self._requests += 1
            request = RequestId(f"k{self._requests}")
            self._staff.ask(PickUpRequested(request=request, agent=agent, slot=random.choice(parked), by="boss"))
        else:
            self._dials(agent, random.choice((*parked, *parked, ANY_SLOT)))

    def _park(self, contact: ContactRecord) -> None:
        random, asterisk = self._random, self._staff.asterisk
        slot = random.choice(("", "", *SLOTS, "799"))
        if contact.agent_leg is not None and random.random() < 0.3:
            if random.random() < 0.5:
                asterisk.press(contact.agent_leg, "#")
            elif random.random() < 0.4 and contact.agent is not None:
                self._dials(contact.agent, slot or ANY_SLOT)
            else:
                asterisk.refer(contact.agent_leg, slot or ANY_SLOT)
            return
        self._requests += 1
        self._staff.ask(
            ParkRequested(request=RequestId(f"k{self._requests}"), contact=contact.id, slot=slot, by="boss")
        )

    def _dials(self, agent: AgentId, slot: str) -> None:
        asterisk, number = self._staff.asterisk, self._staff.directory[agent].number
        if asterisk.registered[number]:
            leg = asterisk.call_in(asterisk.phones[number], caller=number, dialled=slot, agent_number=number)
            self._staff.agenda.on_tick(self._random.uniform(2, 40), lambda: asterisk.hang_up(leg))
