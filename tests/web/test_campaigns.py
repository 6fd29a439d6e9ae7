"""Leads, campaigns and the law over the API: what the command line does, with the same outcome."""

import csv
import time
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from callcenter.config.law import shipped_packs
from callcenter.model.campaign import Campaign
from callcenter.model.ids import QueueName
from callcenter.model.lead import CampaignName, ListOfLeads
from callcenter.model.receipt import Receipt, ReceiptKind
from callcenter.postgres.law_texts import keep
from callcenter.postgres.pool import Pool, changing
from callcenter.postgres.receipts import append
from callcenter.web.api.upload import XLSX
from tests.core.center import queue
from tests.postgres.lead_story import add_attempts
from tests.web.office import Came, Office, ToldCenter, office

SPRING = Campaign(name=CampaignName("spring"), queue=QueueName("sales"), law=("vn",), lists={ListOfLeads("first"): 1})
FILE = b"name,phone,city\nLan,0901234567,Hanoi\nMinh,0901234567,Hue\nBa,nonsense,Hue\nAnh,0901234568,=1+1\n"


@pytest.fixture
async def sales(pool: Pool) -> AsyncIterator[Office]:
    """A center with one campaign."""
    story = ToldCenter(queue("sales"), queue("support"), campaigns=(SPRING,))
    async with office(pool, story) as made:
        made.running.changes["law"] = shipped_packs()
        yield made


async def ended(made: Office, begun: Came, where: str) -> Any:
    """What came of a run."""
    assert begun.status == 202, begun.body
    await made.runs.ended(begun.json["id"])
    return (await made.asks("GET", f"/{where}/runs/{begun.json['id']}")).json


