"""`callcenter webhooks`: programs elsewhere that are told of facts. The secret is printed once, by `add`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from callcenter.cli.asker import asker
from callcenter.cli.exits import Exit
from callcenter.cli.screen import Json, emit, say, show_grid, stamp
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import moment

if TYPE_CHECKING:
    from callcenter.jobs.hooks import HookDesk
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
    events, queues, by = sorted(set(event)), sorted(set(queue or [])), asker()
    secret = _with(
        site_of(context), lambda desk: desk.add(name, url, events, queues, by), act="webhooks add", name=name
    )
    if json:
        emit({"name": name, "url": url, "events": events, "queues": queues, "secret": secret})
        return
    say(secret)
    say("It is shown this once. Deliveries are signed with it: docs/webhooks.md")


@app.command("list")
def list_hooks(context: typer.Context, json: Json = False) -> None:
    """List the webhooks: what each is told, how much is on its way, and what has failed."""
    from callcenter.jobs.hooks import state_of, why_of

    found = _with(site_of(context), lambda desk: desk.listed())
    if json:
        emit({"webhooks": [_document(one) for one in found]})
        return
    rows = (
        (one.name, state_of(one), one.url, " ".join(one.events), " ".join(one.queues), one.waiting, why_of(one))
        for one in found
    )
    show_grid(HEADS, rows, empty="there are no webhooks: callcenter webhooks add")


@app.command("remove")
def remove(context: typer.Context, name: HookName, json: Json = False) -> None:
    """Tell a program nothing more; what is on its way is dropped."""
    _with(site_of(context), lambda desk: desk.remove(name), act="webhooks remove", name=name)
    _did(name, "removed", json=json)


@app.command("enable")
def enable(context: typer.Context, name: HookName, json: Json = False) -> None:
    """Send again what waits, now; also to one that was disabled because nothing arrived."""
    _with(site_of(context), lambda desk: desk.enable(name), act="webhooks enable", name=name)
    _did(name, "enabled", json=json)


@app.command("replay")
def replay(
    context: typer.Context,
    name: HookName,
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="today, 2h, 14:00, 2026-01-31 ...")],
    json: Json = False,
) -> None:
    """Tell a program again of all that happened from a time on; each delivery has the id that it had."""
    at = moment(since, time.time())
    _with(site_of(context), lambda desk: desk.replay(name, at), act="webhooks replay", name=name)
    _did(name, "replayed", json=json)


@app.command("test")
def try_out(context: typer.Context, name: HookName, json: Json = False) -> None:
    """Send a program one delivery that means nothing, and say what it answers."""
    problem = _with(site_of(context), lambda desk: desk.tried(name, time.time()))
    if json:
        emit({"name": name, "taken": not problem, "problem": problem})
    else:
        say(problem or f"{name} has taken it")
    if problem:
        raise typer.Exit(Exit.PROBLEMS)


def _with(site: Site, ask: "Callable[[HookDesk], Awaitable[T]]", act: str = "", name: str = "") -> T:
    """Ask, audited if it is an act."""

    async def run() -> T:
        from callcenter.errors import ConfigurationError
        from callcenter.jobs.hooks import HookDesk
        from callcenter.postgres.audit import Audit
        from callcenter.postgres.reader import JournalReader
        from callcenter.postgres.webhooks import Webhooks

        def hosts() -> "Sequence[str]":
            return site.configuration().lookup_hosts

        async with site.database() as pool, AsyncExitStack() as stack:
            under_way = await stack.enter_async_context(Audit(pool).act(asker(), "cli", act, name)) if act else None
            try:
                return await ask(HookDesk(Webhooks(pool), JournalReader(pool), hosts))
            except ConfigurationError as error:
                if under_way is not None:
                    under_way.refused(str(error))
                raise

    return asyncio.run(run())


def _did(name: str, done: str, *, json: bool) -> None:
    if json:
        emit({"name": name, "done": done})
    else:
        say(f"{name} is {done}")


def _document(hook: "Webhook") -> dict[str, object]:
    from callcenter.jobs.hooks import state_of, why_of

    return {
        "name": hook.name,
        "state": state_of(hook),
        "url": hook.url,
        "events": list(hook.events),
        "queues": list(hook.queues),
        "waiting": hook.waiting,
        "why": why_of(hook),
        "failing_since": stamp(hook.failing_since),
        "disabled": stamp(hook.disabled),
        "made": stamp(hook.made),
        "made_by": hook.made_by,
        "told_up_to": hook.after_seq,
    }
