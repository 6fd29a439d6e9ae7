"""The first sheet of an XLSX workbook, row by row. Knows openpyxl's read-only mode; knows no database.

A workbook is a ZIP of XML: how much of it is unpacked, whatever its parts are called, is for `archive` to bound.
Numbers are written as people write them: a telephone number that a spreadsheet took for one has no point and no E.
"""

import datetime as dt
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from callcenter.errors import ConfigurationError
from callcenter.tables.archive import DESCRIBED, DESCRIBED_BYTES_MAX, REMEDY, ROW_BYTES_MAX, TEXTS_BYTES_MAX, Archive
from callcenter.tables.row import COLUMNS_MAX, Opened, Row, wrong

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SUFFIX: Final = ".xlsx"
ROWS_MAX: Final = 1_048_576  # the format's own limit
ROW: Final = "one row, or after the rows"
CELL_CHARS_MAX: Final = 32_767  # the format's own limit


def open_workbook(path: Path) -> Opened:
    """Look at the first sheet. Raises ConfigurationError: no such file, no workbook, no header."""
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
        self._path = path
        self._archive = _opened(path)
        try:
            self._cells = _first_sheet(self._archive, path)
        except ConfigurationError:
            self._archive.close()
            raise
        except Exception as error:  # openpyxl lets through whatever its XML and ZIP readers raise
            self._archive.close()
            raise wrong(str(path), f"is no workbook that can be read: {type(error).__name__}: {error}") from error

    def __enter__(self) -> Iterator[tuple[object, ...]]:
        return self._rows()

    def __exit__(self, *error: object) -> None:
        self._archive.close()

    def _rows(self) -> Iterator[tuple[object, ...]]:
        if self._cells is None:
            raise wrong(str(self._path), "has no sheet with cells")
        self._archive.reads(ROW, ROW_BYTES_MAX)
        try:
            for n, row in enumerate(self._cells, 1):
                if n > ROWS_MAX:
                    raise wrong(str(self._path), f"has rows beyond {ROWS_MAX:,}, which no workbook may have", REMEDY)
                self._archive.reads(ROW, ROW_BYTES_MAX)
                yield row
        except ConfigurationError:
            raise
        except Exception as error:
            raise wrong(str(self._path), f"cannot be read to its end: {type(error).__name__}: {error}") from error


def _first_sheet(archive: Archive, path: Path) -> Iterator[tuple[object, ...]] | None:
    """The rows of the first sheet, none of them read yet; None if there is none.

    What `load_workbook` does in its read-only mode, as far as that needs it, and from an archive that has limits: other
    sheets, and how large this one says that it is, are not looked at.
    """
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    class Sheet(ReadOnlyWorksheet):
        def _get_size(self) -> None:
            """Not by what the file says: it would be read to its end if it says nothing."""

    reader = ExcelReader(path, read_only=True, data_only=True, keep_links=False)
    reader.archive.close()
    reader.archive = archive
    reader.read_manifest()
    archive.reads("texts that cells share", TEXTS_BYTES_MAX, to_its_end=True)
    reader.read_strings()
    archive.reads(DESCRIBED, DESCRIBED_BYTES_MAX)
    reader.read_workbook()
    apply_stylesheet(archive, reader.wb)
    for sheet, place in reader.parser.find_sheets():
        if place.target in reader.valid_files and "chartsheet" not in place.Type:
            cells = Sheet(reader.wb, sheet.name, place.target, reader.shared_strings)
            return cast("Worksheet", cells).iter_rows(values_only=True)
    return None


def _opened(path: Path) -> Archive:
    try:
        return Archive(path)
    except OSError as error:
        raise wrong(str(path), f"cannot be read: {error.strerror}") from error
    except zipfile.BadZipFile as error:
        raise wrong(str(path), "is no workbook", "XLSX, or CSV with another suffix") from error


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
