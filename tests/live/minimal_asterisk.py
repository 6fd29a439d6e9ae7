"""A throw-away Asterisk for live tests: the smallest configuration, one folder, gone afterwards.

Knows where an unpacked or installed Asterisk lies and what ARI, AMI, FastAGI and Local channels need. Knows nothing of
the call center's own configuration (asterisk-conf/), which has its own tests.

Loopback and free ports only, secrets of its own; two of them run side by side. Use `minimal_asterisk(...)` or the
fixtures that the live tests build on it.
"""

import asyncio
import contextlib
import functools
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from callcenter.embedded.programs import AsteriskRoot, find_asterisk
from callcenter.sim.peers.places import end

START_LIMIT_S: Final = 30
STOP_LIMIT_S: Final = 4
CLI_LIMIT_S: Final = 15

APP: Final = "callcenter"

EXTENSIONS: Final = """
[test]
; what the far end of a Local channel does
exten => answer,1,Answer()
 same => n,Wait(600)
exten => echo,1,Answer()
 same => n,Echo()
exten => tone,1,Answer()
 same => n,Playtones(440)
 same => n,Wait(600)
exten => ring,1,Ringing()
 same => n,Wait(600)
exten => busy,1,Busy(1)
exten => congestion,1,Congestion(1)
exten => reject,1,Hangup(21)
exten => slow,1,Ringing()
 same => n,Wait(0.5)
 same => n,Answer()
 same => n,Wait(600)
exten => talks,1,Answer()
 same => n,Wait(0.3)
 same => n,SendDTMF(12#)
 same => n,Wait(600)
; callers: into the application, and what happens where it is not there
exten => in,1,Stasis(callcenter,in)
 same => n,Set(GLOBAL(fallback)=${STASISSTATUS})
 same => n,Hangup()
exten => hangup-after,1,Answer()
 same => n,Wait(0.2)
 same => n,Hangup()
"""

