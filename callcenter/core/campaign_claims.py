"""What Postgres says to campaigns: who holds the leads, which were claimed, which calls are allowed. Dials what is.

Theory: leads of the hopper are the engine's as long as the dialler lives that claimed them, and a line is counted from
the moment at which the law is asked. After a kill both are left to whoever clears up: they were another dialler's. A
call is made on what was judged a moment ago, however long it waited for its turn to be judged: on a machine that is
slow for a while, calls that are void because they waited would be asked for again, and make the next ones wait longer.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from callcenter.core.campaign_by_hand import ByHand
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaign_crew import crew_of, whoever_is_free
from callcenter.core.campaign_dialling import dial
from callcenter.core.campaign_pace import next_number, pace_of, seed
from callcenter.core.campaign_state import Asked, CampaignRecord
from callcenter.core.guard import GuardBook
from callcenter.core.timers import TimerKind
from callcenter.core.world import NOBODY, World
from callcenter.model.campaign import Campaign, CampaignState, Mode
from callcenter.model.campaign_messages import (
    DialJudged,
    DiallerReady,
    DialRefused,
    LeadsClaimed,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.contact import Medium
from callcenter.model.ids import LegId
from callcenter.model.lead import CampaignName, Lead, Outcome
from callcenter.pacers.pace import Pace
from callcenter.pacers.pacer import PROGRESSIVE

HOPPER_LOW: Final = 100  # below it more are claimed
DRY_S: Final = 5.0  # lists that had fewer leads than were wanted are asked again after so long
REFUSED_S: Final = 5.0  # after a refusal for how the campaign calls, or without a trunk, nothing is tried for so long
JUDGED_WITHIN_S: Final = 10.0  # what was judged longer ago was judged in another world
S: Final = CampaignState


class Claims:
    """The hoppers, and what is being judged."""

    __slots__ = ("_by_hand", "_calls", "_soon", "_world")

    def __init__(
        self, world: World, calls: CampaignCalls, by_hand: ByHand, soon: Callable[[CampaignRecord], None]
    ) -> None:
        self._world = world
        self._calls = calls
        self._by_hand = by_hand
        self._soon = soon

    def release(self, record: CampaignRecord) -> None:
        """Give back the leads that were claimed and not dialled."""
        for agent in sorted(record.shown):
            record.hopper.append(record.shown[agent].lead)
            self._by_hand.hide(record, agent, "the campaign dials no more")
        if record.hopper:
            leads = tuple(lead.id for lead in record.hopper)
            record.hopper = []
            self._world.out.append(ReleaseLeads(contact=NOBODY, campaign=record.name, leads=leads))

    def ready(self, event: DiallerReady) -> None:
        world = self._world
        self.forget()
        world.dialler = event.dialler
        for name, counts in sorted(event.counts.items()):
            record = world.campaigns.get(CampaignName(name))
            if record is None:  # also of one that is not configured now: it may be again before the windows have passed
                campaign = world.configuration.campaigns.get(CampaignName(name))
                pace = pace_of(campaign) if campaign is not None else Pace(pacer=PROGRESSIVE)
                record = CampaignRecord(name=CampaignName(name), pace=pace, since=world.now)
                world.campaigns[record.name] = record
            if not record.seeded and not record.pace.counted(world.now)[1].live:  # else these calls are in there
                seed(record.pace, counts)
        for _, record in sorted(world.campaigns.items()):
            record.seeded = True
            for leg, settling in record.settling.items():
                if settling.agent is None:
                    self._calls.ends.tell(record, leg, settling)
            if record.state is not S.STOPPED:
                world.timers.set(TimerKind.PACE, record.name, world.now)

    def forget(self) -> None:
        """The leads in the hoppers, and the calls that are being judged, are not ours any more."""
        for _, record in sorted(self._world.campaigns.items()):
            for agent in sorted(record.shown):
                self._by_hand.hide(record, agent, "the leads are claimed anew")
            record.hopper, record.claiming = [], False
            record.dry_until = record.rests_until = 0.0
            for leg in list(record.asked):
                self._unask(record, leg)

    def _unask(self, record: CampaignRecord, leg: LegId) -> Asked | None:
        asked = record.asked.pop(leg, None)
        if asked is not None:
            record.pace.not_dialled(leg)
            self._calls.trunks().not_dialled(asked.dial.trunk)
            if asked.counted:
                GuardBook(self._world.configuration.guard, self._world.guard_memory).not_made(
                    region=asked.dial.number.region, trunk=asked.dial.trunk, at=asked.at, agent=asked.agent or ""
                )
        return asked

    def claimed(self, event: LeadsClaimed) -> None:
        record = self._world.campaigns.get(event.campaign)
        if record is None or not record.claiming:
            return
        record.claiming = False
        known = {lead.id for lead in record.hopper}
        record.hopper += [lead for lead in event.leads if lead.id not in known and lead.numbers]
        if event.why:
            record.why = event.why
        if len(record.hopper) < HOPPER_LOW:
            record.dry_until = self._world.now + DRY_S
        if record.state in (S.STOPPING, S.STOPPED):
            self.release(record)
        self._soon(record)

    def judged(self, event: DialJudged) -> None:
        record = next((one for one in self._world.campaigns.values() if event.attempt in one.asked), None)
        if record is None:
            return
        world, now = self._world, self._world.now
        if event.authorised:
            asked = record.asked[event.attempt]
            campaign = world.configuration.campaigns.get(record.name)
            if event.needs_agent and asked.agent is None and campaign is not None:
                asked = asked.kept_for(whoever_is_free(world, campaign))
            hindrance = self._hindrance(record, campaign, asked, event.at or asked.at)
            if not hindrance and event.needs_agent and asked.agent is None:
                hindrance = "the number was dropped, and no agent is free to be kept for it"
            if hindrance:
                self._unask(record, event.attempt)
                world.out.append(
                    SettleAttempt(
                        contact=NOBODY, campaign=record.name, attempt=event.attempt, outcome=Outcome.VOID, at=now
                    )
                )
                self._refused(record, asked, hindrance)
            else:
                del record.asked[event.attempt]
                dial(self._world, record, asked)
            return
        refused = self._unask(record, event.attempt)
        assert refused is not None  # it is in `asked`
        if event.kept:
            _put_back(record.hopper, refused.dial.lead)
            record.rests_until = now + REFUSED_S
        elif event.left:  # the next number of the one whose turn it is
            record.hopper.insert(0, replace(refused.dial.lead, numbers=event.left))
        record.refused += 1
        record.why = event.why
        self._refused(record, refused, event.why)
        self._soon(record)

    def _hindrance(self, record: CampaignRecord, campaign: Campaign | None, asked: Asked, judged: float) -> str:
        """Why a call that the law allows is not made all the same, in words; "" if it is."""
        if campaign is None or record.state in (S.STOPPING, S.STOPPED):
            return "the campaign has been stopped"
        if self._world.now > judged + JUDGED_WITHIN_S:
            return "it was judged too long ago"
        if self._calls.trunks().rests(asked.dial.trunk, self._world.now):
            return f"trunk {asked.dial.trunk} rests after failures"
        if asked.agent is not None:
            is_free = self._world.agents.free.is_free(asked.agent, Medium.VOICE)
            return "" if is_free else f"{asked.agent} is not free any more"
        if campaign.mode is not Mode.BROADCAST and not crew_of(self._world, campaign).size:
            return "nobody is there any more"
        return ""

    def _refused(self, record: CampaignRecord, asked: Asked, why: str) -> None:
        self._world.out.append(
            DialRefused(campaign=record.name, lead=asked.dial.lead.id, attempt=LegId(asked.dial.id), why=why)
        )


def _put_back(hopper: list[Lead], lead: Lead) -> None:
    """She was refused for how the campaign calls, which other countries' laws may allow: their leads come first."""
    country = next_number(lead).region
    others = [at for at, one in enumerate(hopper) if next_number(one).region != country]
    hopper.insert(others[-1] + 1 if others else 0, lead)
