"""Carries commands out: in order within a contact, side by side between contacts. Knows no command's meaning.

What fails comes back as `CommandFailed`, never as an exception: the engine decides what a failure means.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from callcenter.errors import OutcomeUnknown, PeerFault, PeerUnavailable, SubjectGone
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    Command,
    DialNumber,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RecordMessage,
    Reply,
    ReturnLeg,
    RingAgent,
    StartMusic,
    StartRecording,
    StopMessage,
    StopMusic,
    StopPlayback,
    StopRecording,
)
from callcenter.model.contact import TransportFault
from callcenter.model.events import CommandFailed
from callcenter.model.ids import ContactId
from callcenter.ports import EventSink

LANES_MAX: Final = 20_000  # contacts with commands under way

log = structlog.get_logger(__name__)


class Medium(Protocol):
    """Who can carry out a command."""

    async def perform(self, command: Command) -> None:
        """Do it. Raises PeerFault (SubjectGone, PeerUnavailable, OutcomeUnknown ...) if it was or may not be done."""
        ...


class LanePerformer:
    """One lane per contact; a lane is a task that lives as long as it has commands."""

    def __init__(self, medium: Medium, events: EventSink) -> None:
        self._medium = medium
        self._events = events
        self._lanes: dict[ContactId, deque[Command]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.performed = 0
        self.failed = 0

    def enqueue(self, commands: Sequence[Command]) -> None:
        """Take the commands; each waits only for those of its own contact."""
        for command in commands:
            if isinstance(command, Reply):
                continue
            lane = self._lanes.get(command.contact)
            if lane is not None:
                lane.append(command)
                continue
            if len(self._lanes) >= LANES_MAX:
                self._failed(command, PeerUnavailable(f"{LANES_MAX} contacts have commands under way"))
                continue
            self._lanes[command.contact] = deque((command,))
            task = asyncio.create_task(self._drive(command.contact), name=f"perform {command.contact}")
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def idle(self, limit_s: float) -> bool:
        """Wait until nothing is under way; False if that takes longer."""
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        return not self._lanes

    async def close(self) -> None:
        """Drop what is under way: outcomes are unknown then."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drive(self, contact: ContactId) -> None:
        lane = self._lanes[contact]
        try:
            while lane:
                command = lane.popleft()
                try:
                    await self._medium.perform(command)
                    self.performed += 1
                except PeerFault as fault:
                    self._failed(command, fault)
        finally:
            del self._lanes[contact]

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
        if not task.cancelled() and task.exception() is not None:
            log.error("a lane of commands crashed", lane=task.get_name(), exc_info=task.exception())


def kind_of(fault: PeerFault) -> TransportFault:
    """What a fault means for a command."""
    if isinstance(fault, SubjectGone):
        return TransportFault.GONE
    if isinstance(fault, PeerUnavailable):
        return TransportFault.UNAVAILABLE
    if isinstance(fault, OutcomeUnknown):
        return TransportFault.UNKNOWN
    return TransportFault.REFUSED


def subject_of(command: Command) -> str:
    """The id of what a command is about."""
    match command:
        case JoinBridge(leg=leg) | AnswerLeg(leg=leg) | RingAgent(leg=leg) | DialNumber(leg=leg):
            return leg
        case HangUp(leg=leg) | ReturnLeg(leg=leg):
            return leg
        case PlayPrompts(playback=playback) | StopPlayback(playback=playback):
            return playback
        case StartRecording(recording=recording) | StopRecording(recording=recording):
            return recording
        case RecordMessage(recording=recording) | StopMessage(recording=recording):
            return recording
        case OpenBridge(bridge=bridge) | CloseBridge(bridge=bridge):
            return bridge
        case StartMusic(bridge=bridge) | StopMusic(bridge=bridge):
            return bridge
        case Reply(request=request):
            return request
