"""The words of an explanation: lengths, needs, reasons, groups of agents. Knows English; looks at nothing.

A team leader reads them who was told nothing beforehand: whole sentences, the people's names, no word of ours that is
not also on the screens.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.core.explain import Before, Cause, PassedOver, Reason, Verdict
from callcenter.model.queue import Overflow, Target

NAMED_MAX: Final = 6  # agents that are named where all can be counted

STRATEGY_WORDS: Final[Mapping[str, str]] = {
    "longest_idle": "of those, the one who has been free the longest is rung",
    "best_skill": "of those, the one with the highest level in what is asked for is rung; of equals, the longest free",
    "round_robin": "of those, the one whose last offer is longest ago is rung: each in turn",
    "fewest_contacts": "of those, the one with the fewest calls since logging in is rung",
    "ring_all": "all of those are rung at once, and the first to answer has the call",
    "last_agent": "of those, the one who spoke with this caller last is rung, else the one free the longest",
}
"""What follows "agents who could take it"; every strategy has its words."""

CAUSE_WORDS: Final[Mapping[Cause, tuple[str, str]]] = {  # one, several
    Cause.LACKS: ("does not have {about}", "do not have {about}"),
    Cause.LOGGED_OUT: ("is logged out", "are logged out"),
    Cause.PAUSED: ("is paused{about}", "are paused{about}"),
    Cause.RUNG: ("is being rung for another call", "are being rung for other calls"),
    Cause.WRAP_UP: ("is writing up the call before", "are writing up the call before"),
    Cause.FULL: ("is talking with another caller", "are talking with other callers"),
    Cause.PHONE: ("has a phone that cannot be reached", "have phones that cannot be reached"),
    Cause.OWN_CALL: ("is making a call of her own", "are making calls of their own"),
    Cause.NUMBER: (
        "has an outside number that may not be called (`forward_to`)",
        "have outside numbers that may not be called (`forward_to`)",
    ),
    Cause.OUTSIDE: (
        "has a phone that is in use by a call from outside",
        "have phones that are in use by calls from outside",
    ),
    Cause.RESTING: ("gets no call for a while after a missed one", "get no calls for a while after a missed one"),
    Cause.KEPT: ("may not have this call yet: {about}", "may not have this call yet: {about}"),
    Cause.RESERVE: ("{about}", "may not have this call yet: each {about}"),
    Cause.KEPT_FREE: ("is {about}", "are {about}"),
    Cause.TAKEN: ("was chosen in the same moment", "were chosen in the same moment"),
    Cause.OTHER: ("{about}", "{about}"),
}

_LEVEL: Final = re.compile(r"(\S+) >= (\d)")
_OR: Final = " or "
_AND: Final = " and "
_BARRED: Final = "not @"
_NO_SKILL: Final = re.compile(r"(?P<sign>agent|anybody but|not) (?!\()(?P<what>.+)")  # "agent (level 2 ...)" is a skill
"""As a need is written: what stands between alternatives, between their terms, and before who may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Agents who could not take a call for one and the same reason. `words` says it with their number or names."""

    cause: Cause
    about: str
    agents: tuple[str, ...]
    words: str


def duration(seconds: float) -> str:
    """A length of time in a sentence: "4.2 s", "1:05 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    return f"{hours}:{minutes_rest:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def need_words(needs: str) -> str:
    """What is asked of an agent: "sales and vietnamese (level 2 or better), but not linh"."""
    return " or ".join(_clause_words(clause) for clause in needs.split(_OR))


def _clause_words(clause: str) -> str:
    terms = clause.split(_AND)
    barred = [term.removeprefix(_BARRED) for term in terms if term.startswith(_BARRED)]
    wanted = [term.removeprefix("@") for term in terms if not term.startswith(_BARRED)]
    asked = _AND.join(sorted(wanted, key=lambda term: term.startswith("not ")))  # what she is to have comes first
    words = _LEVEL.sub(r"\1 (level \2 or better)", asked).replace(" (level 1 or better)", "")
    if not barred:
        return words
    return f"{words}, but not {listed(barred)}" if words else f"anything, but not {listed(barred)}"


def asked_words(needs: str) -> str:
    """Whom a call asks for: agents by their names, others by what they must be able to do."""
    if not needs:
        return "any agent"
    clauses = needs.split(_OR)
    people = [clause.removeprefix("@") for clause in clauses if clause.startswith("@") and _AND not in clause]
    others = [clause for clause in clauses if clause.removeprefix("@") not in people]
    able = [f"an agent with {need_words(_OR.join(others))}"] if others else []
    return ", or ".join([*([" or ".join(people)] if people else []), *able])


def listed(names: Sequence[str], more_than: int = NAMED_MAX) -> str:
    """Names in a sentence; of many the first few and how many more."""
    if len(names) > more_than:
        shown = ", ".join(names[: more_than - 1])
        return f"{shown} and {len(names) - more_than + 1} more"
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)


