"""Asks how it was: questions with a key each, and perhaps a spoken comment. Knows keys and tries; sums up nothing.

Theory: question by question, "saying" and "listening", as in a menu; which one is the memory's step. A key out of range
and each silence costs a try of this question; who has used them up is gone, and what was answered before stays
answered. The comment is asked for last: # skips it, any other key begins it at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from annotated_types import Interval, MaxLen, MinLen

from callcenter.model.flow import (
    Action,
    Elapsed,
    Input,
    KeepNote,
    Leave,
    Memory,
    MessageTaken,
    Pressed,
    Prompt,
    Said,
    Say,
    TakeAnswer,
    TakeMessage,
    Turn,
    Visit,
    WaitFor,
)
from callcenter.nodes.fields import MessageTime, NextNode, SilenceTime, Tries, WaitTime, Word, said

SAYING: Final = "saying"
LISTENING: Final = "listening"
INVITING: Final = "inviting"
COMMENTING: Final = "commenting"

QUESTIONS_MAX: Final = 10
COMMENT: Final = "comment"
SKIP_KEY: Final = "#"
Answer = Annotated[int, Interval(ge=0, le=9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: `name` is what reports call it, and a key from `min` to `max` answers it."""

    name: Word
    prompt: Prompt
    min: Answer = 1
    max: Answer = 5

    def __post_init__(self) -> None:
        if self.min >= self.max:
            raise ValueError(f"min is {self.min}, and must be less than max, {self.max}")
        if self.name == COMMENT:
            raise ValueError(f"name: {COMMENT} is what the spoken comment is called")

    def answer(self, key: str) -> int | None:
        """What a key says; None if it says nothing."""
        return int(key) if key in "0123456789" and self.min <= int(key) <= self.max else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSurvey:
    """Ask `questions` one after the other, then for a `comment`; `gave_up` after `tries` rounds of one."""

    when_silent: ClassVar[tuple[str, ...] | None] = ("gave_up",)

    questions: Annotated[tuple[Question, ...], MinLen(1), MaxLen(QUESTIONS_MAX)]
    done: NextNode
    gave_up: NextNode
    comment: Prompt | None = None
    invalid_prompt: Prompt | None = None
    timeout_s: WaitTime = 6.0
    tries: Tries = 2
    comment_max_s: MessageTime = 60.0
    comment_silence_s: SilenceTime = 3.0

    def __post_init__(self) -> None:
        names = [question.name for question in self.questions]
        if len({*names}) < len(names):
            raise ValueError("questions: two have the same name")

    def exits(self) -> Mapping[str, str]:
        """All was asked, or the caller fell silent."""
        return {"done": self.done, "gave_up": self.gave_up}

    def enter(self, visit: Visit) -> Turn:
        """The first question."""
        return self._ask(0, 0)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """An answer, a silence, or the end of what was being said."""
        memory = visit.memory
        match told:
            case Pressed(digit=key) if memory.phase in (SAYING, LISTENING):
                return self._answered(key, memory)
            case Said() if memory.phase == SAYING:
                waiting = Memory(phase=LISTENING, step=memory.step, tries=memory.tries)
                return Turn(actions=(WaitFor(seconds=self.timeout_s),), memory=waiting)
            case Elapsed() if memory.phase == LISTENING:
                return self._missed(memory)
            case Pressed(digit=key) if memory.phase == INVITING and key == SKIP_KEY:
                return Turn(actions=(Leave(exit="done"),))
            case Said() | Pressed() if memory.phase == INVITING:
                take = TakeMessage(mailbox="", max_s=self.comment_max_s, silence_s=self.comment_silence_s)
                return Turn(actions=(take,), memory=Memory(phase=COMMENTING))
            case MessageTaken(note=note) if memory.phase == COMMENTING:
                kept = (KeepNote(), TakeAnswer(question=COMMENT, comment=note)) if note is not None else ()
                return Turn(actions=(*kept, Leave(exit="done")))
            case _:
                return Turn(actions=(), memory=memory)

    def _ask(self, step: int, tries: int, *before: Action, reproach: tuple[Prompt, ...] = ()) -> Turn:
        say = Say(prompts=(*reproach, self.questions[step].prompt))
        return Turn(actions=(*before, say), memory=Memory(phase=SAYING, step=step, tries=tries))

    def _answered(self, key: str, memory: Memory) -> Turn:
        question = self.questions[memory.step]
        answer = question.answer(key)
        if answer is None:
            return self._missed(memory, said(self.invalid_prompt))
        taken = TakeAnswer(question=question.name, answer=answer)
        if memory.step + 1 < len(self.questions):
            return self._ask(memory.step + 1, 0, taken)
        if self.comment is None:
            return Turn(actions=(taken, Leave(exit="done")))
        return Turn(actions=(taken, Say(prompts=(self.comment,))), memory=Memory(phase=INVITING))

    def _missed(self, memory: Memory, reproach: tuple[Prompt, ...] = ()) -> Turn:
        if memory.tries + 1 >= self.tries:
            why = f"no answer to {self.questions[memory.step].name} in {self.tries} tries"
            return Turn(actions=(Leave(exit="gave_up", why=why),))
        return self._ask(memory.step, memory.tries + 1, reproach=reproach)
