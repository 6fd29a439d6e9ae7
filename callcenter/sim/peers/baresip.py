"""One softphone: baresip in a folder of its own, driven over its control connection.

Knows baresip's configuration files, commands and events (modules menu and ctrl_tcp). Must not know the call center.

Theory: baresip says everything as an event with the call's id; the phone here keeps one `PhoneCall` per id, wakes
whoever waits for a change, and does to an incoming call what its habit says. It has no sound card: its microphone is a
tone or a file, and what it hears is written to a WAV file, one for each call.
"""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import structlog

from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import Tool
from callcenter.errors import PeerFault, PeerUnavailable
from callcenter.sim.peers.baresip_control import COMMAND_LIMIT_S, Control
from callcenter.sim.peers.places import LOOPBACK, end, free_ports, running, tail
from callcenter.sim.peers.relay import Relay

log = structlog.get_logger(__name__)

LIFE_MAX_S: Final = 3600  # should we die without a word, it ends by itself
REGISTER_EVERY_S: Final = 60
RTP_PORTS: Final = 20
REGISTERED: Final = re.compile(r"\s(?:\x1b\[\d+m)?OK\b")
SINE_RATE: Final = 48_000  # the only one of its tone generator
RATE: Final = 8_000
DIGIT_GAP_S: Final = 0.25

CONFIG: Final = """\
poll_method epoll
sip_listen {host}:{sip_port}
net_interface {host}
call_local_timeout 300
call_max_calls {calls_max}
call_hold_other_calls no
audio_player aufile,{heard}
audio_source {source}
audio_alert aufile,/dev/null
ausrc_srate {source_rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
audio_level no
audio_buffer 20-160
ring_aufile none
callwaiting_aufile none
ringback_aufile none
notfound_aufile none
busy_aufile none
error_aufile none
sip_autoanswer_aufile none
sip_autoanswer_beep no
rtp_ports {rtp_from}-{rtp_to}
rtcp_mux no
jitter_buffer_type fixed
jitter_buffer_delay 1-10
rtp_stats no
statmode_default off
module_path {modules}
module g711.so
module ausine.so
module aufile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control_port}
"""


class Habit(StrEnum):
    """What a phone does when it is called."""

    ANSWER = "answer"
    REJECT = "reject"  # 486, as a person does who presses the red button
    IGNORE = "ignore"  # it rings until the caller gives up


class CallState(StrEnum):
    """Where a call of the phone is."""

    STARTING = "starting"
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


ORDER: Final = list(CallState)


@dataclass(slots=True, kw_only=True)
class PhoneCall:
    """One call of a phone. Times are UTC seconds, None until it happened."""

    id: str
    incoming: bool
    peer: str
    name: str = ""  # the caller's, as shown
    state: CallState = CallState.STARTING
    began_at: float = field(default_factory=time.time)
    answered_at: float | None = None
    ended_at: float | None = None
    reason: str = ""  # baresip's words: "486 Busy Here", "Connection reset by peer"
    heard: Path | None = None  # what came out of the earpiece, once the call has ended and was answered
    keys: str = ""  # that the far side sent (RFC 4733)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def reaches(self, state: CallState, within_s: float) -> Self:
        """Wait until the call is in `state` or past it. Raises PeerFault if it is not in time, or ended before."""
        try:
            async with asyncio.timeout(within_s):
                while ORDER.index(self.state) < ORDER.index(state):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise PeerFault(f"call with {self.peer} is {self.state} after {within_s:g} s, not {state}") from None
        if state is CallState.UP and self.answered_at is None:
            raise PeerFault(f"call with {self.peer} ended unanswered: {self.reason}")
        return self

    def enter(self, state: CallState) -> None:
        """Go on to `state`; never back."""
        if ORDER.index(state) > ORDER.index(self.state):
            self.state = state
            self._changed.set()


def _seen_from(folder: Path, file: Path) -> str:
    return os.path.relpath(file.resolve(), folder.resolve())


