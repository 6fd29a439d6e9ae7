"""May this number be dialled now? Evaluates every rule of every pack. Knows no clock, no database and no country.

Theory: packs are joined by "and". Each rule that has a say is evaluated, whether or not another has already refused, so
that a receipt shows them all; the call is allowed when all hold, which makes the stricter of any two win without
anybody comparing them. `strictest` compares, for those who must know a limit beforehand (the pacer, the dialler).

Who asked for this very call is not solicited by it. What came last counts: her asking stands before registers of those
who will not be called, and before the consent that a rule wants, unless she took consent back since. If she asked from
the number that is dialled, it also stands before what was there before it: our own lists, calls, a drop. A number that
was only told may be somebody else's, who asked for nothing. How she is called (hours, ring, caller id) nobody waives.

A rule that waiting can heal gives the earliest time from `t` on at which it alone holds. That function never goes back,
so the earliest time at which all hold is found by going to the latest of them again and again until none objects.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, assert_never

from callcenter.model.calendar import local_clock
from callcenter.model.law import (
    CONSENT_ORDER,
    DAY_S,
    NUMBER_PATTERN,
    AfterDrop,
    AttemptLimit,
    CallerIdRequired,
    CallingHours,
    Consent,
    ConsentKind,
    ConsentRule,
    Counted,
    DropLimit,
    DropMessage,
    Finding,
    LawPack,
    Limits,
    Question,
    RefusedPrefix,
    RegisterRule,
    RingLeast,
    Rule,
    RuleKind,
    Verdict,
    Won,
)

STEPS_MAX: Final = 1_000
"""So often the next time is put off before it is given up: a year of days, in two zones, and some."""
HORIZON_S: Final = 366 * DAY_S
_NUMBER: Final = re.compile(NUMBER_PATTERN)

When = Callable[[float], float | None]
"""From a time to the earliest one, itself or later, at which a rule holds."""


def check(question: Question, packs: Sequence[LawPack]) -> Verdict:
    """The verdict of all packs on one call, now and, if time alone heals it, later."""
    applying = [pack for pack in packs if pack.for_region(question.region)]
    judged = [*_general(question, applying)]
    for pack in sorted(applying, key=lambda pack: pack.name):
        judged += [_validity(question, pack), *(_judged(question, pack, rule) for rule in pack.rules)]
    findings = tuple(finding for finding, _ in judged)
    allowed = all(finding.held for finding in findings)
    return Verdict(
        allowed=allowed, at=question.at, findings=findings, next_at=_next(question.at, [when for _, when in judged])
    )


def _next(at: float, rules: Sequence[When]) -> float | None:
    """The earliest time from `at` on at which all rules hold."""
    now = at
    for _ in range(STEPS_MAX):
        latest = now
        for rule in rules:
            held = rule(now)
            if held is None:
                return None
            latest = max(latest, held)
        if latest == now:
            return now
        if latest > at + HORIZON_S:
            return None
        now = latest
    return None


def _judged(question: Question, pack: LawPack, rule: Rule) -> tuple[Finding, When]:
    kind, value, limit, when = _rule(question, rule)
    return _found(question, kind, value, limit, when, pack=pack, source=rule.source), when


def _found(
    question: Question,
    kind: RuleKind,
    value: str,
    limit: str,
    when: When,
    *,
    pack: LawPack | None = None,
    source: str = "",
) -> Finding:
    said = None if pack is None else pack.sources.get(source)
    held = when(question.at)
    return Finding(
        kind=kind,
        pack="" if pack is None else pack.name,
        held=held == question.at,
        value=value,
        limit=limit,
        cite="" if said is None else said.cite,
        verified=said is None or said.verified,
        from_when=held,
    )


def _always(now: float) -> float | None:
    return now


def _never(now: float) -> float | None:
    return None


def _if(held: bool) -> When:
    return _always if held else _never


# -- what holds under every law ----------------------------------------------------------------------------------------


def _general(question: Question, applying: Sequence[LawPack]) -> Iterable[tuple[Finding, When]]:
    """A number, a country whose law we know, and nobody who asked us not to call: without these nothing is dialled."""
    known = [pack.name for pack in applying if pack.law]
    yield _plain(question, RuleKind.NUMBER, question.number, "E.164", _NUMBER.fullmatch(question.number) is not None)
    yield _plain(
        question,
        RuleKind.COVERED,
        f"{question.region or 'unknown region'}: {', '.join(sorted(known)) or 'no pack'}",
        "a pack of law for the number's region",
        bool(known),
    )
    named = {rule.register for pack in applying for rule in pack.rules if isinstance(rule, RegisterRule)}
    own = [listing for listing in question.listings if listing.register not in named]
    said = ", ".join(sorted(f"{listing.register} ({listing.entry})" for listing in own))
    held = all(listing.since < _asked_from_here(question) for listing in own)
    if own and held:
        said += f", and asked to be called {_asked_said(question)}"
    yield _plain(question, RuleKind.DO_NOT_CALL, said or "not listed", "not listed", held)


def _plain(question: Question, kind: RuleKind, value: str, limit: str, held: bool) -> tuple[Finding, When]:
    when = _if(held)
    return _found(question, kind, value, limit, when), when


def _validity(question: Question, pack: LawPack) -> tuple[Finding, When]:
    def when(now: float) -> float | None:
        if pack.valid_until is not None and now >= pack.valid_until:
            return None
        return max(now, pack.valid_from)

    until = "" if pack.valid_until is None else f" to {local_clock(pack.valid_until, 'UTC')}"
    limit = f"in force from {local_clock(pack.valid_from, 'UTC')}{until}"
    return _found(question, RuleKind.VALID, f"version {pack.version}", limit, when, pack=pack), when


# -- the rules ---------------------------------------------------------------------------------------------------------


def _rule(question: Question, rule: Rule) -> tuple[RuleKind, str, str, When]:
    """What a rule looks at, what it allows, and when it holds."""
    match rule:
        case CallingHours():
            return _hours(question, rule)
        case AttemptLimit():
            return _attempts(question, rule)
        case RegisterRule():
            return _register(question, rule)
        case ConsentRule():
            return _consent(question, rule)
        case AfterDrop():
            return _after_drop(question, rule)
        case DropLimit():
            return _drops(question, rule)
        case RingLeast() | CallerIdRequired() | DropMessage() | RefusedPrefix():
            return _conduct(question, rule)
        case _:
            assert_never(rule)


def _hours(question: Question, rule: CallingHours) -> tuple[RuleKind, str, str, When]:
    """In every zone she may be in; without a zone nobody knows how late it is."""
    zones = tuple(sorted(set(question.zones)))

    def when(now: float) -> float | None:
        latest = now
        for zone in zones:
            held = rule.hours.held_from(now, zone, question.holidays)
            if held is None:
                return None
            latest = max(latest, held)
        return latest if zones else None

    value = "; ".join(f"{local_clock(question.at, zone)} {zone}" for zone in zones) or "no zone is known"
    limit = "; ".join(dict.fromkeys(rule.hours.shown(question.at, zone, question.holidays) for zone in zones))
    return RuleKind.HOURS, value, limit or "hours in a known zone", when


def _attempts(question: Question, rule: AttemptLimit) -> tuple[RuleKind, str, str, When]:
    """Times that lie ahead (a clock was put back) count as well: they were calls."""
    hers = rule.of is Counted.LEAD
    all_of_them = question.lead_attempts if hers else question.attempts
    times = sorted(at for at in all_of_them if at >= _asked_from_here(question))

    def when(now: float) -> float | None:
        within = [at for at in times if at + rule.within_s > now]
        return now if len(within) < rule.at_most else within[-rule.at_most] + rule.within_s

    count = sum(at + rule.within_s > question.at for at in times)
    limit = f"fewer than {rule.at_most} in {_span(rule.within_s)}{', on all her numbers' if hers else ''}"
    return RuleKind.ATTEMPTS, str(count), limit, when


def _register(question: Question, rule: RegisterRule) -> tuple[RuleKind, str, str, When]:
    state = max(
        (state for state in question.registers if state.register == rule.register),
        key=lambda state: (state.as_of, state.version),
        default=None,
    )
    listed = [listing.entry for listing in question.listings if listing.register == rule.register]
    lifted = rule.lifted_by is not None and _agreed(question, rule.lifted_by)

    def when(now: float) -> float | None:
        fresh = state is not None and now < state.as_of + rule.age_max_days * DAY_S
        return now if _asked_for(question) or (fresh and (not listed or lifted)) else None

    limit = f"not in {rule.register}, of the last {rule.age_max_days} days"
    if rule.lifted_by is not None:
        limit += f", or {rule.lifted_by} consent"
    asked = f", and asked to be called {_asked_said(question)}" if _asked_for(question) else ""
    if state is None:
        return RuleKind.REGISTER, f"no {rule.register} is loaded{asked}", limit, when
    place = f"listed ({', '.join(sorted(listed))})" if listed else "not listed"
    age = (question.at - state.as_of) / DAY_S
    return RuleKind.REGISTER, f"{place} in version {state.version}, {age:.1f} days old{asked}", limit, when


def _consent(question: Question, rule: ConsentRule) -> tuple[RuleKind, str, str, When]:
    asked = rule.kind if question.approach is rule.approach else ConsentKind.NONE
    value = _consent_said(question.consent, question.at)
    if _asked_for(question):
        value = f"asked to be called {_asked_said(question)}; {value}"
    limit = f"{asked} for {question.approach} calls"
    return RuleKind.CONSENT, value, limit, _if(_agreed(question, asked))


def _agreed(question: Question, kind: ConsentKind) -> bool:
    """Consent of this kind or a stronger one stands. What was revoked does not, whenever: a clock may have moved."""
    given = question.consent
    if kind is ConsentKind.NONE:
        return True
    if _asked_for(question) and CONSENT_ORDER.index(kind) <= CONSENT_ORDER.index(ConsentKind.EXPRESS):
        return True
    if given is None or given.revoked is not None or given.given > question.at:
        return False
    return CONSENT_ORDER.index(given.kind) >= CONSENT_ORDER.index(kind)


def _asked_for(question: Question) -> bool:
    """She asked for this call, and took nothing back since."""
    asked, given = question.invited, question.consent
    if asked is None or asked.at > question.at:
        return False
    return given is None or given.revoked is None or given.revoked < asked.at


def _asked_from_here(question: Question) -> float:
    """When she asked for this call from this very number; before everything if she did not."""
    asked = question.invited
    return asked.at if asked is not None and asked.own_number and _asked_for(question) else -math.inf


def _asked_said(question: Question) -> str:
    assert question.invited is not None  # whoever says so has looked
    number = "from this number" if question.invited.own_number else "and told this number"
    return f"{local_clock(question.invited.at, 'UTC')} UTC {number}"


def _consent_said(consent: Consent | None, at: float) -> str:
    if consent is None:
        return str(ConsentKind.NONE)
    if consent.revoked is not None:
        return f"{consent.kind}, revoked {local_clock(consent.revoked, 'UTC')}"
    ahead = ", not yet" if consent.given > at else ""
    return f"{consent.kind}, given {local_clock(consent.given, 'UTC')}{ahead}"


def _drops(question: Question, rule: DropLimit) -> tuple[RuleKind, str, str, When]:
    """A call for which an agent is there cannot be dropped, so a spent budget does not forbid it."""
    count = next((count for count in question.drops if count.within_s == rule.within_s), None)
    limit = f"at most {rule.share_max:.2%} in {_span(rule.within_s)}, or an agent for the call"
    if count is None:
        return RuleKind.DROPS, "not counted", limit, _if(question.agent_ready)
    share = count.dropped / count.answered if count.answered else 0.0
    held = count.dropped <= rule.share_max * count.answered
    agent = ", an agent is there" if question.agent_ready else ""
    value = f"{count.dropped} of {count.answered} ({share:.2%}){agent}"
    return RuleKind.DROPS, value, limit, _if(held or question.agent_ready)


def _after_drop(question: Question, rule: AfterDrop) -> tuple[RuleKind, str, str, When]:
    at = question.dropped_at
    if at is not None and at < _asked_from_here(question):
        at = None
    lifted = at is None or (rule.agent_lifts and question.agent_ready and not question.picks_up)

    def when(now: float) -> float | None:
        return now if lifted or at is None else max(now, at + rule.rest_s)

    value = "never dropped" if at is None else f"dropped {local_clock(at, 'UTC')} UTC"
    if at is not None and lifted:
        value += ", an agent is there"
    elif at is not None and question.agent_ready and rule.agent_lifts:
        value += ", the agent's phone has to be picked up"
    agent = ", or an agent for the call" if rule.agent_lifts else ""
    return RuleKind.AFTER_DROP, value, f"not for {_span(rule.rest_s)}{agent}", when


def _conduct(
    question: Question, rule: RingLeast | CallerIdRequired | DropMessage | RefusedPrefix
) -> tuple[RuleKind, str, str, When]:
    """How the call would be made."""
    match rule:
        case RingLeast():
            held = question.ring_s >= rule.ring_s
            return RuleKind.RING, f"{question.ring_s:g} s", f"at least {rule.ring_s:g} s", _if(held)
        case CallerIdRequired():
            return RuleKind.CALLER_ID, question.caller_id or "none", "shown", _if(bool(question.caller_id))
        case DropMessage():
            within = question.message_within_s
            held = question.agent_ready or (within is not None and within <= rule.within_s)
            value = "none" if within is None else f"after {within:g} s"
            return RuleKind.MESSAGE, value, f"within {rule.within_s:g} s, or an agent for the call", _if(held)
        case RefusedPrefix():
            found = [prefix for prefix in rule.prefixes if question.number.startswith(prefix)]
            limit = f"none of {', '.join(rule.prefixes)}"
            return RuleKind.PREFIX, ", ".join(found) or "none of them", limit, _if(not found)
        case _:
            assert_never(rule)


def _span(seconds: float) -> str:
    """A length for people."""
    for unit, of in (("d", DAY_S), ("h", 3600.0), ("min", 60.0)):
        if seconds >= of and seconds % of == 0 and not (unit == "d" and seconds == DAY_S):
            return f"{seconds / of:g} {unit}"
    return f"{seconds:g} s"


# -- limits to know beforehand -----------------------------------------------------------------------------------------


def strictest(packs: Sequence[LawPack], region: str | None = None) -> Limits:
    """The limits of several packs, the strictest of each; of a region's packs only, if one is given."""
    said = [
        (rule, pack)
        for pack in sorted(packs, key=lambda pack: pack.name)
        if region is None or pack.for_region(region)
        for rule in pack.rules
    ]

    def best(bids: Sequence[tuple[float, LawPack, str]], *, most: bool = False) -> Won | None:
        if not bids:
            return None
        ordered = sorted(bids, key=lambda bid: (-bid[0] if most else bid[0], bid[1].name))
        limit, pack, source = ordered[0]
        before = tuple(f"{other.name} {value:g}" for value, other, _ in ordered[1:])
        return Won(limit=limit, pack=pack.name, cite=_cite(pack, source), before=before)

    def by_span(bids: Sequence[tuple[float, tuple[float, LawPack, str]]]) -> tuple[tuple[float, Won], ...]:
        spans = sorted({span for span, _ in bids})
        found = [(span, best([bid for of, bid in bids if of == span])) for span in spans]
        return tuple((span, won) for span, won in found if won is not None)

    return Limits(
        ring_s=best([(r.ring_s, pack, r.source) for r, pack in said if isinstance(r, RingLeast)], most=True),
        drops=by_span([(r.within_s, (r.share_max, pack, r.source)) for r, pack in said if isinstance(r, DropLimit)]),
        message_within_s=best([(r.within_s, pack, r.source) for r, pack in said if isinstance(r, DropMessage)]),
        after_drop_s=best([(r.rest_s, pack, r.source) for r, pack in said if isinstance(r, AfterDrop)], most=True),
        attempts=by_span(
            [
                (r.within_s, (float(r.at_most), pack, r.source))
                for r, pack in said
                if isinstance(r, AttemptLimit) and r.of is Counted.NUMBER
            ]
        ),
        caller_id=best([(1.0, pack, r.source) for r, pack in said if isinstance(r, CallerIdRequired)]),
    )


def _cite(pack: LawPack, source: str) -> str:
    said = pack.sources.get(source)
    return "" if said is None else said.cite
