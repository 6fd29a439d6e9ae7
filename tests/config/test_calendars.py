"""Opening hours as they are written, and as they are then kept."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from callcenter.config import read_configuration
from callcenter.model.calendar import Calendar
from callcenter.model.ids import CalendarName

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def read(text: str) -> tuple[Calendar, list[str]]:
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    configuration, problems = read_configuration({"calendars.yaml": f"office:\n{indented}"})
    return configuration.calendars[CalendarName("office")], [str(problem) for problem in problems]


def is_open(calendar: Calendar, when: str) -> bool:
    return calendar.is_open(dt.datetime.fromisoformat(when).replace(tzinfo=HANOI).timestamp())


def test_a_working_week() -> None:
    calendar, problems = read(
        "timezone: Asia/Ho_Chi_Minh\nopen: {mon-fri: [08:00-12:00, 13:30-17:30], sat: 8:00-12:00}"
    )
    assert problems == []
    assert is_open(calendar, "2026-11-20 08:00")
    assert not is_open(calendar, "2026-11-20 12:00")
    assert is_open(calendar, "2026-11-20 17:29")
    assert is_open(calendar, "2026-11-21 11:00")
    assert not is_open(calendar, "2026-11-21 14:00")
    assert not is_open(calendar, "2026-11-22 11:00")


def test_hours_past_midnight_belong_to_the_next_day_as_well() -> None:
    calendar, problems = read("timezone: Asia/Ho_Chi_Minh\nopen: {sun: 22:00-06:00}")
    assert problems == []
    assert is_open(calendar, "2026-11-22 23:00")
    assert is_open(calendar, "2026-11-23 05:59")
    assert not is_open(calendar, "2026-11-23 06:00")
    assert not is_open(calendar, "2026-11-24 05:00")


def test_days_off_of_a_country_and_of_our_own() -> None:
    calendar, problems = read(
        "timezone: Asia/Ho_Chi_Minh\nopen: {daily: 00:00-24:00}\nholidays: {country: VN, dates: [2026-11-20]}"
    )
    assert problems == []
    assert not is_open(calendar, "2026-11-20 12:00")
    assert not is_open(calendar, "2026-02-17 12:00"), "the first day of the lunar year"
    assert not is_open(calendar, "2026-09-02 12:00"), "national day"
    assert is_open(calendar, "2026-11-19 12:00")


def test_never_open_is_a_calendar_too() -> None:
    calendar, problems = read("timezone: UTC\nopen: {}")
    assert problems == []
    assert not is_open(calendar, "2026-11-20 12:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "timezone: saigon\nopen: {}",
            "calendars.yaml:2:13: office.timezone: there is no time zone `saigon` (did you mean `Asia/Saigon`?)",
        ),
        (
            "timezone: ''\nopen: {}",
            "calendars.yaml:2:13: office.timezone: there is no time zone ``",
        ),
        ("open: {}", "calendars.yaml:1:1: office: `timezone` is missing (for example Asia/Ho_Chi_Minh)"),
        ("timezone: UTC", "calendars.yaml:1:1: office: `open` is missing (mon-fri: 08:00-17:30)"),
        (
            "timezone: UTC\nopen: {monday: 08:00-09:00}",
            "calendars.yaml:3:10: office.open.monday: `monday` is not a day "
            "(mon, tue, wed, thu, fri, sat, sun, mon-fri or daily)",
        ),
        (
            "timezone: UTC\nopen: {fri-mon: 08:00-09:00}",
            "calendars.yaml:3:10: office.open.fri-mon: `fri-mon` is not a day "
            "(mon, tue, wed, thu, fri, sat, sun, mon-fri or daily)",
        ),
        (
            "timezone: UTC\nopen: {mon: 8-9}",
            "calendars.yaml:3:15: office.open.mon: `8-9` are not hours "
            "(hours are written 08:00-17:30, several in a list)",
        ),
        (
            "timezone: UTC\nopen: {mon: [08:00-09:00, 25:00-26:00]}",
            "calendars.yaml:3:29: office.open.mon.1: `25:00-26:00` are not hours (00:00-24:00 is a whole day)",
        ),
        (
            "timezone: UTC\nopen: {mon: 08:00-09:00, daily: 08:30-10:00}",
            "calendars.yaml:3:28: office.open.daily: hours on mon overlap: 08:00-09:00 and 08:30-10:00 "
            "(one of them, or one span for both)",
        ),
        (
            "timezone: UTC\nopen: {}\nholidays: [2026-02-30]",
            "calendars.yaml:4:14: office.holidays.0: `2026-02-30` is not a date (year-month-day: 2027-02-06)",
        ),
        (
            "timezone: UTC\nopen: {}\nholidays: {country: vn}",
            "calendars.yaml:4:23: office.holidays.country: no days off are known for `vn` (did you mean `VN`?)",
        ),
        (
            "timezone: UTC\nopen: {}\nholidays: {country: DE, subdivision: BX}",
            "calendars.yaml:4:40: office.holidays.subdivision: DE has no subdivision `BX`",
        ),
        (
            "timezone: UTC\nopne: {}\nopen: {}",
            "calendars.yaml:3:3: office.opne: unknown key `opne` (did you mean `open`?)",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, expected: str) -> None:
    assert read(text)[1] == [expected]
