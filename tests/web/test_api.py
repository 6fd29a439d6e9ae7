"""The API as programs meet it: over a real socket, on a real Postgres."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callcenter.errors import OutcomeUnknown, PeerUnavailable
from callcenter.model.events import HangUpRequested
from callcenter.model.rights import Area, Right
from callcenter.postgres.audit import Audit
from callcenter.postgres.pool import Pool
from callcenter.postgres.tokens import Tokens
from callcenter.web.api.door import BODY_BYTES_MAX, Listen
from callcenter.web.api.routes import ROUTES
from callcenter.web.api.turn import STRANGERS_BURST, Rates
from callcenter.web.views import ApplyWish
from tests.core.center import queue
from tests.web.office import Office, ToldCenter, office

OFTEN = Rates(requests_per_s=1e6, requests_burst=10**9, strangers_per_s=1e6, strangers_burst=10**9)


@pytest.fixture
async def api(pool: Pool) -> AsyncIterator[Office]:
    """A center with a queue, an agent at work and a caller who waits."""
    story = ToldCenter(queue("sales", "sales"), queue("support"))
    story.agent("ann", sales=3)
    async with office(pool, story) as made:
        yield made


def problem(found: Any, kind: str) -> str:
    """A problem's words; it must be one of the kind."""
    assert found.headers["Content-Type"].startswith("application/problem+json")
    told = found.json
    assert told["type"] == f"/api/problems#{kind}"
    assert told["status"] == found.status
    return str(told.get("detail", ""))


# -- who ---------------------------------------------------------------------------------------------------------------


async def test_nobody_asks_without_a_token_and_what_it_is_for(api: Office) -> None:
    nobody = await api.asks("GET", "/queues", token="")
    assert (nobody.status, nobody.headers["WWW-Authenticate"]) == (401, 'Bearer realm="callcenter"')
    problem(nobody, "unauthorized")
    assert (await api.asks("GET", "/queues", token="cc_wrong")).status == 401
    reader = await api.makes_token("reader", "queues:read")
    assert (await api.asks("GET", "/queues", token=reader)).status == 200
    for method, path in (("GET", "/agents"), ("POST", "/queues/sales/drain")):
        assert "scope" in problem(await api.asks(method, path, token=reader), "forbidden")
    assert api.running.asked == []


async def test_each_route_is_closed_to_every_scope_but_its_own(pool: Pool) -> None:
    async with office(pool, listen=Listen(rates=OFTEN)) as made:
        others = {
            area: await made.makes_token(f"not-{area}", *(f"{one}:write" for one in Area if one is not area))
            for area in Area
        }
        readers = {area: await made.makes_token(f"reads-{area}", f"{area}:read") for area in Area}
        for route in ROUTES:
            path = re.sub(r"\{[a-z_]+\}", "x", route.path)
            tokens = [others[route.area], *([readers[route.area]] if route.right is Right.WRITE else [])]
            for token in tokens:
                found = await made.asks(route.method, path, token=token)
                assert found.status == 403, f"{route.method} {path}: {found.body!r}"
        assert made.running.asked == []


async def test_a_revoked_token_opens_nothing_any_more(api: Office) -> None:
    token = await api.makes_token("crm", "queues:read")
    assert (await api.asks("GET", "/queues", token=token)).status == 200
    await Tokens(api.pool).revoke("crm", by="me")
    assert (await api.asks("GET", "/queues", token=token)).status == 401


async def test_who_guesses_is_kept_waiting(api: Office) -> None:
    assert (await api.asks("GET", "/queues")).status == 200
    answers = [await api.asks("GET", "/queues", token=f"cc_{n}") for n in range(STRANGERS_BURST + 1)]
    assert [one.status for one in answers[:-1]] == [401] * STRANGERS_BURST
    problem(answers[-1], "too-many")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert (await api.asks("GET", "/queues")).status == 200, "whose token was good before is not kept out by them"
    assert (await api.asks("GET", "/queues", token="")).status == 401
    assert (await api.asks("GET", "/queues", token="no token at all")).status == 401


async def test_a_token_that_is_good_no_more_is_kept_waiting_like_any_other(api: Office) -> None:
    token = await api.makes_token("crm", "queues:read")
    assert (await api.asks("GET", "/queues", token=token)).status == 200
    await Tokens(api.pool).revoke("crm", by="me")
    answers = [await api.asks("GET", "/queues", token=token) for _ in range(STRANGERS_BURST + 1)]
    assert [one.status for one in answers] == [401] * STRANGERS_BURST + [429]


