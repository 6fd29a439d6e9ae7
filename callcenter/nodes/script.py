"""Gives the call to a FastAGI script for a while. Knows its address and arguments; the dialplan runs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from annotated_types import Interval, MaxLen

from callcenter.model.flow import Assign, CallScript, Input, Leave, ScriptDone, Turn, Visit
from callcenter.nodes.fields import Filled, NextNode, ScriptUrl, VariableName, fill

ARGUMENTS_MAX: Final = 10
ARGUMENT_CHARS_MAX: Final = 200
VALUES_MAX: Final = 10
SCRIPT_MAX_S: Final = 3600.0

_OF_THE_DIALPLAN: Final = re.compile(r'[\x00-\x1f\x7f,"\\(){}\[\]$;|]')
"""What Asterisk gives a meaning in an application's arguments: a caller must not be able to say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Let the script at `url` have the call, for `timeout_s` at most; `failed` if it did not end well."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    url: ScriptUrl
    done: NextNode
    failed: NextNode
    args: Annotated[tuple[Filled, ...], MaxLen(ARGUMENTS_MAX)] = ()
    set: Annotated[tuple[VariableName, ...], MaxLen(VALUES_MAX)] = ()
    timeout_s: Annotated[float, Interval(ge=1, le=SCRIPT_MAX_S)] = 300.0

    def exits(self) -> Mapping[str, str]:
        """It ended well, or not."""
        return {"done": self.done, "failed": self.failed}

    def enter(self, visit: Visit) -> Turn:
        """Let the call go."""
        call = CallScript(
            url=self.url,
            arguments=tuple(argument(fill(text, visit)) for text in self.args),
            timeout_s=self.timeout_s,
            take=tuple(map(str, self.set)),
        )
        return Turn(actions=(call,), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """It is back. What the script left is kept also when it failed."""
        if not isinstance(told, ScriptDone):
            return Turn(actions=(), memory=visit.memory)
        keep = (Assign(values={str(name): told.values.get(name, "") for name in self.set}),) if self.set else ()
        return Turn(actions=(*keep, Leave(exit="done" if told.ok else "failed")))


def argument(text: str) -> str:
    """The text as one argument of an application: a sign that means something there becomes a blank."""
    return _OF_THE_DIALPLAN.sub(" ", text)[:ARGUMENT_CHARS_MAX]
