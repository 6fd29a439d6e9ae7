"""A CSV file, row by row. Knows encodings, line ends and hostile files; knows no database, and not what a row is for.

Read in bounded pieces, twice: once to see that the whole file can be read (so that nothing is imported of one that
turns out to be Latin-1 in the middle), once to give its rows. A line that no person would write is one error, and the
lines after it are read all the same, also those that a quote which nobody closed has swallowed.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from callcenter.tables.row import COLUMNS_MAX, Opened, Row, wrong

PIECE_BYTES: Final = 1 << 20
LINE_CHARS_MAX: Final = 64_000
"""Longer lines are errors: 64,000 characters hold 60 fields of the longest kind."""
ROW_LINES_MAX: Final = 200  # of one row: a quote that is never closed must not swallow the file
DELIMITERS: Final = (",", ";", "\t", "|")
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR: Final = re.compile(r'"?sep=."?', re.IGNORECASE)
GUESSES: Final = "windows-1258 (Vietnamese), windows-1252 (Western Europe)"


def open_csv(path: Path, *, encoding: str = "", delimiter: str = "") -> Opened:
    """Look at the whole file. Raises ConfigurationError: no such file, another encoding, no header."""
    try:
        size = path.stat().st_size
        chosen = _encoding(path, encoding)
        with path.open(encoding=chosen, newline=None) as text:
            first, _ = next(_lines(text), ("", False))
    except OSError as error:
        raise wrong(str(path), f"cannot be read: {error.strerror}") from error
    if not first.strip():
        raise wrong(f"{path}:1", "there is no header", "the first line names the columns: name,number,language")
    said = _SEPARATOR.fullmatch(first.strip())
    if said:
        remedy = "take that line out, or save the file as CSV without it"
        raise wrong(f"{path}:1", f"{first.strip()!r} tells spreadsheets a delimiter, and is no header", remedy)
    between = delimiter or max(DELIMITERS, key=first.count)
    header = tuple(next(csv.reader([first], delimiter=between), ()))
    if len(header) > COLUMNS_MAX:
        raise wrong(f"{path}:1", f"{len(header)} columns; at most {COLUMNS_MAX}")
    return Opened(path=path, encoding=chosen, delimiter=between, header=header, size=size)


def csv_rows(opened: Opened) -> Iterator[Row]:
    """Every row after the header, also those that cannot be read. Blank lines are none."""
    with opened.path.open("rb") as raw, TextIOWrapper(raw, encoding=opened.encoding, newline=None) as text:
        source = _Lines(text)
        next(source, None)
        while True:
            source.begin()
            line = source.line + 1
            reader = csv.reader(source, delimiter=opened.delimiter, strict=True)
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line=line, problem=source.problem or _said(error), done=raw.tell())
                source.again()
                continue
            if source.problem:
                yield Row(line=line, problem=source.problem, done=raw.tell())
            elif any(value.strip() for value in values):
                problem = "holds a NUL" if any("\0" in value for value in values) else ""
                yield Row(line=line, values=() if problem else tuple(values), problem=problem, done=raw.tell())


class _Lines:
    """The lines of a row for the csv module: it counts them, and ends a row that is too long.

    Lines are given back but for the first of a row, which no row can begin with twice: so each is read twice at most as
    long as quotes that nobody closes are `ROW_LINES_MAX` lines apart, and what is remembered is bounded by it.
    """

    def __init__(self, text: TextIO) -> None:
        self._lines = _lines(text)
        self.line = 0
        self.problem = ""
        self._row: list[tuple[str, bool]] = []
        self._back: deque[tuple[str, bool]] = deque()

    def begin(self) -> None:
        """Another row begins."""
        self.problem, self._row = "", []

    def again(self) -> None:
        """What began was no row: the lines after its first are read anew, each as the beginning of one."""
        self._back.extendleft(reversed(self._row[1:]))
        self.line -= max(len(self._row) - 1, 0)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._row) >= ROW_LINES_MAX:
            self.problem = self.problem or f"a quote is opened, and not closed within {ROW_LINES_MAX} lines"
            raise csv.Error(self.problem)
        line, cut = self._back.popleft() if self._back else next(self._lines)
        self.line += 1
        self._row.append((line, cut))
        if cut:
            self.problem = f"longer than {LINE_CHARS_MAX:,} characters"
            raise csv.Error(self.problem)
        return line


def _lines(text: TextIO) -> Iterator[tuple[str, bool]]:
    """Lines with their ends; of one that is too long its beginning, and True."""
    while line := text.readline(LINE_CHARS_MAX):
        cut = len(line) >= LINE_CHARS_MAX and not line.endswith("\n")
        if cut:
            while (rest := text.readline(LINE_CHARS_MAX)) and not rest.endswith("\n"):
                pass
        yield line, cut


def _encoding(path: Path, wanted: str) -> str:
    """The encoding in which the whole file can be read."""
    with path.open("rb") as raw:
        head = raw.read(4)
        found = wanted or next((name for bom, name in BOMS if head.startswith(bom)), "utf-8")
        try:
            decoder = codecs.getincrementaldecoder(found)()
        except LookupError:
            raise wrong(str(path), f"there is no encoding {wanted[:40]}", f"utf-8, {GUESSES}") from None
        raw.seek(0)
        line, piece = 1, b""
        try:
            while piece := raw.read(PIECE_BYTES):
                line += decoder.decode(piece).count("\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line += piece[: error.start].count(b"\n")
            what = f"is not {found}" if wanted else "is neither UTF-8 nor UTF-16"
            raise wrong(f"{path}:{line}", what, f"say what it is, with --encoding: {GUESSES}") from None
    return found


def _said(error: csv.Error) -> str:
    words = str(error)
    if "field larger" in words:
        return "a field is too long"
    if "unexpected end of data" in words:
        return "a quote is opened, and not closed"
    return f"cannot be read: {words}"
