"""Writes that are no single request event: the directory of agents, the configuration. Knows who keeps what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from callcenter.errors import ConfigurationError
from callcenter.model.agent import Agent, PhoneRules, Supervision
from callcenter.model.ids import AgentId, QueueName, Skill, Team
from callcenter.model.rights import Area
from callcenter.postgres.configurations import Stored
from callcenter.web.api.commands import STRICT, Name, Text
from callcenter.web.api.problems import Refusal, Wrong
from callcenter.web.api.public import Public
from callcenter.web.api.route import QUERY, Asked, Route, agent_of, not_found, reading, whole, writing
from callcenter.web.configuration import Versions
from callcenter.web.views import Applied, ApplyWish, RollbackWish, VersionView

VERSIONS_MAX: Final = 1_000
SKILLS_MAX: Final = 200

LIVE_VERSION: Final = Public(VersionView, "LiveVersion", times=("at",), hidden=("folder",))
VERSION: Final = Public(Stored, "Version", times=("at",), hidden=("files", "folder_digest"))

Skills = Annotated[dict[Name, Annotated[int, Field(ge=1, le=5)]], Field(max_length=SKILLS_MAX)]
Number = Annotated[str, Field(pattern=r"^[0-9]{2,15}$")]
OutsideNumber = Annotated[str, Field(pattern=r"^(\+?[0-9]{3,15})?$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
TeamName = Annotated[str, Field(pattern=r"^[^\W\d][\w-]{0,39}$")]
PersonName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An agent in the directory. `warning` says why phones or center do not know it yet, if they do not."""

    agent: str
    name: str
    number: str
    skills: dict[str, int]
    language: str
    phone: PhoneRules
    team: str | None
    supervises: Supervision | None
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Somebody who does not work here any more."""

    agent: str
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedNow:
    """The version that is live now."""

    version: int
    changed: bool
    words: str
    warnings: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionList:
    """Versions, newest first."""

    items: list[VERSION.shape]  # type: ignore[name-defined]


class NewAgent(BaseModel):
    """Somebody to take in. Her SIP password is made, and printed by `callcenter agents account` only."""

    model_config = STRICT

    agent: Id
    number: Number
    name: PersonName | None = None
    skills: Skills = {}
    language: Language = "en"


class PhoneChange(BaseModel):
    """How calls come to her phone; what is left out stays as it is. `outside`: a number at home, empty: none."""

    model_config = STRICT

    nailed: bool | None = None
    confirm: bool | None = None
    auto_answer: bool | None = None
    outside: OutsideNumber | None = None


class SupervisesChange(BaseModel):
    """Whose talks she may hear and steer from now on; nobody's: she is no supervisor."""

    model_config = STRICT

    queues: Annotated[tuple[Name, ...], Field(max_length=SKILLS_MAX)] = ()
    teams: Annotated[tuple[TeamName, ...], Field(max_length=SKILLS_MAX)] = ()
    everything: bool = False


class AgentChange(BaseModel):
    """What is to be different; `skills` and `supervises` replace all of them, an empty `team` is none."""

    model_config = STRICT

    number: Number | None = None
    name: PersonName | None = None
    skills: Skills | None = None
    language: Language | None = None
    phone: PhoneChange | None = None
    team: TeamName | Literal[""] | None = None
    supervises: SupervisesChange | None = None


class Apply(BaseModel):
    """Put the center's own folder of configuration in force, as it reads now."""

    model_config = STRICT

    message: Text = ""


class Rollback(BaseModel):
    """Put an older version in force again; 0 is the one before."""

    model_config = STRICT

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    message: Text = ""


class VersionsQuery(BaseModel):
    """How many."""

    model_config = QUERY

    limit: Annotated[int, Field(ge=1, le=VERSIONS_MAX)] = 100


def refused(error: ConfigurationError, status: int = 409) -> Refusal:
    """What a person must put right, with every problem there is."""
    wrong = [
        Wrong(detail=f"{one.where}: {one.what}" + (f" ({one.remedy})" if one.remedy else "")) for one in error.problems
    ]
    return Refusal(status, "; ".join(one.detail for one in wrong[:3]), errors=wrong)


async def _add(asked: Asked) -> Person:
    whole(asked)
    wish = asked.body_as(NewAgent)
    skills = {Skill(skill): level for skill, level in wish.skills.items()}
    agent = Agent(
        id=AgentId(wish.agent), name=wish.name or wish.agent, number=wish.number, skills=skills, language=wish.language
    )
    _no_flow(asked, agent.number)
    try:
        await asked.parts.directory.add(agent)
    except ConfigurationError as error:
        raise refused(error) from error
    return _person(agent, await asked.parts.center.phones_changed())


