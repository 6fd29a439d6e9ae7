"""Filters of leads: which of a list a campaign calls. Knows the little language; knows no database.

    priority >= 5 and custom.city = "Hanoi" and not attempts > 2
    (custom.plan = "gold" or custom.plan = "silver") and outcome != "machine"
    custom.balance >= 1000

Numbers are compared as numbers, texts in double quotes as texts. `and` binds tighter than `or`. A custom field that a
lead does not have is the empty text; one that is no number is neither more nor less than any, and unlike all.
"""

import re
from dataclasses import dataclass
from typing import Final

DEPTH_MAX: Final = 20
TERMS_MAX: Final = 50
CHARS_MAX: Final = 2_000
NUMBER_FIELDS: Final = ("priority", "attempts")
TEXT_FIELDS: Final = ("outcome", "reference", "name", "zone", "part")
CUSTOM: Final = "custom."
OPERATORS: Final = ("=", "!=", "<", "<=", ">", ">=")
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<number>-?\d{1,9})(?![\w.])|"(?P<text>[^"\x00]{0,200})"|(?P<sign><=|>=|!=|=|<|>|\(|\))'
    r"|(?P<word>[^\W\d][\w.-]{0,63}))"
)


class FilterSyntaxError(ValueError):
    """A filter that cannot be read; `column` is where (1-based)."""

    def __init__(self, problem: str, column: int) -> None:
        super().__init__(problem)
        self.column = column


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value."""

    field: str  # one of the allowed, or custom.<name>
    sign: str
    value: int | str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class All:
    """Every part; of none: everybody."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """One part at least."""

    parts: tuple["Filter", ...]


Filter = Compare | Not | All | Any
EVERYBODY: Final = All()


def parse_filter(text: str) -> Filter:
    """Read a filter; an empty text is everybody. Raises FilterSyntaxError with a 1-based column."""
    if not text.strip():
        return EVERYBODY
    if len(text) > CHARS_MAX:
        raise FilterSyntaxError(f"longer than {CHARS_MAX} characters", 1)
    return _Reading(text).read()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, text, sign, word, end
    said: str
    column: int


class _Reading:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._terms = 0

    def read(self) -> Filter:
        found = self._any(0)
        if self._here.kind != "end":
            raise self._wrong("expected `and` or `or`")
        return found

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *said: str) -> bool:
        if self._here.kind in ("word", "sign") and self._here.said in said:
            self._at += 1
            return True
        return False

    def _any(self, depth: int) -> Filter:
        parts = [self._all(depth)]
        while self._take("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _all(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._take("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise self._wrong(f"nested more than {DEPTH_MAX} deep")
        if self._take("not"):
            return Not(self._one(depth + 1))
        if self._take("("):
            found = self._any(depth + 1)
            if not self._take(")"):
                raise self._wrong("expected `)`")
            return found
        return self._compare()

    def _compare(self) -> Compare:
        self._terms += 1
        if self._terms > TERMS_MAX:
            raise self._wrong(f"more than {TERMS_MAX} comparisons")
        field = self._here
        custom = field.said.startswith(CUSTOM) and len(field.said) > len(CUSTOM)
        if field.kind != "word" or not (custom or field.said in (*NUMBER_FIELDS, *TEXT_FIELDS)):
            raise self._wrong(f"expected a field: {', '.join((*NUMBER_FIELDS, *TEXT_FIELDS))} or custom.<name>")
        self._at += 1
        sign = self._here.said
        if not self._take(*OPERATORS):
            raise self._wrong(f"expected one of {' '.join(OPERATORS)}")
        value = self._here
        if value.kind not in ("number", "text"):
            doubled = "a single =, and then " if sign == value.said == "=" else ""
            raise self._wrong(f'expected {doubled}a number, or a text in quotes: "Hanoi"')
        number = value.kind == "number"
        if not custom and number is not (field.said in NUMBER_FIELDS):
            raise self._wrong(f"{field.said} is compared with a {'text in quotes' if number else 'number'}")
        self._at += 1
        return Compare(field.said, sign, int(value.said) if number else value.said)

    def _wrong(self, what: str) -> FilterSyntaxError:
        return FilterSyntaxError(what, self._here.column)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise FilterSyntaxError(f"not understood: {text[column - 1 : column + 11]!r}", column)
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        at = match.end()
    return [*found, _Token("end", "", len(text) + 1)]
