"""Named SQL. Knows where the project's SQL lives and how a query file is read; knows no database.

A file `sql/queries/<area>.sql` holds queries, each under a line `-- <area>.<name>`; the comment lines that follow say
what it is for. In a checkout the folder `sql` lies beside the package, in an installed wheel inside it.
"""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from callcenter.errors import Bug, ConfigurationError, Problem

_TITLE: Final = re.compile(r"-- (?P<area>[a-z_]+)\.(?P<name>[a-z_]+)")
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def sql_folder() -> Path:
    """Where migrations and queries are. Raises ConfigurationError if the installation is not whole."""
    places = (_PACKAGE / "_installed" / "sql", _PACKAGE.parent / "sql")
    for place in places:
        if (place / "migrations").is_dir():
            return place
    raise ConfigurationError(
        [Problem(where=str(places[0]), what="the SQL files are missing", remedy="install callcenter again")]
    )


def load_queries(folder: Path) -> Mapping[str, str]:
    """All queries below `folder`, by name ("area.name"). Raises ConfigurationError with every problem in the files."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.sql")):
        _read(path, found, problems)
    if problems:
        raise ConfigurationError(problems)
    return MappingProxyType(found)


def _read(path: Path, found: dict[str, str], problems: list[Problem]) -> None:
    name, began, lines = "", 1, list[str]()
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), None], start=1):
        title = _TITLE.fullmatch(line.rstrip()) if line is not None else None
        if line is not None and title is None:
            lines.append(line)
            continue
        problem = _keep(name, lines, path.stem, found)
        if problem:
            problems.append(Problem(where=f"{path.name}:{began}", what=problem))
        name, began, lines = line.removeprefix("-- ").rstrip() if line is not None else "", number, []


def _keep(name: str, lines: list[str], area: str, found: dict[str, str]) -> str:
    """Put one query away; gives what is wrong with it, or ""."""
    text = "\n".join(line for line in lines if not line.startswith("--")).strip().removesuffix(";")
    if not name:
        return "SQL before the first title" if text else ""
    if name in found:
        return f"{name} is there twice"
    if not name.startswith(f"{area}."):
        return f"{name} does not belong into {area}.sql"
    if not text:
        return f"{name} is empty"
    found[name] = text
    return ""


@functools.cache
def _ours() -> Mapping[str, str]:
    return load_queries(sql_folder() / "queries")


def sql(name: str) -> str:
    """The text of one of the project's queries. Raises Bug for a name that no file holds."""
    try:
        return _ours()[name]
    except KeyError:
        raise Bug(f"there is no query called {name}") from None


def sql_ordered(name: str, order: str) -> str:
    """A query with its `{order}` filled in. `order` must come from an allow-list, never from outside."""
    text = sql(name)
    if text.count("{order}") != 1:
        raise Bug(f"the query {name} has no one place for an order")
    return text.replace("{order}", order)
