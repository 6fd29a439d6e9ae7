"""Offers to call back instead of waiting. Knows the keys and what is asked; whether a number may be called it is told.

Theory: the number she calls from is offered first, where there is one; another can be typed where a prompt asks for it.
A promise is made in one moment, after her last key, and her call goes on: when it ends, however it ends, the place in
line is kept without it. Where there are windows she chooses when she is called. Who is promised a callback already (she
has called by herself, or asks twice) is told so, where a prompt says that: she takes it back, asks for another, or
leaves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from annotated_types import MaxLen

from callcenter.model.callback import WINDOWS_MAX, CallbackWindow
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
    WithdrawCallback,
)
from callcenter.model.ids import QueueName
from callcenter.nodes.fields import DigitCount, Key, NextNode, Tries, VariableName, WaitTime, one_exit

STANDING: Final = "standing"
CONFIRMING: Final = "confirming"
ENTERING: Final = "entering"
CHOOSING: Final = "choosing"
PROMISING: Final = "promising"
WITHDRAWING: Final = "withdrawing"
DONE: Final = "done"
WITHDRAWN: Final = "withdrawn"
ASKING: Final = (STANDING, CONFIRMING, ENTERING, CHOOSING)
DIGITS: Final = frozenset("0123456789")
END_OF_NUMBER: Final = "#"
BACK_KEY: Final = "*"
YES_KEY: Final = Key("1")
OTHER_KEY: Final = Key("2")
WITHDRAW_KEY: Final = Key("9")
NUMBER: Final = VariableName("callback_number")
"""The variable that prompts say the number with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMeBack:
    """Offer to call back for `queue`: `yes` takes the number said, `other` asks for one, `*` goes to `declined`.

    To one who is promised a callback for it `standing` says so: `yes` makes another, `withdraw` takes it back.
    """

    when_silent: ClassVar[tuple[str, ...] | None] = None  # her own number may be taken without asking

    queue: QueueName
    done: NextNode
    declined: NextNode
    failed: NextNode
    withdrawn: NextNode | None = None  # None: as when she declines
    confirm: Prompt | None = None
    enter_number: Prompt | None = None
    windows: Annotated[tuple[CallbackWindow, ...], MaxLen(WINDOWS_MAX)] = ()
    choose: Prompt | None = None
    accepted: Prompt | None = None
    standing: Prompt | None = None
    taken_back: Prompt | None = None
    yes: Key = YES_KEY
    other: Key = OTHER_KEY
    withdraw: Key = WITHDRAW_KEY
    min_digits: DigitCount = 3
    max_digits: DigitCount = 15
    timeout_s: WaitTime = 8.0
    digit_timeout_s: WaitTime = 4.0
    tries: Tries = 3

    def __post_init__(self) -> None:
        if len({self.yes, self.other, self.withdraw, BACK_KEY}) < 4:
            raise ValueError("yes, other and withdraw must be three keys, and not *, which goes back")
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits is {self.min_digits}, more than max_digits, {self.max_digits}")
        if bool(self.windows) != (self.choose is not None):
            raise ValueError("windows are chosen by key: `choose` says them, and is for nothing without them")

    def exits(self) -> Mapping[str, str]:
        """Promised; she would rather not; the number cannot be called back; she has taken it back."""
        ways = {"done": self.done, "declined": self.declined, "failed": self.failed}
        return {**ways, **one_exit("withdrawn", self.withdrawn, self.declined)}

    def enter(self, visit: Visit) -> Turn:
        """Say what is promised already, or offer."""
        if self.standing is not None and visit.promised == self.queue:
            return self._tell_standing(0)
        return self._begin(visit)

    def _begin(self, visit: Visit) -> Turn:
        """Offer her own number, or ask for one; without a prompt to confirm it, her own is taken at once."""
        if not any(digit in DIGITS for digit in visit.caller):
            return self._ask_number(0)
        return self._offer(visit.caller, "", 0, visit.now)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """A key, a silence, the end of what was being said, or the answer to the promise."""
        memory = visit.memory
        match told:
            case CallbackAnswer() if memory.phase in (PROMISING, WITHDRAWING):
                return self._answered(told, WITHDRAWN if memory.phase == WITHDRAWING else DONE)
            case Said() if memory.phase in (DONE, WITHDRAWN):
                return Turn(actions=(Leave(exit=memory.phase, why=memory.why),))
            case Said() if memory.phase in ASKING:
                return Turn(actions=(WaitFor(seconds=self.timeout_s),), memory=memory)
            case Pressed(digit=key) if memory.phase in ASKING:
                return self._pressed(key, visit)
            case Elapsed() if memory.phase == ENTERING and len(memory.digits) >= self.min_digits:
                return self._entered(visit)
            case Elapsed() if memory.phase in ASKING:
                return self._again(visit)
            case _:
                return Turn(actions=(), memory=memory)

    def _answered(self, told: CallbackAnswer, phase: str) -> Turn:
        """What was asked for is done, or cannot be."""
        if told.problem:
            return Turn(actions=(Leave(exit="failed", why=f"no callback: {told.problem}"),))
        prompt = self.taken_back if phase == WITHDRAWN else self.accepted
        if prompt is None:
            return Turn(actions=(Leave(exit=phase, why=told.stands),))
        said = Say(prompts=(prompt,), interruptible=False)
        return Turn(actions=(said,), memory=Memory(phase=phase, why=told.stands))

    def _pressed(self, key: str, visit: Visit) -> Turn:
        if key == BACK_KEY:
            return Turn(actions=(Leave(exit="declined", why=f"she pressed {BACK_KEY}: no callback"),))
        asked = {STANDING: self._standing, CONFIRMING: self._confirming, CHOOSING: self._choosing}
        return asked.get(visit.memory.phase, self._entering)(key, visit)

    def _standing(self, key: str, visit: Visit) -> Turn:
        if key == self.yes:
            return self._begin(visit)
        if key == self.withdraw:
            return Turn(actions=(WithdrawCallback(),), memory=Memory(phase=WITHDRAWING))
        return self._again(visit)

    def _tell_standing(self, tries: int) -> Turn:
        return self._ask(self.standing, Memory(phase=STANDING, tries=tries))

    def _confirming(self, key: str, visit: Visit) -> Turn:
        if key == self.yes:
            return self._choose(visit.memory.digits or visit.caller, 0, visit.now)
        if key == self.other and self.enter_number is not None:
            return self._ask_number(visit.memory.tries)
        return self._again(visit)

    def _entering(self, key: str, visit: Visit) -> Turn:
        memory = visit.memory
        if key in DIGITS:
            typed = replace(memory, digits=memory.digits + key)
            if len(typed.digits) >= self.max_digits:
                return self._offer(typed.digits, typed.digits, typed.tries, visit.now)
            return Turn(actions=(WaitFor(seconds=self.digit_timeout_s),), memory=typed)
        if key == END_OF_NUMBER and len(memory.digits) >= self.min_digits:
            return self._entered(visit)
        return self._ask_number(memory.tries + 1)

    def _entered(self, visit: Visit) -> Turn:
        memory = visit.memory
        return self._offer(memory.digits, memory.digits, memory.tries, visit.now)

    def _choosing(self, key: str, visit: Visit) -> Turn:
        if key in DIGITS and 1 <= int(key) <= len(self.windows):
            return self._promise(visit.memory.digits, visit.now, self.windows[int(key) - 1])
        return self._again(visit)

    def _again(self, visit: Visit) -> Turn:
        """She pressed nothing, or something else: the same question, so many times."""
        memory = visit.memory
        tries = memory.tries + 1
        if memory.phase == STANDING:
            return self._tell_standing(tries)
        if memory.phase == ENTERING:
            return self._ask_number(tries)
        if memory.phase == CHOOSING:
            return self._choose(memory.digits, tries, visit.now)
        return self._offer(memory.digits or visit.caller, memory.digits, tries, visit.now)

    def _offer(self, number: str, typed: str, tries: int, now: float) -> Turn:
        """Ask whether this number is right; without a prompt for that, it is."""
        if self.confirm is None and tries < self.tries:
            return self._choose(number, 0, now)
        return self._ask(self.confirm, Memory(phase=CONFIRMING, digits=typed, tries=tries), {NUMBER: number})

    def _ask_number(self, tries: int) -> Turn:
        if self.enter_number is None:
            why = "no callback: her number is withheld, and no other is asked for"
            return Turn(actions=(Leave(exit="failed", why=why),))
        return self._ask(self.enter_number, Memory(phase=ENTERING, tries=tries))

    def _choose(self, number: str, tries: int, now: float) -> Turn:
        """Ask when; where there is nothing to choose the promise is made."""
        if self.choose is None:
            return self._promise(number, now, None)
        return self._ask(self.choose, Memory(phase=CHOOSING, digits=number, tries=tries))

    def _ask(self, prompt: Prompt | None, memory: Memory, values: Mapping[str, str] | None = None) -> Turn:
        """A question, unless it has been asked too often."""
        if prompt is None or memory.tries >= self.tries:
            why = f"no callback: she has not chosen in {self.tries} tries"
            return Turn(actions=(Leave(exit="declined", why=why),))
        known = (Assign(values=values),) if values else ()
        return Turn(actions=(*known, Say(prompts=(prompt,))), memory=memory)

    def _promise(self, number: str, now: float, window: CallbackWindow | None) -> Turn:
        if window is None:
            promise = PromiseCallback(queue=self.queue, number=number)
        else:
            promise = PromiseCallback(
                queue=self.queue, number=number, not_before=now + window.after_s, until=now + window.until_s
            )
        return Turn(actions=(promise,), memory=Memory(phase=PROMISING))
