"""The ledger, on a real Postgres: nothing lost, nothing twice, whoever dies."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from callcenter.errors import Bug, ConfigurationError, PeerUnavailable
from callcenter.model.events import HangUpRequested, TimePassed
from callcenter.model.facts import Surprise
from callcenter.model.ids import ContactId, RequestId
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.line import line_of
from callcenter.postgres.pool import Connection, Pool, connect
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.spool import Spool
from tests.postgres.cluster import Cluster
from tests.postgres.story import T0, Told, abandoned_call, answered_call, entries, in_order

SETTLE_S = 20.0


def journal_of(dsn: str, spool_folder: Path, **settings: float) -> PostgresJournal:
    return PostgresJournal(dsn, spool_folder, **settings)  # type: ignore[arg-type]


def tell(journal: PostgresJournal, story: Sequence[Told]) -> list[int]:
    return [journal.append(at, event, outputs) for at, event, outputs in story]


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


STORY = in_order(
    answered_call(1, T0), answered_call(2, T0 + 3.0, agent="binh", missed_by="anna"), abandoned_call(3, T0 + 5.0)
)


async def test_entries_come_back_exactly_as_they_were(dsn: str, pool: Pool, spool_folder: Path) -> None:
    async with journal_of(dsn, spool_folder) as journal:
        assert tell(journal, STORY) == list(range(1, len(STORY) + 1))
        assert await journal.settled(within_s=SETTLE_S)
        health = journal.health()
        assert (health.behind_entries, health.problem, health.refused) == (0, "", 0)
    reader = JournalReader(pool)
    assert [entry async for entry in reader.entries()] == entries(STORY)
    assert [entry.seq async for entry in reader.entries(3, 5)] == [4, 5]
    assert not files(spool_folder, "journal-*")


async def test_all_that_is_known_of_one_contact(dsn: str, pool: Pool, spool_folder: Path) -> None:
    async with journal_of(dsn, spool_folder) as journal:
        tell(journal, STORY)
    found = [entry async for entry in JournalReader(pool).entries_of(ContactId("c-test0000-3"))]
    assert found == [entry for entry in entries(STORY) if any(_about(o, "c-test0000-3") for o in entry.outputs)]
    assert len(found) == 2


def _about(output: object, contact: str) -> bool:
    return getattr(output, "contact", None) == contact


async def test_time_is_kept_to_the_last_bit(dsn: str, pool: Pool, spool_folder: Path) -> None:
    at = T0 + 0.1234567
    async with journal_of(dsn, spool_folder) as journal:
        journal.append(at, TimePassed(), [])
    assert [entry.at async for entry in JournalReader(pool).entries()] == [at]


async def test_reading_goes_page_by_page(dsn: str, pool: Pool, spool_folder: Path) -> None:
    count = 2500
    async with journal_of(dsn, spool_folder) as journal:
        for n in range(count):
            journal.append(T0 + n, TimePassed(), [Surprise(what=str(n), contact=ContactId("c-1"))])
    reader = JournalReader(pool)
    assert [entry.seq async for entry in reader.entries()] == list(range(1, count + 1))
    assert [entry.seq async for entry in reader.entries_of(ContactId("c-1"))] == list(range(1, count + 1))


async def test_numbers_go_on_after_a_restart(dsn: str, pool: Pool, spool_folder: Path) -> None:
    for run in range(3):
        journal = journal_of(dsn, spool_folder)
        assert await journal.recover() == 2 * run
        journal.append(T0 + run, TimePassed(), [])
        journal.append(T0 + run, TimePassed(), [])
        await journal.close()
    assert [entry.seq async for entry in JournalReader(pool).entries()] == [1, 2, 3, 4, 5, 6]


async def test_what_a_dead_run_left_in_the_file_is_shipped(dsn: str, pool: Pool, spool_folder: Path) -> None:
    _left_behind(spool_folder, STORY)
    journal = journal_of(dsn, spool_folder)
    assert await journal.recover() == len(STORY)
    await journal.close()
    assert [entry async for entry in JournalReader(pool).entries()] == entries(STORY)
    assert await pool.fetchval("SELECT count(*) FROM contact WHERE ended IS NOT NULL") == 3


async def test_what_is_in_both_places_is_written_once(dsn: str, pool: Pool, spool_folder: Path) -> None:
    """The run died after Postgres had committed a part of what the file still holds."""
    async with journal_of(dsn, spool_folder) as journal:
        tell(journal, STORY[:7])
    _left_behind(spool_folder, STORY)
    journal = journal_of(dsn, spool_folder)
    assert await journal.recover() == len(STORY)
    await journal.close()
    assert [entry async for entry in JournalReader(pool).entries()] == entries(STORY)
    assert await pool.fetchval("SELECT count(*) FROM talk") == 2
    assert await pool.fetchval("SELECT count(*) FROM queue_visit") == 3


async def test_a_torn_entry_is_cut_off_and_its_number_used_again(dsn: str, pool: Pool, spool_folder: Path) -> None:
    _left_behind(spool_folder, STORY)
    segment = files(spool_folder, "journal-*")[-1]
    segment.write_bytes(segment.read_bytes()[:-10])
    journal = journal_of(dsn, spool_folder)
    assert await journal.recover() == len(STORY) - 1
    at, event, outputs = STORY[-1]
    assert journal.append(at, event, outputs) == len(STORY)
    await journal.close()
    assert [entry async for entry in JournalReader(pool).entries()] == entries(STORY)


async def test_a_damaged_line_is_set_aside_and_the_rest_is_shipped(dsn: str, pool: Pool, spool_folder: Path) -> None:
    _left_behind(spool_folder, STORY)
    segment = files(spool_folder, "journal-*")[0]
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:-30] + b"\0" * 29 + b"\n"
    segment.write_bytes(b"".join(lines))
    journal = journal_of(dsn, spool_folder)
    assert await journal.recover() == len(STORY)
    assert journal.health().damaged == 1
    await journal.close()
    assert [entry async for entry in JournalReader(pool).entries()] == [e for e in entries(STORY) if e.seq != 3]
    assert files(spool_folder, "damaged-*")[0].read_bytes() == lines[2]


def _left_behind(folder: Path, story: Sequence[Told]) -> None:
    """The spool of a run that died before anything was shipped."""
    spool = Spool(folder, segment_max_bytes=4000)
    spool.open()
    for entry in entries(story):
        spool.write(entry.seq, line_of(entry))
    spool.close()


async def test_a_second_writer_on_the_same_file_is_refused(dsn: str, spool_folder: Path) -> None:
    async with journal_of(dsn, spool_folder):
        with pytest.raises(ConfigurationError, match=rf"pid {os.getpid()}\) writes its journal here"):
            await journal_of(dsn, spool_folder).recover()


async def test_a_second_writer_on_the_same_database_is_refused(dsn: str, tmp_path: Path) -> None:
    async with journal_of(dsn, tmp_path / "one") as first:
        with pytest.raises(ConfigurationError, match="another call center writes into this database"):
            await journal_of(dsn, tmp_path / "two", lock_wait_s=0.2).recover()
        first.append(T0, TimePassed(), [])
        assert await first.settled(within_s=SETTLE_S)
    second = journal_of(dsn, tmp_path / "two", lock_wait_s=0.2)
    assert await second.recover() == 1
    await second.close()


async def test_a_database_that_was_never_migrated_is_refused(empty_dsn: str, spool_folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="callcenter db migrate"):
        await journal_of(empty_dsn, spool_folder).recover()


async def test_no_postgres_at_start_is_said_and_lets_go(tmp_path: Path, dsn: str, spool_folder: Path) -> None:
    nowhere = journal_of(f"postgresql://tester@/x?host={tmp_path}", spool_folder, start_wait_s=0.3)
    with pytest.raises(PeerUnavailable, match="Postgres does not answer"):
        await nowhere.recover()
    async with journal_of(dsn, spool_folder) as journal:
        assert journal.append(T0, TimePassed(), []) == 1


async def test_appending_to_a_closed_journal_is_a_bug(dsn: str, spool_folder: Path) -> None:
    journal = journal_of(dsn, spool_folder)
    with pytest.raises(Bug):
        journal.append(T0, TimePassed(), [])
    await journal.recover()
    await journal.close()
    with pytest.raises(Bug):
        journal.append(T0, TimePassed(), [])


async def test_postgres_goes_and_comes_back(own_cluster: Cluster, spool_folder: Path) -> None:
    dsn = own_cluster.dsn("migrated")
    story = [told for n in range(60) for told in answered_call(n, T0 + 100.0 * n)]
    third = len(story) // 3
    async with journal_of(dsn, spool_folder) as journal:
        tell(journal, story[:third])
        assert await journal.settled(within_s=SETTLE_S)
        await asyncio.to_thread(own_cluster.stop, signal.SIGQUIT)
        tell(journal, story[third : 2 * third])
        assert not await journal.settled(within_s=0.5)
        health = journal.health()
        assert health.problem
        assert health.behind_entries == third
        assert health.behind_s > 0
        assert health.spool_bytes > 0
        await asyncio.to_thread(own_cluster.start)
        tell(journal, story[2 * third :])
        assert await journal.settled(within_s=SETTLE_S)
        assert journal.health().problem == ""
    await _whole(dsn, entries=len(story), calls=60)


WRITERS_SESSION: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
"""


