"""The document against the listener: what schemathesis makes of one, the other must answer as it says."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from callcenter.postgres.pool import open_pool
from callcenter.web.api.document import document
from callcenter.web.api.door import Listen
from callcenter.web.api.turn import Rates
from tests.core.center import queue
from tests.postgres.cluster import Cluster
from tests.postgres.server import TEMPLATE, in_admin
from tests.web.office import ToldCenter, office

EXAMPLES = 8  # of each operation, of which there are more than a hundred
READY_LIMIT_S = 20.0
CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


class Listening:
    """An API that listens in a thread of its own, because schemathesis asks from this one."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="api")
        self.url = ""
        self.token = ""

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(READY_LIMIT_S)

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(READY_LIMIT_S)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        story = ToldCenter(queue("sales", "sales"), queue("support"))
        story.agent("ann", sales=3).logs_in()
        story.call("sales")
        story.call("support")
        pool = await open_pool(self._dsn)
        often = Rates(requests_per_s=1e6, requests_burst=10**9, strangers_per_s=1e6, strangers_burst=10**9)
        async with office(pool, story, Listen(rates=often)) as made:
            self.url, self.token = made.door.url, made.token
            self._ready.set()
            await self._stop.wait()
        await pool.close()


@pytest.fixture(scope="module")
def listening(cluster: Cluster) -> Iterator[Listening]:
    asyncio.run(in_admin(cluster, f"CREATE DATABASE schemathesis TEMPLATE {TEMPLATE}"))
    made = Listening(cluster.dsn("schemathesis"))
    made.start()
    yield made
    made.stop()
    asyncio.run(in_admin(cluster, "DROP DATABASE schemathesis WITH (FORCE)"))


schema = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.label for one in OPERATIONS])
@pytest.mark.parametrize("mode", GenerationMode)
def test_the_listener_does_what_its_document_says(operation: Any, mode: GenerationMode, listening: Listening) -> None:
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        headers = {"Authorization": f"Bearer {listening.token}"}
        case.call_and_validate(base_url=listening.url.removesuffix("/api"), headers=headers, checks=CHECKS)

    holds()
