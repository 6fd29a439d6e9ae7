"""Crowds: many callers, or many phones, in one SIPp process each.

Knows SIPp's options and logs; the SIP itself is in `scenarios`.

Works as an ordinary user. Every call of a crowd has a number of its own, so that SIPp's log of what it did can be
matched with the call center's records, one to one.
"""

import asyncio
import csv
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import Tool
from callcenter.errors import PeerFault
from callcenter.sim.peers import scenarios
from callcenter.sim.peers.places import LOOPBACK, end, free_ports, give_back, running, tail
from callcenter.sim.peers.scenarios import Press, Step
from callcenter.sim.peers.tones import tone, ulaw

RTP_PORTS_A_CALL: Final = 4
RTP_PORTS_MAX: Final = 4_000
RTP_PORTS_MIN: Final = 20
POLL_S: Final = 0.05
SOUND: Final = "tone.ulaw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One call of a crowd: who calls whom. Any text, but no line end and no `;`."""

    number: str
    dialled: str
    name: str = ""
    after_s: float = 0.0  # of a `delayed` crowd: when it calls


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One thing a peer did or saw: `began`, `answered`, `hangs up`, `was hung up`, `cancels`, `ended`, `rings`, ..."""

    what: str
    party: str  # the caller's number, or that of the phone
    call: str  # Call-ID
    at: float  # UTC seconds
    caller: str = ""  # in a phone's log: who calls


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdResult:
    """What became of a crowd, by SIPp's own count. A call that went another way than its scenario has failed."""

    exit_code: int
    created: int
    successful: int
    failed: int
    lines: tuple[LogLine, ...]
    retransmissions: int = 0  # messages that SIPp had to send again

    def count(self, what: str) -> int:
        """How often this happened."""
        return sum(line.what == what for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """SIPp's own count of one process."""

    created: int = 0
    successful: int = 0
    failed: int = 0
    retransmissions: int = 0


class Crowd:
    """Callers, one after the other at a rate, without registration. Use as an async context; then `finished`."""

    def __init__(
        self,
        tool: Tool,
        folder: Path,
        *,
        server: str,
        callers: Sequence[Caller],
        steps: Sequence[Step],
        rate: float = 1.0,
        at_once_max: int = 1000,
        tone_hz: int | None = 700,
        cancel_after_s: float | None = None,
        hang_up: bool = True,
        delayed: bool = False,
    ) -> None:
        """`rate` is calls a second; `tone_hz` None: they send no sound at all (keys still).

        `delayed`: every caller calls `after_s` after the start; `rate` is then how fast they get ready for it.
        """
        self._tool = tool
        self._folder = folder
        self._server = server
        self._callers = callers
        self._steps = tuple(steps)
        self._rate = rate
        self._at_once_max = at_once_max
        self._tone_hz = tone_hz
        self._cancel_after_s = cancel_after_s
        self._hang_up = hang_up
        self._delayed = delayed
        self._sipp: _Sipp | None = None

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = [
            (caller.number, quoted(caller.name), caller.dialled, f"{caller.after_s * 1000:.0f}")
            for caller in self._callers
        ]
        write_rows(self._folder / "callers.csv", rows)
        text = scenarios.caller(
            self._steps,
            sound=write_tone(self._folder, self._tone_hz),
            cancel_after_s=self._cancel_after_s,
            hang_up=self._hang_up,
            delayed=self._delayed,
        )
        (self._folder / "caller.xml").write_text(text, encoding="utf-8")
        for key in {key for step in self._steps if isinstance(step, Press) for key in step.digits}:
            (self._folder / scenarios.key_file_name(key)).write_bytes(scenarios.key_file(key))
        count = len(self._callers)
        # SIPp takes whole calls per period: a rate of 0.5 is one call in 2,000 ms.
        period_ms = 1000 if self._rate >= 1 else round(1000 / self._rate)
        args = ["-sf", "caller.xml", "-inf", "callers.csv", "-m", str(count), "-l", str(self._at_once_max)]
        args += ["-r", str(max(1, round(self._rate))), "-rp", str(period_ms)]
        silent = self._tone_hz is None and not any(isinstance(step, Press) for step in self._steps)
        at_once = 0 if silent else min(count, self._at_once_max)
        self._sipp = _Sipp(self._tool, self._folder, self._server, sounding_max=at_once)
        await self._sipp.start(args)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sipp is not None:
            await self._sipp.stop()

    async def finished(self, within_s: float) -> CrowdResult:
        """Wait until the last call has ended. Raises PeerFault if that is not in time, or SIPp broke."""
        if self._sipp is None:
            raise PeerFault("the crowd was not started")
        return await self._sipp.finished(within_s)

    def lines(self) -> tuple[LogLine, ...]:
        """What happened so far."""
        return read_log(self._folder / "calls.log")


class PhoneBank:
    """Many registered phones in one process that all treat calls alike. Use as an async context."""

    def __init__(
        self,
        tool: Tool,
        folder: Path,
        *,
        server: str,
        accounts: Sequence[tuple[str, str]],
        ring_s: float = 0.2,
        answer: int = 200,
        talk_s: float | None = None,
        tone_hz: int | None = None,
        rate: float = 50.0,
        named_talk: bool = False,
        register_every_s: float = scenarios.REGISTER_EVERY_S,
        sounding_max: int | None = None,
        heard_at: str = "",
    ) -> None:
        """`accounts` are (number, secret); `answer` is a SIP status (0: ring on); `rate` is registrations a second.

        `heard_at`: sound for a phone goes to the port that is this and its number, where somebody else listens.

        `named_talk`: they talk for as many milliseconds as the caller's name says, then hang up. `sounding_max`: how
        many of them need ports for sound at the same time, if not all.
        """
        self._tool = tool
        self._folder = folder
        self._server = server
        self._accounts = accounts
        self._ring_s = ring_s
        self._answer = answer
        self._talk_s = talk_s
        self._tone_hz = tone_hz
        self._rate = rate
        self._named_talk = named_talk
        self._register_every_s = register_every_s
        self._heard_at = heard_at
        self._sounding_max = 2 * len(accounts) if sounding_max is None else sounding_max
        self._sipp: _Sipp | None = None

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_rows(self._folder / "accounts.csv", self._accounts)
        again = scenarios.registrations(self._register_every_s)
        (self._folder / "register.xml").write_text(again, encoding="utf-8")
        text = scenarios.phones(
            ring_s=self._ring_s,
            answer=self._answer,
            talk_s=self._talk_s,
            sound=write_tone(self._folder, self._tone_hz),
            named_talk=self._named_talk,
            heard_at=self._heard_at,
        )
        (self._folder / "phones.xml").write_text(text, encoding="utf-8")
        count = len(self._accounts)
        args = ["-sf", "register.xml", "-oocsf", "phones.xml", "-inf", "accounts.csv", "-m", str(count)]
        args += ["-r", str(max(1, round(self._rate))), "-l", str(count)]
        sounding = 0 if self._tone_hz is None else self._sounding_max
        self._sipp = _Sipp(self._tool, self._folder, self._server, sounding_max=sounding)
        await self._sipp.start(args)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sipp is not None:
            await self._sipp.stop()

    async def registered(self, within_s: float) -> None:
        """Wait until every phone was registered once. Raises PeerFault if they are not in time."""
        if self._sipp is None:
            raise PeerFault("the phones were not started")
        try:
            async with asyncio.timeout(within_s):
                while len({line.party for line in self.lines() if line.what == "registered"}) < len(self._accounts):
                    self._sipp.must_run()
                    await asyncio.sleep(POLL_S)  # SIPp tells nobody; its log is all there is
        except TimeoutError:
            raise PeerFault(f"the phones are not registered within {within_s:g} s") from None

    def lines(self) -> tuple[LogLine, ...]:
        """What happened so far."""
        return read_log(self._folder / "calls.log")

    def counts(self) -> Counts:
        """SIPp's count so far, calls and registrations together. A call that its scenario did not expect has failed."""
        return Counts() if self._sipp is None else self._sipp.counts()


class _Sipp:
    """One SIPp process in a folder."""

    def __init__(self, tool: Tool, folder: Path, server: str, *, sounding_max: int) -> None:
        self._tool = tool
        self._folder = folder
        self._server = server
        self._rtp_ports = min(RTP_PORTS_MAX, max(RTP_PORTS_A_CALL * sounding_max, RTP_PORTS_MIN))
        self._stack = AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, args: Sequence[str]) -> None:
        rtp_from, sip_port = free_ports(self._rtp_ports, Kind.UDP), free_ports(2, Kind.UDP)
        for port in (rtp_from, sip_port):
            self._stack.callback(give_back, port)
        argv = [self._server, *args, "-i", LOOPBACK, "-mi", LOOPBACK, "-p", str(sip_port)]
        argv += ["-min_rtp_port", str(rtp_from), "-max_rtp_port", str(rtp_from + self._rtp_ports - 1)]
        argv += ["-nostdin", "-timeout", f"{scenarios.CALL_MAX_S:.0f}", "-trace_err", "-error_file", "errors.log"]
        argv += ["-trace_logs", "-log_file", "calls.log", "-trace_stat", "-stf", "counts.csv", "-fd", "1"]
        self._process = await self._stack.enter_async_context(
            running(
                self._tool.argv(argv), self._tool.environment(), folder=self._folder, output=self._folder / "output"
            )
        )

    async def stop(self) -> None:
        if self._process is not None:
            await end(self._process)
        await self._stack.aclose()

    def must_run(self) -> None:
        if self._process is None or self._process.returncode is not None:
            raise PeerFault(f"SIPp ended: {self._complaint()}")

    async def finished(self, within_s: float) -> CrowdResult:
        if self._process is None:
            raise PeerFault("SIPp was not started")
        try:
            async with asyncio.timeout(within_s):
                code = await self._process.wait()
        except TimeoutError:
            raise PeerFault(f"the calls are not over after {within_s:g} s: {self.counts()}") from None
        if code not in (0, 1):  # 1: some calls failed
            raise PeerFault(f"SIPp ended with {code}: {self._complaint()}")
        counts = self.counts()
        return CrowdResult(
            exit_code=code,
            created=counts.created,
            successful=counts.successful,
            failed=counts.failed,
            lines=read_log(self._folder / "calls.log"),
            retransmissions=counts.retransmissions,
        )

    def _complaint(self) -> str:
        errors = self._folder / "errors.log"
        return tail(errors if errors.exists() else self._folder / "output")

    def counts(self) -> Counts:
        """What it has counted so far, from the last whole line of its statistics."""
        with suppress(OSError, ValueError, KeyError), (self._folder / "counts.csv").open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
            if rows:
                last = rows[-1]
                return Counts(
                    created=int(last["TotalCallCreated"]),
                    successful=int(last["SuccessfulCall(C)"]),
                    failed=int(last["FailedCall(C)"]),
                    retransmissions=int(last["Retransmissions(C)"]),
                )
        return Counts()


