"""Telephone numbers in E.164, by the rules of the countries (phonenumbers). Knows numbers; knows no customer.

The core compares numbers by prefixes alone (`model/numbers.Numbering`), which is quick and always gives the same; here
a number is also checked: is there such a number in that country? One that is none keeps the core's form, so that
nothing that is found by its number is lost by being entered. `numbering.country` in numbers.yaml is the one place that
both have their prefixes from.
"""

import re
from typing import TYPE_CHECKING, Final

from callcenter.model.numbers import Numbering, ways_to_dial

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

NUMBER_CHARS_MAX: Final = 64
REGION: Final = re.compile(r"[A-Z]{2}")
_DIGIT: Final = re.compile(r"\d")
NORTH_AMERICA: Final = 1  # where national numbers are dialled with and without the 1


def is_country(text: str) -> bool:
    """Whether it is a country with telephone numbers of its own (ISO 3166, two capital letters)."""
    if not REGION.fullmatch(text):
        return False
    import phonenumbers  # 0.2 s: only for those who have named a country

    return text in phonenumbers.SUPPORTED_REGIONS


def prefixes(country: str) -> Numbering:
    """How numbers are dialled in a country that `is_country`."""
    import phonenumbers

    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    code = phonenumbers.country_code_for_region(country)
    plain = known is not None and (known.international_prefix or "").isdigit()
    abroad = known.international_prefix if known is not None and plain else "00"
    trunk = (known.national_prefix or "") if known is not None else ""
    return Numbering(country=country, country_code=str(code), trunk_prefix=trunk, international_prefix=abroad or "00")


def e164(number: str, numbering: Numbering) -> str:
    """The number as +84901234567; "" if there can be no such number, or nobody said in which country we are."""
    parsed = _parsed(number, numbering)
    if parsed is None:
        return ""
    import phonenumbers

    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def kept_form(number: str, numbering: Numbering) -> str:
    """The form in which a number is kept and found: E.164, else the core's; "" for a text without any digit."""
    if len(number) > NUMBER_CHARS_MAX or not _DIGIT.search(number):
        return ""
    return e164(number, numbering) or numbering.normal(number)


def compared_forms(kept: str, raw: str, numbering: Numbering) -> tuple[str, ...]:
    """The forms under which the core may meet a number that is kept as `kept` and was received as `raw`."""
    forms = [kept, numbering.normal(kept), numbering.normal(raw)]
    code = numbering.country_code
    at_home = bool(code) and kept.startswith(f"+{code}")
    if at_home and (not numbering.trunk_prefix or code == str(NORTH_AMERICA)):
        forms.append(numbering.normal(kept[1 + len(code) :]))  # dialled at home without any prefix
    return tuple(dict.fromkeys(form for form in forms if form))


def written_forms(kept: str, raws: tuple[str, ...], numbering: Numbering) -> tuple[str, ...]:
    """The forms, without blanks and strokes, in which a call may have come from a number: for finding past calls."""
    forms = [kept]
    for number in (kept, *raws):
        forms += ways_to_dial(numbering, number)
        forms += compared_forms(kept, number, numbering)
    return tuple(dict.fromkeys(form for form in forms if form))


def _parsed(number: str, numbering: Numbering) -> "PhoneNumber | None":
    if not numbering.country or len(number) > NUMBER_CHARS_MAX:
        return None
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, numbering.country)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) and parsed.extension is None else None
