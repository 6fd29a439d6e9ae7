"""Asterisk's messages as events. Knows ARI's words and the engine's; keeps no state and decides nothing.

Who a leg is can be told from its id and its arguments: a leg that we dialled carries an id of ours, whatever else came
in from outside. Text from outside (numbers, names) is cut to a length and stripped of control characters, nothing more:
it is data for whoever shows it.
"""

import re
from collections.abc import Sequence
from typing import Final

from callcenter.asterisk.ari import messages as ari
from callcenter.asterisk.ari import resources
from callcenter.model.agent import PhoneState
from callcenter.model.contact import LegEnd, Medium, direction_of
from callcenter.model.events import (
    ContactArrived,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    LegReplaced,
    LegRinging,
    LegSeen,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
    ScriptEnded,
)
from callcenter.model.ids import FlowName, LegId, PlaybackId, RecordingId, ScriptId

APP: Final = "callcenter"
ARG_IN: Final = "in"  # Stasis(callcenter,in): a caller at the door
ARG_FLOW: Final = "flow"  # Stasis(callcenter,flow,NAME): the dialplan asks for a flow and wants the call back
ARG_OUT: Final = "out"  # a leg that we dialled
ARG_SCRIPT: Final = "script"  # Stasis(callcenter,script,RUN,STATUS,NAMES): a leg is back from a script
SCRIPT_CONTEXT: Final = "callcenter-script"  # where scripts run, each in an extension that is the run's id
SCRIPT_OVER_CONTEXT: Final = "callcenter-script-over"  # where legs come to that are fetched out of one
TAKEN_SEPARATOR: Final = ":"  # between the names of variables that are wanted of a script
TRUNK: Final = "carrier"  # the PJSIP endpoint of the outside world; every other endpoint is a phone
OUTSIDE_TEXT_MAX: Final = 128  # characters of a number or a name

# what a call makes without a filter is about 50 events; these are the ones that mean something to us
WANTED: Final = (
    "StasisStart",
    "StasisEnd",
    "ChannelDestroyed",
    "ChannelStateChange",
    "ChannelDtmfReceived",
    "ChannelHold",
    "ChannelUnhold",
    "ChannelTransfer",
    "PlaybackFinished",
    "RecordingFinished",
    "RecordingFailed",
)

_RUN: Final = re.compile(r"r-[0-9a-z]{8}-\d+")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_OURS: Final = re.compile(r"l-[0-9a-z]{8}-\d+")
_ENDPOINT: Final = re.compile(r"PJSIP/(?P<endpoint>[^/]+)-[0-9a-f]+")

# Q.850 causes of a leg that was not answered, as chan_pjsip makes them of SIP statuses (hangup_sip2cause); the rest,
# such as 29 (501), 41 (409) and 127 (what fits nowhere: 405, 415, 481, 487 ...), is a failure of one side or the other
_CAUSES: Final = {
    0: LegEnd.FAILED,
    1: LegEnd.UNREACHABLE,  # 404, 485, 604: nobody there
    3: LegEnd.UNREACHABLE,  # 420
    16: LegEnd.NORMAL,
    17: LegEnd.BUSY,  # 486, 600
    18: LegEnd.UNREACHABLE,  # 408, or no answer at all from the phone
    19: LegEnd.NO_ANSWER,  # rang, and the time was up; 480, 483
    20: LegEnd.UNREACHABLE,
    21: LegEnd.REJECTED,  # 603, 401, 403, 407
    22: LegEnd.UNREACHABLE,  # 410
    26: LegEnd.CANCELLED,
    27: LegEnd.UNREACHABLE,  # 502
    28: LegEnd.UNREACHABLE,  # 484
    34: LegEnd.FAILED,  # 503 and other 5xx
    38: LegEnd.FAILED,  # 500
    58: LegEnd.FAILED,  # 488, 606: no codec in common
    102: LegEnd.UNREACHABLE,  # 504
}


def event_of(message: ari.Message) -> Event | None:
    """The event that a message is, or None if it is none of the call center's business."""
    match message:
        case ari.StasisStart():
            return _started(message)
        case ari.StasisEnd(channel=channel):
            return LegEnded(leg=LegId(channel.id), end=LegEnd.NORMAL, left=True)
        case ari.ChannelDestroyed(channel=channel, cause=cause):
            return LegEnded(leg=LegId(channel.id), end=_CAUSES.get(cause, LegEnd.FAILED), cause=cause)
        case ari.ChannelStateChange(channel=channel):
            rings = channel.state == resources.ChannelState.RINGING and _is_ours(channel.id)
            return LegRinging(leg=LegId(channel.id)) if rings else None
        case ari.ChannelDtmfReceived(channel=channel, digit=digit):
            return DigitPressed(leg=LegId(channel.id), digit=digit)
        case ari.ChannelHold(channel=channel):
            return LegHeld(leg=LegId(channel.id), held=True)
        case ari.ChannelUnhold(channel=channel):
            return LegHeld(leg=LegId(channel.id), held=False)
        case ari.ChannelTransfer(state=""):
            return _referred(message)
        case ari.PlaybackFinished(playback=playback):
            return PlaybackEnded(playback=PlaybackId(playback.id), ok=playback.state == "done")
        case ari.RecordingFinished(recording=recording):
            return MessageRecorded(recording=RecordingId(recording.name), seconds=float(recording.duration or 0))
        case ari.RecordingFailed(recording=recording):
            return MessageRecorded(recording=RecordingId(recording.name), seconds=0.0)
        case _:
            return None


