"""Campaigns: begun, paced, ended. Knows the pacers, the trunks, the guard, and who is there; knows no database.

Theory: leads are claimed into a small hopper, which is the engine's. Every second, and when an agent becomes free, the
campaign's pacer is asked how many lines to dial. For each the next lead is taken, a trunk and a caller id are chosen,
and the law is asked (`campaign_asking`): whoever judges writes the attempt with its receipt before it says yes, and
only then the phone rings (`campaign_calls`). A line that is being judged counts as one that rings.

Agents who could serve several running campaigns are dealt out among them, so that no two dial for the same agent.
What Postgres says to all that is taken in by `campaign_claims`.
"""

from collections.abc import Iterable
from typing import Final, assert_never

from callcenter.core.campaign_asking import Asking
from callcenter.core.campaign_by_hand import ByHand
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaign_claims import HOPPER_LOW, Claims
from callcenter.core.campaign_crew import could_serve, crew_of, rings_first, waiting_of
from callcenter.core.campaign_pace import overdrawn, pace_of, retune
from callcenter.core.campaign_state import CampaignInput, CampaignRecord, next_state
from callcenter.core.timers import TimerKind
from callcenter.core.world import NOBODY, World
from callcenter.model.calendar import Calendar
from callcenter.model.campaign import BY_HAND, Campaign, CampaignState, Mode
from callcenter.model.campaign_messages import (
    AttemptSettled,
    BeepHeard,
    CampaignChanged,
    CampaignEvent,
    CampaignRequest,
    CampaignStartRequested,
    CampaignStopRequested,
    ClaimLeads,
    DialJudged,
    DiallerLost,
    DiallerReady,
    LeadDecided,
    LeadRequested,
    LeadsClaimed,
    MachineJudged,
)
from callcenter.model.ids import AgentId
from callcenter.model.lead import CampaignName
from callcenter.model.pacing import Crew, PacingAnswer
from callcenter.pacers.pace import ASK_EVERY_S, IDLE_ASK_S
from callcenter.pacers.pacer import PROGRESSIVE

HOPPER_MAX: Final = 200
S: Final = CampaignState


