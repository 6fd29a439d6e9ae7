"""Says good-bye and ends the call. Knows two reasons that the reports tell apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from callcenter.model.contact import EndReason
from callcenter.model.flow import HangUpCall, Input, Prompt, Said, Say, Turn, Visit


class Ending(StrEnum):
    """Why a flow hangs up: the end reasons (`EndReason`) that a flow may give."""

    FLOW_ENDED = EndReason.FLOW_ENDED.value
    CLOSED = EndReason.CLOSED.value  # the caller was told that nobody is there now
    VOICEMAIL = EndReason.VOICEMAIL.value  # the caller has left a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """Say `prompt` to its end, if there is one, and hang up."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    prompt: Prompt | None = None
    reason: Ending = Ending.FLOW_ENDED

    def exits(self) -> Mapping[str, str]:
        """None."""
        return {}

    def enter(self, visit: Visit) -> Turn:
        """Say good-bye. Not interruptible: a key here can only be a mistake, and would cut the good-bye off."""
        if self.prompt is None:
            return self._end()
        return Turn(actions=(Say(prompts=(self.prompt,), interruptible=False),), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Said; over."""
        return self._end() if isinstance(told, Said) else Turn(actions=(), memory=visit.memory)

    def _end(self) -> Turn:
        return Turn(actions=(HangUpCall(reason=EndReason(self.reason.value)),))