async def test_a_token_of_one_queue_sees_that_queue_only(api: Office) -> None:
    story = api.running.story
    ours, theirs = story.call("sales"), story.call("support")
    token = await api.makes_token("sales", "*:write", queues=("sales",))
    seen = (await api.asks("GET", "/calls/live", token=token)).json["items"]
    assert [one["id"] for one in seen] == [ours.record.id]
    assert [one["name"] for one in (await api.asks("GET", "/queues", token=token)).json["items"]] == ["sales"]
    other = theirs.record.id
    assert (await api.asks("GET", f"/calls/live/{other}", token=token)).status == 404
    assert (await api.asks("POST", f"/calls/{other}/hang-up", token=token)).status == 404
    assert (await api.asks("POST", "/queues/support/drain", {"draining": True}, token=token)).status == 403
    assert (await api.asks("GET", "/reports/summary?queue=support", token=token)).status == 403
    assert (await api.asks("GET", "/audit", token=token)).status == 403
    assert api.running.asked == []
    assert (await api.asks("POST", f"/calls/{ours.record.id}/hang-up", token=token)).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost"])
async def test_another_servers_name_is_refused(api: Office, host: str) -> None:
    found = await api.asks("GET", "/queues", Host=host.format(port=api.door.port))
    problem(found, "misdirected")


async def test_another_sites_page_may_not_ask(api: Office) -> None:
    for origin in ("https://evil.example", "null", f"https://127.0.0.1:{api.door.port}"):
        problem(await api.asks("GET", "/queues", Origin=origin), "forbidden")
    assert (await api.asks("GET", "/queues", Origin=f"http://127.0.0.1:{api.door.port}")).status == 200


async def test_names_and_origins_of_the_settings_are_let_in(pool: Pool) -> None:
    listen = Listen(names=("pbx.example.net",), origins=("https://desk.example.net",))
    async with office(pool, listen=listen) as made:
        found = await made.asks("GET", "/queues", Host="pbx.example.net", Origin="https://desk.example.net")
        assert found.status == 200


# -- commands ----------------------------------------------------------------------------------------------------------


async def test_a_command_is_an_event_with_the_name_of_who_asked_and_is_audited(api: Office) -> None:
    call = api.running.story.call("support")
    found = await api.asks("POST", f"/calls/{call.record.id}/hang-up")
    assert found.status == 200
    event = api.running.asked[-1]
    assert isinstance(event, HangUpRequested)
    assert (event.contact, event.by, event.request) == (call.id, "token:all", found.json["request"])
    assert not call.is_live
    acts = await Audit(api.pool).entries(time.time() - 60, time.time() + 60)
    assert [(one.who, one.via, one.act, one.subject, one.outcome) for one in acts] == [
        ("token:all", "api", "calls hang-up", call.id, "done")
    ]


async def test_the_engines_words_are_the_detail_and_what_is_not_there_is_404(api: Office) -> None:
    found = await api.asks("POST", "/calls/c-nobody-1/hang-up")
    assert problem(found, "not-found") == "there is no live call c-nobody-1"
    assert found.json["instance"] == "/api/calls/c-nobody-1/hang-up"
    refused = await api.asks("POST", "/agents/ann/wrap-up", {})
    assert problem(refused, "refused")
    acts = await Audit(api.pool).entries(time.time() - 60, time.time() + 60)
    assert [one.outcome for one in acts] == ["refused", "refused"]
    assert acts[0].detail == refused.json["detail"]


async def test_every_mistake_of_a_body_is_told_with_its_place(api: Office) -> None:
    found = await api.asks("POST", "/callbacks", {"queue": 7, "number": "x" * 2000, "until": "tomorrow", "quue": 1})
    problem(found, "invalid")
    assert {one["pointer"] for one in found.json["errors"]} == {"/queue", "/number", "/until", "/quue"}
    assert problem(await api.asks("POST", "/callbacks", b"{"), "bad-request").startswith("the body is not JSON")
    problem(await api.asks("POST", "/callbacks", {}, Content_Type="text/plain"), "unsupported-media-type")
    problem(await api.asks("POST", "/callbacks", b" " * (BODY_BYTES_MAX + 1)), "too-large")
    wrong = await api.asks("GET", "/calls?limit=0&sort=caller")
    assert {one["parameter"] for one in wrong.json["errors"]} == {"limit", "sort"}
    problem(await api.asks("GET", "/calls?cursor=Zm9v"), "invalid")
    problem(await api.asks("GET", "/calls?limit=1&limit=2"), "invalid")
    assert api.running.asked == []


