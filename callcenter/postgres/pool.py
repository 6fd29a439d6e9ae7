"""Connections to Postgres. Knows time-outs, patience at start and how to say what is wrong; knows no query.

Every connection speaks UTF-8 and UTC, commits durably, gives up a statement in time, and notices within a minute when
the other side has vanished without a word.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import asyncpg
import structlog

from callcenter.errors import ConfigurationError, OutcomeUnknown, PeerUnavailable, Problem

log = structlog.get_logger(__name__)

POOL_MIN: Final = 1
POOL_MAX: Final = 8
CONNECT_MAX_S: Final = 5.0
COMMAND_MAX_S: Final = 30.0
START_WAIT_S: Final = 30.0
RETRY_EVERY_S: Final = 0.25
IDLE_MAX_S: Final = 300.0

SESSION: Final = {
    "application_name": "callcenter",
    "timezone": "UTC",
    "synchronous_commit": "on",
    "jit": "off",  # compiling costs more than it saves for queries of some milliseconds
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# What a person must put right; waiting does not help.
_HOPELESS: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,  # also: wrong password
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.exceptions.ClientConfigurationError,
    ssl.SSLError,
)
# What a Postgres that is starting, stopping or restarting looks like.
AWAY: Final = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, or starting up
    asyncpg.InsufficientResourcesError,  # no connection left, disk full
    asyncpg.InterfaceError,
)

Connection = asyncpg.Connection
Pool = asyncpg.Pool
Borrowed = asyncpg.pool.PoolConnectionProxy


def without_password(dsn: str) -> str:
    """The DSN as it may be shown or logged."""
    shown = re.sub(r"^(\w+://[^:@/]*):.*@", r"\1@", dsn)
    return re.sub(r"(\bpassword\s*=\s*)('[^']*'|[^\s&]+)", r"\1***", shown)


async def connect(dsn: str, *, wait_s: float = 0.0) -> Connection:
    """One connection, for whoever keeps it for good. Tries again for `wait_s` seconds.

    Raises ConfigurationError if waiting is no use, PeerUnavailable if Postgres did not come.
    """
    deadline = asyncio.get_running_loop().time() + wait_s
    waiting = False
    while True:
        try:
            connection = await asyncpg.connect(
                dsn, timeout=CONNECT_MAX_S, command_timeout=COMMAND_MAX_S, server_settings=SESSION
            )
        except (*_HOPELESS, ValueError) as error:
            raise ConfigurationError(_what_to_do(dsn, error)) from error
        except AWAY as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise PeerUnavailable(f"Postgres does not answer at {without_password(dsn)}: {say(error)}") from error
            if not waiting:
                log.info("waiting for Postgres", at=without_password(dsn), wait_s=wait_s)
                waiting = True
            await asyncio.sleep(RETRY_EVERY_S)
        else:
            await _check_encoding(connection, dsn)
            return connection


async def open_pool(dsn: str, *, size_max: int = POOL_MAX, wait_s: float = START_WAIT_S) -> Pool:
    """A pool for readers and the directory, once Postgres answers. Close it with `await pool.close()`.

    Raises ConfigurationError if waiting is no use, PeerUnavailable if Postgres did not come within `wait_s` seconds.
    """
    first = await connect(dsn, wait_s=wait_s)
    await first.close()
    return await asyncpg.create_pool(
        dsn,
        min_size=min(POOL_MIN, size_max),
        max_size=size_max,
        timeout=CONNECT_MAX_S,
        command_timeout=COMMAND_MAX_S,
        max_inactive_connection_lifetime=IDLE_MAX_S,
        server_settings=SESSION,
    )


@contextmanager
def asking() -> Iterator[None]:
    """Around a question to Postgres: what asyncpg raises becomes ours.

    PeerUnavailable if Postgres is not there or gives no answer in time, ConfigurationError if it was asked about
    something that cannot be (a text with a NUL, a year no calendar has).
    """
    try:
        yield
    except (asyncpg.DataError, ValueError, OverflowError) as error:
        problem = Problem(where="database", what=f"cannot be asked that: {say(error)}")
        raise ConfigurationError([problem]) from error
    except (*AWAY, asyncpg.QueryCanceledError) as error:
        raise PeerUnavailable(f"Postgres does not answer: {say(error)}") from error


@asynccontextmanager
async def changing(pool: Pool) -> AsyncIterator[Borrowed]:
    """A transaction, for a change that somebody asked for.

    PeerUnavailable if it could not begin, OutcomeUnknown if Postgres went away in the middle, ConfigurationError for
    values that cannot be stored. Nothing is changed if the body raises.
    """
    with asking():
        connection = await pool.acquire()
    try:
        async with connection.transaction():
            yield connection
    except (asyncpg.DataError, ValueError, OverflowError) as error:
        problem = Problem(where="database", what=f"cannot hold that: {say(error)}")
        raise ConfigurationError([problem]) from error
    except (*AWAY, asyncpg.QueryCanceledError) as error:
        raise OutcomeUnknown(f"Postgres went away in the middle of a change: {say(error)}") from error
    finally:
        await pool.release(connection)


def say(error: BaseException) -> str:
    """An error in one line; some have no text of their own."""
    return " ".join(str(error).split()) or type(error).__name__


async def _check_encoding(connection: Connection, dsn: str) -> None:
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        await connection.close()
        raise ConfigurationError(
            [
                Problem(
                    where=without_password(dsn),
                    what=f"the database's encoding is {encoding}, names of callers need UTF8",
                    remedy="CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
                )
            ]
        )


def _what_to_do(dsn: str, error: BaseException) -> list[Problem]:
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        remedy = "create it, or set database.url (CALLCENTER_DATABASE_URL)"
    elif isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        remedy = "check user and password in database.url (CALLCENTER_DATABASE_URL)"
    else:
        remedy = "check database.url (CALLCENTER_DATABASE_URL)"
    return [Problem(where=without_password(dsn), what=say(error), remedy=remedy)]
