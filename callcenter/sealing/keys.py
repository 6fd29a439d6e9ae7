"""Master keys of recordings, in one file of ours. Knows its format and its mode; knows no recording.

Whoever loses the file loses every recording that was sealed: it belongs into a backup, and not beside the recordings.
"""

import base64
import binascii
import datetime as dt
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from callcenter.embedded.folders import private_folder, write_whole
from callcenter.errors import ConfigurationError, Problem
from callcenter.sealing.envelope import KEY_BYTES, BadEnvelope

FORMAT: Final = 1
KEYS_MAX: Final = 1_000


class _Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    made: str  # ISO 8601, UTC
    secret: str  # base64

    def __repr__(self) -> str:
        return f"<key {self.id}>"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    keys: tuple[_Key, ...]  # oldest first; the last one seals what is new


class KeyRing:
    """The keys as they were when the file was read; those made later are found when one is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _read(path)

    def __repr__(self) -> str:
        return f"<keys of {self._path}>"

    @property
    def current(self) -> str:
        """The id of the key that seals what is new."""
        self._file = _read(self._path)
        return self._file.keys[-1].id

    def ids(self) -> tuple[str, ...]:
        """Every key's id, oldest first."""
        return tuple(one.id for one in self._file.keys)

    def key(self, id_: str) -> bytes:
        """32 bytes. Raises BadEnvelope for a key that is not there."""
        found = self._find(id_)
        if found is None:
            self._file = _read(self._path)
            found = self._find(id_)
        if found is None:
            raise BadEnvelope(f"the key {id_} is not in {self._path}")
        return base64.b64decode(found.secret)

    def _find(self, id_: str) -> _Key | None:
        return next((one for one in self._file.keys if one.id == id_), None)


def key_ring(path: Path) -> KeyRing:
    """The keys of a file, which is made with a first key if it is not there. Raises ConfigurationError."""
    with _alone(path):
        if not path.exists():
            _write(path, (_new_key(()),))
    return KeyRing(path)


def add_key(path: Path) -> KeyRing:
    """Another key, which seals what is new from now on. Raises ConfigurationError."""
    with _alone(path):
        keys = _read(path).keys if path.exists() else ()
        if len(keys) >= KEYS_MAX:
            raise ConfigurationError([Problem(where=str(path), what=f"holds {len(keys)} keys already")])
        _write(path, (*keys, _new_key(keys)))
    return KeyRing(path)


def forget_keys(path: Path, gone: Sequence[str]) -> KeyRing:
    """Without these, never without the current one. What only they open is lost for good."""
    with _alone(path):
        keys = _read(path).keys
        _write(path, (*(one for one in keys[:-1] if one.id not in gone), keys[-1]))
    return KeyRing(path)


def _new_key(keys: Sequence[_Key]) -> _Key:
    made = dt.datetime.now(dt.UTC)
    return _Key(
        id=f"{made:%Y%m%d}-{len(keys) + 1}-{secrets.token_hex(3)}",
        made=made.isoformat(timespec="seconds"),
        secret=base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
    )


def _write(path: Path, keys: tuple[_Key, ...]) -> None:
    text = msgspec.json.format(msgspec.json.encode(_File(format=FORMAT, keys=keys))).decode()
    write_whole(path, text + "\n")


def _read(path: Path) -> _File:
    try:
        found = path.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise _wrong(path, "others can read the keys of recordings", f"chmod 600 {path}, and rotate the keys")
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        sizes = {len(base64.b64decode(one.secret, validate=True)) for one in file.keys}
    except FileNotFoundError:
        raise _wrong(path, "is not there", "bring it back from a backup: nothing sealed can be read") from None
    except (msgspec.DecodeError, binascii.Error) as error:
        raise _wrong(path, f"cannot be read: {error}", "bring it back from a backup") from None
    if file.format != FORMAT or sizes != {KEY_BYTES}:
        raise _wrong(path, "holds no keys of recordings", "bring it back from a backup")
    return file


def _wrong(path: Path, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Problem(where=str(path), what=what, remedy=remedy)])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two programs never make a first key each, nor lose one of the other's."""
    if not path.parent.is_dir():
        private_folder(path.parent)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
