"""A payment by the keys of a telephone: words for it, and what a card's digits must be. Knows no call and no program.

Theory: the digits of a card are never in the engine, nor in anything that it is told or says. Whoever feeds the engine
keeps them aside (`ports.CardKeeper`), in the order in which they are pressed, under the id of the card; the engine
counts, and names a part of them by the place of its first digit and how many there are (`CardSlice`).
"""

from enum import StrEnum
from typing import Final

import msgspec

from callcenter.model.ids import FlowName

LAST: Final = 4  # digits of a card's number that may be told (PCI DSS 4.0, 3.4.1)
CENTURY: Final = 2000
MONTHS: Final = 12
EXPIRY_DIGITS: Final = 4  # MMYY
VALID_MAX_YEARS: Final = 20  # a card that expires later was mistyped


class CardPart(StrEnum):
    """What is asked for, one after the other."""

    NUMBER = "number"
    EXPIRY = "expiry"
    CODE = "code"


class PaymentOutcome(StrEnum):
    """What came of a payment."""

    PAID = "paid"
    REFUSED = "refused"  # the endpoint has answered, and says no
    FAILED = "failed"  # it was not asked, or could not take it: nothing was paid
    UNKNOWN = "unknown"  # it was asked, and nobody knows what it did: look there before asking again


class PaymentStep(StrEnum):
    """How far a payment has come: all that an agent, a journal or a report may know of it."""

    BEGAN = "began"
    NUMBER_TAKEN = "number_taken"
    EXPIRY_TAKEN = "expiry_taken"
    CODE_TAKEN = "code_taken"
    WRONG = "wrong"  # what was typed cannot be right, and is asked for again
    SENT = "sent"
    PAID = "paid"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    GIVEN_UP = "given_up"  # the caller typed nothing usable, or the payment was cancelled, or the call ended


TAKEN: Final = {
    CardPart.NUMBER: PaymentStep.NUMBER_TAKEN,
    CardPart.EXPIRY: PaymentStep.EXPIRY_TAKEN,
    CardPart.CODE: PaymentStep.CODE_TAKEN,
}


class CardSlice(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what was typed: `count` digits from the one numbered `first` (the first of all is 0)."""

    part: CardPart
    first: int
    count: int


class Paying(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payment that an agent has begun, while she has the call: what is to be put back when it is over."""

    by: str
    flow: FlowName | None  # where the contact had been before
    node: str
    pauses: bool  # the recording, which nobody else had paused
    holds: bool  # the agent is out of the bridge for it


def is_plausible(part: CardPart, digits: str, *, year: int, month: int) -> bool:
    """Whether digits may be a card's: its number (Luhn), its date of expiry (MMYY, good to the end of that month).

    `year` and `month` are now. A code says nothing by itself.
    """
    match part:
        case CardPart.NUMBER:
            return luhn(digits)
        case CardPart.EXPIRY:
            return not_expired(digits, year=year, month=month)
        case CardPart.CODE:
            return bool(digits)


def luhn(digits: str) -> bool:
    """Whether the last digit fits the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return bool(digits) and total % 10 == 0 and set(digits) != {"0"}


def not_expired(digits: str, *, year: int, month: int) -> bool:
    """Whether MMYY is a month that is not over, and not absurdly far away."""
    if len(digits) != EXPIRY_DIGITS:
        return False
    until_month, until_year = int(digits[:2]), CENTURY + int(digits[2:])
    if not 1 <= until_month <= MONTHS:
        return False
    return (year, month) <= (until_year, until_month) and until_year <= year + VALID_MAX_YEARS