def groups(verdicts: Iterable[Verdict]) -> list[Group]:
    """Those who were no candidates, by the reason that weighs most; the largest groups first."""
    found: dict[tuple[Cause, str], list[Verdict]] = {}
    for verdict in verdicts:
        if not verdict.candidate and verdict.reasons:
            reason = verdict.reasons[0]
            about = (
                reason.about
                if reason.cause in (Cause.LACKS, Cause.OTHER, Cause.KEPT, Cause.RESERVE, Cause.KEPT_FREE)
                else ""
            )
            found.setdefault((reason.cause, about), []).append(verdict)
    made = [_group(cause, about, members) for (cause, about), members in found.items()]
    return sorted(made, key=lambda group: (-len(group.agents), group.cause, group.about))


def who_and_why(agents: Sequence[str], reason: Reason, about: str = "") -> str:
    """Some agents and the one reason that they share, as a sentence's part: "binh and em are logged out"."""
    one, several = CAUSE_WORDS[reason.cause]
    said = about or reason.about
    if reason.cause is Cause.LACKS:
        parts = need_words(said).split(" and ")
        if any(map(_NO_SKILL.match, parts)):
            lacks = " and ".join(_lack(part, several=len(agents) > 1) for part in parts)
            one, several = lacks, lacks
        elif len(parts) > 1:  # all of them are lacking, not only their being together
            one, several = ("has neither {about}", "have neither {about}")
        said = ", ".join(parts[:-1]) + f" nor {parts[-1]}" if len(parts) > 1 else parts[0]
    if reason.cause is Cause.PAUSED and said:
        said = f" ({said})".replace("_", " ")
    who = listed(agents) if len(agents) <= NAMED_MAX else f"{len(agents)} agents"
    return f"{who} {(one if len(agents) == 1 else several).format(about=said)}"


def _lack(part: str, *, several: bool) -> str:
    """What somebody has not, or is not, of one term of a need, after her name."""
    found = _NO_SKILL.match(part)
    match found["sign"] if found is not None else "":
        case "agent":
            return f"{'are' if several else 'is'} not {part.removeprefix('agent ')}"
        case "anybody but":
            return f"{'are' if several else 'is'} ruled out by name"
        case "not":
            return f"{'have' if several else 'has'} {part.removeprefix('not ')}"
    return f"{'do' if several else 'does'} not have {part}"


def _group(cause: Cause, about: str, members: Sequence[Verdict]) -> Group:
    agents = tuple(verdict.agent for verdict in members)
    said = about
    if cause is Cause.PAUSED:
        counted = Counter(verdict.reasons[0].about or "no reason given" for verdict in members)
        named = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        said = ", ".join(reason if count == len(members) else f"{reason}: {count}" for reason, count in named)
    return Group(
        cause=cause, about=about, agents=agents, words=who_and_why(agents, Reason(cause=cause, about=about), said)
    )


def target_words(target: Target | None) -> str:
    """Where a call goes that a queue does not keep."""
    if target is None:
        return "it still waits"
    match target.to:
        case Overflow.QUEUE:
            return f"it goes on to queue {target.name}, with its place"
        case Overflow.FLOW:
            return f"it goes to the flow {target.name}"
        case Overflow.VOICEMAIL:
            return f"the caller may leave a message in mailbox {target.name}"
        case Overflow.NUMBER:
            return f"it is sent to {target.name}"
        case _:
            return "it is ended"


def before_words(passed: PassedOver) -> str:
    """Why another call came first, as the end of a sentence about that call."""
    match passed.cause:
        case Before.PRIORITY:
            return f"its priority was {passed.other_priority:.4g} then, this call's {passed.priority:.4g}"
        case Before.WAITED_LONGER:
            return f"it had been waiting {duration(passed.ahead_s)} longer"
        case Before.CAME_FIRST:
            return "it came first, in the same moment"
        case Before.ORDER:
            return passed.words or "the order of the queues puts it first"


def _range(values: Sequence[float]) -> str:
    """The least and the most of some priorities."""
    least, most = f"{min(values):.4g}", f"{max(values):.4g}"
    return least if least == most else f"{least} to {most}"


def passed_over_words(passed: Sequence[PassedOver]) -> list[str]:
    """All that came first, summed up: how many calls, by which reason. A call that came first twice is one."""
    counted = Counter(one.cause for one in passed)
    said = []
    for cause, times in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        some = [one for one in passed if one.cause is cause]
        count = len({one.other for one in some})
        calls = "1 call" if count == 1 else f"{count} calls"
        match cause:
            case Before.PRIORITY:
                theirs, ours = (_range([getattr(one, key) for one in some]) for key in ("other_priority", "priority"))
                said.append(f"{calls} because of a higher priority at that moment ({theirs}; this call had {ours})")
            case Before.WAITED_LONGER:
                most = max(one.ahead_s for one in some)
                said.append(
                    f"{calls} that had been waiting longer (by {'up to ' if times > 1 else ''}{duration(most)})"
                )
            case Before.CAME_FIRST:
                said.append(f"{calls} that came in the same moment, just before")
            case Before.ORDER:
                reasons = sorted({one.words for one in some if one.words})
                said.append(
                    f"{calls} that the order of the queues puts first" + (f" ({'; '.join(reasons)})" if reasons else "")
                )
    return said
