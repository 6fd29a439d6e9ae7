"""Runs of the API: how many at once, whose they are, and when they are forgotten."""

import asyncio

import pytest

from callcenter.errors import PeerFault
from callcenter.model.rights import EVERYTHING, Rights
from callcenter.postgres.audit import Audit
from callcenter.postgres.pool import Pool
from callcenter.postgres.tokens import PROGRAM, Bearer
from callcenter.web.api.problems import Refusal
from callcenter.web.api.runs import KEPT_S, RUNS_MAX, UNDER_WAY_MAX, Run, Runs, RunState

ALL = Rights(scopes=EVERYTHING)


def bearer(name: str) -> Bearer:
    return Bearer(name=name, rights=ALL, own=ALL, owner=PROGRAM)


async def test_runs_are_bounded_belong_to_a_token_and_are_forgotten(pool: Pool) -> None:
    now = [1e9]
    runs = Runs(Audit(pool), lambda: now[0])
    may_end = asyncio.Event()
    crm = bearer("crm")

    async def waits(run: Run) -> str:
        await may_end.wait()
        run.counts(7)
        return "found"

    async def fails(_: Run) -> object:
        raise PeerFault("no disk")

    under_way = [runs.begin("test", "", crm, waits) for _ in range(UNDER_WAY_MAX)]
    with pytest.raises(Refusal, match="under way") as refused:
        runs.begin("test", "", crm, waits)
    assert refused.value.status == 429, "nothing is broken: it may come again"
    with pytest.raises(Refusal, match="no run"):
        runs.of(under_way[0].id, bearer("other"))
    may_end.set()
    for one in under_way:
        await runs.ended(one.id)
    done = runs.of(under_way[0].id, crm)
    assert (done.state, done.done, done.result) == (RunState.DONE, 7, "found")
    failed = runs.begin("test", "", crm, fails)
    await runs.ended(failed.id)
    assert (failed.state, failed.problem) == (RunState.FAILED, "no disk")
    acts = await Audit(pool).entries(0, 4e9, act="test run")
    assert next((one.told, one.outcome) for one in acts) == (failed.id, "failed")
    for _ in range(RUNS_MAX):
        await runs.ended(runs.begin("test", "", crm, fails).id)
    with pytest.raises(Refusal, match="no run"):
        runs.of(under_way[0].id, crm)
    last = runs.begin("test", "", crm, waits)
    await runs.ended(last.id)
    now[0] += KEPT_S + 1
    with pytest.raises(Refusal, match="no run"):
        runs.of(last.id, crm)
    await runs.close()
