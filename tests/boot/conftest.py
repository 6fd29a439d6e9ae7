"""The server and the databases of the journal's tests."""

from tests.postgres.conftest import cluster, dsn, pool

__all__ = ["cluster", "dsn", "pool"]
