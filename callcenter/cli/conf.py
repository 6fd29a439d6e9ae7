"""`callcenter conf`: write Asterisk's configuration, and ask a running Asterisk about its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, cell, emit, say, show
from callcenter.cli.site import Site, quiet_logs, site_of

if TYPE_CHECKING:
    from callcenter.asterisk.ami import AmiLink
    from callcenter.asterisk.ari import Ari
    from callcenter.asterisk.conf_check import Finding
    from callcenter.asterisk.conf_values import ConfValues
    from callcenter.postgres.directory import PhoneAccount

app = typer.Typer(name="conf", help="Asterisk's configuration files.", no_args_is_help=True)

COLOURS = {"good": "green", "warning": "yellow", "wrong": "red"}


@app.command("render")
def render(
    context: typer.Context,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Asterisk's etc folder; else asterisk.conf_folder.")
    ] = None,
    generated_only: Annotated[
        bool,
        typer.Option("--generated-only", help="Only the folder callcenter/, for an Asterisk with files of its own."),
    ] = False,
    json: Json = False,
) -> None:
    """Write the configuration for Asterisk from asterisk-conf/, the settings and the agents' phones."""
    site = site_of(context)
    settings = site.settings
    folder = into or settings.asterisk.conf_folder or settings.var_folder / "asterisk" / "etc"
    values = conf_values(site, asyncio.run(_accounts(site)))
    from callcenter.asterisk.conf import render as rendered
    from callcenter.asterisk.conf import render_generated
    from callcenter.boot.parts import conf_templates

    changed = (render_generated if generated_only else rendered)(values, conf_templates(), folder)
    if json:
        emit({"folder": str(folder), "changed": [str(path.relative_to(folder)) for path in changed]})
        return
    for path in changed:
        say(f"written: {path}")
    say(
        f"{len(changed)} files changed in {folder}"
        + ("; reload Asterisk: asterisk -rx 'core reload'" if changed else "")
    )


@app.command("check")
def check(context: typer.Context, json: Json = False) -> None:
    """Ask the running Asterisk whether it is configured as the call center needs it. 1 if something is wrong."""
    findings = asyncio.run(asterisk_findings(site_of(context)))
    if json:
        emit({"findings": [finding_document(one) for one in findings]})
    else:
        show_findings(findings)
    if any(one.verdict.value == "wrong" for one in findings):
        raise typer.Exit(Exit.PROBLEMS)


def show_findings(findings: "list[Finding]") -> None:
    """Findings for people, the remedy on a line of its own."""
    for one in findings:
        verdict = one.verdict.value
        line = cell(f"{verdict:9}", COLOURS[verdict])
        line.append_text(cell(f"{one.subject}: {one.what}"))
        show(line)
        if one.remedy:
            show(cell(f"{'':9}-> {one.remedy}"))


def finding_document(one: "Finding") -> dict[str, str]:
    """A finding for programs."""
    return {"about": one.subject, "verdict": one.verdict.value, "what": one.what, "remedy": one.remedy}


def conf_values(site: Site, accounts: "tuple[PhoneAccount, ...]" = ()) -> "ConfValues":
    """What Asterisk's files are filled with, with the ports that the call center remembers: none is picked anew."""
    from callcenter.boot.parts import conf_values as values_of
    from callcenter.embedded.ports import Kind, PortBook

    class Remembered(PortBook):
        """A running call center holds its ports, so that one is in use is no reason for another."""

        def pick(
            self,
            name: str,
            kind: Kind = Kind.TCP,
            *,
            size: int = 1,
            preferred: int | None = None,
            held: bool = False,
            taken_max: int = 0,
        ) -> int:
            return super().pick(name, kind, size=size, preferred=preferred, held=True, taken_max=taken_max)

    return values_of(site.settings, Remembered(site.ports_file), accounts, None, held=True)


def asterisk_known(site: Site) -> bool:
    """Whether it is known where Asterisk is: from the settings, or because the call center has started one before."""
    asterisk = site.settings.asterisk
    return bool(asterisk.http_port and asterisk.ami_port) or site.ports_file.is_file()


async def asterisk_findings(site: Site) -> "list[Finding]":
    """What `conf_check` finds. Raises Failure if there is no Asterisk to ask."""
    quiet_logs()
    if not asterisk_known(site):
        raise Failure(Exit.PEER, "no Asterisk has been started here yet", remedy="callcenter run starts one")
    from callcenter.asterisk.conf_check import check as checked

    values = conf_values(site)
    async with _links(site, values) as (ari, ami):
        return await checked(ari, ami, values)


@asynccontextmanager
async def _links(site: Site, values: "ConfValues") -> "AsyncIterator[tuple[Ari, AmiLink]]":
    from callcenter.asterisk.ami import AmiLink
    from callcenter.asterisk.ami_wire import AmiMessage
    from callcenter.asterisk.ari import Access, Ari
    from callcenter.errors import PeerFault

    async def ignored(_: AmiMessage) -> None:
        """Only questions are asked."""

    host = site.settings.asterisk.host
    access = Access(host=host, port=values.http_port, username=values.ari_username, password=values.ari_password)
    ami = AmiLink(host, values.ami_port, values.ami_username, values.ami_password, on_event=ignored, events="off")
    try:
        async with Ari(access) as ari:
            await ari.asterisk.ping()
            await ami.connect()
            yield ari, ami
    except PeerFault as fault:
        raise Failure(
            Exit.PEER, f"Asterisk does not answer: {fault}", remedy="callcenter doctor looks further"
        ) from fault
    finally:
        await ami.close()


async def _accounts(site: Site) -> "tuple[PhoneAccount, ...]":
    from callcenter.postgres.directory import Directory

    async with site.database() as pool:
        return await Directory(pool).accounts()
