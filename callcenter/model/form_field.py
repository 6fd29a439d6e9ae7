"""A field that somebody fills in, as configured: of a customer, or of what an agent records of a talk.

Knows types and bounds, and whether a text is a value of one; knows no screen and no file. A value is kept as a text in
one form for each type, so that equal values are equal texts: `yes`, `-12`, `1.5`, `2026-01-31`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FIELD_CHARS_MAX: Final = 1_000
FIELDS_MAX: Final = 60
OPTIONS_MAX: Final = 200

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,9})?")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_YES: Final = ("yes", "true", "1", "y")
_NO: Final = ("no", "false", "0", "n")
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FEBRUARY: Final = 2


class FieldType(StrEnum):
    """What a value of a field is."""

    TEXT = "text"
    WHOLE = "whole"  # a whole number
    NUMBER = "number"
    DATE = "date"  # year-month-day
    YES_NO = "yes_no"
    CHOICE = "choice"  # one of `options`


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field. `label` is what a screen shows, else its name."""

    type: FieldType = FieldType.TEXT
    label: str = ""
    required: bool = False
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.type is FieldType.CHOICE and not 0 < len(self.options) <= OPTIONS_MAX:
            raise ValueError(f"a choice needs options: 1 to {OPTIONS_MAX}")
        if self.type is not FieldType.CHOICE and self.options:
            raise ValueError("options belong to a choice")
        if len(set(self.options)) != len(self.options):
            raise ValueError("options: one is there twice")

    def read(self, text: str) -> tuple[str, str]:
        """`text` as it is kept, and what is wrong with it, or "". "" is no value, which is right for any type."""
        said = text.strip()
        if not said:
            return "", ""
        if len(said) > FIELD_CHARS_MAX:
            return "", f"is {len(said):,} characters long; at most {FIELD_CHARS_MAX:,}"
        if "\0" in said:
            return "", "holds a NUL"
        match self.type:
            case FieldType.TEXT:
                return said, ""
            case FieldType.WHOLE:
                return (str(int(said)), "") if _WHOLE.fullmatch(said) else ("", "is not a whole number")
            case FieldType.NUMBER:
                return (_plain(said), "") if _NUMBER.fullmatch(said) else ("", "is not a number")
            case FieldType.DATE:
                return (said, "") if _is_date(said) else ("", "is not a date such as 2026-01-31")
            case FieldType.YES_NO:
                low = said.lower()
                return ("yes", "") if low in _YES else ("no", "") if low in _NO else ("", "is neither yes nor no")
            case FieldType.CHOICE:
                return (said, "") if said in self.options else ("", f"is not one of {', '.join(self.options[:10])}")


def read_fields(
    fields: Mapping[str, FormField], given: Mapping[str, str], *, whole: bool = True
) -> tuple[dict[str, str], list[str]]:
    """The values as they are kept, and all that is wrong, in words. `whole`: what is required must be there."""
    problems = [f"there is no field {name[:64]}" for name in sorted(given.keys() - fields.keys())]
    values: dict[str, str] = {}
    for name, field in fields.items():
        value, wrong = field.read(given.get(name, ""))
        if wrong:
            problems.append(f"{name} {wrong}")
        elif value:
            values[name] = value
        elif field.required and whole:
            problems.append(f"{name} is required")
    return values, problems


def _plain(number: str) -> str:
    """1,50 -> 1.5; -0 -> 0."""
    whole, _, part = number.replace(",", ".").removeprefix("+").partition(".")
    part = part.rstrip("0")
    negative = whole.startswith("-")
    digits = whole.removeprefix("-").lstrip("0") or "0"
    sign = "-" if negative and (digits != "0" or part) else ""
    return f"{sign}{digits}.{part}" if part else f"{sign}{digits}"


def _is_date(text: str) -> bool:
    """Of the Gregorian calendar."""
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = (int(part) for part in found.groups())
    if year < 1 or not 1 <= month <= len(_DAYS) or not 1 <= day <= _DAYS[month - 1]:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return month != FEBRUARY or day < _DAYS[1] or leap
