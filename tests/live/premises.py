"""The process of a whole call center with its Postgres and its Asterisk, for live tests: started, killed, stopped.

Knows processes, folders and logs; the stories are in `center`. One is made per test session; it runs as a user's would,
as a program of its own with a settings file, so that it can be killed without hurting the tests.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from callcenter.embedded.pidfile import read_pid_file
from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import AsteriskRoot
from callcenter.sim.peers.places import LOOPBACK, free_ports
from tests.live import letters, office, outbound
from tests.live.center_program import DOOR
from tests.live.ports import lonely_port
from tests.live.real_asterisk import CHECKOUT, CLI_LIMIT_S, COMPLAINT, USUAL, installed_asterisk

READY_LIMIT_S: Final = 90.0
STOP_LIMIT_S: Final = 40.0
RTP_PORTS: Final = 600
QUIET_LEVELS: Final = frozenset({"debug", "info"})

SETTINGS: Final = """\
var_folder = "var"
config_folder = "config"
[asterisk]
source = "embedded"
websocket_port = {websocket_port}
[sip]
port = {sip_port}
rtp_from = {rtp_from}
rtp_to = {rtp_to}
[trunk]
contact = "sip:{host}:{carrier_port}"
[speech]
recorded_folder = "recorded"
[log]
format = "json"
"""
HARMLESS: Final = (
    r"Module \".+\" registered during operation",  # pjproject, at the start: modules load while its threads run
    r"chan_pjsip\.c: Session already DISCONNECTED",  # both sides have hung up at once
    r"res_stasis_playback\.c: .*Playback failed for (?:sound|tone:!)",  # somebody hung up in the middle of it
    r"res_pjsip\.c: CallerID Name .* for number",  # longer than Asterisk keeps
)
"""What Asterisk says of itself, and of callers who do as they like."""

QUALIFY: Final = """\
[{name}](+type=aor)
qualify_frequency = 1
qualify_timeout = 1
"""
"""So that a phone which has vanished is missed within seconds."""


@dataclass(slots=True, kw_only=True)
class Premises:
    """Where a call center lives."""

    folder: Path
    root: AsteriskRoot
    outside_port: int  # the first of two, where programs listen that flows ask: over HTTP, and a script
    carrier_port: int  # where the carrier's trunk leads: whoever listens there is the outside world
    process: "subprocess.Popen[bytes] | None" = None
    sip_port: int = 0
    http_port: int = 0
    staffed: bool = False  # the agents are in the directory
    at_rest: list[str] = field(default_factory=list)  # what its event loop does when nobody calls
    allowed: list[str] = field(default_factory=list)  # patterns of complaints that the running test causes on purpose
    _held: dict[int, list[socket.socket]] = field(default_factory=dict)  # ports that nobody else may have meanwhile
    _read_to: dict[Path, int] = field(default_factory=dict)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def control_socket(self) -> Path:
        return self.var / "run" / "control.sock"

    @property
    def etc(self) -> Path:
        return self.var / "asterisk" / "etc"

    @property
    def log(self) -> Path:
        """What the program itself says, a line of JSON each."""
        return self.folder / "callcenter.log"

    @property
    def server(self) -> str:
        """Where SIP peers find it: host:port."""
        return f"{LOOPBACK}:{self.sip_port}"

    @property
    def dsn(self) -> str:
        return (self.var / "state" / "secrets" / "database-url").read_text().strip()

    @property
    def ari_password(self) -> str:
        return (self.var / "state" / "secrets" / "ari").read_text().strip()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def pid_of(self, child: str) -> int:
        """`asterisk` or `postgres`."""
        identity = read_pid_file(self.var / "state" / f"{child}.pid")
        assert identity is not None
        return identity.pid

    def hold(self, port: int) -> None:
        """Sit on a port until somebody of ours wants it: telephones come and go, and take any that is free."""
        tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._held[port] = [tcp, udp]
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((LOOPBACK, port))
        tcp.listen()
        udp.bind((LOOPBACK, port))

    def let_go(self, port: int) -> None:
        """Here it is."""
        for held in self._held.pop(port):
            held.close()

    @contextmanager
    def lent(self, port: int) -> Iterator[None]:
        """Let it go for as long as the context lasts: whoever listens there has ended by then."""
        self.let_go(port)
        try:
            yield
        finally:
            self.hold(port)

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and return when calls can come. Blocks."""
        if self.process is not None:
            self.kill()  # it has ended by itself, which its log explains
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.live.center_program"],
                env=environment | {"CALLCENTER_SETTINGS": str(self.folder / "callcenter.toml")},
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,  # its end is the program's: should the tests be killed, it stops
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        impatience = threading.Timer(READY_LIMIT_S, self.process.kill)
        impatience.start()
        try:
            said = self.process.stdout.readline().split()
        finally:
            impatience.cancel()
        if said[:1] != [b"READY"]:
            self.kill()
            raise RuntimeError(f"the call center did not start: {self.log.read_text(errors='replace')[-3000:]}")
        self.sip_port, self.http_port = int(said[1]), int(said[2])

    def kill(self) -> None:
        """SIGKILL: as if the power of this one program had failed."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, as `systemctl stop` does; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        assert process is not None
        process.send_signal(number)
        try:
            code = process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        return code

    # -- looking inside ------------------------------------------------------------------------------------------------

    async def console(self, command: str) -> str:
        """What Asterisk's console prints."""
        done = await asyncio.to_thread(
            subprocess.run,
            self.root.argv(["-C", str(self.etc / "asterisk.conf"), "-rx", command]),
            env=self.root.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLI_LIMIT_S,
            check=False,
        )
        return done.stdout

    async def tasks(self) -> list[str]:
        """What every unfinished task of the program that runs our code runs."""
        reader, writer = await asyncio.open_unix_connection(self.var / DOOR)
        try:
            said: list[str] = json.loads(await reader.read())
        finally:
            writer.close()
            await writer.wait_closed()
        return said

    def complaints(self) -> list[str]:
        """Warnings and errors, Asterisk's and our own, since the last question that nobody expected."""
        usual = [re.compile(pattern) for pattern in (*USUAL, *HARMLESS, *self.allowed)]
        asterisks = self._news(self.var / "asterisk" / "log" / "messages.log")
        said = [f"asterisk: {match['words']}" for match in COMPLAINT.finditer(asterisks)]
        said += [f"callcenter: {line}" for line in self._news(self.log).splitlines() if not _is_quiet(line)]
        return [words for words in said if not any(pattern.search(words) for pattern in usual)]

    def _news(self, path: Path) -> str:
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(self._read_to.get(path, 0))
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to[path] = self._read_to.get(path, 0) + len(whole)
        return whole.decode(errors="replace")


