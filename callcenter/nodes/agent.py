"""Lets an agent log in and out from her own phone, by feature code. Knows four wishes; who she is, the engine knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from annotated_types import MaxLen

from callcenter.model.flow import AgentWish, Input, Leave, Turn, Visit, WishDone
from callcenter.nodes.fields import NextNode

REASON_CHARS_MAX: Final = 40


class Wish(StrEnum):
    """What an agent may ask for by phone."""

    LOGIN = "login"
    LOGOUT = "logout"
    PAUSE = "pause"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequest:
    """Do what the calling agent wishes; `refused` if she is none or may not. Only a pause has a `reason`."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    wish: Wish
    done: NextNode
    refused: NextNode
    reason: Annotated[str, MaxLen(REASON_CHARS_MAX)] = ""

    def __post_init__(self) -> None:
        if self.reason and self.wish is not Wish.PAUSE:
            raise ValueError(f"reason: only a pause has one, not {self.wish}")

    def exits(self) -> Mapping[str, str]:
        """Granted or not."""
        return {"done": self.done, "refused": self.refused}

    def enter(self, visit: Visit) -> Turn:
        """Ask."""
        return Turn(actions=(AgentWish(wish=self.wish.value, reason=self.reason),), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """The answer."""
        if isinstance(told, WishDone):
            return Turn(actions=(Leave(exit="refused" if told.problem else "done", why=told.problem),))
        return Turn(actions=(), memory=visit.memory)
