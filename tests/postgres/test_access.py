"""Tokens, the audit and kept answers, on a real Postgres."""

import asyncio
import time

import pytest

from callcenter.errors import ConfigurationError
from callcenter.model.ids import QueueName
from callcenter.model.rights import EVERYTHING, Area, Right, Rights, parse_scopes
from callcenter.postgres.answers import Answers
from callcenter.postgres.audit import Audit, Outcome
from callcenter.postgres.pool import Pool
from callcenter.postgres.tokens import Tokens

SALES = QueueName("sales")


async def test_a_token_opens_until_it_expires_or_is_revoked(pool: Pool) -> None:
    tokens = Tokens(pool)
    rights = Rights(scopes=parse_scopes(["calls:write"]), queues=(SALES,))
    text = await tokens.add("crm", rights, by="cli:eve")
    bearer = await tokens.bearer(text)
    assert bearer is not None
    assert (bearer.name, bearer.rights) == ("crm", rights)
    assert await tokens.bearer(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    assert await tokens.bearer("cc_" + "é" * 20) is None
    assert (await tokens.listed())[0].used is not None
    assert await tokens.revoke("crm", by="cli:eve")
    assert await tokens.bearer(text) is None
    gone = await tokens.add("old", rights, by="cli:eve", expires=time.time() - 1)
    assert await tokens.bearer(gone) is None


async def test_nothing_of_a_token_is_kept_but_its_digest(pool: Pool) -> None:
    text = await Tokens(pool).add("crm", Rights(scopes=EVERYTHING), by="me")
    row = await pool.fetchval("SELECT api_token::text FROM api_token")
    assert text not in row
    assert text.removeprefix("cc_") not in row


async def test_an_act_is_there_before_it_is_done_and_its_outcome_after(pool: Pool) -> None:
    audit, now = Audit(pool), time.time()
    async with audit.act("token:crm", "api", "calls hang-up", "c-1") as act:
        assert (await audit.entries(now - 60, now + 60))[0].outcome is None
        act.refused("no")
    with pytest.raises(ZeroDivisionError):
        async with audit.act("token:crm", "api", "boom"):
            raise ZeroDivisionError
    async with audit.act("cli:eve", "cli", "fine\0", "x" * 1000):
        pass
    found = await audit.entries(now - 60, now + 60)
    assert [(one.act, one.outcome) for one in found] == [
        ("fine", Outcome.DONE),
        ("boom", Outcome.FAILED),
        ("calls hang-up", Outcome.REFUSED),
    ]
    assert [one.act for one in await audit.entries(now - 60, now + 60, before=found[1].id)] == ["calls hang-up"]
    assert [one.act for one in await audit.entries(now - 60, now + 60, who="cli:eve")] == ["fine"]


async def test_a_key_is_claimed_once_however_many_come_at_once(pool: Pool) -> None:
    answers = Answers(pool)
    claims = await asyncio.gather(*(answers.claim("crm", "k1", b"POST /a") for _ in range(8)))
    assert [kept is None for kept in claims].count(True) == 1
    await answers.keep("crm", "k1", 200, b"{}")
    kept = await answers.claim("crm", "k1", b"POST /a")
    assert kept is not None
    assert (kept.same, kept.status, kept.body) == (True, 200, b"{}")
    other = await answers.claim("crm", "k1", b"POST /b")
    assert other is not None
    assert not other.same
    assert await answers.claim("erp", "k1", b"POST /a") is None
    await answers.forget(time.time() + 2 * 86_400)
    assert await answers.claim("crm", "k1", b"POST /b") is None


def test_rights() -> None:
    rights = Rights(scopes=parse_scopes(["calls:write", "queues"]), queues=(SALES,), teams=("red",))
    assert rights.may(Area.CALLS, Right.READ)
    assert rights.may(Area.CALLS, Right.WRITE)
    assert not rights.may(Area.QUEUES, Right.WRITE)
    assert not rights.may(Area.AGENTS, Right.READ)
    assert rights.covers(SALES)
    assert rights.covers(None, "red")
    assert not rights.covers(None)
    assert not rights.covers(QueueName("support"), "")
    assert Rights(scopes=()).covers(None)
    assert parse_scopes(["*"]) == tuple(sorted(EVERYTHING))
    with pytest.raises(ConfigurationError):
        parse_scopes([])
