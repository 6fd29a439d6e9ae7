"""Brings a database to the shape this build wants. Knows numbered SQL files, forward only; knows no table but its own.

Theory: each file is applied once, whole, in a transaction of its own, under a lock that all of us share; its sha256 is
kept. A file that was applied is history: if it reads differently now, nobody can say what the database looks like, so
that is an error and not something to be repaired silently. So is a database that is ahead of this build.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from callcenter.errors import ConfigurationError, Problem
from callcenter.postgres.queries import sql_folder

log = structlog.get_logger(__name__)

MIGRATION_LOCK: Final = (0x63616C6C, 1)  # "call": the first half of every advisory lock of ours
LOCK_WAIT_MAX_S: Final = 60
STATEMENT_MAX_S: Final = 600.0

_NAME: Final = re.compile(r"(?P<number>\d{4})_(?P<what>[a-z0-9_]+)\.sql")
_OWN_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migration (
        number     integer PRIMARY KEY,
        name       text NOT NULL,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file."""

    number: int
    name: str  # of the file
    text: str
    sha256: str  # of its bytes, in hex


def migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """The files of `folder`, by default the project's own, in order. Raises ConfigurationError on a gap or bad name."""
    folder = folder or sql_folder() / "migrations"
    found: list[Migration] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.sql")):
        name = _NAME.fullmatch(path.name)
        expected = len(found) + 1
        if name is None or int(name["number"]) != expected:
            problems.append(
                Problem(where=path.name, what=f"should be migration {expected:04}", remedy="NNNN_what.sql, no gaps")
            )
            continue
        content = path.read_bytes()
        found.append(
            Migration(
                number=expected,
                name=path.name,
                text=content.decode("utf-8"),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )
    if problems:
        raise ConfigurationError(problems)
    return tuple(found)


async def migrate(connection: asyncpg.Connection, wanted: tuple[Migration, ...] | None = None) -> tuple[Migration, ...]:
    """Apply what is not yet applied; gives what was. Safe to call from many processes at once.

    Raises ConfigurationError if an applied file was edited or is missing, if the database is newer than this build,
    or if a file does not run (which then leaves no trace).
    """
    wanted = migrations() if wanted is None else wanted
    applied_now: list[Migration] = []
    while (migration := await _next_step(connection, wanted)) is not None:
        applied_now.append(migration)
        log.info("migrated", migration=migration.name)
    return tuple(applied_now)


async def pending(connection: asyncpg.Connection) -> tuple[Migration, ...]:
    """What `migrate` would apply. Changes nothing; raises the same errors."""
    wanted = migrations()
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return wanted
    return wanted[await _count_applied(connection, wanted) :]


async def _next_step(connection: asyncpg.Connection, wanted: tuple[Migration, ...]) -> Migration | None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_MAX_S}s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", *MIGRATION_LOCK)
        await connection.execute(_OWN_TABLE)
        done = await _count_applied(connection, wanted)
        if done == len(wanted):
            return None
        migration = wanted[done]
        await connection.execute("SET LOCAL statement_timeout = 0")
        try:
            await connection.execute(migration.text, timeout=STATEMENT_MAX_S)
        except asyncpg.PostgresError as error:
            raise ConfigurationError(
                [Problem(where=migration.name, what=f"{type(error).__name__}: {error}", remedy="nothing was changed")]
            ) from error
        await connection.execute(
            "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.sha256,
        )
        return migration


async def _count_applied(connection: asyncpg.Connection, wanted: tuple[Migration, ...]) -> int:
    rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migration ORDER BY number")
    problems = []
    for expected, row in enumerate(rows, start=1):
        ours = wanted[row["number"] - 1] if row["number"] <= len(wanted) else None
        if ours is None or row["number"] != expected:
            problems.append(
                Problem(
                    where=row["name"],
                    what=f"the database has migration {row['number']}, this build has {len(wanted)}",
                    remedy="start the build that made it, or a newer one",
                )
            )
        elif ours.sha256 != row["sha256"]:
            problems.append(
                Problem(
                    where=ours.name,
                    what="was edited after it was applied to this database",
                    remedy="put the file back as it was and write a new migration",
                )
            )
    if problems:
        raise ConfigurationError(problems)
    return len(rows)
