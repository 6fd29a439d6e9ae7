"""The demo from its beginning to its end: a call center, its agents, its callers, the report, and nothing left behind.

Knows the order of things; what is promised is in `checks`, who does what in `cast`.
"""

import asyncio
import re
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from callcenter.asterisk.ari import Access, Ari
from callcenter.boot import RunningCenter, center
from callcenter.boot.logs import configure_logs
from callcenter.boot.works import sealer
from callcenter.cli.demo.cast import CUSTOMERS, WORKERS, Customer
from callcenter.cli.demo.checks import Evidence, Findings, examine, names
from callcenter.cli.demo.people import Desk, Office, calls, office
from callcenter.cli.demo.record import Record, opened, write_report, written
from callcenter.cli.demo.screen import Screen, show_findings, show_report
from callcenter.cli.demo.stage import clear, clear_database, demo_settings, held, leftovers
from callcenter.cli.demo.story import Story
from callcenter.cli.demo.words import Words
from callcenter.cli.exits import Exit
from callcenter.cli.progress import Bars
from callcenter.config import Settings
from callcenter.embedded.programs import Tool, find_tool
from callcenter.errors import PeerFault
from callcenter.jobs.keeping import Vault
from callcenter.jobs.sealing import Sealer
from callcenter.model.agent import AgentState
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import open_pool
from callcenter.postgres.reports import Reports
from callcenter.postgres.sealed import SealedFiles
from callcenter.sim.peers.baresip import PhoneCall

