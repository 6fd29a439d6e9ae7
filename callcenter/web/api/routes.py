"""Every route of the API. Knows which there are; a command is an entry in `commands`, another route one in its file."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.events import DispositionRequested
from callcenter.model.ids import QueueName, RequestId
from callcenter.model.rights import Rights
from callcenter.model.view import CenterView
from callcenter.web.api import (
    compliance,
    customer_files,
    customers,
    deeds,
    do_not_call,
    leads,
    live,
    past,
    privacy,
    recordings,
    supervision,
    webhooks,
)
from callcenter.web.api.commands import COMMANDS, Command
from callcenter.web.api.problems import Refusal
from callcenter.web.api.route import Asked, Do, Route, agent_of, covers_agent, covers_call, not_found, writing

KINDS: Final = ("contact", "agent", "queue", "campaign")
"""What limits are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The call center has done it, or begun to. `request` is its number in the journal."""

    request: str


def _do(command: Command) -> Do:
    async def ask(asked: Asked) -> Granted:
        hers = _allowed(command, asked)
        request = RequestId(f"api-{secrets.token_hex(8)}")
        event = command.event_of(request, asked.by, asked.subjects, asked.body, hers)
        problem = await asked.parts.ask(request, event)
        if problem:
            raise _known_or_not(asked, problem)
        return Granted(request=request)

    return ask


def _allowed(command: Command, asked: Asked) -> dict[str, str]:
    """Whether what it is about is within the limits of the token and its owner; gives what is to be added to it.

    An act of supervision by somebody's token is hers: the engine judges it by what she supervises, as if it came from
    her phone, and the token's own limits hold besides. Raises Refusal.
    """
    hers: dict[str, str] = {}
    agent, rights = asked.bearer.owner.agent, asked.rights
    if agent is not None and "supervisor" in command.known:
        if _named(asked, "supervisor") not in (None, agent):
            raise Refusal(403, f"this token is {agent}'s: it supervises for nobody else")
        hers, rights = {"supervisor": agent}, asked.bearer.own
    if (
        agent is not None
        and command.event is DispositionRequested
        and _named(asked, "agent") in (None, agent)
        and not covers_call(rights, asked.parts.center.view(), asked.subjects["contact"])
    ):
        return {"agent": agent}  # it may be over; whether she had it, its talks say
    _within(rights, asked, alone=bool(hers) and "supervisor" in asked.subjects)
    return hers


def _named(asked: Asked, kind: str) -> str | None:
    """What the path, or the body, names of that kind."""
    said = asked.subjects.get(kind) or getattr(asked.body, kind, None)
    return None if said is None else str(said)


def _within(rights: Rights, asked: Asked, *, alone: bool) -> None:
    """Whether what is named is within these limits. `alone`: nothing needs to be named. Raises Refusal."""
    if not rights.limited:
        return
    view = asked.parts.center.view()
    named = {kind: name for kind in KINDS if (name := _named(asked, kind)) is not None}
    if not named and not alone:
        raise Refusal(403, "this is of the whole center, and this token is limited to some of it")
    for kind, name in named.items():
        if kind == "contact" and not covers_call(rights, view, name):
            raise not_found(f"there is no live call {name}")
        if kind == "agent" and ((agent := agent_of(view, name)) is None or not covers_agent(rights, agent)):
            raise not_found(f"there is no agent {name}")
        if kind == "queue" and not rights.covers(QueueName(name)) and not _dials(asked, rights):
            raise Refusal(403, f"the queue {name} is beyond this token's limits")
        if kind == "campaign" and "agent" not in named and not rights.covers(_queue_of(view, name)):
            raise Refusal(403, f"the campaign {name} is beyond this token's limits")


def _dials(asked: Asked, rights: Rights) -> bool:
    """An agent who calls somebody does so by the rules of any queue, as at her phone."""
    return rights.agent is not None and asked.subjects.get("agent") == rights.agent


def _queue_of(view: CenterView, campaign: str) -> QueueName | None:
    return next((one.queue for one in view.campaigns if one.name == campaign), None)


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
    return writing(command.name, command.path, command.area, command.words, Granted, _do(command), command.body)


ROUTES: Final[Sequence[Route]] = (
    *live.ROUTES,
    *past.ROUTES,
    *recordings.ROUTES,
    *supervision.ROUTES,
    *customer_files.ROUTES,
    *customers.ROUTES,
    *webhooks.ROUTES,
    *privacy.ROUTES,
    *leads.ROUTES,
    *compliance.ROUTES,
    *do_not_call.ROUTES,
    *deeds.ROUTES,
    *map(_route, COMMANDS),
)
