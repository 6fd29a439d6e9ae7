"""A whole call center beside the benchmark: our program, its Asterisk with app_queue and Dial() in it, and phones.

Knows how to start it, what to write into Asterisk's `custom/` files, and what its processes have used of the CPU. Must
not know what is measured. The center runs as a program of its own, as for everybody: what the benchmark itself costs is
in neither figure.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.embedded.folders import write_whole
from callcenter.embedded.pidfile import read_pid_file
from callcenter.embedded.ports import Kind, PortBook
from callcenter.embedded.programs import Tool, find_asterisk, find_tool
from callcenter.errors import PeerFault, PeerUnavailable
from callcenter.model.agent import Agent, PhoneRules
from callcenter.model.ids import AgentId, Skill
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import open_pool
from callcenter.sim.peers.places import LOOPBACK, end, free_ports, tail

START_LIMIT_S: Final = 180.0
REACHABLE_LIMIT_S: Final = 30.0
STOP_LIMIT_S: Final = 40.0
POLL_S: Final = 0.2
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
WATCHER: Final = "bench"  # the AMI user that only hears of bridges
SECRET_BYTES: Final = 18
SHOW_CARRIER: Final = "pjsip show contacts like carrier"
RTP_PORTS: Final = 3_200  # 800 calls: who runs out of ports refuses calls with 488
SKILL: Final = Skill("bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerQueue:
    """One app_queue queue: its number to dial and its members, as rrmemory with no wrap-up."""

    name: str
    number: str
    members: tuple[str, ...]
    retry_s: int
    ring_in_use: bool = False
    record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What stands ready: our queues (number to dial -> recorded or not), theirs, and a number that only dials."""

    phones: tuple[str, ...]  # everybody's
    agents: tuple[str, ...]  # those of them that belong to our agents
    ours: Mapping[str, bool]
    queues: tuple[PeerQueue, ...] = ()
    dial_prefix: str = ""  # this and a phone's number: plain Dial()
    files: Mapping[str, str] = field(default_factory=dict)  # more of our configuration: name -> text
    carrier_port: int = 0  # where calls to outside numbers go; 0: nowhere
    nailed: bool = False  # our agents' phones stay connected


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """CPU seconds since each process began."""

    center: float
    asterisk: float
    postgres: float

    def since(self, earlier: "Spent") -> "Spent":
        """What was used between two looks."""
        return Spent(
            center=self.center - earlier.center,
            asterisk=self.asterisk - earlier.asterisk,
            postgres=self.postgres - earlier.postgres,
        )


