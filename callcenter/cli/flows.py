"""`callcenter flows`: which there are, whether they can be used, rehearsals, and pictures."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.apply import looked_through
from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.flow_steps import show_steps
from callcenter.cli.picture_file import OTHERS, PNG, SVG, check_picture, write_picture
from callcenter.cli.screen import Json, emit, plain, say, seconds, show_grid, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import moment

if TYPE_CHECKING:
    from callcenter.errors import Problem
    from callcenter.model.configuration import Configuration
    from callcenter.sim.course import Course

app = typer.Typer(name="flows", help="What callers hear and choose (IVR).", no_args_is_help=True)

FLOW_HEADS: Final = ("flow!", "steps>", "starts at", "language", "numbers")


class Form(StrEnum):
    """How a flow is drawn."""

    TEXT = "text"
    SVG = "svg"
    PNG = "png"
    MERMAID = "mermaid"


FORMS: Final = {SVG: Form.SVG, PNG: Form.PNG, ".mmd": Form.MERMAID, ".mermaid": Form.MERMAID}
"""By the end of a file's name; any other is text."""


@app.command("list")
def list_flows(context: typer.Context, json: Json = False) -> None:
    """List the flows and the numbers that lead to them."""
    configuration = site_of(context).configuration()
    flows = [
        {
            "flow": name,
            "steps": len(flow.nodes),
            "start": flow.start,
            "language": flow.language,
            "numbers": sorted(number for number, target in configuration.numbers.items() if target == name),
            "default": configuration.default_flow == name,
        }
        for name, flow in sorted(configuration.flows.items())
    ]
    if json:
        emit({"flows": flows})
        return
    rows = [
        (
            name,
            len(flow.nodes),
            flow.start,
            flow.language,
            ", ".join(_numbers(configuration, name)),
        )
        for name, flow in sorted(configuration.flows.items())
    ]
    show_grid(FLOW_HEADS, rows, empty="no flow is configured")


@app.command("check")
def check(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Else config_folder of the settings.")
    ] = None,
    json: Json = False,
) -> None:
    """Check the whole folder of configuration; each problem is told with file, line and column."""
    site = site_of(context)
    where = folder if folder is not None else site.settings.config_folder
    found_in = looked_through(site, where)
    problems, remarks = found_in.problems, found_in.remarks
    if json:
        found = [_problem(problem) for problem in problems]
        emit({"folder": str(where), "problems": found, "remarks": [_problem(remark) for remark in remarks]})
    else:
        for remark in remarks:
            print(plain(f"remark: {remark}"))  # noqa: T201 (as below)
        for problem in problems:
            print(plain(str(problem)))  # noqa: T201 (one line each, however wide the terminal: editors read them)
        count = len(problems)
        say(f"{where}: {count} {'problem' if count == 1 else 'problems'}" if problems else f"{where} can be used")
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


@app.command("test")
def rehearsals(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="[FOLDER|FLOW]", help="A folder whose cases are played (else config_folder), or a flow to walk."
        ),
    ] = "",
    only: Annotated[str, typer.Option("--only", metavar="NAME", help="Cases whose file/name contains this.")] = "",
    coverage: Annotated[bool, typer.Option("--coverage", help="Which nodes and exits no case has reached.")] = False,
    coverage_min: Annotated[
        float,
        typer.Option("--coverage-min", metavar="PERCENT", help="Exit with 1 if less is reached.", min=0, max=100),
    ] = 0.0,
    keys: Annotated[
        str, typer.Option("--keys", help="Of a walk: keys in the order in which they are asked for, - for silence.")
    ] = "",
    caller: Annotated[str, typer.Option("--caller", help="Of a walk: the caller's number.")] = "0900000000",
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Of a walk: when the call comes: now, '2026-01-31 14:00'.")
    ] = "now",
    nobody: Annotated[bool, typer.Option("--nobody", help="Of a walk: as if no agent were at work.")] = False,
    expect: Annotated[
        str, typer.Option("--expect", help="Of a walk: exit with 1 unless the call ends so, such as 'queue sales'.")
    ] = "",
    json: Json = False,
) -> None:
    """Play the declared cases of flows/tests, or walk one call through a FLOW; no phone and no Asterisk is needed."""
    from callcenter.cli.flow_cases import Wanted, play_cases, show_cases

    site = site_of(context)
    if what and not Path(what).is_dir():
        _walk(site, what, keys=keys, caller=caller, at=moment(at, time.time()), nobody=nobody, expect=expect, json=json)
        return
    folder = Path(what) if what else site.settings.config_folder
    wanted = Wanted(folder=folder, only=only, coverage=coverage or coverage_min > 0, coverage_min=coverage_min / 100)
    played = play_cases(wanted)
    if json:
        emit(played.document())
    else:
        show_cases(played)
    if not played.well:
        raise typer.Exit(Exit.PROBLEMS)


