"""`callcenter apply` and `rollback`: another version of the configuration goes live, while calls go on.

Knows how to ask and how to say what came of it; checking, speaking and switching is the running center's.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, plain, say, warn
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.config.folder import Checked
    from callcenter.errors import Problem
    from callcenter.web.views import Applied

Folder = Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="Else config_folder of the settings.")]
Message = Annotated[str, typer.Option("--message", "-m", help="Why, for those who read the list of versions.")]

RESTART: Final = "has been changed since the start: ports, addresses and voices take a restart (callcenter stop, run)"


def apply(context: typer.Context, folder: Folder = None, message: Message = "", json: Json = False) -> None:
    """Make the edited configuration live without a restart. With an error in it nothing changes."""
    from callcenter.config.folder import check_folder

    site = site_of(context)
    where = folder if folder is not None else site.settings.config_folder
    checked = check_folder(where)
    _refuse(checked.problems, "nothing was changed: what was live goes on")
    applied = site.center.apply(where.resolve(), message)
    _tell(applied, remarks=checked.remarks, json=json)
    if needed := restart_needed(site):
        warn(needed)


def rollback(
    context: typer.Context,
    version: Annotated[
        int, typer.Argument(metavar="[VERSION]", min=0, show_default=False, help="Else the one before the live one.")
    ] = 0,
    message: Message = "",
    json: Json = False,
) -> None:
    """Make an older version live again, as a new version. The folder stays as it is."""
    site = site_of(context)
    applied = site.center.roll_back(version, message)
    _tell(applied, json=json)
    if applied.changed and not json:
        say("the folder was left as it is: callcenter config diff shows what it has beyond the live version")


def looked_through(site: Site, folder: Path) -> "Checked":
    """Everything wrong in a folder and what is odd in it; where a center runs, also what none of its agents can do."""
    from callcenter.config.folder import Checked, check_folder, load_configuration, read_files
    from callcenter.config.strangers import strangers
    from callcenter.model.ids import AgentId, Skill

    found = check_folder(folder)
    if found.problems or not site.center.runs():  # then nobody can say who is unknown
        return found
    agents = site.center.view().agents
    known = {AgentId(one.id): {Skill(name): level for name, level in one.skills} for one in agents}
    more = strangers(load_configuration(folder), read_files(folder)[0], known)
    return Checked(problems=(), remarks=(*found.remarks, *more))


def _refuse(problems: "Sequence[Problem]", message: str) -> None:
    if problems:
        raise Failure(Exit.PROBLEMS, message, problems=problems)


def _tell(applied: "Applied", *, json: bool, remarks: "Sequence[Problem]" = ()) -> None:
    odd = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in remarks]
    if json:
        warnings = list(applied.warnings)
        emit({"version": applied.version, "changed": applied.changed, "warnings": warnings, "remarks": odd})
        return
    if not applied.changed:
        say(f"version {applied.version} is live already: {applied.words}")
    else:
        say(f"version {applied.version} is live")
    for remark in remarks if applied.changed else ():
        warn(plain(f"remark: {remark}"))
    for warning in applied.warnings:
        warn(plain(warning))


def restart_needed(site: Site) -> str:
    """Whether the settings, which no apply can change, have been edited since the center started; "" if not."""
    from callcenter.config.settings_sources import settings_file

    started = time.time() - site.center.health().get("up_s", 0.0)
    try:
        edited = settings_file(site.file).stat().st_mtime
    except OSError:  # there is none, or it has gone
        return ""
    return f"{settings_file(site.file)} {RESTART}" if edited > started else ""


def folder_state(site: Site, digest: str) -> str:
    """How the folder differs from what is live, in words; "" if it does not. `digest` is that of the live version."""
    from callcenter.config.folder import check_configuration, digest_of, read_files
    from callcenter.errors import ConfigurationError

    folder = site.settings.config_folder
    try:
        files, unreadable = read_files(folder)
    except ConfigurationError as error:
        return str(error)
    if not unreadable and digest_of(files) == digest:
        return ""
    problems = check_configuration(folder)
    if problems:
        many = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        return f"the folder differs from what is live, and cannot be applied: {problems[0]}{many}"
    return "the folder differs from what is live: callcenter plan shows how, callcenter apply makes it live"
