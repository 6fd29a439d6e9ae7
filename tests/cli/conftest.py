"""An installation with its command line, a center behind its control socket, and a Postgres with a story in it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from callcenter.config import load_configuration
from tests.cli.live import LiveCenter, StoryCenter
from tests.cli.past import Past, half_an_hour_ago, three_calls, write
from tests.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """An installation in which nothing runs and whose database is away."""
    short = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))  # a unix socket's path has little room
    yield Terminal(tmp_path, short / "control.sock")
    shutil.rmtree(short)
    structlog.reset_defaults()  # the commands point it at a standard error that is closed now


@pytest.fixture
def story(terminal: Terminal) -> StoryCenter:
    """The center that the installation's configuration makes."""
    return StoryCenter(load_configuration(terminal.config))


@pytest.fixture
def live(terminal: Terminal, story: StoryCenter) -> Iterator[LiveCenter]:
    """The same, running behind the installation's control socket."""
    with LiveCenter(terminal.socket, story, terminal.config) as running:
        yield running


@pytest.fixture
async def past(terminal: Terminal, dsn: str, tmp_path: Path) -> Past:
    """Three calls in the records of the installation."""
    center = StoryCenter(load_configuration(terminal.config), start=half_an_hour_ago())
    told = three_calls(center, tmp_path / "var" / "recordings")
    await write(center, told, dsn, tmp_path / "spool", snapshot=True)
    terminal.uses_database(dsn)
    return told