async def test_what_does_not_answer_is_not_a_fault_of_ours(api: Office) -> None:
    for fault, kind in (
        (PeerUnavailable("Postgres is away"), "unavailable"),
        (OutcomeUnknown("gone"), "late"),
        (TimeoutError(), "late"),
    ):
        api.running.fault = fault
        problem(await api.asks("POST", "/queues/sales/drain", {"draining": True}), kind)
    acts = await Audit(api.pool).entries(time.time() - 60, time.time() + 60)
    assert [one.outcome for one in acts] == ["failed"] * 3


async def test_places_that_are_none(api: Office) -> None:
    problem(await api.asks("GET", "/nothing"), "not-found")
    found = await api.asks("DELETE", "/queues")
    assert problem(found, "method-not-allowed")
    assert "GET" in found.headers["Allow"]
    found = await api.asks("GET", "/customers/import")
    assert (found.status, found.headers.get("Allow")) == (404, None), "a customer of that name is asked for"
    found = await api.asks("PUT", "/customers/import")
    assert (found.status, found.headers["Allow"]) == (405, "POST")


# -- the same again ----------------------------------------------------------------------------------------------------


async def test_a_key_does_it_once_and_gives_the_same_answer_again(api: Office) -> None:
    body = {"draining": True}
    first = await api.asks("POST", "/queues/sales/drain", body, Idempotency_Key="k1")
    again = await api.asks("POST", "/queues/sales/drain", body, Idempotency_Key="k1")
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.running.asked) == 1
    other = await api.asks("POST", "/queues/sales/drain", {"draining": False}, Idempotency_Key="k1")
    problem(other, "key-used-otherwise")
    assert other.status == 409
    token = await api.makes_token("other", "queues:write")
    assert (await api.asks("POST", "/queues/sales/drain", body, token=token, Idempotency_Key="k1")).status == 200
    assert len(api.running.asked) == 2


async def test_of_many_at_once_one_does_it(api: Office) -> None:
    many = await asyncio.gather(
        *(api.asks("POST", "/queues/sales/drain", {"draining": True}, Idempotency_Key="k2") for _ in range(20))
    )
    assert {(one.status, one.body) for one in many} == {(200, many[0].body)}
    assert len(api.running.asked) == 1


async def test_a_refusal_is_kept_too_and_an_answer_survives_a_restart(api: Office) -> None:
    first = await api.asks("POST", "/calls/c-nobody-1/hang-up", Idempotency_Key="k3")
    async with office_again(api) as after:
        again = await after.asks("POST", "/calls/c-nobody-1/hang-up", Idempotency_Key="k3")
        assert (again.status, again.body, again.headers["Content-Type"]) == (
            404,
            first.body,
            first.headers["Content-Type"],
        )
        assert after.running.asked == []


async def test_nobody_does_again_what_may_have_been_done_when_the_center_died(api: Office) -> None:
    key = b"POST\n/api/calls/c-nobody-1/hang-up\n"
    await api.pool.execute("INSERT INTO api_answer (owner, key, digest) VALUES ('all', 'k5', sha256($1))", key)
    problem(await api.asks("POST", "/calls/c-nobody-1/hang-up", Idempotency_Key="k5"), "outcome-unknown")
    assert api.running.asked == []


async def test_a_key_is_given_back_when_nothing_was_begun(api: Office) -> None:
    api.running.fault = PeerUnavailable("away")
    assert (await api.asks("POST", "/queues/sales/drain", {"draining": True}, Idempotency_Key="k6")).status == 503
    api.running.fault = None
    assert (await api.asks("POST", "/queues/sales/drain", {"draining": True}, Idempotency_Key="k6")).status == 200


@asynccontextmanager
async def office_again(api: Office) -> AsyncIterator[Office]:
    """The same center after a restart of its program: another listener, the same database, the same token."""
    async with office(api.pool, api.running.story, name="later") as after:
        after.token = api.token
        yield after


