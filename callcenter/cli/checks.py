"""What `doctor` looks at, one function a subject. Knows how to look without changing anything; repairs nothing.

A check that cannot be made is a finding too. Each gives its findings; the order is that in which things depend on each
other, so the first wrong one is the one to begin with.
"""

import ctypes
import os
import platform
import resource
import shutil
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import asyncpg

from callcenter import compiled
from callcenter.asterisk.conf_check import Finding, Verdict
from callcenter.boot.works import store
from callcenter.cli.apply import folder_state
from callcenter.cli.center import health_problems
from callcenter.cli.conf import asterisk_findings, asterisk_known
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.site import Site
from callcenter.config.folder import check_configuration, load_configuration
from callcenter.config.settings import AsteriskSource, Settings
from callcenter.embedded.apt import SYSTEM_PATH
from callcenter.embedded.ports import Kind, Range, free
from callcenter.errors import CallCenterError, ConfigurationError, PeerFault
from callcenter.nodes.fields import Language
from callcenter.postgres.migrate import pending
from callcenter.postgres.pool import connect, say, without_password
from callcenter.postgres.queries import sql
from callcenter.sealing.bucket import BucketStore

PYTHON_OLDEST: Final = (3, 11)
MB: Final = 1_000_000
FILES_LEAST: Final = 4096  # open files: sockets of calls, of screens, of Postgres
CLOCK_OFF_MAX_S: Final = 2.0  # between us and Postgres
PROBLEMS_SHOWN: Final = 10
UNIX_PATH_MAX: Final = 107  # bytes of a unix socket's path (unix(7))
CLOCK_UNSYNCHRONISED: Final = 5  # TIME_ERROR of adjtimex(2)


async def examine(site: Site) -> list[Finding]:
    """Everything, in order. Raises nothing: what cannot be looked at is found to be so."""
    found = [*_python(), *_core(), *_files_limit(), *_clock()]
    try:
        settings = site.settings
    except ConfigurationError as error:
        return [*found, *(_wrong("settings", str(problem)) for problem in error.problems)]
    found.append(_good("settings", str(site.file) if site.file else "read"))
    checks: tuple[tuple[str, Callable[[], list[Finding]]], ...] = (
        ("configuration", lambda: _configuration(settings)),
        ("folders", lambda: [*_var_folder(settings), *_disk(settings)]),
        ("bucket", lambda: _bucket(settings)),
        ("voices", lambda: _voices(settings)),
    )
    for subject, look in checks:
        found += _looked(subject, look)
    runs, center = _center(site)
    found += center
    if not runs:
        found += _looked("ports", lambda: _ports(settings))
    for subject, ask in (("Postgres", _postgres), ("Asterisk", _asterisk)):
        found += await _asked(subject, lambda ask=ask: ask(site, runs))  # type: ignore[misc]
    return found


