"""Benchmark `outbound`: 60 agents, a predictive campaign, a real Asterisk, and a second one as the carrier.

The carrier's people talk for 3 to 30 s, others are busy, ring on, do not exist or cannot be reached, machines greet and
beep; our own detector listens to everybody who answers. Agents' phones are SIPp's and stay connected; nothing is
recorded. Afterwards the carrier's log and the receipts are held against each other, call by call and both ways, and
each outcome against what the carrier made of that number.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callcenter.model.pacing import LAW_SHARE
from callcenter.model.receipt import Receipt, ReceiptKind
from callcenter.sim.benches.outbound_world import Books, Outbound, drawn, outbound_world
from callcenter.sim.benches.report import AT_MOST, Figure, Report, Target
from callcenter.sim.peers.carrier import BUSY, FAILS, MACHINE, PEOPLE, RINGS_ON, UNKNOWN, Dialled, Habits

AGENTS: Final = 60
SECONDS: Final = 180.0
LEADS_PER_S: Final = 20
CALLS_PER_S: Final = 30
SEED: Final = 1
TAIL_S: Final = 90.0
TALKS_S: Final = (3.0, 6.0, 10.0, 16.0, 30.0)
SHARES: Final[Mapping[str, float]] = {
    **dict.fromkeys(PEOPLE, 0.09),
    BUSY: 0.10,
    RINGS_ON: 0.15,
    FAILS: 0.05,
    UNKNOWN: 0.05,
    MACHINE: 0.20,
}
RIGHT: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(PEOPLE, frozenset({"answered", "dropped", "hung_up"})),  # some are not patient for long
    BUSY: frozenset({"busy"}),
    RINGS_ON: frozenset({"no_answer"}),
    FAILS: frozenset({"failed"}),
    UNKNOWN: frozenset({"invalid"}),
    MACHINE: frozenset({"machine", "answered", "dropped"}),  # some are given to agents, so that the detector is known
}
"""What may come of a number with this last digit. People who are taken for machines are counted apart."""
TONE_HZ: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was seen when it was over."""

    campaign: Mapping[str, Any]
    books: Books
    dialled: tuple[Dialled, ...]
    seconds: float


def run(folder: Path, seconds: float = SECONDS) -> Report:
    """Run it; everything is kept in `folder` while it lasts."""
    return report(asyncio.run(_measure(folder, seconds)))


async def _measure(folder: Path, seconds: float) -> Found:
    plan = Outbound(
        agents=AGENTS,
        endings=drawn(SHARES, round(LEADS_PER_S * seconds), SEED),
        habits=Habits(people_s=TALKS_S),
        rules="mode: predictive, lines_max: 250, target: 0.02, hard_stop: 0.0275, machine: hang_up, detector: cadence",
        queue="record: false, wrap_up_s: 1",
        calls_per_s=CALLS_PER_S,
    )
    async with outbound_world(folder, plan, tone_hz=TONE_HZ) as world:
        await world.asks("start")
        await asyncio.sleep(seconds)
        seen = await world.campaign()
        await world.asks("stop")
        await world.over(TAIL_S)
        return Found(campaign=seen, books=await world.books(), dialled=tuple(world.far_end.dialled()), seconds=seconds)


def report(found: Found) -> Report:
    """The figures."""
    dials = {one.attempt: one for one in found.books.receipts if one.kind is ReceiptKind.DIAL}
    outcomes = {one.attempt: one for one in found.books.receipts if one.kind is ReceiptKind.OUTCOME}
    called = Counter(one.number for one in found.dialled)
    void = {attempt for attempt, one in outcomes.items() if one.outcome == "void"}
    written = Counter(one.number for attempt, one in dials.items() if attempt not in void)
    ended = {
        dials[attempt].number: one for attempt, one in outcomes.items() if attempt in dials and attempt not in void
    }
    live = [one for one in outcomes.values() if one.by_a_person]
    dropped = sum(one.dropped for one in live)
    seen = found.campaign
    ours: dict[str, Figure] = {
        "attempts": len(found.dialled),
        "without_receipt": sum((called - written).values()),
        "not_at_carrier": sum((written - called).values()),
        "twice": sum(count - 1 for count in called.values()),
        "unsettled": len(set(written) - set(ended)),
        "flaws": found.books.flaws,
        "live": len(live),
        "dropped": dropped,
        "drops": round(dropped / len(live), 4) if live else 0.0,
        "wrong_outcomes": len(_wrong(ended)),
        "people_hung_up_on": sum(ended[number].outcome == "machine" for number in ended if number[-1] in PEOPLE),
        "machines_found": sum(ended[number].outcome == "machine" for number in ended if number[-1] == MACHINE),
        "machines": sum(number[-1] == MACHINE for number in ended),
        "utilisation": round(seen["talk_s"] / seen["agent_s"], 4) if seen["agent_s"] else 0.0,
        "attempts_per_s": round(len(found.dialled) / found.seconds, 2),
        "predictive": sum(one.pacing.get("rule") == "predictive" for one in dials.values()),
        "void": dict(sorted(found.books.void.items())),
        "outcomes": dict(sorted(Counter(one.outcome for one in outcomes.values()).items())),
    }
    exact = ("without_receipt", "not_at_carrier", "twice", "unsettled", "flaws", "wrong_outcomes")
    return Report(
        bench="outbound",
        ours=ours,
        targets=(
            *(Target(key=key, op=AT_MOST, value=0) for key in exact),
            Target(key="drops", op=AT_MOST, value=LAW_SHARE),
        ),
        table=(("of 60 agents' calls", "figure"), *((name, str(figure)) for name, figure in ours.items())),
    )


def _wrong(ended: Mapping[str, Receipt]) -> list[str]:
    """Numbers whose outcome is not what the carrier made of them; people who were taken for machines are not among."""
    return [
        number
        for number, one in ended.items()
        if one.outcome not in RIGHT[number[-1]] and not (number[-1] in PEOPLE and one.outcome == "machine")
    ]
