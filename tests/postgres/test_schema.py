"""Migrations, queries and connections: what the database is made with, and what is said when it cannot be."""

import asyncio
import hashlib
import re
from pathlib import Path

import asyncpg
import pytest

from callcenter.errors import Bug, ConfigurationError, PeerUnavailable
from callcenter.postgres.migrate import Migration, migrate, migrations, pending
from callcenter.postgres.pool import Connection, Pool, asking, changing, connect, open_pool, without_password
from callcenter.postgres.queries import load_queries, sql, sql_folder, sql_ordered
from tests.postgres.cluster import Cluster

PACKAGE = Path(__file__).resolve().parents[2] / "callcenter"


def migration(number: int, text: str) -> Migration:
    return Migration(
        number=number, name=f"{number:04}_x.sql", text=text, sha256=hashlib.sha256(text.encode()).hexdigest()
    )


ONE, TWO = (
    migration(1, "CREATE TABLE one (a int)"),
    migration(2, "CREATE TABLE two (a int); INSERT INTO two VALUES (7)"),
)


# -- migrations --------------------------------------------------------------------------------------------------------


async def test_each_migration_is_applied_once_and_in_order(empty_dsn: str) -> None:
    connection = await connect(empty_dsn)
    assert await migrate(connection, (ONE,)) == (ONE,)
    assert await migrate(connection, (ONE, TWO)) == (TWO,)
    assert await migrate(connection, (ONE, TWO)) == ()
    assert await connection.fetchval("SELECT a FROM two") == 7
    await connection.close()


async def test_many_may_migrate_at_once(empty_dsn: str) -> None:
    connections = [await connect(empty_dsn) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(connection, (ONE, TWO)) for connection in connections))
    assert sorted(m.number for some in applied for m in some) == [1, 2]
    for connection in connections:
        await connection.close()


async def test_an_edited_migration_is_refused(empty_dsn: str) -> None:
    connection = await connect(empty_dsn)
    await migrate(connection, (ONE,))
    with pytest.raises(
        ConfigurationError, match=r"0001_x\.sql: was edited after it was applied .*write a new migration"
    ):
        await migrate(connection, (migration(1, "CREATE TABLE one (a bigint)"), TWO))
    assert await connection.fetchval("SELECT to_regclass('two')") is None
    await connection.close()


async def test_a_database_ahead_of_this_build_is_refused(empty_dsn: str) -> None:
    connection = await connect(empty_dsn)
    await migrate(connection, (ONE, TWO))
    with pytest.raises(ConfigurationError, match="the database has migration 2, this build has 1"):
        await migrate(connection, (ONE,))
    await connection.close()


async def test_a_migration_that_fails_leaves_no_trace(empty_dsn: str) -> None:
    connection = await connect(empty_dsn)
    broken = migration(2, "CREATE TABLE two (a int); SELECT * FROM nowhere")
    with pytest.raises(ConfigurationError, match=r'0002_x\.sql: UndefinedTableError: relation "nowhere"'):
        await migrate(connection, (ONE, broken))
    assert await connection.fetchval("SELECT to_regclass('two')") is None
    assert await migrate(connection, (ONE, TWO)) == (TWO,)
    await connection.close()


async def test_what_is_pending_is_told_without_changing_anything(empty_dsn: str) -> None:
    connection = await connect(empty_dsn)
    assert await pending(connection) == migrations()
    assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relname = 'schema_migration'") == 0
    await migrate(connection)
    assert await pending(connection) == ()
    await connection.close()


@pytest.mark.parametrize(
    "names", [["0002_x.sql"], ["0001_x.sql", "0003_x.sql"], ["0001_x.sql", "1_x.sql"], ["0001-x.sql"]]
)
def test_gaps_and_odd_names_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(ConfigurationError, match="should be migration"):
        migrations(tmp_path)


# -- queries -----------------------------------------------------------------------------------------------------------


async def test_every_query_fits_the_schema(connection: Connection) -> None:
    for name, text in load_queries(sql_folder() / "queries").items():
        ready = text.replace("{order}", "1").replace("{filter}", "true")
        try:
            await connection.prepare(ready)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")


FOLDED = ("contact", "offer", "agent_activity", "recording", "callback", "callback_attempt", "voicemail")


def test_every_query_asked_for_exists_and_every_query_is_asked_for() -> None:
    known = set(load_queries(sql_folder() / "queries"))
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    asked = set(re.findall(r"sql(?:_ordered)?\(\s*\"([a-z_]+\.[a-z_]+)\"", source))
    named = set(re.findall(r"\"([a-z_]+\.[a-z_]+)\"", source))
    by_table = {f"records.{table}" for table in FOLDED}
    assert asked - known == set()
    assert known - named - by_table == set()


def test_a_query_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "ticket.sql").write_text(
        "-- About tickets.\n\n-- ticket.claim\n-- Why.\nSELECT 1\nFROM x;\n\n-- ticket.free\nSELECT 2;\n"
    )
    assert load_queries(tmp_path) == {"ticket.claim": "SELECT 1\nFROM x", "ticket.free": "SELECT 2"}


def test_everything_wrong_with_query_files_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "SELECT 0;\n-- a.x\nSELECT 1;\n-- a.x\nSELECT 2;\n-- b.y\nSELECT 3;\n-- a.z\n-- why\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load_queries(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [
        "a.sql:1: SQL before the first title",
        "a.sql:4: a.x is there twice",
        "a.sql:6: b.y does not belong into a.sql",
        "a.sql:8: a.z is empty",
    ]


