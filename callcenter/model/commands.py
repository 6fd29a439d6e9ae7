"""What to do: imperative, repeatable, in the order given. Ids are ours, so a leg can be named before it exists.

Every command names its contact: commands of one contact are carried out one after the other, those of different
contacts side by side. A failure comes back as `CommandFailed`; success says nothing (what follows from it is an event
of its own).
"""

from collections.abc import Mapping

from callcenter.model.campaign_messages import CampaignCommand
from callcenter.model.contact import LegEnd
from callcenter.model.ids import (
    AgentId,
    BridgeId,
    ContactId,
    LegId,
    LookupId,
    OfferId,
    PlaybackId,
    RecordingId,
    RequestId,
    ScriptId,
)
from callcenter.model.message import Message
from callcenter.model.payment_messages import PaymentCommand


class AnswerLeg(Message, frozen=True, kw_only=True):
    """Take the customer's call."""

    contact: ContactId
    leg: LegId


class OpenBridge(Message, frozen=True, kw_only=True):
    """Make the bridge in which the whole contact happens."""

    contact: ContactId
    bridge: BridgeId


class CloseBridge(Message, frozen=True, kw_only=True):
    """Remove a bridge; legs still in it are left alone."""

    contact: ContactId
    bridge: BridgeId


class JoinBridge(Message, frozen=True, kw_only=True):
    """Put a leg into the bridge."""

    contact: ContactId
    bridge: BridgeId
    leg: LegId


class LeaveBridge(Message, frozen=True, kw_only=True):
    """Take a leg out of a bridge; it lives on and hears nothing. Not in it counts as done."""

    contact: ContactId
    bridge: BridgeId
    leg: LegId


class MuteLeg(Message, frozen=True, kw_only=True):
    """Let nobody hear what a leg says, or let it be heard again."""

    contact: ContactId
    leg: LegId
    muted: bool


class TellReferrer(Message, frozen=True, kw_only=True):
    """Tell a phone what became of its REFER: the house has `taken` the call off it, or will not."""

    contact: ContactId
    leg: LegId
    taken: bool


class SendKeys(Message, frozen=True, kw_only=True):
    """Send keys to the far end of a leg."""

    contact: ContactId
    leg: LegId
    keys: str


class PlayTone(Message, frozen=True, kw_only=True):
    """A tone (of Asterisk's indications, such as `ring`) for all in the bridge, until `StopPlayback`."""

    contact: ContactId
    bridge: BridgeId
    playback: PlaybackId
    tone: str


class PlayPrompts(Message, frozen=True, kw_only=True):
    """Say prompts, one after the other, to all in the bridge. Ends with `PlaybackEnded`."""

    contact: ContactId
    bridge: BridgeId
    playback: PlaybackId
    prompts: tuple[str, ...]  # names; the texts are in the configuration
    language: str
    variables: Mapping[str, str] = {}
    note: RecordingId | None = None  # heard before the prompts
    note_path: str = ""  # where it is kept; "": where Asterisk has written it


class StopPlayback(Message, frozen=True, kw_only=True):
    """Stop saying."""

    contact: ContactId
    playback: PlaybackId


class StartMusic(Message, frozen=True, kw_only=True):
    """Music on hold for all in the bridge."""

    contact: ContactId
    bridge: BridgeId
    music: str


class StopMusic(Message, frozen=True, kw_only=True):
    """Silence again."""

    contact: ContactId
    bridge: BridgeId


class RingAgent(Message, frozen=True, kw_only=True):
    """Ring an agent's phone directly (no Local channel). `like` is the leg whose codecs are wanted, if there is one."""

    contact: ContactId
    leg: LegId
    offer: OfferId
    agent: AgentId
    number: str  # her account
    caller: str
    caller_name: str
    timeout_s: float
    like: LegId | None = None
    auto_answer: bool = False  # the phone is asked to answer by itself
    outside: str = ""  # PERSONAL: her phone is this outside number, which is dialled as those are; "": her account


class DialNumber(Message, frozen=True, kw_only=True):
    """Call an outside number or extension: for a forwarded contact, or a customer who is called back."""

    contact: ContactId
    leg: LegId
    number: str
    caller: str
    timeout_s: float
    like: LegId | None = None
    via: str = ""  # the endpoint, with a place for the number; "": as the settings say


class RingPhone(Message, frozen=True, kw_only=True):
    """Ring a phone of ours for a purpose of its own: not an offer. `contact` may be whatever has the lane."""

    contact: ContactId
    leg: LegId
    number: str  # the account
    caller: str
    caller_name: str
    timeout_s: float
    auto_answer: bool = False


