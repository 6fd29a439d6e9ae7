"""As whom a program runs. Matters only to root: Postgres refuses to run as root.

Knows accounts and what they may do. Must not know what is run, nor where things are kept (see `folders.py`).
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.errors import ConfigurationError, Problem

UNPRIVILEGED: Final = ("postgres", "nobody")
REACH_LIMIT_S: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user and a group of the system."""

    name: str
    uid: int
    gid: int


def unprivileged_account(existing: Path) -> Account | None:
    """The account to run as if we are root; None if we are not, and stay who we are.

    Whoever owns the folder `existing`, if it is there: it may be from a run as an ordinary user. Else `postgres`, else
    `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if existing.is_dir() and (owner := existing.stat()).st_uid != 0:
        return Account(name=f"number {owner.st_uid}", uid=owner.st_uid, gid=owner.st_gid)
    for name in UNPRIVILEGED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(name=name, uid=found.pw_uid, gid=found.pw_gid)
    raise ConfigurationError(
        [Problem(where="/etc/passwd", what="has neither postgres nor nobody", remedy="run as an ordinary user")]
    )


def own_name() -> str:
    """The name of the account we are. Raises ConfigurationError if the system has no name for it."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ConfigurationError(
            [Problem(where="/etc/passwd", what=f"has no entry for user {os.geteuid()}", remedy="add one")]
        ) from None


def can_reach(account: Account | None, path: Path) -> bool:
    """Whether the account can enter (a folder) or run (a file) `path`; asked of the kernel, in a process of its own."""
    if account is None:
        return os.access(path, os.X_OK)
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        env={},
        timeout=REACH_LIMIT_S,
        check=False,
    )
    return asked.returncode == 0


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of one file or folder; a link's own, never its target's."""
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