async def _change(asked: Asked) -> Person:
    whole(asked)
    wish, wanted = asked.body_as(AgentChange), asked.subjects["agent"]
    known = await asked.parts.directory.agent(AgentId(wanted))
    if known is None:
        raise not_found(f"there is no agent {wanted}")
    changes: dict[str, Any] = {name: value for name, value in dict(wish).items() if value is not None}
    if wish.phone is not None:
        rules = {name: value for name, value in dict(wish.phone).items() if value is not None}
        changes["phone"] = replace(known.phone, **rules)
    if wish.team is not None:
        changes["team"] = Team(wish.team) if wish.team else None
    if (hers := wish.supervises) is not None:
        rights = Supervision(
            queues=tuple(map(QueueName, hers.queues)), teams=tuple(map(Team, hers.teams)), everything=hers.everything
        )
        changes["supervises"] = None if rights == Supervision() else rights
    changed = replace(known, **changes)
    if wish.number is not None and wish.number != known.number:
        _no_flow(asked, wish.number)
    try:
        await asked.parts.directory.change(changed)
    except ConfigurationError as error:
        raise refused(error) from error
    return _person(changed, await asked.parts.center.phones_changed())


async def _remove(asked: Asked) -> Gone:
    whole(asked)
    wanted = asked.subjects["agent"]
    known = await asked.parts.directory.agent(AgentId(wanted))
    if known is None:
        raise not_found(f"there is no agent {wanted}")
    now = agent_of(asked.parts.center.view(), wanted)
    if now is not None and now.status != "logged_out":
        raise Refusal(409, f"{wanted} is logged in: log her out first")
    try:
        await asked.parts.directory.remove(known.id)
    except ConfigurationError as error:
        raise refused(error) from error
    return Gone(agent=wanted, warning=await asked.parts.center.phones_changed())


def _no_flow(asked: Asked, number: str) -> None:
    if number in asked.parts.configuration().numbers:
        raise Refusal(409, f"{number} leads to a flow: give her a number of her own")


def _person(agent: Agent, warning: str) -> Person:
    return Person(
        agent=agent.id,
        name=agent.name,
        number=agent.number,
        skills={str(skill): level for skill, level in agent.skills.items()},
        language=agent.language,
        phone=agent.phone,
        team=agent.team,
        supervises=agent.supervises,
        warning=warning,
    )


# -- the configuration -------------------------------------------------------------------------------------------------


def _versions(asked: Asked) -> Versions:
    if asked.parts.versions is None:
        raise Refusal(503, "this center does not count versions")
    return asked.parts.versions


def _guard(asked: Asked) -> Versions:
    """The versions, if what is live is what the one who asks knows (If-Match: "7")."""
    whole(asked)
    versions = _versions(asked)
    known, live = asked.if_match.strip().strip('"'), str(versions.view().version)
    if known not in ("", "*", live):
        raise Refusal(412, f"version {live} is live, and not {known[:20]}")
    return versions


def _applied(done: Applied) -> AppliedNow:
    return AppliedNow(version=done.version, changed=done.changed, words=done.words, warnings=list(done.warnings))


async def _apply(asked: Asked) -> AppliedNow:
    versions = _guard(asked)
    wish = ApplyWish(folder=versions.view().folder, message=asked.body_as(Apply).message, by=asked.by)
    try:
        return _applied(await versions.apply(wish))
    except ConfigurationError as error:
        raise refused(error) from error


async def _roll_back(asked: Asked) -> AppliedNow:
    versions, said = _guard(asked), asked.body_as(Rollback)
    try:
        return _applied(await versions.roll_back(RollbackWish(version=said.version, message=said.message, by=asked.by)))
    except ConfigurationError as error:
        raise refused(error) from error


async def _live(asked: Asked) -> object:
    return LIVE_VERSION.of(_versions(asked).view())


async def _listed(asked: Asked) -> VersionList:
    found = await asked.parts.configurations.listed(asked.query_as(VersionsQuery).limit)
    return VersionList(items=[VERSION.of(one) for one in found])


A: Final = Area.AGENTS
C: Final = Area.CONFIGURATION
ROUTES: Final[Sequence[Route]] = (
    writing("agents add", "/agents", A, "Take somebody in.", Person, _add, NewAgent, status=201),
    writing(
        "agents change",
        "/agents/{agent}",
        A,
        "Change name, number, skills, language, team, rights, or how calls come to her phone.",
        Person,
        _change,
        AgentChange,
        method="PATCH",
    ),
    writing(
        "agents remove",
        "/agents/{agent}",
        A,
        "Take somebody out; she must be logged out.",
        Gone,
        _remove,
        method="DELETE",
    ),
    reading("configuration show", "/configuration", C, "The version that is live.", LIVE_VERSION.shape, _live),
    reading(
        "configuration versions",
        "/configuration/versions",
        C,
        "The versions there were.",
        VersionList,
        _listed,
        VersionsQuery,
    ),
    writing(
        "configuration apply",
        "/configuration/apply",
        C,
        "Put the center's folder of configuration in force.",
        AppliedNow,
        _apply,
        Apply,
        guarded=True,
    ),
    writing(
        "configuration rollback",
        "/configuration/rollback",
        C,
        "Put an older version in force again.",
        AppliedNow,
        _roll_back,
        Rollback,
        guarded=True,
    ),
)