def write_rows(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """SIPp's injection file: one row a call. Raises PeerFault if a text would not survive in it."""
    for row in rows:
        if any(sign in text for text in row for sign in ";\r\n"):
            raise PeerFault(f"SIPp cannot be given this text: {row!r}")
    path.touch(mode=0o600)
    path.write_text("SEQUENTIAL\n" + "".join(";".join(row) + "\n" for row in rows), encoding="utf-8")


def quoted(name: str) -> str:
    """A display name for use between quotes (RFC 3261, 25.1: quoted-string)."""
    return name.replace("\\", "\\\\").replace('"', '\\"')


def write_tone(folder: Path, hz: int | None) -> str | None:
    """A second of a tone as mu-law bytes; its name, or None for no sound."""
    if hz is None:
        return None
    (folder / SOUND).write_bytes(ulaw(tone(hz, 1.0)))
    return SOUND


def read_log(path: Path) -> tuple[LogLine, ...]:
    """The lines our scenarios log: what;party;Call-ID;time;caller. The last may be half written: it is left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    whole = text[: text.rfind("\n") + 1].splitlines()
    fields = [line.split(";") for line in whole if line.count(";") == 4]
    return tuple(
        LogLine(what=what, party=party, call=call, at=_seconds(when), caller=caller)
        for what, party, call, when, caller in fields
    )


def _seconds(when: str) -> float:
    """SIPp's timestamp as UTC seconds; its last part is the seconds since 1970."""
    last = when.split()[-1]
    try:
        return float(last)
    except ValueError:
        return datetime.fromisoformat(when.strip()).timestamp()
