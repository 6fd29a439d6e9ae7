"""What a route is, and what it is given to answer with. Knows no route by name."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict

from callcenter.customers.erasing import Erasing, Remover
from callcenter.customers.pop import ScreenPop
from callcenter.customers.register import Register
from callcenter.customers.rules import Rules
from callcenter.errors import Bug
from callcenter.jobs.hooks import HookDesk
from callcenter.jobs.keeping import Vault
from callcenter.model.configuration import Configuration
from callcenter.model.events import DispositionRequested, Event
from callcenter.model.ids import AgentId, ContactId, QueueName, RequestId
from callcenter.model.rights import Area, Right, Rights
from callcenter.model.view import AgentView, CenterView
from callcenter.postgres.answers import Answers
from callcenter.postgres.audit import Audit
from callcenter.postgres.configurations import Configurations
from callcenter.postgres.customers import Customers
from callcenter.postgres.directory import Directory
from callcenter.postgres.pages import Pages
from callcenter.postgres.pool import Pool
from callcenter.postgres.privacy import Privacy
from callcenter.postgres.reports import Reports
from callcenter.postgres.tokens import Bearer, Tokens
from callcenter.web.api.given import RANGED, Given
from callcenter.web.api.problems import Refusal
from callcenter.web.api.runs import Runs
from callcenter.web.configuration import Versions
from callcenter.web.control import Center

M = TypeVar("M", bound=BaseModel)

CURSOR_CHARS_MAX: Final = 500
CURSOR: Final = r"^[0-6]?[0-9]{1,15}\.([0-9a-f]{2}){0,240}$"
"""The form of every cursor there can be: where a page ended, and the id that it ended with, as hexadecimal bytes."""

QUERY: Final = ConfigDict(extra="forbid", frozen=True)


class Desk(Protocol):
    """The running center's desk for customers."""

    async def pop(self, contact: ContactId) -> ScreenPop | None:
        """What a screen shows of a call; None: there is no such call."""
        ...

    async def record(self, asked: DispositionRequested) -> str:
        """Record what came of a talk; "" or what is wrong."""
        ...

    async def customers_changed(self) -> str:
        """Customers were marked otherwise: take it over; "" or what is wrong."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """What the command line does, too: one of each for both."""

    vault: Vault
    privacy: Privacy
    remover: Remover
    uploads: Path  # a folder of ours, for files while they are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What routes answer with."""

    center: Center
    ask: Callable[[RequestId, Event], Awaitable[str]]  # "" when granted, else what is wrong
    configuration: Callable[[], Configuration]
    now: Callable[[], float]
    reports: Reports
    pages: Pages
    directory: Directory
    tokens: Tokens
    audit: Audit
    answers: Answers
    configurations: Configurations
    runs: Runs
    works: Works
    pool: Pool
    rules: Callable[[], Rules]
    customers: Customers
    hooks: HookDesk
    erasing: Erasing
    desk: Desk | None = None
    versions: Versions | None = None

    @property
    def register(self) -> Register:
        """The customers, by the rules that are live now."""
        return Register(self.customers, self.rules())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read and allowed."""

    parts: Parts
    bearer: Bearer
    subjects: Mapping[str, str] = field(default_factory=dict)  # from the path
    query: BaseModel | None = None
    body: BaseModel | None = None
    if_match: str = ""
    upload: Path | None = None  # the file that was sent; it is gone when the route has answered, unless it is kept
    instance: str = ""  # the address, for problems

    @property
    def by(self) -> str:
        """Who asks, for journal and audit."""
        return self.bearer.by

    @property
    def rights(self) -> Rights:
        """What she may."""
        return self.bearer.rights

    def query_as(self, kind: type[M]) -> M:
        """The query as the route declares it."""
        if not isinstance(self.query, kind):
            raise Bug(f"the query is no {kind.__name__}")
        return self.query

    def body_as(self, kind: type[M]) -> M:
        """The body as the route declares it."""
        if not isinstance(self.body, kind):
            raise Bug(f"the body is no {kind.__name__}")
        return self.body


Do = Callable[[Asked], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `answer` is what it answers with; what writes is audited and may be asked again with a key."""

    name: str
    method: str
    path: str  # below /api
    area: Area
    right: Right
    words: str
    answer: type
    do: Do
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    guarded: bool = False  # takes If-Match
    file: str = ""  # the type of the file that it answers with; such a route is audited
    upload: tuple[str, ...] = ()  # types of which the body, a file, may be

    @property
    def ranges(self) -> bool:
        """Whether it gives ranges of its file."""
        return self.file in RANGED

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"

    @property
    def subjects(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


def reading(
    name: str,
    path: str,
    area: Area,
    words: str,
    answer: type,
    do: Do,
    query: type[BaseModel] | None = None,
) -> Route:
    """A route that changes nothing."""
    return Route(
        name=name,
        method="GET",
        path=path,
        area=area,
        right=Right.READ,
        words=words,
        answer=answer,
        do=do,
        query=query,
    )


def writing(
    name: str,
    path: str,
    area: Area,
    words: str,
    answer: type,
    do: Do,
    body: type[BaseModel] | None = None,
    *,
    method: str = "POST",
    status: int = 200,
    query: type[BaseModel] | None = None,
    upload: tuple[str, ...] = (),
    guarded: bool = False,
) -> Route:
    """A route that changes something."""
    return Route(
        name=name,
        method=method,
        path=path,
        area=area,
        right=Right.WRITE,
        words=words,
        answer=answer,
        do=do,
        body=body,
        status=status,
        query=query,
        upload=upload,
        guarded=guarded,
    )


def giving(
    name: str, path: str, area: Area, words: str, do: Do, kind: str, query: type[BaseModel] | None = None
) -> Route:
    """A route that gives a file out; it is audited."""
    return Route(
        name=name,
        method="GET",
        path=path,
        area=area,
        right=Right.READ,
        words=words,
        answer=Given,
        do=do,
        query=query,
        file=kind,
    )


def whole(asked: Asked) -> None:
    """What is of the whole center is not for a limited token. Raises Refusal."""
    if asked.rights.limited:
        raise Refusal(403, "this is of the whole center, and this token is limited to some of it")


# -- what is asked of whom ---------------------------------------------------------------------------------------------


def not_found(what: str) -> Refusal:
    """There is no such thing, or it is beyond this token, which is not told the difference."""
    return Refusal(404, what)


def covers_call(rights: Rights, view: CenterView, contact: str) -> bool:
    """Whether there is such a live call, callback or message, within the limits: by queue, agent, her team."""
    for call in view.contacts:
        if call.id == contact:
            return covers(rights, view, call.queue, call.agent)
    held = [one.queue for one in view.callbacks if one.id == contact]
    held += [one.queue for one in view.messages if one.id == contact]
    return bool(held) and rights.covers(held[0])


def covers(rights: Rights, view: CenterView, queue: QueueName | None, agent: AgentId | None) -> bool:
    """Whether a call of this queue, which this agent has, is within the limits."""
    if rights.covers(queue, agent=agent):
        return True
    found = None if agent is None else agent_of(view, agent)
    return found is not None and rights.covers(None, found.team)


def agent_of(view: CenterView, agent: str) -> AgentView | None:
    """The agent of this id."""
    return next((one for one in view.agents if one.id == agent), None)


def covers_agent(rights: Rights, agent: AgentView) -> bool:
    """Whether somebody is within the limits: by her team, or because it is she who asks."""
    return rights.covers(None, agent.team, agent.id)


def covered_queues(rights: Rights) -> list[str] | None:
    """For a query: the queues that may be seen; None: all."""
    return list(rights.queues) if rights.limited else None


# -- cursors -----------------------------------------------------------------------------------------------------------


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended."""

    at: int  # UTC microseconds, as Postgres keeps them, or a number that counts
    id: str


def cursor_after(at: int, id_: str) -> str:
    """The cursor of the page after this."""
    return f"{at}.{id_.encode().hex()}"


def place_of(cursor: str | None) -> Place | None:
    """The inverse, of what has the form of `CURSOR`; a place where no page ended is between two."""
    if cursor is None:
        return None
    at, _, id_ = cursor.partition(".")
    return Place(at=int(at), id=bytes.fromhex(id_).decode(errors="replace").replace("\0", ""))