# Everything a modules=autoload would start and no test needs; each costs start-up time or a log line.
MODULES: Final = """
[modules]
autoload = no
load = res_timing_timerfd.so
load = res_websocket_client.so
load = res_http_websocket.so
load = res_sorcery_config.so
load = res_sorcery_memory.so
load = res_stasis.so
load = res_stasis_answer.so
load = res_stasis_device_state.so
load = res_stasis_playback.so
load = res_stasis_recording.so
load = res_stasis_snoop.so
load = res_ari_model.so
load = res_ari.so
load = res_ari_applications.so
load = res_ari_asterisk.so
load = res_ari_bridges.so
load = res_ari_channels.so
load = res_ari_device_states.so
load = res_ari_endpoints.so
load = res_ari_events.so
load = res_ari_playbacks.so
load = res_ari_recordings.so
load = res_ari_sounds.so
load = res_speech.so
load = res_agi.so
load = res_musiconhold.so
load = res_manager_devicestate.so
load = app_stasis.so
load = app_dial.so
load = app_echo.so
load = app_senddtmf.so
load = app_playback.so
load = app_playtones.so
load = app_mixmonitor.so
load = app_queue.so
load = app_verbose.so
load = app_userevent.so
load = app_read.so
load = app_exec.so
load = app_stack.so
load = bridge_simple.so
load = bridge_softmix.so
load = bridge_holding.so
load = bridge_builtin_features.so
load = chan_bridge_media.so
load = chan_audiosocket.so
load = res_audiosocket.so
load = codec_ulaw.so
load = codec_alaw.so
load = codec_a_mu.so
load = codec_resample.so
load = format_wav.so
load = format_sln.so
load = format_pcm.so
load = func_channel.so
load = func_callerid.so
load = func_db.so
load = func_global.so
load = func_talkdetect.so
load = func_timeout.so
load = pbx_config.so
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Where the persistent ARI websocket goes: our listener."""

    port: int
    username: str = "asterisk"
    password: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    apps: tuple[str, ...] = (APP,)
    reconnect_interval_ms: int = 500
    path: str = "/ari"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimalAsterisk:
    """A running one. Secrets are this run's own."""

    folder: Path
    program: AsteriskRoot
    ari_port: int
    ami_port: int
    pid: int
    ari_user: str = "callcenter"
    ari_secret: str = field(repr=False)
    ami_user: str = "callcenter"
    ami_secret: str = field(repr=False)

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def log_text(self) -> str:
        """What Asterisk has written to its log."""
        return (self.folder / "log" / "messages").read_text(errors="replace")

    async def stops(self) -> None:
        """SIGSTOP, and every thread has taken it: one that still runs on another core may answer after `kill`."""
        os.kill(self.pid, signal.SIGSTOP)
        await asyncio.wait_for(asyncio.to_thread(os.waitid, os.P_PID, self.pid, os.WSTOPPED), CLI_LIMIT_S)

    def goes_on(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    async def cli(self, command: str) -> str:
        """The output of a console command."""
        child = await asyncio.create_subprocess_exec(
            *self.program.argv(["-C", str(self.folder / "etc" / "asterisk.conf"), "-rx", command]),
            env=self.program.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(child.communicate(), CLI_LIMIT_S)
        finally:
            await end(child)  # also when whoever asked does not wait any longer
        return output.decode("utf-8", "replace")


def free_port() -> int:
    """A TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@functools.cache
def installed_asterisk() -> AsteriskRoot:
    """The machine's own Asterisk, else one unpacked below var/ (a minute or two, once per machine)."""
    return find_asterisk(Path(__file__).parents[2] / "var")


@contextlib.asynccontextmanager
async def minimal_asterisk(
    *,
    outbound: Outbound | None = None,
    extensions: str = "",
    files: Mapping[str, str] | None = None,
    modules: Sequence[str] = (),
) -> AsyncIterator[MinimalAsterisk]:
    """Start one and stop it at the end.

    `extensions` is added to the dialplan, `files` (name: content) to the end of the files in etc/ of that name,
    `modules` to those loaded. Raises RuntimeError with Asterisk's last words when it does not come up.
    """
    installed = await asyncio.to_thread(installed_asterisk)
    folder = Path(tempfile.mkdtemp(prefix="ast"))  # short: the path of its unix socket has 107 bytes
    ari_port, ami_port = free_port(), free_port()
    ari_secret, ami_secret = secrets.token_hex(8), secrets.token_hex(8)
    written = _conf(installed, folder, ari_port, ami_port, ari_secret, ami_secret, outbound)
    written["extensions.conf"] += extensions
    written["modules.conf"] += "".join(f"load = {module}\n" for module in modules)
    for name, content in (files or {}).items():
        written[name] = written.get(name, "") + content
    for name in ("etc", "db", "spool/recording", "run", "log", "keys"):
        (folder / name).mkdir(parents=True)
    for name, content in written.items():
        (folder / "etc" / name).write_text(content)
    output = (folder / "log" / "console").open("wb")
    child = await asyncio.create_subprocess_exec(
        *installed.argv(["-f", "-C", str(folder / "etc" / "asterisk.conf")]),
        env=installed.environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output.close()
    asterisk = MinimalAsterisk(
        folder=folder,
        program=installed,
        ari_port=ari_port,
        ami_port=ami_port,
        pid=child.pid,
        ari_secret=ari_secret,
        ami_secret=ami_secret,
    )
    try:
        await _wait_until_booted(asterisk, child)
        yield asterisk
    finally:
        await _stop(asterisk, child)
        shutil.rmtree(folder, ignore_errors=True)


async def _wait_until_booted(asterisk: MinimalAsterisk, child: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(START_LIMIT_S):
            while child.returncode is None:
                if "fully booted" in await asterisk.cli("core waitfullybooted"):
                    return
                await asyncio.sleep(0.05)  # its console is not there yet
    except TimeoutError:
        pass
    words = (asterisk.folder / "log" / "console").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Asterisk did not come up: {words}")


async def _stop(asterisk: MinimalAsterisk, child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    try:
        await asyncio.wait_for(asterisk.cli("core stop now"), STOP_LIMIT_S)
        await asyncio.wait_for(child.wait(), STOP_LIMIT_S)
    except TimeoutError:
        child.kill()
        await child.wait()


def _conf(
    installed: AsteriskRoot,
    folder: Path,
    ari_port: int,
    ami_port: int,
    ari_secret: str,
    ami_secret: str,
    outbound: Outbound | None,
) -> dict[str, str]:
    conf = {
        "asterisk.conf": f"""
[directories]
astetcdir => {folder}/etc
astmoddir => {installed.modules}
astvarlibdir => {installed.shared}
astdatadir => {installed.shared}
astdbdir => {folder}/db
astkeydir => {folder}/keys
astspooldir => {folder}/spool
astrundir => {folder}/run
astlogdir => {folder}/log
[options]
live_dangerously = no
hideconnect = yes
verbose = 3
""",
        "modules.conf": MODULES,
        "logger.conf": "[general]\n[logfiles]\nmessages = notice,warning,error,verbose\n",
        "http.conf": f"""
[general]
enabled = yes
bindaddr = 127.0.0.1
bindport = {ari_port}
sessionlimit = 100
session_keep_alive = 15000
""",
        "ari.conf": f"""
[general]
enabled = yes
[callcenter]
type = user
read_only = no
password = {ari_secret}
""",
        "manager.conf": f"""
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {ami_port}
[callcenter]
secret = {ami_secret}
read = all
write = all
""",
        "websocket_client.conf": "",
        "extensions.conf": EXTENSIONS,
        "indications.conf": "[general]\ncountry = us\n[us]\ndescription = test\nringcadence = 2000,4000\n"
        "dial = 350+440\nbusy = 480+620/500,0/500\nring = 440+480/2000,0/4000\n"
        "congestion = 480+620/250,0/250\n",
        "musiconhold.conf": f"[default]\nmode = files\ndirectory = {installed.shared}/moh\n",
        "queues.conf": "[general]\n",
    }
    if outbound is not None:
        conf["ari.conf"] += f"""
[outbound]
type = outbound_websocket
websocket_client_id = callcenter
apps = {",".join(outbound.apps)}
subscribe_all = no
local_ari_user = callcenter
"""
        conf["websocket_client.conf"] = f"""
[callcenter]
type = websocket_client
connection_type = persistent
uri = ws://127.0.0.1:{outbound.port}{outbound.path}
protocols = ari
username = {outbound.username}
password = {outbound.password}
connection_timeout = 500
reconnect_interval = {outbound.reconnect_interval_ms}
"""
    return conf
