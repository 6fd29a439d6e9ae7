"""Offers to call back instead of waiting. Knows the keys and what is asked; whether a number may be called it is told.

Theory: the number she calls from is offered first, where there is one; another can be typed where a prompt asks for it.
A promise is made in one moment, after her last key, and her call goes on: when it ends, however it ends, the place in
line is kept without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from callcenter.model.flow import (
    Assign,
    CallbackAnswer,
    Elapsed,
    Input,
    Leave,
    Memory,
    Pressed,
    PromiseCallback,
    Prompt,
    Said,
    Say,
    Turn,
    Visit,
    WaitFor,
)
from callcenter.model.ids import QueueName
from callcenter.nodes.fields import DigitCount, Key, NextNode, Tries, VariableName, WaitTime

CONFIRMING: Final = "confirming"
ENTERING: Final = "entering"
PROMISING: Final = "promising"
DONE: Final = "done"
DIGITS: Final = frozenset("0123456789")
END_OF_NUMBER: Final = "#"
BACK_KEY: Final = "*"
YES_KEY: Final = Key("1")
OTHER_KEY: Final = Key("2")
NUMBER: Final = VariableName("callback_number")
"""The variable that prompts say the number with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMeBack:
    """Offer to call back for `queue`: `yes` takes the number said, `other` asks for one, `*` goes to `declined`."""

    when_silent: ClassVar[tuple[str, ...] | None] = None  # her own number may be taken without asking

    queue: QueueName
    done: NextNode
    declined: NextNode
    failed: NextNode
    confirm: Prompt | None = None
    enter_number: Prompt | None = None
    accepted: Prompt | None = None
    yes: Key = YES_KEY
    other: Key = OTHER_KEY
    min_digits: DigitCount = 3
    max_digits: DigitCount = 15
    timeout_s: WaitTime = 8.0
    digit_timeout_s: WaitTime = 4.0
    tries: Tries = 3

    def __post_init__(self) -> None:
        if self.yes == self.other or BACK_KEY in (self.yes, self.other):
            raise ValueError("yes and other must be two keys, and not *, which goes back")
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits is {self.min_digits}, more than max_digits, {self.max_digits}")

    def exits(self) -> Mapping[str, str]:
        """Promised; she would rather not; the number cannot be called back."""
        return {"done": self.done, "declined": self.declined, "failed": self.failed}

    def enter(self, visit: Visit) -> Turn:
        """Offer her own number, or ask for one; without a prompt to confirm it, her own is taken at once."""
        if not any(digit in DIGITS for digit in visit.caller):
            return self._ask_number(0)
        return self._offer(visit.caller, "", 0)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """A key, a silence, the end of what was being said, or the answer to the promise."""
        memory = visit.memory
        match told:
            case CallbackAnswer(problem=problem) if memory.phase == PROMISING:
                if problem:
                    return Turn(actions=(Leave(exit="failed"),))
                if self.accepted is None:
                    return Turn(actions=(Leave(exit="done"),))
                return Turn(actions=(Say(prompts=(self.accepted,), interruptible=False),), memory=Memory(phase=DONE))
            case Said() if memory.phase == DONE:
                return Turn(actions=(Leave(exit="done"),))
            case Said() if memory.phase in (CONFIRMING, ENTERING):
                return Turn(actions=(WaitFor(seconds=self.timeout_s),), memory=memory)
            case Pressed(digit=key) if memory.phase == CONFIRMING:
                return self._confirming(key, visit)
            case Pressed(digit=key) if memory.phase == ENTERING:
                return self._entering(key, memory)
            case Elapsed() if memory.phase == CONFIRMING:
                return self._again(visit)
            case Elapsed() if memory.phase == ENTERING:
                return self._entered(memory) if len(memory.digits) >= self.min_digits else self._again(visit)
            case _:
                return Turn(actions=(), memory=memory)

    def _confirming(self, key: str, visit: Visit) -> Turn:
        if key == self.yes:
            return self._promise(visit.memory.digits or visit.caller)
        if key == self.other and self.enter_number is not None:
            return self._ask_number(visit.memory.tries)
        if key == BACK_KEY:
            return Turn(actions=(Leave(exit="declined"),))
        return self._again(visit)

    def _entering(self, key: str, memory: Memory) -> Turn:
        if key in DIGITS:
            typed = replace(memory, digits=memory.digits + key)
            if len(typed.digits) >= self.max_digits:
                return self._entered(typed)
            return Turn(actions=(WaitFor(seconds=self.digit_timeout_s),), memory=typed)
        if key == END_OF_NUMBER and len(memory.digits) >= self.min_digits:
            return self._entered(memory)
        if key == BACK_KEY:
            return Turn(actions=(Leave(exit="declined"),))
        return self._ask_number(memory.tries + 1)

    def _entered(self, memory: Memory) -> Turn:
        return self._offer(memory.digits, memory.digits, memory.tries)

    def _again(self, visit: Visit) -> Turn:
        memory = visit.memory
        if memory.phase == ENTERING:
            return self._ask_number(memory.tries + 1)
        return self._offer(memory.digits or visit.caller, memory.digits, memory.tries + 1)

    def _offer(self, number: str, typed: str, tries: int) -> Turn:
        """Ask whether this number is right; without a prompt for that, it is."""
        if tries >= self.tries:
            return Turn(actions=(Leave(exit="declined"),))
        if self.confirm is None:
            return self._promise(number)
        return Turn(
            actions=(Assign(values={NUMBER: number}), Say(prompts=(self.confirm,))),
            memory=Memory(phase=CONFIRMING, digits=typed, tries=tries),
        )

    def _ask_number(self, tries: int) -> Turn:
        if self.enter_number is None:
            return Turn(actions=(Leave(exit="failed"),))
        if tries >= self.tries:
            return Turn(actions=(Leave(exit="declined"),))
        return Turn(actions=(Say(prompts=(self.enter_number,)),), memory=Memory(phase=ENTERING, tries=tries))

    def _promise(self, number: str) -> Turn:
        return Turn(
            actions=(PromiseCallback(queue=self.queue, number=number),),
            memory=Memory(phase=PROMISING),
        )
