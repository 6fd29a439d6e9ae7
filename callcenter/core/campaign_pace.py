"""What a campaign tells its pacer and the law: settings, windows, uses of its numbers. Knows counts; dials nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from callcenter.core.caller_ids import UNUSED, CallerUse
from callcenter.core.campaign_state import CampaignRecord
from callcenter.model.campaign import AHEAD, Campaign
from callcenter.model.campaign_messages import HourCount
from callcenter.model.law import DropCount
from callcenter.model.lead import Lead, LeadNumber
from callcenter.model.pacing import Budget, PacerName, PacingAnswer
from callcenter.pacers.pace import Pace
from callcenter.pacers.pacer import PROGRESSIVE
from callcenter.pacers.windows import DAY_S, MONTH_S

SPARE_DROPS: Final = 1  # beyond the hard stop, before agents whose phones ring do not count any more
CALLER_HOURS_MAX: Final = 24 * 7  # for so long the use of caller ids is remembered


def next_number(lead: Lead) -> LeadNumber:
    """Which of her numbers is next: the one tried least often, in the order in which they were imported."""
    return min(lead.numbers, key=lambda number: (number.attempts, number.n))


def pace_of(campaign: Campaign) -> Pace:
    pace = Pace(pacer=PROGRESSIVE)
    retune(pace, campaign)
    return pace


def retune(pace: Pace, campaign: Campaign) -> None:
    """By the campaign as it is configured now; what was learnt stays."""
    pace.pacer = PacerName(campaign.mode) if campaign.mode in AHEAD else PROGRESSIVE
    pace.budget = Budget(target=campaign.target, hard=campaign.hard_stop)
    pace.ratio, pace.grace_s = campaign.ratio, campaign.message_within_s


def seed(pace: Pace, counts: Iterable[HourCount]) -> None:
    """What the attempts on record say of the windows, never to the campaign's favour: answers early, drops late."""
    for count in counts:
        begin = count.hour * 3600.0
        for window in (pace.day, pace.month):
            for _ in range(count.answered):
                window.answered(begin)
            for _ in range(count.dropped):
                window.dropped(begin + 3599.0)


def count_anew(records: Iterable[CampaignRecord]) -> None:
    """What is remembered of drops may lack some: the attempts on record are asked, as by an engine without memory."""
    for record in records:
        for window in (record.pace.day, record.pace.month):
            window.live, window.drops = {}, {}
            window.live_sum = window.drops_sum = 0
        record.seeded = False


def overdrawn(pace: Pace, now: float) -> str:
    """Why nobody may be dialled any more for agents whose phones have to be picked up, in words; "" if somebody may.

    A line for each free agent drops nobody only if she is there when somebody answers. Where phones ring for each call,
    and are not picked up in time, it drops as many as any other way of dialling: then it must not go on. `SPARE_DROPS`
    of them may be bad luck.
    """
    for counts, words in zip(pace.counted(now), ("24 hours", "30 days"), strict=True):
        if counts.drops > pace.budget.hard * counts.live + SPARE_DROPS:
            share = f"{counts.drops:g} of {counts.live:g} live answers of {words} were dropped"
            return f"{share}: until it is {pace.budget.hard:.1%}, only while all agents' phones are nailed up"
    return ""


def drops_of(pace: Pace, now: float) -> tuple[DropCount, ...]:
    """For the law: the windows' counts."""
    day, month = pace.counted(now)
    return tuple(
        DropCount(within_s=within_s, answered=int(window.live), dropped=int(window.drops))
        for within_s, window in ((DAY_S, day), (MONTH_S, month))
    )


def said_of(answer: PacingAnswer) -> dict[str, str]:
    """What the receipt says of the pacer."""
    figures = {
        "free_expected": answer.free_expected,
        "answers_expected": answer.answers_expected,
        "risk": answer.risk,
        "risk_allowed": answer.risk_allowed,
    }
    said = {name: f"{value:g}" for name, value in figures.items() if value is not None}
    return {"rule": str(answer.rule), "why": answer.why, "lines": str(answer.lines), **said}


def uses_of(records: Iterable[CampaignRecord], now: float) -> dict[str, CallerUse]:
    """How the numbers of all these campaigns were used, whichever showed them; what is too long ago does not count.

    A number that is shown in a call that is being judged is used already.
    """
    oldest, day = int(now // 3600) - CALLER_HOURS_MAX, int((now - DAY_S) // 3600)
    uses: dict[str, CallerUse] = {}
    for record in records:
        for number, hours in sorted(record.callers.items()):
            before = uses.get(number, UNUSED)
            uses[number] = CallerUse(
                calls_24h=before.calls_24h + _since(hours.calls, day),
                calls=before.calls + _since(hours.calls, oldest),
                answered=before.answered + _since(hours.answered, oldest),
            )
        for asked in record.asked.values():
            before = uses.get(asked.dial.caller_id, UNUSED)
            uses[asked.dial.caller_id] = replace(before, calls_24h=before.calls_24h + 1)
    return uses


def _since(counts: Mapping[int, int], first: int) -> int:
    return sum(count for hour, count in counts.items() if hour >= first)


def forget_uses(record: CampaignRecord, now: float) -> None:
    """What is too long ago to count is not remembered either."""
    oldest = int(now // 3600) - CALLER_HOURS_MAX
    for hours in record.callers.values():
        for counts in (hours.calls, hours.answered):
            for hour in [hour for hour in counts if hour < oldest]:
                del counts[hour]
