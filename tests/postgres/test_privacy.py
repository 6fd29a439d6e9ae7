"""One person in a database full of others: found everywhere, erased everywhere, and nobody else touched."""

from pathlib import Path

import asyncpg
import pytest

from callcenter.model.callback import CalledFirst
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.commands import PlayPrompts
from callcenter.model.contact import Direction, EndReason, LegEnd, Medium
from callcenter.model.events import CallbackRequested, ContactArrived, DigitPressed, LegEnded, TimePassed
from callcenter.model.facts import ContactEnded, ContactOpened, NodeEntered
from callcenter.model.ids import BridgeId, ContactId, FlowName, LegId, PlaybackId, QueueName, RequestId
from callcenter.postgres.customers import Customer, Customers, KeptNumber
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from callcenter.postgres.privacy import TREATED, Person, Privacy
from callcenter.postgres.queries import load_queries, sql_folder
from callcenter.postgres.unnamed import ERASED
from tests.postgres.story import T0, answered_call
from tests.postgres.test_customers import forms

HERS, OTHERS = "0907654321", "0901111111"
SECRETS = (HERS, "+84907654321", "84907654321", "Nguyễn Thị Hoa", "likes tea")
EXEMPT = ("do_not_call_entry", "consent", "receipt")


@pytest.fixture
def privacy(pool: Pool) -> Privacy:
    return Privacy(pool, b"key of this site")


async def a_center(dsn: str, pool: Pool, spool: Path) -> None:
    """Two calls of hers, one of somebody else, a customer, a lead, a webhook under way."""
    async with PostgresJournal(dsn, spool) as journal:
        for n, number in ((1, HERS), (2, HERS), (3, OTHERS)):
            for at, event, outputs in answered_call(n, T0 + 500 * n):
                told = [
                    type(one)(**{**{f: getattr(one, f) for f in one.__struct_fields__}, "caller": number})
                    if isinstance(one, ContactOpened)
                    else one
                    for one in outputs
                ]
                said = PlayPrompts(
                    contact=ContactId(f"c-test0000-{n}"),
                    bridge=BridgeId("b-1"),
                    playback=PlaybackId("p-1"),
                    prompts=("hello",),
                    language="vi",
                    variables={"name": "Nguyễn Thị Hoa", "caller": number},
                )
                journal.append(at, event, [*told, said] if number == HERS else told)
        asked = CallbackRequested(
            request=RequestId("r1"), queue=QueueName("sales"), number=HERS, name="Nguyễn Thị Hoa", note="likes tea"
        )
        journal.append(T0 + 5_000, asked, [])
        journal.append(T0 + 5_001, TimePassed(), [])
    await pool.execute(
        "UPDATE contact SET caller = $1, caller_name = 'Nguyễn Thị Hoa'"
        " WHERE id IN (SELECT contact FROM journal_contact JOIN journal USING (seq) WHERE outputs::text LIKE $2)",
        HERS, f"%{HERS}%",
    )  # fmt: skip
    customers = Customers(pool)
    hers = KeptNumber(number="+84907654321", raw=HERS)
    await customers.add(Customer(name="Nguyễn Thị Hoa"), [hers], [("email", "hoa@example.com")], "boss")
    await customers.add(Customer(name="Lan"), [KeptNumber(number="+84901111111", raw=OTHERS)], [], "boss")
    await pool.execute("UPDATE recording SET path = ''")  # of calls that were not recorded
    await pool.execute(
        "INSERT INTO snapshot (seq, at_s, build, state) VALUES (1, 1, 'b', $1)", f'{{"a":"{HERS}"}}'.encode()
    )
    last = await pool.fetchval("SELECT max(seq) FROM journal")
    await pool.execute("INSERT INTO snapshot (seq, at_s, build, state) VALUES ($1, 2, 'b', '{}')", last)


async def everything(pool: Pool) -> dict[str, list[str]]:
    tables = await pool.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for table in tables:
        rows = await pool.fetch(f"SELECT t::text AS line FROM {table['name']} AS t")
        found[table["name"]] = [row["line"] for row in rows]
    return found


def naming_her(found: dict[str, list[str]]) -> set[str]:
    words = (*SECRETS, *(secret.encode().hex() for secret in SECRETS))  # bytea is shown in hex
    return {table for table, lines in found.items() if any(word in line for line in lines for word in words)}


async def hers(privacy: Privacy) -> Person:
    return await privacy.find([HERS, *forms(HERS)])


async def test_a_person_is_erased_everywhere_and_nobody_else_is(
    privacy: Privacy, dsn: str, pool: Pool, spool_folder: Path
) -> None:
    await a_center(dsn, pool, spool_folder)
    before = await everything(pool)
    assert naming_her(before) >= {"contact", "journal", "customer", "customer_number", "snapshot"}
    exported = await privacy.export(await hers(privacy))
    assert {len(exported[table]) for table in ("contact", "customer")} == {2, 1}

    dry = await privacy.erase(await hers(privacy), dry=True)
    assert await everything(pool) == before, "a dry run changes nothing"
    report = await privacy.erase(await hers(privacy), dry=False)
    assert report.document() == dry.document(), "and says what will be done"
    assert report.left == []
    after = await everything(pool)
    assert naming_her(after) == set()
    assert len(after["contact"]) == len(before["contact"]), "figures stay"
    assert [line for line in after["customer"] if "Lan" in line] == [
        line for line in before["customer"] if "Lan" in line
    ]
    assert any(OTHERS in line for line in after["journal"])
    again = await privacy.erase(await hers(privacy), dry=False)
    assert set(again.rows.values()) == {0}


