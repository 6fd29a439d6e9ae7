"""Says something and goes on. Knows one prompt; a key that is pressed meanwhile cuts it short and is not kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from callcenter.model.flow import Input, Leave, Pressed, Prompt, Said, Say, Turn, Visit
from callcenter.nodes.fields import NextNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Say `prompt`, then go to `next`."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    prompt: Prompt
    next: NextNode
    interruptible: bool = True

    def exits(self) -> Mapping[str, str]:
        """Only on."""
        return {"next": self.next}

    def enter(self, visit: Visit) -> Turn:
        """Start to speak."""
        return Turn(actions=(Say(prompts=(self.prompt,), interruptible=self.interruptible),), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Spoken, or cut short."""
        if isinstance(told, Said) or (isinstance(told, Pressed) and self.interruptible):
            return Turn(actions=(Leave(exit="next"),))
        return Turn(actions=(), memory=visit.memory)
