"""Who will not be called, over the API: own lists, registers, consent and its revocation. Decides nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import BaseModel, Field

from callcenter.jobs.do_not_call import entry_of, register_of
from callcenter.model.law import ConsentKind
from callcenter.model.rights import Area
from callcenter.postgres.do_not_call import DoNotCall, RegisterLine
from callcenter.web.api.commands import STRICT, Name, Text
from callcenter.web.api.compliance import Number, Region
from callcenter.web.api.problems import Refusal, Wrong
from callcenter.web.api.public import Moment, Public, seconds_of
from callcenter.web.api.route import QUERY, Asked, Route, not_found, reading, whole, writing

PLAIN: Final = "text/plain"
REGISTER: Final = Public(RegisterLine, "RegisterVersion", times=("as_of", "imported"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """Lists and registers of those who will not be called, with their versions."""

    items: list[REGISTER.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberDone:
    """The number, or (`prefix`) the beginning of numbers, as it is kept."""

    number: str
    prefix: bool
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A version of a register that is in force now."""

    register: str
    version: str
    entries: int


class NumberBody(BaseModel):
    """A number with its country code. One that ends in * is the beginning of numbers."""

    model_config = STRICT

    number: Number
    campaign: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class StopBody(NumberBody):
    """And who asked for it, and how."""

    reason: Text = ""


class AgreeBody(BaseModel):
    """What she agreed to, when (left out: now), and where the proof is kept."""

    model_config = STRICT

    number: Number
    kind: ConsentKind
    proof: Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
    given: Moment | None = None


class RevokeBody(BaseModel):
    """How she said so."""

    model_config = STRICT

    number: Number
    reason: Text = ""


class LoadQuery(BaseModel):
    """Which register, what it calls this version, and its own date."""

    model_config = QUERY

    name: Name
    version: Name
    as_of: Moment
    region: Region | None = None


async def _registers(asked: Asked) -> Registers:
    return Registers(items=[REGISTER.of(one) for one in await DoNotCall(asked.parts.pool).registers()])


async def _stop(asked: Asked) -> NumberDone:
    wish = asked.body_as(StopBody)
    entry = entry_of(wish.number)
    await DoNotCall(asked.parts.pool).add(entry, campaign=wish.campaign, reason=wish.reason)
    return NumberDone(number=entry.entry, prefix=entry.prefix, done="will not be called")


async def _allow(asked: Asked) -> NumberDone:
    whole(asked)
    wish = asked.body_as(NumberBody)
    entry = entry_of(wish.number)
    if not await DoNotCall(asked.parts.pool).remove(entry.entry, campaign=wish.campaign):
        raise not_found(f"{entry.entry} is not in that list")
    return NumberDone(number=entry.entry, prefix=entry.prefix, done="may be called again")


async def _agree(asked: Asked) -> NumberDone:
    wish = asked.body_as(AgreeBody)
    entry = entry_of(wish.number)
    if wish.kind is next(iter(ConsentKind)):
        raise Refusal(422, "that is no consent", errors=[Wrong(detail="no consent", pointer="/kind")])
    at = asked.parts.now() if wish.given is None else seconds_of(wish.given)
    await DoNotCall(asked.parts.pool).agree(entry.entry, wish.kind, at, wish.proof)
    return NumberDone(number=entry.entry, prefix=entry.prefix, done=f"has agreed ({wish.kind})")


async def _revoke(asked: Asked) -> NumberDone:
    wish = asked.body_as(RevokeBody)
    entry = entry_of(wish.number)
    count = await DoNotCall(asked.parts.pool).revoke(entry.entry, asked.parts.now(), wish.reason)
    return NumberDone(number=entry.entry, prefix=entry.prefix, done=f"will not be called; {count} consents are revoked")


async def _load(asked: Asked) -> Loaded:
    whole(asked)
    query, path = asked.query_as(LoadQuery), cast(Path, asked.upload)
    at = seconds_of(query.as_of)
    if at > asked.parts.now():
        raise Refusal(422, "the date lies ahead", errors=[Wrong(detail="lies ahead", parameter="as_of")])
    lines = (await asyncio.to_thread(path.read_text, encoding="utf-8", errors="replace")).splitlines()
    entries = await asyncio.to_thread(register_of, "file", lines, query.region or "")
    count = await DoNotCall(asked.parts.pool).load(query.name, query.version, at, entries)
    return Loaded(register=query.name, version=query.version, entries=count)


A: Final = Area.COMPLIANCE
ROUTES: Final[Sequence[Route]] = (
    reading("do-not-call list", "/do-not-call", A, "Lists of those who will not be called.", Registers, _registers),
    writing("do-not-call add", "/do-not-call", A, "Somebody will not be called.", NumberDone, _stop, StopBody),
    writing(
        "do-not-call remove", "/do-not-call/remove", A, "Somebody may be called again.", NumberDone, _allow, NumberBody
    ),
    writing(
        "do-not-call agree", "/do-not-call/agree", A, "Somebody agreed to be called.", NumberDone, _agree, AgreeBody
    ),
    writing(
        "do-not-call revoke",
        "/do-not-call/revoke",
        A,
        "Somebody takes back what she agreed to.",
        NumberDone,
        _revoke,
        RevokeBody,
    ),
    writing(
        "do-not-call load",
        "/do-not-call/load",
        A,
        "Load a whole version of a register, one number a line.",
        Loaded,
        _load,
        query=LoadQuery,
        upload=(PLAIN,),
    ),
)