async def test_the_writer_comes_back_without_an_entry(dsn: str, pool: Pool, spool_folder: Path) -> None:
    async with journal_of(dsn, spool_folder) as journal:
        assert await pool.fetchval(WRITERS_SESSION)
        await _until(lambda: not journal.health().connected)
        await _until(lambda: journal.health().connected)
        assert journal.health().problem == ""


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SETTLE_S):
        while not holds():  # noqa: ASYNC110 - the journal tells nobody
            await asyncio.sleep(0.01)


async def _whole(dsn: str, *, entries: int, calls: int) -> None:
    connection = await connect(dsn)
    try:
        found = [entry["seq"] for entry in await connection.fetch("SELECT seq FROM journal ORDER BY seq")]
        assert found == list(range(1, entries + 1))
        assert await connection.fetchval("SELECT count(*) FROM contact WHERE ended IS NOT NULL") == calls
        assert await connection.fetchval("SELECT count(*) FROM talk") == calls
    finally:
        await connection.close()


async def test_a_killed_session_costs_nothing(dsn: str, connection: Connection, spool_folder: Path) -> None:
    story = [told for n in range(40) for told in answered_call(n, T0 + 100.0 * n)]
    async with journal_of(dsn, spool_folder) as journal:
        for begin in range(0, len(story), 20):
            tell(journal, story[begin : begin + 20])
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert await journal.settled(within_s=SETTLE_S)
    await _whole(dsn, entries=len(story), calls=40)


