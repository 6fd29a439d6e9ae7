"""Folders and small files with the right owner and mode. Knows nothing of what is put in them."""

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from callcenter.embedded.account import Account, can_reach, give
from callcenter.errors import ConfigurationError, Problem

SOCKET_PATH_MAX: Final = 107
"""Bytes of a unix socket's path: sun_path has 108 with its closing zero (unix(7))."""

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
FALL_BACKS: Final = (Path("/var/lib"), Path("/var/tmp"))


def private_folder(path: Path, account: Account | None = None) -> Path:
    """Make `path` a folder that only `account` (None: we) can enter, and return it; its parents get the usual mode.

    Raises ConfigurationError if it is a link, no folder, or somebody else's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=PRIVATE_FOLDER)
    found = path.lstat()
    owner = os.geteuid() if account is None else account.uid
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise ConfigurationError([Problem(where=str(path), what="is not a folder of ours", remedy="move it away")])
    if found.st_uid != owner:
        give(account, path)
    if stat.S_IMODE(found.st_mode) != PRIVATE_FOLDER:
        path.chmod(PRIVATE_FOLDER)
    return path


def socket_folder(wanted: Path, longest_name: str, account: Account | None = None) -> Path:
    """The `socket_place` of these, made, and private to `account` (None: us)."""
    return private_folder(socket_place(wanted, longest_name), account)


def socket_place(wanted: Path, longest_name: str) -> Path:
    """`wanted` if a socket called `longest_name` fits in its path; else a short folder that is always the same.

    The short one carries a digest of `wanted`, so that it is found again.
    """
    wanted = wanted.absolute()
    if len(os.fsencode(wanted / longest_name)) <= SOCKET_PATH_MAX:
        return wanted
    return Path("/tmp", f"callcenter-{os.geteuid()}-{_digest(wanted)}")


def home_for(account: Account | None, wanted: Path) -> Path:
    """A folder that belongs to the account, is closed to others and can be reached by it: `wanted` if that works.

    A checkout below /root (0700) cannot be entered by anybody else; we do not open what the owner closed, but put the
    folder below /var/lib. A file beside `wanted`, with `.place` added to its name, says where it is, so that it is
    found again; where that file is gone, or was copied from elsewhere, it is another call center, which begins empty.
    """
    wanted = wanted.absolute()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if account is None or can_reach(account, wanted.parent):
        return private_folder(wanted, account)
    note, name = wanted.with_name(f"{wanted.name}.place"), f"callcenter-{wanted.name}-{_digest(wanted)}"
    if note.exists() and (noted := Path(note.read_text().strip())).name.startswith(name) and noted.is_dir():
        return private_folder(noted, account)
    for place in FALL_BACKS:
        if os.access(place, os.W_OK) and can_reach(account, place):
            chosen = private_folder(place / f"{name}-{secrets.token_hex(4)}", account)
            write_whole(note, f"{chosen}\n")
            return chosen
    raise ConfigurationError(
        [
            Problem(
                where=str(wanted),
                what=f"cannot be reached by the user {account.name}, and nor can {' or '.join(map(str, FALL_BACKS))}",
                remedy="use a checkout outside closed folders, or run as an ordinary user",
            )
        ]
    )


def copy_beside(folders: Sequence[Path], into: Path) -> None:
    """Copy each folder into `into`, unless it is there; each appears whole or not at all."""
    for folder in folders:
        target = into / folder.name
        fresh = into / f".{folder.name}.new"
        if not target.exists():
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(folder, fresh, symlinks=True)
            fresh.rename(target)


def write_whole(path: Path, text: str, *, mode: int = PRIVATE_FILE) -> None:
    """Write a file so that readers, and a crash, see the old or the new one, never a part."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(fresh, mode)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
