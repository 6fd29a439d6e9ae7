"""What `callcenter compliance check` looks up and shows: one number, one campaign, all rules. No more."""

import time
from typing import TYPE_CHECKING, Final

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import cell, say, show, show_grid, stamp

if TYPE_CHECKING:
    from callcenter.cli.site import Site
    from callcenter.geography.numbers import Telling
    from callcenter.model.campaign import Campaign
    from callcenter.model.law import LawPack, Verdict

HEADS: Final = ("rule!", "pack!", "holds", "is", "must be", "from")
DAY_S: Final = 86_400.0


async def checked(site: "Site", number: str, campaign: str, region: str) -> "tuple[Telling, Verdict]":
    """The number as it is dialled, and the verdict of now."""
    from callcenter.core.law import check
    from callcenter.geography.holidays import days_off
    from callcenter.geography.numbers import told
    from callcenter.model.lead import AttemptId, CampaignName, Dial, Lead, LeadId, LeadNumber, ListOfLeads
    from callcenter.postgres.attempts import dropped, question_about
    from callcenter.postgres.leads import zones_of

    found, law = _campaign(site, campaign)
    telling = told(number, region)
    if telling.problem:
        raise Failure(Exit.USAGE, f"{number!r}: {telling.problem}", remedy="--region CODE, or + and the country code")
    now, name = time.time(), CampaignName(campaign)
    async with site.database() as pool:
        zones = await zones_of(pool, telling.e164) or telling.zones
        lead = Lead(id=LeadId(0), list=ListOfLeads(""), zones=zones)
        dial = Dial(
            id=AttemptId(""),
            lead=lead,
            number=LeadNumber(n=1, number=telling.e164, region=telling.region, line=str(telling.type)),
            campaign=name,
            caller_id=found.caller_ids[0].number if found.caller_ids else "",
            ring_s=found.ring_s,
            approach=found.approach,
            message_within_s=found.message_within_s if found.safe_harbour is not None else None,
        )
        drops = await dropped(pool, name, now, (DAY_S, 30 * DAY_S))
        question = await question_about(pool, dial, now, days_off, drops)
    return telling, check(question, law)


def _campaign(site: "Site", name: str) -> "tuple[Campaign, list[LawPack]]":
    configuration = site.configuration()
    found = next((one for one in configuration.campaigns.values() if one.name == name), None)
    if found is None:
        known = ", ".join(sorted(configuration.campaigns)) or "none is configured"
        raise Failure(Exit.NOT_FOUND, f"there is no campaign {name}", remedy=f"there are: {known}")
    return found, [configuration.law[pack] for pack in found.law]


def document(telling: "Telling", campaign: str, verdict: "Verdict") -> dict[str, object]:
    """The verdict for programs."""
    return {
        "number": telling.e164,
        "region": telling.region,
        "campaign": campaign,
        "at": stamp(verdict.at),
        "allowed": verdict.allowed,
        "next_at": None if verdict.next_at is None else stamp(verdict.next_at),
        "findings": [
            {
                "rule": str(one.kind),
                "pack": one.pack,
                "held": one.held,
                "value": one.value,
                "limit": one.limit,
                "cite": one.cite,
                "verified": one.verified,
            }
            for one in verdict.findings
        ],
    }


def show_verdict(telling: "Telling", campaign: str, verdict: "Verdict") -> None:
    """The verdict for people."""
    if verdict.allowed:
        words = f"{telling.e164} may be dialled now for {campaign}"
    elif verdict.next_at is None:
        words = f"{telling.e164} may not be dialled for {campaign}: somebody has to act first"
    else:
        words = f"{telling.e164} may not be dialled for {campaign} before {stamp(verdict.next_at)}"
    show(cell(words, "bold green" if verdict.allowed else "bold red"))
    say()
    rows = (
        (
            str(one.kind),
            one.pack,
            cell("yes", "") if one.held else cell("NO", "bold red"),
            one.value,
            one.limit,
            f"{one.cite}{'' if one.verified else ' (not verified)'}",
        )
        for one in verdict.findings
    )
    show_grid(HEADS, rows, empty="no rule")
