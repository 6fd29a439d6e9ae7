"""Agents who call each other on their own phones, at the right moment or the wrong one. Knows people; decides nothing.

In a part of the seeds only, by draws of their own, so that the others keep their worlds. A call to a colleague is begun
just before each outage, too: it rings, or is talked on, when the center is killed.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from callcenter.core.colleagues import RING_S
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.agent import AgentStatus
from callcenter.model.contact import LegEnd
from callcenter.model.control import TransferTo
from callcenter.model.events import AgentStatusRequested, HangUpRequested, TransferRequested
from callcenter.model.ids import RequestId
from callcenter.sim.faults import Trouble
from callcenter.sim.staff import Staff

EVERY_S: Final = 8.0  # somebody calls a colleague
MEDDLES_S: Final = 3.0  # and somebody does something about a call of two
BEFORE_TROUBLE_S: Final = 6.0
TALK_MAX_S: Final = 50.0


class Gossips:
    """All of them."""

    def __init__(self, random: Random, staff: Staff, world: Callable[[], World | None]) -> None:
        self._random = random
        self._staff = staff
        self._world = world
        self._requests = 0

    def begin(self, troubles: Sequence[Trouble]) -> None:
        """Put the first calls down."""
        agenda, random = self._staff.agenda, self._random
        agenda.on_tick(10.0, self._calls_often)
        agenda.on_tick(12.0, self._meddles_often)
        for trouble in troubles:
            agenda.after(max(trouble.at_s - random.random() * BEFORE_TROUBLE_S, 0.0), self._calls)

    # -- what they do ------------------------------------------------------------------------------------------------

    def _calls_often(self) -> None:
        self._calls()
        if self._staff.agenda.now < self._staff.until:
            self._staff.agenda.on_tick(self._random.uniform(0.5, 2 * EVERY_S), self._calls_often)

    def _calls(self) -> None:
        """One dials another's number, sometimes her own, and hangs up some time: at once, while it rings, or later."""
        random, asterisk, directory = self._random, self._staff.asterisk, self._staff.directory
        number = directory[random.choice(sorted(directory))].number
        dialled = directory[random.choice(sorted(directory))].number
        gives_up_s = random.choice((0.0, 0.5, random.random() * 6, random.random() * TALK_MAX_S, RING_S))
        if asterisk.registered[number]:
            leg = asterisk.call_in(asterisk.phones[number], caller=number, dialled=dialled, agent_number=number)
            self._staff.agenda.on_tick(gives_up_s, lambda: asterisk.hang_up(leg))

    def _meddles_often(self) -> None:
        world = self._world()
        calls = [one for one in world.contacts.values() if one.colleague is not None] if world is not None else []
        if calls:
            self._meddles(self._random.choice(calls))
        if self._staff.agenda.now < self._staff.until:
            self._staff.agenda.on_tick(self._random.random() * MEDDLES_S, self._meddles_often)

    def _meddles(self, contact: ContactRecord) -> None:  # noqa: C901 (one arm per deed)
        random, staff, asterisk = self._random, self._staff, self._staff.asterisk
        hers, theirs, agent = contact.leg, contact.other_leg, contact.colleague
        if hers is None or theirs is None or agent is None:
            return
        match random.randrange(16):
            case 0:  # both at once
                asterisk.pick_up(theirs)
                asterisk.hang_up(hers)
            case 1:
                asterisk.hang_up(hers)
                asterisk.hang_up(theirs)
            case 2:
                asterisk.pick_up(theirs)
                asterisk.hang_up(theirs)
            case 3:
                asterisk.decline(theirs, random.choice((LegEnd.BUSY, LegEnd.REJECTED, LegEnd.NO_ANSWER)))
            case 4:
                staff.ask(HangUpRequested(request=self._request(), contact=contact.id))
            case 5 | 12:
                asterisk.refer(random.choice((hers, theirs)), self._somewhere())
            case 6 | 13 | 14:
                asterisk.hold(random.choice((hers, theirs)), held=random.random() < 0.6)
            case 7:
                asterisk.press(random.choice((hers, theirs)), random.choice("0123456789*#"))
            case 8:
                status = random.choice(list(AgentStatus))
                staff.ask(AgentStatusRequested(request=self._request(), agent=agent, status=status))
            case 9:
                number = staff.directory[agent].number if agent in staff.directory else ""
                self._loses_phone(number)
            case 10 | 15:
                staff.ask(self._transfer(contact))
            case _:
                asterisk.pick_up(theirs)

    def _somewhere(self) -> str:
        directory = self._staff.directory
        return self._random.choice((directory[self._random.choice(sorted(directory))].number, "0901234567", "", "0199"))

    def _transfer(self, contact: ContactRecord) -> TransferRequested:
        random = self._random
        agent = random.choice(sorted(self._staff.directory))
        to = random.choice((TransferTo.AGENT, TransferTo.AGENT, TransferTo.EXTENSION, TransferTo.QUEUE))
        name = self._staff.directory[agent].number if to is TransferTo.EXTENSION else str(agent)
        by = random.choice(("boss", f"agent:{contact.dialler}", f"agent:{contact.colleague}"))
        return TransferRequested(request=self._request(), contact=contact.id, to=to, name=name, by=by)

    def _loses_phone(self, number: str) -> None:
        asterisk = self._staff.asterisk
        if number in asterisk.registered:
            asterisk.register(number, False)
            self._staff.agenda.on_tick(self._random.uniform(1, 20), lambda: asterisk.register(number, True))

    def _request(self) -> RequestId:
        self._requests += 1
        return RequestId(f"g{self._requests}")
