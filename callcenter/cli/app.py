"""The command tree. Knows which commands there are and where; each lives in the file of its area.

Importing this must stay quick (the help appears in a blink): no command is imported here, see `callcenter.cli.tree`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from callcenter.cli.program import Program
from callcenter.cli.site import Site
from callcenter.cli.tree import Place

PLACES: Final[Mapping[str, Place]] = {
    "run": Place(at="run:run", says="Start the call center and stay until Ctrl-C, SIGTERM or `callcenter stop`."),
    "stop": Place(at="center:stop", says="End the running call center in order: calls are ended and written down."),
    "demo": Place(
        at="demo:demo",
        says="Start a call center of its own, let thirteen people call it, show what happens and what is on record.",
    ),
    "status": Place(
        at="center:status", says="One screen: is it well, who calls, who works. Exit code 1 if something is wrong."
    ),
    "doctor": Place(
        at="doctor:doctor",
        says="Look at everything: settings, folders, Postgres, Asterisk, voices, ports, clock. "
        "1 if something is wrong.",
    ),
    "explain": Place(
        at="explain:explain",
        says="Say what happened to a call, why these agents and not the others, and for a live one what comes next.",
    ),
    "plan": Place(
        at="plan:plan",
        says="Show what an edit changes, check it, and foretell what it does to the calls. "
        "Exit code 1 if it cannot be used.",
    ),
    "apply": Place(
        at="apply:apply",
        says="Make the edited configuration live without a restart. With an error in it nothing changes.",
    ),
    "rollback": Place(
        at="apply:rollback", says="Make an older version live again, as a new version. The folder stays as it is."
    ),
    "replay": Place(
        at="replay:replay",
        says="Tell the journal again and see that it comes out alike; "
        "or let its calls, or a table's, meet other rules.",
    ),
    "top": Place(
        at="top:top",
        says="Watch the center live. Keys: q ends, p stops the clock, a shows all agents, 1 2 3 0 choose a table.",
    ),
    "audit": Place(at="audit:audit", says="List what was asked of the center by programs and people, newest first."),
    "bench": Place(
        at="bench:bench",
        says="Run a benchmark: a table, and as the last line one JSON object. "
        "Exit code 0 whether or not targets are met.",
    ),
    "simulate": Place(
        at="simulate:simulate",
        says="Run a call center on paper through the real routing: "
        "service level, waits, abandonment, occupancy, each with its\n95 % confidence interval.",
    ),
    "calls": Place(at="calls:app", says="Calls: those that are up now, and those of the past."),
    "callbacks": Place(at="callbacks:app", says="Customers who are to be called back."),
    "campaign": Place(at="campaign:app", says="Calling people, list by list."),
    "customers": Place(at="customers:app", says="Customers, and their calls."),
    "privacy": Place(at="privacy:app", says="What is kept of one person: to be given out, or erased."),
    "voicemail": Place(at="voicemail:app", says="Messages that callers left and agents hear."),
    "compliance": Place(at="compliance:app", says="The law of calling people, and the proof of it."),
    "leads": Place(at="leads:app", says="Lists of people to call."),
    "do-not-call": Place(at="do_not_call:app", says="Who will not be called, and what people agreed to."),
    "agents": Place(at="agents:app", says="The people who take calls."),
    "queues": Place(at="queues:app", says="Where callers wait."),
    "flows": Place(at="flows:app", says="What callers hear and choose (IVR)."),
    "recordings": Place(at="recordings:app", says="What was recorded."),
    "tokens": Place(at="tokens:app", says="Who may use the API."),
    "webhooks": Place(at="webhooks:app", says="Programs that are told of what happens."),
    "supervise": Place(at="supervise:app", says="Listen, whisper, barge; move and pick calls."),
    "report": Place(at="report:app", says="What happened, in figures."),
    "config": Place(at="config:app", says="The versions of the configuration."),
    "conf": Place(at="conf:app", says="Asterisk's configuration files."),
    "db": Place(at="db:app", says="The database."),
}


class CallCenter(Program):
    """The program with these commands."""

    places = PLACES


app = typer.Typer(
    name="callcenter",
    cls=CallCenter,
    help="An open-source call center on Asterisk.",
    epilog="docs/cli.md describes every command, its JSON and its exit codes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback()
def root(
    context: typer.Context,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="FILE", help="The settings; else $CALLCENTER_SETTINGS, else callcenter.toml here."
        ),
    ] = None,
) -> None:
    """An open-source call center on Asterisk."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a name gets a question mark, not a crash
    if context.find_object(Site) is None:
        context.obj = Site(settings)
