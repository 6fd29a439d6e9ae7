"""English words for numbers. Knows the spelling, and nothing of phrases, templates or audio.

British "and" ("one hundred and five") throughout: it is understood everywhere, and the pause it makes helps on a
narrow-band line.
"""

from typing import Final

NUMBER_MAX: Final = 999_999_999_999

DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SIGNS: Final = {"+": "plus", "*": "star", "#": "hash"}

_TEENS: Final = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))
_IRREGULAR_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(n: int) -> str:
    """`n` in words, 0..NUMBER_MAX: 1105 is "one thousand one hundred and five". The caller checks the range."""
    if n == 0:
        return DIGITS[0]
    words: list[str] = []
    rest = n
    for size, scale in _SCALES:
        count, rest = divmod(rest, size)
        if count:
            words += [_below_thousand(count), scale]
    if rest:
        if words and rest < 100:
            words.append("and")  # "one thousand and five", but "one thousand two hundred and five"
        words.append(_below_thousand(rest))
    return " ".join(words)


def ordinal(n: int) -> str:
    """`n` as a rank, 0..NUMBER_MAX: 21 is "twenty-first". The caller checks the range."""
    words = cardinal(n)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last in _IRREGULAR_ORDINALS:
        return head + _IRREGULAR_ORDINALS[last]
    if last.endswith("y"):
        return head + last[:-1] + "ieth"
    return head + last + "th"


def counted(n: int, singular: str) -> str:
    """`n` things: "one minute", "two minutes"."""
    return f"{cardinal(n)} {singular}" + ("" if n == 1 else "s")


def clock(hour: int, minute: int) -> str:
    """A time of day: "eight oh five a.m.", "twelve noon", "six p.m."."""
    if minute == 0 and hour in (0, 12):
        return "twelve noon" if hour else "twelve midnight"
    past = f" oh {cardinal(minute)}" if 0 < minute < 10 else f" {cardinal(minute)}" if minute else ""
    return f"{cardinal(hour % 12 or 12)}{past} {'a.m.' if hour < 12 else 'p.m.'}"


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    words = []
    if hundreds:
        words += [DIGITS[hundreds], "hundred"]
        if rest:
            words.append("and")
    if rest:
        words.append(_below_hundred(rest))
    return " ".join(words)


def _below_hundred(n: int) -> str:
    if n < 10:
        return DIGITS[n]
    if n < 20:
        return _TEENS[n - 10]
    tens, units = divmod(n, 10)
    return _TENS[tens] + (f"-{DIGITS[units]}" if units else "")