class Campaigns:
    """All campaigns."""

    __slots__ = ("_asking", "_by_hand", "_calls", "_claims", "_world")

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        self._world = world
        self._calls = calls
        self._asking = Asking(world, calls)
        self._by_hand = ByHand(world, self._asking)
        self._claims = Claims(world, calls, self._by_hand, self._soon)

    # -- what is told ------------------------------------------------------------------------------------------------

    def take(self, event: CampaignEvent) -> None:
        """Whatever comes back from Postgres and from detectors."""
        match event:
            case DiallerReady():
                self._claims.ready(event)
            case DiallerLost():
                self._claims.forget()
                self._world.dialler = ""
            case LeadsClaimed():
                self._claims.claimed(event)
            case DialJudged():
                self._claims.judged(event)
            case AttemptSettled(attempt=attempt):
                for record in self._world.campaigns.values():
                    record.settling.pop(attempt, None)
            case MachineJudged(leg=leg, answerer=answerer, why=why):
                contact = self._world.by_leg(leg)
                if contact is not None and contact.campaign is not None:
                    self._calls.judged(contact, answerer, why)
            case BeepHeard(leg=leg):
                contact = self._world.by_leg(leg)
                if contact is not None and contact.campaign is not None:
                    self._calls.beeped(contact)
            case _:
                assert_never(event)

    def ask(self, event: CampaignRequest) -> str:
        """What people ask for; gives what is wrong, or ""."""
        match event:
            case CampaignStartRequested(campaign=name, by=by):
                return self._start(name, by)
            case CampaignStopRequested(campaign=name, drain=drain, by=by):
                return self._stop(name, by, drain=drain)
            case LeadRequested(campaign=name, agent=agent):
                return self._by_hand.next_for(name, agent)
            case LeadDecided(agent=agent, dial=dial):
                return self._by_hand.decided(agent, dial=dial, soon=self._soon)
            case _:
                assert_never(event)

    def begun_again(self) -> None:
        """A run of the engine begins: what was claimed and judged was another dialler's."""
        self._world.dialler = ""
        self._claims.forget()
        for name in sorted(self._world.campaigns):
            self._world.timers.set(TimerKind.PACE, name, self._world.now)

    # -- begin and end -----------------------------------------------------------------------------------------------

    def _start(self, name: CampaignName, by: str) -> str:
        world, campaign = self._world, self._world.configuration.campaigns.get(name)
        if campaign is None:
            return f"there is no campaign {name}"
        record = world.campaigns.get(name)
        if record is None:
            record = world.campaigns[name] = CampaignRecord(name=name, pace=pace_of(campaign), since=world.now)
            record.seeded = bool(world.dialler)  # it has no attempt on record, or the dialler had told of it
        if record.state is S.RUNNING:
            return f"{name} is running already"
        if record.state is S.STOPPED:
            record.talks = record.dials = record.refused = 0
            record.talk_s = record.agent_s = 0.0
            record.outcomes = {}
            record.manned, record.manned_at = 0, world.now
        retune(record.pace, campaign)
        record.dry_until = record.rests_until = 0.0
        record.left = None
        self._move(record, CampaignInput.STARTED, by=by)
        world.timers.set(TimerKind.PACE, name, world.now)
        return ""

    def _stop(self, name: CampaignName, by: str, *, drain: bool) -> str:
        record = self._world.campaigns.get(name)
        if record is None or record.state is S.STOPPED:
            return f"{name} does not run" if name in self._world.configuration.campaigns else f"no campaign {name}"
        if drain and record.state is not S.RUNNING:
            return f"{name} is {record.state} already"
        if not drain and record.state is S.STOPPING:
            return f"{name} is stopping already"
        self._move(record, CampaignInput.DRAINED if drain else CampaignInput.STOPPED, by=by)
        if not drain:
            self._claims.release(record)
        self._over(record)
        return ""

    def _move(self, record: CampaignRecord, told: CampaignInput, *, why: str = "", by: str = "") -> None:
        was, record.state = record.state, next_state(record.name, record.state, told)
        record.since = self._world.now
        self._world.out.append(CampaignChanged(campaign=record.name, was=was, state=record.state, why=why, by=by))

    def _over(self, record: CampaignRecord) -> None:
        """A campaign that is ending has ended when nothing rings any more and nothing is left that would."""
        rings = record.asked or any(one.answered_at is None for one in record.attempts.values())
        left = record.state is S.DRAINING and (record.hopper or record.claiming)
        if record.state in (S.DRAINING, S.STOPPING) and not rings and not left:
            self._claims.release(record)
            self._move(record, CampaignInput.OVER)
            self._count_agents(record, 0)
            self._world.timers.cancel(TimerKind.PACE, record.name)

    # -- pacing ------------------------------------------------------------------------------------------------------

    def due(self, name: CampaignName) -> None:
        """It is time to look at a campaign."""
        record = self._world.campaigns.get(name)
        if record is None or record.state is S.STOPPED:
            return
        self._world.timers.set(TimerKind.PACE, name, self._world.now + IDLE_ASK_S)
        campaign = self._world.configuration.campaigns.get(name)
        if campaign is None:
            if record.state is not S.STOPPING:
                self._move(record, CampaignInput.STOPPED, why="it is not configured any more")
            self._claims.release(record)
            self._over(record)
            return
        if campaign.goal and record.talks >= campaign.goal and record.state is S.RUNNING:
            self._move(record, CampaignInput.STOPPED, why=f"its goal of {campaign.goal} talks is reached")
            self._claims.release(record)
        self._pace(record, campaign)
        self._over(record)

    def settle(self, freed: Iterable[AgentId]) -> None:
        """After every event: an agent who became free is a reason to look again."""
        world = self._world
        for agent in dict.fromkeys(freed):
            found = world.agents.records.get(agent)
            for _, record in sorted(world.campaigns.items()):
                campaign = world.configuration.campaigns.get(record.name)
                dials = campaign is not None and record.state in (S.RUNNING, S.DRAINING)
                if found is not None and campaign is not None and dials and could_serve(world, found, campaign):
                    self._soon(record)

    def wrapped_up(self, queue: str, seconds: float) -> None:
        """A wrap-up after a contact of this queue took so long."""
        for record in self._world.campaigns.values():
            campaign = self._world.configuration.campaigns.get(record.name)
            if campaign is not None and campaign.queue == queue:
                record.pace.wrapped_up(seconds)

    def _soon(self, record: CampaignRecord) -> None:
        """Ask as soon as a pacer may be asked again."""
        if record.state is not S.STOPPED:
            at = max(self._world.now, record.paced_at + ASK_EVERY_S)
            due = self._world.timers.due(TimerKind.PACE, record.name)
            if due is None or due > at:
                self._world.timers.set(TimerKind.PACE, record.name, at)

    def _pace(self, record: CampaignRecord, campaign: Campaign) -> None:
        world, now = self._world, self._world.now
        crew = crew_of(world, campaign)
        self._count_agents(record, crew.size)
        if record.state not in (S.RUNNING, S.DRAINING) or world.blind:
            return
        closed = self._closed(campaign)
        if closed or not world.dialler:
            self._claims.release(record)
            record.why = closed or "Postgres holds no leads for us"
            return
        self._refill(record)
        if not record.hopper:
            record.why = "no lead can be called now" if record.dry_until > now else "leads are being claimed"
        if campaign.mode in BY_HAND:
            self._by_hand.show(record, campaign)
            return
        if now < record.rests_until or not record.hopper:
            return
        over = overdrawn(record.pace, now) if campaign.mode is not Mode.BROADCAST else ""
        if over and rings_first(world, campaign):
            record.why, record.left = over, None
            return
        waiting = waiting_of(world, record)
        answer = record.left
        if answer is None or now >= record.paced_at + ASK_EVERY_S or not (crew.size or campaign.mode is Mode.BROADCAST):
            answer = self._asked(record, campaign, crew, waiting)
        self._asking.begin(record, campaign, answer, len(crew.ready) - waiting - len(record.pace.lines))
        if record.hopper and answer.lines:
            self._soon(record)

    def _asked(self, record: CampaignRecord, campaign: Campaign, crew: Crew, waiting: int) -> PacingAnswer:
        """What the pacer wants."""
        now = self._world.now
        retune(record.pace, campaign)
        record.paced_at = now
        free = min(self._calls.trunks().lines_free(now), campaign.lines_max - len(record.pace.lines))
        if campaign.mode is Mode.BROADCAST:
            answer = PacingAnswer(lines=max(free, 0), why=f"{free} of {campaign.lines_max} lines", rule=PROGRESSIVE)
        else:
            answer = record.pace.ask(
                crew,
                now,
                waiting=waiting,
                lines_free=max(free, 0),
                names=tuple(sorted(campaign.lists)) or ("",),
                hour=int(now // 3600) % 24,
            )
        record.rule, record.why = answer.rule, answer.why
        return answer

    def _refill(self, record: CampaignRecord) -> None:
        wanted = HOPPER_MAX - len(record.hopper)
        if (
            record.state is S.RUNNING
            and not record.claiming
            and len(record.hopper) < HOPPER_LOW
            and self._world.now >= record.dry_until
        ):
            record.claiming = True
            self._world.out.append(ClaimLeads(contact=NOBODY, campaign=record.name, count=wanted))

    # -- figures -----------------------------------------------------------------------------------------------------

    def _count_agents(self, record: CampaignRecord, size: int) -> None:
        now = self._world.now
        record.agent_s += record.manned * (now - record.manned_at)
        record.manned, record.manned_at = size, now

    def _closed(self, campaign: Campaign) -> str:
        """Why nothing may be dialled at this hour, in words; "" if it may."""
        world = self._world
        hours: list[tuple[str, Calendar | None]] = []
        if campaign.hours is not None:
            hours.append((campaign.hours, world.configuration.calendars.get(campaign.hours)))
        queue = world.configuration.queues.get(campaign.queue) if campaign.queue is not None else None
        if queue is not None and queue.hours is not None:
            hours.append((queue.hours, world.configuration.calendars.get(queue.hours)))
        shut = [name for name, calendar in hours if calendar is not None and not calendar.is_open(world.now)]
        return f"outside the hours of {shut[0]}" if shut else ""
