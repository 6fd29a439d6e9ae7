"""Where recordings are kept for good. Knows names and bytes; knows nothing of what is in them.

A name is a relative path of ours (`2026/01/31/<id>.flac`). Another kind of store is another class with the methods of
`Store`, as that of buckets (`bucket.py`).
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from callcenter.errors import Bug, PeerFault

FILE_MODE: Final = 0o600
PARTIAL_SUFFIX: Final = ".partial"
DIGEST_CHUNK_BYTES: Final = 1 << 20

_NAME: Final = re.compile(r"\d{4}/\d{2}/\d{2}/[0-9a-f-]{36}(\.[0-9A-Za-z-]+){1,3}")


class NotStored(PeerFault):
    """There is no such file in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a file is known by."""

    sha256: str
    size: int


class Store(Protocol):
    """A place for recordings. Every method may take long, raises PeerFault or OSError, and can be repeated."""

    def put(self, name: str, file: Path) -> None:
        """Keep a copy of a file under a name, safe on disk when this returns; one of that name is replaced whole."""
        ...

    def measure(self, name: str) -> Measure:
        """Read what is kept and say what it is. Raises NotStored."""
        ...

    def fetch(self, name: str, into: Path) -> None:
        """Copy what is kept into a file. Raises NotStored."""
        ...

    def remove(self, name: str) -> None:
        """Keep it no longer; that there is none is fine."""
        ...

    def place(self, name: str) -> str:
        """Where a person finds it: a path, an address."""
        ...


@runtime_checkable
class Listed(Protocol):
    """A store that can say what it keeps."""

    def names(self) -> Iterator[str]:
        """Everything that looks like a recording, in order; for `verify`."""
        ...


class FolderStore:
    """A folder of this machine, or one that is mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, file: Path) -> None:
        """As the Protocol says. A file that lies in its place already is only made safe on disk."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists() or not path.samefile(file):
            partial = path.with_name(path.name + PARTIAL_SUFFIX)
            shutil.copyfile(file, partial)
            partial.chmod(FILE_MODE)
            sync(partial)
            partial.replace(path)
        else:
            sync(path)
        for folder in (path.parent, *list(path.parents)[1:4]):
            sync(folder)

    def measure(self, name: str) -> Measure:
        """As the Protocol says."""
        try:
            return measure_file(self._path(name))
        except FileNotFoundError:
            raise NotStored(f"{self._path(name)} is not there") from None

    def fetch(self, name: str, into: Path) -> None:
        """As the Protocol says."""
        try:
            shutil.copyfile(self._path(name), into)
        except FileNotFoundError:
            raise NotStored(f"{self._path(name)} is not there") from None

    def remove(self, name: str) -> None:
        """As the Protocol says; what a killed process left of a copy goes too."""
        path = self._path(name)
        remove_file(path)
        remove_file(path.with_name(path.name + PARTIAL_SUFFIX))

    def place(self, name: str) -> str:
        """Its path."""
        return str(self._path(name))

    def names(self) -> Iterator[str]:
        """Everything that looks like a recording, in order; for `verify`."""
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if is_a_name(name) and path.is_file():
                yield name

    def _path(self, name: str) -> Path:
        return self.folder / checked(name)


def is_a_name(text: str) -> bool:
    """Whether it is a name of ours."""
    return _NAME.fullmatch(text) is not None


def checked(name: str) -> str:
    """The same name. Raises Bug if it is none of ours: it becomes part of a path."""
    if not is_a_name(name):
        raise Bug(f"{name!r} is no name of a recording")
    return name


def measure_file(path: Path) -> Measure:
    """What a file is known by. Raises FileNotFoundError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(DIGEST_CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
    return Measure(sha256=digest.hexdigest(), size=size)


def remove_file(path: Path) -> None:
    """Remove a file, and make that safe on disk; that it is not there is fine."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync(path.parent)


def sync(path: Path) -> None:
    """Bring a file, or what a folder lists, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
