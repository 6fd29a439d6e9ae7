"""One Postgres data folder: made, given its settings, and told whether a server runs on it.

Knows initdb, the server's files and who may read them. Must not know how a server is started (see `postgres.py`).
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from callcenter.embedded.account import Account, can_reach, give, own_name, unprivileged_account
from callcenter.embedded.apt import SYSTEM_PATH
from callcenter.embedded.folders import home_for, private_folder, socket_folder
from callcenter.embedded.pidfile import living, read_pid_file, write_pid_file
from callcenter.embedded.ports import LOOPBACK
from callcenter.embedded.postgres_programs import PostgresBinaries
from callcenter.errors import ConfigurationError, PeerFault, Problem

log = structlog.get_logger(__name__)

KEEPER: Final = "keeper"
INIT_LIMIT_S: Final = 120
BUILTIN_LOCALE_SINCE: Final = 17

SETTINGS: Final = """\
# Written by the call center at every start: changes here are lost. ALTER SYSTEM is kept.
listen_addresses = '{address}'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = 128MB
fsync = on
full_page_writes = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
datestyle = 'iso, ymd'
default_text_search_config = 'pg_catalog.simple'
logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] '
"""
ACCESS: Final = f"""\
# Written by the call center at every start.
local all {KEEPER} peer map=owner
local all all scram-sha-256
host all {KEEPER} all reject
host all all {LOOPBACK}/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresFolder:
    """Where one server lies and as whom it runs."""

    account: Account | None
    home: Path
    sockets: Path
    binaries: PostgresBinaries

    @property
    def data_folder(self) -> Path:
        return self.home / "data"


def prepare_folder(wanted: Path, binaries: PostgresBinaries) -> PostgresFolder:
    """Choose account and place, and make the database if there is none. Blocks for a second or two.

    Raises ConfigurationError if no place can be used or the data are of another release, PeerFault if initdb fails.
    """
    account = unprivileged_account(wanted)
    home = home_for(account, wanted)
    if not can_reach(account, binaries.program("postgres")):
        binaries = binaries.copied(private_folder(home / "programs", account))
    folder = PostgresFolder(
        account=account,
        home=home,
        sockets=socket_folder(home / "run", ".s.PGSQL.65535.lock", account),
        binaries=binaries,
    )
    noted = folder.data_folder / "PG_VERSION"
    if not noted.exists():
        _init(folder)
    made_by = noted.read_text().strip()
    if made_by != str(binaries.version):
        raise ConfigurationError(
            [
                Problem(
                    where=str(folder.data_folder),
                    what=f"is of Postgres {made_by}, the programs in {binaries.folder} are {binaries.version}",
                    remedy="use programs of that release, or dump and reload the data",
                )
            ]
        )
    return folder


def environment() -> dict[str, str]:
    """The environment of the server and its programs."""
    return {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "TZ": "UTC"}


def _init(place: PostgresFolder) -> None:
    """Make an empty database; it gets its name only when it is whole."""
    fresh = place.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    builtin = place.binaries.version >= BUILTIN_LOCALE_SINCE
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] if builtin else ["--locale=C.UTF-8"]
    )
    account = place.account
    done = subprocess.run(
        [
            *(str(place.binaries.program("initdb")), "-D", str(fresh), "-U", KEEPER, "-E", "UTF8"),
            *("--auth-local=peer", "--auth-host=reject", "--data-checksums", "--no-instructions", *locale),
        ],
        env=environment(),
        cwd=place.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=INIT_LIMIT_S,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise PeerFault(f"initdb failed ({done.returncode}): {done.stdout.strip()}")
    fresh.rename(place.data_folder)


def write_settings(place: PostgresFolder, port: int) -> None:
    sockets = str(place.sockets).replace("'", "''")
    texts = {
        "postgresql.conf": SETTINGS.format(address=LOOPBACK, port=port, sockets=sockets),
        "pg_hba.conf": ACCESS,
        "pg_ident.conf": f'owner "{own_name()}" {KEEPER}\n',
    }
    for name, text in texts.items():
        file = place.data_folder / name
        fresh = file.with_name(f"{name}.new")
        fresh.write_text(text)
        fresh.chmod(0o600)
        give(place.account, fresh)
        fresh.replace(file)


def living_port(folder: PostgresFolder, pid_file: Path) -> int | None:
    """The port of the server that already runs on this data; None if none does.

    Also sees that our pid file names that server, in case it was lost.
    """
    noted = _postmaster(folder)
    if noted is None:
        return None
    pid, port = noted
    identity = living(pid)
    if identity is None or not _works_in(pid, folder.data_folder):
        return None
    if read_pid_file(pid_file) != identity:
        pid_file.parent.mkdir(parents=True, exist_ok=True)
        write_pid_file(pid_file, pid)
    return port


def clear_stale(folder: PostgresFolder) -> None:
    """Take away lock files whose number belongs to something else, or to a dead server that nobody reaped.

    Postgres would refuse to start for fear of it. Where the number is free Postgres looks closer itself, at the shared
    memory too; it is left that.
    """
    locks = [folder.data_folder / "postmaster.pid", *folder.sockets.glob(".s.PGSQL.*.lock")]
    stale = [lock for lock in locks if (pid := _first_number(lock)) is not None and Path(f"/proc/{pid}").exists()]
    if not stale:
        return
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    if any(_works_in(pid, folder.data_folder) for pid in running):
        return
    for lock in stale:
        log.warning("stale lock removed", file=str(lock))
        lock.unlink(missing_ok=True)


def _first_number(lock: Path) -> int | None:
    try:
        return int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _postmaster(folder: PostgresFolder) -> tuple[int, int] | None:
    """(pid, port) as the server noted them: lines 1 and 4 of postmaster.pid (src/include/utils/pidfile.h)."""
    try:
        lines = (folder.data_folder / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        return None


def _works_in(pid: int, folder: Path) -> bool:
    """Whether a process has `folder` as its current folder, as every process of a Postgres server has."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:
        return False
