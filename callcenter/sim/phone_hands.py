"""What agents do with the keys of their phones: hold, a second call, transfers. Knows phones; nothing of an engine.

A phone can do at any time what its keys allow, in an order that nobody planned: hand a call on while the second one
rings, take it back while it is handed on, hang up one leg or the other in between.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from callcenter.model.ids import AgentId, LegId
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.flows import HOTLINE
from callcenter.sim.world import Agenda

OUTSIDE: Final = ("0901234567", "0901234567", "0901234567", "0901234567", "0199", "")
TO_A_COLLEAGUE: Final = 0.4  # share of what is dialled
SECOND_CALL_MAX_S: Final = 30.0
THINKS_S: Final = 10.0


class PhoneHands:
    """All agents' fingers."""

    def __init__(
        self,
        agenda: Agenda,
        random: Random,
        asterisk: FakeAsterisk,
        leg_of: Callable[[AgentId], LegId | None],
        numbers: Callable[[], dict[AgentId, str]],
    ) -> None:
        """`leg_of` tells on which leg an agent talks with her customer; `numbers` are those of the phones."""
        self._agenda = agenda
        self._random = random
        self._asterisk = asterisk
        self._leg_of = leg_of
        self._numbers = numbers

    def press(self, agent: AgentId) -> None:
        """One thing that an agent does at her phone now, and what she does after it."""
        leg, random = self._leg_of(agent), self._random
        if leg is None:
            return
        what = random.randrange(8)
        if what < 2:
            self._asterisk.hold(leg, held=random.random() < 0.6)
        elif what == 2:
            self._asterisk.refer(leg, self._somewhere())
        else:
            self._call_somebody_else(agent, leg)

    def _somewhere(self) -> str:
        if self._random.random() < TO_A_COLLEAGUE:
            return self._random.choice(sorted(self._numbers().values()))
        return self._random.choice((HOTLINE, *OUTSIDE))

    def _call_somebody_else(self, agent: AgentId, leg: LegId) -> None:
        random, asterisk = self._random, self._asterisk
        number = self._numbers()[agent]
        if random.random() < 0.8:
            asterisk.hold(leg, held=True)
        own = asterisk.call_in(asterisk.phones[number], caller=number, dialled=self._somewhere(), agent_number=number)
        self._agenda.on_tick(random.uniform(2.0, SECOND_CALL_MAX_S), lambda: asterisk.hang_up(own))
        self._agenda.on_tick(random.random() * THINKS_S, lambda: self._between(leg, own))

    def _between(self, leg: LegId, own: LegId) -> None:
        random, asterisk = self._random, self._asterisk
        match random.randrange(6):
            case 0 | 1:
                asterisk.refer(leg, "", other=own)
            case 2:
                asterisk.refer(own, "", other=leg)
            case 3:
                asterisk.hang_up(random.choice((leg, own)))
            case _:
                asterisk.hold(own, held=True)
                asterisk.hold(leg, held=False)
                self._agenda.on_tick(random.random() * THINKS_S, lambda: self._back(leg, own))

    def _back(self, leg: LegId, own: LegId) -> None:
        self._asterisk.hold(leg, held=True)
        self._asterisk.hold(own, held=False)
        if self._random.random() < 0.5:
            self._asterisk.refer(leg, "", other=own)
