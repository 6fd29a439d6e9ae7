"""Log lines: ours and those of libraries, for machines and for people."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from callcenter.boot.logs import LIBRARIES, configure_logs
from callcenter.config import Settings
from callcenter.config.settings import LogFormat, LogSettings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go; afterwards logging is as it was."""
    yield io.StringIO()
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.name == LIBRARIES]:
        root.removeHandler(handler)


def break_down(password: str) -> None:
    try:
        raise OSError("no way in")
    except OSError:
        logging.getLogger("asyncpg.pool").warning("Failed to restore %s", "a connection", exc_info=True)


def test_what_a_library_complains_of_is_one_line_of_json(stream: io.StringIO) -> None:
    for _ in range(2):  # a second start in the same process says nothing twice
        configure_logs(Settings(log=LogSettings(format=LogFormat.JSON)), stream)
    break_down("s3cret")
    logging.getLogger("aiohttp.access").info("nobody asked")
    [line] = stream.getvalue().splitlines()
    said = json.loads(line)
    assert (said["level"], said["logger"], said["event"]) == (
        "warning",
        "asyncpg.pool",
        "Failed to restore a connection",
    )
    assert "OSError: no way in" in said["exception"]


def test_people_see_a_traceback_without_the_values_in_it(stream: io.StringIO) -> None:
    configure_logs(Settings(log=LogSettings(format=LogFormat.CONSOLE)), stream)
    break_down("s3cret")
    assert "OSError: no way in" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()
