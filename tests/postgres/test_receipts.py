"""Receipts: one chain whoever writes, and whatever is done to a chain is found."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from callcenter.core.receipts import body_of, hash_of, read_body
from callcenter.model.law import Consent, ConsentKind, DropCount, Finding, RegisterState, RuleKind
from callcenter.model.receipt import GENESIS, PackStamp, Receipt, ReceiptKind
from callcenter.postgres.pool import Connection, Pool, changing
from callcenter.postgres.receipts import Tally, append, between, verify

PER_WRITER = 25
WRITERS = 4


def receipt(n: int, *, campaign: str = "spring", kind: ReceiptKind = ReceiptKind.DIAL) -> Receipt:
    return Receipt(kind=kind, at=1_800_000_000.123456 + n, campaign=campaign, attempt=f"a-{n}", number="+84901234567")


FULL = Receipt(
    kind=ReceiptKind.REFUSAL,
    at=1_800_000_000.5,
    campaign="spring",
    number="+84901234567",
    zones=("Asia/Ho_Chi_Minh",),
    packs=(PackStamp(pack="vn", version="1", digest="f" * 64),),
    findings=(
        Finding(kind=RuleKind.HOURS, pack="vn", held=False, value="Mon 07:59 'Hà Nội'", limit="8-17", from_when=9.5),
    ),
    registers=(RegisterState(register="vn_do_not_call", version="7", as_of=1.0),),
    consent=Consent(kind=ConsentKind.EXPRESS, given=1.5),
    attempts=2,
    drops=(DropCount(within_s=86_400.0, answered=100, dropped=2),),
    caller_id="+842412345678",
    pacing={"lines": "4", "agents": "3"},
    next_at=1_800_000_060.0,
)


async def chain(pool: Pool, count: int = 6) -> None:
    for n in range(count):
        async with changing(pool) as connection:
            await append(connection, "spring", [receipt(n)])


def test_a_body_says_all_and_reads_back() -> None:
    assert read_body(body_of(FULL)) == FULL
    assert body_of(FULL) == body_of(read_body(body_of(FULL)))
    assert " " not in re.sub(r'"[^"]*"', "", body_of(FULL))


def test_the_hash_is_what_the_documentation_says() -> None:
    import hashlib

    said = hashlib.sha256(f"spring\n1\n{GENESIS}\nbody\n".encode()).hexdigest()
    assert hash_of("spring", 1, GENESIS, "body") == said


async def test_a_chain_that_nobody_touched_is_whole(pool: Pool) -> None:
    await chain(pool)
    async with changing(pool) as connection:
        await append(connection, "spring", [FULL, receipt(7)])
        await append(connection, "autumn", [receipt(0, campaign="autumn")])
    proofs = await verify(pool)
    assert [(proof.chain, proof.receipts, proof.flaws) for proof in proofs] == [("autumn", 1, ()), ("spring", 8, ())]
    read = [one async for _, one in between(pool, "spring", 0.0, 4e9)]
    assert read[6] == FULL
    assert await verify(pool, "nothing") == []


async def test_many_writers_at_once_keep_one_chain(pool: Pool) -> None:
    async def write(writer: int) -> None:
        for n in range(PER_WRITER):
            async with changing(pool) as connection:
                await append(connection, "spring", [receipt(1000 * writer + n)])

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    (proof,) = await verify(pool)
    assert (proof.receipts, proof.flaws) == (WRITERS * PER_WRITER, ())


async def test_what_fails_leaves_no_receipt(pool: Pool) -> None:
    await chain(pool, 2)
    with pytest.raises(ZeroDivisionError):
        async with changing(pool) as connection:
            await append(connection, "spring", [receipt(9)])
            raise ZeroDivisionError
    (proof,) = await verify(pool)
    assert (proof.receipts, proof.flaws) == (2, ())


@pytest.mark.parametrize(
    "statement",
    ["UPDATE receipt SET body = '{}'", "DELETE FROM receipt", "TRUNCATE receipt"],
    ids=lambda s: s.split()[0],
)
async def test_the_database_refuses_what_would_change_a_receipt(pool: Pool, statement: str) -> None:
    await chain(pool, 2)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await pool.execute(statement)


TAMPERING = [
    ("UPDATE receipt SET body = replace(body, '4567', '4568') WHERE seq = 3", 3, "was edited"),
    ("UPDATE receipt SET at = at + interval '1 hour' WHERE seq = 3", 3, "columns say something else"),
    ("UPDATE receipt SET kind = 'outcome' WHERE seq = 3", 3, "columns say something else"),
    ("UPDATE receipt SET attempt = 'x' WHERE seq = 3", 3, "columns say something else"),
    ("DELETE FROM receipt WHERE seq = 3", 4, "missing before it: 3"),
    ("DELETE FROM receipt WHERE seq <= 2", 3, "missing before it: 1 to 2"),
    ("DELETE FROM receipt WHERE seq > 4", 6, "the newest receipts are missing: 5 to 6"),
    ("DELETE FROM receipt", 6, "the newest receipts are missing: 1 to 6"),
    ("DELETE FROM receipt_chain", 6, "the chain's head says 0"),
    ("DELETE FROM receipt WHERE seq = 3; UPDATE receipt SET seq = seq - 1 WHERE seq > 3", 3, "not tied"),
    (
        "UPDATE receipt SET body = '{', hash = encode(sha256(convert_to("
        "'spring' || E'\\n3\\n' || previous || E'\\n{\\n', 'UTF8')), 'hex') WHERE seq = 3",
        3,
        "not a receipt",
    ),
]


@pytest.mark.parametrize(("how", "seq", "told"), TAMPERING)
async def test_whatever_is_done_to_a_chain_is_found(
    connection: Connection, pool: Pool, how: str, seq: int, told: str
) -> None:
    await chain(pool)
    await connection.execute(f"ALTER TABLE receipt DISABLE TRIGGER ALL; {how}; ALTER TABLE receipt ENABLE TRIGGER ALL")
    (proof,) = await verify(pool)
    assert any(flaw.seq == seq and told in flaw.what for flaw in proof.flaws), proof.flaws


async def test_a_report_counts_what_the_receipts_say(pool: Pool) -> None:
    outcomes = [("answered", True, False)] * 97 + [("dropped", True, True)] * 3 + [("busy", False, False)] * 50
    ended = [
        Receipt(kind=ReceiptKind.OUTCOME, at=10.0 + n, campaign="spring", outcome=o, by_a_person=p, dropped=d)
        for n, (o, p, d) in enumerate(outcomes)
    ]
    async with changing(pool) as connection:
        await append(connection, "spring", [*(receipt(n) for n in range(3)), FULL, *ended])
    tally = Tally()
    async for _, one in between(pool, "spring", 0.0, 4e9):
        tally.add(one)
    assert (tally.dials, tally.refusals, tally.answered, tally.dropped, tally.share) == (3, 1, 100, 3, 0.03)
    assert tally.refused_by == {"hours": 1}
    assert tally.packs == {("vn", "1", "f" * 64)}
    assert Tally().share is None


def test_the_migration_says_how_the_hash_is_made() -> None:
    text = next((Path(__file__).parents[2] / "sql" / "migrations").glob("*_leads.sql")).read_text()
    assert "sha256 over chain, seq, previous and body, each ended by a line feed, in hex" in text
