"""Puts the call in line. Knows which queue; the flow ends here unless the queue sends the call to another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Interval

from callcenter.model.flow import Input, Queueing, Turn, Visit
from callcenter.model.ids import QueueName
from callcenter.model.need import Need
from callcenter.model.queue import PRIORITY_MAX, PRIORITY_MIN

Priority = Annotated[int, Interval(ge=PRIORITY_MIN, le=PRIORITY_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Wait in `queue`; `priority` and `needs` stand in for the queue's own.

    `again`: a call that was in this queue a moment ago has the priority and needs it had there.
    """

    when_silent: ClassVar[tuple[str, ...] | None] = None

    queue: QueueName
    priority: Priority | None = None
    needs: Need | None = None
    again: bool = False

    def exits(self) -> Mapping[str, str]:
        """None: the queue has the call from here on."""
        return {}

    def enter(self, visit: Visit) -> Turn:
        """Into the queue."""
        return Turn(actions=(Queueing(queue=self.queue, priority=self.priority, needs=self.needs, again=self.again),))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
