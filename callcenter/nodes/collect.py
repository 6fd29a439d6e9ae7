"""Takes a number from the keys. Knows lengths, tries and a repeat for confirmation; knows nothing of what it is for.

Theory: "saying" the prompt, "entering" digits, perhaps "repeating" them and "confirming". A key counts while speaking
as well. Keys that end nothing are bounded: each either adds one of `max_digits` digits or costs one of `tries`, as does
each silence and each entry taken back with `*`. A time-out that arrives while speaking belongs to an earlier round.

A masked entry leaves only into a secret variable, and while it is taken the memory says so: its keys are written down
nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from callcenter.model.flow import (
    Action,
    Assign,
    Elapsed,
    Input,
    Leave,
    Memory,
    Pressed,
    Prompt,
    Said,
    Say,
    Turn,
    Visit,
    WaitFor,
)
from callcenter.nodes.fields import DigitCount, Key, NextNode, Tries, VariableName, WaitTime, said

SAYING: Final = "saying"
ENTERING: Final = "entering"
REPEATING: Final = "repeating"
CONFIRMING: Final = "confirming"

DIGITS: Final = frozenset("0123456789")
DONE_KEY: Final = Key("#")
START_AGAIN: Final = "*"
CONFIRM_KEY: Final = "1"
CORRECT_KEY: Final = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Say `prompt`, take `min_digits` to `max_digits` digits into the variable `into`, then go to `next`."""

    when_silent: ClassVar[tuple[str, ...] | None] = ("failed",)

    prompt: Prompt
    into: VariableName
    next: NextNode
    failed: NextNode
    max_digits: DigitCount
    min_digits: DigitCount = 1
    terminator: Key = DONE_KEY
    timeout_s: WaitTime = 8.0
    digit_timeout_s: WaitTime = 4.0
    tries: Tries = 3
    invalid_prompt: Prompt | None = None
    confirm: Prompt | None = None
    masked: bool = False
    interruptible: bool = True

    def __post_init__(self) -> None:
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits is {self.min_digits}, more than max_digits, {self.max_digits}")
        if self.terminator in DIGITS or self.terminator == START_AGAIN:
            raise ValueError(f"terminator: # or A to D, not {self.terminator} (digits are counted, * starts again)")
        if self.masked and self.confirm is not None:
            raise ValueError("confirm would say aloud what masked keeps secret")

    def exits(self) -> Mapping[str, str]:
        """On with the digits, or nothing usable came."""
        return {"next": self.next, "failed": self.failed}

    def enter(self, visit: Visit) -> Turn:
        """Ask."""
        return self._ask(0)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """A key, a silence, or the end of what was being said."""
        memory = visit.memory
        match told:
            case Pressed(digit=key):
                return self._confirming(key, memory) if self._is_asking_back(memory) else self._entering(key, memory)
            case Said() if memory.phase == SAYING:
                return _wait(self.timeout_s, replace(memory, phase=ENTERING))
            case Said() if memory.phase == REPEATING:
                return _wait(self.timeout_s, replace(memory, phase=CONFIRMING))
            case Elapsed() if memory.phase == ENTERING:
                return self._accepted(memory) if len(memory.digits) >= self.min_digits else self._again(memory)
            case Elapsed() if memory.phase == CONFIRMING:
                return self._repeat(memory)
            case _:
                return Turn(actions=(), memory=memory)

    def _entering(self, key: str, memory: Memory) -> Turn:
        if key in DIGITS:
            entered = replace(memory, phase=ENTERING, digits=memory.digits + key)
            full = len(entered.digits) >= self.max_digits
            return self._accepted(entered) if full else _wait(self.digit_timeout_s, entered)
        if key == self.terminator and len(memory.digits) >= self.min_digits:
            return self._accepted(memory)
        return self._again(memory, reproach=key != START_AGAIN)

    def _confirming(self, key: str, memory: Memory) -> Turn:
        if key == CONFIRM_KEY:
            return Turn(actions=(Leave(exit="next"),))
        if key in (CORRECT_KEY, START_AGAIN):
            return self._again(memory, reproach=False)
        return self._repeat(memory)

    def _accepted(self, memory: Memory) -> Turn:
        keep = Assign(values={self.into: memory.digits}, secret=self.masked)
        if self.confirm is None:
            return Turn(actions=(keep, Leave(exit="next")))
        return Turn(
            actions=(keep, Say(prompts=(self.confirm,), interruptible=self.interruptible)),
            memory=replace(memory, phase=REPEATING),
        )

    def _repeat(self, memory: Memory) -> Turn:
        """Ask once more whether the digits are right; costs a try."""
        if self.confirm is None or memory.tries + 1 >= self.tries:
            return self._given_up(memory)
        return self._accepted(replace(memory, tries=memory.tries + 1))

    def _again(self, memory: Memory, *, reproach: bool = True) -> Turn:
        if memory.tries + 1 >= self.tries:
            return self._given_up(memory)
        return self._ask(memory.tries + 1, said(self.invalid_prompt) if reproach else ())

    def _ask(self, tries: int, first: tuple[Prompt, ...] = ()) -> Turn:
        say = Say(prompts=(*first, self.prompt), interruptible=self.interruptible)
        return Turn(actions=(say,), memory=Memory(phase=SAYING, tries=tries, secret=self.masked))

    def _given_up(self, memory: Memory) -> Turn:
        """Leave nothing behind that was not confirmed."""
        forget: tuple[Action, ...] = (Assign(values={self.into: ""}),) if self._is_asking_back(memory) else ()
        return Turn(actions=(*forget, Leave(exit="failed", why=f"nothing that will do in {self.tries} tries")))

    @staticmethod
    def _is_asking_back(memory: Memory) -> bool:
        return memory.phase in (REPEATING, CONFIRMING)


def _wait(seconds: float, memory: Memory) -> Turn:
    return Turn(actions=(WaitFor(seconds=seconds),), memory=memory)