def phone_of(endpoint: resources.Endpoint) -> PhoneChanged:
    """What an endpoint says about the phone of that number."""
    state = PhoneState.REACHABLE if endpoint.state == "online" else PhoneState.UNREACHABLE
    return PhoneChanged(number=endpoint.resource, state=state)


def seen(channel: resources.Channel) -> LegSeen | None:
    """A listed channel as the engine wants to hear of it after a restart; None if it is not in our hands."""
    ours = _is_ours(channel.id)
    place = channel.dialplan
    in_stasis = place.app_name == "Stasis"
    arguments = place.app_data.split(",") if in_stasis else []
    script = script_of(channel)
    if not ours and arguments[:1] != [APP] and script is None:
        return None
    return LegSeen(
        leg=LegId(channel.id),
        up=channel.state == resources.ChannelState.UP,
        ours=ours,
        caller=outside(channel.caller.number),
        caller_name=outside(channel.caller.name),
        dialled=outside(place.exten) if script is None else "",
        flow=_flow(tuple(arguments[1:])),
        returns=arguments[1:2] == [ARG_FLOW],
        agent_number=_agent_number(channel),
        script=script,
        away=script is not None and not in_stasis,
    )


def script_of(channel: resources.Channel) -> ScriptId | None:
    """The run of a script that a channel is in, or came back from last; None if it is where it first came in."""
    place = channel.dialplan
    there = place.context in (SCRIPT_CONTEXT, SCRIPT_OVER_CONTEXT) and _RUN.fullmatch(place.exten) is not None
    return ScriptId(place.exten) if there else None


def taken_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """The names of the variables that are wanted of a script whose leg came back with these arguments of Stasis."""
    names = arguments[3].split(TAKEN_SEPARATOR) if len(arguments) > 3 else []
    return tuple(name for name in names if _NAME.fullmatch(name))


def outside(text: str, chars_max: int = OUTSIDE_TEXT_MAX) -> str:
    """Text from the network, short and on one line."""
    return "".join(c for c in text[:chars_max] if c.isprintable())


def _started(message: ari.StasisStart) -> Event:
    channel, arguments = message.channel, message.args
    if arguments[:1] == (ARG_SCRIPT,) and len(arguments) > 2:
        return ScriptEnded(leg=LegId(channel.id), script=ScriptId(arguments[1]), status=arguments[2])
    if _is_ours(channel.id):
        return LegAnswered(leg=LegId(channel.id))
    if message.replace_channel is not None:
        return LegReplaced(
            leg=LegId(channel.id), old=LegId(message.replace_channel.id), agent_number=_agent_number(channel)
        )
    agent_number, dialled = _agent_number(channel), outside(channel.dialplan.exten)
    return ContactArrived(
        leg=LegId(channel.id),
        medium=Medium.VOICE,
        caller=outside(channel.caller.number),
        caller_name=outside(channel.caller.name),
        dialled=dialled,
        direction=direction_of(agent_number, dialled),
        flow=_flow(arguments),
        returns=arguments[:1] == (ARG_FLOW,),
        agent_number=agent_number,
    )


def _referred(message: ari.ChannelTransfer) -> LegReferred:
    """What a phone wants; what became of it is told in the same words, with a state, and is no news."""
    wanted = message.refer_to
    other = wanted.destination_channel
    return LegReferred(
        leg=LegId(message.referred_by.source_channel.id),
        number=outside(wanted.requested_destination.destination),
        other=LegId(other.id) if other is not None else None,
        elsewhere=other is None and bool(wanted.requested_destination.protocol_id),
    )


def _flow(arguments: tuple[str, ...]) -> FlowName | None:
    return FlowName(arguments[1]) if arguments[:1] == (ARG_FLOW,) and len(arguments) > 1 else None


def _is_ours(channel: str) -> bool:
    return _OURS.fullmatch(channel) is not None


def _agent_number(channel: resources.Channel) -> str:
    match_ = _ENDPOINT.fullmatch(channel.name)
    return match_["endpoint"] if match_ is not None and match_["endpoint"] != TRUNK else ""
