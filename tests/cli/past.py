"""A day in the records: three calls with all that can be asked about them, decided by a real engine, in Postgres."""

import time
from dataclasses import dataclass
from pathlib import Path

from callcenter.core.snapshot import take_snapshot
from callcenter.model.agent import Agent, PhoneState
from callcenter.model.events import RecordingChecked
from callcenter.model.ids import AgentId, Skill
from callcenter.model.recording_facts import RecordingStopped
from callcenter.postgres.directory import Directory
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool, open_pool
from callcenter.postgres.snapshots import Snapshots
from tests.cli.live import StoryCenter
from tests.core.center import Call

SETTLE_S = 20.0
AGO_S = 1800.0
PEOPLE = {
    "anna": ("1001", {"sales": 3}),
    "binh": ("1002", {"sales": 2, "support": 1}),
    "chi": ("1003", {"support": 3}),
    "dao": ("1004", {"sales": 5}),
    "em": ("1005", {"sales": 1}),
    "giang": ("1006", {"sales": 1}),
}
ODD_NAME = "[red]Đỗ[/red]\x1b[2J\u202e\ngone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What happened. `missed`: anna let it ring, binh answered. `waited`: nobody was free until anna came back.
    `gave_up`: waited in vain for sales, overflowed to support, hung up there."""

    missed: Call
    waited: Call
    gave_up: Call
    snapshot_after: int


def three_calls(center: StoryCenter, recordings: Path) -> Past:
    """Tell the story."""
    people = {name: center.agent(name) for name in PEOPLE if name != "em"}
    for name in people:
        center.save(name, PEOPLE[name][1])
    center.save("em", PEOPLE["em"][1])
    people["dao"].pauses("lunch")
    people["giang"].phone(PhoneState.UNREACHABLE)
    center.passes(20)
    people["chi"].pauses("training")
    snapshot_after = len(center.journal)

    missed = center.call("sales", caller="0901111111", name="Lan")
    people["anna"].rings()
    center.passes(16)  # anna lets it ring, and is paused; binh is rung
    people["binh"].answers()
    center.passes(30)
    waited = center.call("sales", caller="0902222222", name=ODD_NAME)
    center.passes(10)
    people["anna"].is_ready()
    center.passes(2)
    people["anna"].answers()
    gave_up = center.call("sales", caller="0903333333")
    center.passes(20)
    waited.hangs_up()
    missed.hangs_up()
    people["anna"].logs_out()
    people["binh"].logs_out()
    center.passes(110)  # sales lets go after two minutes
    center.passes(70)  # and support asks for less after one
    gave_up.hangs_up()
    center.passes(5)
    for at, stopped in enumerate(center.all(RecordingStopped)):
        path = recordings / f"{stopped.recording}.wav"
        center.tell(
            RecordingChecked(
                recording=stopped.recording,
                contact=stopped.contact,
                path=str(path),
                seconds=stopped.expected_s,
                channels=2,
                problem="" if at == 0 else "too short",
            )
        )
    center.told_again()
    return Past(missed=missed, waited=waited, gave_up=gave_up, snapshot_after=snapshot_after)


def half_an_hour_ago() -> float:
    """When the story begins."""
    return time.time() - AGO_S


async def write(center: StoryCenter, past: Past, dsn: str, spool: Path, *, snapshot: bool) -> None:
    """Put journal, people and perhaps a snapshot into the database."""
    async with PostgresJournal(dsn, spool) as journal:
        for entry in center.entries:
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=SETTLE_S)
    pool = await open_pool(dsn, size_max=2)
    try:
        await hire(pool)
        if snapshot:
            await save_snapshot(center, past, pool)
    finally:
        await pool.close()


async def hire(pool: Pool) -> None:
    """Everybody into the directory."""
    for name, (number, skills) in PEOPLE.items():
        known = {Skill(skill): level for skill, level in skills.items()}
        await Directory(pool).add(Agent(id=AgentId(name), name=name.title(), number=number, skills=known))


async def save_snapshot(center: StoryCenter, past: Past, pool: Pool) -> None:
    """As a running center would have done just before the first call."""
    before = StoryCenter(center.configuration)
    fresh = type(before.engine)(center.configuration)
    entries = center.entries[: past.snapshot_after]
    for entry in entries:
        fresh.handle(entry.event, entry.at)
    await Snapshots(pool).save(past.snapshot_after, entries[-1].at, "test", take_snapshot(fresh))
