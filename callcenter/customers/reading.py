"""A CSV file of customers: what its columns are. How a file is read, also a hostile one, is callcenter/tables'."""

from collections.abc import Sequence

from callcenter.tables.csv_file import csv_rows as rows
from callcenter.tables.csv_file import open_csv
from callcenter.tables.row import Opened, Row

__all__ = ["Opened", "Row", "columns", "open_csv", "rows"]


def columns(header: Sequence[str], mapping: dict[str, str], known: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """What each column is ("" for one to be passed over), and all that is wrong with the header.

    A column is known by its name, whatever its case, with _ for blanks; `mapping` says what others are.
    """
    wanted = {_plain(name): what for name, what in mapping.items()}
    problems = [f"no column is called {name!r}" for name in mapping if _plain(name) not in map(_plain, header)]
    found: list[str] = []
    for name in header:
        plain = _plain(name)
        what = wanted.get(plain, plain)
        base = what.rstrip("0123456789").rstrip("_") if what not in known else what
        if what in ("-", "") and plain in wanted:
            found.append("")
        elif base in known:
            found.append(base)
        else:
            found.append("")
            problems.append(f"the column {name[:40]!r} is not known: --map {name[:40]!r}=NAME, or =- to pass it over")
    once = [what for what in found if what and what not in ("number", "email", "address")]
    problems += [f"{what} is there twice" for what in dict.fromkeys(once) if once.count(what) > 1]
    return tuple(found), problems


def _plain(name: str) -> str:
    return "_".join(name.strip().casefold().split())
