"""Carries commands out: in order within a contact, side by side between contacts. Knows no command's meaning.

Theory: a lane per contact. A leg may be lent from one contact to the next (a phone that is nailed up), so what is asked
of a leg also waits for what was asked of it before in another lane; it never waits for anything that was asked later,
so nobody waits in a circle. What fails by somebody else's fault is told as `CommandFailed`, and the lane goes on: the
engine decides what a failure means, and the commands behind it are its own. An exception that is no PeerFault is our
bug: nobody knows what was done, so the lane is dropped and `crashed` is told, which ends the process; the next one asks
Asterisk what lives, and repeats what is missing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from callcenter.core.world import NOBODY
from callcenter.errors import OutcomeUnknown, PeerFault, PeerUnavailable, SubjectGone
from callcenter.model.callback_messages import JudgeCallback, SettleCallback
from callcenter.model.campaign_messages import (
    AwaitBeep,
    ClaimLeads,
    DetectMachine,
    JudgeDial,
    OptOut,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    Command,
    DialNumber,
    DropMessage,
    FetchBack,
    HangUp,
    JoinBridge,
    LeaveBridge,
    LookUp,
    MuteLeg,
    MuteRecording,
    OpenBridge,
    PlayPrompts,
    PlayTone,
    RecordMessage,
    RenewRecording,
    Reply,
    ReturnLeg,
    RingAgent,
    RingPhone,
    RunScript,
    SendKeys,
    Snoop,
    StartMusic,
    StartRecording,
    StopMessage,
    StopMusic,
    StopPlayback,
    StopRecording,
    TellReferrer,
)
from callcenter.model.contact import TransportFault
from callcenter.model.events import CommandFailed
from callcenter.model.payment_messages import CheckCard, ForgetCard, PostCard
from callcenter.ports import EventSink

LANES_MAX: Final = 20_000  # contacts with commands under way
LANE_MAX: Final = 500  # commands of one contact that wait; a call in a fast flow makes some ten a second

OF_A_LEG: Final = (JoinBridge, LeaveBridge, MuteLeg, HangUp)
"""What is asked of a leg of whoever it is lent to at the time."""

log = structlog.get_logger(__name__)


class Medium(Protocol):
    """Who can carry out a command."""

    async def perform(self, command: Command) -> None:
        """Do it. Raises PeerFault (SubjectGone, PeerUnavailable, OutcomeUnknown ...) if it was or may not be done."""
        ...


class _Turn:
    """A command in its lane. `after` is set when it may be carried out, `over` tells who waits for it."""

    __slots__ = ("after", "command", "lane", "over")

    def __init__(self, command: Command, lane: str) -> None:
        self.command = command
        self.lane = lane
        self.after: asyncio.Event | None = None
        self.over: asyncio.Event | None = None


class LanePerformer:
    """One lane per contact; a lane is a task that lives as long as it has commands."""

    def __init__(self, medium: Medium, events: EventSink, crashed: Callable[[BaseException], None]) -> None:
        self._medium = medium
        self._events = events
        self._crashed = crashed
        self._lanes: dict[str, deque[_Turn]] = {}
        self._latest: dict[str, _Turn] = {}  # of each leg, while it is under way
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.performed = 0
        self.failed = 0

    def enqueue(self, commands: Sequence[Command]) -> None:
        """Take the commands; each waits only for those of its own contact. After `close` nothing is carried out."""
        for command in commands:
            if isinstance(command, Reply) or self._closed:
                continue
            name = command.contact if command.contact != NOBODY else subject_of(command)  # strays have no order
            turn = _Turn(command, name)
            lane = self._lanes.get(name)
            if len(self._lanes) >= LANES_MAX and lane is None:
                self._failed(command, PeerUnavailable(f"{LANES_MAX} contacts have commands under way"))
            elif lane is None:
                self._lanes[name] = deque((self._in_turn(turn),))
                task = asyncio.create_task(self._drive(name), name=f"perform {name}")
                self._tasks.add(task)
                task.add_done_callback(self._done)
            elif len(lane) >= LANE_MAX:
                self._failed(command, PeerUnavailable(f"{LANE_MAX} commands of this contact wait"))
            else:
                lane.append(self._in_turn(turn))

    async def idle(self, limit_s: float) -> bool:
        """Wait until nothing is under way; False if that takes longer."""
        try:
            async with asyncio.timeout(limit_s):
                while self._tasks:  # a failure may make the engine give more commands
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Drop what is under way, and take nothing more: outcomes are unknown then."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drive(self, name: str) -> None:
        lane = self._lanes[name]
        try:
            while lane:
                turn = lane.popleft()
                if turn.after is not None:
                    await turn.after.wait()
                try:
                    await self._medium.perform(turn.command)
                    self.performed += 1
                except PeerFault as fault:
                    self._failed(turn.command, fault)
                finally:
                    self._over(turn)
        finally:
            del self._lanes[name]

    def _in_turn(self, turn: "_Turn") -> "_Turn":
        """After what was asked of the same leg before, in another lane."""
        command = turn.command
        if isinstance(command, OF_A_LEG):
            before = self._latest.get(command.leg)
            if before is not None and before.lane != turn.lane:
                before.over = turn.after = before.over or asyncio.Event()
            self._latest[command.leg] = turn
        return turn

    def _over(self, turn: "_Turn") -> None:
        if turn.over is not None:
            turn.over.set()
        command = turn.command
        if isinstance(command, OF_A_LEG) and self._latest.get(command.leg) is turn:
            del self._latest[command.leg]

    def _failed(self, command: Command, fault: PeerFault) -> None:
        self.failed += 1
        kind = kind_of(fault)
        name, subject = type(command).__name__, subject_of(command)
        if kind is not TransportFault.GONE:
            log.warning("command failed", command=name, subject=subject, fault=kind.value, detail=str(fault))
        if isinstance(command, Reply):
            return
        self._events.post(
            CommandFailed(contact=command.contact, command=name, subject=subject, fault=kind, detail=str(fault))
        )

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (crash := task.exception()) is not None:
            crash.add_note(task.get_name())
            self._crashed(crash)


def kind_of(fault: PeerFault) -> TransportFault:
    """What a fault means for a command."""
    if isinstance(fault, SubjectGone):
        return TransportFault.GONE
    if isinstance(fault, PeerUnavailable):
        return TransportFault.UNAVAILABLE
    if isinstance(fault, OutcomeUnknown):
        return TransportFault.UNKNOWN
    return TransportFault.REFUSED


def subject_of(command: Command) -> str:  # noqa: C901 (one arm per kind of command)
    """The id of what a command is about."""
    match command:
        case JoinBridge(leg=leg) | AnswerLeg(leg=leg) | RingAgent(leg=leg) | DialNumber(leg=leg):
            return leg
        case RingPhone(leg=leg) | Snoop(leg=leg):
            return leg
        case LeaveBridge(leg=leg) | MuteLeg(leg=leg) | SendKeys(leg=leg) | TellReferrer(leg=leg):
            return leg
        case HangUp(leg=leg) | ReturnLeg(leg=leg):
            return leg
        case PlayPrompts(playback=playback) | PlayTone(playback=playback) | StopPlayback(playback=playback):
            return playback
        case (
            StartRecording(recording=recording)
            | RenewRecording(recording=recording)
            | StopRecording(recording=recording)
            | MuteRecording(recording=recording)
        ):
            return recording
        case RecordMessage(recording=recording) | StopMessage(recording=recording) | DropMessage(recording=recording):
            return recording
        case RunScript(leg=leg) | FetchBack(leg=leg):
            return leg
        case LookUp(lookup=lookup):
            return lookup
        case DetectMachine(leg=leg) | AwaitBeep(leg=leg):
            return leg
        case ClaimLeads(campaign=campaign) | ReleaseLeads(campaign=campaign) | OptOut(campaign=campaign):
            return campaign
        case JudgeDial(dial=dial):
            return dial.id
        case SettleAttempt(attempt=attempt) | SettleCallback(attempt=attempt):
            return attempt
        case JudgeCallback(leg=leg):
            return leg
        case CheckCard(card=card) | PostCard(card=card) | ForgetCard(card=card):
            return card
        case OpenBridge(bridge=bridge) | CloseBridge(bridge=bridge):
            return bridge
        case StartMusic(bridge=bridge) | StopMusic(bridge=bridge):
            return bridge
        case Reply(request=request):
            return request
