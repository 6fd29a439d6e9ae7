"""Every route of the API. Knows which there are; a command is an entry in `commands`, another route one in its file."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.ids import QueueName, RequestId
from callcenter.model.rights import Right
from callcenter.model.view import CenterView
from callcenter.web.api import deeds, live, past
from callcenter.web.api.commands import COMMANDS, Command
from callcenter.web.api.problems import Refusal
from callcenter.web.api.route import Asked, Do, Route, agent_of, not_found, queue_of, team_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The call center has done it, or begun to. `request` is its number in the journal."""

    request: str


def _do(command: Command) -> Do:
    async def ask(asked: Asked) -> Granted:
        _allowed(asked)
        request = RequestId(f"api-{secrets.token_hex(8)}")
        event = command.event_of(request, asked.by, asked.subjects, asked.body)
        problem = await asked.parts.ask(request, event)
        if problem:
            raise _known_or_not(asked, problem)
        return Granted(request=request)

    return ask


def _allowed(asked: Asked) -> None:
    """Whether what it is about is within the token's limits. Raises Refusal."""
    rights = asked.rights
    if not rights.limited:
        return
    view = asked.parts.center.view()
    said = (
        {} if asked.body is None else {kind: getattr(asked.body, kind, None) for kind in ("contact", "agent", "queue")}
    )
    named = [*asked.subjects.items(), *((kind, str(name)) for kind, name in said.items() if name is not None)]
    for kind, name in named:
        if kind == "contact" and not rights.covers(queue_of(view, name)[1]):
            raise not_found(f"there is no live call {name}")
        if kind == "agent" and ((agent := agent_of(view, name)) is None or not rights.covers(None, team_of(agent))):
            raise not_found(f"there is no agent {name}")
        if kind == "queue" and not rights.covers(QueueName(name)):
            raise Refusal(403, f"the queue {name} is beyond this token's limits")
    if not {"contact", "agent", "queue"} & {kind for kind, _ in named}:
        raise Refusal(403, "this is of the whole center, and this token is limited to some of it")


def _known_or_not(asked: Asked, problem: str) -> Refusal:
    """The engine's words: 404 if the path names what does not exist, else 409."""
    view = asked.parts.center.view()
    missing = any(not _exists(view, kind, name) for kind, name in asked.subjects.items())
    return Refusal(404 if missing else 409, problem)


def _exists(view: CenterView, kind: str, name: str) -> bool:
    match kind:
        case "contact":
            return name in {one.id for one in view.contacts}
        case "agent" | "supervisor":
            return agent_of(view, name) is not None
        case "queue":
            return any(one.name == name for one in view.queues)
        case _:
            return True


def _route(command: Command) -> Route:
    return Route(
        name=command.name,
        method="POST",
        path=command.path,
        area=command.area,
        right=Right.WRITE,
        words=command.words,
        answer=Granted,
        do=_do(command),
        body=command.body,
    )


ROUTES: Final[Sequence[Route]] = (*live.ROUTES, *past.ROUTES, *deeds.ROUTES, *map(_route, COMMANDS))
