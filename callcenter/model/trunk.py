"""Trunks as a dialler sees them, and what guards them against fraud. Frozen values; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from annotated_types import Interval

PER_H_MAX: Final = 100_000
"""Calls within an hour that a counter of the guard remembers: a limit above it would never be reached."""


class NumberFormat(StrEnum):
    """How a trunk wants numbers."""

    E164 = "e164"  # +84901234567
    DIGITS = "digits"  # 84901234567
    INTERNATIONAL = "international"  # 0084901234567
    NATIONAL = "national"  # 0901234567 within the trunk's own country, international elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One way out. It takes numbers that begin with one of `costs`' prefixes; "+" takes all."""

    name: str
    dial: str = ""  # the endpoint that calls go out on: `PJSIP/{number}@carrier`; "": as the settings say
    lines_max: Annotated[int, Interval(ge=1, le=10_000)]
    calls_per_s: Annotated[float, Interval(gt=0, le=1000)] = 10.0
    costs: Mapping[str, float] = field(default_factory=lambda: {"+": 0.0})  # prefix -> per minute
    format: NumberFormat = NumberFormat.E164
    country_code: str = ""  # "84": for `national`
    trunk_prefix: str = "0"
    international_prefix: str = "00"
    dial_first: str = ""  # before every number: "9"
    failures_max: Annotated[int, Interval(ge=1, le=1000)] = 5  # in a row, before it rests
    rest_s: Annotated[float, Interval(ge=1, le=86_400)] = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a number's plan tells of it. Of a number of no plan (another exchange's, a short code) it tells nothing."""

    number: str = ""  # E.164
    region: str = ""  # ISO 3166; also "" for those of no country (satellites)
    kind: str = "unknown"  # premium, mobile, ...


NOTHING_TOLD: Final = Line()


def nothing_told(number: str) -> Line:
    """Where nobody knows the plans of numbers."""
    return NOTHING_TOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What is never dialled, and how much of the rest. Limits count within any hour; None: no limit."""

    regions: tuple[str, ...] = ()  # ISO 3166; none: no country is allowed
    prefixes: tuple[str, ...] = ()  # numbers allowed besides
    refused_prefixes: tuple[str, ...] = ()
    refused_lines: tuple[str, ...] = ("premium", "shared_cost", "pager", "personal", "voicemail")
    per_agent_h: Annotated[int, Interval(ge=1, le=PER_H_MAX)] | None = 120
    per_trunk_h: Annotated[int, Interval(ge=1, le=PER_H_MAX)] | None = 3_600
    per_h: Annotated[int, Interval(ge=1, le=PER_H_MAX)] | None = 10_000
    per_region_h: Mapping[str, int] = field(default_factory=dict)  # for countries that are seldom called
    alarm_refusals: Annotated[int, Interval(ge=1)] = 5  # so many refused within an hour ring the alarm
