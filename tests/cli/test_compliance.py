"""`callcenter compliance`: the packs as one sees them."""

import csv
import hashlib
import io
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from callcenter.cli.exits import Exit
from callcenter.model.law import Finding, RuleKind
from callcenter.model.receipt import PackStamp, Receipt, ReceiptKind
from callcenter.postgres.law_texts import keep
from callcenter.postgres.pool import Pool, changing
from callcenter.postgres.receipts import append
from tests.cli.terminal import Terminal
from tests.postgres.lead_story import add_attempts, law


def test_packs_are_listed_and_shown_with_what_nobody_verified(terminal: Terminal) -> None:
    listed = terminal.json("compliance", "packs")["packs"]
    assert [one["pack"] for one in listed] == ["eu", "house", "uk", "us", "vn"]
    assert "us" in terminal("compliance", "packs").out
    shown = terminal("compliance", "packs", "eu").out
    assert "NOT VERIFIED" in shown
    assert "holidays never" in shown
    assert terminal.json("compliance", "packs", "vn")["packs"][0]["regions"] == ["VN"]


def test_a_pack_that_is_not_there_and_one_that_is_wrong(terminal: Terminal) -> None:
    assert "one of eu, house, uk, us, vn" in terminal("compliance", "packs", "fr", expect=Exit.NOT_FOUND).err
    terminal.write("title: x\n", "config/law/fr.yaml")
    assert "`version` is missing" in terminal("compliance", "packs", expect=Exit.CONFIGURATION).err
    assert "law/fr.yaml" in terminal("flows", "check", expect=Exit.PROBLEMS).out


OF_LAST_YEAR = 'title: The law of last year: ä\nversion: "2025-01-01"\n'
DIGEST = hashlib.sha256(OF_LAST_YEAR.encode()).hexdigest()
PACKS = (PackStamp(pack="us", version="2025-01-01", digest=DIGEST),)
LATE = Finding(kind=RuleKind.HOURS, pack="us", held=False, value="21:00", limit="08:00-21:00")


def receipt(kind: ReceiptKind, ago_s: float, *, attempt: str = "", outcome: str = "") -> Receipt:
    return Receipt(
        kind=kind,
        at=time.time() - ago_s,
        campaign="spring",
        number="+12125551234",
        attempt=attempt,
        outcome=outcome,
        by_a_person=outcome != "",
        dropped=outcome == "dropped",
        packs=PACKS if outcome == "" else (),
        findings=(LATE,) if kind is ReceiptKind.REFUSAL else (),
    )


@pytest.fixture
async def spring(terminal: Terminal, dsn: str, pool: Pool) -> Terminal:
    """An installation whose database has a dial, a refusal and three outcomes of a campaign, one of them old."""
    terminal.uses_database(dsn)
    receipts = [
        receipt(ReceiptKind.DIAL, 40 * 86_400.0 + 9, attempt="l-0"),
        receipt(ReceiptKind.OUTCOME, 40 * 86_400.0, attempt="l-0", outcome="dropped"),
        receipt(ReceiptKind.DIAL, 40 * 86_400.0 - 9, attempt="l-2"),
        receipt(ReceiptKind.DIAL, 60.0, attempt="l-1"),
        receipt(ReceiptKind.REFUSAL, 50.0),
        receipt(ReceiptKind.OUTCOME, 40.0, attempt="l-1", outcome="answered"),
        receipt(ReceiptKind.OUTCOME, 30.0, attempt="l-2", outcome="dropped"),
    ]
    await keep(pool, [replace(law(), name="us", digest=DIGEST, text=OF_LAST_YEAR)])
    async with changing(pool) as connection:
        await append(connection, "spring", receipts)
    await add_attempts(pool, {"l-0": "dropped", "l-1": "answered", "l-2": "dropped"})
    return terminal


@pytest.fixture
async def forged(spring: Terminal, pool: Pool) -> Terminal:
    """The same, after somebody has changed a receipt."""
    await pool.execute("ALTER TABLE receipt DISABLE TRIGGER ALL")
    await pool.execute("UPDATE receipt SET body = replace(body, '2125', '2126') WHERE seq = 4")
    return spring


