"""For every test: one Postgres; no example has a deadline; what root keeps elsewhere for a closed folder goes too."""

import gc
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.examples import WHOLE
from tests.order import in_order
from tests.postgres.server import cluster, connection, dsn, empty_dsn, own_cluster, pool, spool_folder

__all__ = ["cluster", "connection", "dsn", "empty_dsn", "own_cluster", "pool", "spool_folder"]

settings.load_profile(WHOLE)  # `--hypothesis-profile` is looked at later, and wins

OURS = "callcenter-"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: the garbage collector need not walk through it, now or between tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By file, as the workers are to get them."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.split("::")[0], []).append(item)
    waiting = {file for file, tests in files.items() if any(test.get_closest_marker("live") for test in tests)}
    items[:] = [test for file in in_order(files, waiting) for test in files[file]]


@pytest.fixture(scope="session", autouse=True)
def _nothing_kept_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Below a folder that is closed to others, as pytest's are, root puts Postgres' data below /var/lib."""
    yield
    for note in tmp_path_factory.getbasetemp().rglob("*.place"):
        place = Path(note.read_text().strip())
        if place.name.startswith(OURS):
            shutil.rmtree(place, ignore_errors=True)
