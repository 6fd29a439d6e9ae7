"""Commands as requests to Asterisk. Knows which request each command is; decides nothing and remembers nothing."""

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, assert_never

import structlog

from callcenter.asterisk.ami_actions import AmiActions, AsksAmi
from callcenter.asterisk.ari import (
    AlreadyExists,
    Ari,
    AriRefused,
    BridgeType,
    Call,
    Conflict,
    Direction,
    Gone,
    HangupReason,
    NotInStasis,
    ToStasis,
    caller_id,
    checks,
)
from callcenter.errors import Bug, ConfigurationError, PeerFault, PeerRefused, Problem, SubjectGone
from callcenter.media.voice.ears import APP, ARG_OUT
from callcenter.media.voice.recorder import FORGETS_S, Recorder, checked
from callcenter.media.voice.scripts import Scripts
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
from callcenter.model.contact import LegEnd
from callcenter.model.ids import BridgeId, LegId, RecordingId
from callcenter.model.payment_messages import CheckCard, ForgetCard, PostCard

MESSAGE_FORMAT: Final = "wav"
PLACE_OF_NUMBER: Final = "{number}"
PLAY_TRIES_MAX: Final = 5
PLAY_AGAIN_S: Final = 0.03
INTERNAL_ERROR: Final = 500
NOT_IN_BRIDGE: Final = 422
TAKEN: Final = "channel_answered"  # the states of a transfer that ARI tells a phone: 200 and 603 in its NOTIFY
DECLINED: Final = "channel_declined"
GONE_LOOKS_MAX: Final = 5  # for a leg about which Asterisk said no
GONE_LOOK_EVERY_S: Final = 0.05

AUTO_ANSWER: Final[Mapping[str, str]] = {
    "PJSIP_HEADER(add,Call-Info)": "<sip:callcenter>;answer-after=0",  # Polycom, Yealink, Snom, Grandstream, Cisco
    "PJSIP_HEADER(add,Alert-Info)": "<http://callcenter>;info=alert-autoanswer;delay=0",  # Panasonic, AVM, older ones
}
"""Headers by which a phone is asked to answer by itself; RFC 3261 (20.9) leaves the parameters to their makers."""

NO_VARIABLES: Final[Mapping[str, str]] = {}

_REASONS: Final = {
    LegEnd.NORMAL: HangupReason.NORMAL,
    LegEnd.NO_ANSWER: HangupReason.NO_ANSWER,
    LegEnd.BUSY: HangupReason.BUSY,
    LegEnd.REJECTED: HangupReason.REJECTED,
    LegEnd.UNREACHABLE: HangupReason.UNALLOCATED,
    LegEnd.CANCELLED: HangupReason.ANSWERED_ELSEWHERE,
    LegEnd.FAILED: HangupReason.FAILURE,
}


log = structlog.get_logger(__name__)


class Prompts(Protocol):
    """Where the sound of a prompt comes from."""

    async def media_for(self, prompt: str, language: str, variables: Mapping[str, str]) -> str:
        """The path of the sound, without extension. Raises PeerFault or ConfigurationError."""
        ...


class Departures(Protocol):
    """Who takes a leg back into the dialplan that it came from."""

    def leaving(self, leg: LegId, exit: str) -> None:
        """The leg is about to leave Stasis through this exit of its flow."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How numbers become endpoints: `{number}` is replaced. Raises ConfigurationError for what cannot be dialled."""

    phone: str = "PJSIP/{number}"
    outside: str = "PJSIP/{number}@carrier"

    def __post_init__(self) -> None:
        problems = []
        for where, template in (("dial.phone", self.phone), ("dial.outside", self.outside)):
            endpoint = template.replace(PLACE_OF_NUMBER, "100")
            try:
                Call(endpoint=checks.endpoint(endpoint))
            except Bug as bug:  # said to whoever wrote it, before a call comes to it
                problems.append(Problem(where=where, what=str(bug)))
        if problems:
            raise ConfigurationError(problems)


