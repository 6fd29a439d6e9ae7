"""The traffic of the benchmark `acd-live`, and what the peers' own logs say about it. Pure: no process, no clock.

Everybody gets the very same calls: when they come and how long the talk lasts is fixed by a seed. What the best
possible call center would make of them (agents who answer at once, no time between two calls) is computed beside,
because a few hundred calls are a small sample and may be kinder or harder than Erlang C's mean.
"""

import heapq
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.sim.peers.sipp import LogLine

TALK_MIN_S: Final = 0.05
PHONES: Final = "PJSIP/"
CARRIER: Final = "PJSIP/carrier-"  # channels of callers, as Asterisk names them
ENDS: Final = ("hangs up", "was hung up", "was cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: when it comes (seconds from the start) and how long it is talked."""

    at_s: float
    talk_s: float


def poisson_calls(*, seed: int, load_erl: float, talk_s: float, seconds: float) -> tuple[Call, ...]:
    """Poisson arrivals at `load_erl` / `talk_s` a second, with talk Exp(`talk_s`), whole milliseconds."""
    rng = random.Random(seed)
    calls: list[Call] = []
    at = 0.0
    while (at := at + rng.expovariate(load_erl / talk_s)) < seconds:
        calls.append(Call(at_s=round(at, 3), talk_s=round(max(rng.expovariate(1 / talk_s), TALK_MIN_S), 3)))
    return tuple(calls)


def ideal_waits(calls: Sequence[Call], agents: int) -> tuple[float, ...]:
    """Seconds each call would wait, first come first served, if nothing took any time but talking."""
    free_at = [0.0] * agents
    waits = []
    for call in calls:
        begin = max(heapq.heappop(free_at), call.at_s)
        waits.append(begin - call.at_s)
        heapq.heappush(free_at, begin + call.talk_s)
    return tuple(waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What callers got. All calls that were answered; `lost` were not."""

    waits_s: tuple[float, ...]
    gaps_s: tuple[float, ...]
    lost: int = 0

    @property
    def asa_s(self) -> float:
        """Mean speed of answer."""
        return sum(self.waits_s) / len(self.waits_s) if self.waits_s else 0.0

    def within(self, seconds: float) -> float:
        """Service level: share of all calls that were answered within so many seconds."""
        total = len(self.waits_s) + self.lost
        return sum(wait <= seconds for wait in self.waits_s) / total if total else 0.0


def percentile(values: Iterable[float], share: float) -> float:
    """The least value that at least this share of the values does not exceed (nearest rank); 0 of none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(max(math.ceil(len(ordered) * share), 1), len(ordered)) - 1]


def service_of(callers: Iterable[LogLine], phones: Iterable[LogLine]) -> Service:
    """What the two logs say: a caller's wait is from its INVITE to a phone's answer to it.

    The re-dispatch gap is from an agent's BYE to the next INVITE at any phone, counted when at the BYE somebody was
    waiting for whom no phone rang yet and every other agent was busy: each moment until then is the call center's own.
    """
    began = {line.party: line.at for line in callers if line.what == "began"}
    mine = [line for line in phones if line.caller in began]
    answered: dict[str, float] = {}
    rung: dict[str, float] = {}
    for line in mine:
        if line.what == "answers":
            answered.setdefault(line.caller, line.at)
        elif line.what == "rings":
            rung.setdefault(line.caller, line.at)
    waits = tuple(max(answered[caller] - at, 0.0) for caller, at in began.items() if caller in answered)
    return Service(waits_s=waits, gaps_s=_gaps(mine, began, rung), lost=len(began) - len(waits))


def _gaps(phones: Sequence[LogLine], began: Mapping[str, float], rung: Mapping[str, float]) -> tuple[float, ...]:
    events = sorted(phones, key=lambda line: line.at)
    agents = {line.party for line in events}
    busy: set[str] = set()
    freed: float | None = None
    gaps: list[float] = []
    for line in events:
        if line.what == "rings":
            busy.add(line.party)
            if freed is not None:
                gaps.append(line.at - freed)
                freed = None
        elif line.what in ENDS:
            busy.discard(line.party)
            if len(busy) == len(agents) - 1 and _somebody_waits(began, rung, line.at):
                freed = line.at
    return tuple(gaps)


def _somebody_waits(began: Mapping[str, float], rung: Mapping[str, float], now: float) -> bool:
    return any(at < now and rung.get(caller, now + 1) > now for caller, at in began.items())


def setups_s(callers: Iterable[LogLine], entered: Iterable[Mapping[str, str]]) -> Iterator[float]:
    """Seconds from a caller's INVITE until Asterisk had caller and phone in one bridge (AMI BridgeEnter).

    `entered` are the fields of the events in their order, keys in lower case. Music may be a third channel in the
    bridge, and who enters first does not matter. A caller with whom no phone ever was in a bridge is left out.
    """
    began = {line.party: line.at for line in callers if line.what == "began"}
    caller_in: dict[str, tuple[str, float]] = {}
    phone_in: dict[str, float] = {}
    for event in entered:
        bridge, at = event["bridgeuniqueid"], float(event["timestamp"])
        if not event["channel"].startswith(CARRIER):
            if event["channel"].startswith(PHONES):
                phone_in.setdefault(bridge, at)
        elif event["calleridnum"] in began:
            caller_in.setdefault(bridge, (event["calleridnum"], at))
    for bridge, (caller, at) in caller_in.items():
        if bridge in phone_in:
            yield max(at, phone_in[bridge]) - began[caller]
