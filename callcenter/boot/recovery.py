"""Brings the engine back to where it was: the last snapshot, and the journal since. Knows their order; decides nothing.

The engine is deterministic, so events told again at the times they were told first give the same state; what it
answers is dropped, because it has been carried out, or Asterisk will be looked at next. If the journal cannot be told
again (the configuration or the build has changed too much), a fresh engine takes over the calls that Asterisk lists,
and says so.
"""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import structlog

import callcenter
from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore
from callcenter.errors import CallCenterError
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots

DECIDING: Final = ("core", "model", "nodes", "strategies", "pacers")  # the packages that a decision depends on

log = structlog.get_logger(__name__)


def build_id() -> str:
    """What was decided by the same build is decided alike: a digest of the sources that decide."""
    root = Path(callcenter.__file__).parent
    digest = hashlib.sha256()
    for package in DECIDING:
        for source in sorted((root / package).rglob("*.py")):
            digest.update(source.relative_to(root).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


async def recovered_engine(
    configuration: Configuration, reader: JournalReader, snapshots: Snapshots, last_seq: int
) -> tuple[Engine, float]:
    """The engine as it was after entry `last_seq`, and the time of that entry (0.0: a new journal)."""
    snapshot = await snapshots.latest(before_seq=last_seq + 1)
    try:
        engine = restore(configuration, snapshot.state) if snapshot is not None else Engine(configuration)
        after = snapshot.seq if snapshot is not None else 0
        told, at = await _tell_again(engine, reader.entries(after, last_seq))
    except (CallCenterError, LookupError) as error:
        log.error("the journal cannot be told again; starting afresh", error=str(error), kind=type(error).__name__)
        return Engine(configuration), snapshot.at if snapshot is not None else 0.0
    log.info("engine recovered", snapshot=after, told=told, contacts=len(engine.world.contacts))
    return engine, at or (snapshot.at if snapshot is not None else 0.0)


async def _tell_again(engine: Engine, entries: AsyncIterator[Entry]) -> tuple[int, float]:
    told, at = 0, 0.0
    async for entry in entries:
        engine.handle(entry.event, entry.at)
        told, at = told + 1, entry.at
    return told, at
