"""A Postgres server for these tests only: made in a second, reached by a unix socket in a closed folder.

It does not wait for the disk: what a test kills is the server, not the machine, and what was written outlives that.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from callcenter.embedded.postgres_programs import locate_postgres_binaries

MEMORY = "/dev/shm"
DISK = "/tmp"
ROOM_BYTES = 4 * 1024**3  # for the servers of all workers
READY_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0

SETTINGS = """
listen_addresses = ''
port = 5432
unix_socket_directories = '{home}'
shared_buffers = 128MB
max_connections = 60
timezone = 'Asia/Ho_Chi_Minh'
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
jit = off
"""


def _account() -> pwd.struct_passwd | None:
    """Postgres refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _folder() -> str:
    """In memory where there is room: a database is some 800 files, and each test has one."""
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return DISK
    usable = os.access(MEMORY, os.W_OK) and not room.f_flag & os.ST_NOEXEC
    return MEMORY if usable and room.f_bavail * room.f_frsize >= ROOM_BYTES else DISK


class Cluster:
    """One server and its data. `stop` and `start` as often as a story needs."""

    def __init__(self) -> None:
        self._binaries = locate_postgres_binaries()
        self._account = _account()
        self.home = Path(tempfile.mkdtemp(prefix="cc-pg-", dir=_folder()))
        if self._account is not None:
            os.chown(self.home, self._account.pw_uid, self._account.pw_gid)
        self._server: subprocess.Popen[bytes] | None = None
        if not self._can_run():  # a checkout that other accounts cannot enter
            self._binaries = self._binaries.copied(self.home / "programs")
        self._run("initdb", "-D", f"{self.home}/data", "-U", "tester", "-E", "UTF8", "--locale=C", "-A", "trust", "-N")
        with (self.home / "data/postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(home=self.home))

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://tester@/{database}?host={self.home}"

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._binaries.program("postgres"), "-D", self.home / "data"],
                stdout=log,
                stderr=log,
                cwd=self.home,
                user=self._account.pw_uid if self._account else None,
                group=self._account.pw_gid if self._account else None,
                extra_groups=[] if self._account else None,
            )
        deadline = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < deadline and self._server.poll() is None:
            ready = [str(self._binaries.program("pg_isready")), "-q", "-h", str(self.home), "-t", "5"]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.02)
        raise RuntimeError(f"Postgres did not start: {(self.home / 'log').read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends sessions and stops; SIGQUIT stops as if the power had gone."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(STOP_LIMIT_S)
            self._server = None

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.home)

    def _can_run(self) -> bool:
        account = self._account
        if account is None:
            return True
        asked = ["/bin/sh", "-c", 'test -x "$0"', str(self._binaries.program("postgres"))]
        return not subprocess.run(
            asked, user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/", check=False
        ).returncode

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries.program(program), *arguments],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
