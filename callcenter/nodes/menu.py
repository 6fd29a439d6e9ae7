"""Offers a choice by key. Knows keys, tries and silence; a key may also choose the language of all that follows.

Theory: the menu speaks ("saying"), then listens ("listening"). A key counts in both. Each key that is no choice and
each silence costs a try, so that a menu ends after `tries` of them at the latest. The clock runs only while listening;
a time-out that arrives while speaking belongs to an earlier round and means nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from callcenter.model.flow import (
    Elapsed,
    Input,
    Leave,
    Memory,
    Pressed,
    Prompt,
    Said,
    Say,
    SpeakLanguage,
    Turn,
    Visit,
    WaitFor,
)
from callcenter.nodes.fields import Choices, Key, Language, NextNode, Tries, WaitTime, one_exit, said

SAYING: Final = "saying"
LISTENING: Final = "listening"
MISSED: Final = {"no_input": "pressed nothing", "no_match": "pressed what is no choice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Say `greeting` (once) and `prompt`, then go where the pressed key leads."""

    when_silent: ClassVar[tuple[str, ...] | None] = ("no_input",)

    prompt: Prompt
    choices: Choices
    no_input: NextNode
    no_match: NextNode | None = None
    greeting: Prompt | None = None
    languages: Mapping[Key, Language] = field(default_factory=dict)
    no_input_prompt: Prompt | None = None
    no_match_prompt: Prompt | None = None
    timeout_s: WaitTime = 6.0
    tries: Tries = 3
    interruptible: bool = True

    def __post_init__(self) -> None:
        strangers = [key for key in self.languages if key not in self.choices]
        if strangers:
            raise ValueError(f"languages: key {', '.join(strangers)} is not among the choices")

    def exits(self) -> Mapping[str, str]:
        """One per key, and what to do with those who press nothing or nothing that fits."""
        keys = {f"choices.{key}": target for key, target in self.choices.items()}
        return {**keys, "no_input": self.no_input, **one_exit("no_match", self.no_match, self.no_input)}

    def enter(self, visit: Visit) -> Turn:
        """Greet and offer the choice."""
        return self._offer(0, said(self.greeting))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """A key, a silence, or the end of the prompt."""
        memory = visit.memory
        match told:
            case Pressed(digit=key) if key in self.choices:
                return Turn(actions=(*self._language_of(key), Leave(exit=f"choices.{key}")))
            case Pressed():
                return self._missed("no_match", self.no_match_prompt, memory)
            case Said() if memory.phase == SAYING:
                return Turn(
                    actions=(WaitFor(seconds=self.timeout_s),), memory=Memory(phase=LISTENING, tries=memory.tries)
                )
            case Elapsed() if memory.phase == LISTENING:
                return self._missed("no_input", self.no_input_prompt, memory)
            case _:
                return Turn(actions=(), memory=memory)

    def _offer(self, tries: int, first: tuple[Prompt, ...]) -> Turn:
        say = Say(prompts=(*first, self.prompt), interruptible=self.interruptible)
        return Turn(actions=(say,), memory=Memory(phase=SAYING, tries=tries))

    def _missed(self, way_out: str, reproach: Prompt | None, memory: Memory) -> Turn:
        if memory.tries + 1 >= self.tries:
            return Turn(actions=(Leave(exit=way_out, why=f"{MISSED[way_out]}; that was try {self.tries}"),))
        return self._offer(memory.tries + 1, said(reproach))

    def _language_of(self, key: str) -> tuple[SpeakLanguage, ...]:
        language = self.languages.get(Key(key))
        return (SpeakLanguage(language=language),) if language else ()
