"""What a table file is once it is opened, and a row of it. Values only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.errors import ConfigurationError, Problem

COLUMNS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that can be read: in which encoding, with what between its fields, and how long it is."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    size: int  # bytes; of a workbook: rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row and the line on which it begins, from 1. `problem`: it cannot be read, and has no values."""

    line: int
    values: tuple[str, ...] = ()
    problem: str = ""
    done: int = 0  # so much of `size` is read, about


def wrong(where: str, what: str, remedy: str = "") -> ConfigurationError:
    """A file that cannot be used."""
    return ConfigurationError([Problem(where=where, what=what, remedy=remedy)])
