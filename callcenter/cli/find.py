"""Which call is meant: an id, an unambiguous part of one, or `last`. Knows how people name calls; knows no output."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.model.ids import ContactId

if TYPE_CHECKING:
    from callcenter.model.view import ContactView
    from callcenter.postgres.pool import Pool

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
