"""May this number be dialled now for that campaign? Looks up what the rules ask about; judges nothing, writes nothing.

The one place for the question of a person: the command line and the API ask here. The dialler asks by itself.
"""

from dataclasses import replace
from typing import Final

from callcenter.core.caller_ids import shown
from callcenter.core.campaign_rules import packs_of
from callcenter.core.guard import GuardBook
from callcenter.core.law import check
from callcenter.errors import Unknown, unknown, unreadable
from callcenter.geography.holidays import days_off
from callcenter.geography.numbers import Telling, told
from callcenter.model.campaign import AHEAD, Campaign, Mode
from callcenter.model.configuration import Configuration
from callcenter.model.law import Verdict
from callcenter.model.lead import AttemptId, CampaignName, Dial, LeadNumber
from callcenter.postgres.attempts import guarded
from callcenter.postgres.leads import whose
from callcenter.postgres.pool import Pool
from callcenter.postgres.questions import dropped, question_about

DAY_S: Final = 86_400.0


async def permission(
    pool: Pool, configuration: Configuration, number: str, campaign: str, region: str, now: float
) -> tuple[Telling, Verdict]:
    """The number as it is dialled, and the verdict of now (UTC seconds). Raises Unknown, Unreadable, PeerFault.

    A campaign that dials only for somebody who is there has an agent for the call; of one that dials ahead none counts
    as ready. What the guard never lets out is against it too; how many calls it has let out is not looked at.
    """
    found = configured(configuration, campaign)
    telling = told(number, region)
    if telling.problem:
        raise unreadable(repr(number[:60]), telling.problem, "name the region, or + and the country code")
    name = CampaignName(campaign)
    caller = shown(found.caller_ids, telling.e164, telling.region, {})
    lead = await whose(pool, telling.e164)
    dial = Dial(
        id=AttemptId(""),
        lead=lead if lead.zones else replace(lead, zones=telling.zones),
        number=LeadNumber(n=1, number=telling.e164, region=telling.region, line=str(telling.type)),
        campaign=name,
        caller_id=caller.number if caller is not None else "",
        ring_s=found.ring_s,
        approach=found.approach,
        message_within_s=found.message_within_s if found.safe_harbour is not None else None,
        agent_ready=found.mode not in AHEAD and found.mode is not Mode.BROADCAST,
    )
    drops = await dropped(pool, name, now, (DAY_S, 30 * DAY_S))
    question = await question_about(pool, dial, now, days_off, drops)
    verdict = check(question, packs_of(found, configuration.law))
    guard = GuardBook(configuration.guard).may(
        telling.e164, region=telling.region, line=str(telling.type), trunk="", at=now, count=False
    )
    return telling, guarded(verdict, guard.against)


def configured(configuration: Configuration, name: str) -> Campaign:
    """The campaign of this name. Raises Unknown."""
    found = next((one for one in configuration.campaigns.values() if one.name == name), None)
    if found is None:
        raise no_campaign(configuration, name)
    return found


def no_campaign(configuration: Configuration, name: str) -> Unknown:
    """There is none of that name."""
    known = ", ".join(sorted(configuration.campaigns)) or "none is configured"
    return unknown("campaigns.yaml", f"there is no campaign {name[:60]}", f"there are: {known}")
