"""Gets what a call center stands on: Postgres, Asterisk, a voice, and the configuration of each.

Knows what is embedded and what was there before us; knows no calls.

A part that is there already (a database address in the settings, an Asterisk of the system) is used; otherwise one is
started below the var folder. Every step says what it does, because the first start takes a while.
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import structlog

import callcenter
from callcenter.asterisk.conf import render, render_generated
from callcenter.asterisk.conf_values import ConfValues, Fallback, Folders, Trunk
from callcenter.boot.api import listen
from callcenter.boot.center import Console, Wiring, phone_accounts
from callcenter.config.places import control_socket, dsn_file
from callcenter.config.settings import AsteriskSource, Settings, WhenAway
from callcenter.embedded.asterisk import AsteriskLayout, EmbeddedAsterisk, asterisk_lives, layout_for
from callcenter.embedded.folders import private_folder, write_whole
from callcenter.embedded.ports import Kind, PortBook
from callcenter.embedded.postgres import EmbeddedPostgres
from callcenter.embedded.postgres_programs import locate_postgres_binaries
from callcenter.embedded.programs import find_asterisk, find_tool
from callcenter.embedded.secrets import secret
from callcenter.errors import Bug, PeerUnavailable
from callcenter.jobs.recordings import Folders as RecordingFolders
from callcenter.media.voice.ears import TRUNK
from callcenter.media.voice.hands import Dialling
from callcenter.model.flow import Prompt
from callcenter.postgres.directory import PhoneAccount
from callcenter.postgres.migrate import migrate
from callcenter.postgres.pool import connect
from callcenter.speech.cache import SoundCache
from callcenter.speech.speakers import Program, find_piper, open_speaker
from callcenter.speech.store import PromptStore

FILES_MAX: Final = 16_384  # open files of Asterisk, where the machine allows as many
RTP_PORTS: Final = 1_200  # four for a call with two legs, so 300 calls
POSTGRES_WAIT_S: Final = 30.0

log = structlog.get_logger(__name__)


class Crashed(Bug):
    """A task of ours has crashed. Asterisk and Postgres go on, with their calls and records, until the next start."""


class Progress(Protocol):
    """Where the first start shows how far it is."""

    def step(self, name: str, done: int, total: int) -> None:
        """`name` is at `done` of `total`, in any unit."""
        ...


def conf_templates() -> Path:
    """The folder asterisk-conf/: beside the package in a checkout, inside it when installed."""
    package = Path(callcenter.__file__).parent
    for folder in (package.parent / "asterisk-conf", package / "_installed" / "asterisk-conf"):
        if (folder / "extensions.conf").is_file():
            return folder
    raise Bug("asterisk-conf/ is neither beside nor inside the package")


@asynccontextmanager
async def database(settings: Settings, ports: PortBook, progress: Progress) -> AsyncIterator[str]:
    """A migrated database, as its address. An embedded one is stopped at the end, unless we are killed."""
    embedded: EmbeddedPostgres | None = None
    dsn = settings.database_url
    progress.step("Postgres", 0, 1)
    if not dsn:
        embedded = EmbeddedPostgres(locate_postgres_binaries(), var=settings.var_folder, ports=ports)
        dsn = await embedded.start()
        write_whole(dsn_file(settings), dsn + "\n", mode=0o600)
    try:
        connection = await connect(dsn, wait_s=POSTGRES_WAIT_S)
        try:
            await migrate(connection)
        finally:
            await connection.close()
        progress.step("Postgres", 1, 1)
        yield dsn
    except Crashed:
        if embedded is not None:
            await embedded.leave()
        raise
    except BaseException:
        if embedded is not None:
            await embedded.stop()
        raise
    else:
        if embedded is not None:
            await embedded.stop()


@asynccontextmanager
async def voice(settings: Settings, said: Mapping[str, Prompt], progress: Progress) -> AsyncIterator[PromptStore]:
    """Every prompt as a file that Asterisk can play; those without variables are made before the first call."""
    tool = await asyncio.to_thread(find_tool, "espeak-ng", settings.var_folder, progress=progress)
    speaker = await open_speaker(
        settings.speech.voices,
        espeak=Program(argv=tuple(tool.argv()), environment=tool.environment()),
        piper=find_piper(tool.environment()),
        piper_voices=settings.speech.piper_voices,
    )
    store = PromptStore(
        SoundCache(settings.var_folder / "prompts"),
        prompts=said,
        speaker=speaker,
        recorded=settings.speech.recorded_folder,
    )
    await store.open()
    try:
        problems = await store.prerender(lambda done, total, name: progress.step("Prompts", done, total))
        for problem in problems:
            log.warning("prompt", problem=str(problem))
        yield store
    finally:
        await store.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Where Asterisk is and what it was configured with."""

    values: ConfValues
    etc: Path
    spool: Path
    console: Console | None = None  # its command line; None: an Asterisk of the system, whose console is not ours


