"""Changes the language of all that the caller hears from here on. Knows one language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from callcenter.model.flow import Input, Leave, SpeakLanguage, Turn, Visit
from callcenter.nodes.fields import Language, NextNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Speak `language` and go to `next`."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    language: Language
    next: NextNode

    def exits(self) -> Mapping[str, str]:
        """Only on."""
        return {"next": self.next}

    def enter(self, visit: Visit) -> Turn:
        """Change it at once."""
        return Turn(actions=(SpeakLanguage(language=self.language), Leave(exit="next")))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
