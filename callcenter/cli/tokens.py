"""`callcenter tokens`: who may use the API, and for what. A token is printed once, by `add`, and kept nowhere."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.asker import asker
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, clock, emit, say, show_grid, stamp
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import span

if TYPE_CHECKING:
    from callcenter.model.rights import Rights
    from callcenter.postgres.tokens import Owner, Token

app = typer.Typer(name="tokens", help="Who may use the API.", no_args_is_help=True)

HEADS: Final = ("token!", "of", "state", "scopes", "limited to", "made", "by", "expires", "last used")


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which program it is for: a-z 0-9 . _ -")],
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="AREA:RIGHT", help="Such as calls:write, or *:read; repeated.")
    ],
    queue: Annotated[list[str] | None, typer.Option("--queue", help="Only what is in this queue; repeated.")] = None,
    team: Annotated[list[str] | None, typer.Option("--team", help="Only who is in this team; repeated.")] = None,
    agent: Annotated[
        str, typer.Option("--agent", metavar="AGENT", help="Whose it is: it opens what she supervises, and herself.")
    ] = "",
    person: Annotated[
        str, typer.Option("--person", metavar="NAME", help="Whose it is, of somebody who is no agent.")
    ] = "",
    expires: Annotated[str, typer.Option("--expires", metavar="LENGTH", help="90d, 12h; left out: never.")] = "",
    json: Json = False,
) -> None:
    """Make a token and print it: this once, and never again."""
    from callcenter.model.ids import AgentId, QueueName
    from callcenter.model.rights import Rights, parse_scopes
    from callcenter.postgres.tokens import Owner

    if agent and person:
        raise Failure(Exit.USAGE, "a token is one person's", remedy="--agent or --person")
    owner = Owner(agent=AgentId(agent) if agent else None, person=person)

    site = site_of(context)
    queues = tuple(sorted(QueueName(one) for one in set(queue or [])))
    rights = Rights(scopes=parse_scopes(scope), queues=queues, teams=tuple(sorted(set(team or []))))
    until = time.time() + span(expires) if expires else None
    text = asyncio.run(_added(site, name, rights, until, owner))
    if json:
        emit(
            {
                "name": name,
                "token": text,
                **_owner_document(owner),
                **_rights_document(rights),
                "expires": stamp(until),
            }
        )
        return
    say(text)
    say("It is not kept: copy it now. It goes into the header  Authorization: Bearer ...")


@app.command("list")
def list_tokens(context: typer.Context, json: Json = False) -> None:
    """List the tokens: scopes, limits, last used; also those that are good no more."""
    found = asyncio.run(_listed(site_of(context)))
    now = time.time()
    if json:
        emit({"tokens": [_document(one, now) for one in found]})
        return
    show_grid(HEADS, (_row(one, now) for one in found), empty="there are no tokens: callcenter tokens add")


@app.command("revoke")
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")],
    json: Json = False,
) -> None:
    """Make a token good for nothing, from the next request on; open streams of events are cut."""
    if not asyncio.run(_revoked(site_of(context), name)):
        raise Failure(Exit.NOT_FOUND, f"there is no good token {name}", remedy="callcenter tokens list")
    if json:
        emit({"name": name, "done": "revoked"})
    else:
        say(f"{name} is revoked")


async def _added(site: Site, name: str, rights: "Rights", expires: float | None, owner: "Owner") -> str:
    from callcenter.errors import ConfigurationError
    from callcenter.postgres.audit import Audit
    from callcenter.postgres.tokens import Tokens

    async with site.database() as pool:
        told = " ".join(map(str, rights.scopes))
        async with Audit(pool).act(asker(), "cli", "tokens add", name, told) as act:
            try:
                return await Tokens(pool).add(name, rights, by=asker(), expires=expires, owner=owner)
            except ConfigurationError as error:
                act.refused(str(error))
                raise


async def _listed(site: Site) -> "tuple[Token, ...]":
    from callcenter.postgres.tokens import Tokens

    async with site.database() as pool:
        return await Tokens(pool).listed()


async def _revoked(site: Site, name: str) -> bool:
    from callcenter.postgres.audit import Audit
    from callcenter.postgres.tokens import Tokens

    async with site.database() as pool, Audit(pool).act(asker(), "cli", "tokens revoke", name) as act:
        done = await Tokens(pool).revoke(name, by=asker())
        if not done:
            act.refused("there is no good token of this name")
        return done


def _state(token: "Token", now: float) -> str:
    if token.revoked is not None:
        return "revoked"
    return "good" if token.good(now) else "expired"


def _owner_document(owner: "Owner") -> dict[str, str | None]:
    return {"agent": owner.agent, "person": owner.person or None}


def _rights_document(rights: "Rights") -> dict[str, list[str]]:
    return {
        "scopes": [str(scope) for scope in rights.scopes],
        "queues": list(rights.queues),
        "teams": list(rights.teams),
    }


def _document(token: "Token", now: float) -> dict[str, object]:
    return {
        "name": token.name,
        **_owner_document(token.owner),
        "state": _state(token, now),
        **_rights_document(token.rights),
        "made": stamp(token.made),
        "made_by": token.made_by,
        "expires": stamp(token.expires),
        "last_used": stamp(token.used),
        "revoked": stamp(token.revoked),
        "revoked_by": token.revoked_by or None,
    }


def _row(token: "Token", now: float) -> tuple[object, ...]:
    return (
        token.name,
        token.owner.agent or token.owner.person,
        _state(token, now),
        " ".join(map(str, token.rights.scopes)),
        " ".join([*token.rights.queues, *token.rights.teams]),
        clock(token.made),
        token.made_by,
        clock(token.expires),
        clock(token.used),
    )
