"""Who is there for a campaign, and what they do. Knows agents, queues and which campaigns run; dials nothing.

Agents who could serve several running campaigns are dealt out among them, one by one in the order of their ids, so that
no two campaigns dial for the same agent.
"""

from typing import Final, assert_never

from callcenter.core.campaign_state import CampaignRecord
from callcenter.core.state import AgentRecord
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.campaign import Campaign, CampaignState
from callcenter.model.contact import ContactState, Medium
from callcenter.model.ids import AgentId
from callcenter.model.lead import CampaignName
from callcenter.model.pacing import Crew

DIALS: Final = (CampaignState.RUNNING, CampaignState.DRAINING)


def could_serve(world: World, record: AgentRecord, campaign: Campaign) -> bool:
    """Whether she is at work for it: skills, status, a phone that can be rung."""
    queue = world.configuration.queues.get(campaign.queue) if campaign.queue is not None else None
    return (
        queue is not None
        and record.status is AgentStatus.AVAILABLE
        and record.phone is PhoneState.REACHABLE
        and not record.own_calls
        and record.agent.capacity.get(Medium.VOICE, 0) > 0
        and queue.needs.met_by(record.agent.able)
    )


def agents_of(world: World, campaign: Campaign) -> list[AgentRecord]:
    """Who is there for a campaign."""
    rivals = [
        other
        for name, record in sorted(world.campaigns.items())
        if record.state in DIALS and (record.hopper or record.pace.lines or record.claiming)
        if (other := world.configuration.campaigns.get(name)) is not None
    ]
    if campaign not in rivals:
        rivals.append(campaign)
    found: list[AgentRecord] = []
    dealt: dict[tuple[CampaignName, ...], int] = {}
    for agent in sorted(world.agents.records):
        record = world.agents.records[agent]
        able = tuple(other.name for other in rivals if could_serve(world, record, other))
        if campaign.name in able:
            turn = dealt.get(able, 0)
            dealt[able] = turn + 1
            if able[turn % len(able)] == campaign.name:
                found.append(record)
    return found


def rings_first(world: World, campaign: Campaign) -> bool:
    """Whether anybody who could be given a call of it has a phone to be picked up: it may be she who gets it."""
    return any(
        could_serve(world, record, campaign) and not record.agent.phone.nailed
        for record in world.agents.records.values()
    )


def crew_of(world: World, campaign: Campaign) -> Crew:
    """What they do. Free agents who are kept for callers do not count."""
    ready, on_contact, wrap_up = list[float](), list[float](), list[float]()
    for record in agents_of(world, campaign):
        match record.state:
            case AgentState.READY:
                ready.append(record.ready_since)
            case AgentState.OFFERED:
                on_contact.append(world.now)
            case AgentState.ON_CONTACT:
                on_contact.append(record.since)
            case AgentState.WRAP_UP:
                wrap_up.append(record.since)
            case AgentState.NOT_READY:
                pass
            case _:
                assert_never(record.state)
    keep = world.configuration.routing.blend.keep_free
    kept = sorted(ready)[: max(len(ready) - keep, 0)]
    return Crew(ready=tuple(kept), on_contact=tuple(on_contact), wrap_up=tuple(wrap_up))


def whoever_is_free(world: World, campaign: Campaign) -> AgentId | None:
    """Who has been free for longest and can be kept for one call, her phone nailed up: who has to pick it up may be too
    late. None if nobody can, besides those for callers."""
    free = [
        one
        for one in agents_of(world, campaign)
        if one.agent.phone.nailed and world.agents.free.is_free(one.agent.id, Medium.VOICE)
    ]
    if len(free) <= world.configuration.routing.blend.keep_free:
        return None
    return min(free, key=lambda one: (one.ready_since, one.agent.id)).agent.id


def waiting_of(world: World, record: CampaignRecord) -> int:
    """People who have answered and for whom no phone rings yet."""
    contacts = (world.contacts.get(one) for one in record.attempts)  # one may have ended by a timer of this very turn
    return sum(one is not None and one.state is ContactState.WAITING for one in contacts)
