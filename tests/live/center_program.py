"""The call center as a program of its own, as `callcenter run` is, with one more door: what its event loop still does.

Started by the live tests: `python center_program.py`, with CALLCENTER_SETTINGS in the environment. Says READY on stdout
when calls can come.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, Final

import callcenter
from callcenter.boot import RunningCenter, serve
from callcenter.config import Settings, load_settings

DOOR: Final = "run/tasks.sock"
OURS: Final = str(Path(callcenter.__file__).parent)


class Quiet:
    """Nobody looks at the progress of the start."""

    def step(self, name: str, done: int, total: int) -> None:
        """Nothing."""


def tasks_of_ours() -> Iterator[str]:
    """What every unfinished task that runs our code runs, by name and function."""
    for task in asyncio.all_tasks():
        frames: Any = task.get_coro()
        code: CodeType | None = getattr(frames, "cr_code", None)
        if code is not None and code.co_filename.startswith(OURS):
            yield (
                f"{code.co_qualname} {task.get_name()}" if not task.get_name().startswith("Task-") else code.co_qualname
            )


async def show_tasks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One line of JSON, and good-bye."""
    writer.write(json.dumps(sorted(tasks_of_ours())).encode())
    await writer.drain()
    writer.close()


def end_with_the_tests() -> None:
    """Stop in order when standard input ends: whoever started us is no more, for instance because it was killed."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


async def main(settings: Settings) -> None:
    """Serve until told to stop."""
    threading.Thread(target=end_with_the_tests, daemon=True).start()
    doors: list[asyncio.Server] = []

    async def ready(center: RunningCenter) -> None:
        path = settings.var_folder / DOOR
        path.unlink(missing_ok=True)
        doors.append(await asyncio.start_unix_server(show_tasks, path))
        print("READY", center.wiring.sip_port, center.wiring.http_port, flush=True)  # noqa: T201 (the tests wait for it)

    try:
        await serve(settings, progress=Quiet(), ready=ready)
    finally:
        for door in doors:
            door.close()


if __name__ == "__main__":
    asyncio.run(main(load_settings()))
