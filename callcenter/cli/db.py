"""`callcenter db`: the database's shape. Knows the migrations' outcome; no table."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, say
from callcenter.cli.site import Site, quiet_logs, site_of

if TYPE_CHECKING:
    from callcenter.postgres.migrate import Migration

app = typer.Typer(name="db", help="The database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database."""


@app.command("migrate")
def migrate(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say what would be applied, 1 if anything.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring the database to the shape that this version wants. Safe to run again, and while a call center runs."""
    found = asyncio.run(_migrated(site_of(context), check=check))
    names = [migration.name for migration in found]
    if json:
        emit({"pending" if check else "applied": names})
    elif check:
        say(f"to be applied: {', '.join(names)}" if names else "nothing is to be applied")
    else:
        say(f"applied: {', '.join(names)}" if names else "the database is as it should be")
    if check and names:
        raise typer.Exit(Exit.PROBLEMS)


async def _migrated(site: Site, *, check: bool) -> "tuple[Migration, ...]":
    quiet_logs()
    from callcenter.errors import PeerUnavailable
    from callcenter.postgres.migrate import migrate as applied
    from callcenter.postgres.migrate import pending
    from callcenter.postgres.pool import connect

    try:
        connection = await connect(site.database_url())
    except PeerUnavailable as error:
        raise Failure(Exit.DATABASE, str(error)) from error
    try:
        return await (pending(connection) if check else applied(connection))
    finally:
        await connection.close()
