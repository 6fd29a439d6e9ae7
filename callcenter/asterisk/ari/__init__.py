"""Asterisk's REST interface (ARI): typed requests, typed events, links. Knows Asterisk; knows no call center.

`requests.Ari` asks, `transport.ListeningLink` (or `DiallingLink`) tells, `messages` are what is told. An own client:
ari-py, whose model of resources and operations it keeps, is Python 2 code, and its successors block, die or repeat.
"""

from callcenter.asterisk.ari import messages
from callcenter.asterisk.ari.channels import Call, Channels, Direction, HangupReason, IfExists, ToDialplan, ToStasis
from callcenter.asterisk.ari.checks import caller_id
from callcenter.asterisk.ari.inbox import Down, Inbox, LinkDown, LinkUp, Sink, SinkFull
from callcenter.asterisk.ari.line import FilteredRegistration, LinkTiming, Registration
from callcenter.asterisk.ari.messages import DialStatus, Message, Reader
from callcenter.asterisk.ari.requests import Ari, BridgeType, PlaybackOperation
from callcenter.asterisk.ari.resources import ChannelState
from callcenter.asterisk.ari.rest import (
    Access,
    AccessRefused,
    AllocationFailed,
    AlreadyExists,
    AriRefused,
    Conflict,
    Gone,
    NotInStasis,
    Urgency,
)
from callcenter.asterisk.ari.transport import DiallingLink, Listening, ListeningLink

__all__ = [
    "Access",
    "AccessRefused",
    "AllocationFailed",
    "AlreadyExists",
    "Ari",
    "AriRefused",
    "BridgeType",
    "Call",
    "ChannelState",
    "Channels",
    "Conflict",
    "DialStatus",
    "DiallingLink",
    "Direction",
    "Down",
    "FilteredRegistration",
    "Gone",
    "HangupReason",
    "IfExists",
    "Inbox",
    "LinkDown",
    "LinkTiming",
    "LinkUp",
    "Listening",
    "ListeningLink",
    "Message",
    "NotInStasis",
    "PlaybackOperation",
    "Reader",
    "Registration",
    "Sink",
    "SinkFull",
    "ToDialplan",
    "ToStasis",
    "Urgency",
    "caller_id",
    "messages",
]
