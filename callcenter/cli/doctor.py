"""`callcenter doctor`: everything a call center stands on, looked at, with remedies. Changes nothing."""

import asyncio
from typing import TYPE_CHECKING

import typer

from callcenter.cli.conf import finding_document, show_findings
from callcenter.cli.exits import Exit
from callcenter.cli.screen import Json, emit, say
from callcenter.cli.site import quiet_logs, site_of

if TYPE_CHECKING:
    from callcenter.asterisk.conf_check import Finding


def doctor(context: typer.Context, json: Json = False) -> None:
    """Look at everything: settings, folders, Postgres, Asterisk, voices, ports, clock. 1 if something is wrong."""
    quiet_logs()
    from callcenter.cli.checks import examine

    findings = asyncio.run(examine(site_of(context)))
    wrong, doubtful = _count(findings, "wrong"), _count(findings, "warning")
    if json:
        emit({"well": not wrong, "findings": [finding_document(one) for one in findings]})
    else:
        show_findings(findings)
        say()
        say("all is well" if not wrong and not doubtful else f"{wrong} wrong, {doubtful} to look at")
    if wrong:
        raise typer.Exit(Exit.PROBLEMS)


def _count(findings: "list[Finding]", verdict: str) -> int:
    return sum(one.verdict.value == verdict for one in findings)
