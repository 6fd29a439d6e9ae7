"""Pictures of campaigns for screens. Knows how to count; changes nothing."""

from collections.abc import Mapping
from typing import Final

from callcenter.core.caller_ids import UNUSED, CallerUse, rested
from callcenter.core.campaign_crew import crew_of, waiting_of
from callcenter.core.campaign_pace import next_number, uses_of
from callcenter.core.campaign_state import CampaignRecord, DialStep, Shown
from callcenter.core.machine_score import MachineScore
from callcenter.core.world import World
from callcenter.model.campaign import Campaign, CampaignState, MachineRule, Mode
from callcenter.model.contact import ContactState
from callcenter.model.ids import AgentId
from callcenter.model.pacing import Answers, Crew
from callcenter.model.view import CallerView, CampaignView, LeadView

CALLERS_SHOWN: Final = 50
NOTHING = Answers(live=0.0, drops=0.0)


def campaign_views(world: World, now: float) -> tuple[CampaignView, ...]:
    """Every campaign that is configured, and those that are not any more but still have calls."""
    configured, known = world.configuration.campaigns, world.campaigns
    busy = {
        name
        for name, record in known.items()
        if record.state is not CampaignState.STOPPED or record.attempts or record.settling
    }
    uses = uses_of(known.values(), now)
    return tuple(
        _view(world, name, configured.get(name), known.get(name), now, uses) for name in sorted({*configured, *busy})
    )


def _view(
    world: World,
    name: str,
    campaign: Campaign | None,
    record: CampaignRecord | None,
    now: float,
    uses: Mapping[str, CallerUse],
) -> CampaignView:
    crew = crew_of(world, campaign) if campaign is not None and campaign.mode is not Mode.BROADCAST else Crew()
    if record is None:
        return CampaignView(
            name=name,
            mode=campaign.mode if campaign is not None else "",
            queue=campaign.queue if campaign is not None else None,
            agents=crew.size,
            ready=len(crew.ready),
            target=campaign.target if campaign is not None else 0.0,
            hard_stop=campaign.hard_stop if campaign is not None else 0.0,
            goal=campaign.goal if campaign is not None else 0,
            callers=_callers(campaign, uses),
        )
    day, month = record.pace.counted(now)
    attempts = record.attempts.values()
    agent_s = record.agent_s + record.manned * max(now - record.manned_at, 0.0)
    return CampaignView(
        name=name,
        mode=campaign.mode if campaign is not None else "",
        state=record.state,
        state_s=max(now - record.since, 0.0),
        queue=campaign.queue if campaign is not None else None,
        hopper=len(record.hopper),
        ringing=len(record.asked) + sum(one.step is DialStep.RINGING for one in attempts),
        judging=sum(one.step is DialStep.JUDGING for one in attempts),
        waiting=waiting_of(world, record),
        talking=sum(world.contacts[one.contact].state is ContactState.CONNECTED for one in attempts),
        agents=crew.size,
        ready=len(crew.ready),
        wrap_up=len(crew.wrap_up),
        dials=record.dials,
        refused=record.refused,
        talks=record.talks,
        goal=campaign.goal if campaign is not None else 0,
        outcomes=tuple(sorted((str(outcome), count) for outcome, count in record.outcomes.items())),
        shown=tuple(_lead(agent, shown, now) for agent, shown in sorted(record.shown.items())),
        unsettled=len(record.settling),
        talk_s=record.talk_s,
        agent_s=agent_s,
        day_live=int(day.live),
        day_drops=int(day.drops),
        month_live=int(month.live),
        month_drops=int(month.drops),
        target=record.pace.budget.target,
        hard_stop=record.pace.budget.hard,
        rule=str(record.rule),
        why=record.why,
        callers=_callers(campaign, uses),
        machines=_machines(campaign, record),
    )


def _callers(campaign: Campaign | None, uses: Mapping[str, CallerUse]) -> tuple[CallerView, ...]:
    """The numbers that it shows, whichever campaigns have shown them."""
    pool = campaign.caller_ids if campaign is not None else ()
    resting = rested(pool, uses)
    return tuple(
        CallerView(
            number=one.number,
            calls_24h=use.calls_24h,
            per_day_max=one.per_day_max,
            calls=use.calls,
            answered=use.answered,
            rests=one.number in resting,
        )
        for one in pool[:CALLERS_SHOWN]
        for use in (uses.get(one.number, UNUSED),)
    )


def _machines(campaign: Campaign | None, record: CampaignRecord) -> str:
    """What is done with machines, and on whose word; or why with nobody any more."""
    if campaign is None or campaign.machine is MachineRule.AS_HUMAN:
        return ""
    score = record.scores.get(campaign.detector, MachineScore())
    said = f"of {score.labelled} labelled ones {score.people} were people"
    if score.trusted:
        return f"{str(campaign.machine).replace('_', ' ')}, as {campaign.detector} says ({said})"
    return f"everybody is treated as a person: {campaign.detector} takes too many for machines ({said})"


def _lead(agent: AgentId, shown: Shown, now: float) -> LeadView:
    return LeadView(
        agent=agent,
        lead=shown.lead.id,
        name=shown.lead.name,
        number=next_number(shown.lead).number,
        for_s=max(now - shown.since, 0.0),
        list=shown.lead.list,
        attempts=shown.lead.attempts,
        custom=tuple(sorted(shown.lead.custom.items())),
    )
