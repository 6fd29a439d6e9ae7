"""For every test: one Postgres; no example has a deadline; what root keeps elsewhere for a closed folder goes too."""

import gc
import shutil
import weakref
from asyncio.base_subprocess import BaseSubprocessTransport
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

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


_programs: "weakref.WeakSet[BaseSubprocessTransport]" = weakref.WeakSet()
"""Those that tests started, while somebody knows of them."""
_left: list[BaseSubprocessTransport] = []
"""Those that were found; they are kept, so that the garbage collector complains in nobody else's test."""


@pytest.fixture(scope="session", autouse=True)
def _programs_are_noted() -> Iterator[None]:
    made = BaseSubprocessTransport.__init__

    def noted(self: BaseSubprocessTransport, *words: Any, **more: Any) -> None:
        made(self, *words, **more)
        _programs.add(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseSubprocessTransport, "__init__", noted)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """A program that a test leaves is that test's failure, not that of whichever the garbage collector comes in."""
    result = yield
    running = [program for program in _programs if not program.is_closing() and program not in _left]
    left = [program for program in running if program._loop.is_closed()]
    _left.extend(left)
    if left:
        started = [program.get_extra_info("subprocess") for program in left]
        for process in started:
            process.kill()
        words = [str(process.args)[:200] for process in started]
        pytest.fail(f"left after their loop was closed, not waited for or not read to their end: {words}")
    return result