def test_without_receipts(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    assert terminal.json("compliance", "verify") == {"whole": True, "chains": []}
    assert "no receipt" in terminal("compliance", "report", "--campaign", "spring", expect=Exit.NOT_FOUND).err
    assert "no receipt" in terminal("compliance", "verify", "--campaign", "spring", expect=Exit.NOT_FOUND).err


def test_a_report_and_its_proof(spring: Terminal) -> None:
    report = spring.json("compliance", "report", "--campaign", "spring")
    assert (report["dials"], report["refusals"], report["refused_by"]) == (1, 1, {"hours": 1})
    assert (report["answered"], report["dropped"], report["drop_share"]) == (2, 1, 0.5)
    assert [(one["days"], one["share_max"]) for one in report["limits"]] == [(30.0, 0.03)]
    assert report["whole"]
    assert "66.67%" in spring("compliance", "report", "--campaign", "spring", "--days", "60").out
    rows = list(csv.DictReader(io.StringIO(spring("compliance", "report", "--campaign", "spring", "--csv").out)))
    assert [row["kind"] for row in rows] == ["dial", "refusal", "outcome", "outcome"]
    assert rows[0]["number"] == "'+12125551234"
    assert rows[1]["previous"] == rows[0]["hash"]
    [proof] = spring.json("compliance", "verify", "--campaign", "spring")["chains"]
    assert proof["flaws"] == []
    assert spring.json("compliance", "verify", "--campaign", "spring", "--head", proof["head"])["whole"]
    other = spring("compliance", "verify", "--campaign", "spring", "--head", "ab12", expect=Exit.PROBLEMS).out
    assert "spring: no receipt has the hash ab12" in other
    assert "--campaign NAME" in spring("compliance", "verify", "--head", "ab12", expect=Exit.USAGE).err


def test_a_regulator_needs_nothing_of_ours_but_the_page_that_says_how(spring: Terminal) -> None:
    """The program of docs/leads.md, on what `report --csv` writes, and on the same with a word changed."""
    page = (Path(__file__).parents[2] / "docs" / "leads.md").read_text(encoding="utf-8")
    [program] = [one.partition("```")[0] for one in page.split("```python\n")[1:]]
    written = spring("compliance", "report", "--campaign", "spring", "--days", "60", "--csv").out

    def checked(text: str) -> subprocess.CompletedProcess[str]:
        (spring.folder / "spring.csv").write_text(text, encoding="utf-8")
        argv = [sys.executable, "-I", "-c", program]
        return subprocess.run(argv, cwd=spring.folder, capture_output=True, text=True, check=False)

    told = spring.json("compliance", "report", "--campaign", "spring", "--days", "60")
    whole = checked(written)
    assert f"{told['dropped']} of {told['answered']} live answers" in whole.stdout, whole.stderr
    assert told["head"] in whole.stdout
    assert "receipt 5 is not" in checked(written.replace("hours", "haurs", 1)).stderr
    lines = written.splitlines(keepends=True)
    assert "receipt 4 is not" in checked("".join(lines[:3] + lines[4:])).stderr, "the third was left out"


def test_a_receipt_that_was_changed_is_told(forged: Terminal) -> None:
    told = forged.json("compliance", "verify", expect=Exit.PROBLEMS)
    assert [flaw["seq"] for flaw in told["chains"][0]["flaws"]] == [4]
    assert "was edited" in forged("compliance", "verify", expect=Exit.PROBLEMS).out
    assert not forged.json("compliance", "report", "--campaign", "spring")["whole"]


# -- the texts that receipts name --------------------------------------------------------------------------------------


def test_the_text_by_which_a_receipt_was_judged_is_printed_as_it_was(spring: Terminal) -> None:
    assert spring("compliance", "text", DIGEST[:8]).out == OF_LAST_YEAR
    [told] = spring.json("compliance", "text", "--campaign", "spring", "--receipt", "4")["texts"]
    assert (told["pack"], told["version"], told["digest"], told["text"]) == ("us", "2025-01-01", DIGEST, OF_LAST_YEAR)
    assert DIGEST in spring("compliance", "text").out
    assert "no text beef" in spring("compliance", "text", "beef", expect=Exit.NOT_FOUND).err
    of_outcome = spring("compliance", "text", "--campaign", "spring", "--receipt", "6", expect=Exit.NOT_FOUND)
    assert "is of an outcome" in of_outcome.err
    assert (
        "no receipt 99"
        in spring("compliance", "text", "--campaign", "spring", "--receipt", "99", expect=Exit.NOT_FOUND).err
    )
    assert "go together" in spring("compliance", "text", "--receipt", "4", expect=Exit.USAGE).err


def test_a_report_for_a_regulator_brings_the_texts_along(spring: Terminal) -> None:
    folder = spring.folder / "proof"
    spring.json("compliance", "report", "--campaign", "spring", "--texts", str(folder))
    [file] = folder.iterdir()
    assert file.name == f"us-2025-01-01.{DIGEST}.yaml"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == DIGEST


@pytest.fixture
async def without_text(spring: Terminal, pool: Pool) -> Terminal:
    """The same, after somebody has taken the text away by force."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await pool.execute("DELETE FROM law_text")
    await pool.execute("ALTER TABLE law_text DISABLE TRIGGER ALL")
    await pool.execute("DELETE FROM law_text")
    return spring


@pytest.fixture
async def with_another(without_text: Terminal, pool: Pool) -> Terminal:
    """And has put another in its place."""
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("INSERT INTO law_text (digest, pack, text) VALUES ($1, 'us', 'title: x')", DIGEST)
    await pool.execute("ALTER TABLE law_text DROP CONSTRAINT law_text_check")
    await pool.execute("INSERT INTO law_text (digest, pack, text) VALUES ($1, 'us', 'title: x')", DIGEST)
    return without_text


def test_a_text_that_is_missing_is_told(without_text: Terminal) -> None:
    [chain] = without_text.json("compliance", "verify", expect=Exit.PROBLEMS)["chains"]
    assert [flaw["seq"] for flaw in chain["flaws"]] == [1], "by the first receipt that names it"
    assert "the text of its pack us 2025-01-01 is not kept" in chain["flaws"][0]["what"]
    listed = without_text("compliance", "text", "--campaign", "spring", "--receipt", "4").out
    assert "NOT KEPT" in listed
    gone = without_text("compliance", "text", DIGEST, "--campaign", "spring", "--receipt", "4", expect=Exit.NOT_FOUND)
    assert "is not kept" in gone.err
    found = without_text.write(OF_LAST_YEAR, "us.yaml")
    [put] = without_text.json("compliance", "text", "--keep", str(found))["texts"]
    assert (put["pack"], put["digest"]) == ("us", DIGEST)
    assert without_text.json("compliance", "verify")["whole"]
    assert (
        "no pack of law"
        in without_text(
            "compliance", "text", "--keep", str(without_text.write("hello", "x.yaml")), expect=Exit.USAGE
        ).err
    )


def test_a_text_that_was_exchanged_is_told(with_another: Terminal) -> None:
    [chain] = with_another.json("compliance", "verify", expect=Exit.PROBLEMS)["chains"]
    assert "the text that is kept as its pack us 2025-01-01 is another" in chain["flaws"][0]["what"]
