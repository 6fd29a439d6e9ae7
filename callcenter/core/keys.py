"""Keys that are pressed: whose they are, what they are for, and which may be written down."""

from typing import Final

from callcenter.core import control, recording
from callcenter.core.flows import DIGITS, MASKED_DIGIT
from callcenter.core.parts import Parts
from callcenter.core.state import ContactRecord
from callcenter.model.contact import ContactState
from callcenter.model.events import DigitPressed, Event
from callcenter.model.ids import CardId, LegId

MAY_BE_RECORDED: Final = (ContactState.CONNECTING, ContactState.CONNECTED, ContactState.PARKED)


class Keys:
    """Where each of them goes."""

    __slots__ = ("_parts", "_world")

    def __init__(self, parts: Parts) -> None:
        self._world = parts.world
        self._parts = parts

    def pressed(self, leg: LegId, digit: str) -> None:
        """A key, on any leg."""
        contact = self._world.by_leg(leg)
        if contact is None:
            self._parts.monitoring.pressed(leg, digit)
        elif self._parts.colleagues.pressed(contact, leg, digit):
            pass
        elif leg == contact.leg:
            self._customer_pressed(contact, digit)
        elif leg == contact.agent_leg:
            self._agent_pressed(contact, digit)
        elif leg in contact.offers:
            self._parts.talk.agent_pressed(contact, leg, digit)

    def redacted(self, event: Event) -> Event:
        """The event as it may be written down: a digit of a masked input is not, only that there was one.

        An engine that is told a masked digit takes as many of them, and goes the same way: no node may look at what
        they were. A key that is no digit has its meaning and keeps it.
        """
        if not isinstance(event, DigitPressed) or event.digit not in DIGITS:
            return event
        if self.is_secret(event) or self.card_of(event) is not None:
            return DigitPressed(leg=event.leg, digit=MASKED_DIGIT)
        return event

    def card_of(self, event: Event) -> CardId | None:
        """The card whose digit this event is: whoever tells the engine of it keeps the digit aside. Asked before."""
        if not isinstance(event, DigitPressed) or not (event.digit in DIGITS or event.digit == MASKED_DIGIT):
            return None
        contact = self._world.by_leg(event.leg)
        if contact is None or event.leg != contact.leg:
            return None
        return self._parts.flows.card_of(contact)

    def is_secret(self, event: Event) -> bool:
        """Whether it is a digit of an input that is masked."""
        if not isinstance(event, DigitPressed):
            return False
        contact = self._world.by_leg(event.leg)
        return contact is not None and self._parts.flows.is_secret(contact)

    def _customer_pressed(self, contact: ContactRecord, digit: str) -> None:
        """A key of the customer's: for the IVR, or, from one who waits, to be called back."""
        if self._parts.campaign_calls.takes_key(contact, digit):
            self._parts.campaign_calls.pressed(contact, digit)
        elif contact.state is ContactState.IN_FLOW or contact.paying is not None:
            self._parts.flows.digit(contact, digit)
        elif contact.state is ContactState.WAITING:
            self._parts.queues.pressed(contact, digit)
        elif contact.state in MAY_BE_RECORDED:
            recording.customer_pressed(self._world, contact, digit)

    def _agent_pressed(self, contact: ContactRecord, digit: str) -> None:
        """A key of the agent's: about the message that she hears, her talk, or its recording."""
        if contact.mail is not None:
            self._parts.mailroom.pressed(contact, digit)
        elif contact.state is ContactState.CONNECTED and not self._parts.parking.key_pressed(contact, digit):
            if not control.ends_by_key(self._world, contact, digit):
                recording.agent_pressed(self._world, contact, digit)
            elif not self._parts.consults.agent_gone(contact):
                self._parts.talk.agent_left(contact)
