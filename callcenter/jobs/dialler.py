"""The dialler: between the engine's campaigns and Postgres. Claims, has judged, writes, settles; decides nothing.

Theory: one registered dialler for each run of the call center, alive as long as its connection to Postgres holds a
lock. Commands of the engine are begun here and answered by events. What is to be settled is kept until that is;
all else is answered at once with what hinders it, and the engine asks again. When the connection is lost, another
dialler is registered, clears up after the first, and the engine is told. What became of a dead dialler's attempts is
known by the engine, which is what its journal says: an attempt that it has not dialled was never dialled.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, assert_never

import structlog
from msgspec.structs import replace

from callcenter.core.campaign_rules import packs_of
from callcenter.core.recycling import DEFAULT_RULES
from callcenter.errors import OutcomeUnknown, PeerFault
from callcenter.geography.holidays import days_off
from callcenter.geography.numbers import told_here
from callcenter.jobs.hopper import Hopper
from callcenter.model.callback_messages import CallbackJudged, JudgeCallback, SettleCallback
from callcenter.model.campaign import Campaign, Recycle
from callcenter.model.campaign_messages import (
    AttemptSettled,
    ClaimLeads,
    DialJudged,
    DiallerLost,
    DiallerReady,
    HourCount,
    JudgeDial,
    LeadsClaimed,
    OptOut,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.configuration import Configuration
from callcenter.model.events import Event
from callcenter.model.ids import LegId
from callcenter.model.law import LawPack
from callcenter.model.lead import AttemptId, CampaignName, DiallerName, Fate, Lead, LeadNumber, OpenAttempt, Outcome
from callcenter.model.lead_filter import FilterSyntaxError
from callcenter.model.numbers import Numbering
from callcenter.ports import Clock
from callcenter.postgres import callback_dials
from callcenter.postgres.attempts import (
    LEAD_ATTEMPTS_MAX,
    Attempts,
    Authorised,
    Found,
    NotOurs,
    Refused,
)
from callcenter.postgres.do_not_call import DoNotCall
from callcenter.postgres.leads import Leads
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.questions import HISTORY_S
from callcenter.postgres.records import time_of

AGAIN_S: Final = 1.0  # what Postgres did not take is tried again after so long
LOOK_EVERY_S: Final = 1.0  # whether our connection lives
CLEAR_EVERY_S: Final = 30.0
CLEAR_SOON_S: Final = 2.0  # after attempts that were too young to say
AT_ONCE_MAX: Final = 6  # calls that are judged side by side: each holds a connection
ON_THE_LINE_S: Final = 30.0  # who is being called, through another list, is looked at again after so long
QUEUE_MAX: Final = 10_000

DialCommand = ClaimLeads | ReleaseLeads | JudgeDial | SettleAttempt | OptOut | JudgeCallback | SettleCallback
ToSettle = SettleAttempt | OptOut | SettleCallback
Knows = Callable[[LegId], bool]
"""Whether the engine has dialled an attempt that is not settled."""

log = structlog.get_logger(__name__)


class Dialler:
    """A chore of the running center, and who its hands give the campaigns' commands to."""

    name = "dialler"

    def __init__(
        self,
        pool: Pool,
        dsn: str,
        run: str,
        post: Callable[[Event], None],
        clock: Clock,
        configuration: Callable[[], Configuration],
        knows: Knows | None,
    ) -> None:
        """`run` names this run of the center; `knows` is None where the engine remembers nothing of the past."""
        self._pool = pool
        self._dsn = dsn
        self._run = run
        self._post = post
        self._clock = clock
        self._configuration = configuration
        self._knows = knows
        self._attempts: Attempts | None = None
        self._leads: Leads | None = None
        self._opened = 0
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsettled: asyncio.Queue[ToSettle] = asyncio.Queue(maxsize=QUEUE_MAX)
        self._settling = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.claimed = self.judged = self.refused = self.settled = 0
        self.problem = ""

    # -- the engine's commands ---------------------------------------------------------------------------------------

    def begin(self, command: DialCommand) -> None:
        """Begin it; the answer comes as an event."""
        match command:
            case SettleAttempt() | OptOut() | SettleCallback():
                self._unsettled.put_nowait(command)
                self._owed()
            case ClaimLeads():
                self._start(partial(self._claim, command))
            case ReleaseLeads():
                self._owed()
                self._start(partial(self._release, command)).add_done_callback(lambda _: self._paid())
            case JudgeDial():
                self._start(partial(self._judge, command))
            case JudgeCallback():
                self._start(partial(self._judge_callback, command))
            case _:
                assert_never(command)

    async def emptied(self, within_s: float) -> bool:
        """Wait until all that was to be settled or given back is; False if that takes longer."""
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def health(self) -> Mapping[str, object]:
        """Figures for `status` and `doctor`."""
        return {
            "name": self._attempts.name if self._attempts is not None else "",
            "claimed": self.claimed,
            "judged": self.judged,
            "refused": self.refused,
            "settled": self.settled,
            "unsettled": self._settling,
            "problem": self.problem,
        }

    # -- as long as the center runs ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._settle_all())
                group.create_task(self._stay_alive())
        finally:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._attempts is not None:
                with suppress(PeerFault, OSError):
                    await self._attempts.close()

    async def _stay_alive(self) -> None:
        while True:
            try:
                await self._live()
            except PeerFault as fault:
                self.problem = str(fault)
                log.warning("no leads can be claimed", problem=self.problem)
            self._attempts = self._leads = None
            self._post(DiallerLost(why=self.problem))
            await asyncio.sleep(AGAIN_S * (0.5 + random.random()))

    async def _live(self) -> None:
        """Register, clear up, tell the engine; then clear up now and then. Ends when the connection is lost."""
        self._opened += 1
        name = DiallerName(f"{self._run}-{self._opened}")
        async with await Attempts.open(self._pool, self._dsn, name, days_off) as attempts:
            again_s = await self._clear(attempts)
            counts = await self._counts()
            self._attempts, self._leads, self.problem = attempts, Leads(self._pool, name), ""
            self._post(DiallerReady(dialler=name, counts=counts))
            waited_s = 0.0
            while attempts.alive:
                await asyncio.sleep(LOOK_EVERY_S)
                waited_s += LOOK_EVERY_S
                if waited_s >= again_s:
                    waited_s, again_s = 0.0, await self._clear(attempts)
            self.problem = "the connection to Postgres was lost"

    async def _clear(self, attempts: Attempts) -> float:
        """Clear up after diallers that died; gives after how many seconds to look again."""
        found = await attempts.recover(self, self._clock.now(), self._rules_of)
        if found.diallers or found.settled or found.adopted:
            log.info(
                "cleared up after a dialler that died",
                diallers=len(found.diallers),
                settled=len(found.settled),
                adopted=len(found.adopted),
            )
        lost = await callback_dials.clear(self._pool, self._clock.now())
        if lost:
            log.info("callbacks of which nobody knows what came", lost=lost)
        return CLEAR_SOON_S if found.waiting else CLEAR_EVERY_S

    async def fates(self, attempts: Sequence[OpenAttempt]) -> Mapping[AttemptId, Found]:
        """What the engine knows of attempts whose dialler died: those it dialled it will settle itself."""
        if self._knows is None:
            return {}
        return {one.id: Found(fate=Fate.LIVE if self._knows(LegId(one.id)) else Fate.NEVER) for one in attempts}

    async def _counts(self) -> Mapping[str, tuple[HourCount, ...]]:
        with asking():
            rows = await self._pool.fetch(sql("attempts.by_hour"), time_of(self._clock.now() - HISTORY_S))
        counts: dict[str, tuple[HourCount, ...]] = {}
        for row in rows:
            count = HourCount(hour=row["at_hour"], answered=row["answered"], dropped=row["dropped"])
            counts[row["campaign"]] = (*counts.get(row["campaign"], ()), count)
        return counts

    # -- one command -------------------------------------------------------------------------------------------------

    async def _claim(self, command: ClaimLeads) -> None:
        campaign = self._campaign(command.campaign)
        leads, found, why = self._leads, list[Lead](), ""
        if campaign is not None and leads is not None:
            try:
                hopper = Hopper(leads, campaign, self._packs(campaign), size_max=command.count)
                await hopper.fill(self._clock.now())
                while (lead := hopper.take()) is not None:
                    found.append(lead)
            except (PeerFault, FilterSyntaxError) as fault:
                why = str(fault)
        self.claimed += len(found)
        self._post(LeadsClaimed(campaign=command.campaign, leads=tuple(found), why=why))

    async def _release(self, command: ReleaseLeads) -> None:
        if self._leads is not None and command.leads:
            with suppress(PeerFault):  # they are given back at the latest when this dialler has ended
                if command.rest_s:
                    await self._leads.rest(command.leads, self._clock.now() + command.rest_s)
                else:
                    await self._leads.release(command.leads)

    async def _judge(self, command: JudgeDial) -> None:
        dial, attempts, leads = command.dial, self._attempts, self._leads
        campaign = self._campaign(dial.campaign)
        answer = DialJudged(attempt=LegId(dial.id), authorised=False, why="Postgres holds no leads for us")
        if attempts is not None and leads is not None and campaign is not None:
            try:
                decision = await attempts.authorise(
                    dial,
                    self._packs(campaign),
                    self._clock.now(),
                    drops=command.drops,
                    pacing=command.pacing,
                    against=command.against,
                )
            except OutcomeUnknown as fault:  # it may be written: then it is taken back, and the lead with it
                self.begin(_void(command, self._clock.now()))
                answer = DialJudged(attempt=LegId(dial.id), authorised=False, why=str(fault))
            except PeerFault as fault:
                answer = DialJudged(attempt=LegId(dial.id), authorised=False, kept=True, why=str(fault))
            else:
                match decision:
                    case Authorised(written_at=at, needs_agent=needs_agent):
                        answer = DialJudged(attempt=LegId(dial.id), authorised=True, at=at, needs_agent=needs_agent)
                    case Refused(verdict=verdict, kept=kept, left=left):
                        why = "; ".join(f"{one.kind} {one.value} ({one.limit})" for one in verdict.against)
                        answer = DialJudged(attempt=LegId(dial.id), authorised=False, why=why, kept=kept, left=left)
                    case NotOurs(why=why):
                        answer = DialJudged(attempt=LegId(dial.id), authorised=False, why=why)
                        with suppress(PeerFault):  # else she would be claimed and asked about again as long as it lasts
                            await leads.rest([dial.lead.id], self._clock.now() + ON_THE_LINE_S)
        self.judged += 1
        self.refused += not answer.authorised
        self._post(answer)

    async def _judge_callback(self, command: JudgeCallback) -> None:
        """A dialler that is not registered judges nothing: what it wrote would be settled by nobody."""
        configuration = self._configuration()
        packs = tuple(configuration.law[name] for name in command.law if name in configuration.law)
        answer = CallbackJudged(
            contact=command.contact,
            leg=command.leg,
            queue=command.queue,
            allowed=False,
            first_look=command.first_look,
            why="Postgres holds no leads for us",
            unjudged=True,
        )
        if self._attempts is not None:
            try:
                number, zones = _told(command.number, configuration.numbering)
                answer = await callback_dials.judge(
                    self._pool, days_off, command, number, zones, packs, self._clock.now()
                )
            except OutcomeUnknown as fault:  # it may be written: then it is taken back
                self.begin(_void_callback(command, self._clock.now()))
                answer = replace(answer, why=str(fault))
            except PeerFault as fault:
                answer = replace(answer, why=str(fault))
        self.judged += 1
        self.refused += not answer.allowed
        self._post(answer)

    async def _settle_all(self) -> None:
        """One after the other, each until Postgres has taken it. One that it does not take lets the others by: what is
        wrong with one campaign's chain of receipts is not wrong with the next one's."""
        while True:
            command = await self._unsettled.get()
            while not await self._settle(command):
                await asyncio.sleep(AGAIN_S)
                if not self._unsettled.empty():
                    other = self._unsettled.get_nowait()
                    self._unsettled.put_nowait(command)
                    command = other
            self._paid()

    def _owed(self) -> None:
        self._settling += 1
        self._idle.clear()

    def _paid(self) -> None:
        self._settling -= 1
        if not self._settling:
            self._idle.set()

    async def _settle(self, command: ToSettle) -> bool:
        """Whether it is done."""
        attempts = self._attempts
        try:
            if isinstance(command, OptOut):
                await DoNotCall(self._pool).revoke(command.number, self._clock.now(), "pressed the key in a call")
                return True
            if isinstance(command, SettleCallback):
                await callback_dials.ended(self._pool, command)
                return True
            if attempts is None:
                return False
            campaign = self._campaign(command.campaign)
            await attempts.ended(
                AttemptId(command.attempt),
                command.outcome,
                command.at,
                answered_at=command.answered_at,
                disposition=command.disposition,
                misjudged=command.misjudged,
                rules=_recycling(campaign),
                attempts_max=campaign.attempts_max if campaign is not None else LEAD_ATTEMPTS_MAX,
            )
        except PeerFault as fault:
            log.warning("an attempt could not be settled", problem=str(fault))
            return False
        self.settled += 1
        self._post(AttemptSettled(attempt=command.attempt))
        return True

    def _campaign(self, name: str) -> Campaign | None:
        return next((one for key, one in self._configuration().campaigns.items() if key == name), None)

    def _packs(self, campaign: Campaign) -> tuple[LawPack, ...]:
        return packs_of(campaign, self._configuration().law)

    def _rules_of(self, name: CampaignName) -> Mapping[str, Recycle]:
        return _recycling(self._campaign(name))

    def _start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._one(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _one(self, work: Callable[[], Awaitable[None]]) -> None:
        async with self._slots:
            await work()


def _recycling(campaign: Campaign | None) -> Mapping[str, Recycle]:
    """A campaign's rules, and the usual ones for what it says nothing of."""
    return DEFAULT_RULES if campaign is None else {**DEFAULT_RULES, **campaign.recycle}


def _told(number: str, numbering: Numbering) -> tuple[LeadNumber, tuple[str, ...]]:
    """What is known of a number, and where it may be. One that is none of its country's plan is judged as it is."""
    told = told_here(number, numbering)
    return LeadNumber(n=1, number=told.e164 or number, region=told.region, line=str(told.type)), told.zones


def _void_callback(command: JudgeCallback, at: float) -> SettleCallback:
    return SettleCallback(
        contact=command.contact, queue=command.queue, attempt=command.leg, outcome=Outcome.VOID, at=at
    )


def _void(command: JudgeDial, at: float) -> SettleAttempt:
    return SettleAttempt(
        contact=command.contact,
        campaign=command.dial.campaign,
        attempt=LegId(command.dial.id),
        outcome=Outcome.VOID,
        at=at,
    )
