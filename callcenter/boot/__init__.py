"""The composition root: makes the parts, plugs them together, serves until told to stop. Decides nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TextIO

import structlog

from callcenter.boot.assembly import running_center
from callcenter.boot.center import RunningCenter
from callcenter.boot.logs import configure_logs
from callcenter.boot.parts import (
    Crashed,
    Progress,
    asterisk,
    close_to_others,
    database,
    voice,
    wiring,
)
from callcenter.boot.sealing import chores
from callcenter.boot.works import works
from callcenter.config import Settings, install_starter
from callcenter.config.settings import chosen_ports
from callcenter.embedded.ports import PortBook, Range
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.agent import Agent
from callcenter.model.ids import AgentId, Skill
from callcenter.postgres.configurations import Configurations
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import open_pool
from callcenter.runtime.collector import calm_collector
from callcenter.versions.live import Live, look_around

FIRST_AGENTS: Final = (
    Agent(
        id=AgentId("alice"),
        name="Alice Nguyen",
        number="1001",
        skills={Skill("sales"): 3, Skill("support"): 2, Skill("vietnamese"): 5, Skill("english"): 4},
    ),
    Agent(
        id=AgentId("bob"),
        name="Bob Tran",
        number="1002",
        skills={Skill("sales"): 2, Skill("support"): 4, Skill("english"): 5},
    ),
)
"""Who works in a new call center until somebody says otherwise: two phones to try it with."""

CRASHES_MAX: Final = 5
CRASHES_WITHIN_S: Final = 60.0

Ready = Callable[[RunningCenter], Awaitable[None]]

log = structlog.get_logger(__name__)


@asynccontextmanager
async def center(settings: Settings, progress: Progress) -> AsyncIterator[RunningCenter]:
    """A whole call center, from nothing to the first call. Ends in order when the context does."""
    async with AsyncExitStack() as stack:
        settings.var_folder.mkdir(parents=True, exist_ok=True)
        close_to_others(settings)
        install_starter(settings.config_folder)
        chosen = [Range(first=first, size=size) for _, first, size in chosen_ports(settings)]
        ports = PortBook(settings.var_folder / "state" / "ports.json", chosen)
        dsn = await stack.enter_async_context(database(settings, ports, progress))
        pool = await open_pool(dsn)
        stack.push_async_callback(pool.close)
        directory = Directory(pool)
        if not await directory.agents():
            for agent in FIRST_AGENTS:
                await directory.add(agent)
        store = Configurations(pool)
        beginning = await look_around(settings.config_folder, store)
        prompts = await stack.enter_async_context(voice(settings, beginning.prompts, progress))
        live = Live(beginning, settings.config_folder, store, prompts)
        prepared = await stack.enter_async_context(asterisk(settings, ports, await directory.accounts(), progress))
        running = await stack.enter_async_context(
            running_center(
                wiring(settings, dsn, prepared, ports),
                beginning.configuration,
                prompts,
                pool,
                live,
                chores(settings, pool),
                works(settings, pool),
            )
        )
        if not await running.in_step():
            raise ConfigurationError(
                [
                    Problem(
                        where="asterisk",
                        what="does not connect to the call center",
                        remedy="callcenter conf check says why; ari.conf and websocket_client.conf are the places",
                    )
                ]
            )
        calm_collector()
        yield running
        if running.crash is not None:
            raise Crashed("a task of the call center has crashed") from running.crash


async def serve(
    settings: Settings, *, progress: Progress, ready: Ready | None = None, log_into: TextIO | None = None
) -> None:
    """Run a call center until SIGTERM, SIGINT, or `callcenter stop`. `ready` is told when it takes calls.

    A signal that comes while it starts ends what has been started so far, and raises CancelledError. After a crash (a
    bug of ours) it starts again and finds its calls where they were, CRASHES_MAX times in CRASHES_WITHIN_S; then it
    raises Crashed, and leaves Asterisk to its calls.
    """
    configure_logs(settings, log_into)
    clock = asyncio.get_running_loop().time
    crashes: list[float] = []
    told = asyncio.Event()  # to stop
    while True:
        try:
            await _serve_once(settings, progress, ready, told)
        except Crashed:
            crashes = [at for at in crashes if clock() - at < CRASHES_WITHIN_S] + [clock()]
            if len(crashes) > CRASHES_MAX:
                raise
            log.warning("starting again after a crash", crashes=len(crashes))
        else:
            return


async def _serve_once(settings: Settings, progress: Progress, ready: Ready | None, told: asyncio.Event) -> None:
    starting = asyncio.current_task()
    if starting is not None and not told.is_set():  # told while it crashed, it starts, so as to end in order
        _on_signals(starting.cancel)
    async with center(settings, progress) as running:

        def stop() -> None:
            told.set()
            running.stop()

        _on_signals(stop)
        if ready is not None:
            await ready(running)
        if told.is_set():
            running.stop()
        await running.stopped.wait()
        log.info("stopping")


def _on_signals(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


__all__ = [
    "FIRST_AGENTS",
    "Progress",
    "RunningCenter",
    "center",
    "serve",
]
