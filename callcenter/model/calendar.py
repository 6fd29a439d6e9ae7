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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Weekly hours without a place: they are judged in whatever zone somebody is. `on_holidays` replaces the spans of
    the week on the days that are given as holidays; None: a holiday is a day as any other."""

    spans: tuple[OpenSpan, ...]
    on_holidays: tuple[tuple[int, int], ...] | None = None  # minutes from and to; (): never on a holiday

    def held_at(self, at: float, zone: str, holidays: frozenset[str] = frozenset()) -> bool:
        """Whether `at` (UTC seconds) is within the hours in `zone`. Raises ZoneInfoNotFoundError for no zone."""
        local = dt.datetime.fromtimestamp(at, ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.of_day(local.date(), holidays))

    def of_day(self, day: dt.date, holidays: frozenset[str]) -> tuple[tuple[int, int], ...]:
        """The hours of one local day, minutes from and to."""
        if self.on_holidays is not None and day.isoformat() in holidays:
            return self.on_holidays
        return tuple((span.start_min, span.end_min) for span in self.spans if span.weekday == day.weekday())

    def held_from(self, at: float, zone: str, holidays: frozenset[str] = frozenset()) -> float | None:
        """The earliest time from `at` on that is within the hours in `zone`; None if there is none within a year.

        Exact where clocks are put forward or back: an hour that begins in the gap begins when the gap is over, and one
        that comes twice is there twice.
        """
        if self.held_at(at, zone, holidays):
            return at
        place = ZoneInfo(zone)
        first = dt.datetime.fromtimestamp(at, place).date()
        for offset in range(LOOK_AHEAD_DAYS + 1):
            day = first + dt.timedelta(days=offset)
            starts = (start for start, end in self.of_day(day, holidays) if start < end)
            edges = {edge for start in starts for edge in _moments(day, start, place)} | _jumps(day, place)
            for edge in sorted(edges):
                if edge > at and self.held_at(edge, zone, holidays):
                    return edge
        return None

    def shown(self, at: float, zone: str, holidays: frozenset[str] = frozenset()) -> str:
        """The hours of the local day of `at`, for people: `08:00-12:00, 13:00-17:00`; `none`."""
        day = dt.datetime.fromtimestamp(at, ZoneInfo(zone)).date()
        spans = sorted(self.of_day(day, holidays))
        return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans) or "none"


def local_clock(at: float, zone: str) -> str:
    """A time in a zone, for people: `Mon 2026-11-30 20:59`."""
    return dt.datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


def local_hour(at: float, zone: str) -> int:
    """The hour that the clock shows in a zone, 0 to 23."""
    return dt.datetime.fromtimestamp(at, ZoneInfo(zone)).hour


def day_of(at: float, zone: str = "UTC") -> str:
    """The local day of a time: `2026-11-30`."""
    return dt.datetime.fromtimestamp(at, ZoneInfo(zone)).date().isoformat()


def _moments(day: dt.date, minute: int, place: ZoneInfo) -> tuple[float, float]:
    """The one or two times at which the clock in `place` shows this minute of the day."""
    wall = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), place)
    return wall.timestamp(), wall.replace(fold=1).timestamp()


def _jumps(day: dt.date, place: ZoneInfo) -> set[float]:
    """When, on this day, the clock in `place` is put forward or back: at most once, to the second."""
    low = int(dt.datetime.combine(day, dt.time(), place).timestamp())
    high = int(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), place).timestamp())

    def offset(at: int) -> dt.timedelta | None:
        return dt.datetime.fromtimestamp(at, place).utcoffset()

    if offset(low) == offset(high):
        return set()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
    return {float(high)}
