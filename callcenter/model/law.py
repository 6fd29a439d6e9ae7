"""The law of calling people, as values: packs of rules with their sources, what is asked, what is answered.

Knows what a rule says and where it stands; decides nothing (core/law.py does) and reads no file (config/law.py does).
A pack is one country's law, or a house's own; every rule in it names the source it comes from, and a source says where
its text was read: one that was not is told as unverified wherever the rule is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

from annotated_types import Interval

from callcenter.model.calendar import Hours

DAY_S: Final = 86_400.0
PERIOD_MAX_S: Final = 30 * DAY_S
NUMBER_PATTERN: Final = r"\+[1-9][0-9]{4,14}"  # E.164: at most 15 digits; shorter than 5 nobody is called by

Seconds = Annotated[float, Interval(ge=0, le=PERIOD_MAX_S)]
Share = Annotated[float, Interval(gt=0, le=1)]


class Approach(StrEnum):
    """What hears the person who answers."""

    LIVE = "live"  # an agent
    RECORDED = "recorded"  # a message or an IVR


class ConsentKind(StrEnum):
    """What the called person has agreed to, weakest first."""

    NONE = "none"
    INQUIRY = "inquiry"  # asked about the product lately, or is a customer
    EXPRESS = "express"  # said so, and it was noted
    WRITTEN = "written"  # signed, also electronically


CONSENT_ORDER: Final = tuple(ConsentKind)


class RuleKind(StrEnum):
    """What is looked at before a number is dialled; each is in every verdict that it has a say in."""

    NUMBER = "number"  # it is one, in E.164
    COVERED = "covered"  # a pack of law knows the country
    VALID = "valid"  # the pack is in force
    PREFIX = "prefix"
    HOURS = "hours"
    ATTEMPTS = "attempts"
    DO_NOT_CALL = "do_not_call"
    REGISTER = "register"  # a register of those who will not be called is there and fresh
    CONSENT = "consent"
    RING = "ring"
    CALLER_ID = "caller_id"
    DROPS = "drops"
    MESSAGE = "message"
    AFTER_DROP = "after_drop"
    GUARD = "guard"  # the house's own guard against fraud, and the trunks


# -- rules -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingHours:
    """When people may be called, on their own clocks: in every zone that they may be in."""

    source: str
    hours: Hours


class Counted(StrEnum):
    """Whose calls a limit counts."""

    NUMBER = "number"  # those to the number that is dialled
    LEAD = "lead"  # those to all numbers of the person


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLimit:
    """A number, or a person on all her numbers, is dialled at most so often within any time of this length, whoever
    dials and for which campaign."""

    source: str
    at_most: Annotated[int, Interval(ge=1, le=1000)]
    within_s: Seconds
    of: Counted = Counted.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRule:
    """A register of those who will not be called: it must be there, not older than so, and not list the number."""

    source: str
    register: str
    age_max_days: Annotated[int, Interval(ge=1, le=366)]
    lifted_by: ConsentKind | None = None  # consent of this kind or a stronger one lets a listed number be called


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRule:
    """What the person must have agreed to before such a call."""

    source: str
    approach: Approach
    kind: ConsentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RingLeast:
    """An unanswered phone rings at least so long before we give up."""

    source: str
    ring_s: Annotated[float, Interval(ge=1, le=120)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdRequired:
    """The called person sees a number, or a registered name, that she can know us by."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLimit:
    """At most this share of calls that a person answered is dropped within any time of this length, per campaign."""

    source: str
    share_max: Share
    within_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DropMessage:
    """A person whom no agent is there for hears, within so many seconds of her greeting, who called, with a number and
    a way to be called no more."""

    source: str
    within_s: Annotated[float, Interval(gt=0, le=10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterDrop:
    """A number that was dropped is not dialled for so long, unless an agent is there for the call."""

    source: str
    rest_s: Seconds
    agent_lifts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPrefix:
    """Numbers that begin so are not called."""

    source: str
    prefixes: tuple[str, ...]


Rule: TypeAlias = (
    CallingHours
    | AttemptLimit
    | RegisterRule
    | ConsentRule
    | RingLeast
    | CallerIdRequired
    | DropLimit
    | DropMessage
    | AfterDrop
    | RefusedPrefix
)

KINDS: Final[Mapping[type, RuleKind]] = {
    CallingHours: RuleKind.HOURS,
    AttemptLimit: RuleKind.ATTEMPTS,
    RegisterRule: RuleKind.REGISTER,
    ConsentRule: RuleKind.CONSENT,
    RingLeast: RuleKind.RING,
    CallerIdRequired: RuleKind.CALLER_ID,
    DropLimit: RuleKind.DROPS,
    DropMessage: RuleKind.MESSAGE,
    AfterDrop: RuleKind.AFTER_DROP,
    RefusedPrefix: RuleKind.PREFIX,
}
"""What each rule looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a rule stands. `read` is where its text was seen by whoever wrote the pack; "": it is not verified."""

    cite: str
    says: str
    read: str = ""
    remark: str = ""

    @property
    def verified(self) -> bool:
        """Whether somebody saw the text, or an account of it by the authority or a lawyer."""
        return bool(self.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawPack:
    """The rules of one country, or of a house. `regions` are ISO 3166 codes of the numbers that it is for; none: all.

    `digest` is the sha256 of the file as it was read, in hex, so that a receipt says which text was held to.
    """

    name: str
    title: str
    version: str  # a date
    rules: tuple[Rule, ...]
    sources: dict[str, Source]
    regions: tuple[str, ...] = ()
    law: bool = True  # False: a house's own, which covers no country
    valid_from: float = 0.0  # UTC seconds
    valid_until: float | None = None
    digest: str = ""
    text: str = field(default="", repr=False)  # which that is the hash of

    def for_region(self, region: str) -> bool:
        """Whether numbers of this region are under the pack."""
        return not self.regions or region in self.regions


# -- what is asked -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of those who will not be called has the number, or a prefix of it."""

    register: str  # "internal", "campaign", or a register's name
    entry: str  # as it is listed
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterState:
    """A register as it is kept here. `as_of` is the date of the register itself, not of its import."""

    register: str
    version: str
    as_of: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person agreed to, and whether she still does."""

    kind: ConsentKind
    given: float
    revoked: float | None = None
    proof: str = ""  # where it is kept: a form, a recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """She asked to be called. `own_number`: from the number that would be dialled; else anybody may have said it."""

    at: float
    own_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCount:
    """Calls of a campaign that a person answered, and those of them that were dropped, in the last `within_s`."""

    within_s: float
    answered: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this number be dialled now? Everything that any rule looks at; what is unknown counts against the call."""

    at: float
    number: str  # E.164
    region: str  # ISO 3166, "" if the number tells none
    zones: tuple[str, ...]  # where she may be, by the number, her address, what she said: allowed in all of them
    holidays: frozenset[str] = frozenset()  # days off where she is, "2026-12-25"
    approach: Approach = Approach.LIVE
    attempts: tuple[float, ...] = ()  # when the number was dialled, at least those of the last 30 days, in any order
    lead_attempts: tuple[float, ...] = ()  # likewise any of her numbers
    listings: tuple[Listing, ...] = ()
    registers: tuple[RegisterState, ...] = ()
    consent: Consent | None = None
    invited: Invitation | None = None  # she asked for this very call
    ring_s: float = 0.0  # how long it will ring at most
    caller_id: str = ""
    drops: tuple[DropCount, ...] = ()
    message_within_s: float | None = None  # how soon a dropped person hears the message; None: there is none
    dropped_at: float | None = None  # when the number was last dropped
    agent_ready: bool = False  # an agent is there for this very call, so that it cannot be dropped
    picks_up: bool = False  # and has to pick her phone up first, so that it can


# -- what is answered --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule, evaluated: what it looked at, what it allows, and when it will hold if waiting helps."""

    kind: RuleKind
    pack: str  # "" for what holds under every law
    held: bool
    value: str
    limit: str
    cite: str = ""
    verified: bool = True
    from_when: float | None = None  # held: now; not held: the earliest time at which it will be; None: waiting is vain


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Every rule with its value. `next_at` is the earliest time at which all hold if nothing but time goes by; `at`
    itself when allowed, None when somebody has to act first."""

    allowed: bool
    at: float
    findings: tuple[Finding, ...]
    next_at: float | None

    @property
    def against(self) -> tuple[Finding, ...]:
        """The rules that do not hold."""
        return tuple(finding for finding in self.findings if not finding.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Won:
    """The strictest of several limits: whose it is, and whom it stands before (`eu 0.03`)."""

    limit: float
    pack: str
    cite: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What several packs together ask of the dialler as a whole; None: none of them says."""

    ring_s: Won | None = None
    drops: tuple[tuple[float, Won], ...] = ()  # (within_s, share), shortest first
    message_within_s: Won | None = None
    after_drop_s: Won | None = None
    attempts: tuple[tuple[float, Won], ...] = ()  # (within_s, at most), shortest first
    caller_id: Won | None = None
