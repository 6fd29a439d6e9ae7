"""`callcenter campaign report` and `simulate`: what a campaign brought, and what it would bring. Decides nothing."""

import asyncio
import math
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, emit, say, share, show_grid, show_pairs, warn
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from callcenter.model.campaign import Campaign
    from callcenter.postgres.campaign_past import HourLine
    from callcenter.postgres.leads import Progress
    from callcenter.sim.dialling.histories import Expected, Past, Plan, Rehearsed

DAY_S: Final = 86_400.0
DAYS_MAX: Final = 3_660
HOUR_HEADS: Final = ("hour!", "dials>", "people>", "contact rate>", "dropped>", "machines>")
LIST_HEADS: Final = ("list!", "leads>", "tried>", "penetration>", "reached>")
SIM_HEADS: Final = ("a day!", "mean>", "lowest>", "highest>", "9 of 10 days from>", "to>")
TRIED: Final = ("progressive", "ratio", "predictive")


def report(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Of the configuration's folder.")],
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=DAYS_MAX, help="Back from now.")] = 30,
    json: Json = False,
) -> None:
    """What a campaign brought: contact rate by the called people's hour, and how far its lists are."""
    site = site_of(context)
    found = _configured(site, campaign)
    hours, lists = asyncio.run(_reported(site, found, time.time() - days * DAY_S))
    if json:
        emit(
            {
                "campaign": campaign,
                "days": days,
                "hours": [
                    {
                        "hour": one.hour,
                        "dials": one.dials,
                        "answered": one.answered,
                        "contact_rate": round(one.contact_rate, 4),
                        "dropped": one.dropped,
                        "machines": one.machines,
                    }
                    for one in hours
                ],
                "lists": [
                    {
                        "list": name,
                        "leads": sum(one.states.values()),
                        "tried": one.tried,
                        "penetration": round(one.tried / max(sum(one.states.values()), 1), 4),
                        "reached": one.reached,
                    }
                    for name, one in lists
                ],
            }
        )
        return
    rows = (
        (
            "?" if one.hour is None else f"{one.hour:02}",
            one.dials,
            one.answered,
            share(one.contact_rate),
            one.dropped,
            one.machines,
        )
        for one in hours
    )
    show_grid(HOUR_HEADS, rows, empty="nothing was dialled in that time")
    say()
    totals = ((name, sum(one.states.values()), one) for name, one in lists)
    lines = ((name, leads, one.tried, share(one.tried / max(leads, 1)), one.reached) for name, leads, one in totals)
    show_grid(LIST_HEADS, lines, empty="it has no list")


def simulate(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Of the configuration's folder.")],
    agents: Annotated[int, typer.Option("--agents", metavar="N", min=1, max=500, help="So many all day.")],
    mode: Annotated[str, typer.Option("--mode", help="progressive, ratio, predictive; else the campaign's.")] = "",
    ratio: Annotated[float, typer.Option("--ratio", min=1, max=10, help="Lines for each free agent.")] = 1.0,
    begin: Annotated[int, typer.Option("--from", metavar="HOUR", min=0, max=23, help="Local hour.")] = 9,
    hours: Annotated[float, typer.Option("--hours", min=0.25, max=24, help="How long a day is.")] = 8.0,
    past: Annotated[int, typer.Option("--past", metavar="DAYS", min=1, max=DAYS_MAX, help="Drawn from.")] = 30,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=100, help="Simulated days.")] = 8,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Other luck.")] = 1,
    json: Json = False,
) -> None:
    """Try staffing and pacing on days that are drawn from what the campaign brought, with the same pacers."""
    from callcenter.model.pacing import Budget, PacerName
    from callcenter.sim.dialling.histories import Plan, rehearse

    site = site_of(context)
    found = _configured(site, campaign)
    mode = mode or str(found.mode)
    if mode not in TRIED:
        raise Failure(Exit.USAGE, f"--mode {mode}", remedy=f"one of {', '.join(TRIED)}")
    plan = Plan(
        pacer=PacerName(mode),
        budget=Budget(target=found.target, hard=found.hard_stop),
        ratio=ratio if ratio > 1 else found.ratio,
        lines=found.lines_max,
        from_hour=begin,
        hours=hours,
        agents=agents,
    )
    brought = asyncio.run(_brought(site, found, time.time() - past * DAY_S))
    try:
        told = rehearse(brought, plan, days, seed)
    except ValueError as error:
        raise Failure(Exit.NOT_FOUND, f"{campaign} brought too little in {past} days: {error}") from error
    _tell(campaign, plan, brought, told, json=json)


