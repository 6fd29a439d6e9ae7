"""Tokens of the API: made once, kept as digests, good until they expire or are revoked. Knows one table; no HTTP.

A token is a program's, or somebody's: an agent's (then it opens what she may supervise now, and nothing once she has
left), or that of a person who is no agent, by name.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

import asyncpg
import msgspec

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.agent import Supervision
from callcenter.model.ids import AgentId, QueueName
from callcenter.model.rights import Rights, parse_scopes
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

TOKEN_BYTES: Final = 32  # 256 random bits
TOKEN_START: Final = "cc_"  # by which scanners of repositories and logs know it
TOKEN_CHARS_MAX: Final = 100
_PERSON: Final = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,78}[^\x00-\x20\x7f])?")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


_SUPERVISES: Final = msgspec.json.Decoder(Supervision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a token is: an agent's, a named person's, or (neither) a program's."""

    agent: AgentId | None = None
    person: str = ""

    @property
    def words(self) -> str:
        """For journal and audit; empty for a program."""
        if self.agent is not None:
            return f"agent:{self.agent}"
        return f"person:{self.person}" if self.person else ""


PROGRAM: Final = Owner()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who asks. `rights` are what it opens now, `own` what the token itself is limited to."""

    name: str
    rights: Rights
    own: Rights
    owner: Owner

    @property
    def by(self) -> str:
        """Who it is, for journal and audit."""
        return self.owner.words or f"token:{self.name}"

    @property
    def via(self) -> str:
        """How, for the audit."""
        return f"api token:{self.name}" if self.owner.words else "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token as it may be shown. Times in UTC seconds."""

    name: str
    rights: Rights
    made: float
    made_by: str
    expires: float | None
    used: float | None
    revoked: float | None
    revoked_by: str
    owner: Owner = PROGRAM

    def good(self, now: float) -> bool:
        """Whether it opens anything now."""
        return self.revoked is None and (self.expires is None or self.expires > now)


class Tokens:
    """All tokens."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self, name: str, rights: Rights, *, by: str, expires: float | None = None, owner: Owner = PROGRAM
    ) -> str:
        """Make one and give its text, which nobody can give again. Raises ConfigurationError."""
        await self._check(name, owner)
        text = TOKEN_START + secrets.token_urlsafe(TOKEN_BYTES)
        with asking():
            made = await self._pool.fetchval(
                sql("access.add_token"),
                name,
                digest_of(text),
                [str(scope) for scope in rights.scopes],
                list(rights.queues),
                list(rights.teams),
                by,
                None if expires is None else time_of(expires),
                owner.agent,
                owner.person,
            )
        if made is None:
            what = "there is or was a token of this name"
            raise ConfigurationError([Problem(where=f"token {name}", what=what, remedy="choose another name")])
        return text

    async def _check(self, name: str, owner: Owner) -> None:
        if not _NAME.fullmatch(name):
            remedy = "1 to 40 of a-z 0-9 . _ -, a letter or digit first"
            raise ConfigurationError([Problem(where=f"token {name[:60]!r}", what="cannot be called so", remedy=remedy)])
        if owner.person and not _PERSON.fullmatch(owner.person):
            remedy = "1 to 80 printable characters"
            raise ConfigurationError([Problem(where=f"token {name}", what="no name of a person", remedy=remedy)])
        if owner.agent is not None:
            with asking():
                known = await self._pool.fetchval(sql("access.works_here"), owner.agent)
            if known is None:
                where = f"agent {owner.agent[:40]!r}"
                raise ConfigurationError(
                    [Problem(where=where, what="nobody has this id", remedy="callcenter agents list")]
                )

    async def bearer(self, text: str) -> Bearer | None:
        """Whose token it is; None if it is none, or good no more."""
        if not like_a_token(text):
            return None
        digest = digest_of(text)
        with asking():
            record = await self._pool.fetchrow(sql("access.token"), digest)
            if record is not None and record["stale"]:
                await self._pool.execute(sql("access.used"), digest)
        return None if record is None else _bearer(record)

    async def listed(self) -> tuple[Token, ...]:
        """All of them, by name."""
        with asking():
            records = await self._pool.fetch(sql("access.tokens"))
        return tuple(_token(record) for record in records)

    async def revoke(self, name: str, *, by: str) -> bool:
        """Good no more, from the next request on; False if there is no such token, or it is revoked already."""
        with asking():
            return await self._pool.fetchval(sql("access.revoke"), name, by) is not None


def like_a_token(text: str) -> bool:
    """Whether it could be a token at all."""
    return text.startswith(TOKEN_START) and len(text) <= TOKEN_CHARS_MAX


def digest_of(text: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).digest()


def _owner(record: asyncpg.Record) -> Owner:
    return Owner(agent=None if record["agent"] is None else AgentId(record["agent"]), person=record["person"])


def _bearer(record: asyncpg.Record) -> Bearer:
    own, owner = _rights(record), _owner(record)
    rights = own
    if owner.agent is not None:
        hers = record["supervises"]
        rights = own.of(owner.agent, None if hers is None else _SUPERVISES.decode(hers))
    return Bearer(name=record["name"], rights=rights, own=own, owner=owner)


def _rights(record: asyncpg.Record) -> Rights:
    return Rights(
        scopes=parse_scopes(record["scopes"]),
        queues=tuple(QueueName(queue) for queue in record["queues"]),
        teams=tuple(record["teams"]),
    )


def _token(record: asyncpg.Record) -> Token:
    return Token(
        name=record["name"],
        rights=_rights(record),
        made=record["made_s"],
        made_by=record["made_by"],
        expires=record["expires_s"],
        used=record["used_s"],
        revoked=record["revoked_s"],
        revoked_by=record["revoked_by"] or "",
        owner=_owner(record),
    )
