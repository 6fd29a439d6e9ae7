"""The command tree. Knows which areas there are; each command lives in the file of its area.

Importing this must stay quick (the help appears in a blink), so nothing heavy is imported outside of a command.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from callcenter.cli import (
    agents,
    apply,
    audit,
    bench,
    call_control,
    callbacks,
    calls,
    campaign,
    campaign_past,
    center,
    compliance,
    conf,
    config,
    customers,
    db,
    demo,
    do_not_call,
    doctor,
    explain,
    flows,
    keeping,
    leads,
    plan,
    privacy,
    queues,
    recordings,
    replay,
    report,
    run,
    simulate,
    supervise,
    tokens,
    top,
    voicemail,
    webhooks,
)
from callcenter.cli.program import Program
from callcenter.cli.site import Site

app = typer.Typer(
    name="callcenter",
    cls=Program,
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


app.command("run")(run.run)
app.command("stop")(center.stop)
app.command("demo")(demo.demo)
app.command("status")(center.status)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("plan")(plan.plan)
app.command("apply")(apply.apply)
app.command("rollback")(apply.rollback)
app.command("replay")(replay.replay)
app.command("top")(top.top)
app.command("audit")(audit.audit)
app.command("bench")(bench.bench)
app.command("simulate")(simulate.simulate)
app.add_typer(calls.app, name="calls")
for _name, _command in call_control.COMMANDS.items():
    calls.app.command(_name)(_command)
app.add_typer(callbacks.app, name="callbacks")
campaign.app.command("report")(campaign_past.report)
campaign.app.command("simulate")(campaign_past.simulate)
app.add_typer(campaign.app, name="campaign")
app.add_typer(customers.app, name="customers")
app.add_typer(privacy.app, name="privacy")
app.add_typer(voicemail.app, name="voicemail")
app.add_typer(compliance.app, name="compliance")
app.add_typer(leads.app, name="leads")
app.add_typer(do_not_call.app, name="do-not-call")
app.add_typer(agents.app, name="agents")
app.add_typer(queues.app, name="queues")
app.add_typer(flows.app, name="flows")
for keep in (keeping.pause, keeping.resume, keeping.hold, keeping.release, keeping.verify, keeping.export):
    recordings.app.command(keep.__name__)(keep)
recordings.app.command("rotate-keys")(keeping.rotate_keys)
app.add_typer(recordings.app, name="recordings")
app.add_typer(tokens.app, name="tokens")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(supervise.app, name="supervise")
app.add_typer(report.app, name="report")
app.add_typer(config.app, name="config")
app.add_typer(conf.app, name="conf")
app.add_typer(db.app, name="db")
