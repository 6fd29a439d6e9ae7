"""The directory: who works here, and what it refuses."""

import asyncio
from dataclasses import replace

import pytest

from callcenter.errors import ConfigurationError, OutcomeUnknown
from callcenter.model.agent import Agent
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId, Skill
from callcenter.postgres.directory import Directory, check_agent
from callcenter.postgres.pool import Pool
from tests.postgres.story import agent_of

ANNA = agent_of("anna", name="Anna Nguyễn", number="201", sales=3, vietnamese=5)
BINH = replace(agent_of("binh", number="202"), language="vi", capacity={Medium.VOICE: 1, Medium.CHAT: 3})


@pytest.fixture
def directory(pool: Pool) -> Directory:
    return Directory(pool)


async def test_agents_come_back_as_they_were_given(directory: Directory) -> None:
    await directory.add(BINH)
    await directory.add(ANNA)
    assert await directory.agents() == (ANNA, BINH)
    assert await directory.agent(AgentId("anna")) == ANNA
    assert await directory.agent(AgentId("nobody")) is None


async def test_a_password_is_made_and_kept_out_of_sight(directory: Directory) -> None:
    one, two = await directory.add(ANNA), await directory.add(BINH, secret="0123456789abcdef")
    assert (one.agent, one.number, len(one.secret)) == ("anna", "201", 24)
    assert two.secret == "0123456789abcdef"
    assert await directory.accounts() == (one, two)
    assert one.secret not in repr(one)
    again = await directory.set_secret(AgentId("anna"))
    assert again.secret != one.secret
    assert await directory.account(AgentId("anna")) == again
    assert await directory.account(AgentId("nobody")) is None


async def test_skills_are_replaced(directory: Directory) -> None:
    await directory.add(ANNA)
    changed = await directory.set_skills(AgentId("anna"), {Skill("support"): 1})
    assert changed == replace(ANNA, skills={Skill("support"): 1})
    assert await directory.agents() == (changed,)


async def test_an_agent_is_changed(directory: Directory) -> None:
    account = await directory.add(ANNA)
    changed = replace(ANNA, name="Anna Trần", number="209", skills={}, language="vi")
    await directory.change(changed)
    assert await directory.agents() == (changed,)
    assert await directory.account(AgentId("anna")) == replace(account, name="Anna Trần", number="209")


async def test_who_is_removed_may_come_back(directory: Directory, pool: Pool) -> None:
    first = await directory.add(ANNA)
    await directory.remove(AgentId("anna"))
    assert await directory.agents() == ()
    assert await directory.accounts() == ()
    assert await pool.fetchval("SELECT name FROM agent WHERE id = 'anna'") == ANNA.name
    await directory.add(replace(BINH, number="201"))  # the number is free again
    back = await directory.add(replace(ANNA, number="203"))
    assert back.secret != first.secret
    assert [agent.number for agent in await directory.agents()] == ["203", "201"]


async def test_what_is_taken_or_unknown_is_said(directory: Directory) -> None:
    await directory.add(ANNA)
    with pytest.raises(ConfigurationError, match="agent anna: is there already"):
        await directory.add(replace(ANNA, number="300"))
    with pytest.raises(ConfigurationError, match="agent binh: the number 201 belongs to another agent"):
        await directory.add(replace(BINH, number="201"))
    await directory.add(BINH)
    with pytest.raises(ConfigurationError, match="the number 201 belongs to another agent"):
        await directory.change(replace(BINH, number="201"))
    nobody = AgentId("nobody")
    for change in (
        directory.change(replace(ANNA, id=nobody, number="400")),
        directory.set_skills(nobody, {}),
        directory.set_secret(nobody),
        directory.remove(nobody),
    ):
        with pytest.raises(ConfigurationError, match="nobody has this id"):
            await change
    assert await directory.agents() == (ANNA, BINH)


async def test_two_changes_of_skills_come_one_after_the_other(directory: Directory) -> None:
    await directory.add(ANNA)
    wanted = [{Skill(f"skill{n}"): 1, Skill("shared"): n % 5 + 1} for n in range(8)]
    await asyncio.gather(*(directory.set_skills(AgentId("anna"), skills) for skills in wanted))
    found = await directory.agent(AgentId("anna"))
    assert found is not None
    assert found.skills in wanted


BAD: dict[str, tuple[Agent, str]] = {
    "empty id": (replace(ANNA, id=AgentId("")), "the id '' cannot be used"),
    "capital id": (replace(ANNA, id=AgentId("Anna")), "the id 'Anna'"),
    "path id": (replace(ANNA, id=AgentId("../etc")), "the id"),
    "line id": (replace(ANNA, id=AgentId("a\nb")), "the id"),
    "long id": (replace(ANNA, id=AgentId("a" * 41)), "the id"),
    "empty name": (replace(ANNA, name="  "), "the name"),
    "line name": (replace(ANNA, name="a\nb"), "the name"),
    "nul name": (replace(ANNA, name="a\0"), "the name"),
    "long name": (replace(ANNA, name="a" * 81), "the name"),
    "word number": (replace(ANNA, number="abc"), "the number"),
    "foreign digits": (replace(ANNA, number="١٢٣"), "the number"),
    "short number": (replace(ANNA, number="1"), "the number"),
    "language": (replace(ANNA, language="en_US.UTF-8"), "the language"),
    "skill": (replace(ANNA, skills={Skill("a b"): 1}), "the skill 'a b'"),
    "level 0": (replace(ANNA, skills={Skill("sales"): 0}), "sales has level 0"),
    "level 6": (replace(ANNA, skills={Skill("sales"): 6}), "sales has level 6"),
    "capacity": (replace(ANNA, capacity={Medium.CHAT: -1}), "a capacity of -1 for chat"),
    "skills": (replace(ANNA, skills={Skill(f"s{n}"): 1 for n in range(201)}), "201 skills are too many"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_cannot_be_used_is_refused(directory: Directory, name: str) -> None:
    agent, says = BAD[name]
    with pytest.raises(ConfigurationError) as caught:
        await directory.add(agent)
    assert says in str(caught.value)
    assert await directory.agents() == ()


def test_everything_wrong_is_said_at_once() -> None:
    wrong = replace(ANNA, name="", number="x", language="", skills={Skill("1"): 9})
    assert len(check_agent(wrong)) == 5


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 65, "has spaces in it 123", "semi;colon;semi;colon", "a" * 15 + "\n"]
)
async def test_a_password_that_could_break_a_file_is_refused(directory: Directory, secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await directory.add(ANNA, secret=secret)
    assert "the password cannot be used" in str(caught.value)
    assert not secret or secret not in str(caught.value)


async def test_a_change_cut_off_by_postgres_is_not_called_done(directory: Directory, pool: Pool) -> None:
    await directory.add(ANNA)
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM agent WHERE id = 'anna' FOR UPDATE")
        change = asyncio.create_task(directory.set_skills(AgentId("anna"), {}))
        waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        async with asyncio.timeout(10.0):
            while (pid := await pool.fetchval(waits)) is None:
                await pool.execute("SELECT pg_sleep(0.01)")
        await pool.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(OutcomeUnknown, match="in the middle of a change"):
            await change
    assert await directory.agents() == (ANNA,)
