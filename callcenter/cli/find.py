"""Which call is meant: an id, an unambiguous part of one, or `last`. Knows how people name calls; knows no output."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Protocol, TypeVar

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.model.ids import ContactId

if TYPE_CHECKING:
    from asyncpg import Record

    from callcenter.cli.site import Site
    from callcenter.model.view import ContactView
    from callcenter.postgres.pool import Pool

T = TypeVar("T")


class Named(Protocol):
    """Something that has a name."""

    @property
    def name(self) -> str:
        """By which people know it."""
        ...


N = TypeVar("N", bound=Named)
LAST: Final = "last"
NAMED_MAX: Final = 5  # calls that the message about an ambiguous part names
PART_MAX: Final = 100  # characters

Call = Annotated[str, typer.Argument(metavar="CALL", help="Its id, a part of it that is unambiguous, or `last`.")]
"""The argument that names one."""


async def past_contact(pool: "Pool", said: str) -> ContactId:
    """The call in the records. Raises Failure if there is none, or several."""
    from callcenter.postgres.queries import sql

    if said == LAST:
        found = await pool.fetchval(sql("cli.last_contact"))
        if found is None:
            raise Failure(Exit.NOT_FOUND, "there has been no call yet")
        return ContactId(found)
    part = _usable(said)
    records = await pool.fetch(sql("cli.contacts_like"), part, NAMED_MAX + 1)
    return ContactId(_one([record["id"] for record in records], said, "there is no call"))


def live_contact(contacts: Sequence["ContactView"], said: str) -> "ContactView":
    """The live call. Raises Failure if there is none, or several."""
    if said == LAST and contacts:
        return contacts[-1]
    part = _usable(said)
    found = [one.id for one in contacts if part in one.id]
    chosen = _one(found if part not in found else [part], said, "there is no live call")
    return next(one for one in contacts if one.id == chosen)


def named(found: Iterable[N], name: str, what: str) -> N:
    """The one of this name. Raises Failure with the names there are."""
    known = list(found)
    for one in known:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in known) or "none is configured"
    raise Failure(Exit.NOT_FOUND, f"there is no {what} {name}", remedy=f"there are: {names}")


def meant(found: Iterable[T], said: str, names: Callable[[T], tuple[str, ...]], what: str, remedy: str) -> T:
    """The one of which a name was said, or else an unambiguous part of one. Raises Failure."""
    known = list(found) if said else []
    chosen = [one for one in known if said in names(one)]
    chosen = chosen or [one for one in known if any(said in name for name in names(one))]
    if not chosen:
        raise Failure(Exit.NOT_FOUND, f"there is no {what} {said}", remedy=remedy)
    if len(chosen) > 1:
        raise Failure(Exit.NOT_FOUND, f"{said} is part of several {what}s", remedy="say more of it")
    return chosen[0]


async def past_rows(
    site: "Site", query: str, bounds: tuple[float, float], queue: str | None, limit: int
) -> "list[Record]":
    """What a named query finds between two times (UTC seconds)."""
    from callcenter.postgres.queries import sql
    from callcenter.postgres.records import time_of

    async with site.database() as pool:
        return list(await pool.fetch(sql(query), time_of(bounds[0]), time_of(bounds[1]), queue, limit))


def _usable(said: str) -> str:
    part = said.strip()
    if not part or len(part) > PART_MAX or not part.isprintable():
        raise Failure(Exit.USAGE, f"{said[:PART_MAX]!r} cannot be a part of a call's id")
    return part


def _one(found: Sequence[str], said: str, none: str) -> str:
    if not found:
        raise Failure(Exit.NOT_FOUND, f"{none} {said}", remedy="callcenter calls list")
    if len(found) > 1 and found[0] != said:
        named = ", ".join(found[:NAMED_MAX]) + (" ..." if len(found) > NAMED_MAX else "")
        raise Failure(Exit.NOT_FOUND, f"{said} is part of several calls: {named}", remedy="say more of it")
    return found[0]