def test_a_query_that_nobody_wrote_is_a_bug() -> None:
    with pytest.raises(Bug, match=r"no query called journal\.nothing"):
        sql("journal.nothing")
    with pytest.raises(Bug, match="no one place for an order"):
        sql_ordered("journal.mark", "seq")


# -- what strangers read -----------------------------------------------------------------------------------------------


async def test_every_table_and_column_is_documented(connection: Connection) -> None:
    readme = (sql_folder() / "README.md").read_text()
    sections = dict(re.findall(r"^### `(\w+)`[^\n]*\n(.*?)(?=^##|\Z)", readme, flags=re.M | re.S))
    columns = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    missing = sorted(
        f"{row['table_name']}.{row['column_name']}"
        for row in columns
        if f"`{row['column_name']}`" not in sections.get(row["table_name"], "")
    )
    assert missing == []


async def test_personal_columns_are_marked(connection: Connection) -> None:
    marked = await connection.fetch(
        "SELECT attrelid::regclass::text || '.' || attname AS name FROM pg_attribute "
        "WHERE col_description(attrelid, attnum) LIKE 'PERSONAL%' AND attrelid::regclass::text !~ '^pg_' ORDER BY 1"
    )
    assert [row["name"] for row in marked] == [
        "agent.name",
        "agent.phone",
        "agent_activity.reason",
        "api_answer.body",
        "api_token.agent",
        "api_token.made_by",
        "api_token.person",
        "api_token.revoked_by",
        "attempt.number",
        "audit.subject",
        "audit.who",
        "callback.note",
        "callback.number",
        "callback_attempt.number",
        "callback_dial.number",
        "configuration.made_by",
        "configuration_file.text",
        "consent.number",
        "consent.proof",
        "contact.caller",
        "contact.caller_name",
        "customer.do_not_call_source",
        "customer.fields",
        "customer.language",
        "customer.name",
        "customer.reference",
        "customer.tags",
        "customer_address.text",
        "customer_change.what",
        "customer_note.text",
        "customer_number.number",
        "customer_number.raw",
        "disposition.fields",
        "disposition.note",
        "do_not_call_entry.entry",
        "do_not_call_entry.reason",
        "erasure.done_by",
        "journal.event",
        "journal.outputs",
        "journal_refused.line",
        "lead.custom",
        "lead.name",
        "lead.reference",
        "lead_number.number",
        "party.number",
        "receipt.body",
        "recording.path",
        "recording_deed.note",
        "recording_file.source",
        "recording_hold.reason",
        "snapshot.state",
        "transfer.name",
        "webhook.made_by",
        "webhook_delivery.body",
    ]


# -- connections -------------------------------------------------------------------------------------------------------


async def test_sessions_are_utc_and_durable(pool: Pool) -> None:
    async with pool.acquire() as connection:
        shown = [await connection.fetchval(f"SHOW {name}") for name in ("timezone", "synchronous_commit", "jit")]
    assert shown == ["UTC", "on", "off"]


async def test_a_missing_database_is_the_readers_error(cluster: Cluster) -> None:
    with pytest.raises(
        ConfigurationError, match=r'database "nowhere" does not exist \(create it, or set database\.url'
    ):
        await open_pool(cluster.dsn("nowhere"))


async def test_another_encoding_is_refused(cluster: Cluster) -> None:
    admin = await connect(cluster.dsn())
    await admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ConfigurationError, match="encoding is LATIN1, names of callers need UTF8"):
        await connect(cluster.dsn("latin"))
    await admin.execute("DROP DATABASE latin")
    await admin.close()


async def test_a_postgres_that_starts_late_is_waited_for(own_cluster: Cluster) -> None:
    await asyncio.to_thread(own_cluster.stop)
    waiting = asyncio.create_task(open_pool(own_cluster.dsn("migrated"), wait_s=20.0))
    await asyncio.to_thread(own_cluster.start)
    pool = await waiting
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_postgres_that_never_comes_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(PeerUnavailable) as caught:
        await open_pool(f"postgresql://u:hunter2@/x?host={tmp_path}", wait_s=0.3)
    assert str(tmp_path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://u:secret@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgresql://u:s%40x@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require"),
        (
            "postgresql:///d?host=/run&user=u&password=secret&port=1",
            "postgresql:///d?host=/run&user=u&password=***&port=1",
        ),
        ("host=h user=u password=secret dbname=d", "host=h user=u password=*** dbname=d"),
        ("host=h password='a b' dbname=d", "host=h password=*** dbname=d"),
    ],
)
def test_passwords_are_never_shown(dsn: str, shown: str) -> None:
    assert without_password(dsn) == shown


async def test_what_cannot_be_asked_is_the_readers_error(pool: Pool) -> None:
    with pytest.raises(ConfigurationError, match="cannot be asked that"), asking():
        await pool.fetchval("SELECT $1::text", "a\0b")
    with pytest.raises(ConfigurationError, match="cannot be asked that"), asking():
        await pool.fetchval("SELECT $1::int", "seven")
    with pytest.raises(PeerUnavailable, match="does not answer"), asking():
        async with pool.acquire() as connection:
            await connection.execute("SET statement_timeout = '10ms'; SELECT pg_sleep(5)")


async def test_a_change_that_fails_changes_nothing(pool: Pool) -> None:
    with pytest.raises(ConfigurationError, match="cannot hold that"):
        async with changing(pool) as connection:
            await connection.execute("DELETE FROM journal_mark")
            await connection.execute("SELECT 1 / 0")
    assert await pool.fetchval("SELECT count(*) FROM journal_mark") == 1
