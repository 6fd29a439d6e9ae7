"""Asterisk's messages as events. Knows ARI's words and the engine's; keeps no state and decides nothing.

Who a leg is can be told from its id and its arguments: a leg that we dialled carries an id of ours, whatever else came
in from outside. Text from outside (numbers, names) is cut to a length and stripped of control characters, nothing more:
it is data for whoever shows it.
"""

import re
from typing import Final

from callcenter.asterisk.ari import messages as ari
from callcenter.model.agent import PhoneState
from callcenter.model.contact import LegEnd, Medium, direction_of
from callcenter.model.events import (
    ContactArrived,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    LegSeen,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
)
from callcenter.model.ids import FlowName, LegId, PlaybackId, RecordingId

APP: Final = "callcenter"
ARG_IN: Final = "in"  # Stasis(callcenter,in): a caller at the door
ARG_FLOW: Final = "flow"  # Stasis(callcenter,flow,NAME): the dialplan asks for a flow and wants the call back
ARG_OUT: Final = "out"  # a leg that we dialled
TRUNK: Final = "carrier"  # the PJSIP endpoint of the outside world; every other endpoint is a phone
OUTSIDE_TEXT_MAX: Final = 128  # characters of a number or a name

# what a call makes without a filter is about 50 events; these are the ones that mean something to us
WANTED: Final = (
    "StasisStart",
    "StasisEnd",
    "ChannelDestroyed",
    "ChannelStateChange",
    "ChannelDtmfReceived",
    "PlaybackFinished",
    "RecordingFinished",
    "RecordingFailed",
)

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
            return LegEnded(leg=LegId(channel.id), end=LegEnd.NORMAL)
        case ari.ChannelDestroyed(channel=channel, cause=cause):
            return LegEnded(leg=LegId(channel.id), end=_CAUSES.get(cause, LegEnd.FAILED), cause=cause)
        case ari.ChannelStateChange(channel=channel):
            rings = channel.state == ari.ChannelState.RINGING and _is_ours(channel.id)
            return LegRinging(leg=LegId(channel.id)) if rings else None
        case ari.ChannelDtmfReceived(channel=channel, digit=digit):
            return DigitPressed(leg=LegId(channel.id), digit=digit)
        case ari.PlaybackFinished(playback=playback):
            return PlaybackEnded(playback=PlaybackId(playback.id), ok=playback.state == "done")
        case ari.RecordingFinished(recording=recording):
            return MessageRecorded(recording=RecordingId(recording.name), seconds=float(recording.duration or 0))
        case ari.RecordingFailed(recording=recording):
            return MessageRecorded(recording=RecordingId(recording.name), seconds=0.0)
        case _:
            return None


def phone_of(endpoint: ari.Endpoint) -> PhoneChanged:
    """What an endpoint says about the phone of that number."""
    state = PhoneState.REACHABLE if endpoint.state == "online" else PhoneState.UNREACHABLE
    return PhoneChanged(number=endpoint.resource, state=state)


def seen(channel: ari.Channel) -> LegSeen | None:
    """A listed channel as the engine wants to hear of it after a restart; None if it is not in our hands."""
    ours = _is_ours(channel.id)
    place = channel.dialplan
    arguments = place.app_data.split(",") if place.app_name == "Stasis" else []
    if not ours and arguments[:1] != [APP]:
        return None
    return LegSeen(
        leg=LegId(channel.id),
        up=channel.state == ari.ChannelState.UP,
        ours=ours,
        caller=outside(channel.caller.number),
        caller_name=outside(channel.caller.name),
        dialled=outside(place.exten),
        flow=_flow(tuple(arguments[1:])),
        returns=arguments[1:2] == [ARG_FLOW],
        agent_number=_agent_number(channel),
    )


def outside(text: str) -> str:
    """Text from the network, short and on one line."""
    return "".join(c for c in text[:OUTSIDE_TEXT_MAX] if c.isprintable())


def _started(message: ari.StasisStart) -> Event:
    channel, arguments = message.channel, message.args
    if _is_ours(channel.id):
        return LegAnswered(leg=LegId(channel.id))
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


def _flow(arguments: tuple[str, ...]) -> FlowName | None:
    return FlowName(arguments[1]) if arguments[:1] == (ARG_FLOW,) and len(arguments) > 1 else None


def _is_ours(channel: str) -> bool:
    return _OURS.fullmatch(channel) is not None


def _agent_number(channel: ari.Channel) -> str:
    match_ = _ENDPOINT.fullmatch(channel.name)
    return match_["endpoint"] if match_ is not None and match_["endpoint"] != TRUNK else ""
