"""What a call center says in numbers, as words. Pure functions; knows no templates and no audio.

Words rather than figures, because a voice reads a figure by rules of its own: it says a telephone number as a
quantity and a Vietnamese 15 in the wrong tone. Every function takes a language tag: "en", "vi" (as in the North) or
"vi-VN-x-south" (any Vietnamese tag with "south" in it), with or without a region.

All raise ValueError for a language that has no words here and for a number outside -NUMBER_MAX..NUMBER_MAX.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from callcenter.speech import say_en, say_vi

NUMBER_MAX: Final = min(say_en.NUMBER_MAX, say_vi.NUMBER_MAX)
DIGITS_MAX: Final = 32
"""A telephone number has at most 15 digits (ITU-T E.164); a reference or card number can be longer."""

LANGUAGES: Final = ("en", "vi")

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


def number_words(n: int, language: str) -> str:
    """The quantity `n`: 21 is "twenty-one", "hai mươi mốt". Distinct numbers have distinct words."""
    if not -NUMBER_MAX <= n <= NUMBER_MAX:
        raise ValueError(f"{n} is outside -{NUMBER_MAX}..{NUMBER_MAX}")
    if _is_vietnamese(language):
        return ("âm " if n < 0 else "") + say_vi.cardinal(abs(n), _region(language))
    return ("minus " if n < 0 else "") + say_en.cardinal(abs(n))


def ordinal_words(n: int, language: str) -> str:
    """The rank `n`, 1..NUMBER_MAX: 3 is "third", "thứ ba". Raises ValueError below 1."""
    if not 1 <= n <= NUMBER_MAX:
        raise ValueError(f"{n} is not a rank of 1..{NUMBER_MAX}")
    if _is_vietnamese(language):
        return say_vi.ordinal(n, _region(language))
    return say_en.ordinal(n)


def digits_words(text: str, language: str) -> str:
    """Each digit, plus, star and hash of `text` by name; groups the writer kept apart are kept apart by a comma.

    Anything else (letters, markup) is only a place to pause, so a hostile caller number speaks no words of its own.
    Text without a digit gives "". At most DIGITS_MAX digits are spoken.
    """
    names = _digit_names(language)
    budget = DIGITS_MAX
    groups: list[str] = []
    for group in re.findall(r"[0-9+*#]+", text[: 8 * DIGITS_MAX]):
        kept = group[:budget]
        budget -= len(kept)
        if kept:
            groups.append(" ".join(names[sign] for sign in kept))
    return ", ".join(groups)


def telephone_words(number: str, language: str) -> str:
    """A telephone number digit by digit, grouped as it is read aloud: 0912 345 678, 84 912 345 678, 1900 1234.

    Groups of three from the right and the rest in front, but eight digits as four and four. Writing signs such as
    spaces, dashes and brackets do not matter. A number without digits gives "".
    """
    plus = "+" if number.strip().startswith("+") else ""
    digits = "".join(re.findall(r"[0-9]", number[: 8 * DIGITS_MAX]))[:DIGITS_MAX]
    size = 4 if len(digits) == 8 else 3
    first = len(digits) % size
    if first == 1:
        first += size  # no group of a single digit
    groups = [digits[:first], *(digits[at : at + size] for at in range(first, len(digits), size))]
    return digits_words(plus + " ".join(group for group in groups if group), language) if digits else ""


def duration_words(seconds: float, language: str) -> str:
    """A length of time to the nearest second: "one hour and five minutes", "một tiếng năm phút".

    Parts that are zero are left out; seconds are left out from one hour on. Raises ValueError if negative.
    """
    if seconds < 0:
        raise ValueError(f"a duration of {seconds} s")
    whole_s = round(seconds)
    if whole_s >= _HOUR_S:
        whole_s -= whole_s % _MINUTE_S
    hours, rest = divmod(whole_s, _HOUR_S)
    minutes, rest_s = divmod(rest, _MINUTE_S)
    units = ("tiếng", "phút", "giây") if _is_vietnamese(language) else ("hour", "minute", "second")
    parts = [
        _counted(count, unit, language) for count, unit in zip((hours, minutes, rest_s), units, strict=True) if count
    ]
    parts = parts or [_counted(0, units[2], language)]
    if _is_vietnamese(language):
        return " ".join(parts)
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else parts[0]


def minutes_words(seconds: float, language: str) -> str:
    """A wait as a caller wants to hear it: whole minutes, rounded up, and no seconds.

    Below a minute "less than one minute", "chưa đầy một phút". Rounded up because a wait that is longer than
    announced annoys and a shorter one does not. Raises ValueError if negative.
    """
    if seconds < 0:
        raise ValueError(f"a duration of {seconds} s")
    if seconds < _MINUTE_S:
        return "chưa đầy một phút" if _is_vietnamese(language) else "less than one minute"
    return duration_words(-(-seconds // _MINUTE_S) * _MINUTE_S, language)


def minutes_between_words(low: int, high: int, language: str) -> str:
    """A predicted wait of `low` to `high` whole minutes: "two to five minutes", "từ hai đến năm phút".

    "less than one minute" up to one, "up to two minutes" if it may also be no time at all. From 60 minutes on, the end
    is left open: "more than thirty minutes". Raises ValueError unless 0 <= low <= high.
    """
    if not 0 <= low <= high:
        raise ValueError(f"a wait from {low} to {high} minutes")
    vietnamese = _is_vietnamese(language)
    if high <= 1:
        return minutes_words(0, language)
    if high * _MINUTE_S >= _HOUR_S and low:
        return ("hơn " if vietnamese else "more than ") + duration_words(low * _MINUTE_S, language)
    end = duration_words(high * _MINUTE_S, language)
    if low == 0:
        return f"không quá {end}" if vietnamese else f"up to {end}"
    if low == high:
        return f"khoảng {end}" if vietnamese else f"about {end}"
    begin = number_words(low, language)
    return f"từ {begin} đến {end}" if vietnamese else f"{begin} to {end}"


def position_words(position: int, language: str) -> str:
    """A place in the queue: "you are number three", "quý khách ở vị trí thứ ba". Raises ValueError below 1."""
    if position < 1:
        raise ValueError(f"{position} is not a place in a queue")
    if _is_vietnamese(language):
        return f"quý khách ở vị trí {ordinal_words(position, language)}"
    return f"you are number {number_words(position, language)}"


def time_words(hour: int, minute: int, language: str) -> str:
    """A time of day, 0..23 and 0..59: "eight thirty a.m.", "tám giờ ba mươi phút sáng"."""
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise ValueError(f"{hour}:{minute:02} is not a time of day")
    if _is_vietnamese(language):
        return say_vi.clock(hour, minute, _region(language))
    return say_en.clock(hour, minute)


_CURRENCIES: Final = {  # code -> (decimal places, English unit and its part, Vietnamese unit and its part)
    "VND": (0, ("dong", ""), ("đồng", "")),
    "USD": (2, ("dollar", "cent"), ("đô la", "xu")),
    "EUR": (2, ("euro", "cent"), ("ơ rô", "xu")),
}


def money_words(amount: Decimal, currency: str, language: str) -> str:
    """An amount of VND, USD or EUR: "twelve dollars and fifty cents", "năm mươi nghìn đồng".

    Rounded half up to the currency's smallest part. Raises ValueError for another currency.
    """
    if currency not in _CURRENCIES:
        raise ValueError(f"no words for the currency {currency!r} (one of {', '.join(_CURRENCIES)})")
    if not amount.is_finite() or abs(amount) > NUMBER_MAX:
        raise ValueError(f"{amount} is outside -{NUMBER_MAX}..{NUMBER_MAX}")
    places, english, vietnamese = _CURRENCIES[currency]
    unit, part = vietnamese if _is_vietnamese(language) else english
    smallest = int((abs(amount) * 10**places).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    whole, cents = divmod(smallest, 10**places)
    sign = "" if amount >= 0 or smallest == 0 else ("âm " if _is_vietnamese(language) else "minus ")
    if currency == "VND" and not _is_vietnamese(language):
        return f"{sign}{number_words(whole, language)} {unit}"  # English has no plural for it
    spoken = [_counted(whole, unit, language)] if whole or not cents else []
    if cents:
        spoken.append(_counted(cents, part, language))
    return sign + (" " if _is_vietnamese(language) else " and ").join(spoken)


def _counted(n: int, unit: str, language: str) -> str:
    if _is_vietnamese(language):
        return f"{number_words(n, language)} {unit}"
    return say_en.counted(n, unit)


def _digit_names(language: str) -> dict[str, str]:
    words = say_vi if _is_vietnamese(language) else say_en
    return {**{str(digit): name for digit, name in enumerate(words.DIGITS)}, **words.SIGNS}


def _region(language: str) -> say_vi.Region:
    return say_vi.SOUTH if "south" in language.lower() else say_vi.NORTH


def _is_vietnamese(language: str) -> bool:
    primary = language.lower().replace("_", "-").split("-")[0]
    if primary not in LANGUAGES:
        raise ValueError(f"no words for the language {language!r} (one of {', '.join(LANGUAGES)})")
    return primary == "vi"
