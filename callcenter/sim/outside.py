"""Programs outside that are asked and paid: quick, slow, broken or silent. Knows what an asker promises; no flow."""

from collections.abc import Callable
from random import Random
from typing import Final

from callcenter.model.card import PaymentOutcome
from callcenter.model.commands import LookUp
from callcenter.model.contact import LookupOutcome
from callcenter.model.events import Event, LookedUp
from callcenter.model.payment_messages import CardChecked, CardPosted, CheckCard, PaymentCommand, PostCard
from callcenter.sim.world import Agenda

NEVER: Final = 0.03  # share of lookups of whose end the engine is not told, though it should be
OUTCOMES: Final = (LookupOutcome.FOUND, LookupOutcome.FOUND, LookupOutcome.NOT_FOUND, LookupOutcome.FAILED)
RIGHT: Final = 0.85  # share of typed parts of cards that can be right
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
        random = self._random
        outcome, takes_s = random.choice(OUTCOMES), random.random() * 1.5 * command.timeout_s
        if takes_s >= command.timeout_s:
            outcome, takes_s = LookupOutcome.FAILED, command.timeout_s
        found = outcome is LookupOutcome.FOUND
        values = {name: random.choice(VALUES) for name in sorted(command.take)} if found else {}
        told = LookedUp(lookup=command.lookup, outcome=outcome, values={k: v for k, v in values.items() if v})

        self._answer(told, takes_s)

    def take(self, command: PaymentCommand) -> None:
        """A part of a card is looked at at once; a payment takes time, and its end may not be told."""
        random = self._random
        if isinstance(command, CheckCard):
            ok = random.random() < RIGHT
            self._answer(CardChecked(card=command.card, part=command.slice.part, ok=ok), 0.0)
        elif isinstance(command, PostCard):
            outcome = random.choice(tuple(PaymentOutcome))
            values = {name: random.choice(VALUES) for name in sorted(command.take)}
            told = CardPosted(card=command.card, outcome=outcome, values=values, last="0000")
            self._answer(told, random.random() * command.timeout_s)

    def _answer(self, told: Event, after_s: float) -> None:
        life = self._life

        def answered() -> None:
            if life == self._life:
                self._tell(told)

        if self._random.random() >= NEVER:
            self._agenda.on_tick(after_s, answered)

    def drop(self) -> None:
        """Our process dies, and with it whoever waited for the answers."""
        self._life += 1
