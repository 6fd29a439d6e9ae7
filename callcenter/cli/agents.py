"""`callcenter agents`: who works here, what they can do, and what they are doing. Decides nothing.

People are kept in Postgres; what they are doing now only the running center knows. A change to people is written first
and then told to the center, if one runs. A SIP password is printed by `add` and `account`, and by nothing else.
"""

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from callcenter.cli.agents_shown import (
    AGENT_HEADS,
    account_document,
    agent_document,
    agent_row,
    phone_document,
    phone_words,
    rights_document,
    rights_words,
    show_account,
)
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.folder_or_live import folder_or_live
from callcenter.cli.screen import Json, emit, say, show_grid, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import span

if TYPE_CHECKING:
    from callcenter.model.agent import Agent
    from callcenter.postgres.directory import Directory, PhoneAccount

T = TypeVar("T")

app = typer.Typer(name="agents", help="The people who take calls.", no_args_is_help=True)

AgentName = Annotated[str, typer.Argument(metavar="AGENT", help="Her id.")]
AgentNames = Annotated[list[str], typer.Argument(metavar="AGENT...", help="One id or several.")]
SkillLevels = Annotated[
    list[str] | None, typer.Argument(metavar="[SKILL=LEVEL]...", help="Such as sales=3; 0 takes it away.")
]

NO_NUMBER: Final = "none"  # the phone is one of the house
OUTSIDE_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")
_SKILL: Final = re.compile(r"(?P<skill>[^=:\s]+)[=:](?P<level>\d{1,2})")


@app.command("list")
def list_agents(context: typer.Context, json: Json = False) -> None:
    """List the agents: skills, status, what each is doing and whether the phone can be reached."""
    site = site_of(context)
    try:
        view = site.center.view()
    except Failure as failure:
        if failure.exit is not Exit.NOT_RUNNING:
            raise
        _list_directory(site, json=json)
        return
    if json:
        emit({"at": stamp(view.at), "running": True, "agents": [agent_document(one) for one in view.agents]})
    else:
        show_grid(
            AGENT_HEADS, (agent_row(one) for one in view.agents), empty="there are no agents: callcenter agents add"
        )


@app.command("add")
def add(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="An id: a-z 0-9 . _ -")],
    number: Annotated[str, typer.Option("--number", help="Extension and SIP user name: 2 to 15 digits.")],
    name: Annotated[str, typer.Option("--name", help="As colleagues know her; the id, if left out.")] = "",
    skill: Annotated[
        list[str] | None, typer.Option("--skill", metavar="SKILL=LEVEL", help="Such as sales=3; may be repeated.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Of the prompts she hears.")] = "en",
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the SIP password from standard input; else one is made.")
    ] = False,
    outside: Annotated[
        str, typer.Option("--outside", metavar="NUMBER", help="Her phone is this outside number, at home or away.")
    ] = "",
    json: Json = False,
) -> None:
    """Take somebody in and print her SIP account: number, password, server."""
    from callcenter.model.agent import Agent, PhoneRules
    from callcenter.model.ids import AgentId, Skill

    site = site_of(context)
    _refuse_taken(site, number)
    skills = {Skill(name): level for name, level in _levels(skill or []).items()}
    made = Agent(
        id=AgentId(agent),
        name=name or agent,
        number=number,
        skills=skills,
        language=language,
        phone=PhoneRules(outside=_outside(site, outside or NO_NUMBER)),
    )
    secret = sys.stdin.readline().strip() if secret_stdin else None
    account = _changed(site, lambda directory: directory.add(made, secret=secret))
    _show_account(site, account, told=_tell(site), json=json)


def _refuse_taken(site: "Site", number: str) -> None:
    """A number that leads to a flow would be dialled by colleagues who want the agent."""
    if number in folder_or_live(site).numbers:
        raise Failure(Exit.PROBLEMS, f"{number} leads to a flow (numbers.yaml)", remedy="give her a number of her own")


def _outside(site: "Site", said: str) -> str:
    """The outside number that is to be somebody's phone; "" for `none`."""
    if said == NO_NUMBER:
        return ""
    if not OUTSIDE_NUMBER.fullmatch(said):
        raise Failure(Exit.PROBLEMS, f"{said} is no telephone number", remedy="3 to 15 digits, + before them or not")
    if site.settings.config_folder.is_dir() and not folder_or_live(site).may_forward_to(said):
        raise Failure(Exit.PROBLEMS, f"{said} may not be called", remedy="a pattern in `forward_to` of numbers.yaml")
    return said


@app.command("skills")
def set_skills(
    context: typer.Context,
    agent: AgentName,
    skills: SkillLevels = None,
    only: Annotated[bool, typer.Option("--only", help="Take away every skill that is not named.")] = False,
    json: Json = False,
) -> None:
    """Show somebody's skills, or change them: levels 1 to 5, 0 takes a skill away."""
    from callcenter.model.ids import AgentId, Skill

    site = site_of(context)
    wanted = _levels(skills or [])

    async def change(directory: "Directory") -> "Agent":
        known = await _known(directory, agent)
        if not wanted and not only:
            return known
        kept = {} if only else dict(known.skills)
        merged = {**kept, **{Skill(skill): level for skill, level in wanted.items()}}
        return await directory.set_skills(AgentId(agent), {skill: level for skill, level in merged.items() if level})

    found = _changed(site, change)
    told = _tell(site) if wanted or only else None
    if json:
        emit({"agent": found.id, "skills": dict(found.skills), "told": told})
        return
    say(
        f"{found.id}: "
        + (", ".join(f"{skill} {level}" for skill, level in sorted(found.skills.items())) or "no skills")
    )
    _warn_untold(told)


