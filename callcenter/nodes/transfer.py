"""Connects the caller to an outside number or an extension. Knows the number, not whether it may be called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from callcenter.model.flow import Forward, ForwardFailed, Input, Leave, Memory, Pressed, Prompt, Said, Say, Turn, Visit
from callcenter.nodes.fields import NUMBER_PATTERN, Filled, NextNode, RingTime, fill

SAYING: Final = "saying"
CALLING: Final = "calling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Say `prompt`, call `number` for `timeout_s`; `failed` if nobody answers or the number is none."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    number: Filled
    failed: NextNode
    prompt: Prompt | None = None
    timeout_s: RingTime = 30.0

    def exits(self) -> Mapping[str, str]:
        """Nobody answered; when somebody does, the flow is over."""
        return {"failed": self.failed}

    def enter(self, visit: Visit) -> Turn:
        """Announce it, or call at once."""
        if self.prompt is None:
            return self._call(visit)
        return Turn(actions=(Say(prompts=(self.prompt,)),), memory=Memory(phase=SAYING))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """The announcement is over, or nobody answered."""
        match told:
            case Said() | Pressed() if visit.memory.phase == SAYING:
                return self._call(visit)
            case ForwardFailed(why=why) if visit.memory.phase == CALLING:
                return Turn(actions=(Leave(exit="failed", why=f"{fill(self.number, visit).strip()}: {why}"),))
            case _:
                return Turn(actions=(), memory=visit.memory)

    def _call(self, visit: Visit) -> Turn:
        number = fill(self.number, visit).strip()
        if not NUMBER_PATTERN.fullmatch(number):
            return Turn(actions=(Leave(exit="failed", why=f"{number!r} is no number to call"),))
        return Turn(actions=(Forward(number=number, timeout_s=self.timeout_s),), memory=Memory(phase=CALLING))
