"""`callcenter run`, `stop` and `status`: the call center as a whole. Decides nothing."""

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.queues import QUEUE_HEADS, queue_document, queue_row
from callcenter.cli.screen import Json, cell, emit, length, say, seconds, show, show_grid, show_pairs, stamp, warn
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.boot import RunningCenter
    from callcenter.model.view import CenterView
    from callcenter.postgres.directory import PhoneAccount

STOP_POLL_S: Final = 0.1
BEHIND_MAX_S: Final = 10.0  # the journal may be so far behind before `status` calls it a problem


# -- run ---------------------------------------------------------------------------------------------------------------


def run(context: typer.Context, json: Json = False) -> None:
    """Start the call center and stay until Ctrl-C, SIGTERM or `callcenter stop`."""
    site = site_of(context)
    if site.center.runs():
        raise Failure(Exit.PROBLEMS, "a call center is running here already", remedy="callcenter stop ends it")
    from callcenter.boot import serve

    progress = _Progress()

    async def ready(running: "RunningCenter") -> None:
        progress.end()
        await _announce(site, running, json=json)

    try:
        asyncio.run(serve(site.settings, progress=progress, ready=ready))
    except asyncio.CancelledError:  # a signal while it was starting
        raise typer.Exit(Exit.INTERRUPTED) from None
    finally:
        progress.end()
    if not json:
        say("the call center has stopped")


class _Progress:
    """Says on standard error how far the start is: bars on a terminal, a line per finished step elsewhere."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._ended = False

    def step(self, name: str, done: int, total: int) -> None:
        """`name` is at `done` of `total`."""
        if self._ended:
            return
        if not sys.stderr.isatty():
            if done >= total:
                warn(f"{name}: done")
            return
        if self._bars is None:
            self._bars = _bars()
            self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[name], completed=done, total=total)

    def end(self) -> None:
        """The call center runs: the terminal belongs to the log now."""
        self._ended = True
        if self._bars is not None:
            self._bars.stop()


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


async def _announce(site: Site, running: "RunningCenter", *, json: bool) -> None:
    """Say what to dial, which phones to register, and how to stop."""
    accounts, trial = await _accounts(running)
    numbers = dict(sorted(site.configuration().numbers.items()))
    server = site.sip_server()
    if json:
        emit(
            {
                "running": True,
                "server": server,
                "numbers": numbers,
                "agents": [{"agent": one.agent, "name": one.name, "number": one.number} for one in accounts],
            }
        )
        sys.stdout.flush()
        return
    _show_ready(server, numbers, accounts, trial=trial)
    sys.stdout.flush()


async def _accounts(running: "RunningCenter") -> "tuple[tuple[PhoneAccount, ...], bool]":
    """Everybody's account, and whether they are only those that a new call center is made with."""
    from callcenter.boot import FIRST_AGENTS
    from callcenter.postgres.directory import Directory
    from callcenter.postgres.pool import open_pool

    pool = await open_pool(running.wiring.dsn, size_max=1)
    try:
        accounts = await Directory(pool).accounts()
    finally:
        await pool.close()
    return accounts, {one.agent for one in accounts} <= {agent.id for agent in FIRST_AGENTS}


def _show_ready(server: str, numbers: Mapping[str, str], accounts: "tuple[PhoneAccount, ...]", *, trial: bool) -> None:
    show(cell("The call center is running.", "bold green"))
    say()
    show_grid(("dial!", "leads to flow"), numbers.items(), title="Numbers")
    say()
    heads, rows = (
        ("agent!", "name", "SIP user name!", "server!"),
        [(o.agent, o.name, o.number, server) for o in accounts],
    )
    if trial:  # passwords of a new call center, so that it can be tried at once; never those of people who were added
        with_secrets = [(*row, one.secret) for row, one in zip(rows, accounts, strict=True)]
        show_grid((*heads, "password!"), with_secrets, title="Phones to try it with")
    else:
        show_grid(heads, rows, title="Phones")
        say("a phone's password: callcenter agents account AGENT")
    say()
    first = accounts[0].agent if accounts else "AGENT"
    say(f"Register a softphone (Linphone, Zoiper, baresip ...): user name and password as above, domain {server}, UDP.")
    say(f"Log its agent in with: callcenter agents login {first}")
    say(f"Then call, from another phone or program on this machine: sip:{next(iter(numbers), 'NUMBER')}@{server}")
    say("Watch with: callcenter top. Stop with Ctrl-C or: callcenter stop")


# -- stop --------------------------------------------------------------------------------------------------------------


