"""Gives the call back to the dialplan it came from. Knows one word, which the dialplan can test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from callcenter.model.flow import Input, ReturnToDialplan, Turn, Visit
from callcenter.nodes.fields import Word

DEFAULT_EXIT: Final = Word("done")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveFlow:
    """Return to the dialplan, saying `exit`."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    exit: Word = DEFAULT_EXIT

    def exits(self) -> Mapping[str, str]:
        """None: the flow is over."""
        return {}

    def enter(self, visit: Visit) -> Turn:
        """Go at once."""
        return Turn(actions=(ReturnToDialplan(exit=self.exit),))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
