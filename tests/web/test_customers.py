"""Customers, webhooks and privacy over the API: what the command line does, with the same outcome."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from callcenter.customers.numbers import prefixes
from callcenter.model.agent import Agent
from callcenter.model.customer import CustomerRules
from callcenter.model.form_field import FieldType, FormField
from callcenter.model.ids import AgentId, ContactId, FlowName
from callcenter.postgres.audit import Audit
from callcenter.postgres.directory import Directory
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from tests.core.center import queue
from tests.postgres.story import T0, answered_call
from tests.web.office import Came, Office, ToldCenter, office

LAN, HOTLINE = "+84901111111", "+842471001900"
RULES: dict[str, Any] = {
    "numbering": prefixes("VN"),
    "customers": CustomerRules(fields={"tier": FormField(type=FieldType.CHOICE, options=("gold", "silver"))}),
    "numbers": {HOTLINE: FlowName("hello")},
    "lookup_hosts": ("127.0.0.1:9",),
}


@pytest.fixture
async def desk(pool: Pool) -> AsyncIterator[Office]:
    """A center in Viet Nam whose customers have a field of their own."""
    async with office(pool, ToldCenter(queue("sales"), queue("support"))) as made:
        made.running.changes |= RULES
        yield made


async def ended(made: Office, begun: Came, where: str) -> Any:
    """What came of a run."""
    assert begun.status == 202, begun.body
    await made.runs.ended(begun.json["id"])
    return (await made.asks("GET", f"/{where}/runs/{begun.json['id']}")).json


async def test_a_customer_from_being_entered_to_being_taken_out(desk: Office) -> None:
    lan = {"name": "Lan", "numbers": ["0901 111 111"], "tags": ["gold"], "fields": {"tier": "gold"}, "note": "tea"}
    made = await desk.asks("POST", "/customers", lan, Idempotency_Key="k1")
    assert made.status == 201, made.body
    assert (await desk.asks("POST", "/customers", lan, Idempotency_Key="k1")).json == made.json
    found = (await desk.asks("GET", f"/customers/{LAN}")).json["customer"]
    assert (found["id"], found["numbers"], found["fields"]) == (made.json["customer"], [LAN], {"tier": "gold"})
    assert [(one["by"], one["text"]) for one in found["notes"]] == [("token:all", "tea")]

    for wrong, status in (
        ({"name": "x"}, 422),
        ({"numbers": ["abc"]}, 422),
        ({"numbers": ["0905555555"], "fields": {"tier": "tin"}}, 422),
        ({"numbers": [LAN]}, 409),
        ({"numbers": ["0905555555"], "language": "Klingon!"}, 422),
    ):
        assert (await desk.asks("POST", "/customers", wrong)).status == status
    change = {"vip": True, "do_not_call": True, "source": "by mail", "without_tags": ["gold"], "fields": {"tier": ""}}
    assert (await desk.asks("PATCH", "/customers/0901111111", change)).status == 200
    sheet = (await desk.asks("GET", "/customers/0901111111")).json
    marks = desk.running.story.engine.world.marks.listed()
    assert [(one.vip, one.do_not_call) for one in marks if one.number == LAN] == [(True, True)]
    call = desk.running.story.call("sales", caller="0901111111")
    screen = (await desk.asks("GET", f"/calls/{call.id}/screen")).json
    assert (screen["number"], screen["customer"]["name"], screen["queue"]) == (LAN, "Lan", "sales")
    assert (sheet["customer"]["vip"], sheet["customer"]["tags"], sheet["customer"]["fields"]) == (True, [], {})
    assert sheet["customer"]["do_not_call_source"] == "by mail"
    assert [one["by"] for one in sheet["changes"]] == ["token:all", "token:all"]
    assert (await desk.asks("POST", "/customers/0901111111/notes", {"text": "calls late"})).status == 200

    other = (await desk.asks("POST", "/customers", {"reference": "crm-7", "name": "Lan N."})).json["customer"]
    first = (await desk.asks("GET", "/customers?limit=1")).json
    rest = (await desk.asks("GET", f"/customers?limit=1&cursor={first['next']}")).json
    assert [one["id"] for one in (*first["items"], *rest["items"])] == [made.json["customer"], other]
    assert [one["name"] for one in (await desk.asks("GET", "/customers?vip=true")).json["items"]] == ["Lan"]
    assert (await desk.asks("POST", f"/customers/{other}/merge", {"other": LAN})).status == 200
    assert (await desk.asks("GET", f"/customers/{LAN}")).json["customer"]["reference"] == "crm-7"
    assert (await desk.asks("DELETE", f"/customers/{other}")).status == 200
    assert (await desk.asks("GET", f"/customers/{other}")).status == 404
    some = await desk.makes_token("some", queues=("sales",))
    for path in ("/customers", "/customers/export"):
        assert (await desk.asks("GET", path, token=some)).status == 403


async def test_a_file_is_imported_row_by_row_with_its_errors_and_comes_out_again(desk: Office) -> None:
    csv = "Số,name,tier,vip\n0901111111,Lan,gold,yes\n0902222222,Bao,tin,no\nabc,Chi,,\n".encode()
    upload = {"Content_Type": "text/csv"}
    strange = await desk.asks("POST", "/customers/import", csv, **upload)
    assert strange.status == 422
    assert "/" not in strange.json["errors"][0]["detail"].split(":")[0]
    path = "/customers/import?map=S%E1%BB%91=number"
    dry = await ended(desk, await desk.asks("POST", f"{path}&dry_run=true", csv, **upload), "customers")
    assert (dry["state"], dry["result"]["added"], dry["result"]["dry_run"]) == ("done", 1, True)
    assert (await desk.asks("GET", "/customers")).json["items"] == []
    once = await desk.asks("POST", path, csv, Idempotency_Key="i1", **upload)
    done = await ended(desk, once, "customers")
    assert (done["result"]["rows"], done["result"]["added"], done["result"]["refused"]) == (3, 1, 2)
    assert [(one["line"], one["column"]) for one in done["result"]["errors"]] == [(3, "tier"), (4, "Số")]
    assert (await desk.asks("POST", path, csv, Idempotency_Key="i1", **upload)).json == once.json
    assert (await desk.asks("POST", path, csv + b"\n", Idempotency_Key="i1", **upload)).status == 409
    assert (await desk.asks("POST", path, {})).status == 415
    given = await desk.asks("GET", "/customers/export")
    assert given.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert given.body.decode().splitlines()[1].startswith(",Lan,,'+84901111111")
    assert [one.act for one in await Audit(desk.pool).entries(0, 2e9, who="token:all", act="customers import run")] == [
        "customers import run"
    ] * 2


async def test_webhooks_are_added_tried_told_again_and_taken_out(desk: Office) -> None:
    taken: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    hook = {"name": "crm", "url": f"http://{host}/hook", "events": ["ContactEnded"]}
    assert "lookups.yaml" in (await desk.asks("POST", "/webhooks", hook)).json["detail"]
    desk.running.changes["lookup_hosts"] = (host,)
    assert (await desk.asks("POST", "/webhooks", {**hook, "events": ["ContactEndet"]})).status == 422
    made = await desk.asks("POST", "/webhooks", hook)
    assert (made.status, made.json["secret"][:6]) == (201, "whsec_")
    [listed] = (await desk.asks("GET", "/webhooks")).json["items"]
    assert (listed["name"], listed["state"], listed["made_by"]) == ("crm", "well", "token:all")
    assert (await desk.asks("POST", "/webhooks/crm/test")).json == {"name": "crm", "taken": True, "problem": ""}
    await runner.cleanup()
    assert len(taken) == 1
    assert (await desk.asks("POST", "/webhooks/crm/test")).json["taken"] is False
    assert (await desk.asks("POST", "/webhooks/crm/replay", {"since": "2026-01-01T00:00:00Z"})).status == 409
    assert (await desk.asks("POST", "/webhooks/crm/enable")).json["done"] == "enabled"
    assert (await desk.asks("DELETE", "/webhooks/crm")).status == 200
    assert (await desk.asks("DELETE", "/webhooks/crm")).status == 404


async def test_a_person_is_given_out_and_erased_with_a_report(desk: Office, dsn: str, tmp_path: Any) -> None:
    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for told in answered_call(1, T0, caller="0901111111"):
            journal.append(*told)
        assert await journal.settled(within_s=10.0)
    await desk.pool.execute("UPDATE recording SET path = ''")  # there is no file
    await desk.pool.execute("INSERT INTO snapshot (seq, at_s, build, state) SELECT max(seq), 1, 'b', '{}' FROM journal")
    await desk.asks("POST", "/customers", {"name": "Lan", "numbers": [LAN]})
    hers = {"number": "0901 111 111"}
    assert (await desk.asks("POST", "/privacy/export", {"number": "abc"})).status == 422
    agent = Agent(id=AgentId("ann"), name="Ann", number="0901000000")
    await Directory(desk.pool).add(agent)
    for ours, why in (("024 7100 1900", "a number of this call center"), ("0901000000", "the phone of ann")):
        refused = await desk.asks("POST", "/privacy/erase", {"number": ours})
        assert (refused.status, why in str(refused.json)) == (409, True), refused.json
    found = await ended(desk, await desk.asks("POST", "/privacy/export", hers), "privacy")
    assert [one["id"] for one in found["tables"]["contact"]] == ["c-test0000-1"]
    dry = await ended(desk, await desk.asks("POST", "/privacy/erase", {**hers, "dry_run": True}), "privacy")
    assert dry["erased"][0]["rows"]["contact"] == 1
    assert (await desk.asks("GET", f"/customers/{LAN}")).status == 200
    done = await ended(desk, await desk.asks("POST", "/privacy/erase", hers), "privacy")
    assert (done["state"], done["erased"][0]["rows"]["customer"]) == ("done", 1)
    assert (await desk.asks("GET", f"/customers/{LAN}")).status == 404
    again = await ended(desk, await desk.asks("POST", "/privacy/again"), "privacy")
    assert again["state"] == "done"
    reader = await desk.makes_token("reader", "customers:write")
    assert (await desk.asks("POST", "/privacy/erase", hers, token=reader)).status == 403
    assert LAN[3:] not in str(await desk.pool.fetch("SELECT * FROM audit"))
    assert ContactId("c-test0000-1") in str(await desk.pool.fetch("SELECT id FROM contact"))