@asynccontextmanager
async def asterisk(
    settings: Settings, ports: PortBook, accounts: tuple[PhoneAccount, ...], progress: Progress
) -> AsyncIterator[Prepared]:
    """An Asterisk that runs with our configuration. An embedded one is stopped at the end, unless we are killed."""
    if settings.asterisk.source is AsteriskSource.SYSTEM:
        yield _system(settings, ports, accounts)
        return
    progress.step("Asterisk", 0, 2)
    root = await asyncio.to_thread(
        find_asterisk, settings.var_folder, configured=settings.asterisk.program, progress=progress
    )
    progress.step("Asterisk", 1, 2)
    etc = settings.asterisk.conf_folder or settings.var_folder / "asterisk" / "etc"
    etc.mkdir(parents=True, exist_ok=True)
    layout = layout_for(root, conf=etc, var=settings.var_folder)
    held = asterisk_lives(settings.var_folder)
    values = conf_values(settings, ports, accounts, _folders(layout), held=held)
    changed = await asyncio.to_thread(render, values, conf_templates(), etc)
    embedded = EmbeddedAsterisk(root, layout, var=settings.var_folder)
    await embedded.start()
    try:
        if held and changed:
            await embedded.command("core reload")
        progress.step("Asterisk", 2, 2)
        yield Prepared(values=values, etc=etc, spool=layout.astspooldir, console=embedded.command)
    except Crashed:
        await embedded.leave()  # with its calls, for the next start
        raise
    except BaseException:
        await embedded.stop()
        raise
    else:
        await embedded.stop()


def conf_values(
    settings: Settings, ports: PortBook, accounts: tuple[PhoneAccount, ...], folders: Folders | None, *, held: bool
) -> ConfValues:
    """What the configuration files are filled with. `held`: our Asterisk lives, so its ports are taken by itself."""
    chosen, sip = settings.asterisk, settings.sip
    secrets = settings.var_folder / "state" / "secrets"

    def port(name: str, wanted: int, kind: Kind = Kind.TCP, *, size: int = 1, theirs: bool = False) -> int:
        # Asterisk passes over RTP ports that are taken
        return wanted or ports.pick(name, kind, size=size, held=held and theirs, taken_max=size // 10)

    rtp = sip.rtp_from or port("rtp", 0, Kind.UDP, size=RTP_PORTS, theirs=True)
    return ConfValues(
        folders=folders,
        http_port=port("ari", chosen.http_port, theirs=True),
        ari_username=chosen.ari_username,
        ari_password=chosen.ari_password or secret(secrets, "ari").text,
        websocket_port=port("websocket", chosen.websocket_port),
        websocket_username=chosen.websocket_username,
        websocket_password=chosen.websocket_password or secret(secrets, "websocket").text,
        ami_port=port("ami", chosen.ami_port, theirs=True),
        ami_username=chosen.ami_username,
        ami_password=chosen.ami_password or secret(secrets, "ami").text,
        fastagi_port=port("fastagi", chosen.fastagi_port),
        sip_host=sip.host,
        sip_port=port("sip", sip.port, Kind.BOTH, theirs=True),
        rtp_from=rtp,
        rtp_to=sip.rtp_to or rtp + RTP_PORTS - 1,
        phones=phone_accounts(accounts),
        max_files=min(FILES_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        trunks=(Trunk(name=TRUNK, addresses=settings.trunk.addresses, contact=settings.trunk.contact),),
        external_address=sip.external_address,
        local_networks=sip.local_networks,
        present_from_start=True,  # the center runs `presence`
        fallback=Fallback.QUEUE if chosen.when_away is WhenAway.QUEUE else Fallback.HANG_UP,
    )


def close_to_others(settings: Settings) -> None:
    """Make our folders of recordings and of the control socket ours alone; those that were chosen are as chosen."""
    if settings.recordings_folder is None:
        private_folder(settings.recordings)
    if settings.web.control_socket is None:
        private_folder(control_socket(settings).parent)


def wiring(settings: Settings, dsn: str, prepared: Prepared, ports: PortBook) -> Wiring:
    """Where the center finds everything."""
    values = prepared.values
    return Wiring(
        dsn=dsn,
        host=settings.asterisk.host,
        http_port=values.http_port,
        ari_username=values.ari_username,
        ari_password=values.ari_password,
        websocket_port=values.websocket_port,
        websocket_username=values.websocket_username,
        websocket_password=values.websocket_password,
        ami_port=values.ami_port,
        ami_username=values.ami_username,
        ami_password=values.ami_password,
        fastagi_port=values.fastagi_port,
        sip_host=values.sip_host,
        sip_port=values.sip_port,
        control_socket=control_socket(settings),
        journal_spool=settings.var_folder / "journal",
        asterisk_etc=prepared.etc,
        conf_templates=conf_templates(),
        recordings=RecordingFolders(
            conversations=prepared.spool / "monitor",
            messages=prepared.spool / "recording",
            kept=settings.recordings,
        ),
        lookup_secrets=settings.lookups.secrets_folder or settings.var_folder / "lookup-secrets",
        console=prepared.console,
        api=listen(settings.web, ports),
        dialling=Dialling(phone=settings.dial.phone, outside=settings.dial.outside),
    )


def _system(settings: Settings, ports: PortBook, accounts: tuple[PhoneAccount, ...]) -> Prepared:
    """An Asterisk that somebody else runs: its generated files are written where the settings say, if they do."""
    spool = settings.asterisk.spool_folder or Path("/var/spool/asterisk")
    if not spool.is_dir():
        raise PeerUnavailable(f"{spool} is no folder: set asterisk.spool_folder to Asterisk's astspooldir")
    etc = settings.asterisk.conf_folder or settings.var_folder / "asterisk" / "etc"
    values = conf_values(settings, ports, accounts, None, held=True)
    render_generated(values, conf_templates(), etc)
    return Prepared(values=values, etc=etc, spool=spool)


def _folders(layout: AsteriskLayout) -> Folders:
    return Folders(
        etc=layout.astetcdir,
        modules=layout.astmoddir,
        data=layout.astdatadir,
        varlib=layout.astvarlibdir,
        keys=layout.astkeydir,
        db=layout.astdbdir,
        spool=layout.astspooldir,
        run=layout.astrundir,
        log=layout.astlogdir,
    )