class VoiceHands:
    """Carries out what concerns voice."""

    def __init__(
        self, ari: Ari, ami: AsksAmi, prompts: Prompts, departures: Departures, dialling: Dialling, recordings: Path
    ) -> None:
        """`recordings`: the folder where Asterisk writes them."""
        self._ari = ari
        self._recorder = Recorder(ami, recordings)
        self._scripts = Scripts(ari, AmiActions(ami))
        self._prompts = prompts
        self._departures = departures
        self._dialling = dialling

    async def perform(self, command: Command) -> None:
        """Do it. Raises PeerFault if it was not, or may not have been, done."""
        try:
            await self._perform(command)
        except Gone as gone:
            raise SubjectGone(str(gone)) from gone

    async def _perform(self, command: Command) -> None:  # noqa: C901 (one arm per command)
        ari = self._ari
        match command:
            case AnswerLeg():
                await self._answer(command)
            case OpenBridge(bridge=bridge):
                await ari.bridges.create(bridge, (BridgeType.MIXING,), name=APP)
            case CloseBridge(bridge=bridge):
                await ari.bridges.destroy(bridge)
            case JoinBridge():
                await self._join(command)
            case LeaveBridge(bridge=bridge, leg=leg):
                await self._leave(bridge, leg)
            case MuteLeg(leg=leg, muted=True):
                await ari.channels.mute(leg, Direction.IN)
            case MuteLeg(leg=leg):
                await ari.channels.unmute(leg, Direction.IN)
            case TellReferrer(leg=leg, taken=taken):
                await ari.channels.transfer_progress(leg, TAKEN if taken else DECLINED)
            case SendKeys(leg=leg, keys=keys):
                await ari.channels.send_dtmf(leg, keys)
            case PlayTone(bridge=bridge, playback=playback, tone=tone):
                await ari.bridges.play(bridge, playback, (f"tone:{tone}",))
            case PlayPrompts():
                await self._play(command)
            case StopPlayback(playback=playback):
                await ari.playbacks.stop(playback)
            case StartMusic(bridge=bridge, music=music):
                await ari.bridges.start_moh(bridge, music)
            case StopMusic(bridge=bridge):
                with suppress(Conflict):  # it plays none: so it is as it should be, and the command can be repeated
                    await ari.bridges.stop_moh(bridge)
            case RingAgent() | DialNumber():
                await self._dial(command)
            case RingPhone():
                await self._ring_phone(command)
            case Snoop():
                await self._snoop(command)
            case HangUp(leg=leg, end=end):
                await ari.channels.hangup(leg, reason=_REASONS[end])
            case ReturnLeg(leg=leg, exit=exit_):
                self._departures.leaving(leg, exit_)
                await ari.channels.continue_in_dialplan(leg)
            case StartRecording() | RenewRecording() | MuteRecording():
                await self._record(command)
            case StopRecording(recording=recording, leg=leg):
                await self._stop_recording(recording, leg)
            case RecordMessage():
                await self._record_message(command)
            case StopMessage(recording=recording):
                await ari.recordings.stop(checked(recording))
            case DropMessage(recording=recording):
                await ari.recordings.delete_stored(checked(recording))
            case RunScript():
                await self._scripts.run(command)
            case FetchBack():
                await self._scripts.fetch_back(command)
            case Reply() | LookUp() | DetectMachine() | AwaitBeep():
                raise Bug(f"a {type(command).__name__} is begun elsewhere")
            case ClaimLeads() | ReleaseLeads() | JudgeDial() | SettleAttempt() | OptOut():
                raise Bug(f"a {type(command).__name__} is none of Asterisk's business")
            case JudgeCallback() | SettleCallback():
                raise Bug(f"a {type(command).__name__} is none of Asterisk's business")
            case CheckCard() | PostCard() | ForgetCard():
                raise Bug(f"a {type(command).__name__} is none of Asterisk's business")
            case _:
                assert_never(command)

    async def _answer(self, command: AnswerLeg) -> None:
        try:
            await self._ari.channels.answer(command.leg)
        except PeerRefused as refused:
            raise await self._meant(refused, command.leg) from refused

    async def _join(self, command: JoinBridge) -> None:
        try:
            await self._ari.bridges.add_channel(command.bridge, (command.leg,))
        except PeerRefused as refused:
            raise await self._meant(refused, command.leg) from refused

    async def _leave(self, bridge: BridgeId, leg: LegId) -> None:
        try:
            await self._ari.bridges.remove_channel(bridge, (leg,))
        except AriRefused as refused:
            if refused.status != NOT_IN_BRIDGE:  # else it is as it should be, and the command can be repeated
                raise await self._meant(refused, leg) from refused

    async def _meant(self, refused: PeerRefused, leg: LegId) -> PeerRefused:
        """What a refusal means for a leg: that it is gone, or something else, such as that its bridge is gone.

        Asterisk says 400, 404, 409 or 422 for a channel that has just gone, and AMI has one kind of "no", with words
        that differ between releases: only the list of channels tells. A channel on its way out is listed for a moment
        longer, so it is looked for again.
        """
        gone = isinstance(refused, NotInStasis)
        with suppress(PeerFault):
            for _ in range(GONE_LOOKS_MAX):
                gone = gone or await self._ari.channels.find(leg) is None
                if gone:
                    break
                await asyncio.sleep(GONE_LOOK_EVERY_S)
        return SubjectGone(f"{leg} is gone: {refused}") if gone else PeerRefused(str(refused))

    async def _play(self, command: PlayPrompts) -> None:
        """What can be said of it is said: the call goes on without the rest."""
        sounds: list[str] = []
        problem = ""
        if command.note is not None:
            sounds.append(_recorded(command))
        for name in command.prompts:
            try:
                sounds.append(await self._sound(name, command))
            except (PeerFault, ConfigurationError) as fault:
                problem = str(fault)
                log.warning("prompt left out", prompt=name, language=command.language, problem=problem)
        if not sounds:
            raise PeerRefused(problem)
        for tries_left in reversed(range(PLAY_TRIES_MAX)):
            try:
                await self._ari.bridges.play(command.bridge, command.playback, sounds, language=command.language)
            except AriRefused as refused:
                # The prompt before was stopped a moment ago, and Asterisk wants to play through what is left of it.
                if refused.status != INTERNAL_ERROR or not tries_left:
                    raise
                await asyncio.sleep(PLAY_AGAIN_S)
            else:
                return

    async def _sound(self, prompt: str, command: PlayPrompts) -> str:
        """The media URI of a prompt. Raises PeerFault or ConfigurationError."""
        path = await self._prompts.media_for(prompt, command.language, command.variables)
        if "," in path or ".." in path:  # Asterisk splits a list of media at commas
            raise ConfigurationError(f"prompt {prompt}: Asterisk cannot play from a folder with `,` or `..`: {path}")
        return f"sound:{path}"

    async def _dial(self, command: RingAgent | DialNumber) -> None:
        number = command.number
        if isinstance(command, RingAgent) and command.outside:
            template, name, asks, number = self._dialling.outside, "", False, command.outside
        elif isinstance(command, RingAgent):
            template, name, asks = self._dialling.phone, command.caller_name, command.auto_answer
        else:
            template, name, asks = command.via or self._dialling.outside, "", False
        endpoint = template.replace(PLACE_OF_NUMBER, number)
        with suppress(
            AlreadyExists
        ):  # ids are ours and never used twice: an earlier try of this command was carried out
            await self._ari.channels.originate(
                command.leg,
                Call(endpoint=endpoint, originator=command.like or "", variables=AUTO_ANSWER if asks else NO_VARIABLES),
                ToStasis(app=APP, args=(ARG_OUT,)),
                caller_id=caller_id(name, command.caller),
                timeout_s=math.ceil(command.timeout_s),
            )

    async def _ring_phone(self, command: RingPhone) -> None:
        with suppress(AlreadyExists):  # as for every leg of ours: an earlier try was carried out
            await self._ari.channels.originate(
                command.leg,
                Call(
                    endpoint=self._dialling.phone.replace(PLACE_OF_NUMBER, command.number),
                    variables=AUTO_ANSWER if command.auto_answer else NO_VARIABLES,
                ),
                ToStasis(app=APP, args=(ARG_OUT,)),
                caller_id=caller_id(command.caller_name, command.caller),
                timeout_s=math.ceil(command.timeout_s),
            )

    async def _snoop(self, command: Snoop) -> None:
        """Whispering goes OUT, to the leg that is listened to; its peer does not hear it (res_stasis_snoop.c)."""
        whisper = Direction.OUT if command.whispers else Direction.NONE
        if command.anew:
            await asyncio.sleep(FORGETS_S)
        try:
            with suppress(AlreadyExists):
                await self._ari.channels.snoop_channel(
                    command.at, command.leg, ToStasis(app=APP, args=(ARG_OUT,)), spy=Direction.BOTH, whisper=whisper
                )
        except PeerRefused as refused:
            raise await self._meant(refused, command.at) from refused

    async def _record(self, command: StartRecording | RenewRecording | MuteRecording) -> None:
        try:
            match command:
                case StartRecording():
                    await self._recorder.start(command)
                case RenewRecording():
                    await self._recorder.renew(command)
                case MuteRecording(recording=recording, leg=leg, muted=muted):
                    await self._recorder.mute(recording, leg, muted=muted)
        except PeerRefused as refused:
            raise await self._meant(refused, command.leg) from refused

    async def _stop_recording(self, recording: RecordingId, leg: LegId) -> None:
        try:
            await self._recorder.stop(recording, leg)
        except PeerRefused as refused:
            raise SubjectGone(f"the channel was gone, and its recording with it: {refused}") from refused

    async def _record_message(self, command: RecordMessage) -> None:
        await self._ari.bridges.record(
            command.bridge,
            checked(command.recording),
            format=MESSAGE_FORMAT,
            max_duration_s=math.ceil(command.max_s),
            max_silence_s=math.ceil(command.silence_s),
            beep=True,
            terminate_on="#",
        )


def _recorded(command: PlayPrompts) -> str:
    """The media URI of a recording: where it is kept, or, until it was looked at, in Asterisk's own folder.

    Raises Bug for a name that is not ours, ConfigurationError for a folder that Asterisk cannot play from.
    """
    assert command.note is not None
    name = checked(command.note)
    if not command.note_path:
        return f"recording:{name}"
    path = Path(command.note_path).absolute()
    if path.name != f"{name}.wav" or "," in str(path) or ".." in path.parts:
        raise ConfigurationError(f"recording {name}: Asterisk cannot play from a folder with `,` or `..`: {path}")
    return f"sound:{path.with_suffix('')}"
