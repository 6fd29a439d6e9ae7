"""YAML text as a tree that knows where each of its parts was written. Knows YAML 1.2; knows nothing of what it means.

Keys are always text, as written: `1:` is the key "1". Values are typed by YAML 1.2's core schema (`no` is text, `20:00`
is text), and a number remembers how it was written, so that `0901234567` or `113` can still be read as a text. A number
that only YAML would take for one (a leading zero, 0x1F, 1e3) is text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from callcenter.errors import Problem

TEXT_CHARS_MAX: Final = 1_000_000
NESTING_MAX: Final = 20
PARTS_MAX: Final = 100_000

Path: TypeAlias = tuple[str | int, ...]

_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_REAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_TRUE: Final = ("true", "True", "TRUE")
_FALSE: Final = ("false", "False", "FALSE")
_NULL: Final = ("", "~", "null", "Null", "NULL")
_NOT_ALLOWED: Final = re.compile(r"[^\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What no YAML text may hold: YAML 1.2.2, 5.1 (c-printable)."""


class Place(NamedTuple):
    """A line and a column, counted from 1."""

    line: int
    column: int


class Whole(int):
    """A whole number; `written` is its text."""

    written: str


class Real(float):
    """A number with a point; `written` is its text."""

    written: str


class Table(dict[str, "Value"]):
    """A mapping; `path` leads to it."""

    path: Path


class Rows(list["Value"]):
    """A sequence."""


Value: TypeAlias = str | Whole | Real | bool | Table | Rows | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One file. `root` is None if nothing could be read; what is wrong with the text itself is in `problems`."""

    file: str
    root: Value = None
    values: Mapping[Path, Place] = field(default_factory=dict)
    keys: Mapping[Path, Place] = field(default_factory=dict)
    quoted: frozenset[Path] = frozenset()  # values whose text begins one column after their place
    problems: tuple[Problem, ...] = ()

    def problem(
        self, path: Path, what: str, remedy: str = "", *, at_key: bool = False, column: int | None = None
    ) -> Problem:
        """A problem at `path`, or at the nearest part above it that was written. `column` counts within a value."""
        line, start = self.place(path, at_key=at_key)
        if column is not None:
            start += column - 1 + (path in self.quoted)
        shown = ".".join(str(part) for part in path)
        where = f"{self.file}:{line}:{start}" + (f": {shown}" if shown else "")
        return Problem(where=where, what=what, remedy=remedy)

    def place(self, path: Path, *, at_key: bool = False) -> Place:
        """Where `path` was written."""
        if at_key and path in self.keys:
            return self.keys[path]
        if path in self.values:
            return self.values[path]
        return self.place(path[:-1]) if path else Place(1, 1)


class _Unreadable(Exception):  # never leaves this module
    def __init__(self, place: Place, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.place, self.what, self.remedy = place, what, remedy


def read_tree(file: str, text: str) -> Tree:
    """Read one YAML text. Never raises: what cannot be read is a problem of the tree."""
    try:
        return _Reading(file).read(text)
    except _Unreadable as error:
        line, column = error.place
        return Tree(
            file=file, problems=(Problem(where=f"{file}:{line}:{column}", what=error.what, remedy=error.remedy),)
        )


class _Reading:
    """Builds a tree out of the parser's events; the parser itself does not recurse, so neither depth nor size harms."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._values: dict[Path, Place] = {}
        self._keys: dict[Path, Place] = {}
        self._quoted: set[Path] = set()
        self._problems: list[Problem] = []

    def read(self, text: str) -> Tree:
        if len(text) > TEXT_CHARS_MAX:
            raise _Unreadable(Place(1, 1), f"{len(text)} characters long; at most {TEXT_CHARS_MAX} are read")
        if (strange := _NOT_ALLOWED.search(text)) is not None:
            raise _Unreadable(_place_in(text, strange.start()), f"the character {strange[0]!r} is not allowed in YAML")
        events = _content(_events(text))
        first = next(events, None)
        root = None if first is None else self._value(first, events, ())
        for _ in events:  # nothing may follow, and only reading on tells
            pass
        return Tree(
            file=self._file,
            root=root,
            values=self._values,
            keys=self._keys,
            quoted=frozenset(self._quoted),
            problems=tuple(self._problems),
        )

    def _value(self, event: Event, events: Iterator[Event], path: Path) -> Value:
        place = _place(event)
        self._values[path] = place
        if len(self._values) > PARTS_MAX:
            raise _Unreadable(place, f"more than {PARTS_MAX} values in one file")
        if len(path) > NESTING_MAX:
            raise _Unreadable(place, f"nested more than {NESTING_MAX} deep")
        match event:
            case MappingStartEvent():
                return self._table(events, path)
            case SequenceStartEvent():
                return self._rows(events, path)
            case ScalarEvent():
                if event.style in ("'", '"'):
                    self._quoted.add(path)
                return _scalar(event)
            case AliasEvent():
                raise _Unreadable(
                    place, "anchors and aliases (& and *) are not used here", "write a text with * in quotes"
                )
            case _:
                raise _Unreadable(place, "not understood")

    def _rows(self, events: Iterator[Event], path: Path) -> Rows:
        rows = Rows()
        while not isinstance(event := next(events), CollectionEndEvent):
            rows.append(self._value(event, events, (*path, len(rows))))
        return rows

    def _table(self, events: Iterator[Event], path: Path) -> Table:
        table = Table()
        table.path = path
        while not isinstance(event := next(events), CollectionEndEvent):
            place = _place(event)
            if not isinstance(event, ScalarEvent):
                raise _Unreadable(place, "a key must be a plain text", "a text with { [ * & at its start needs quotes")
            key = event.value
            here = (*path, key)
            if key in table:
                first = self._keys[here]
                self._problems.append(
                    Tree(file=self._file, keys={here: place}).problem(
                        here, f"`{key}` is here twice", f"the first is in line {first.line}", at_key=True
                    )
                )
                _Reading(self._file)._value(next(events), events, here)  # read over it
                continue
            self._keys[here] = place
            table[key] = self._value(next(events), events, here)
            if table[key] is None:
                self._values[here] = place  # nothing was written there: the parser's mark is already at what follows
        return table