def _looked(subject: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except (OSError, CallCenterError) as error:
        return [_wrong(subject, f"cannot be looked at: {error}")]


async def _asked(subject: str, ask: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    try:
        return await ask()
    except (OSError, CallCenterError) as error:
        return [_wrong(subject, f"cannot be asked: {error}")]


# -- the machine -------------------------------------------------------------------------------------------------------


def _python() -> Iterator[Finding]:
    said = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= PYTHON_OLDEST:
        yield _good("Python", said)
    else:
        yield _wrong("Python", said, "install Python 3.11 or later")


def _core() -> Iterator[Finding]:
    """Both decide alike; one takes half the time."""
    if compiled.in_use():
        yield _good("decisions", "compiled to machine code")
    elif os.environ.get(compiled.PLAIN):
        yield _good("decisions", f"plain Python, as {compiled.PLAIN} says")
    else:
        yield _good("decisions", f"plain Python: {compiled.hindrance() or 'not compiled yet (make core)'}")


def _files_limit() -> Iterator[Finding]:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit == resource.RLIM_INFINITY or limit >= FILES_LEAST:
        yield _good("open files", f"up to {'any number' if limit == resource.RLIM_INFINITY else limit}")
    else:
        yield _warning("open files", f"only {limit} at once", "raise LimitNOFILE or ulimit -n to 16384")


def _clock() -> Iterator[Finding]:
    """Whether the kernel's clock is kept in step with the world; adjtimex(2) with no mode only looks."""
    zone = time.strftime("%Z %z")
    room = ctypes.create_string_buffer(512)  # struct timex, with room to spare
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(room) if hasattr(libc, "adjtimex") else -1
    if state == CLOCK_UNSYNCHRONISED:
        yield _warning("clock", f"is not synchronised ({zone})", "run chrony or systemd-timesyncd")
    elif state < 0:
        yield _warning(
            "clock", f"cannot be told whether it is synchronised ({zone})", "see that chrony or its like runs"
        )
    else:
        yield _good("clock", f"synchronised, {zone}")


# -- what people wrote, and folders ------------------------------------------------------------------------------------


def _configuration(settings: Settings) -> list[Finding]:
    folder = settings.config_folder
    if not folder.exists():
        return [_warning("configuration", f"{folder} is not there yet", "callcenter run begins with an example")]
    problems = check_configuration(folder)
    if problems:
        return [_wrong("configuration", str(problem)) for problem in problems[:PROBLEMS_SHOWN]]
    return [_good("configuration", f"{folder} can be used")]


def _var_folder(settings: Settings) -> list[Finding]:
    folder = settings.var_folder
    if not folder.exists():
        place = next(parent for parent in folder.parents if parent.exists())
        if os.access(place, os.W_OK | os.X_OK):
            return [_good("var folder", f"{folder} will be made")]
        return [_wrong("var folder", f"{folder} cannot be made in {place}", "set var_folder to a place you may write")]
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        return [_wrong("var folder", f"{folder} is no folder", "move it away or set var_folder")]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [_wrong("var folder", f"{folder} cannot be written", "run as its owner, or chown it")]
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        return [_wrong("var folder", f"{folder} can be changed by everybody on this machine", f"chmod o-w {folder}")]
    secrets = folder / "state" / "secrets"
    if secrets.is_dir() and secrets.stat().st_mode & 0o077:
        return [_wrong("var folder", f"{secrets} can be read by others", f"chmod 700 {secrets}")]
    return [_good("var folder", f"{folder}")]


def _disk(settings: Settings) -> list[Finding]:
    found = []
    warn_below, stop_below = MB * settings.recording.warn_below_mb, MB * settings.recording.stop_below_mb
    folders = {"disk (var)": settings.var_folder, "disk (recordings)": settings.recordings}
    if settings.recordings_store != settings.recordings:
        folders["disk (store)"] = settings.recordings_store
    for name, folder in folders.items():
        place = next(one for one in (folder, *folder.parents) if one.exists())
        left = shutil.disk_usage(place).free
        said = f"{left / (1 << 30):.1f} GiB left at {place}"
        if left < stop_below:
            found.append(_wrong(name, said, "make room: nothing is recorded, and the journal needs it"))
        elif left < warn_below:
            found.append(_warning(name, said, "make room soon"))
        else:
            found.append(_good(name, said))
    return found


def _bucket(settings: Settings) -> list[Finding]:
    kept = store(settings)
    if not isinstance(kept, BucketStore):
        return []
    try:
        kept.look()
    except PeerFault as fault:
        return [_wrong("bucket", str(fault), "recordings stay on this machine until it answers")]
    return [_good("bucket", f"answers: {kept.where}")]


def _voices(settings: Settings) -> list[Finding]:
    found = []
    recorded = settings.speech.recorded_folder
    if recorded is not None and not recorded.is_dir():
        found.append(_wrong("voices", f"speech.recorded_folder {recorded} is not there", "make it, or leave it out"))
    if any(voice.startswith("espeak:") for voice in settings.speech.voices.values()):
        unpacked = settings.var_folder / "asterisk-root" / "usr" / "bin" / "espeak-ng"
        program = shutil.which("espeak-ng") or shutil.which("espeak-ng", path=SYSTEM_PATH)
        if program or unpacked.exists():
            found.append(_good("voices", f"espeak-ng: {program or unpacked}"))
        else:
            found.append(
                _warning("voices", "espeak-ng is not here yet", "callcenter run fetches it at its first start")
            )
    if not settings.config_folder.is_dir() or check_configuration(settings.config_folder):
        return found
    unspoken = sorted(tag for tag in _languages(settings.config_folder) if not _spoken(tag, settings))
    found += [
        _wrong(
            "voices", f"no voice speaks {tag}, which callers may hear", f'add {tag} = "espeak:{tag}" to [speech.voices]'
        )
        for tag in unspoken
    ]
    return found


def _languages(folder: Path) -> set[str]:
    from callcenter.nodes.parts import typed

    configuration = load_configuration(folder)
    spoken = {flow.language for flow in configuration.flows.values()}
    for flow in configuration.flows.values():
        for node in flow.nodes.values():
            spoken |= {tag for _, tag in typed(node, Language)}
    return spoken


def _spoken(tag: str, settings: Settings) -> bool:
    recorded = settings.speech.recorded_folder
    if recorded is not None and (recorded / tag).is_dir():
        return True
    return tag in settings.speech.voices or tag.partition("-")[0] in settings.speech.voices


def _ports(settings: Settings) -> list[Finding]:
    """Ports that a person chose must be free while nothing of ours runs; others are picked."""
    asterisk, sip = settings.asterisk, settings.sip
    chosen = {"asterisk.websocket_port": asterisk.websocket_port, "asterisk.fastagi_port": asterisk.fastagi_port}
    chosen["web.port"] = settings.web.port
    if asterisk.source is not AsteriskSource.SYSTEM:
        chosen |= {"asterisk.http_port": asterisk.http_port, "asterisk.ami_port": asterisk.ami_port}
    taken = [
        f"{name} {port}" for name, port in chosen.items() if port and not free(Range(first=port, size=1), Kind.TCP)
    ]
    if asterisk.source is not AsteriskSource.SYSTEM and sip.port and not free(Range(first=sip.port, size=1), Kind.BOTH):
        taken.append(f"sip.port {sip.port}")
    if taken:
        remedy = "stop what has them (ss -lntup), or choose others; 0 picks a free one"
        return [_wrong("ports", f"{one} is in use", remedy) for one in taken]
    return [_good("ports", "those that were chosen are free")]


# -- what runs ---------------------------------------------------------------------------------------------------------


def _center(site: Site) -> tuple[bool, list[Finding]]:
    path = site.control_socket
    if len(os.fsencode(path)) > UNIX_PATH_MAX:
        return False, [_wrong("control socket", f"{path} is too long for a socket", "set web.control_socket")]
    try:
        health = site.center.health()
    except Failure as failure:
        if failure.exit is Exit.NOT_RUNNING:
            return False, [_good("call center", "is not running")]
        return True, [_wrong("call center", failure.message, failure.remedy)]
    found = [_wrong("call center", problem) for problem in health_problems(health)]
    differs = folder_state(site, site.center.configuration().digest)
    if differs:
        found.append(_warning("call center", differs, "callcenter plan, then callcenter apply"))
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        found.append(_wrong("control socket", f"others can use {path}", f"chmod 600 {path}"))
    found = found or [_good("call center", "runs and is well")]
    if api := str(health.get("api", "")):
        found.append(_good("API", f"listens at {api}"))
    return True, found


async def _postgres(site: Site, runs: bool) -> list[Finding]:
    if not site.settings.database_url and not runs:
        return [_good("Postgres", "of our own: it runs while the call center does")]
    dsn = site.database_url()
    try:
        connection = await connect(dsn)
    except CallCenterError as error:
        return [_wrong("Postgres", str(error), "start it; check database_url")]
    try:
        found = [_good("Postgres", f"answers at {without_password(dsn)}")]
        missing = await pending(connection)
        if missing:
            names = ", ".join(one.name for one in missing)
            return [*found, _wrong("database", f"not migrated: {names}", "callcenter db migrate")]
        found.append(_good("database", "migrated"))
        refused = await connection.fetchval(sql("journal.refused_count"))
        if refused:
            what = f"{refused} entries could not be stored; their calls are missing in reports"
            found.append(_warning("journal", what, "look at the table journal_refused, and report it"))
        theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::double precision")
        off = abs(theirs - time.time())
        if off > CLOCK_OFF_MAX_S:
            found.append(
                _wrong("clock", f"Postgres's is {off:.1f} s away from ours", "synchronise both machines' clocks")
            )
        return found
    except asyncpg.PostgresError as error:
        return [_wrong("database", say(error), "callcenter db migrate")]
    finally:
        await connection.close()


async def _asterisk(site: Site, runs: bool) -> list[Finding]:
    settings = site.settings
    if settings.asterisk.source is AsteriskSource.SYSTEM or (runs and asterisk_known(site)):
        try:
            return await asterisk_findings(site)
        except Failure as failure:
            return [_wrong("Asterisk", failure.message, failure.remedy)]
    program = settings.asterisk.program
    if program is not None and not os.access(program, os.X_OK):
        return [_wrong("Asterisk", f"asterisk.program {program} is no program", "set it right, or leave it out")]
    here = program or shutil.which("asterisk", path=SYSTEM_PATH)
    unpacked = settings.var_folder / "asterisk-root"
    if here or unpacked.is_dir():
        return [_good("Asterisk", f"{here or unpacked}; it runs while the call center does")]
    return [_warning("Asterisk", "is not here yet", "callcenter run fetches it at its first start")]


def _good(subject: str, what: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.GOOD, what=what)


def _warning(subject: str, what: str, remedy: str = "") -> Finding:
    return Finding(subject=subject, verdict=Verdict.WARNING, what=what, remedy=remedy)


def _wrong(subject: str, what: str, remedy: str = "") -> Finding:
    return Finding(subject=subject, verdict=Verdict.WRONG, what=what, remedy=remedy)
