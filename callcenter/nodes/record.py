"""Records what the caller says (a name, a comment), lets her hear it and say it again. Knows keys and limits.

Theory: "asking", "recording", then, if there is a `review`, "reviewing" (it is spoken) and "choosing". All but the key
that accepts costs a try, so it ends after `tries` of them. Whoever says nothing more keeps what she has said, as does
whoever hangs up; only who has asked to say it again too often gives up, and then nothing is kept.

The key that ends a recording in Asterisk is told to us as well, perhaps after the recording's end: once, it is no
choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from callcenter.model.flow import (
    Action,
    Assign,
    DropNote,
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
    TakeMessage,
    Turn,
    Visit,
    WaitFor,
)
from callcenter.nodes.fields import MessageTime, NextNode, SilenceTime, Tries, VariableName, WaitTime

ASKING: Final = "asking"
RECORDING: Final = "recording"
REVIEWING: Final = "reviewing"
CHOOSING: Final = "choosing"

ACCEPT_KEY: Final = "1"
LISTEN_KEY: Final = "2"
AGAIN_KEY: Final = "3"
END_KEY: Final = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Say `prompt`, record, and go to `recorded`, to `empty` if nothing is said, or to `gave_up`.

    With a `review` the caller may accept (1), listen (2) or say it again (3).
    """

    when_silent: ClassVar[tuple[str, ...] | None] = ("recorded", "empty")

    recorded: NextNode
    empty: NextNode
    gave_up: NextNode
    prompt: Prompt | None = None
    into: VariableName | None = None
    review: Prompt | None = None
    max_s: MessageTime = 60.0
    silence_s: SilenceTime = 3.0
    timeout_s: WaitTime = 6.0
    tries: Tries = 4

    def exits(self) -> Mapping[str, str]:
        """There is something, or not."""
        return {"recorded": self.recorded, "empty": self.empty, "gave_up": self.gave_up}

    def enter(self, visit: Visit) -> Turn:
        """Ask, or record at once."""
        return self._ask(0)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Asked, recorded, or chosen."""
        memory = visit.memory
        match told:
            case Said() | Pressed() if memory.phase == ASKING:
                return self._record(memory.tries)
            case MessageTaken() if memory.phase == RECORDING:
                return self._taken(told, memory)
            case Said() if memory.phase == REVIEWING:
                return Turn(actions=(WaitFor(seconds=self.timeout_s),), memory=replace(memory, phase=CHOOSING))
            case Pressed(digit=key) if memory.phase in (REVIEWING, CHOOSING):
                return self._chosen(key, memory)
            case Elapsed() if memory.phase == CHOOSING:
                return self._again_or(memory, listen=False)
            case _:
                return Turn(actions=(), memory=memory)

    def _ask(self, tries: int, *before: Action) -> Turn:
        if self.prompt is None:
            return self._record(tries, *before)
        return Turn(actions=(*before, Say(prompts=(self.prompt,))), memory=Memory(phase=ASKING, tries=tries))

    def _record(self, tries: int, *before: Action) -> Turn:
        take = TakeMessage(mailbox="", max_s=self.max_s, silence_s=self.silence_s)
        return Turn(actions=(*before, take), memory=Memory(phase=RECORDING, tries=tries))

    def _taken(self, told: MessageTaken, memory: Memory) -> Turn:
        if told.note is None:
            if memory.tries + 1 >= self.tries:
                return Turn(actions=(Leave(exit="empty", why=f"she said nothing, in {self.tries} tries"),))
            return self._ask(memory.tries + 1)
        taken = replace(memory, note=told.note)
        return self._kept(taken) if self.review is None else self._review(taken, listen=False)

    def _chosen(self, key: str, memory: Memory) -> Turn:
        if key == ACCEPT_KEY:
            return self._kept(memory)
        if key == AGAIN_KEY:
            if memory.tries + 1 >= self.tries:
                return Turn(actions=(DropNote(), Leave(exit="gave_up", why=f"recorded anew {self.tries} times")))
            return self._ask(memory.tries + 1, DropNote())
        if key == END_KEY and not memory.digits:
            return self._review(replace(memory, digits=END_KEY), listen=False)
        return self._again_or(memory, listen=key == LISTEN_KEY)

    def _again_or(self, memory: Memory, *, listen: bool) -> Turn:
        """Offer the choice once more; who has had it often enough keeps what there is."""
        if memory.tries + 1 >= self.tries:
            return self._kept(memory)
        return self._review(replace(memory, tries=memory.tries + 1), listen=listen)

    def _review(self, memory: Memory, *, listen: bool) -> Turn:
        prompts = (self.review,) if self.review is not None else ()
        say = Say(prompts=prompts, note=memory.note if listen else None)
        return Turn(actions=(say,), memory=replace(memory, phase=REVIEWING))

    def _kept(self, memory: Memory) -> Turn:
        name = (Assign(values={self.into: memory.note or ""}),) if self.into is not None else ()
        return Turn(actions=(KeepNote(), *name, Leave(exit="recorded")))
