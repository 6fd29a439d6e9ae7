"""`callcenter explain`: who was considered for a call, why that agent, and why not the others.

Knows how to show an explanation; how one is found is in `jobs/explaining`.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import past_contact
from callcenter.cli.screen import NOTHING, Json, cell, clock, emit, say, seconds, show, show_grid, show_pairs, stamp
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.jobs.explaining import Decision, Explanation


def explain(
    context: typer.Context,
    call: Annotated[str, typer.Argument(metavar="CALL", help="Its id, a part of it that is unambiguous, or `last`.")],
    json: Json = False,
) -> None:
    """Say what happened to a call and, for each time it was offered: who was considered, and why not the others."""
    found, record = asyncio.run(_explained(site_of(context), call))
    if json:
        emit(_document(found, record))
    else:
        _show(found, record)


async def _explained(site: Site, call: str) -> tuple["Explanation", dict[str, Any]]:
    from callcenter.jobs.explaining import explain as explained
    from callcenter.postgres.reader import JournalReader
    from callcenter.postgres.reports import Reports
    from callcenter.postgres.snapshots import Snapshots

    configuration = site.configuration()
    async with site.database() as pool:
        contact = await past_contact(pool, call)
        found = await explained(configuration, JournalReader(pool), Snapshots(pool), contact, _progress())
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


def _document(found: "Explanation", record: dict[str, Any]) -> dict[str, object]:
    return {
        "call": found.contact,
        "caller": record["caller"],
        "caller_name": record["caller_name"],
        "dialled": record["dialled"],
        "end_reason": record["end_reason"],
        "agent": record["agent"],
        "why": record["why"],
        "steps": [
            {
                "at": stamp(step.at),
                "kind": step.kind,
                "words": step.words,
                "agent": step.agent or None,
                "queue": step.queue or None,
            }
            for step in found.steps
        ],
        "decisions": [_decision(decision) for decision in found.decisions],
    }


def _decision(decision: "Decision") -> dict[str, object]:
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
            {"agent": verdict.agent, "name": verdict.name, "words": verdict.words}
            for verdict in decision.verdicts
            if not verdict.candidate
        ],
        "caveat": decision.caveat,
    }


# -- for people --------------------------------------------------------------------------------------------------------


def _show(found: "Explanation", record: dict[str, Any]) -> None:
    name = record["caller_name"]
    show_pairs(
        {
            "call": found.contact,
            "caller": record["caller"] + (f" ({name})" if name and name != record["caller"] else ""),
            "dialled": record["dialled"],
            "agent": record["agent"],
        }
    )
    say()
    show(cell("What happened", "bold"))
    for step in found.steps:
        show(cell(f"  {clock(step.at)}  {step.words}"))
    for at, decision in enumerate(found.decisions, start=1):
        say()
        _show_decision(at, decision)


def _show_decision(at: int, decision: "Decision") -> None:
    who = ", ".join(decision.chosen) or "nobody"
    show(cell(f"Decision {at}: {clock(decision.at)}, queue {decision.queue}, offered to {who}", "bold"))
    asked = decision.needs or "any agent"
    say(f"  strategy {decision.strategy}, asks for: {asked}")
    for why in dict.fromkeys(decision.why):
        say(f"  why: {why}")
    if not decision.chosen:
        say("  nobody who could serve this call was free: it waits")
    if decision.caveat:
        say(f"  note: {decision.caveat}")
    heads = ("", "agent!", "name", "considered!", "place>", "why")
    show_grid(heads, _rows(decision), empty="  there are no agents in the directory")


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
