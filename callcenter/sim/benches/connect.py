"""Benchmark `connect`: a called person answers; how long until she and an agent whose phone stays connected talk?

60 agents at connected phones, 20 answers a second on a real Asterisk, with a second Asterisk as the carrier. A call's
way is taken from three clocks of one machine: when the carrier's Asterisk has answered (its Newstate event), when ours
has both legs in one bridge (its BridgeEnter events), and when the first sound of hers comes to the agent's phone (an
ear of ours at the port that the phone named). The first to the second is what the target is for: between them lie the
answer's way over SIP, our engine's decision and two requests to Asterisk. Sound needs the carrier's first packet too,
of 20 ms, and some to get going.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.model.receipt import ReceiptKind
from callcenter.sim.benches.live_traffic import CARRIER, percentile
from callcenter.sim.benches.outbound_world import Books, Outbound, outbound_world, phone_numbers
from callcenter.sim.benches.report import AT_MOST, Figure, Report, Target
from callcenter.sim.peers.carrier import PEOPLE, TALK_HZ, Habits
from callcenter.sim.peers.ears import Ear, Ears, heard_at

AGENTS: Final = 60
ANSWERS_PER_S: Final = 20
TALK_S: Final = 2.0
SECONDS: Final = 40.0
TAIL_S: Final = 60.0
HEARD_WITHIN_S: Final = 1.5
PHONE: Final = "PJSIP/"
TYPICAL_MS: Final = 100
TAIL_MS: Final = 1_500
"""What VICIdial documents of itself: a call that is answered is with an agent after 0.1 s, at times after 1.5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One call that was answered; ms after it until we were told, until both were in a bridge, until she was heard.

    None: it never was.
    """

    told_ms: float | None
    bridged_ms: float | None
    heard_ms: float | None


def run(folder: Path, seconds: float = SECONDS) -> Report:
    """Run it; everything is kept in `folder` while it lasts."""
    return report(asyncio.run(_measure(folder, seconds)))


async def _measure(folder: Path, seconds: float) -> list[Joined]:
    phones = phone_numbers(AGENTS)
    count = round(ANSWERS_PER_S * seconds)
    plan = Outbound(
        agents=AGENTS,
        endings=[PEOPLE[at % len(PEOPLE)] for at in range(count)],
        habits=Habits(people_s=(TALK_S,) * len(PEOPLE), spoken=False),
        rules="mode: progressive, lines_max: 200",
        queue="record: false, wrap_up_s: 0",
        calls_per_s=ANSWERS_PER_S,
    )
    prefix = heard_at(phones)
    async with (
        Ears(prefix, phones, TALK_HZ) as ears,
        outbound_world(folder, plan, heard_at=prefix) as world,
        world.center.bridges_watched() as entered,
        world.far_end.answers_watched() as answered,
    ):
        await world.asks("start")
        await world.all_dialled(count, seconds + TAIL_S)
        await world.asks("stop")
        await world.over(TAIL_S)
        return joined(await world.books(), answered, entered, ears.of)


def joined(
    books: Books,
    answered: Mapping[str, float],
    entered: Iterable[Mapping[str, str]],
    ears: Mapping[str, Ear],
) -> list[Joined]:
    """Every call that the carrier answered. `entered` are the fields of BridgeEnter events, in their order."""
    told = {one.attempt: one.answered_at for one in books.receipts if one.kind is ReceiptKind.OUTCOME}
    attempts = {one.number: one.attempt for one in books.receipts if one.kind is ReceiptKind.DIAL}
    called: dict[str, tuple[str, float]] = {}  # attempt -> bridge, when
    agents: dict[str, tuple[str, float]] = {}  # bridge -> phone, when
    for event in entered:
        bridge, at, channel = event["bridgeuniqueid"], float(event["timestamp"]), event["channel"]
        if channel.startswith(CARRIER):
            called.setdefault(event["uniqueid"], (bridge, at))
        elif channel.startswith(PHONE):
            agents.setdefault(bridge, (channel.removeprefix(PHONE).partition("-")[0], at))
    found = []
    for number, at in sorted(answered.items(), key=lambda one: one[1]):
        bridge, hers = called.get(attempts.get(number, ""), ("", 0.0))
        agent = agents.get(bridge)
        if agent is None:
            found.append(Joined(told_ms=None, bridged_ms=None, heard_ms=None))
            continue
        phone, theirs = agent
        together = max(hers, theirs)
        heard = ears[phone].first_after(together)  # whoever was there before has left by then
        if heard is not None and heard > at + HEARD_WITHIN_S:
            heard = None
        known = told.get(attempts[number])
        found.append(
            Joined(
                told_ms=None if known is None else 1000 * (known - at),
                bridged_ms=1000 * (together - at),
                heard_ms=None if heard is None else 1000 * (heard - at),
            )
        )
    return found


def report(found: list[Joined]) -> Report:
    """The figures."""
    bridged = [one.bridged_ms for one in found if one.bridged_ms is not None]
    told = [one.told_ms for one in found if one.told_ms is not None]
    heard = [one.heard_ms for one in found if one.heard_ms is not None]
    ours: dict[str, Figure] = {
        "p50_ms": round(percentile(bridged, 0.5), 1),
        "p99_ms": round(percentile(bridged, 0.99), 1),
        "max_ms": round(max(bridged, default=0.0), 1),
        "told_p50_ms": round(percentile(told, 0.5), 1),
        "told_p99_ms": round(percentile(told, 0.99), 1),
        "heard_p50_ms": round(percentile(heard, 0.5), 1),
        "heard_p99_ms": round(percentile(heard, 0.99), 1),
        "answers": len(found),
        "lost": len(found) - len(bridged),
        "unheard": len(bridged) - len(heard),
    }
    return Report(
        bench="connect",
        ours=ours,
        peers={"vicidial_documented": {"p50_ms": TYPICAL_MS, "tail_ms": TAIL_MS}},
        targets=(
            Target(key="p50_ms", op=AT_MOST, value=5),
            Target(key="p99_ms", op=AT_MOST, value=20),
            Target(key="lost", op=AT_MOST, value=0),
        ),
        table=(
            ("from her answer until", "calls", "p50 ms", "p99 ms", "missing"),
            ("the call center is told", str(len(found)), *_row(told), str(len(found) - len(told))),
            ("both are in one bridge", str(len(found)), *_row(bridged), str(len(found) - len(bridged))),
            ("the agent's phone hears her", str(len(bridged)), *_row(heard), str(len(bridged) - len(heard))),
        ),
    )


def _row(values: list[float]) -> tuple[str, str]:
    return f"{percentile(values, 0.5):.1f}", f"{percentile(values, 0.99):.1f}"