class LiveCenter:
    """The running thing."""

    def __init__(
        self, folder: Path, plan: Plan, process: asyncio.subprocess.Process, environment: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self._environment = environment
        self.plan = plan
        self.sipp: Tool = find_tool("sipp", folder)
        self._process = process
        self._watch_secret = (folder / WATCHER).read_text()

    @property
    def sip(self) -> str:
        """Where SIP goes: host:port."""
        return f"{LOOPBACK}:{self._port('sip')}"

    @property
    def dsn(self) -> str:
        """Where its database is."""
        return (self.folder / "state/secrets/database-url").read_text().strip()

    async def can_dial_out(self, within_s: float) -> None:
        """Wait until our Asterisk has seen that the carrier is there, which it asks now and then. Raises PeerFault."""
        asterisk, deadline = find_asterisk(self.folder), time.monotonic() + within_s
        argv = asterisk.argv(["-C", str(self.folder / "asterisk/etc/asterisk.conf"), "-rx", SHOW_CARRIER])
        said = b""
        while b"Avail " not in said:
            if time.monotonic() > deadline:
                raise PeerFault(f"the carrier is not there after {within_s:g} s: {said.decode(errors='replace')}")
            asks = await asyncio.create_subprocess_exec(
                *argv, env=asterisk.environment(), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
            )
            said = await _said_by(asks)
            await asyncio.sleep(POLL_S)

    async def command(self, *words: str) -> None:
        """A command of ours beside the running center. Raises PeerFault if it fails."""
        done = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "callcenter.cli",
            *words,
            env=self._environment,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = await _said_by(done)
        if done.returncode:
            raise PeerFault(f"callcenter {' '.join(words)}: {said.decode(errors='replace')[-500:]}")

    def spent(self) -> Spent:
        """The CPU time so far."""
        asterisk = read_pid_file(self.folder / "state" / "asterisk.pid")
        if asterisk is None:
            raise PeerUnavailable("Asterisk does not run any more")
        return Spent(
            center=cpu_s(self._process.pid),
            asterisk=cpu_s(asterisk.pid),
            postgres=sum(cpu_s(pid) for pid in _postgres_pids(self.folder)),
        )

    def must_run(self) -> None:
        """Raises PeerUnavailable if the call center has ended."""
        if self._process.returncode is not None:
            raise PeerUnavailable(f"the call center has ended: {tail(self.folder / 'center.log')}")

    async def accounts(self) -> list[tuple[str, str]]:
        """(number, secret) of every phone of the plan."""
        pool = await open_pool(self.dsn, size_max=1)
        try:
            directory = Directory(pool)
            known = {account.number for account in await directory.accounts()}
            for number in self.plan.phones:
                if number not in known:
                    skills = {SKILL: 1} if number in self.plan.agents else {}
                    rules = PhoneRules(nailed=self.plan.nailed and number in self.plan.agents)
                    await directory.add(
                        Agent(id=AgentId(f"a{number}"), name=f"A{number}", number=number, skills=skills, phone=rules)
                    )
            found = {account.number: account.secret for account in await directory.accounts()}
        finally:
            await pool.close()
        await self.ask("POST", "/v1/agents/reload")
        return [(number, found[number]) for number in self.plan.phones]

    async def agents_ready(self) -> None:
        """Our agents make themselves available; waits until all can be called."""
        for number in self.plan.agents:
            await self.ask("POST", f"/v1/agents/a{number}/status", {"status": "available"})
        try:
            async with asyncio.timeout(REACHABLE_LIMIT_S):
                while await self.free_agents() < len(self.plan.agents):  # noqa: ASYNC110 (nobody tells)
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise PeerFault(f"only {await self.free_agents()} of {len(self.plan.agents)} agents are free") from None

    async def free_agents(self) -> int:
        """How many of our agents could take a call now."""
        view = await self.ask("GET", "/v1/view")
        return sum(1 for agent in view["agents"] if agent["state"] == "ready")

    async def idle(self, within_s: float = REACHABLE_LIMIT_S) -> None:
        """Wait until no call is left in our center and all agents are free. Raises PeerFault.

        An agent who was sent into a pause, because too high a load kept her phone from ringing, comes back.
        """
        try:
            async with asyncio.timeout(within_s):
                while True:
                    view = await self.ask("GET", "/v1/view")
                    ready = sum(1 for agent in view["agents"] if agent["state"] == "ready")
                    if not view["contacts"] and ready >= len(self.plan.agents):
                        return
                    for agent in view["agents"]:
                        if agent["status"] == "paused":
                            await self.ask("POST", f"/v1/agents/{agent['id']}/status", {"status": "available"})
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise PeerFault(f"the call center is not idle after {within_s:g} s") from None

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Ask the running center over its control socket. Raises PeerFault when it says no."""
        self.must_run()
        connector = aiohttp.UnixConnector(path=str(self.folder / "run" / "control.sock"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://callcenter{path}", json=body) as reply,
        ):
            content = await reply.read()
            if reply.status != 200:
                raise PeerFault(f"{method} {path}: {reply.status} {content[:200]!r}")
            return msgspec.json.decode(content)

    @asynccontextmanager
    async def bridges_watched(self) -> AsyncIterator[list[Mapping[str, str]]]:
        """The fields of every BridgeEnter while the context lasts, Asterisk's own time of it among them."""
        seen: list[Mapping[str, str]] = []

        def saw(event: AmiMessage) -> None:
            seen.append(event.first)

        link = AmiLink(LOOPBACK, self._port("ami"), WATCHER, self._watch_secret, on_event=saw, events="call")
        await link.connect()
        try:
            yield seen
        finally:
            await link.close()

    def _port(self, name: str) -> int:
        port = PortBook(self.folder / "state" / "ports.json").known(name)
        if port is None:
            raise PeerUnavailable(f"the call center has chosen no port for {name}")
        return port


@asynccontextmanager
async def live_center(within: Path, plan: Plan) -> AsyncIterator[LiveCenter]:
    """Start all of it in a fresh folder below `within`, which is removed at the end unless something goes wrong."""
    folder = await asyncio.to_thread(_prepare, within, plan)
    rtp_from = free_ports(RTP_PORTS, Kind.UDP, taken_max=RTP_PORTS // 10)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")},
        "CALLCENTER_VAR_FOLDER": str(folder),
        "CALLCENTER_CONFIG_FOLDER": str(folder / "config"),
        "CALLCENTER_LOG_LEVEL": "warning",
        "CALLCENTER_SIP_RTP_FROM": str(rtp_from),
        "CALLCENTER_SIP_RTP_TO": str(rtp_from + RTP_PORTS - 1),
    }
    if plan.carrier_port:
        environment["CALLCENTER_TRUNK_CONTACT"] = f"sip:{LOOPBACK}:{plan.carrier_port}"
    async with AsyncExitStack() as stack:
        with (folder / "center.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "callcenter.cli",
                "run",
                "--json",
                env=environment,
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        stack.push_async_callback(_stop, process)
        await _started(process, folder)
        yield LiveCenter(folder, plan, process, environment)
    await asyncio.to_thread(_remove, folder)


def _prepare(within: Path, plan: Plan) -> Path:
    """A folder whose name was never used: a database that lies elsewhere on its behalf is then new as well."""
    within.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="center-", dir=within))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    write_whole(folder / WATCHER, secret, mode=0o600)
    _write_configuration(folder / "config", plan)
    _write_custom(folder / "asterisk" / "etc" / "custom", plan, secret)
    return folder