def _tell(campaign: str, plan: "Plan", brought: "Past", told: "Rehearsed", *, json: bool) -> None:
    figures: dict[str, Expected] = {
        "utilisation": told.utilisation,
        "talk_min_per_agent_h": told.talk_min_per_agent_h,
        "drop_share": told.drop_share,
        "dials": told.dials,
        "live": told.live,
    }
    if json:
        emit(
            {
                "campaign": campaign,
                "mode": str(plan.pacer),
                "agents": plan.agents,
                "days": told.days,
                "past": _past_document(brought, plan),
                **{name: _expected_document(one) for name, one in figures.items()},
            }
        )
        return
    rate, low, high = brought.answer_rate()
    talk_s, short_s, long_s = brought.talk_s()
    show_pairs(
        {
            "campaign": campaign,
            "plan": f"{plan.agents} agents, {plan.pacer}, {plan.hours:g} h from {plan.from_hour}:00",
            "past": f"{len(brought.dials)} dials, {len(brought.talks_s)} talks; {told.days} days drawn from them",
            "answered": f"{brought.live}: {rate:.1%}; it may be {low:.1%} to {high:.1%} (95 %)",
            "talk": f"{talk_s:.0f} s; the mean may be {short_s:.0f} to {long_s:.0f} s (95 %)",
        }
    )
    for line in _doubts(brought, plan):
        warn(line)
    say()
    parts = ("utilisation", "drop_share")

    def shown(name: str, value: float) -> str:
        return "?" if math.isinf(value) else f"{value:.2%}" if name in parts else f"{value:.1f}"

    rows = (
        (
            name.replace("_", " "),
            *(shown(name, value) for value in (one.mean, one.lowest, one.highest, one.low, one.high)),
        )
        for name, one in figures.items()
    )
    show_grid(SIM_HEADS, rows, empty="")


def _doubts(brought: "Past", plan: "Plan") -> list[str]:
    """Why the guess is worth little, in words."""
    from callcenter.sim.dialling.histories import HOUR_DIALS_MIN, LIVE_FEW, TALKS_FEW

    doubts: list[str] = []
    if brought.is_small:
        doubts.append(
            f"a guess on little: {len(brought.dials)} dials with {brought.live} live answers, and "
            f"{len(brought.talks_s)} talks; go by the intervals (enough: {LIVE_FEW} answers, {TALKS_FEW} talks)"
        )
    if thin := brought.thin_hours(plan):
        hours = ", ".join(f"{hour:02}" for hour in thin)
        doubts.append(
            f"of these hours there are fewer than {HOUR_DIALS_MIN} dials, so they are drawn from all: {hours}"
        )
    return doubts


def _past_document(brought: "Past", plan: "Plan") -> dict[str, object]:
    rate, talk = brought.answer_rate(), brought.talk_s()
    return {
        "dials": len(brought.dials),
        "live": brought.live,
        "talks": len(brought.talks_s),
        "small": brought.is_small,
        "answer_rate": {name: round(value, 4) for name, value in zip(("share", "low", "high"), rate, strict=True)},
        "talk_s": {name: _finite(value) for name, value in zip(("mean", "low", "high"), talk, strict=True)},
        "thin_hours": list(brought.thin_hours(plan)),
    }


def _expected_document(one: "Expected") -> dict[str, object]:
    return {
        "mean": round(one.mean, 4),
        "lowest": round(one.lowest, 4),
        "highest": round(one.highest, 4),
        "low": _finite(one.low),
        "high": _finite(one.high),
    }


def _finite(value: float) -> float | None:
    """None: nobody can say."""
    return None if math.isinf(value) else round(value, 4)


async def _reported(
    site: Site, campaign: "Campaign", since: float
) -> "tuple[tuple[HourLine, ...], list[tuple[str, Progress]]]":
    from callcenter.postgres.campaign_past import by_hour
    from callcenter.postgres.leads import progress_of

    async with site.database() as pool:
        return await by_hour(pool, campaign.name, since), await progress_of(pool, campaign.lists)


async def _brought(site: Site, campaign: "Campaign", since: float) -> "Past":
    from callcenter.postgres.campaign_past import talked, tried
    from callcenter.sim.dialling.histories import Past, PastDial

    async with site.database() as pool:
        attempts = await tried(pool, campaign.name, since)
        talks = await talked(pool, campaign.queue or "", since)
    return Past(
        dials=[
            PastDial(hour=datetime.fromtimestamp(one.began).astimezone().hour, live=one.live, after_s=one.after_s)
            for one in attempts
        ],
        talks_s=[talk_s for talk_s, _ in talks],
        wrap_ups_s=[wrap_up_s for _, wrap_up_s in talks],
    )


def _configured(site: Site, name: str) -> "Campaign":
    from callcenter.jobs.permission import configured

    return configured(site.configuration(), name)
