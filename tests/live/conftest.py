"""The real Asterisk and the real SIP peers of the live tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callcenter.embedded.programs import Tool
from tests.live import aftermath
from tests.live import premises as houses
from tests.live.center import Center, open_for_business
from tests.live.premises import Premises
from tests.live.real_asterisk import RealAsterisk, installed_tool, prepared, remove

QUIET_LIMIT_S = 8.0


@pytest.fixture(scope="session")
def shared_asterisk() -> Iterator[RealAsterisk]:
    """One Asterisk for all tests of the session; tests ask for `asterisk`."""
    made = prepared()
    try:
        made.start()
        yield made
    finally:
        remove(made)


@pytest.fixture
async def asterisk(shared_asterisk: RealAsterisk) -> AsyncIterator[RealAsterisk]:
    """The session's Asterisk. Afterwards no channel and no bridge is left, and its log holds no complaint."""
    shared_asterisk.complaints()
    yield shared_asterisk
    left = await until_quiet(shared_asterisk)
    complaints = shared_asterisk.complaints()
    shared_asterisk.allowed.clear()
    assert left == []
    assert complaints == []


async def until_quiet(asterisk: RealAsterisk) -> list[str]:
    """Wait until there is no channel and no bridge; what is left after QUIET_LIMIT_S."""
    left: list[str] = []
    try:
        async with asyncio.timeout(QUIET_LIMIT_S):
            while True:
                channels = (await asterisk.cli("core show channels concise")).splitlines()
                bridges = (await asterisk.cli("bridge show all")).splitlines()[1:]
                left = [line for line in [*channels, *bridges] if line.strip()]
                if not left:
                    return []
                await asyncio.sleep(0.1)  # Asterisk tears calls down in its own time
    except TimeoutError:
        return left


@pytest.fixture(scope="session")
def baresip() -> Tool:
    return installed_tool("baresip")


@pytest.fixture(scope="session")
def sipp() -> Tool:
    return installed_tool("sipp")


@pytest.fixture
def peers_folder(tmp_path: Path) -> Path:
    """Where softphones and crowds keep their files."""
    return tmp_path


@pytest.fixture(scope="session")
def premises() -> Iterator[Premises]:
    """A whole call center of its own, for all tests of the session; tests ask for `center`."""
    made = houses.prepared()
    try:
        yield made
    finally:
        houses.remove(made)


@pytest.fixture
async def center(premises: Premises, baresip: Tool, sipp: Tool) -> AsyncIterator[Center]:
    """The running call center, nobody logged in. Afterwards nothing is left and nobody has complained."""
    await open_for_business(premises)
    try:
        async with Center(premises, baresip, sipp) as made:
            yield made
            await made.everybody_goes_home()
            await aftermath.all_is_quiet(made)
            await aftermath.books_are_closed(made)
        await aftermath.no_task_is_left(premises)
    except AssertionError:
        await asyncio.to_thread(premises.stop)  # the next test gets a fresh one
        raise
    complaints = premises.complaints()
    premises.allowed.clear()
    assert complaints == []
