"""`callcenter stop` and `status`: the running call center as a whole. Decides nothing."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli.apply import folder_state
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.queues import QUEUE_HEADS, queue_document, queue_row
from callcenter.cli.screen import Json, cell, clock, emit, length, say, seconds, show, show_grid, show_pairs, stamp
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.model.view import CenterView
    from callcenter.web.views import VersionView

STOP_POLL_S: Final = 0.1
BEHIND_MAX_S: Final = 10.0  # the journal may be so far behind before `status` calls it a problem


# -- stop --------------------------------------------------------------------------------------------------------------


def stop(
    context: typer.Context,
    within: Annotated[
        float, typer.Option("--within", metavar="SECONDS", min=0.0, help="Wait so long for the end.")
    ] = 60.0,
    json: Json = False,
) -> None:
    """End the running call center in order: calls are ended and written down."""
    center = site_of(context).center
    center.stop()
    deadline = time.monotonic() + within
    while center.runs():
        if time.monotonic() >= deadline:
            raise Failure(Exit.NO_ANSWER, f"the call center is still ending after {within:g} s")
        time.sleep(STOP_POLL_S)
    if json:
        emit({"done": "stopped"})
    else:
        say("the call center has stopped")


# -- status ------------------------------------------------------------------------------------------------------------


def status(context: typer.Context, json: Json = False) -> None:
    """One screen: is it well, who calls, who works. Exit code 1 if something is wrong."""
    site = site_of(context)
    center = site.center
    view, health = center.view(), center.health()
    live = center.configuration()
    problems = health_problems(health)
    if json:
        emit(
            {
                "at": stamp(view.at),
                "well": not problems,
                "problems": problems,
                "calls": _call_figures(view),
                "agents": _agent_figures(view),
                "queues": [queue_document(one) for one in view.queues],
                "health": dict(health),
                "configuration": _configuration(site, live),
            }
        )
    else:
        _show_status(view, health, problems, live)
        if differs := folder_state(site, live.digest):
            show(cell(f"! {differs}", "yellow"))
            say()
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


def health_problems(health: Mapping[str, Any]) -> list[str]:
    """What is wrong with a running center, in words; empty if nothing is."""
    asterisk, journal = health.get("asterisk", {}), health.get("journal", {})
    found = []
    if not asterisk.get("ari"):
        found.append("Asterisk is not connected (ARI): no calls come in")
    if asterisk.get("ami") != "up":
        found.append(f"Asterisk is not connected (AMI is {asterisk.get('ami')}): calls are not recorded")
    for host, rests_s in health.get("lookups", {}).get("left_alone", {}).items():
        found.append(f"lookups at {host} fail at once: it did not answer, and is tried again in {length(rests_s)}")
    if not journal.get("connected"):
        found.append("Postgres is not connected: the journal is kept in a local file meanwhile")
    if journal.get("problem"):
        found.append(f"the journal: {journal['problem']}")
    disk = health.get("disk", {})
    if disk.get("level") == "full":
        found.append(f"the disk is full ({disk['free_mb']} MB left): nothing is recorded")
    elif disk.get("level") == "low":
        found.append(f"the disk of recordings runs full: {disk['free_mb']} MB left")
    sealing = health.get("sealing", {})
    if sealing.get("problem"):
        found.append(f"recordings are not put away: {sealing['problem']}")
    if sealing.get("stuck"):
        found.append(f"{sealing['stuck']} recordings cannot be put away: callcenter recordings verify")
    if journal.get("connected") and journal.get("behind_s", 0.0) > BEHIND_MAX_S:
        found.append(f"the journal is {length(journal['behind_s'])} behind")
    return found


def _call_figures(view: "CenterView") -> dict[str, object]:
    states = [one.state.value for one in view.contacts]
    return {
        "up": len(states),
        "in_flow": states.count("in_flow"),
        "waiting": states.count("waiting") + states.count("offered") + states.count("connecting"),
        "talking": states.count("connected") + states.count("forwarded"),
        "longest_wait_s": seconds(max((one.longest_s for one in view.queues), default=0.0)),
    }


def _agent_figures(view: "CenterView") -> dict[str, object]:
    at_work = [one for one in view.agents if one.status.value != "logged_out"]
    states = [one.state.value for one in at_work]
    return {
        "known": len(view.agents),
        "at_work": len(at_work),
        "ready": states.count("ready"),
        "ringing": states.count("offered"),
        "on_call": states.count("on_contact"),
        "wrap_up": states.count("wrap_up"),
        "paused": sum(one.status.value == "paused" for one in at_work),
        "unreachable": sum(one.phone.value != "reachable" for one in at_work),
        "used_outside": sum(one.used_outside for one in at_work),
    }


def _configuration(site: Site, live: "VersionView") -> dict[str, object]:
    return {
        "version": live.version,
        "since": stamp(live.at),
        "by": live.by,
        "message": live.message,
        "folder": live.folder,
        "differs": folder_state(site, live.digest) or None,
    }


def _show_status(view: "CenterView", health: Mapping[str, Any], problems: list[str], live: "VersionView") -> None:
    calls, agents = _call_figures(view), _agent_figures(view)
    asterisk, journal = health.get("asterisk", {}), health.get("journal", {})
    said = f": {live.message}" if live.message else ""
    longest = length(max((one.longest_s for one in view.queues), default=0.0))
    show_pairs(
        {
            "call center": cell("well" if not problems else "NOT WELL", "bold green" if not problems else "bold red"),
            "running for": length(health.get("up_s")),
            "Asterisk": f"ARI {'up' if asterisk.get('ari') else 'down'}, AMI {asterisk.get('ami')}",
            "API": health.get("api") or None,
            "configuration": f"version {live.version} since {clock(live.at)}{said}",
            "journal": f"entry {journal.get('last_seq')}, {journal.get('behind_entries')} not in Postgres yet",
            "calls": f"{calls['up']} up: {calls['in_flow']} in menus, {calls['waiting']} waiting (longest {longest}), "
            f"{calls['talking']} talking",
            "agents": f"{agents['at_work']} of {agents['known']} at work: {agents['ready']} ready, "
            f"{agents['ringing']} ringing, {agents['on_call']} on calls, {agents['wrap_up']} in wrap-up, "
            f"{agents['paused']} paused",
        }
    )
    if agents["unreachable"]:
        say(f"{agents['unreachable']} at work without a phone that can be reached: callcenter agents list")
    if agents["used_outside"]:
        say(f"{agents['used_outside']} at work whose phone is in use from outside: callcenter agents list")
    for problem in problems:
        show(cell(f"! {problem}", "red"))
    say()
    show_grid(QUEUE_HEADS, (queue_row(one) for one in view.queues), empty="no queue is configured")
