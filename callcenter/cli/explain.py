"""`callcenter explain`: what happened to a call, who was considered for it and why not the others, and what comes next.

Knows how to show an explanation; how one is found is in `jobs/explaining`, and its words are those of `jobs/wording`.
"""

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import past_contact
from callcenter.cli.screen import (
    CELL_MAX,
    NOTHING,
    Json,
    cell,
    clock,
    emit,
    say,
    seconds,
    show,
    show_grid,
    show_pairs,
    stamp,
)
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.core.explain import PassedOver, Verdict
    from callcenter.core.outlook import Outlook
    from callcenter.jobs.explaining import Decision, Explanation

CANDIDATES_MAX: Final = 5  # shown without --all
DECISIONS_MAX: Final = 8
LINE_MAX: Final = 110  # columns of a sentence on a terminal
HEADS: Final = ("", "agent!", "name", "considered!", "place>", "why")

All = Annotated[bool, typer.Option("--all", help="Every agent and every call by itself, not summed up.")]


def explain(
    context: typer.Context,
    call: Annotated[str, typer.Argument(metavar="CALL", help="Its id, a part of it that is unambiguous, or `last`.")],
    everything: All = False,
    json: Json = False,
) -> None:
    """Say what happened to a call, why these agents and not the others, and for a live one what comes next."""
    found, record = asyncio.run(_explained(site_of(context), call))
    if json:
        emit(document(found, record))
    else:
        _show(found, record, everything=everything)


async def _explained(site: Site, call: str) -> tuple["Explanation", dict[str, Any]]:
    from callcenter.jobs.explaining import explain as explained
    from callcenter.model.ids import UNVERSIONED
    from callcenter.postgres.configurations import Configurations
    from callcenter.postgres.reader import JournalReader
    from callcenter.postgres.reports import Reports
    from callcenter.postgres.snapshots import Snapshots
    from callcenter.versions.library import VersionLibrary

    async with site.database() as pool:
        contact = await past_contact(pool, call)
        shelf = VersionLibrary(Configurations(pool), otherwise=site.configuration)
        configuration = await shelf.need(UNVERSIONED)
        reader, snapshots = JournalReader(pool), Snapshots(pool)
        found = await explained(configuration, reader, snapshots, contact, _progress(), now=time.time(), shelf=shelf)
        record = await Reports(pool).call(contact)
    if found is None or record is None:
        raise Failure(Exit.NOT_FOUND, f"the journal knows no call {call}")
    return found, dict(record)


