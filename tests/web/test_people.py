"""Tokens that are somebody's: what she does is hers, and she does nothing that she could not do from her phone."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callcenter.model.agent import Agent, PhoneState, Supervision
from callcenter.model.events import AgentSaved, DispositionRequested
from callcenter.model.ids import AgentId, QueueName, Skill, Team
from callcenter.model.monitor_messages import MonitorRequested, MoveRequested
from callcenter.model.rights import Rights, parse_scopes
from callcenter.postgres.audit import Audit
from callcenter.postgres.directory import Directory
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from callcenter.postgres.tokens import Owner
from tests.core.center import Ann, Call, queue
from tests.postgres.story import T0, answered_call, in_order
from tests.web.office import Office, ToldCenter, office

SALES, SUPPORT = QueueName("sales"), QueueName("support")
OF_SALES = Supervision(queues=(SALES,))


async def works_here(pool: Pool, story: ToldCenter, name: str, number: str, supervises: Supervision | None) -> None:
    """Somebody, in the directory and in the center, at work."""
    ann = story.agent(name, at_work=False)
    skills = {} if supervises else {Skill(name): 1}
    agent = replace(ann.record.agent, number=number, supervises=supervises, skills=skills)
    assert story.ask(AgentSaved(request=story.request(), agent=agent)) == ""
    ann.phone(PhoneState.REACHABLE)
    ann.logs_in()
    await Directory(pool).add(Agent(id=agent.id, name=agent.name, number=number, supervises=supervises))


@pytest.fixture
async def floor(pool: Pool) -> Any:
    """Ann talks for sales and bob for support; boss supervises sales."""
    story = ToldCenter(queue("sales", "ann"), queue("support", "bob"))
    await works_here(pool, story, "boss", "30", OF_SALES)
    await works_here(pool, story, "ann", "31", None)
    await works_here(pool, story, "bob", "32", None)
    async with office(pool, story) as made:
        yield made


def talks(made: Office, name: str) -> Call:
    """A call that an agent has."""
    story = made.running.story
    call = story.call(name)
    [rung] = call.rung
    Ann(story, AgentId(rung)).answers()
    return call


async def hers(made: Office, agent: str, **rest: Any) -> str:
    """A token of an agent, for everything."""
    return await made.makes_token(f"desk-{agent}", owner=Owner(agent=AgentId(agent)), **rest)


async def test_a_supervisor_of_one_queue_cannot_hear_another_and_acts_in_her_own_name(floor: Office) -> None:
    ours, theirs = talks(floor, "sales"), talks(floor, "support")
    waits_here, waits_there = floor.running.story.call("sales"), floor.running.story.call("support")
    token = await hers(floor, "boss")
    listen = "/supervision/boss/monitor"

    async def asks(path: str, **said: Any) -> Any:
        return await floor.asks("POST", path, said, token=token)

    refused = await asks(listen, contact=theirs.id)
    assert (refused.status, refused.json["detail"]) == (409, "boss supervises neither support nor the team of bob")
    assert (await asks("/supervision/ann/monitor", contact=ours.id)).status == 403
    moved = await asks(f"/calls/{waits_there.id}/priority", priority=90)
    assert (moved.status, moved.json["detail"]) == (409, "boss does not supervise support")
    assert (await asks(f"/calls/{waits_here.id}/move", queue="support")).status == 409
    assert (await asks(f"/calls/{waits_here.id}/priority", priority=90, supervisor="ann")).status == 403
    assert (await asks(f"/calls/{theirs.id}/hang-up")).status == 404
    assert (await asks("/agents/bob/status", status="paused")).status == 404
    assert (await asks("/queues/support/drain", draining=True)).status == 403
    assert (await asks("/supervision/broadcast", text="Home!")).status == 409
    assert theirs.is_live

    assert (await asks(f"/calls/{waits_here.id}/priority", priority=90)).status == 200
    assert (await asks(listen, contact=ours.id)).status == 200
    event = floor.running.asked[-1]
    assert isinstance(event, MonitorRequested)
    assert (event.supervisor, event.by) == ("boss", "agent:boss")
    assert (await asks("/supervision/boss/leave")).status == 200
    seen = (await floor.asks("GET", "/calls/live", token=token)).json["items"]
    assert {one["id"] for one in seen} == {ours.id, waits_here.id}
    assert (await floor.asks("GET", "/audit", token=token)).status == 403
    now = time.time()
    acts = await Audit(floor.pool).entries(now - 60, now + 60, who="agent:boss", act="supervision monitor")
    assert [(one.via, one.subject, one.outcome) for one in acts] == [
        ("api token:desk-boss", "boss", "done"),
        ("api token:desk-boss", "ann", "refused"),
        ("api token:desk-boss", "boss", "refused"),
    ]


async def test_rights_are_those_of_this_moment_and_end_with_the_employment(floor: Office) -> None:
    theirs, people = talks(floor, "support"), Directory(floor.pool)
    token = await hers(floor, "boss")
    assert (await floor.asks("GET", f"/calls/live/{theirs.id}", token=token)).status == 404
    boss = await people.agent(AgentId("boss"))
    assert boss is not None
    await people.change(replace(boss, supervises=Supervision(queues=(SALES, SUPPORT))))
    assert (await floor.asks("GET", f"/calls/live/{theirs.id}", token=token)).status == 200
    await people.change(replace(boss, supervises=None))
    assert (await floor.asks("GET", "/calls/live", token=token)).json["items"] == []
    await people.remove(AgentId("boss"))
    assert (await floor.asks("GET", "/calls/live", token=token)).status == 401


async def test_an_agent_has_herself_and_her_own_calls(floor: Office) -> None:
    ours, theirs = talks(floor, "sales"), talks(floor, "support")
    token = await hers(floor, "ann")
    seen = (await floor.asks("GET", "/calls/live", token=token)).json["items"]
    assert [one["id"] for one in seen] == [ours.id]
    assert [one["id"] for one in (await floor.asks("GET", "/agents", token=token)).json["items"]] == ["ann"]
    for path, body, status in (
        (f"/calls/{theirs.id}/hold", {"held": True}, 404),
        ("/agents/bob/status", {"status": "paused"}, 404),
        ("/queues/sales/drain", {"draining": True}, 403),
        ("/supervision/ann/monitor", {"agent": "bob"}, 409),
        (f"/calls/{ours.id}/hold", {"held": True}, 200),
        (f"/calls/{ours.id}/hang-up", {}, 200),
        (f"/calls/{ours.id}/disposition", {"code": "none"}, 404),
        ("/agents/ann/wrap-up", {}, 409),
        ("/agents/ann/status", {"status": "paused"}, 200),
    ):
        found = await floor.asks("POST", path, body, token=token)
        assert (path, found.status) == (path, status), found.body
    judged = [one for one in floor.running.asked if isinstance(one, DispositionRequested)]
    assert [(one.agent, one.by) for one in judged] == [("ann", "agent:ann")]
    spoken = await floor.asks("POST", f"/calls/{theirs.id}/disposition", {"code": "x", "agent": "bob"}, token=token)
    assert spoken.status == 404


async def test_what_was_done_and_recorded_is_told_and_rights_are_given(floor: Office) -> None:
    ours, boss = talks(floor, "sales"), await hers(floor, "boss")
    assert (await floor.asks("POST", "/supervision/boss/monitor", {"agent": "ann"}, token=boss)).status == 200
    ann = await hers(floor, "ann")
    for token, seen in ((boss, ["boss"]), (ann, [])):  # whether she is told that she is heard is a policy
        found = (await floor.asks("GET", "/supervision", token=token)).json["items"]
        assert [one["supervisor"] for one in found] == seen
    await floor.pool.execute(
        "INSERT INTO monitoring (seq, n, monitor, supervisor, agent, contact, state, seconds, began, ended)"
        " VALUES (1, 0, 'm-1', 'boss', 'ann', $1, 'listening', 7, now(), now())",
        ours.id,
    )
    await floor.pool.execute(
        "INSERT INTO steering (seq, n, contact, queue, what, by, steered)"
        " VALUES (1, 0, 'c-1', 'sales', 'priority 9', 'agent:boss', now()),"
        " (2, 0, 'c-2', 'sales', 'x', 'cli:eve', now())"
    )
    until = "until=2200-01-01T00:00:00Z&since=2020-01-01T00:00:00Z"
    report = (await floor.asks("GET", f"/supervision/report?supervisor=boss&{until}", token=boss)).json
    assert [(one["agent"], one["state"], one["seconds"]) for one in report["heard"]] == [("ann", "listening", 7.0)]
    assert [one["what"] for one in report["steered"]] == ["priority 9"]
    assert len((await floor.asks("GET", f"/supervision/report?{until}")).json["steered"]) == 2
    assert (await floor.asks("GET", f"/supervision/report?{until}", token=boss)).status == 403
    for path in ("dispositions", "dispositions/missing", "surveys", "messages"):
        more = "&every_s=1e7" if path == "messages" else ""
        assert (await floor.asks("GET", f"/reports/{path}?since=2026-01-01T00:00:00Z{more}")).json["items"] == []
        assert (await floor.asks("GET", f"/reports/{path}?queue=support", token=boss)).status == 403

    rights = {"team": "red", "supervises": {"queues": ["sales"], "teams": ["blue"]}}
    changed = (await floor.asks("PATCH", "/agents/ann", rights)).json
    assert (changed["team"], changed["supervises"]["queues"]) == ("red", ["sales"])
    assert (await floor.asks("PATCH", "/agents/ann", rights, token=boss)).status == 403
    nobody = (await floor.asks("PATCH", "/agents/ann", {"team": "", "supervises": {}})).json
    assert (nobody["team"], nobody["supervises"]) == (None, None)


async def test_a_programs_token_acts_for_the_supervisor_it_names(floor: Office) -> None:
    waits = [floor.running.story.call("sales") for _ in range(2)][-1]
    found = await floor.asks("POST", f"/calls/{waits.id}/move", {"queue": "support", "supervisor": "boss"})
    assert found.status == 409
    event = floor.running.asked[-1]
    assert isinstance(event, MoveRequested)
    assert (event.supervisor, event.by) == ("boss", "token:all")
    named = await floor.makes_token("eve", owner=Owner(person="Eve Nguyen"))
    assert (await floor.asks("POST", f"/calls/{waits.id}/move", {"queue": "support"}, token=named)).status == 200
    assert floor.running.asked[-1].by == "person:Eve Nguyen"  # type: ignore[union-attr]


def test_rights_in_an_agents_hands_are_what_both_allow() -> None:
    whole = Rights(scopes=parse_scopes(["*"]))
    some = Rights(scopes=parse_scopes(["*"]), queues=(SALES,), teams=("red",))
    boss = AgentId("boss")
    assert whole.of(boss, Supervision(everything=True)).covers(None)
    assert some.of(boss, Supervision(everything=True)).queues == (SALES,)
    both = some.of(boss, Supervision(queues=(SALES, SUPPORT), teams=(Team("blue"),)))
    assert (both.queues, both.teams) == ((SALES,), ())
    nothing = whole.of(boss, None)
    assert nothing.limited
    assert not nothing.covers(None)
    assert not nothing.covers(SALES, "red", AgentId("ann"))
    assert nothing.covers(None, None, boss)


async def test_past_calls_are_those_of_her_queues_her_teams_and_her_own(
    floor: Office, dsn: str, tmp_path: Path
) -> None:
    people = Directory(floor.pool)
    for name, team in (("ann", "red"), ("bob", "blue")):
        known = await people.agent(AgentId(name))
        assert known is not None
        await people.change(replace(known, team=Team(team)))
    lead = Agent(id=AgentId("lead"), name="Lead", number="33", supervises=Supervision(teams=(Team("red"),)))
    await people.add(lead)
    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for told in in_order(
            answered_call(1, T0, queue="sales", agent="ann"),
            answered_call(2, T0 + 500, queue="support", agent="bob"),
            answered_call(3, T0 + 900, queue="support", agent="ann"),
        ):
            journal.append(*told)
    when = "since=2024-01-01T00:00:00Z&until=2024-01-02T00:00:00Z"
    for name, seen in (("boss", [1]), ("lead", [3, 1]), ("ann", [3, 1]), ("bob", [2])):
        token = await hers(floor, name)
        found = (await floor.asks("GET", f"/calls?{when}", token=token)).json["items"]
        assert [one["contact"] for one in found] == [f"c-test0000-{n}" for n in seen], name
        few = (await floor.asks("GET", f"/calls?{when}&queue=sales", token=token)).json["items"]
        assert [one["contact"] for one in few] == [f"c-test0000-{n}" for n in seen if n == 1], name
    boss = floor.tokens["desk-boss"]
    assert [(await floor.asks("GET", f"/calls/c-test0000-{n}", token=boss)).status for n in (1, 2)] == [200, 404]
    bob = floor.tokens["desk-bob"]
    assert [(await floor.asks("GET", f"/calls/c-test0000-{n}", token=bob)).status for n in (1, 2)] == [404, 200]