def _remove(folder: Path) -> None:
    """The folder, and the database where it lies elsewhere because the database's own user cannot reach the folder."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree((folder / "postgres.place").read_text().strip())
    shutil.rmtree(folder, ignore_errors=True)


async def _started(process: asyncio.subprocess.Process, folder: Path) -> None:
    if process.stdout is None:
        raise PeerUnavailable("the call center has no standard output")
    try:
        async with asyncio.timeout(START_LIMIT_S):
            said = await process.stdout.readline()
    except TimeoutError:
        raise PeerUnavailable(f"the call center has not started in {START_LIMIT_S:g} s") from None
    if not said:
        await process.wait()
        raise PeerUnavailable(f"the call center did not start: {tail(folder / 'center.log')}")


async def _said_by(process: asyncio.subprocess.Process) -> bytes:
    """What it printed until its end; it ends too when whoever asks does not wait any longer."""
    try:
        said, _ = await process.communicate()
    finally:
        await end(process)
    return said


async def _stop(process: asyncio.subprocess.Process) -> None:
    """An orderly end, so that Asterisk and Postgres end too."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_LIMIT_S):
            await process.communicate()
    await end(process)


# -- what the processes cost -------------------------------------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """User and system seconds of a process and its threads (proc(5): fields 14 and 15 of stat); 0 if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _postgres_pids(folder: Path) -> list[int]:
    """The database's processes: its first one, and those that it made."""
    first = read_pid_file(folder / "state" / "postgres.pid")
    if first is None:
        return []
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text()
        return [first.pid, *map(int, children.split())]
    return [first.pid]


# -- what is written ---------------------------------------------------------------------------------------------------


def _write_configuration(folder: Path, plan: Plan) -> None:
    """Our side: a flow for each number, which is nothing but its queue."""
    (folder / "flows").mkdir(parents=True)
    queues, numbers = [], []
    for number, record in plan.ours.items():
        name = f"q{number}"
        queues.append(
            f"{name}: {{needs: {SKILL}, wrap_up_s: 0, offer_timeout_s: 15, max_wait_s: 0, "
            f"record: {str(record).lower()}}}\n"
        )
        numbers.append(f'  "{number}": f{number}\n')
        flow = f"language: en\nstart: q\nnodes:\n  q: {{kind: enqueue, queue: {name}}}\n"
        (folder / "flows" / f"f{number}.yaml").write_text(flow)
    (folder / "queues.yaml").write_text("".join(queues))
    (folder / "numbers.yaml").write_text("numbers:\n" + "".join(numbers))
    for name, text in plan.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("a") as file:
            file.write(text)


def _write_custom(folder: Path, plan: Plan, watch_secret: str) -> None:
    """Their side: app_queue and Dial() beside our dialplan, and somebody who hears of bridges."""
    folder.mkdir(parents=True)
    (folder / "queues.conf").write_text(queues_conf(plan.queues))
    (folder / "extensions.conf").write_text(extensions_conf(plan))
    manager = (
        f"[general](+)\ntimestampevents = yes\n[{WATCHER}]\nsecret = {watch_secret}\nread = call\nwrite =\n"
        "deny = 0.0.0.0/0\npermit = 127.0.0.1\neventfilter(action(include),name(BridgeEnter)) =\n"
    )
    write_whole(folder / "manager.conf", manager, mode=0o600)


def queues_conf(queues: Sequence[PeerQueue]) -> str:
    """app_queue's configuration."""
    parts = []
    for queue in queues:
        parts.append(
            f"[{queue.name}]\nstrategy = rrmemory\nmusicclass = default\ntimeout = 15\nretry = {queue.retry_s}\n"
            f"wrapuptime = 0\nringinuse = {'yes' if queue.ring_in_use else 'no'}\njoinempty = yes\n"
            "leavewhenempty = no\nannounce-frequency = 0\nannounce-holdtime = no\nannounce-position = no\n"
        )
        parts += [f"member => PJSIP/{number}\n" for number in queue.members]
    return "".join(parts)


def extensions_conf(plan: Plan) -> str:
    """The peers' numbers, in the carrier's context, where our own pattern is included: these come first."""
    lines = ["[from-carrier](+)"]
    for queue in plan.queues:
        lines.append(f"exten => {queue.number},1,NoOp()")
        if queue.record:
            lines.append(" same => n,MixMonitor(${UNIQUEID}.raw,D)")
        lines += [f" same => n,Queue({queue.name})", " same => n,Hangup()"]
    if plan.dial_prefix:
        skip = len(plan.dial_prefix)
        lines += [f"exten => _{plan.dial_prefix}X.,1,Dial(PJSIP/${{EXTEN:{skip}}},15)", " same => n,Hangup()"]
    return "\n".join(lines) + "\n"