async def test_what_she_typed_goes_and_what_she_chose_stays(
    privacy: Privacy, dsn: str, pool: Pool, spool_folder: Path
) -> None:
    """A menu's key stays, an account does not, nor the number of a desk at which she wanted to be called back."""
    desk, she, leg = "0281112222", ContactId("c-typed"), LegId("l-typed")
    opened = ContactOpened(
        contact=she,
        leg=leg,
        medium=Medium.VOICE,
        caller=HERS,
        caller_name="",
        dialled="1900",
        direction=Direction.INBOUND,
    )
    arrived = ContactArrived(leg=leg, medium=Medium.VOICE, caller=HERS, dialled="1900")

    def entered(node: str) -> NodeEntered:
        return NodeEntered(contact=she, flow=FlowName("f"), node=node)

    promised = CallbackPromised(
        contact=she,
        queue=QueueName("sales"),
        number=desk,
        first=CalledFirst.CUSTOMER,
        not_before=T0,
        until=T0 + 60,
        by="",
    )
    over = ContactEnded(
        contact=she, reason=EndReason.CALLER_HUNG_UP, medium=Medium.VOICE, direction=Direction.INBOUND, caller=HERS,
        caller_name="", dialled="1900", began=T0, flow_s=7.0, wait_s=0.0, talk_s=0.0, forward_s=0.0,
    )  # fmt: skip
    async with PostgresJournal(dsn, spool_folder) as journal:
        journal.append(T0, arrived, [opened, entered("menu")])
        journal.append(T0 + 1, DigitPressed(leg=leg, digit="2"), [entered("account")])
        for digit in "4711":
            journal.append(T0 + 2, DigitPressed(leg=leg, digit=digit), [])
        journal.append(T0 + 3, DigitPressed(leg=leg, digit="#"), [entered("desk")])
        for digit in desk[:-1]:
            journal.append(T0 + 4, DigitPressed(leg=leg, digit=digit), [])
        journal.append(T0 + 5, DigitPressed(leg=leg, digit=desk[-1]), [promised])
        journal.append(T0 + 6, DigitPressed(leg=LegId("l-other"), digit="5"), [])
        journal.append(T0 + 7, LegEnded(leg=leg, end=LegEnd.NORMAL), [over])
    last = await pool.fetchval("SELECT max(seq) FROM journal")
    await pool.execute("INSERT INTO snapshot (seq, at_s, build, state) VALUES ($1, 2, 'b', '{}')", last)
    report = await privacy.erase(await hers(privacy), dry=False)
    rows = await pool.fetch("SELECT event ->> 'digit' AS digit FROM journal WHERE event ->> 'digit' <> '' ORDER BY seq")
    gone = ["erased"]
    assert [row["digit"] for row in rows] == ["2", *(4 * gone), "#", *(len(desk) * gone), "5"]
    lines = (await everything(pool))["journal"]
    assert not [line for line in lines if desk in line]
    assert report.left == []


async def test_what_the_next_start_tells_again_is_left_until_there_is_a_snapshot(
    privacy: Privacy, dsn: str, pool: Pool, spool_folder: Path
) -> None:
    await a_center(dsn, pool, spool_folder)
    await pool.execute("DELETE FROM snapshot WHERE seq > 1")
    report = await privacy.erase(await hers(privacy), dry=False)
    assert "after its last snapshot" in report.left[0]


async def test_a_live_call_is_told_and_left(privacy: Privacy, dsn: str, pool: Pool, spool_folder: Path) -> None:
    await a_center(dsn, pool, spool_folder)
    live = await pool.fetchval(
        "UPDATE contact SET ended = NULL, end_reason = NULL"
        " WHERE id = (SELECT min(id) FROM contact WHERE caller = $1) RETURNING id",
        HERS,
    )
    report = await privacy.erase(await hers(privacy), dry=False)
    assert any(live in left for left in report.left)
    assert await pool.fetchval("SELECT caller FROM contact WHERE id = $1", live) == HERS


async def test_the_ledger_holds_no_number_and_loses_no_row(privacy: Privacy, pool: Pool) -> None:
    erasure = await privacy.begin(privacy.hash_of("+84907654321"), "cli:boss")
    assert await privacy.unfinished() == {privacy.hash_of("+84907654321")}
    assert naming_her(await everything(pool)) == set()
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute("DELETE FROM erasure WHERE id = $1", erasure)
    assert Privacy(pool, b"another").hash_of("+84907654321") != privacy.hash_of("+84907654321")


async def test_every_personal_column_is_treated_or_exempt(pool: Pool) -> None:
    rows = await pool.fetch(
        "SELECT c.relname || '.' || a.attname AS name FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition AND a.attnum > 0 AND col_description(c.oid, a.attnum) LIKE 'PERSONAL%'"
    )
    assert {row["name"] for row in rows} == set(TREATED), "say in postgres/privacy.py what becomes of it"


def test_every_table_that_is_treated_has_its_statement() -> None:
    there = {name.removeprefix("privacy.erase_") for name in load_queries(sql_folder() / "queries")}
    with_their_owner = {"customer_number", "customer_address", "customer_note", "customer_change"}
    by_the_file = {"recording", "recording_file"}
    rewritten = {"journal"}
    treated = {column.partition(".")[0] for column, what in TREATED.items() if what == ERASED}
    assert treated <= there | with_their_owner | by_the_file | rewritten
