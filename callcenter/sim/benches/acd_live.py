"""Benchmark `acd-live`: a real Asterisk, real calls, ten agents; ours and `Queue()` at the same time, side by side.

Three groups of ten phones in one Asterisk get the very same calls: one is ours, one app_queue's with retry = 1 (the
shortest it knows), one app_queue's with retry = 5 (its default). Poisson arrivals at 8 erlang, talk Exp(5 s), phones
that answer at once. What is quoted comes from the callers' and the phones' own logs, in the same way for all three.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from callcenter.sim.benches.live_center import LiveCenter, PeerQueue, Plan, live_center
from callcenter.sim.benches.live_traffic import Call, Service, ideal_waits, percentile, poisson_calls, service_of
from callcenter.sim.benches.report import AT_LEAST, AT_MOST, WITHIN, Figure, Report, Target
from callcenter.sim.peers.sipp import Caller, Crowd, LogLine, PhoneBank

AGENTS: Final = 10
LOAD_ERL: Final = 8.0
TALK_S: Final = 5.0
SECONDS: Final = 560.0
SEED: Final = 80
"""The first one whose calls, served ideally, come within 5 % of Erlang C's ASA and 0.01 of its service level."""

SERVICE_LEVEL_S: Final = 2.0
ERLANG_C_ASA_S: Final = 1.023
ERLANG_C_SL: Final = 0.816
ASA_BAND_S: Final = (0.39, 1.97)
LEAD_S: Final = 3.0  # everybody is ready before the first call
TAIL_S: Final = 120.0
GET_READY_PER_S: Final = 500.0
PLACES_EACH: Final = 1500
REGISTER_EVERY_S: Final = 300.0

OURS: Final = "ours"
RETRY_1: Final = "queue_retry1"
RETRY_5: Final = "queue_retry5"
NUMBERS: Final[Mapping[str, str]] = {OURS: "7001", RETRY_1: "8001", RETRY_5: "8005"}


def run(folder: Path, seconds: float = SECONDS) -> Report:
    """Run it; everything is kept in `folder` while it lasts."""
    calls = poisson_calls(seed=SEED, load_erl=LOAD_ERL, talk_s=TALK_S, seconds=seconds)
    found = asyncio.run(_measure(folder, calls, seconds))
    return report(found, calls)


async def _measure(folder: Path, calls: tuple[Call, ...], seconds: float) -> dict[str, Service]:
    phones = {name: tuple(f"{2 + at}{number:03}" for number in range(1, AGENTS + 1)) for at, name in enumerate(NUMBERS)}
    plan = Plan(
        phones=tuple(number for group in phones.values() for number in group),
        agents=phones[OURS],
        ours={NUMBERS[OURS]: False},
        queues=(
            PeerQueue(name="retry1", number=NUMBERS[RETRY_1], members=phones[RETRY_1], retry_s=1),
            PeerQueue(name="retry5", number=NUMBERS[RETRY_5], members=phones[RETRY_5], retry_s=5),
        ),
    )
    async with live_center(folder, plan) as center:
        accounts = await center.accounts()
        bank = PhoneBank(
            center.sipp,
            center.folder / "phones",
            server=center.sip,
            accounts=accounts,
            ring_s=0.0,
            named_talk=True,
            register_every_s=REGISTER_EVERY_S,
        )
        async with bank:
            await bank.registered(30.0)
            await center.agents_ready()
            logs = await _call(center, calls, seconds)
            answered = bank.lines()
    return {name: service_of(lines, answered) for name, lines in logs.items()}


