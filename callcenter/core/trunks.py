"""Which trunk a call goes out on: lines, calls per second, cost, and rest after failures. Knows no telephone.

Theory: among the trunks that take the number, the cheapest by its longest prefix comes first, those of equal cost in
the order in which they are configured; the first that has a line, may start a call now and does not rest is taken. A
call that is refused, busy or unanswered is no failure of a trunk; only what the network says of itself is one.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

from callcenter.errors import Bug
from callcenter.model.trunk import NumberFormat, Trunk

STARTS_KEPT_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Take this trunk and dial these digits."""

    trunk: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTrunk:
    """None can be taken. `at` is when one may be, if only time has to go by."""

    why: tuple[tuple[str, str], ...]  # trunk -> what is against it
    at: float | None


class TrunkUse(msgspec.Struct, kw_only=True, gc=False):
    """What one trunk does, as a snapshot keeps it."""

    lines: int = 0
    starts: list[float] = []  # of the last calls, rising
    failures: int = 0  # in a row
    rests_until: float = 0.0


class TrunkBook:
    """What the trunks do now."""

    __slots__ = ("_trunks", "_uses")

    def __init__(self, trunks: Sequence[Trunk], uses: dict[str, TrunkUse] | None = None) -> None:
        """`uses` is the memory, which may be of another configuration: calls on trunks that are gone go on."""
        self._trunks = tuple(trunks)
        self._uses = {} if uses is None else uses
        for trunk in trunks:
            self._uses.setdefault(trunk.name, TrunkUse())

    def choose(self, number: str, at: float, besides: Iterable[str] = ()) -> Chosen | NoTrunk:
        """The trunk for a number in E.164, but none of `besides` (those that failed for this very call)."""
        left = frozenset(besides)
        why: list[tuple[str, str]] = []
        times: list[float] = []
        for trunk in self._takers(number):
            if trunk.name in left:
                why.append((trunk.name, "failed for this call"))
                continue
            against, when = self._against(trunk, at)
            if not against:
                return Chosen(trunk=trunk.name, digits=digits(trunk, number))
            why.append((trunk.name, against))
            if when is not None:
                times.append(when)
        return NoTrunk(why=tuple(why) or (("", "no trunk takes this number"),), at=min(times, default=None))

    def lines_free(self, at: float) -> int:
        """Lines that could be taken now, over all trunks that do not rest: what a pacer may count on."""
        return sum(
            max(trunk.lines_max - self._uses[trunk.name].lines, 0)
            for trunk in self._trunks
            if self._uses[trunk.name].rests_until <= at
        )

    def gap_s(self, at: float, besides: Iterable[str] = ()) -> float | None:
        """How long after one call the next begins if calls are spread evenly, over all trunks; None: none may be used.

        Trunks that rest, and `besides`, are not counted.
        """
        left = frozenset(besides)
        rate = sum(
            trunk.calls_per_s
            for trunk in self._trunks
            if trunk.name not in left and self._uses[trunk.name].rests_until <= at
        )
        return 1 / rate if rate else None

    def rests(self, trunk: str, at: float) -> bool:
        """Whether nothing is dialled by it for a while, because so many calls in a row have failed."""
        use = self._uses.get(trunk)
        return use is not None and use.rests_until > at

    def began(self, trunk: str, at: float) -> None:
        """A call was started on it."""
        use = self._use(trunk)
        use.lines += 1
        use.starts.append(at)
        if len(use.starts) > STARTS_KEPT_MAX:
            del use.starts[: STARTS_KEPT_MAX // 2]

    def not_dialled(self, trunk: str) -> None:
        """A call that was to begin on it was not made, which says nothing of it: failures in a row stay what they are.

        It still counts as one of its second: what is judged together may be dialled together.
        """
        self._free(trunk)

    def ended(self, trunk: str, at: float, *, failed: bool = False) -> bool:
        """A call on it is over; True if the trunk rests from now on because so many in a row have failed."""
        use = self._free(trunk)
        if not failed:
            use.failures = 0
            return False
        use.failures += 1
        of = next((one for one in self._trunks if one.name == trunk), None)
        if of is None or use.failures < of.failures_max or use.rests_until > at:
            return False
        use.rests_until = at + of.rest_s
        use.failures = of.failures_max - 1  # after its rest one more failure is enough
        return True

    def _free(self, trunk: str) -> TrunkUse:
        use = self._use(trunk)
        if use.lines <= 0:
            raise Bug(f"a call on {trunk} ended that never began")
        use.lines -= 1
        return use

    def _use(self, trunk: str) -> TrunkUse:
        if trunk not in self._uses:
            raise Bug(f"there is no trunk {trunk}")
        return self._uses[trunk]

    def _takers(self, number: str) -> list[Trunk]:
        costs = [(cost_of(trunk, number), order) for order, trunk in enumerate(self._trunks)]
        able = [(cost, order) for cost, order in costs if cost is not None]
        return [self._trunks[order] for _, order in sorted(able)]

    def _against(self, trunk: Trunk, at: float) -> tuple[str, float | None]:
        """What is against it now ("" nothing), and when that is over."""
        use = self._uses[trunk.name]
        if use.rests_until > at:
            return "rests after failures", use.rests_until
        if use.lines >= trunk.lines_max:
            return f"all {trunk.lines_max} lines are taken", None
        per_window = max(int(trunk.calls_per_s), 1)
        window_s = per_window / trunk.calls_per_s
        recent = use.starts[bisect_right(use.starts, at - window_s) :]
        if len(recent) >= per_window:
            return f"{trunk.calls_per_s:g} calls a second", recent[-per_window] + window_s
        return "", None


def cost_of(trunk: Trunk, number: str) -> float | None:
    """What a minute costs, by the longest prefix; None if the trunk does not take the number."""
    found = [(len(prefix), cost) for prefix, cost in trunk.costs.items() if number.startswith(prefix)]
    return max(found)[1] if found else None


def digits(trunk: Trunk, number: str) -> str:
    """A number in E.164 as the trunk wants it."""
    bare = number.removeprefix("+")
    home = trunk.country_code and bare.startswith(trunk.country_code)
    match trunk.format:
        case NumberFormat.E164:
            return f"{trunk.dial_first}+{bare}"
        case NumberFormat.DIGITS:
            return trunk.dial_first + bare
        case NumberFormat.NATIONAL if home:
            return trunk.dial_first + trunk.trunk_prefix + bare[len(trunk.country_code) :]
        case NumberFormat.NATIONAL | NumberFormat.INTERNATIONAL:
            return trunk.dial_first + trunk.international_prefix + bare
        case _:
            assert_never(trunk.format)
