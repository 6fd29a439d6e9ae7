"""The law is asked about one call: by which trunk, from which number, with what the guard against toll fraud says.

Knows trunks, caller ids and the guard; chooses no lead. A line that is being judged counts as one that rings.
"""

from callcenter.core.caller_ids import shown
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaign_pace import drops_of, next_number, said_of, uses_of
from callcenter.core.campaign_state import Asked, CampaignRecord
from callcenter.core.guard import GuardBook
from callcenter.core.trunks import Chosen
from callcenter.core.world import NOBODY, World
from callcenter.model.campaign import Campaign
from callcenter.model.campaign_messages import JudgeDial
from callcenter.model.ids import AgentId
from callcenter.model.lead import AttemptId, Dial, Lead, LeadNumber
from callcenter.model.pacing import PacingAnswer
from callcenter.pacers.pace import ASK_EVERY_S


class Asking:
    """Asks about calls, one by one."""

    __slots__ = ("_calls", "_guard", "_guard_of", "_world")

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        self._world = world
        self._calls = calls
        self._guard_of = world.configuration.guard
        self._guard = GuardBook(self._guard_of, world.guard_memory)

    def about(
        self,
        record: CampaignRecord,
        campaign: Campaign,
        lead: Lead,
        answer: PacingAnswer,
        *,
        ready: bool,
        agent: AgentId | None = None,
    ) -> bool:
        """Ask the law about a lead; False if nothing can be dialled now."""
        world, now = self._world, self._world.now
        number = next_number(lead)
        trunks = self._calls.trunks()
        besides = [name for name in world.configuration.trunks if campaign.trunks and name not in campaign.trunks]
        way = trunks.choose(number.number, now, besides)
        if not isinstance(way, Chosen):
            if way.at is None and not any("lines are taken" in why for _, why in way.why):
                against: tuple[str, ...] = ("no trunk takes this number",)
                trunk, digits = "", number.number
            else:  # only time, or the end of another call, has to come
                record.rests_until = way.at if way.at is not None else now + ASK_EVERY_S
                record.why = "; ".join(f"{name}: {why}" for name, why in way.why)
                return False
        else:
            trunk, digits = way.trunk, way.digits
            against = self._guarded(number, trunk, agent)
        caller = shown(campaign.caller_ids, number.number, number.region, uses_of(record, now))
        leg = world.mints().leg()
        dial = Dial(
            id=AttemptId(leg),
            lead=lead,
            number=number,
            campaign=record.name,
            trunk=trunk,
            caller_id=caller.number if caller is not None else "",
            ring_s=campaign.ring_s,
            approach=campaign.approach,
            message_within_s=campaign.message_within_s if campaign.safe_harbour is not None else None,
            agent_ready=ready,
        )
        configured = world.configuration.trunks.get(trunk)
        record.asked[leg] = Asked(
            dial=dial,
            digits=digits,
            via=configured.dial if configured is not None else "",
            why=answer.why,
            at=now,
            agent=agent,
        )
        record.pace.dialled(leg, now, lead.list, int(now // 3600) % 24)
        trunks.began(trunk, now)
        world.out.append(
            JudgeDial(
                contact=NOBODY,
                dial=dial,
                drops=drops_of(record.pace, now),
                pacing=said_of(answer),
                against=against,
            )
        )
        return True

    def _guarded(self, number: LeadNumber, trunk: str, agent: AgentId | None) -> tuple[str, ...]:
        guard = self._world.configuration.guard
        if guard != self._guard_of:
            self._guard, self._guard_of = GuardBook(guard, self._world.guard_memory), guard
        verdict = self._guard.may(
            number.number, region=number.region, line=number.line, trunk=trunk, at=self._world.now, agent=agent or ""
        )
        if verdict.alarm:
            self._world.surprise(f"guard against toll fraud: {verdict.alarm}")
        return verdict.against
