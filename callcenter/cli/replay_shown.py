"""What `callcenter replay` shows: whether entries came out alike, figures of runs, calls that came out otherwise.

Knows tables and documents; asks nobody.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callcenter.cli.exits import named_by_user
from callcenter.cli.screen import NOTHING, cell, clock, emit, length, say, seconds, share, show, show_grid, stamp

if TYPE_CHECKING:
    from callcenter.jobs.replaying import Difference, Replay
    from callcenter.sim.replay.comparison import CallDifference, Ended, Figures
    from callcenter.sim.replay.recorded import Recorded
    from callcenter.sim.replay.table import RowProblem, Table

PROBLEMS_SHOWN: Final = 10
HEADS: Final = (
    "queue!",
    "",
    "calls>",
    "served>",
    "gave up>",
    "other>",
    "service level>",
    "ASA>",
    "wait>",
    "occupancy>",
)


def tell_exactly(found: "Replay", *, json: bool) -> None:
    """Whether every entry came out as it was written down, or the first that did not."""
    from callcenter.boot.recovery import build_id

    difference, build = found.difference, build_id()
    if json:
        emit(
            {
                "first": found.first,
                "last": found.last,
                "entries": found.entries,
                "calls": found.contacts,
                "since": stamp(found.began),
                "until": stamp(found.ended),
                "took_s": seconds(found.took_s),
                "versions": list(found.versions),
                "snapshot": found.snapshot,
                "passed_over": found.passed_over,
                "alike": difference is None,
                "difference": None if difference is None else _difference_document(difference, build),
            }
        )
        return
    per_s = found.entries / found.took_s if found.took_s else 0.0
    say(
        f"entries {found.first} to {found.last}: {found.entries} told again, {found.contacts} calls, "
        f"{clock(found.began)} to {clock(found.ended)}"
    )
    say(f"took {found.took_s:.2f} s: {per_s:,.0f} entries/s; versions {', '.join(map(str, found.versions)) or NOTHING}")
    if found.passed_over:
        say(f"{found.passed_over} entries were passed over: somebody was erased of what led to them")
    if difference is None:
        show(cell("every entry came out as it was written down", "green"))
        return
    show(cell(f"entry {difference.entry.seq} came out otherwise:", "bold red"))
    if difference.build != build:
        say(f"it was recorded by build {difference.build or 'unknown'}, and this is build {build}")
    for entry in difference.before:
        say(f"  {entry.seq:>8}  {clock(entry.at)}  {type(entry.event).__name__}, {len(entry.outputs)} answers")
    say(f"  {difference.entry.seq:>8}  {clock(difference.entry.at)}  {difference.entry.event}")
    if difference.problem:
        say(f"           it could not be told: {difference.problem}")
        return
    for sign, style, these, others in (
        ("-", "red", difference.entry.outputs, difference.answered),
        ("+", "green", difference.answered, difference.entry.outputs),
    ):
        for output in these:
            if output not in others:
                show(cell(f"           {sign} {output}", style))


def _difference_document(difference: "Difference", build: str) -> dict[str, object]:
    return {
        "entry": difference.entry.seq,
        "at": stamp(difference.entry.at),
        "event": type(difference.entry.event).__name__,
        "written": [str(one) for one in difference.entry.outputs],
        "answered": [str(one) for one in difference.answered],
        "problem": difference.problem or None,
        "build": difference.build,
        "this_build": build,
    }


def tell_runs(
    recorded: "Recorded",
    runs: "Mapping[str, Mapping[str, Figures]]",
    found: "Sequence[CallDifference]",
    remarks: Sequence[str],
    took_s: float,
    top: int,
    *,
    json: bool,
    table: "Table | None" = None,
) -> None:
    """Figures per queue and run, and the calls that came out otherwise."""
    if json:
        emit(
            {
                "calls": len(recorded.calls),
                "agents": len({call.agent for call in recorded.calls if call.agent}),
                "since": stamp(recorded.start),
                "until": stamp(recorded.end),
                "took_s": seconds(took_s),
                "remarks": list(remarks),
                "lines_with_faults": [] if table is None else [_row(one) for one in table.problems],
                "runs": {
                    name: [{"queue": queue or None, **figures_document(one)} for queue, one in figures.items()]
                    for name, figures in runs.items()
                },
                "different": len(found),
                "differences": [_call(one) for one in found[:top]],
            }
        )
        return
    for problem in table.problems[:PROBLEMS_SHOWN] if table is not None else ():
        column = f"{problem.column}: " if problem.column else ""  # else the line as a whole
        say(f"line {problem.line}: {column}{problem.what}")
    if table is not None and len(table.problems) > PROBLEMS_SHOWN:
        say(f"and {len(table.problems) - PROBLEMS_SHOWN} more (--json has them all)")
    for remark in remarks:
        say(remark)
    days = (recorded.end - recorded.start) / 86_400
    per_s = len(recorded.calls) * (len(runs) - 1) / took_s if took_s else 0.0
    say(f"{len(recorded.calls)} calls of {days:.1f} days replayed in {took_s:.1f} s: {per_s:,.0f} calls/s")
    say()
    queues = list(dict.fromkeys(queue for figures in runs.values() for queue in figures))
    rows = [
        (queue or "all" if first else cell(" "), name, *_figures(runs[name][queue]))
        for queue in queues
        for first, name in ((at == 0, name) for at, name in enumerate(one for one in runs if queue in runs[one]))
    ]
    show_grid(HEADS, rows)
    if top and found:
        say()
        heads = ("call!", "came!", "queue!", "was", "wait>", "agent", "is", "wait>", "agent")
        show(cell(f"{len(found)} calls came out otherwise", "bold"))
        show_grid(heads, [_call_row(one) for one in found[:top]])


def figures_document(one: "Figures") -> dict[str, object]:
    """Figures for programs."""
    return {
        "calls": one.offered,
        "served": one.served,
        "abandoned": one.abandoned,
        "other": one.other,
        "service_level": one.service_level,
        "asa_s": seconds(one.asa_s),
        "wait_s": seconds(one.mean_wait_s),
        "abandonment": one.abandonment,
        "occupancy": one.occupancy,
    }


def _figures(one: "Figures") -> tuple[object, ...]:
    return (
        one.offered,
        one.served,
        one.abandoned,
        one.other,
        share(one.service_level),
        length(one.asa_s),
        length(one.mean_wait_s),
        share(one.occupancy),
    )


def _row(one: "RowProblem") -> dict[str, object]:
    return {"line": one.line, "column": one.column, "what": one.what}


def _call(one: "CallDifference") -> dict[str, object]:
    return {
        "call": one.call.id,
        "at": stamp(one.call.at),
        "queue": one.call.queue,
        "was": _ended_document(one.before),
        "is": _ended_document(one.after),
    }


def _ended_document(one: "Ended | None") -> dict[str, object] | None:
    return None if one is None else {"fate": one.fate.value, "wait_s": seconds(one.wait_s), "agent": one.agent or None}


def _call_row(one: "CallDifference") -> tuple[object, ...]:
    return (one.call.id, clock(one.call.at), one.call.queue, *_ended(one.before), *_ended(one.after))


def _ended(one: "Ended | None") -> tuple[object, ...]:
    return ("no queue", "", "") if one is None else (one.fate.value, length(one.wait_s), one.agent)


def write_csv(path: Path, found: "Sequence[CallDifference]") -> None:
    """Every call that came out otherwise, into a file."""
    from callcenter.sim.replay.comparison import rows_of_csv

    with named_by_user(path), path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows_of_csv(found))


def row_words(table: "Table") -> str:
    count = len(table.problems)
    words = (
        f"{table.lines} lines: {len(table.recorded.calls)} calls, {table.ignored} to be ignored, {count} with faults"
    )
    if table.unattended:
        words += f"; {table.unattended} answered calls name no agent"
    return words
