"""Who has answered? Lets detectors hear legs. Knows how a leg is heard without touching it; judges nothing itself.

Theory: the call must not notice. So a channel of its own listens to the leg (ChanSpy in [callcenter-ear] of the
dialplan) and sends what the called side says, and only that, over AudioSocket, where a detector of ours hears it in
frames of 20 ms. For Asterisk's AMD() the listening channel is one end of a Local channel, at whose other end AMD runs
and then tells us by FastAGI. In neither case does the leg leave its bridge, nor is anything played or recorded on it.
An ear goes away with its leg, when it has said what it was for, or when its time is up.

A beep is listened for from the answer on, so that one that comes before the engine asks for it is not missed.

Many lines send nothing while nothing is said (silence suppression; a mailbox that records). An ear would then never
hear that a word or a beep is over, so what does not come is heard as silence.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog

from callcenter.asterisk.agi_session import AgiSession
from callcenter.asterisk.ari import AlreadyExists, Call, Gone, ToDialplan, ToStasis
from callcenter.asterisk.audiosocket import AudioSockets
from callcenter.detectors import DETECTORS
from callcenter.detectors.asterisk import ASTERISK, judgement_of
from callcenter.detectors.detector import SAMPLES_PER_S, BeepListener, Listener
from callcenter.errors import PeerRefused, PeerUnavailable, SubjectGone
from callcenter.model.campaign_messages import AwaitBeep, BeepHeard, DetectMachine, MachineJudged
from callcenter.model.detection import BEEP_WITHIN_S, AmdRules, Answerer
from callcenter.model.events import Event
from callcenter.model.ids import LegId

ROUTE: Final = "answerer"
"""Where AMD's end tells what it found: AGI(agi://.../answerer,LEG,STATUS,CAUSE)."""
EAR_CONTEXT: Final = "callcenter-ear"
AMD_ENDPOINT: Final = "Local/s@callcenter-amd/n"
LEG: Final = "CALLCENTER_LEG"
AMD: Final = "CALLCENTER_AMD"
FORMAT: Final = "slin"
BEEP_DETECTOR: Final = "cadence"
"""Listens for beeps where the campaign's detector is none of ours."""
EARS_MAX: Final = 200
LOOK_EVERY_S: Final = 0.1
LATE_S: Final = 0.2
"""Sound that is so late is taken for silence: packets over a bad line are some 0.1 s late."""
BYTES_A_SECOND: Final = 2 * SAMPLES_PER_S
AMD_SPARE_S: Final = 0.4
"""AMD must have decided so long before the campaign stops waiting for it."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class _Ear:
    """Hears one leg."""

    leg: LegId
    id: UUID
    listener: Listener | None  # None: it is judged
    beeps: BeepListener
    asked_for_beep: bool = False
    beeped: bool = False
    timer: asyncio.TimerHandle | None = None
    look: asyncio.TimerHandle | None = None  # for sound that does not come
    since: float = 0.0  # of the loop's clock: it hears from then on
    heard: int = 0  # bytes


class Places(Protocol):
    """Who makes channels in Asterisk."""

    async def originate(self, channel_id: str, call: Call, to: ToStasis | ToDialplan) -> object:
        """Make one that goes to `to` when it is answered. Raises PeerFault."""
        ...


class Answerers:
    """All that is listened to. Use as an async context."""

    def __init__(self, channels: Places, sockets: AudioSockets, post: Callable[[Event], None]) -> None:
        self._channels = channels
        self._sockets = sockets
        self._post = post
        self._ears: dict[LegId, _Ear] = {}
        self._count = 0  # of channels that have listened: their ids are never used twice
        self.judged: dict[Answerer, int] = dict.fromkeys(Answerer, 0)
        self.beeps = 0

    async def __aenter__(self) -> "Answerers":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for leg in list(self._ears):
            self._close(leg)

    def health(self) -> Mapping[str, object]:
        """Figures for `status` and `doctor`."""
        return {"listening": len(self._ears), "beeps": self.beeps, **{str(k): v for k, v in self.judged.items()}}

    async def judge(self, command: DetectMachine) -> None:
        """Have the leg listened to; `MachineJudged` follows, unless nothing was concluded. Raises PeerFault."""
        if command.leg in self._ears:
            return  # an earlier try of this command was carried out
        if command.detector == ASTERISK:
            await self._begin_amd(command)
            return
        detector = DETECTORS.get(command.detector)
        if detector is None:
            raise PeerRefused(f"there is no detector {command.detector}")
        await self._open(command.leg, detector.listener(), detector.beep_listener(), command.within_s)

    async def await_beep(self, command: AwaitBeep) -> None:
        """Wait for the end of a beep; `BeepHeard` follows if one comes in time. Raises PeerFault."""
        ear = self._ears.get(command.leg)
        if ear is None:
            detector = DETECTORS.get(command.detector) or DETECTORS[BEEP_DETECTOR]
            ear = await self._open(command.leg, None, detector.beep_listener(), command.within_s)
        ear.asked_for_beep = True
        self._until(ear, command.within_s)
        if ear.beeped:
            self._beeped(ear)

    async def serve(self, session: AgiSession) -> None:
        """AMD has come to an end: what it says."""
        leg, status, cause = (*session.request.arguments, "", "", "")[:3]
        found = judgement_of(status, cause)
        if found is not None:
            self.judged[found.answerer] += 1
            self._post(MachineJudged(leg=LegId(leg), answerer=found.answerer, why=found.why))

    # -- ears ----------------------------------------------------------------------------------------------------------

    async def _open(self, leg: LegId, listener: Listener | None, beeps: BeepListener, within_s: float) -> _Ear:
        if len(self._ears) >= EARS_MAX:
            raise PeerUnavailable(f"{EARS_MAX} legs are listened to")
        ear = _Ear(leg=leg, id=uuid4(), listener=listener, beeps=beeps)
        self._ears[leg] = ear
        self._sockets.expect(ear.id, lambda sound: self._hear(ear, sound), lambda: self._close(leg))
        self._until(ear, within_s)
        try:
            await self._listen(
                leg, Call(endpoint=self._sockets.endpoint(ear.id), formats=(FORMAT,), variables={LEG: leg})
            )
        except BaseException:
            self._close(leg)
            raise
        if leg in self._ears:
            ear.since = asyncio.get_running_loop().time() - ear.heard / BYTES_A_SECOND
            self._look(ear)
        return ear

    def _look(self, ear: _Ear) -> None:
        """What has not come until now was silence."""
        loop = asyncio.get_running_loop()
        missing_s = loop.time() - ear.since - ear.heard / BYTES_A_SECOND
        if missing_s > LATE_S:
            self._hear(ear, bytes(2 * round((missing_s - LATE_S / 2) * SAMPLES_PER_S)))
        if ear.leg in self._ears:
            ear.look = loop.call_later(LOOK_EVERY_S, self._look, ear)

    async def _begin_amd(self, command: DetectMachine) -> None:
        self._count += 1
        rules = command.amd or AmdRules()
        call = Call(
            endpoint=AMD_ENDPOINT,
            other_channel_id=f"amd-{self._count}-{command.leg}",
            formats=(FORMAT,),
            variables={LEG: command.leg, AMD: rules.arguments(round(1000 * (command.within_s - AMD_SPARE_S)))},
        )
        await self._listen(command.leg, call)

    async def _listen(self, leg: LegId, call: Call) -> None:
        """A channel that listens to the leg. Raises PeerFault: SubjectGone if the leg is."""
        self._count += 1
        try:
            await self._channels.originate(f"ear-{self._count}-{leg}", call, ToDialplan(context=EAR_CONTEXT))
        except AlreadyExists:
            return
        except Gone as gone:
            raise SubjectGone(str(gone)) from gone

    def _hear(self, ear: _Ear, sound: bytes) -> None:
        ear.heard += len(sound)
        if ear.beeps.hear(sound):
            self.beeps += 1
            ear.beeped = True
        if ear.listener is not None:
            judgement = ear.listener.hear(sound)
            if judgement is not None:
                ear.listener = None
                self.judged[judgement.answerer] += 1
                self._post(MachineJudged(leg=ear.leg, answerer=judgement.answerer, why=judgement.why))
                if judgement.answerer is not Answerer.MACHINE:
                    self._close(ear.leg)
                    return
                self._until(ear, BEEP_WITHIN_S)
        if ear.beeped and ear.asked_for_beep:
            self._beeped(ear)

    def _beeped(self, ear: _Ear) -> None:
        self._post(BeepHeard(leg=ear.leg))
        self._close(ear.leg)

    def _until(self, ear: _Ear, within_s: float) -> None:
        """The ear is open for so long from now on."""
        if ear.timer is not None:
            ear.timer.cancel()
        ear.timer = asyncio.get_running_loop().call_later(within_s, self._close, ear.leg)

    def _close(self, leg: LegId) -> None:
        ear = self._ears.pop(leg, None)
        if ear is not None:
            for timer in (ear.timer, ear.look):
                if timer is not None:
                    timer.cancel()
            self._sockets.end(ear.id)
