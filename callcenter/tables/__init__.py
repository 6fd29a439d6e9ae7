"""Tables that people bring: CSV in any encoding, XLSX. Row by row, in bounded memory. Knows not what a row is for."""

from collections.abc import Iterator
from pathlib import Path

from callcenter.tables.csv_file import csv_rows, open_csv
from callcenter.tables.row import Opened, Row
from callcenter.tables.workbook import SUFFIX, open_workbook, workbook_rows

__all__ = ["Opened", "Row", "open_table", "rows"]


def open_table(path: Path, *, encoding: str = "", delimiter: str = "") -> Opened:
    """Look at a file, by its suffix. Raises ConfigurationError: no such file, not readable, no header."""
    if path.suffix.lower() == SUFFIX:
        return open_workbook(path)
    return open_csv(path, encoding=encoding, delimiter=delimiter)


def rows(opened: Opened) -> Iterator[Row]:
    """Every row after the header, also those that cannot be read."""
    return workbook_rows(opened) if opened.path.suffix.lower() == SUFFIX else csv_rows(opened)