def _is_quiet(line: str) -> bool:
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return not line.strip()  # what is no line of the log is a traceback
    return said.get("level") in QUIET_LEVELS


def prepared() -> Premises:
    """Folders and files; nothing runs yet. The path is short, for it holds sockets, and open, as a checkout is."""
    folder = Path(tempfile.mkdtemp(prefix="cc-live-"))
    folder.chmod(0o755)
    premises = Premises(
        folder=folder,
        root=installed_asterisk(),
        outside_port=free_ports(2, Kind.BOTH),
        carrier_port=free_ports(2, Kind.BOTH),
    )
    office.write_configuration(folder / "config", crm_port=premises.outside_port, script_port=premises.outside_port + 1)
    letters.add_letters(folder / "config")
    outbound.add_outbound(folder / "config")
    premises.hold(premises.outside_port)
    premises.hold(premises.outside_port + 1)
    premises.hold(premises.carrier_port)
    (premises.var / "lookup-secrets").mkdir(parents=True)
    (premises.var / "lookup-secrets" / "crm_token").write_text("Bearer s3cret\n")
    office.write_recorded_prompts(folder / "recorded")
    letters.write_prompts_for_agents(folder / "recorded")
    office.write_asterisk_extras(premises.etc, folder / "music")
    _lend_roots(premises.var)
    rtp_from = free_ports(RTP_PORTS, Kind.UDP, taken_max=RTP_PORTS // 10)
    text = SETTINGS.format(
        host=LOOPBACK,
        websocket_port=lonely_port(),  # Asterisk tries it while the center is dead
        carrier_port=premises.carrier_port,
        sip_port=free_ports(2, Kind.BOTH),  # even: to odd ones others' peers, who never open them, are sent RTCP
        rtp_from=rtp_from,
        rtp_to=rtp_from + RTP_PORTS - 1,
    )
    (folder / "callcenter.toml").write_text(text)
    return premises


def _lend_roots(var: Path) -> None:
    """What is unpacked already need not be unpacked again."""
    for name in ("asterisk-root", "peers-root"):
        if (CHECKOUT / "var" / name).is_dir():
            (var / name).symlink_to(CHECKOUT / "var" / name)


def qualified_often(etc: Path, names: Sequence[str]) -> None:
    """Have Asterisk ask these phones and carriers every second whether they are there."""
    (etc / "custom" / "pjsip.conf").write_text("".join(QUALIFY.format(name=name) for name in names))


def remove(premises: Premises) -> None:
    """Stop it and forget it; with CALLCENTER_KEEP in the environment its folder stays, to be looked at."""
    for port in (premises.outside_port, premises.outside_port + 1, premises.carrier_port):
        premises.let_go(port)
    if premises.runs:
        premises.stop()
    for child in ("asterisk", "postgres"):
        identity = read_pid_file(premises.var / "state" / f"{child}.pid")
        if identity is not None and identity.lives():
            os.kill(identity.pid, signal.SIGKILL)
    if "CALLCENTER_KEEP" not in os.environ:
        shutil.rmtree(premises.folder, ignore_errors=True)
