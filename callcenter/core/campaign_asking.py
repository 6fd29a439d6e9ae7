"""The law is asked about one call: by which trunk, from which number, with what the guard against toll fraud says.

Knows trunks, caller ids and the guard; of leads it takes the next. A line that is being judged is as one that rings.

Theory: a pacer is asked once a second and may want twenty lines. Begun at once they would be answered at once, and each
answer would wait for the others to be connected; carriers do not like it either. So they are begun one after the other,
as far apart as the trunks' calls per second say, until the pacer is asked anew.
"""

from typing import Final

import msgspec

from callcenter.core.caller_ids import shown
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaign_pace import drops_of, next_number, said_of, uses_of
from callcenter.core.campaign_state import Asked, CampaignRecord
from callcenter.core.guard import GuardBook
from callcenter.core.timers import TimerKind
from callcenter.core.trunks import Chosen
from callcenter.core.world import NOBODY, World
from callcenter.model.campaign import Campaign
from callcenter.model.campaign_messages import JudgeDial
from callcenter.model.ids import AgentId
from callcenter.model.lead import AttemptId, Dial, Lead, LeadNumber
from callcenter.model.pacing import PacingAnswer
from callcenter.pacers.pace import ASK_EVERY_S

STEP_S: Final = 0.01  # trunks that take more calls a second than that allows get several at once


class Asking:
    """Asks about calls, one by one."""

    __slots__ = ("_calls", "_guard", "_guard_of", "_world")

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        self._world = world
        self._calls = calls
        self._guard_of = world.configuration.guard
        self._guard = GuardBook(self._guard_of, world.guard_memory)

    def begin(self, record: CampaignRecord, campaign: Campaign, answer: PacingAnswer, unspoken: int) -> None:
        """Begin with what a pacer wants, and leave the rest for a moment later.

        `unspoken` agents are ready, and neither somebody who waits nor a line that rings is meant for them.
        """
        world, now = self._world, self._world.now
        record.left = None
        gap_s = self._calls.trunks().gap_s(now, self._besides(campaign)) or STEP_S
        lines = min(max(round(STEP_S / gap_s), 1), answer.lines, len(record.hopper))
        for n in range(lines):
            if not self.about(record, campaign, record.hopper[0], answer, ready=n < unspoken):
                return
            record.hopper.pop(0)
        if lines < answer.lines and record.hopper:
            record.left = msgspec.structs.replace(answer, lines=answer.lines - lines)
            world.timers.set(TimerKind.PACE, record.name, now + max(gap_s, STEP_S))

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
        way = trunks.choose(number.number, now, self._besides(campaign))
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
        caller = shown(campaign.caller_ids, number.number, number.region, uses_of(world.campaigns.values(), now))
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

    def _besides(self, campaign: Campaign) -> list[str]:
        """The trunks that the campaign does not use."""
        return [name for name in self._world.configuration.trunks if campaign.trunks and name not in campaign.trunks]

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
