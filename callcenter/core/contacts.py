"""A contact's states. Knows what may follow what, and how its time adds up; knows no queue, agent or flow.

Theory: a contact comes in through a flow, waits, is offered, talks, ends. RONA leads back from OFFERED to WAITING, and
a queue that will not keep it leads back from WAITING to a flow, as a survey does from CONNECTED. The agent who has it
may hand it on, which leads back to a queue, a flow or a number; to an agent who is on the line already nothing leads,
because it stays CONNECTED. One that is PARKED has no agent until somebody picks it up, or its time is over. A customer
who is promised a callback leaves the line to the contact: it is PROMISED, without her leg, until somebody is found for
it or she rings back. Who is called by a campaign is CALLED until she answers. Each state counts into one of six sums,
and waiting without the customer into one of its own, so that at the end the sums are the contact's length, whatever
happened in between.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from callcenter.core.state import ContactRecord
from callcenter.errors import IllegalTransition
from callcenter.model.contact import ContactState


class ContactInput(StrEnum):
    """What moves a contact."""

    QUEUED = "queued"
    OFFERED = "offered"  # the first phone rings
    OFFER_LOST = "offer_lost"  # the last ringing phone stopped, or the agent went before she was connected
    ACCEPTED = "accepted"  # an agent answered
    CONNECTED = "connected"
    SENT_TO_FLOW = "sent_to_flow"
    FORWARDED = "forwarded"
    SURVEYED = "surveyed"  # the agent has gone, and the caller is asked how it was
    PROMISED = "promised"  # nobody is on the line, or nobody is any more, and the promise stands
    CALLED = "called"  # by a campaign
    DIALLED = "dialled"  # the customer is called before there is an agent
    REACHED = "reached"  # she has answered, or rang back, and waits
    RANG_BACK = "rang_back"  # she called by herself and is in the IVR
    PARKED = "parked"  # its agent has gone, and it waits in a slot
    PICKED_UP = "picked_up"  # by an agent, out of its slot
    ENDED = "ended"


S, In = ContactState, ContactInput
TRANSITIONS: Final[Mapping[tuple[ContactState, ContactInput], ContactState]] = {
    (S.IN_FLOW, In.QUEUED): S.WAITING,
    (S.IN_FLOW, In.CALLED): S.CALLED,
    (S.IN_FLOW, In.FORWARDED): S.FORWARDED,
    (S.IN_FLOW, In.PROMISED): S.PROMISED,
    (S.IN_FLOW, In.ENDED): S.ENDED,
    (S.WAITING, In.QUEUED): S.WAITING,  # overflow to another queue
    (S.WAITING, In.SENT_TO_FLOW): S.IN_FLOW,
    (S.WAITING, In.OFFERED): S.OFFERED,
    (S.WAITING, In.PROMISED): S.PROMISED,  # she rang back and hung up again
    (S.WAITING, In.ENDED): S.ENDED,
    (S.OFFERED, In.OFFER_LOST): S.WAITING,
    (S.OFFERED, In.ACCEPTED): S.CONNECTING,
    (S.OFFERED, In.PROMISED): S.PROMISED,
    (S.OFFERED, In.ENDED): S.ENDED,
    (S.PROMISED, In.OFFERED): S.OFFERED,
    (S.PROMISED, In.DIALLED): S.DIALLING,
    (S.PROMISED, In.RANG_BACK): S.IN_FLOW,
    (S.PROMISED, In.ENDED): S.ENDED,
    (S.DIALLING, In.REACHED): S.WAITING,
    (S.CALLED, In.SENT_TO_FLOW): S.IN_FLOW,  # somebody has answered
    (S.CALLED, In.ENDED): S.ENDED,
    (S.DIALLING, In.PROMISED): S.PROMISED,
    (S.DIALLING, In.ENDED): S.ENDED,
    (S.CONNECTING, In.OFFER_LOST): S.WAITING,
    (S.CONNECTING, In.PROMISED): S.PROMISED,  # the customer was not reached, or the agent went before she was
    (S.CONNECTING, In.CONNECTED): S.CONNECTED,
    (S.CONNECTING, In.ENDED): S.ENDED,
    (S.CONNECTED, In.SURVEYED): S.IN_FLOW,
    (S.CONNECTED, In.SENT_TO_FLOW): S.IN_FLOW,  # handed on by its agent, to a flow or a number
    (S.CONNECTED, In.QUEUED): S.WAITING,  # to a queue, or to another agent
    (S.CONNECTED, In.FORWARDED): S.FORWARDED,  # to an outside number that is on the line already
    (S.CONNECTED, In.PROMISED): S.PROMISED,  # a message that was heard and not done with
    (S.CONNECTED, In.ENDED): S.ENDED,
    (S.CONNECTED, In.PARKED): S.PARKED,
    (S.PARKED, In.PICKED_UP): S.CONNECTED,
    (S.PARKED, In.QUEUED): S.WAITING,  # nobody did in time
    (S.PARKED, In.ENDED): S.ENDED,
    (S.FORWARDED, In.SENT_TO_FLOW): S.IN_FLOW,  # of two agents one has handed it on, and a colleague is rung
    (S.FORWARDED, In.PROMISED): S.PROMISED,  # she rang back, was sent to an outside number, and is still promised one
    (S.FORWARDED, In.ENDED): S.ENDED,
}

_AFTER: Final = {state: {told: after for (at, told), after in TRANSITIONS.items() if at is state} for state in S}


def move(contact: ContactRecord, told: ContactInput, now: float) -> None:
    """Put the contact into its next state and add the time it spent in this one to the right sum.

    Raises IllegalTransition (our bug) for a pair that is not listed.
    """
    after = _AFTER[contact.state].get(told)
    if after is None:
        raise IllegalTransition(f"{contact.id}: {told} while {contact.state}")
    settle(contact, now)
    contact.state = after


def settle(contact: ContactRecord, now: float) -> None:
    """Add the time since the last settlement to the sum that the present state counts into.

    Call it before the customer's leg is given to a contact or taken from it.
    """
    spent = now - contact.phase_since
    contact.phase_since = now
    match contact.state:
        case ContactState.WAITING | ContactState.OFFERED | ContactState.CONNECTING:
            if contact.leg is None:
                contact.callback_s += spent
            else:
                contact.wait_s += spent
        case ContactState.IN_FLOW:
            contact.flow_s += spent
        case ContactState.CONNECTED:
            contact.talk_s += spent
        case ContactState.PARKED:
            contact.parked_s += spent
        case ContactState.PROMISED | ContactState.DIALLING | ContactState.CALLED:
            contact.callback_s += spent
        case ContactState.FORWARDED:
            contact.forward_s += spent
        case ContactState.ENDED:
            raise IllegalTransition(f"{contact.id}: time counted after its end")