def _progress() -> Any:
    """A long journal takes a moment to be told again; on a terminal that is shown."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        end = "\r" if done < total else "\n"
        print(f"telling the journal again: {done} of {total} entries", end=end, file=sys.stderr)  # noqa: T201

    return tell


# -- for programs ------------------------------------------------------------------------------------------------------


def document(found: "Explanation", record: dict[str, Any]) -> dict[str, object]:
    """An explanation and the record of its call as one JSON document."""
    from callcenter.jobs.summary import in_short

    return {
        "call": found.contact,
        "caller": record["caller"],
        "caller_name": record["caller_name"],
        "dialled": record["dialled"],
        "end_reason": record["end_reason"],
        "agent": record["agent"],
        "why": record["why"],
        "in_short": in_short(found.steps, found.outlook),
        "steps": [
            {
                "at": stamp(step.at),
                "kind": step.kind,
                "words": step.words,
                "agent": step.agent or None,
                "queue": step.queue or None,
                "details": dict(step.details),
            }
            for step in found.steps
        ],
        "decisions": [_decision(decision) for decision in found.decisions],
        "passed_over": [_passed_over(one) for one in found.passed_over],
        "next": None if found.outlook is None else _next(found.outlook),
    }


def _decision(decision: "Decision") -> dict[str, object]:
    from callcenter.jobs.wording import groups

    return {
        "at": stamp(decision.at),
        "queue": decision.queue,
        "strategy": decision.strategy,
        "needs": decision.needs,
        "offers": [
            {"offer": offer, "agent": agent, "why": why}
            for offer, agent, why in zip(decision.offers, decision.chosen, decision.why, strict=True)
        ],
        "candidates": [
            {
                "agent": verdict.agent,
                "name": verdict.name,
                "chosen": verdict.agent in decision.chosen,
                "rank": [seconds(part) for part in verdict.rank or ()],
                "words": verdict.words,
            }
            for verdict in decision.verdicts
            if verdict.candidate
        ],
        "others": [
            {
                "agent": verdict.agent,
                "name": verdict.name,
                "words": verdict.words,
                "reasons": [{"cause": reason.cause.value, "about": reason.about} for reason in verdict.reasons],
            }
            for verdict in decision.verdicts
            if not verdict.candidate
        ],
        "excluded": [
            {
                "cause": group.cause.value,
                "about": group.about,
                "count": len(group.agents),
                "agents": list(group.agents),
                "words": group.words,
            }
            for group in groups(decision.verdicts)
        ],
        "caveat": decision.caveat,
    }


def _passed_over(one: "PassedOver") -> dict[str, object]:
    from callcenter.jobs.wording import before_words

    return {
        "at": stamp(one.at),
        "agent": one.agent,
        "call": one.other,
        "queue": one.other_queue,
        "cause": one.cause.value,
        "call_priority": round(one.other_priority, 3),
        "priority": round(one.priority, 3),
        "ahead_s": seconds(one.ahead_s),
        "words": before_words(one),
    }


def _next(found: "Outlook") -> dict[str, object]:
    from callcenter.jobs.foresight import DEADLINE_WORDS, where_words

    return {
        "at": stamp(found.at),
        "state": found.state.value,
        "state_s": seconds(found.state_s),
        "words": where_words(found),
        "queue": found.queue,
        "position": found.position or None,
        "waiting": found.waiting,
        "needs": found.needs,
        "priority": round(found.priority, 3) if found.needs else None,
        "before_it_elsewhere": found.elsewhere,
        "wait": None
        if found.wait is None
        else {
            "p50_s": seconds(found.wait.p50_s),
            "p90_s": seconds(found.wait.p90_s),
            "confident": found.wait.confident,
            "doubt": found.wait.doubt,
        },
        "able": [
            {
                "agent": one.agent,
                "free": one.reason is None,
                "cause": one.reason.cause.value if one.reason is not None else None,
                "about": one.reason.about if one.reason is not None else "",
            }
            for one in found.agents
        ],
        "upcoming": [
            {
                "at": stamp(one.at),
                "in_s": seconds(one.at - found.at),
                "kind": one.kind.value,
                "agent": one.agent,
                "needs": one.needs,
                "added": list(one.added),
                "words": DEADLINE_WORDS[one.kind](one),
            }
            for one in found.upcoming
        ],
    }


# -- for people --------------------------------------------------------------------------------------------------------


def _show(found: "Explanation", record: dict[str, Any], *, everything: bool) -> None:
    from callcenter.jobs.summary import in_short

    name = record["caller_name"]
    talks = [step.agent for step in found.steps if step.kind == "connected"]
    show_pairs(
        {
            "call": found.contact,
            "caller": record["caller"] + (f" ({name})" if name and name != record["caller"] else ""),
            "dialled": record["dialled"],
            "agent": record["agent"] or (talks[-1] if talks else ""),  # of a live call the record is not written yet
            "began": clock(found.steps[0].at) if found.steps else NOTHING,
        }
    )
    say()
    _paragraph(in_short(found.steps, found.outlook), "")
    say()
    show(cell("What happened", "bold"))
    for step in found.steps:
        _paragraph(step.words, f"  {_time(step.at, found)}  ")
    if found.decisions:
        say()
        show(cell("Who was considered, and why", "bold"))
    shown = found.decisions if everything else found.decisions[:DECISIONS_MAX]
    for at, decision in enumerate(shown, start=1):
        _show_decision(at, decision, found, everything=everything)
    if len(shown) < len(found.decisions):
        say(f"  and {len(found.decisions) - len(shown)} more of these (--all)")
    if found.passed_over:
        say()
        _show_passed_over(found, everything=everything)
    if found.outlook is not None:
        say()
        _show_next(found.outlook, found)


def _time(at: float, found: "Explanation") -> str:
    """The time of day, with the date where it is not that of the first step."""
    first, here = clock(found.steps[0].at) if found.steps else "", clock(at)
    date, _, hour = here.partition(" ")
    return hour if first.startswith(date) else here


def _paragraph(text: str, head: str) -> None:
    """A sentence of any length: wrapped at words, set in below its head."""
    import textwrap

    from callcenter.cli.screen import console, plain

    room = min(console().width, LINE_MAX) if sys.stdout.isatty() else console().width  # a reader who searches
    width = min(max(room, len(head) + 30), CELL_MAX)  # or `cell` would cut it
    for at, line in enumerate(textwrap.wrap(plain(text), width - len(head)) or [""]):
        show(cell(f"{head if at == 0 else ' ' * len(head)}{line}"))


def _show_decision(at: int, decision: "Decision", found: "Explanation", *, everything: bool) -> None:
    from callcenter.jobs.wording import STRATEGY_WORDS, asked_words, groups, listed

    who = f"{listed(decision.chosen)} {'is' if len(decision.chosen) == 1 else 'are'} rung" if decision.chosen else ""
    say()
    head = f"  {at}. {_time(decision.at, found)}, queue {decision.queue}: {who or 'nobody can take it, it waits'}"
    show(cell(head, "bold"))
    if decision.caveat:
        _paragraph(decision.caveat, "     ")
    candidates = [verdict for verdict in decision.verdicts if verdict.candidate]
    everybody = len(decision.verdicts)
    if not decision.caveat:
        asked = f"It asks for {asked_words(decision.needs)}"
        could = "nobody" if not candidates else "1" if len(candidates) == 1 else str(len(candidates))
        rule = STRATEGY_WORDS.get(decision.strategy, f"of those, strategy {decision.strategy} chooses")
        rest = f"; {rule}" if len(candidates) > 1 else ""
        _paragraph(f"{asked}. Of {everybody} agents {could} could take it at this moment{rest}.", "     ")
    if everything:
        show_grid(HEADS, _rows(decision), empty="  there are no agents in the directory")
        return
    _show_candidates(candidates, decision.chosen)
    left = [group.words for group in groups(decision.verdicts)]
    if left:
        say("     The others could not:" if decision.chosen or candidates else "     Why not:")
    for words in left:
        _paragraph(words, "       - ")


def _show_candidates(candidates: "list[Verdict]", rung: tuple[str, ...]) -> None:
    best = candidates[0].rank if candidates else None
    for verdict in candidates[:CANDIDATES_MAX]:
        chosen = verdict.agent in rung
        words = verdict.words.partition(": ")[2] or verdict.words
        if not chosen and verdict.rank == best:
            words += "; as good, the lower id goes first"
        said = f"{verdict.agent}{': ' if words else ''}{words}"
        show(cell(f"     {'->' if chosen else '  '} {said}", "green" if chosen else ""))
    if len(candidates) > CANDIDATES_MAX:
        say(f"        and {len(candidates) - CANDIDATES_MAX} more, further down (--all)")


def _rows(decision: "Decision") -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    best = next((verdict.rank for verdict in decision.verdicts if verdict.candidate), None)
    for place, verdict in enumerate(decision.verdicts, start=1):
        chosen = verdict.agent in decision.chosen
        words = verdict.words
        if verdict.candidate and not chosen and verdict.rank == best:
            words += "; as good, the lower id goes first"
        rows.append(
            (
                cell("->", "green") if chosen else cell(" "),
                cell(verdict.agent, "bold" if chosen else ""),
                verdict.name,
                "yes" if verdict.candidate else "no",
                place if verdict.candidate else NOTHING,
                words,
            )
        )
    return rows


def _show_passed_over(found: "Explanation", *, everything: bool) -> None:
    from callcenter.jobs.wording import before_words, passed_over_words

    show(cell("Who came first while it waited", "bold"))
    count = len(found.passed_over)
    agents = len({one.agent for one in found.passed_over})
    times = "once" if count == 1 else f"{count} times"
    who = f"{found.passed_over[0].agent}" if agents == 1 else f"one of {agents} agents"
    _paragraph(f"{times}, {who} could have taken this call and was rung for another one:".capitalize(), "  ")
    if everything:
        for one in found.passed_over:
            where = f"  {_time(one.at, found)}  "
            _paragraph(f"{one.agent} is rung for {one.other} (queue {one.other_queue}): {before_words(one)}", where)
        return
    for words in passed_over_words(found.passed_over):
        _paragraph(words, "   - ")


def _show_next(outlook: "Outlook", found: "Explanation") -> None:
    from callcenter.jobs.foresight import agents_words, next_words, otherwise_words, where_words
    from callcenter.jobs.wording import duration
    from callcenter.model.contact import ContactState

    show(cell(f"What comes next (as of {_time(outlook.at, found)})", "bold"))
    said = where_words(outlook)
    _paragraph(f"{said}." if outlook.state is ContactState.CONNECTING else f"The call {said}.", "  ")
    for words in agents_words(outlook):
        _paragraph(words, "   - ")
    for at, words in next_words(outlook):
        when = f"in {duration(at - outlook.at)}" if at > outlook.at else "now"
        _paragraph(f"{when}: {words}", f"  {_time(at, found)}  ")
    otherwise = otherwise_words(outlook)
    if otherwise:
        _paragraph(f"{otherwise[0].upper()}{otherwise[1:]}.", "  ")
