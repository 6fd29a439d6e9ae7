"""Webhooks over the API: which there are, added, tried, told again. Knows shapes; `jobs/hooks` says what may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field

from callcenter.jobs.hooks import state_of, why_of
from callcenter.model.rights import Area
from callcenter.postgres.webhooks import Webhook
from callcenter.web.api.commands import STRICT, Name
from callcenter.web.api.public import Moment, moment, seconds_of
from callcenter.web.api.route import Asked, Route, reading, whole, writing

LIST_MAX: Final = 200
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
Names = Annotated[list[Name], Field(max_length=LIST_MAX)]


ADDRESS: Final = r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:[0-9]{1,5})?(/[!-~]*)?$"
"""Of a program. That its host is one of lookups.yaml no pattern can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNow:
    """A webhook. `waiting` counts what is on its way, `told_up_to` is the entry of the journal that it has come to."""

    name: str
    state: str
    url: str
    events: list[str]
    queues: list[str]
    waiting: int
    why: str
    failing_since: datetime | None
    disabled: datetime | None
    made: datetime | None
    made_by: str
    told_up_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksNow:
    """All of them, by name."""

    items: list[WebhookNow]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMade:
    """A webhook that was made. The secret of its signatures is told this once."""

    name: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDone:
    """What was done with it."""

    name: str
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Whether a delivery that means nothing was taken, or why not."""

    name: str
    taken: bool
    problem: str


class NewWebhook(BaseModel):
    """A program to tell; its host must be in lookups.yaml. `events`: their names, or *; `queues`: only of these."""

    model_config = STRICT

    name: Id
    url: Annotated[str, Field(min_length=1, max_length=1_000, pattern=ADDRESS)]
    events: Annotated[list[Name], Field(min_length=1, max_length=LIST_MAX)]
    queues: Names = []


class Since(BaseModel):
    """From when on it is told again."""

    model_config = STRICT

    since: Moment


async def _list(asked: Asked) -> WebhooksNow:
    whole(asked)
    return WebhooksNow(items=[_shown(one) for one in await asked.parts.hooks.listed()])


async def _show(asked: Asked) -> WebhookNow:
    whole(asked)
    return _shown(await asked.parts.hooks.one(asked.subjects["webhook"]))


async def _add(asked: Asked) -> WebhookMade:
    whole(asked)
    wish = asked.body_as(NewWebhook)
    secret = await asked.parts.hooks.add(wish.name, wish.url, wish.events, wish.queues, asked.by)
    return WebhookMade(name=wish.name, secret=secret)


async def _remove(asked: Asked) -> HookDone:
    whole(asked)
    await asked.parts.hooks.remove(asked.subjects["webhook"])
    return HookDone(name=asked.subjects["webhook"], done="removed")


async def _enable(asked: Asked) -> HookDone:
    whole(asked)
    await asked.parts.hooks.enable(asked.subjects["webhook"])
    return HookDone(name=asked.subjects["webhook"], done="enabled")


async def _replay(asked: Asked) -> HookDone:
    whole(asked)
    await asked.parts.hooks.replay(asked.subjects["webhook"], seconds_of(asked.body_as(Since).since))
    return HookDone(name=asked.subjects["webhook"], done="replayed")


async def _test(asked: Asked) -> Tried:
    whole(asked)
    name = asked.subjects["webhook"]
    problem = await asked.parts.hooks.tried(name, asked.parts.now())
    return Tried(name=name, taken=not problem, problem=problem)


def _shown(hook: Webhook) -> WebhookNow:
    return WebhookNow(
        name=hook.name,
        state=state_of(hook),
        url=hook.url,
        events=list(hook.events),
        queues=list(hook.queues),
        waiting=hook.waiting,
        why=why_of(hook),
        failing_since=moment(hook.failing_since),
        disabled=moment(hook.disabled),
        made=moment(hook.made),
        made_by=hook.made_by,
        told_up_to=hook.after_seq,
    )


A: Final = Area.WEBHOOKS
ONE: Final = "/webhooks/{webhook}"
ROUTES: Final[Sequence[Route]] = (
    reading("webhooks list", "/webhooks", A, "Programs that are told of facts.", WebhooksNow, _list),
    reading("webhooks show", ONE, A, "One of them.", WebhookNow, _show),
    writing("webhooks add", "/webhooks", A, "Tell a program from now on.", WebhookMade, _add, NewWebhook, status=201),
    writing("webhooks remove", ONE, A, "Tell it nothing more.", HookDone, _remove, method="DELETE"),
    writing("webhooks enable", f"{ONE}/enable", A, "Send what waits now.", HookDone, _enable),
    writing("webhooks replay", f"{ONE}/replay", A, "Tell it again of all from a time on.", HookDone, _replay, Since),
    writing("webhooks test", f"{ONE}/test", A, "Send it a delivery that means nothing.", Tried, _test),
)
