"""The first sheet of an XLSX workbook, row by row. Knows openpyxl's read-only mode; knows no database.

A workbook is a ZIP of XML: one that unpacks to far more than it is, or that is none, is refused before it is read.
Numbers are written as people write them: a telephone number that a spreadsheet took for one has no point and no E.
"""

import datetime as dt
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from callcenter.errors import ConfigurationError
from callcenter.tables.row import COLUMNS_MAX, Opened, Row, wrong

SUFFIX: Final = ".xlsx"
UNPACKED_BYTES_MAX: Final = 4 << 30
RATIO_MAX: Final = 200  # a sheet of text packs to a tenth; a bomb to a thousandth
WHOLE_BYTES_MAX: Final = 128 << 20
"""Of texts that cells share, and of all else that is no sheet: it is read whole, and takes six times as much memory."""
SHEETS: Final = "xl/worksheets/"
CELL_CHARS_MAX: Final = 32_767  # the format's own limit


def open_workbook(path: Path) -> Opened:
    """Look at the first sheet. Raises ConfigurationError: no such file, no workbook, no header."""
    _checked(path)
    with _sheet(path) as lines:
        header = next(lines, ())
    names = tuple(_text(value).strip() for value in header)
    while names and not names[-1]:
        names = names[:-1]
    if not names:
        raise wrong(f"{path}:1", "there is no header", "the first row names the columns: name, number, city")
    if len(names) > COLUMNS_MAX:
        raise wrong(f"{path}:1", f"{len(names)} columns; at most {COLUMNS_MAX}")
    return Opened(path=path, encoding="xlsx", delimiter="", header=names, size=0)


def workbook_rows(opened: Opened) -> Iterator[Row]:
    """Every row after the header that is not empty."""
    width = len(opened.header)
    with _sheet(opened.path) as lines:
        next(lines, None)
        for line, cells in enumerate(lines, 2):
            values = tuple(_text(value) for value in cells[:width])
            if not any(value.strip() for value in values):
                continue
            if any("\0" in value or len(value) > CELL_CHARS_MAX for value in values):
                yield Row(line=line, problem="holds a NUL, or a cell that is too long", done=line)
            else:
                yield Row(line=line, values=values, done=line)


class _sheet:
    """The cells of the first sheet, while the workbook is open."""

    def __init__(self, path: Path) -> None:
        from openpyxl import load_workbook

        try:
            self._book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # openpyxl lets through whatever its XML and ZIP readers raise
            raise wrong(str(path), f"is no workbook that can be read: {type(error).__name__}: {error}") from error
        self._path = path

    def __enter__(self) -> Iterator[tuple[object, ...]]:
        return self._rows()

    def __exit__(self, *error: object) -> None:
        self._book.close()

    def _rows(self) -> Iterator[tuple[object, ...]]:
        sheet = self._book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is not to be believed
        try:
            yield from sheet.iter_rows(values_only=True)
        except ConfigurationError:
            raise
        except Exception as error:
            raise wrong(str(self._path), f"cannot be read to its end: {type(error).__name__}: {error}") from error


def _checked(path: Path) -> None:
    try:
        packed = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except OSError as error:
        raise wrong(str(path), f"cannot be read: {error.strerror}") from error
    except zipfile.BadZipFile as error:
        raise wrong(str(path), "is no workbook", "XLSX, or CSV with another suffix") from error
    unpacked = sum(part.file_size for part in parts)
    whole = sum(part.file_size for part in parts if not part.filename.startswith(SHEETS))
    if whole > WHOLE_BYTES_MAX:
        what = f"has {whole:,} bytes of texts, styles and pictures beside its sheets; at most {WHOLE_BYTES_MAX:,}"
        raise wrong(str(path), what, "split it, or save it as CSV")
    if unpacked > UNPACKED_BYTES_MAX or unpacked > RATIO_MAX * max(packed, 1):
        raise wrong(str(path), f"unpacks to {unpacked:,} bytes", "split it, or save it as CSV")


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)
