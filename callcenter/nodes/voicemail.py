"""Takes a message. Knows a greeting, a mailbox and limits; recording is done elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from annotated_types import Interval

from callcenter.model.flow import (
    Input,
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
)
from callcenter.nodes.fields import MessageTime, NextNode, Word

GREETING: Final = "greeting"
RECORDING: Final = "recording"
SILENCE_MAX_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """Say `greeting` (a key skips it), record into `mailbox`, then go to `done`, or `nothing` if nothing was said."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    mailbox: Word
    done: NextNode
    nothing: NextNode
    greeting: Prompt | None = None
    max_s: MessageTime = 120.0
    silence_s: Annotated[float, Interval(ge=1, le=SILENCE_MAX_S)] = 5.0

    def exits(self) -> Mapping[str, str]:
        """A message is there, or not."""
        return {"done": self.done, "nothing": self.nothing}

    def enter(self, visit: Visit) -> Turn:
        """Greet, or record at once."""
        if self.greeting is None:
            return self._record()
        return Turn(actions=(Say(prompts=(self.greeting,)),), memory=Memory(phase=GREETING))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Greeted, or recorded."""
        match told:
            case Said() | Pressed() if visit.memory.phase == GREETING:
                return self._record()
            case MessageTaken(seconds=seconds) if visit.memory.phase == RECORDING:
                return Turn(actions=(Leave(exit="done" if seconds > 0 else "nothing"),))
            case _:
                return Turn(actions=(), memory=visit.memory)

    def _record(self) -> Turn:
        take = TakeMessage(mailbox=self.mailbox, max_s=self.max_s, silence_s=self.silence_s)
        return Turn(actions=(take,), memory=Memory(phase=RECORDING))
