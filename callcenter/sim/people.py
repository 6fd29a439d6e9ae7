"""The crowd: callers with little patience, and whoever answers an outside number. Knows what people do; no engine.

A caller hears prompts and presses keys, rightly, wrongly or not at all; waits as long as she likes; talks, hangs up, or
is hung up on. Each hangs up for good in the end, so that a run always ends.
"""

from functools import partial
from random import Random
from typing import Final

from callcenter.model.contact import LegEnd
from callcenter.model.ids import LegId
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.callbacks import (
    CALLBACK_KEY,
    CALLERS,
    CHOOSE,
    CONFIRM,
    ENTER,
    OFFERED,
    STANDING,
    WITHDRAW_KEY,
    number_of,
)
from callcenter.sim.flows import CARD, ERRAND, HOTLINE, PIN, PIN_DIGITS
from callcenter.sim.world import Agenda

CALL_MAX_S: Final = 240.0  # nobody stays longer
TALK_MAX_S: Final = 45.0
WOULD_RATHER_NOT_WAIT: Final = 0.3  # share of callers who try the key for a callback, whether there is one or not
CALLS_AGAIN: Final = 0.4  # share of those who were not served
NAMES: Final = ("", "Ann", "Nguyễn Văn Bình", '"; DROP TABLE contact; --', "a" * 200, "\u202e\U0001f600", "{{ 7*7 }}")
PIN_BEGINS: Final = "2345678"  # as no other text in a journal does
MENU_KEYS: Final = "11234567890"
OUTSIDE_KEYS: Final = "*#ABC"  # a lookup, a script, a note, another flow, a payment
KEYS: Final = "0123456789*#A"


class Crowd:
    """Everybody who calls from outside."""

    def __init__(self, agenda: Agenda, random: Random, asterisk: FakeAsterisk) -> None:
        self.agenda = agenda
        self.random = random
        self.asterisk = asterisk
        self.answers = True  # false while Asterisk is down: nobody gets through
        self.pins: list[str] = []  # everything that was typed where it must stay secret
        self.calls = 0
        self.until = 0.0  # nobody calls after this

    def arrive(self, per_min: float, until: float) -> None:
        """Callers come at random (Poisson) until a time."""
        self.until = until
        gap_s = self.random.expovariate(per_min / 60.0)
        if self.agenda.now + gap_s >= until:
            return

        def come() -> None:
            if self.answers:
                Caller(self).call()
            self.arrive(per_min, until)

        self.agenda.on_tick(gap_s, come)

    def outside(self, number: str) -> "Outsider":
        """Whoever holds an outside number."""
        return Outsider(self)


