"""Telephone numbers as people and carriers write them, made comparable; lists of them. Knows no file and no call.

One subscriber comes as `0901 234 567`, `+84901234567` or `0084-901-234-567`, depending on the trunk. `Numbering` says
how numbers are written where the call center stands, and brings all three to one form: + and country code (E.164).
"""

import re
from dataclasses import dataclass
from typing import Final

from callcenter.model.ids import ListName

_PUNCTUATION: Final = re.compile(r"[\s()./-]")
ERASED_TAG_CHARS: Final = 8
ERASED_DIGITS: Final = 6  # of a number that is erased: who has it
_SUBSCRIBER: Final = re.compile(rf"\+?(?:[0-9]{{3,32}}|[0-9]{{1,32}}x[0-9a-f]{{{ERASED_TAG_CHARS}}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How numbers are dialled here. Without a `country_code` national numbers stay as they are."""

    country_code: str = ""  # "84"; "": not known
    trunk_prefix: str = "0"  # before a national number
    international_prefix: str = "00"  # in place of +
    country: str = ""  # "VN": by whose rules numbers are checked where customers are kept; "": by none

    def normal(self, number: str) -> str:
        """`number` in the form that is compared: `+84901234567`. What is no number at all comes back as it is."""
        bare = _PUNCTUATION.sub("", number)
        if bare.startswith("+"):
            return bare
        if self.international_prefix and bare.startswith(self.international_prefix):
            return "+" + bare[len(self.international_prefix) :]
        if self.country_code and self.trunk_prefix and bare.startswith(self.trunk_prefix) and bare != self.trunk_prefix:
            return f"+{self.country_code}{bare[len(self.trunk_prefix) :]}"
        return bare


def erased_number(number: str, tag: str) -> str:
    """A number without who has it: its beginning, by which calls are led and priced, and `tag` (hexadecimal).

    Two of one tag and one beginning are one number, in every form in which they are written; it is no number that can
    be dialled. Texts that are no numbers are the tag alone, after a digit.
    """
    bare = _PUNCTUATION.sub("", number)
    kept = bare[:-ERASED_DIGITS] if bare.removeprefix("+").isdigit() else ""
    return f"{kept if kept.strip('+') else kept + '0'}x{tag}"


def subscriber(numbering: Numbering, number: str) -> str:
    """`number` in normal form, or "" if it is none that somebody could be known by ("anonymous", too short, a text).

    One that was erased is still one, so that a journal can be told again (`erased_number`)."""
    normal = numbering.normal(number)
    return normal if _SUBSCRIBER.fullmatch(normal) else ""


def ways_to_dial(numbering: Numbering, number: str) -> tuple[str, ...]:
    """The forms in which a number may be dialled: as it is written, with + and code, with the international prefix,
    and, of a number of this country, as it is dialled within it. Empty if it is no number."""
    normal = subscriber(numbering, number)
    if not normal:
        return ()
    ways = [_PUNCTUATION.sub("", number), normal]
    if normal.startswith("+"):
        if numbering.country_code and normal.startswith(f"+{numbering.country_code}"):
            ways.append(numbering.trunk_prefix + normal[1 + len(numbering.country_code) :])
        ways.append(numbering.international_prefix + normal[1:])
    return tuple(dict.fromkeys(ways))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberList:
    """A list of numbers: the important, those who must not be called. `numbers` are in normal form."""

    name: ListName
    numbers: frozenset[str] = frozenset()
    numbering: Numbering = Numbering()

    def __contains__(self, number: str) -> bool:
        """Whether this number, however it is written, is in the list; an unknown caller ("") never is."""
        return bool(number) and self.numbering.normal(number) in self.numbers
