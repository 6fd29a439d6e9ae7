"""The agents: who works here, with which skills, and the SIP account of each. Knows what may be written; no engine.

Theory: the directory is the truth for people, as the configuration folder is for queues and flows. What it accepts can
be put into any generated file and onto any screen without another look: that is why it is narrow about ids, numbers and
secrets. Who changes it tells the engine (`AgentSaved`, `AgentRemoved`); the directory itself tells nobody.
"""

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import asyncpg
import msgspec

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.agent import Agent, PhoneRules, Supervision
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId, Skill, Team
from callcenter.model.need import LEVEL_MAX, LEVEL_MIN
from callcenter.postgres.pool import Borrowed, Pool, asking, changing
from callcenter.postgres.queries import sql

SECRET_BYTES: Final = 18  # 144 bits, 24 characters
SKILLS_MAX: Final = 200
CAPACITY_MAX: Final = 100
NAME_MAX: Final = 80

_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]{2,15}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_SKILL: Final = re.compile(r"[^\W\d][\w-]{0,39}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount:
    """The SIP account of an agent's phone: user name `number`, password `secret`."""

    agent: AgentId
    name: str
    number: str
    secret: str = field(repr=False)


class Directory:
    """The agents in Postgres. Whatever a person got wrong is a ConfigurationError with every problem found."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def agents(self) -> tuple[Agent, ...]:
        """Everybody who works here, by id."""
        with asking():
            records = await self._pool.fetch(sql("directory.agents"), None)
        return tuple(_agent(record) for record in records)

    async def agent(self, agent: AgentId) -> Agent | None:
        """One of them; None if nobody has that id."""
        with asking():
            record = await self._pool.fetchrow(sql("directory.agents"), agent)
        return None if record is None else _agent(record)

    async def add(self, agent: Agent, *, secret: str | None = None) -> PhoneAccount:
        """Take somebody in, with a SIP account; the password is made unless given. Who was removed may come back."""
        _refuse(check_agent(agent) + ([] if secret is None else _check_secret(agent.id, secret)))
        async with _changing(self._pool, agent) as connection:
            if await connection.fetchval(sql("directory.insert"), *_values(agent)) is None:
                _refuse([Problem(where=f"agent {agent.id}", what="is there already", remedy="change it instead")])
            await self._write_skills(connection, agent)
            made = secret or secrets.token_urlsafe(SECRET_BYTES)
            await connection.execute(sql("directory.set_secret"), agent.id, made)
        return PhoneAccount(agent=agent.id, name=agent.name, number=agent.number, secret=made)

    async def change(self, agent: Agent) -> None:
        """Replace all that is known of somebody, but for the SIP password."""
        _refuse(check_agent(agent))
        async with _changing(self._pool, agent) as connection:
            if await connection.fetchval(sql("directory.update"), *_values(agent)) is None:
                _refuse([_unknown(agent.id)])
            await self._write_skills(connection, agent)

    async def set_skills(self, agent: AgentId, skills: Mapping[Skill, int]) -> Agent:
        """Replace somebody's skills (skill -> level 1..5); gives the agent as she is now."""
        async with changing(self._pool) as connection:
            await connection.fetchval(sql("directory.lock"), agent)
            record = await connection.fetchrow(sql("directory.agents"), agent)
            if record is None:
                raise ConfigurationError([_unknown(agent)])
            changed = replace(_agent(record), skills=dict(skills))
            _refuse(check_agent(changed))
            await self._write_skills(connection, changed)
        return changed

    async def remove(self, agent: AgentId) -> None:
        """Somebody no longer works here: her account goes, her name stays in old reports."""
        async with changing(self._pool) as connection:
            if await connection.fetchval(sql("directory.remove"), agent) is None:
                raise ConfigurationError([_unknown(agent)])
            await connection.execute(sql("directory.forget_secret"), agent)
            await connection.execute(sql("directory.clear_skills"), agent)

    async def accounts(self) -> tuple[PhoneAccount, ...]:
        """The SIP accounts of everybody who works here, by agent."""
        with asking():
            records = await self._pool.fetch(sql("directory.accounts"), None)
        return tuple(_account(record) for record in records)

    async def account(self, agent: AgentId) -> PhoneAccount | None:
        """One of them; None if nobody has that id."""
        with asking():
            record = await self._pool.fetchrow(sql("directory.accounts"), agent)
        return None if record is None else _account(record)

    async def set_secret(self, agent: AgentId, secret: str | None = None) -> PhoneAccount:
        """Give somebody's phone a new password, made unless given."""
        _refuse([] if secret is None else _check_secret(agent, secret))
        made = secret or secrets.token_urlsafe(SECRET_BYTES)
        async with changing(self._pool) as connection:
            await connection.fetchval(sql("directory.lock"), agent)
            known = await connection.fetchrow(sql("directory.agents"), agent)
            if known is None:
                raise ConfigurationError([_unknown(agent)])
            await connection.execute(sql("directory.set_secret"), agent, made)
        return PhoneAccount(agent=agent, name=known["name"], number=known["number"], secret=made)

    @staticmethod
    async def _write_skills(connection: Borrowed, agent: Agent) -> None:
        await connection.execute(sql("directory.clear_skills"), agent.id)
        await connection.execute(sql("directory.add_skills"), agent.id, list(agent.skills), list(agent.skills.values()))


@asynccontextmanager
async def _changing(pool: Pool, agent: Agent) -> AsyncIterator[Borrowed]:
    """A transaction in which a number that belongs to another agent is the reader's error."""
    try:
        async with changing(pool) as connection:
            yield connection
    except asyncpg.UniqueViolationError as error:
        problem = Problem(where=f"agent {agent.id}", what=f"the number {agent.number} belongs to another agent")
        raise ConfigurationError([problem]) from error


def check_agent(agent: Agent) -> list[Problem]:
    """Everything that keeps an agent out of the directory; empty if nothing does."""
    wrong: list[tuple[str, str]] = []
    if not _ID.fullmatch(agent.id):
        wrong.append(
            (f"the id {agent.id!r} cannot be used", "1 to 40 of a-z 0-9 . _ -, a letter or digit at both ends")
        )
    if not (agent.name.strip() and len(agent.name) <= NAME_MAX and agent.name.isprintable()):
        wrong.append((f"the name {agent.name!r} cannot be used", f"1 to {NAME_MAX} printable characters"))
    if not _NUMBER.fullmatch(agent.number):
        wrong.append((f"the number {agent.number!r} cannot be used", "2 to 15 digits"))
    if not _LANGUAGE.fullmatch(agent.language):
        wrong.append((f"the language {agent.language!r} cannot be used", "a code such as en or vi"))
    if len(agent.skills) > SKILLS_MAX:
        wrong.append((f"{len(agent.skills)} skills are too many", f"{SKILLS_MAX} at most"))
    for skill, level in agent.skills.items():
        if not _SKILL.fullmatch(skill):
            wrong.append((f"the skill {skill!r} cannot be used", "a letter, then up to 39 letters, digits, _ or -"))
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            wrong.append((f"{skill} has level {level}", f"{LEVEL_MIN} to {LEVEL_MAX}"))
    wrong += _wrong_teams(agent)
    for medium, count in agent.capacity.items():
        if not 0 <= count <= CAPACITY_MAX:
            wrong.append((f"a capacity of {count} for {medium}", f"0 to {CAPACITY_MAX}"))
    return [Problem(where=f"agent {agent.id[:40]!r}", what=what, remedy=remedy) for what, remedy in wrong]


def _wrong_teams(agent: Agent) -> list[tuple[str, str]]:
    teams = (agent.team, *(agent.supervises.teams if agent.supervises is not None else ()))
    return [
        (f"the team {team!r} cannot be used", "a letter, then up to 39 letters, digits, _ or -")
        for team in teams
        if team is not None and not _SKILL.fullmatch(team)
    ]


def _check_secret(agent: AgentId, secret: str) -> list[Problem]:
    if _SECRET.fullmatch(secret):
        return []
    return [Problem(where=f"agent {agent}", what="the password cannot be used", remedy="16 to 64 of A-Z a-z 0-9 _ -")]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ConfigurationError(problems)


def _unknown(agent: AgentId) -> Problem:
    return Problem(where=f"agent {agent[:40]!r}", what="nobody has this id", remedy="callcenter agents list")


def _values(agent: Agent) -> tuple[str | None, ...]:
    capacity = msgspec.json.encode({str(medium): count for medium, count in agent.capacity.items()}).decode()
    supervises = None if agent.supervises is None else msgspec.json.encode(agent.supervises).decode()
    phone = None if agent.phone == PhoneRules() else msgspec.json.encode(agent.phone).decode()
    return agent.id, agent.name, agent.number, agent.language, capacity, agent.team, supervises, phone


_SKILLS = msgspec.json.Decoder(dict[str, int])
_PHONE = msgspec.json.Decoder(PhoneRules)
_SUPERVISES = msgspec.json.Decoder(Supervision)
_CAPACITY = msgspec.json.Decoder(dict[Medium, int])


def _agent(record: asyncpg.Record) -> Agent:
    return Agent(
        id=AgentId(record["id"]),
        name=record["name"],
        number=record["number"],
        language=record["language"],
        skills={Skill(skill): level for skill, level in sorted(_SKILLS.decode(record["skills"]).items())},
        capacity=_CAPACITY.decode(record["capacity"]),
        team=None if record["team"] is None else Team(record["team"]),
        supervises=None if record["supervises"] is None else _SUPERVISES.decode(record["supervises"]),
        phone=PhoneRules() if record["phone"] is None else _PHONE.decode(record["phone"]),
    )


def _account(record: asyncpg.Record) -> PhoneAccount:
    return PhoneAccount(
        agent=AgentId(record["id"]), name=record["name"], number=record["number"], secret=record["secret"]
    )