class Caller:
    """One caller."""

    def __init__(self, crowd: Crowd, number: str | None = None) -> None:
        """`number` is the number of one who calls again."""
        self._crowd = crowd
        self._number = number
        self._leg: LegId | None = None
        self._talking = False

    def call(self) -> None:
        """Dial, and decide how long to stay."""
        crowd, random = self._crowd, self._crowd.random
        crowd.calls += 1
        if self._number is None:
            self._number = random.choice(("", "anonymous", number_of(random.randrange(CALLERS))))
        self._leg = crowd.asterisk.call_in(
            self,
            caller=self._number,
            caller_name=random.choice(NAMES),
            dialled=HOTLINE if random.random() < 0.97 else "999",
            flow=ERRAND if random.random() < 0.07 else None,
        )
        patience_s = random.choice((random.random() * 4, random.uniform(4, 60), random.uniform(30, CALL_MAX_S)))
        crowd.agenda.on_tick(patience_s, self._lose_patience)
        crowd.agenda.on_tick(CALL_MAX_S, self._hang_up)
        if random.random() < WOULD_RATHER_NOT_WAIT:
            self._type(self._leg, CALLBACK_KEY, random.uniform(5.0, 40.0))

    def rings(self, leg: LegId) -> None:
        """A caller's phone is not rung."""

    def hears(self, leg: LegId, prompts: tuple[str, ...]) -> None:
        """Press something, perhaps."""
        random, last = self._crowd.random, prompts[-1]
        after_s = random.random() * 4
        if last == PIN:
            pin = random.choice(PIN_BEGINS) + "".join(random.choice("0123456789") for _ in range(PIN_DIGITS - 1))
            self._type(leg, pin, after_s, secret=True)
        elif last in CARD:
            number = random.choice(PIN_BEGINS) + "".join(random.choice("0123456789") for _ in range(15))
            keys = {CARD[0]: f"{number}#", CARD[1]: "1239", CARD[2]: "987#"}[last]
            typed = random.choice((keys, keys, keys, "*", ""))
            self._type(leg, typed, after_s, secret=last == CARD[0] and typed == keys)
        elif last in (OFFERED, CONFIRM):
            self._type(leg, random.choice((CALLBACK_KEY, CALLBACK_KEY, "", "*", "2")), after_s)
        elif last == CHOOSE:
            self._type(leg, random.choice(("1", "1", "2", "2", "7", "*", "")), after_s)
        elif last == STANDING:
            self._type(leg, random.choice((CALLBACK_KEY, WITHDRAW_KEY, WITHDRAW_KEY, "*", "5", "")), after_s)
        elif last == ENTER:
            self._type(leg, random.choice((number_of(random.randrange(CALLERS)) + "#", "12#", "*", "")), after_s)
        elif last in ("menu", "errand", "confirm"):
            keys = "1" if last == "confirm" else random.choice(OUTSIDE_KEYS if random.random() < 0.15 else MENU_KEYS)
            self._type(leg, random.choice((keys, keys, keys, keys, "", "#", random.choice(KEYS))), after_s)
        elif last in ("rate", "review"):
            self._type(leg, random.choice(("1", "1", "2", "3", "3", "", "#", "9")), after_s)
        elif last == "account":
            self._type(leg, random.choice(("1234", "12#", "1", "12*34#")), after_s)
        elif random.random() < 0.1:
            self._type(leg, random.choice(KEYS), after_s)

    def meets(self, leg: LegId) -> None:
        """Somebody answers: talk for a while."""
        if not self._talking:
            self._talking = True
            self._crowd.agenda.on_tick(self._crowd.random.uniform(2, TALK_MAX_S), self._had_enough)

    def gone(self, leg: LegId) -> None:
        """It is over; one who has not talked may call again."""
        self._leg = None
        crowd = self._crowd
        again_s = crowd.random.uniform(2.0, 90.0)
        if not self._talking and self._number and crowd.random.random() < CALLS_AGAIN:
            crowd.agenda.on_tick(again_s, self._again)

    def _again(self) -> None:
        crowd = self._crowd
        if crowd.answers and crowd.agenda.now < crowd.until:
            Caller(crowd, self._number).call()

    def _type(self, leg: LegId, keys: str, after_s: float, *, secret: bool = False) -> None:
        crowd = self._crowd
        if secret:
            crowd.pins.append(keys)
        for key in keys:
            crowd.agenda.on_tick(after_s, partial(crowd.asterisk.press, leg, key))
            after_s += crowd.random.random() * 0.8

    def _lose_patience(self) -> None:
        if not self._talking:
            self._hang_up()

    def _had_enough(self) -> None:
        if self._crowd.random.random() < 0.7:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._leg is not None:
            self._crowd.asterisk.hang_up(self._leg)


class Outsider:
    """Somebody at an outside number."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._met = False

    def rings(self, leg: LegId) -> None:
        """Answer, or not."""
        crowd, random = self._crowd, self._crowd.random
        after_s = random.random() * 14
        what = random.random()
        if what < 0.6:
            crowd.agenda.on_tick(after_s, lambda: crowd.asterisk.pick_up(leg))
        elif what < 0.8:
            crowd.agenda.on_tick(after_s, lambda: crowd.asterisk.decline(leg, LegEnd.BUSY))
        crowd.agenda.on_tick(CALL_MAX_S, lambda: crowd.asterisk.hang_up(leg))

    def hears(self, leg: LegId, prompts: tuple[str, ...]) -> None:
        """Listen."""

    def meets(self, leg: LegId) -> None:
        """Talk, and hang up some time."""
        if not self._met:
            self._met = True
            crowd = self._crowd
            crowd.agenda.on_tick(crowd.random.uniform(2, TALK_MAX_S), lambda: crowd.asterisk.hang_up(leg))

    def gone(self, leg: LegId) -> None:
        """It is over."""
