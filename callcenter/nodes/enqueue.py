"""Puts the call in line. Knows which queue; the flow ends here unless the queue sends the call to another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from annotated_types import Interval, MaxLen

from callcenter.model.flow import Input, Queueing, Turn, Visit
from callcenter.model.ids import QueueName
from callcenter.model.need import Need
from callcenter.model.queue import PRIORITY_MAX, PRIORITY_MIN, RelaxStep

STEPS_MAX: Final = 20
Priority = Annotated[int, Interval(ge=PRIORITY_MIN, le=PRIORITY_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Wait in `queue`; `priority`, `needs` and `relax` stand in for the queue's own.

    `again`: a call that was in this queue a moment ago has the priority and needs it had there.
    """

    when_silent: ClassVar[tuple[str, ...] | None] = None

    queue: QueueName
    priority: Priority | None = None
    needs: Need | None = None
    again: bool = False
    relax: Annotated[tuple[RelaxStep, ...], MaxLen(STEPS_MAX)] = ()

    def __post_init__(self) -> None:
        times = [step.after_s for step in self.relax]
        if times != sorted(set(times)):
            raise ValueError("relax: the steps must come in order of after_s, each later than the one before")

    def exits(self) -> Mapping[str, str]:
        """None: the queue has the call from here on."""
        return {}

    def enter(self, visit: Visit) -> Turn:
        """Into the queue."""
        action = Queueing(
            queue=self.queue, priority=self.priority, needs=self.needs, relax=self.relax, again=self.again
        )
        return Turn(actions=(action,))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
