"""Opening hours. The only place that knows local time, days of the week and summer time.

Time elsewhere is float seconds UTC; here it becomes a wall clock and back. zoneinfo data comes from the tzdata package,
so that a machine's own age does not matter.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from callcenter.model.ids import CalendarName

LOOK_AHEAD_DAYS: Final = 366
MINUTES_PER_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSpan:
    """Open on `weekday` (Monday is 0) from `start_min` to `end_min`, minutes after local midnight; end up to 1440."""

    weekday: int
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Weekly opening hours in a time zone, with whole days off. No spans at all means never open."""

    name: CalendarName
    timezone: str
    spans: tuple[OpenSpan, ...]
    holidays: frozenset[str] = frozenset()  # "2026-02-17": closed all day

    def is_open(self, at: float) -> bool:
        """Whether it is open at `at` (UTC seconds). A span includes its start and excludes its end."""
        local = self._local(at)
        if local.date().isoformat() in self.holidays:
            return False
        minute = local.hour * 60 + local.minute
        return any(s.weekday == local.weekday() and s.start_min <= minute < s.end_min for s in self.spans)

    def is_holiday(self, at: float) -> bool:
        """Whether the local day of `at` is a holiday."""
        return self._local(at).date().isoformat() in self.holidays

    def next_change(self, at: float) -> float | None:
        """When it next opens or closes after `at`, UTC seconds; None if it does not within a year."""
        now_open = self.is_open(at)
        for edge in self._edges_after(at):
            if self.is_open(edge) != now_open:
                return edge
        return None

    def _local(self, at: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(at, ZoneInfo(self.timezone))

    def _edges_after(self, at: float) -> Iterator[float]:
        """Every time at which a span or a day begins or ends, in order."""
        first = self._local(at).date()
        for offset in range(LOOK_AHEAD_DAYS):
            day = first + dt.timedelta(days=offset)
            minutes = {0} | {m for s in self.spans if s.weekday == day.weekday() for m in (s.start_min, s.end_min)}
            for edge in sorted(self._moment(day, minute) for minute in minutes):
                if edge > at:
                    yield edge

    def _moment(self, day: dt.date, minute: int) -> float:
        if minute == MINUTES_PER_DAY:
            day, minute = day + dt.timedelta(days=1), 0
        wall = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), ZoneInfo(self.timezone))
        return wall.timestamp()
