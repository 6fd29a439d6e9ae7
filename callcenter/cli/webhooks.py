"""`callcenter webhooks`: programs elsewhere that are told of facts. The secret is printed once, by `add`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from callcenter.cli.asker import asker
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, say, show_grid, stamp
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import moment

if TYPE_CHECKING:
    from callcenter.postgres.pool import Pool
    from callcenter.postgres.webhooks import Webhook

T = TypeVar("T")

app = typer.Typer(name="webhooks", help="Programs that are told of what happens.", no_args_is_help=True)

HookName = Annotated[str, typer.Argument(metavar="NAME", help="The webhook's name.")]
HEADS: Final = ("webhook!", "state", "url", "events", "queues", "waiting>", "why")


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which program it is: a-z 0-9 . _ -")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it is; its host must be in lookups.yaml.")],
    event: Annotated[list[str], typer.Option("--event", help="Such as ContactEnded, or *; repeated.")],
    queue: Annotated[
        list[str] | None, typer.Option("--queue", help="Only facts that name this queue; repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell a program of facts from now on, and print the secret that deliveries are signed with."""
    from callcenter.postgres.webhooks import Webhooks

    site = site_of(context)
    _check(site, url, event)
    events, queues = sorted(set(event)), sorted(set(queue or []))
    secret = _done(site, "webhooks add", name, lambda pool: Webhooks(pool).add(name, url, events, queues, by=asker()))
    if json:
        emit({"name": name, "url": url, "events": events, "queues": queues, "secret": secret})
        return
    say(secret)
    say("It is shown this once. Deliveries are signed with it: docs/webhooks.md")


@app.command("list")
def list_hooks(context: typer.Context, json: Json = False) -> None:
    """List the webhooks: what each is told, how much is on its way, and what has failed."""
    found = asyncio.run(_listed(site_of(context)))
    if json:
        emit({"webhooks": [_document(one) for one in found]})
        return
    rows = (
        (one.name, _state(one), one.url, " ".join(one.events), " ".join(one.queues), one.waiting, _why(one))
        for one in found
    )
    show_grid(HEADS, rows, empty="there are no webhooks: callcenter webhooks add")


@app.command("remove")
def remove(context: typer.Context, name: HookName, json: Json = False) -> None:
    """Tell a program nothing more; what is on its way is dropped."""
    from callcenter.postgres.webhooks import Webhooks

    _one(context, name, "removed", "webhooks remove", lambda pool: Webhooks(pool).remove(name), json=json)


@app.command("enable")
def enable(context: typer.Context, name: HookName, json: Json = False) -> None:
    """Send again what waits, now; also to one that was disabled because nothing arrived."""
    from callcenter.postgres.webhooks import Webhooks

    _one(context, name, "enabled", "webhooks enable", lambda pool: Webhooks(pool).enable(name), json=json)


@app.command("replay")
def replay(
    context: typer.Context,
    name: HookName,
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="today, 2h, 14:00, 2026-01-31 ...")],
    json: Json = False,
) -> None:
    """Tell a program again of all that happened from a time on; each delivery has the id that it had."""
    from callcenter.postgres.reader import JournalReader
    from callcenter.postgres.webhooks import Webhooks

    at = moment(since, time.time())

    async def again(pool: "Pool") -> bool:
        first, _ = await JournalReader(pool).between(at, None)
        if not first:
            raise Failure(Exit.PROBLEMS, "nothing has happened since then")
        return await Webhooks(pool).replay(name, first)

    _one(context, name, "replayed", "webhooks replay", again, json=json)


@app.command("test")
def try_out(context: typer.Context, name: HookName, json: Json = False) -> None:
    """Send a program one delivery that means nothing, and say what it answers."""
    site = site_of(context)
    problem = asyncio.run(_tried(site, name))
    if json:
        emit({"name": name, "taken": not problem, "problem": problem})
    else:
        say(problem or f"{name} has taken it")
    if problem:
        raise typer.Exit(Exit.PROBLEMS)


def _check(site: Site, url: str, events: list[str]) -> None:
    """Raises Failure for an address or an event that is none."""
    from typing import get_args

    from callcenter.core.errands import host_of
    from callcenter.model.facts import Fact

    if not url.startswith(("http://", "https://")) or not host_of(url):
        raise Failure(Exit.PROBLEMS, f"{url} is no address", remedy="http:// or https://")
    if host_of(url) not in site.configuration().lookup_hosts:
        remedy = "add it to the hosts of lookups.yaml, and apply"
        raise Failure(Exit.PROBLEMS, f"{host_of(url)} is no host of lookups.yaml: nothing is sent there", remedy=remedy)
    known = {kind.__name__ for kind in get_args(Fact)}
    if strange := sorted(set(events) - known - {"*"}):
        raise Failure(Exit.PROBLEMS, f"there is no event {', '.join(strange)}", remedy="docs/webhooks.md lists them")


def _done(site: Site, act: str, name: str, do: "Callable[[Pool], Awaitable[T]]") -> T:
    """Do it, audited."""

    async def run() -> T:
        from callcenter.postgres.audit import Audit

        async with site.database() as pool, Audit(pool).act(asker(), "cli", act, name):
            return await do(pool)

    return asyncio.run(run())


def _one(
    context: typer.Context, name: str, done: str, act: str, do: "Callable[[Pool], Awaitable[bool]]", *, json: bool
) -> None:
    if not _done(site_of(context), act, name, do):
        raise Failure(Exit.NOT_FOUND, f"there is no webhook {name}", remedy="callcenter webhooks list")
    if json:
        emit({"name": name, "done": done})
    else:
        say(f"{name} is {done}")


async def _listed(site: Site) -> "tuple[Webhook, ...]":
    from callcenter.postgres.webhooks import Webhooks

    async with site.database() as pool:
        return await Webhooks(pool).listed()


async def _tried(site: Site, name: str) -> str:
    from callcenter.errors import PeerFault
    from callcenter.lookups.poster import Poster

    found = next((one for one in await _listed(site) if one.name == name), None)
    if found is None:
        raise Failure(Exit.NOT_FOUND, f"there is no webhook {name}", remedy="callcenter webhooks list")
    hosts = site.configuration().lookup_hosts
    body = b'{"id":"test","number":0,"at":null,"fact":{"type":"Test"}}'
    async with Poster(lambda: hosts) as poster:
        try:
            await poster.post(found.url, body, id_=f"{name}-test", secret=found.secret, at=time.time())
        except PeerFault as fault:
            return str(fault)
    return ""


def _state(hook: "Webhook") -> str:
    if hook.disabled is not None:
        return "disabled"
    return "failing" if hook.failing_since is not None else "well"


def _why(hook: "Webhook") -> str:
    return hook.disabled_why or hook.why


def _document(hook: "Webhook") -> dict[str, object]:
    return {
        "name": hook.name,
        "state": _state(hook),
        "url": hook.url,
        "events": list(hook.events),
        "queues": list(hook.queues),
        "waiting": hook.waiting,
        "why": _why(hook),
        "failing_since": stamp(hook.failing_since),
        "disabled": stamp(hook.disabled),
        "made": stamp(hook.made),
        "made_by": hook.made_by,
        "told_up_to": hook.after_seq,
    }