class SoftPhone:
    """A phone with an account at a server, or (without a secret) one that just calls. Use as an async context."""

    def __init__(
        self,
        tool: Tool,
        folder: Path,
        *,
        number: str,
        server: str,
        secret: str | None = None,
        registers: bool = True,
        name: str = "",
        tone_hz: int = 440,
        sound: Path | None = None,
        habit: Habit = Habit.ANSWER,
        answer_after_s: float = 0.0,
        talk_s: float | None = None,
        codecs: str = "pcmu",
        sip_port: int | None = None,
    ) -> None:
        """`server` is host:port. It sends a tone, or `sound`, a mono WAV file of 8 kHz, whose end ends the call.

        `registers` False: it has the account's password and makes calls, and gets none.

        `sip_port` is where it listens, for those who call it without a server; None: any free port.

        `talk_s` after an incoming call was answered it hangs up; None: it leaves that to the other side.
        """
        self._tool = tool
        self._folder = folder
        self._server = server
        self._secret = secret
        self._registers = registers
        self._name = name
        self._source = f"aufile,{_seen_from(folder, sound)}" if sound else f"ausine,{tone_hz}"
        self._source_rate = RATE if sound else SINE_RATE
        self._codecs = codecs
        self._sip_port = sip_port
        self.number = number
        self.habit = habit
        self.answer_after_s = answer_after_s
        self.talk_s = talk_s
        self.calls: list[PhoneCall] = []
        self.on_change: Callable[[PhoneCall], None] | None = None
        self._by_id: dict[str, PhoneCall] = {}
        self._stack = AsyncExitStack()
        self._control: Control | None = None
        self._relay = Relay(server)
        self._process: asyncio.subprocess.Process | None = None
        self._registered = asyncio.Event()
        self._called = asyncio.Condition()
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def folder(self) -> Path:
        """Where its files are; `heard.wav` grows while a call is up."""
        return self._folder

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it. Raises PeerUnavailable if it does not come up."""
        if self._tool.modules is None:
            raise PeerUnavailable("baresip's plug-ins were not found")
        self._folder.mkdir(parents=True, exist_ok=True)
        sip_port = self._sip_port or free_ports(2, Kind.BOTH)  # it takes the next one too, for TLS
        control_port = free_ports(1, Kind.TCP)
        argv = self._tool.argv(["-4", "-f", str(self._folder), "-t", str(LIFE_MAX_S)])
        output = self._folder / "output"
        self._stack = AsyncExitStack()
        try:
            self._relay = await self._stack.enter_async_context(Relay(self._server))
            self._write_files(sip_port, control_port, self._tool.modules)
            self._process = await self._stack.enter_async_context(
                running(argv, self._tool.environment(), folder=self._folder, output=output)
            )
            self._control = Control(self._told)
            await self._control.connect(control_port, self._process, output)
            self._relay.spare(self._process.pid, self._settled)
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """End it: calls are hung up, the account is signed off."""
        if self._control is not None:
            with suppress(PeerFault):
                await self._say("quit")
        await self._gone()

    async def vanish(self) -> None:
        """Pull its plug: no BYE, no sign-off. As far as anybody else knows it is still there."""
        if self._process is not None:
            self._process.kill()
        await self._gone()

    async def _gone(self) -> None:
        for chore in self._chores:
            chore.cancel()
        if self._chores:
            await asyncio.wait(self._chores)
        control, self._control = self._control, None
        process, self._process = self._process, None
        try:
            if process is not None and control is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(COMMAND_LIMIT_S):
                        await process.wait()
                await end(process)
        finally:
            if control is not None:
                await control.close()
            await self._stack.aclose()
            self._registered.clear()
            for call in self.calls:
                self._end(call, "the phone is gone")

    async def registered(self, within_s: float = 5.0) -> None:
        """Wait until the server took its registration. Raises PeerFault if it does not in time."""
        try:
            async with asyncio.timeout(within_s):
                # It may have registered before we listened; then the event is past and only asking helps.
                if REGISTERED.search(await self._say("reginfo")) is None:
                    await self._registered.wait()
        except TimeoutError:
            raise PeerFault(f"{self.number} is not registered: {tail(self._folder / 'output')}") from None

    async def dial(self, number: str) -> PhoneCall:
        """Call a number of the server's, or a whole SIP address."""
        address = number if number.startswith("sip:") else f"sip:{number}@{self._relay.address}"
        said = await self._say("dial", address)
        call_id = said.rpartition("call id:")[2].strip()
        if not call_id:
            raise PeerFault(f"{self.number} cannot dial {address}: {said.strip()}")
        return self._call(call_id, incoming=False, peer=address)

    async def next_call(self, within_s: float, *, after: int | None = None) -> PhoneCall:
        """Wait for the next incoming call; `after` is the number of incoming calls already known of.

        Raises PeerFault if none comes in time.
        """
        known = len(self.incoming) if after is None else after
        try:
            async with asyncio.timeout(within_s), self._called:
                await self._called.wait_for(lambda: len(self.incoming) > known)
        except TimeoutError:
            raise PeerFault(f"nobody called {self.number} within {within_s:g} s") from None
        return self.incoming[known]

    @property
    def incoming(self) -> list[PhoneCall]:
        """The calls it got, in order."""
        return [call for call in self.calls if call.incoming]

    async def answer(self) -> None:
        """Take the call that rings."""
        await self._say("accept")

    async def hang_up(self) -> None:
        """End the current call; an incoming one that still rings is refused with 486."""
        if any(not call.incoming and call.state in (CallState.STARTING, CallState.RINGING) for call in self.calls):
            await self._say("hangupall", "dir=out")  # a call that nobody has answered is not "current" to baresip
        else:
            await self._say("hangup")

    async def hold(self) -> None:
        """The hold key: a re-INVITE that the phone sends, with `sendonly` in it."""
        await self._say("hold")

    async def resume(self) -> None:
        """The hold key again."""
        try:
            await self._say("resume")
        except PeerFault as fault:
            if "Invalid argument" not in str(fault):  # 1.1.0 would hold another call first, and says that there is none
                raise

    async def transfer(self, number: str, replaces: str = "") -> None:
        """Ask the server to hand the current call on (REFER): to a number, or to the far end of another call.

        `replaces` names that call: "call-id;to-tag=...;from-tag=..." (RFC 3891), escaped as a URI wants it (RFC 3261).
        """
        address = f"sip:{number}@{self._relay.address}"
        await self._say("transfer", f"<{address}?Replaces={replaces}>" if replaces else address)

    async def press(self, digits: str, gap_s: float = DIGIT_GAP_S) -> None:
        """Press keys, one after the other (RFC 4733)."""
        for digit in digits:
            await self._say("sndcode", digit)
            await asyncio.sleep(gap_s)

    # what baresip says

    async def _say(self, command: str, words: str = "") -> str:
        if self._control is None:
            raise PeerUnavailable(f"phone {self.number} does not run")
        if self._process is not None and self._process.returncode is not None:
            raise PeerUnavailable(
                f"phone {self.number} ended with {self._process.returncode}: {tail(self._folder / 'output')}"
            )
        async with self._relay.turn():
            return await self._control.say(command, words)

    async def _settled(self) -> None:
        """It deals with one thing after the other: with its answer everything before the question is done."""
        if self._control is not None:
            with suppress(PeerFault):  # it is gone, or silent: whoever waits for it will say so
                await self._control.say("reginfo")

    def _told(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind == "REGISTER_OK":
            self._registered.set()
        elif kind in ("REGISTER_FAIL", "UNREGISTERING"):
            self._registered.clear()
        elif isinstance(kind, str) and kind.startswith(("CALL_", "TRANSFER_FAILED")) and event.get("id"):
            call = self._call(
                event["id"], incoming=event.get("direction") == "incoming", peer=str(event.get("peeruri", ""))
            )
            self._follow(call, kind, event)

    def _follow(self, call: PhoneCall, kind: str, event: dict[str, Any]) -> None:
        was = call.state
        if kind == "CALL_INCOMING":
            call.name = str(event.get("peerdisplayname", ""))
            call.enter(CallState.RINGING)
            self._later(lambda: self._treat(call))
        elif kind in ("CALL_RINGING", "CALL_PROGRESS"):
            call.enter(CallState.RINGING)
        elif kind == "CALL_ESTABLISHED":
            call.answered_at = time.time()
            call.enter(CallState.UP)
            if call.incoming and self.talk_s is not None:
                talk_s = self.talk_s
                self._later(lambda: self._hang_up_later(call, talk_s))
        elif kind in ("CALL_CLOSED", "TRANSFER_FAILED", "CALL_TRANSFER_FAILED"):  # what it may not hand on it hangs up
            self._end(call, str(event.get("param", "")))
        elif kind == "CALL_DTMF_START":
            call.keys += str(event.get("param", ""))
        if self.on_change is not None and call.state is not was:
            self.on_change(call)

    def _call(self, call_id: str, *, incoming: bool, peer: str) -> PhoneCall:
        call = self._by_id.get(call_id)
        if call is None:
            call = self._by_id[call_id] = PhoneCall(id=call_id, incoming=incoming, peer=peer)
            self.calls.append(call)
            self._later(self._announce)
        return call

    async def _announce(self) -> None:
        async with self._called:
            self._called.notify_all()

    async def _treat(self, call: PhoneCall) -> None:
        await asyncio.sleep(self.answer_after_s)
        if call.state is not CallState.RINGING:
            return
        if self.habit is Habit.ANSWER:
            await self._say("accept")
        elif self.habit is Habit.REJECT:
            await self._say("hangup")

    async def _hang_up_later(self, call: PhoneCall, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if call.state is CallState.UP:
            await self._say("hangup")

    def _end(self, call: PhoneCall, reason: str) -> None:
        if call.state is CallState.ENDED:
            return
        call.reason = reason
        call.ended_at = time.time()
        written = self._folder / "heard.wav"
        if call.answered_at is not None and written.exists():
            # The program still has it open and completes it; the name is free for the next call.
            call.heard = written.rename(self._folder / f"heard-{len(self.calls)}.wav")
        call.enter(CallState.ENDED)

    def _later(self, work: Callable[[], Awaitable[None]]) -> None:
        async def do() -> None:
            try:
                await work()
            except PeerFault as fault:  # the call may be over, or the phone: nobody waits for this
                log.info("phone did not obey", number=self.number, why=str(fault))

        chore = asyncio.get_running_loop().create_task(do())
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _write_files(self, sip_port: int, control_port: int, modules: Path) -> None:
        """Paths in them are relative to the folder that it runs in: it cuts them off at a space."""
        rtp_from = free_ports(RTP_PORTS, Kind.UDP)
        config = CONFIG.format(
            host=LOOPBACK,
            sip_port=sip_port,
            control_port=control_port,
            rtp_from=rtp_from,
            rtp_to=rtp_from + RTP_PORTS - 1,
            source=self._source,
            source_rate=self._source_rate,
            rate=RATE,
            heard="heard.wav",
            modules=_seen_from(self._folder, modules),
            calls_max=4,
        )
        login = f";auth_user={self.number};auth_pass={self._secret}" if self._secret is not None else ""
        every = REGISTER_EVERY_S if self._secret is not None and self._registers else 0
        shown = f'"{self._name}" ' if self._name else ""
        account = (
            f"{shown}<sip:{self.number}@{self._relay.address}>{login};regint={every};answermode=manual;"
            "sip_autoanswer=yes;"
            f"audio_codecs={self._codecs};dtmfmode=rtpevent;ptime=20;mwi=no\n"
        )
        for name, text in (("config", config), ("contacts", ""), ("accounts", account)):
            path = self._folder / name
            path.touch(mode=0o600)
            path.write_text(text)
