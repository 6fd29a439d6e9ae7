"""`callcenter run`: the call center starts, says how to use it, and stays. Knows what a new user must be told.

Its log goes to standard error, or, on a terminal that shows this page, into a file of the var folder.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final, TextIO

import typer

from callcenter.cli.apply import folder_state
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, warn
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from rich.console import Console

    from callcenter.boot import RunningCenter
    from callcenter.postgres.directory import PhoneAccount

LOG_BYTES_MAX: Final = 50_000_000  # an older log that is larger is put aside at the start
ACCOUNTS_MAX: Final = 12  # that are shown; the page fits a screen
LOOPBACK: Final = "127."
EVERYWHERE: Final = "0.0.0.0"
CODES: Final = {"agent_login": "log in", "agent_logout": "log out", "agent_pause": "pause", "agent_ready": "be back"}


def run(context: typer.Context, json: Json = False) -> None:
    """Start the call center and stay until Ctrl-C, SIGTERM or `callcenter stop`."""
    site = site_of(context)
    if site.center.runs():
        raise Failure(Exit.PROBLEMS, "a call center is running here already", remedy="callcenter stop ends it")
    from rich.console import Console

    from callcenter.boot import serve
    from callcenter.cli.progress import Bars

    told = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with _log(site, told) as log_file, Bars(told) as bars:

        async def ready(running: "RunningCenter") -> None:
            bars.end()
            await _announce(site, running, log_file, json=json)

        try:
            asyncio.run(serve(site.settings, progress=bars, ready=ready, log_into=log_file))
        except asyncio.CancelledError:
            raise Failure(Exit.INTERRUPTED, "the call center was stopped while it started") from None
    told.print("the call center has stopped")


@contextmanager
def _log(site: Site, told: "Console") -> Iterator[TextIO | None]:
    """The file the log goes to; None where standard error is read by a program and not by a person."""
    if not told.is_terminal:
        yield None
        return
    path = log_path(site)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".old.log"))
    with path.open("a", buffering=1, encoding="utf-8") as file:
        yield file


def log_path(site: Site) -> Path:
    """Where a call center that was started by hand logs to."""
    return site.settings.var_folder / "log" / "callcenter.log"


async def _announce(site: Site, running: "RunningCenter", log_file: TextIO | None, *, json: bool) -> None:
    """Say what to dial, which phones to register, and how to stop."""
    from callcenter.postgres.directory import Directory
    from callcenter.postgres.pool import open_pool

    pool = await open_pool(running.wiring.dsn, size_max=1)
    try:
        accounts = await Directory(pool).accounts()
    finally:
        await pool.close()
    numbers = dict(sorted(running.configuration.numbers.items()))
    host, port = running.wiring.sip_host, running.wiring.sip_port
    server = f"{'<address of this machine>' if host == EVERYWHERE else host}:{port}"
    if json:
        emit(
            {
                "running": True,
                "server": f"{host}:{port}",
                "api": running.api_url,
                "numbers": numbers,
                "agents": [{"agent": one.agent, "name": one.name, "number": one.number} for one in accounts],
            }
        )
        sys.stdout.flush()  # who reads it through a pipe waits for it
        return
    _page(site, server, numbers, accounts, log_path(site) if log_file is not None else None, running.api_url)
    live = await asyncio.to_thread(site.center.configuration)
    if differs := folder_state(site, live.digest):
        warn(f"version {live.version} of the configuration is live; {differs}")


def _page(
    site: Site, server: str, numbers: Mapping[str, str], accounts: "Sequence[PhoneAccount]", log: Path | None, api: str
) -> None:
    """One page for somebody who has never seen it. Passwords are shown while there are the accounts to try it only."""
    from rich.console import Console
    from rich.text import Text

    from callcenter.boot import FIRST_AGENTS

    trial = {agent.id for agent in FIRST_AGENTS}
    if not trial >= {one.agent for one in accounts}:
        trial = set()  # somebody works with it
    out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def head(text: str) -> None:
        out.print()
        out.print(Text(text, style="bold"))

    def line(text: str) -> None:
        out.print(Text(f"  {text}"))

    out.print(Text("The call center is running.", style="bold green"))
    head("Numbers to call")
    for number, flow in numbers.items():
        if flow not in CODES:
            line(f"{number:<6} {flow}")
    head("Agents' phones (SIP accounts)")
    shown = accounts[:ACCOUNTS_MAX]
    secrets = [one.secret if one.agent in trial else f"callcenter agents account {one.agent}" for one in shown]
    wide = max((len(secret) for secret in secrets), default=0)
    line(f"{'agent':<12} {'user name':<11} {'password':<{wide}} server (UDP or TCP)")
    for one, secret in zip(shown, secrets, strict=True):
        line(f"{one.agent:<12} {one.number:<11} {secret:<{wide}} {server}")
    if len(shown) < len(accounts):
        line(f"and {len(accounts) - len(shown)} more: callcenter agents list")
    head("Register a softphone")
    first = next((one for one in accounts if one.agent in trial), None)
    number, secret = (first.number, first.secret) if first is not None else ("NUMBER", "PASSWORD")
    line(f"Linphone, Zoiper: user name {number}, password as above, domain {server}, transport UDP.")
    line("baresip: this line in ~/.baresip/accounts")
    line(f"  <sip:{number}@{server}>;auth_user={number};auth_pass={secret};audio_codecs=pcmu,pcma")
    codes = {flow: code for code, flow in numbers.items() if flow in CODES}
    if codes:
        head("From an agent's phone")
        line(", ".join(f"{codes[flow]} to {what}" for flow, what in CODES.items() if flow in codes))
    head("Try it")
    hotline = next((called for called, flow in numbers.items() if flow not in CODES), "1900")
    line(f"Log in on one phone, then dial {hotline} on another; or, without an account, from any SIP program on this")
    line(f"machine, as a carrier would: sip:{hotline}@{server}")
    head("Look")
    line("callcenter status | top | calls list | explain CALL | report queues | agents list | recordings list")
    if which("callcenter") is None:
        line(f"(the shell finds it after: source {Path(sys.prefix, 'bin', 'activate')})")
    head("Programs ask it over HTTP")
    line(f"{api} (callcenter tokens add NAME --scope ...; a page about it: {api}/docs)")
    head("Open it to the network")
    if site.settings.sip.host.startswith(LOOPBACK):
        line('Phones reach it from this machine only. In callcenter.toml:  [sip] host = "0.0.0.0"  and port = 5060,')
        line('and [trunk] addresses = ["your carrier\'s"]; then start it again.')
    else:
        line(f"Phones reach it at {site.settings.sip.host}; carriers at {', '.join(site.settings.trunk.addresses)}.")
    head("Stop")
    line("Ctrl-C here, or: callcenter stop")
    if log is not None:
        line(f"What it does is written to {log}")
