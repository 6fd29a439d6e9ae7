"""Leads that agents read before they are dialled: preview and manual campaigns. Knows who is free; paces nothing."""

from collections.abc import Callable
from typing import Final

from callcenter.core.campaign_asking import Asking
from callcenter.core.campaign_crew import agents_of, could_serve
from callcenter.core.campaign_state import CampaignRecord, Shown
from callcenter.core.world import NOBODY, World
from callcenter.model.agent import AgentState
from callcenter.model.campaign import BY_HAND, Campaign, CampaignState, Mode
from callcenter.model.campaign_messages import LeadShown, ReleaseLeads
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId
from callcenter.model.lead import CampaignName
from callcenter.model.pacing import PacerName, PacingAnswer

S: Final = CampaignState


class ByHand:
    """Who reads which lead, and what she says."""

    __slots__ = ("_asking", "_world")

    def __init__(self, world: World, asking: Asking) -> None:
        self._world = world
        self._asking = asking

    def show(self, record: CampaignRecord, campaign: Campaign) -> None:
        """Who is free and has no lead to read has one now; who has read for long enough has hers dialled."""
        world, now = self._world, self._world.now
        record.rule, record.paced_at = PacerName(campaign.mode), now
        record.why = f"{len(record.shown)} read who it is" if record.hopper or record.shown else record.why
        free = [one for one in agents_of(world, campaign) if one.state is AgentState.READY]
        for agent in sorted(record.shown):
            found = world.agents.records.get(agent)
            if found is None or not could_serve(world, found, campaign):
                lead = record.shown[agent].lead
                self.hide(record, agent, "she is not there")
                record.hopper.insert(0, lead)
            elif campaign.preview_s and now >= record.shown[agent].since + campaign.preview_s and found in free:
                self._dial_shown(record, campaign, agent, f"{agent} has read for {campaign.preview_s:g} s")
        for found in free if campaign.mode is Mode.PREVIEW else ():
            if found.agent.id not in record.shown and record.hopper:
                self._show_to(record, found.agent.id)

    def _show_to(self, record: CampaignRecord, agent: AgentId) -> None:
        lead = record.hopper.pop(0)
        record.shown[agent] = Shown(lead=lead, since=self._world.now)
        self._world.out.append(LeadShown(campaign=record.name, agent=agent, lead=lead.id))

    def hide(self, record: CampaignRecord, agent: AgentId, why: str) -> None:
        del record.shown[agent]
        self._world.out.append(LeadShown(campaign=record.name, agent=agent, why=why))

    def next_for(self, name: CampaignName, agent: AgentId) -> str:
        """An agent wants her next lead; gives what is wrong, or ""."""
        world, record = self._world, self._world.campaigns.get(name)
        campaign, found = world.configuration.campaigns.get(name), world.agents.records.get(agent)
        if campaign is None or record is None or record.state not in (S.RUNNING, S.DRAINING):
            return f"{name} does not run" if campaign is not None else f"there is no campaign {name}"
        if campaign.mode not in BY_HAND:
            return f"{name} is not dialled by hand: its mode is {campaign.mode}"
        if found is None or not could_serve(world, found, campaign):
            return f"{agent} does not work for {name}"
        if agent in record.shown:
            return ""
        if not record.hopper:
            return record.why or "no lead can be called now"
        self._show_to(record, agent)
        return ""

    def decided(self, agent: AgentId, *, dial: bool, soon: Callable[[CampaignRecord], None]) -> str:
        """An agent has read who it is; gives what is wrong, or ""."""
        world = self._world
        record = next((one for _, one in sorted(world.campaigns.items()) if agent in one.shown), None)
        campaign = world.configuration.campaigns.get(record.name) if record is not None else None
        if record is None or campaign is None:
            return f"{agent} has no lead to decide on"
        if not dial and not campaign.skip:
            return f"leads of {record.name} are not passed over"
        if not dial:
            lead = record.shown[agent].lead
            self.hide(record, agent, "she was passed over")
            world.out.append(
                ReleaseLeads(contact=NOBODY, campaign=record.name, leads=(lead.id,), rest_s=campaign.skip_rest_s)
            )
            soon(record)
            return ""
        if not world.agents.free.is_free(agent, Medium.VOICE):
            return f"{agent} is not free"
        return self._dial_shown(record, campaign, agent, f"{agent} wants it dialled")

    def _dial_shown(self, record: CampaignRecord, campaign: Campaign, agent: AgentId, why: str) -> str:
        lead = record.shown[agent].lead
        answer = PacingAnswer(lines=1, why=why, rule=PacerName(campaign.mode))
        held = self._asking.about(record, campaign, lead, answer, ready=True, agent=agent)
        if held is not None:
            record.why = held.why
            return held.why
        self.hide(record, agent, "her number is dialled")
        return ""
