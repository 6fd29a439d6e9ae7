"""Against toll fraud: which numbers are never dialled, and how many calls an agent, a trunk, a country and all together
may make within an hour. Knows no law and no telephone; tells what is against a call, and when to alarm.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

import msgspec

from callcenter.model.trunk import PER_H_MAX, Guard, Line

HOUR_S: Final = 3_600.0
COUNTRY: Final = "country "  # so the counters of countries begin


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardVerdict:
    """What is against a call; `alarm` is set when somebody should look at it now.

    Where nothing but a limit is, `until` is when that is over; `of_country`: and it is only that country's.
    """

    against: tuple[str, ...]
    alarm: str = ""
    until: float | None = None
    of_country: bool = False

    @property
    def allowed(self) -> bool:
        """Whether nothing is."""
        return not self.against


class GuardMemory(msgspec.Struct, kw_only=True, gc=False):
    """What the guard knows of the last hour, as a snapshot keeps it."""

    calls: dict[str, list[float]] = {}  # by counter, rising
    refusals: list[float] = []
    alarmed: dict[str, float] = {}  # what for -> since when: once an hour is enough


class GuardBook:
    """The guard and its memory of the last hour."""

    __slots__ = ("_alarmed", "_calls", "_guard", "_refusals")

    def __init__(self, guard: Guard, memory: GuardMemory | None = None) -> None:
        memory = GuardMemory() if memory is None else memory
        self._guard = guard
        self._calls, self._refusals, self._alarmed = memory.calls, memory.refusals, memory.alarmed

    def may(
        self, number: str, *, region: str, line: str, trunk: str, at: float, agent: str = "", count: bool = True
    ) -> GuardVerdict:
        """Judge a call, and count it: as one made if it is allowed, as one refused if it is never to be made."""
        never, full = self._never(number, region, line), self._full(region, trunk, agent, at)
        if not count:
            return GuardVerdict(against=(*never, *(why for why, _ in full)))
        return self._counted(never, full, region, trunk, agent, at)

    def by_hand(self, number: str, told: Line, *, agent: str, at: float) -> GuardVerdict:
        """Judge and count a call that no campaign makes: an agent's own, one that is sent on, one that was promised.

        Which numbers may be called at all is said elsewhere (`forward_to`, `callback_to`); see `never` for the others.
        """
        region = told.region
        return self._counted(self.never(number, told), self._full(region, "", agent, at), region, "", agent, at)

    def not_made(self, *, region: str, trunk: str, at: float, agent: str = "") -> None:
        """A call that was allowed at this time, and counted, was not made after all."""
        for counter, _ in self._counters(region, trunk, agent):
            times = self._calls.get(counter, [])
            if at in times:
                times.remove(at)

    def never(self, number: str, told: Line) -> list[str]:
        """What is against such a number at any time: its prefix, as it is dialled or in E.164; its kind of line; its
        country, if the guard names any. Numbers of no plan have no country, unless they are dialled as if they had."""
        guard, e164 = self._guard, told.number
        against = self._prefixed(number) or self._prefixed(e164)
        if told.kind in guard.refused_lines:
            against.append(_a(told.kind))
        named = e164 or (number if number.startswith("+") else "")
        if named and (guard.regions or guard.prefixes):
            against += self._abroad(named, told.region)
        return against

    def _counted(
        self, never: list[str], full: list[tuple[str, float]], region: str, trunk: str, agent: str, at: float
    ) -> GuardVerdict:
        if not never and not full:
            for counter, _ in self._counters(region, trunk, agent):
                _keep(self._calls.setdefault(counter, []), at)
            return GuardVerdict(against=())
        _forget(self._refusals, at)
        if never:
            _keep(self._refusals, at)
        return GuardVerdict(
            against=(*never, *(why for why, _ in full)),
            alarm=self._alarm(full, at),
            until=None if never else max(until for _, until in full),
            of_country=not never and all(why.startswith(COUNTRY) for why, _ in full),
        )

    def _never(self, number: str, region: str, line: str) -> list[str]:
        against = self._prefixed(number)
        if line in self._guard.refused_lines:
            against.append(_a(line))
        return against + self._abroad(number, region)

    def _abroad(self, number: str, region: str) -> list[str]:
        allowed = region in self._guard.regions or any(number.startswith(prefix) for prefix in self._guard.prefixes)
        return [] if allowed else [f"{region or 'its country'} is not allowed"]

    def _prefixed(self, number: str) -> list[str]:
        refused = any(number.startswith(prefix) for prefix in self._guard.refused_prefixes)
        return ["its prefix is refused"] if refused else []

    def _full(self, region: str, trunk: str, agent: str, at: float) -> list[tuple[str, float]]:
        """Limits that are reached, and until when."""
        against: list[tuple[str, float]] = []
        for counter, limit in self._counters(region, trunk, agent):
            calls = self._calls.get(counter)
            if calls is None or limit is None:
                continue
            _forget(calls, at)
            if len(calls) >= limit:
                against.append((f"{counter}: {limit} calls within an hour", calls[-limit] + HOUR_S))
        return against

    def _counters(self, region: str, trunk: str, agent: str) -> list[tuple[str, int | None]]:
        guard = self._guard
        counters: list[tuple[str, int | None]] = [("all", guard.per_h)]
        if trunk:
            counters.append((f"trunk {trunk}", guard.per_trunk_h))
        if agent:
            counters.append((f"agent {agent}", guard.per_agent_h))
        if region in guard.per_region_h:
            counters.append((f"{COUNTRY}{region}", guard.per_region_h[region]))
        return counters

    def _alarm(self, full: list[tuple[str, float]], at: float) -> str:
        """A limit that is reached, or many refusals: each told once an hour."""
        what = full[0][0] if full else ""
        if not what and len(self._refusals) >= self._guard.alarm_refusals:
            what = f"{self._guard.alarm_refusals} calls or more were refused within an hour"
        if not what or at - self._alarmed.get(what, -HOUR_S) < HOUR_S:
            return ""
        self._alarmed[what] = at
        return what


def _a(line: str) -> str:
    return f"a {line.replace('_', ' ')} number"


def _keep(times: list[float], at: float) -> None:
    times.append(at)
    if len(times) > PER_H_MAX:
        del times[0]


def _forget(times: list[float], at: float) -> None:
    del times[: bisect_right(times, at - HOUR_S)]