def workbook() -> bytes:
    """The same rows as XLSX."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in csv.reader(FILE.decode().splitlines()):
        sheet.append(row)
    made = BytesIO()
    book.save(made)
    return made.getvalue()


async def test_lists_are_imported_row_by_row_from_both_kinds_of_files(sales: Office) -> None:
    path = "/leads/import?list=first&region=VN"
    once = await ended(sales, await sales.asks("POST", path, FILE, Content_Type="text/csv"), "leads")
    result = once["result"]
    counts = [result[name] for name in ("rows", "leads", "refused", "duplicates")]
    assert (once["state"], counts) == ("done", [4, 2, 1, 1])
    assert [one["line"] for one in result["errors"]] == [4, 3]
    again = await ended(sales, await sales.asks("POST", path, workbook(), Content_Type=XLSX), "leads")
    assert (again["result"]["leads"], again["result"]["duplicates"]) == (0, 3)
    assert [one["name"] for one in (await sales.asks("GET", "/leads")).json["items"]] == ["first"]
    assert (await sales.asks("GET", "/leads/first")).json["states"] == {"ready": 2}
    assert (await sales.asks("GET", "/leads/none")).status == 404
    report = (await sales.asks("GET", "/campaigns/spring/report")).json
    assert (report["hours"], report["lists"][0]["leads"]) == ([], 2)

    for strange, body, kind, status in (
        ("/leads/import?list=first&region=XX", FILE, "text/csv", 422),
        ("/leads/import?region=VN", FILE, "text/csv", 422),
        (path, b"name,city\nLan,Hue\n", "text/csv", 422),
        (path, b"not a workbook", XLSX, 422),
        (path, FILE, "application/json", 415),
    ):
        assert (await sales.asks("POST", strange, body, Content_Type=kind)).status == status
    some = await sales.makes_token("some", queues=("support",))
    assert (await sales.asks("GET", "/campaigns/spring/report", token=some)).status == 404
    assert (await sales.asks("POST", "/campaigns/spring/start", token=some)).status == 403
    assert (await sales.asks("GET", "/leads", token=some)).status == 403
    assert (await sales.asks("DELETE", "/leads/first", token=some)).status == 403
    await sales.pool.execute("UPDATE lead SET state = 'claimed', claimed_by = 'd'")
    assert (await sales.asks("DELETE", "/leads/first")).status == 409
    await sales.pool.execute("UPDATE lead SET state = 'ready', claimed_by = NULL")
    assert (await sales.asks("DELETE", "/leads/first")).json == {"list": "first", "removed": 2, "kept": 0}
    assert (await sales.asks("DELETE", "/leads/first")).status == 404


async def test_receipts_are_summed_given_out_and_proven(sales: Office) -> None:
    def receipt(kind: ReceiptKind, attempt: str, outcome: str = "") -> Receipt:
        dropped = outcome == "dropped"
        return Receipt(
            kind=kind,
            at=time.time() - 60,
            campaign="spring",
            number="+84901234567",
            attempt=attempt,
            outcome=outcome,
            by_a_person=bool(outcome),
            dropped=dropped,
        )

    assert (await sales.asks("GET", "/compliance/report?campaign=spring")).status == 404
    told = [
        receipt(ReceiptKind.DIAL, "l-1"),
        receipt(ReceiptKind.OUTCOME, "l-1", "answered"),
        receipt(ReceiptKind.DIAL, "l-2"),
        receipt(ReceiptKind.OUTCOME, "l-2", "dropped"),
    ]
    async with changing(sales.pool) as connection:
        await append(connection, "spring", told)
    await add_attempts(sales.pool, {"l-1": "answered", "l-2": "dropped"})
    report = (await sales.asks("GET", "/compliance/report?campaign=spring")).json
    assert (report["dials"], report["answered"], report["drop_share"], report["whole"]) == (2, 2, 0.5, True)
    given = await sales.asks("GET", "/compliance/receipts?campaign=spring")
    rows = list(csv.DictReader(given.body.decode().splitlines()))
    number = "'+84901234567"
    assert [(one["kind"], one["number"]) for one in rows] == [
        ("dial", number),
        ("outcome", number),
        ("dial", number),
        ("outcome", number),
    ]
    proof = await ended(sales, await sales.asks("POST", "/compliance/verify", {}), "compliance")
    assert (proof["whole"], proof["chains"][0]["receipts"]) == (True, 4)
    kept = {"campaign": "spring", "head": proof["chains"][0]["head"]}
    proof = await ended(sales, await sales.asks("POST", "/compliance/verify", kept), "compliance")
    assert proof["whole"]
    assert (await sales.asks("POST", "/compliance/verify", {"head": kept["head"]})).status == 422
    async with changing(sales.pool) as connection:
        await connection.execute("ALTER TABLE receipt DISABLE TRIGGER ALL")
        await connection.execute("UPDATE receipt SET body = replace(body, '4567', '4568') WHERE seq = 2")
    proof = await ended(sales, await sales.asks("POST", "/compliance/verify", {"campaign": "spring"}), "compliance")
    assert (proof["whole"], [one["seq"] for one in proof["chains"][0]["flaws"]]) == (False, [2])
    packs = (await sales.asks("GET", "/compliance/packs")).json["items"]
    us = shipped_packs()["us"]
    assert (await sales.asks("GET", f"/compliance/texts/{us.digest}")).status == 404
    await keep(sales.pool, [us])
    assert (await sales.asks("GET", f"/compliance/texts/{us.digest}")).json["text"] == us.text
    assert {"us", "vn"} <= {one["name"] for one in packs}


async def test_who_will_not_be_called_and_may_this_number_be_dialled(sales: Office) -> None:
    async def check() -> dict[str, bool]:
        wish = {"number": "0901234567", "region": "VN", "campaign": "spring"}
        found = (await sales.asks("POST", "/compliance/check", wish)).json
        assert found["number"] == "+84901234567"
        return {one["rule"]: one["held"] for one in found["findings"]}

    assert (await sales.asks("POST", "/compliance/check", {"number": "x", "campaign": "spring"})).status == 422
    assert (await sales.asks("POST", "/compliance/check", {"number": "0901234567", "campaign": "none"})).status == 404
    before = await check()
    stop = {"number": "+84 901 234 567", "reason": "by mail"}
    assert (await sales.asks("POST", "/do-not-call", stop)).json["number"] == "+84901234567"
    after = await check()
    assert [rule for rule in after if before.get(rule, True) and not after[rule]] == ["do_not_call"]
    assert (await sales.asks("POST", "/do-not-call/remove", {"number": "+84901234567"})).status == 200
    assert (await sales.asks("POST", "/do-not-call/remove", {"number": "+84901234567"})).status == 404
    agreed = {"number": "+84901234567", "kind": "written", "proof": "form 7"}
    assert (await sales.asks("POST", "/do-not-call/agree", agreed)).status == 200
    revoked = await sales.asks("POST", "/do-not-call/revoke", {"number": "+84901234567"})
    assert "1 consents" in revoked.json["done"]

    load = "/do-not-call/load?name=vn_do_not_call&version=1&as_of=2026-01-01T00:00:00Z"
    lines = b"+84901234567 # Lan\n+8490*\n"
    assert (
        (await sales.asks("POST", load, lines + b"abc\n", Content_Type="text/plain"))
        .json["errors"][0]["detail"]
        .startswith("file:3")
    )
    assert (await sales.asks("POST", load, lines, Content_Type="text/plain")).json["entries"] == 2
    listed = (await sales.asks("GET", "/do-not-call")).json["items"]
    assert [(one["entries"], one["live"]) for one in listed if one["register"] == "vn_do_not_call"] == [(2, True)]