def _walk(site: Site, what: str, *, keys: str, caller: str, at: float, nobody: bool, expect: str, json: bool) -> None:
    """One call, told step by step."""
    from callcenter.model.ids import FlowName
    from callcenter.model.rehearsal import Case, Colleagues, Keys
    from callcenter.sim.rehearsal import rehearse

    configuration = site.configuration()
    if configuration.numbers.get(what, what) not in configuration.flows:
        known = ", ".join(sorted(configuration.flows))
        raise Failure(Exit.NOT_FOUND, f"there is no flow {what}, and no folder", remedy=f"there are: {known}")
    bad = sorted(set(keys.upper()) - set("0123456789*#ABCD-"))
    if bad:
        raise typer.BadParameter(f"{''.join(bad)!r}: keys are 0-9 * # A-D, and - for silence", param_hint="--keys")
    number = what in configuration.numbers
    case = Case(
        dial=what if number else "",
        flow=None if number else FlowName(what),
        keys=Keys(keys.upper()),
        caller=caller,
        agents=Colleagues.NONE if nobody else Colleagues.BUSY,
    )
    found = rehearse(configuration, case, at)
    met = not expect or found.outcome == expect
    if json:
        emit({**_walk_document(found), "expected": expect or None, "met": met})
    else:
        show_steps(found)
        say(f"outcome: {found.outcome}")
        if found.left_over:
            warn(f"keys that nobody asked for: {_keys_left(found)}")
        if not met:
            warn(f"expected: {expect}")
    if not met:
        raise typer.Exit(Exit.PROBLEMS)


@app.command("draw")
def draw(
    context: typer.Context,
    flow: Annotated[str, typer.Argument(metavar="[FLOW]", help="One flow; else all of them, and the queues.")] = "",
    form: Annotated[Form, typer.Option("--format", help="text for a terminal, svg, png, or mermaid.")] = Form.TEXT,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write here: .svg, .png or .mmd as it is named."),
    ] = None,
    json: Json = False,
) -> None:
    """Draw a flow, or all of them with the queues between them."""
    from callcenter.drawing import graph_of, mermaid, svg, tree

    configuration = site_of(context).configuration()
    if flow and flow not in configuration.flows:
        known = ", ".join(sorted(configuration.flows))
        raise Failure(Exit.NOT_FOUND, f"there is no flow {flow}", remedy=f"there are: {known}")
    if output is not None and form is Form.TEXT:
        form = FORMS.get(output.suffix.lower(), form)
    if form is Form.PNG and (output is None or output.suffix.lower() != PNG):
        raise Failure(Exit.USAGE, "a PNG is written into a file", remedy=f"--output {flow or 'flows'}{PNG}")
    graph = graph_of(configuration, flow)
    picture = {Form.TEXT: tree, Form.SVG: svg, Form.PNG: svg, Form.MERMAID: mermaid}[form](graph)
    if output is not None and (form is Form.PNG or output.suffix.lower() in OTHERS):
        check_picture(output)
        write_picture(output, picture)
    elif output is not None:
        with named_by_user(output):
            output.write_text(picture, encoding="utf-8")
    if json:
        emit(graph.document())
    elif output is None:
        print(picture, end="")  # noqa: T201 (a picture for a pipe or a terminal, as it is)
    else:
        say(f"{output}: {len(graph.nodes)} nodes, {len(graph.edges)} ways")


def _numbers(configuration: "Configuration", flow: str) -> list[str]:
    numbers = sorted(number for number, target in configuration.numbers.items() if target == flow)
    return [*numbers, "any other number"] if configuration.default_flow == flow else numbers


def _problem(problem: "Problem") -> dict[str, str]:
    return {"where": problem.where, "what": problem.what, "remedy": problem.remedy}


def _walk_document(found: "Course") -> dict[str, object]:
    return {
        "flow": found.flow,
        "at": stamp(found.at),
        "steps": [
            {"after_s": seconds(step.after_s), "kind": step.kind, "node": step.node or None, "words": step.words}
            for step in found.steps
        ],
        "outcome": found.outcome,
        "keys_left": _keys_left(found),
    }


def _keys_left(found: "Course") -> str:
    return "".join(act.press for act in found.left_over)
