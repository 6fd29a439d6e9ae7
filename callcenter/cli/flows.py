"""`callcenter flows`: which there are, whether the configuration can be used, and a call through one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, cell, emit, plain, say, seconds, show, show_grid, stamp, warn
from callcenter.cli.site import site_of
from callcenter.cli.times import moment

if TYPE_CHECKING:
    from callcenter.cli.flow_walk import Walk
    from callcenter.errors import Problem
    from callcenter.model.configuration import Configuration

app = typer.Typer(name="flows", help="What callers hear and choose (IVR).", no_args_is_help=True)

FLOW_HEADS: Final = ("flow!", "steps>", "starts at", "language", "numbers")


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
    from callcenter.config.folder import check_configuration

    where = folder if folder is not None else site_of(context).settings.config_folder
    problems = check_configuration(where)
    if json:
        emit({"folder": str(where), "problems": [_problem(problem) for problem in problems]})
    else:
        for problem in problems:
            print(plain(str(problem)))  # noqa: T201 (one line each, however wide the terminal: editors read them)
        count = len(problems)
        say(f"{where}: {count} {'problem' if count == 1 else 'problems'}" if problems else f"{where} can be used")
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


@app.command("test")
def walk_flow(
    context: typer.Context,
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="Its name, or a number that leads to it.")],
    keys: Annotated[
        str, typer.Option("--keys", help="Keys in the order in which they are asked for: 0-9 * # A-D, - for silence.")
    ] = "",
    caller: Annotated[str, typer.Option("--caller", help="The caller's number.")] = "0900000000",
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When the call comes: now, 20:30, '2026-01-31 14:00'.")
    ] = "now",
    nobody: Annotated[bool, typer.Option("--nobody", help="As if no agent were at work.")] = False,
    expect: Annotated[
        str, typer.Option("--expect", help="Exit with 1 unless the call ends so, such as 'queue sales'.")
    ] = "",
    json: Json = False,
) -> None:
    """Walk a call through a flow without a phone: what it says, where each key leads, where it ends."""
    from callcenter.cli.flow_walk import walk
    from callcenter.model.ids import FlowName

    configuration = site_of(context).configuration()
    name = configuration.numbers.get(flow, FlowName(flow))
    if name not in configuration.flows:
        known = ", ".join(sorted(configuration.flows))
        raise Failure(Exit.NOT_FOUND, f"there is no flow {flow}", remedy=f"there are: {known}")
    bad = sorted(set(keys.upper()) - set("0123456789*#ABCD-"))
    if bad:
        raise typer.BadParameter(f"{''.join(bad)!r}: keys are 0-9 * # A-D, and - for silence", param_hint="--keys")
    found = walk(
        configuration,
        name,
        keys=keys.upper(),
        caller=caller,
        dialled=flow if flow in configuration.numbers else "",
        at=moment(at, time.time()),
        staffed=not nobody,
    )
    met = not expect or found.outcome == expect
    if json:
        emit({**_walk_document(found), "expected": expect or None, "met": met})
    else:
        _show_walk(found)
        if not met:
            warn(f"expected: {expect}")
    if not met:
        raise typer.Exit(Exit.PROBLEMS)


def _numbers(configuration: "Configuration", flow: str) -> list[str]:
    numbers = sorted(number for number, target in configuration.numbers.items() if target == flow)
    return [*numbers, "any other number"] if configuration.default_flow == flow else numbers


def _problem(problem: "Problem") -> dict[str, str]:
    return {"where": problem.where, "what": problem.what, "remedy": problem.remedy}


def _walk_document(found: "Walk") -> dict[str, object]:
    return {
        "flow": found.flow,
        "at": stamp(found.at),
        "steps": [
            {"after_s": seconds(step.after_s), "kind": step.kind, "node": step.node or None, "words": step.words}
            for step in found.steps
        ],
        "outcome": found.outcome,
        "keys_left": found.keys_left,
    }


def _show_walk(found: "Walk") -> None:
    for step in found.steps:
        indent = "" if step.kind == "node" else "    "
        show(cell(f"{step.after_s:6.1f} s  {indent}{step.words}", "bold" if step.kind == "node" else ""))
    say(f"outcome: {found.outcome}")
    if found.keys_left:
        warn(f"keys that nobody asked for: {found.keys_left}")
