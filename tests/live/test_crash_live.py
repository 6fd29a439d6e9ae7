"""A bug in our own process: it starts again, and Asterisk has gone on meanwhile."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from callcenter.boot import RunningCenter, serve
from callcenter.config import Settings
from callcenter.embedded.debian import Silence
from callcenter.embedded.pidfile import ProcessIdentity, read_pid_file

pytestmark = pytest.mark.live

START_LIMIT_S = 60.0


async def test_a_crash_of_ours_costs_no_asterisk(tmp_path: Path) -> None:
    settings = Settings(var_folder=tmp_path / "var", config_folder=tmp_path / "config")
    starts: list[ProcessIdentity | None] = []

    async def ready(running: RunningCenter) -> None:
        starts.append(read_pid_file(settings.var_folder / "state" / "asterisk.pid"))
        if len(starts) == 1:
            poison: Any = "no event at all"
            running.post(poison)
        else:
            running.stop()

    async with asyncio.timeout(START_LIMIT_S):
        await serve(settings, progress=Silence(), ready=ready)
    first, second = starts
    assert first is not None
    assert second == first, "the second start made an Asterisk of its own"
    assert not first.lives(), "an orderly stop left Asterisk behind"