# -- people and the past -----------------------------------------------------------------------------------------------


async def test_an_agent_is_taken_in_changed_and_taken_out(api: Office) -> None:
    made = await api.asks("POST", "/agents", {"agent": "eve", "number": "1009", "skills": {"sales": 3}})
    assert (made.status, made.json["skills"], made.json["warning"]) == (201, {"sales": 3}, "")
    assert b"secret" not in made.body
    nailed = await api.asks("PATCH", "/agents/eve", {"phone": {"nailed": True}})
    assert nailed.json["phone"] == {"nailed": True, "confirm": False, "auto_answer": False, "outside": ""}
    both = await api.asks("PATCH", "/agents/eve", {"phone": {"confirm": True}})
    assert both.json["phone"] == {"nailed": True, "confirm": True, "auto_answer": False, "outside": ""}
    problem(await api.asks("PATCH", "/agents/eve", {"phone": {"nailed": "maybe"}}), "invalid")
    at_home = await api.asks("PATCH", "/agents/eve", {"phone": {"nailed": False, "outside": "0901234567"}})
    assert at_home.json["phone"]["outside"] == "0901234567"
    problem(await api.asks("PATCH", "/agents/eve", {"phone": {"outside": "anywhere"}}), "invalid")
    changed = await api.asks("PATCH", "/agents/eve", {"name": "Eve"})
    assert changed.json["name"] == "Eve"
    assert changed.json["skills"] == {"sales": 3}
    problem(await api.asks("POST", "/agents", {"agent": "eve", "number": "1010"}), "refused")
    problem(await api.asks("PATCH", "/agents/nobody", {}), "not-found")
    assert (await api.asks("DELETE", "/agents/eve")).status == 200
    problem(await api.asks("DELETE", "/agents/eve"), "not-found")
    assert api.running.reloads == 6


async def test_a_configuration_is_applied_if_it_is_still_the_one_that_was_looked_at(api: Office) -> None:
    assert (await api.asks("GET", "/configuration")).json["version"] == 3
    problem(await api.asks("POST", "/configuration/apply", {}, If_Match='"2"'), "changed-meanwhile")
    done = await api.asks("POST", "/configuration/apply", {"message": "more"}, If_Match='"3"')
    assert (done.status, done.json["version"]) == (200, 4)
    assert api.versions.wished == [ApplyWish(folder="/etc/center", message="more", by="token:all")]
    refused = await api.asks("POST", "/configuration/rollback", {"version": 99})
    assert "there is no such version" in problem(refused, "refused")


async def test_pages_join_without_gap_or_overlap(api: Office) -> None:
    rows = [(f"c-test-{n}", "sales" if n % 2 else "support", 1_700_000_000.0 + n // 3) for n in range(25)]
    await api.pool.executemany(
        "INSERT INTO contact (id, medium, direction, caller, caller_name, dialled, began, queue, "
        "flow_s, wait_s, talk_s, forward_s, why, offers, missed, language) "
        "VALUES ($1, 'voice', 'inbound', '0900', '', '1900', to_timestamp($3), $2, 0, 0, 0, 0, '', 0, 0, '')",
        rows,
    )
    seen: list[str] = []
    path = "/calls?since=2023-11-14T00:00:00Z&until=2023-11-16T00:00:00%2B07:00&limit=4"
    cursor = ""
    while True:
        page = (await api.asks("GET", path + cursor)).json
        seen += [one["contact"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [id_ for id_, _, _ in sorted(rows, key=lambda row: (row[2], row[0]), reverse=True)]
    token = await api.makes_token("sales", "calls:read", queues=("sales",))
    ours = (await api.asks("GET", path.replace("limit=4", "limit=100"), token=token)).json["items"]
    assert len(ours) == 12
    assert ours[0]["began"].endswith("Z")
    assert (await api.asks("GET", "/calls/c-test-0", token=token)).status == 404
    assert (await api.asks("GET", "/calls/c-test-1", token=token)).json["queue"] == "sales"


async def test_the_document_and_the_page_are_there_for_everybody(api: Office) -> None:
    document = (await api.asks("GET", "/openapi.json", token="")).json
    assert document["openapi"].startswith("3.1")
    page = await api.asks("GET", "/docs", token="")
    assert b"/api/calls/{contact}/hang-up" in page.body
    assert "script" not in page.headers["Content-Security-Policy"]