def stop(
    context: typer.Context,
    within: Annotated[
        float, typer.Option("--within", metavar="SECONDS", min=0.0, help="Wait so long for the end.")
    ] = 60.0,
    json: Json = False,
) -> None:
    """End the running call center in order: calls are ended and written down."""
    center = site_of(context).center
    center.stop()
    deadline = time.monotonic() + within
    while center.runs():
        if time.monotonic() >= deadline:
            raise Failure(Exit.NO_ANSWER, f"the call center is still ending after {within:g} s")
        time.sleep(STOP_POLL_S)
    if json:
        emit({"done": "stopped"})
    else:
        say("the call center has stopped")


# -- status ------------------------------------------------------------------------------------------------------------


def status(context: typer.Context, json: Json = False) -> None:
    """One screen: is it well, who calls, who works. Exit code 1 if something is wrong."""
    center = site_of(context).center
    view, health = center.view(), center.health()
    problems = health_problems(health)
    if json:
        emit(
            {
                "at": stamp(view.at),
                "well": not problems,
                "problems": problems,
                "calls": _call_figures(view),
                "agents": _agent_figures(view),
                "queues": [queue_document(one) for one in view.queues],
                "health": dict(health),
            }
        )
    else:
        _show_status(view, health, problems)
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


def health_problems(health: Mapping[str, Any]) -> list[str]:
    """What is wrong with a running center, in words; empty if nothing is."""
    asterisk, journal = health.get("asterisk", {}), health.get("journal", {})
    found = []
    if not asterisk.get("ari"):
        found.append("Asterisk is not connected (ARI): no calls come in")
    if asterisk.get("ami") != "up":
        found.append(f"Asterisk is not connected (AMI is {asterisk.get('ami')}): calls are not recorded")
    if not journal.get("connected"):
        found.append("Postgres is not connected: the journal is kept in a local file meanwhile")
    if journal.get("problem"):
        found.append(f"the journal: {journal['problem']}")
    if journal.get("connected") and journal.get("behind_s", 0.0) > BEHIND_MAX_S:
        found.append(f"the journal is {length(journal['behind_s'])} behind")
    return found


def _call_figures(view: "CenterView") -> dict[str, object]:
    states = [one.state.value for one in view.contacts]
    return {
        "up": len(states),
        "in_flow": states.count("in_flow"),
        "waiting": states.count("waiting") + states.count("offered") + states.count("connecting"),
        "talking": states.count("connected") + states.count("forwarded"),
        "longest_wait_s": seconds(max((one.longest_s for one in view.queues), default=0.0)),
    }


def _agent_figures(view: "CenterView") -> dict[str, object]:
    at_work = [one for one in view.agents if one.status.value != "logged_out"]
    states = [one.state.value for one in at_work]
    return {
        "known": len(view.agents),
        "at_work": len(at_work),
        "ready": states.count("ready"),
        "ringing": states.count("offered"),
        "on_call": states.count("on_contact"),
        "wrap_up": states.count("wrap_up"),
        "paused": sum(one.status.value == "paused" for one in at_work),
        "unreachable": sum(one.phone.value != "reachable" for one in at_work),
    }


def _show_status(view: "CenterView", health: Mapping[str, Any], problems: list[str]) -> None:
    calls, agents = _call_figures(view), _agent_figures(view)
    asterisk, journal = health.get("asterisk", {}), health.get("journal", {})
    longest = length(max((one.longest_s for one in view.queues), default=0.0))
    show_pairs(
        {
            "call center": cell("well" if not problems else "NOT WELL", "bold green" if not problems else "bold red"),
            "running for": length(health.get("up_s")),
            "Asterisk": f"ARI {'up' if asterisk.get('ari') else 'down'}, AMI {asterisk.get('ami')}",
            "journal": f"entry {journal.get('last_seq')}, {journal.get('behind_entries')} not in Postgres yet",
            "calls": f"{calls['up']} up: {calls['in_flow']} in menus, {calls['waiting']} waiting (longest {longest}), "
            f"{calls['talking']} talking",
            "agents": f"{agents['at_work']} of {agents['known']} at work: {agents['ready']} ready, "
            f"{agents['ringing']} ringing, {agents['on_call']} on calls, {agents['wrap_up']} in wrap-up, "
            f"{agents['paused']} paused",
        }
    )
    if agents["unreachable"]:
        say(f"{agents['unreachable']} at work without a phone that can be reached: callcenter agents list")
    for problem in problems:
        show(cell(f"! {problem}", "red"))
    say()
    show_grid(QUEUE_HEADS, (queue_row(one) for one in view.queues), empty="no queue is configured")
