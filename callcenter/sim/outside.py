"""Programs outside that lookups ask: quick, slow, broken or silent. Knows what an asker promises; knows no flow."""

from collections.abc import Callable
from random import Random
from typing import Final

from callcenter.model.commands import LookUp
from callcenter.model.contact import LookupOutcome
from callcenter.model.events import Event, LookedUp
from callcenter.sim.world import Agenda

NEVER: Final = 0.03  # share of lookups of whose end the engine is not told, though it should be
OUTCOMES: Final = (LookupOutcome.FOUND, LookupOutcome.FOUND, LookupOutcome.NOT_FOUND, LookupOutcome.FAILED)
VALUES: Final = ("", "gold", "Nguyễn Văn A", "{{ 7*7 }}", "x" * 200)


class Outside:
    """All of them."""

    def __init__(self, agenda: Agenda, random: Random, tell: Callable[[Event], None]) -> None:
        self._agenda = agenda
        self._random = random
        self._tell = tell
        self._life = 0

    def ask(self, command: LookUp) -> None:
        """The answer comes within the lookup's time, or it has failed then."""
        random, life = self._random, self._life
        outcome, takes_s = random.choice(OUTCOMES), random.random() * 1.5 * command.timeout_s
        if takes_s >= command.timeout_s:
            outcome, takes_s = LookupOutcome.FAILED, command.timeout_s
        found = outcome is LookupOutcome.FOUND
        values = {name: random.choice(VALUES) for name in sorted(command.take)} if found else {}
        told = LookedUp(lookup=command.lookup, outcome=outcome, values={k: v for k, v in values.items() if v})

        def answered() -> None:
            if life == self._life:
                self._tell(told)

        if random.random() >= NEVER:
            self._agenda.on_tick(takes_s, answered)

    def drop(self) -> None:
        """Our process dies, and with it whoever waited for the answers."""
        self._life += 1