@app.command("rights")
def set_rights(
    context: typer.Context,
    agent: AgentName,
    team: Annotated[str | None, typer.Option("--team", help="The team she belongs to; empty for none.")] = None,
    queue: Annotated[list[str] | None, typer.Option("--queue", help="She supervises it; may be repeated.")] = None,
    over: Annotated[list[str] | None, typer.Option("--over-team", help="Likewise a team.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="She supervises all queues and teams.")] = False,
    nothing: Annotated[bool, typer.Option("--nothing", help="She is no supervisor (any more).")] = False,
    json: Json = False,
) -> None:
    """Show or change somebody's team, and whose talks she may hear and steer; rights that are named replace the old."""
    from dataclasses import replace

    from callcenter.model.agent import Supervision
    from callcenter.model.ids import QueueName, Team

    site = site_of(context)
    named = bool(queue or over or everything)
    if named and nothing:
        raise Failure(Exit.USAGE, "--nothing goes with no other right")
    rights = Supervision(
        queues=tuple(QueueName(one) for one in queue or ()),
        teams=tuple(Team(one) for one in over or ()),
        everything=everything,
    )

    async def change(directory: "Directory") -> "Agent":
        known = await _known(directory, agent)
        changed = known if team is None else replace(known, team=Team(team) if team else None)
        if named or nothing:
            changed = replace(changed, supervises=None if nothing else rights)
        if changed != known:
            await directory.change(changed)
        return changed

    found = _changed(site, change)
    told = _tell(site) if team is not None or named or nothing else None
    if json:
        emit({**rights_document(found), "told": told})
        return
    say(rights_words(found))
    _warn_untold(told)


@app.command("phone")
def set_phone(
    context: typer.Context,
    agent: AgentName,
    nailed: Annotated[
        bool | None,
        typer.Option("--nailed/--rings", help="It stays connected while she works, or rings for each call."),
    ] = None,
    confirm: Annotated[
        bool | None, typer.Option("--confirm/--no-confirm", help="She must press 1 before a call is hers.")
    ] = None,
    auto_answer: Annotated[
        bool | None, typer.Option("--auto-answer/--no-auto-answer", help="It is asked to answer by itself.")
    ] = None,
    outside: Annotated[
        str | None, typer.Option("--outside", metavar="NUMBER", help="It is this outside number; `none`: a SIP phone.")
    ] = None,
    json: Json = False,
) -> None:
    """Show or change how calls come to somebody's phone."""
    from dataclasses import replace

    site = site_of(context)
    wanted = {"nailed": nailed, "confirm": confirm, "auto_answer": auto_answer}
    named: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    if outside is not None:
        named["outside"] = _outside(site, outside)

    async def change(directory: "Directory") -> "Agent":
        known = await _known(directory, agent)
        changed = replace(known, phone=replace(known.phone, **named))
        if changed != known:
            await directory.change(changed)
        return changed

    found = _changed(site, change)
    told = _tell(site) if named else None
    if json:
        emit({**phone_document(found), "told": told})
        return
    say(phone_words(found))
    _warn_untold(told)


@app.command("remove")
def remove(context: typer.Context, agent: AgentName, json: Json = False) -> None:
    """Take somebody out: the account goes, the name stays in old reports. She must be logged out."""
    from callcenter.model.ids import AgentId

    site = site_of(context)
    _must_be_off(site, agent)

    async def change(directory: "Directory") -> None:
        await _known(directory, agent)
        await directory.remove(AgentId(agent))

    _changed(site, change)
    told = _tell(site)
    if json:
        emit({"agent": agent, "done": "removed", "told": told})
        return
    say(f"{agent} is removed")
    _warn_untold(told)


@app.command("account")
def account(
    context: typer.Context,
    agent: AgentName,
    new_secret: Annotated[bool, typer.Option("--new-secret", help="Make a new password first.")] = False,
    json: Json = False,
) -> None:
    """Print somebody's SIP account, password and all."""
    from callcenter.model.ids import AgentId

    site = site_of(context)

    async def ask(directory: "Directory") -> "PhoneAccount":
        await _known(directory, agent)
        found = await (directory.set_secret(AgentId(agent)) if new_secret else directory.account(AgentId(agent)))
        if found is None:
            raise Failure(Exit.NOT_FOUND, f"{agent} has no SIP account")
        return found

    found = _changed(site, ask)
    _show_account(site, found, told=_tell(site) if new_secret else None, json=json)


@app.command("login")
def log_in(context: typer.Context, agents: AgentNames, json: Json = False) -> None:
    """Log agents in: calls come from now on."""
    _each(context, agents, "available", "logged in", json=json)


@app.command("logout")
def log_out(context: typer.Context, agents: AgentNames, json: Json = False) -> None:
    """Log agents out; who is on a call finishes it."""
    _each(context, agents, "logged_out", "logged out", json=json)


@app.command("pause")
def pause(
    context: typer.Context,
    agents: AgentNames,
    reason: Annotated[str, typer.Option("--reason", help="Such as lunch; it stands in the reports.")] = "",
    json: Json = False,
) -> None:
    """Let no calls come to agents until they are ready again."""
    _each(context, agents, "paused", "paused", reason=reason, json=json)


@app.command("ready")
def ready(context: typer.Context, agents: AgentNames, json: Json = False) -> None:
    """End a pause, or the rest after a missed call."""
    _each(context, agents, "available", "ready", json=json)


@app.command("wrap-up")
def wrap_up(
    context: typer.Context,
    agent: AgentName,
    extend: Annotated[str, typer.Option("--extend", metavar="LENGTH", help="So much longer from now: 90, 2m.")] = "",
    json: Json = False,
) -> None:
    """End somebody's wrap-up now, or extend it."""
    extend_s = span(extend) if extend else 0.0
    site_of(context).center.wrap_up(agent, extend_s)
    done = f"has {extend_s:g} s more" if extend_s else "has finished"
    if json:
        emit({"agents": [{"agent": agent, "done": done, "problem": ""}]})
    else:
        say(f"{agent} {done}")


# -- what the commands share -------------------------------------------------------------------------------------------


def _each(
    context: typer.Context, agents: Sequence[str], status: str, done: str, *, reason: str = "", json: bool
) -> None:
    """Ask for one status for every agent named; what is refused does not keep the others from it."""
    center = site_of(context).center
    results: list[tuple[str, str]] = []
    for agent in dict.fromkeys(agents):
        try:
            center.set_status(agent, status, reason)
        except Failure as failure:
            if failure.exit is not Exit.PROBLEMS:
                raise
            results.append((agent, failure.message))
        else:
            results.append((agent, ""))
    if json:
        emit({"agents": [{"agent": agent, "done": "" if bad else done, "problem": bad} for agent, bad in results]})
    else:
        for agent, bad in results:
            warn(f"{agent}: {bad}") if bad else say(f"{agent} is {done}")
    if any(bad for _, bad in results):
        raise typer.Exit(Exit.PROBLEMS)


def _levels(given: Sequence[str]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for text in given:
        found = _SKILL.fullmatch(text.strip())
        if found is None:
            raise typer.BadParameter(f"{text!r} is not a skill and its level, such as sales=3")
        levels[found["skill"]] = int(found["level"])
    return levels


async def _known(directory: "Directory", agent: str) -> "Agent":
    from callcenter.model.ids import AgentId

    found = await directory.agent(AgentId(agent))
    if found is None:
        raise Failure(Exit.NOT_FOUND, f"there is no agent {agent}", remedy="callcenter agents list")
    return found


def _changed(site: Site, change: "Callable[[Directory], Coroutine[None, None, T]]") -> T:
    """Do something with the directory. What it will not take is a refusal, not a broken configuration."""
    from callcenter.errors import ConfigurationError
    from callcenter.postgres.directory import Directory

    async def work() -> T:
        async with site.database() as pool:
            try:
                return await change(Directory(pool))
            except ConfigurationError as error:
                raise Failure(Exit.PROBLEMS, str(error), problems=error.problems) from error

    return asyncio.run(work())


def _tell(site: Site) -> bool:
    """Let the running center take over the directory; False if none runs (it reads the directory when it starts)."""
    try:
        site.center.reload_agents()
    except Failure as failure:
        if failure.exit is not Exit.NOT_RUNNING:
            warn("the change is written, but the running call center has not taken it over")
            raise
        return False
    return True


def _warn_untold(told: bool | None) -> None:
    if told is False:
        warn("no call center is running here; it will know when it starts")


def _must_be_off(site: Site, agent: str) -> None:
    """Whoever is at work is not removed; the engine would keep her while her account is gone."""
    try:
        view = site.center.view()
    except Failure as failure:
        if failure.exit is Exit.NOT_RUNNING:
            return
        raise
    if any(one.id == agent and (one.status.value != "logged_out" or one.contact is not None) for one in view.agents):
        raise Failure(Exit.PROBLEMS, f"{agent} is at work", remedy=f"callcenter agents logout {agent}")


def _list_directory(site: Site, *, json: bool) -> None:
    agents = _changed(site, lambda directory: directory.agents())
    if json:
        emit({"at": None, "running": False, "agents": [agent_document(one) for one in agents]})
        return
    show_grid(AGENT_HEADS, (agent_row(one) for one in agents), empty="there are no agents: callcenter agents add")
    warn("no call center is running here, so nobody is at work")


def _show_account(site: Site, account: "PhoneAccount", *, told: bool | None, json: bool) -> None:
    server = site.sip_server()
    if json:
        emit(account_document(account, server, told=told))
        return
    show_account(account, server)
    _warn_untold(told)