REPORT: Final = "report.json"
WRAP_UP_LIMIT_S: Final = 10.0
ON_RECORD_LIMIT_S: Final = 20.0
EMPTY_LIMIT_S: Final = 5.0
POLL_S: Final = 0.1
COMPLAINT: Final = re.compile(r"\b(?:WARNING|ERROR)\[")
LOGGED_PROBLEM: Final = re.compile(r'"level": "(?:warning|error|critical)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of the calls."""

    calls: Mapping[str, PhoneCall]  # by the caller's number
    troubles: tuple[str, ...]


async def play(settings: Settings, console: Console) -> Exit:
    """The whole demo on a machine with these settings; OK if everything that it promises was seen."""
    began = time.monotonic()
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    settings = demo_settings(settings)
    with held(settings):
        with Bars(console) as bars:
            bars.step("Clearing the stage", 0, 1)
            await asyncio.to_thread(clear, settings)
            await clear_database(settings)
            bars.step("Clearing the stage", 1, 1)
        with _log(settings) as log_file:
            configure_logs(settings, log_file)
            findings = await _perform(settings, console)
        left = await asyncio.to_thread(leftovers, settings)
        findings.expect("no program of the demo is left running", not left, ", ".join(left))
    show_findings(console, findings)
    console.print(Text(f"Report: {_shown(settings.var_folder / REPORT)}; logs: {_shown(settings.var_folder / 'log')}"))
    console.print(
        Text(f"It took {time.monotonic() - began:.0f} s. To try it with your own phone: make run", style="dim")
    )
    return Exit.PROBLEMS if findings.missing else Exit.OK


async def _perform(settings: Settings, console: Console) -> Findings:
    """The call center is started, used, looked at and stopped."""
    async with AsyncExitStack() as stack:
        with Bars(console) as bars:
            tool = await asyncio.to_thread(
                find_tool, "baresip", settings.var_folder, progress=bars.of("telephones (SIP)")
            )
            running = await stack.enter_async_context(center(settings, bars))
        pool = await open_pool(running.wiring.dsn)
        stack.push_async_callback(pool.close)
        files, shelf = SealedFiles(pool), sealer(settings, pool)
        stack.callback(shelf.close)
        secrets = await _hire(running, Directory(pool))
        since = running.view().at
        with Screen(console, running.view, Words(names(WORKERS))) as screen:
            async with Story(running.feed, screen.tell) as story:
                desk = _desk(settings, tool, running, story)
                async with office(desk, WORKERS, secrets) as agents:
                    played = await _calls(desk, agents, screen)
                    await _until_nobody_writes(running, story)
                    await agents.log_out()
                record = await written(
                    Reports(pool),
                    since,
                    running.view().at,
                    contacts=len(CUSTOMERS),
                    within_s=ON_RECORD_LIMIT_S,
                    put_away=lambda: _put_away(files, shelf),
                )
                screen.say("the calls are over; looking at what is on record, and listening to the recordings")
                with TemporaryDirectory(dir=settings.var_folder) as folder:
                    vault = Vault(files, shelf, settings.recordings_keys)
                    heard = await opened(vault, record.calls, Path(folder))
                    findings = await _examined(agents, story, record, played, heard)
                await _look_around(settings, running, findings)
        write_report(settings.var_folder / REPORT, record)
        show_report(console, record, findings, CUSTOMERS, WORKERS)
        return findings


async def _hire(running: RunningCenter, directory: Directory) -> dict[str, str]:
    """The agents of the demo are in the directory and have SIP accounts; the passwords by number."""
    known = {agent.id for agent in await directory.agents()}
    for worker in WORKERS:
        if worker.agent.id not in known:
            await directory.add(worker.agent)
    problem = await running.phones_changed()
    if problem:
        raise PeerFault(f"the agents' phones could not be set up: {problem}")
    return {account.number: account.secret for account in await directory.accounts()}


async def _calls(desk: Desk, agents: Office, screen: Screen) -> Played:
    """Everybody calls; what goes wrong with one call does not end the others."""
    await agents.log_in()
    screen.say(f"the lines are open: {len(CUSTOMERS)} people call")
    made: dict[str, PhoneCall] = {}
    troubles: list[str] = []

    async def one(customer: Customer) -> None:
        try:
            made[customer.number] = await calls(desk, customer, agents)
        except PeerFault as fault:
            troubles.append(f"{customer.name}: {fault}")

    async def back() -> None:
        try:
            await agents.missed_one()
        except PeerFault as fault:
            troubles.append(str(fault))

    async with asyncio.TaskGroup() as group:
        group.create_task(back())
        for customer in CUSTOMERS:
            group.create_task(one(customer))
    return Played(calls=made, troubles=tuple(troubles))


async def _until_nobody_writes(running: RunningCenter, story: Story) -> None:
    """Wait until the wrap-up of the last call is over: it counts in the AHT."""

    def so() -> bool:
        return all(agent.state is not AgentState.WRAP_UP for agent in running.view().agents)

    await story.until(so, within_s=WRAP_UP_LIMIT_S, what="every agent has written her notes")


async def _put_away(files: SealedFiles, shelf: Sealer) -> None:
    """Every recording is encoded and sealed, as the settings say; it may be that the call center is at it already."""
    await files.take()
    for recording in await files.due():
        await shelf.bring_on(recording)


async def _examined(
    agents: Office, story: Story, record: Record, played: Played, heard: Mapping[str, Path]
) -> Findings:
    evidence = Evidence(
        customers=CUSTOMERS,
        workers=WORKERS,
        record=record,
        story=story,
        office=agents,
        calls=played.calls,
        opened=heard,
        troubles=played.troubles,
    )
    return await asyncio.to_thread(examine, evidence)


async def _look_around(settings: Settings, running: RunningCenter, findings: Findings) -> None:
    """Nothing is left in Asterisk, and neither it nor we have complained."""
    wiring = running.wiring
    access = Access(host=wiring.host, port=wiring.http_port, username=wiring.ari_username, password=wiring.ari_password)
    deadline = time.monotonic() + EMPTY_LIMIT_S
    async with Ari(access) as ari:
        while True:
            channels, bridges = await ari.channels.list(), await ari.bridges.list()
            if not (channels or bridges) or time.monotonic() > deadline:
                break
            await asyncio.sleep(POLL_S)
    findings.expect("no channel is left in Asterisk", not channels, [channel.name for channel in channels])
    findings.expect("no bridge is left in Asterisk", not bridges, [bridge.id for bridge in bridges])
    for whose, path, wrong in (
        ("Asterisk's log", settings.var_folder / "asterisk/log/messages.log", COMPLAINT),
        ("the call center's log", _log_path(settings), LOGGED_PROBLEM),
    ):
        lines = [line for line in path.read_text(errors="replace").splitlines() if wrong.search(line)]
        findings.expect(f"{whose} has no warning and no error", not lines, "; ".join(lines))


def _desk(settings: Settings, tool: Tool, running: RunningCenter, story: Story) -> Desk:
    return Desk(
        tool=tool,
        folder=settings.var_folder / "phones",
        server=f"{running.wiring.sip_host}:{running.wiring.sip_port}",
        story=story,
    )


def _log_path(settings: Settings) -> Path:
    return settings.var_folder / "log" / "callcenter.log"


@contextmanager
def _log(settings: Settings) -> Iterator[TextIO]:
    path = _log_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", buffering=1, encoding="utf-8") as file:
        yield file


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
