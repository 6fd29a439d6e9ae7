"""What a number tells of itself: its E.164 form, region, zones and type, after Google's libphonenumber.

Knows that library; knows no list and no law. Never imports its geocoder, which takes seconds.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType as _Type
from phonenumbers import timezone

from callcenter.model.numbers import Numbering

UNKNOWN_ZONE: Final = "Etc/Unknown"
TEXT_CHARS_MAX: Final = 64
CACHED_MAX: Final = 16_384
_SHORTENED: Final = re.compile(r"[0-9](?:[.,][0-9]*)?[eE]\+?[0-9]{1,2}")  # 9.01235E+08
_WITH_FRACTION: Final = re.compile(r"(\+?[0-9]{5,})[.,]0+")
"""A number that a program took for a quantity. Its 0 is no digit of it: with it somebody else would be called."""


class NumberType(StrEnum):
    """What kind of line a number is, as far as its country's plan tells."""

    FIXED = "fixed"
    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    COMPANY = "company"  # UAN: one number for a whole company
    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


_TYPES: Final = {
    _Type.FIXED_LINE: NumberType.FIXED,
    _Type.MOBILE: NumberType.MOBILE,
    _Type.FIXED_LINE_OR_MOBILE: NumberType.FIXED_OR_MOBILE,
    _Type.TOLL_FREE: NumberType.TOLL_FREE,
    _Type.PREMIUM_RATE: NumberType.PREMIUM,
    _Type.SHARED_COST: NumberType.SHARED_COST,
    _Type.VOIP: NumberType.VOIP,
    _Type.PERSONAL_NUMBER: NumberType.PERSONAL,
    _Type.PAGER: NumberType.PAGER,
    _Type.UAN: NumberType.COMPANY,
    _Type.VOICEMAIL: NumberType.VOICEMAIL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a number tells. `problem` says why it is none; all else is empty then."""

    e164: str = ""
    region: str = ""  # ISO 3166; "" for those of no country (satellites, +800)
    zones: tuple[str, ...] = ()
    type: NumberType = NumberType.UNKNOWN
    problem: str = ""


@lru_cache(maxsize=CACHED_MAX)
def told(text: str, default_region: str = "") -> Telling:
    """What `text` tells, read as one writes numbers in `default_region` (ISO 3166) if it begins with no + or 00."""
    if not text.strip():
        return Telling(problem="no number")
    if len(text) > TEXT_CHARS_MAX:
        return Telling(problem=f"longer than {TEXT_CHARS_MAX} characters")
    if _SHORTENED.fullmatch(text.strip()):
        return Telling(problem="a spreadsheet has shortened it: make the column text there, and save it again")
    whole = _WITH_FRACTION.fullmatch(text.strip())
    try:
        number = phonenumbers.parse(whole[1] if whole else text, default_region or None)
    except phonenumbers.NumberParseException as error:
        return Telling(problem=_said(error.error_type, default_region))
    if not phonenumbers.is_valid_number(number):
        return Telling(problem="no number of its country's plan")
    if number.extension:
        return Telling(problem="an extension cannot be dialled")
    return Telling(
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        region=_region(number),
        zones=_zones(number),
        type=_TYPES.get(phonenumbers.number_type(number), NumberType.UNKNOWN),
    )


def told_here(text: str, numbering: Numbering) -> Telling:
    """What a number tells that is dialled here: in normal form, or as in the country that numbers.yaml names."""
    return told(numbering.normal(text), numbering.country or _main_region(numbering.country_code))


def _main_region(country_code: str) -> str:
    """The country that a code is first of all for: "1" -> "US"; "" if there is none."""
    found = phonenumbers.region_code_for_country_code(int(country_code)) if country_code.isdecimal() else ""
    return found if len(found) == 2 and found.isalpha() and found != "ZZ" else ""


def _region(number: phonenumbers.PhoneNumber) -> str:
    region = phonenumbers.region_code_for_number(number) or ""
    return region if len(region) == 2 and region.isalpha() else ""


def _zones(number: phonenumbers.PhoneNumber) -> tuple[str, ...]:
    """Every zone that such a number may be in, sorted."""
    return tuple(sorted(zone for zone in timezone.time_zones_for_number(number) if zone != UNKNOWN_ZONE))


def _said(error: int, region: str) -> str:
    if error == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        return "no such country code" if region else "without a country code, and no default country is given"
    return "no telephone number"
