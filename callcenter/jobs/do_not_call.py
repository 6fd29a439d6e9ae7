"""Numbers that will not be called, as people write them. Knows forms of numbers and lines of a register; no SQL."""

from collections.abc import Iterable, Iterator
from typing import Final

from callcenter.errors import ConfigurationError, Problem, Unfit, unreadable
from callcenter.geography.numbers import told
from callcenter.postgres.do_not_call import Entry

PREFIX_SIGN: Final = "*"
DIGITS_MAX: Final = 15


def entry_of(text: str, region: str = "") -> Entry:
    """A number in E.164, or (with a * at its end) the beginning of numbers. Raises Unreadable."""
    bare = "".join(sign for sign in text if sign not in " ().-/")
    if bare.endswith(PREFIX_SIGN):
        digits = bare[1:-1]
        if not (bare.startswith("+") and digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
            raise unreadable(repr(text[:40]), "is not the beginning of numbers", "+ and digits: +1900*")
        return Entry(entry=bare[:-1], prefix=True)
    tells = told(text, region)
    if tells.problem:
        raise unreadable(repr(text[:40]), tells.problem, "with its country code: +84901234567")
    return Entry(entry=tells.e164)


def register_of(name: str, lines: Iterable[str], region: str) -> list[Entry]:
    """Every line of a register; what follows # is a remark. Raises Unfit with every line that is no number.

    One that is not understood refuses the whole: half a register is none.
    """
    found: list[Entry] = []
    wrong: list[Problem] = []
    for at, number in _numbers(lines):
        try:
            found.append(entry_of(number, region))
        except ConfigurationError as error:
            wrong.append(Problem(where=f"{name}:{at}", what=str(error)))
    if wrong:
        raise Unfit(wrong)
    return found


def _numbers(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for at, line in enumerate(lines, 1):
        number = line.split("#", 1)[0].strip()
        if number:
            yield at, number
