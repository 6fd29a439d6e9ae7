"""`callcenter flows test`: the declared cases, played and judged. Knows how to show it."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.flow_steps import show_steps
from callcenter.cli.screen import cell, say, seconds, share, show, show_grid
from callcenter.config.cases import WrittenCase, load_cases
from callcenter.config.folder import TESTS, load_configuration
from callcenter.sim.course import Course
from callcenter.sim.coverage import FlowCoverage, coverage
from callcenter.sim.coverage import share as share_of
from callcenter.sim.rehearsal import rehearse
from callcenter.sim.verdict import Mismatch, mismatches

HEADS: Final = ("flow!", "nodes>", "exits>", "reached>", "not reached")
SIGNS: Final = {" ": "", "-": "red", "+": "green"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. `coverage_min` is a share, 0..1."""

    folder: Path
    only: str = ""
    coverage: bool = False
    coverage_min: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedCase:
    """One case, what happened, and in what that differs from what was expected."""

    written: WrittenCase
    course: Course
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """All cases. `coverage` is None unless it was asked for."""

    wanted: Wanted
    cases: tuple[PlayedCase, ...]
    took_s: float
    coverage: tuple[FlowCoverage, ...] | None = None

    @property
    def failed(self) -> list[PlayedCase]:
        """Those that differ."""
        return [played for played in self.cases if played.mismatches]

    @property
    def well(self) -> bool:
        """Whether every case came out as expected, and enough was reached."""
        return not self.failed and share_of(self.coverage or ()) >= self.wanted.coverage_min

    def document(self) -> dict[str, object]:
        """For programs."""
        found = self.coverage
        return {
            "folder": str(self.wanted.folder),
            "cases": [_case(played) for played in self.cases],
            "failed": len(self.failed),
            "coverage": None
            if found is None
            else {"share": round(share_of(found), 4), "flows": [_coverage(one) for one in found]},
        }


def play_cases(wanted: Wanted) -> Played:
    """Play them. Raises ConfigurationError, or Failure if there are none."""
    configuration = load_configuration(wanted.folder)
    there = load_cases(wanted.folder, configuration)
    chosen = [written for written in there if wanted.only in written.name]
    if not chosen:
        what = f"no case is called like {wanted.only!r}" if there else f"there are no cases in {wanted.folder / TESTS}"
        raise Failure(Exit.NOT_FOUND, what, remedy="docs/flows.md says how one is written")
    began = time.perf_counter()
    played = tuple(_play(written, rehearse(configuration, written.case, written.at)) for written in chosen)
    took_s = time.perf_counter() - began
    reached = tuple(coverage(configuration, [one.course for one in played])) if wanted.coverage else None
    return Played(wanted=wanted, cases=played, took_s=took_s, coverage=reached)


def _play(written: WrittenCase, course: Course) -> PlayedCase:
    return PlayedCase(written=written, course=course, mismatches=tuple(mismatches(written.case, course)))


# -- for programs ------------------------------------------------------------------------------------------------------


def _case(played: PlayedCase) -> dict[str, object]:
    return {
        "case": played.written.name,
        "where": played.written.place(),
        "ok": not played.mismatches,
        "outcome": played.course.outcome,
        "mismatches": [
            {
                "where": played.written.place(one.at),
                "what": one.what,
                "expected": [line.text for line in one.lines if line.sign in " -"],
                "happened": [line.text for line in one.lines if line.sign in " +"],
            }
            for one in played.mismatches
        ],
        "steps": [
            {"after_s": seconds(step.after_s), "kind": step.kind, "node": step.node or None, "words": step.words}
            for step in played.course.steps
        ],
    }


def _coverage(one: FlowCoverage) -> dict[str, object]:
    return {
        "flow": one.flow,
        "nodes": one.nodes,
        "exits": one.exits,
        "share": round(one.share, 4),
        "nodes_left": list(one.nodes_left),
        "exits_left": list(one.exits_left),
    }


# -- for people --------------------------------------------------------------------------------------------------------


def show_cases(played: Played) -> None:
    """A line per case, and everything about those that failed."""
    width = max(len(one.written.name) for one in played.cases)
    for one in played.cases:
        verdict = cell("FAILED" if one.mismatches else "ok    ", "bold red" if one.mismatches else "green")
        show(verdict.append(f"  {one.written.name:<{width}}  {one.course.outcome}", style="default"))
    for one in played.failed:
        say()
        _show_failed(one)
    if played.coverage is not None:
        say()
        _show_coverage(played.coverage)
    say()
    failed = len(played.failed)
    end = f"{failed} failed" if failed else "all as expected"
    say(f"{len(played.cases)} {'case' if len(played.cases) == 1 else 'cases'}, {end}, {1000 * played.took_s:.0f} ms")
    if played.coverage is not None and share_of(played.coverage) < played.wanted.coverage_min:
        say(f"reached {share(share_of(played.coverage))}, at least {share(played.wanted.coverage_min)} is wanted")


def _show_failed(one: PlayedCase) -> None:
    show(cell(f"{one.written.name}  ({one.written.place()})", "bold"))
    for mismatch in one.mismatches:
        show(cell(f"  {one.written.place(mismatch.at)}: {mismatch.what}"))
        for line in mismatch.lines:
            note = {"-": "   <- expected", "+": "   <- happened"}.get(line.sign, "")
            show(cell(f"    {line.sign} {line.text}", SIGNS[line.sign]).append(note, style="dim"))
    show(cell("  what happened:"))
    show_steps(one.course, "  ")


def _show_coverage(found: tuple[FlowCoverage, ...]) -> None:
    rows = [
        (
            one.flow,
            f"{one.nodes - len(one.nodes_left)}/{one.nodes}",
            f"{one.exits - len(one.exits_left)}/{one.exits}",
            share(one.share),
            ", ".join((*one.nodes_left, *one.exits_left)),
        )
        for one in found
    ]
    show_grid(HEADS, rows)
    say(f"reached {share(share_of(found))} of all nodes and exits")
