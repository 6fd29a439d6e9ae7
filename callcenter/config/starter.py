"""The configuration a new installation begins with. Knows where it is kept and never overwrites anything."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from callcenter.config.folder import FILES, FLOWS
from callcenter.errors import ConfigurationError, Problem

PACKAGE: Final = "callcenter"
STARTER: Final = "starter"


def install_starter(folder: Path) -> tuple[Path, ...]:
    """Copy the starter into `folder` and give the files written; none if a configuration is there already.

    A part of one counts as one: files that somebody took out on purpose do not come back. Raises ConfigurationError if
    the folder cannot be written.
    """
    if any((folder / name).exists() for name in (*FILES, FLOWS)):
        return ()
    try:
        with as_file(files(PACKAGE) / STARTER) as starter:
            sources = sorted(path for path in starter.rglob("*.yaml") if path.is_file())
            return tuple(_copied(path, folder / path.relative_to(starter)) for path in sources)
    except OSError as error:
        what = f"the first configuration cannot be written: {error.strerror}"
        raise ConfigurationError([Problem(where=str(folder), what=what)]) from error


def _copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target
