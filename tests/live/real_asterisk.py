"""A real Asterisk with the call center's own configuration (asterisk-conf/), for live tests.

Knows folders, ports and the log. One is started per test session (`conftest.py`) and every test leaves it as it was:
no channels, no bridges, nothing in the log that should not be there.
"""

import asyncio
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from callcenter.asterisk.conf import render, render_phones
from callcenter.asterisk.conf_values import ConfValues, Fallback, Folders, PhoneAccount
from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import AsteriskRoot, Tool, find_asterisk, find_tool
from callcenter.sim.peers.places import free_ports
from tests.live.ports import lonely_port

CHECKOUT: Final = Path(__file__).parents[2]
VAR: Final = CHECKOUT / "var"
TEMPLATES: Final = CHECKOUT / "asterisk-conf"
START_LIMIT_S: Final = 30.0
CLI_LIMIT_S: Final = 10.0
RTP_PORTS: Final = 1000
PHONES: Final = ("1001", "1002", "1003", "1004")
QUALIFY_S: Final = 2  # tests do not wait for a quarter of a minute

USUAL: Final = (
    # Our program is away: told once a minute, and once for each message that waits for it.
    r"res_websocket_client\.c: callcenter-events: Websocket connection to .* failed",
    r"ari_websockets\.c: .*websocket is not ready",
    r"res_http_websocket\.c: Web socket closed abruptly",
    r"ari_websockets\.c: WebSocket read error",
    r"ari_websockets\.c: .*Reconnecting",
    r"sounds\.c: Failed to stat .*/sounds/custom",  # Debian's package links to a folder that is not there
)
"""Warnings and errors that belong to tests which come and go as the call center."""

COMPLAINT: Final = re.compile(r"^\[[^]]*\] (?:WARNING|ERROR)\[\d+\](?:\[C-[0-9a-f]+\])? (?P<words>.*)$", re.MULTILINE)


@dataclass(slots=True, kw_only=True)
class RealAsterisk:
    """A running one. Ports and secrets are this run's own and in `values`."""

    folder: Path
    root: AsteriskRoot
    values: ConfValues
    process: "subprocess.Popen[bytes] | None" = None
    allowed: list[str] = field(default_factory=list)  # patterns of complaints that the running test causes on purpose
    _read_to: int = 0

    @property
    def sip(self) -> str:
        """Where SIP peers find it: host:port."""
        return f"{self.values.sip_host}:{self.values.sip_port}"

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def log(self) -> Path:
        return self.folder / "log" / "messages.log"

    def secret(self, number: str) -> str:
        """The password of a phone."""
        return next(phone.secret for phone in self.values.phones if phone.number == number)

    async def cli(self, command: str) -> str:
        """What the console prints."""
        return await asyncio.to_thread(self.ask, command)

    def ask(self, command: str) -> str:
        """As `cli`, blocking."""
        done = subprocess.run(
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

    async def custom_dialplan(self, text: str) -> None:
        """Put this into custom/extensions.conf and have it read; empty: take it away."""
        (self.etc / "custom" / "extensions.conf").write_text(text)
        await self.cli("dialplan reload")

    def change_phones(self, phones: Iterable[PhoneAccount]) -> list[Path]:
        """Render other phones; nothing is reloaded."""
        self.values = replace(self.values, phones=tuple(phones))
        return render_phones(self.values.phones, TEMPLATES, self.etc)

    def complaints(self) -> list[str]:
        """Warnings and errors since the last question that nobody expected."""
        with self.log.open("rb") as file:
            file.seek(self._read_to)
            text = file.read()
        self._read_to += len(text)
        usual = [re.compile(pattern) for pattern in (*USUAL, *self.allowed)]
        said = [match["words"] for match in COMPLAINT.finditer(text.decode(errors="replace"))]
        return [words for words in said if not any(pattern.search(words) for pattern in usual)]

    def start(self) -> None:
        """Start it and return when it is ready."""
        with (self.folder / "console").open("wb") as output:
            self.process = subprocess.Popen(
                self.root.argv(["-f", "-C", str(self.etc / "asterisk.conf")]),
                env=self.root.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if (self.folder / "run" / "asterisk.ctl").exists() and "fully booted" in self.ask("core waitfullybooted"):
                return
            time.sleep(0.05)  # its console is not there yet
        raise RuntimeError(f"Asterisk did not start: {(self.folder / 'console').read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Stop it; its folder stays."""
        process, self.process = self.process, None
        if process is None:
            return
        self.ask("core stop now")
        try:
            process.wait(START_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def installed_asterisk() -> AsteriskRoot:
    """The machine's own, else one unpacked below var/."""
    return find_asterisk(VAR)


def installed_tool(name: str) -> Tool:
    """sipp or baresip: the machine's own, else one unpacked below var/."""
    return find_tool(name, VAR)


def values_for(folder: Path, root: AsteriskRoot) -> ConfValues:
    """Free ports, new secrets, four phones, a carrier on loopback."""
    rtp_from = free_ports(RTP_PORTS, Kind.UDP, taken_max=RTP_PORTS // 10)
    folders = Folders(
        etc=folder / "etc",
        modules=root.modules,
        data=root.shared,
        varlib=folder / "lib",
        keys=folder / "keys",
        db=folder / "db",
        spool=folder / "spool",
        run=folder / "run",
        log=folder / "log",
    )
    return ConfValues(
        folders=folders,
        http_port=free_ports(1, Kind.TCP),
        ari_password=secrets.token_hex(12),
        websocket_port=lonely_port(),
        websocket_password=secrets.token_hex(12),
        ami_port=free_ports(1, Kind.TCP),
        ami_password=secrets.token_hex(12),
        fastagi_port=lonely_port(),
        sip_port=free_ports(1, Kind.BOTH),
        rtp_from=rtp_from,
        rtp_to=rtp_from + RTP_PORTS - 1,
        phones=tuple(PhoneAccount(number=n, name=f"Agent {n}", secret=secrets.token_hex(8)) for n in PHONES),
        fallback=Fallback.QUEUE,
        qualify_s=QUALIFY_S,
        fallback_queue_limit_s=20,
    )


def prepared() -> RealAsterisk:
    """A folder with the configuration in it; not started. The path is short, for it holds a socket."""
    folder = Path(tempfile.mkdtemp(prefix="cc-ast-"))
    root = installed_asterisk()
    for name in ("lib", "keys", "db", "spool/recording", "spool/monitor", "run", "log"):
        (folder / name).mkdir(parents=True)
    values = values_for(folder, root)
    render(values, TEMPLATES, folder / "etc")
    return RealAsterisk(folder=folder, root=root, values=values)


def remove(asterisk: RealAsterisk) -> None:
    """Stop it and forget it; with CALLCENTER_KEEP in the environment its folder stays, to be looked at."""
    asterisk.stop()
    if "CALLCENTER_KEEP" not in os.environ:
        shutil.rmtree(asterisk.folder, ignore_errors=True)
