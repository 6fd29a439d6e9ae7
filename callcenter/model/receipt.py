"""Receipts: what was known and decided when a number was dialled, or was not, and what came of it. Values only.

Written once and never changed. What is in them is what a regulator asks for: by which rules, at what time of the called
person's day, against which do-not-call lists, with what consent, after how many attempts, from which number.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.model.law import Consent, DropCount, Finding, Invitation, RegisterState

GENESIS: Final = "0" * 64
"""What stands before the first receipt of a chain."""


class ReceiptKind(StrEnum):
    """What a receipt is for."""

    DIAL = "dial"
    REFUSAL = "refusal"
    OUTCOME = "outcome"


class PackStamp(msgspec.Struct, frozen=True, kw_only=True):
    """Which text of a pack was held to."""

    pack: str
    version: str
    digest: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One receipt. Fields that its kind does not have are left out of its body."""

    kind: ReceiptKind
    at: float
    campaign: str
    attempt: str = ""
    lead: int = 0
    number: str = ""
    region: str = ""
    zones: tuple[str, ...] = ()
    approach: str = ""
    packs: tuple[PackStamp, ...] = ()
    findings: tuple[Finding, ...] = ()  # every rule with its value: hours, attempts, lists, consent, drops
    registers: tuple[RegisterState, ...] = ()
    consent: Consent | None = None
    invited: Invitation | None = None  # the call was asked for: when, and whether from this number
    attempts: int = 0  # to this number in the last 30 days
    drops: tuple[DropCount, ...] = ()
    agent_ready: bool = False
    caller_id: str = ""
    trunk: str = ""
    pacing: dict[str, str] = {}  # what the pacer saw when it asked for this line
    next_at: float | None = None  # refused: from when it will be allowed
    outcome: str = ""
    answered_at: float | None = None
    by_a_person: bool = False
    dropped: bool = False
    misjudged: int = 0  # others who were hung up on as machines, for whom she stands: drops, by estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A receipt in its place in a chain, as it is kept."""

    chain: str
    seq: int
    at: float
    kind: str
    attempt: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that is not as it was written."""

    chain: str
    seq: int
    what: str