async def test_an_entry_that_postgres_cannot_hold_is_kept_as_bytes(dsn: str, pool: Pool, spool_folder: Path) -> None:
    story = list(STORY)
    at, event, _ = story[4]
    story[4] = (at, event, answered_call(9, 1e300)[0][2])  # its contact begins in a year no database knows
    story[4] = (1e300, event, story[4][2])
    async with journal_of(dsn, spool_folder) as journal:
        tell(journal, story)
        assert await journal.settled(within_s=SETTLE_S)
        assert journal.health().refused == 1
    assert [entry async for entry in JournalReader(pool).entries()] == entries(story)
    assert await pool.fetchval("SELECT seq FROM journal_refused") == 5


HOSTILE = [
    "",
    "\0",
    "a\0b\0\0c",
    "\\u0000",
    "\\\0\\\\\0",
    "\ud800 lone",
    "\udcff\udc80 from bytes",
    "'; DROP TABLE contact; --",
    '"}],"seq":1,"at":',
    "\n\r\t\x1b[2J\x07",
    "{}[]{{7*7}}${x}%s%n",
    "Nguyễn Thị Lan 😀 \u202e\u2028\ufeff",
    "x" * 20_000,
    "ß" * 3000,
    "\x7f\x80\x9f",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_whatever_a_caller_calls_herself(dsn: str, pool: Pool, spool_folder: Path, text: str) -> None:
    story = answered_call(1, T0, caller=text, caller_name=text)
    ask = HangUpRequested(request=RequestId("r"), contact=ContactId(text), by=text)
    story.append((T0 + 500.0, ask, [Surprise(what=text, contact=ContactId(text))]))
    async with journal_of(dsn, spool_folder) as journal:
        tell(journal, story)
        assert await journal.settled(within_s=SETTLE_S)
        assert journal.health().refused == 0
    stored = "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
    row = await pool.fetchrow("SELECT caller, caller_name, ended FROM contact")
    assert row is not None
    assert (row["caller"], row["caller_name"]) == (stored, stored)
    assert row["ended"] is not None
    clean = answered_call(1, T0, caller=stored, caller_name=stored)
    found = [entry async for entry in JournalReader(pool).entries()]
    assert found[: len(clean)] == entries(clean)
    assert found[-1].event == HangUpRequested(request=RequestId("r"), contact=ContactId(stored), by=stored)
