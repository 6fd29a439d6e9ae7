"""The law is asked about one call: by which trunk, from which number, with what the guard against toll fraud says.

Knows trunks, caller ids and the guard; of leads it takes the next. A line that is being judged is as one that rings.

Theory: a pacer is asked once a second and may want twenty lines. Begun at once they would be answered at once, and each
answer would wait for the others to be connected; carriers do not like it either. So they are begun one after the other,
as far apart as the trunks' calls per second say, until the pacer is asked anew.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from callcenter.core.caller_ids import shown
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaign_crew import whoever_is_free
from callcenter.core.campaign_pace import drops_of, forget_uses, next_number, said_of, uses_of
from callcenter.core.campaign_state import Asked, CampaignRecord
from callcenter.core.guard import GuardBook, GuardVerdict
from callcenter.core.timers import TimerKind
from callcenter.core.trunks import Chosen
from callcenter.core.world import NOBODY, World
from callcenter.model.campaign import CallerNumber, Campaign
from callcenter.model.campaign_messages import JudgeDial, ReleaseLeads
from callcenter.model.ids import AgentId
from callcenter.model.lead import AttemptId, Dial, Lead, LeadNumber
from callcenter.model.pacing import PacingAnswer
from callcenter.pacers.pace import ASK_EVERY_S

STEP_S: Final = 0.01  # trunks that take more calls a second than that allows get several at once
CALLER_REST_S: Final = 600.0  # where every caller id has had its calls of a day, it is looked again after so long
PASSED_MAX: Final = 20  # leads that are put off at a time because of where they live
REST_LEAST_S: Final = 1.0


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why nobody is asked about a call now, and until when. `only_her`: it is where she lives; others may be called."""

    why: str
    until: float
    only_her: bool = False


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
            if not self._next_asked(record, campaign, answer, ready=n < unspoken):
                return
        if lines < answer.lines and record.hopper:
            record.left = msgspec.structs.replace(answer, lines=answer.lines - lines)
            world.timers.set(TimerKind.PACE, record.name, now + max(gap_s, STEP_S))

    def _next_asked(self, record: CampaignRecord, campaign: Campaign, answer: PacingAnswer, *, ready: bool) -> bool:
        """Ask about the next lead who can be called where she lives; False if nobody can be now.

        Who cannot goes back to her list and rests, so that one country's leads do not hold up the others'.
        """
        for _ in range(PASSED_MAX):
            if not record.hopper:
                return False
            lead = record.hopper[0]
            held = self.about(record, campaign, lead, answer, ready=ready)
            if held is None:
                del record.hopper[0]
                return True
            record.why = held.why
            if not held.only_her:
                record.rests_until = held.until
                return False
            del record.hopper[0]
            rest_s = max(held.until - self._world.now, REST_LEAST_S)
            self._world.out.append(ReleaseLeads(contact=NOBODY, campaign=record.name, leads=(lead.id,), rest_s=rest_s))
        return False

    def about(
        self,
        record: CampaignRecord,
        campaign: Campaign,
        lead: Lead,
        answer: PacingAnswer,
        *,
        ready: bool,
        agent: AgentId | None = None,
    ) -> Held | None:
        """Ask the law about a lead; gives what hinders even that."""
        world, now = self._world, self._world.now
        number = next_number(lead)
        against: tuple[str, ...] = ()
        trunks = self._calls.trunks()
        way = trunks.choose(number.number, now, self._besides(campaign))
        if not isinstance(way, Chosen):
            if way.at is None and not any("lines are taken" in why for _, why in way.why):
                trunk, digits, against = "", number.number, ("no trunk takes this number",)
            else:  # only time, or the end of another call, has to come
                return Held(
                    why="; ".join(f"{name}: {why}" for name, why in way.why),
                    until=way.at if way.at is not None else now + ASK_EVERY_S,
                )
        else:
            trunk, digits = way.trunk, way.digits
        forget_uses(record, now)
        caller = shown(campaign.caller_ids, number.number, number.region, uses_of(world.campaigns.values(), now))
        if caller is None and campaign.caller_ids:
            used_up = _used_up(campaign.caller_ids, number.region, now)
            if used_up is not None:
                return used_up
            against = (*against, f"no number of its caller ids is shown in {number.region or 'her country'}")
        if trunk:
            verdict = self._guarded(number, trunk, agent)
            if verdict.until is not None:
                why = f"guard against toll fraud: {'; '.join(verdict.against)}"
                return Held(why=why, until=verdict.until, only_her=verdict.of_country)
            against = (*against, *verdict.against)
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
            picks_up=ready and agent is None and whoever_is_free(world, campaign) is None,
        )
        configured = world.configuration.trunks.get(trunk)
        record.asked[leg] = Asked(
            dial=dial,
            digits=digits,
            via=configured.dial if configured is not None else "",
            why=answer.why,
            at=now,
            agent=agent,
            counted=bool(trunk) and not against,
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
        return None

    def _besides(self, campaign: Campaign) -> list[str]:
        """The trunks that the campaign does not use."""
        return [name for name in self._world.configuration.trunks if campaign.trunks and name not in campaign.trunks]

    def _guarded(self, number: LeadNumber, trunk: str, agent: AgentId | None) -> GuardVerdict:
        guard = self._world.configuration.guard
        if guard != self._guard_of:
            self._guard, self._guard_of = GuardBook(guard, self._world.guard_memory), guard
        verdict = self._guard.may(
            number.number, region=number.region, line=number.line, trunk=trunk, at=self._world.now, agent=agent or ""
        )
        if verdict.alarm:
            self._world.surprise(f"guard against toll fraud: {verdict.alarm}")
        return verdict


def _used_up(pool: Sequence[CallerNumber], region: str, now: float) -> Held | None:
    """None of the pool can be shown now: because all those of her country have had their calls? None: it has none."""
    fit = [one for one in pool if not one.regions or region in one.regions]
    if not fit:
        return None
    where = f" in {region}" if len(fit) < len(pool) else ""
    return Held(
        why=f"every caller id that is shown{where} has had its calls of 24 hours, or rests",
        until=now + CALLER_REST_S,
        only_her=len(fit) < len(pool),
    )