def _events(text: str) -> Iterator[Event]:
    """The parser's events, every failure of the parser on a strange text told as ours."""
    try:
        yield from YAML(typ="rt", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
        raise _Unreadable(place, f"not YAML: {error.problem or error.context}", _remedy(error)) from error
    except Exception as error:  # ruamel lets Python's own through: `"\\U99999999"` is an OverflowError
        raise _Unreadable(Place(1, 1), f"not YAML: {error}") from error


def _remedy(error: MarkedYAMLError) -> str:
    """What was perhaps done wrong, where the parser's own words do not say it."""
    said, began = error.problem or "", error.context_mark
    if "'\\t'" in said:
        return "lines are indented with spaces, not with tabs"
    if "mapping values are not allowed" in said:
        return "indent it as the line above; a text that holds `: ` needs quotes"
    if began is not None and (error.context or "").startswith(("while parsing a flow", "while scanning a quoted")):
        return f"what begins in line {began.line + 1}, column {began.column + 1} is not closed"
    return ""


def _content(events: Iterator[Event]) -> Iterator[Event]:
    """The nodes of the one document, checked for what we do not use."""
    documents = 0
    for event in events:
        match event:
            case DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise _Unreadable(_place(event), "a second document", "one file holds one")
                if event.version or event.tags:
                    raise _Unreadable(_place(event), "directives (%) are not used here")
            case NodeEvent():
                if event.anchor is not None and not isinstance(event, AliasEvent):
                    remedy = "write it out wherever it is needed; a text that begins with & needs quotes"
                    raise _Unreadable(_place(event), "anchors and aliases (& and *) are not used here", remedy)
                tag = getattr(event, "tag", None)  # an alias has none
                if tag is not None and str(tag) != "!":
                    raise _Unreadable(_place(event), "tags (!) are not used here")
                yield event
            case CollectionEndEvent():
                yield event
            case _:
                pass


def _scalar(event: ScalarEvent) -> Value:
    text: str = event.value
    if event.style in ("'", '"', "|", ">"):
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _WHOLE.fullmatch(text):
        whole = Whole(text)
        whole.written = text
        return whole
    if _REAL.fullmatch(text):
        real = Real(text)
        real.written = text
        return real
    return text


def _place(event: Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _place_in(text: str, at: int) -> Place:
    before = text[:at]
    return Place(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)
