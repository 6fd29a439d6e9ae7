"""Attempts: authorised and written before anything is dialled, settled once, cleared up after a dialler that died.

Theory: one transaction holds the number, holds the lead, looks up what the law asks, has it judged, writes the attempt
(or the refusal) and its receipt. Only then may the channel with the attempt's id be asked for. So of two diallers one
sees the other's attempt; a kill before the commit leaves nothing behind, and one after it leaves an attempt without an
outcome, of which the telephone side knows whether it was dialled: `recover` asks. What nobody knows counts as dialled.
A dialler is alive as long as its connection holds the advisory lock of its key. Knows no pacing and no telephone.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Protocol

import asyncpg
import msgspec

from callcenter.core.best_hour import Tried, best_hour
from callcenter.core.law import check
from callcenter.core.receipts import came_of, judged
from callcenter.core.recycling import DEFAULT_RULES, after
from callcenter.errors import Bug, PeerUnavailable
from callcenter.model.calendar import local_hour
from callcenter.model.campaign import Recycle
from callcenter.model.law import (
    DAY_S,
    DropCount,
    Finding,
    LawPack,
    Question,
    RuleKind,
    Verdict,
)
from callcenter.model.lead import (
    AttemptId,
    CampaignName,
    Dial,
    DiallerName,
    Fate,
    LeadId,
    LeadNumber,
    LeadState,
    OpenAttempt,
    Outcome,
)
from callcenter.postgres.pool import Borrowed, Connection, Pool, asking, changing, connect
from callcenter.postgres.queries import sql
from callcenter.postgres.questions import HISTORY_S, DaysOff, dropped, question_about, question_within
from callcenter.postgres.receipts import append
from callcenter.postgres.records import time_of

HOURS_KEPT_S: Final = 600.0  # a campaign's calls by hour are counted anew after so long
REST_S: Final = DAY_S
"""A lead that is refused for a reason that time does not heal is looked at again after so long."""
LEAD_ATTEMPTS_MAX: Final = 8
IN_FLIGHT_S: Final = 5.0
"""A request to dial may arrive after its sender has died: that there is no such channel is believed after so long."""
CAMPAIGNS: Final = frozenset({RuleKind.RING, RuleKind.CALLER_ID, RuleKind.DROPS, RuleKind.MESSAGE})
"""Rules that are about how the campaign calls now, and not about whom: the lead stays with her dialler."""
FOR_GOOD: Final = frozenset({RuleKind.NUMBER, RuleKind.DO_NOT_CALL, RuleKind.PREFIX})
"""Rules that no time heals: the number is not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """Dial now, with the attempt's id as the channel's. `written_at` is when: a dialler that slept must not."""

    id: AttemptId
    verdict: Verdict
    written_at: float
    needs_agent: bool = False  # without an agent who is kept for this very call it may not be made


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Do not dial. `kept`: the lead is still the dialler's, because only the way of calling was wrong. `left`: she is
    still the dialler's, and these numbers of hers may be tried now, those tried least first."""

    verdict: Verdict
    kept: bool
    left: tuple[LeadNumber, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOurs:
    """Do not dial: the lead is no longer this dialler's, or her number is on the line through another list."""

    why: str


Decision = Authorised | Refused | NotOurs


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the telephone side knows of an attempt whose dialler died."""

    fate: Fate
    outcome: Outcome = Outcome.LOST
    at: float = 0.0
    answered_at: float | None = None


_OF_FATE: Final = {Fate.NEVER: Outcome.VOID, Fate.UNKNOWN: Outcome.LOST}


@dataclass(slots=True, kw_only=True)
class Recovered:
    """What was cleared up: the dead, their attempts that were settled, those that last and are ours now, and those too
    young to say: ask again."""

    diallers: list[DiallerName] = field(default_factory=list)
    settled: dict[AttemptId, Outcome] = field(default_factory=dict)
    adopted: list[OpenAttempt] = field(default_factory=list)
    waiting: list[OpenAttempt] = field(default_factory=list)


class Telephone(Protocol):
    """Whoever can say what became of channels."""

    async def fates(self, attempts: Sequence[OpenAttempt]) -> Mapping[AttemptId, Found]:
        """Of each attempt what is known; one that is left out is unknown."""
        ...


_OUTCOMES: Final = msgspec.json.Decoder(dict[Outcome, int])
_RECORDED: Final = msgspec.json.Decoder(dict[str, int])


class Attempts:
    """The attempts of one dialler. Open it with `Attempts.open`, close it when it claims no more."""

    def __init__(
        self, pool: Pool, name: DiallerName, lease: Connection, days_off: DaysOff, in_flight_s: float = IN_FLIGHT_S
    ) -> None:
        self._in_flight_s = in_flight_s
        self._pool = pool
        self._lease = lease
        self._days_off = days_off
        self.name = name
        self._hours: dict[CampaignName, tuple[float, dict[int, Tried]]] = {}  # when counted, and the calls by hour

    @classmethod
    async def open(
        cls, pool: Pool, dsn: str, name: DiallerName, days_off: DaysOff, *, in_flight_s: float = IN_FLIGHT_S
    ) -> "Attempts":
        """Register a dialler under a name that no other run has. Raises what `connect` raises."""
        lease = await connect(dsn)
        try:
            key = secrets.randbits(62)
            if not await lease.fetchval(sql("attempts.hold_key"), key):
                raise Bug("a key that was drawn at random is held")
            await lease.execute(sql("attempts.add_dialler"), name, key)
        except BaseException:
            await lease.close()
            raise
        return cls(pool, name, lease, days_off, in_flight_s)

    async def __aenter__(self) -> "Attempts":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give up what is held. Attempts that last keep the dialler's name in the list, for whoever recovers."""
        if not self._lease.is_closed():
            if not await self._lease.fetch(sql("attempts.open_of"), self.name):
                await self._lease.execute(sql("leads.release"), self.name, None)
                await self._lease.execute(sql("attempts.remove_dialler"), self.name)
            await self._lease.close()

    @property
    def alive(self) -> bool:
        """Whether others take this dialler for alive. If not, it must not dial: its leads may be another's."""
        return not self._lease.is_closed()

    # -- before the dial ---------------------------------------------------------------------------------------------

    async def authorise(
        self,
        dial: Dial,
        packs: Sequence[LawPack],
        at: float,
        *,
        drops: tuple[DropCount, ...] = (),
        pacing: Mapping[str, str] | None = None,
        against: Sequence[str] = (),
    ) -> Decision:
        """Judge one call at this moment and write it down, as an attempt or as a refusal, each with its receipt.

        `drops` are the campaign's own counts, which whoever paces knows to the call; `against` is what the guard
        against fraud has against it, or the trunks, whatever the law says. Raises PeerUnavailable or OutcomeUnknown:
        then nothing may be dialled, and the attempt, in case it was written, is settled as VOID.
        """
        if not self.alive:
            raise PeerUnavailable("the dialler's connection to Postgres is gone: its leads may be another's")
        async with changing(self._pool) as connection:
            await connection.execute(sql("attempts.hold_number"), dial.number.number)
            held = await connection.fetchrow(sql("attempts.hold_lead"), dial.lead.id, self.name)
            if held is None:
                return NotOurs(why="the lead is no longer this dialler's")
            question, is_open = await question_within(connection, self._days_off, dial, at, drops)
            if is_open:
                return NotOurs(why="she is being called, on this number or another")
            verdict = guarded(check(question, packs), against)
            if verdict.allowed:
                await self._write(connection, dial, question)
            kept = not verdict.allowed and {finding.kind for finding in verdict.against} <= CAMPAIGNS
            left: tuple[LeadNumber, ...] = ()
            if not verdict.allowed and not kept:
                left = await self._rests(connection, dial, question, verdict, packs)
            await append(connection, dial.campaign, [judged(dial, question, verdict, packs, dict(pacing or {}))])
        if verdict.allowed:
            return Authorised(id=dial.id, verdict=verdict, written_at=at, needs_agent=_needs_agent(question, packs))
        return Refused(verdict=verdict, kept=kept, left=left)

    async def question(self, dial: Dial, at: float, drops: tuple[DropCount, ...] = ()) -> Question:
        """What would be asked about a call, without writing anything."""
        return await question_about(self._pool, dial, at, self._days_off, drops)

    async def _write(self, connection: Borrowed, dial: Dial, question: Question) -> None:
        hour = local_hour(question.at, question.zones[0]) if question.zones else None
        await connection.execute(
            sql("attempts.write"),
            dial.id,
            dial.lead.id,
            dial.number.number,
            dial.campaign,
            self.name,
            dial.trunk,
            dial.caller_id,
            hour,
            time_of(question.at),
        )
        await connection.execute(sql("attempts.count_lead"), dial.lead.id, 1)
        await connection.execute(sql("attempts.count_number"), dial.lead.id, dial.number.number, 1)

    async def _rests(
        self, connection: Borrowed, dial: Dial, question: Question, verdict: Verdict, packs: Sequence[LawPack]
    ) -> tuple[LeadNumber, ...]:
        """A refused number is tried no more, or rests until it may be called. Gives her others that may be tried now,
        with which she stays the dialler's; without any she waits until the first may.

        The others are looked at before anybody asks to dial them, so that a limit which is hers refuses once, and not
        number by number. One that time alone does not heal is among those given: its refusal has a receipt of its own.
        What was refused rests in any case, so that none is asked about twice before its time.
        """
        lead, at, rest = dial.lead.id, verdict.at, dict[str, float]()
        if {finding.kind for finding in verdict.against} & FOR_GOOD:
            await connection.execute(sql("attempts.bury_number"), lead, dial.number.number)
        else:
            rest[dial.number.number] = verdict.next_at if verdict.next_at is not None else at + REST_S
        rows = await connection.fetch(sql("attempts.numbers_left"), lead)
        numbers = [_number(row) for row in rows]
        for one, row in zip(numbers, rows, strict=True):
            if one.number == dial.number.number:
                continue
            asked, _ = await question_within(connection, self._days_off, replace(dial, number=one), at, question.drops)
            until = max(check(asked, packs).next_at or at, row["rests_until"])
            if until > at:
                rest[one.number] = until
        untils = [time_of(until) for until in rest.values()]
        await connection.execute(sql("attempts.rest_numbers"), lead, list(rest), untils)
        left = tuple(one for one in numbers if one.number not in rest)
        if not numbers:
            await connection.execute(sql("attempts.lead_waits"), lead, LeadState.REFUSED, None)
        elif not left:
            await connection.execute(sql("attempts.lead_waits"), lead, LeadState.WAITING, time_of(min(rest.values())))
        return left

    # -- after it ----------------------------------------------------------------------------------------------------

    async def ended(
        self,
        attempt: AttemptId,
        outcome: Outcome,
        at: float,
        *,
        answered_at: float | None = None,
        disposition: str = "",
        misjudged: int = 0,
        rules: Mapping[str, Recycle] = DEFAULT_RULES,
        attempts_max: int = LEAD_ATTEMPTS_MAX,
    ) -> bool:
        """Settle an attempt and send its lead on, with a receipt; False if it is settled already: once is enough.

        What an agent has recorded later moves the lead all the same, if this was her last call.
        """
        async with changing(self._pool) as connection:
            held = await connection.fetchrow(sql("attempts.hold_open"), attempt)
            if held is None:
                if disposition:
                    await self._recorded_later(connection, attempt, disposition, rules, attempts_max)
                return False
            lead, number, campaign = LeadId(held["lead"]), held["number"], CampaignName(held["campaign"])
            answered = None if answered_at is None else time_of(answered_at)
            await connection.execute(sql("attempts.settle"), attempt, outcome, time_of(at), answered, misjudged)
            if outcome is Outcome.INVALID:
                await connection.execute(sql("attempts.bury_number"), lead, number)
            if outcome is Outcome.VOID:
                await connection.execute(sql("attempts.count_lead"), lead, -1)
                await connection.execute(sql("attempts.count_number"), lead, number, -1)
            counted = await connection.fetchrow(sql("attempts.lead_after"), lead)
            assert counted is not None  # the attempt refers to it
            outcomes = _OUTCOMES.decode(counted["outcomes"])
            if outcome is not Outcome.VOID:
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            recorded = _RECORDED.decode(counted["recorded"])
            if disposition:
                recorded[disposition] = recorded.get(disposition, 0) + 1
            goes = after(
                outcome,
                now=at,
                outcomes=outcomes,
                attempts=counted["attempts"],
                attempts_max=attempts_max,
                numbers_left=counted["numbers_left"],
                free_at=counted["free_at"] or 0.0,
                disposition=disposition,
                recorded=recorded.get(disposition, 0),
                rules=rules,
            )
            await connection.execute(
                sql("attempts.lead_goes"),
                lead,
                goes.state,
                None if goes.at is None else time_of(goes.at),
                disposition or str(outcome),
                msgspec.json.encode(outcomes).decode(),
                held["hour"] if answered_at is not None else None,
                None if outcome is Outcome.VOID else await self._best_hour(connection, lead, campaign, at),
                msgspec.json.encode(recorded).decode(),
            )
            await append(
                connection, campaign, [came_of(attempt, campaign, number, outcome, at, answered_at, misjudged)]
            )
        return True

    async def _recorded_later(
        self,
        connection: Borrowed,
        attempt: AttemptId,
        disposition: str,
        rules: Mapping[str, Recycle],
        attempts_max: int,
    ) -> None:
        last = await connection.fetchrow(sql("attempts.hold_last"), attempt)
        if last is None or last["said"] == disposition:
            return
        recorded = _RECORDED.decode(last["recorded"])
        if last["said"] in recorded:  # in its place
            recorded[last["said"]] -= 1
        recorded[disposition] = recorded.get(disposition, 0) + 1
        goes = after(
            Outcome(last["outcome"]),
            now=last["ended"],
            outcomes=_OUTCOMES.decode(last["outcomes"]),
            attempts=last["attempts"],
            attempts_max=attempts_max,
            numbers_left=last["numbers_left"],
            free_at=last["free_at"] or 0.0,
            disposition=disposition,
            recorded=recorded[disposition],
            rules=rules,
        )
        at = None if goes.at is None else time_of(goes.at)
        await connection.execute(
            sql("attempts.lead_goes_otherwise"),
            last["lead"],
            goes.state,
            at,
            disposition,
            msgspec.json.encode(recorded).decode(),
        )

    async def _best_hour(self, connection: Borrowed, lead: LeadId, campaign: CampaignName, at: float) -> int | None:
        """What her calls and her campaign's say. The campaign's are counted anew now and then: they change slowly."""
        counted_at, of_campaign = self._hours.get(campaign, (0.0, {}))
        if not of_campaign or not 0 <= at - counted_at < HOURS_KEPT_S:
            rows = await connection.fetch(sql("attempts.hours_of_campaign"), campaign, time_of(at - HISTORY_S))
            of_campaign = {row["hour"]: Tried(calls=row["calls"], answered=row["answered"]) for row in rows}
            self._hours[campaign] = (at, of_campaign)
        rows = await connection.fetch(sql("attempts.hours_of_lead"), lead)
        own = {row["hour"]: Tried(calls=row["calls"], answered=row["answered"]) for row in rows}
        return best_hour(own, of_campaign)

    async def drops(self, campaign: CampaignName, at: float, windows: Sequence[float]) -> tuple[DropCount, ...]:
        """A campaign's answered and dropped calls in the time before, exactly: for whoever starts to pace it."""
        return await dropped(self._pool, campaign, at, windows)

    # -- after a death -----------------------------------------------------------------------------------------------

    async def recover(
        self,
        telephone: Telephone,
        at: float,
        rules_of: Callable[[CampaignName], Mapping[str, Recycle]] = lambda campaign: DEFAULT_RULES,
    ) -> Recovered:
        """Clear up after diallers that died: settle their attempts by what the telephone side knows, take over those
        that last, give their leads back. Several may do this at once: each dead one is one's to clear up."""
        found = Recovered()
        with asking():
            rows = await self._lease.fetch(sql("attempts.diallers"))
        for row in rows:
            if row["name"] == self.name or not await self._lease.fetchval(sql("attempts.hold_key"), row["key"]):
                continue  # alive, or another's to clear up
            try:
                await self._clear(DiallerName(row["name"]), telephone, at, rules_of, found)
            finally:
                await self._lease.execute(sql("attempts.let_key_go"), row["key"])
        return found

    async def _clear(
        self,
        dead: DiallerName,
        telephone: Telephone,
        at: float,
        rules_of: Callable[[CampaignName], Mapping[str, Recycle]],
        recovered: Recovered,
    ) -> None:
        opened = [_open(row) for row in await self._lease.fetch(sql("attempts.open_of"), dead)]
        known = await telephone.fates(opened) if opened else {}
        for attempt in opened:
            found = known.get(attempt.id, Found(fate=Fate.UNKNOWN))
            if found.fate is Fate.LIVE:
                async with changing(self._pool) as connection:
                    await connection.execute(sql("attempts.adopt_lead"), attempt.id, self.name)
                    await connection.execute(sql("attempts.adopt"), attempt.id, self.name)
                recovered.adopted.append(attempt)
                continue
            if found.fate is Fate.NEVER and at - attempt.began < self._in_flight_s:
                recovered.waiting.append(attempt)
                continue
            outcome = _OF_FATE.get(found.fate, found.outcome)
            when = max(found.at, attempt.began) or at
            rules = rules_of(attempt.campaign)
            if await self.ended(attempt.id, outcome, when, answered_at=found.answered_at, rules=rules):
                recovered.settled[attempt.id] = outcome
        await self._lease.execute(sql("leads.release"), dead, None)
        if not any(attempt.dialler == dead for attempt in recovered.waiting):
            await self._lease.execute(sql("attempts.remove_dialler"), dead)
            recovered.diallers.append(dead)


def _needs_agent(question: Question, packs: Sequence[LawPack]) -> bool:
    """Whether only an agent who is there lets a number be called that was dropped: she must be kept for it then."""
    if question.dropped_at is None or not question.agent_ready:
        return False
    without = check(replace(question, agent_ready=False), packs)
    return any(finding.kind is RuleKind.AFTER_DROP for finding in without.against)


def guarded(verdict: Verdict, against: Sequence[str]) -> Verdict:
    """The verdict, refused if something besides the law is against the call: no time heals that."""
    if not against:
        return verdict
    found = Finding(kind=RuleKind.GUARD, pack="", held=False, value="; ".join(against), limit="nothing against it")
    return replace(verdict, allowed=False, findings=(*verdict.findings, found), next_at=None)


def _number(row: asyncpg.Record) -> LeadNumber:
    values = dict(row)
    del values["rests_until"]
    return LeadNumber(**values)


def _open(row: asyncpg.Record) -> OpenAttempt:
    return OpenAttempt(**dict(row))
