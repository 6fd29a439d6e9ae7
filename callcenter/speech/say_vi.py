"""Vietnamese words for numbers. Knows the spelling, and nothing of phrases, templates or audio.

The rules that a table of digits would miss:

- one, four and five change after a ten that is itself counted: hai mươi mốt (21), hai mươi tư (24), hai mươi lăm
  (25); five changes after mười too (mười lăm, 15), one and four do not (mười một, mười bốn).
- an empty tens place is spoken: một trăm linh năm (105), and there five stays năm.
- within a long number an empty hundreds place is spoken too: một nghìn không trăm linh năm (1005). A whole group of
  zeros is left out: một triệu không trăm linh năm (1000005).
- first and fourth are thứ nhất and thứ tư; every other rank is thứ and the number.

North and South differ in three words (linh/lẻ, nghìn/ngàn, and tư/bốn after a ten): both are here.
"""

from dataclasses import dataclass
from typing import Final

NUMBER_MAX: Final = 999_999_999_999

DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
SIGNS: Final = {"+": "cộng", "*": "sao", "#": "thăng"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The words in which the two ways of counting differ."""

    empty_tens: str
    thousand: str
    four_after_ten: str


NORTH: Final = Region(empty_tens="linh", thousand="nghìn", four_after_ten="tư")
SOUTH: Final = Region(empty_tens="lẻ", thousand="ngàn", four_after_ten="bốn")


def cardinal(n: int, region: Region = NORTH) -> str:
    """`n` in words, 0..NUMBER_MAX: 115 is "một trăm mười lăm". The caller checks the range."""
    if n == 0:
        return DIGITS[0]
    words: list[str] = []
    rest = n
    for size, scale in ((1_000_000_000, "tỷ"), (1_000_000, "triệu"), (1_000, region.thousand), (1, "")):
        count, rest = divmod(rest, size)
        if count:
            words.append(_group(count, region, inside=bool(words)))
            words.append(scale)
    return " ".join(word for word in words if word)


def ordinal(n: int, region: Region = NORTH) -> str:
    """`n` as a rank, 1..NUMBER_MAX: "thứ nhất", "thứ tư", "thứ hai mươi mốt". The caller checks the range."""
    if n == 1:
        return "thứ nhất"
    if n == 4:
        return "thứ tư"
    return f"thứ {cardinal(n, region)}"


def clock(hour: int, minute: int, region: Region = NORTH) -> str:
    """A time of day with its part of the day: "tám giờ ba mươi phút sáng", "hai giờ chiều", "mười hai giờ trưa"."""
    name = f"{cardinal(hour % 12 or 12, region)} giờ"
    past = f" {cardinal(minute, region)} phút" if minute else ""
    return f"{name}{past} {_part_of_day(hour)}"


def _part_of_day(hour: int) -> str:
    for first_hour, part in ((22, "đêm"), (18, "tối"), (13, "chiều"), (11, "trưa"), (1, "sáng")):
        if hour >= first_hour:
            return part
    return "đêm"


def _group(n: int, region: Region, *, inside: bool) -> str:
    """Three places, 1..999; `inside` a longer number an empty hundreds place is spoken."""
    hundreds, rest = divmod(n, 100)
    tens, units = divmod(rest, 10)
    words = []
    if hundreds or inside:
        words += [DIGITS[hundreds], "trăm"]
    if tens == 0 and units:
        if words:
            words.append(region.empty_tens)
            words.append(region.four_after_ten if units == 4 else DIGITS[units])
        else:
            words.append(DIGITS[units])
    elif tens:
        words.append("mười" if tens == 1 else f"{DIGITS[tens]} mươi")
        words.append(_units_after(tens, units, region))
    return " ".join(word for word in words if word)


def _units_after(tens: int, units: int, region: Region) -> str:
    if units == 0:
        return ""
    if units == 5:
        return "lăm"
    if tens > 1 and units == 1:
        return "mốt"
    if tens > 1 and units == 4:
        return region.four_after_ten
    return DIGITS[units]
