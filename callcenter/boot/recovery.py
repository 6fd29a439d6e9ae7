"""Brings the engine back to where it was: the last snapshot, and the journal since. Knows their order; decides nothing.

The engine is deterministic, so events told again at the times they were told first give the same state; what it
answers is dropped, because it has been carried out, or Asterisk will be looked at next. If the journal cannot be told
again (the configuration or the build has changed too much), a fresh engine takes over the calls that Asterisk lists,
and says so: no state is worth a call center that does not start.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
import structlog

import callcenter
from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore, take_snapshot
from callcenter.errors import Bug, PeerFault
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState
from callcenter.model.entry import Entry
from callcenter.model.events import EngineStarted
from callcenter.model.ids import UNVERSIONED, Version
from callcenter.ports import Clock, Shelf
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots

DECIDING: Final = ("core", "model", "nodes", "strategies", "pacers")  # the packages that a decision depends on
TOLD_MAX: Final = 500_000  # entries; more would keep callers waiting for minutes
SNAPSHOT_EVERY_S: Final = 60.0
SNAPSHOT_LATE: Final = 10  # times that long: then one is saved of little, too; who is erased waits for it
SNAPSHOT_AFTER_ENTRIES: Final = 200
SHIPPED_WITHIN_S: Final = 5.0

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


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What a fresh engine begins with, and where it finds the rest. Without a shelf nobody counts versions."""

    configuration: Configuration
    version: Version = UNVERSIONED
    shelf: Shelf | None = None

    def fresh(self) -> Engine:
        """An engine that remembers nothing."""
        return Engine(self.configuration, self.version, self.shelf.configurations if self.shelf is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """The engine as it was; the time of the last entry (0.0: a new journal). `fresh`: it remembers nothing of it."""

    engine: Engine
    at: float
    fresh: bool = False


async def recovered_engine(begin: InForce, reader: JournalReader, snapshots: Snapshots, last_seq: int) -> Recovered:
    """The engine as it was after entry `last_seq`. Raises PeerFault if Postgres does not answer."""
    engine, after, at = await _restored(begin, snapshots, last_seq)
    at, told = max(at, await _time_of_last(reader, last_seq)), 0
    try:
        if last_seq - after > TOLD_MAX:
            raise Bug(f"no snapshot of the last {TOLD_MAX} entries can be used")
        async for entry in reader.entries(after, last_seq):
            if begin.shelf is not None:
                await begin.shelf.need_for(entry.event)
            if isinstance(entry.event, EngineStarted) and entry.event.fresh:
                engine = begin.fresh()
            _tell_again(engine, entry)
            told += 1
        _check_agreement(engine)
    except PeerFault:  # Postgres has gone away, which says nothing of the journal
        raise
    except Exception as error:  # whatever an old journal does to this engine
        log.error("the journal cannot be told again; starting afresh", exc_info=error)
        return Recovered(engine=begin.fresh(), at=at, fresh=True)
    log.info("engine recovered", snapshot=after, told=told, contacts=len(engine.world.contacts))
    return Recovered(engine=engine, at=at)


async def _restored(begin: InForce, snapshots: Snapshots, last_seq: int) -> tuple[Engine, int, float]:
    """An engine as the newest usable snapshot says, the number of its entry and its time; a fresh one if there is none.

    A snapshot of an entry that the journal does not have (its local file was lost) is of another history.
    """
    before = last_seq + 1
    while (snapshot := await snapshots.latest(before_seq=before)) is not None:
        try:
            library = None
            if begin.shelf is not None:
                await begin.shelf.need_for_snapshot(snapshot.state)
                library = begin.shelf.configurations
            return restore(begin.configuration, snapshot.state, library), snapshot.seq, snapshot.at
        except PeerFault:
            raise
        except Exception as error:  # of another build, damaged, or of another configuration
            log.error("a snapshot cannot be used; trying the one before", seq=snapshot.seq, exc_info=error)
            before = snapshot.seq
    return begin.fresh(), 0, 0.0


async def _time_of_last(reader: JournalReader, last_seq: int) -> float:
    """The time of the last entry, which the clock must not fall behind. 0.0: there is none, or nobody can read it."""
    try:
        return max([entry.at async for entry in reader.entries(last_seq - 1, last_seq)], default=0.0)
    except msgspec.DecodeError as error:
        log.error("the last entry of the journal cannot be read", seq=last_seq, error=str(error))
        return 0.0


def _tell_again(engine: Engine, entry: Entry) -> None:
    outputs = engine.handle(entry.event, entry.at)
    if tuple(outputs) != entry.outputs:  # Asterisk will be looked at, and what does not agree with it is dropped
        log.warning("told again, an entry is decided otherwise", seq=entry.seq, kind=type(entry.event).__name__)


def _check_agreement(engine: Engine) -> None:
    """Raises Bug if a live contact is in a place that its version of the configuration does not have."""
    for contact in engine.world.contacts.values():
        configuration = engine.world.library[contact.version]
        queues = {contact.queue, *(offer.queue for offer in contact.offers.values())} - {None}
        if contact.state in (ContactState.CONNECTED, ContactState.PARKED):
            queues.add(contact.last_queue)
        if gone := queues - configuration.queues.keys():
            raise Bug(f"{contact.id} is in a queue that is not configured any more: {', '.join(map(str, gone))}")
        if contact.state is ContactState.IN_FLOW and contact.flow is not None:
            places = ((contact.flow, contact.node), *((frame.flow, frame.node) for frame in contact.stack))
            for name, node in places:
                flow = configuration.flows.get(name)
                if flow is None or (node and node not in flow.nodes):
                    raise Bug(f"{contact.id} is in a flow that is not configured any more: {name}, {node}")


class SnapshotKeeper:
    """Saves the engine's state now and then, so that the next start has little to tell again.

    Never ahead of the journal in Postgres: if its local file were lost, the entries that follow would get the numbers
    of those that were lost, and the snapshot of a history that never was would be believed one day.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        journal: PostgresJournal,
        snapshots: Snapshots,
        *,
        every_s: float = SNAPSHOT_EVERY_S,
        after_entries: int = SNAPSHOT_AFTER_ENTRIES,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._journal = journal
        self._snapshots = snapshots
        self._every_s = every_s
        self._after_entries = after_entries
        self._build = build_id()
        self._saved = journal.health().last_seq

    async def run(self) -> None:
        """Until cancelled."""
        late = 0
        while True:
            await asyncio.sleep(self._every_s)
            late += 1
            behind = self._journal.health().last_seq - self._saved
            if behind >= self._after_entries or (behind and late >= SNAPSHOT_LATE):
                await self.save()
                late = 0

    async def save(self) -> None:
        """Save it now. A database that does not take it is no harm: the journal has it all."""
        seq, at = self._journal.health().last_seq, self._clock.now()
        state = take_snapshot(self._engine)  # between two events, so it is the state after entry `seq`
        if not await self._journal.settled(within_s=SHIPPED_WITHIN_S):
            log.warning("no snapshot was saved", error="the journal is behind")
            return
        try:
            await self._snapshots.save(seq, at, self._build, state)
        except (OSError, PeerFault, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("no snapshot was saved", error=str(error))
        else:
            self._saved = seq
