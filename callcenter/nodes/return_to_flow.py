"""Ends a flow that another one led to (`subflow`), and says how it went. Knows one word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from callcenter.model.flow import Input, ReturnToFlow, Turn, Visit
from callcenter.nodes.fields import Word

DEFAULT_WORD: Final = Word("done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Back to the flow that led here, saying `word`. A call that no flow led here goes to its dialplan, or ends."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    word: Word = DEFAULT_WORD

    def exits(self) -> Mapping[str, str]:
        """None of this flow."""
        return {}

    def enter(self, visit: Visit) -> Turn:
        """Go at once."""
        return Turn(actions=(ReturnToFlow(exit=self.word),))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
