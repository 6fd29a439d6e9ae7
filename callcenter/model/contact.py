"""A contact and its legs, in words. Knows the states, reasons and causes there are; knows no transition."""

from enum import StrEnum
from typing import Final


class Medium(StrEnum):
    """How the customer reached us. An agent's load is a count per medium against a capacity per medium."""

    VOICE = "voice"
    CHAT = "chat"
    EMAIL = "email"


class Direction(StrEnum):
    """Who asked for the contact."""

    INBOUND = "inbound"
    INTERNAL = "internal"  # an agent dialled a feature code, or a colleague: no customer, not in the reports
    OUTBOUND = "outbound"
    VOICEMAIL = "voicemail"  # nobody is on the line: a message that a caller left waits to be heard


FEATURE: Final = "*"
"""What a feature code begins with: it is dialled by agents, and does something for them."""


def direction_of(agent_number: str, dialled: str) -> Direction:
    """Who a call that came in is from: an agent who dials a feature code (`*31`) from her phone is no customer."""
    return Direction.INTERNAL if agent_number and dialled.startswith(FEATURE) else Direction.INBOUND


class ContactState(StrEnum):
    """Where a contact is. It is in exactly one."""

    IN_FLOW = "in_flow"  # in the IVR
    WAITING = "waiting"  # in line for an agent
    PROMISED = "promised"  # in line without the customer: she will be called back, or left a message to be heard
    DIALLING = "dialling"  # called back: the customer's phone rings before there is an agent for her
    CALLED = "called"  # by a campaign: the customer's phone rings, or it is not known yet who has answered
    OFFERED = "offered"  # one or more agents' phones ring for it; it keeps its place in line
    CONNECTING = "connecting"  # the agent has answered, the customer hears the announcement or is yet to be called
    CONNECTED = "connected"  # talking with an agent
    PARKED = "parked"  # in a slot, with music, until somebody picks it up
    FORWARDED = "forwarded"  # talking with an outside number, or with a colleague who was called
    ENDED = "ended"


class EndReason(StrEnum):
    """What the system saw at the end of a contact (what the agent says of it is a disposition)."""

    CALLER_HUNG_UP = "caller_hung_up"  # after talking with an agent
    AGENT_HUNG_UP = "agent_hung_up"
    ABANDONED = "abandoned"  # the caller gave up waiting in a queue
    LEFT_IN_FLOW = "left_in_flow"  # the caller gave up in the IVR
    LEFT_PARKED = "left_parked"  # the caller gave up where an agent had parked her
    FLOW_ENDED = "flow_ended"  # the IVR hung up
    CLOSED = "closed"  # outside opening hours: the IVR said so and hung up
    VOICEMAIL = "voicemail"  # a message was left
    FORWARDED = "forwarded"  # the call went to an outside number, or a colleague, and ended there
    RETURNED = "returned"  # handed back to the dialplan it came from
    REFUSED = "refused"  # the queue would not keep the caller (full, nobody there) and had nowhere to send her
    HUNG_UP_BY_REQUEST = "hung_up_by_request"
    CALLBACK_FAILED = "callback_failed"  # promised to be called back, and never reached
    CALLBACK_EXPIRED = "callback_expired"  # promised to be called back, and her time passed
    CALLBACK_REFUSED = "callback_refused"  # promised to be called back at a number that may not be called
    CALLBACK_CANCELLED = "callback_cancelled"  # somebody took the promise back
    MESSAGE_DONE = "message_done"  # a message was heard, and nothing is left to be done about it
    NOT_REACHED = "not_reached"  # of a campaign, or of a call to a colleague: nobody answered
    DROPPED = "dropped"  # of a campaign: a person answered, and no agent was there in time
    MACHINE = "machine"  # of a campaign: an answering machine did
    SHUTDOWN = "shutdown"  # the call center was stopped
    FAULT = "fault"  # ours or Asterisk's: the journal says which


class LegEnd(StrEnum):
    """Why a leg ended, as far as anybody needs to know; the Q.850 cause stays with the event."""

    NORMAL = "normal"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"  # we hung up a ringing leg: somebody else answered, or the caller left
    FAILED = "failed"


class OfferEnd(StrEnum):
    """How an offer to an agent ended."""

    ACCEPTED = "accepted"
    NO_ANSWER = "no_answer"  # RONA in the strict sense
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NOT_CONFIRMED = "not_confirmed"  # answered, and nobody pressed the key
    RESCINDED = "rescinded"  # the caller left, or another agent was faster
    FAILED = "failed"  # Asterisk could not ring the phone


class LookupOutcome(StrEnum):
    """How a lookup ended."""

    FOUND = "found"
    NOT_FOUND = "not_found"  # the other side answered, and knows of nothing
    FAILED = "failed"  # no answer in time, or one that cannot be used


class QueueExit(StrEnum):
    """How a contact left a queue."""

    CONNECTED = "connected"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed_out"  # waited as long as the queue allows
    NO_AGENTS = "no_agents"
    FULL = "full"
    CLOSED = "closed"
    DRAINED = "drained"
    CALLBACK = "callback"  # the caller pressed the key to be called back
    RANG_BACK = "rang_back"  # of a callback: the customer called by herself and is in the IVR
    DROPPED = "dropped"  # of a campaign: nobody was there in time for a person who had answered
    MOVED = "moved"  # a supervisor put it into another queue
    UNREACHED = "unreached"  # of a callback: the customer was not reached, or her time passed
    REMOVED = "removed"  # hung up by request, or a fault


class TransportFault(StrEnum):
    """How a command failed at the edge."""

    REFUSED = "refused"  # the peer said no, nothing was done
    UNAVAILABLE = "unavailable"  # the peer was not there, nothing was sent
    UNKNOWN = "unknown"  # sent, no answer: it may still happen
    GONE = "gone"  # what the command names is no longer there
