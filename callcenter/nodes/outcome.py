"""Lets an agent record what came of her talk from her own phone, by a feature code. Knows a key, and no tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from callcenter.model.flow import AgentWish, Input, Leave, Turn, Visit, WishDone
from callcenter.nodes.fields import Key, NextNode

RECORD_OUTCOME: Final = "outcome"
"""The wish of an agent for which this node asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcome:
    """Record the outcome that `key` means for the talk that the calling agent has or had last; `refused` if none."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    key: Key
    done: NextNode
    refused: NextNode

    def exits(self) -> Mapping[str, str]:
        """Recorded or not."""
        return {"done": self.done, "refused": self.refused}

    def enter(self, visit: Visit) -> Turn:
        """Ask."""
        return Turn(actions=(AgentWish(wish=RECORD_OUTCOME, reason=self.key),), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """The answer."""
        if isinstance(told, WishDone):
            return Turn(actions=(Leave(exit="refused" if told.problem else "done", why=told.problem),))
        return Turn(actions=(), memory=visit.memory)
