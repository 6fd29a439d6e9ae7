"""The server and the databases of the API's tests."""

from tests.postgres.conftest import cluster, dsn, pool

__all__ = ["cluster", "dsn", "pool"]
