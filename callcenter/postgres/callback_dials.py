"""Callbacks under the law: judged, written with their receipts before they are dialled, settled once. No telephone.

Theory: as a campaign's attempts (`postgres/attempts.py`), without a lead: one transaction holds the number, looks up
what the law asks, has it judged, writes the attempt or the refusal with its receipt. What nobody settles is lost: it
counts as dialled, for nobody knows.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from callcenter.core.law import check
from callcenter.core.receipts import came_of, judged
from callcenter.model.callback_messages import CallbackJudged, JudgeCallback, SettleCallback
from callcenter.model.ids import QueueName
from callcenter.model.law import LawPack, RuleKind, Verdict
from callcenter.model.lead import AttemptId, CampaignName, Dial, Lead, LeadId, LeadNumber, ListOfLeads, Outcome
from callcenter.postgres.attempts import FOR_GOOD
from callcenter.postgres.pool import Borrowed, Pool, changing
from callcenter.postgres.queries import sql
from callcenter.postgres.questions import DaysOff, question_within
from callcenter.postgres.receipts import append
from callcenter.postgres.records import time_of

LOST_AFTER_S: Final = 600.0  # longer than any phone rings
BUSY_RETRY_S: Final = 30.0  # she is being called by somebody else here
FINAL: Final = FOR_GOOD | {RuleKind.COVERED}
"""Rules that no time heals within a promise."""


def chain_of(queue: QueueName) -> CampaignName:
    """The chain of a queue's receipts. No campaign's name has a dot."""
    return CampaignName(f"callbacks.{queue}")


async def judge(
    pool: Pool,
    days_off: DaysOff,
    asked: JudgeCallback,
    number: LeadNumber,
    zones: tuple[str, ...],
    packs: Sequence[LawPack],
    at: float,
) -> CallbackJudged:
    """Judge one callback at this moment and write it down: a refusal always, an attempt if it is no first look.

    `number` and `zones` are what it tells of itself; what lists of leads say of her counts as well. Raises
    PeerUnavailable or OutcomeUnknown: then nothing is dialled.
    """
    async with changing(pool) as connection:
        await connection.execute(sql("attempts.hold_number"), number.number)
        place = await connection.fetchrow(sql("callback_dials.place"), number.number)
        assert place is not None  # one row, whatever there is
        everywhere = tuple(sorted({*zones, *place["zones"].split()}))
        dial = Dial(
            id=AttemptId(asked.leg),
            lead=Lead(id=LeadId(0), list=ListOfLeads(""), zones=everywhere, part=place["part"]),
            number=number,
            campaign=chain_of(asked.queue),
            caller_id=asked.caller_id,
            ring_s=asked.ring_s,
            agent_ready=asked.agent_ready,
        )
        question, is_open = await question_within(connection, days_off, dial, at, ())
        if is_open:
            return _answer(asked, why="she is being called at this moment", next_at=at + BUSY_RETRY_S)
        question = replace(question, invited=asked.invited)
        verdict = check(question, packs)
        receipt = judged(dial, question, verdict, packs)
        if not verdict.allowed:
            await append(connection, dial.campaign, [receipt])
            return _refused(asked, verdict)
        if not asked.first_look:
            await connection.execute(
                sql("callback_dials.write"),
                asked.leg,
                asked.contact,
                asked.queue,
                question.number,
                asked.caller_id,
                time_of(at),
            )
            await append(connection, dial.campaign, [receipt])
    return _answer(asked, allowed=True)


def _refused(asked: JudgeCallback, verdict: Verdict) -> CallbackJudged:
    return _answer(
        asked,
        why="; ".join(f"{one.kind} {one.value} ({one.limit})" for one in verdict.against),
        next_at=verdict.next_at,
        for_good=bool({one.kind for one in verdict.against} & FINAL),
    )


def _answer(
    asked: JudgeCallback,
    *,
    allowed: bool = False,
    why: str = "",
    next_at: float | None = None,
    for_good: bool = False,
) -> CallbackJudged:
    return CallbackJudged(
        contact=asked.contact,
        leg=asked.leg,
        queue=asked.queue,
        allowed=allowed,
        first_look=asked.first_look,
        why=why,
        next_at=next_at,
        for_good=for_good,
    )


async def ended(pool: Pool, settled: SettleCallback) -> bool:
    """Settle an attempt, with a receipt; False if it is settled already, or was never written."""
    async with changing(pool) as connection:
        return await _end(connection, settled.attempt, settled.outcome, settled.at, settled.answered_at)


async def clear(pool: Pool, at: float) -> int:
    """Settle what nobody will settle any more; gives how many."""
    async with changing(pool) as connection:
        rows = await connection.fetch(sql("callback_dials.lost"), time_of(at - LOST_AFTER_S))
        for row in rows:
            await _end(connection, row["id"], Outcome.LOST, at, None)
    return len(rows)


async def _end(connection: Borrowed, attempt: str, outcome: Outcome, at: float, answered_at: float | None) -> bool:
    answered = None if answered_at is None else time_of(answered_at)
    row = await connection.fetchrow(sql("callback_dials.settle"), attempt, outcome, time_of(at), answered)
    if row is None:
        return False
    chain = chain_of(QueueName(row["queue"]))
    await append(connection, chain, [came_of(AttemptId(attempt), chain, row["number"], outcome, at, answered_at)])
    return True
