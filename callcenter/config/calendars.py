"""calendars.yaml: opening hours by the week, days off by date or by country. Knows how hours and days are written.

Days off of a country come from the `holidays` package, from HOLIDAYS_FROM_YEAR on, so that old calls are judged by the
same days for ever, until HOLIDAYS_YEARS_AHEAD years from now.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Collection
from functools import cache
from itertools import pairwise
from typing import Final

from callcenter.config.fields import NAME_PATTERN
from callcenter.config.sheet import Sheet, did_you_mean, shown
from callcenter.config.tree import Path, Rows, Table, Value
from callcenter.model.calendar import MINUTES_PER_DAY, Calendar, OpenSpan
from callcenter.model.ids import CalendarName

HOLIDAYS_FROM_YEAR: Final = 2024
HOLIDAYS_YEARS_AHEAD: Final = 5

KEYS: Final = ("timezone", "open", "holidays")
HOLIDAY_KEYS: Final = ("country", "subdivision", "dates")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY: Final = "daily"
HOURS_EXAMPLE: Final = "hours are written 08:00-17:30, several in a list"

_HOURS: Final = re.compile(r"(\d\d?):(\d\d) ?- ?(\d\d?):(\d\d)", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def read_calendars(sheet: Sheet) -> dict[CalendarName, Calendar]:
    """Every calendar, what can be read of it; problems are on the sheet."""
    found: dict[CalendarName, Calendar] = {}
    for name, value in sheet.table((), sheet.tree.root).items():
        if not NAME_PATTERN.fullmatch(name):
            sheet.wrong((name,), f"`{name}` cannot name a calendar", "letters, digits, _ and -", at_key=True)
        table = sheet.table((name,), value)
        sheet.only(table, KEYS)
        found[CalendarName(name)] = Calendar(
            name=CalendarName(name),
            timezone=read_timezone(sheet, table),
            spans=read_spans(sheet, table),
            holidays=_days_off(sheet, table),
        )
    return found


def read_timezone(sheet: Sheet, table: Table) -> str:
    """The zone under `timezone`; UTC if it is missing or none, which is then a problem on the sheet."""
    value = table.get("timezone")
    zones = _zones()
    if isinstance(value, str) and value in zones:
        return value
    if value is None:
        sheet.wrong(table.path, "`timezone` is missing", "for example Asia/Ho_Chi_Minh", at_key=True)
    else:
        text = str(value)
        same = [zone for zone in zones if zone.lower().endswith(text.lower().replace(" ", "_"))]
        remedy = f"did you mean `{min(same)}`?" if same and text else did_you_mean(text, zones)
        sheet.wrong((*table.path, "timezone"), f"there is no time zone {shown(value)}", remedy)
    return "UTC"


def read_spans(sheet: Sheet, table: Table) -> tuple[OpenSpan, ...]:
    """The hours of the week under `open`; problems are on the sheet."""
    path = (*table.path, "open")
    if "open" not in table:
        sheet.wrong(table.path, "`open` is missing", "mon-fri: 08:00-17:30", at_key=True)
    minutes: dict[int, list[tuple[int, int, str]]] = {day: [] for day in range(len(DAYS))}  # from, to, where written
    for key, value in sheet.table(path, table.get("open")).items():
        days = _days(key)
        if days is None:
            sheet.wrong(
                (*path, key), f"{shown(key)} is not a day", f"{', '.join(DAYS)}, mon-fri or {EVERY_DAY}", at_key=True
            )
        for start, end in read_hours(sheet, (*path, key), value):
            for day in days or ():
                if start < end:
                    minutes[day].append((start, end, key))
                else:  # past midnight
                    minutes[day].append((start, MINUTES_PER_DAY, key))
                    minutes[(day + 1) % len(DAYS)].append((0, end, key))
    spans: list[OpenSpan] = []
    for day, of_day in minutes.items():
        ordered = sorted(hours for hours in of_day if hours[0] < hours[1])
        for earlier, later in pairwise(ordered):
            if later[0] < earlier[1]:
                first, second = (f"{_clock(start)}-{_clock(end)}" for start, end, _ in (earlier, later))
                what = f"hours on {DAYS[day]} overlap: {first} and {second}"
                sheet.wrong((*path, later[2]), what, "one of them, or one span for both", at_key=True)
        spans += [OpenSpan(weekday=day, start_min=start, end_min=end) for start, end, _ in ordered]
    return tuple(spans)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _days(key: str) -> range | None:
    if key == EVERY_DAY:
        return range(len(DAYS))
    first, dash, last = key.lower().partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        return None
    start, end = DAYS.index(first), DAYS.index(last if dash else first)
    return range(start, end + 1) if start <= end else None


def read_hours(sheet: Sheet, path: Path, value: Value) -> list[tuple[int, int]]:
    """Hours of a day, one or a list of them, as minutes from and to; an end before its beginning is past midnight."""
    rows = list(enumerate(value)) if isinstance(value, Rows) else [(None, value)]
    found: list[tuple[int, int]] = []
    for at, row in rows:
        here = path if at is None else (*path, at)
        match = _HOURS.fullmatch(row) if isinstance(row, str) else None
        if match is None:
            sheet.wrong(here, f"{shown(row)} are not hours", HOURS_EXAMPLE)
            continue
        start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
        start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
        if start_minute > 59 or end_minute > 59 or start >= MINUTES_PER_DAY or end > MINUTES_PER_DAY or start == end:
            sheet.wrong(here, f"{shown(row)} are not hours", "00:00-24:00 is a whole day")
        else:
            found.append((start, end))
    return found


def _days_off(sheet: Sheet, table: Table) -> frozenset[str]:
    path = (*table.path, "holidays")
    value = table.get("holidays")
    if isinstance(value, Rows):
        return _dates(sheet, path, value)
    inner = sheet.table(path, value)
    sheet.only(inner, HOLIDAY_KEYS)
    dates = inner.get("dates")
    if dates is not None and not isinstance(dates, Rows):
        sheet.wrong((*path, "dates"), f"expected a list of dates, not {shown(dates)}")
    listed = _dates(sheet, (*path, "dates"), dates) if isinstance(dates, Rows) else frozenset()
    return listed | _of_country(sheet, path, inner)


def _dates(sheet: Sheet, path: Path, rows: Rows) -> frozenset[str]:
    found: set[str] = set()
    for at, row in enumerate(rows):
        try:
            if not (isinstance(row, str) and _DATE.fullmatch(row)):
                raise ValueError
            found.add(dt.date.fromisoformat(row).isoformat())
        except ValueError:
            sheet.wrong((*path, at), f"{shown(row)} is not a date", "year-month-day: 2027-02-06")
    return frozenset(found)


def _of_country(sheet: Sheet, path: Path, table: Table) -> frozenset[str]:
    country, subdivision = table.get("country"), table.get("subdivision")
    if country is None:
        if subdivision is not None:
            sheet.wrong((*path, "subdivision"), "a subdivision needs a country", at_key=True)
        return frozenset()
    countries = _countries()
    if not isinstance(country, str) or country not in countries:
        sheet.wrong((*path, "country"), f"no days off are known for {shown(country)}", _near(country, countries))
        return frozenset()
    if subdivision is not None and subdivision not in countries[country]:
        sheet.wrong(
            (*path, "subdivision"),
            f"{country} has no subdivision {shown(subdivision)}",
            did_you_mean(str(subdivision), countries[country]),
        )
        return frozenset()
    last = dt.datetime.now(dt.UTC).year + HOLIDAYS_YEARS_AHEAD
    return _holidays(country, str(subdivision) if subdivision is not None else None, last)


def _near(country: Value, countries: Collection[str]) -> str:
    code = str(country).upper()
    return f"did you mean `{code}`?" if code in countries else "a country's code such as VN"


@cache
def _holidays(country: str, subdivision: str | None, last_year: int) -> frozenset[str]:
    import holidays  # here: it takes a tenth of a second, which every command would pay

    years = range(HOLIDAYS_FROM_YEAR, last_year + 1)
    return frozenset(day.isoformat() for day in holidays.country_holidays(country, subdiv=subdivision, years=years))


@cache
def _countries() -> dict[str, list[str]]:
    import holidays

    supported: dict[str, list[str]] = holidays.list_supported_countries()
    return supported


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