async def _call(center: LiveCenter, calls: tuple[Call, ...], seconds: float) -> dict[str, tuple[LogLine, ...]]:
    """All three crowds at once; each caller's number tells its group."""
    async with AsyncExitStack() as stack:
        crowds = {}
        for at, (name, dialled) in enumerate(NUMBERS.items()):
            callers = [
                Caller(
                    number=f"09{at}{number:06}",
                    dialled=dialled,
                    name=f"{call.talk_s * 1000:.0f}",
                    after_s=LEAD_S + call.at_s,
                )
                for number, call in enumerate(calls)
            ]
            crowd = Crowd(
                center.sipp,
                center.folder / name,
                server=center.sip,
                callers=callers,
                steps=(),
                rate=GET_READY_PER_S,
                at_once_max=PLACES_EACH,
                tone_hz=None,
                hang_up=False,
                delayed=True,
            )
            crowds[name] = await stack.enter_async_context(crowd)
        results = {name: await crowd.finished(LEAD_S + seconds + TAIL_S) for name, crowd in crowds.items()}
    return {name: result.lines for name, result in results.items()}


def report(found: Mapping[str, Service], calls: tuple[Call, ...]) -> Report:
    """The figures, beside what is possible with these calls."""
    figures = {name: _figures(service) for name, service in found.items()}
    ideal = Service(waits_s=ideal_waits(calls, AGENTS), gaps_s=())
    ours = figures[OURS]
    peers: dict[str, Mapping[str, Figure]] = {RETRY_1: figures[RETRY_1], RETRY_5: figures[RETRY_5]}
    peers["ideal"] = {"asa_s": round(ideal.asa_s, 3), "sl2s": round(ideal.within(SERVICE_LEVEL_S), 4)}
    peers["erlang_c"] = {"asa_s": ERLANG_C_ASA_S, "sl2s": ERLANG_C_SL}
    ratios: dict[str, Figure] = {
        "asa_vs_queue_retry1": _ratio(found[OURS].asa_s, found[RETRY_1].asa_s),
        "asa_vs_queue_retry5": _ratio(found[OURS].asa_s, found[RETRY_5].asa_s),
        "gap_vs_queue_retry1": _ratio(percentile(found[OURS].gaps_s, 0.5), percentile(found[RETRY_1].gaps_s, 0.5)),
    }
    return Report(
        bench="acd-live",
        ours=ours,
        peers=peers,
        ratios=ratios,
        targets=(
            Target(key="asa_s", op=WITHIN, value=ASA_BAND_S),
            Target(key="sl2s", op=AT_LEAST, value=0.8),
            Target(key="asa_vs_queue_retry1", op=AT_MOST, value=0.40),
            Target(key="gap_p50_ms", op=AT_MOST, value=50),
        ),
        table=(
            ("who", "calls", "lost", "ASA s", "within 2 s", "p95 wait s", "gap p50 ms", "gap p95 ms", "gaps"),
            *(
                (
                    name,
                    str(len(service.waits_s)),
                    str(service.lost),
                    f"{service.asa_s:.3f}",
                    f"{100 * service.within(SERVICE_LEVEL_S):.1f} %",
                    f"{percentile(service.waits_s, 0.95):.2f}",
                    f"{1000 * percentile(service.gaps_s, 0.5):.0f}" if service.gaps_s else "",
                    f"{1000 * percentile(service.gaps_s, 0.95):.0f}" if service.gaps_s else "",
                    str(len(service.gaps_s)) if service.gaps_s else "",
                )
                for name, service in {**found, "ideal, these calls": ideal}.items()
            ),
        ),
    )


def _figures(service: Service) -> dict[str, Figure]:
    return {
        "asa_s": round(service.asa_s, 3),
        "sl2s": round(service.within(SERVICE_LEVEL_S), 4),
        "p95_wait_s": round(percentile(service.waits_s, 0.95), 3),
        "gap_p50_ms": round(1000 * percentile(service.gaps_s, 0.5), 1),
        "gap_p95_ms": round(1000 * percentile(service.gaps_s, 0.95), 1),
        "calls": len(service.waits_s),
        "lost": service.lost,
        "gaps": len(service.gaps_s),
    }


def _ratio(ours: float, theirs: float) -> float | None:
    return round(ours / theirs, 3) if theirs else None
