"""The versions of the configuration: what was live, since when, by whose hand, made of which files. Knows no YAML."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import asyncpg
import msgspec

from callcenter.model.ids import Version
from callcenter.model.law import LawPack
from callcenter.postgres.law_texts import keep
from callcenter.postgres.pool import Pool, asking, changing
from callcenter.postgres.queries import sql


class Origin(StrEnum):
    """How a version came."""

    START = "start"
    APPLY = "apply"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One version. `files` is empty where only the list was asked for; `refused` is empty if it was in force."""

    version: Version
    at: float  # UTC seconds
    by: str  # personal
    message: str
    origin: Origin
    digest: str
    folder_digest: str  # of what was in the folder then
    back_to: Version | None = None
    refused: str = ""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)  # relative path -> text


class Configurations:
    """All versions. Whatever is wrong with Postgres is raised as `asking` and `changing` say."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self,
        files: Mapping[str, str],
        *,
        digest: str,
        folder_digest: str,
        by: str,
        message: str,
        origin: Origin,
        back_to: Version | None = None,
    ) -> Version:
        """Keep another version; gives its number."""
        sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
        names = msgspec.json.encode(sums).decode()
        async with changing(self._pool) as connection:
            for name, text in files.items():
                await connection.execute(sql("configuration.keep_file"), sums[name], text)
            version: int = await connection.fetchval(
                sql("configuration.add"), by, message, origin.value, back_to, digest, folder_digest, names
            )
        return Version(version)

    async def keep_law(self, packs: Iterable[LawPack]) -> None:
        """Keep the texts of packs that a version is about to judge by."""
        await keep(self._pool, packs)

    async def refuse(self, version: Version, problem: str) -> None:
        """It did not come into force."""
        async with changing(self._pool) as connection:
            await connection.execute(sql("configuration.refuse"), version, problem)

    async def get(self, version: Version) -> Stored | None:
        """One version with its files; None if there is no such number."""
        return await self._one("configuration.get", version)

    async def latest(self) -> Stored | None:
        """The newest that was in force, with its files; None if there has been none yet."""
        return await self._one("configuration.latest")

    async def first(self) -> Stored | None:
        """The oldest that was in force, with its files."""
        return await self._one("configuration.first")

    async def before(self, version: Version, digest: str) -> Version | None:
        """The newest version before one that was in force and reads otherwise than `digest`."""
        with asking():
            found = await self._pool.fetchval(sql("configuration.before"), version, digest)
        return None if found is None else Version(found)

    async def listed(self, limit: int) -> tuple[Stored, ...]:
        """The newest `limit` versions, newest first, without their files."""
        with asking():
            records = await self._pool.fetch(sql("configuration.list"), limit)
        return tuple(_stored(record) for record in records)

    async def _one(self, query: str, *values: object) -> Stored | None:
        with asking():
            record = await self._pool.fetchrow(sql(query), *values)
            if record is None:
                return None
            names = msgspec.json.decode(record["files"], type=dict[str, str])
            found = await self._pool.fetch(sql("configuration.texts"), sorted(set(names.values())))
        texts = {one["sha256"]: one["text"] for one in found}
        return _stored(record, {name: texts[digest] for name, digest in sorted(names.items())})


def _stored(record: asyncpg.Record, files: Mapping[str, str] = MappingProxyType({})) -> Stored:
    return Stored(
        version=Version(record["version"]),
        at=record["at"],
        by=record["made_by"],
        message=record["message"],
        origin=Origin(record["origin"]),
        digest=record["digest"],
        folder_digest=record["folder_digest"],
        back_to=None if record["back_to"] is None else Version(record["back_to"]),
        refused=record["refused"] or "",
        files=files,
    )
