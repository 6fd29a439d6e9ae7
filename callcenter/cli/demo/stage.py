"""Where the demo plays: a var folder and a configuration of its own, cleared of what an earlier demo left.

Knows folders, processes that lie in them, and how the demo's settings differ from this machine's. Must not know calls.
What was fetched or spoken (programs, prompts) is kept, so that the second demo starts in seconds; records, recordings,
logs and secrets are new each time.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from callcenter.cli.exits import Exit, Failure
from callcenter.config import Settings, install_starter
from callcenter.config.settings import (
    AsteriskSettings,
    AsteriskSource,
    RecordingSettings,
    SipSettings,
    TrunkSettings,
    WebSettings,
)
from callcenter.postgres.pool import asking, connect

FOLDER: Final = "demo"
SCHEMA: Final = "callcenter_demo"  # in a Postgres that was there before us
KEPT: Final = ("asterisk-root", "peers-root", "cache", "prompts", "programs", "demo.lock")
OWN_CONFIGURATION: Final = "config"
STOP_LIMIT_S: Final = 10.0
POLL_S: Final = 0.05
POSTGRES_WAIT_S: Final = 5.0

OFFICE_ZONE: Final = "Asia/Ho_Chi_Minh"
DAYS_AWAY: Final = 3
CALENDARS: Final = """\
# Written by `callcenter demo` on {today}. Whatever the time is now, a caller is to find the office closed: so it opens
# on {day_name}s only, which is {days} days away. An office of your own would say mon-fri: 08:00-17:30.

office: # the number 1901
  timezone: {zone}
  open:
    {day}: 08:00-20:00

always: # the hotline, 1900
  timezone: {zone}
  open:
    daily: 00:00-24:00

never: # 1902
  timezone: {zone}
  open: {{}}
"""


def demo_settings(settings: Settings) -> Settings:
    """The settings of the demo on this machine: everything of its own, loopback only, ports that are free.

    The Asterisk program, the voices and the Postgres of the machine are used; its running Asterisk is not touched.
    Recordings are encoded and sealed as the machine's are, in the demo's folder and with a key of its own.
    """
    var = settings.var_folder / FOLDER
    kept = settings.recording
    return replace(
        settings,
        var_folder=var,
        config_folder=var / OWN_CONFIGURATION,
        recordings_folder=None,
        database_url=_with_schema(settings.database_url) if settings.database_url else "",
        asterisk=AsteriskSettings(source=AsteriskSource.EMBEDDED, program=settings.asterisk.program),
        sip=SipSettings(),
        trunk=TrunkSettings(),
        recording=RecordingSettings(
            format=kept.format,
            encrypt=kept.encrypt,
            warn_below_mb=kept.warn_below_mb,
            stop_below_mb=kept.stop_below_mb,
        ),
        web=WebSettings(),
    )


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Nobody else plays here meanwhile. Raises Failure if somebody does."""
    settings.var_folder.mkdir(parents=True, exist_ok=True)
    with (settings.var_folder / "demo.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(Exit.PROBLEMS, f"a demo plays in {settings.var_folder} already") from None
        yield


def clear(settings: Settings) -> None:
    """End what an earlier demo left running, erase what it left lying, write the configuration. Blocks."""
    _end(processes_in(*_places(settings)))
    for place in _places(settings):
        _erase(place)
    _configure(settings.config_folder)


async def clear_database(settings: Settings) -> None:
    """In a Postgres that was there before us the demo has a schema of its own, new each time."""
    if not settings.database_url:
        return
    connection = await connect(_without_schema(settings.database_url), wait_s=POSTGRES_WAIT_S)
    try:
        with asking():
            await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            await connection.execute(f"CREATE SCHEMA {SCHEMA}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise Failure(
            Exit.DATABASE,
            f"the demo may not make a schema of its own: {error}",
            remedy="grant CREATE on the database, or leave database_url out: the demo then brings a Postgres",
        ) from error
    finally:
        await connection.close()


def leftovers(settings: Settings) -> list[str]:
    """Programs that still run in the demo's folders, as people would look for them. Blocks."""
    return [f"{_name(pid)} (pid {pid})" for pid in processes_in(*_places(settings))]


def processes_in(*folders: Path) -> list[int]:
    """The processes, but for our own, whose current folder lies in one of these; as far as we may look."""
    roots = [folder.resolve() for folder in folders]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                here = Path(os.readlink(entry / "cwd"))
                if any(here.is_relative_to(root) for root in roots):
                    found.append(int(entry.name))
    return sorted(found)


def _places(settings: Settings) -> list[Path]:
    """The demo's folder, and where its Postgres lies if that is elsewhere (see `embedded.folders.home_for`)."""
    var = settings.var_folder
    with suppress(FileNotFoundError):
        return [var, Path((var / "postgres.place").read_text().strip())]
    return [var]


def _end(pids: list[int]) -> None:
    """Ask them to end, then make them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + STOP_LIMIT_S
        while time.monotonic() < deadline:
            pids = [pid for pid in pids if Path(f"/proc/{pid}/cwd").exists()]
            if not pids:
                return
            time.sleep(POLL_S)


def _erase(folder: Path) -> None:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name in KEPT or entry.name.endswith("-root.lock"):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _configure(folder: Path) -> None:
    """The starter, with queues whose times suit a minute's demo and an office that is closed."""
    install_starter(folder)
    with as_file(files("callcenter.cli.demo") / "queues.yaml") as queues:
        shutil.copyfile(queues, folder / "queues.yaml")
    (folder / "calendars.yaml").write_text(calendars(datetime.now(ZoneInfo(OFFICE_ZONE))), encoding="utf-8")


def calendars(now: datetime) -> str:
    """calendars.yaml for a demo that is played now."""
    open_on = now + timedelta(days=DAYS_AWAY)
    return CALENDARS.format(
        today=f"{now:%Y-%m-%d}",
        day=f"{open_on:%a}".lower(),
        day_name=f"{open_on:%A}",
        days=DAYS_AWAY,
        zone=OFFICE_ZONE,
    )


def _with_schema(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}search_path={SCHEMA}"


def _without_schema(url: str) -> str:
    return url[: -len(f"?search_path={SCHEMA}")]


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return "?"
