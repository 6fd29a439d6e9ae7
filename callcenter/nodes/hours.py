"""Asks a calendar. Knows open, closed and holiday; does not know what day it is (the visit tells)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from callcenter.model.flow import Input, Leave, Turn, Visit
from callcenter.model.ids import CalendarName
from callcenter.nodes.fields import NextNode, one_exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Go to `open` or `closed`, or to `holiday` on a day off (left out: as closed)."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    calendar: CalendarName
    open: NextNode
    closed: NextNode
    holiday: NextNode | None = None

    def exits(self) -> Mapping[str, str]:
        """As the calendar says."""
        return {"open": self.open, "closed": self.closed, **one_exit("holiday", self.holiday, self.closed)}

    def enter(self, visit: Visit) -> Turn:
        """Decide at once."""
        if self.calendar in visit.open_calendars:
            return Turn(actions=(Leave(exit="open"),))
        shut = "holiday" if self.calendar in visit.holidays else "closed"
        return Turn(actions=(Leave(exit=shut, why=f"{shut} by {self.calendar}"),))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
