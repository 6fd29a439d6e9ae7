"""`callcenter campaign`: who is dialled, with what success, and beginning and ending it. Decides nothing."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli import campaign_past
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import named
from callcenter.cli.machines import machines
from callcenter.cli.screen import NOTHING, Json, cell, emit, length, say, seconds, share, show_grid, show_pairs, stamp
from callcenter.cli.site import site_of

if TYPE_CHECKING:
    from callcenter.model.view import CallerView, CampaignView, CenterView, LeadView

app = typer.Typer(name="campaign", help="Calling people, list by list.", no_args_is_help=True)

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its name in campaigns.yaml.")]
CALLER_HEADS: Final = ("shown number!", "calls 24 h>", "of>", "calls 7 d>", "answered>", "now!")
HEADS: Final = (
    "campaign!",
    "state",
    "mode",
    "agents>",
    "ready>",
    "ringing>",
    "talking>",
    "hopper>",
    "dials>",
    "talks>",
    "drops 24 h>",
    "drops 30 d>",
    "talk min/h>",
    "why",
)


@app.callback()
def group() -> None:
    """Calling people, list by list."""


@app.command("list")
def list_campaigns(context: typer.Context, json: Json = False) -> None:
    """List the campaigns with what they do now, and their drops against what is allowed."""
    view = site_of(context).center.view()
    if json:
        emit({"at": stamp(view.at), "campaigns": [campaign_document(one) for one in view.campaigns]})
    else:
        show_grid(HEADS, (_row(one) for one in view.campaigns), empty="no campaign is configured (campaigns.yaml)")


@app.command("show")
def show_campaign(context: typer.Context, campaign: Campaign, json: Json = False) -> None:
    """Show one campaign: lines, answers, drops against the budget, talk minutes per agent hour, outcomes."""
    view = site_of(context).center.view()
    found = named(view.campaigns, campaign, "campaign")
    if json:
        emit({"at": stamp(view.at), **campaign_document(found)})
        return
    show_pairs(
        {
            "campaign": found.name,
            "state": f"{found.state} for {length(found.state_s)}" if found.state_s else str(found.state),
            "mode": found.mode + (f", {found.rule} now" if found.rule and found.rule != found.mode else ""),
            "queue": found.queue or NOTHING,
            "agents": f"{found.agents} there, {found.ready} ready, {found.wrap_up} in wrap-up",
            "lines": f"{found.ringing} ring, {found.judging} being listened to, {found.waiting} wait for an agent, "
            f"{found.talking} talk",
            "leads": f"{found.hopper} in the hopper",
            "dials": f"{found.dials}, {found.refused} refused",
            "talks": f"{found.talks}" + (f" of {found.goal}" if found.goal else ""),
            "talk per agent": f"{_talk(found)} minutes an hour",
            "drops 24 h": _drops(found.day_drops, found.day_live, found),
            "drops 30 d": _drops(found.month_drops, found.month_live, found),
            "not settled": found.unsettled or "none",
            "why": found.why or NOTHING,
            **({"machines": found.machines} if found.machines else {}),
        }
    )
    say()
    total = sum(count for _, count in found.outcomes)
    rows = ((outcome.replace("_", " "), count, share(count / total)) for outcome, count in found.outcomes)
    show_grid(("outcome!", "attempts>", "share>"), rows, empty="no attempt has ended")
    if found.callers:
        say()
        show_grid(CALLER_HEADS, [_caller_row(one) for one in found.callers])


@app.command("start")
def start(context: typer.Context, campaign: Campaign, json: Json = False) -> None:
    """Begin to dial."""
    site_of(context).center.campaign(campaign, "start")
    _done(campaign, "started", "dials from now on", json=json)


@app.command("stop")
def stop(context: typer.Context, campaign: Campaign, json: Json = False) -> None:
    """Dial no more: what was claimed is given back, phones that ring are not cut short, talks go on."""
    site_of(context).center.campaign(campaign, "stop")
    _done(campaign, "stopped", "dials no more", json=json)


@app.command("drain")
def drain(context: typer.Context, campaign: Campaign, json: Json = False) -> None:
    """Dial what has been claimed, and then no more."""
    site_of(context).center.campaign(campaign, "stop", drain=True)
    _done(campaign, "draining", "dials what it has claimed, and then no more", json=json)


app.command("machines")(machines)


@app.command("preview")
def preview(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Her id.")],
    dial: Annotated[bool, typer.Option("--dial", help="She has read it: dial.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Pass this lead over.")] = False,
    json: Json = False,
) -> None:
    """Show the lead that an agent reads, of a campaign that is dialled by hand; have it dialled, or passed over."""
    if dial and skip:
        raise Failure(Exit.USAGE, "--dial and --skip", remedy="give one of them")
    center = site_of(context).center
    found = shown_lead(center.view(), agent)
    if found is None:
        raise Failure(Exit.NOT_FOUND, f"{agent} has no lead to read", remedy="leads next CAMPAIGN --agent AGENT")
    if dial or skip:
        center.decide_lead(agent, dial=dial)
    campaign, lead = found
    done = "dialled" if dial else "passed over" if skip else "shown"
    show_lead(campaign, lead, done, json=json)


def shown_lead(view: "CenterView", agent: str) -> "tuple[str, LeadView] | None":
    """The lead that an agent reads, and of which campaign."""
    found = ((one.name, lead) for one in view.campaigns for lead in one.shown)
    return next(((name, lead) for name, lead in found if lead.agent == agent), None)


def show_lead(campaign: str, lead: "LeadView", done: str, *, json: bool) -> None:
    """Who would be called."""
    if json:
        emit(
            {
                "campaign": campaign,
                "agent": lead.agent,
                "lead": lead.lead,
                "list": lead.list,
                "name": lead.name,
                "number": lead.number,
                "attempts": lead.attempts,
                "custom": dict(lead.custom),
                "for_s": seconds(lead.for_s),
                "done": done,
            }
        )
        return
    show_pairs(
        {
            "campaign": campaign,
            "lead": f"{lead.lead} of {lead.list}",
            "name": lead.name or NOTHING,
            "number": lead.number,
            "attempts": lead.attempts,
            **dict(lead.custom),
            "now": done,
        }
    )


def _caller_row(one: "CallerView") -> tuple[object, ...]:
    now = "rests: few answer it" if one.rests else "has had its calls" if one.calls_24h >= one.per_day_max else "shown"
    rate = share(one.answered / one.calls) if one.calls else NOTHING
    return one.number, one.calls_24h, one.per_day_max, one.calls, rate, now


def campaign_document(one: "CampaignView") -> dict[str, object]:
    """A campaign for programs."""
    return {
        "campaign": one.name,
        "mode": one.mode,
        "state": one.state,
        "state_s": seconds(one.state_s),
        "queue": one.queue,
        "agents": one.agents,
        "ready": one.ready,
        "wrap_up": one.wrap_up,
        "hopper": one.hopper,
        "ringing": one.ringing,
        "judging": one.judging,
        "waiting": one.waiting,
        "talking": one.talking,
        "dials": one.dials,
        "refused": one.refused,
        "talks": one.talks,
        "goal": one.goal,
        "outcomes": dict(one.outcomes),
        "unsettled": one.unsettled,
        "talk_s": seconds(one.talk_s),
        "agent_s": seconds(one.agent_s),
        "talk_minutes_per_agent_hour": talk_minutes(one),
        "day": {"live": one.day_live, "drops": one.day_drops},
        "month": {"live": one.month_live, "drops": one.month_drops},
        "target": one.target,
        "hard_stop": one.hard_stop,
        "rule": one.rule,
        "why": one.why,
        "callers": [
            {
                "number": caller.number,
                "calls_24h": caller.calls_24h,
                "per_day_max": caller.per_day_max,
                "calls_7d": caller.calls,
                "answered_7d": caller.answered,
                "rests": caller.rests,
            }
            for caller in one.callers
        ],
        "machines": one.machines,
    }


def talk_minutes(one: "CampaignView") -> float | None:
    """Minutes of talk for each hour that an agent was there: 60 x talk / presence; None: nobody was."""
    return round(60.0 * one.talk_s / one.agent_s, 1) if one.agent_s else None


def _row(one: "CampaignView") -> tuple[object, ...]:
    style = "green" if one.state.value == "running" else ""
    return (
        one.name,
        cell(one.state, style),
        one.mode,
        one.agents,
        one.ready,
        one.ringing,
        one.talking,
        one.hopper,
        one.dials,
        one.talks,
        _share(one.day_drops, one.day_live, one),
        _share(one.month_drops, one.month_live, one),
        _talk(one),
        one.why,
    )


def _share(drops: int, live: int, one: "CampaignView") -> object:
    if not live:
        return NOTHING
    style = "bold red" if drops > one.hard_stop * live else "yellow" if drops > one.target * live else ""
    return cell(f"{drops / live:.2%}", style)


def _drops(drops: int, live: int, one: "CampaignView") -> str:
    said = f"{drops} of {live} live answers" + (f" ({drops / live:.2%})" if live else "")
    return f"{said}; target {one.target:.2%}, hard stop {one.hard_stop:.2%}"


def _talk(one: "CampaignView") -> str:
    minutes = talk_minutes(one)
    return NOTHING if minutes is None else f"{minutes:.1f}"


def _done(campaign: str, done: str, words: str, *, json: bool) -> None:
    if json:
        emit({"campaign": campaign, "done": done})
    else:
        say(f"{campaign} {words}")


app.command("report")(campaign_past.report)
app.command("simulate")(campaign_past.simulate)
