"""Watches the room that is left for recordings. Knows folders and levels; what follows is the engine's business.

Theory: a disk that is full takes the journal and the database with it, and then the calls. So recording ends first,
while there is room left for both. A level is left again only with a tenth more room than brought it, so that a file
that comes and goes does not switch recording on and off.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from callcenter.model.events import Event, RecordingAllowed

EVERY_S: Final = 5.0
BACK_AT: Final = 1.1  # times the threshold
MB: Final = 1_000_000

log = structlog.get_logger(__name__)


class Level(StrEnum):
    """How much room there is."""

    PLENTY = "plenty"
    LOW = "low"  # it is said
    FULL = "full"  # nothing is recorded


def next_level(level: Level, free_mb: float, warn_below_mb: float, stop_below_mb: float) -> Level:
    """The level that follows, given what is free."""
    warn = warn_below_mb * (BACK_AT if level is not Level.PLENTY else 1.0)
    stop = stop_below_mb * (BACK_AT if level is Level.FULL else 1.0)
    if free_mb < stop:
        return Level.FULL
    return Level.LOW if free_mb < warn else Level.PLENTY


def free_mb(folders: Sequence[Path]) -> float:
    """What is free on the fullest of the disks that hold these folders, or will."""
    places = (next(one for one in (folder, *folder.parents) if one.exists()) for folder in folders)
    return min(shutil.disk_usage(place).free for place in places) / MB


class DiskWatch:
    """Looks now and then. `run` is its task."""

    name = "disk"

    def __init__(
        self,
        free: Callable[[], float],
        post: Callable[[Event], None],
        *,
        warn_below_mb: float,
        stop_below_mb: float,
        every_s: float = EVERY_S,
    ) -> None:
        """`free` gives megabytes; it may block, and raise OSError."""
        self._free = free
        self._post = post
        self._warn_below_mb = warn_below_mb
        self._stop_below_mb = stop_below_mb
        self._every_s = every_s
        self._level: Level | None = None
        self._free_mb = 0.0

    def health(self) -> Mapping[str, object]:
        """Level and free megabytes."""
        return {"level": self._level.value if self._level is not None else None, "free_mb": round(self._free_mb)}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Look once; tell the engine, and the log, what has changed."""
        try:
            self._free_mb = await asyncio.to_thread(self._free)
        except OSError as error:
            log.warning("nobody can tell how much room there is for recordings", error=str(error))
            return
        was = self._level
        level = next_level(was or Level.PLENTY, self._free_mb, self._warn_below_mb, self._stop_below_mb)
        self._level = level
        if level is was:
            return
        if was is None or Level.FULL in (
            was,
            level,
        ):  # at the start too: it may have ended full
            self._post(RecordingAllowed(allowed=level is not Level.FULL, why=f"{self._free_mb:.0f} MB are free"))
        if level is Level.FULL:
            log.error("the disk is full: nothing is recorded any more, calls go on", free_mb=round(self._free_mb))
        elif level is Level.LOW:
            log.warning("the disk of recordings runs full", free_mb=round(self._free_mb))
        elif was is not None:
            log.info("there is room for recordings again", free_mb=round(self._free_mb))
