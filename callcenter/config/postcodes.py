"""postcodes.yaml: country -> beginning of a postcode -> the time zones that it may be in. Knows no lead."""

import re
import zoneinfo
from functools import lru_cache
from pathlib import Path
from typing import Final

from callcenter.config.sheet import Names, Sheet, did_you_mean, shown
from callcenter.config.tree import Rows, Value, read_tree
from callcenter.customers.numbers import is_country
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.postcode import bare_postcode

POSTCODES: Final = "postcodes.yaml"
ZONES_MAX: Final = 10
_BEGINNING: Final = re.compile(r"[0-9A-Z]{1,12}")

Table = dict[str, dict[str, tuple[str, ...]]]


def read_postcodes(sheet: Sheet) -> Table:
    """What can be used; the rest's problems are on the sheet."""
    found: Table = {}
    for country, value in sheet.table((), sheet.tree.root).items():
        if not is_country(country):
            remedy = "two capital letters (ISO 3166): US, CA, AU"
            sheet.wrong((country,), f"{shown(country)} is not a country", remedy, at_key=True)
            continue
        table: dict[str, tuple[str, ...]] = {}
        for written, zones in sheet.table((country,), value).items():
            beginning = bare_postcode(written)
            if not _BEGINNING.fullmatch(beginning):
                what = f"{shown(written)} is no beginning of a postcode"
                sheet.wrong((country, written), what, 'digits and letters, in quotes: "967"', at_key=True)
            elif beginning in table:
                sheet.wrong((country, written), f"{shown(beginning)} is there twice", at_key=True)
            else:
                table[beginning] = _zones_of(sheet, (country, written), zones)
        found[country] = table
    return found


def load_postcodes(folder: Path) -> Table:
    """Those of a folder of configuration; none if it has no such file. Raises ConfigurationError with all problems."""
    path = folder / POSTCODES
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([Problem(where=POSTCODES, what=f"cannot be read: {error}")]) from error
    tree = read_tree(POSTCODES, text)
    sheet = Sheet(tree=tree, names=Names())
    found = read_postcodes(sheet) if tree.root is not None else {}
    if tree.problems or sheet.problems:
        raise ConfigurationError([*tree.problems, *sheet.problems])
    return found


def _zones_of(sheet: Sheet, path: tuple[str, str], value: Value) -> tuple[str, ...]:
    rows = list(value) if isinstance(value, Rows) else [value]
    if not 1 <= len(rows) <= ZONES_MAX:
        sheet.wrong(path, f"{len(rows)} time zones; 1 to {ZONES_MAX} are possible")
        return ()
    found: list[str] = []
    for at, row in enumerate(rows):
        if isinstance(row, str) and row in _known():
            found.append(row)
        else:
            place = (*path, at) if isinstance(value, Rows) else path
            sheet.wrong(place, f"there is no time zone {shown(row)}", did_you_mean(str(row), _known()))
    return tuple(sorted(set(found)))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
