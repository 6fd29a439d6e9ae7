"""Secrets that are made at first start and read back afterwards.

Knows the folder they lie in. Must not know what they open. A secret reaches programs through files of mode 0600 only,
never through a command line, an environment or a log.
"""

import os
import secrets
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from callcenter.embedded.folders import PRIVATE_FILE, private_folder
from callcenter.errors import ConfigurationError, Problem

SECRET_BYTES: Final = 24
SECRET_CHARACTERS_MIN: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret and its name; printing it shows the name only."""

    name: str
    text: str = field(repr=False)


def secret(folder: Path, name: str) -> Secret:
    """The secret called `name` in `folder`, made if it is not there: 32 letters, digits, `-` and `_` (192 bits).

    Two programs that ask at the same time get the same one. Raises ConfigurationError if the file is too short to be
    one, or others could read it.
    """
    path = private_folder(folder) / name
    if not path.exists():
        _make(path)
    found = path.stat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigurationError(
            [Problem(where=str(path), what="others can read this secret", remedy="delete it, a new one is made")]
        )
    text = path.read_text().strip()
    if len(text) < SECRET_CHARACTERS_MIN:
        raise ConfigurationError(
            [Problem(where=str(path), what="is too short for a secret", remedy="delete it, a new one is made")]
        )
    return Secret(name=name, text=text)


def _make(path: Path) -> None:
    """Write a new secret whole, or leave the one that another program wrote in the meantime."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "w") as file:
            os.fchmod(file.fileno(), PRIVATE_FILE)
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        os.unlink(fresh)
