"""A real Postgres for a session, a database of its own for each test: fixtures of all tests (`tests/conftest.py`)."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from callcenter.postgres.migrate import migrate
from callcenter.postgres.pool import Connection, Pool, connect, open_pool
from tests.postgres.cluster import Cluster

TEMPLATE = "migrated"


async def _make_template(cluster: Cluster) -> None:
    await in_admin(cluster, f"CREATE DATABASE {TEMPLATE}")
    connection = await connect(cluster.dsn(TEMPLATE))
    await migrate(connection)
    await connection.close()


async def in_admin(cluster: Cluster, statement: str) -> None:
    """A statement outside of every test's database."""
    admin = await asyncpg.connect(cluster.dsn())
    await admin.execute(statement)
    await admin.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server most tests share. Nobody stops it."""
    made = Cluster()
    try:
        made.start()
        asyncio.run(_make_template(made))
        yield made
    finally:
        made.remove()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that a test may stop and start; its database `migrated` is ready."""
    made = Cluster()
    try:
        made.start()
        asyncio.run(_make_template(made))
        yield made
    finally:
        made.remove()


_numbers = itertools.count(1)


@pytest.fixture
async def dsn(cluster: Cluster) -> AsyncIterator[str]:
    """A migrated, empty database."""
    name = f"test_{next(_numbers)}"
    # Copying files is a third less work than writing every page to the log, where the disk is not waited for.
    await in_admin(cluster, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield cluster.dsn(name)
    await in_admin(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_dsn(cluster: Cluster) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"test_{next(_numbers)}"
    await in_admin(cluster, f"CREATE DATABASE {name}")
    yield cluster.dsn(name)
    await in_admin(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """Readers of the test's database."""
    made = await open_pool(dsn)
    yield made
    await made.close()


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[Connection]:
    """One connection to the test's database."""
    made = await connect(dsn)
    yield made
    await made.close()


@pytest.fixture
def spool_folder(tmp_path: Path) -> Path:
    """Where a journal keeps its local file."""
    return tmp_path / "spool"
