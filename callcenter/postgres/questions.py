"""What the law asks about a call, looked up: attempts, lists, consent, drops. Knows tables; judges nothing."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from callcenter.model.calendar import day_of
from callcenter.model.law import DAY_S, Consent, DropCount, Listing, Question, RegisterState
from callcenter.model.lead import CampaignName, Dial
from callcenter.postgres.pool import Borrowed, Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

HISTORY_S: Final = 30 * DAY_S
DaysOff = Callable[[str, int, str], frozenset[str]]
"""Region, year and part -> its public holidays."""


class _ListingRow(msgspec.Struct):
    register: str
    entry: str
    since: float


_LISTINGS: Final = msgspec.json.Decoder(list[_ListingRow])
_CONSENT: Final = msgspec.json.Decoder(Consent)


async def question_about(
    pool: Pool, dial: Dial, at: float, days_off: DaysOff, drops: tuple[DropCount, ...] = ()
) -> Question:
    """What would be asked about a call, without writing anything."""
    with asking():
        async with pool.acquire() as connection:
            return (await question_within(connection, days_off, dial, at, drops))[0]


async def dropped(pool: Pool, campaign: CampaignName, at: float, windows: Sequence[float]) -> tuple[DropCount, ...]:
    """A campaign's answered and dropped calls in the time before, exactly, by the attempts on record."""
    counts: list[DropCount] = []
    with asking():
        for within_s in windows:
            row = await pool.fetchrow(sql("attempts.drops"), campaign, time_of(at - within_s))
            assert row is not None
            counts.append(DropCount(within_s=within_s, answered=row["answered"], dropped=row["dropped"]))
    return tuple(counts)


async def question_within(
    connection: Borrowed, days_off: DaysOff, dial: Dial, at: float, drops: tuple[DropCount, ...]
) -> tuple[Question, bool]:
    """The question, and whether her number or she herself is on the line."""
    number = dial.number.number
    beginnings = [number[:length] for length in range(2, len(number) + 1)]
    since = time_of(at - HISTORY_S)
    asked = (number, beginnings, since, dial.campaign, dial.lead.id, time_of(at))
    facts = await connection.fetchrow(sql("attempts.facts"), *asked)
    registers = await connection.fetch(sql("attempts.registers"))
    assert facts is not None  # one row, whatever there is
    year = int(day_of(at)[:4])
    question = Question(
        at=at,
        number=number,
        region=dial.number.region,
        zones=dial.lead.zones,
        holidays=days_off(dial.number.region, year, dial.lead.part),
        approach=dial.approach,
        attempts=tuple(facts["attempts"]),
        lead_attempts=tuple(facts["lead_attempts"]),
        listings=tuple(
            Listing(register=row.register, entry=row.entry, since=row.since)
            for row in _LISTINGS.decode(facts["listings"])
        ),
        registers=tuple(RegisterState(**dict(row)) for row in registers),
        consent=None if facts["consent"] is None else _CONSENT.decode(facts["consent"]),
        ring_s=dial.ring_s,
        caller_id=dial.caller_id,
        drops=drops,
        message_within_s=dial.message_within_s,
        dropped_at=facts["dropped_at"],
        agent_ready=dial.agent_ready,
        picks_up=dial.picks_up,
    )
    return question, facts["open"]
