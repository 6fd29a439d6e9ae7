"""Sets variables of the contact. Knows names and texts; a text may be made of what is known of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from annotated_types import MaxLen, MinLen

from callcenter.model.flow import Assign, Input, Leave, Turn, Visit
from callcenter.nodes.fields import Filled, NextNode, VariableName, fill

VALUES_MAX: Final = 50
VALUE_CHARS_MAX: Final = 200
"""Longer is cut: a loop that puts a variable into itself must not grow without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariables:
    """Set each of `values` and go to `next`. All texts are filled in with what was there before."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    values: Annotated[Mapping[VariableName, Filled], MinLen(1), MaxLen(VALUES_MAX)]
    next: NextNode

    def exits(self) -> Mapping[str, str]:
        """Only on."""
        return {"next": self.next}

    def enter(self, visit: Visit) -> Turn:
        """Set them at once."""
        values: dict[str, str] = {name: fill(text, visit)[:VALUE_CHARS_MAX] for name, text in self.values.items()}
        return Turn(actions=(Assign(values=values), Leave(exit="next")))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
