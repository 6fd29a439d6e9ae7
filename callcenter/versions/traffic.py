"""The traffic of some days, out of the journal. Knows readers and snapshots; knows no figure."""

from callcenter.core.snapshot import restore
from callcenter.model.configuration import Configuration
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots
from callcenter.sim.replay.journal import JournalCalls
from callcenter.sim.replay.recorded import Recorded
from callcenter.versions.library import VersionLibrary


async def recorded_traffic(
    live: Configuration,
    reader: JournalReader,
    snapshots: Snapshots,
    library: VersionLibrary,
    since: float | None,
    until: float | None,
) -> Recorded | None:
    """The calls between two times (UTC seconds), and who was at work; None if there is no entry.

    `live` is the configuration that tells a queue's own priority and needs from those that a flow gave. It begins with
    the last snapshot before, which knows who was there already.
    """
    first, last = await reader.between(since, until)
    if not first:
        return None
    reading = JournalCalls(live)
    snapshot = await snapshots.latest(before_seq=first) if first > 1 else None
    after = 0
    if snapshot is not None:
        await library.need_for_snapshot(snapshot.state)
        reading.begin(snapshot.at, restore(live, snapshot.state, library.configurations).world.agents.records)
        after = snapshot.seq
    async for entry in reader.entries(after, last):
        reading.read(entry)
    return reading.recorded()
