"""The ledger's writer, a `ports.Journal`: local file first, Postgres soon after, nothing lost and nothing twice.

Knows when to ship and what to do when Postgres is away. Must not know what an entry means (`core/records.py`), how the
file is kept (`spool.py`) or what a batch is in SQL (`batch.py`).

Theory: `append` is a write to a local file and never waits. One task reads that file behind the writer and sends
batches; it always reads from the file, so that being behind by an hour costs disk and not memory, and there is one path
only. While Postgres answers, an entry is committed there within some 50 ms and the file needs no sync of its own; while
it does not, the file is synced every 100 ms. What is in Postgres is removed from the file.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncpg
import structlog

from callcenter.errors import Bug, ConfigurationError, PeerFault, PeerUnavailable, Problem
from callcenter.model.entry import Entry, Output
from callcenter.model.events import Event
from callcenter.postgres.batch import Written, write_batch
from callcenter.postgres.line import line_of
from callcenter.postgres.pool import AWAY, START_WAIT_S, Connection, connect, say, without_password
from callcenter.postgres.queries import sql
from callcenter.postgres.spool import Spool, Spooled, close_files, sync_files

log = structlog.get_logger(__name__)

BATCH_MAX_ENTRIES: Final = 250  # more is hardly faster, and holds up calls for more than some 4 ms at a time
BATCH_MAX_BYTES: Final = 4 * 1024 * 1024
LINGER_S: Final = 0.1  # how long a first entry waits for company; with less, Postgres has twice the work
SYNC_EVERY_S: Final = 0.1
BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MAX_S: Final = 5.0
LOCK_WAIT_S: Final = 5.0  # Postgres needs a moment to notice that a killed writer is gone
LOCK_RETRY_S: Final = 0.1
CLOSE_WAIT_S: Final = 10.0

WRITER_LOCK: Final = (0x63616C6C, 2)

_FAULTS: Final = (*AWAY, asyncpg.PostgresError, asyncpg.InternalClientError)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHealth:
    """How the ledger stands."""

    last_seq: int  # appended
    shipped_seq: int  # in Postgres
    behind_entries: int
    behind_s: float  # how much older the oldest entry not in Postgres is than the newest one, by the engine's time
    spool_bytes: int
    connected: bool
    problem: str  # why Postgres or the disk takes nothing; "" if all is well
    refused: int  # entries since start that Postgres could not hold, kept as bytes
    damaged: int  # lines since start that could not be read back


class PostgresJournal:
    """The journal of one call center. `recover` first, `close` last; or use it as an async context."""

    def __init__(
        self,
        dsn: str,
        spool_folder: Path,
        *,
        start_wait_s: float = START_WAIT_S,
        lock_wait_s: float = LOCK_WAIT_S,
        spool: Spool | None = None,
    ) -> None:
        self._dsn = dsn
        self._spool = spool or Spool(spool_folder)
        self._start_wait_s = start_wait_s
        self._lock_wait_s = lock_wait_s
        self._connection: Connection | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._wake = asyncio.Event()
        self._closing = False
        self._last_seq = self._shipped = 0
        self._last_at = self._oldest_at = 0.0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._unshipped: list[Spooled] = []  # a batch whose outcome is not known yet
        self._problem = self._sync_problem = ""
        self._refused = 0

    async def __aenter__(self) -> Self:
        await self.recover()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # -- the port -----------------------------------------------------------------------------------------------------

    def append(self, at: float, event: Event, outputs: Sequence[Output]) -> int:
        """Write one entry into the local file and give its number; Postgres follows. Only between recover and close."""
        if not self._tasks:
            raise Bug("the journal is not open")
        seq = self._last_seq + 1
        self._spool.write(seq, line_of(Entry(seq=seq, at=at, event=event, outputs=tuple(outputs))))
        if self._shipped == self._last_seq:
            self._oldest_at = at
        self._last_seq, self._last_at = seq, at
        self._wake.set()
        return seq

    # -- its life -----------------------------------------------------------------------------------------------------

    async def recover(self) -> int:
        """Become the writer, ship what an earlier run left in the local file, and give the number of the last entry.

        Raises ConfigurationError if another process writes this journal, or the database has not been migrated;
        PeerUnavailable if Postgres does not come.
        """
        found = self._spool.open()
        try:
            connection = await connect(self._dsn, wait_s=self._start_wait_s)
            self._hold(connection)
            await self._take_lock(connection)
            self._shipped = await self._mark(connection)
            was = self._shipped
            await self._ship_all(connection)
        except BaseException as error:
            self._drop_connection()
            self._spool.close()
            if isinstance(error, _FAULTS):
                raise PeerUnavailable(f"Postgres went away while the journal was recovered: {say(error)}") from error
            raise
        self._last_seq = self._spool.last_seq = max(self._shipped, found.last_seq)
        self._spool.forget(self._last_seq)
        log.info(
            "journal recovered",
            last_seq=self._last_seq,
            shipped=max(0, self._last_seq - was),
            torn_bytes=found.torn_bytes,
        )
        self._tasks = (
            asyncio.create_task(self._ship(), name="journal shipper"),
            asyncio.create_task(self._sync(), name="journal sync"),
        )
        return self._last_seq

    async def close(self, *, wait_s: float = CLOSE_WAIT_S) -> None:
        """Ship what is left, for `wait_s` seconds at most, and let go; what is not shipped stays for the next run."""
        if not self._tasks:
            return
        self._closing = True
        self._wake.set()
        if not await self.settled(within_s=wait_s):
            log.warning("the journal is left behind Postgres", behind=self._last_seq - self._shipped)
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_FAULTS):
                await connection.close(timeout=1.0)
        self._spool.forget(self._shipped, also_active=True)
        self._sync_problem = await asyncio.to_thread(sync_files, self._spool.unsynced())
        self._spool.close()
        self._release_waiters(everybody=True)

    @property
    def last_seq(self) -> int:
        """The number of the last entry that was appended."""
        return self._last_seq

    async def settled(self, *, within_s: float) -> bool:
        """Wait until all that has been appended so far is in Postgres; False if it is not within `within_s` seconds."""
        if self._shipped >= self._last_seq:
            return True
        target, waiter = self._last_seq, asyncio.get_running_loop().create_future()
        self._waiters.append((target, waiter))
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await waiter
        return self._shipped >= target

    def health(self) -> JournalHealth:
        """How the ledger stands now."""
        behind = self._last_seq - self._shipped
        return JournalHealth(
            last_seq=self._last_seq,
            shipped_seq=self._shipped,
            behind_entries=behind,
            behind_s=max(0.0, self._last_at - self._oldest_at) if behind else 0.0,
            spool_bytes=self._spool.size_bytes(),
            connected=self._connection is not None and not self._connection.is_closed(),
            problem=self._problem or self._spool.problem or self._sync_problem,
            refused=self._refused,
            damaged=self._spool.damaged,
        )

    # -- shipping -----------------------------------------------------------------------------------------------------

    async def _ship(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while True:
            await self._wake.wait()
            if not self._closing and self._last_seq - self._shipped < BATCH_MAX_ENTRIES:
                await asyncio.sleep(LINGER_S)
            self._wake.clear()
            try:
                await self._ship_all(await self._writer())
                backoff_s = BACKOFF_FIRST_S
            except Exception as error:  # noqa: BLE001 - whatever it is, entries are safe in the file and calls go on
                self._away(error)
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)
                self._wake.set()

    async def _ship_all(self, connection: Connection) -> None:
        """Send batches until the local file has no more. A batch is kept until its outcome is known."""
        while True:
            batch = self._unshipped or self._spool.read(BATCH_MAX_ENTRIES, BATCH_MAX_BYTES)
            if not batch:
                return
            self._unshipped = batch
            self._oldest_at = batch[0].entry.at
            written = await write_batch(connection, batch)
            self._unshipped = []
            self._written(batch, written)

    def _written(self, batch: Sequence[Spooled], written: Written) -> None:
        if written.mark_before + 1 < batch[0].entry.seq:
            log.error("entries are missing from the journal", after=written.mark_before, before=batch[0].entry.seq)
        self._shipped = max(self._shipped, batch[-1].entry.seq)
        self._oldest_at = batch[-1].entry.at
        self._refused += written.refused
        self._spool.forget(self._shipped)
        self._release_waiters()
        if self._problem:
            log.info("Postgres takes entries again", behind_entries=self._last_seq - self._shipped)
            self._problem = ""

    def _release_waiters(self, *, everybody: bool = False) -> None:
        kept = []
        for target, waiter in self._waiters:
            if waiter.done():
                continue
            if everybody or target <= self._shipped:
                waiter.set_result(None)
            else:
                kept.append((target, waiter))
        self._waiters = kept

    # -- Postgres, there and away -------------------------------------------------------------------------------------

    async def _writer(self) -> Connection:
        if self._connection is not None:
            return self._connection
        connection = await connect(self._dsn)
        try:
            if not await connection.fetchval(sql("journal.lock"), *WRITER_LOCK):
                raise PeerUnavailable("another call center has become the writer of this database")
        except BaseException:
            connection.terminate()
            raise
        self._hold(connection)
        return connection

    def _hold(self, connection: Connection) -> None:
        self._connection = connection
        connection.add_termination_listener(self._ended)

    def _ended(self, connection: object) -> None:
        """Postgres has ended the writer's connection: become the writer again at once, with or without an entry."""
        if connection is self._connection and not self._closing:
            self._connection = None
            self._wake.set()

    def _away(self, error: BaseException) -> None:
        if not isinstance(error, (*_FAULTS, PeerFault, ConfigurationError)):
            log.error("the journal cannot be shipped; entries stay in the local file", exc_info=error)
        elif not self._problem:
            log.warning("Postgres takes nothing; the journal goes to the local file", error=say(error))
        self._problem = say(error)
        self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _take_lock(self, connection: Connection) -> None:
        deadline = asyncio.get_running_loop().time() + self._lock_wait_s
        while not await connection.fetchval(sql("journal.lock"), *WRITER_LOCK):
            if asyncio.get_running_loop().time() >= deadline:
                raise ConfigurationError(
                    [
                        Problem(
                            where=without_password(self._dsn),
                            what="another call center writes into this database",
                            remedy="stop it first, or give this one a database of its own",
                        )
                    ]
                )
            await asyncio.sleep(LOCK_RETRY_S)

    async def _mark(self, connection: Connection) -> int:
        try:
            mark: int = await connection.fetchval(sql("journal.last_seq"))
        except asyncpg.UndefinedTableError as error:
            raise ConfigurationError(
                [
                    Problem(
                        where=without_password(self._dsn),
                        what="the database has no journal yet",
                        remedy="run `callcenter db migrate`",
                    )
                ]
            ) from error
        return mark

    # -- the disk -----------------------------------------------------------------------------------------------------

    async def _sync(self) -> None:
        """While entries are in the local file only, see to it that a power cut cannot take them."""
        while True:
            await asyncio.sleep(SYNC_EVERY_S)
            descriptors = self._spool.unsynced()
            if self._shipped == self._last_seq:
                close_files(descriptors)  # Postgres keeps it all
            elif descriptors:
                problem = await asyncio.shield(asyncio.to_thread(sync_files, descriptors))
                if problem and not self._sync_problem:
                    log.error("the journal's disk does not keep what it takes", error=problem)
                self._sync_problem = problem
