"""The story of payments by the keys of a telephone. Knows facts, which hold nothing of a card; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.model.card import PaymentStep
from callcenter.model.entry import Entry
from callcenter.model.payment_messages import PaymentAside, PaymentMoved

STEP_WORDS: Final[Mapping[PaymentStep, str]] = {
    PaymentStep.BEGAN: "the caller is asked for her card",
    PaymentStep.NUMBER_TAKEN: "she has typed a number that can be a card's",
    PaymentStep.EXPIRY_TAKEN: "she has typed a date of expiry",
    PaymentStep.CODE_TAKEN: "she has typed a code",
    PaymentStep.WRONG: "what she typed cannot be right",
    PaymentStep.SENT: "the payment is asked for",
    PaymentStep.PAID: "it was paid",
    PaymentStep.REFUSED: "it was refused",
    PaymentStep.FAILED: "it was not asked for",
    PaymentStep.UNKNOWN: "nobody knows whether it was paid: look there before asking again",
    PaymentStep.GIVEN_UP: "nothing was paid: the card was not typed to its end",
}
"""One per step."""


def _moved(_: Entry, fact: PaymentMoved) -> Told:
    words = STEP_WORDS[fact.step]
    words += f", with a card that ends in {fact.last}" if fact.last else ""
    words += f": {fact.detail}" if fact.detail else ""
    details: dict[str, Detail] = {"step": fact.step.value, "last": fact.last, "detail": fact.detail}
    return Told(kind="payment", words=words, agent=fact.agent or "", details=details)


def _aside(_: Entry, fact: PaymentAside) -> Told:
    if fact.began:
        words = f"the caller is alone with {fact.flow}; {fact.agent} waits and hears nothing of it"
    else:
        words = f"{fact.agent} has the caller again: {fact.why}"
    details: dict[str, Detail] = {"flow": fact.flow, "began": fact.began, "by": fact.by, "why": fact.why}
    return Told(kind="payment_aside", words=words, agent=fact.agent, details=details)


PAYMENT_TELLERS: Final[Mapping[type, Teller]] = {PaymentMoved: _moved, PaymentAside: _aside}