class Snoop(Message, frozen=True, kw_only=True):
    """Put an ear at a leg: it hears both directions; if it `whispers`, that leg alone hears what is said into it.

    `anew`: an ear that was there heard another phone at that leg, which this one must forget (see `RenewRecording`).
    """

    contact: ContactId
    leg: LegId  # the ear's own
    at: LegId
    whispers: bool
    anew: bool = False


class HangUp(Message, frozen=True, kw_only=True):
    """End a leg, ringing or not. Already gone counts as done."""

    contact: ContactId
    leg: LegId
    end: LegEnd = LegEnd.NORMAL


class ReturnLeg(Message, frozen=True, kw_only=True):
    """Give a leg back to the dialplan it came from; `exit` is left there as a variable."""

    contact: ContactId
    leg: LegId
    exit: str


class StartRecording(Message, frozen=True, kw_only=True):
    """Record what the customer's leg says (left) and hears (right), until stopped or the leg ends. Can be repeated.

    `seconds`: of the recording should be there already; what is missing of them becomes silence.
    """

    contact: ContactId
    recording: RecordingId
    leg: LegId
    seconds: float = 0.0


class RenewRecording(Message, frozen=True, kw_only=True):
    """Go on in the same recording with a new recorder: the customer's leg hears another phone from now on.

    A recorder takes the first packets of a phone that was not heard before for late ones of the phone before, and drops
    them, for minutes.
    """

    contact: ContactId
    recording: RecordingId
    leg: LegId
    seconds: float


class StopRecording(Message, frozen=True, kw_only=True):
    """Stop it."""

    contact: ContactId
    recording: RecordingId
    leg: LegId


class MuteRecording(Message, frozen=True, kw_only=True):
    """Write silence in place of what is said, or what is said again; the recording keeps its time. Can be repeated."""

    contact: ContactId
    recording: RecordingId
    leg: LegId
    muted: bool


class RecordMessage(Message, frozen=True, kw_only=True):
    """Record what is said in the bridge (mono) after a beep, until silence, `#` or `max_s`; then `MessageRecorded`."""

    contact: ContactId
    recording: RecordingId
    bridge: BridgeId
    max_s: float
    silence_s: float


class StopMessage(Message, frozen=True, kw_only=True):
    """End the recording of a message now; `MessageRecorded` follows."""

    contact: ContactId
    recording: RecordingId


class DropMessage(Message, frozen=True, kw_only=True):
    """Remove the file of a message that its caller did not want. Already gone counts as done."""

    contact: ContactId
    recording: RecordingId


class LookUp(Message, frozen=True, kw_only=True):
    """Ask a program outside over HTTP; `LookedUp` follows within `timeout_s`. What is being asked is not asked twice.

    The values of `secret_headers` are names: what they stand for is known to nobody but who sends the request.
    """

    contact: ContactId
    lookup: LookupId
    name: str  # flow.node, by which tests and screens know it
    method: str
    url: str
    timeout_s: float
    take: Mapping[str, str] = {}  # variable -> place in the JSON of the answer
    headers: Mapping[str, str] = {}
    secret_headers: Mapping[str, str] = {}
    body: Mapping[str, str] = {}


class RunScript(Message, frozen=True, kw_only=True):
    """Let a leg go to a FastAGI script in the dialplan; it comes back with `ScriptEnded`."""

    contact: ContactId
    leg: LegId
    script: ScriptId
    url: str
    arguments: tuple[str, ...] = ()
    take: tuple[str, ...] = ()  # the channel's variables that are wanted afterwards


class FetchBack(Message, frozen=True, kw_only=True):
    """Take a leg out of its script, which has had its time; `ScriptEnded` follows."""

    contact: ContactId
    leg: LegId
    script: ScriptId


class Reply(Message, frozen=True, kw_only=True):
    """The answer to a request: granted, or `problem` in words for the person who asked."""

    request: RequestId
    problem: str = ""


Command = (
    AnswerLeg
    | OpenBridge
    | CloseBridge
    | JoinBridge
    | LeaveBridge
    | MuteLeg
    | TellReferrer
    | SendKeys
    | PlayTone
    | PlayPrompts
    | StopPlayback
    | StartMusic
    | StopMusic
    | RingAgent
    | DialNumber
    | RingPhone
    | Snoop
    | HangUp
    | ReturnLeg
    | StartRecording
    | RenewRecording
    | StopRecording
    | MuteRecording
    | RecordMessage
    | StopMessage
    | DropMessage
    | LookUp
    | RunScript
    | FetchBack
    | CampaignCommand
    | PaymentCommand
    | Reply
)
