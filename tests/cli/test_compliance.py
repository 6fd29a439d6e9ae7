"""`callcenter compliance`: the packs as one sees them."""

import csv
import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.model.law import Finding, RuleKind
from callcenter.model.receipt import PackStamp, Receipt, ReceiptKind
from callcenter.postgres.pool import Pool, changing
from callcenter.postgres.receipts import append
from tests.cli.terminal import Terminal
from tests.postgres.lead_story import add_attempts


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


PACKS = (PackStamp(pack="us", version="1", digest="d" * 64),)
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
